"""What a run of the simulation leaves behind."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray


@dataclass(frozen=True, eq=False)
class Run:
    """What a run recorded, L looks at a gas of N particles on K levels.

    Attributes
    ----------
    occupancy : (K,) ndarray
        The fraction of particles on each level, averaged over the looks.
    energy : (L,) ndarray
        Mean energy of a particle at each look, in the unit of the levels' energies.
    heat : (L,) ndarray
        Energy that the whole gas gave to the bath since the look before (or the end of the
        burn-in), in that unit.
    acceptance : (L,) ndarray
        Of the proposals of another level since the look before, the fraction that was accepted. For
        a proposal matrix and for the heat bath over all levels: of all attempts, the fraction that
        changed the level.
    sweeps, stride : int
        How many sweeps ran after the burn-in, and how many lie between two looks.
    temperature : float
        Of the bath, one number, in the unit of the energies.

    Examples
    --------
    >>> from boltzmann import Ensemble, ladder
    >>> run = Ensemble(ladder(3), temperature=0.5, particles=1024, start="ground").run(sweeps=4)
    >>> run.counts.shape, run.occupancy.shape
    ((4, 3), (3,))
    >>> float(run.heat.sum() + 1024 * run.energy[-1])  # what a gas has above its ground state, the bath gave
    0.0
    """

    occupancy: FloatArray
    energy: FloatArray
    heat: FloatArray
    acceptance: FloatArray
    sweeps: int
    stride: int
    temperature: float
    _counts: NDArray[np.int64] | None = field(repr=False)

    @property
    def counts(self) -> NDArray[np.int64]:
        """The particles on each level at each look, (L, K).

        Raises
        ------
        ValueError
            If the run did not keep them.
        """
        if self._counts is None:
            looks, levels = self.energy.size, self.occupancy.size
            raise ValueError(
                f"the counts of {looks} looks at {levels} levels ({8e-6 * looks * levels:.0f} MB) were not kept: "
                "ask run() for keep_counts=True, or for every n-th sweep with every=n"
            )
        return self._counts


class Recorder:
    """Gathers the looks of one run."""

    def __init__(self, energies: FloatArray, counts: NDArray[np.int64], looks: int, keep: bool):
        self.energies, self.seen, self.last = energies, 0, counts
        self.particles = int(counts.sum())
        self.counts = np.empty((looks if keep else 0, energies.size), np.int64)
        self.occupied = np.zeros(energies.size)
        self.energy = np.empty(looks)
        self.heat = np.empty(looks)
        self.moved = np.zeros(looks + 1, np.int64)  # the last row is of sweeps after the last look

    def add(self, counts: NDArray[np.int64], moved: NDArray[np.int64]) -> None:
        """Take the looks of one chunk."""
        first, last = self.seen, self.seen + len(counts)
        if self.counts.size:
            self.counts[first:last] = counts
        self.occupied += counts.sum(axis=0, dtype=np.float64)
        self.energy[first:last] = mean_energy(counts, self.particles, self.energies)
        left = -np.diff(np.vstack((self.last, counts)), axis=0)
        self.heat[first:last] = total_energy(left, self.energies)
        self.moved[first : first + len(moved)] += moved
        self.seen = last
        if len(counts):
            self.last = counts[-1]

    def run(self, sweeps: int, stride: int, temperature: float, others_proposed: float) -> Run:
        """Return what was recorded so far, in `sweeps` sweeps."""
        seen = self.seen
        with np.errstate(invalid="ignore"):  # no look yet has no mean
            occupancy = self.occupied / (self.particles * np.float64(seen))
        return Run(
            occupancy=occupancy,
            energy=self.energy[:seen],
            heat=self.heat[:seen],
            acceptance=self.moved[:seen] / (self.particles * float(stride) * others_proposed),
            sweeps=sweeps,
            stride=stride,
            temperature=temperature,
            _counts=self.counts[:seen] if self.counts.size else None,
        )


def total_energy(counts: NDArray[Any], energies: FloatArray) -> Any:
    """Return the energy of so many particles, along the last axis; what leaves one at -inf for another is 0."""
    finite = np.isfinite(energies)
    bounded = np.where(finite, energies, 0.0)
    unit = (
        2.0**64 if np.abs(bounded).max() > 2.0**900 else 1.0
    )  # in which no sum over particles can overflow
    beyond = (counts[..., ~finite] * np.sign(energies[~finite])).sum(axis=-1)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # the heat of many particles may not fit in a float
        total = (counts * (bounded / unit)).sum(axis=-1) * unit + 0.0
        return np.where(beyond == 0, total, beyond * np.inf)


def mean_energy(counts: NDArray[np.int64], particles: int, energies: FloatArray) -> Any:
    """Return the mean energy of a particle, along the last axis."""
    mean = (
        total_energy(counts, energies) / particles
    )  # exact where energies are whole, but the total may overflow
    return np.where(np.isfinite(mean), mean, total_energy(counts / particles, energies))
