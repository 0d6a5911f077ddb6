"""The likeliest temperature and truncation of a law."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize_scalar

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.fitting import as_t, fit_beta, log_likelihood
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.truncation import TIGHTEST, Cutoff, kept_counts

_IMPOSSIBLE = 1e15  # the cost of a law that forbids a draw: finite, for the minimisation


@dataclass(frozen=True, eq=False)
class LawFitter:
    """Fits laws to draws; what several fits need is computed once.

    Attributes
    ----------
    evidence : Evidence
        The draws.
    """

    evidence: Evidence

    def at_any_temperature(self, law: SamplingLaw) -> SamplingLaw:
        """Return the law at its likeliest temperature."""
        if law.temperature_first and law.by_probability:
            return self._search(lambda t: replace(law, temperature=t))
        start = law.beta if np.isfinite(law.beta) else 1.0
        beta = fit_beta(self.evidence, kept_counts(self.evidence, law), start)
        return replace(law, temperature=as_t(beta))

    def with_cutoff(self, law: SamplingLaw, cutoff: Cutoff) -> SamplingLaw:
        """Return the law at its likeliest temperature and cutoff, both free."""
        tightest = TIGHTEST[cutoff]
        if cutoff == "min_p" and law.top_p is None:
            # The same law, written so that the cutoff does not move with the temperature.
            law = replace(law, temperature_first=False)
        if law.temperature_first and (cutoff == "top_p" or law.by_probability):
            return self._search(lambda t: tightest(self.evidence, replace(law, temperature=t)))
        return self.at_any_temperature(tightest(self.evidence, law))

    def _search(self, law_at: Callable[[float], SamplingLaw]) -> SamplingLaw:
        """Return the likeliest of laws whose truncation moves with the temperature."""
        if not 0 < self._untruncated_beta < np.inf:
            return law_at(as_t(self._untruncated_beta))

        def cost(log_beta: float) -> float:
            law = law_at(float(np.exp(-log_beta)))
            return min(-Hypothesis(self.evidence, law).log_likelihood, _IMPOSSIBLE)

        best = self._best_of_grid(cost)
        around = (best - 0.1, best + 0.1)
        found = minimize_scalar(cost, bounds=around, method="bounded", options={"xatol": 1e-3})
        return law_at(float(np.exp(-found.x)))

    @cached_property
    def _untruncated_beta(self) -> float:
        """The likeliest β without a truncation."""
        return fit_beta(self.evidence, self.evidence.condition_counts)

    @cached_property
    def _grid(self) -> FloatArray:
        """Where a search begins: log β, ascending.

        Taken for untruncated, draws look colder than they are: it need not go far the other way.
        """
        grid: FloatArray = np.log(self._untruncated_beta) + np.linspace(-1.6, 0.3, 20)
        return grid

    @cached_property
    def _bounds(self) -> FloatArray:
        """A lower bound of the cost at each point of the grid, for all laws.

        Normalised by the tokens that every law keeps which allows the draws, these cost no more.
        """
        least = self.evidence.least_kept
        return np.array(
            [-log_likelihood(self.evidence, beta, least) for beta in np.exp(self._grid)]
        )

    def _best_of_grid(self, cost: Callable[[float], float]) -> float:
        """Return the point of least cost, without trying points that cannot have it.

        These are points whose lower bound is above a cost that was found, and points colder than
        one that forbids a draw: the colder, the fewer tokens are kept.
        """
        grid = self._grid
        possible = grid.size  # points from here on forbid a draw
        least = np.inf
        best = 0
        for k in np.argsort(self._bounds, kind="stable").tolist():
            if self._bounds[k] > least:
                break
            if k >= possible:
                continue
            found = cost(grid[k])
            if found >= _IMPOSSIBLE:
                possible = bisect_left(grid[:k], 1, key=lambda point: cost(point) >= _IMPOSSIBLE)
            elif (found, k) < (least, best):
                least = found
                best = k
        return float(grid[best])
