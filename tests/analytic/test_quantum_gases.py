"""Bosons and fermions: exact occupancies against sums in forty digits and by enumeration."""

import decimal
from itertools import combinations, combinations_with_replacement

import numpy as np
import pytest
from numpy.testing import assert_allclose

import boltzmann as bz

GASES = {"bose": bz.bose_occupancy, "fermi": bz.fermi_occupancy}
ARRANGEMENTS = {"bose": combinations_with_replacement, "fermi": combinations}


def exact_numbers(weights, particles, kind, chosen):
    """Return the mean numbers of the states `chosen`, in forty digits.

    Sums over arrangements are built by adding one state at a time; the mean is that of states of
    which one, for a boson one more of its kind, is filled: w e_{N-1}(others)/e_N.
    """

    def sums(states):
        e = [decimal.Decimal(1)] + [decimal.Decimal(0)] * particles
        for w in states:
            steps = range(particles, 0, -1) if kind == "fermi" else range(1, particles + 1)
            for n in steps:
                e[n] += w * e[n - 1]
        return e

    with decimal.localcontext() as context:
        context.prec = 40
        context.Emax, context.Emin = decimal.MAX_EMAX, decimal.MIN_EMIN
        whole = sums(weights)[particles]
        means = []
        for k in chosen:
            others = weights[:k] + weights[k + 1 :] if kind == "fermi" else [*weights, weights[k]]
            means.append(weights[k] * sums(others)[particles - 1] / whole)
    return means


@pytest.mark.parametrize("kind", GASES)
@pytest.mark.parametrize(
    ("size", "particles", "t"),
    [(1050, 1000, 1.0), (1000, 500, 0.05), (1000, 40, 0.01), (50, 50, 1e-3), (30, 29, 40.0)],
)
def test_occupancies_have_twelve_digits(kind, size, particles, t):
    """The relative error of an occupancy, however small it is, is below 1e-12 for exponents of a
    few hundred, whose rounding alone is 1e-13.
    """
    energies = np.random.default_rng(size).normal(size=size)
    reference = np.sort(energies)[particles - 1]
    found = particles * GASES[kind](energies, t, particles)
    chosen = np.argsort(energies)[[0, particles // 2, particles - 1, -1]]

    with decimal.localcontext() as context:
        context.prec = 40
        context.Emax, context.Emin = decimal.MAX_EMAX, decimal.MIN_EMIN
        exact_t = decimal.Decimal(t)
        weights = [
            ((decimal.Decimal(reference) - decimal.Decimal(E)) / exact_t).exp() for E in energies
        ]
    exact = exact_numbers(weights, particles, kind, chosen)
    for k, number in zip(chosen, exact, strict=True):
        if number > decimal.Decimal("1e-290"):
            error = abs(decimal.Decimal(float(found[k])) / number - 1)
        else:
            error = abs(decimal.Decimal(float(found[k])) - number) * decimal.Decimal("1e290")
        assert error < decimal.Decimal("1e-12")


def by_enumeration(levels, t, particles, kind):
    """Return the fractions on each level, by the weight of every arrangement among the states."""
    level = np.repeat(np.arange(len(levels)), levels.degeneracies.astype(int))  # (M,)
    beta = 0.0 if np.isinf(t) else 1 / t
    shift = levels.energies.max() if t < 0 else levels.energies.min()
    numbers, weights = [], []
    for states in ARRANGEMENTS[kind](range(level.size), particles):
        number = np.bincount(level[list(states)], minlength=len(levels))
        numbers.append(number)
        weights.append(np.exp(-beta * (number @ (levels.energies - shift))))
    return np.average(numbers, axis=0, weights=weights) / particles


@pytest.mark.parametrize("kind", GASES)
@pytest.mark.parametrize("t", [0.2, 1.0, 30.0, np.inf, -0.7])
@pytest.mark.parametrize("particles", [1, 2, 3, 5, 8])
def test_occupancies_are_means_over_all_arrangements(kind, t, particles):
    levels = bz.EnergyLevels([0.4, -1.0, 0.4, 2.5], degeneracies=[1, 3, 2, 2])
    found = GASES[kind](levels, t, particles)
    assert_allclose(found, by_enumeration(levels, t, particles, kind), rtol=1e-12, atol=1e-15)
    assert_allclose(found.sum(), 1, rtol=1e-14)


@pytest.mark.parametrize("kind", GASES)
def test_one_particle_obeys_boltzmanns_law(kind):
    levels = bz.rigid_rotor(12)
    t = [[0.0, 0.5], [7.0, -2.0], [np.inf, -np.inf]]
    found = GASES[kind](levels, t, 1)
    assert found.shape == (3, 2, 12)
    assert_allclose(found, bz.probabilities(levels, t), rtol=1e-13, atol=1e-300)


def test_many_states_make_the_gases_one_and_the_deviation_falls_as_their_number():
    """N(N - 1)/2 pairs, each with a chance of Σ p²/g to share a state, make p_k larger or smaller
    by (N - 1)(p_k/g_k - Σ p²/g) of itself; what is left falls as the square of 1/g.
    """
    energies, particles = np.array([0.0, 0.3, 1.0, 2.2]), 5
    p = bz.probabilities(energies, 0.8)
    left = {"bose": [], "fermi": []}
    for states in (100, 1000, 10_000):
        levels = bz.EnergyLevels(energies, degeneracies=[states] * 4)
        first = (particles - 1) * (p - np.sum(p**2)) / states
        for sign, (kind, occupancy) in zip((1, -1), GASES.items(), strict=True):
            deviation = occupancy(levels, 0.8, particles) / p - 1
            assert np.abs(deviation).max() > 0.5 / states  # there is something to explain
            left[kind].append(np.abs(deviation - sign * first).max() * states**2)
    for second in left.values():
        assert max(second) < 20
        assert_allclose(second[1], second[2], rtol=0.05)


@pytest.mark.parametrize("kind", GASES)
def test_levels_of_many_states_are_levels_of_one_state_many_times(kind):
    """With 60 states on each of three levels, and 5 particles or 40; written out, or as levels."""
    energies = np.array([0.0, 0.4, 2.0])
    alone = np.repeat(energies, 60)
    for particles in (5, 40):
        found = GASES[kind](bz.EnergyLevels(energies, degeneracies=[60] * 3), 0.5, particles)
        summed = GASES[kind](alone, 0.5, particles).reshape(3, 60).sum(axis=1)
        assert_allclose(found, summed, rtol=1e-12)


@pytest.mark.parametrize("kind", GASES)
def test_no_degeneracy_is_too_large(kind):
    """Levels of 10^12 and of 10^300 states are counted without going through their states."""
    energies = [0.0, 0.7, 1.5]
    for states in (1e12, 1e300):
        found = GASES[kind](bz.EnergyLevels(energies, degeneracies=[states] * 3), 0.5, 1000)
        assert_allclose(found, bz.probabilities(energies, 0.5), rtol=3000 / states + 1e-12)


def test_empty_states_of_fermions_are_fermions_of_the_other_sign():
    levels = bz.EnergyLevels([0.0, 0.5, 0.6, 2.0, 3.0], degeneracies=[1, 2, 1, 3, 1])
    full = 3 * bz.fermi_occupancy(levels, 0.4, 3)
    empty = 5 * bz.fermi_occupancy(levels, -0.4, 5)
    assert_allclose(full + empty, levels.degeneracies, rtol=1e-13)


def test_cold_gases_fill_levels_from_below_and_from_above_where_t_is_negative():
    levels = bz.EnergyLevels([3, 1, 1, 2, np.inf], degeneracies=[2, 1, 3, 2, 9])
    assert_allclose(7 * bz.fermi_occupancy(levels, 0, 7), [1, 1, 3, 2, 0])
    assert_allclose(5 * bz.fermi_occupancy(levels, 0, 5), [0, 1, 3, 1, 0])
    assert_allclose(2 * bz.fermi_occupancy(levels, 0, 2), [0, 0.5, 1.5, 0, 0])
    assert_allclose(3 * bz.fermi_occupancy(levels, -1e-300, 3), [2, 0, 0, 1, 0])
    assert_allclose(bz.bose_occupancy(levels, 0, 1000), [0, 0.25, 0.75, 0, 0])
    assert_allclose(bz.bose_occupancy(levels, -1e-9, 1000), [1, 0, 0, 0, 0])
    for occupancy in GASES.values():
        assert_allclose(occupancy(levels, np.inf, 4), np.array([2, 1, 3, 2, 0]) / 8)


@pytest.mark.parametrize("kind", GASES)
def test_no_energy_is_too_large(kind):
    levels = [-1e308, 1e308, 1e308, 0.5e308]
    t = np.array([1e307, 1e308, -1e308])
    assert_allclose(
        GASES[kind](levels, t, 2),
        GASES[kind]([-10, 10, 10, 5], t / 1e307, 2),
        rtol=1e-12,
    )
    lowest = GASES[kind]([-np.inf, 0.0, 1.0, np.inf], [1e-310, 1.0, np.inf], 2)
    taken = 1.0 if kind == "bose" else 0.5
    assert_allclose(lowest[:, 0], taken)
    assert_allclose(lowest[:, 3], 0)


def test_bosons_condense():
    """In a harmonic trap with quanta of 1, where a gas of distinguishable particles at t = 10 has
    10 % on the lowest level, 1000 bosons have nearly all: 1 - t log t/N is of that order.
    """
    trap = bz.harmonic_oscillator(1000)
    assert bz.probabilities(trap, 10.0)[0] < 0.1
    assert bz.bose_occupancy(trap, 10.0, 1000)[0] > 0.95


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bz.fermi_occupancy([0, 1, np.inf], 1.0, 3), "particles is 3: there are 2 states"),
        (lambda: bz.bose_occupancy([0, 1], 1.0, 0), "particles is 0"),
        (lambda: bz.bose_occupancy([0, 1], 1.0, 2.0), "particles must be a whole number"),
        (lambda: bz.fermi_occupancy([0, 1], [1.0, np.nan], 1), r"t\[1\] is nan"),
        (lambda: bz.bose_occupancy([[0, 1]], 1.0, 1), r"shape \(K,\)"),
        (
            lambda: bz.bose_occupancy(bz.EnergyLevels([0, 1], [1, 1.5]), 1.0, 1),
            r"degeneracies\[1\] is 1.5",
        ),
    ],
)
def test_what_no_gas_has_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
