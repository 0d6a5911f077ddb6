"""The contestants of the speed experiment, and how they are timed.

Every kernel contestant is a function of (energies, particles, sweeps) that returns what to call to
let each particle attempt that many moves at t = 1, uniform proposals, Metropolis's rule; or None
where it cannot run. Those that are held to the law in the tests return the levels of the particles.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit

import boltzmann as bz
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels.move_tables import threshold_table
from boltzmann.simulation.kernels.moves import BLOCK
from boltzmann.simulation.kernels.random_streams import fill_words, seeded_streams

Call = Callable[[], object]


def best_times(calls: Mapping[str, Call], turns: int, each: int = 1) -> dict[str, float]:
    """Return the least seconds that a call took, in `turns` turns of `each` calls in a row.

    All take turns in one process and the best counts: what slows one turn, a neighbour on the
    machine or a cache that another has emptied, slows no best.
    """
    best = dict.fromkeys(calls, np.inf)
    for call in calls.values():
        call()  # compiles
    for _ in range(turns):
        for name, call in calls.items():
            for _ in range(each):
                began = time.perf_counter()
                call()
                best[name] = min(best[name], time.perf_counter() - began)
    return best


def ours(
    energies: np.ndarray,
    particles: int,
    sweeps: int,
    *,
    proposal: str = "uniform",
    every: int | None = None,
    threads: int = 1,
) -> Call:
    """Return the particle engine, as a user calls it, counted at the end."""
    gas = bz.Ensemble(energies, 1.0, particles, proposal=proposal)
    return lambda: gas.run(sweeps, every=every or sweeps, progress=False, threads=threads)


def neighbours(energies: np.ndarray, particles: int, sweeps: int) -> Call:
    """Return the particle engine where a particle is proposed the level above or below."""
    return ours(energies, particles, sweeps, proposal="neighbour")


@njit(error_model="numpy")
def textbook_sweeps(states, energies, temperature, sweeps):
    """Attempt `sweeps` moves of every particle, each with two random numbers and an exponential."""
    for _ in range(sweeps):
        for n in range(states.size):
            i = states[n]
            # Numba's own generator has no other name than these.
            j = np.random.randint(energies.size)  # noqa: NPY002
            if np.random.random() < np.exp(-(energies[j] - energies[i]) / temperature):  # noqa: NPY002
                states[n] = j


def textbook(energies: np.ndarray, particles: int, sweeps: int) -> Call:
    """Return the loop that everybody writes first, compiled by Numba."""
    states = np.zeros(particles, np.int64)
    return lambda: textbook_sweeps(states, energies, 1.0, sweeps)


def thresholds(energies: np.ndarray) -> np.ndarray:
    """Return the table (K·K,) uint32 of the particle engine: the acceptances as thresholds."""
    levels = bz.EnergyLevels(energies)
    dynamics = Dynamics.checked(levels, "uniform", "metropolis")
    return threshold_table(dynamics.acceptances(1.0)).ravel()


def numpy_plain(energies: np.ndarray, particles: int, sweeps: int) -> Call:
    """Return the textbook loop in whole arrays, for all particles at once."""
    states = np.zeros(particles, np.int64)
    generator = np.random.default_rng(0)

    def run() -> np.ndarray:
        for _ in range(sweeps):
            proposed = generator.integers(energies.size, size=particles)
            ratio = np.exp(-(energies[proposed] - energies[states]) / 1.0)
            np.copyto(states, proposed, where=generator.random(particles) < ratio)
        return states

    return run


def numpy_table(energies: np.ndarray, particles: int, sweeps: int) -> Call | None:
    """Return the table algorithm in NumPy, without a temporary array; for powers of two."""
    bits = energies.size.bit_length() - 1
    if energies.size != 1 << bits or particles % 2:
        return None
    table = thresholds(energies)
    generator = np.random.SFC64(0)
    states = np.zeros(particles, np.uint32)
    index, proposed, limit = (np.empty(particles, np.uint32) for _ in range(3))
    accepted = np.empty(particles, bool)

    def run() -> np.ndarray:
        for _ in range(sweeps):
            words = generator.random_raw(particles // 2).view(np.uint32)
            np.right_shift(words, 32 - bits, out=proposed)
            np.left_shift(words, bits, out=words)
            np.left_shift(states, bits, out=index)
            np.bitwise_or(index, proposed, out=index)
            np.take(table, index, out=limit, mode="clip")  # without a check that needs a copy
            np.less(words, limit, out=accepted)
            np.copyto(states, proposed, where=accepted)
        return states

    return run


@cache
def _compiled() -> ctypes.CDLL | None:
    """Return the yardstick in C, compiled for this machine, or None where there is no compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    if compiler is None:
        return None
    source = Path(__file__).with_name("kernel.c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "speed.so"
        options = ["-O3", "-march=native", "-shared", "-fPIC"]
        command = [compiler, *options, "-o", str(library), str(source)]
        if subprocess.run(command, capture_output=True).returncode != 0:
            return None
        return ctypes.CDLL(str(library))


def c(energies: np.ndarray, particles: int, sweeps: int) -> Call | None:
    """Return the table algorithm in C, on as many blocks of particles; for powers of two."""
    bits = energies.size.bit_length() - 1
    library = _compiled()
    if library is None or energies.size != 1 << bits or particles % BLOCK:
        return None
    table = thresholds(energies)
    streams = seeded_streams(0, particles // BLOCK)
    states = np.zeros(particles, np.uint32)
    words = np.empty(BLOCK // 2, np.uint64)
    limit = np.empty(BLOCK, np.uint32)

    def run() -> np.ndarray:
        for block in range(len(streams)):
            state = states[block * BLOCK : (block + 1) * BLOCK]
            arrays = (streams[block], words, limit, table)
            pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
            library.sweep_block(ctypes.c_void_p(state.ctypes.data), BLOCK, *pointers, bits, sweeps)
        return states

    return run


def random_words(energies: np.ndarray, particles: int, sweeps: int) -> Call:
    """Return no move at all, the random words alone, half a 64-bit word for each."""
    stream = seeded_streams(0, 1)[0]
    words = np.empty(BLOCK // 2, np.uint64)

    @njit
    def fill(stream, words, times):
        for _ in range(times):
            fill_words(stream, words)

    return lambda: fill(stream, words, sweeps * particles // BLOCK)


def counted(energies: np.ndarray, particles: int, sweeps: int) -> Call:
    """Return the particle engine where every sweep is counted and kept, as it is by default."""
    return ours(energies, particles, sweeps, every=1)


# Each with how many sweeps it makes in a turn, so that a turn takes milliseconds.
KERNELS = {
    "ours": (ours, 1000),
    "ours, each sweep counted": (counted, 500),
    "ours, neighbours": (neighbours, 1000),
    "C, gcc -O3": (c, 1000),
    "NumPy, tables": (numpy_table, 20),
    "NumPy, plain": (numpy_plain, 5),
    "Numba, textbook": (textbook, 5),
    "random words alone": (random_words, 1000),
}
