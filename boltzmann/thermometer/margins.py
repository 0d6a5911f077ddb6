r"""What must be refuted before a claim holds: laws off by the resolution.

A law q is refuted at an error of ε when the product of all p/q reaches 1/ε, p being the claim [1]_:
if q were true, that would ever happen with a probability of at most ε, by Ville's inequality.

Temperatures beyond are refuted with it. Let β' be that of q, :math:`d = \beta' - \beta`, and let
the truth β'' be further on the same side. With f = log Z, which is convex, the expectation of a
factor p/q is

.. math:: \exp\left\{\left[f(\beta') - f(\beta' - d)\right]
                   - \left[f(\beta'') - f(\beta'' - d)\right]\right\} \le 1

as the increment of f over a step rises with β, and d is positive if β'' > β', negative if β'' < β'.

References
----------
.. [1] A. Wald, Ann. Math. Stat. 16, 117 (1945).
"""

from dataclasses import replace

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.draw_probabilities import BoolArray, DrawProbabilities
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw

MISSES = 0.05
_HIDDEN_TOP_P = 0.95  # and any that cuts off more
_LEAST_CUT = 0.01  # probability that it cuts off on average: where it is less, hardly any shows


class Margins:
    """Temperatures off by the resolution to either side, and a hidden top_p, held against a claim.

    Parameters
    ----------
    claim : SamplingLaw
        The claim.
    resolution : float
        By what part of itself the temperature claimed is off; of a claimed 0, by how much.
    misses : float
        ε.

    Attributes
    ----------
    draws : int
        How many were added.
    cleared_at : int or None
        After how many draws all were refuted: the hidden top_p only where it cuts off at least
        0.01 on average.

    Notes
    -----
    At t = 0 no truncation shows.
    """

    def __init__(self, claim: SamplingLaw, resolution: float, misses: float = MISSES):
        self.draws = 0
        self.cleared_at: int | None = None
        self._claim = claim
        self._betas = _betas_beside(claim.beta, resolution)
        self._paths = [_Path(-np.log(misses)) for _ in self._betas]
        self._hidden = _Path(-np.log(misses))
        self._cut = 0.0  # the sum of the probabilities that the hidden top_p cut off

    def add(self, claimed: DrawProbabilities) -> None:
        """Add draws, as the claim sees them."""
        cleared = np.ones(claimed.outside.size, dtype=bool)  # (n,)
        for beta, path in zip(self._betas, self._paths, strict=True):
            cleared &= path.refuted(_log_ratio_to(claimed, beta))
        if self._claim.temperature > 0:
            cleared &= self._cleared_of_top_p(claimed)

        if self.cleared_at is None and cleared.any():
            self.cleared_at = self.draws + int(np.argmax(cleared)) + 1
        self.draws += cleared.size

    def _cleared_of_top_p(self, claimed: DrawProbabilities) -> BoolArray:
        """Return whether the hidden top_p is refuted, or shows too little, by each draw, (n,)."""
        hypothesis = claimed.hypothesis
        law = replace(self._claim, top_p=min(self._claim.top_p or 1.0, _HIDDEN_TOP_P))
        hidden = DrawProbabilities(Hypothesis(hypothesis.evidence, law, hypothesis.slack))
        refuted = self._hidden.refuted(-hidden.log_ratio_to(claimed))

        kept = hypothesis.evidence.levels.moments(law.beta, hidden.kept).log_partition  # (R,)
        cut = -np.expm1(np.minimum(kept - hypothesis.moments.log_partition, 0.0))  # (R,)
        total = self._cut + np.cumsum(cut[hypothesis.evidence.rows])  # (n,)
        self._cut = float(total[-1]) if total.size else self._cut
        shown = total >= _LEAST_CUT * (self.draws + np.arange(1, total.size + 1))
        return refuted | ~shown


class _Path:
    """The log-likelihood ratio of the claim to one law, and whether it ever reached a threshold."""

    def __init__(self, threshold: float):
        self._threshold = threshold
        self._value = 0.0
        self._reached = False

    def refuted(self, steps: FloatArray) -> BoolArray:
        """Add steps, (n,), and return whether the threshold was reached by each, (n,)."""
        if not steps.size:
            return np.zeros(0, dtype=bool)
        values = self._value + np.cumsum(steps)
        reached = self._reached | np.logical_or.accumulate(values >= self._threshold)
        self._value = float(values[-1])
        self._reached = bool(reached[-1])
        return reached


def _betas_beside(beta: float, resolution: float) -> list[float]:
    """Return the β of temperatures off by the resolution; none is colder than a claimed 0."""
    if beta == np.inf:
        return [1 / resolution]
    colder = [beta / (1 - resolution)] if resolution < 1 else []
    return [beta / (1 + resolution), *colder]


def _log_ratio_to(claimed: DrawProbabilities, beta: float) -> FloatArray:
    """Return the log-ratio of a claim to the same tokens at another β, shape (n,); 0 outside."""
    evidence = claimed.hypothesis.evidence
    if claimed.greedy:  # that one of the tied tokens was drawn, to which the rival gives ties / Z
        log_z = evidence.levels.moments(beta, evidence.condition_counts).log_partition  # (R,)
        ratios = (log_z - np.log(claimed.kept))[evidence.rows]
    else:
        log_z = evidence.levels.moments(beta, claimed.kept).log_partition  # (R,)
        rival = -beta * evidence.energies - log_z[evidence.rows]
        ratios = claimed.logs - rival
    return np.where(claimed.outside, 0.0, ratios)
