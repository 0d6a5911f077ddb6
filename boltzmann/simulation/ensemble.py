"""The simulation: independent particles that move between energy levels in a heat bath.

A particle on level i is offered a level j and takes it with probability min(1, (g_j/g_i) exp(-(E_j
- E_i)/t)). A move knows two levels and not the distribution that results; that shows in the counts.
Only a heat bath over all levels and an exact start, where they are asked for, draw from the weights
of all.
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
from boltzmann._core.threads import Pool, available_processors
from boltzmann.levels import EnergyLevels
from boltzmann.simulation import saved
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.engines import ParticleEngine, as_engine
from boltzmann.simulation.run import Recorder, Run, mean_energy, work_of_lifting
from boltzmann.simulation.starts import drawn_start, given_start

_KEPT_ENTRIES = 2**22  # of the counts of a run, 32 MB, unless it is told to keep them
_CHUNK_SECONDS = 0.1  # between two updates of the progress bar and checks for Ctrl-C
_LONGEST_CHUNK = 2.0  # seconds, where fewer sweeps would be slower ones
_CACHED_SWEEPS = 8  # that a block makes in a chunk, so that fetching it from memory costs little
_CHUNK_ENTRIES = 2**20  # of the counts of one chunk
_PARTICLES_A_THREAD = 2**15  # with fewer, starting a thread takes longer than it saves


class Ensemble:
    """N independent particles on K energy levels, in a heat bath.

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
        2 ≤ K ≤ 65,536.
    temperature : float
        Of the bath, in the unit of the energies; 0, ±inf and negative ones included. It may be set
        anew at any time between runs.
    particles : int, optional
        N, 100,000 by default.
    proposal, rule
        As in `transition_matrix`.
    engine : {"particles", "counts", "textbook"}
        One state for each particle; or one count for each level, at a cost that does not depend on
        N; or the particles again, by a loop written to be read, slower and equal bit for bit.
        Counts cost a few random numbers a level and sweep; by a proposal matrix, or Glauber's rule
        with uniform proposals, K² of them and a K×K matrix, of up to 8192 levels.
    start : {"uniform", "ground", "exact"} or array_like of int
        Infinitely hot, every state equally likely; all on the lowest level; drawn from the
        Boltzmann distribution at `temperature`; or the level of each particle, (N,), which for
        engine="counts" is the particles on each level, (K,).
    seed : int or numpy.random.Generator
        Equal seeds give equal results, whatever the number of threads and however sweeps are cut
        into runs.

    Raises
    ------
    ValueError
        If an argument is not as above, or the particles need more memory than the machine has.

    See Also
    --------
    probabilities : The law, softmax(-E/t) of levels.
    QuantumGas : Particles that cannot be told apart, in a bath.
    ClosedBox : Particles that share a fixed energy, without a bath.
    scan : Many temperatures, each with independent replicas.
    transition_matrix : The chain of one particle, in floating point.

    References
    ----------
    .. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).

    Examples
    --------
    >>> gas = Ensemble([0, 1], temperature=1.0, particles=100_000, seed=1)
    >>> run = gas.run(sweeps=100, burn_in=20)
    >>> run.occupancy.round(2), run.counts.shape
    (array([0.73, 0.27]), (100, 2))
    """

    def __init__(
        self,
        levels: EnergyLevels | ArrayLike,
        temperature: ArrayLike = 1.0,
        particles: int | None = None,
        *,
        proposal: str | ArrayLike = "uniform",
        rule: str = "metropolis",
        engine: str = "particles",
        start: str | ArrayLike = "uniform",
        seed: int | np.random.Generator = 0,
    ):
        dynamics = Dynamics.checked(levels, proposal, rule)
        t = as_temperature(temperature)
        kind = as_engine(engine, dynamics)
        key = as_seed(seed)

        if isinstance(start, str):
            particles = as_count("particles", 100_000 if particles is None else particles)
            begin = drawn_start(dynamics, t, particles, start, key, counted=kind.counted)
        else:
            begin = given_start(dynamics.levels, particles, start, counted=kind.counted)
        started = kind.started(begin, len(dynamics.levels), key)
        self._begin(saved.Snapshot(dynamics, t, started, sweeps=0, work=0.0))

    def _begin(self, snapshot: saved.Snapshot) -> None:
        self._dynamics = snapshot.dynamics
        self._temperature = snapshot.temperature
        self._engine = snapshot.engine
        self._particles = self._engine.particles
        self.sweeps = snapshot.sweeps
        self._work = snapshot.work
        self.partial: Run | None = None
        self._engine.prepare(self._dynamics, self._temperature)

    @property
    def levels(self) -> EnergyLevels:
        """The energy levels; setting them does work on the particles, which stay where they are.

        What is set may be an EnergyLevels or (K,) energies, of as many levels, as degenerate.

        Raises
        ------
        ValueError
            If what is set is not as above, or the work is not finite, as where an occupied level
            becomes or was infinite.

        Examples
        --------
        >>> gas = Ensemble([0, 1], temperature=0.5, particles=1000, start="ground")
        >>> gas.levels = [2, 3]
        >>> gas.energy, gas.work
        (2.0, 2000.0)
        """
        return self._dynamics.levels

    @levels.setter
    def levels(self, value: EnergyLevels | ArrayLike) -> None:
        before = self.levels.energies
        dynamics = self._dynamics.with_levels(value)
        work = work_of_lifting(self.counts, before, dynamics.levels.energies)
        self._engine.prepare(dynamics, self._temperature)
        self._dynamics = dynamics
        self._work += work

    @property
    def work(self) -> float:
        """The energy that setting `levels` gave to the whole gas so far, in their unit.

        With the heat that it gave to the bath, `Run.heat`, it makes up the change of its energy:
        ΔU = work - heat.
        """
        return self._work

    @property
    def particles(self) -> int:
        """How many particles there are."""
        return self._particles

    @property
    def temperature(self) -> float:
        """The temperature of the bath, in the unit of the energies; setting it quenches or anneals.

        Raises
        ------
        ValueError
            If it is set to what is not one number, or to nan.
        """
        return self._temperature

    @temperature.setter
    def temperature(self, value: ArrayLike) -> None:
        self._temperature = as_temperature(value)
        self._engine.prepare(self._dynamics, self._temperature)

    @property
    def counts(self) -> NDArray[np.int64]:
        """The particles on each level now, (K,)."""
        return self._engine.counts()

    @property
    def states(self) -> NDArray[np.uint16]:
        """The level of each particle now, (N,); a copy.

        Raises
        ------
        ValueError
            If engine="counts", which knows how many particles a level has but not which.
        """
        if not isinstance(self._engine, ParticleEngine):
            raise ValueError(
                "engine='counts' does not know the level of a particle: ask for counts"
            )
        return self._engine.states.copy()

    @property
    def energy(self) -> float:
        """The mean energy of a particle now, one number, in the unit of the levels' energies."""
        return float(mean_energy(self.counts, self._particles, self.levels.energies))

    def __repr__(self) -> str:
        dynamics = self._dynamics
        return (
            f"Ensemble({len(self.levels)} levels, temperature={self.temperature}, "
            f"particles={self.particles}, proposal={dynamics.proposal!r}, rule={dynamics.rule!r}, "
            f"engine={self._engine.name!r}, {self.sweeps} sweeps done)"
        )

    def run(
        self,
        sweeps: int,
        burn_in: int = 0,
        *,
        every: int = 1,
        keep_counts: bool | None = None,
        progress: bool | None = None,
        threads: int | None = None,
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
        threads : int, optional
            How many threads share the particles; by default as many as there are processors, or as
            are worth starting. The result does not depend on it.

        Returns
        -------
        Run
            Occupancy, energy, heat and acceptance of the recorded sweeps.

        Raises
        ------
        ValueError
            If an argument is not as above.
        KeyboardInterrupt
            On Ctrl-C. The gas stands at the end of a sweep and can go on; what was recorded is in
            `partial`.

        Examples
        --------
        >>> gas = Ensemble([0, 1, 2], temperature=np.inf, particles=1024)
        >>> hot, gas.temperature = gas.energy, 0.1
        >>> run = gas.run(sweeps=60, every=20)
        >>> lost = 1024 * (hot - gas.energy)
        >>> run.counts.shape, float(run.heat.sum()) == lost  # what the gas lost, the bath got
        ((3, 3), True)
        """
        sweeps = as_count("sweeps", sweeps)
        burn_in = as_count("burn_in", burn_in, least=0)
        every = as_count("every", every)
        if every > sweeps:
            raise ValueError(f"every is {every}: it must be at most the {sweeps} sweeps")
        threads = (
            self._threads_worth_starting() if threads is None else as_count("threads", threads)
        )
        if keep_counts is None:
            keep_counts = sweeps // every * len(self.levels) <= _KEPT_ENTRIES

        self.partial = None
        with (
            Pool(threads) as pool,
            progress_bar(burn_in + sweeps, "sweep", progress) as advance,
            held_interrupt() as interrupted,
        ):
            for _ in self._chunks(burn_in, burn_in, pool, advance):
                if interrupted():
                    raise KeyboardInterrupt

            recorder = Recorder(self.levels.energies, self.counts, sweeps // every, keep_counts)
            before = self.sweeps
            others = self._dynamics.others_proposed
            for counts, moved in self._chunks(sweeps, every, pool, advance):
                recorder.add(counts, moved)
                if interrupted():
                    done = self.sweeps - before
                    self.partial = recorder.result(done, every, self.temperature, others)
                    raise KeyboardInterrupt
        return recorder.result(sweeps, every, self.temperature, others)

    def _threads_worth_starting(self) -> int:
        return min(available_processors(), max(1, self._particles // _PARTICLES_A_THREAD))

    def _chunks(
        self, sweeps: int, every: int, pool: Pool, advance: Callable[[int], Any]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Sweep in chunks of about a tenth of a second; yield each one's counts and moves."""
        most = max(1, _CHUNK_ENTRIES // (len(self.levels) * pool.threads)) * every
        done = 0
        size = chunk_sweeps(1, self._engine.sweep_seconds())
        while done < sweeps:
            size = min(size, most, sweeps - done)
            began = time.perf_counter()
            chunk = self._engine.sweep(done, size, every, pool)
            done += size
            self.sweeps += size
            advance(size)
            yield chunk
            size = chunk_sweeps(size, time.perf_counter() - began)

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
        >>> gas = Ensemble([0, 1], particles=1000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     gas.save(f"{folder}/gas")
        ...     again = Ensemble.load(f"{folder}/gas")
        >>> np.array_equal(gas.run(10).counts, again.run(10).counts)
        True
        """
        snapshot = saved.Snapshot(
            self._dynamics, self._temperature, self._engine, self.sweeps, self._work
        )
        saved.save(path, snapshot)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Ensemble":
        """Return the gas that `save` wrote.

        Parameters
        ----------
        path : str or os.PathLike
            The file.

        Raises
        ------
        ValueError
            If the file is damaged or is no saved ensemble; it is left as it is.
        OSError
            If there is none, or it cannot be read.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Ensemble([0, 1], particles=1000).save(f"{folder}/gas")
        ...     Ensemble.load(f"{folder}/gas").particles
        1000
        """
        gas = cls.__new__(cls)
        gas._begin(saved.load(path))
        return gas


def chunk_sweeps(sweeps: int, seconds: float) -> int:
    """Return how many sweeps the next chunk makes, after one of `sweeps` that took `seconds`.

    As many as fit in a tenth of a second. Where these are few, a chunk takes longer: in one of a
    single sweep each block would be fetched from memory for a single move of its particles.
    """
    in_time = int(sweeps * _CHUNK_SECONDS / seconds)
    at_length = int(sweeps * _LONGEST_CHUNK / seconds)
    return max(1, in_time, min(_CACHED_SWEEPS, at_length))
