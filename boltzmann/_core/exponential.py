r"""Exponentials that the compiler turns into vector instructions, for numbers of 0 or less.

With k the whole number nearest to x / log 2,

.. math:: e^x = 2^k e^r, \qquad |r| \le \tfrac12 \log 2,

so that a short polynomial in r is enough: no branch, no table. Adding a number so large that a
float beside it has no bits for a fraction rounds, and taking it away again leaves k. The last bits
of the sum, moved to where a float keeps its exponent, are 2^k. Where that would be too small, k
stays at its least, whose bits are those of 0: a forbidden level has the weight 0. A nan stays one.

Among the fastmath flags `contract` only fuses a·b + c; `reassoc` would cancel the number that
rounds.

References
----------
.. [1] W. J. Cody and W. Waite, Software Manual for the Elementary Functions (1980), ch. 6.
"""

import math

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from boltzmann._core.jit import kernel

LOG2 = 0.6931471805599453
LOG2_HIGH = float.fromhex("0x1.62e42fefap-1")  # k times these 35 bits is exact
LOG2_LOW = float.fromhex("0x1.cf79abc9e3b3ap-40")  # and this is what they lack
LIFT = 64


def _polynomial(function, degree, half):
    """Return the coefficients, lowest first, of a polynomial near `function` on [-half, half]."""
    interpolant = Chebyshev.interpolate(function, degree, domain=[-half, half])
    return interpolant.convert(kind=Polynomial).coef


def _tail(r):
    """Return (e^r - 1 - r - r²/2) / r³."""
    return sum(r**n / math.factorial(n + 3) for n in range(16))


# e^r is 1 + r + r²/2 and a tail: off by less than the rounding of a float64, and exact at r = 0.
DOUBLE = (1.0, 1.0, 0.5, *_polynomial(_tail, 8, LOG2 / 2))
DOUBLE_BIAS = 1023 + LIFT
DOUBLE_ROUNDER = 1.5 * 2.0**52 + DOUBLE_BIAS
# 2^r, off by 8e-8: about the rounding of a float32.
SINGLE = tuple(_polynomial(np.exp2, 5, 0.5).astype(np.float32))
SINGLE_BIAS = np.float32(127)
SINGLE_ROUNDER = np.float32(1.5 * 2**23) + SINGLE_BIAS


@kernel(fastmath={"contract"}, error_model="numpy")
def lifted_exp(x):
    """Return 2^64 e^x of a float64, to a relative error of 2e-16; below x = -753 it is 0.

    There e^x itself is no float64. The factor keeps the smallest weights from being subnormal
    numbers, so that they have all their digits. A share of their sum that is subnormal is rounded
    once, at the end.
    """
    x = -DOUBLE_BIAS * LOG2 if x < -DOUBLE_BIAS * LOG2 else x
    rounded = x * (1 / LOG2) + DOUBLE_ROUNDER
    k = rounded - DOUBLE_ROUNDER
    r = (x - k * LOG2_HIGH) - k * LOG2_LOW
    power = DOUBLE[-1]
    for coefficient in DOUBLE[-2::-1]:
        power = power * r + coefficient
    return power * np.int64(np.float64(rounded).view(np.int64) << 52).view(np.float64)


@kernel(fastmath={"contract"}, error_model="numpy")
def exp2(x):
    """Return 2^x of a float32, to a relative error of 3e-7.

    Below x = -126.5 it is 0, above 127 it stays at 2^127.
    """
    x = -SINGLE_BIAS if x < -SINGLE_BIAS else x
    x = SINGLE_BIAS if x > SINGLE_BIAS else x
    rounded = x + SINGLE_ROUNDER
    r = x - (rounded - SINGLE_ROUNDER)
    power = SINGLE[-1]
    for coefficient in SINGLE[-2::-1]:
        power = power * r + coefficient
    return power * np.int32(np.float32(rounded).view(np.int32) << np.int32(23)).view(np.float32)
