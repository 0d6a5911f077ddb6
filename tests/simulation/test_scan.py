"""A scan of temperatures and replicas: what its tasks are, what it refuses, and what fails."""

import pickle
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation.scan import scan
from tests.support.scans import GRID, LEVELS, REQUEST, Untouched, keyed_seed, same


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


def test_a_larger_grid_begins_with_the_smaller_one(expected):
    larger = bz.scan(**REQUEST | {"temperatures": [*GRID, 9.0], "replicas": 5})
    assert np.array_equal(larger.occupancy[:3, :3], expected.occupancy)


def test_burn_in_is_a_tenth_of_the_sweeps_unless_given(expected):
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


def test_arrays_of_the_caller_may_change_while_the_scan_runs():
    proposal, grid = np.full((4, 4), 0.25), np.array(GRID)
    found = bz.scan(
        **REQUEST | {"proposal": proposal, "temperatures": grid}, executor=Meddling(proposal, grid)
    )
    assert np.isnan(grid).all() and np.isnan(proposal).all()
    assert same(found, bz.scan(**REQUEST, proposal=np.full((4, 4), 0.25)))


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


def test_a_failed_task_is_named_and_the_others_are_returned(monkeypatch, expected):
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
        assert np.array_equal(values[partial.finished], getattr(expected, name)[partial.finished])
        assert np.isnan(values[~partial.finished]).all()
    # A heat capacity compares the replicas that are finished.
    assert np.array_equal(partial.heat_capacity[0], expected.heat_capacity[0])
    assert np.array_equal(partial.heat_capacity[1], [*two.heat_capacity[1], np.nan], equal_nan=True)
    assert partial.mean("energy")[1] == pytest.approx(expected.energy[1, :2].mean(), rel=1e-12)
    error_of_two = expected.energy[1, :2].std(ddof=1) / np.sqrt(2)
    assert partial.standard_error("energy")[1] == pytest.approx(error_of_two, rel=1e-9)
