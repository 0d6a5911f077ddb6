"""Energy levels: what a system is, what it refuses to be, and the catalogue."""

import dataclasses
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import boltzmann as bz
from boltzmann import EnergyLevels

INF, NAN = np.inf, np.nan


def test_levels_are_float64_with_one_state_each_by_default():
    levels = EnergyLevels(np.array([3, 1, 2], np.int16))
    assert_array_equal(levels.energies, [3.0, 1.0, 2.0])
    assert_array_equal(levels.degeneracies, [1.0, 1.0, 1.0])
    assert levels.energies.dtype == levels.degeneracies.dtype == np.float64
    assert levels.labels == ("0", "1", "2")
    assert len(levels) == 3


def test_labels_are_kept_as_text():
    assert EnergyLevels([0, 1], labels=["up", 7]).labels == ("up", "7")


def test_states_counts_degeneracies_of_allowed_levels_only():
    assert EnergyLevels([0, 1, INF, -INF], degeneracies=[1, 3, 100, 0.5]).states == 4.5


def test_levels_are_frozen():
    levels = bz.ladder(3)
    with pytest.raises(ValueError, match="read-only"):
        levels.energies[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        levels.degeneracies[0] = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        levels.energies = np.zeros(3)


def test_levels_share_no_memory_with_what_they_were_made_of():
    energies, degeneracies = np.array([0.0, 1.0]), np.array([1.0, 2.0])
    levels = EnergyLevels(energies, degeneracies)
    energies[:] = degeneracies[:] = 9
    assert_array_equal(levels.energies, [0, 1])
    assert_array_equal(levels.degeneracies, [1, 2])


def test_equal_systems_are_equal_and_hash_alike():
    levels = EnergyLevels([0, 1], [1, 2], ["a", "b"])
    assert levels == EnergyLevels(np.array([0, 1], np.float16), (1, 2), "ab")
    assert hash(levels) == hash(EnergyLevels([0, 1], [1, 2], "ab"))
    for other in (
        EnergyLevels([0, 2], [1, 2], "ab"),
        EnergyLevels([0, 1], [1, 3], "ab"),
        EnergyLevels([0, 1], [1, 2]),
    ):
        assert levels != other
    assert levels != "levels"
    assert len({levels, EnergyLevels([0, 1], [1, 2], "ab"), bz.ladder(2)}) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "energies is empty"),
        ((1.0,), r"energies must have shape \(K,\), got \(\)"),
        (([[0, 1]],), r"energies must have shape \(K,\), got \(1, 2\)"),
        (([0, NAN, 1],), r"energies\[1\] is nan"),
        (([INF, INF],), r"energies are all \+inf"),
        ((["a"],), "energies must be an array of real numbers"),
        (([1j],), "energies must be an array of real numbers"),
        (([[0], [1, 2]],), "energies must be an array of real numbers, got ragged rows"),
        (([0, 1], [1]), r"degeneracies must have shape \(2,\), got \(1,\)"),
        (([0, 1], [1, 0]), r"degeneracies\[1\] is 0.0: it must be positive and finite"),
        (([0, 1], [-2, 1]), r"degeneracies\[0\] is -2.0"),
        (([0, 1], [1, INF]), r"degeneracies\[1\] is inf"),
        (([0, 1], [1, NAN]), r"degeneracies\[1\] is nan"),
        (([0, 1], None, ["a"]), "labels has 1 entries for 2 levels"),
        (([0, 1], None, 5), "labels must be a sequence of 2 names, got 5"),
        (([0, 1], None, np.array(5)), r"labels must be a sequence of 2 names, got array\(5\)"),
    ],
)
def test_what_is_no_system_is_refused_by_name_index_and_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        EnergyLevels(*arguments)


P = np.array([0.5, 0.3, 0.2 - 1e-9, 0.0, 1e-9])


def test_probabilities_make_the_round_trip_through_levels():
    levels = EnergyLevels.from_probabilities(P, labels="abcde")
    assert levels.energies[3] == INF
    assert levels.labels == tuple("abcde")
    # E = -log p is rounded to 1.1e-16 of itself, and is at most 21.
    assert_allclose(bz.probabilities(levels, 1), P, rtol=1e-14, atol=0)


def test_a_certainty_lies_at_zero_energy_not_minus_zero():
    assert not np.signbit(EnergyLevels.from_probabilities([1.0, 0.0]).energies[0])
    assert not np.signbit(EnergyLevels.from_logits([0.0, -1.0]).energies[0])


def test_logits_make_the_round_trip_through_levels():
    logits = np.array([2.0, -1.0, -INF, 0.5])
    levels = EnergyLevels.from_logits(logits, labels="abcd")
    assert_array_equal(levels.energies, -logits)
    assert levels.labels == tuple("abcd")
    assert_array_equal(bz.probabilities(levels, 1), bz.softmax(logits))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EnergyLevels.from_probabilities([0.5, 0.4]), "the sum of p is 0.9"),
        (lambda: EnergyLevels.from_probabilities([1.5, -0.5]), r"p\[1\] is -0.5"),
        (lambda: EnergyLevels.from_probabilities([0.5, NAN]), r"p\[1\] is nan"),
        (lambda: EnergyLevels.from_probabilities([]), "p has shape"),
        (lambda: EnergyLevels.from_probabilities(1.0), "p has shape"),
        (
            lambda: EnergyLevels.from_probabilities([[0.5, 0.5]]),
            r"must have shape \(K,\), got \(1, 2\)",
        ),
        (lambda: EnergyLevels.from_logits([-INF, -INF]), "logits are all -inf"),
        (lambda: EnergyLevels.from_logits([0, NAN]), r"logits\[1\] is nan"),
        (
            lambda: EnergyLevels.from_logits([]),
            r"logits must have shape \(K,\) with K of at least 1, got \(0,\)",
        ),
        (
            lambda: EnergyLevels.from_logits([[0, 1]]),
            r"logits must have shape \(K,\) .* got \(1, 2\)",
        ),
        (lambda: EnergyLevels.from_logits([0, 1], labels="a"), "labels has 1 entries for 2 levels"),
    ],
)
def test_what_is_no_distribution_is_refused_by_name_index_and_value(make, message):
    with pytest.raises(ValueError, match=message):
        make()


ONES = np.ones(4)
CATALOGUE = [
    (bz.two_level(), [0, 1], [1, 1]),
    (bz.two_level(gap=2.5, degeneracy=3), [0, 2.5], [1, 3]),
    (bz.ladder(4), [0, 1, 2, 3], ONES),
    (bz.ladder(4, spacing=0.5), [0, 0.5, 1, 1.5], ONES),
    (bz.ladder(1), [0], [1]),
    (bz.harmonic_oscillator(4, quantum=2), [1, 3, 5, 7], ONES),
    (bz.rigid_rotor(4), [0, 2, 6, 12], [1, 3, 5, 7]),
    (bz.rigid_rotor(4, constant=0.5), [0, 1, 3, 6], [1, 3, 5, 7]),
    (bz.particle_in_box(4), [1, 4, 9, 16], ONES),
    (bz.particle_in_box(4, ground=0.25), [0.25, 1, 2.25, 4], ONES),
    (bz.column(4), [0.125, 0.375, 0.625, 0.875], ONES),
    (bz.column(4, height=8, weight=2), [2, 6, 10, 14], ONES),
]


@pytest.mark.parametrize(("levels", "energies", "degeneracies"), CATALOGUE)
def test_the_catalogue_has_its_textbook_energies_and_degeneracies(levels, energies, degeneracies):
    assert_array_equal(levels.energies, energies)
    assert_array_equal(levels.degeneracies, degeneracies)


def test_random_levels_are_sorted_normals_that_follow_their_seed():
    expected = 3 * np.sort(np.random.default_rng(5).standard_normal(1000))
    assert_array_equal(bz.random_levels(1000, spread=3, seed=5).energies, expected)
    assert_array_equal(
        bz.random_levels(1000, spread=3, seed=np.random.default_rng(5)).energies, expected
    )
    assert bz.random_levels(1000, seed=5) != bz.random_levels(1000, seed=6)
    generator = np.random.default_rng(5)
    assert bz.random_levels(3, seed=generator) != bz.random_levels(3, seed=generator)


COUNTED = [bz.ladder, bz.harmonic_oscillator, bz.rigid_rotor, bz.particle_in_box, bz.random_levels]


@pytest.mark.parametrize("make", [*COUNTED, bz.column])
def test_a_count_is_a_whole_number_of_at_least_one(make):
    name = "layers" if make is bz.column else "count"
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"{name} is {wrong}: it must be at least 1"):
            make(wrong)
    for wrong in (2.0, "3", None, True):
        with pytest.raises(ValueError, match=f"{name} must be a whole number"):
            make(wrong)
    assert len(make(np.int64(3))) == 3


SCALES = [
    (bz.two_level, (), "gap"),
    (bz.two_level, (), "degeneracy"),
    (bz.ladder, (3,), "spacing"),
    (bz.harmonic_oscillator, (3,), "quantum"),
    (bz.rigid_rotor, (3,), "constant"),
    (bz.particle_in_box, (3,), "ground"),
    (bz.column, (3,), "height"),
    (bz.column, (3,), "weight"),
    (bz.random_levels, (3,), "spread"),
]


@pytest.mark.parametrize(
    ("make", "arguments", "name"), SCALES, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_scale_is_one_positive_finite_number(make, arguments, name):
    for wrong in (0, -1.5, INF, [1.0, 2.0]):
        with pytest.raises(ValueError, match=f"{name} must be one positive finite number"):
            make(*arguments, **{name: wrong})
    with pytest.raises(ValueError, match=f"{name} is nan"):
        make(*arguments, **{name: NAN})
    with pytest.raises(ValueError, match=f"{name} must be an array of real numbers"):
        make(*arguments, **{name: "1"})


# The largest scale at which the factory's levels are finite is the largest float over `factor`:
# that of its last level, E_2 or, for the column, the middle of its top layer.
LARGEST = np.finfo(np.float64).max
OVERFLOWING = [
    (bz.ladder, (3,), "spacing", 2),
    (bz.harmonic_oscillator, (3,), "quantum", 2.5),
    (bz.rigid_rotor, (3,), "constant", 6),
    (bz.particle_in_box, (3,), "ground", 9),
    (lambda layers, weight: bz.column(layers, height=6.0, weight=weight), (3,), "weight", 5),
]


@pytest.mark.parametrize(
    ("make", "arguments", "name", "factor"), OVERFLOWING, ids=[row[2] for row in OVERFLOWING]
)
def test_a_level_that_overflows_is_refused_and_not_forbidden(make, arguments, name, factor):
    scale = LARGEST / factor * (1 - 1e-15)
    energies = make(*arguments, **{name: scale}).energies
    assert np.isfinite(energies).all()
    assert energies[2] > LARGEST * (1 - 1e-14)
    scale = LARGEST / factor * (1 + 1e-15)
    with pytest.raises(
        ValueError, match=rf"{name} is {re.escape(str(scale))}: energies\[2\] overflows"
    ):
        make(*arguments, **{name: scale})


@pytest.mark.parametrize(("seed", "end"), [(3, 0), (4, 2)])
def test_random_levels_are_refused_at_either_end(seed, end):
    farthest = abs(bz.random_levels(3, seed=seed).energies[end])
    assert np.isfinite(
        bz.random_levels(3, spread=LARGEST / farthest * 0.99, seed=seed).energies
    ).all()
    with pytest.raises(ValueError, match=rf"spread is .*: energies\[{end}\] overflows"):
        bz.random_levels(3, spread=LARGEST / farthest * 1.01, seed=seed)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None])
def test_a_seed_is_a_whole_number_or_a_generator(seed):
    with pytest.raises(ValueError, match="seed"):
        bz.random_levels(3, seed=seed)


def test_whole_numbers_of_any_size_are_numbers():
    assert bz.EnergyLevels([10**20, 0, -(10**300)]).energies.tolist() == [1e20, 0.0, -1e300]
    assert np.allclose(
        bz.probabilities([10**20, 0], 1e20), [1 / (1 + np.e), np.e / (1 + np.e)], rtol=1e-15
    )


@pytest.mark.parametrize(
    ("energies", "message"),
    [
        ([0, None, 1], r"energies must be an array of real numbers, but energies\[1\] is None"),
        ([[0, 1], [2, {}]], r"but energies\[1, 1\] is {}"),
        ([0, 10**400], r"energies\[1\] is 1000+\.\.\.0+: no float is so large"),
        (["a"] * 1000, r"got \['a', 'a', 'a', 'a', 'a', 'a', \.\.\.\]$"),
    ],
)
def test_what_is_no_number_is_named_in_few_words(energies, message):
    with pytest.raises(ValueError, match=message):
        bz.EnergyLevels(energies)
