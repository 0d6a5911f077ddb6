"""The law: softmax and its relatives, and thermodynamics, beside SciPy, torch and NumPy."""

import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import special

import boltzmann as bz
from experiments.speed.ratios.ratio import NotMeasuredError, Row, ratio

ROWS, TOKENS = 64, 50_257
TEMPERATURES, LEVELS = 10_000, 1_000
MOST_MEGABYTES = 3.0  # beside the answer


def rows() -> Iterator[Row]:
    """Yield the rows of the law."""
    shape = f"({ROWS}, {TOKENS})"
    for name, goals in {
        "softmax": {np.float64: 0.35, np.float32: 0.5},
        "log_softmax": {np.float64: 0.5, np.float32: 0.5},
        "logsumexp": {np.float64: 0.25, np.float32: 0.25},
    }.items():
        for dtype, goal in goals.items():
            work = f"law {name} {shape} {dtype.__name__}"
            yield Row(
                work, "SciPy", goal, lambda name=name, dtype=dtype: _beside_scipy(name, dtype)
            )

    for dtype, goal in {np.float64: 0.8, np.float32: 1.2}.items():
        work = f"law softmax {shape} {dtype.__name__}"
        yield Row(work, "torch, one thread", goal, lambda dtype=dtype: _beside_torch(dtype))
    yield Row(f"law temper {shape} float64", "SciPy: log, divide, softmax", 0.5, _temper)

    for name in PLAIN:
        work = f"law {name} {TEMPERATURES} t x {LEVELS} levels"
        yield Row(work, "plain NumPy", 0.2, lambda name=name: _beside_numpy(name))
    for name in PLAIN:
        work = f"law {name} {TEMPERATURES} t x {LEVELS} levels, memory"
        beside = "peak MB beside the answer"
        yield Row(work, beside, MOST_MEGABYTES, lambda name=name: _memory(name))


def _logits(dtype: type[np.floating]) -> Any:
    return (3 * np.random.default_rng(0).standard_normal((ROWS, TOKENS))).astype(dtype)


def _beside_scipy(name: str, dtype: type[np.floating]) -> float:
    x = _logits(dtype)
    ours, theirs = getattr(bz, name), getattr(special, name)
    return ratio(lambda: ours(x), lambda: theirs(x, axis=-1))


def _beside_torch(dtype: type[np.floating]) -> float:
    try:
        import torch
    except ImportError:
        raise NotMeasuredError("torch is not installed") from None
    torch.set_num_threads(1)
    x = _logits(dtype)
    tensor = torch.from_numpy(x)
    return ratio(lambda: bz.softmax(x), lambda: torch.softmax(tensor, -1))


def _temper() -> float:
    p = special.softmax(_logits(np.float64), axis=-1)
    return ratio(lambda: bz.temper(p, 0.7), lambda: special.softmax(np.log(p) / 0.7, axis=-1))


def _levels_and_temperatures() -> tuple[Any, Any]:
    energies = np.sort(np.random.default_rng(0).uniform(0, 10, LEVELS))
    return energies, np.geomspace(0.01, 100, TEMPERATURES)


def _probabilities(energies: Any, t: Any) -> Any:
    x = -energies / t[:, None]
    x -= x.max(axis=-1, keepdims=True)
    weights = np.exp(x, out=x)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights


def _log_partition(energies: Any, t: Any) -> Any:
    x = -energies / t[:, None]
    largest = x.max(axis=-1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(x - largest).sum(axis=-1))


def _entropy(energies: Any, t: Any) -> Any:
    x = -energies / t[:, None]
    x -= x.max(axis=-1, keepdims=True)
    weights = np.exp(x)
    total = weights.sum(axis=-1)
    return np.log(total) - (weights * x).sum(axis=-1) / total


def _heat_capacity(energies: Any, t: Any) -> Any:
    p = _probabilities(energies, t)
    return (p @ energies**2 - (p @ energies) ** 2) / t**2


# Each function as a few lines of NumPy.
PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "probabilities": _probabilities,
    "mean_energy": lambda energies, t: _probabilities(energies, t) @ energies,
    "entropy": _entropy,
    "heat_capacity": _heat_capacity,
    "log_partition": _log_partition,
    "free_energy": lambda energies, t: -t * _log_partition(energies, t),
}


def _beside_numpy(name: str) -> float:
    energies, t = _levels_and_temperatures()
    ours, theirs = getattr(bz, name), PLAIN[name]
    return ratio(lambda: ours(energies, t), lambda: theirs(energies, t), turns=5)


def _memory(name: str) -> float:
    energies, t = _levels_and_temperatures()
    function = getattr(bz, name)
    function(energies, t)  # compiled code stays
    tracemalloc.start()
    answer = function(energies, t)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - answer.nbytes) / 1e6
