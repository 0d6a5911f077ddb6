"""How many more draws make a wrong temperature stand out."""

import numpy as np

from boltzmann.thermometer.hypothesis import Hypothesis

# Standard deviations by which a temperature off by the resolution is to stand out: 95 %.
_POWER = 1.645
_ROUNDING = 1e-12  # nats a draw that sums of logarithms may be off by


# Draws expected beside the likeliest tokens, below which a temperature cannot be told from 0.
_FEWEST_OTHERS = 0.05


def only_likeliest_come(claimed: Hypothesis) -> bool:
    """Whether no draw but of the likeliest token, or one within the slack, is to be expected."""
    levels = claimed.evidence.levels
    log_z = levels.moments(claimed.beta, claimed.evidence.condition_counts).log_partition  # (R,)
    ties = levels.count_below(claimed.slack)  # (R,), each of a weight of at most 1
    others = -np.expm1(np.minimum(np.log(ties) - log_z, 0.0))
    return float((claimed.evidence.weights * others).sum()) < _FEWEST_OTHERS


def draws_needed(claimed: Hypothesis, resolution: float, effect: float, threshold: float) -> float:
    r"""Return how many more draws show a temperature off by the resolution, 0 if these do.

    Were it t', the expected log-likelihood ratio would be

    .. math:: \sum_i (\beta - \beta') \langle E \rangle_i' + \log Z_i - \log Z_i'

    `effect` is the draws' design effect, `threshold` the ratio that is significant.
    """
    if claimed.law.beta == np.inf:
        known = _expected_of_zero(claimed, resolution)
        needed = np.log(20)
    else:
        known = _expected_ratio(claimed, resolution) / effect
        needed = (np.sqrt(2 * threshold) + _POWER) ** 2 / 2

    if known >= needed:
        return 0.0
    if known <= _ROUNDING * claimed.evidence.draws:
        return np.inf
    return float(np.ceil(claimed.evidence.draws * (needed / known - 1)))


def _expected_of_zero(claimed: Hypothesis, resolution: float) -> float:
    """Return the ratio of all draws being the likeliest, at t = 0 and at t = `resolution`."""
    evidence = claimed.evidence
    warm = evidence.levels.moments(1 / resolution, evidence.condition_counts)
    ties = np.log(evidence.levels.count_below(0.0))
    return float((evidence.weights * (warm.log_partition - ties)).sum())


def _expected_ratio(claimed: Hypothesis, resolution: float) -> float:
    """Return the smaller of the ratios expected of a t' off by the resolution, to either side."""
    evidence = claimed.evidence
    beta = claimed.law.beta
    others = [beta / (1 + resolution), beta / (1 - resolution)] if beta else [resolution]
    ratios = []
    for other in others:
        moments = evidence.levels.moments(other, claimed.kept)
        gain = (beta - other) * moments.mean
        gain = gain + claimed.moments.log_partition - moments.log_partition
        ratios.append(float((evidence.weights * gain).sum()))
    return min(ratios)
