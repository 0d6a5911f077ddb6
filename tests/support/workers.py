"""A scan on workers, and what is done to its tasks on their way; each function runs in a worker."""

import os
import signal
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

import boltzmann as bz
from tests.support.scans import keyed_seed

GRID = (0.0, 0.5, 1.0, -2.0)
REQUEST = {
    "levels": bz.EnergyLevels([0, 0.3, 1.1, 3.0], [1, 2, 1, 4]),
    "temperatures": GRID,
    "replicas": 3,
    "sweeps": 30,
    "particles": 5000,
    "seed": 2**70 + 1,
}
LIMIT = 300  # seconds after which a test that takes a few is interrupted


def dies_once(folder, work, task):
    """Kill the worker at the first task of temperature 1; note which process finished what."""
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
    return keyed_seed(REQUEST["seed"], i, r)


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
