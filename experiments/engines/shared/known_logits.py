"""Rows of known logits, and the one vocabulary in which all of them live.

A model is made so that its next logits depend on the last token alone, and on that only through
the row that the token belongs to. Tokens of other rows, control tokens and fillers have the logit
`FORBIDDEN`. So a prompt of one token of a row leads to draws from that row for ever, and each
question has an exact answer. The network has no work to do: with one layer of zeros and a residual
stream, the embedding of a token is the unit vector of its row, a norm leaves it so up to a factor,
and the columns of the output matrix are the rows (`embedding` and `output`). Engines that run a
graph of one's own get `table`.

NumPy alone is needed: these files are imported in each engine's own environment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

FORBIDDEN = -1e30  # finite, for 0 times minus infinity is not a number; exp(-1e30 / 1e6) is 0 still

ROWS: dict[str, np.ndarray] = {
    "three": np.array([3.0, 2.0, 1.0]),
    "near": np.array([0.02, 0.0]),  # told apart by t = 1e-6, and hardly by t = 0.01
    "four": np.log([0.4, 0.3, 0.2, 0.1]),
    "ties": np.array([2.0, 1.0, 1.0, 1.0, 0.0]),
    "equal": np.zeros(64),
    "rank": -np.log(np.arange(1.0, 201.0)),  # p proportional to 1/rank
}

TAIL_PROBABILITY = 1e-7


def tail_row(tokens: int) -> np.ndarray:
    """Return the logits of one likely token and of `tokens` others of probability 1e-7 each."""
    tail = np.full(tokens, np.log(TAIL_PROBABILITY))
    return np.append(np.log1p(-TAIL_PROBABILITY * tokens), tail)  # (1 + tokens,)


@dataclass(frozen=True)
class Vocabulary:
    """Ids for the tokens of some rows.

    Ids below `first` are the engine's own (control tokens, bytes); the rows follow, and then
    `fillers`, ordinary tokens of no row, so that neither the first id nor the last is one that
    should be drawn.

    Attributes
    ----------
    rows : mapping of str to (K,) array
        The logits of each row's own tokens.
    first : int
        The id of the first row's first token, at least 1.
    fillers : int
        How many tokens of no row stand at the end.
    """

    rows: Mapping[str, np.ndarray]
    first: int = 3
    fillers: int = 5

    @property
    def size(self) -> int:
        """The number of tokens, V."""
        return self.first + sum(row.size for row in self.rows.values()) + self.fillers

    def start(self, row: str) -> int:
        """Return the id of a row's first token, which is its prompt."""
        names = list(self.rows)
        return self.first + sum(self.rows[name].size for name in names[: names.index(row)])

    def name(self, token: int) -> str:
        """Return a letter for a token: Hangul from U+AC00 on, then Chinese characters."""
        return chr(0xAC00 + token) if token < 11_000 else chr(0x20000 + token)

    def names(self) -> list[str]:
        """Return the texts of all V tokens, by id."""
        return [self.name(token) for token in range(self.size)]

    def places(self, tokens: Sequence[int], row: str) -> list[int]:
        """Return each token's place in the row, -1 - id for one that is foreign to it.

        What follows a foreign token was drawn from another row, and is left out.
        """
        start, size = self.start(row), self.rows[row].size
        places = []
        for token in tokens:
            inside = start <= token < start + size
            places.append(int(token) - start if inside else -1 - int(token))
            if not inside:
                break
        return places

    def logits(self, row: str) -> np.ndarray:
        """Return the (V,) logits after any token of a row."""
        full = np.full(self.size, FORBIDDEN)
        full[self.start(row) : self.start(row) + self.rows[row].size] = self.rows[row]
        return full

    def table(self, dtype: type = np.float32) -> np.ndarray:
        """Return the (V, V) logits after each token; a token of no row counts as of the first."""
        by_row = np.array([self.logits(row) for row in self.rows], dtype=dtype)  # (R, V)
        return by_row[self._row_of_token()]

    def embedding(self, width: int, dtype: type = np.float32) -> np.ndarray:
        """Return the (V, width) unit vectors of the tokens' rows, times 64 (beside a norm's ε)."""
        return 64 * np.eye(len(self.rows), width, dtype=dtype)[self._row_of_token()]

    def output(self, width: int, dtype: type = np.float32) -> np.ndarray:
        """Return the (V, width) matrix that makes logits of the norm of an embedding.

        The norm divides by the root of the mean square, which leaves √width times the unit vector.
        A width of 4^n makes that a power of two, by which no digit is lost.
        """
        matrix = np.zeros((self.size, width))
        matrix[:, : len(self.rows)] = np.transpose([self.logits(row) for row in self.rows])
        return (matrix / np.sqrt(width)).astype(dtype)

    def _row_of_token(self) -> np.ndarray:
        own = np.zeros(self.size, dtype=int)
        for number, row in enumerate(self.rows):
            own[self.start(row) : self.start(row) + self.rows[row].size] = number
        return own


def counts(places: Iterable[int], size: int) -> tuple[list[int], int]:
    """Return how often each of `size` places was drawn, and how often a foreign token."""
    drawn = np.fromiter(places, dtype=int)
    return np.bincount(drawn[drawn >= 0], minlength=size).tolist(), int((drawn < 0).sum())
