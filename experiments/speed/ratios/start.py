"""The first result of a process: with nothing compiled, beside the same with all compiled."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial

from experiments.speed.ratios.ratio import Row

FIRST_RESULTS = {
    "Ensemble": "bz.Ensemble([0, 0.5, 1], 1.0, 10_000).run(10, progress=False)",
}
TURNS = 3


def rows() -> Iterator[Row]:
    """Yield the rows of first results."""
    for name, code in FIRST_RESULTS.items():
        yield Row(f"start {name}, nothing compiled", "all compiled", 3.0, partial(_cold, code))


def _cold(code: str) -> float:
    with tempfile.TemporaryDirectory() as compiled:
        _seconds(code, compiled)
        warm = min(_seconds(code, compiled) for _ in range(TURNS))
    cold = float("inf")
    for _ in range(TURNS):
        with tempfile.TemporaryDirectory() as empty:
            cold = min(cold, _seconds(code, empty))
    return cold / warm


def _seconds(code: str, cache: str) -> float:
    """Return the processor time of a process that imports boltzmann and runs this."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", f"import boltzmann as bz; {code}"],
        check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
