"""A body of a closed box: the particles of one system, and the states that they may be in."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray, as_count, as_positive
from boltzmann._core.quanta import as_quanta, as_state_counts
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.kernels import exchange
from boltzmann.simulation.kernels.random_streams import LANES
from boltzmann.simulation.starts import given_start

IntArray = NDArray[np.int64]

_MOST_LEVELS = 65_536  # a level is a 16-bit number
_MOST_STATES = 2**24  # a table of their energies and levels takes up to 160 MB
_MOST_PARTICLES = 2**30  # which take 4 GB
_PARTICLES_A_DEMON = 64  # at least, so that demons hold little of the energy


class Body:
    """N particles of one system; a state is a level and, of a degenerate one, which of its states.

    States are numbered level by level. A forbidden level has none.
    """

    def __init__(self, levels: EnergyLevels, quantum: float, states: NDArray[np.uint32]):
        self.levels = levels
        self.quantum = quantum
        self.states = states  # (N,)

        allowed = levels.energies < np.inf
        self.quanta = as_quanta(levels.energies, quantum)  # (K,), 0 for a forbidden level
        self.degeneracies = as_state_counts(levels.degeneracies, allowed)  # (K,)
        if self.degeneracies.sum() > _MOST_STATES:
            raise ValueError(
                f"levels has {self.degeneracies.sum()} states: a closed box has at most "
                f"{_MOST_STATES}"
            )
        self.lowest = int(self.quanta[allowed].min())
        self.state_levels = np.repeat(np.arange(len(levels)), self.degeneracies)  # (G,)
        self.state_energies = self.quanta[self.state_levels] - self.lowest  # (G,)

    @classmethod
    def started(
        cls, levels: EnergyLevels | ArrayLike, particles: Any, quantum: Any, start: str | ArrayLike
    ) -> "Body":
        """Return a body all on its lowest level, or with the level of each particle given, (N,)."""
        if not isinstance(levels, EnergyLevels):
            levels = EnergyLevels(levels)
        if not 2 <= len(levels) <= _MOST_LEVELS:
            raise ValueError(
                f"levels has {len(levels)} entries: a closed box has 2 to {_MOST_LEVELS}"
            )
        particles = as_count("particles", particles)
        if particles > _MOST_PARTICLES:
            raise ValueError(
                f"particles is {particles}: a closed box has at most {_MOST_PARTICLES}"
            )
        body = cls(levels, as_positive("quantum", quantum), np.zeros(particles, np.uint32))

        if not isinstance(start, str):
            of_each = given_start(levels, particles, start, counted=False)
        elif start == "ground":
            of_each = np.full(particles, np.argmin(levels.energies))
        else:
            raise ValueError(
                f"start is {start!r}: it must be 'ground', or the level of each particle"
            )
        first = np.cumsum(body.degeneracies) - body.degeneracies  # (K,), the first state of each
        body.states[:] = first[of_each]
        return body

    @property
    def particles(self) -> int:
        """How many particles there are."""
        return self.states.size

    @property
    def blocks(self) -> int:
        """How many blocks of particles."""
        return -(-self.particles // exchange.BLOCK)

    @property
    def lanes(self) -> int:
        """How many demons each block has: a power of two, at most LANES."""
        lanes = 1
        while lanes < LANES and self.particles >= 2 * lanes * _PARTICLES_A_DEMON:
            lanes *= 2
        return lanes

    @property
    def demons(self) -> int:
        """How many demons the particles keep busy."""
        return self.lanes * self.blocks

    def counts(self) -> IntArray:
        """Return the particles on each level, (K,)."""
        in_states = np.bincount(self.states, minlength=self.state_levels.size)
        counts = np.zeros(len(self.levels), np.int64)
        np.add.at(counts, self.state_levels, in_states)
        return counts

    def energy(self) -> int:
        """Return the energy of all particles, in quanta."""
        return total_quanta(self.counts(), self.quanta)

    def table(self, most: int) -> exchange.StateTable:
        """Return the kernel's table of states, where no purse ever holds more than `most`."""
        narrow = max(most, int(self.state_energies.max())) < 2**31
        energies = self.state_energies.astype(np.int32 if narrow else np.int64)
        return exchange.StateTable(energies, self.state_levels.astype(np.uint16))


def total_quanta(counts: IntArray, quanta: IntArray) -> int:
    """Return the energy of so many particles on each level, (K,), by integers of any length."""
    return sum(n * e for n, e in zip(counts.tolist(), quanta.tolist(), strict=True))


def log_arrangements(counts: IntArray, degeneracies: IntArray) -> FloatArray:
    """Return ln W, W = N! Π g_k^n_k / n_k!, of the counts (..., K): their arrangements.

    References
    ----------
    .. [1] L. Boltzmann, Wiener Berichte 76, 373 (1877).
    """
    from scipy.special import gammaln

    log_states = np.log(np.maximum(degeneracies, 1))  # a forbidden level has no particles
    ways = gammaln(counts.sum(axis=-1) + 1) - gammaln(counts + 1).sum(axis=-1)
    return np.asarray(ways + counts @ log_states)
