"""The engine that keeps the number of particles on each level, and moves them all at once."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.threads import Pool
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import random_streams
from boltzmann.simulation.run import recorded_and_intervals

IntArray = NDArray[np.int64]


class CountsEngine:
    """Counts on K levels: a sweep sends the n_i particles of level i to Multinomial(n_i, P_i·).

    The counts have the same distribution as those of particles that move one by one, at a cost that
    depends on K alone.
    """

    name: ClassVar[str] = "counts"
    counted: ClassVar[bool] = True

    def __init__(self, counts: IntArray, generator: np.random.Generator):
        self._counts = counts  # (K,)
        self.generator = generator
        self.targets = np.empty((0, 0), np.int64)  # (K, L) where a particle of each level can go
        self.probabilities = np.empty((0, 0))  # (K, L)

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
        """Compute the rows of the transition matrix."""
        self.targets, self.probabilities = dynamics.transition_rows(temperature)

    def counts(self) -> IntArray:
        """Return the particles on each level, (K,)."""
        return self._counts.copy()

    def sweep(self, done: int, sweeps: int, every: int, pool: Pool) -> tuple[IntArray, IntArray]:
        """Draw the counts after each sweep from those before it; see `Engine`."""
        recorded, intervals = recorded_and_intervals(done, sweeps, every)
        counts = np.empty((recorded, self._counts.size), np.int64)
        moved = np.zeros(intervals, np.int64)

        for sweep in range(done, done + sweeps):
            occupied = np.flatnonzero(self._counts)  # (O,)
            draws = self.generator.multinomial(self._counts[occupied], self.probabilities[occupied])
            targets = self.targets[occupied]  # (O, L), as draws
            after = np.zeros_like(self._counts)
            np.add.at(after, targets, draws)
            self._counts = after

            moved[sweep // every - done // every] += draws[targets != occupied[:, None]].sum()
            if (sweep + 1) % every == 0:
                counts[(sweep + 1) // every - 1 - done // every] = after
        return counts, moved

    def arrays(self) -> dict[str, Any]:
        """Return the counts and the state of the random generator."""
        state = json.dumps(self.generator.bit_generator.state, default=lambda words: words.tolist())
        return {"counts": self._counts, "generator": np.array(state)}
