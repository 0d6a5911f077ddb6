"""A temperature that rises or falls with the entropy of the distribution.

References
----------
.. [1] arXiv:2403.14541 (2024): entropy-based dynamic temperature.
"""

from dataclasses import replace

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.faults import FaultHypothesis
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.token_faults.search import IMPOSSIBLE, cost_of

_COLDEST, _HOTTEST = 0.02, 20.0
_CLOSE = 1e-3  # of the temperature
_STEEPEST = 0.6  # of the temperature, for one standard deviation of the entropy


def entropy_dependent(claimed: Hypothesis) -> list[FaultHypothesis]:
    """Return t = a + b h with the likeliest numbers: both, and b with the temperature claimed.

    h is the entropy of a row at t = 1, less its mean, in standard deviations.
    """
    evidence = claimed.evidence
    of_draws = evidence.entropy[evidence.rows]  # (n,)
    spread = of_draws.std()
    if spread < 1e-9:
        return []
    heights = (evidence.entropy - of_draws.mean()) / spread  # (R,)
    t = claimed.law.temperature

    both = _Search(claimed, heights)
    minimize(
        lambda numbers: both.cost(*numbers),
        [t, 0.05 * t],
        method="Nelder-Mead",
        options={
            "xatol": _CLOSE * t,
            "fatol": 0.01,
            "initial_simplex": [[t, 0.0], [1.1 * t, 0.0], [t, 0.1 * t]],
        },
    )
    alone = _Search(claimed, heights)
    minimize_scalar(
        lambda slope: alone.cost(t, slope),
        bounds=(-_STEEPEST * t, _STEEPEST * t),
        method="bounded",
        options={"xatol": _CLOSE * t},
    )
    return [_fault(both.likeliest, 2), _fault(alone.likeliest, 1)]


class _Search:
    """The likeliest of the laws that were tried: its sums over levels are made once."""

    def __init__(self, claimed: Hypothesis, heights: FloatArray) -> None:
        self.likeliest = claimed
        self._claimed = claimed
        self._heights = heights  # (R,)
        self._least = np.inf

    def cost(self, mean: float, slope: float) -> float:
        """Return the cost of this temperature at the mean entropy, and this slope."""
        if not _COLDEST < mean < _HOTTEST:
            return IMPOSSIBLE
        temperatures = np.maximum(mean + slope * self._heights, _COLDEST)  # (R,)
        law = replace(self._claimed.law, temperature=float(mean))
        stretch = mean / temperatures if slope else np.ones(temperatures.size)
        hypothesis = replace(self._claimed, law=law, stretch=stretch, free_temperature=True)
        found = cost_of(hypothesis)
        if found < self._least:
            self._least = found
            self.likeliest = hypothesis
        return found


def _fault(hypothesis: Hypothesis, fitted: int) -> FaultHypothesis:
    assert hypothesis.stretch is not None
    of_draws = hypothesis.law.temperature / hypothesis.stretch[hypothesis.evidence.rows]
    low, high = np.quantile(of_draws, [0.05, 0.95])
    note = f"t from {low:.2g} to {high:.2g} with the entropy of the list"
    return FaultHypothesis("entropy_dependent", hypothesis, fitted, note)
