"""Readings from the likeliest tokens alone, which differ where a truncation is hidden."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from boltzmann.thermometer.errors import as_error, naive_error
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.fitting import as_t, fit_beta, slope

_TOPS = (2, 5, 20, 100)
_LEAST_HEAT = 25.0  # n C of tokens between two m, above which their score is nearly normal


@dataclass(frozen=True)
class TopReading:
    """The temperature read from draws among the `top` likeliest tokens, on that condition.

    Attributes
    ----------
    top : float
        m; the last reading's is that of all tokens.
    temperature, standard_error : float
        Read from the draws among these.
    draws : int
        How many these were.

    See Also
    --------
    Reading : What `read` returns.
    """

    top: float
    temperature: float
    standard_error: float
    draws: int


def readings_by_top(evidence: Evidence, beta: float) -> tuple[tuple[TopReading, ...], float]:
    r"""Return the reading at several m, and the p-value of all being one.

    The score of the m' likeliest is that of the m likeliest plus one that is uncorrelated with it.
    What each m adds, over its standard deviation, is thus nearly a standard normal number, and
    their squares are chi-square with one degree of freedom less than there are, as β is fitted.
    """
    largest = min(evidence.levels.sizes.max(), evidence.top)
    start = beta if np.isfinite(beta) else 1.0
    readings = []
    scores = [0.0]
    informations = [0.0]
    for top in (*(m for m in _TOPS if m < largest), largest):
        inner = evidence.among_top(int(top)) if top < largest else evidence
        if inner.draws == 0:
            continue
        best = beta if inner is evidence else fit_beta(inner, inner.condition_counts, start)
        error = as_error(best, naive_error(inner, best))
        readings.append(TopReading(float(top), as_t(best), error, inner.draws))

        # An m that adds too little is taken together with the next.
        _, score, information, _ = slope(inner, start, inner.condition_counts)
        if start**2 * (information - informations[-1]) >= _LEAST_HEAT or inner is evidence:
            scores.append(score)
            informations.append(information)
    return tuple(readings), _constancy(beta, np.diff(scores), np.diff(informations))


def _constancy(beta: float, scores: np.ndarray, informations: np.ndarray) -> float:
    """Return the p-value of scores that have expectation 0 and these variances, β being fitted."""
    if not np.isfinite(beta):
        return 1.0
    enough = beta**2 * informations >= _LEAST_HEAT
    if enough.sum() < 2:
        return 1.0
    squares = scores[enough] ** 2 / informations[enough]
    return float(chdtrc(enough.sum() - 1, squares.sum()))
