"""A scan: a grid of temperatures × independent replicas, in one process, in many or on a cluster.

Each task draws from a seed of its own, made from its place in the grid. So where, when, in what
order and how often tasks run cannot show in the result.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import boltzmann
from boltzmann._core.checks import FloatArray, as_count, as_seed, as_temperatures
from boltzmann._core.progress import progress_bar
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.engines import ENGINES
from boltzmann.simulation.ensemble import Ensemble
from boltzmann.simulation.scan.checkpoint import Checkpoint
from boltzmann.simulation.scan.dispatch import Workers, as_workers, dispatch
from boltzmann.simulation.scan.result import ScanError, ScanResult
from boltzmann.simulation.starts import STARTS, refuse_unstorable

Place = tuple[int, int]  # temperature index, replica index


@dataclass(frozen=True, eq=False)
class Task:
    """One gas at one temperature: all that a worker has to know."""

    levels: EnergyLevels
    temperature: float
    particles: int
    sweeps: int
    burn_in: int
    proposal: Any
    rule: str
    engine: str
    start: str
    seed: int

    def at(self, place: Place, temperature: float) -> "Task":
        """Return the task of a place in the grid; its seed is keyed by (seed, place)."""
        words = np.random.SeedSequence(self.seed, spawn_key=place).generate_state(2, np.uint64)
        return replace(self, temperature=temperature, seed=int(words[0]) << 64 | int(words[1]))

    def request(self, temperatures: FloatArray) -> dict[str, Any]:
        """Return all that the results of a whole grid depend on, in a form that JSON can hold."""
        proposal = self.proposal
        if not isinstance(proposal, str):
            proposal = f"sha256 {hashlib.sha256(proposal.astype(np.float64).tobytes()).hexdigest()}"

        return {
            "boltzmann": boltzmann.__version__,
            "energies": self.levels.energies.tolist(),
            "degeneracies": self.levels.degeneracies.tolist(),
            "temperatures": temperatures.tolist(),
            "particles": self.particles,
            "sweeps": self.sweeps,
            "burn_in": self.burn_in,
            "proposal": proposal,
            "rule": self.rule,
            "engine": self.engine,
            "start": self.start,
            "seed": self.seed,
        }


def run_task(task: Task) -> tuple[FloatArray, float]:
    """Return the occupancy (K,) and the acceptance that the task finds."""
    gas = Ensemble(
        task.levels,
        task.temperature,
        task.particles,
        proposal=task.proposal,
        rule=task.rule,
        engine=task.engine,
        start=task.start,
        seed=task.seed,
    )
    run = gas.run(task.sweeps, task.burn_in, keep_counts=False, progress=False, threads=1)
    return run.occupancy, float(run.acceptance.mean())


def scan(
    levels: EnergyLevels | ArrayLike,
    temperatures: ArrayLike,
    replicas: int,
    sweeps: int,
    *,
    burn_in: int | None = None,
    particles: int = 100_000,
    proposal: str | ArrayLike = "uniform",
    rule: str = "metropolis",
    engine: str = "particles",
    start: str = "uniform",
    seed: int | np.random.Generator = 0,
    executor: Executor | Callable[[], Executor] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> ScanResult:
    """Simulate each temperature with independent replicas, shared among workers if there are any.

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
        2 ≤ K ≤ 65,536.
    temperatures : (T,) array_like
        In the unit of the energies; 0, ±inf and negative ones included.
    replicas : int
        R, how often each temperature is simulated, each time from a seed of its own.
    sweeps : int
        How many recorded sweeps each replica makes.
    burn_in : int, optional
        How many it makes before, unrecorded; a tenth of `sweeps` by default, rounded up.
    particles, proposal, rule, engine
        As in `Ensemble`.
    start : {"uniform", "ground", "exact"}
        As in `Ensemble`.
    seed : int or numpy.random.Generator
        Equal seeds give equal results, whatever the executor, its workers and their order.
    executor : concurrent.futures.Executor, or a function that makes one, optional
        Who runs the tasks: `ProcessPoolExecutor()`, a Dask client's `client.get_executor()`,
        `mpi4py.futures.MPIPoolExecutor()`; by default this process does, one after the other. Where
        a worker dies its tasks run again. If that breaks the whole pool, as it does a
        `ProcessPoolExecutor`, the scan goes on in another one like it, or in one more from the
        function. MPI ends the whole job instead: start it again with the same `checkpoint`.
    checkpoint : path, optional
        A folder that keeps each finished task. A scan that finds some there runs the others. It may
        ask for more replicas, or fewer; all else has to be as it was. A damaged file is replaced.
    progress : bool, optional
        Whether to show a progress bar; by default on a terminal, once a scan takes over a second.

    Returns
    -------
    ScanResult
        The occupancy and the acceptance of each temperature and replica.

    Raises
    ------
    ValueError
        If an argument is not as above, the particles need more memory than the machine has, or the
        folder cannot be written or belongs to another scan. Nothing has run then.
    ScanError
        If a task raised, or killed each worker that it ran on; the others were finished first. Or
        if no worker is left to run any. With an executor, too many particles are found out by the
        tasks, in the memory of the workers.
    KeyboardInterrupt
        On Ctrl-C; what was queued is cancelled, what was finished is in the checkpoint.

    See Also
    --------
    ScanResult : What a scan returns.
    Ensemble : Particles in a bath, by Metropolis's rule.

    References
    ----------
    .. [1] J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC '11 (2011).

    Examples
    --------
    >>> result = scan([0, 1], [0.5, 1.0, 2.0], replicas=4, sweeps=100, particles=10_000, seed=1)
    >>> result.energy.shape, result.mean("energy").round(2)
    ((3, 4), array([0.12, 0.27, 0.38]))
    >>> bool(np.all(result.standard_error("energy") < 0.001))
    True
    """
    replicas = as_count("replicas", replicas)
    sweeps = as_count("sweeps", sweeps)
    burn_in = -(-sweeps // 10) if burn_in is None else as_count("burn_in", burn_in, least=0)
    particles = as_count("particles", particles)
    grid = as_temperatures(temperatures, "temperatures")
    if grid.ndim != 1 or grid.size == 0:
        raise ValueError(
            f"temperatures must have shape (T,) with T of at least 1, got {grid.shape}"
        )
    if not (isinstance(start, str) and start in STARTS):
        raise ValueError(f"start is {start!r}: it must be one of {', '.join(STARTS)}")

    # An ensemble of one particle refuses what every ensemble of the scan would, before any runs.
    small = Ensemble(levels, grid[0], 1, proposal=proposal, rule=rule, engine=engine, start=start)
    counted = ENGINES[engine].counted
    if counted or executor is None:  # the memory of other machines is not known here
        refuse_unstorable(particles, counted=counted)
    if not isinstance(proposal, str):
        proposal = np.array(proposal)

    task = Task(
        levels=small.levels,
        temperature=float(grid[0]),
        particles=particles,
        sweeps=sweeps,
        burn_in=burn_in,
        proposal=proposal,
        rule=rule,
        engine=engine,
        start=start,
        seed=as_seed(seed),
    )
    workers = as_workers(executor)
    kept = None
    if checkpoint is not None:
        kept = Checkpoint(checkpoint, task.request(grid), len(small.levels))
    return _scanned(task, grid, replicas, workers, kept, progress)


def _scanned(
    task: Task,
    grid: FloatArray,
    replicas: int,
    workers: Workers | None,
    checkpoint: Checkpoint | None,
    progress: bool | None,
) -> ScanResult:
    """Return the result of the task at each place of the grid, read from the checkpoint or run."""
    result = _unfinished(task.levels, grid, replicas)
    shape = result.finished.shape

    with progress_bar(result.finished.size, "task", progress) as advance:

        def enter(place: Place, found: tuple[FloatArray, float]) -> None:
            result.occupancy[place], result.acceptance[place] = found
            result.finished[place] = True
            advance(1)

        def keep(place: Place, found: tuple[FloatArray, float]) -> None:
            if checkpoint is not None:
                checkpoint.save(place, *found)
            enter(place, found)

        waiting: dict[Place, Task] = {}
        for place in np.ndindex(shape):
            found = None if checkpoint is None else checkpoint.load(place)
            if found is None:
                waiting[place] = task.at(place, float(grid[place[0]]))
            else:
                enter(place, found)

        if checkpoint is not None and waiting:
            checkpoint.refuse_unwritable()
        failures = dispatch(run_task, waiting, workers, keep)

    if failures:
        _raise(result, failures)
    return result


def _unfinished(levels: EnergyLevels, grid: FloatArray, replicas: int) -> ScanResult:
    """Return the result of a scan before its first task."""
    shape = (grid.size, replicas)
    occupancy = np.full((*shape, len(levels)), np.nan)
    acceptance = np.full(shape, np.nan)
    return ScanResult(levels, grid, occupancy, acceptance, np.zeros(shape, bool))


def _raise(result: ScanResult, failures: dict[Place, Exception]) -> None:
    first = min(failures)
    cause = failures[first]
    what = f"{type(cause).__name__}: {cause}".removesuffix(": ")
    error = ScanError(
        f"{len(failures)} of {result.finished.size} tasks failed, the first being "
        f"temperatures[{first[0]}] = {result.temperatures[first[0]]}, replica {first[1]}, with "
        f"{what}; the others are finished, and in `partial`"
    )
    error.partial = result
    error.failures = failures
    raise error from cause
