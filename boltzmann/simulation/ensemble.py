"""The simulation: independent particles that hop between energy levels and exchange heat with a bath.

A particle on level i is offered a level j and takes it with probability min(1, (g_j/g_i) exp(-(E_j
- E_i)/t)). A move knows two levels and not the law that results; that shows in the counts. Only a
heat bath over all levels and an exact start, where they are asked for, draw from the weights of
all.
"""

import json
import os
import signal
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from boltzmann._core.checks import as_count, as_seed
from boltzmann._core.files import replace_file
from boltzmann._core.threads import Pool, available_processors
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.engines import ENGINES, CountsEngine
from boltzmann.simulation.run import Recorder, Run, mean_energy
from boltzmann.simulation.starts import drawn_engine, given_engine

_MOST_LEVELS = 65_536  # a level is a 16-bit number
_KEPT_ENTRIES = 2**22  # of the history of the counts, 32 MB, unless asked for more
_CHUNK_SECONDS = 0.1  # between two looks at the clock, the progress bar and Ctrl-C
_CHUNK_ENTRIES = 2**20  # of the counts of one chunk
_PARTICLES_A_THREAD = 2**15  # with fewer, starting a thread takes longer than it saves
_FORMAT = "boltzmann ensemble 1"


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
        N, but, unless by neighbours, with a K×K matrix, of up to 8192 levels; or the particles
        again, by a loop written to be read, slower and equal bit for bit.
    start : {"uniform", "ground", "exact"} or array_like of int
        Infinitely hot, every state equally likely; all on the lowest level; drawn from the law at
        `temperature`; or the level of each particle, (N,), which for engine="counts" is the
        particles on each level, (K,).
    seed : int or numpy.random.Generator
        Equal seeds give equal results, whatever the number of threads and however sweeps are cut
        into runs.

    Raises
    ------
    ValueError
        If an argument is not as above, or the particles need more memory than the machine has.

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
        self._dynamics = _checked_dynamics(levels, temperature, proposal, rule, engine)
        self._engine_name = engine
        key = as_seed(seed)
        if isinstance(start, str):
            particles = as_count("particles", 100_000 if particles is None else particles)
            self._engine = drawn_engine(self._dynamics, particles, engine, start, key)
        else:
            self._engine = given_engine(self._dynamics, particles, engine, start, key)
        self._begin(sweeps=0)

    def _begin(self, sweeps: int) -> None:
        self.sweeps = sweeps
        self.partial: Run | None = None
        self._particles = int(self._engine.counts().sum())
        self._engine.prepare(self._dynamics)

    @property
    def levels(self) -> EnergyLevels:
        """The energy levels."""
        return self._dynamics.levels

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
        return self._dynamics.temperature

    @temperature.setter
    def temperature(self, value: ArrayLike) -> None:
        self._dynamics = self._dynamics.at(value)
        self._engine.prepare(self._dynamics)

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
        if isinstance(self._engine, CountsEngine):
            raise ValueError("engine='counts' has no particles of its own: ask for counts")
        return self._engine.states.copy()

    @property
    def energy(self) -> float:
        """The mean energy of a particle now, one number, in the unit of the levels' energies."""
        return float(mean_energy(self.counts, self._particles, self.levels.energies))

    def __repr__(self) -> str:
        dynamics = self._dynamics
        return (
            f"Ensemble({len(self.levels)} levels, temperature={self.temperature}, particles={self.particles}, "
            f"proposal={dynamics.proposal!r}, rule={dynamics.rule!r}, engine={self._engine_name!r}, "
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
        threads: int | None = None,
    ) -> Run:
        """Let every particle attempt `burn_in` moves unobserved, then `sweeps` moves observed.

        Parameters
        ----------
        sweeps, burn_in : int
            At least 1, and at least 0.
        every : int
            Look at the gas after each sweep whose number is a multiple of `every`, at most `sweeps`.
        keep_counts : bool, optional
            Whether to keep the counts of every look; by default where they have at most 4 million
            entries.
        progress : bool, optional
            Whether to show a progress bar; by default on a terminal, once a run takes over a
            second.
        threads : int, optional
            How many threads share the particles; by default as many as there are processors, or as
            are worth starting. The result does not depend on it.

        Returns
        -------
        Run

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
        >>> run.counts.shape, float(run.heat.sum()) == 1024 * (hot - gas.energy)  # all that it lost, the bath got
        ((3, 3), True)
        """
        sweeps, burn_in = as_count("sweeps", sweeps), as_count("burn_in", burn_in, least=0)
        every = as_count("every", every)
        if every > sweeps:
            raise ValueError(f"every is {every}: it must be at most the {sweeps} sweeps")
        worth_it = min(available_processors(), max(1, self._particles // _PARTICLES_A_THREAD))
        processors = worth_it if threads is None else as_count("threads", threads)
        if keep_counts is None:
            keep_counts = sweeps // every * len(self.levels) <= _KEPT_ENTRIES
        self.partial = None
        with (
            Pool(processors) as pool,
            _bar(burn_in + sweeps, progress) as bar,
            _held_interrupt() as interrupted,
        ):
            for _ in self._chunks(burn_in, burn_in, pool, bar):
                if interrupted():
                    raise KeyboardInterrupt
            recorder = Recorder(self.levels.energies, self.counts, sweeps // every, keep_counts)
            before, others = self.sweeps, self._dynamics.others_proposed
            for counts, moved in self._chunks(sweeps, every, pool, bar):
                recorder.add(counts, moved)
                if interrupted():
                    self.partial = recorder.run(
                        self.sweeps - before, every, self.temperature, others
                    )
                    raise KeyboardInterrupt
        return recorder.run(sweeps, every, self.temperature, others)

    def _chunks(
        self, sweeps: int, stride: int, pool: Pool, bar: Any
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Sweep in chunks of about a tenth of a second; yield each one's counts and moves."""
        most = max(1, _CHUNK_ENTRIES // (len(self.levels) * pool.threads)) * stride
        done, size = 0, 1
        while done < sweeps:
            size = min(size, most, sweeps - done)
            began = time.perf_counter()
            seen = self._engine.sweep(done, size, stride, pool)
            done += size
            self.sweeps += size
            if bar is not None:
                bar.update(size)
            yield seen
            size = size * 2 if time.perf_counter() - began < _CHUNK_SECONDS else max(1, size // 2)

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
        ...     gas.save(Path(folder) / "gas")
        ...     again = Ensemble.load(Path(folder) / "gas")
        >>> np.array_equal(gas.run(10).counts, again.run(10).counts)
        True
        """
        dynamics = self._dynamics
        content = {
            "format": np.array(_FORMAT),
            "energies": dynamics.levels.energies,
            "degeneracies": dynamics.levels.degeneracies,
            "labels": np.array(
                json.dumps(dynamics.levels.labels)
            ),  # NumPy drops a NUL that ends a text
            "temperature": np.array(dynamics.temperature),
            "proposal": np.array(dynamics.proposal) if dynamics.matrix is None else dynamics.matrix,
            "rule": np.array(dynamics.rule),
            "engine": np.array(self._engine_name),
            "particles": np.array(self._particles),
            "sweeps": np.array(self.sweeps),
            **self._engine.arrays(),
        }
        replace_file(Path(path), lambda file: np.savez(file, **content))

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
        ...     Ensemble([0, 1], particles=1000).save(Path(folder) / "gas")
        ...     Ensemble.load(Path(folder) / "gas").particles
        1000
        """
        gas = cls.__new__(cls)
        with Path(path).open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise ValueError(f"{path} is not a saved ensemble, or is damaged: it is no archive")
            file.seek(0)
            try:
                gas._restore(np.load(file, allow_pickle=False))
            except (
                Exception
            ) as error:  # a damaged archive makes zipfile and NumPy raise nearly anything
                reason = str(error) or type(error).__name__
                raise ValueError(
                    f"{path} is not a saved ensemble, or is damaged: {reason}"
                ) from error
        return gas

    def _restore(self, saved: Mapping[str, Any]) -> None:
        if str(saved["format"]) != _FORMAT:
            raise ValueError(f"its format is {str(saved['format'])!r}, not {_FORMAT!r}")
        self._engine_name = str(saved["engine"])
        labels = json.loads(str(saved["labels"]))
        levels = EnergyLevels(saved["energies"], saved["degeneracies"], labels)
        proposal: Any = saved["proposal"] if saved["proposal"].ndim else str(saved["proposal"])
        self._dynamics = _checked_dynamics(
            levels, saved["temperature"], proposal, str(saved["rule"]), self._engine_name
        )
        self._engine = ENGINES[self._engine_name].restored(
            saved, int(saved["particles"]), len(levels)
        )
        self._begin(sweeps=as_count("sweeps", saved["sweeps"].item(), least=0))
        if self.counts[levels.energies == np.inf].any():
            raise ValueError("there are particles on a forbidden level")


def _bar(sweeps: int, progress: bool | None) -> Any:
    """Return a progress bar, or none if it is refused: even a hidden one takes a lock that forked processes share.

    A worker process that is killed with that lock would stop all others for good.
    """
    if progress is not None and not progress:
        return nullcontext()
    delay = 1.0 if progress is None else 0.0
    return tqdm(
        total=sweeps,
        unit="sweep",
        disable=None if progress is None else False,
        delay=delay,
        leave=False,
    )


def _checked_dynamics(
    levels: Any, temperature: ArrayLike, proposal: Any, rule: Any, engine: Any
) -> Dynamics:
    dynamics = Dynamics.checked(levels, temperature, proposal, rule)
    count = len(dynamics.levels)
    if not 2 <= count <= _MOST_LEVELS:
        raise ValueError(f"levels has {count} entries: an ensemble has 2 to {_MOST_LEVELS}")
    if not (isinstance(engine, str) and engine in ENGINES):
        raise ValueError(f"engine is {engine!r}: it must be one of {', '.join(ENGINES)}")
    if engine == "textbook" and (dynamics.matrix is not None or dynamics.redraws_all):
        raise ValueError(
            "engine is 'textbook': it proposes 'uniform' or 'neighbour' and decides by 'metropolis' or 'glauber'"
        )
    return dynamics


@contextmanager
def _held_interrupt() -> Iterator[Any]:
    """Hold Ctrl-C back until it is asked for, where Python's own handler is in force."""
    held = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield held.is_set
        return
    signal.signal(signal.SIGINT, lambda *_: held.set())
    try:
        yield held.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
