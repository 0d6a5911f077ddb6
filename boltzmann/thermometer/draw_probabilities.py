"""The probability of each draw under a law, and ratios between two laws, draw by draw."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.kernels import FINE, HEAD

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DrawProbabilities:
    """Log-probabilities of draws under a law.

    Log-probabilities that are a little off leave the edge of a truncation in doubt. A ratio q/p has
    an expectation of at most 1 under p wherever the edges really are, if p is taken over the tokens
    that it certainly keeps, draws between these and its edge count for nothing, and q is taken over
    all that it may keep.

    Attributes
    ----------
    hypothesis : Hypothesis
        The law, and n draws from R rows.
    claimed : bool
        Whether it is p; otherwise it is q. Which of several likeliest tokens is taken at t = 0, p
        knows; q takes each as often.
    """

    hypothesis: Hypothesis
    claimed: bool = False

    @property
    def greedy(self) -> bool:
        """Whether the law is that of t = 0."""
        return self.hypothesis.law.beta == np.inf

    @cached_property
    def _kept_at_most(self) -> FloatArray:
        """How many of the likeliest tokens of each row it may keep, shape (R,)."""
        if self.greedy:
            return self.hypothesis.evidence.levels.count_below(self.hypothesis.slack)
        return self.hypothesis.kept_at_most

    @cached_property
    def kept(self) -> FloatArray:
        """How many have a probability, shape (R,)."""
        if self.greedy or not self.claimed:
            return self._kept_at_most
        return self.hypothesis.kept

    @cached_property
    def outside(self) -> BoolArray:
        """Whether each draw lies beyond the tokens kept, shape (n,)."""
        evidence = self.hypothesis.evidence
        if self.greedy:
            return evidence.energies > self.hypothesis.slack
        return evidence.ranks >= self.kept[evidence.rows]

    @cached_property
    def impossible(self) -> BoolArray:
        """Whether each lies beyond them by more than the slack, shape (n,)."""
        evidence = self.hypothesis.evidence
        if self.greedy or not self.outside.any():
            return self.outside
        most = self._kept_at_most  # (R,)
        reach = evidence.levels.cutoff_energies(most) + self.hypothesis.slack  # (R,)
        reach[most >= HEAD] += 2 / FINE  # gathered tokens are known to their level
        beyond = evidence.ranks >= most[evidence.rows]
        return beyond & (evidence.energies > reach[evidence.rows])

    @cached_property
    def logs(self) -> FloatArray:
        """The log-probability of each draw, shape (n,); -inf outside."""
        evidence = self.hypothesis.evidence
        beta = self.hypothesis.law.beta
        if self.greedy:
            ties = np.ones_like(self.kept) if self.claimed else self.kept  # (R,)
            found = -np.log(ties)[evidence.rows]
        else:
            log_z = evidence.levels.moments(beta, self.kept).log_partition  # (R,)
            found = -beta * evidence.energies - log_z[evidence.rows]
        return np.where(self.outside, -np.inf, found)

    def log_ratio_to(self, claimed: "DrawProbabilities") -> FloatArray:
        """Return log(q/p) of each draw, shape (n,); 0 outside of p."""
        ratios = np.zeros(self.outside.size)
        counted = ~claimed.outside
        ratios[counted] = self.logs[counted] - claimed.logs[counted]
        return ratios
