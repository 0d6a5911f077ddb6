"""The law of a closed box against integers counted by hand, and against softmax as 1/N."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import brentq

import boltzmann as bz
from boltzmann.analytic import arrangements
from boltzmann.analytic.arrangements import System, integer_arrangements

SYSTEMS = {
    "ladder": bz.ladder(6),
    "rotor": bz.rigid_rotor(5),
    "gapped": bz.EnergyLevels([3, -1, 5, 5], degeneracies=[2, 1, 3, 4]),
    "forbidden": bz.EnergyLevels([0, np.inf, 2], degeneracies=[2, 9, 1]),
}


def listed(levels, particles, demons, energy):
    """Return the occupancy and the number of arrangements, by listing all of them."""
    states = [
        (int(e), k)
        for k, (e, g) in enumerate(zip(levels.energies, levels.degeneracies, strict=True))
        if e < np.inf
        for _ in range(int(g))
    ]
    counts, found = np.zeros(len(levels)), 0
    for arrangement in itertools.product(states, repeat=particles):
        left = energy - sum(e for e, _ in arrangement)
        for purses in itertools.product(range(max(left, 0) + 1), repeat=demons):
            if sum(purses) == left:
                found += 1
                for _, k in arrangement:
                    counts[k] += 1 / particles
    return (counts / found if found else None), found


@pytest.mark.parametrize("demons", [0, 1, 2])
@pytest.mark.parametrize("name", SYSTEMS)
def test_every_arrangement_counts_once(name, demons):
    levels = SYSTEMS[name]
    particles = 3
    checked = 0
    for energy in range(-3, 8):
        expected, found = listed(levels, particles, demons, energy)
        if found:
            occupancy = bz.microcanonical_occupancy(levels, particles, energy, demons=demons)
            assert_allclose(occupancy, expected, rtol=0, atol=1e-14)
            entropy = bz.microcanonical_entropy(levels, particles, energy, demons=demons)
            assert entropy == pytest.approx(math.log(found), abs=1e-13)
            checked += 1
    assert checked >= 4


@pytest.mark.parametrize("demons", [0, 1, 32])
@pytest.mark.parametrize(("particles", "energy"), [(500, 300), (500, 2500), (2000, 4000)])
def test_the_transform_has_the_digits_that_it_claims(monkeypatch, particles, energy, demons):
    levels = bz.rigid_rotor(8)
    results = []
    for terms in (10**9, 0):  # integers only, transforms only
        monkeypatch.setattr(arrangements, "_EXACT_TERMS", terms)
        results.append(
            (
                bz.microcanonical_occupancy(levels, particles, energy, demons=demons),
                bz.microcanonical_entropy(levels, particles, energy, demons=demons),
                bz.microcanonical_temperature(levels, particles, energy, demons=demons),
            )
        )
    (f, s, t), (f_tilted, s_tilted, t_tilted) = results
    assert_allclose(f_tilted, f, rtol=0, atol=1e-12)
    assert s_tilted == pytest.approx(s, rel=1e-12)
    assert t_tilted == pytest.approx(t, rel=1e-8)


def test_integers_are_those_of_repeated_multiplication():
    system = System([0, 2, 3, 3], [2, 1, 3, 4], demons=2)
    product = np.array([1], dtype=object)
    for _ in range(7):
        product = np.convolve(product, np.array([2, 0, 1, 7], dtype=object))
    product = np.concatenate([product, np.zeros(20, dtype=object)])
    for _ in range(system.demons):
        product = np.cumsum(product)
    assert integer_arrangements(system, 7, 40) == product[:41].tolist()


def test_occupancies_hold_the_total_energy():
    levels = bz.rigid_rotor(40)
    occupancy = bz.microcanonical_occupancy(levels, 3000, 60_000)
    assert occupancy.sum() == pytest.approx(1, abs=1e-12)
    assert 3000 * occupancy @ levels.energies == pytest.approx(60_000, rel=1e-11)


@pytest.mark.parametrize("levels", [bz.rigid_rotor(12), bz.ladder(10)], ids=["rotor", "ladder"])
def test_it_approaches_softmax_as_one_over_the_particles(levels):
    energy = 3  # of a particle, in quanta
    t = brentq(lambda t: bz.mean_energy(levels, t) - energy, 0.1, 100, xtol=1e-14)
    softmax = bz.probabilities(levels, t)
    particles = np.array([500, 1000, 2000, 4000])
    off = [
        np.abs(bz.microcanonical_occupancy(levels, n, n * energy) - softmax).max()
        for n in particles.tolist()
    ]
    exponent = -np.polyfit(np.log(particles), np.log(off), 1)[0]
    assert 0.98 <= exponent <= 1.02
    # And the slope of the entropy is that temperature, as 1/N too.
    error = [
        abs(bz.microcanonical_temperature(levels, n, n * energy) - t) for n in particles.tolist()
    ]
    assert 0.98 <= -np.polyfit(np.log(particles), np.log(error), 1)[0] <= 1.02


def test_the_temperature_is_the_slope_of_the_entropy():
    levels = bz.EnergyLevels([0, 2, 6])
    above, below = (bz.microcanonical_entropy(levels, 40, energy) for energy in (52, 48))
    t = bz.microcanonical_temperature(levels, 40, 50)
    assert t == pytest.approx(4 / (above - below), rel=1e-11)


def test_a_coarse_quantum_scales_energies_and_temperature():
    levels, coarse = bz.ladder(8), bz.ladder(8, spacing=2.5)
    plain = bz.microcanonical_occupancy(levels, 50, 100)
    assert_allclose(bz.microcanonical_occupancy(coarse, 50, 100, quantum=2.5), plain, rtol=1e-12)
    t = bz.microcanonical_temperature(levels, 50, 100)
    scaled = bz.microcanonical_temperature(coarse, 50, 100, quantum=2.5)
    assert scaled == pytest.approx(2.5 * t, rel=1e-12)


def test_levels_upside_down_have_the_opposite_temperature():
    up, down = bz.EnergyLevels([0, 1, 3]), bz.EnergyLevels([3, 2, 0])
    hot = bz.microcanonical_temperature(up, 1000, 2900)
    assert hot < 0
    assert hot == pytest.approx(-bz.microcanonical_temperature(down, 1000, 100), rel=1e-12)


def test_two_levels_are_a_binomial_coefficient():
    entropy = bz.microcanonical_entropy([0, 1], 4000, 1500)
    assert entropy == pytest.approx(math.log(math.comb(4000, 1500)), rel=1e-13)
    occupancy = bz.microcanonical_occupancy([0, 1], 4000, 1500)
    assert_allclose(occupancy, [2500 / 4000, 1500 / 4000], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (([0, 0.7], 5, 3), r"energies\[1\] is 0\.7: 0\.3 quanta from a multiple of the quantum 1"),
        (([0, -np.inf], 5, 3), r"energies\[1\] is -inf: it must be finite, or \+inf"),
        (([0, 1e10], 5, 3), r"energies\[1\] is 10000000000\.0: 2\*\*31 quanta of 1 or more"),
        (([0, 2, 4], 5, 3), "energy is 3: no arrangement of 5 .*; the nearest are 2 and 4"),
        (([0, 7, 35], 3, 15), "energy is 15: no arrangement of 3 .*; the nearest are 14 and 21"),
        (([1, 3], 5, 4), "energy is 4: the nearest that 5 particles can have is 5"),
        (([1, 3], 5, 16), "energy is 16: the nearest that 5 particles can have is 15"),
        ((bz.EnergyLevels([0, 1], [1, 1.5]), 3, 1), r"degeneracies\[1\] is 1\.5: states are count"),
        (([0, 1], 3, 1.0), r"energy must be a whole number, got 1\.0: it counts quanta"),
        (([0, 1], 0, 1), "particles is 0: it must be at least 1"),
        (([0, 10**8], 5000, 10**11), "need a transform of .*: choose a larger quantum"),
    ],
)
@pytest.mark.parametrize(
    "law",
    [bz.microcanonical_occupancy, bz.microcanonical_entropy, bz.microcanonical_temperature],
)
def test_bad_input_gets_one_clear_line(law, call, message):
    with pytest.raises(ValueError, match=message) as refusal:
        law(*call)
    assert "\n" not in str(refusal.value)


def test_particles_that_can_have_one_energy_have_no_temperature():
    with pytest.raises(ValueError, match="energy is 6: the only one that these particles can have"):
        bz.microcanonical_temperature([2], 3, 6)


def test_levels_round_to_a_quantum():
    levels = bz.EnergyLevels([0.12, 0.37, np.inf, -0.4], [1, 2, 3, 4], "abcd")
    rounded = levels.rounded(0.25)
    assert rounded.energies.tolist() == [0, 0.25, np.inf, -0.5]
    assert rounded.labels == levels.labels
    assert rounded.degeneracies.tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="quantum must be one positive finite number"):
        levels.rounded(0)


def test_a_level_far_above_all_energy_changes_nothing():
    cold = bz.microcanonical_temperature([0, 1], 1000, 100)
    assert bz.microcanonical_temperature([0, 1, 50_000], 1000, 100) == pytest.approx(cold, rel=1e-9)
    # The ground state has a slope too: that up to the first excited one.
    assert bz.microcanonical_temperature([0, 1, 50_000], 1000, 0) == pytest.approx(
        1 / math.log(1000), rel=1e-9
    )


@pytest.mark.parametrize(
    "law", [bz.microcanonical_occupancy, bz.microcanonical_entropy, bz.microcanonical_temperature]
)
def test_levels_too_far_apart_are_refused_before_memory_is_taken(law):
    with pytest.raises(
        ValueError, match=r"1073741824 quanta above the lowest, for .*larger quantum"
    ):
        law([0, 2**30], 4, 2**31)


def test_an_energy_that_a_float_loses_is_not_called_impossible():
    # Three particles of 100000 and 100 of 1 have it, but nearly all that are near have some 500.
    levels = [0, 1, *range(100_000, 100_010)]
    with pytest.raises(ValueError, match="or so few that a float loses them beside those of 2006"):
        bz.microcanonical_occupancy(levels, 1000, 300_100)
