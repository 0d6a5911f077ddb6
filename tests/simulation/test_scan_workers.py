"""A scan gives the same bits wherever its tasks run, in any order, and whoever dies on the way."""

import functools
import os
import random
import signal
import threading
import time
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import get_all_start_methods, get_context

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation.scan import dispatch, scan
from tests.support.scans import same
from tests.support.workers import (
    REQUEST,
    ThroughProcesses,
    check_that_one_died,
    dies_always,
    dies_once,
    raises,
    seed_of,
)

# From Python 3.12 on, forking warns where some other test has left a thread behind.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

METHODS = get_all_start_methods()  # the default one among them


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_give_the_same_bits(workers, alone):
    with ThreadPoolExecutor(workers) as pool:
        assert same(bz.scan(**REQUEST, executor=pool), alone)


@pytest.mark.parametrize(("workers", "method"), [(1, None), *((2, method) for method in METHODS)])
def test_processes_give_the_same_bits(workers, method, alone):
    with ProcessPoolExecutor(workers, get_context(method)) as pool:
        assert same(bz.scan(**REQUEST, executor=pool), alone)
        assert same(
            bz.scan(**REQUEST | {"engine": "counts"}, executor=pool),
            bz.scan(**REQUEST, engine="counts"),
        )


@pytest.mark.parametrize("make", [ProcessPoolExecutor, lambda: ThreadPoolExecutor(2)])
def test_a_function_or_class_makes_the_executor_and_it_is_shut_down(make, alone):
    made = []

    def factory():
        made.append(make())
        return made[0]

    assert same(bz.scan(**REQUEST, executor=factory), alone)
    with pytest.raises(RuntimeError, match="after shutdown"):
        made[0].submit(print)
    with pytest.raises(RuntimeError, match="after shutdown"):
        bz.scan(**REQUEST, executor=made[0])


class Shuffled(Executor):
    """Runs each task twice, in a thread, in one random order, and returns them in another."""

    def __init__(self, tasks, seed):
        self.tasks, self.random, self.taken = tasks, random.Random(seed), []

    def submit(self, work, task):
        future = Future()
        self.taken.append((future, work, task))
        if len(self.taken) == self.tasks:
            threading.Thread(target=self.run).start()
        return future

    def run(self):
        self.random.shuffle(self.taken)
        results = [(future, work(task), work(task)) for future, work, task in self.taken]
        self.random.shuffle(results)
        for future, first, second in results:
            future.set_result(second)
            assert np.array_equal(first[0], second[0]) and first[1] == second[1]
            time.sleep(0.001)


@pytest.mark.parametrize("seed", range(5))
def test_neither_order_nor_repeats_of_tasks_show(seed, alone):
    assert same(bz.scan(**REQUEST, executor=Shuffled(12, seed)), alone)


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor, ThroughProcesses])
def test_a_failing_task_is_named_wherever_it_runs(executor, alone, monkeypatch):
    if executor is ThroughProcesses:
        executor = functools.partial(ThroughProcesses, 2, raises, 0.5)
    else:
        monkeypatch.setattr(scan, "run_task", functools.partial(raises, 0.5, scan.run_task))
    with pytest.raises(
        bz.ScanError, match=r"temperatures\[1\] = 0.5, replica 1, with OSError: no room"
    ) as e:
        bz.scan(**REQUEST, executor=executor)
    check_all_but_one(e.value, alone)


def check_all_but_one(error, alone):
    assert list(error.failures) == [(1, 1)]
    assert error.__cause__ is error.failures[1, 1]
    partial = error.partial
    assert np.argwhere(~partial.finished).tolist() == [[1, 1]]
    assert np.array_equal(partial.occupancy[partial.finished], alone.occupancy[partial.finished])


# Workers that die.


def test_a_pool_whose_worker_was_killed_is_replaced(tmp_path, alone, caplog):
    """The caller's pool is broken for good; one like it takes over."""
    with ThroughProcesses(2, dies_once, str(tmp_path)) as pool:
        assert same(bz.scan(**REQUEST, executor=pool), alone)
        with pytest.raises(BrokenExecutor):
            pool.submit(print, None)
    assert (tmp_path / "killed").exists()
    assert "a worker died" in caplog.text


def test_a_function_makes_another_pool_where_a_worker_was_killed(tmp_path, alone):
    made = []

    def factory():
        made.append(ThroughProcesses(2, dies_once, str(tmp_path)))
        return made[-1]

    assert same(bz.scan(**REQUEST, executor=factory), alone)
    assert len(made) == 2
    check_that_one_died(tmp_path)


def test_the_replacement_is_of_the_kind_of_the_broken_pool(tmp_path):
    def initializer():
        raise AssertionError("never called: the pool is not used")

    context = get_context("spawn")
    with ProcessPoolExecutor(3, context, initializer, ()) as pool:
        pools = dispatch._pools(pool)
        assert next(pools) is pool
        another = next(pools)
        assert another is not pool
        assert (another._max_workers, another._mp_context) == (3, context)
        assert another._initializer is initializer
        pools.close()


def test_a_task_that_kills_every_worker_is_named(alone):
    with pytest.raises(
        bz.ScanError, match=r"temperatures\[1\] = 0.5, replica 1, with BrokenProcess"
    ) as e:
        bz.scan(**REQUEST, executor=functools.partial(ThroughProcesses, 2, dies_always, 0.5))
    check_all_but_one(e.value, alone)


def dies_at(seeds, work, task):
    """Kill every worker that takes one of some tasks."""
    if getattr(task, "seed", None) in seeds:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(task)


@pytest.mark.parametrize("deadly", [range(3), range(4), range(6, 12), range(11), range(12)])
def test_tasks_that_can_run_do_whatever_dies_before_them(deadly, alone):
    """Even where one worker takes the deadly tasks first, and nothing has ever been finished."""
    places = list(np.ndindex(4, 3))
    seeds = {seed_of(*places[k]) for k in deadly}
    with pytest.raises(bz.ScanError, match="BrokenProcess") as e:
        bz.scan(**REQUEST, executor=functools.partial(ThroughProcesses, 1, dies_at, seeds))
    assert list(e.value.failures) == [places[k] for k in deadly]
    partial = e.value.partial
    assert np.array_equal(partial.occupancy[partial.finished], alone.occupancy[partial.finished])


def test_a_pool_whose_workers_die_of_nothing_is_given_up(caplog):
    """It is not tried once for each task."""
    with (
        ProcessPoolExecutor(1, initializer=os._exit, initargs=(1,)) as pool,
        pytest.raises(bz.ScanError, match=r"120 of 120 tasks failed.*BrokenProcess"),
    ):
        bz.scan(**REQUEST | {"replicas": 30}, executor=pool)
    assert caplog.text.count("a worker died") == 4


class Broken(Executor):
    """Breaks at its n-th task, the first ones being finished."""

    def __init__(self, n):
        self.taken, self.last = 0, n

    def submit(self, work, task):
        self.taken += 1
        if self.taken == self.last:
            raise BrokenExecutor("the cluster is gone")
        future = Future()
        future.set_result(work(task))
        return future


def test_pools_that_break_after_some_work_lose_no_task(alone, caplog):
    assert same(bz.scan(**REQUEST, executor=functools.partial(Broken, 3)), alone)
    assert caplog.text.count("the cluster is gone") == 5


def test_an_executor_that_cannot_be_replaced_leaves_what_it_finished(tmp_path, alone):
    with pytest.raises(
        bz.ScanError, match=r"7 of 12 tasks .* replica 2, with .*cluster is gone"
    ) as caught:
        bz.scan(**REQUEST, executor=Broken(6), checkpoint=tmp_path)
    assert caught.value.partial.finished.sum() == 5
    assert same(
        bz.scan(**REQUEST, executor=functools.partial(Broken, 6), checkpoint=tmp_path), alone
    )


def test_a_function_whose_executors_never_work_is_given_up():
    made = []

    class Useless(Executor):
        def submit(self, *_):
            made.append(self)
            raise BrokenExecutor("no workers")

    with pytest.raises(bz.ScanError, match=r"12 of 12 tasks failed.*no workers"):
        bz.scan(**REQUEST, executor=Useless)
    assert len(set(made)) == 5  # three with all tasks, one with a single task, one with none


class Cancelling(Executor):
    def submit(self, work, task):
        future = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_tasks_that_the_cluster_cancels_have_failed():
    with pytest.raises(bz.ScanError, match="with CancelledError;"):
        bz.scan(**REQUEST, executor=Cancelling())
