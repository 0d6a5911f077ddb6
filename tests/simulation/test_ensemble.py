"""The ensemble: what a run records, and what seeds, threads, cuts and quenches change."""

import threading

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation import ensemble
from tests.support.gases import ENGINES, LEVELS, MATRIX, gas_of, same_run

INF = np.inf


# What a run leaves.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("every", [1, 3])
def test_a_run_is_its_counts(engine, every):
    gas = gas_of(engine)
    gas.run(4)
    before = gas.counts
    run = gas.run(20, every=every)
    recorded = 20 // every

    assert run.counts.shape == (recorded, 4)
    assert run.counts.dtype == np.int64
    assert gas.particles == 5000
    assert np.all(run.counts.sum(axis=1) == 5000)
    assert (run.sweeps, run.every, run.temperature, gas.sweeps) == (20, every, 0.7, 24)
    assert np.array_equal(run.occupancy, run.counts.sum(axis=0) / (5000 * recorded))
    assert np.array_equal(run.energy, run.counts @ [0, 1, 1, 3] / 5000)

    left = np.vstack([before, run.counts])
    assert np.array_equal(run.heat, (left[:-1] - left[1:]) @ [0, 1, 1, 3])
    assert run.acceptance.shape == (recorded,)
    assert np.all((run.acceptance > 0) & (run.acceptance < 1))
    if every == 1:
        assert np.array_equal(gas.counts, run.counts[-1])
        assert gas.energy == run.energy[-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_heat_given_is_the_energy_lost_to_the_last_unit(engine):
    """First law, W = 0: integer energies add up exactly, over burn-in, quench and thinning."""
    gas = gas_of(engine, particles=10**5 + 7)
    for temperature, every in ((0.2, 1), (5.0, 4), (-1.0, 1)):
        gas.temperature = temperature
        gas.run(1, burn_in=3)
        before = int(gas.counts @ [0, 1, 1, 3])
        run = gas.run(12, every=every)
        assert run.heat.sum() == before - int(gas.counts @ [0, 1, 1, 3]) != 0


@pytest.mark.parametrize("engine", ENGINES)
def test_recording_less_often_changes_nothing_but_the_record(engine):
    """Acceptance and heat of an interval are the mean and the sum over its sweeps.

    Those of sweeps after the last recorded one are lost.
    """
    every, third, unkept = gas_of(engine), gas_of(engine), gas_of(engine)
    fine, coarse, dropped = every.run(20), third.run(20, every=3), unkept.run(20, keep_counts=False)
    assert np.array_equal(coarse.counts, fine.counts[2::3])
    assert np.array_equal(coarse.energy, fine.energy[2::3])
    assert np.array_equal(coarse.heat, fine.heat[:18].reshape(6, 3).sum(axis=1))
    assert coarse.acceptance == pytest.approx(
        fine.acceptance[:18].reshape(6, 3).mean(axis=1), rel=1e-14
    )
    assert np.array_equal(every.counts, third.counts)
    for name in ("occupancy", "energy", "heat", "acceptance"):
        assert np.array_equal(getattr(fine, name), getattr(dropped, name))
    message = r"the counts of 20 recorded sweeps at 4 levels \(0 MB\) were not kept: ask run\(\) "
    with pytest.raises(ValueError, match=message):
        _ = dropped.counts


def test_a_long_history_is_kept_only_if_asked_for():
    gas = bz.Ensemble(bz.ladder(64), particles=10)
    run = gas.run(100_000)
    assert run.energy.size == 100_000
    message = r"100000 recorded sweeps at 64 levels \(51 MB\) were not kept: .*keep_counts=True"
    with pytest.raises(ValueError, match=message):
        _ = run.counts
    assert gas.run(65_537, keep_counts=True).counts.shape == (65_537, 64)
    assert gas.run(65_536).counts.shape == (65_536, 64)


def test_acceptance_is_of_proposals_of_another_level():
    """At t = inf any proposal of another level is accepted, but for a step off the end."""
    for engine in ENGINES:
        run = bz.Ensemble(np.arange(5.0), INF, 40_000, engine=engine).run(3)
        # Eight standard deviations of the share that proposes another level.
        assert np.abs(run.acceptance - 1).max() < 0.02
        step = bz.Ensemble(np.arange(5.0), INF, 40_000, engine=engine, proposal="neighbour").run(3)
        assert np.abs(step.acceptance - 0.8).max() < 0.02
    swap = bz.Ensemble([0, 0], 1.0, 1000, proposal=[[0, 1], [1, 0]]).run(5)
    assert np.all(swap.acceptance == 1)
    assert np.array_equal(swap.counts[0], swap.counts[2])


def test_energies_as_large_as_floats_have_a_mean():
    for engine in ENGINES:
        gas = bz.Ensemble([1e308, -1e308], 1e308, 1000, engine=engine, seed=1)
        run = gas.run(5)
        assert run.energy == pytest.approx(
            (run.counts[:, 0] - run.counts[:, 1]) / 1000 * 1e308, rel=1e-14
        )
        assert gas.energy == run.energy[-1]
        assert not np.isnan(run.heat).any()


def test_a_bottomless_level_takes_all_and_then_gives_no_heat():
    for engine in ENGINES:
        run = bz.Ensemble(
            [0, -INF], 1.0, engine=engine, start=[0] * 64 if engine != "counts" else [64, 0]
        ).run(60)
        assert np.all(run.energy[run.counts[:, 1] > 0] == -INF)
        assert run.counts[-1].tolist() == [0, 64]  # each sweep halves what is left: 64 · 2^-60
        assert (run.heat[0], run.heat[-1]) == (INF, 0)


def test_a_gas_shows_what_it_is():
    gas = gas_of(proposal=MATRIX, rule="glauber")
    assert repr(gas) == (
        "Ensemble(4 levels, temperature=0.7, particles=5000, proposal='matrix', rule='glauber', "
        "engine='particles', 0 sweeps done)"
    )
    assert gas.levels is LEVELS
    gas.states[:] = 99
    gas.counts[:] = 99
    assert gas.counts.sum() == 5000
    counts = gas_of("counts")
    counts.counts[:] = 99
    assert counts.counts.sum() == 5000
    with pytest.raises(ValueError, match="engine='counts' does not know the level of a particle"):
        _ = counts.states


# One seed, one result.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("proposal", ["uniform", "neighbour", "matrix"])
def test_neither_threads_nor_cuts_nor_recording_change_a_result(engine, proposal):
    if proposal == "matrix":
        proposal, engine = MATRIX, "particles" if engine == "textbook" else engine

    whole = gas_of(engine, particles=9001, proposal=proposal)
    run = whole.run(60, threads=1)
    for threads in (2, 3, 50):
        gas = gas_of(engine, particles=9001, proposal=proposal)
        assert same_run(gas.run(60, threads=threads), run)
    gas = gas_of(engine, particles=9001, proposal=proposal)

    parts = [gas.run(25, threads=2), gas.run(1), gas.run(34, threads=3)]
    for name in ("counts", "energy", "heat", "acceptance"):
        assert np.array_equal(
            np.concatenate([getattr(part, name) for part in parts]), getattr(run, name)
        )

    gas = gas_of(engine, particles=9001, proposal=proposal)
    assert np.array_equal(gas.run(10, burn_in=50, keep_counts=False).energy, run.energy[50:])
    assert np.array_equal(gas.counts, whole.counts)


def test_the_engine_that_is_read_can_take_over_from_the_one_that_is_fast(tmp_path):
    """run(30) by table, then run(30) by formula, is run(60) of either."""
    whole, half = gas_of("textbook"), gas_of("particles")
    half.run(30)
    half.save(tmp_path / "gas")
    file = dict(np.load(tmp_path / "gas"))
    file["engine"] = np.array("textbook")
    with (tmp_path / "other").open("wb") as other:
        np.savez(other, **file)
    half = bz.Ensemble.load(tmp_path / "other")
    assert "engine='textbook'" in repr(half)
    half.run(30)
    whole.run(60)
    assert np.array_equal(half.states, whole.states)


@pytest.mark.parametrize("engine", ENGINES)
def test_seeds_tell_gases_apart_and_generators_are_seeds(engine):
    runs = [gas_of(engine, seed=seed).run(3).counts for seed in (0, 1, 2**40, 2**100)]
    for i, first in enumerate(runs):
        for second in runs[:i]:
            assert not np.array_equal(first, second)
    generator = np.random.default_rng(8)
    first, second = (gas_of(engine, seed=generator).run(3).counts for _ in range(2))
    assert not np.array_equal(first, second)
    assert np.array_equal(gas_of(engine, seed=np.random.default_rng(8)).run(3).counts, first)
    assert np.array_equal(gas_of(engine, seed=np.int64(1)).run(3).counts, runs[1])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_quench_changes_the_bath_and_nothing_else(engine):
    """Two gases part only when their baths do, and at t = 0 energy never rises.

    A temperature that is refused does nothing.
    """
    first, second = gas_of(engine), gas_of(engine)
    assert np.array_equal(first.run(10).counts, second.run(10).counts)

    first.temperature = 0
    assert first.temperature == 0.0
    energy = np.r_[first.energy, first.run(30).energy]
    assert np.all(np.diff(energy) <= 0)
    assert energy[-1] < energy[0]
    assert second.run(30).temperature == 0.7

    for bad in (np.nan, [1.0, 2.0], "cold", None):
        with pytest.raises(ValueError, match="temperature"):
            second.temperature = bad
    assert second.temperature == 0.7

    untouched = gas_of(engine)
    untouched.run(45)
    second.run(5)
    assert np.array_equal(second.counts, untouched.counts)


def test_a_gas_may_run_outside_the_main_thread():
    gases = [gas_of(seed=seed) for seed in (1, 2)]
    threads = [threading.Thread(target=gas.run, args=(50,)) for gas in gases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, gas in zip((1, 2), gases, strict=True):
        alone = gas_of(seed=seed)
        alone.run(50)
        assert np.array_equal(alone.counts, gas.counts)


def test_the_callers_arrays_are_never_written_to():
    energies, matrix = np.array([0.0, 1.0, 1.0, 3.0]), np.array(MATRIX)
    start = np.zeros(5000, np.uint16)
    gas = bz.Ensemble(energies, 1.0, proposal=matrix, start=start)
    counts = gas.run(5).counts
    matrix[:], energies[:] = 0, 0  # and what the caller does later is the caller's
    assert not start.any()
    fresh = bz.Ensemble([0, 1, 1, 3], 1.0, proposal=MATRIX, start=start)
    assert np.array_equal(fresh.run(5).counts, counts)
    assert np.array_equal(fresh.run(5).counts, gas.run(5).counts)


def test_a_thread_is_started_only_for_many_particles(monkeypatch):
    started = []

    class Watched(ensemble.Pool):
        def __init__(self, threads):
            started.append(threads)
            super().__init__(threads)

    monkeypatch.setattr(ensemble, "Pool", Watched)
    monkeypatch.setattr(ensemble, "available_processors", lambda: 3)
    for particles in (1, 40_000, 70_000, 200_000):
        bz.Ensemble([0, 1], particles=particles).run(1)
    bz.Ensemble([0, 1], particles=10).run(1, threads=2)
    assert started == [1, 1, 2, 3, 2]
