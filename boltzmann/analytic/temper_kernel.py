r"""Given probabilities at other temperatures, p^(1/t) normalised, compiled.

Of two probabilities, p = 2^k p' with p' within half to twice q, and

.. math:: \log(p/q) = k \log 2 + 2 \operatorname{artanh} s, \qquad s = (p' - q) / (p' + q),

where p' - q is exact, so that no digit is lost between neighbours. k is read from the bits: as
whole numbers, two floats differ by 2^52 for each power of 2, and k is that difference, rounded.
Then |s| is at most 1/5, and a short polynomial in s² is enough.

References
----------
.. [1] W. J. Cody and W. Waite, Software Manual for the Elementary Functions (1980), ch. 5.
"""

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from boltzmann._core.exponential import LOG2, lifted_exp
from boltzmann._core.jit import kernel
from boltzmann.analytic.kernel import total_of

LARGEST_S = 0.2


def _tail(square):
    """Return (artanh s - s) / s³ of s²."""
    return sum(square**n / (2 * n + 3) for n in range(30))


_INTERPOLANT = Chebyshev.interpolate(_tail, 7, domain=[0, 1.01 * LARGEST_S**2])
TAIL = tuple(2 * _INTERPOLANT.convert(kind=Polynomial).coef)

_MANTISSA = 52
_BIAS = np.int64(2048)  # added to k, so that no shift is of a negative number
_TWO_52 = np.int64(0x4330000000000000)  # the bits of 2^52, whose last are those of a whole number
_SMALL = 2.0**-960  # below, probabilities are multiplied by 2^_UP: they may be subnormal
_UP = 64


@kernel(fastmath={"contract"}, error_model="numpy")
def log_ratio(p, q):
    """Return log(p/q) of positive numbers up to 1, q at least `_SMALL`, to a few roundings."""
    small = p < _SMALL
    p = p * 2.0**_UP if small else p
    up = float(_UP) if small else 0.0

    bits = np.float64(p).view(np.int64)
    half = np.int64(1) << np.int64(_MANTISSA - 1)
    difference = bits - np.float64(q).view(np.int64) + half + (_BIAS << np.int64(_MANTISSA))
    shifted = np.uint64(difference) >> np.uint64(_MANTISSA)  # k + bias
    k = np.int64(shifted | np.uint64(_TWO_52)).view(np.float64) - (2.0**52 + 2048)
    near = np.int64(bits - ((np.int64(shifted) - _BIAS) << np.int64(_MANTISSA))).view(np.float64)

    s = (near - q) / (near + q)
    square = s * s
    tail = TAIL[-1]
    for coefficient in TAIL[-2::-1]:
        tail = tail * square + coefficient
    return (k - up) * LOG2 + (2 * s + s * square * tail)


@kernel(error_model="numpy")
def _energies(p, q, energies):
    """Fill `energies` with log(q/p), measured from the probability q; +inf where p is 0."""
    for j in range(p.size):
        energy = -log_ratio(p[j], q)
        energies[j] = energy if p[j] > 0 else np.inf


@kernel(error_model="numpy")
def _reference(p, inverted):
    """Return the largest probability, or, `inverted`, the least that is not 0."""
    most, least = 0.0, np.inf
    for j in range(p.size):
        most = p[j] if p[j] > most else most
        least = p[j] if 0 < p[j] < least else least
    return least if inverted else most


@kernel(error_model="numpy")
def temper_rows(p, temperatures, out, regular):
    """Write each row of `p` (R, K) at each temperature (T,) to `out` (T, R, K).

    Temperatures are finite and not 0. `regular` (R,) tells of which rows this is right: not of
    those that are measured from a probability below `_SMALL`.
    """
    energies = np.empty(p.shape[1])
    for r in range(p.shape[0]):
        regular[r] = True
        for i in range(temperatures.size):
            t = temperatures[i]
            if i == 0 or (t < 0) != (temperatures[i - 1] < 0):
                q = _reference(p[r], t < 0)
                regular[r] &= q >= _SMALL
                _energies(p[r], q, energies)

            weights = out[i, r]
            if t > 0:
                for j in range(energies.size):
                    weights[j] = lifted_exp(-energies[j] / t)
            else:
                for j in range(energies.size):
                    x = energies[j] / t if energies[j] < np.inf else np.inf
                    weights[j] = lifted_exp(-x)
            share = 1 / total_of(weights)
            for j in range(energies.size):
                weights[j] *= share
