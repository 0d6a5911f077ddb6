"""What was offered and what came out of it, condensed so that any law can be held against it."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer import kernels as kernels

IntArray = NDArray[np.int64]
_COLDEST = 1e9  # a β past which nothing changes
_RANGE = 600.0  # nats whose exponential is a float64
_COMPLETE = 1e-4  # of a probability of 1, so much may be lost by rounding, and by gathering levels
_VOCABULARY = 2.0**20  # no vocabulary has more tokens
_SEED = int.from_bytes(
    b"thermometer"
)  # one that no caller's draws were made with: 0 and 1 are everybody's


@dataclass(frozen=True)
class Moments:
    """Of each row at one β, all of shape (R,): log Z, the mean energy and its variance."""

    log_partition: FloatArray
    mean: FloatArray
    variance: FloatArray


@dataclass(frozen=True)
class Unlisted:
    """What the tokens that a row does not list as_candidate, relative to its ground: bounds and a guess, shape (R,)."""

    least: FloatArray
    guess: FloatArray
    most: FloatArray


def plus(log_z: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the log-partition with so much weight beside."""
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # the logarithm of 0 is -inf; at t = 0 all is nan
        return np.logaddexp(log_z, np.log(weight))


@dataclass(frozen=True, eq=False)
class TokenLevels:
    """R rows of energy levels, each row ascending from its ground at 0.

    Attributes
    ----------
    starts : (R + 1,) array of int
        Where each row of levels begins.
    energies, counts : (L,) array
        The energy of a level above the row's ground, in nats, and how many tokens it holds.
    known_at : float
        The β at which log Z of the whole vocabulary is known.
    log_whole : (R,) array, optional
        That log Z, from the row's ground; nan for a row of which it is not known. None if rows hold
        all tokens.
    """

    starts: IntArray
    energies: FloatArray
    counts: FloatArray
    known_at: float = 1.0
    log_whole: FloatArray | None = None

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
        kernels.sum_weights(
            self.starts, self.energies, self.counts, room, beta, log_z, mean, variance
        )
        return Moments(log_z, mean, variance)

    def mass_before(
        self, beta: float, log_z: FloatArray, rows: IntArray, ranks: IntArray
    ) -> FloatArray:
        """Return the probability at β, given log Z, of the `ranks` likeliest tokens of some rows, shape (n,)."""
        masses = np.empty(rows.size)
        kernels.mass_before(
            self.starts, self.energies, self.counts, log_z, beta, rows, ranks, masses
        )
        return masses

    def nucleus(
        self, beta: float, room: FloatArray, mass: float, unlisted: FloatArray
    ) -> FloatArray:
        """Return how many of the likeliest tokens it takes for a probability of `mass` at β.

        Those of `room`, and others of the weight `unlisted`, have a probability of 1 together.
        """
        kept = np.empty(self.rows)
        log_z = plus(self.moments(beta, room).log_partition, unlisted)
        kernels.nucleus(self.starts, self.energies, self.counts, log_z, beta, room, mass, kept)
        return kept

    def count_below(self, gap: float) -> FloatArray:
        """Return how many tokens of each row lie at most `gap` nats above its ground."""
        kept = np.empty(self.rows)
        kernels.count_below(self.starts, self.energies, self.counts, gap, kept)
        return kept

    def cutoff_energies(self, room: FloatArray) -> FloatArray:
        """Return the energy of the last of the `room` likeliest tokens of each row."""
        walls = np.empty(self.rows)
        kernels.cutoff_energies(self.starts, self.energies, self.counts, room, walls)
        return walls


@dataclass(frozen=True, eq=False)
class Evidence:
    """The draws that a reading uses, and all that is needed to hold a law against them.

    Attributes
    ----------
    offers : TokenLevels
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
    within : (R,) array, optional
        Each draw is known to lie among so many likeliest of its row, beside.
    """

    offers: TokenLevels
    rows: IntArray
    energies: FloatArray
    ranks: IntArray
    top: float
    groups: IntArray | None
    forbidden: int
    within: FloatArray | None = None

    @property
    def draws(self) -> int:
        """How many."""
        return self.rows.size

    @cached_property
    def weights(self) -> FloatArray:
        """How many draws each row had, shape (R,)."""
        return np.bincount(self.rows, minlength=self.offers.rows).astype(np.float64)

    @cached_property
    def listed(self) -> FloatArray:
        """How many of the likeliest tokens a row tells of, shape (R,); inf for all that are there."""
        return np.full(self.offers.rows, self.top)

    @cached_property
    def room(self) -> FloatArray:
        """The wall that conditioning on the likeliest puts up, shape (R,)."""
        return self.listed if self.within is None else np.minimum(self.listed, self.within)

    @cached_property
    def highest(self) -> IntArray:
        """The largest rank drawn from each row, 0 where there is no draw, shape (R,)."""
        highest = np.zeros(self.offers.rows, dtype=np.int64)
        np.maximum.at(highest, self.rows, self.ranks)
        return highest

    def among_top(self, top: int) -> "Evidence":
        """Return the draws that lie among the `top` likeliest, on that condition."""
        return replace(self.subset(self.ranks < top), top=top)

    def subset(self, kept: NDArray[np.bool_]) -> "Evidence":
        """Return some of the draws."""
        groups = None if self.groups is None else self.groups[kept]
        return replace(
            self,
            rows=self.rows[kept],
            energies=self.energies[kept],
            ranks=self.ranks[kept],
            groups=groups,
        )

    @cached_property
    def _missing(self) -> FloatArray | None:
        """What the tokens that are not listed as_candidate at the β where that is known; None if all are listed."""
        offers = self.offers
        if offers.log_whole is None:
            return None
        whole = np.exp(np.minimum(offers.log_whole, _RANGE))
        missing = np.maximum(
            whole - np.exp(offers.moments(offers.known_at, self.listed).log_partition), 0.0
        )
        if not np.any(missing > _COMPLETE * whole):
            missing *= 0.0  # a nan stays one
        return missing if np.any(missing != 0) else None

    @property
    def partial(self) -> bool:
        """Whether rows list the likeliest tokens of a vocabulary alone."""
        return self._missing is not None

    def unlisted(self, beta: float, top_k: float = np.inf) -> Unlisted:
        r"""Return what the tokens of the `top_k` likeliest that are not listed as_candidate at β.

        Of N tokens, none of a weight above that of the last of m listed, w, and together of M at
        the β' where that is known, the weights at β add up to something between

        .. math:: M w^{\beta / \beta' - 1} \quad\text{and}\quad M (M / N)^{\beta / \beta' - 1}

        the first if all that as_candidate anything as_candidate w, the second if all are alike
        (Hölder). Were weights to fall as a power of the rank for ever, it would be the one with the
        slope s = 1 + m w / M, which leaves too little at large β where a tail is flat and ends; the
        guess is the geometric mean of that and the first.
        """
        if self._missing is None:
            return Unlisted(*np.zeros((3, self.offers.rows)))
        missing, known_at, beta = (
            np.nan_to_num(self._missing),
            self.offers.known_at,
            min(beta, _COLDEST),
        )
        last = self.offers.cutoff_energies(self.listed)
        first = missing * np.exp(np.clip((known_at - beta) * last, -_RANGE, _RANGE))
        depth = np.log(np.maximum(missing, np.exp(-_RANGE)) / _VOCABULARY)
        alike = missing * np.exp(np.clip((beta / known_at - 1) * depth, -_RANGE, _RANGE))
        least, most = np.minimum(first, alike), np.maximum(first, alike)
        listed = np.minimum(self.offers.sizes, self.top)
        steepness = (
            listed * np.exp(-known_at * last) / np.maximum(missing, np.exp(-_RANGE))
        )  # s - 1
        fall = beta / known_at * (1 + steepness) - 1
        power = np.where(fall > 0, first * steepness / np.where(fall > 0, fall, 1.0), most)
        guess = np.sqrt(first) * np.sqrt(np.clip(power, least, most))
        if top_k < np.inf:
            limit = np.maximum(top_k - listed, 0.0) * np.exp(np.clip(-beta * last, -_RANGE, _RANGE))
            least, most = np.zeros_like(least), np.minimum(most, limit)
        return Unlisted(least, np.clip(guess, least, most), most)

    def transform(self, beta: float, room: FloatArray, *, randomised: bool = True) -> FloatArray:
        """Return the probability integral transform of each draw, shape (n,).

        Randomised it is uniform under the law. The middle of where it may fall is not, but shows
        what draws share.
        """
        log_z = self.offers.moments(beta, room).log_partition
        own = np.exp(np.minimum(-beta * self.energies - log_z[self.rows], 0.0))
        before = self.offers.mass_before(beta, log_z, self.rows, self.ranks)
        share = np.random.default_rng(_SEED).random(self.draws) if randomised else 0.5
        return np.clip(before + share * own, 0.0, 1.0)
