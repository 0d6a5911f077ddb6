"""The law for any system: the symmetries and identities that hold whatever the energies.

Each example is drawn anew from the same seed; there is no chance in what passes.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate

import boltzmann as bz

INF = np.inf
LAW = settings(derandomize=True, deadline=None)
THERMODYNAMIC = [
    bz.log_partition,
    bz.free_energy,
    bz.mean_energy,
    bz.entropy,
    bz.heat_capacity,
    bz.perplexity,
]
ULPS = 1e-14  # a few dozen roundings, for results that take another order of summation

anything = st.floats(allow_nan=False)
temperatures = st.one_of(
    anything, st.floats(-10, 10), st.sampled_from([0.0, -0.0, 5e-324, INF, -INF])
)
counts = st.floats(1e-300, 1e300)


@st.composite
def any_levels(draw, energies=anything, degeneracies=counts):
    rungs = draw(
        st.lists(energies, min_size=1, max_size=8).filter(lambda values: min(values) < INF)
    )
    size = len(rungs)
    return bz.EnergyLevels(rungs, draw(st.lists(degeneracies, min_size=size, max_size=size)))


mild_levels = any_levels(st.floats(-5, 5), st.floats(0.5, 8))


@LAW
@given(any_levels(), temperatures)
def test_probabilities_are_normalised_and_forbidden_levels_stay_at_zero(levels, t):
    p = bz.probabilities(levels, t)
    assert_allclose(p.sum(), 1, rtol=1e-15 * len(levels))
    assert np.all(p >= 0)
    assert np.all(p[levels.energies == INF] == 0)


@LAW
@given(any_levels(), temperatures)
def test_thermodynamics_are_never_nan_and_stay_in_their_bounds(levels, t):
    found = {function: float(function(levels, t)) for function in THERMODYNAMIC}
    assert not np.isnan(list(found.values())).any()
    allowed = levels.energies[levels.energies < INF]
    mean, halves = (
        found[bz.mean_energy] / 2,
        allowed / 2,
    )  # halved, so that the slack cannot overflow
    slack = 1e-15 * np.abs(halves[np.isfinite(halves)]).max(initial=0)
    assert halves.min() - slack <= mean <= halves.max() + slack
    assert found[bz.heat_capacity] >= 0
    assert found[bz.entropy] <= np.log(levels.states) + 1e-12
    assert found[bz.perplexity] == np.exp(found[bz.entropy])


@LAW
@given(
    st.lists(st.integers(-(2**20), 2**20), min_size=1, max_size=8),
    st.integers(-(2**45), 2**45),
    st.floats(1e-3, 1e6) | st.floats(-1e6, -1e-3),
)
def test_only_energy_differences_count(rungs, shift, t):
    # Sixty-fourths and whole shifts below 2^53/64 add without rounding, so that equal means equal.
    energies = np.array(rungs) / 64
    for function in (bz.probabilities, bz.entropy, bz.heat_capacity, bz.perplexity):
        assert_array_equal(function(energies + shift, t), function(energies, t))
    assert_array_equal(bz.softmax(energies + shift), bz.softmax(energies))


def test_a_ladder_keeps_its_heat_and_entropy_a_billion_higher_up():
    levels, t = bz.ladder(20).energies, np.geomspace(0.05, 50, 30)
    assert_array_equal(bz.heat_capacity(levels + 1e9, t), bz.heat_capacity(levels, t))
    assert_array_equal(bz.entropy(levels + 1e9, t), bz.entropy(levels, t))


@LAW
@given(any_levels(), temperatures, st.integers(-30, 30))
def test_energies_and_temperatures_share_their_unit(levels, t, power):
    unit = 2.0**power
    sizes = np.abs([*levels.energies, t])
    assume(
        np.all((sizes == 0) | (sizes == INF) | ((sizes > 1e-290) & (sizes < 1e290)))
    )  # exact in either unit
    scaled = bz.EnergyLevels(levels.energies * unit, levels.degeneracies)
    assert_array_equal(bz.probabilities(scaled, t * unit), bz.probabilities(levels, t))


@LAW
@given(any_levels(), temperatures, st.randoms(use_true_random=False))
def test_the_order_of_the_levels_does_not_matter(levels, t, random):
    order = random.sample(range(len(levels)), len(levels))
    shuffled = bz.EnergyLevels(levels.energies[order], levels.degeneracies[order])
    assert_allclose(bz.probabilities(shuffled, t), bz.probabilities(levels, t)[order], rtol=ULPS)


@LAW
@given(
    st.lists(anything, min_size=2, max_size=8).filter(lambda values: min(values) < INF),
    temperatures,
)
def test_lower_energies_are_likelier_above_zero_and_rarer_below(energies, t):
    allowed = [energy for energy in energies if energy < INF]
    p = bz.probabilities(energies, t)[np.argsort(energies)][: len(allowed)]
    p = p[::-1] if t < 0 else p
    assert np.all(
        p[1:] <= p[:-1] * (1 + 1e-15)
    )  # neighbouring exponentials may round past each other


@LAW
@given(any_levels(st.floats(allow_nan=False, allow_infinity=False)), temperatures)
def test_a_negative_temperature_is_a_positive_one_for_mirrored_energies(levels, t):
    # t = 0 has no mirror image: it is approached from above.
    t = t or 1.0
    mirrored = bz.EnergyLevels(-levels.energies, levels.degeneracies)
    assert_array_equal(bz.probabilities(mirrored, -t), bz.probabilities(levels, t))
    assert_array_equal(bz.entropy(mirrored, -t), bz.entropy(levels, t))
    assert_array_equal(bz.heat_capacity(mirrored, -t), bz.heat_capacity(levels, t))


@LAW
@given(
    st.lists(st.tuples(st.floats(-50, 50), st.integers(1, 5)), min_size=1, max_size=5), temperatures
)
def test_a_degenerate_level_is_as_many_levels(rungs, t):
    energies, copies = (np.array(column) for column in zip(*rungs, strict=True))
    degenerate, spelled_out = bz.EnergyLevels(energies, copies), np.repeat(energies, copies)
    each = bz.probabilities(degenerate, t) / copies
    assert_allclose(np.repeat(each, copies), bz.probabilities(spelled_out, t), rtol=1e-12)
    for function in (bz.log_partition, bz.mean_energy, bz.entropy, bz.perplexity, bz.heat_capacity):
        assert_allclose(function(degenerate, t), function(spelled_out, t), rtol=1e-12, atol=1e-13)


probability_lists = st.lists(st.floats(-3, 3), min_size=1, max_size=8).map(bz.softmax)
powers = st.floats(0.3, 3) | st.floats(-3, -0.3)


@LAW
@given(probability_lists, powers, powers)
def test_tempering_twice_multiplies_the_temperatures(p, a, b):
    # 1/(a b) is at most 11, and log p spans at most 60: each rounding is magnified less than a
    # thousandfold.
    assert_allclose(bz.temper(bz.temper(p, a), b), bz.temper(p, a * b), rtol=1e-12)


@LAW
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(lambda values: sum(values) > 1e-3))
def test_tempering_at_one_is_no_change_at_all(values):
    p = np.array(values) / sum(values)
    assert_array_equal(bz.temper(p, 1), p)
    assert_array_equal(bz.temper(p, [[0.5, 1.0], [1.0, 2.0]])[[0, 1], [1, 0]], [p, p])
    assert not np.shares_memory(bz.temper(p, 1), p)


@LAW
@given(st.lists(st.floats(-30, 30) | st.just(INF), min_size=1, max_size=8), st.floats(0.1, 1e6))
def test_tempering_is_the_law_of_minus_log_p(energies, t):
    energies = [0.0, *energies]
    # p = exp(-E)/Z carries a rounding of |E| <= 60 that 1/t <= 10 magnifies: 1e-13.
    tempered = bz.temper(bz.softmax(np.negative(energies)), [t, -t])
    assert_allclose(tempered, bz.probabilities(energies, [t, -t]), rtol=1e-12)


@LAW
@given(st.lists(anything, min_size=1, max_size=8).filter(lambda values: max(values) > -INF))
def test_softmax_is_the_law_of_minus_the_logits_at_one(logits):
    levels = bz.EnergyLevels.from_logits(logits)
    assert_array_equal(bz.softmax(logits), bz.probabilities(levels, 1))
    assert_array_equal(bz.logsumexp(logits), bz.log_partition(levels, 1))
    assert not np.isnan(bz.log_softmax(logits)).any()


@LAW
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.integers(-20, 20))
def test_the_law_is_softmax_of_logits_over_temperature(logits, power):
    t = 2.0**power  # a power of two, so that dividing before shifting is exact here
    assert_allclose(
        bz.softmax(np.divide(logits, t)),
        bz.probabilities(bz.EnergyLevels.from_logits(logits), t),
        rtol=ULPS,
    )


@LAW
@given(mild_levels, st.floats(0.1, 50) | st.floats(-50, -0.1))
def test_free_energy_is_energy_minus_temperature_times_entropy(levels, t):
    size = np.abs(levels.energies).max() + abs(t) * (4 + abs(np.log(levels.states)))
    assert bz.free_energy(levels, t) == pytest.approx(
        bz.mean_energy(levels, t) - t * bz.entropy(levels, t), rel=0, abs=ULPS * size
    )
    assert bz.free_energy(levels, t) == pytest.approx(
        -t * bz.log_partition(levels, t), rel=0, abs=ULPS * size
    )


# Of five points. Truncation, STEP⁴ f⁗'/30, and rounding, 1e-16/STEP, are below 1e-10 for these
# systems.
STEP = 1e-3


def slope(function, levels, t):
    return (np.array([1, -8, 8, -1]) / (12 * STEP)) @ function(
        levels, t + STEP * np.array([-2, -1, 1, 2])
    )


@pytest.mark.parametrize("t", [0.6, 1.0, 3.0, -0.7, -2.0])
@pytest.mark.parametrize(
    "levels",
    [bz.two_level(degeneracy=3), bz.rigid_rotor(5), bz.random_levels(10, seed=1)],
    ids=["two", "rotor", "ten"],
)
def test_thermodynamic_functions_are_one_anothers_derivatives(levels, t):
    assert bz.entropy(levels, t) == pytest.approx(-slope(bz.free_energy, levels, t), abs=1e-7)
    assert bz.heat_capacity(levels, t) == pytest.approx(slope(bz.mean_energy, levels, t), abs=1e-7)
    assert bz.heat_capacity(levels, t) == pytest.approx(t * slope(bz.entropy, levels, t), abs=1e-7)
    # What makes t a temperature: the price of energy in entropy.
    price = slope(bz.entropy, levels, t) / slope(bz.mean_energy, levels, t)
    assert price == pytest.approx(1 / t, abs=1e-5)


@LAW
@given(mild_levels, st.floats(0.05, 50), st.floats(1.01, 3))
def test_energy_and_entropy_rise_with_temperature(levels, t, factor):
    cold, hot = bz.mean_energy(levels, [t, factor * t])
    assert cold <= hot + ULPS * 5
    cold, hot = bz.entropy(levels, [t, factor * t])
    assert cold <= hot + ULPS * 5


@LAW
@given(mild_levels, st.floats(0.05, 50))
def test_entropy_counts_states(levels, t):
    p = bz.probabilities(levels, t)
    per_state = p[p > 0] / levels.degeneracies[p > 0]
    assert bz.entropy(levels, t) == pytest.approx(-np.sum(p[p > 0] * np.log(per_state)), abs=1e-13)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (bz.two_level(), np.log(2)),
        (bz.EnergyLevels([0, 0, 1, 1, 1, 3]), np.log(3)),
        (bz.EnergyLevels([0, 1, 3], degeneracies=[2, 3, 1]), np.log(3)),
    ],
)
def test_all_heat_ever_taken_up_is_the_growth_of_the_entropy(levels, expected):
    # The third law: the integral of C/t dt over all temperatures, taken in log t. Beyond e^±20 lies
    # under 1e-16.
    total, error = integrate.quad(
        lambda log_t: bz.heat_capacity(levels, np.exp(log_t)), -20, 20, limit=200
    )
    assert error < 1e-7
    assert total == pytest.approx(expected, rel=1e-9)
    assert bz.entropy(levels, INF) - bz.entropy(levels, 0) == pytest.approx(expected, rel=ULPS)


def test_a_large_vocabulary_keeps_its_sums():
    p = bz.softmax(np.zeros(50257))
    assert_array_equal(p, 1 / 50257)
    assert bz.perplexity(np.zeros(50257), 3.7) == pytest.approx(50257, rel=ULPS)


@LAW
@given(any_levels(), temperatures)
def test_nobodys_floating_point_settings_change_the_answer(levels, t):
    quiet = [function(levels, t) for function in (bz.probabilities, *THERMODYNAMIC)]
    with np.errstate(all="raise"):
        strict = [function(levels, t) for function in (bz.probabilities, *THERMODYNAMIC)]
    for a, b in zip(quiet, strict, strict=True):
        assert_array_equal(a, b)
