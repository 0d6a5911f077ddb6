"""The draws that a reading uses, with the levels that they were drawn from."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.draw_record import DrawRecord
from boltzmann.thermometer.kernels import FINE
from boltzmann.thermometer.token_levels import IntArray, TokenLevels
from boltzmann.thermometer.unlisted import (
    LARGEST_EXPONENT,
    UnlistedWeight,
    log_partition_with,
    unlisted_weight,
)

# Of a probability of 1, so much may be lost by rounding, and by gathering levels.
_NEGLIGIBLE = 1e-4
# Nats beyond the surprise of the last token listed that others have on average, about.
MEAN_SURPRISE_UNLISTED = 2.0
# So many tokens that might have been drawn, for each draw, and draws count as many.
_TOKENS_PER_DRAW = 4
# Of the numbers V in transforms. No caller's draws were made with it: 0 and 1 are everybody's.
_SEED = int.from_bytes(b"thermometer")


def renumbered(groups: IntArray) -> IntArray | None:
    """Return groups numbered from 0 again; None if at most one is left."""
    numbers = np.unique(groups, return_inverse=True)[1]
    return numbers if numbers.any() else None


@dataclass(frozen=True, eq=False)
class Evidence:
    """Draws, and the levels of the tokens that each was drawn from.

    Attributes
    ----------
    levels : TokenLevels
        R rows of alternatives.
    rows : (n,) array of int
        The row that each draw was drawn from.
    energies : (n,) array
        The energy of the token drawn, above the lowest level of its row, in nats.
    ranks : (n,) array of int
        How many tokens of the row are likelier.
    top : float
        Draws are taken on the condition that they lie among so many likeliest; inf for all.
    groups : (n,) array of int, optional
        Draws of one number may depend on one another.
    forbidden : int
        Draws of tokens of probability 0.
    record : DrawRecord
        What else is known of all draws, these and others.
    which : (n,) array of int
        Which of the record's draws these are.
    certain_counts : (R,) array, optional
        A further condition: draws lie among so many likeliest of their row.
    """

    levels: TokenLevels
    rows: IntArray
    energies: FloatArray
    ranks: IntArray
    top: float
    groups: IntArray | None
    forbidden: int
    record: DrawRecord
    which: IntArray
    certain_counts: FloatArray | None = None

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return self.rows.size

    @cached_property
    def weights(self) -> FloatArray:
        """How many draws each row had, shape (R,)."""
        return np.bincount(self.rows, minlength=self.levels.rows).astype(np.float64)

    @cached_property
    def total_energy(self) -> float:
        """The sum of all energies drawn."""
        return float(self.energies.sum())

    @cached_property
    def listed_counts(self) -> FloatArray:
        """How many of the likeliest tokens of each row are known, shape (R,); inf for all."""
        return np.full(self.levels.rows, self.top)

    @cached_property
    def condition_counts(self) -> FloatArray:
        """Each draw is taken on the condition that it is one of so many likeliest, shape (R,)."""
        if self.certain_counts is None:
            return self.listed_counts
        return np.minimum(self.listed_counts, self.certain_counts)

    @cached_property
    def highest_ranks(self) -> IntArray:
        """The largest rank drawn from each row, 0 where there is no draw, shape (R,)."""
        highest = np.zeros(self.levels.rows, dtype=np.int64)
        np.maximum.at(highest, self.rows, self.ranks)
        return highest

    @cached_property
    def first_ranks(self) -> IntArray:
        """How many tokens of the row are likelier than each one drawn, equal ones apart, (n,)."""
        return self.levels.first_of_ties(self.rows, self.ranks).astype(np.int64)

    @cached_property
    def least_ranks(self) -> IntArray:
        """The rank of each draw if, of equal tokens, those that were drawn came first, (n,).

        A truncation that keeps some of several equal tokens may have kept those.
        """
        width = int(self.ranks.max()) + 1
        drawn, which = np.unique(self.rows * width + self.ranks, return_inverse=True)
        rows, ranks = np.divmod(drawn, width)
        firsts = self.levels.first_of_ties(rows, ranks).astype(np.int64)
        groups = rows * width + firsts  # ascending, with one number for equal tokens
        places = np.arange(groups.size) - np.searchsorted(groups, groups)
        return np.asarray((firsts + places)[which])

    @cached_property
    def highest_least_ranks(self) -> IntArray:
        """The largest of these in each row, 0 where there is no draw, shape (R,)."""
        highest = np.zeros(self.levels.rows, dtype=np.int64)
        np.maximum.at(highest, self.rows, self.least_ranks)
        return highest

    @cached_property
    def highest_energies(self) -> FloatArray:
        """The largest energy drawn from each row, 0 where there is no draw, shape (R,)."""
        highest = np.zeros(self.levels.rows)
        np.maximum.at(highest, self.rows, self.energies)
        return highest

    @cached_property
    def least_kept(self) -> FloatArray:
        """How many tokens of each row any law keeps, at the least, that forbids no draw: (R,).

        Draws from gathered levels are known to two of these, as in `Hypothesis`.
        """
        below = self.highest_energies - 2 / FINE - 1e-9
        return np.maximum(self.levels.count_below(below), 1.0)

    @cached_property
    def levels_drawn(self) -> IntArray:
        """The level that each draw is on, shape (n,)."""
        levels = self.levels
        farthest = 1e5
        row = np.repeat(np.arange(levels.rows), np.diff(levels.starts))  # (L,)
        keys = row * 1e6 + np.minimum(levels.energies, farthest)
        wanted = self.rows * 1e6 + np.minimum(self.energies, farthest) - 1e-9
        return np.minimum(np.searchsorted(keys, wanted), levels.starts[self.rows + 1] - 1)

    def with_cache(self) -> "Evidence":
        """Return the same draws, of levels over which no pass is made twice."""
        return replace(self, levels=self.levels.with_cache())

    def among_top(self, top: int) -> "Evidence":
        """Return the draws that lie among the `top` likeliest, on that condition."""
        return replace(self.subset(self.ranks < top), top=top)

    def subset(self, chosen: NDArray[np.bool_]) -> "Evidence":
        """Return the draws at which `chosen`, (n,), is true."""
        return replace(
            self,
            rows=self.rows[chosen],
            energies=self.energies[chosen],
            ranks=self.ranks[chosen],
            groups=None if self.groups is None else renumbered(self.groups[chosen]),
            which=self.which[chosen],
        )

    def of_rows(self, chosen: NDArray[np.bool_]) -> "Evidence":
        """Return the draws from the rows at which `chosen`, (R,), is true, and these rows alone.

        Their record is still that of all. The same rows are taken out once.
        """
        if chosen.all():
            return self
        key = chosen.tobytes()
        if key not in self._of_rows:
            part = self.subset(chosen[self.rows])
            certain = self.certain_counts
            self._of_rows[key] = replace(
                part,
                levels=self.levels.subset(chosen),
                rows=(np.cumsum(chosen) - 1)[part.rows],
                certain_counts=None if certain is None else certain[chosen],
            )
        return self._of_rows[key]

    @cached_property
    def _of_rows(self) -> dict[bytes, "Evidence"]:
        """What `of_rows` took out, by the rows."""
        return {}

    def of_recorded(self, chosen: NDArray[np.bool_]) -> "Evidence":
        """Return the draws, and the record of those, at which `chosen`, (N,), is true."""
        part = self.subset(chosen[self.which])
        position = np.cumsum(chosen) - 1  # (N,)
        return replace(part, record=self.record.subset(chosen), which=position[part.which])

    @cached_property
    def answers(self) -> IntArray:
        """The answer of each draw, numbered from 0 among those that there are, shape (n,)."""
        return np.unique(self.record.answers[self.which], return_inverse=True)[1]

    @cached_property
    def places(self) -> IntArray:
        """The place of each draw in its answer, shape (n,)."""
        return self.record.places[self.which]

    @cached_property
    def drawn_before(self) -> NDArray[np.bool_]:
        """Whether each of the likeliest tokens was drawn before in the answer, shape (n, M)."""
        return self.record.drawn_before[self.which]

    @cached_property
    def log_whole(self) -> FloatArray:
        """The log Z of the whole vocabulary at β = 1, from each row's lowest level, shape (R,)."""
        levels = self.levels
        if levels.log_whole is not None and levels.known_at == 1:
            known = levels.log_whole
            return np.where(np.isnan(known), self._log_listed, known)
        return self._log_listed

    @property
    def _log_listed(self) -> FloatArray:
        return self.levels.moments(1.0, self.listed_counts).log_partition

    @cached_property
    def entropy(self) -> FloatArray:
        """The entropy of each row at t = 1, in nats; a guess where not all is listed: (R,)."""
        return self.log_partition_and_entropy(1.0, MEAN_SURPRISE_UNLISTED)[1]

    def log_partition_and_entropy(
        self, beta: float, surprise: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return log Z and the entropy of each whole row at β, shape (R,) each.

        `surprise` is the mean surprise, in nats, of the tokens that are not listed, beyond that of
        the last one listed.
        """
        listed = self.levels.moments(beta, self.listed_counts)
        if not self.partial:
            return listed.log_partition, listed.log_partition + beta * listed.mean
        unlisted = self.unlisted(beta).guess  # (R,)
        log_z = log_partition_with(listed.log_partition, unlisted)
        share = unlisted * np.exp(-log_z)
        last = self.levels.cutoff_energies(self.listed_counts)
        inside = (1 - share) * (log_z + beta * listed.mean)
        return log_z, inside + share * (log_z + beta * last + surprise)

    @cached_property
    def _unlisted_together(self) -> FloatArray | None:
        """The weight of all tokens not listed, (R,), where it is known; None if all are listed."""
        if self.levels.log_whole is None:
            return None
        whole = self._whole
        together = np.maximum(whole - self._listed, 0.0)
        if not np.any(together > _NEGLIGIBLE * whole):
            together *= 0.0  # a nan stays one
        return together if np.any(together != 0) else None

    @property
    def _whole(self) -> FloatArray:
        """The weight of all tokens at the β where it is known, nan where it is not, shape (R,)."""
        if self.levels.log_whole is None:
            return np.full(self.levels.rows, np.nan)
        return np.exp(np.minimum(self.levels.log_whole, LARGEST_EXPONENT))

    @property
    def _listed(self) -> FloatArray:
        """The weight there of those that are listed, shape (R,)."""
        log_z = self.levels.moments(self.levels.known_at, self.listed_counts).log_partition
        return np.exp(log_z)

    @cached_property
    def whole_known(self) -> NDArray[np.bool_]:
        """Whether it is known what tokens weigh that a row does not list, shape (R,)."""
        return ~np.isnan(self._whole)

    @property
    def partial(self) -> bool:
        """Whether rows list the likeliest tokens of a vocabulary alone."""
        return self._unlisted_together is not None

    def unlisted(self, beta: float, top_k: float = np.inf, reach: float = np.inf) -> UnlistedWeight:
        """Return what tokens that are not listed weigh at β.

        Of the `top_k` likeliest tokens, and at most `reach` nats above the row's lowest level.
        """
        if self._unlisted_together is None:
            return UnlistedWeight(*np.zeros((3, self.levels.rows)))
        together = np.nan_to_num(self._unlisted_together)  # (R,)
        return self._unlisted_of(together, beta, top_k, reach)

    def unlisted_at_most(self, beta: float, top_k: float = np.inf) -> FloatArray:
        """Return the same at most, (R,), if log-probabilities are known up to their rounding."""
        whole = np.nan_to_num(self._whole)
        together = np.maximum(whole - self._listed, _NEGLIGIBLE * whole)  # (R,)
        return self._unlisted_of(together, beta, top_k, np.inf).most

    def _unlisted_of(
        self, together: FloatArray, beta: float, top_k: float, reach: float
    ) -> UnlistedWeight:
        return unlisted_weight(
            together=together,
            known_at=self.levels.known_at,
            beta=beta,
            last=self.levels.cutoff_energies(self.listed_counts),
            listed=np.minimum(self.levels.sizes, self.top),
            top_k=top_k,
            reach=reach,
        )

    @cached_property
    def _distinct(self) -> tuple[IntArray, IntArray, IntArray | slice]:
        """The row and the rank of each token drawn, and which of them each draw is.

        Ascending, and each once, if draws are many; else those of the draws as they are.
        """
        width = int(self.ranks.max()) + 1
        if self.levels.rows * width > _TOKENS_PER_DRAW * self.draws:
            return self.rows, self.ranks, slice(None)
        tokens = self.rows * width + self.ranks  # (n,)
        drawn = np.zeros(self.levels.rows * width, dtype=bool)
        drawn[tokens] = True
        rows, ranks = np.divmod(np.flatnonzero(drawn), width)
        return rows, ranks, (np.cumsum(drawn) - 1)[tokens]

    def cdf_steps(self, beta: float, kept: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return F(x⁻) and p(x) of each draw at β among the `kept` likeliest, shape (n,) each.

        Where some of several equal tokens are kept, it is not known which: a draw of one of them
        stands for any, with the probability of all that are kept.
        """
        log_z = self.levels.moments(beta, kept).log_partition
        own = np.exp(np.minimum(-beta * self.energies - log_z[self.rows], 0.0))
        rows, ranks, which = self._distinct
        before = self.levels.mass_before(beta, log_z, rows, ranks)[which]

        cut = self.levels.with_ties(kept) > kept  # (R,)
        tied = cut[self.rows]  # (n,)
        if tied.any():
            tied &= self.energies == self.levels.cutoff_energies(kept)[self.rows]
            of, first = self.rows[tied], self.first_ranks[tied]
            before[tied] = self.levels.mass_before(beta, log_z, of, first)
            own[tied] *= kept[of] - first
        return before, own

    @cached_property
    def shares(self) -> FloatArray:
        """V of each draw, uniform between 0 and 1, shape (n,)."""
        return np.random.default_rng(_SEED).random(self.draws)

    def transforms(self, beta: float, kept: FloatArray) -> FloatArray:
        """Return U = F(x⁻) + V p(x) of each draw, V uniform, shape (n,): uniform under the law."""
        before, own = self.cdf_steps(beta, kept)
        return np.clip(before + self.shares * own, 0.0, 1.0)
