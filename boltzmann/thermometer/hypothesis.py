"""A sampling law held against draws."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.kernels import FINE, HEAD
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.soft_cutoff import log_weight_behind
from boltzmann.thermometer.token_levels import IntArray, Moments, TokenLevels
from boltzmann.thermometer.truncation import kept_counts, unlisted_before_top_p

_LARGEST_BETA = 1e9  # no draws tell its temperature from 0


class Factors(NamedTuple):
    """How many times more probable tokens are than the law says, before normalisation.

    `likeliest` is that of each of the M likeliest tokens of each draw's row, shape (n, M), `rest`
    that of all others, shape (n,).
    """

    likeliest: FloatArray
    rest: FloatArray


@dataclass(frozen=True, eq=False)
class Hypothesis:
    r"""A law and the draws that it may have made; each quantity is computed once, when asked for.

    The law may be bent token by token. With p the law's probabilities and g the factors,

    .. math:: q_i(j) = \frac{g_i(j) \, p_i(j)}{1 + \sum_k p_i(k) (g_i(k) - 1)}

    Sums over draws are sums over *cells*, draws of the same probabilities: c = R rows, or, with
    factors, c = n draws.

    Attributes
    ----------
    evidence : Evidence
        n draws from R rows.
    law : SamplingLaw
        What they would follow.
    slack : float
        By how many nats log-probabilities may miss those that were sampled from.
    factors : Factors, optional
        How the law is bent.
    stretch : (R,) array, optional
        How many times larger β is in a row than the law's.
    ends : (R,) array, optional
        How many of the likeliest tokens are kept, where the law does not say it.
    free_temperature : bool
        Whether the temperature was fitted to these draws.
    """

    evidence: Evidence
    law: SamplingLaw
    slack: float = 0.0
    factors: Factors | None = None
    stretch: FloatArray | None = None
    ends: FloatArray | None = None
    free_temperature: bool = False

    @property
    def beta(self) -> float:
        """1/t, as far as draws tell it from infinity."""
        return min(self.law.beta, _LARGEST_BETA)

    @cached_property
    def scaled(self) -> Evidence:
        """The draws with the energies of each row stretched, for one β to hold in all."""
        if self.stretch is None or (self.stretch == 1).all():
            return self.evidence
        levels = self.evidence.levels
        energies = levels.energies * np.repeat(self.stretch, np.diff(levels.starts))
        return replace(
            self.evidence,
            levels=TokenLevels(levels.starts, energies, levels.counts),
            energies=self.evidence.energies * self.stretch[self.evidence.rows],
        )

    @cached_property
    def gaps(self) -> FloatArray:
        """The energies of the M likeliest tokens, inf where there are fewer, shape (R, M)."""
        gaps = self.evidence.record.gaps
        return gaps if self.stretch is None else gaps * self.stretch[:, None]

    @cached_property
    def finite_gaps(self) -> FloatArray:
        """The same, with 0 where there are fewer."""
        return np.where(np.isfinite(self.gaps), self.gaps, 0.0)

    @cached_property
    def kept(self) -> FloatArray:
        """How many of the likeliest tokens of each row the law keeps, shape (R,)."""
        if self.ends is not None:
            return np.minimum(self.ends, self.evidence.condition_counts)
        return kept_counts(self.scaled, self.law)

    @cached_property
    def kept_at_most(self) -> FloatArray:
        """How many it might keep within the slack, shape (R,)."""
        if self.slack == 0 or self.ends is not None:
            return self.kept
        return kept_counts(self.scaled, self.law, self.slack)

    @cached_property
    def may_leave_lists(self) -> NDArray[np.bool_]:
        """Whether the law may keep tokens that a row does not list, shape (R,)."""
        evidence = self.evidence
        law = self.law
        listed = np.minimum(evidence.levels.sizes, evidence.top)  # (R,)
        kept = np.ones(listed.size)
        if self.ends is not None:
            kept = self.ends
        elif not law.truncated or np.isinf(law.temperature):
            kept = listed
        elif law.temperature > 0:
            most = unlisted_before_top_p(evidence, law).most
            unconditioned = replace(evidence, certain_counts=None)
            kept = kept_counts(unconditioned, law, self.slack, unlisted=most)
        if law.temperature == 0:
            return ~evidence.whole_known
        return (kept >= listed) | ~evidence.whole_known

    @cached_property
    def moments(self) -> Moments:
        """Moments of the tokens kept, without factors, at a temperature that is not 0."""
        return self.scaled.levels.moments(self.beta, self.kept)

    @cached_property
    def log_likelihood(self) -> float:
        """The log-probability of all draws; -inf if the law forbids one by more than the slack.

        That a draw is not in its list tells only whether the law can leave the list at all.
        """
        outside = self.evidence.record.outside_rows
        if outside.size and not self.may_leave_lists[outside].all():
            return -np.inf
        return self.log_likelihood_of_listed

    @cached_property
    def log_likelihood_of_listed(self) -> float:
        """The log-probability of the draws that are in their lists, given that they are."""
        if self.evidence.forbidden:
            return -np.inf
        if self.law.beta == np.inf:
            return self._log_likelihood_of_the_likeliest()
        value = self._log_likelihood_without_factors()
        if self.factors is None or value == -np.inf:
            return value
        with np.errstate(divide="ignore"):
            return value + float((np.log(self._own_factor) - np.log(self._norm)).sum())

    def _log_likelihood_of_the_likeliest(self) -> float:
        """Return the log-likelihood at t = 0, where tokens within the slack of the first share."""
        evidence = self.evidence
        if (evidence.highest_energies > self.slack).any():
            return -np.inf
        ties = evidence.levels.count_below(self.slack)  # (R,)
        return -float((evidence.weights * np.log(ties)).sum())

    def _log_likelihood_without_factors(self) -> float:
        """Return the log-likelihood of the law itself, its cutoff being soft by the slack."""
        evidence = self.scaled
        log_z = self.moments.log_partition
        value = float(-self.beta * evidence.total_energy - (evidence.weights * log_z).sum())
        if (evidence.highest_ranks < self.kept).all():
            return value

        # Of equal tokens at the cutoff those that were drawn may be the ones that are kept.
        behind = evidence.least_ranks >= self.kept[evidence.rows]  # (n,)
        if not behind.any():
            return value
        reach = self._reach  # (R,)
        if (evidence.energies > reach[evidence.rows])[behind].any():
            return -np.inf
        wide = np.maximum(evidence.levels.count_below(reach), self.kept)
        wide = np.minimum(wide, evidence.condition_counts)
        beyond = evidence.levels.moments(self.beta, wide).log_partition - log_z
        return value + log_weight_behind(int(behind.sum()), evidence.weights, np.expm1(beyond))

    @cached_property
    def _reach(self) -> FloatArray:
        """The energy up to which a token may have been kept, shape (R,)."""
        reach = self.scaled.levels.cutoff_energies(self.kept_at_most) + self.slack
        reach[self.kept_at_most >= HEAD] += 2 / FINE  # gathered tokens are known to their level
        return reach

    @cached_property
    def likeliest(self) -> FloatArray:
        """The law's probabilities of the M likeliest tokens, without factors, shape (R, M)."""
        p = -self.beta * self.gaps  # (R, M), which is large: what follows is done in place
        p -= self.moments.log_partition[:, None]
        np.minimum(np.exp(p, out=p), 1.0, out=p)
        p[np.arange(p.shape[1]) >= self.kept[:, None]] = 0.0
        return p

    @cached_property
    def cells(self) -> IntArray:
        """The cell of each draw, shape (n,)."""
        return self.evidence.rows if self.factors is None else np.arange(self.evidence.draws)

    @cached_property
    def cell_rows(self) -> IntArray:
        """The row of each cell, shape (c,)."""
        levels = self.evidence.levels
        return np.arange(levels.rows) if self.factors is None else self.evidence.rows

    @cached_property
    def cell_draws(self) -> FloatArray:
        """How many draws each cell holds, shape (c,)."""
        return self.evidence.weights if self.factors is None else np.ones(self.evidence.draws)

    @cached_property
    def probabilities(self) -> FloatArray:
        """Those of the M likeliest tokens, shape (c, M)."""
        if self.factors is None:
            return self.likeliest
        return self._bent / self._norm[:, None]

    @cached_property
    def _bent(self) -> FloatArray:
        assert self.factors is not None
        return self.likeliest[self.evidence.rows] * self.factors.likeliest  # (n, M)

    @cached_property
    def _norm(self) -> FloatArray:
        """The sum of all probabilities times their factors, shape (n,)."""
        assert self.factors is not None
        beyond = np.maximum(1 - self.likeliest.sum(axis=1), 0.0)[self.evidence.rows]  # (n,)
        return np.asarray(self._bent.sum(axis=1) + beyond * self.factors.rest)

    @cached_property
    def norm(self) -> FloatArray:
        """How many times more probable all tokens together became by the factors, shape (n,)."""
        return np.ones(self.evidence.draws) if self.factors is None else self._norm

    @cached_property
    def positions(self) -> tuple[IntArray, NDArray[np.bool_]]:
        """Where each draw stands among the M likeliest, and whether it is one, shape (n,) each."""
        most = self.gaps.shape[1]
        return np.minimum(self.evidence.ranks, most - 1), self.evidence.ranks < most

    @cached_property
    def _own_factor(self) -> FloatArray:
        assert self.factors is not None
        position, inside = self.positions
        own = self.factors.likeliest[np.arange(position.size), position]
        return np.where(inside, own, self.factors.rest)

    @cached_property
    def mean_energy(self) -> FloatArray:
        """⟨E⟩ of each cell, shape (c,)."""
        return self._moment(self.moments.mean, self.finite_gaps)

    @cached_property
    def variance(self) -> FloatArray:
        """Var(E) of each cell, shape (c,)."""
        if self.factors is None:
            return self.moments.variance
        second = self.moments.variance + self.moments.mean**2  # (R,)
        return np.maximum(self._moment(second, self.finite_gaps**2) - self.mean_energy**2, 0.0)

    def _moment(self, law: FloatArray, values: FloatArray) -> FloatArray:
        """Return the mean of something, the law's being (R,), from its values (R, M)."""
        if self.factors is None:
            return law
        rows = self.evidence.rows
        beyond = (law - (self.likeliest * values).sum(axis=1))[rows]  # (n,)
        bent = (self._bent * values[rows]).sum(axis=1)  # (n,)
        return np.asarray((bent + beyond * self.factors.rest) / self._norm)

    @cached_property
    def energy_scores(self) -> FloatArray:
        """⟨E⟩ - E of each draw, shape (n,)."""
        return self.mean_energy[self.cells] - self.scaled.energies

    @cached_property
    def information(self) -> float:
        """Σ Var(E) over all draws."""
        return float((self.cell_draws * self.variance).sum())

    @cached_property
    def cdf_steps(self) -> tuple[FloatArray, FloatArray]:
        """F(x⁻) and p(x) of each draw, the likeliest token first, shape (n,) each."""
        before, own = self.scaled.cdf_steps(self.beta, self.kept)
        if self.factors is None:
            return before, own
        ranks = np.arange(self.gaps.shape[1])
        earlier = ranks < self.evidence.ranks[:, None]  # (n, M)
        head = np.where(earlier, self.likeliest[self.evidence.rows], 0.0).sum(axis=1)
        bent = np.where(earlier, self._bent, 0.0).sum(axis=1)
        before = (bent + np.maximum(before - head, 0.0) * self.factors.rest) / self._norm
        return before, own * self._own_factor / self._norm

    @cached_property
    def uniforms(self) -> FloatArray:
        """F(x⁻) + V p(x) of each draw, V uniform, shape (n,): uniform if the law is true."""
        before, own = self.cdf_steps
        return np.clip(before + self.evidence.shares * own, 0.0, 1.0)

    @cached_property
    def midpoints(self) -> FloatArray:
        """F(x⁻) + p(x)/2, shape (n,): not uniform, but equal for draws that share their noise."""
        before, own = self.cdf_steps
        return np.clip(before + 0.5 * own, 0.0, 1.0)
