"""What tokens beyond a list of the likeliest weigh, from what they weigh together at one β."""

from dataclasses import dataclass

import numpy as np

from boltzmann._core.checks import FloatArray

LARGEST_EXPONENT = 600.0  # nats whose exponential is a float64
_LARGEST_BETA = 1e9  # past it nothing changes
VOCABULARY = 2.0**20  # no vocabulary has more tokens


@dataclass(frozen=True)
class UnlistedWeight:
    """The weight of the tokens that a row does not list, relative to its likeliest: shape (R,)."""

    least: FloatArray
    guess: FloatArray
    most: FloatArray


def log_partition_with(log_z: FloatArray, weight: FloatArray) -> FloatArray:
    """Return log(Z + weight), given log Z."""
    # The logarithm of a weight of 0 is -inf; at t = 0, where Z is nan, so is the result.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.logaddexp(log_z, np.log(weight))


def unlisted_weight(
    together: FloatArray,
    known_at: float,
    beta: float,
    last: FloatArray,
    listed: FloatArray,
    top_k: float,
    reach: float = np.inf,
) -> UnlistedWeight:
    r"""Return bounds and a guess of what tokens of the `top_k` likeliest weigh that are not listed.

    Of N tokens, none of a weight above that of the last of m listed, w, and together of M at the β'
    where that is known, the weights at β add up to something between

    .. math:: M w^{\beta / \beta' - 1} \quad\text{and}\quad M (M / N)^{\beta / \beta' - 1}

    the first if all that weigh anything weigh w, the second if all are alike (Hölder). Were weights
    to fall as a power of the rank for ever, it would be the one with the slope s = 1 + m w / M,
    which leaves too little at large β where a tail is flat and ends; the guess is the geometric
    mean of that and the first.

    Parameters
    ----------
    together : (R,) array
        M.
    known_at, beta : float
        β' and β.
    last : (R,) array
        The energy of the last token listed, above the row's lowest level.
    listed : (R,) array
        m.
    top_k : float
        Of the tokens, ordered by weight, so many are asked about; inf for all.
    reach : float
        Of those, the ones at most so far above the row's lowest level; inf for all.
    """
    beta = min(beta, _LARGEST_BETA)
    positive = np.maximum(together, np.exp(-LARGEST_EXPONENT))  # (R,)

    # The two extremes: all tokens weigh as much as the last listed, or all are alike.
    first = together * _exp((known_at - beta) * last)  # (R,)
    alike = together * _exp((beta / known_at - 1) * np.log(positive / VOCABULARY))
    least = np.minimum(first, alike)
    most = np.maximum(first, alike)

    # The guess, between them.
    steepness = listed * np.exp(-known_at * last) / positive  # s - 1
    fall = beta / known_at * (1 + steepness) - 1
    power = np.where(fall > 0, first * steepness / np.where(fall > 0, fall, 1.0), most)
    guess = np.sqrt(first) * np.sqrt(np.clip(power, least, most))

    if top_k < np.inf:  # so few tokens weigh at most as much as the last listed, each
        limit = np.maximum(top_k - listed, 0.0) * _exp(-beta * last)
        least = np.zeros_like(least)
        most = np.minimum(most, limit)
    if reach < np.inf:
        # Of the power law, the share of the weight that lies in reach: energies rise with log rank.
        depth = np.maximum(reach - last, 0.0)  # (R,)
        decay = np.maximum(beta - known_at / (1 + steepness), 0.0)
        guess = guess * -np.expm1(-np.maximum(decay, 1 / LARGEST_EXPONENT) * depth)
        least = np.zeros_like(least)
        most = np.where(depth > 0, most, 0.0)
    return UnlistedWeight(least, np.clip(guess, least, most), most)


def _exp(exponent: FloatArray) -> FloatArray:
    """Return e^x, as far as it is a float64 above 0."""
    bounded: FloatArray = np.exp(np.clip(exponent, -LARGEST_EXPONENT, LARGEST_EXPONENT))
    return bounded
