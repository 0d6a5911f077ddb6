"""The model of live tests: logits that depend on the row of the last token, over all tokens.

Imported by the programs that serve it, in a server's own environment, with NumPy alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from known_logits import Vocabulary

FLOOR = 4.0  # nats of control tokens and bytes below the least likely token


@dataclass(frozen=True)
class Markov(Vocabulary):
    """Ids for rows of tokens, each of which may follow each.

    Attributes
    ----------
    after : mapping of str to (N,) array
        The logits of all rows' tokens after a token of the row of that name.
    """

    after: Mapping[str, np.ndarray] = field(default_factory=dict)

    def logits(self, row: str) -> np.ndarray:
        """Return the (V,) logits after any token of a row."""
        own = self.after[row]
        full = np.full(self.size, own.min() - FLOOR)
        full[self.first : self.first + own.size] = own
        return full


def load(path: str, first: int) -> Markov:
    """Return the vocabulary of a file of (R, N) logits, R rows of N/R tokens."""
    table = np.load(path)
    names = [f"row {number}" for number in range(len(table))]
    own = np.array_split(table[0], len(table))  # whose sizes alone matter
    rows = dict(zip(names, own, strict=True))
    return Markov(rows, first=first, after=dict(zip(names, table, strict=True)))
