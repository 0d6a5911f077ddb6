"""Bosons and fermions by moves: their counts obey the law of arrangements, exactly."""

import os
import signal
from itertools import product
from math import comb

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import boltzmann as bz
from boltzmann.statistics import error_of_mean, goodness_of_fit

LEVELS = bz.EnergyLevels([0.3, -0.4, 0.3, 1.2], degeneracies=[1, 2, 3, 1])
EXACT = {"bose": bz.bose_occupancy, "fermi": bz.fermi_occupancy}


def arrangements(levels, particles, t, statistics):
    """Return all counts (A, K) of so many particles, and the probability of each (A,)."""
    counts = np.array(
        [n for n in product(range(particles + 1), repeat=len(levels)) if sum(n) == particles]
    )
    ways = {"bose": lambda g, n: comb(g + n - 1, n), "fermi": comb}[statistics]
    states = levels.degeneracies.astype(int)
    number = np.array(
        [
            np.prod([ways(int(g), n) for g, n in zip(states, row, strict=True)])
            for row in counts.tolist()
        ]
    )
    energy = counts @ levels.energies
    if t == 0:
        weights = number * (energy == energy[number > 0].min())
    else:
        weights = number * np.exp(-(energy - energy.mean()) / t)
    return counts, weights / weights.sum()


def fit(run, particles, t, statistics):
    """Return the p-value of the recorded arrangements under the law."""
    counts, p = arrangements(LEVELS, particles, t, statistics)
    base = (particles + 1) ** np.arange(len(LEVELS))
    place = {int(key): k for k, key in enumerate(counts @ base)}
    seen = np.bincount([place[int(key)] for key in run.counts @ base], minlength=p.size)
    return goodness_of_fit(seen, p).p_value


@pytest.mark.parametrize("statistics", ["bose", "fermi"])
@pytest.mark.parametrize("t", [0.5, 3.0, np.inf, -1.0])
def test_every_arrangement_comes_as_often_as_the_law_says(statistics, t):
    """At a false-alarm rate of 1e-6 each: 40,000 records, 20 sweeps apart, which is far more than
    four levels remember. A weight wrong by 10 % shifts a share of 0.2 by 8 errors.
    """
    gas = bz.QuantumGas(LEVELS, t, 4, statistics=statistics, seed=11)
    run = gas.run(sweeps=800_000, burn_in=100, every=20, progress=False)
    assert fit(run, 4, t, statistics) > 1e-6


def test_bosons_are_no_fermions_and_neither_are_particles_with_names():
    """Each law, held against the counts of another, fails."""
    runs = {
        statistics: bz.QuantumGas(LEVELS, 1.0, 4, statistics=statistics, seed=3).run(
            100_000, every=20, progress=False
        )
        for statistics in EXACT
    }
    assert fit(runs["bose"], 4, 1.0, "fermi") < 1e-9
    assert fit(runs["fermi"], 4, 1.0, "bose") < 1e-9
    named = bz.Ensemble(LEVELS, 1.0, 4, seed=3).run(100_000, every=20, progress=False)
    assert fit(named, 4, 1.0, "bose") < 1e-9
    assert fit(named, 4, 1.0, "fermi") < 1e-9


@pytest.mark.parametrize("statistics", ["bose", "fermi"])
def test_a_large_gas_has_the_exact_occupancies(statistics):
    """Each of some 20 means of correlated counts is within 6 of its own errors, a false alarm of
    4e-8 in all if they were Gaussian; an error is about 0.7 % of a mean.
    """
    levels, particles, t = bz.rigid_rotor(60, constant=0.05), 200, 4.0
    gas = bz.QuantumGas(levels, t, particles, statistics=statistics, seed=5)
    run = gas.run(60_000, burn_in=1000, progress=False)
    law = particles * EXACT[statistics](levels, t, particles)
    counts = run.counts[:, law > 1].astype(float)
    errors = np.array([error_of_mean(series) for series in counts.T])
    assert counts.shape[1] > 10
    assert np.abs((counts.mean(axis=0) - law[law > 1]) / errors).max() < 6
    assert np.median(errors / law[law > 1]) < 0.01


@pytest.mark.parametrize("statistics", ["bose", "fermi"])
def test_a_gas_at_zero_falls_to_its_ground(statistics):
    gas = bz.QuantumGas(LEVELS, 0, 4, statistics=statistics, seed=1)
    gas.run(400, progress=False)
    counts, p = arrangements(LEVELS, 4, 0, statistics)
    assert p[(counts == gas.counts).all(axis=1)][0] > 0


def test_counts_are_of_allowed_levels_and_of_no_more_fermions_than_states():
    levels = bz.EnergyLevels([0, np.inf, 1, 2, -np.inf], degeneracies=[1, 5, 2, 2, 1])
    for t in (0.0, 0.7, np.inf, -0.7):
        gas = bz.QuantumGas(levels, t, 5, statistics="fermi", seed=2)
        run = gas.run(2000, progress=False)
        assert (run.counts <= [1, 0, 2, 2, 1]).all() and (run.counts.sum(axis=1) == 5).all()
        assert run.counts[-1, 4] == (t >= 0)


def test_starts_are_uniform_over_arrangements():
    """4000 starts each, at a false-alarm rate of 1e-6: the law at t = inf."""
    counts, p = {}, {}
    for statistics in EXACT:
        counts, p = arrangements(LEVELS, 3, np.inf, statistics)
        place = {tuple(row): k for k, row in enumerate(counts.tolist())}
        starts = [
            bz.QuantumGas(LEVELS, 1.0, 3, statistics=statistics, seed=seed).counts.tolist()
            for seed in range(4000)
        ]
        seen = np.bincount([place[tuple(row)] for row in starts], minlength=p.size)
        assert goodness_of_fit(seen, p).p_value > 1e-6


def test_starts_that_are_named_or_given():
    def counts(statistics, start, particles=None):
        return bz.QuantumGas(
            LEVELS, 1.0, particles, statistics=statistics, start=start
        ).counts.tolist()

    assert counts("bose", "ground", 9) == [0, 9, 0, 0]
    assert counts("fermi", "ground", 4) == [1, 2, 1, 0]
    assert counts("fermi", "ground", 7) == [1, 2, 3, 1]
    assert counts("bose", [0, 0, 5, 2]) == [0, 0, 5, 2]


def test_one_seed_one_result_however_sweeps_are_cut_and_with_a_save_in_between(tmp_path):
    def gas():
        return bz.QuantumGas(bz.ladder(40), 3.0, 25, statistics="bose", seed=9)

    whole = gas().run(60, progress=False)
    cut = gas()
    first = cut.run(7, progress=False).counts
    cut.save(tmp_path / "gas")
    again = bz.QuantumGas.load(tmp_path / "gas")
    assert (again.sweeps, again.particles, again.statistics) == (7, 25, "bose")
    assert again.levels == cut.levels and again.temperature == 3.0
    rest = again.run(53, progress=False).counts
    assert_array_equal(np.vstack((first, rest)), whole.counts)
    assert_array_equal(cut.run(53, progress=False).counts, rest)


def test_ctrl_c_stops_at_the_end_of_a_sweep_and_keeps_what_was_recorded(default_interrupt):
    def gas():
        return bz.QuantumGas(bz.ladder(9), 2.0, 900, statistics="bose", seed=4)

    stopped, whole, chunks = gas(), gas(), []
    sweep = stopped._sweep

    def pressing(*arguments):
        chunks.append(arguments)
        if len(chunks) == 12:
            os.kill(os.getpid(), signal.SIGINT)
        return sweep(*arguments)

    stopped._sweep = pressing
    with pytest.raises(KeyboardInterrupt):
        stopped.run(20_000, burn_in=5, every=3, progress=False)
    assert 5 + 3 < stopped.sweeps < 20_000
    run = whole.run(stopped.sweeps - 5, burn_in=5, every=3, progress=False)
    assert_array_equal(stopped.partial.counts, run.counts)
    assert_array_equal(stopped.run(4, progress=False).counts, whole.run(4, progress=False).counts)
    assert stopped.partial is None


def test_a_run_says_what_it_recorded():
    gas = bz.QuantumGas(bz.ladder(5), 1.0, 4, statistics="fermi", start="ground", seed=1)
    before = 4 * gas.energy
    run = gas.run(30, every=10, progress=False)
    assert run.counts.shape == (3, 5) and run.energy[-1] == gas.energy
    assert run.heat.sum() == before - 4 * gas.energy
    assert run.acceptance.shape == (3,) and 0 < run.acceptance.mean() < 1
    assert gas.sweeps == 30 and "QuantumGas(5 levels" in repr(gas)


def test_damaged_files_and_files_of_others_are_refused(tmp_path):
    gas = bz.QuantumGas([0, 1, 2], 1.0, 2, statistics="fermi")
    gas.save(tmp_path / "gas")
    content = dict(np.load(tmp_path / "gas"))
    wrong = {
        "state": np.array([1, 1], np.uint16),  # two fermions in a state
        "stream": content["stream"][:3],
        "degeneracies": np.array([1.0, 0.5, 1.0]),
        "format": np.array("boltzmann ensemble 1"),
    }
    for name, value in wrong.items():
        with (tmp_path / "wrong").open("wb") as file:
            np.savez(file, **(content | {name: value}))
        with pytest.raises(ValueError, match="not a saved quantum gas, or is damaged"):
            bz.QuantumGas.load(tmp_path / "wrong")
    (tmp_path / "text").write_text("no gas")
    with pytest.raises(ValueError, match="it is no archive"):
        bz.QuantumGas.load(tmp_path / "text")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"particles": 4}, "particles is 4: there are 3 states"),
        ({"particles": None}, "particles is missing"),
        ({"particles": 0}, "particles is 0"),
        ({"particles": 2, "statistics": "maxwell"}, "statistics is 'maxwell'"),
        ({"particles": 2, "start": "exact"}, "start is 'exact'"),
        ({"start": [0, 2, 0]}, r"start\[1\] is 2.0: a state holds one fermion"),
        ({"start": [0, 0, 0]}, "start has no particles"),
        ({"start": [1, 1, 0], "particles": 3}, "particles is 3 but start has 2"),
        ({"start": [1, 1]}, r"start must have shape \(3,\)"),
        ({"start": [0, 0.5, 1]}, r"start\[1\] is 0.5"),
        ({"particles": 1, "temperature": np.nan}, "temperature is nan"),
        ({"particles": 1, "levels": [0.0]}, "levels has 1 entries"),
        ({"particles": 1, "levels": bz.EnergyLevels([0, 1], [1, 0.5])}, r"degeneracies\[1\]"),
    ],
)
def test_what_no_gas_is_made_of_is_refused(arguments, words):
    settings = {"levels": [0, 1, 2], "statistics": "fermi"} | arguments
    with pytest.raises(ValueError, match=words):
        bz.QuantumGas(**settings)
