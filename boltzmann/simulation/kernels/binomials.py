r"""Binomial and multinomial random numbers from the words of one sfc64 generator.

A binomial number of small mean n p is found by inversion: the probabilities of 0, 1, 2, … are
subtracted from a uniform number until nothing is left. One of mean 10 or more is found by
transformed rejection with a squeeze, algorithm BTRS [1]_: a uniform number u is stretched to

.. math:: k = \lfloor (2 a / (1/2 - |u|) + b) u + n p + 1/2 \rfloor,

which is nearly binomial, and a second one, v, decides whether k is taken. Most are taken without
their probability, as the squeeze is below it. The others need it relative to that of the mode. In
Loader's form [2]_ no large terms cancel, so that it is as exact at n = 10^15 as at n = 20:

.. math:: \log f(k) = \tfrac12 \log \frac{n}{2 \pi k (n - k)}
    + \delta(n) - \delta(k) - \delta(n - k) - D(k, n p) - D(n - k, n - n p),

with :math:`\delta(x) = \log x! - x \log x + x - \tfrac12 \log 2 \pi x`, what Stirling's formula
leaves out, and the deviance :math:`D(x, M) = x \log(x/M) + M - x`.

All but the logarithms and the exponential of a draw is arithmetic that IEEE 754 fixes to the last
bit. A last bit of theirs decides less than once in 10^12 draws, so that the same words, n and p
give the same numbers on any machine.

References
----------
.. [1] W. Hörmann, J. Stat. Comput. Simul. 46, 101 (1993): BTRS.
.. [2] C. Loader, Fast and Accurate Computation of Binomial Probabilities (2000).
"""

import math

import numpy as np

from boltzmann._core.jit import kernel
from boltzmann.simulation.kernels.random_streams import next_word

LEAST_MEAN = 10.0  # of the transformed rejection: its constants hold from here on
_MOST_INVERTED = 110  # beyond it lies less than 1e-70 of a binomial of mean 10
_HALF_STEP = 2.0**-53

# delta(x) of x = 0 … 15; from 16 on the series is right to 1e-16. In log f(k) an x of 0 counts as
# 1/(2 pi) under the square root: with delta(0) = 0 Stirling's formula then gives 0! = 1.
_SMALL_CORRECTIONS = np.array(
    [
        0.0,
        0.08106146679532726,
        0.0413406959554093,
        0.02767792568499834,
        0.020790672103765093,
        0.016644691189821193,
        0.013876128823070748,
        0.01189670994589177,
        0.010411265261972096,
        0.009255462182712733,
        0.00833056343336287,
        0.007573675487951841,
        0.00694284010720953,
        0.006408994188004207,
        0.0059513701127588475,
        0.005554733551962801,
    ]
)


@kernel
def uniform(stream):
    """Return a uniform number in the middle of one of 2^52 steps: never 0 and never 1."""
    return np.float64(next_word(stream) >> np.uint64(12)) * (2.0 * _HALF_STEP) + _HALF_STEP


@kernel(error_model="numpy")
def correction(x):
    """Return delta(x), the logarithm of x! over Stirling's formula, of a whole number x >= 0."""
    if x < 16.0:
        return _SMALL_CORRECTIONS[int(x)]
    inverse = 1.0 / x
    square = inverse * inverse
    series = 1 / 1260 - (1 / 1680 - 1 / 1188 * square) * square
    return (1 / 12 - (1 / 360 - series * square) * square) * inverse


@kernel(error_model="numpy")
def deviance(x, mean, difference):
    """Return D = x log(x/mean) + mean - x, given the difference x - mean.

    Near the mean it is a series in (x - mean)/(x + mean), where the formula would cancel.
    """
    if x == 0.0:
        return mean
    ratio = difference / (x + mean)
    if abs(ratio) >= 0.1:
        return x * math.log(x / mean) - difference
    square = ratio * ratio
    series = 1 / 11 + square * (1 / 13 + square * (1 / 15 + square * (1 / 17)))
    series = 1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9 + square * series)))
    return difference * ratio + 2.0 * x * ratio * square * series


@kernel(error_model="numpy")
def log_exponential_part(k, n, mean):
    """Return log f(k) without its terms log(n / (2 pi k (n - k))) / 2 + delta(n)."""
    difference = k - mean
    return (
        -correction(k)
        - correction(n - k)
        - deviance(k, mean, difference)
        - deviance(n - k, n - mean, -difference)
    )


@kernel(error_model="numpy")
def takes(bound, k, mode, n, mean):
    """Tell whether bound <= f(k) / f(mode), all being floats."""
    of_zero = 0.5 / math.pi
    spread = max(k, of_zero) * max(n - k, of_zero) / (mode * (n - mode))
    needed = 0.5 * math.log(bound * bound * spread)
    return needed <= log_exponential_part(k, n, mean) - log_exponential_part(mode, n, mean)


@kernel(error_model="numpy")
def inverted(stream, n, p):
    """Return a binomial number of small mean, p <= 1/2, by inversion."""
    odds = p / (1.0 - p)
    scale = (n + 1) * odds
    none = math.exp(n * math.log1p(-p))
    while True:
        left = uniform(stream)
        probability = none
        k = 0
        while left > probability and k <= _MOST_INVERTED:
            left -= probability
            k += 1
            probability *= scale / k - odds  # (n - k + 1) / k times the odds
        # Of a uniform number next to 1, the rounding of the sum may leave something for ever.
        if k <= min(n, _MOST_INVERTED):
            return k


@kernel(error_model="numpy")
def hat(p, deviation):
    """Return a, b and the height alpha of the hat, and the squeeze v_r, of BTRS."""
    b = 1.15 + 2.53 * deviation
    inverse = 1.0 / b
    a = -0.0873 + 0.0248 * b + 0.01 * p
    return a, b, (2.83 + 5.1 * inverse) * deviation, 0.92 - 4.2 * inverse


@kernel(error_model="numpy")
def by_rejection(stream, n, p):
    """Return a binomial number of mean 10 or more, p <= 1/2, by transformed rejection."""
    trials = np.float64(n)
    mean = trials * p
    a, b, height, squeeze = hat(p, math.sqrt(mean * (1.0 - p)))
    mode = np.floor((trials + 1.0) * p)
    centre = mean - mode + 0.5  # steps are counted from the mode, where floats are fine enough

    while True:
        u = uniform(stream) - 0.5
        v = uniform(stream)
        edge = 0.5 - abs(u)
        k = mode + np.floor((2.0 * a / edge + b) * u + centre)
        if edge >= 0.07 and v <= squeeze:
            return np.int64(k)
        if k < 0.0 or k > trials:
            continue
        if takes(v * height / (a / (edge * edge) + b), k, mode, trials, mean):
            return np.int64(k)


@kernel(error_model="numpy")
def binomial(stream, n, p):
    """Return a binomial number of n <= 2^53 trials of probability p, 0 <= p <= 1."""
    if n == 0 or p == 0.0:
        return np.int64(0)
    if p == 1.0:
        return np.int64(n)
    rarer = min(p, 1.0 - p)  # exact, as 1 - p is where p > 1/2
    few = by_rejection(stream, n, rarer) if n * rarer >= LEAST_MEAN else inverted(stream, n, rarer)
    return np.int64(n - few if p > 0.5 else few)


@kernel(error_model="numpy")
def conditional_chances(rows):
    """Replace each probability of each row, (R, L), by its share of itself and those after it.

    No rounding makes a share exceed 1; that of the last positive probability is 1.
    """
    for row in range(rows.shape[0]):
        tail = 0.0
        for place in range(rows.shape[1] - 1, -1, -1):
            probability = rows[row, place]
            tail += probability
            rows[row, place] = probability / tail if probability > 0.0 else 0.0


@kernel(error_model="numpy")
def multinomial(stream, n, chances, drawn):
    """Fill `drawn`, (L,), with the multinomial numbers of n trials, given conditional chances."""
    left = n
    for place in range(chances.size):
        drawn[place] = binomial(stream, left, chances[place])
        left -= drawn[place]
