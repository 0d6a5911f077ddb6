"""A sampling law held against draws."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.fitting import log_likelihood
from boltzmann.thermometer.kernels import FINE, HEAD
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.token_levels import Moments
from boltzmann.thermometer.truncation import kept_counts


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """A law and the draws that it may have made; each quantity is computed once, when asked for.

    Attributes
    ----------
    evidence : Evidence
        n draws from R rows.
    law : SamplingLaw
        What they would follow.
    slack : float
        By how many nats log-probabilities may miss those that were sampled from.
    """

    evidence: Evidence
    law: SamplingLaw
    slack: float = 0.0

    @cached_property
    def kept(self) -> FloatArray:
        """How many of the likeliest tokens of each row the law keeps, shape (R,)."""
        return kept_counts(self.evidence, self.law)

    @cached_property
    def kept_at_most(self) -> FloatArray:
        """How many it might keep within the slack, shape (R,)."""
        if self.slack == 0:
            return self.kept
        return kept_counts(self.evidence, self.law, self.slack)

    @cached_property
    def moments(self) -> Moments:
        """Moments of the tokens kept, at the law's temperature, which is not 0."""
        return self.evidence.levels.moments(self.law.beta, self.kept)

    @cached_property
    def log_likelihood(self) -> float:
        """The log-probability of all draws; -inf if the law forbids one by more than the slack."""
        if self.evidence.forbidden:
            return -np.inf
        if self.law.beta == np.inf:
            return self._log_likelihood_of_the_likeliest()
        if self._forbids():
            return -np.inf
        return log_likelihood(self.evidence, self.law.beta, self.kept)

    def _log_likelihood_of_the_likeliest(self) -> float:
        """Return the log-likelihood at t = 0, where tokens within the slack of the first share."""
        evidence = self.evidence
        if (evidence.highest_energies > self.slack).any():
            return -np.inf
        ties = evidence.levels.count_below(self.slack)  # (R,)
        return -float((evidence.weights * np.log(ties)).sum())

    def _forbids(self) -> bool:
        """Whether a draw lies beyond the tokens that are kept, and beyond the slack as well."""
        ranks = self.evidence.highest_ranks
        if (ranks < self.kept).all():
            return False
        outside = ranks >= self.kept_at_most  # (R,)
        if not outside.any():
            return False
        reach = self.evidence.levels.cutoff_energies(self.kept_at_most) + self.slack  # (R,)
        reach[self.kept_at_most >= HEAD] += 2 / FINE  # gathered tokens are known to their level
        return bool((self.evidence.highest_energies > reach)[outside].any())

    @cached_property
    def cdf_steps(self) -> tuple[FloatArray, FloatArray]:
        """F(x⁻) and p(x) of each draw, shape (n,) each."""
        return self.evidence.cdf_steps(self.law.beta, self.kept)

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
