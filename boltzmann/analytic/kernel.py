"""The softmax of each row of a matrix and its relatives, compiled; a row stays in the cache.

They are bound by exp and by memory, through which NumPy takes the whole array ten times. Long rows
of a softmax are done one by one. Short ones are done by the block, in which the exponentials are
one long loop: rows of 8 fill the vector registers as rows of 50,257 do.

A row is irregular if it has a nan or a +inf, or nothing but -inf; what is written for it means
nothing.
"""

from functools import partial

import numpy as np

from boltzmann._core.exponential import LIFT, lifted_exp
from boltzmann._core.jit import kernel

LANES = 128  # maxima run in so many lanes: in a single one, each step would wait for the last
BLOCK = 2048  # numbers of short rows that are taken at once: 16 kB
_LARGEST_WEIGHT = 2.0**LIFT  # as `lifted_exp` gives it

# A sum may be taken in any order: its terms have one sign. Nothing else is compiled so.
_sum_kernel = partial(kernel, error_model="numpy", fastmath={"contract", "reassoc"})


@kernel
def _clear(lanes):
    for j in range(lanes.size):
        lanes[j] = -np.inf


@kernel
def _raise(tops, part):
    """Raise the running maxima `tops` (LANES,) to a part (≤ LANES,) of a row; skip what is nan."""
    for j in range(part.size):
        tops[j] = part[j] if part[j] > tops[j] else tops[j]


@kernel
def _highest(tops):
    top = tops[0]
    for j in range(tops.size):
        top = tops[j] if tops[j] > top else top
    return np.float64(top)


@_sum_kernel
def total_of(weights):
    """Return the sum of the weights."""
    total = 0.0
    for j in range(weights.size):
        total += weights[j]
    return total


@_sum_kernel
def _sum_but_the_largest(weights):
    """Return the sum of the weights that are less than the largest can be; a nan stays one."""
    total = 0.0
    for j in range(weights.size):
        total += 0.0 if weights[j] == _LARGEST_WEIGHT else weights[j]
    return total


@kernel
def _count_the_largest(weights):
    count = 0
    for j in range(weights.size):
        count += weights[j] == _LARGEST_WEIGHT
    return count


@kernel(error_model="numpy")
def _long_rows(x, p, regular):
    """Do as `softmax_rows`, row by row.

    While the exponentials of a row are computed, the next row is read from memory for its maximum.
    """
    tops = np.empty(LANES, x.dtype)
    _clear(tops)
    for start in range(0, x.shape[1], LANES):
        _raise(tops, x[0, start : start + LANES])

    for i in range(x.shape[0]):
        logits, weights, following = x[i], p[i], x[min(i + 1, x.shape[0] - 1)]
        top = _highest(tops)
        _clear(tops)
        total = 0.0
        for start in range(0, logits.size, LANES):
            part, out = logits[start : start + LANES], weights[start : start + LANES]
            for j in range(part.size):
                out[j] = lifted_exp(np.float64(part[j]) - top)
            total += total_of(out)
            _raise(tops, following[start : start + LANES])

        regular[i] = total > 0
        share = 1 / total
        for j in range(weights.size):
            weights[j] *= share


@kernel(error_model="numpy")
def _short_rows(x, p, regular):
    """Do as `softmax_rows`, by blocks of rows."""
    levels = x.shape[1]
    rows = BLOCK // levels
    for start in range(0, x.shape[0], rows):
        logits, weights = x[start : start + rows], p[start : start + rows]
        for i in range(logits.shape[0]):
            top = np.float64(logits[i, 0])
            for j in range(levels):
                value = np.float64(logits[i, j])
                top = value if value > top else top
            for j in range(levels):
                weights[i, j] = np.float64(logits[i, j]) - top

        block = weights.reshape(-1)
        for j in range(block.size):
            block[j] = lifted_exp(block[j])

        for i in range(logits.shape[0]):
            total = 0.0
            for j in range(levels):
                total += weights[i, j]
            regular[start + i] = total > 0
            share = 1 / total
            for j in range(levels):
                weights[i, j] *= share


@kernel
def softmax_rows(x, p, regular):
    """Write the softmax of each row of `x` (R, K) to `p` (R, K) float64, both in C order.

    `regular` (R,) is filled with whether a row is.
    """
    if x.shape[1] < LANES:
        _short_rows(x, p, regular)
    else:
        _long_rows(x, p, regular)


@kernel(error_model="numpy")
def _top_and_log_sum(row, tops, weights):
    """Return the largest logit and log sum exp(x - largest), which is nan if the row is irregular.

    One of the largest weights is kept apart lest it swallow the others.
    """
    _clear(tops)
    for start in range(0, row.size, LANES):
        _raise(tops, row[start : start + LANES])
    top = _highest(tops)

    rest = 0.0
    largest = 0
    for start in range(0, row.size, BLOCK):
        part = row[start : start + BLOCK]
        block = weights[: part.size]
        for j in range(part.size):
            block[j] = lifted_exp(np.float64(part[j]) - top)
        rest += _sum_but_the_largest(block)
        largest += _count_the_largest(block)
    return top, np.log1p(rest * (1 / _LARGEST_WEIGHT) + (largest - 1))


@kernel(error_model="numpy")
def log_softmax_rows(x, out, regular):
    """Write log softmax of each row of `x` to `out`; else as `softmax_rows`."""
    tops, weights = np.empty(LANES, x.dtype), np.empty(min(BLOCK, x.shape[1]))
    for i in range(x.shape[0]):
        top, log_sum = _top_and_log_sum(x[i], tops, weights)
        regular[i] = not np.isnan(log_sum)
        for j in range(x.shape[1]):
            out[i, j] = (np.float64(x[i, j]) - top) - log_sum


@kernel(error_model="numpy")
def logsumexp_rows(x, out, regular):
    """Write log sum exp of each row of `x` to `out` (R,); else as `softmax_rows`."""
    tops, weights = np.empty(LANES, x.dtype), np.empty(min(BLOCK, x.shape[1]))
    for i in range(x.shape[0]):
        top, log_sum = _top_and_log_sum(x[i], tops, weights)
        regular[i] = not np.isnan(log_sum)
        out[i] = top + log_sum
