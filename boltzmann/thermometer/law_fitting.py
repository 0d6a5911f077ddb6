"""The likeliest temperature and truncation of a law."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize_scalar

from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.fitting import as_t, fit_beta, log_likelihood
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.orders import Cutoff
from boltzmann.thermometer.truncation import TIGHTEST, kept_counts, tightest_top_p

_STEP = 0.1  # of log β, between points of the grid
_HOTTER = 16  # steps to this side of the likeliest β without a truncation ...
_COLDER = 3  # ... and to the other
_IMPOSSIBLE = 1e15  # the cost of a law that forbids a draw: finite, for the minimisation


@dataclass(frozen=True, eq=False)
class LawFitter:
    """Fits laws to draws; what several fits need is computed once.

    Attributes
    ----------
    evidence : Evidence
        The draws.
    near : float
        A β near which the likeliest one without a truncation may be.
    """

    evidence: Evidence
    near: float = 1.0

    def at_any_temperature(self, law: SamplingLaw) -> SamplingLaw:
        """Return the law at its likeliest temperature."""
        if law.moves_with_temperature:
            return self._search(law)
        if not law.truncated:
            return replace(law, temperature=as_t(self._untruncated_beta))
        start = self._untruncated_beta if np.isfinite(self._untruncated_beta) else 1.0
        beta = fit_beta(self.evidence, kept_counts(self.evidence, law), start)
        return replace(law, temperature=as_t(beta))

    def with_cutoff(self, law: SamplingLaw, cutoff: Cutoff) -> SamplingLaw:
        """Return the law at its likeliest temperature and cutoff, both free."""
        if cutoff == "min_p" and law.top_p is None:
            # The same law, written so that the cutoff does not move with the temperature.
            law = replace(law, order=law.order.with_temperature("last"))
        if law.moves_with_temperature or (law.order.tempered(cutoff) and cutoff != "top_k"):
            return self._search(law, cutoff)
        return self.at_any_temperature(TIGHTEST[cutoff](self.evidence, law))

    def _search(self, law: SamplingLaw, cutoff: Cutoff | None = None) -> SamplingLaw:
        """Return the likeliest of laws whose truncation moves with the temperature.

        A `cutoff` that is named is as tight as draws allow, at each temperature.
        """

        def law_at(t: float) -> SamplingLaw:
            moved = replace(law, temperature=t)
            return moved if cutoff is None else TIGHTEST[cutoff](self.evidence, moved)

        def cost(log_beta: float) -> float:
            law = law_at(float(np.exp(-log_beta)))
            return min(-Hypothesis(self.evidence, law).log_likelihood_of_listed, _IMPOSSIBLE)

        if not 0 < self._untruncated_beta < np.inf:
            return law_at(as_t(self._untruncated_beta))
        best = self._best_of_grid(cost, self._bound_of_costs(law, cutoff))
        around = (best - _STEP, best + _STEP)
        if best == self._grid[0] and cost(around[0]) == _IMPOSSIBLE:
            return law_at(float(np.exp(-best)))
        found = minimize_scalar(cost, bounds=around, method="bounded", options={"xatol": 1e-3})
        return law_at(float(np.exp(-found.x)))

    @cached_property
    def _untruncated_beta(self) -> float:
        """The likeliest β without a truncation."""
        return fit_beta(self.evidence, self.evidence.condition_counts, self.near)

    @cached_property
    def _grid(self) -> list[float]:
        """Where a search begins: log β, ascending.

        Taken for untruncated, draws look colder than they are: it need not go far the other way.
        """
        steps = range(-_HOTTER, _COLDER + 1)
        return [float(np.log(self._untruncated_beta) + _STEP * step) for step in steps]

    def _bound_of_costs(self, law: SamplingLaw, cutoff: Cutoff | None) -> Callable[[int], float]:
        r"""Return a lower bound of the costs in a search, by the place in the grid: it is convex.

        Of the tokens that other truncations leave in a row, top_p keeps at least the share p:

        .. math:: \log Z_\text{kept} \ge \log Z_\text{left} + \log p

        Over the grid both are least at its ends. The colder, the fewer tokens are left; the hotter,
        the less probable are those that draws ask for, and the smaller is the tightest top_p. Nor
        is Z less than that of the tokens which draws ask of every law.
        """
        evidence = self.evidence
        hottest, coldest = (
            replace(law, temperature=float(np.exp(-self._grid[end]))) for end in (0, -1)
        )
        others = replace(coldest, top_p=None)
        if cutoff is not None and cutoff != "top_p":
            others = TIGHTEST[cutoff](evidence, others)
        left = kept_counts(evidence, others)  # (R,)
        share = tightest_top_p(evidence, hottest).top_p if cutoff == "top_p" else law.top_p
        gain = -evidence.draws * float(np.log(share or 1.0))

        def bound(k: int) -> float:
            beta = float(np.exp(self._grid[k]))
            of_share = log_likelihood(evidence, beta, left) + gain
            of_draws = log_likelihood(evidence, beta, evidence.least_kept)
            return -min(of_share, of_draws)

        return bound

    @staticmethod
    def _lowest(bound: Callable[[int], float]) -> int:
        """Return the point of the grid where the bound is lowest.

        With fewer tokens to normalise by, it is hotter than the likeliest without a truncation.
        """
        k = _HOTTER
        while k > 0 and bound(k - 1) <= bound(k):
            k -= 1
        return k

    def _best_of_grid(self, cost: Callable[[float], float], bound: Callable[[int], float]) -> float:
        """Return the point of least cost, without trying points that cannot have it.

        These are points where a lower bound exceeds a cost that was found, and points colder than
        one that forbids a draw: the colder, the fewer tokens are kept. That is so in every order.
        Each truncation keeps the likeliest tokens of those that are left: fewer of fewer, and of
        the same as many or, where it is taken at t, fewer if it is colder.
        """
        grid = self._grid
        best = self._lowest(bound)
        least = cost(grid[best])
        colder = range(best + 1, len(grid))
        if least == _IMPOSSIBLE:
            possible = bisect_left(grid[:best], 1, key=lambda point: cost(point) == _IMPOSSIBLE)
            best = max(possible - 1, 0)
            least = cost(grid[best])
            colder = range(0)

        for points in (range(best - 1, -1, -1), colder):
            for k in points:
                if bound(k) > least:
                    break
                found = cost(grid[k])
                if found < least:
                    best = k
                    least = found
        return grid[best]
