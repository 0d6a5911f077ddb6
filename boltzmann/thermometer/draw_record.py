"""What is known of draws beside their levels: which tokens, of which answer, in which place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.kernels import mark_drawn_before
from boltzmann.thermometer.token_levels import IntArray

LIKELIEST = 32  # tokens of a row that keep their names


@dataclass(frozen=True, eq=False)
class DrawRecord:
    """All N draws of the caller, those included of which a reading makes no use.

    Attributes
    ----------
    tokens : (R, M) array of int
        The M likeliest tokens of each row, the likeliest first; -1 where a row has fewer.
    gaps : (R, M) array
        Their energies above the row's lowest level, in nats; inf where a row has fewer.
    rows : (N,) array of int
        The row of each draw.
    chosen : (N,) array of int
        The token drawn; -1 if it was withheld.
    answers, prompts : (N,) array of int
        The answer that a draw belongs to, and what that was asked with, both numbered from 0.
    outside : (N,) array of bool
        Whether the token drawn is none of those that its row lists.
    own : (N,) array
        The energy above the row's lowest level that is reported beside each token drawn, apart from
        its list; nan where none is.
    names : sequence, optional
        What the caller calls each token; its number by default.
    prompts_known : bool
        Whether prompts were given, and not told from the lists that answers begin with.
    ordered : bool
        Whether draws are in the order in which they were made.
    """

    tokens: IntArray
    gaps: FloatArray
    rows: IntArray
    chosen: IntArray
    answers: IntArray
    prompts: IntArray
    outside: NDArray[np.bool_]
    own: FloatArray
    names: Sequence[Any] | None = None
    prompts_known: bool = False
    ordered: bool = True

    @cached_property
    def places(self) -> IntArray:
        """The place of each draw in its answer, from 0, shape (N,)."""
        order = np.argsort(self.answers, kind="stable")  # (N,)
        first = np.searchsorted(self.answers[order], self.answers[order])  # (N,)
        places = np.empty(order.size, dtype=np.int64)
        places[order] = np.arange(order.size) - first
        return places

    @cached_property
    def drawn_before(self) -> NDArray[np.bool_]:
        """Whether each of the M likeliest tokens was drawn before in the answer, shape (N, M)."""
        drawn = np.zeros((self.rows.size, self.tokens.shape[1]), dtype=bool)
        most = max(int(self.tokens.max()), int(self.chosen.max()))
        last = np.full(most + 1, -1)  # the answer in which each token was drawn last
        order = np.argsort(self.answers, kind="stable")  # (N,)
        mark_drawn_before(order, self.answers, self.chosen, self.rows, self.tokens, last, drawn)
        return drawn

    @cached_property
    def listed_rows(self) -> IntArray:
        """The rows of all draws whose token was not withheld, shape (N',)."""
        return self.rows[self.chosen >= 0]

    @cached_property
    def outside_rows(self) -> IntArray:
        """The rows of the draws that are not in their lists."""
        return self.rows[self.outside]

    def name(self, token: int) -> str:
        """Return what the caller calls a token, as it is printed."""
        if self.names is None:
            return str(token)
        name = self.names[token]
        if isinstance(name, bytes):
            name = name.decode(errors="backslashreplace")
        return repr(name) if isinstance(name, str) else str(name)

    def subset(self, chosen: NDArray[np.bool_]) -> "DrawRecord":
        """Return the record of the draws at which `chosen`, (N,), is true."""
        return replace(
            self,
            rows=self.rows[chosen],
            chosen=self.chosen[chosen],
            answers=self.answers[chosen],
            prompts=self.prompts[chosen],
            outside=self.outside[chosen],
            own=self.own[chosen],
        )
