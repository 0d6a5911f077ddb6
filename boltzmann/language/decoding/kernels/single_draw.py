r"""One draw from softmax(logits / t), without ever writing the distribution down.

An inverse CDF needs the sum of all weights, and then the place where a running sum passes u times
that. Only the sum needs every token. So the logits are taken in slices that stay in the first-level
cache, and of each slice only the sum of its weights is kept. u then picks a slice, and only that
one is weighed again: u picks one of its groups of tokens, and of these a token.

The weights of a slice are seen from the largest logit of the slices before, not from the largest of
all, which it would take a reading of all logits to know. Where a slice turns out too heavy to be
seen from there, it is weighed again from its own largest logit, and so are those after it.

What is left to pay is V exponentials. They are taken in single precision, of which a vector
register holds twice as many: a weight that is seen as e^x is wrong by a share of at most (5 + 3|x|)
/ 2^24, and the law as a whole by a few times 1e-7 in total variation. Sums over slices, and all
that is done with u, are in double precision.
"""

import math

import numpy as np

from boltzmann._core.exponential import LOG2, exp2
from boltzmann._core.jit import kernel

SLICE = 1024  # logits: 4 or 8 kB
QUARTER = SLICE // 4
GROUP = 32


@kernel
def _rate(temperature):
    """Return the factor from a gap between logits to a binary exponent."""
    return np.float32(1 / (LOG2 * temperature))


@kernel
def _gaps(logits, view, gaps):
    """Write the logits seen from `view` to `gaps`, float32; the difference itself is not yet rounded."""
    for j in range(logits.size):
        gaps[j] = logits[j] - view


@kernel(fastmath={"contract"})
def _sum_of_weights(gaps, rate, folded):
    """Return the sum of 2^(gap·rate) over SLICE gaps; `folded` (QUARTER,) is scratch.

    One running sum would make each step wait for the last. Here the quarters are folded onto one
    another, then the halves of what is left: loops that vectorise, and fewer roundings.
    """
    first, second = gaps[:QUARTER], gaps[QUARTER : 2 * QUARTER]
    third, fourth = gaps[2 * QUARTER : 3 * QUARTER], gaps[3 * QUARTER :]
    for j in range(QUARTER):
        one = exp2(first[j] * rate) + exp2(second[j] * rate)
        folded[j] = one + (exp2(third[j] * rate) + exp2(fourth[j] * rate))
    width = QUARTER // 2
    while width > 0:
        for j in range(width):
            folded[j] += folded[j + width]
        width //= 2
    return folded[0]


@kernel
def _largest(logits):
    """Return the largest of SLICE logits, a running maximum for each place in a group; nan is passed over."""
    largest = logits[:GROUP].copy()
    for start in range(GROUP, SLICE, GROUP):
        group = logits[start : start + GROUP]
        for j in range(GROUP):
            largest[j] = group[j] if group[j] > largest[j] else largest[j]
    return largest.max()


@kernel(error_model="numpy")
def weigh(logits, temperature, slices):
    """Weigh every slice of `logits`, float32 or float64, (V,), at a temperature of 1e-30 to 1e30.

    `slices` (2, ceil(V/SLICE)) gets, for each, the logit from which it is seen, and the sum of its
    weights as seen from the largest of these. Return whether the weights have a sum: a nan, +inf or
    nothing but -inf leaves none.
    """
    views, sums = slices
    rate = _rate(temperature)
    gaps = np.empty(SLICE, np.float32)
    folded = np.empty(QUARTER, np.float32)
    padded = np.full(SLICE, -np.inf).astype(logits.dtype)
    view = np.finfo(logits.dtype).min
    for s in range(sums.size):
        part = logits[s * SLICE : (s + 1) * SLICE]
        if part.size < SLICE:
            padded[: part.size] = part
            part = padded
        _gaps(part, view, gaps)
        sums[s] = _sum_of_weights(gaps, rate, folded)
        if not sums[s] <= 2 * SLICE:  # there is a larger logit here, or a nan
            view = _largest(part)
            _gaps(part, view, gaps)
            sums[s] = _sum_of_weights(gaps, rate, folded)
        views[s] = view
    for s in range(sums.size):
        sums[s] *= math.exp((views[s] - view) / temperature)
    return sums.sum() > 0


@kernel
def _place(weights, u):
    """Return the weight, never one of 0, on which the share u of their sum falls, and on what share of it."""
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
def pick(logits, temperature, slices, u):
    """Return the index on which u of [0, 1) falls in the cumulative law, given the weighed slices."""
    views, sums = slices
    s, u = _place(sums, u)
    rate = _rate(temperature)
    part = logits[s * SLICE : (s + 1) * SLICE]
    weights = np.zeros(SLICE, np.float32)
    _gaps(part, logits.dtype.type(views[s]), weights)
    for j in range(part.size):
        weights[j] = exp2(weights[j] * rate)
    groups = np.zeros(SLICE // GROUP)
    for group in range(groups.size):
        for j in range(group * GROUP, (group + 1) * GROUP):
            groups[group] += weights[j]
    group, u = _place(groups, u)
    j, u = _place(weights[group * GROUP : (group + 1) * GROUP], u)
    return s * SLICE + group * GROUP + j
