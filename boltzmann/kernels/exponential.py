r"""Exponentials that a loop over an array turns into vector instructions, for numbers of 0 or less.

Each splits its argument into a whole power of 2 and a remainder: with k the nearest whole number to x / log 2,

.. math:: e^x = 2^k e^r, \qquad |r| \le \tfrac12 \log 2,

so that a short polynomial in r is enough. There is no branch and no table. k comes from adding a number so large
that a float next to it has no room for a fraction, which rounds, and taking it away again; and the last bits of
that sum, moved up to where a float keeps its exponent, are 2^k. What is too small to be represented gets k's lowest
value, whose bits spell 0 and not a small number: what is forbidden weighs nothing. A nan stays one.

`reassoc` among the fastmath flags would cancel the number that rounds; `contract` only fuses a·b + c.

References
----------
.. [1] W. J. Cody and W. Waite, Software Manual for the Elementary Functions (1980), ch. 6.
"""

import math

import numpy as np
from numba import njit
from numpy.polynomial import Chebyshev, Polynomial

_LIFT = 900  # e^-1300 times 2^900 is no subnormal number, and 2^100 numbers of 2^900 do not overflow
_LOG2_HIGH = float.fromhex("0x1.62e42fefap-1")  # times any k it is exact
_LOG2_LOW = float.fromhex("0x1.cf79abc9e3b3ap-40")
_DOUBLE_ROUNDER = 1.5 * 2.0**52 + 1023 + _LIFT
_DOUBLE_LOWEST = -(1023 + _LIFT) * math.log(2)
_DOUBLE_TERMS = tuple(1 / math.factorial(n) for n in range(14))  # the next is 4e-18

_SINGLE_ROUNDER = np.float32(1.5 * 2**23 + 127)
_SINGLE_LOWEST = np.float32(-127)
_SINGLE_TERMS = tuple(  # within 1e-7 of 2^f everywhere on [-1/2, 1/2]
    Chebyshev.interpolate(np.exp2, 5, domain=[-0.5, 0.5]).convert(kind=Polynomial).coef.astype(np.float32)
)


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def lifted_exp(x):
    """Return 2^900 e^x of a float64 of 0 or less, to 2 units in the last place; below x = -1332, 0.

    Divided by a sum of its like, it gives subnormal probabilities too, correctly rounded by that division.
    """
    x = _DOUBLE_LOWEST if x < _DOUBLE_LOWEST else x
    rounded = x * (1 / math.log(2)) + _DOUBLE_ROUNDER
    k = rounded - _DOUBLE_ROUNDER
    r = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    power = _DOUBLE_TERMS[-1]
    for term in _DOUBLE_TERMS[-2::-1]:
        power = power * r + term
    return power * np.int64(np.float64(rounded).view(np.int64) << 52).view(np.float64)


@njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")
def exp2(x):
    """Return 2^x of a float32 of 0 or less, to 3e-7 of itself; below x = -126.5, 0."""
    x = _SINGLE_LOWEST if x < _SINGLE_LOWEST else x
    rounded = x + _SINGLE_ROUNDER
    f = x - (rounded - _SINGLE_ROUNDER)
    power = _SINGLE_TERMS[-1]
    for term in _SINGLE_TERMS[-2::-1]:
        power = power * f + term
    return power * np.int32(np.float32(rounded).view(np.int32) << np.int32(23)).view(np.float32)
