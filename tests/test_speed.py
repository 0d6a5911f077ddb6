"""What the table buys: the kernel of the particle engine against the loop that everybody writes first."""

import time

import numpy as np
import pytest
from numba import njit

import boltzmann as bz
from boltzmann.kernels import hops
from boltzmann.kernels.streams import seeded_streams
from boltzmann.transitions import Dynamics

LEAST = 15  # usually 20 to 25
PARTICLES = 16 * hops.BLOCK
SWEEPS = 4


@njit(error_model="numpy")
def textbook_sweeps(states, energies, temperature, sweeps):
    """Attempt `sweeps` moves of every particle: a level, an exponential and a number between 0 and 1 for each."""
    for _ in range(sweeps):
        for n in range(states.size):
            i = states[n]
            j = np.random.randint(energies.size)  # noqa: NPY002 - Numba's own generator, which has no other name
            if np.random.random() < np.exp(-(energies[j] - energies[i]) / temperature):  # noqa: NPY002
                states[n] = j


@pytest.mark.parametrize("size", [2, 8, 64])
def test_the_kernel_is_fifteen_times_as_fast_as_the_textbook_loop(size):
    """Both on one thread, in turns of a few milliseconds, best of many: what slows one turn slows neither best."""
    levels = bz.ladder(size, 4 / size)
    chain = Dynamics.checked(levels, 1.0, "uniform", "metropolis").chain()
    states = np.random.default_rng(0).integers(size, size=PARTICLES).astype(np.uint16)
    textbook_states, streams = states.astype(np.int64), seeded_streams(0, PARTICLES // hops.BLOCK)
    space = hops.workspace(size)
    unseen, moved = np.zeros((0, size), np.int64), np.zeros(1, np.int64)

    def ours():
        hops.sweep_blocks(states, streams, chain, space, 0, SWEEPS, SWEEPS + 1, unseen, moved)

    def textbook():
        textbook_sweeps(textbook_states, chain.energies, 1.0, SWEEPS)

    best = {ours: np.inf, textbook: np.inf}
    for _ in range(100):
        for run in best:
            began = time.perf_counter()
            run()
            best[run] = min(best[run], time.perf_counter() - began)
    nanoseconds = {run.__name__: seconds / (PARTICLES * SWEEPS) * 1e9 for run, seconds in best.items()}
    assert nanoseconds["textbook"] > LEAST * nanoseconds["ours"], nanoseconds
