"""A sweep gives the same bits wherever its tasks run, in whatever order, and whoever dies on the way."""

import functools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
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
from pathlib import Path

import numpy as np
import pytest
from tqdm.auto import tqdm

import boltzmann as bz
from boltzmann.simulation.scan import dispatch, scan

# From Python 3.12 on, forking warns where some other test has left a thread behind.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

GRID = (0.0, 0.5, 1.0, -2.0)
REQUEST = {
    "levels": bz.EnergyLevels([0, 0.3, 1.1, 3.0], [1, 2, 1, 4]),
    "temperatures": GRID,
    "replicas": 3,
    "sweeps": 30,
    "particles": 5000,
    "seed": 2**70 + 1,
}
METHODS = [None, *get_all_start_methods()]
ROOT = Path(__file__).parents[2]
LIMIT = 60  # seconds, for what takes a few


def same(first, second):
    names = ("temperatures", "occupancy", "energy", "heat_capacity", "acceptance", "finished")
    return all(getattr(first, name).tobytes() == getattr(second, name).tobytes() for name in names)


@pytest.fixture(scope="module")
def alone():
    """What this process finds by itself."""
    return bz.scan(**REQUEST)


@pytest.fixture(autouse=True)
def time_limit():
    """Interrupt a test that hangs, and again what it does to clean up."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def expire(*_):
        raise TimeoutError(f"still waiting after {LIMIT} s")

    former = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, LIMIT, 5)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, former)


# What happens to tasks on their way. Each is called by the worker.


def dies_once(folder, work, task):
    """Kill the worker at the first task of temperature 1, half-way; note which process ran what to the end."""
    if task.temperature == 1.0:
        try:
            (Path(folder) / "killed").touch(exist_ok=False)
        except FileExistsError:
            pass
        else:
            (Path(folder) / "killed").write_text(f"{os.getpid()} {task.seed}")
            os.kill(os.getpid(), signal.SIGKILL)
    result = work(task)
    (Path(folder) / f"{task.seed}-{os.getpid()}-{time.time_ns()}").touch()
    return result


def dies_always(temperature, work, task):
    """Kill every worker that takes a task of one temperature, its second replica."""
    if task.temperature == temperature and task.seed == seed_of(GRID.index(temperature), 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return work(task)


def raises(temperature, work, task):
    if task.temperature == temperature and task.seed == seed_of(GRID.index(temperature), 1):
        raise OSError("no room")
    return work(task)


def seed_of(i, r):
    high, low = (
        np.random.SeedSequence(REQUEST["seed"], spawn_key=(i, r))
        .generate_state(2, np.uint64)
        .tolist()
    )
    return high * 2**64 + low


def dies_in_tqdm(note, work, task):
    """Kill the worker, the first time, where tqdm holds its lock."""

    def free(_, bar):
        if not note.exists():
            note.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return former(bar)

    former, tqdm._get_free_pos = tqdm._get_free_pos, classmethod(free)
    return work(task)


class Through(Executor):
    """Sends tasks through one of the functions above to another executor."""

    def __init__(self, inner, function, *arguments):
        self.inner, self.function, self.arguments = inner, function, arguments

    def submit(self, work, task):
        return self.inner.submit(self.function, *self.arguments, work, task)

    def shutdown(self, wait=True, **_):
        self.inner.shutdown(wait)


class ThroughProcesses(ProcessPoolExecutor):
    """The same, as a process pool."""

    def __init__(self, workers, function, *arguments):
        super().__init__(workers)
        self.function, self.arguments = function, arguments

    def submit(self, work, task):
        return super().submit(self.function, *self.arguments, work, task)


def check_that_one_died(folder):
    """One worker was killed; its task ran elsewhere."""
    killed, seed = (Path(folder) / "killed").read_text().split()
    ran = [path.name.split("-") for path in Path(folder).iterdir() if path.name != "killed"]
    assert {int(task) for task, _, _ in ran} == {seed_of(i, r) for i, r in np.ndindex(4, 3)}
    assert [pid for task, pid, _ in ran if task == seed] != []
    assert killed not in [pid for task, pid, _ in ran if task == seed]


# Threads, processes, order and repeats.


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
    """Runs tasks in one random order and returns them in another, from a thread, each of them twice."""

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


# Clusters. Each runs in a process of its own, which can be ended when it hangs.


def run_script(folder, script, *launcher, **environment):
    """Run a script, which is given the folder to leave its findings in."""
    path = folder / "script.py"
    path.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{script}")
    command = [*launcher, str(path), str(folder)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | environment,
        cwd=folder,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT - 10)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, output)


DASK = """
import json
from pathlib import Path
import numpy as np
from distributed import Client, LocalCluster
import boltzmann as bz
from tests.simulation.test_scan_workers import REQUEST, Through, dies_always, dies_once, raises, same

def failure(executor):
    try:
        bz.scan(**REQUEST, executor=executor)
    except bz.ScanError as error:
        partial = error.partial
        return str(error), np.argwhere(~partial.finished).tolist(), partial.occupancy[partial.finished]

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "notes").mkdir()
    with (
        LocalCluster(2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        pids = client.run(lambda: __import__("os").getpid())
        try:
            bz.scan(**REQUEST, executor=client)
        except ValueError as error:
            refusal = str(error)
        executor = client.get_executor()
        first = bz.scan(**REQUEST, executor=executor)
        assert same(first, bz.scan(**REQUEST, executor=executor))
        assert same(first, bz.scan(**REQUEST, executor=client.get_executor))
        second = bz.scan(**REQUEST, executor=Through(executor, dies_once, str(folder / "notes")))
        raised, lost, _ = failure(Through(executor, raises, 0.5))
        killed, lost_too, finished = failure(Through(client.get_executor(), dies_always, 0.5))
    notes = [len(set(pids.values())), refusal, raised, lost, killed, lost_too]
    (folder / "found.json").write_text(json.dumps(notes))
    np.savez(folder / "found.npz", first=first.occupancy, second=second.occupancy, finished=finished)
"""


def test_a_dask_cluster_gives_the_same_bits_though_a_worker_is_killed(tmp_path, alone):
    pytest.importorskip(
        "distributed", reason="Dask's distributed is not installed: the extra [dask] has it"
    )
    ended = run_script(
        tmp_path, DASK, sys.executable, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1"
    )
    assert ended.returncode == 0, ended.stdout
    found = np.load(tmp_path / "found.npz")
    assert found["first"].tobytes() == found["second"].tobytes() == alone.occupancy.tobytes()
    check_that_one_died(tmp_path / "notes")
    workers, refusal, raised, lost, killed, lost_too = json.loads(
        (tmp_path / "found.json").read_text()
    )
    assert workers == 2
    assert "get_executor" in refusal
    assert "temperatures[1] = 0.5, replica 1, with OSError: no room" in raised and lost == [[1, 1]]
    # Dask may blame tasks that waited on the same worker as well.
    assert (
        f"{len(lost_too)} of 12 tasks failed" in killed
        and "with KilledWorker: " in killed
        and [1, 1] in lost_too
    )
    rest = np.delete(
        alone.occupancy.reshape(12, 4), [3 * t + replica for t, replica in lost_too], axis=0
    )
    assert np.array_equal(found["finished"], rest)


LOCK = """
from pathlib import Path
import boltzmann as bz
from tests.simulation.test_scan_workers import REQUEST, ThroughProcesses, dies_in_tqdm

if __name__ == "__main__":
    with ThroughProcesses(2, dies_in_tqdm, Path(sys.argv[1]) / "killed") as pool:
        assert bz.scan(**REQUEST, executor=pool).finished.all()
"""


def test_workers_never_hold_a_lock_that_forked_processes_share(tmp_path):
    """Every bar of tqdm, be it hidden, takes one, and who dies with it never gives it back; so there is none."""
    ended = run_script(tmp_path, LOCK, sys.executable)
    assert ended.returncode == 0, ended.stdout
    assert not (tmp_path / "killed").exists()


MPI = """
from pathlib import Path
import numpy as np
from mpi4py.futures import MPIPoolExecutor
import boltzmann as bz
from tests.simulation.test_scan_workers import REQUEST, Through, dies_once

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with MPIPoolExecutor() as executor:
        workers = executor.num_workers
        first = bz.scan(**REQUEST, executor=executor)
        np.savez(folder / "found.npz", workers=workers, first=first.occupancy)
        deadly = Through(executor, dies_once, str(folder / "notes"))
        second = bz.scan(**REQUEST, executor=deadly, checkpoint=folder / "kept")
    np.savez(folder / "found.npz", workers=workers, first=first.occupancy, second=second.occupancy)
"""


def test_mpi_gives_the_same_bits_and_goes_on_where_it_was_ended(tmp_path, alone):
    """MPI ends the whole job where a process dies; started again, it finishes what the checkpoint has not."""
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    if shutil.which("mpiexec") is None:
        pytest.skip("mpiexec is not installed")
    (tmp_path / "notes").mkdir()
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    crowded = {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    launcher = ("mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures")
    ended = run_script(tmp_path, MPI, *launcher, **allowed, **crowded)
    assert ended.returncode != 0
    assert (tmp_path / "notes" / "killed").exists()
    assert (tmp_path / "kept" / "manifest.json").exists()
    again = run_script(tmp_path, MPI, *launcher, **allowed, **crowded)
    assert again.returncode == 0, again.stdout
    found = np.load(tmp_path / "found.npz")
    assert found["workers"] == 2
    assert found["first"].tobytes() == found["second"].tobytes() == alone.occupancy.tobytes()
    check_that_one_died(tmp_path / "notes")
