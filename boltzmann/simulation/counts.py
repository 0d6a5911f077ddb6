"""The engine that keeps the number of particles on each level, and moves them all at once.

How a sweep is drawn depends on the dynamics, as what particles of several levels do alike is drawn
for all of them together.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.threads import Pool
from boltzmann.simulation.cascade import Cascade
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import random_streams
from boltzmann.simulation.run import recorded_and_intervals

IntArray = NDArray[np.int64]


class CountsSweep(Protocol):
    """One sweep of counts at one temperature."""

    def draw(self, counts: IntArray, generator: np.random.Generator) -> tuple[IntArray, int]:
        """Return the counts (K,) after a sweep, and how many particles changed their level."""
        ...


class Rows:
    """A sweep that sends the n_i particles of level i to Multinomial(n_i, P_i·)."""

    def __init__(self, dynamics: Dynamics, temperature: float):
        # (K, L) where a particle of each level can go, and how likely
        self.targets, self.probabilities = dynamics.transition_rows(temperature)

    def draw(self, counts: IntArray, generator: np.random.Generator) -> tuple[IntArray, int]:
        """Draw one sweep; see `CountsSweep`."""
        occupied = np.flatnonzero(counts)  # (O,)
        draws = generator.multinomial(counts[occupied], self.probabilities[occupied])
        targets = self.targets[occupied]  # (O, L), as draws
        after = np.zeros_like(counts)
        np.add.at(after, targets, draws)
        return after, int(draws[targets != occupied[:, None]].sum())


class Redraw:
    """A sweep of the heat bath over all levels: one multinomial, as no particle remembers its own.

    Of the particles, those that landed where they came from are not told apart. Any that came may
    be any that landed, so that Σ n_i m_i / N of them did on average, given the counts n before and
    m after; that number is rounded up or down at random.
    """

    def __init__(self, dynamics: Dynamics, temperature: float):
        weights = dynamics.normalised_weights(temperature)
        # Rounding in `multinomial` can put a particle on the last level, be it of probability 0.
        self.possible = np.flatnonzero(weights)
        self.probabilities = weights[self.possible]

    def draw(self, counts: IntArray, generator: np.random.Generator) -> tuple[IntArray, int]:
        """Draw one sweep; see `CountsSweep`."""
        particles = int(counts.sum())
        drawn = generator.multinomial(particles, self.probabilities)
        if self.possible.size == counts.size:
            after = drawn
        else:
            after = np.zeros_like(counts)
            after[self.possible] = drawn
        stayed = float(counts @ (after / particles))
        return after, min(max(int(particles - stayed + generator.random()), 0), particles)


class CountsEngine:
    """Counts on K levels, with the distribution of those of particles that move one by one.

    A sweep costs 3K binomials (uniform proposals, Metropolis's rule), K (the heat bath over all
    levels; neighbours) or K² (a matrix; Glauber's rule, for which no shorter way is known here: the
    rank at which `Cascade` stops a particle would depend on where it came from).
    """

    name: ClassVar[str] = "counts"
    counted: ClassVar[bool] = True

    def __init__(self, counts: IntArray, generator: np.random.Generator):
        self._counts = counts  # (K,)
        self.generator = generator
        self.one_sweep: CountsSweep

    @classmethod
    def started(cls, start: NDArray[Any], levels: int, seed: int) -> Self:
        """Return the engine before its first sweep; see `Engine`."""
        return cls(start, random_streams.keyed_generator(seed, random_streams.COUNTS))

    @classmethod
    def restored(cls, saved: Mapping[str, Any], particles: int, levels: int) -> Self:
        """Return the engine whose `arrays` were saved; see `Engine`."""
        counts = saved["counts"]
        whole = counts.shape == (levels,) and counts.dtype == np.int64 and counts.min() >= 0
        if not whole or int(counts.sum()) != particles:
            raise ValueError("counts do not fit the particles")

        engine = cls.started(counts, levels, 0)
        state = json.loads(str(saved["generator"]))
        state["state"]["state"] = np.array(state["state"]["state"], np.uint64)
        engine.generator.bit_generator.state = state
        return engine

    def prepare(self, dynamics: Dynamics, temperature: float) -> None:
        """Compute the probabilities that a sweep draws with."""
        if dynamics.redraws_all:
            self.one_sweep = Redraw(dynamics, temperature)
        elif dynamics.proposal == "uniform" and not dynamics.glauber:
            self.one_sweep = Cascade(dynamics, temperature)
        else:
            self.one_sweep = Rows(dynamics, temperature)

    def counts(self) -> IntArray:
        """Return the particles on each level, (K,)."""
        return self._counts.copy()

    def sweep(self, done: int, sweeps: int, every: int, pool: Pool) -> tuple[IntArray, IntArray]:
        """Draw the counts after each sweep from those before it; see `Engine`."""
        recorded, intervals = recorded_and_intervals(done, sweeps, every)
        counts = np.empty((recorded, self._counts.size), np.int64)
        moved = np.zeros(intervals, np.int64)

        for sweep in range(done, done + sweeps):
            self._counts, changed = self.one_sweep.draw(self._counts, self.generator)
            moved[sweep // every - done // every] += changed
            if (sweep + 1) % every == 0:
                counts[(sweep + 1) // every - 1 - done // every] = self._counts
        return counts, moved

    def arrays(self) -> dict[str, Any]:
        """Return the counts and the state of the random generator."""
        state = json.dumps(self.generator.bit_generator.state, default=lambda words: words.tolist())
        return {"counts": self._counts, "generator": np.array(state)}
