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
HALF_INFINITY = np.int32(0x7C00 << 13)  # the exponent of a float16, moved
SINGLE_INFINITY = np.int32(0x7F800000)
SIGN_AND_MAGNITUDE = np.int32(~0x70001FFF)  # but not the copies of the sign


@kernel
def _binary_rate(temperature):
    """Return 1 / (t log 2), which turns a difference of logits into an exponent of 2."""
    return np.float32(1 / (LOG2 * temperature))


@kernel
def _differences(logits, reference, differences):
    """Write logits - reference, taken in the type of the logits, to `differences`, float32."""
    for j in range(logits.size):
        differences[j] = logits[j] - reference


@kernel
def widen(bits, logits):
    """Write the float16 numbers that have these bits, (n,) int16, to `logits`, (n,) float32.

    The bits of exponent and fraction, moved to where a float32 has them, are the number times
    2^-112, also if it is subnormal. The greatest exponent stands for inf and nan in both types.
    """
    for j in range(bits.size):
        moved = np.int32(np.int32(np.int32(bits[j]) << np.int32(13)) & SIGN_AND_MAGNITUDE)
        finite = moved.view(np.float32) * np.float32(2.0**112)
        beyond = np.int32(moved | SINGLE_INFINITY).view(np.float32)
        logits[j] = beyond if moved & HALF_INFINITY == HALF_INFINITY else finite


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
    largest = np.empty(GROUP, logits.dtype)
    for j in range(GROUP):
        largest[j] = logits[j]
    for start in range(GROUP, SLICE, GROUP):
        group = logits[start : start + GROUP]
        for j in range(GROUP):
            largest[j] = group[j] if group[j] > largest[j] else largest[j]

    top = largest[0]
    for j in range(GROUP):
        top = largest[j] if largest[j] > top else top
    return top


@kernel(error_model="numpy")
def sum_slices(logits, temperature, slices):
    """Sum the weights of each slice of `logits`, float32 or float64, (V,), for t of 1e-30 to 1e30.

    `slices` (2, ceil(V/SLICE)) gets, for each slice, the reference of its weights, and their sum as
    measured from the last reference. Return whether the total is positive: it is not if a logit is
    nan or +inf, or all are -inf.
    """
    references, sums = slices[0], slices[1]
    rate = _binary_rate(temperature)
    differences = np.empty(SLICE, np.float32)
    partial = np.empty(QUARTER, np.float32)

    reference = np.finfo(logits.dtype).min
    for s in range(sums.size):
        part = logits[s * SLICE : (s + 1) * SLICE]
        if part.size < SLICE:
            part = _padded(part)
        _differences(part, reference, differences)
        sums[s] = _sum_of_weights(differences, rate, partial)
        if not sums[s] <= 2 * SLICE:  # a larger logit is here, or a nan
            reference = _largest(part)
            _differences(part, reference, differences)
            sums[s] = _sum_of_weights(differences, rate, partial)
        references[s] = reference

    total = 0.0
    for s in range(sums.size):
        sums[s] *= math.exp((references[s] - reference) / temperature)
        total += sums[s]
    return total > 0


@kernel
def _padded(part):
    """Return the logits of the last slice, (SLICE,), -inf behind those that there are."""
    padded = np.empty(SLICE, part.dtype)
    for j in range(SLICE):
        padded[j] = part[j] if j < part.size else -np.inf
    return padded


@kernel
def _inverse_cdf(weights, u):
    """Return the index on which u of [0, 1) falls, never one of weight 0, and u within its weight.

    The second number is uniform on [0, 1) too, and goes on to select within that index.
    """
    total = 0.0
    for j in range(weights.size):
        total += weights[j]

    target = u * total
    chosen = 0
    below = cumulative = 0.0
    for j in range(weights.size):
        if weights[j] > 0:
            chosen = j
            below = cumulative
            cumulative += weights[j]
            if cumulative > target:
                break
    return chosen, (target - below) / weights[chosen]


@kernel
def find_tokens(logits, temperature, slices, uniforms, ids):
    """Write the token on which each u of [0, 1) falls, (n,), to `ids`, int64, after `sum_slices`.

    `slices` is left as it was.
    """
    references, sums = slices[0], slices[1]
    rate = _binary_rate(temperature)
    weights = np.empty(SLICE, np.float32)
    groups = np.empty(SLICE // GROUP)
    for n in range(uniforms.size):
        s, u = _inverse_cdf(sums, uniforms[n])

        # The weights of this slice, and their sums by group
        part = logits[s * SLICE : (s + 1) * SLICE]
        _differences(part, logits.dtype.type(references[s]), weights)
        for j in range(part.size):
            weights[j] = exp2(weights[j] * rate)
        for j in range(part.size, SLICE):
            weights[j] = 0
        for group in range(groups.size):
            groups[group] = 0
            for j in range(group * GROUP, (group + 1) * GROUP):
                groups[group] += weights[j]

        group, u = _inverse_cdf(groups, u)
        j, u = _inverse_cdf(weights[group * GROUP : (group + 1) * GROUP], u)
        ids[n] = s * SLICE + group * GROUP + j
