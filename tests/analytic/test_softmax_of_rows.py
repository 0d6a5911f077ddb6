"""Softmax of many rows, by a compiled kernel, against multiple precision and single rows."""

import math

import mpmath
import numpy as np
import pytest
from scipy.special import softmax as plain_softmax

import boltzmann as bz
from boltzmann.analytic.kernel import softmax_rows
from tests.support.draws import gaussian_logits

INF = math.inf
TOLERANCE = 1e-12  # as for the law of a few levels
SMALLEST_NORMAL = np.finfo(np.float64).tiny


def worst_error(p, x):
    """Return the largest relative error; that of subnormal results in units of 2e-308.

    Up to 3000 entries of a row are compared. Their weights are taken in multiple precision; the sum
    of all, exact but for the rounding of each float64 exponential, is right to 1e-15.
    """
    worst = 0.0
    with mpmath.workdps(40):
        for found, row in zip(p, x, strict=True):
            largest = row.max()
            total = mpmath.mpf(math.fsum(np.exp(row - largest)))
            some = np.unique(np.linspace(0, row.size - 1, 3000).astype(int))
            for a, value in zip(found[some].tolist(), row[some].tolist(), strict=True):
                difference = mpmath.mpf(value) - mpmath.mpf(largest)
                b = mpmath.exp(difference) / total if difference > -800 else mpmath.mpf(0)
                worst = max(worst, float(abs(a - b) / max(b, SMALLEST_NORMAL)))
    return worst


def wide_rows(rows, levels, seed):
    """Return rows far from 0, with forbidden levels, whose p span the whole range of float64."""
    random = np.random.default_rng([rows, levels, seed])
    x = -random.uniform(0, 1, (rows, levels)) * random.choice([1e-9, 3, 60, 760], (rows, 1))
    x += random.choice([0, 1e3, -1e6], (rows, 1))
    x[random.random(x.shape) < 0.1] = -INF
    x[:, levels // 2] = random.choice([0, -1e6, 1e3], rows)
    return x


SHAPES = [
    (50_000, 1),
    (25_000, 2),
    (6000, 9),
    (500, 100),
    (400, 127),
    (400, 128),
    (400, 129),
    (25, 2049),
    (2, 30_011),
]


@pytest.mark.parametrize(("rows", "levels"), SHAPES)
def test_softmax_of_many_matches_multiple_precision(rows, levels):
    x = wide_rows(rows, levels, 0)
    p = np.empty(x.shape)
    regular = np.empty(rows, np.bool_)
    softmax_rows(x, p, regular)
    assert regular.all()
    assert np.array_equal(bz.softmax(x), p)
    some = np.unique(np.linspace(0, rows - 1, max(2, 4000 // levels)).astype(int))
    assert worst_error(p[some], x[some]) <= TOLERANCE
    assert np.all(p[np.isneginf(x)] == 0)
    assert np.max(np.abs(p.sum(axis=1) - 1)) < TOLERANCE


def single_precision(x):
    weights = np.exp((x - x.max(axis=1, keepdims=True)).astype(np.float32)).astype(np.float64)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "wrong", [single_precision, lambda x: np.roll(bz.softmax(x), 1), lambda x: bz.softmax(x[::-1])]
)
def test_the_accuracy_check_fails_on_a_wrong_softmax(wrong):
    x = wide_rows(500, 100, 0)
    assert worst_error(wrong(x)[:20], x[:20]) > TOLERANCE


@pytest.mark.parametrize(("rows", "levels"), SHAPES)
def test_softmax_of_many_is_that_of_each(rows, levels):
    """A single row is small enough for NumPy: the two ways agree to a hundred roundings.

    Eight are observed; the sum of the longest row alone has 240, of either sign.
    """
    x = wide_rows(rows, levels, 1)
    p = bz.softmax(x)
    for i in np.unique(np.linspace(0, rows - 1, 50).astype(int)):
        alone = bz.softmax(x[i])
        assert np.all(np.abs(p[i] - alone) <= 2e-14 * alone + 5e-324)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_softmax_of_many_along_any_axis_of_any_type(axis, dtype):
    x = gaussian_logits(20 * 50 * 70, dtype=dtype).reshape(20, 50, 70)
    before = x.copy()
    p = bz.softmax(x, axis=axis)
    assert p.shape == x.shape
    assert p.dtype == np.float64
    assert np.allclose(p, plain_softmax(x.astype(np.float64), axis=axis), rtol=TOLERANCE, atol=0)
    assert np.array_equal(x, before)
    x.flags.writeable = False
    assert np.array_equal(bz.softmax(x, axis=axis), p)
    assert np.array_equal(bz.softmax(np.asfortranarray(x), axis=axis), p)
    assert np.array_equal(bz.softmax(x.astype(x.dtype.newbyteorder()), axis=axis), p)


@pytest.mark.parametrize(("rows", "levels"), [(6000, 9), (60, 1000)])
def test_rows_without_a_sum_are_refused_or_have_their_limit(rows, levels):
    for place in [(0, 0), (rows - 1, levels - 1), (rows // 2, levels // 2)]:
        x = gaussian_logits(rows * levels).reshape(rows, levels)
        ordinary = bz.softmax(x)
        x[place] = INF
        p = bz.softmax(x)
        assert p[place] == 1
        assert p[place[0]].sum() == 1
        others = np.arange(rows) != place[0]
        assert np.allclose(p[others], ordinary[others], rtol=TOLERANCE, atol=0)

        x[place] = math.nan
        with pytest.raises(ValueError, match=rf"x\[{place[0]}, {place[1]}\] is nan"):
            bz.softmax(x)
        x[place[0]] = -INF
        with pytest.raises(ValueError, match=rf"x\[{place[0]}, :\] is all -inf"):
            bz.softmax(x)
    with pytest.raises(ValueError, match="axis"):
        bz.softmax(ordinary, axis=2)
