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
from boltzmann.simulation.kernels import binomials, count_sweeps, random_streams
from boltzmann.simulation.run import recorded_and_intervals

IntArray = NDArray[np.int64]
WordArray = NDArray[np.uint64]


class CountsSweep(Protocol):
    """One sweep of counts at one temperature."""

    def draw(self, counts: IntArray, stream: WordArray) -> tuple[IntArray, int]:
        """Return the counts (K,) after a sweep, and how many particles changed their level."""
        ...


class Rows:
    """A sweep that sends the n_i particles of level i to Multinomial(n_i, P_i·)."""

    def __init__(self, dynamics: Dynamics, temperature: float):
        # (K, L) where a particle of each level can go, and how likely
        self.targets, self.chances = dynamics.transition_rows(temperature)
        binomials.conditional_chances(self.chances)

    def draw(self, counts: IntArray, stream: WordArray) -> tuple[IntArray, int]:
        """Draw one sweep; see `CountsSweep`."""
        after, moved = count_sweeps.sweep_rows(stream, counts, self.targets, self.chances)
        return after, moved


class Redraw:
    """A sweep of the heat bath over all levels: one multinomial, as no particle remembers its own.

    Of the particles, those that landed where they came from are not told apart: how many moved is
    an average, given the counts before and after.
    """

    def __init__(self, dynamics: Dynamics, temperature: float):
        self.chances = dynamics.normalised_weights(temperature)  # (K,)
        binomials.conditional_chances(self.chances[None, :])

    def draw(self, counts: IntArray, stream: WordArray) -> tuple[IntArray, int]:
        """Draw one sweep; see `CountsSweep`."""
        after, moved = count_sweeps.sweep_redraw(stream, counts, self.chances)
        return after, moved


class CountsEngine:
    """Counts on K levels, with the distribution of those of particles that move one by one.

    A sweep costs 3K binomials (uniform proposals, Metropolis's rule), K (the heat bath over all
    levels; neighbours) or K² (a matrix; Glauber's rule, for which no shorter way is known here: the
    rank at which `Cascade` stops a particle would depend on where it came from).
    """

    name: ClassVar[str] = "counts"
    counted: ClassVar[bool] = True

    def __init__(self, counts: IntArray, stream: WordArray):
        self._counts = counts  # (K,)
        self.stream = stream  # (4,), the state of one sfc64 generator
        self.one_sweep: CountsSweep

    @property
    def particles(self) -> int:
        """How many particles there are."""
        return int(self._counts.sum())

    def sweep_seconds(self) -> float:
        """Return about how long the slowest kind of sweep takes; see `Engine`."""
        return 1e-4 + 1e-7 * self._counts.size**2

    @classmethod
    def started(cls, start: NDArray[Any], levels: int, seed: int) -> Self:
        """Return the engine before its first sweep; see `Engine`."""
        return cls(start, random_streams.keyed_state(seed, random_streams.COUNTS))

    @classmethod
    def restored(cls, saved: Mapping[str, Any], particles: int, levels: int) -> Self:
        """Return the engine whose `arrays` were saved; see `Engine`."""
        counts = saved["counts"]
        whole = counts.shape == (levels,) and counts.dtype == np.int64 and counts.min() >= 0
        if not whole or int(counts.sum()) != particles:
            raise ValueError("counts do not fit the particles")
        return cls(counts, _saved_stream(saved))

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
            self._counts, changed = self.one_sweep.draw(self._counts, self.stream)
            moved[sweep // every - done // every] += changed
            if (sweep + 1) % every == 0:
                counts[(sweep + 1) // every - 1 - done // every] = self._counts
        return counts, moved

    def arrays(self) -> dict[str, Any]:
        """Return the counts and the random stream."""
        return {"counts": self._counts, "stream": self.stream}


def _saved_stream(saved: Mapping[str, Any]) -> WordArray:
    """Return the random stream that was saved, of older files too.

    Those hold the state of NumPy's generator in JSON. Its words go on from there; the numbers made
    of them are no longer NumPy's.
    """
    if "stream" in saved:
        stream: WordArray = saved["stream"]
    else:
        generator = np.random.SFC64(0)
        state = json.loads(str(saved["generator"]))
        state["state"]["state"] = np.array(state["state"]["state"], np.uint64)
        generator.state = state  # NumPy refuses what is no state of it
        stream = random_streams.state_of(generator)

    if stream.shape != (4,) or stream.dtype != np.uint64:
        raise ValueError("stream is no state of an sfc64 generator")
    return stream
