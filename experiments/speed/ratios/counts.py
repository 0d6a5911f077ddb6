"""The engine "counts", 10^15 particles: beside the random numbers that its sweeps are made of."""

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np

import boltzmann as bz
from experiments.speed.ratios.ratio import Row, ratio

PARTICLES = 10**15
MOST_LEVELS = 65_536


def rows() -> Iterator[Row]:
    """Yield the rows of the counts."""
    for levels in (512, 2048, 8192, MOST_LEVELS):
        yield Row(
            f"counts uniform metropolis K={levels}",
            "3K binomials of NumPy",
            1.2,
            lambda levels=levels: _cascade(levels),
        )
    for levels in (512, 2048, 8192):
        yield Row(
            f"counts heat bath K={levels}",
            "one multinomial of NumPy",
            1.2,
            lambda levels=levels: _heat_bath(levels),
        )
    yield Row("counts uniform metropolis K=8192, memory", "peak MB", 250, _memory)


def _gas(levels: int, rule: str) -> tuple[Any, Any]:
    energies = np.sort(np.random.default_rng(0).uniform(0, 4, levels))
    return energies, bz.Ensemble(energies, 1.0, PARTICLES, engine="counts", rule=rule)


def _cascade(levels: int) -> float:
    energies, gas = _gas(levels, "metropolis")
    bare = _BareCascade(energies, gas.counts)
    sweeps = max(1, 2**14 // levels)
    turns = 9 if levels < MOST_LEVELS else 5
    return ratio(
        lambda: gas.run(sweeps, every=sweeps, progress=False),
        lambda: bare.sweep(sweeps),
        turns=turns,
    )


def _heat_bath(levels: int) -> float:
    energies, gas = _gas(levels, "heat-bath")
    weights = np.exp(-energies)
    weights /= weights.sum()
    generator = np.random.Generator(np.random.SFC64(1))

    def bare() -> None:
        for _ in range(sweeps):
            generator.multinomial(PARTICLES, weights)

    sweeps = 2**17 // levels
    return ratio(lambda: gas.run(sweeps, every=sweeps, progress=False), bare)


def _memory() -> float:
    _gas(64, "metropolis")[1].run(1, progress=False)  # compiled code stays
    tracemalloc.start()
    _gas(8192, "metropolis")[1].run(1, progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


class _BareCascade:
    """The 3K binomials of a sweep at t = 1, and nothing else."""

    def __init__(self, energies: Any, counts: Any):
        weights = np.exp(-(energies - energies[0]))
        ranks = np.arange(1, energies.size + 1)
        terms = (weights - np.append(weights[1:], 0.0)) * ranks / energies.size
        tails = np.cumsum(terms[::-1])[::-1]
        self.taken = np.minimum(tails / weights, 1.0)
        self.stops = np.minimum(terms / tails, 1.0).tolist()
        self.stops[-1] = 1.0
        self.lands = (1 / ranks).tolist()
        self.counts = counts
        self.generator = np.random.Generator(np.random.SFC64(1))

    def sweep(self, sweeps: int) -> None:
        binomial = self.generator.binomial
        for _ in range(sweeps):
            taken = binomial(self.counts, self.taken)
            after = self.counts - taken

            pool = 0
            stopped = []
            for came, chance in zip(taken.tolist(), self.stops, strict=True):
                pool += came
                stops = int(binomial(pool, chance)) if pool else 0
                stopped.append(stops)
                pool -= stops

            for rank in range(len(stopped) - 1, -1, -1):
                pool += stopped[rank]
                lands = int(binomial(pool, self.lands[rank])) if pool else 0
                after[rank] += lands
                pool -= lands
            self.counts = after
