"""The Ensemble's face: what it promises about runs, seeds, threads, files, Ctrl-C, and what it refuses."""

import io
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from tqdm import tqdm

import boltzmann as bz
from boltzmann._core import progress
from boltzmann.simulation import ensemble, starts

INF = np.inf
ENGINES = ("particles", "textbook", "counts")
MATRIX = [[0.5, 0.3, 0.0, 0.2], [0.1, 0.4, 0.5, 0.0], [0.0, 0.25, 0.25, 0.5], [0.6, 0.0, 0.1, 0.3]]
LEVELS = bz.EnergyLevels([0, 1, 1, 3], [1, 2, 1, 4], ["ground", "é", "\0", "top"])


def gas_of(engine="particles", *, particles=5000, temperature=0.7, seed=3, **keywords):
    return bz.Ensemble(LEVELS, temperature, particles, engine=engine, seed=seed, **keywords)


def same_run(first, second):
    names = ("occupancy", "energy", "heat", "acceptance", "counts")
    return all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)


# What a run leaves.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("stride", [1, 3])
def test_a_run_is_its_counts(engine, stride):
    gas = gas_of(engine)
    gas.run(4)
    before = gas.counts
    run = gas.run(20, every=stride)
    looks = 20 // stride
    assert run.counts.shape == (looks, 4)
    assert run.counts.dtype == np.int64
    assert gas.particles == 5000
    assert np.all(run.counts.sum(axis=1) == 5000)
    assert (run.sweeps, run.every, run.temperature, gas.sweeps) == (20, stride, 0.7, 24)
    assert np.array_equal(run.occupancy, run.counts.sum(axis=0) / (5000 * looks))
    assert np.array_equal(run.energy, run.counts @ [0, 1, 1, 3] / 5000)
    left = np.vstack([before, run.counts])
    assert np.array_equal(run.heat, (left[:-1] - left[1:]) @ [0, 1, 1, 3])
    assert run.acceptance.shape == (looks,)
    assert np.all((run.acceptance > 0) & (run.acceptance < 1))
    if stride == 1:
        assert np.array_equal(gas.counts, run.counts[-1])
        assert gas.energy == run.energy[-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_heat_given_is_the_energy_lost_to_the_last_unit(engine):
    """First law, W = 0: integer energies add up exactly, over burn-in, quench and thinned looks."""
    gas = gas_of(engine, particles=10**5 + 7)
    for temperature, stride in ((0.2, 1), (5.0, 4), (-1.0, 1)):
        gas.temperature = temperature
        gas.run(1, burn_in=3)
        before = int(gas.counts @ [0, 1, 1, 3])
        run = gas.run(12, every=stride)
        assert run.heat.sum() == before - int(gas.counts @ [0, 1, 1, 3]) != 0


@pytest.mark.parametrize("engine", ENGINES)
def test_looking_less_often_changes_nothing_but_the_looks(engine):
    """Acceptance and heat of a stride are the mean and the sum over its sweeps; what follows the last is lost."""
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
    with pytest.raises(
        ValueError,
        match=r"the counts of 20 looks at 4 levels \(0 MB\) were not kept: ask run\(\) for",
    ):
        _ = dropped.counts


def test_a_long_history_is_kept_only_if_asked_for():
    gas = bz.Ensemble(bz.ladder(64), particles=10)
    run = gas.run(100_000)
    assert run.energy.size == 100_000
    with pytest.raises(
        ValueError,
        match=r"100000 looks at 64 levels \(51 MB\) were not kept: ask run\(\) for keep_counts=True",
    ):
        _ = run.counts
    assert gas.run(65_537, keep_counts=True).counts.shape == (65_537, 64)
    assert gas.run(65_536).counts.shape == (65_536, 64)


def test_acceptance_is_of_proposals_of_another_level():
    """At t = inf a uniform or neighbour proposal of another level is always taken, but for steps off the end."""
    for engine in ENGINES:
        run = bz.Ensemble(np.arange(5.0), INF, 40_000, engine=engine).run(3)
        assert (
            np.abs(run.acceptance - 1).max() < 0.02
        )  # eight standard deviations of the share proposed
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


# Where particles start.


@pytest.mark.parametrize("engine", ENGINES)
def test_starts_by_name(engine):
    levels = bz.EnergyLevels([2, 0, INF, 0, 1], [1, 1, 5, 2, 3])
    ground = bz.Ensemble(levels, 3.0, 90_000, engine=engine, start="ground").counts
    assert ground[[0, 2, 4]].sum() == 0
    assert abs(ground[3] - 60_000) < 8 * np.sqrt(20_000)
    uniform = bz.Ensemble(levels, 0.0, 90_000, engine=engine, start="uniform").counts
    assert np.all(
        np.abs(uniform - 90_000 * np.array([1, 1, 0, 2, 3]) / 7) < 8 * np.sqrt(90_000 / 4)
    )
    assert uniform[2] == 0
    frozen = bz.Ensemble(levels, 0.0, 90_000, engine=engine, start="exact").counts
    assert np.array_equal(frozen, ground)
    inverted = bz.Ensemble(levels, -1e-9, 500, engine=engine, start="exact").counts
    assert inverted.tolist() == [500, 0, 0, 0, 0]


def test_a_given_start_is_taken_and_left_as_it_is():
    start = np.array([3, 0, 0, 1, 2], np.uint8)
    for given in (start, start.tolist(), start.astype(float), start.astype(">i8")):
        gas = bz.Ensemble(LEVELS, start=given)
        assert gas.states.tolist() == [3, 0, 0, 1, 2]
        assert gas.counts.tolist() == [2, 1, 1, 1]
    gas.run(5)
    assert start.tolist() == [3, 0, 0, 1, 2]
    counts = np.array([7, 0, 0, 2**53 - 7])
    gas = bz.Ensemble(LEVELS, engine="counts", start=counts)
    gas.run(5)
    assert gas.particles == gas.counts.sum() == 2**53
    assert counts.tolist() == [7, 0, 0, 2**53 - 7]


def test_no_count_ever_starts_on_a_forbidden_level():
    """At 2^53 particles the rounding of 1 - 1/3 - 1/3 leaves one over in most draws."""
    for seed in range(20):
        gas = bz.Ensemble([0, 0, 0, INF], 1.0, 2**53, engine="counts", seed=seed)
        assert gas.counts[3] == 0
        assert gas.counts.sum() == 2**53


# One seed, one result.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("proposal", ["uniform", "neighbour", "matrix"])
def test_neither_threads_nor_cuts_nor_looks_change_a_result(engine, proposal):
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
    """Two gases part only when their baths do; at t = 0 energy never rises; a refused temperature does nothing."""
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


# Files.

KINDS = [
    ("particles", "uniform", "metropolis"),
    ("particles", "uniform", "heat-bath"),
    ("particles", MATRIX, "glauber"),
    ("textbook", "neighbour", "metropolis"),
    ("counts", "uniform", "metropolis"),
    ("counts", MATRIX, "metropolis"),
]


@pytest.mark.parametrize(("engine", "proposal", "rule"), KINDS)
def test_a_saved_gas_goes_on_as_if_it_had_never_stopped(tmp_path, engine, proposal, rule):
    path = tmp_path / "a gas.with.dots"
    gas = gas_of(engine, proposal=proposal, rule=rule)
    gas.run(7)
    gas.temperature = 1 / 3
    gas.run(4)
    gas.save(path)
    read = bz.Ensemble.load(str(path))
    assert repr(read) == repr(gas)
    assert read.levels == gas.levels
    assert read.levels.labels == ("ground", "é", "\0", "top")
    assert np.array_equal(read.counts, gas.counts)
    assert same_run(read.run(9), gas.run(9))
    read.temperature = gas.temperature = 2
    assert same_run(read.run(9), gas.run(9))
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_matrix_whose_rows_miss_1_is_saved_as_it_was_given(tmp_path):
    single = ((1 - np.eye(7)) / 6).astype(np.float32)
    for engine in ("particles", "counts"):
        gas = bz.Ensemble(np.arange(7.0), INF, 500, proposal=single, engine=engine)
        gas.save(tmp_path / "gas")
        assert same_run(bz.Ensemble.load(tmp_path / "gas").run(20), gas.run(20))


def test_saving_replaces_a_file_in_one_go_and_leaves_it_readable_to_others(tmp_path, monkeypatch):
    path, plain = tmp_path / "gas", tmp_path / "plain"
    plain.touch()
    gas = gas_of("counts")
    gas.save(path)
    assert path.stat().st_mode == plain.stat().st_mode
    before = path.read_bytes()
    gas.run(3)
    for error in (OSError("no space left"), KeyboardInterrupt()):

        def interrupted(file, error=error, **_):
            file.write(b"half")
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", interrupted)
            with pytest.raises(type(error)):
                gas.save(path)
        assert path.read_bytes() == before
        assert sorted(item.name for item in tmp_path.iterdir()) == ["gas", "plain"]
    (tmp_path / "link").hardlink_to(path)
    gas.save(path)
    assert bz.Ensemble.load(path).sweeps == 3
    assert (tmp_path / "link").read_bytes() == before  # another file took its name
    with pytest.raises(FileNotFoundError):
        gas.save(tmp_path / "nowhere" / "gas")


def refused_untouched(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is not a saved ensemble, or is damaged: ") as refusal:
        bz.Ensemble.load(path)
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_a_damaged_file_is_refused_or_harmless(tmp_path, engine):
    """Cut anywhere it is refused. One byte flipped is refused, or was of a date that nobody reads."""
    path = tmp_path / "gas"
    gas = gas_of(engine, particles=50, proposal=MATRIX)
    gas.run(3)
    gas.save(path)
    whole = path.read_bytes()
    for length in {0, 1, 4, 30, 100, *range(200, len(whole), 397), len(whole) - 1}:
        path.write_bytes(whole[:length])
        refused_untouched(path)
    refused = 0
    for place in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read = bz.Ensemble.load(path)
        except ValueError as error:
            assert "is not a saved ensemble, or is damaged: " in str(error)
            refused += 1
        else:
            assert repr(read) == repr(gas)
            assert same_run(read.run(2), bz.Ensemble.load(path).run(2))
            assert np.array_equal(bz.Ensemble.load(path).counts, gas.counts)
        assert path.read_bytes() == damaged
    assert refused > 200


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "file"
    gas_of("counts").save(path)
    good = dict(np.load(path))
    for content in (b"", b"Dear diary,\n", b"PK\x03\x04 but no more", bytes(1000)):
        path.write_bytes(content)
        refused_untouched(path)
    with path.open("wb") as file:
        np.save(file, np.arange(4))
    refused_untouched(path)
    foreign = [
        {"energies": np.arange(4.0)},
        good | {"format": np.array("boltzmann ensemble 2")},
        good | {"counts": good["counts"] + 1},
        good | {"counts": good["counts"].astype(float)},
        good | {"engine": np.array("quantum")},
        good | {"engine": np.array("particles")},
        good | {"energies": np.array([0, 1, 1, np.nan])},
        good | {"energies": np.arange(5.0)},
        good | {"temperature": np.array(np.nan)},
        good | {"proposal": np.array("random")},
        good | {"labels": np.array("[")},
        good | {"generator": np.array("{}")},
        good | {"sweeps": np.array(-5)},
        good | {"sweeps": np.array(2.5)},
        good | {"counts": good["counts"] + np.array([-2000, 2000, 0, 0])},
        good | {"energies": np.array([0, 1, 1, np.inf])},
    ]
    for arrays in foreign:
        with path.open("wb") as file:
            np.savez(file, **arrays)
        refused_untouched(path)


def test_states_and_streams_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "file"
    gas_of(particles=2049).save(path)
    good = dict(np.load(path))
    for name, array in [
        ("states", good["states"][:-1]),
        ("states", good["states"].astype(np.int64)),
        ("states", np.full(2049, 4, np.uint16)),
        ("streams", good["streams"][:1]),
        ("streams", good["streams"].astype(float)),
        ("particles", np.array(2048)),
        ("particles", np.array(0)),
    ]:
        with path.open("wb") as file:
            np.savez(file, **(good | {name: array}))
        refused_untouched(path)


def test_a_file_that_is_not_there_is_said_not_to_be_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        bz.Ensemble.load(tmp_path / "nothing")


# Ctrl-C.


@pytest.fixture
def default_interrupt():
    """Python's own Ctrl-C, which a job in the background is started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt_after(seconds):
    def send():
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_ctrl_c_stops_at_the_end_of_a_sweep_and_keeps_what_was_recorded(engine, default_interrupt):
    gas = gas_of(engine, particles=9000)
    thread = interrupt_after(0.15)
    with pytest.raises(KeyboardInterrupt):
        gas.run(10**8, burn_in=5, every=100)
    thread.join()
    assert signal.getsignal(signal.SIGINT) is default_interrupt
    assert 5 < gas.sweeps < 10**8
    assert gas.counts.sum() == 9000
    untouched = gas_of(engine, particles=9000)
    run = untouched.run(gas.sweeps - 5, burn_in=5, every=100)
    assert np.array_equal(untouched.counts, gas.counts)
    assert gas.partial.sweeps == gas.sweeps - 5
    assert gas.partial.energy.size == (gas.sweeps - 5) // 100
    assert same_run(gas.partial, run)
    assert np.array_equal(gas.run(4).counts, untouched.run(4).counts)
    assert gas.partial is None


def test_ctrl_c_in_the_burn_in_leaves_nothing_recorded(default_interrupt):
    gas = gas_of()
    thread = interrupt_after(0.1)
    with pytest.raises(KeyboardInterrupt):
        gas.run(1, burn_in=10**8)
    thread.join()
    assert gas.partial is None
    assert 0 < gas.sweeps < 10**8
    untouched = gas_of()
    untouched.run(gas.sweeps)
    assert np.array_equal(untouched.counts, gas.counts)


def test_a_handler_of_somebody_elses_is_left_in_force(default_interrupt):
    caught = []
    signal.signal(signal.SIGINT, lambda *_: caught.append(1))
    ours = signal.getsignal(signal.SIGINT)
    gas = gas_of()
    thread = interrupt_after(0.02)
    while not caught:
        gas.run(100)
    thread.join()
    assert signal.getsignal(signal.SIGINT) is ours


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


# The progress bar.


@pytest.mark.parametrize(
    ("terminal", "asked", "shown"), [(True, None, True), (False, None, False), (False, True, True)]
)
def test_a_bar_is_drawn_on_a_terminal_or_if_asked_for(monkeypatch, terminal, asked, shown):
    stderr = io.StringIO()
    stderr.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "tqdm", lambda **keywords: tqdm(**(keywords | {"delay": 0})))
    gas_of().run(5, progress=asked)
    assert ("sweep" in stderr.getvalue()) is shown
    gas_of().run(5, progress=False)
    assert ("sweep" in stderr.getvalue()) is shown


# What is refused.

REFUSED = [
    ({"levels": [1.0]}, "levels has 1 entries: an ensemble has 2 to 65536"),
    ({"levels": np.zeros(65_537)}, "levels has 65537 entries: an ensemble has 2 to 65536"),
    ({"levels": []}, "energies is empty"),
    ({"levels": [0, np.nan]}, r"energies\[1\] is nan"),
    ({"levels": [INF, INF]}, r"energies are all \+inf"),
    ({"levels": "ladder"}, "energies must be an array of real numbers, got 'ladder'"),
    (
        {"levels": bz.EnergyLevels([0, 1], [1e-200, 1e200])},
        "degeneracies differ by a factor of more than 1e300",
    ),
    ({"temperature": np.nan}, "temperature is nan"),
    ({"temperature": [1.0, 2.0]}, r"temperature must be one number, got shape \(2,\)"),
    ({"temperature": None}, "temperature must be an array of real numbers, got None"),
    ({"particles": 0}, "particles is 0: it must be at least 1"),
    ({"particles": -1}, "particles is -1: it must be at least 1"),
    ({"particles": 1.5}, "particles must be a whole number, got 1.5"),
    ({"particles": 100.0}, "particles must be a whole number, got 100.0"),
    ({"particles": True}, "particles must be a whole number, got True"),
    ({"particles": "many"}, "particles must be a whole number, got 'many'"),
    (
        {"particles": 10**13},
        r"they would take 25000 GB of the machine's \d+ GB; engine='counts' takes up to 2\*\*53",
    ),
    ({"particles": 10**400}, r"engine='counts' takes up to 2\*\*53"),
    (
        {"particles": 2**53 + 1, "engine": "counts"},
        r"particles is 9007199254740993: counts are exact up to 2\*\*53",
    ),
    ({"engine": "gpu"}, "engine is 'gpu': it must be one of particles, textbook, counts"),
    ({"engine": None}, "engine is None: it must be one of particles, textbook, counts"),
    (
        {"engine": "textbook", "rule": "heat-bath"},
        "engine is 'textbook': it proposes 'uniform' or 'neighbour'",
    ),
    (
        {"engine": "textbook", "proposal": np.eye(4)},
        "engine is 'textbook': it proposes 'uniform' or 'neighbour'",
    ),
    ({"rule": "wolff"}, "rule is 'wolff': it must be one of metropolis, glauber, heat-bath"),
    ({"rule": 1}, "rule is 1: it must be one of"),
    (
        {"proposal": "random"},
        "proposal is 'random': it must be 'uniform', 'neighbour' or a K×K matrix",
    ),
    ({"proposal": None}, "proposal must be an array of real numbers, got None"),
    ({"proposal": np.full((4, 4), 0.3)}, r"the sum of proposal\[0\] is 1.2: it must be 1"),
    ({"proposal": np.eye(3)}, r"proposal must have shape \(4, 4\), got \(3, 3\)"),
    (
        {"proposal": np.roll(np.eye(4), 1, axis=1)},
        r"proposal\[0, 1\] is 1.0 but proposal\[1, 0\] is 0: a move that",
    ),
    ({"start": "hot"}, "start is 'hot': it must be one of uniform, ground, exact, or an array"),
    ({"start": []}, r"start must have shape \(N,\), or \(K,\) for engine='counts', got \(0,\)"),
    ({"start": 3}, r"start must have shape \(N,\), or \(K,\) for engine='counts', got \(\)"),
    (
        {"start": [[0, 1]]},
        r"start must have shape \(N,\), or \(K,\) for engine='counts', got \(1, 2\)",
    ),
    ({"start": None}, "start must be an array of real numbers, got None"),
    ({"start": [0, 4]}, r"start\[1\] is 4.0: there are 4 levels"),
    ({"start": [0, INF]}, r"start\[1\] is inf: there are 4 levels"),
    ({"start": [0, -1]}, r"start\[1\] is -1.0: it must be a whole number"),
    ({"start": [0, 0.5]}, r"start\[1\] is 0.5: it must be a whole number"),
    ({"start": [0, np.nan]}, r"start\[1\] is nan"),
    ({"start": [0, 3], "levels": [0, 1, 2, INF]}, r"start\[1\] is 3.0: this level is forbidden"),
    ({"start": [0, 1], "particles": 3}, "particles is 3 but start has 2"),
    ({"start": [0, 1], "particles": 2.0}, "particles must be a whole number, got 2.0"),
    ({"start": [1, 1], "engine": "counts"}, r"start must have shape \(4,\), got \(2,\)"),
    ({"start": [0, 0, 0, 0], "engine": "counts"}, "start has no particles"),
    (
        {"start": [1, 0, 0, 1], "engine": "counts", "levels": [0, 1, 2, INF]},
        r"start\[3\] is 1.0: this level is forbid",
    ),
    ({"start": [1, 0, 0, 1], "engine": "counts", "particles": 3}, "particles is 3 but start has 2"),
    (
        {"start": [2**63 - 1] * 4, "engine": "counts"},
        r"start\[0\] is 9.2\d*e\+18: counts are exact up to 2\*\*53",
    ),
    (
        {"start": [2**53, 1, 0, 0], "engine": "counts"},
        r"particles is 9007199254740993: counts are exact up to 2\*\*53",
    ),
    (
        {"start": [INF, 1, 0, 0], "engine": "counts"},
        r"start\[0\] is inf: counts are exact up to 2\*\*53",
    ),
    ({"seed": -1}, "seed is -1: it must be at least 0"),
    ({"seed": None}, "seed must be a whole number, got None"),
    ({"seed": "x"}, "seed must be a whole number, got 'x'"),
    ({"seed": 1.0}, "seed must be a whole number, got 1.0"),
    ({"seed": True}, "seed must be a whole number, got True"),
    (
        {"levels": np.zeros(8193), "engine": "counts"},
        "levels has 8193 entries: the 8193×8193 matrix would take 0.5 GB",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_a_bad_argument_of_a_gas_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        bz.Ensemble(**({"levels": [0, 1, 1, 3]} | arguments))


REFUSED_RUNS = [
    ({"sweeps": 0}, "sweeps is 0: it must be at least 1"),
    ({"sweeps": -5}, "sweeps is -5"),
    ({"sweeps": 1.5}, "sweeps must be a whole number, got 1.5"),
    ({"sweeps": True}, "sweeps must be a whole number, got True"),
    ({"burn_in": -1}, "burn_in is -1: it must be at least 0"),
    ({"burn_in": 2.0}, "burn_in must be a whole number, got 2.0"),
    ({"every": 0}, "every is 0: it must be at least 1"),
    ({"every": 11}, "every is 11: it must be at most the 10 sweeps"),
    ({"every": 0.5}, "every must be a whole number, got 0.5"),
    ({"every": True}, "every must be a whole number, got True"),
    ({"threads": 0}, "threads is 0: it must be at least 1"),
    ({"threads": "all"}, "threads must be a whole number, got 'all'"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED_RUNS)
def test_a_bad_argument_of_a_run_is_named_and_moves_nothing(arguments, message):
    gas = gas_of()
    with pytest.raises(ValueError, match=message):
        gas.run(**({"sweeps": 10} | arguments))
    assert gas.sweeps == 0
    assert np.array_equal(gas.counts, gas_of().counts)


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


@pytest.mark.parametrize("particles", [1, 2048, 2049, 100_000])
def test_the_memory_foreseen_is_that_of_the_states_and_streams(particles, tmp_path):
    """2 bytes a particle, and half a byte for its share of a stream where blocks are full."""
    gas_of(particles=particles).save(tmp_path / "gas")
    saved = np.load(tmp_path / "gas")
    assert starts.bytes_needed(particles) == saved["states"].nbytes + saved["streams"].nbytes
    assert starts.bytes_needed(2048) == 2048 * 5 // 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak on request")
def test_ten_million_particles_take_less_than_100_megabytes():
    """They take 2 bytes each and a share of a stream, 25 MB; a float for each would be 80 MB more."""
    program = """
from pathlib import Path
import boltzmann as bz
def peak():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])  # in kB
bz.Ensemble(bz.ladder(8), particles=10_000).run(1)
Path("/proc/self/clear_refs").write_text("5")  # forget the peak of importing and compiling
before = peak()
run = bz.Ensemble(bz.ladder(8), particles=10_000_000).run(1)
assert run.counts.sum() == 10_000_000
print(peak() - before)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 20_000 < int(result.stdout) < 100_000


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
