r"""The likelihood of β: its peak and bounds, by Newton's method inside a bracket.

It is that of an exponential family, and has one peak:

.. math:: \ell(\beta) = \sum_i \bigl(-\beta E_{x_i} - \log Z_i(\beta)\bigr), \qquad
          \ell'(\beta) = \sum_i \bigl(\langle E \rangle_i - E_{x_i}\bigr), \qquad
          \ell''(\beta) = -\sum_i \operatorname{Var}_i(E)

In all functions `kept`, shape (R,), says how many of the likeliest tokens of each row are allowed.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence

_STEPS = 200
_CLOSE = 1e-6  # a Newton step so short, relative to β, leaves an error of about its square
_CLOSE_CUBIC = 1e-4  # ... and with the second derivative one of about its cube
_SLIGHT = 0.5  # of a step, up to which that corrects it
_ROUNDING = 1e-15
_FLAT = 1e-13  # β E below which the sums cannot tell a weight from 1
_LARGEST_BETA = 1e9  # no draws tell its temperature from 0


class Slope(NamedTuple):
    """The log-likelihood, its slope in β, the information, minus its curvature, and the third."""

    value: float
    score: float
    information: float
    third: float


def log_likelihood(evidence: Evidence, beta: float, kept: FloatArray) -> float:
    """Return the log-likelihood."""
    return slope(evidence, beta, kept).value


def slope(evidence: Evidence, beta: float, kept: FloatArray) -> Slope:
    """Return the log-likelihood and its three derivatives, of one pass over the levels."""
    log_z, mean, variance, third = evidence.levels.cumulants(beta, kept, evidence.weights)
    energy = evidence.total_energy
    return Slope(-beta * energy - log_z, mean - energy, variance, third)


def as_t(beta: float) -> float:
    """Return 1/β, with inf at 0."""
    return np.inf if beta == 0 else 1 / beta


def fit_beta(evidence: Evidence, kept: FloatArray, start: float = 1.0) -> float:
    """Return the β of greatest likelihood; ±inf where it only rises, nan where it is flat.

    It is +inf if every draw was its row's likeliest token, -inf if every one was the unlikeliest.
    """
    cutoffs = evidence.levels.cutoff_energies(kept)  # (R,)
    if not np.any(cutoffs[evidence.weights > 0] > 0):
        return np.nan
    if not np.any(evidence.energies > 0):
        return np.inf
    if np.all(evidence.energies >= cutoffs[evidence.rows]):
        return -np.inf
    beta = solve(lambda beta: slope(evidence, beta, kept)[1:], start, cubic=True)
    return 0.0 if abs(beta) * cutoffs.max() < _FLAT else beta


def solve(
    function: Callable[[float], tuple[float, ...]],
    start: float,
    close: float = 0.0,
    cubic: bool = False,
) -> float:
    """Return the root of a falling function, or ±inf beyond which it must lie.

    `function` returns its value and minus its derivative, and, if `cubic`, its second derivative.
    The last step is one shorter than `close`, or than a millionth of the root; of a cubic one, a
    ten-thousandth.
    """
    low = -np.inf
    high = np.inf
    beta = start
    reach = max(abs(start), 1.0)  # the longest step, doubled each time, until the root is bracketed
    nearly = _CLOSE_CUBIC if cubic else _CLOSE
    for _ in range(_STEPS):
        value, steepness, *curvature = function(beta)
        if value == 0 or high - low <= _ROUNDING * abs(beta):
            return beta
        if value > 0:
            low = beta
        else:
            high = beta

        # A Newton step if it stays inside the bracket; else the middle of the bracket.
        step = value / steepness if steepness > 0 else np.copysign(np.inf, value)
        bend = curvature[0] * step / (2 * steepness) if curvature and steepness > 0 else 0.0
        if abs(bend) < _SLIGHT:
            step *= 1 + bend  # Chebyshev's: the error is about the cube of a step
        following = beta + min(max(step, -reach), reach)
        inside = low < following < high or following == beta  # a step may be lost to rounding
        if inside and abs(following - beta) <= max(nearly * abs(beta), close):
            return float(following)
        if not inside:
            following = (low + high) / 2

        if np.isinf(high - low):
            reach *= 2
        if abs(following) > _LARGEST_BETA:
            return float(np.copysign(np.inf, following))
        beta = float(following)
    return beta


def likelihood_bounds(
    evidence: Evidence, kept: FloatArray, beta: float, drop: float, error: float
) -> tuple[float, float]:
    """Return the two β at which the log-likelihood has fallen by `drop` from its peak at `beta`.

    `error` is the standard error of β, from which the search starts where nothing is known.
    """
    if np.isnan(beta):
        return -np.inf, np.inf
    if np.isinf(beta):
        return _one_sided(evidence, kept, beta, drop)
    peak = slope(evidence, beta, kept)
    target = np.sqrt(2 * drop)

    def excess(side: float) -> Callable[[float], tuple[float, float]]:
        """Return ±√(2(peak - value)) less what it is at the bound: nearly linear in β."""

        def function(at: float) -> tuple[float, float]:
            value, score, information, _ = slope(evidence, at, kept)
            root = np.sqrt(2 * max(peak.value - value, 0.0))
            if root == 0:
                return side * target, np.sqrt(information)
            return side * target - np.copysign(root, at - beta), abs(score) / root

        return function

    # Newton's error is about the square of a step: (width/100)²/width here.
    width = target / np.sqrt(peak.information) if peak.information > 0 else target * error
    skew = peak.third * width / (6 * peak.information) if peak.information > 0 else 0.0
    skew = skew if abs(skew) < _SLIGHT else 0.0
    low = solve(excess(-1.0), beta - width * (1 - skew), width / 100)
    high = solve(excess(1.0), beta + width * (1 + skew), width / 100)
    return low, high


def _one_sided(
    evidence: Evidence, kept: FloatArray, beta: float, drop: float
) -> tuple[float, float]:
    """Return the bounds where the likelihood has no peak, and is greatest at β = ±inf."""
    sign = np.sign(beta)
    ties = evidence.levels.count_below(0.0)[evidence.rows] if sign > 0 else np.ones(evidence.draws)
    best = -float(np.log(ties).sum())  # the limit

    def function(at: float) -> tuple[float, float]:
        value, score, *_ = slope(evidence, at, kept)
        return sign * (best - drop - value), abs(score)

    bound = solve(function, sign)
    return (bound, np.inf) if sign > 0 else (-np.inf, bound)
