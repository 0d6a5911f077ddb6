"""What a run of the simulation records: occupancies, energies, heat and acceptance."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray


@dataclass(frozen=True, eq=False)
class Run:
    """R recorded sweeps of a gas of N particles on K levels.

    Attributes
    ----------
    occupancy : (K,) ndarray
        The fraction of particles on each level, averaged over the recorded sweeps.
    energy : (R,) ndarray
        Mean energy of a particle after each recorded sweep, in the unit of the levels' energies.
    heat : (R,) ndarray
        Energy that the whole gas gave to the bath since the recorded sweep before (or the end of
        the burn-in), in that unit.
    acceptance : (R,) ndarray
        Of the proposals of another level since the recorded sweep before, the fraction that was
        accepted. For a proposal matrix and for the heat bath over all levels: of all attempts, the
        fraction that changed the level. With engine="counts", uniform proposals by Metropolis's
        rule, and the heat bath: its mean given the counts that were drawn.
    sweeps, every : int
        How many sweeps ran after the burn-in, and every how many of them one was recorded.
    temperature : float
        Of the bath, one number, in the unit of the energies.

    See Also
    --------
    Ensemble : Particles in a bath, by Metropolis's rule.
    ScanResult : What a scan returns.

    Examples
    --------
    >>> from boltzmann import Ensemble, ladder
    >>> run = Ensemble(ladder(3), temperature=0.5, particles=1024, start="ground").run(sweeps=4)
    >>> run.counts.shape, run.occupancy.shape
    ((4, 3), (3,))
    >>> gained = 1024 * run.energy[-1]  # above the ground state, where the gas began
    >>> float(run.heat.sum() + gained)  # the bath gave it
    0.0
    """

    occupancy: FloatArray
    energy: FloatArray
    heat: FloatArray
    acceptance: FloatArray
    sweeps: int
    every: int
    temperature: float
    _counts: NDArray[np.int64] | None = field(repr=False)

    @property
    def counts(self) -> NDArray[np.int64]:
        """The particles on each level after each recorded sweep, (R, K).

        Raises
        ------
        ValueError
            If the run did not keep them.
        """
        if self._counts is None:
            recorded = self.energy.size
            levels = self.occupancy.size
            megabytes = 8e-6 * recorded * levels
            raise ValueError(
                f"the counts of {recorded} recorded sweeps at {levels} levels ({megabytes:.0f} MB) "
                "were not kept: ask run() for keep_counts=True, or to record every n-th sweep with "
                "every=n"
            )
        return self._counts


class Recorder:
    """Gathers the recorded sweeps of one run, chunk by chunk."""

    def __init__(self, energies: FloatArray, counts: NDArray[np.int64], sweeps: int, keep: bool):
        """Expect that many recorded sweeps, of a gas that begins with these counts (K,)."""
        self.energies = energies
        self.particles = int(counts.sum())
        self.recorded = 0
        self.last = counts
        self.counts = np.empty((sweeps if keep else 0, energies.size), np.int64)  # (R, K)
        self.occupied = np.zeros(energies.size)  # (K,), the sum of all counts
        self.energy = np.empty(sweeps)
        self.heat = np.empty(sweeps)
        self.moved = np.zeros(sweeps + 1, np.int64)  # the last entry is of sweeps never recorded

    def add(self, counts: NDArray[np.int64], moved: NDArray[np.int64]) -> None:
        """Take a chunk: `counts` (r, K) of its recorded sweeps, `moved` (i,) of its intervals."""
        first = self.recorded
        last = first + len(counts)
        self.moved[first : first + len(moved)] += moved
        if last == first:
            return

        if self.counts.size:
            self.counts[first:last] = counts
        self.occupied += counts.sum(axis=0, dtype=np.float64)
        self.energy[first:last] = mean_energy(counts, self.particles, self.energies)

        left = np.empty_like(counts)  # (r, K), particles gone
        np.subtract(self.last, counts[0], out=left[0])
        np.subtract(counts[:-1], counts[1:], out=left[1:])
        self.heat[first:last] = total_energy(left, self.energies)

        self.recorded = last
        self.last = counts[-1]

    def result(self, sweeps: int, every: int, temperature: float, others_proposed: float) -> Run:
        """Return what was recorded so far, in `sweeps` sweeps."""
        recorded = self.recorded
        proposals = self.particles * float(every) * others_proposed  # of another level
        with np.errstate(invalid="ignore"):  # before the first recorded sweep there is no mean
            occupancy = self.occupied / (self.particles * np.float64(recorded))
        return Run(
            occupancy=occupancy,
            energy=self.energy[:recorded],
            heat=self.heat[:recorded],
            acceptance=self.moved[:recorded] / proposals,
            sweeps=sweeps,
            every=every,
            temperature=temperature,
            _counts=self.counts[:recorded] if self.counts.size else None,
        )


def recorded_and_intervals(done: int, sweeps: int, every: int) -> tuple[int, int]:
    """Return how many of the sweeps after `done` are recorded, and how many intervals they touch.

    Sweep number n, from 1 on, is recorded if it is a multiple of `every`; it is in interval (n -
    1) // every.
    """
    first_interval = done // every
    recorded = (done + sweeps) // every - first_interval
    intervals = (done + sweeps - 1) // every - first_interval + 1
    return recorded, intervals


def total_energy(counts: NDArray[Any], energies: FloatArray) -> Any:
    """Return the energy of so many particles, along the last axis.

    Particles that leave one level at -inf for another change nothing.
    """
    if np.abs(energies).max() <= 2.0**900:  # no level is infinite, and no sum can overflow
        return (counts * energies).sum(axis=-1) + 0.0

    finite = np.isfinite(energies)
    bounded = np.where(finite, energies, 0.0)
    # In a unit in which no sum over particles can overflow.
    unit = 2.0**64 if np.abs(bounded).max() > 2.0**900 else 1.0
    infinite = (counts[..., ~finite] * np.sign(energies[~finite])).sum(axis=-1)

    # The energy of many particles may not fit in a float.
    with np.errstate(over="ignore", invalid="ignore"):
        total = (counts * (bounded / unit)).sum(axis=-1) * unit + 0.0
        return np.where(infinite == 0, total, infinite * np.inf)


def mean_energy(counts: NDArray[np.int64], particles: int, energies: FloatArray) -> Any:
    """Return the mean energy of a particle, along the last axis.

    The total over the particles is exact where energies are whole numbers. Where it overflows, each
    level is divided first.
    """
    mean = total_energy(counts, energies) / particles
    if np.isfinite(mean).all():
        return mean
    return np.where(np.isfinite(mean), mean, total_energy(counts / particles, energies))


def work_of_lifting(counts: NDArray[np.int64], before: FloatArray, after: FloatArray) -> float:
    """Return the energy that particles gain when their levels go from `before` to `after`.

    All are (K,). It is exact where energies are whole numbers.

    Raises
    ------
    ValueError
        If it is not finite: an occupied level would be, or was, infinite, or the sum overflows.
    """
    moved = (counts > 0) & (before != after)
    with np.errstate(invalid="ignore", over="ignore"):
        gained = after[moved] - before[moved]
    refused = np.flatnonzero(~np.isfinite(gained))
    if refused.size:
        k = np.flatnonzero(moved)[refused[0]]
        raise ValueError(
            f"levels.energies[{k}] goes from {before[k]} to {after[k]} and holds {counts[k]} "
            "particles: the work on them would not be finite"
        )
    with np.errstate(over="ignore"):
        work = float(counts[moved] @ gained)
    if not np.isfinite(work):
        raise ValueError("levels.energies rise so far that the work on all particles overflows")
    return work
