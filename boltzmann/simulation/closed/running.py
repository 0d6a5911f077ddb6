"""A run of a closed box: burn-in, recorded sweeps, and Ctrl-C where nothing is half done."""

from collections.abc import Callable
from typing import Any

import numpy as np

from boltzmann._core.checks import as_count
from boltzmann._core.interrupts import held_interrupt
from boltzmann._core.progress import progress_bar
from boltzmann._core.threads import Pool
from boltzmann.simulation.closed.bodies import IntArray
from boltzmann.simulation.closed.engine import Exchange


def run(
    exchange: Exchange,
    sweeps: Any,
    burn_in: Any,
    every: Any,
    progress: bool | None,
    threads: Any,
    interrupted: Callable[[list[IntArray], int], None],
) -> tuple[list[IntArray], int, int]:
    """Return the counts (R, K) of each body, and `sweeps` and `every`, checked.

    On Ctrl-C `interrupted` gets what was recorded, and how many sweeps were made, before
    KeyboardInterrupt is raised at the end of a sweep.
    """
    sweeps = as_count("sweeps", sweeps)
    burn_in = as_count("burn_in", burn_in, least=0)
    every = as_count("every", every)
    if every > sweeps:
        raise ValueError(f"every is {every}: it must be at most the {sweeps} sweeps")
    threads = exchange.threads_worth_starting() if threads is None else as_count("threads", threads)

    counts = [np.empty((sweeps // every, len(body.levels)), np.int64) for body in exchange.bodies]
    recorded = 0
    with (
        Pool(threads) as pool,
        progress_bar(burn_in + sweeps, "sweep", progress) as advance,
        held_interrupt() as pressed,
    ):
        for _ in exchange.chunks(burn_in, max(burn_in, 1), pool, advance):
            if pressed():
                raise KeyboardInterrupt

        before = exchange.sweeps
        for chunk in exchange.chunks(sweeps, every, pool, advance):
            for kept, found in zip(counts, chunk, strict=True):
                kept[recorded : recorded + len(found)] = found
            recorded += len(chunk[0])
            if pressed():
                interrupted([kept[:recorded] for kept in counts], exchange.sweeps - before)
                raise KeyboardInterrupt
    return counts, sweeps, every
