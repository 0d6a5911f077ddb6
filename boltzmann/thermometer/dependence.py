"""Tests that draws are independent, of their transforms to normal numbers."""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import fdtrc, ndtr, ndtri

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.token_levels import IntArray

# Standard deviations above which a lag's correlation counts, where some are correlated for certain.
_STRONG = 2.5
_FEWEST = 50  # products that an autocorrelation averages, for its noise to be nearly normal
_MEDIAN_OF_NORMAL = 0.6745  # of the absolute value, in standard deviations


@dataclass(frozen=True)
class Dependence:
    """A sign that draws depend on one another.

    Attributes
    ----------
    log_likelihood_ratio : float
        Of normal numbers that depend so against independent ones.
    p_value : float
        Of independence.
    design_effect : float
        How many times larger the variance of a mean is than that of independent draws; at least 1.

    See Also
    --------
    Diagnosis : What `diagnose` returns.
    """

    log_likelihood_ratio: float
    p_value: float
    design_effect: float


INDEPENDENT = Dependence(0.0, 1.0, 1.0)


def between_groups(uniform: FloatArray, groups: IntArray) -> Dependence:
    """Compare the spread of the groups' means with that inside the groups (Fisher's F)."""
    scores = normal_scores(uniform)  # (n,)
    sizes = np.bincount(groups).astype(np.float64)  # (groups,)
    means = np.bincount(groups, weights=scores) / sizes
    inside = float(((scores - means[groups]) ** 2).sum())
    outside = float((sizes * (means - scores.mean()) ** 2).sum())
    free_outside = sizes.size - 1
    free_inside = scores.size - sizes.size
    if free_inside < 1:
        return INDEPENDENT

    ratio = (outside / free_outside) / max(inside / free_inside, 1e-300)
    total = (outside + inside) / (scores.size - 1)
    effect = max(1.0, outside / free_outside / total)
    gain = 0.5 * free_outside * (ratio - 1 - np.log(ratio)) if ratio > 1 else 0.0
    return Dependence(float(gain), float(fdtrc(free_outside, free_inside, ratio)), float(effect))


def along_series(uniform: FloatArray, middles: FloatArray, significance: float) -> Dependence:
    """Test the autocorrelation at every lag: random numbers that are used again return later.

    The test is of the randomised transforms. The design effect is told by their middles, which
    draws that share a random number share entirely: it adds up the lags that stand out.
    """
    n = uniform.size
    lags = min(n // 2, n - _FEWEST)
    if lags < 1:
        return INDEPENDENT

    # The largest of all correlations, each nearly normal with variance 1/pairs.
    pairs = n - np.arange(1, lags + 1)  # (lags,)
    correlation = _correlation(normal_scores(uniform), lags)
    single = float(ndtr(-(correlation * np.sqrt(pairs)).max()))
    p_value = float(-np.expm1(lags * np.log1p(-single)))
    if p_value >= significance:
        return Dependence(0.0, p_value, 1.0)

    shared = _correlation(middles, lags)
    pulls = shared * np.sqrt(pairs)
    noise = max(1.0, float(np.median(np.abs(pulls))) / _MEDIAN_OF_NORMAL)  # it has grown as well
    strong = pulls > _STRONG * noise
    effect = 1 + 2 * float((shared[strong] * pairs[strong]).sum()) / n
    strongest = min(float(correlation.max()), 1 - 1e-9)
    return Dependence(-0.5 * n * float(np.log1p(-(strongest**2))), p_value, effect)


def _correlation(scores: FloatArray, lags: int) -> FloatArray:
    """Return the autocorrelation at lags 1 … `lags`, the mean of as many products as there are."""
    n = scores.size
    length = next_fast_len(2 * n, real=True)  # with zeros, so that the ends do not meet
    transform = rfft(scores - scores.mean(), length)
    power = transform.real**2 + transform.imag**2
    products: FloatArray = irfft(power, length)[: lags + 1]
    correlation: FloatArray = products[1:] / products[0] * n / (n - np.arange(1, lags + 1))
    return correlation


def normal_scores(uniform: FloatArray) -> FloatArray:
    """Return the quantiles of a normal distribution at these probabilities."""
    scores: FloatArray = ndtri(np.clip(uniform, 1e-12, 1 - 1e-12))
    return scores
