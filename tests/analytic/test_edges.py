"""The law at its edges: limits, infinities, refusals, shapes and types."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import boltzmann as bz

pytestmark = pytest.mark.usefixtures("both_ways")

INF = np.inf
THERMODYNAMIC = [
    bz.log_partition,
    bz.free_energy,
    bz.mean_energy,
    bz.entropy,
    bz.heat_capacity,
    bz.perplexity,
]
ULPS = 1e-14  # a few dozen roundings, for results that take another order of summation

THIRD = 1 / 3
COLD, HOT = 1 / (1 + np.e), np.e / (1 + np.e)
EDGES = [
    # energies, degeneracies, t, probabilities
    ([0, 1, 3], None, 0, [1, 0, 0]),
    ([0, 1, 3], None, -0.0, [1, 0, 0]),
    ([1, 1, 3], None, 0, [0.5, 0.5, 0]),
    ([1, 1, 3], [1, 3, 9], 0, [0.25, 0.75, 0]),
    ([0, 1, INF], None, 0, [1, 0, 0]),
    ([0, 1, 3], None, INF, [THIRD] * 3),
    ([0, 1, 3], None, -INF, [THIRD] * 3),
    ([0, 1, INF], None, INF, [0.5, 0.5, 0]),
    ([0, 1, INF], None, -INF, [0.5, 0.5, 0]),
    ([0, 1, INF], [1, 3, 5], INF, [0.25, 0.75, 0]),
    ([0, 1, INF], None, 1, [HOT, COLD, 0]),
    ([0, 1, INF], None, -1, [COLD, HOT, 0]),
    ([0, 1, INF], None, -5e-324, [0, 1, 0]),
    ([0, 1, INF], None, 5e-324, [1, 0, 0]),
    ([-INF, 0, 1], None, 0, [1, 0, 0]),
    ([-INF, 0, 1], None, 1e300, [1, 0, 0]),
    ([-INF, 0, -INF], [1, 1, 3], 1, [0.25, 0, 0.75]),
    ([-INF, 0, 1], None, INF, [1, 0, 0]),
    ([-INF, 0, 1], None, -1, [0, COLD, HOT]),
    ([-INF, 0, 1], None, -INF, [0, 0.5, 0.5]),
    ([-INF, -INF, INF], None, -1, [0.5, 0.5, 0]),
    ([-INF, -INF, INF], None, -INF, [0.5, 0.5, 0]),
    ([7], None, -3, [1]),
    ([0, 5e-324], None, 5e-324, [HOT, COLD]),
    ([1e308, 0], None, 1e308, [COLD, HOT]),
    ([-1e308, 1e308], None, 2e307, [1 / (1 + np.exp(-10)), 1 / (1 + np.exp(10))]),
    ([-1e308, 1e308], None, 1, [1, 0]),
    ([-1e308, 1e308], None, -1, [0, 1]),
]


@pytest.mark.parametrize(("energies", "degeneracies", "t", "expected"), EDGES)
def test_the_edge_table_holds(energies, degeneracies, t, expected):
    p = bz.probabilities(bz.EnergyLevels(energies, degeneracies), t)
    assert_allclose(p, expected, rtol=ULPS, atol=0)  # atol = 0: what is 0 in the table is 0 exactly


P = [0.5, 0.25, 0.25, 0.0]


@pytest.mark.parametrize(
    ("t", "expected"),
    [
        (1, P),
        (0, [1, 0, 0, 0]),
        (-0.0, [1, 0, 0, 0]),
        (5e-324, [1, 0, 0, 0]),
        (0.5, [4 / 6, 1 / 6, 1 / 6, 0]),
        (1e300, [THIRD, THIRD, THIRD, 0]),
        (INF, [THIRD, THIRD, THIRD, 0]),
        (-INF, [THIRD, THIRD, THIRD, 0]),
        (-1, [0.2, 0.4, 0.4, 0]),
        (-5e-324, [0, 0.5, 0.5, 0]),
    ],
)
def test_temper_obeys_the_edge_table(t, expected):
    assert_allclose(bz.temper(P, t), expected, rtol=ULPS, atol=0)
    assert_allclose(
        bz.temper([[0, 0.5, 0.5], [1, 0, 0]], t), [[0, 0.5, 0.5], [1, 0, 0]], rtol=ULPS, atol=0
    )


@pytest.mark.parametrize(
    ("logits", "t", "expected"),
    [
        ([0, -1, -INF], INF, [0.5, 0.5, 0]),
        ([0, -1, -INF], -1, [COLD, HOT, 0]),
        ([0, INF, 1], 1, [0, 1, 0]),
        ([1000, 999], 1e-38, [1, 0]),
        ([-35.2, -36.1, -100], 1e-37, [1, 0, 0]),
        ([-35.2, -36.1, -100], 5e-324, [1, 0, 0]),
        (np.array([0, -1, -2], np.float32), 1e-300, [1, 0, 0]),
        (np.array([20, 19, 0], np.float16), 1e-4, [1, 0, 0]),
        ([100.25, 100], 0.1, [1 / (1 + np.exp(-2.5)), 1 / (1 + np.exp(2.5))]),
        ([3, 3, 1], 0, [0.5, 0.5, 0]),
    ],
)
def test_logits_on_which_other_libraries_fail_have_their_law(logits, t, expected):
    assert_allclose(
        bz.probabilities(bz.EnergyLevels.from_logits(logits), t), expected, rtol=ULPS, atol=0
    )


def test_softmax_shares_infinite_logits_and_never_wakes_forbidden_ones():
    assert_array_equal(bz.softmax([0, INF, 1, INF, -INF]), [0, 0.5, 0, 0.5, 0])
    assert_array_equal(bz.log_softmax([INF, 0, -INF]), [0, -INF, -INF])
    assert bz.logsumexp([INF, 0]) == INF
    assert bz.logsumexp([3, -INF]) == 3


def test_softmax_normalises_over_one_axis():
    x = np.arange(24.0).reshape(2, 3, 4)
    for axis in (0, 1, 2, -1, -2, -3):
        assert_allclose(bz.softmax(x, axis).sum(axis=axis), 1, rtol=ULPS)
        assert_allclose(np.exp(bz.log_softmax(x, axis)), bz.softmax(x, axis), rtol=ULPS)
        assert_allclose(bz.logsumexp(x, axis), np.log(np.exp(x).sum(axis=axis)), rtol=ULPS)


@pytest.mark.parametrize(
    ("function", "energies", "t", "expected"),
    [
        (bz.log_partition, [2, 3], 0, -INF),
        (bz.log_partition, [-2, 3], 0, INF),
        (bz.log_partition, [0, 0, 3], 0, np.log(2)),
        (bz.log_partition, [2, 3, INF], INF, np.log(2)),
        (bz.log_partition, [2, 3, INF], -INF, np.log(2)),
        (bz.log_partition, [-INF, 3], INF, INF),
        (bz.log_partition, [-INF, -INF], -1, -INF),
        (bz.free_energy, [2, 2, 3], 0, 2),
        (bz.free_energy, [2, 3], INF, -INF),
        (bz.free_energy, [2, 3], -INF, INF),
        (bz.free_energy, [2, INF], INF, 2),
        (bz.free_energy, [2, INF], -INF, 2),
        (bz.free_energy, [-INF, -INF, 0], -INF, 0),
        (bz.free_energy, [-INF, -INF], -INF, -INF),
        (bz.free_energy, [1.7e308] * 4, 1.5e308, (1.7 - 1.5 * np.log(4)) * 1e308),
        (bz.mean_energy, [2, 3, INF], 0, 2),
        (bz.mean_energy, [2, 3, INF], INF, 2.5),
        (bz.mean_energy, [2, 3, INF], -5e-324, 3),
        (bz.mean_energy, [-INF, 3], 1, -INF),
        (bz.mean_energy, [-INF, 3], -1, 3),
        (bz.mean_energy, [-1.7e308] + [1.7e308] * 9, INF, 0.8 * 1.7e308),
        (bz.entropy, [2, 2, 3, INF], 0, np.log(2)),
        (bz.entropy, [2, 2, 3, INF], INF, np.log(3)),
        (bz.entropy, [2, 2, 3, INF], -INF, np.log(3)),
        (bz.entropy, [-INF, -INF, 3], INF, np.log(2)),
        (bz.heat_capacity, [2, 2, 3, INF], 0, 0),
        (bz.heat_capacity, [2, 2, 3, INF], INF, 0),
        (bz.heat_capacity, [2, 2, 3, INF], -INF, 0),
        (bz.heat_capacity, [-1e308, 1e308], 1e-300, 0),
        (bz.perplexity, [2, 2, 3, INF], 0, 2),
        (bz.perplexity, [2, 2, 3, INF], INF, 3),
    ],
)
def test_thermodynamics_have_their_limits(function, energies, t, expected):
    assert_allclose(function(energies, t), expected, rtol=ULPS, atol=0)


def test_free_energy_of_one_state_in_shares_is_its_mean_energy_at_infinite_temperature():
    assert bz.free_energy(bz.EnergyLevels([1, 3], degeneracies=[0.5, 0.5]), INF) == 2


def test_more_states_than_a_float_can_count_have_an_entropy_still():
    levels = bz.EnergyLevels([0, 0], degeneracies=[1.5e308, 1.5e308])
    assert bz.entropy(levels, 1) == pytest.approx(np.log(3) + 308 * np.log(10), rel=ULPS)
    assert bz.perplexity(levels, 1) == INF


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bz.softmax([0, np.nan, 1]), r"x\[1\] is nan"),
        (lambda: bz.log_softmax([[0, 1], [np.nan, 1]]), r"x\[1, 0\] is nan"),
        (lambda: bz.logsumexp([0, np.nan]), r"x\[1\] is nan"),
        (lambda: bz.softmax([-INF, -INF]), r"x\[:\] is all -inf"),
        (lambda: bz.logsumexp([[0, 0], [-INF, -INF]]), r"x\[1, :\] is all -inf"),
        (lambda: bz.log_softmax([[0, -INF], [0, -INF]], axis=0), r"x\[:, 1\] is all -inf"),
        (lambda: bz.softmax(np.full((2, 2, 2), -INF), axis=-2), r"x\[0, :, 0\] is all -inf"),
        (lambda: bz.softmax(1.0), r"x must have shape \(\.\.\., K\), got \(\)"),
        (lambda: bz.softmax([]), r"x has shape \(0,\): at least one level"),
        (lambda: bz.softmax(np.zeros((2, 0))), r"x has shape \(2, 0\): at least one level"),
        (lambda: bz.softmax(np.zeros((0, 2)), axis=0), r"x has shape \(0, 2\): at least one level"),
        (lambda: bz.softmax([1, 2], axis=1), "axis 1 is out of bounds"),
        (lambda: bz.softmax([1, 2], axis=None), "axis must be a whole number, got None"),
        (
            lambda: bz.softmax(np.zeros((300, 300)), axis=None),
            "axis must be a whole number, got None",
        ),
        (lambda: bz.log_softmax([1, 2], axis=1.5), "axis must be a whole number, got 1.5"),
        (lambda: bz.logsumexp([1, 2], axis="0"), "axis must be a whole number, got '0'"),
        (lambda: bz.temper([0.5, 0.5], 1, axis=(0,)), r"axis must be a whole number, got \(0,\)"),
        (lambda: bz.softmax(["a", "b"]), "x must be an array of real numbers"),
        (lambda: bz.softmax([[1], [1, 2]]), "x must be an array of real numbers, got ragged rows"),
        (lambda: bz.probabilities([[0, 1], [0, np.nan]], 1), r"levels\[1, 1\] is nan"),
        (lambda: bz.probabilities([[0, 1], [INF, INF]], 1), r"levels\[1, :\] is all inf"),
        (lambda: bz.probabilities([], 1), r"levels has shape \(0,\)"),
        (lambda: bz.probabilities(0, 1), r"levels must have shape"),
        (lambda: bz.entropy([0, 1], [1, np.nan]), r"t\[1\] is nan"),
        (lambda: bz.entropy([0, 1], np.nan), "t is nan"),
        (lambda: bz.entropy([0, 1], None), "t must be an array of real numbers"),
        (lambda: bz.temper([0.5, np.nan], 1), r"p\[1\] is nan"),
        (lambda: bz.temper([1.5, -0.5], 1), r"p\[1\] is -0.5"),
        (lambda: bz.temper([0.5, 0.4], 1), "the sum of p is 0.9"),
        (lambda: bz.temper([[0.5, 0.5], [0, 0]], 1), r"the sum of p\[1\] is 0.0"),
        (lambda: bz.temper([[0.5, 0.5], [0.5, 0.5]], 1, axis=2), "axis 2 is out of bounds"),
        (lambda: bz.temper([0.5, 0.5], [1, np.nan]), r"t\[1\] is nan"),
        (lambda: bz.temper(1.0, 1), r"p has shape \(\)"),
        (lambda: bz.temper(np.zeros((2, 0)), 1), r"p has shape \(2, 0\)"),
        (
            lambda: bz.temper([[1], [0.5, 0.5]], 1),
            "p must be an array of real numbers, got ragged rows",
        ),
    ],
)
def test_wrong_arguments_are_refused_by_name_index_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("t_shape", [(), (1,), (4,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5), (0, 5), (1,)])
def test_temperatures_come_first_and_levels_last(t_shape, shape):
    random = np.random.default_rng(0)
    energies, t = random.standard_normal(shape), random.standard_normal(t_shape)
    p = bz.probabilities(energies, t)
    assert p.shape == t_shape + shape
    for function in THERMODYNAMIC:
        assert np.shape(function(energies, t)) == t_shape + shape[:-1]
    for index in np.ndindex(t_shape + shape[:-1]):
        one_t, system = t[index[: len(t_shape)]], energies[index[len(t_shape) :]]
        assert_allclose(p[index], bz.probabilities(system, one_t), rtol=ULPS)
        for function in THERMODYNAMIC:
            assert_allclose(
                function(energies, t)[index], function(bz.EnergyLevels(system), one_t), rtol=ULPS
            )


@pytest.mark.parametrize("t_shape", [(), (4,), (2, 3), (0,)])
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_temper_keeps_the_axis_where_it_was(t_shape, axis):
    random = np.random.default_rng(0)
    p, t = bz.softmax(random.standard_normal((3, 4, 5)), axis=axis), 1 + random.random(t_shape)
    tempered = bz.temper(p, t, axis=axis)
    assert tempered.shape == t_shape + p.shape
    for index in np.ndindex(t_shape):
        expected = p ** (1 / t[index])
        assert_allclose(
            tempered[index], expected / expected.sum(axis=axis, keepdims=True), rtol=ULPS
        )


def test_one_number_comes_back_as_one_number():
    for function in THERMODYNAMIC:
        assert type(function([0, 1], 1)) is np.float64
        assert type(function(bz.ladder(2), np.float32(1))) is np.float64
    assert type(bz.logsumexp([0, 1])) is np.float64


def test_empty_batches_are_no_error():
    for function in (bz.softmax, bz.log_softmax):
        assert function(np.zeros((0, 3))).shape == (0, 3)
        assert function(np.zeros((3, 0)), axis=0).shape == (3, 0)
    assert bz.logsumexp(np.zeros((0, 3))).shape == (0,)
    assert bz.temper(np.zeros((0, 3)), [1, 2]).shape == (2, 0, 3)


VALUES = np.array([[3.0, 1.0, 2.0], [0.0, -4.0, 7.0]])
WAYS_TO_SAY_IT = {
    "list": VALUES.tolist(),
    "ints": VALUES.astype(np.int8),
    "float16": VALUES.astype(np.float16),
    "float32": VALUES.astype(np.float32),
    "longdouble": VALUES.astype(np.longdouble),
    "big-endian": VALUES.astype(">f8"),
    "Fortran order": np.asfortranarray(VALUES),
    "strided": np.repeat(VALUES, 2, axis=1)[:, ::2],
    "reversed": VALUES[:, ::-1].copy()[:, ::-1],
    "list of np.float32": [[np.float32(x) for x in row] for row in VALUES],
}


@pytest.mark.parametrize("way", WAYS_TO_SAY_IT)
def test_results_depend_neither_on_dtype_nor_on_memory_layout(way):
    said = WAYS_TO_SAY_IT[way]
    for function in (bz.softmax, bz.log_softmax, bz.logsumexp):
        for axis in (0, 1):
            assert_array_equal(function(said, axis=axis), function(VALUES, axis=axis))
            assert function(said, axis=axis).dtype == np.float64
    for function in (bz.probabilities, *THERMODYNAMIC):
        assert_array_equal(function(said, 0.7), function(VALUES, 0.7))


@pytest.mark.parametrize("said", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2]])
def test_memory_layout_does_not_change_the_order_of_a_long_sum(said):
    x = np.random.default_rng(0).standard_normal((40, 1000))
    p = bz.softmax(x)
    assert_array_equal(bz.softmax(said(x)), p)
    assert_array_equal(bz.logsumexp(said(x)), bz.logsumexp(x))
    assert_array_equal(bz.entropy(said(x), 2), bz.entropy(x, 2))
    assert_array_equal(bz.temper(said(p), 2), bz.temper(p, 2))
    assert_array_equal(bz.softmax(said(x).T, axis=0), p.T)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_temper_allows_for_the_precision_that_its_argument_came_in(dtype):
    p = bz.softmax(VALUES).astype(
        dtype
    )  # rounded: its sums miss 1 by more than float64 would be allowed
    exact = p.astype(np.float64)
    for t in (0.5, -2.0):
        powers = exact ** (1 / t)
        assert_allclose(bz.temper(p, t), powers / powers.sum(axis=-1, keepdims=True), rtol=ULPS)
    assert_array_equal(bz.temper(p, 1), exact)


def test_no_argument_is_ever_written_to():
    x, p, t = VALUES.copy(), bz.softmax(VALUES), np.array([0.0, 1.0, -2.0, -0.0, INF])
    before = x.tobytes(), p.tobytes(), t.tobytes()
    for array in (x, p, t):
        array.flags.writeable = False
    results = [f(x) for f in (bz.softmax, bz.log_softmax, bz.logsumexp)]
    results += [f(x, t) for f in (bz.probabilities, *THERMODYNAMIC)]
    results += [bz.temper(p, t), bz.temper(p, 1), bz.temper(p, t, axis=-1)]
    for result in results:
        assert result.flags.writeable
        result[...] = 99
    assert (x.tobytes(), p.tobytes(), t.tobytes()) == before
