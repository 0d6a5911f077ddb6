"""Rows of token log-probabilities as energy levels, and the sums over them that laws need."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer import kernels as kernels

IntArray = NDArray[np.int64]
_SHORT = 64  # numbers of an array that is its own key
_CACHE_BYTES = 2**28  # of results that are kept; later passes are then made again


class Moments(NamedTuple):
    """Of each row at one β, all of shape (R,): log Z, the mean energy and its variance."""

    log_partition: FloatArray
    mean: FloatArray
    variance: FloatArray


class Cumulants(NamedTuple):
    """Of all draws at one β: log Z and the first three cumulants of the energy, added up."""

    log_partition: float
    mean: float
    variance: float
    third: float


class PassCache:
    """Results of passes over levels by kernel and arguments, so that no pass is made twice."""

    def __init__(self) -> None:
        self._results: dict[tuple[Any, ...], list[FloatArray]] = {}
        self._digests: dict[int, tuple[Any, bytes]] = {}  # by an array's identity
        self._free = _CACHE_BYTES

    def get(
        self, kernel: Any, arguments: tuple[Any, ...], run: Callable[[], list[FloatArray]]
    ) -> list[FloatArray]:
        """Return the kernel's results for these arguments, from `run` the first time."""
        key = (kernel, *map(self._as_key, arguments))
        found = self._results.get(key)
        if found is None:
            found = run()
            size = sum(array.nbytes for array in found)
            if size <= self._free:
                self._results[key] = found
                self._free -= size
        return found

    def _as_key(self, argument: Any) -> Any:
        """Return what stands for an argument in a key: of an array, what it holds.

        Of a long one a digest, which is made once: nobody writes to an array after a pass.
        """
        if not isinstance(argument, np.ndarray):
            return argument
        if argument.size <= _SHORT:
            return argument.tobytes()
        known, digest = self._digests.get(id(argument), (None, b""))
        if known is None or known() is not argument:
            digest = blake2b(argument.data).digest()
            self._digests[id(argument)] = ref(argument), digest
        return digest


@dataclass(frozen=True, eq=False)
class TokenLevels:
    """R rows of energy levels, each row ascending from its lowest, the likeliest token's, at 0.

    Attributes
    ----------
    starts : (R + 1,) array of int
        Where each row of levels begins.
    energies, counts : (L,) array
        The energy of a level above the row's lowest, in nats, and how many tokens it holds.
    known_at : float
        The β at which log Z of the whole vocabulary is known.
    log_whole : (R,) array, optional
        That log Z, with energies from the row's lowest; nan for a row of which it is not known.
        None if rows hold all tokens.
    cache : PassCache, optional
        Where results of passes are kept. Whoever gets a result must not write to it.
    """

    starts: IntArray
    energies: FloatArray
    counts: FloatArray
    known_at: float = 1.0
    log_whole: FloatArray | None = None
    cache: PassCache | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.starts.size - 1

    @cached_property
    def sizes(self) -> FloatArray:
        """How many tokens each row allows, shape (R,)."""
        return np.add.reduceat(self.counts, self.starts[:-1])

    @cached_property
    def tokens_up_to(self) -> FloatArray:
        """How many tokens of its row each level and those before it hold, shape (L,)."""
        sums = np.cumsum(self.counts)
        firsts = self.starts[:-1]
        return sums - np.repeat(sums[firsts] - self.counts[firsts], np.diff(self.starts))

    def with_cache(self) -> "TokenLevels":
        """Return the same levels with an empty cache of their own."""
        return replace(self, cache=PassCache())

    def subset(self, chosen: NDArray[np.bool_]) -> "TokenLevels":
        """Return the rows at which `chosen`, (R,), is true, with a cache of their own if any."""
        sizes = np.diff(self.starts)
        levels = np.repeat(chosen, sizes)  # (L,)
        return TokenLevels(
            starts=np.concatenate([[0], np.cumsum(sizes[chosen])]),
            energies=self.energies[levels],
            counts=self.counts[levels],
            known_at=self.known_at,
            log_whole=None if self.log_whole is None else self.log_whole[chosen],
            cache=None if self.cache is None else PassCache(),
        )

    def moments(self, beta: float, kept: FloatArray) -> Moments:
        """Return the moments at β of the `kept` likeliest tokens of each row."""
        return Moments(*self._pass(kernels.sum_weights, kept, beta, outputs=3))

    def cumulants(self, beta: float, kept: FloatArray, draws: FloatArray) -> Cumulants:
        """Return the cumulants at β of the `kept` likeliest tokens, a row for each of its draws.

        `kept` and `draws`, how many each row has, have shape (R,).
        """
        sums = self._pass(kernels.sum_cumulants, kept, draws, beta, outputs=4, size=1)
        return Cumulants(*(float(each[0]) for each in sums))

    def mass_before(
        self, beta: float, log_z: FloatArray, rows: IntArray, ranks: IntArray
    ) -> FloatArray:
        """Return the probability at β, given log Z, of the `ranks` likeliest tokens of some rows.

        `rows`, `ranks` and the result have shape (n,).
        """
        return self._pass(kernels.mass_before, log_z, beta, rows, ranks, size=rows.size)[0]

    def mass_of_more_typical(
        self, beta: float, log_z: FloatArray, entropy: FloatArray
    ) -> FloatArray:
        """Return, of each level, the probability of those of its row that are more typical: (L,).

        log Z and the entropy at β have shape (R,).
        """
        size = self.energies.size
        return self._pass(kernels.mass_of_more_typical, log_z, entropy, beta, size=size)[0]

    def nucleus(
        self, beta: float, log_z: FloatArray, listed: FloatArray, mass: float
    ) -> FloatArray:
        """Return how many of the `listed` likeliest tokens first have the probability `mass` at β.

        All `listed` if they do not have it; log Z is that of all tokens, listed or not.
        """
        return self._pass(kernels.nucleus, log_z, beta, listed, mass)[0]

    def count_below(self, gap: float | FloatArray) -> FloatArray:
        """Return how many tokens of each row lie at most `gap` nats above its lowest level.

        One gap for all rows, or one for each, shape (R,).
        """
        gaps = gap if isinstance(gap, np.ndarray) else np.full(self.rows, gap)
        return self._pass(kernels.count_below, gaps)[0]

    def cutoff_energies(self, kept: FloatArray) -> FloatArray:
        """Return the energy of the last of the `kept` likeliest tokens of each row."""
        return self._pass(kernels.cutoff_energies, kept)[0]

    def with_ties(self, kept: FloatArray) -> FloatArray:
        """Return how many tokens are as likely as the last of the `kept` of each row, or likelier.

        Of gathered levels, which hold tokens that are nearly equal, those that are kept.
        """
        return self._pass(kernels.with_ties, kept)[0]

    def first_of_ties(self, rows: IntArray, ranks: IntArray) -> FloatArray:
        """Return how many tokens are likelier than those of some ranks, shape (n,) as these."""
        return self._pass(kernels.first_of_ties, rows, ranks, size=rows.size)[0]

    def _pass(
        self, kernel: Any, *arguments: Any, outputs: int = 1, size: int | None = None
    ) -> list[FloatArray]:
        """Return the outputs of one pass of a kernel over the levels, each of (size,) or (R,)."""

        def run() -> list[FloatArray]:
            results = list(np.empty((outputs, self.rows if size is None else size)))
            kernel(self.starts, self.energies, self.counts, *arguments, *results)
            return results

        return run() if self.cache is None else self.cache.get(kernel, arguments, run)
