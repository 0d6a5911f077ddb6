"""What was offered and what came out of it, condensed so that any law can be held against it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boltzmann._checks import FloatArray
from boltzmann.kernels import offers as kernels

IntArray = NDArray[np.int64]
_SEED = int.from_bytes(b"thermometer")  # one that no caller's draws were made with: 0 and 1 are everybody's


@dataclass(frozen=True)
class Moments:
    """Of each row at one β, all of shape (R,): log Z, the mean energy and its variance."""

    log_partition: FloatArray
    mean: FloatArray
    variance: FloatArray


@dataclass(frozen=True, eq=False)
class Offers:
    """R rows of energy levels, each row ascending from its ground at 0.

    Attributes
    ----------
    starts : (R + 1,) array of int
        Where each row of levels begins.
    energies, counts : (L,) array
        The energy of a level above the row's ground, in nats, and how many tokens it holds.
    """

    starts: IntArray
    energies: FloatArray
    counts: FloatArray

    @property
    def rows(self) -> int:
        """How many."""
        return self.starts.size - 1

    @cached_property
    def sizes(self) -> FloatArray:
        """How many tokens each row allows, shape (R,)."""
        return np.add.reduceat(self.counts, self.starts[:-1])

    def moments(self, beta: float, room: FloatArray) -> Moments:
        """Return the moments at β of the `room` likeliest tokens of each row."""
        log_z, mean, variance = np.empty((3, self.rows))
        kernels.sum_weights(self.starts, self.energies, self.counts, room, beta, log_z, mean, variance)
        return Moments(log_z, mean, variance)

    def mass_before(self, beta: float, log_z: FloatArray, rows: IntArray, ranks: IntArray) -> FloatArray:
        """Return the probability at β, given log Z, of the `ranks` likeliest tokens of some rows, shape (n,)."""
        masses = np.empty(rows.size)
        kernels.mass_before(self.starts, self.energies, self.counts, log_z, beta, rows, ranks, masses)
        return masses

    def nucleus(self, beta: float, room: FloatArray, mass: float) -> FloatArray:
        """Return how many of the likeliest tokens it takes for a probability of `mass` at β."""
        kept = np.empty(self.rows)
        log_z = self.moments(beta, room).log_partition
        kernels.nucleus(self.starts, self.energies, self.counts, log_z, beta, room, mass, kept)
        return kept

    def count_below(self, gap: float) -> FloatArray:
        """Return how many tokens of each row lie at most `gap` nats above its ground."""
        kept = np.empty(self.rows)
        kernels.count_below(self.starts, self.energies, self.counts, gap, kept)
        return kept

    def walls(self, room: FloatArray) -> FloatArray:
        """Return the energy of the last of the `room` likeliest tokens of each row."""
        walls = np.empty(self.rows)
        kernels.wall_energies(self.starts, self.energies, self.counts, room, walls)
        return walls


@dataclass(frozen=True, eq=False)
class Evidence:
    """The draws that a reading uses, and all that is needed to hold a law against them.

    Attributes
    ----------
    offers : Offers
        What was offered.
    rows : (n,) array of int
        The row that each draw was offered.
    energies : (n,) array
        The energy of the token that came out, above the ground of its row, in nats.
    ranks : (n,) array of int
        How many tokens of the row are likelier.
    top : float
        Each draw is known to lie among so many likeliest; inf for all.
    groups : (n,) array of int, optional
        Draws of one number may depend on one another.
    forbidden : int
        Draws of tokens that were offered at probability 0.
    """

    offers: Offers
    rows: IntArray
    energies: FloatArray
    ranks: IntArray
    top: float
    groups: IntArray | None
    forbidden: int

    @property
    def draws(self) -> int:
        """How many."""
        return self.rows.size

    @cached_property
    def weights(self) -> FloatArray:
        """How many draws each row had, shape (R,)."""
        return np.bincount(self.rows, minlength=self.offers.rows).astype(np.float64)

    @cached_property
    def room(self) -> FloatArray:
        """The wall that conditioning on the likeliest `top` puts up, shape (R,)."""
        return np.full(self.offers.rows, self.top)

    @cached_property
    def highest(self) -> IntArray:
        """The largest rank drawn from each row, 0 where there is no draw, shape (R,)."""
        highest = np.zeros(self.offers.rows, dtype=np.int64)
        np.maximum.at(highest, self.rows, self.ranks)
        return highest

    def among(self, top: int) -> "Evidence":
        """Return the draws that lie among the `top` likeliest, on that condition."""
        kept = self.ranks < top
        groups = None if self.groups is None else self.groups[kept]
        return Evidence(
            self.offers, self.rows[kept], self.energies[kept], self.ranks[kept], top, groups, self.forbidden
        )

    def transform(self, beta: float, room: FloatArray, *, randomised: bool = True) -> FloatArray:
        """Return the probability integral transform of each draw, shape (n,).

        Randomised it is uniform under the law. The middle of where it may fall is not, but shows what draws share.
        """
        log_z = self.offers.moments(beta, room).log_partition
        own = np.exp(np.minimum(-beta * self.energies - log_z[self.rows], 0.0))
        before = self.offers.mass_before(beta, log_z, self.rows, self.ranks)
        share = np.random.default_rng(_SEED).random(self.draws) if randomised else 0.5
        return np.clip(before + share * own, 0.0, 1.0)
