"""The ways to carry a gas: one state for each particle, or one count for each level.

All have `counts()`, the particles on each level now; `sweep(done, sweeps, stride)`, which advances
the gas and returns the counts at each look, (looks, K), and how many particles moved in each begun
stride, (rows,); and `arrays()`, what has to be saved to go on as if nothing had happened.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann._core.threads import Pool
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import moves, random_streams

IntArray = NDArray[np.int64]


def keyed_generator(seed: int, purpose: int) -> np.random.Generator:
    """Return the NumPy generator keyed by (seed, purpose)."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(purpose,))))


def drawn_states(probabilities: FloatArray, particles: int, seed: int) -> NDArray[np.uint16]:
    """Return one level for each particle, drawn from `probabilities`, (N,)."""
    edges = np.cumsum(probabilities)
    last = np.flatnonzero(probabilities)[-1]
    generator = keyed_generator(seed, random_streams.START)
    states = np.empty(particles, np.uint16)
    for first in range(
        0, particles, 2**16
    ):  # in pieces, so that the uniforms never outweigh the states
        piece = states[first : first + 2**16]
        uniforms = generator.random(piece.size) * edges[-1]
        piece[:] = np.minimum(np.searchsorted(edges, uniforms, side="right"), last)
    return states


class ParticleEngine:
    """N particles in blocks, each block with a random stream of its own.

    Results depend neither on the number of threads nor on how the sweeps are cut into calls.
    """

    by_formula = False

    def __init__(self, states: NDArray[np.uint16], block_streams: NDArray[np.uint64], levels: int):
        self.states = states
        self.streams = block_streams
        self.levels = levels
        self.chain: moves.MoveTable | None = None

    @classmethod
    def started(cls, states: NDArray[np.uint16], levels: int, seed: int) -> "ParticleEngine":
        """Return the engine at sweep 0."""
        blocks = -(-states.size // moves.BLOCK)
        return cls(states, random_streams.seeded_streams(seed, blocks), levels)

    def prepare(self, dynamics: Dynamics) -> None:
        """Build the tables of the dynamics."""
        self.chain = dynamics.chain(by_formula=self.by_formula)

    def counts(self) -> IntArray:
        """Return the particles on each level, (K,)."""
        counts = np.zeros(self.levels, np.int64)
        for first in range(0, self.states.size, 2**20):  # bincount makes int64 copies
            counts += np.bincount(self.states[first : first + 2**20], minlength=self.levels)
        return counts

    def sweep(self, done: int, sweeps: int, stride: int, pool: Pool) -> tuple[IntArray, IntArray]:
        """Advance by `sweeps`, in as many threads as the pool has."""
        looks = (done + sweeps) // stride - done // stride
        rows = (done + sweeps - 1) // stride - done // stride + 1
        blocks = len(self.streams)
        shares = min(pool.threads, blocks)
        cuts = [blocks * share // shares for share in range(shares + 1)]

        def work(share: int) -> tuple[IntArray, IntArray]:
            first, last = cuts[share], cuts[share + 1]
            states = self.states[first * moves.BLOCK : last * moves.BLOCK]
            counts = np.zeros((looks, self.levels), np.int64)
            moved = np.zeros(rows, np.int64)
            space = moves.workspace(self.levels)
            moves.sweep_blocks(
                states,
                self.streams[first:last],
                self.chain,
                space,
                done,
                sweeps,
                stride,
                counts,
                moved,
            )
            return counts, moved

        parts = pool.map(work, shares)
        return sum(counts for counts, _ in parts), sum(moved for _, moved in parts)

    def arrays(self) -> dict[str, Any]:
        """Return what to save."""
        return {"states": self.states, "streams": self.streams}

    @classmethod
    def restored(cls, saved: Mapping[str, Any], particles: int, levels: int) -> "ParticleEngine":
        """Return the engine that was saved; ValueError if its arrays do not fit together."""
        states, block_streams = saved["states"], saved["streams"]
        shape = (-(-particles // moves.BLOCK), 4, random_streams.LANES)
        fits = states.shape == (particles,) and states.dtype == np.uint16 and states.max() < levels
        if not (fits and block_streams.shape == shape and block_streams.dtype == np.uint64):
            raise ValueError("states and streams do not fit the particles")
        return cls(states, block_streams, levels)


class TextbookEngine(ParticleEngine):
    """The same particles, streams and moves as ParticleEngine, decided by the readable loop."""

    by_formula = True


class CountsEngine:
    """Counts on K levels: a sweep sends the n_i particles of level i to Multinomial(n_i, P_i·).

    The counts have the same law as those of particles that move one by one, at a cost that depends
    on K alone.
    """

    def __init__(self, counts: IntArray, generator: np.random.Generator):
        self._counts = counts
        self.generator = generator
        self.targets = np.empty((0, 0), np.int64)
        self.probabilities = np.empty((0, 0))

    @classmethod
    def started(cls, counts: IntArray, seed: int) -> "CountsEngine":
        """Return the engine at sweep 0."""
        return cls(counts, keyed_generator(seed, random_streams.COUNTS))

    def prepare(self, dynamics: Dynamics) -> None:
        """Build the rows of the transition matrix."""
        self.targets, self.probabilities = dynamics.rows()

    def counts(self) -> IntArray:
        """Return the particles on each level, (K,)."""
        return self._counts.copy()

    def sweep(self, done: int, sweeps: int, stride: int, pool: Pool) -> tuple[IntArray, IntArray]:
        """Advance by `sweeps`."""
        looks = np.empty(((done + sweeps) // stride - done // stride, self._counts.size), np.int64)
        moved = np.zeros((done + sweeps - 1) // stride - done // stride + 1, np.int64)
        for sweep in range(done, done + sweeps):
            occupied = np.flatnonzero(self._counts)
            draws = self.generator.multinomial(self._counts[occupied], self.probabilities[occupied])
            targets = self.targets[occupied]
            after = np.zeros_like(self._counts)
            np.add.at(after, targets, draws)
            moved[sweep // stride - done // stride] += draws[targets != occupied[:, None]].sum()
            self._counts = after
            if (sweep + 1) % stride == 0:
                looks[(sweep + 1) // stride - 1 - done // stride] = after
        return looks, moved

    def arrays(self) -> dict[str, Any]:
        """Return what to save."""
        state = json.dumps(self.generator.bit_generator.state, default=lambda words: words.tolist())
        return {"counts": self._counts, "generator": np.array(state)}

    @classmethod
    def restored(cls, saved: Mapping[str, Any], particles: int, levels: int) -> "CountsEngine":
        """Return the engine that was saved; ValueError if its arrays do not fit together."""
        counts = saved["counts"]
        whole = counts.shape == (levels,) and counts.dtype == np.int64 and counts.min() >= 0
        if not whole or int(counts.sum()) != particles:
            raise ValueError("counts do not fit the particles")
        engine = cls.started(counts, 0)
        state = json.loads(str(saved["generator"]))
        state["state"]["state"] = np.array(state["state"]["state"], np.uint64)
        engine.generator.bit_generator.state = state
        return engine


PARTICLE_ENGINES: dict[str, type[ParticleEngine]] = {
    "particles": ParticleEngine,
    "textbook": TextbookEngine,
}
ENGINES: dict[str, type[ParticleEngine] | type[CountsEngine]] = {
    **PARTICLE_ENGINES,
    "counts": CountsEngine,
}
