"""Whether draws are independent, told from the transforms that would then be independent normal numbers."""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import fdtrc, ndtr, ndtri

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.token_levels import IntArray

_LOUD = 2.5  # standard deviations above which a lag is taken for more than noise, once there is some for certain
_FEWEST = 50  # products that an autocorrelation averages, for its noise to be nearly normal


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
    """

    log_likelihood_ratio: float
    p_value: float
    design_effect: float


INDEPENDENT = Dependence(0.0, 1.0, 1.0)


def between_groups(uniform: FloatArray, groups: IntArray) -> Dependence:
    """Compare the spread of the groups' means with that inside the groups (Fisher's F)."""
    scores = normal_scores(uniform)
    sizes = np.bincount(groups).astype(np.float64)
    means = np.bincount(groups, weights=scores) / sizes
    inside = float(((scores - means[groups]) ** 2).sum())
    outside = float((sizes * (means - scores.mean()) ** 2).sum())
    free_outside, free_inside = sizes.size - 1, scores.size - sizes.size
    if free_inside < 1:
        return INDEPENDENT
    ratio = (outside / free_outside) / max(inside / free_inside, 1e-300)
    total = (outside + inside) / (scores.size - 1)
    effect = max(1.0, outside / free_outside / total)
    gain = 0.5 * free_outside * (ratio - 1 - np.log(ratio)) if ratio > 1 else 0.0
    return Dependence(float(gain), float(fdtrc(free_outside, free_inside, ratio)), float(effect))


def along_series(uniform: FloatArray, middles: FloatArray, significance: float) -> Dependence:
    """Look at the autocorrelation at every lag: noise that is reused returns after the draws it was made for.

    The test is of the randomised transforms. How large the effect is, their middles tell, which
    draws of one noise share entirely: it adds up the lags that stand out.
    """
    n, lags = uniform.size, min(uniform.size // 2, uniform.size - _FEWEST)
    if lags < 1:
        return INDEPENDENT
    pairs = n - np.arange(1, lags + 1)
    correlation = _correlation(normal_scores(uniform), lags)
    single = float(ndtr(-(correlation * np.sqrt(pairs)).max()))
    p_value = float(-np.expm1(lags * np.log1p(-single)))
    if p_value >= significance:
        return Dependence(0.0, p_value, 1.0)
    shared = _correlation(middles, lags)
    pulls = shared * np.sqrt(pairs)
    loud = pulls > _LOUD * max(
        1.0, float(np.median(np.abs(pulls))) / 0.6745
    )  # the noise has grown, too
    effect = 1 + 2 * float((shared[loud] * pairs[loud]).sum()) / n
    strongest = min(float(correlation.max()), 1 - 1e-9)
    return Dependence(-0.5 * n * float(np.log1p(-(strongest**2))), p_value, effect)


def _correlation(scores: FloatArray, lags: int) -> FloatArray:
    """Return the autocorrelation at lags 1 … `lags`, the mean of as many products as there are."""
    n, length = scores.size, next_fast_len(2 * scores.size, real=True)
    transform = rfft(scores - scores.mean(), length)
    products: FloatArray = irfft(np.abs(transform) ** 2, length)[: lags + 1]
    correlation: FloatArray = products[1:] / products[0] * n / (n - np.arange(1, lags + 1))
    return correlation


def normal_scores(uniform: FloatArray) -> FloatArray:
    """Return the normal numbers that lie as high among their like as uniform ones among theirs."""
    scores: FloatArray = ndtri(np.clip(uniform, 1e-12, 1 - 1e-12))
    return scores
