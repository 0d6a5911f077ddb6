"""What a run of the simulation leaves behind."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._checks import FloatArray


@dataclass(frozen=True, eq=False)
class Run:
    """What a run recorded, L looks at a gas of N particles on K levels.

    Attributes
    ----------
    occupancy : (K,) ndarray
        The fraction of particles on each level, averaged over the looks.
    energy : (L,) ndarray
        Mean energy of a particle at each look.
    heat : (L,) ndarray
        Energy that the whole gas gave to the bath since the look before (or the end of the burn-in).
    acceptance : (L,) ndarray
        Of the proposals of another level since the look before, the fraction that was accepted. For a proposal
        matrix and for the heat bath over all levels: of all attempts, the fraction that changed the level.
    sweeps, stride : int
        How many sweeps ran after the burn-in, and how many lie between two looks.
    temperature : float
        Of the bath.
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
                "ask run() for record=1, or for every n-th sweep with record=n"
            )
        return self._counts


class Recorder:
    """Gathers the looks of one run."""

    def __init__(self, energies: FloatArray, counts: NDArray[np.int64], looks: int, keep: bool):
        self.energies, self.seen = energies, 0
        self.particles = int(counts.sum())
        self.counts = np.empty((looks if keep else 0, energies.size), np.int64)
        self.occupied = np.zeros(energies.size)
        self.totals = np.empty(looks + 1)
        self.totals[0] = total_energy(counts, energies)
        self.moved = np.zeros(looks + 1, np.int64)  # the last row is of sweeps after the last look

    def add(self, counts: NDArray[np.int64], moved: NDArray[np.int64]) -> None:
        """Take the looks of one chunk."""
        first, last = self.seen, self.seen + len(counts)
        if self.counts.size:
            self.counts[first:last] = counts
        self.occupied += counts.sum(axis=0, dtype=np.float64)
        self.totals[first + 1 : last + 1] = total_energy(counts, self.energies)
        self.moved[first : first + len(moved)] += moved
        self.seen = last

    def run(self, sweeps: int, stride: int, temperature: float, others_proposed: float) -> Run:
        """Return what was recorded so far, in `sweeps` sweeps."""
        seen = self.seen
        with np.errstate(invalid="ignore"):  # no look yet has no mean; a gas at -inf has no heat to give
            heat = -np.diff(self.totals[: seen + 1])
            occupancy = self.occupied / (self.particles * np.float64(seen))
        return Run(
            occupancy=occupancy,
            energy=self.totals[1 : seen + 1] / self.particles,
            heat=heat,
            acceptance=self.moved[:seen] / (self.particles * float(stride) * others_proposed),
            sweeps=sweeps,
            stride=stride,
            temperature=temperature,
            _counts=self.counts[:seen] if self.counts.size else None,
        )


def total_energy(counts: NDArray[np.int64], energies: FloatArray) -> Any:
    """Return the energy of the whole gas, along the last axis; a level without particles has none."""
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, counts * energies, 0.0).sum(axis=-1)
