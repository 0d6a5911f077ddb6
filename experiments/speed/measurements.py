"""What the speed experiment times, part by part, in rows of its table."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.special import softmax

import boltzmann as bz
from boltzmann.language import draw as draw_token
from experiments.speed.contestants import KERNELS, Call, best_times, ours
from experiments.speed.peers import PEERS

IMPORT = "import boltzmann as bz"
FIRST_RESULT = f"{IMPORT}; bz.Ensemble(bz.ladder(8), 1.0, 10_000).run(10)"
Row = dict[str, Any]


class Settings(Protocol):
    """The sizes that the parts need; `speed.Config` has them."""

    levels: tuple[int, ...]  # K of the moves that are timed
    peers_at: int  # the K at which the other libraries run, too
    particles: int  # of a timed move
    turns: int  # of each contestant
    sizes: tuple[int, ...]  # numbers of particles of a run of 100 sweeps
    runs: tuple[int, ...]  # numbers of sweeps of a run of 100,000 particles
    vocabularies: tuple[int, ...]  # numbers of tokens of a draw
    shapes: tuple[tuple[int, int], ...]  # of the arrays that softmax gets
    starts: int  # processes that are started


def _row(part: str, contestant: str, value: float, unit: str, levels: int = 0, **sizes: int) -> Row:
    sizes = {"particles": 0, "sweeps": 0, "threads": 1, **sizes}
    named = {"part": part, "contestant": contestant, "levels": levels}
    return {**named, **sizes, "value": value, "unit": unit}


def machine() -> str:
    """Return what these times belong to."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        pass
    parts = [
        f"{processor}, {os.cpu_count()} threads",
        platform.system(),
        f"Python {platform.python_version()}",
    ]
    return ", ".join([*parts, *(f"{name} {version(name)}" for name in ("numpy", "numba"))])


def moves(config: Settings) -> list[Row]:
    """Time a move of every kernel at each number of levels, and of the peers at one."""
    rows = []
    for levels in config.levels:
        energies = np.arange(levels) * 4 / levels
        entrants = {**KERNELS, **PEERS} if levels == config.peers_at else KERNELS
        made = {
            name: (make(energies, config.particles, sweeps), sweeps)
            for name, (make, sweeps) in entrants.items()
        }
        calls = {name: call for name, (call, _) in made.items() if call is not None}
        for name, seconds in best_times(calls, config.turns).items():
            nanoseconds = seconds / (config.particles * made[name][1]) * 1e9
            rows.append(_row("move", name, nanoseconds, "ns", levels, particles=config.particles))
    return rows


def runs(config: Settings) -> list[Row]:
    """Time whole runs of more and more particles, and of more and more sweeps."""
    energies = np.arange(64) / 16
    by_particles = [(particles, 100) for particles in config.sizes]
    by_sweeps = [(10**5, sweeps) for sweeps in config.runs]
    rows = []
    for particles, sweeps in dict.fromkeys(by_particles + by_sweeps):
        calls = {str(n): ours(energies, particles, sweeps, threads=n) for n in (1, 2)}
        turns = max(2, min(config.turns, 10**9 // (particles * sweeps)))
        for threads, seconds in best_times(calls, turns).items():
            sizes = {"particles": particles, "sweeps": sweeps, "threads": int(threads)}
            rows.append(_row("run", "ours", seconds, "s", 64, **sizes))
    return rows


def counts(config: Settings) -> list[Row]:
    """Time the gas that is only counted."""
    gas = bz.Ensemble(np.arange(64) / 16, 1.0, 10**15, engine="counts")
    best = best_times({"ours": lambda: gas.run(1000, progress=False)}, 2)
    return [_row("counts", "ours", best["ours"], "s", 64, particles=10**15, sweeps=1000)]


def draws(config: Settings) -> list[Row]:
    """Time one draw of a token in both precisions, and a million draws in one call."""
    rows = []
    for size in config.vocabularies:
        generator = np.random.default_rng(0)
        logits = 3 * generator.standard_normal(size)
        for dtype in (np.float32, np.float64):
            best = best_times(_one_draw(logits.astype(dtype), generator), config.turns, 4)
            part = f"draw, {dtype.__name__}"
            rows += [_row(part, name, 1e6 * s, "µs", size) for name, s in best.items()]
        best = best_times(_many_draws(logits, generator), max(2, config.turns // 10), 3)
        rows += [_row("draws", name, 1e3 * s, "ns", size) for name, s in best.items()]
    return rows


def _probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    weights = np.exp((logits.astype(np.float64) - logits.max()) / temperature)
    return weights / weights.sum()


def _one_draw(logits: np.ndarray, generator: np.random.Generator) -> dict[str, Call]:
    def inverse_cdf() -> np.intp:
        scaled = logits / logits.dtype.type(0.7)
        scaled -= scaled.max()
        cumulative = np.cumsum(np.exp(scaled))
        return np.searchsorted(cumulative, generator.random() * cumulative[-1])

    return {
        "ours": lambda: draw_token(logits, 0.7, seed=generator),
        "NumPy, inverse CDF": inverse_cdf,
        "NumPy, choice": lambda: generator.choice(logits.size, p=_probabilities(logits, 0.7)),
    }


def _many_draws(logits: np.ndarray, generator: np.random.Generator) -> dict[str, Call]:
    return {
        "ours": lambda: draw_token(logits, 1.0, 1_000_000, seed=generator),
        "NumPy, choice": lambda: generator.choice(
            logits.size, 1_000_000, p=_probabilities(logits, 1.0)
        ),
    }


def softmaxes(config: Settings) -> list[Row]:
    """Time softmax over the last axis."""
    rows = []
    for shape in config.shapes:
        x = 3 * np.random.default_rng(0).standard_normal(shape)
        calls: dict[str, Call] = {
            "ours": lambda x=x: bz.softmax(x),
            "SciPy": lambda x=x: softmax(x, axis=-1),
        }
        for name, seconds in best_times(calls, max(2, config.turns // 2), 3).items():
            nanoseconds = 1e9 * seconds / x.size
            rows.append(_row("softmax", name, nanoseconds, "ns", shape[1], particles=shape[0]))
    return rows


def starts(config: Settings) -> list[Row]:
    """Time the import and the first result of a process, with kernels compiled before and not."""

    def python(code: str, **environment: str) -> Call:
        command = [sys.executable, "-c", code]
        return lambda: subprocess.run(command, check=True, env={**os.environ, **environment})

    calls = {"Python": python("pass"), "import": python(IMPORT), "warm": python(FIRST_RESULT)}
    best = best_times(calls, config.starts)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        python(FIRST_RESULT, NUMBA_CACHE_DIR=folder)()
        cold = time.perf_counter() - began
    return [
        _row("start", "import", best["import"] - best["Python"], "s"),
        _row("start", "first result, warm", best["warm"], "s"),
        _row("start", "first result, cold", cold, "s"),
    ]


PARTS = (moves, runs, counts, draws, softmaxes, starts)
