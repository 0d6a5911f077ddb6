"""The engines: how the particles are kept in memory, and how one sweep follows another.

"particles" and "textbook", here, keep the level of each particle; "counts", in `counts.py`, keeps
the number of particles on each level. An ensemble uses any of them through the protocol `Engine`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.threads import Pool
from boltzmann.simulation.counts import CountsEngine
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import moves, random_streams
from boltzmann.simulation.kernels.sweeps import Workspace, sweep_blocks, workspace
from boltzmann.simulation.run import recorded_and_intervals

IntArray = NDArray[np.int64]

_MOST_LEVELS = 65_536  # a level is a 16-bit number


class Engine(Protocol):
    """What advances N particles on K levels, sweep by sweep."""

    name: ClassVar[str]
    counted: ClassVar[bool]  # whether a start is a number of particles for each level

    @property
    def particles(self) -> int:
        """How many particles there are."""
        ...

    def sweep_seconds(self) -> float:
        """Return about how long a sweep takes, by which the first chunk of a run is cut."""
        ...

    @classmethod
    def started(cls, start: NDArray[Any], levels: int, seed: int) -> Self:
        """Return the engine before its first sweep.

        `start` is the level of each particle, (N,) uint16, or, if the engine is counted, the
        particles on each level, (K,) int64.
        """
        ...

    @classmethod
    def restored(cls, saved: Mapping[str, Any], particles: int, levels: int) -> Self:
        """Return the engine whose `arrays` were saved; ValueError if they do not fit together."""
        ...

    def prepare(self, dynamics: Dynamics, temperature: float) -> None:
        """Compute what the sweeps at this temperature look up."""
        ...

    def counts(self) -> IntArray:
        """Return the particles on each level, (K,); a copy."""
        ...

    def sweep(self, done: int, sweeps: int, every: int, pool: Pool) -> tuple[IntArray, IntArray]:
        """Make `sweeps` sweeps after the `done` earlier ones, sharing the work among the pool.

        Returns
        -------
        counts : (R, K) ndarray
            The particles on each level after each sweep whose number, counted with the earlier
            ones, is a multiple of `every`.
        moved : (I,) ndarray
            How many moves changed a level in each interval of `every` sweeps that these sweeps
            begin, continue or end.
        """
        ...

    def arrays(self) -> dict[str, Any]:
        """Return what has to be saved for the sweeps to go on as if they had never stopped."""
        ...


class ParticleEngine:
    """N particles in blocks, each block with a random stream of its own.

    Results depend neither on the number of threads nor on how the sweeps are cut into calls.
    """

    name: ClassVar[str] = "particles"
    counted: ClassVar[bool] = False
    by_formula: ClassVar[bool] = False
    move_seconds: ClassVar[float] = 1e-9

    def __init__(self, states: NDArray[np.uint16], block_streams: NDArray[np.uint64], levels: int):
        self.states = states  # (N,)
        self.streams = block_streams  # (blocks, 4, LANES)
        self.levels = levels
        self.table: moves.MoveTable | None = None
        self.spaces: list[Workspace] = []  # one for each thread

    @property
    def particles(self) -> int:
        """How many particles there are."""
        return self.states.size

    def sweep_seconds(self) -> float:
        """Return about how long a sweep takes; see `Engine`."""
        return self.particles * self.move_seconds

    @classmethod
    def started(cls, start: NDArray[Any], levels: int, seed: int) -> Self:
        """Return the engine before its first sweep; see `Engine`."""
        blocks = -(-start.size // moves.BLOCK)
        return cls(start, random_streams.seeded_streams(seed, blocks), levels)

    @classmethod
    def restored(cls, saved: Mapping[str, Any], particles: int, levels: int) -> Self:
        """Return the engine whose `arrays` were saved; see `Engine`."""
        states = saved["states"]
        block_streams = saved["streams"]
        shape = (-(-particles // moves.BLOCK), 4, random_streams.LANES)

        fits = states.shape == (particles,) and states.dtype == np.uint16 and states.max() < levels
        if not (fits and block_streams.shape == shape and block_streams.dtype == np.uint64):
            raise ValueError("states and streams do not fit the particles")
        return cls(states, block_streams, levels)

    def prepare(self, dynamics: Dynamics, temperature: float) -> None:
        """Build the table of moves."""
        self.table = dynamics.move_table(temperature, by_formula=self.by_formula)

    def counts(self) -> IntArray:
        """Return the particles on each level, (K,)."""
        counts = np.zeros(self.levels, np.int64)
        for first in range(0, self.states.size, 2**20):  # in pieces: bincount makes int64 copies
            counts += np.bincount(self.states[first : first + 2**20], minlength=self.levels)
        return counts

    def sweep(self, done: int, sweeps: int, every: int, pool: Pool) -> tuple[IntArray, IntArray]:
        """Advance the blocks, shared among as many threads as the pool has; see `Engine`."""
        recorded, intervals = recorded_and_intervals(done, sweeps, every)
        blocks = len(self.streams)
        shares = min(pool.threads, blocks)
        cuts = [blocks * share // shares for share in range(shares + 1)]

        while len(self.spaces) < shares:
            self.spaces.append(workspace(self.levels))

        def work(share: int) -> tuple[IntArray, IntArray]:
            first, last = cuts[share], cuts[share + 1]
            counts = np.zeros((recorded, self.levels), np.int64)
            moved = np.zeros(intervals, np.int64)

            sweep_blocks(
                self.states[first * moves.BLOCK : last * moves.BLOCK],
                self.streams[first:last],
                self.table,
                self.spaces[share],
                done,
                sweeps,
                every,
                counts,
                moved,
            )
            return counts, moved

        parts = pool.map(work, shares)
        return sum(counts for counts, _ in parts), sum(moved for _, moved in parts)

    def arrays(self) -> dict[str, Any]:
        """Return the states and the random streams."""
        return {"states": self.states, "streams": self.streams}


class TextbookEngine(ParticleEngine):
    """The same particles, streams and moves as ParticleEngine, decided by the readable loop."""

    name: ClassVar[str] = "textbook"
    by_formula: ClassVar[bool] = True
    move_seconds: ClassVar[float] = 3e-8


ENGINES: dict[str, type[Engine]] = {
    engine.name: engine for engine in (ParticleEngine, TextbookEngine, CountsEngine)
}


def as_engine(engine: Any, dynamics: Dynamics) -> type[Engine]:
    """Return the engine of that name.

    Raises
    ------
    ValueError
        If there is none, or it cannot run these dynamics.
    """
    levels = len(dynamics.levels)
    if not 2 <= levels <= _MOST_LEVELS:
        raise ValueError(f"levels has {levels} entries: an ensemble has 2 to {_MOST_LEVELS}")
    if not (isinstance(engine, str) and engine in ENGINES):
        raise ValueError(f"engine is {engine!r}: it must be one of {', '.join(ENGINES)}")
    if engine == "textbook" and (dynamics.matrix is not None or dynamics.redraws_all):
        raise ValueError(
            "engine is 'textbook': it proposes 'uniform' or 'neighbour' and decides by "
            "'metropolis' or 'glauber'"
        )
    return ENGINES[engine]
