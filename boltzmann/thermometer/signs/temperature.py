"""Signs that no one temperature holds in all rows, and among all tokens."""

import numpy as np
from scipy.special import chdtrc, ndtr

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.signs.score import Sign
from boltzmann.thermometer.token_levels import IntArray
from boltzmann.thermometer.uniformity import kolmogorov_smirnov

GROUPS = 4
_LEAST_HEAT_OF_GROUP = 4.0  # β² Σ Var(E), above which a group's score is nearly normal
_LEAST_HEAT_OF_SHELL = 25.0
_SHELLS = (2, 5, 20)
_ROUNDING = 1e-9  # nats of entropy that make no difference


def quantile_groups(heights: FloatArray, groups: int) -> IntArray:
    """Return the group of each draw, equally many a group, by something that rises: (n,)."""
    edges = np.quantile(heights, np.arange(1, groups) / groups)
    return np.searchsorted(edges, heights, side="right")


def _entropies(hypothesis: Hypothesis) -> FloatArray:
    """Return the entropy of each draw's row at t = 1, shape (n,)."""
    return hypothesis.evidence.entropy[hypothesis.evidence.rows]


def by_entropy(hypothesis: Hypothesis) -> Sign:
    r"""Compare the temperature in four groups of rows by entropy.

    A group's score over its information is its distance δβ from the law's β, and

    .. math:: \chi^2 = \sum_g (\delta\beta_g - \overline{\delta\beta})^2 \sum_{i \in g}
              \operatorname{Var}_i(E)

    has as many degrees of freedom as groups, less one where the temperature was fitted; where it
    was not, the mean is left out.
    """
    groups = quantile_groups(_entropies(hypothesis), GROUPS)
    information = _sums(groups, hypothesis.variance[hypothesis.cells])
    scores = _sums(groups, hypothesis.energy_scores)
    used = information * hypothesis.beta**2 > _LEAST_HEAT_OF_GROUP
    steps, chi_square, freedom = _differences(
        scores[used], information[used], hypothesis.free_temperature
    )
    if freedom < 1 or steps.size < 2:
        return Sign("entropy", 1.0)
    with np.errstate(divide="ignore"):
        temperatures = 1 / (hypothesis.beta + steps)
    rises = steps[-1] < steps[0]
    listed = ", ".join(f"{t:.3g}" for t in temperatures)
    words = f"t {'rises' if rises else 'falls'} with the entropy of the list: {listed}"
    z = np.sqrt(chi_square) * (1 if rises else -1)
    return Sign("entropy", float(chdtrc(freedom, chi_square)), float(z), words)


def _sums(groups: IntArray, values: FloatArray) -> FloatArray:
    """Return the sum of values in each group, shape (GROUPS,)."""
    return np.bincount(groups, weights=values, minlength=GROUPS).astype(np.float64)


def _differences(
    scores: FloatArray, information: FloatArray, free: bool
) -> tuple[FloatArray, float, int]:
    """Return δβ of each part, chi-square and its degrees of freedom."""
    steps = scores / information
    if free and steps.size:
        steps = steps - (steps @ information) / information.sum()
    return steps, float(steps**2 @ information), steps.size - free


def slope_with_entropy(hypothesis: Hypothesis) -> Sign:
    """Return the score of a temperature that changes with the entropy of a row: normal."""
    heights = _entropies(hypothesis)
    variance = hypothesis.variance[hypothesis.cells]  # (n,)
    if hypothesis.information <= 0 or np.ptp(heights) < _ROUNDING:
        return Sign("slope with entropy", 1.0)
    centre = heights.mean()
    if hypothesis.free_temperature:
        centre = (heights @ variance) / hypothesis.information
    heights = heights - centre
    width = float(heights**2 @ variance)
    if width <= 0:
        return Sign("slope with entropy", 1.0)
    z = float(heights @ hypothesis.energy_scores) / np.sqrt(width)
    words = f"t {'falls' if z > 0 else 'rises'} with the entropy of the list"
    return Sign("slope with entropy", float(2 * ndtr(-abs(z))), -z, words)


def among_likeliest(hypothesis: Hypothesis) -> Sign:
    """Compare the temperature among the 2, 5, 20 and all likeliest: their scores' steps, χ².

    The score of the m' likeliest is that of m plus one that is uncorrelated with it.
    """
    ranks = hypothesis.evidence.ranks
    gaps = hypothesis.finite_gaps[hypothesis.cell_rows]  # (c, M)
    scores = [0.0]
    information = [0.0]
    for top in (m for m in _SHELLS if m < gaps.shape[1]):
        p = hypothesis.probabilities[:, :top]  # (c, top)
        z = np.maximum(p.sum(axis=1), 1e-300)
        mean = (p * gaps[:, :top]).sum(axis=1) / z  # (c,)
        variance = np.maximum((p * gaps[:, :top] ** 2).sum(axis=1) / z - mean**2, 0.0)
        cells = hypothesis.cells
        inside = (ranks < top) & (z > 1e-12)[cells]  # (n,)
        scores.append(float((mean[cells] - hypothesis.scaled.energies)[inside].sum()))
        information.append(float(variance[cells][inside].sum()))
    scores.append(float(hypothesis.energy_scores.sum()))
    information.append(hypothesis.information)

    width = np.diff(information)
    used = width * hypothesis.beta**2 >= _LEAST_HEAT_OF_SHELL
    _, chi_square, freedom = _differences(
        np.diff(scores)[used], width[used], hypothesis.free_temperature
    )
    if freedom < 1:
        return Sign("among the likeliest", 1.0)
    words = "t depends on how many of the likeliest tokens are looked at"
    return Sign("among the likeliest", float(chdtrc(freedom, chi_square)), np.nan, words)


def uniform_transforms(hypothesis: Hypothesis) -> Sign:
    """Test that the draws' transforms are uniform (Kolmogorov and Smirnov)."""
    p_value = kolmogorov_smirnov(hypothesis.uniforms)
    words = "draws do not lie among the likely and the unlikely as the law says"
    return Sign("uniformity", p_value, np.nan, words)
