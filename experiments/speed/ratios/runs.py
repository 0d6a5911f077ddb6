"""Whole runs: the lessons beside an older checkout, and a scan on two processes beside one.

`BOLTZMANN_BEFORE` names the folder of the older checkout. Each has a cache of compiled code of its
own, in a temporary folder.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import experiments
from boltzmann._core.threads import available_processors
from experiments.speed.ratios.ratio import NotMeasuredError, Row

HERE = Path(experiments.__file__).resolve().parent.parent
BEFORE = "BOLTZMANN_BEFORE"
TURNS = 3

_SCAN = """
import sys
from concurrent.futures import ProcessPoolExecutor
import boltzmann as bz

def workers():
    return ProcessPoolExecutor(2)

if __name__ == "__main__":
    request = {"replicas": 20, "sweeps": 100, "seed": 1, "progress": False}
    temperatures = [0.5 + 0.1 * k for k in range(20)]
    bz.scan(range(8), temperatures, executor=workers if sys.argv[1] == "2" else None, **request)
"""


def rows() -> Iterator[Row]:
    """Yield the rows of whole runs."""
    earlier = f"the checkout {BEFORE}"
    yield Row("run lessons cold, processor", earlier, 0.5, lambda: _lessons(cold=True))
    yield Row("run lessons warm, processor", earlier, 0.5, lambda: _lessons(cold=False))
    yield Row("run tests on one core, processor", earlier, 0.6, _tests)
    yield Row("run scan, two processes, processor", "one process", 1.1, lambda: _scan(_processor))
    yield Row("run scan, two processes, wall", "one process", 0.6, lambda: _scan(_wall))


def _processor(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Return the processor time of a command and of the processes that it starts, in seconds."""
    before = os.times()
    _run(command, folder, environment)
    after = os.times()
    user, system = after.children_user, after.children_system
    return user - before.children_user + system - before.children_system


def _wall(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Return how many seconds a command takes by the clock."""
    began = time.perf_counter()
    _run(command, folder, environment)
    return time.perf_counter() - began


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    told = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode:
        raise NotMeasuredError(f"{command} in {folder}: {told.stderr.strip()[-200:]}")


def _checkouts() -> tuple[Path, Path]:
    """Return the folders of this checkout and of the older one."""
    before = os.environ.get(BEFORE)
    if not before or not (Path(before) / "experiments").is_dir():
        raise NotMeasuredError(f"set {BEFORE} to the folder of an older checkout")
    return HERE, Path(before).resolve()


def _tests() -> float:
    """Return the ratio of one run of all tests each, which takes minutes; nothing is compiled."""
    with TemporaryDirectory() as made:
        times = [
            _processor(["-m", "pytest", "-q"], folder, {"NUMBA_CACHE_DIR": f"{made}/{which}"})
            for which, folder in enumerate(_checkouts())
        ]
    return times[0] / times[1]


def _lessons(cold: bool) -> float:
    checkouts = _checkouts()

    with TemporaryDirectory() as made:
        caches = [Path(made) / name for name in ("here", "before")]

        def timed(which: int, cache: Path) -> float:
            command = ["-m", "experiments", "--output", str(Path(made) / "figures")]
            return _processor(command, checkouts[which], {"NUMBA_CACHE_DIR": str(cache)})

        if cold:
            return _least(lambda which, turn: timed(which, caches[which] / str(turn)))
        for which in (0, 1):
            timed(which, caches[which])
        return _least(lambda which, turn: timed(which, caches[which]))


def _scan(clock: Callable[[list[str], Path, dict[str, str]], float]) -> float:
    if available_processors() < 2:
        raise NotMeasuredError("there is one processor")
    with TemporaryDirectory() as made:
        script = Path(made) / "many_short_tasks.py"
        script.write_text(_SCAN, encoding="utf-8")
        cache = {"NUMBA_CACHE_DIR": str(Path(made) / "cache")}
        _run([str(script), "1"], HERE, cache)
        return _least(lambda which, turn: clock([str(script), "21"[which]], HERE, cache))


def _least(timed: Callable[[int, int], float]) -> float:
    """Return the least of timed(0, turn) over the least of timed(1, turn), by turns."""
    times = [[timed(which, turn) for which in (0, 1)] for turn in range(TURNS)]
    ours, theirs = (min(column) for column in zip(*times, strict=True))
    return ours / theirs
