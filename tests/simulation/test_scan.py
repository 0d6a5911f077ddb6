"""A sweep over temperatures and replicas: what it finds, what it keeps, and what it refuses.

Where the tasks run is the subject of test_sweeps_workers.py.
"""

import json
import os
import pickle
import shutil
import signal
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Timer

import numpy as np
import pytest
from scipy import stats

import boltzmann as bz
from boltzmann.simulation.scan import scan

ENERGIES, DEGENERACIES = np.array([0.0, 0.3, 1.1, 3.0]), np.array([1.0, 2.0, 1.0, 4.0])
LEVELS = bz.EnergyLevels(ENERGIES, DEGENERACIES)
GRID = [0.5, 1.0, -2.0]
REQUEST = {
    "levels": LEVELS,
    "temperatures": GRID,
    "replicas": 3,
    "sweeps": 20,
    "burn_in": 2,
    "particles": 500,
    "seed": 7,
}
FIELDS = ("temperatures", "occupancy", "energy", "heat_capacity", "acceptance", "finished")


def same(first, second):
    return all(getattr(first, name).tobytes() == getattr(second, name).tobytes() for name in FIELDS)


def keyed_seed(seed, i, r):
    high, low = np.random.SeedSequence(seed, spawn_key=(i, r)).generate_state(2, np.uint64).tolist()
    return high * 2**64 + low


@pytest.fixture(scope="module")
def record():
    return bz.scan(**REQUEST)


@pytest.fixture
def calls(monkeypatch):
    """The places of all tasks that run in this process."""
    places = {keyed_seed(7, i, r): (i, r) for i in range(len(GRID)) for r in range(9)}
    seen, run = [], scan.run_task

    def counted(task):
        seen.append(places[task.seed])
        return run(task)

    monkeypatch.setattr(scan, "run_task", counted)
    return seen


# What a sweep is.


@pytest.mark.parametrize("engine", ["particles", "counts"])
@pytest.mark.parametrize("proposal", ["neighbour", np.full((4, 4), 0.25)])
def test_each_task_is_an_ensemble_with_a_seed_keyed_by_its_place(engine, proposal):
    kind = {"proposal": proposal, "rule": "glauber", "engine": engine, "start": "ground"}
    found = bz.scan(**REQUEST, **kind)
    assert found.occupancy.shape == (3, 3, 4) and found.finished.all()
    for i, r in np.ndindex(3, 3):
        run = bz.Ensemble(LEVELS, GRID[i], 500, seed=keyed_seed(7, i, r), **kind).run(20, 2)
        assert np.array_equal(found.occupancy[i, r], run.occupancy)
        assert found.acceptance[i, r] == run.acceptance.mean()
        assert found.energy[i, r] == pytest.approx(run.energy.mean(), rel=1e-12)


def test_no_two_tasks_share_a_seed():
    """At equal temperatures, equal seeds would give equal occupancies."""
    found = bz.scan(LEVELS, [1.0] * 10, 10, 3, particles=100_000).occupancy.reshape(100, 4)
    assert len(np.unique(found, axis=0)) == 100


def test_a_larger_grid_begins_with_the_smaller_one(record):
    larger = bz.scan(**REQUEST | {"temperatures": [*GRID, 9.0], "replicas": 5})
    assert np.array_equal(larger.occupancy[:3, :3], record.occupancy)


def test_burn_in_is_a_tenth_of_the_sweeps_unless_given(record):
    def without(sweeps, **burn_in):
        return bz.scan(LEVELS, GRID, 2, sweeps, particles=100, **burn_in)

    assert same(without(21), without(21, burn_in=3))
    assert not same(without(21), without(21, burn_in=2))


def test_a_generator_is_a_seed():
    first, again, other = (
        bz.scan(**REQUEST | {"seed": np.random.default_rng(k)}) for k in (1, 1, 2)
    )
    assert same(first, again)
    assert not same(first, other)


class Meddling(Executor):
    """Runs tasks at once, after the caller has changed the arrays that he gave."""

    def __init__(self, *arrays):
        self.arrays = arrays

    def submit(self, work, task):
        for array in self.arrays:
            array[:] = np.nan
        future = Future()
        future.set_result(work(task))
        return future


def test_arrays_of_the_caller_may_change_while_the_sweep_runs():
    proposal, grid = np.full((4, 4), 0.25), np.array(GRID)
    found = bz.scan(
        **REQUEST | {"proposal": proposal, "temperatures": grid}, executor=Meddling(proposal, grid)
    )
    assert np.isnan(grid).all() and np.isnan(proposal).all()
    assert same(found, bz.scan(**REQUEST, proposal=np.full((4, 4), 0.25)))


# What its record says.


def test_means_and_errors_are_those_of_the_replicas(record):
    for name in ("occupancy", "energy", "heat_capacity", "acceptance"):
        values = getattr(record, name)
        assert record.mean(name) == pytest.approx(values.mean(axis=1), rel=1e-12)
        assert record.standard_error(name) == pytest.approx(
            values.std(axis=1, ddof=1) / np.sqrt(3), rel=1e-9
        )
    assert record.mean("occupancy").shape == record.standard_error("occupancy").shape == (3, 4)
    for wrong in ("entropy", "finished", 0, None):
        with pytest.raises(ValueError, match="quantity is"):
            record.mean(wrong)


def test_one_replica_has_a_mean_and_no_error():
    one = bz.scan(**REQUEST | {"replicas": 1})
    assert np.array_equal(one.mean("energy"), one.energy[:, 0])
    assert (
        np.isnan(one.standard_error("energy")).all()
        and np.isnan(one.standard_error("occupancy")).all()
    )


def test_energy_and_heat_capacity_are_moments_of_the_occupancy(record):
    energy = record.occupancy @ ENERGIES
    assert record.energy == pytest.approx(energy, rel=1e-12)
    variance = (
        record.occupancy @ ENERGIES**2
        - energy**2
        + 3 / 2 * (energy - energy.mean(axis=1)[:, None]) ** 2
    )
    assert record.heat_capacity == pytest.approx(variance / np.square(GRID)[:, None], rel=1e-9)
    one = bz.scan(**REQUEST | {"replicas": 1})
    variance = one.occupancy @ ENERGIES**2 - one.energy**2
    assert one.heat_capacity == pytest.approx(variance / np.square(GRID)[:, None], rel=1e-9)


def test_columns_have_one_row_for_each_task(record):
    table = record.columns()
    names = ["temperature", "replica", "finished", "energy", "heat_capacity", "acceptance"]
    assert list(table) == names + [f"occupancy_{k}" for k in range(4)]
    assert {column.shape for column in table.values()} == {(9,)}
    for row, (i, r) in enumerate(np.ndindex(3, 3)):
        assert (table["temperature"][row], table["replica"][row]) == (GRID[i], r)
        assert table["energy"][row] == record.energy[i, r]
        assert [table[f"occupancy_{k}"][row] for k in range(4)] == record.occupancy[i, r].tolist()


def test_extreme_energies_and_temperatures_have_records_too():
    """Forbidden levels, one that takes all, differences beyond the largest float, and no temperature at all."""
    keywords = {"replicas": 2, "sweeps": 50, "burn_in": 50, "particles": 200}
    grid = [0.0, 5e-324, 1.0, np.inf, -np.inf]
    found = bz.scan([0, 1, np.inf], grid, **keywords)
    assert np.all(found.occupancy[:, :, 2] == 0)
    assert np.all(found.energy[:2] == 0)
    assert np.isnan(found.heat_capacity[0]).all() and np.all(found.heat_capacity[[1, 3, 4]] == 0)
    assert np.all(found.heat_capacity[2] > 0.1)
    bottomless = bz.scan([-np.inf, 0.0], grid[1:], **keywords)
    assert np.all(bottomless.energy[:2] == -np.inf) and np.all(bottomless.heat_capacity[:2] == 0)
    huge, small = bz.scan([-1e308, 1e308], [1e308], **keywords), bz.scan([-1, 1], [1], **keywords)
    assert huge.heat_capacity == pytest.approx(small.heat_capacity, rel=1e-12)
    assert huge.energy == pytest.approx(small.energy * 1e308, rel=1e-12)
    lifted, level = (
        bz.scan([2**30, 2**30 + 1], [1.0], **keywords),
        bz.scan([0, 1], [1.0], **keywords),
    )
    assert np.array_equal(lifted.heat_capacity, level.heat_capacity)
    apart = bz.ScanResult(
        LEVELS, np.ones(1), np.eye(4)[None, :3:2], np.ones((1, 2)), np.ones((1, 2), bool)
    )
    assert apart.heat_capacity == pytest.approx(2 / 1 * (1.1 / 2) ** 2, rel=1e-12)
    occupancy, finished = np.array([[[0, 0.5, 0.5], [np.nan] * 3]]), np.array([[True, False]])
    unreached = bz.ScanResult(
        bz.EnergyLevels([-np.inf, 0, 1]), np.ones(1), occupancy, np.ones((1, 2)), finished
    )
    assert np.array_equal(unreached.heat_capacity, [[0.25, np.nan]], equal_nan=True)
    equal = bz.scan([0.1, 0.1, 0.1], [5e-324], **keywords)
    assert np.all(equal.heat_capacity == 0)


# What it refuses.


class Untouched(Executor):
    def submit(self, *_):
        raise AssertionError("work began before the arguments were checked")


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        (name, value)
        for name in ("replicas", "sweeps", "particles")
        for value in (0, -1, 1.5, True, None)
    ]
    + [
        ("burn_in", -1),
        ("burn_in", 2.0),
        ("seed", -1),
        ("seed", 0.5),
        ("levels", [1.0]),
        ("levels", [np.nan, 1]),
    ]
    + [("temperatures", value) for value in ([], 1.0, [[1.0]], [1.0, np.nan], ["hot"])]
    + [
        ("proposal", "far"),
        ("proposal", [[1.0]]),
        ("proposal", [[1, 0], [1]]),
        ("rule", "none"),
        ("engine", "big"),
    ]
    + [(name, np.array(["uniform", "counts"])) for name in ("engine", "rule", "start", "proposal")]
    + [("start", "cold"), ("start", [0, 1]), ("executor", 4), ("executor", "dask")],
)
def test_bad_arguments_are_named_before_any_work(argument, value, tmp_path):
    request = {"executor": Untouched(), "checkpoint": tmp_path / "kept", **REQUEST, argument: value}
    name = (
        "energies"
        if isinstance(value, list) and argument == "levels" and np.isnan(value[0])
        else argument
    )
    with pytest.raises(ValueError, match=name):
        bz.scan(**request)
    assert not (tmp_path / "kept").exists()


def test_counts_beyond_a_float_are_refused_before_any_work():
    with pytest.raises(ValueError, match="particles"):
        bz.scan(**REQUEST | {"particles": 2**53 + 1}, engine="counts", executor=Untouched())


def test_particles_beyond_this_machine_are_refused_before_any_work(tmp_path, calls):
    """Where others do the work, it is they who say that they cannot."""
    request = REQUEST | {"particles": 10**14, "temperatures": [1.0]}
    message = r"they would take 250000 GB of the machine's \d+ GB; engine='counts' takes up to"
    with pytest.raises(ValueError, match=message):
        bz.scan(**request, checkpoint=tmp_path / "kept")
    assert calls == [] and not (tmp_path / "kept").exists()
    with pytest.raises(bz.ScanError, match=f"3 of 3 tasks failed.*{message}"):
        bz.scan(**request, executor=ThreadPoolExecutor)
    assert bz.scan(**request, engine="counts").finished.all()


@pytest.mark.parametrize(
    "place", ["a file", "below a file", "a number", "no path", "a folder for a manifest"]
)
def test_a_checkpoint_that_cannot_be_is_named_before_any_work(place, tmp_path):
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.touch()
    (folder / "manifest.json").mkdir(parents=True)
    value = {"a file": file, "below a file": file / "kept", "a number": 5, "no path": "\0"}.get(
        place, folder
    )
    with pytest.raises(
        ValueError, match=r"checkpoint is .*: it must be a folder to keep files in: "
    ) as caught:
        bz.scan(**REQUEST, checkpoint=value, executor=Untouched())
    assert repr(value) in str(caught.value)
    assert sorted(item.name for item in tmp_path.rglob("*")) == ["file", "folder", "manifest.json"]


def test_a_folder_that_is_only_read_serves_a_finished_sweep_and_no_other(
    tmp_path, monkeypatch, record
):
    """Files that the system refuses to make, as no permission keeps an administrator from it."""
    bz.scan(**REQUEST, checkpoint=tmp_path)

    def refuse(**_):
        raise PermissionError("read-only file system")

    monkeypatch.setattr("boltzmann.simulation.scan.checkpoint.tempfile.TemporaryDirectory", refuse)
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path, executor=Untouched()), record)
    for more in (tmp_path, tmp_path / "another"):
        with pytest.raises(ValueError, match=r"checkpoint is .*read-only file system"):
            bz.scan(**REQUEST | {"replicas": 4}, checkpoint=more, executor=Untouched())


# A task that fails.


def test_a_failed_task_is_named_and_the_others_are_returned(monkeypatch, record):
    run, two = scan.run_task, bz.scan(**REQUEST | {"replicas": 2})

    def failing(task):
        if task.seed in (keyed_seed(7, 1, 2), keyed_seed(7, 2, 0)):
            raise OSError("no room on the disk")
        return run(task)

    monkeypatch.setattr(scan, "run_task", failing)
    with pytest.raises(
        bz.ScanError, match=r"temperatures\[1\] = 1.0, replica 2, with OSError: no room"
    ) as caught:
        bz.scan(**REQUEST)
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error).startswith("2 of 9 tasks failed")
    assert isinstance(caught.value.__cause__, OSError)
    assert set(error.failures) == {(1, 2), (2, 0)}
    partial = error.partial
    assert np.argwhere(~partial.finished).tolist() == [[1, 2], [2, 0]]
    for name in ("occupancy", "energy", "acceptance"):
        values = getattr(partial, name)
        assert np.array_equal(values[partial.finished], getattr(record, name)[partial.finished])
        assert np.isnan(values[~partial.finished]).all()
    # A heat capacity compares the replicas that are finished.
    assert np.array_equal(partial.heat_capacity[0], record.heat_capacity[0])
    assert np.array_equal(partial.heat_capacity[1], [*two.heat_capacity[1], np.nan], equal_nan=True)
    assert partial.mean("energy")[1] == pytest.approx(record.energy[1, :2].mean(), rel=1e-12)
    error_of_two = record.energy[1, :2].std(ddof=1) / np.sqrt(2)
    assert partial.standard_error("energy")[1] == pytest.approx(error_of_two, rel=1e-9)


# What a folder keeps.


def contents(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_a_sweep_goes_on_where_it_was_interrupted(tmp_path, calls, record, monkeypatch):
    counted = scan.run_task

    def interrupted(task):
        if len(calls) == 4:
            raise KeyboardInterrupt
        return counted(task)

    monkeypatch.setattr(scan, "run_task", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bz.scan(**REQUEST, checkpoint=tmp_path / "a" / "b")
    before = contents(tmp_path / "a" / "b")
    assert len(before) == 4 + 1
    monkeypatch.setattr(scan, "run_task", counted)
    assert same(bz.scan(**REQUEST, checkpoint=str(tmp_path / "a" / "b")), record)
    assert calls == list(np.ndindex(3, 3))
    after = contents(tmp_path / "a" / "b")
    assert {name: after[name] for name in before} == before
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path / "a" / "b"), record)
    assert len(calls) == 9
    assert contents(tmp_path / "a" / "b") == after


def test_more_replicas_add_to_those_kept(tmp_path, calls):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    del calls[:]
    more = bz.scan(**REQUEST | {"replicas": 4}, checkpoint=tmp_path)
    assert calls == [(0, 3), (1, 3), (2, 3)]
    assert same(more, bz.scan(**REQUEST | {"replicas": 4}))
    del calls[:]
    bz.scan(**REQUEST | {"replicas": 2}, checkpoint=tmp_path)
    assert calls == []


@pytest.mark.parametrize(
    ("argument", "value", "named"),
    [
        ("levels", bz.EnergyLevels([0, 0.3, 1.1, 3.1], DEGENERACIES), "energies"),
        ("levels", bz.EnergyLevels(ENERGIES, [1, 2, 1, 5]), "degeneracies"),
        ("temperatures", [0.5, 1.0, -2.0000000000000004], "temperatures"),
        ("sweeps", 21, "sweeps is 20 there and 21 here"),
        ("burn_in", 3, "burn_in is 2 there and 3 here"),
        ("particles", 501, "particles is 500 there and 501 here"),
        ("seed", 8, "seed is 7 there and 8 here"),
        ("proposal", "neighbour", "proposal is 'uniform' there and 'neighbour' here"),
        ("proposal", np.full((4, 4), 0.25), "proposal"),
        ("rule", "glauber", "rule"),
        ("engine", "counts", "engine"),
        ("start", "ground", "start"),
    ],
)
def test_the_folder_of_another_sweep_is_refused_and_left_alone(argument, value, named, tmp_path):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="belongs to another sweep") as caught:
        bz.scan(**REQUEST | {argument: value}, checkpoint=tmp_path, executor=Untouched())
    assert named in str(caught.value)
    assert contents(tmp_path) == before


def test_the_folder_of_another_version_or_proposal_matrix_is_refused(tmp_path, monkeypatch):
    bz.scan(**REQUEST, proposal=np.full((4, 4), 0.25), checkpoint=tmp_path)
    bz.scan(**REQUEST, proposal=[[0.25] * 4] * 4, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="proposal is 'sha256"):
        bz.scan(**REQUEST, proposal=np.eye(4), checkpoint=tmp_path)
    monkeypatch.setattr(bz, "__version__", "0.0.0")
    with pytest.raises(ValueError, match=r"boltzmann is '.*' there and '0.0.0' here"):
        bz.scan(**REQUEST, proposal=np.full((4, 4), 0.25), checkpoint=tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"sweep"', "\xff", "{}"])
def test_a_damaged_manifest_is_refused_and_left_alone(text, tmp_path):
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"checkpoint .*(damaged|another sweep)"):
        bz.scan(**REQUEST, checkpoint=tmp_path, executor=Untouched())
    assert contents(tmp_path) == before


def flip_a_bit(path):
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(b"NUMPY", damaged.index(b"occupancy")) + 130] ^= (
        1  # past the header, in the numbers
    )
    path.write_bytes(damaged)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-30]),
    "a flipped bit": flip_a_bit,
    "text": lambda path: path.write_text("occupancy"),
    "another array": lambda path: np.savez(path, occupancy=np.zeros(4)),
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"occupancy": np.zeros(4)})),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_task_is_computed_again(damage, tmp_path, calls, record, caplog):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    before = contents(tmp_path)
    del calls[:]
    [path] = [
        path
        for path in tmp_path.iterdir()
        if "1" in path.stem.split("-") and path.stem.endswith("-2")
    ]
    DAMAGES[damage](path)
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path), record)
    assert calls == [(1, 2)]
    assert f"{path} is computed again" in caplog.text
    assert {name: data for name, (data, _) in contents(tmp_path).items()} == {
        name: data for name, (data, _) in before.items()
    }


def test_a_task_of_another_sweep_is_computed_again(tmp_path, calls, record, caplog):
    bz.scan(**REQUEST | {"seed": 7, "sweeps": 19}, checkpoint=tmp_path / "other")
    bz.scan(**REQUEST, checkpoint=tmp_path / "own")
    del calls[:]
    name = "temperature-0-replica-1.npz"
    shutil.copy(tmp_path / "other" / name, tmp_path / "own" / name)
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path / "own"), record)
    assert calls == [(0, 1)] and "another sweep" in caplog.text


def test_the_manifest_can_be_read_by_a_person(tmp_path):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["temperatures"] == GRID and manifest["particles"] == 500
    assert "replicas" not in manifest


class Stuck(Executor):
    """Finishes four tasks, and lets the others wait for ever; then Ctrl-C is pressed."""

    def __init__(self):
        self.futures = []

    def submit(self, work, task):
        future = Future()
        self.futures.append(future)
        if len(self.futures) <= 4:
            future.set_result(work(task))
        elif len(self.futures) == 9:
            Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        return future


def test_ctrl_c_cancels_what_is_queued_and_keeps_what_is_finished(tmp_path, calls, record):
    executor = Stuck()
    with pytest.raises(KeyboardInterrupt):
        bz.scan(**REQUEST, executor=executor, checkpoint=tmp_path)
    assert [future.cancelled() for future in executor.futures] == [False] * 4 + [True] * 5
    assert len(contents(tmp_path)) == 4 + 1
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path), record)
    assert len(calls) == 9


def test_a_folder_that_cannot_be_written_stops_the_sweep(tmp_path, monkeypatch):
    executor = Stuck()
    monkeypatch.setattr("boltzmann.simulation.scan.checkpoint.np.savez", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("os.kill", lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        bz.scan(**REQUEST, executor=executor, checkpoint=tmp_path)
    assert sum(future.cancelled() for future in executor.futures) == 5


# Statistics.


def law_moments(t):
    """Return mean and variance of the energy by the plain formula."""
    weights = DEGENERACIES * np.exp(-ENERGIES / t)
    p = weights / weights.sum()
    return p @ ENERGIES, p @ ENERGIES**2 - (p @ ENERGIES) ** 2


@pytest.mark.parametrize("shift", [0.0, 0.001])
def test_mean_energies_agree_with_the_law_within_their_errors(shift):
    """Student's t of 31 degrees of freedom at four temperatures, two-sided.

    False alarms: 1e-6 in all, at a fixed seed. An error of 0.1 % in the temperature shifts the mean
    energy by more than 20 of its standard errors at the three positive ones, against a threshold of
    6.6: caught with probability above 1 - 1e-6, as its control shows. The second eigenvalues are
    below 0.65: the burn-in forgets the start."""
    grid = np.array([0.4, 0.8, 1.6, -3.0])
    found = bz.scan(
        LEVELS, grid * (1 + shift), 32, 100, burn_in=100, particles=10**6, engine="counts", seed=11
    )
    expected = np.array([law_moments(t)[0] for t in grid])
    pulls = (found.mean("energy") - expected) / found.standard_error("energy")
    agree = np.abs(pulls).max() < stats.t.isf(1e-6 / 2 / grid.size, df=31)
    assert agree == (shift == 0)


def test_heat_capacities_are_not_biased():
    """One particle, ten sweeps and two replicas at 1500 equal temperatures; the mean against the law.

    False alarms: 1e-6, two-sided, at a fixed seed, above 4.9 standard errors. A bias of 9 %, ten of
    them, is caught with probability above 1 - 1e-6. The variance within a replica alone is low by
    19 %, and corrected with 1/R for 1/(R - 1) by 10 %. The start is exact."""
    found = bz.scan(
        [0, 1], [1.0] * 1500, 2, 10, particles=1, start="exact", burn_in=0, engine="counts", seed=5
    )
    energy = found.energy

    def agrees(capacities):
        pull = (capacities.mean() - bz.heat_capacity([0, 1], 1.0)) / (
            capacities.std(ddof=1) / np.sqrt(1500)
        )
        return abs(pull) < stats.norm.isf(1e-6 / 2)

    plug_in = (energy * (1 - energy)).mean(axis=1)
    assert agrees(found.mean("heat_capacity"))
    assert not agrees(plug_in)
    assert not agrees(plug_in + energy.var(axis=1))


def test_errors_over_replicas_are_calibrated():
    """The heat bath over all levels draws anew in each sweep, so that Var(mean) = Var(E)/(particles·sweeps).

    600 pairs of replicas give Σ error²·R/Var(mean) ~ χ² of 600 degrees of freedom; means of 400
    energies are normal enough, their excess kurtosis being 0.015. False alarms: 1e-6, two-sided, at
    a fixed seed. The bounds on χ²/600 are 0.743 and 1.308, so that errors 25 % too small or 33 %
    too large are caught with probability above 1 - 1e-6. The controls (division by R instead of R -
    1, no division by √R) are off by √2."""
    replicas, particles, sweeps_seen = 2, 200, 2
    found = bz.scan(
        LEVELS,
        [1.0] * 600,
        replicas,
        sweeps_seen,
        particles=particles,
        rule="heat-bath",
        engine="counts",
        seed=3,
    )
    expected = law_moments(1.0)[1] / (particles * sweeps_seen * replicas)

    def calibrated(errors):
        chi_square = (errors**2).sum() / expected
        return 1e-6 / 2 < stats.chi2.cdf(chi_square, df=600) < 1 - 1e-6 / 2

    errors = found.standard_error("energy")
    assert calibrated(errors)
    assert not calibrated(errors / np.sqrt(2))
    assert not calibrated(errors * np.sqrt(2))
