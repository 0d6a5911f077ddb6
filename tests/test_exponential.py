"""The exponentials for compiled kernels, against multiple precision."""

import math

import mpmath
import numpy as np
import pytest
from numba import njit

from boltzmann._core import exponential


@njit
def each(function, x, out):
    for j in range(x.size):
        out[j] = function(x[j])
    return out


def test_the_double_exponential_is_right_to_its_last_digit():
    """Also where e^x is subnormal, and next to where k changes; at 0 it is exact."""
    random = np.random.default_rng(0)
    x = -np.concatenate(
        [
            random.uniform(0, 1, 4000),
            random.uniform(0, 745, 4000),
            np.arange(1, 2148) * np.log(2) / 2,
        ]
    )

    found = each(exponential.lifted_exp, x, np.empty_like(x))
    with mpmath.workdps(40):
        lift = 64 * mpmath.log(2)
        errors = [
            mpmath.mpf(a) / mpmath.exp(mpmath.mpf(b) + lift) - 1
            for a, b in zip(found, x, strict=True)
        ]
    assert max(map(abs, errors)) < 2e-16
    assert exponential.lifted_exp(0.0) == 2.0**64


def test_the_single_exponential_is_right_to_three_parts_in_ten_million():
    random = np.random.default_rng(1)
    x = np.concatenate([random.uniform(-126, 127, 20_000), np.arange(-252, 255) / 2]).astype(
        np.float32
    )
    found = each(exponential.exp2, x, np.empty_like(x))
    assert np.max(np.abs(found / np.exp2(x.astype(np.float64)) - 1)) < 3e-7
    assert exponential.exp2(np.float32(300)) == exponential.exp2(np.float32(127)) > 1e38


@pytest.mark.parametrize(
    ("function", "dtype", "lowest"),
    [(exponential.lifted_exp, np.float64, -753.5), (exponential.exp2, np.float32, -126.6)],
)
def test_what_is_too_small_weighs_nothing_and_nan_stays_nan(function, dtype, lowest):
    found = [
        function(dtype(x))
        for x in (lowest, 2 * lowest, 1e9 * lowest, -np.finfo(dtype).max, -math.inf)
    ]
    assert found == [0.0] * 5
    assert math.isnan(function(dtype(math.nan)))
