"""Counting and smoothing for the n-gram model: from letter ids to tables of logarithms.

The text is counted once per context length m = 0, …, n - 1. The contexts of m letters are the nodes
at depth m of a tree that reads backwards from the letter to be predicted; each node is numbered by
sorting the pairs (its parent, one more letter to the left). A pair (node, next letter) is one
integer as well, so that counting is sorting integers.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray

IntArray = NDArray[np.int64]

_FALLBACK_DISCOUNTS = np.array([0.5, 1.0, 1.5])


class Grams(NamedTuple):
    """What the text says about contexts of one length: C contexts, G pairs (context, next letter)."""

    context_keys: (
        IntArray  # (C,) parent · V + leftmost letter, sorted; a context is known by its index here
    )
    keys: IntArray  # (G,) context · V + next letter, sorted
    counts: IntArray  # (G,) how often the pair occurs
    first: int  # the key of the pair that begins the text


class Table(NamedTuple):
    """Logarithms of the two terms that discounted counts give: p(w|h) = weight(hw) + escape(h)·p(w|h')."""

    weights: FloatArray  # (G,)
    escapes: FloatArray  # (C,)


class ContextTable(NamedTuple):
    """All that the model keeps about contexts of one length."""

    context_keys: IntArray  # (C,)
    keys: IntArray  # (G,)
    starts: IntArray  # (C + 1,) the pairs of context c are keys[starts[c] : starts[c + 1]]
    occurrences: Table  # for a context that is all there is
    continuations: Table  # for a context that a longer one, unseen or undecided, falls back on


def _count(ids: IntArray, order: int, V: int) -> Iterator[Grams]:
    """Count the text for each context length below `order`, as far as the text is long enough."""
    context_keys = np.zeros(1, dtype=np.int64)
    node = np.zeros(ids.size, dtype=np.int64)
    for m in range(min(order, ids.size)):
        if m:
            context_keys, node = np.unique(node[1:] * V + ids[:-m], return_inverse=True)
        pairs = node * V + ids[m:]
        keys, counts = np.unique(pairs, return_counts=True)
        yield Grams(context_keys, keys, counts, int(pairs[0]))


def _continuation_counts(grams: Grams, longer: Grams | None, V: int) -> IntArray:
    """Count the different left neighbours of each pair; the beginning of the text is one."""
    counts: IntArray = np.equal(grams.keys, grams.first).astype(np.int64)
    if longer is not None:
        context, letter = np.divmod(longer.keys, V)
        shorter = longer.context_keys[context] // V * V + letter
        counts += np.bincount(np.searchsorted(grams.keys, shorter), minlength=counts.size)
    return counts


def _discounts(counts: IntArray) -> FloatArray:
    """Return what to take from counts of 1, of 2, and of 3 or more: D_k = k - (k + 1)·Y·n_{k+1} / n_k.

    n_k pairs have a count of k, and Y = n_1 / (n_1 + 2 n_2). Counts too few or too regular for that
    estimate, or that would leave a context nothing to fall back with, are discounted by 1/2, 1,
    3/2.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)[1:5]
    if not n.all():
        return _FALLBACK_DISCOUNTS
    discounts: FloatArray = (
        np.arange(1, 4) - np.arange(2, 5) * (n[0] / (n[0] + 2 * n[1])) * n[1:] / n[:-1]
    )
    return discounts if (discounts > 0).all() else _FALLBACK_DISCOUNTS


def _discounted(counts: IntArray, starts: IntArray) -> Table:
    discounts = _discounts(counts)[np.minimum(counts, 3) - 1]
    totals = np.add.reduceat(counts, starts[:-1])
    weights = np.log((counts - discounts) / np.repeat(totals, np.diff(starts)))
    return Table(weights, np.log(np.add.reduceat(discounts, starts[:-1]) / totals))


def fit_context_tables(ids: IntArray, order: int, V: int) -> tuple[ContextTable, ...]:
    """Return what the text `ids` says about contexts of 0, 1, …, order - 1 letters of an alphabet of V."""
    counted = list(_count(ids, order, V))
    levels = []
    for m, grams in enumerate(counted):
        starts = np.searchsorted(grams.keys, np.arange(grams.context_keys.size + 1) * V)
        occurrences = continuations = _discounted(grams.counts, starts)
        if m < order - 1:
            longer = counted[m + 1] if m + 1 < len(counted) else None
            continuations = _discounted(_continuation_counts(grams, longer, V), starts)
        levels.append(
            ContextTable(grams.context_keys, grams.keys, starts, occurrences, continuations)
        )
    return tuple(levels)
