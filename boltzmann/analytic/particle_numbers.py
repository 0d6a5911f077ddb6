"""The distribution of the number of particles on a set of levels, compiled; level by level.

Each state holds an independent number of particles: a fermion's state 1 with probability p, a
boson's n with probability (1 - p) pⁿ. Adding a state is a convolution in which every term is
positive, so that an entry has a relative error of a few roundings a state, and nothing overflows.
"""

from boltzmann._core.jit import kernel


@kernel
def add_fermi_states(number, p, q, states):
    """Add `states` (L,) states a level, each full with p (L,) and empty with q, to `number`.

    `number` (N + 1,) has the probability of n particles, n = 0, …, N, and is changed in place.
    """
    for level in range(p.size):
        for _ in range(states[level]):
            for n in range(number.size - 1, 0, -1):
                number[n] = q[level] * number[n] + p[level] * number[n - 1]
            number[0] *= q[level]


@kernel
def add_bose_states(number, p, q, states):
    """Add `states` (L,) states a level, each with n particles with probability q pⁿ, to `number`.

    As `add_fermi_states`; what is added to n comes from the entry before it, already changed.
    """
    for level in range(p.size):
        for _ in range(states[level]):
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
