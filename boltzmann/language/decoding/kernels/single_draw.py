r"""One draw from softmax(logits / t) over many tokens, without storing the distribution.

An inverse CDF needs the sum of all weights, and then the token at which the running sum passes u
times that total. Only the total takes all tokens. So the logits are cut into slices that fit into
the first-level cache, and of each slice only the sum of its weights is kept. u then selects a
slice; the weights of this slice alone are computed again, and u selects one of its groups of
tokens, and one token of the group.

The weights of a slice are measured from a reference, the largest logit of the slices before it: the
largest of all would take a pass of its own. Where a slice has a much larger logit, its weights are
computed again from its own largest, which becomes the reference of the slices after it.

What remains is V exponentials. They are taken in single precision, of which a vector register holds
twice as many: a weight e^x has a relative error of at most (5 + 3|x|) / 2^24, and the law as a
whole one of a few times 1e-7 in total variation. Sums over slices, and all that is done with u, are
in double precision.
"""

import math

import numpy as np

from boltzmann._core.exponential import LOG2, exp2
from boltzmann._core.jit import kernel

SLICE = 1024  # tokens; their logits take 4 or 8 kB
QUARTER = SLICE // 4
GROUP = 32  # tokens


@kernel
def _binary_rate(temperature):
    """Return 1 / (t log 2), which turns a difference of logits into an exponent of 2."""
    return np.float32(1 / (LOG2 * temperature))


@kernel
def _differences(logits, reference, differences):
    """Write logits - reference, taken in the type of the logits, to `differences`, float32."""
    for j in range(logits.size):
        differences[j] = logits[j] - reference


@kernel(fastmath={"contract"})
def _sum_of_weights(differences, rate, partial):
    """Return the sum of 2^(difference·rate) over SLICE tokens; `partial` (QUARTER,) is scratch.

    In one running sum each addition would wait for the last. Here the four quarters are added, then
    the halves of what is left: loops that vectorise, and fewer roundings.
    """
    first, second = differences[:QUARTER], differences[QUARTER : 2 * QUARTER]
    third, fourth = differences[2 * QUARTER : 3 * QUARTER], differences[3 * QUARTER :]
    for j in range(QUARTER):
        half = exp2(first[j] * rate) + exp2(second[j] * rate)
        partial[j] = half + (exp2(third[j] * rate) + exp2(fourth[j] * rate))
    width = QUARTER // 2
    while width > 0:
        for j in range(width):
            partial[j] += partial[j + width]
        width //= 2
    return partial[0]


@kernel
def _largest(logits):
    """Return the largest of SLICE logits; a nan is passed over.

    There is a running maximum for each place in a group, so that the loop vectorises.
    """
    largest = logits[:GROUP].copy()  # (GROUP,)
    for start in range(GROUP, SLICE, GROUP):
        group = logits[start : start + GROUP]
        for j in range(GROUP):
            largest[j] = group[j] if group[j] > largest[j] else largest[j]
    return largest.max()


@kernel(error_model="numpy")
def sum_slices(logits, temperature, slices):
    """Sum the weights of each slice of `logits`, float32 or float64, (V,), for t of 1e-30 to 1e30.

    `slices` (2, ceil(V/SLICE)) gets, for each slice, the reference of its weights, and their sum as
    measured from the last reference. Return whether the total is positive: it is not if a logit is
    nan or +inf, or all are -inf.
    """
    references, sums = slices
    rate = _binary_rate(temperature)
    differences = np.empty(SLICE, np.float32)
    partial = np.empty(QUARTER, np.float32)
    padded = np.full(SLICE, -np.inf).astype(logits.dtype)

    reference = np.finfo(logits.dtype).min
    for s in range(sums.size):
        part = logits[s * SLICE : (s + 1) * SLICE]
        if part.size < SLICE:
            padded[: part.size] = part
            part = padded
        _differences(part, reference, differences)
        sums[s] = _sum_of_weights(differences, rate, partial)
        if not sums[s] <= 2 * SLICE:  # a larger logit is here, or a nan
            reference = _largest(part)
            _differences(part, reference, differences)
            sums[s] = _sum_of_weights(differences, rate, partial)
        references[s] = reference

    for s in range(sums.size):
        sums[s] *= math.exp((references[s] - reference) / temperature)
    return sums.sum() > 0


@kernel
def _inverse_cdf(weights, u):
    """Return the index on which u of [0, 1) falls, never one of weight 0, and u within its weight.

    The second number is uniform on [0, 1) too, and goes on to select within that index.
    """
    cumulative = np.empty(weights.size)
    total = 0.0
    for j in range(weights.size):
        total += weights[j]
        cumulative[j] = total
    j = min(np.searchsorted(cumulative, u * total, side="right"), weights.size - 1)
    while weights[j] == 0:  # u·total has been rounded up to the total
        j -= 1
    below = cumulative[j - 1] if j > 0 else 0.0
    return j, (u * total - below) / weights[j]


@kernel
def find_token(logits, temperature, slices, u):
    """Return the token on which u of [0, 1) falls in the cumulative law, after `sum_slices`."""
    references, sums = slices
    s, u = _inverse_cdf(sums, u)

    # The weights of this slice, and their sums by group
    rate = _binary_rate(temperature)
    part = logits[s * SLICE : (s + 1) * SLICE]
    weights = np.zeros(SLICE, np.float32)
    _differences(part, logits.dtype.type(references[s]), weights)
    for j in range(part.size):
        weights[j] = exp2(weights[j] * rate)
    groups = np.zeros(SLICE // GROUP)
    for group in range(groups.size):
        for j in range(group * GROUP, (group + 1) * GROUP):
            groups[group] += weights[j]

    group, u = _inverse_cdf(groups, u)
    j, u = _inverse_cdf(weights[group * GROUP : (group + 1) * GROUP], u)
    return s * SLICE + group * GROUP + j
