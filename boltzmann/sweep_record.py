"""What a sweep over temperatures and replicas leaves behind."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._checks import FloatArray
from boltzmann.levels import EnergyLevels
from boltzmann.records import total_energy

QUANTITIES = ("occupancy", "energy", "heat_capacity", "acceptance")


@dataclass(frozen=True, eq=False)
class SweepRecord:
    """What a sweep found at T temperatures with R replicas of a system of K levels.

    Attributes
    ----------
    levels : EnergyLevels
    temperatures : (T,) ndarray
        Of the bath, in the unit of the energies.
    occupancy : (T, R, K) ndarray
        The fraction of particles on each level, averaged over the sweeps after the burn-in.
    acceptance : (T, R) ndarray
        As in `Run`, averaged over the sweeps after the burn-in.
    finished : (T, R) ndarray of bool
        False where a task failed; all else is nan there.
    """

    levels: EnergyLevels
    temperatures: FloatArray
    occupancy: FloatArray
    acceptance: FloatArray
    finished: NDArray[np.bool_]

    @property
    def energy(self) -> FloatArray:
        """Mean energy of a particle, Σ p E over the occupancy p, (T, R)."""
        return total_energy(self.occupancy, self.levels.energies)  # type: ignore[no-any-return]

    @property
    def heat_capacity(self) -> FloatArray:
        """Heat capacity of a particle, (Σ p E² - (Σ p E)²) / t² over the occupancy p, (T, R); nan at t = 0."""
        p, energies = self.occupancy, self.levels.energies
        lowest = np.where(p != 0, energies, np.inf).min(axis=-1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            above = np.where((p != 0) & (energies > lowest), energies / 4 - lowest / 4, 0.0)  # 4: it may overflow
            above = above / self.temperatures[:, None, None] * 4
            mean = (p * above).sum(axis=-1, keepdims=True)
            return (p * (above - mean) ** 2).sum(axis=-1)  # type: ignore[no-any-return]

    def mean(self, quantity: str) -> FloatArray:
        """Return the mean over the finished replicas, (T,), or (T, K) for the occupancy.

        Parameters
        ----------
        quantity : {"occupancy", "energy", "heat_capacity", "acceptance"}

        Raises
        ------
        ValueError
            If `quantity` is none of these.
        """
        return self._moments(quantity)[0]

    def standard_error(self, quantity: str) -> FloatArray:
        """Return the standard error s/√R of `mean`, in its shape; nan with fewer than two replicas.

        Replicas are independent, so that no autocorrelation time enters. What it cannot show is a burn-in too
        short to forget the start, which shifts all replicas alike.

        Parameters
        ----------
        quantity : {"occupancy", "energy", "heat_capacity", "acceptance"}

        Raises
        ------
        ValueError
            If `quantity` is none of these.
        """
        return self._moments(quantity)[1]

    def _moments(self, quantity: str) -> tuple[FloatArray, FloatArray]:
        if not (isinstance(quantity, str) and quantity in QUANTITIES):
            raise ValueError(f"quantity is {quantity!r}: it must be one of {', '.join(QUANTITIES)}")
        values = getattr(self, quantity)
        finished = self.finished.reshape(self.finished.shape + (1,) * (values.ndim - 2))
        replicas = finished.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):  # no replica has no mean, and one has no error
            mean = np.where(finished, values, 0.0).sum(axis=1) / replicas
            squares = np.where(finished, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
            return mean, np.sqrt(squares / (replicas - 1) / replicas)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the record as a table, one row for each task: columns (T·R,) by name, as a data frame takes them.

        They are temperature, replica, finished, energy, heat_capacity, acceptance, and occupancy_0,
        occupancy_1, … for the levels by their index.
        """
        temperatures, replicas, levels = self.occupancy.shape
        table: dict[str, NDArray[Any]] = {
            "temperature": np.repeat(self.temperatures, replicas),
            "replica": np.tile(np.arange(replicas), temperatures),
        }
        table |= {name: getattr(self, name).ravel() for name in ("finished", *QUANTITIES[1:])}
        return table | {f"occupancy_{level}": self.occupancy[..., level].ravel() for level in range(levels)}


class SweepError(RuntimeError):
    """Some tasks of a sweep failed for good; all others are finished.

    Attributes
    ----------
    partial : SweepRecord
        What the others found.
    failures : dict of (temperature index, replica index) to Exception
        What each failed task raised.
    """

    partial: SweepRecord
    failures: dict[tuple[int, int], Exception]
