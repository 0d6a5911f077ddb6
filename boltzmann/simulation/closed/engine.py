"""The engine of closed boxes: bodies and the demons that they share, sweep by sweep."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.threads import Pool, available_processors
from boltzmann.simulation.closed.bodies import Body, IntArray
from boltzmann.simulation.kernels import exchange
from boltzmann.simulation.kernels.random_streams import LANES, fill_words

# What a stream is for, the first part of its key; those of an `Ensemble` are smaller numbers.
ALONE, IN_CONTACT = 16, 17

_CHUNK_SECONDS = 0.1  # between two updates of the progress bar and checks for Ctrl-C
_CHUNK_ENTRIES = 2**20  # of the counts of one chunk
_PARTICLES_A_THREAD = 2**17  # with fewer, waiting for each other costs more than threads save


class Exchange:
    """Bodies, purses and random streams: all that changes in a closed box."""

    def __init__(
        self,
        bodies: list[Body],
        streams: NDArray[np.uint64],
        meetings: NDArray[np.uint64],
        purses: IntArray,
        sweeps: int,
    ):
        self.bodies = bodies
        self.streams = streams  # (B, 4, LANES), one for each block of each body
        self.meetings = meetings  # (4, LANES)
        self.sweeps = sweeps  # done so far

        most = int(purses.sum()) + sum(
            body.energy() - body.particles * body.lowest for body in bodies
        )
        self.tables = [body.table(most) for body in bodies]
        narrow = all(table.energies.dtype == np.int32 for table in self.tables)
        self.purses = purses.astype(np.int32 if narrow else np.int64)  # (D,)
        if not narrow:
            self.tables = [
                table._replace(energies=table.energies.astype(np.int64)) for table in self.tables
            ]

    @classmethod
    def started(cls, bodies: list[Body], purses: IntArray, seed: int, purpose: int) -> "Exchange":
        """Return the exchange before its first sweep."""
        blocks = sum(body.blocks for body in bodies)
        streams = _keyed_streams(seed, purpose, blocks + 1)
        return cls(bodies, streams[:blocks], streams[blocks], purses, 0)

    @property
    def energy(self) -> int:
        """The energy of all particles and demons now, in quanta."""
        return sum(body.energy() for body in self.bodies) + int(self.purses.sum(dtype=np.int64))

    @property
    def particles(self) -> int:
        """How many particles there are in all bodies."""
        return sum(body.particles for body in self.bodies)

    def threads_worth_starting(self) -> int:
        """Return how many threads save time."""
        return min(available_processors(), max(1, self.particles // _PARTICLES_A_THREAD))

    def chunks(
        self, sweeps: int, every: int, pool: Pool, advance: Callable[[int], Any]
    ) -> Iterator[list[IntArray]]:
        """Sweep in chunks of about a tenth of a second; yield the counts of each one's bodies."""
        widest = max(len(body.levels) for body in self.bodies)
        most = max(1, _CHUNK_ENTRIES // widest) * every
        done = 0
        size = 1
        while done < sweeps:
            size = min(size, most, sweeps - done)
            began = time.perf_counter()
            chunk = self._advance(done, size, every, pool)
            done += size
            self.sweeps += size
            advance(size)
            yield chunk

            short = time.perf_counter() - began < _CHUNK_SECONDS
            size = size * 2 if short else max(1, size // 2)

    def _advance(self, done: int, sweeps: int, every: int, pool: Pool) -> list[IntArray]:
        """Make `sweeps` sweeps after `done` others of this run; return the recorded counts."""
        recorded = (done + sweeps) // every - done // every
        counts = [np.zeros((recorded, len(body.levels)), np.int64) for body in self.bodies]
        meeting = exchange.Meeting(
            stream=self.meetings,
            arrived=np.empty_like(self.purses),
            words=np.empty((self.purses.size // 2 // LANES + 1) * LANES, np.uint64),
        )

        if len(self.bodies) == 1 and pool.threads == 1:
            exchange.sweep_alone(
                self.bodies[0].states,
                self.streams,
                self.purses,
                self.purses.reshape(-1, self.bodies[0].lanes),
                meeting,
                self.tables[0],
                self._space(0),
                done,
                sweeps,
                every,
                counts[0],
            )
            return counts

        shares = self._shares(pool.threads)
        for sweep in range(done, done + sweeps):
            pool.map(lambda share: shares[share](), len(shares))
            exchange.meet(self.purses, meeting)
            if (sweep + 1) % every == 0:
                row = (sweep + 1) // every - 1 - done // every
                for body, its_counts in zip(self.bodies, counts, strict=True):
                    its_counts[row] = body.counts()
        return counts

    def _space(self, body: int) -> exchange.Workspace:
        space: exchange.Workspace = exchange.workspace(
            len(self.bodies[body].levels), self.tables[body].energies
        )
        return space

    def _shares(self, threads: int) -> list[Callable[[], None]]:
        """Return a sweep of all blocks in parts that need not wait for one another."""
        parts: list[Callable[[], None]] = []
        block = purse = 0
        for index, body in enumerate(self.bodies):
            lanes = body.lanes
            cuts = [body.blocks * part // threads for part in range(threads + 1)]
            for first, last in pairwise(cuts):
                if first == last:
                    continue
                arguments = (
                    body.states[first * exchange.BLOCK : last * exchange.BLOCK],
                    self.streams[block + first : block + last],
                    self.purses[purse + first * lanes : purse + last * lanes].reshape(-1, lanes),
                    self.tables[index],
                    self._space(index),
                )
                parts.append(partial(exchange.sweep_blocks, *arguments))
            block += body.blocks
            purse += body.demons
        return parts


def even_purses(quanta: int, demons: int) -> IntArray:
    """Return the purses (D,) of demons that divide so many quanta as evenly as they can."""
    each, over = divmod(quanta, demons)
    return each + (np.arange(demons) < over)


def _keyed_streams(seed: int, purpose: int, count: int) -> NDArray[np.uint64]:
    """Return the streams (count, 4, LANES) keyed by (seed, purpose, number)."""
    streams = np.empty((count, 4, LANES), np.uint64)
    discarded = np.empty(12 * LANES, np.uint64)  # as many rounds as NumPy's SFC64 mixes its seed
    for number in range(count):
        key = np.random.SeedSequence(seed, spawn_key=(purpose, number))
        streams[number, :3] = key.generate_state(3 * LANES, np.uint64).reshape(3, LANES)
        streams[number, 3] = 1
        fill_words(streams[number], discarded)
    return streams
