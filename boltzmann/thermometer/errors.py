"""The standard error of a reading, if draws are independent and if only groups of them are."""

from typing import NamedTuple

import numpy as np

from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.fitting import slope


class BetaErrors(NamedTuple):
    """Standard errors of β, the second nan without groups, and the heat capacity C of one draw."""

    naive: float
    clustered: float
    heat_capacity: float


def errors_of_beta(evidence: Evidence, beta: float) -> BetaErrors:
    r"""Return the errors of the likeliest β.

    With the score s_g = Σ(⟨E⟩ - E_x) of the draws of each of G groups, the clustered one is

    .. math:: \mathrm{SE}(\beta) = \sqrt{\tfrac{G}{G - 1} \textstyle\sum_g s_g^2} \Big/
              \textstyle\sum_i \operatorname{Var}_i(E)
    """
    if not np.isfinite(beta):
        return BetaErrors(np.inf if np.isnan(beta) else 0.0, np.nan, 0.0)
    information = slope(evidence, beta, evidence.condition_counts).information
    heat = beta**2 * information / evidence.draws
    naive = naive_error(evidence, beta)
    if evidence.groups is None:
        return BetaErrors(naive, np.nan, heat)

    moments = evidence.levels.moments(beta, evidence.condition_counts)
    scores = moments.mean[evidence.rows] - evidence.energies  # (n,)
    sums = np.bincount(evidence.groups, weights=scores)  # (groups,)
    spread = np.sqrt(sums.size / (sums.size - 1) * (sums @ sums))
    clustered = float(spread / information) if information > 0 else np.inf
    return BetaErrors(naive, clustered, heat)


def naive_error(evidence: Evidence, beta: float) -> float:
    """Return the standard error of β if draws are independent."""
    if not np.isfinite(beta):
        return np.inf if np.isnan(beta) else 0.0
    information = slope(evidence, beta, evidence.condition_counts).information
    return float(1 / np.sqrt(information)) if information > 0 else np.inf


def as_error(beta: float, error: float) -> float:
    """Return the standard error of 1/β."""
    if np.isinf(beta):
        return 0.0
    return np.inf if beta == 0 else float(error / beta**2)
