"""Contexts of few letters, of which there are so few that the logits of each are kept.

Each longer context backs off to them: its logits begin where theirs end.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.language.ngram.kneser_ney import ContextTable, IntArray

MOST_NUMBERS = 2**20  # that are kept of contexts of one length


class ShortContexts(NamedTuple):
    """Nodes and logits of all contexts of 0, 1, … letters, for continuations: to back off to."""

    nodes: tuple[IntArray, ...]  # (V^m,) of int32, by the letters from right to left; -1: not seen
    logits: tuple[FloatArray, ...]  # (C, V)

    def longest(self, letters: Sequence[int], V: int) -> tuple[int, int]:
        """Return how many of the last letters are such a context at most, and its node."""
        code = node = 0
        for m in range(1, min(len(letters) + 1, len(self.nodes))):
            code = code * V + letters[-m]
            longer = int(self.nodes[m][code])
            if longer < 0:
                return m - 1, node
            node = longer
        return min(len(letters), len(self.nodes) - 1), node


def tabulate(tables: Sequence[ContextTable], V: int) -> ShortContexts:
    """Return the contexts of each length up to which no array has more than MOST_NUMBERS."""
    nodes: list[IntArray] = []
    logits: list[FloatArray] = []
    codes = np.zeros(1, np.int64)  # of the contexts of m letters, (C,)
    shorter = np.full((1, V), -np.log(V))  # the uniform law
    for m, table in enumerate(tables):
        C = table.context_keys.size
        if max(C * V, V**m) > MOST_NUMBERS and m:
            break
        parents, letters = np.divmod(table.context_keys, V)
        codes = codes[parents] * V + letters
        nodes.append(np.full(V**m, -1, np.int32))
        nodes[m][codes] = np.arange(C)

        # One step of the recursion of `NGram.logits`, for all contexts at once
        smoothed = table.continuations
        log_p = shorter[parents] + smoothed.log_backoff[:, None]  # (C, V)
        seen = log_p.reshape(-1)
        seen[table.keys] = np.logaddexp(seen[table.keys], smoothed.log_discounted)
        logits.append(log_p)
        shorter = log_p
    return ShortContexts(tuple(nodes), tuple(logits))
