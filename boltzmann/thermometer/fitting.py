r"""The likelihood of β, which is an exponential family's: one peak, found by Newton's steps inside a bracket.

.. math:: \ell(\beta) = \sum_i \bigl(-\beta E_{x_i} - \log Z_i(\beta)\bigr), \qquad
          \ell'(\beta) = \sum_i \bigl(\langle E \rangle_i - E_{x_i}\bigr), \qquad
          \ell''(\beta) = -\sum_i \operatorname{Var}_i(E)
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence

_STEPS = 200
_CLOSE = 1e-6  # a Newton step so short, relative to β, leaves an error of about its square
_ROUNDING = 1e-15
_GREATEST = 1e9  # a β whose temperature no traffic tells from 0


class Slope(NamedTuple):
    """The log-likelihood, its slope in β, and the information, minus its curvature."""

    value: float
    score: float
    information: float


def slope(evidence: Evidence, beta: float, room: FloatArray) -> Slope:
    """Return the log-likelihood and its derivatives."""
    moments, weights, energy = (
        evidence.offers.moments(beta, room),
        evidence.weights,
        evidence.energies.sum(),
    )
    return Slope(
        float(-beta * energy - (weights * moments.log_partition).sum()),
        float((weights * moments.mean).sum() - energy),
        float((weights * moments.variance).sum()),
    )


def as_t(beta: float) -> float:
    """Return 1/β, with inf at 0."""
    return np.inf if beta == 0 else 1 / beta


def fit_beta(evidence: Evidence, room: FloatArray, start: float = 1.0) -> float:
    """Return the β of greatest likelihood; ±inf where it only rises, nan where it is flat.

    All draws at their grounds make it +inf, all at the other end -inf.
    """
    used = evidence.weights > 0
    walls = evidence.offers.cutoff_energies(room)[used]
    if not np.any(walls > 0):
        return np.nan
    if not np.any(evidence.energies > 0):
        return np.inf
    if np.all(evidence.energies >= evidence.offers.cutoff_energies(room)[evidence.rows]):
        return -np.inf
    return solve(lambda beta: slope(evidence, beta, room)[1:], start)


def solve(
    function: Callable[[float], tuple[float, float]], start: float, close: float = 0.0
) -> float:
    """Return where a falling function, given with minus its derivative, is 0; ±inf if it is so nowhere.

    The last step is one shorter than `close`, or than a millionth.
    """
    low, high, beta = -np.inf, np.inf, start
    reach = max(abs(start), 1.0)  # the longest step, doubled each time, until the root is bracketed
    for _ in range(_STEPS):
        value, steepness = function(beta)
        if value == 0 or high - low <= _ROUNDING * abs(beta):
            return beta
        if value > 0:
            low = beta
        else:
            high = beta
        step = value / steepness if steepness > 0 else np.copysign(np.inf, value)
        following = beta + np.clip(step, -reach, reach)
        if low < following < high:
            if abs(following - beta) <= max(_CLOSE * abs(beta), close):
                return float(following)
        else:
            following = (low + high) / 2
        if np.isinf(high - low):
            reach *= 2
        if abs(following) > _GREATEST:
            return float(np.copysign(np.inf, following))
        beta = float(following)
    return beta


def likelihood_bounds(
    evidence: Evidence, room: FloatArray, beta: float, drop: float, error: float
) -> tuple[float, float]:
    """Return the two β at which the log-likelihood has fallen by `drop` from its peak at `beta`."""
    if np.isnan(beta):
        return -np.inf, np.inf
    if np.isinf(beta):
        return _one_sided(evidence, room, beta, drop)
    peak = slope(evidence, beta, room).value

    def excess(side: float) -> Callable[[float], tuple[float, float]]:
        """Return ±√(2(peak - value)) less what it is at the bound: nearly a straight line, which Newton likes."""

        def function(at: float) -> tuple[float, float]:
            value, score, information = slope(evidence, at, room)
            root = np.sqrt(2 * max(peak - value, 0.0))
            if root == 0:
                return side * np.sqrt(2 * drop), np.sqrt(information)
            return side * np.sqrt(2 * drop) - np.copysign(root, at - beta), abs(score) / root

        return function

    width = (
        np.sqrt(2 * drop) * error
    )  # Newton's error is about the square of a step, so (width/100)²/width here
    return solve(excess(-1.0), beta - width, width / 100), solve(
        excess(1.0), beta + width, width / 100
    )


def _one_sided(
    evidence: Evidence, room: FloatArray, beta: float, drop: float
) -> tuple[float, float]:
    """Return the bound where the likelihood rises all the way to β = ±inf, where it is (all but) 1."""
    sign = np.sign(beta)
    ties = evidence.offers.count_below(0.0)[evidence.rows] if sign > 0 else np.ones(evidence.draws)
    best = -float(np.log(ties).sum())

    def function(at: float) -> tuple[float, float]:
        value, score, _ = slope(evidence, at, room)
        return sign * (best - drop - value), abs(score)

    bound = solve(function, sign)
    return (bound, np.inf) if sign > 0 else (-np.inf, bound)
