"""Signs that draws depend on one another: along the series, in an answer, at one place of answers.

Samplers that invert a cumulative distribution walk through the vocabulary in the order of token
numbers, others in that of probability. Draws that share a random number are alike in the one order
or the other, so transforms are taken in both.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtr

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.dependence import (
    Dependence,
    along_series,
    between_groups,
    normal_scores,
)
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.signs.score import Sign

_SEED = int.from_bytes(b"by number")  # of the V of transforms in the order of token numbers
_FEWEST = 20


@dataclass(frozen=True)
class DependenceSign:
    """A sign of dependence, its statistics, and the share of their variance that draws share."""

    sign: Sign
    dependence: Dependence
    share: float


def dependence_signs(hypothesis: Hypothesis, significance: float) -> list[DependenceSign]:
    """Return what was seen of dependence, if draws are from this law, significant or not."""
    if not hypothesis.evidence.record.ordered:
        return []
    by_number, used = _transforms_by_number(hypothesis)
    return [
        _in_series(hypothesis.uniforms, hypothesis.midpoints, significance, "series"),
        _in_series(by_number, by_number, significance, "series by number"),
        _in_answers(hypothesis),
        _at_one_place(hypothesis, by_number[used], used),
    ]


def _in_series(
    uniforms: FloatArray, middles: FloatArray, significance: float, name: str
) -> DependenceSign:
    found = along_series(uniforms, middles, significance)
    share = 0.0
    if found.p_value < significance:  # the largest autocorrelation
        share = float(np.sqrt(-np.expm1(-2 * found.log_likelihood_ratio / uniforms.size)))
    words = "draws repeat the random numbers of others"
    return DependenceSign(Sign(name, found.p_value, np.nan, words), found, share)


def _in_answers(hypothesis: Hypothesis) -> DependenceSign:
    answers = hypothesis.evidence.answers
    number = int(answers.max()) + 1
    words = "draws of one answer are alike"
    if not 1 < number < answers.size:
        return DependenceSign(Sign("answers", 1.0, np.nan, words), Dependence(0.0, 1.0, 1.0), 0.0)
    found = between_groups(hypothesis.uniforms, answers)
    share = (found.design_effect - 1) / max(answers.size / number - 1, 1.0)
    return DependenceSign(Sign("answers", found.p_value, np.nan, words), found, float(share))


def _at_one_place(hypothesis: Hypothesis, uniforms: FloatArray, used: np.ndarray) -> DependenceSign:
    r"""Compare draws at the same place of their answers, whatever was asked.

    With z the normal scores of n transforms at K places,

    .. math:: \sum_k \sum_i (z_{ik} - \bar z_k)^2

    is chi-square with n - K degrees of freedom if draws are independent, and less where those of a
    place share a random number.
    """
    words = "draws at one place of their answers share their random number, whatever was asked"
    scores = normal_scores(uniforms)
    places = np.unique(hypothesis.evidence.places[used], return_inverse=True)[1]
    sizes = np.bincount(places)
    freedom = scores.size - sizes.size
    if freedom < _FEWEST:
        sign = Sign("one seed", 1.0, np.nan, words)
        return DependenceSign(sign, Dependence(0.0, 1.0, 1.0), 0.0)
    means = np.bincount(places, weights=scores) / sizes  # (K,)
    within = float(((scores - means[places]) ** 2).sum())
    ratio = max(within / freedom, 1e-300)
    gain = 0.5 * freedom * (ratio - 1 - np.log(ratio)) if ratio < 1 else 0.0
    p_value = float(chdtr(freedom, within))
    found = Dependence(float(gain), p_value, 1.0)
    return DependenceSign(Sign("one seed", p_value, np.nan, words), found, 1 - ratio)


def _transforms_by_number(hypothesis: Hypothesis) -> tuple[FloatArray, np.ndarray]:
    """Return transforms in the order of token numbers, among the M likeliest, and where told."""
    evidence = hypothesis.evidence
    order = np.argsort(evidence.record.tokens, axis=1)  # (R, M)
    inverse = np.argsort(order, axis=1)
    by_number = np.take_along_axis(
        hypothesis.probabilities, order[hypothesis.cell_rows], axis=1
    )  # (c, M)
    sums = np.cumsum(by_number, axis=1)
    position, inside = hypothesis.positions
    mine = inverse[evidence.rows, position]  # (n,)
    own = by_number[hypothesis.cells, mine]
    total = sums[:, -1][hypothesis.cells]
    shares = np.random.default_rng(_SEED).random(evidence.draws)
    used = inside & (total > 0) & (own > 0)
    before = sums[hypothesis.cells, mine] - own
    told = (before + shares * own) / np.maximum(total, 1e-300)
    return np.clip(np.where(used, told, shares), 0.0, 1.0), used
