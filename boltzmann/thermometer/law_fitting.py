"""The likeliest temperature and truncation of a law."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.fitting import as_t, fit_beta
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.truncation import TIGHTEST, Cutoff, kept_counts

_IMPOSSIBLE = 1e15  # the cost of a law that forbids a draw: finite, for the minimisation


def fit_temperature(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law at its likeliest temperature."""
    if law.temperature_first and law.by_probability:
        return _search(evidence, lambda t: replace(law, temperature=t))
    start = law.beta if np.isfinite(law.beta) else 1.0
    beta = fit_beta(evidence, kept_counts(evidence, law), start)
    return replace(law, temperature=as_t(beta))


def fit_with_cutoff(evidence: Evidence, law: SamplingLaw, cutoff: Cutoff) -> SamplingLaw:
    """Return the law at its likeliest temperature and cutoff, both free."""
    if cutoff == "min_p" and law.top_p is None:
        # The same law, written so that the cutoff does not move with the temperature.
        law = replace(law, temperature_first=False)
    if law.temperature_first and (cutoff == "top_p" or law.by_probability):
        return _search(evidence, lambda t: TIGHTEST[cutoff](evidence, replace(law, temperature=t)))
    return fit_temperature(evidence, TIGHTEST[cutoff](evidence, law))


def _search(evidence: Evidence, law_at: Callable[[float], SamplingLaw]) -> SamplingLaw:
    """Return the likeliest of laws whose truncation moves with the temperature.

    Taken for untruncated, draws look colder than they are: the search need not go far the other
    way.
    """
    beta = fit_beta(evidence, evidence.condition_counts)
    if not 0 < beta < np.inf:
        return law_at(as_t(beta))

    def cost(log_beta: float) -> float:
        law = law_at(float(np.exp(-log_beta)))
        return min(-Hypothesis(evidence, law).log_likelihood, _IMPOSSIBLE)

    grid = np.log(beta) + np.linspace(-1.6, 0.3, 20)
    best = grid[np.argmin([cost(point) for point in grid])]
    around = (best - 0.1, best + 0.1)
    found = minimize_scalar(cost, bounds=around, method="bounded", options={"xatol": 1e-3})
    return law_at(float(np.exp(-found.x)))
