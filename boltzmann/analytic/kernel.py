"""The softmax of each row of a matrix, compiled; a row stays in the cache from first to last.

Softmax is bound by exp and by memory, through which NumPy takes the whole array ten times. Long
rows are done one by one. Short ones are done by the block, in which the exponentials are one long
loop: rows of 8 fill the vector registers as rows of 50,257 do.
"""

import numpy as np

from boltzmann._core.exponential import lifted_exp
from boltzmann._core.jit import kernel

# Maxima and sums run in so many lanes: in a single one, each step would wait for the last.
LANES = 128
BLOCK = 2048  # numbers of short rows that are taken at once: 16 kB


@kernel
def _raise(tops, part):
    """Raise the running maxima `tops` (LANES,) to a part (≤ LANES,) of a row; skip what is nan."""
    for j in range(part.size):
        tops[j] = part[j] if part[j] > tops[j] else tops[j]


@kernel(error_model="numpy")
def _long_rows(x, p):
    """Do as `softmax_rows`, row by row.

    While the exponentials of a row are computed, the next row is read from memory for its maximum.
    """
    tops = np.full(LANES, -np.inf)
    for start in range(0, x.shape[1], LANES):
        _raise(tops, x[0, start : start + LANES])

    sums = np.empty(LANES)
    regular = True
    for i in range(x.shape[0]):
        logits, weights, following = x[i], p[i], x[min(i + 1, x.shape[0] - 1)]
        top = tops.max()
        tops[:] = -np.inf
        sums[:] = 0
        for start in range(0, logits.size, LANES):
            part, out = logits[start : start + LANES], weights[start : start + LANES]
            for j in range(part.size):
                out[j] = lifted_exp(part[j] - top)
                sums[j] += out[j]
            _raise(tops, following[start : start + LANES])

        total = sums.sum()
        regular &= total > 0
        weights *= 1 / total
    return regular


@kernel(error_model="numpy")
def _short_rows(x, p):
    """Do as `softmax_rows`, by blocks of rows."""
    levels = x.shape[1]
    rows = BLOCK // levels
    regular = True
    for start in range(0, x.shape[0], rows):
        logits, weights = x[start : start + rows], p[start : start + rows]
        for i in range(logits.shape[0]):
            top = logits[i, 0]
            for j in range(levels):
                top = logits[i, j] if logits[i, j] > top else top
            for j in range(levels):
                weights[i, j] = logits[i, j] - top

        block = weights.reshape(-1)
        for j in range(block.size):
            block[j] = lifted_exp(block[j])

        for i in range(logits.shape[0]):
            total = 0.0
            for j in range(levels):
                total += weights[i, j]
            regular &= total > 0
            weights[i] *= 1 / total
    return regular


@kernel
def softmax_rows(x, p):
    """Write the softmax of each row of `x` to `p`, both (R, K) float64 in C order.

    Return whether every row has a softmax that is finite. If not, because of a nan, a +inf or
    nothing but -inf, `p` means nothing.
    """
    return _short_rows(x, p) if x.shape[1] < LANES else _long_rows(x, p)
