"""Modified Kneser-Ney smoothing: from letter ids to tables of log-probabilities.

N-grams are counted for each context length m = 0, …, n - 1. Contexts are the nodes of a suffix tree
that reads backwards from the letter to be predicted: those of m letters are at depth m. The nodes
of a depth are numbered in the order of the pairs (parent, one more letter to the left). An n-gram,
a pair (node, next letter), is one integer as well, so that counting is sorting integers.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray

IntArray = NDArray[np.int64]

_DEFAULT_DISCOUNTS = np.array([0.5, 1.0, 1.5])


class NGramCounts(NamedTuple):
    """Counts of all n-grams of one length: G of them, in C contexts."""

    context_keys: IntArray  # (C,) parent · V + leftmost letter, sorted; the index is the node
    keys: IntArray  # (G,) context · V + next letter, sorted
    counts: IntArray  # (G,) how often the n-gram occurs
    first: int  # the key of the n-gram that begins the text


class Smoothed(NamedTuple):
    """Logarithms of the two terms of p(w|h) = discounted(hw) + backoff(h) · p(w|h')."""

    log_discounted: FloatArray  # (G,)
    log_backoff: FloatArray  # (C,)


class ContextTable(NamedTuple):
    """All that the model keeps about contexts of one length."""

    context_keys: IntArray  # (C,)
    keys: IntArray  # (G,)
    starts: IntArray  # (C + 1,) the n-grams of context c are keys[starts[c] : starts[c + 1]]
    occurrences: Smoothed  # from counts of occurrences, for a context that is the whole one
    continuations: Smoothed  # from continuation counts, for one that a longer one backs off to


def _count(ids: IntArray, order: int, V: int) -> Iterator[NGramCounts]:
    """Count the n-grams of each context length below `order` for which the text is long enough."""
    n = min(order, ids.size)
    bits = max(1, (V - 1).bit_length())
    return _count_packed(ids, n, V, bits) if n * bits <= 63 else _count_by_length(ids, n, V)


def _count_by_length(ids: IntArray, n: int, V: int) -> Iterator[NGramCounts]:
    """Count by sorting the text once for each length."""
    context_keys = np.zeros(1, dtype=np.int64)
    node = np.zeros(ids.size, dtype=np.int64)  # the context of each place in the text
    for m in range(n):
        if m:
            context_keys, node = np.unique(node[1:] * V + ids[:-m], return_inverse=True)
        ngrams = node * V + ids[m:]  # (text length - m,)
        keys, counts = np.unique(ngrams, return_counts=True)
        yield NGramCounts(context_keys, keys, counts, int(ngrams[0]))


def _count_packed(ids: IntArray, n: int, V: int, bits: int) -> Iterator[NGramCounts]:
    """Count by sorting the text once, each n-gram packed into one integer.

    From the most significant letter on: those of the context from right to left, so that a shorter
    context is the beginning of a longer one, then the next letter. N-grams are few beside the
    places of a text, and shorter ones are summed from them; only those that begin the text within a
    shorter context are added.
    """
    places = ids.size - n + 1
    packed = np.zeros(places, np.int64)
    for k in range(n - 2, -1, -1):
        packed <<= bits
        packed |= ids[k : k + places]
    packed <<= bits
    packed |= ids[n - 1 :]
    packed.sort()
    longest, counts = _run_lengths(packed)  # (G,) and (G,), of n letters
    del packed

    letter_mask = (1 << bits) - 1
    shorter = np.zeros(1, np.int64)  # packed contexts of m - 1 letters, sorted; the index is a node
    for m in range(n):
        contexts = longest >> bits * (n - m)  # (G,)
        starts = np.array([_packed(ids[k - m : k][::-1], bits) for k in range(m, n - 1)], np.int64)
        pairs = np.concatenate(
            [contexts << bits | (longest & letter_mask), starts << bits | ids[m : n - 1]]
        )
        ngrams, occurrences = _summed(pairs, np.concatenate([counts, np.ones(n - 1 - m, np.int64)]))

        # The nodes, and the keys by node
        first = np.diff(ngrams >> bits, prepend=-1) > 0
        nodes = (ngrams >> bits)[first]  # (C,)
        parents = np.searchsorted(shorter, nodes >> bits)
        context_keys = parents * V + (nodes & letter_mask) if m else np.zeros(1, np.int64)
        keys = (np.cumsum(first) - 1) * V + (ngrams & letter_mask)
        beginning = _packed(ids[:m][::-1], bits) << bits | int(ids[m])
        yield NGramCounts(
            context_keys, keys, occurrences, int(keys[np.searchsorted(ngrams, beginning)])
        )
        shorter = nodes


def _packed(letters: IntArray, bits: int) -> int:
    """Return letters as one integer, the first the most significant."""
    packed = 0
    for letter in letters.tolist():
        packed = packed << bits | letter
    return packed


def _run_lengths(values: IntArray) -> tuple[IntArray, IntArray]:
    """Return the different ones of sorted values, and how often each occurs."""
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return values[first], np.diff(first, append=values.size)


def _summed(values: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return the different values, sorted, and the sum of the counts of each."""
    order = np.argsort(values, kind="stable")
    different, lengths = _run_lengths(values[order])
    return different, np.add.reduceat(counts[order], np.cumsum(lengths) - lengths)


def _continuation_counts(ngrams: NGramCounts, longer: NGramCounts | None, V: int) -> IntArray:
    """Count the different left neighbours of each n-gram; the beginning of the text is one."""
    counts: IntArray = np.equal(ngrams.keys, ngrams.first).astype(np.int64)  # (G,)
    if longer is not None:
        context, letter = np.divmod(longer.keys, V)
        shorter = longer.context_keys[context] // V * V + letter  # without the leftmost letter
        counts += np.bincount(np.searchsorted(ngrams.keys, shorter), minlength=counts.size)
    return counts


def _discounts(counts: IntArray) -> FloatArray:
    """Return the discounts of counts of 1, of 2, and of 3 or more, (3,).

    D_k = k - (k + 1)·Y·n_{k+1} / n_k, where n_k n-grams have a count of k and Y = n_1 / (n_1 + 2
    n_2). Where an n_k is 0, or a D_k is not positive and so would leave some context no backoff
    weight, the discounts are 1/2, 1 and 3/2.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)[1:5]  # n_1 to n_4
    if not n.all():
        return _DEFAULT_DISCOUNTS
    Y = n[0] / (n[0] + 2 * n[1])
    discounts: FloatArray = np.arange(1, 4) - np.arange(2, 5) * Y * n[1:] / n[:-1]
    return discounts if (discounts > 0).all() else _DEFAULT_DISCOUNTS


def _smoothed(counts: IntArray, starts: IntArray) -> Smoothed:
    discounts = _discounts(counts)[np.minimum(counts, 3) - 1]  # (G,)
    totals = np.add.reduceat(counts, starts[:-1])  # (C,)
    log_discounted = np.log((counts - discounts) / np.repeat(totals, np.diff(starts)))
    log_backoff = np.log(np.add.reduceat(discounts, starts[:-1]) / totals)
    return Smoothed(log_discounted, log_backoff)


def fit_context_tables(ids: IntArray, order: int, V: int) -> tuple[ContextTable, ...]:
    """Return the tables of contexts of 0, 1, …, order - 1 letters of a text over V letters."""
    all_counts = list(_count(ids, order, V))
    tables = []
    for m, ngrams in enumerate(all_counts):
        starts = np.searchsorted(ngrams.keys, np.arange(ngrams.context_keys.size + 1) * V)
        occurrences = _smoothed(ngrams.counts, starts)
        continuations = occurrences
        if m < order - 1:  # contexts of order - 1 letters are always whole ones
            longer = all_counts[m + 1] if m + 1 < len(all_counts) else None
            continuations = _smoothed(_continuation_counts(ngrams, longer, V), starts)
        tables.append(
            ContextTable(ngrams.context_keys, ngrams.keys, starts, occurrences, continuations)
        )
    return tuple(tables)
