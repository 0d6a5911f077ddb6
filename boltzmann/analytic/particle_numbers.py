"""The distribution of the number of particles on a set of levels, compiled; level by level.

Each state holds an independent number of particles: a fermion's state 1 with probability p, a
boson's n with probability (1 - p) pⁿ. Adding a state is a convolution in which every term is
positive, so that an entry has a relative error of a few roundings a state, and nothing overflows.
"""

import numpy as np

from boltzmann._core.jit import kernel


@kernel
def add_level(number, states, odds, sign):
    """Add a level of more states than there are particles to `number`, but for a factor.

    m particles on g states have the weight C(g, m) odds^m as fermions (sign = -1) and
    C(g + m - 1, m) odds^m as bosons (sign = 1): each weight follows from the one before it, from
    the largest on in both directions, and their sum is made 1.
    """
    weights = np.zeros(number.size)
    mode = int(min(states * odds / (1 - sign * odds), number.size - 1.0))
    weights[mode] = 1.0
    for m in range(mode, number.size - 1):
        weights[m + 1] = weights[m] * ((states + sign * m) / (m + 1) * odds)
    for m in range(mode, 0, -1):
        weights[m - 1] = weights[m] / ((states + sign * (m - 1)) / m * odds)
    weights /= weights.sum()

    for n in range(number.size - 1, -1, -1):
        total = 0.0
        for m in range(n + 1):
            total += weights[m] * number[n - m]
        number[n] = total


@kernel
def add_fermi_states(number, p, q, states):
    """Add `states` (L,) states a level, each full with p (L,) and empty with q, to `number`.

    `number` (N + 1,) has the probability of n particles, n = 0, …, N, and is changed in place; a
    common factor of its entries is left open.
    """
    for level in range(p.size):
        if states[level] > number.size:
            add_level(number, states[level], p[level] / q[level], -1)
            continue
        for _ in range(int(states[level])):
            for n in range(number.size - 1, 0, -1):
                number[n] = q[level] * number[n] + p[level] * number[n - 1]
            number[0] *= q[level]


@kernel
def add_bose_states(number, p, q, states):
    """Add `states` (L,) states a level, each with n particles with probability q pⁿ, to `number`.

    As `add_fermi_states`; what is added to n comes from the entry before it, already changed.
    """
    for level in range(p.size):
        if states[level] > number.size:
            add_level(number, states[level], p[level], 1)
            continue
        for _ in range(int(states[level])):
            number[0] *= q[level]
            for n in range(1, number.size):
                number[n] = q[level] * number[n] + p[level] * number[n - 1]


@kernel
def bose_means(number, p, states, means):
    """Write the mean number of particles on each level, times P(N), to `means` (L,).

    A state holds at least m of the N bosons with probability pᵐ P(N - m)/P(N), and the mean is the
    sum over m.
    """
    for level in range(p.size):
        power = 1.0
        total = 0.0
        for n in range(number.size - 2, -1, -1):
            power *= p[level]
            total += power * number[n]
        means[level] = states[level] * total
