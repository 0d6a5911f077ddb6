"""The simulation of bosons and fermions: a move depends on how many particles are where it leads.

Arrangements that differ only in which particle is where are one state of the gas. So a chain of
moves of single particles has to favour a level with many bosons by n_j + 1, and to refuse a state
that holds a fermion; nothing else distinguishes it from the chain of an `Ensemble`.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import as_count, as_seed, as_temperature
from boltzmann._core.interrupts import held_interrupt
from boltzmann._core.progress import progress_bar
from boltzmann.levels import EnergyLevels
from boltzmann.simulation import quantum_saved
from boltzmann.simulation.kernels.quantum_moves import BOSE, FERMI, sweep_gas
from boltzmann.simulation.kernels.random_streams import seeded_streams
from boltzmann.simulation.quantum_starts import as_gas_levels, started_counts
from boltzmann.simulation.run import Recorder, Run, mean_energy, recorded_and_intervals

_STATISTICS = ("bose", "fermi")
_KEPT_ENTRIES = 2**22  # of the counts of a run, 32 MB, unless it is told to keep them
_CHUNK_SECONDS = 0.1  # between two updates of the progress bar and checks for Ctrl-C
_CHUNK_ENTRIES = 2**20  # of the counts of one chunk


class QuantumGas:
    """N bosons or fermions on K energy levels, in a heat bath.

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
        2 ≤ K ≤ 65,536; degeneracies are whole numbers.
    temperature : float
        Of the bath, in the unit of the energies; 0, ±inf and negative ones included. It may be set
        anew at any time between runs.
    particles : int, optional
        N, needed unless `start` says it; of fermions at most the number of allowed states.
    statistics : {"bose", "fermi"}
        Any number of particles in a state, or one.
    start : {"uniform", "ground"} or array_like of int
        Every arrangement equally likely; all as low as they can be; or the particles on each level,
        (K,).
    seed : int or numpy.random.Generator
        Equal seeds give equal results, however sweeps are cut into runs.

    Raises
    ------
    ValueError
        If an argument is not as above.

    See Also
    --------
    bose_occupancy : The exact law of bosons.
    fermi_occupancy : The exact law of fermions.
    Ensemble : Particles in a bath, by Metropolis's rule.

    References
    ----------
    .. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
    .. [2] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 6.2 (2011).

    Examples
    --------
    >>> gas = QuantumGas([0, 1, 2], temperature=0.5, particles=2, statistics="fermi", seed=1)
    >>> run = gas.run(sweeps=200_000, burn_in=20)
    >>> (2 * run.occupancy).round(2)  # two lie below 1 most of the time, and never in one state
    array([0.98, 0.88, 0.13])
    """

    def __init__(
        self,
        levels: EnergyLevels | ArrayLike,
        temperature: ArrayLike = 1.0,
        particles: int | None = None,
        *,
        statistics: str,
        start: str | ArrayLike = "uniform",
        seed: int | np.random.Generator = 0,
    ):
        checked = as_gas_levels(levels)
        t = as_temperature(temperature)
        if statistics not in _STATISTICS:
            raise ValueError(f"statistics is {statistics!r}: it must be 'bose' or 'fermi'")
        fermions = statistics == "fermi"
        key = as_seed(seed)

        counts = started_counts(checked, fermions, particles, start, key)  # (K,)
        state = np.repeat(np.arange(counts.size, dtype=np.uint16), counts)  # (N,)
        stream = seeded_streams(key, 1)[0]
        self._begin(quantum_saved.Snapshot(checked, fermions, t, state, stream, sweeps=0))

    def _begin(self, snapshot: quantum_saved.Snapshot) -> None:
        self._levels = snapshot.levels
        self._fermions = snapshot.fermions
        self._temperature = snapshot.temperature
        self._state = snapshot.state
        self._stream = snapshot.stream
        self._counts = np.bincount(snapshot.state, minlength=len(snapshot.levels))
        self.sweeps = snapshot.sweeps
        self.partial: Run | None = None

    @property
    def levels(self) -> EnergyLevels:
        """The energy levels."""
        return self._levels

    @property
    def statistics(self) -> str:
        """Which particles they are, "bose" or "fermi"."""
        return _STATISTICS[self._fermions]

    @property
    def particles(self) -> int:
        """How many particles there are."""
        return self._state.size

    @property
    def temperature(self) -> float:
        """The temperature of the bath, in the unit of the energies; it can be set.

        Raises
        ------
        ValueError
            If it is set to what is not one number, or to nan.
        """
        return self._temperature

    @temperature.setter
    def temperature(self, value: ArrayLike) -> None:
        self._temperature = as_temperature(value)

    @property
    def counts(self) -> NDArray[np.int64]:
        """The particles on each level now, (K,); a copy."""
        return self._counts.copy()

    @property
    def energy(self) -> float:
        """The mean energy of a particle now, one number, in the unit of the levels' energies."""
        return float(mean_energy(self._counts, self.particles, self.levels.energies))

    def __repr__(self) -> str:
        return (
            f"QuantumGas({len(self.levels)} levels, temperature={self.temperature}, "
            f"particles={self.particles}, statistics={self.statistics!r}, "
            f"{self.sweeps} sweeps done)"
        )

    def run(
        self,
        sweeps: int,
        burn_in: int = 0,
        *,
        every: int = 1,
        keep_counts: bool | None = None,
        progress: bool | None = None,
    ) -> Run:
        """Let every particle attempt `burn_in` moves unrecorded, then `sweeps` recorded moves.

        Parameters
        ----------
        sweeps, burn_in : int
            At least 1, and at least 0.
        every : int
            Record the sweeps whose number is a multiple of `every`, which is at most `sweeps`.
        keep_counts : bool, optional
            Whether to keep the counts of every recorded sweep; by default where they have at most 4
            million entries.
        progress : bool, optional
            Whether to show a progress bar; by default on a terminal, once a run takes over a
            second.

        Returns
        -------
        Run
            Particles move one after another and in each other's way: their counts are correlated,
            within a sweep and from sweep to sweep.

        Raises
        ------
        ValueError
            If an argument is not as above.
        KeyboardInterrupt
            On Ctrl-C. The gas stands at the end of a sweep and can go on; what was recorded is in
            `partial`.

        Examples
        --------
        >>> gas = QuantumGas([0, 1, 2], temperature=0, particles=9, statistics="bose")
        >>> gas.run(sweeps=30, every=10).counts[-1]
        array([9, 0, 0])
        """
        sweeps = as_count("sweeps", sweeps)
        burn_in = as_count("burn_in", burn_in, least=0)
        every = as_count("every", every)
        if every > sweeps:
            raise ValueError(f"every is {every}: it must be at most the {sweeps} sweeps")
        if keep_counts is None:
            keep_counts = sweeps // every * len(self.levels) <= _KEPT_ENTRIES

        others = 1.0 if len(self.levels) > 2 else 0.5  # of the levels offered
        self.partial = None
        with (
            progress_bar(burn_in + sweeps, "sweep", progress) as advance,
            held_interrupt() as interrupted,
        ):
            for _ in self._chunks(burn_in, burn_in, advance):
                if interrupted():
                    raise KeyboardInterrupt

            recorder = Recorder(self.levels.energies, self.counts, sweeps // every, keep_counts)
            before = self.sweeps
            for counts, moved in self._chunks(sweeps, every, advance):
                recorder.add(counts, moved)
                if interrupted():
                    done = self.sweeps - before
                    self.partial = recorder.result(done, every, self.temperature, others)
                    raise KeyboardInterrupt
        return recorder.result(sweeps, every, self.temperature, others)

    def _chunks(
        self, sweeps: int, every: int, advance: Callable[[int], Any]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Sweep in chunks of about a tenth of a second; yield each one's counts and moves."""
        most = max(1, _CHUNK_ENTRIES // len(self.levels)) * every
        done = 0
        size = 1
        while done < sweeps:
            size = min(size, most, sweeps - done)
            began = time.perf_counter()
            chunk = self._sweep(done, size, every)
            done += size
            self.sweeps += size
            advance(size)
            yield chunk

            short = time.perf_counter() - began < _CHUNK_SECONDS
            size = size * 2 if short else max(1, size // 2)

    def _sweep(
        self, done: int, sweeps: int, every: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Make `sweeps` sweeps after the `done` earlier ones; see `Engine.sweep`."""
        recorded, intervals = recorded_and_intervals(done, sweeps, every)
        kept = np.empty((recorded, len(self.levels)), np.int64)
        moved = np.zeros(intervals, np.int64)
        sweep_gas(
            self._state,
            self._counts,
            self.levels.energies,
            self.levels.degeneracies,
            self.temperature,
            FERMI if self._fermions else BOSE,
            self._stream,
            done,
            sweeps,
            every,
            kept,
            moved,
        )
        return kept, moved

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the gas to a file, from which `load` goes on as if it had never stopped.

        The file is written beside `path` and then moved there, so that an interrupted save spoils
        nothing.

        Parameters
        ----------
        path : str or os.PathLike
            The file; one that exists is replaced.

        Raises
        ------
        OSError
            If its folder does not exist or cannot be written to.

        Examples
        --------
        >>> import tempfile
        >>> gas = QuantumGas([0, 1, 2], particles=2, statistics="fermi")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     gas.save(f"{folder}/gas")
        ...     again = QuantumGas.load(f"{folder}/gas")
        >>> np.array_equal(gas.run(10).counts, again.run(10).counts)
        True
        """
        snapshot = quantum_saved.Snapshot(
            self.levels, self._fermions, self.temperature, self._state, self._stream, self.sweeps
        )
        quantum_saved.save(path, snapshot)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "QuantumGas":
        """Return the gas that `save` wrote.

        Parameters
        ----------
        path : str or os.PathLike
            The file.

        Raises
        ------
        ValueError
            If the file is damaged or is no saved gas; it is left as it is.
        OSError
            If there is none, or it cannot be read.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     QuantumGas([0, 1], particles=7, statistics="bose").save(f"{folder}/gas")
        ...     QuantumGas.load(f"{folder}/gas").particles
        7
        """
        gas = cls.__new__(cls)
        gas._begin(quantum_saved.load(path))
        return gas
