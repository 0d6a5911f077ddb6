"""Moves of particles, beside C that is compiled when they are measured, and beside themselves."""

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

import boltzmann as bz
from boltzmann.simulation.dynamics import Dynamics
from experiments.speed.contestants import textbook_sweeps
from experiments.speed.ratios.ratio import NotMeasuredError, Row, ratio

PARTICLES = 2**17
SWEEPS = 200
C = "C, gcc or clang -O3, AVX2 gathers"


def rows() -> Iterator[Row]:
    """Yield the rows of moves, of their counting, and of small and large gases."""
    for levels in (2, 8, 64, 100, 1024):
        goal = 1.5 if levels > 256 else 1.2
        for rule in ("metropolis", "glauber"):
            name = f"move uniform {rule} K={levels}"
            yield Row(name, C, goal, partial(_move, levels, "uniform", rule))
    for levels in (2, 8, 64, 100, 1024):
        for rule in ("metropolis", "glauber"):
            name = f"move neighbour {rule} K={levels}"
            yield Row(name, C, 1.2, partial(_move, levels, "neighbour", rule))
    for levels in (8, 64):
        yield Row(f"move matrix K={levels}", C, 1.5, partial(_move, levels, "matrix", "metropolis"))
        heat_bath = partial(_move, levels, "uniform", "heat-bath")
        yield Row(f"move heat-bath K={levels}", C, 1.5, heat_bath)
    for levels in (2, 8, 64, 100, 1024):
        yield Row(f"counting every sweep K={levels}", "none", 1.15, partial(_counting, levels))
    yield Row("run(10) of 100 particles", "a loop in Numba, called once", 3.0, _small_run)
    yield Row("making 10^8 particles", "10 sweeps of them", 0.5, _large_start)
    yield Row("a move of 2·10^7 particles", "of 2^17 particles", 1.2, _large_move)


def _levels(count: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).uniform(0, 4, count))


def _proposal(levels: int, kind: str) -> Any:
    if kind != "matrix":
        return kind
    q = np.random.default_rng(1).random((levels, levels)) + 0.1
    q += q.T
    return q / q.sum(axis=1, keepdims=True)


def _move(levels: int, kind: str, rule: str) -> float:
    proposal = _proposal(levels, kind)
    gas = bz.Ensemble(_levels(levels), 1.0, PARTICLES, proposal=proposal, rule=rule, start="ground")
    ours = partial(gas.run, SWEEPS, every=SWEEPS, progress=False, threads=1)
    peers = [
        peer
        for library in _libraries()
        for peer in _peers(levels, proposal, rule, partial(_routine, library))
    ]
    return max(ratio(ours, theirs) for theirs in peers)


def _peers(
    levels: int, proposal: Any, rule: str, routine_of: Callable[..., Callable[[], object]]
) -> list[Callable[[], object]]:
    """Return the routines in C that make these moves."""
    dynamics = Dynamics.checked(_levels(levels), proposal, rule)
    table = dynamics.move_table(1.0)
    bits = levels.bit_length() - 1
    if table.alias is not None:
        routine = "alias_one_row" if dynamics.redraws_all else "alias_bits"
        return [routine_of(routine, table.alias, bits)]
    if dynamics.proposal == "neighbour":
        return [routine_of("neighbour", table.thresholds, levels)]
    if table.weights is not None:
        carried = np.full(PARTICLES, table.weights[0], np.float32)
        name = f"weights_{rule}"
        return [routine_of(name, table.weights, bits, carried)]
    if levels != 1 << bits:
        return [routine_of("uniform_any", table.thresholds, levels)]
    names = ["uniform_bits", *(["uniform_two"] if levels == 2 else [])]
    return [routine_of(name, table.thresholds, bits) for name in names]


def _routine(
    library: ctypes.CDLL, name: str, table: np.ndarray, number: int, *more: np.ndarray
) -> Callable[[], object]:
    function = getattr(library, name)
    states = np.zeros(PARTICLES, np.uint32)
    key = ctypes.c_uint64(7)

    def call() -> object:
        sizes = (number, SWEEPS, key)
        return function(
            _pointer(states),
            ctypes.c_size_t(PARTICLES),
            _pointer(table),
            *sizes,
            *map(_pointer, more),
        )

    return call


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@cache
def _libraries() -> list[ctypes.CDLL]:
    """Return moves.c, compiled for this machine by each compiler that is here: CC, gcc, clang."""
    named = [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]
    compilers = [found for found in map(shutil.which, named) if found] or [shutil.which("cc")]
    if compilers == [None]:
        raise NotMeasuredError("there is no C compiler")
    if platform.machine() not in ("x86_64", "AMD64"):
        raise NotMeasuredError("moves.c is written for x86-64 with AVX2")
    return [_compiled(compiler) for compiler in compilers if compiler]


def _compiled(compiler: str) -> ctypes.CDLL:
    source = Path(__file__).with_name("moves.c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "moves.so"
        options = ["-O3", "-march=native", "-shared", "-fPIC", "-o", str(library), str(source)]
        done = subprocess.run([compiler, *options], capture_output=True, text=True)
        if done.returncode != 0:
            raise NotMeasuredError("moves.c does not compile here: a processor without AVX2?")
        return ctypes.CDLL(str(library))


def _counting(levels: int) -> float:
    gas = bz.Ensemble(_levels(levels), 1.0, PARTICLES)
    run = partial(gas.run, SWEEPS, progress=False, threads=1)
    return ratio(run, partial(run, every=SWEEPS))


def _small_run() -> float:
    energies = _levels(8)
    gas = bz.Ensemble(energies, 1.0, 100)
    states = np.zeros(100, np.int64)
    return ratio(
        lambda: gas.run(10, progress=False), lambda: textbook_sweeps(states, energies, 1.0, 10)
    )


def _large_start() -> float:
    energies = _levels(64)
    bz.Ensemble(energies, 1.0, 2**20).run(1, progress=False)  # compiles
    began = time.process_time()
    gas = bz.Ensemble(energies, 1.0, 10**8)
    made = time.process_time()
    gas.run(10, every=10, progress=False, threads=1)
    return (made - began) / (time.process_time() - made)


def _large_move() -> float:
    energies, large = _levels(64), 2 * 10**7
    gases = [bz.Ensemble(energies, 1.0, particles) for particles in (large, PARTICLES)]
    calls = [
        partial(gas.run, sweeps, every=sweeps, progress=False, threads=1)
        for gas, sweeps in zip(gases, (50, 1000), strict=True)
    ]
    return ratio(*calls, turns=3) * (PARTICLES * 1000) / (large * 50)
