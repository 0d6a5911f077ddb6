"""The result of a scan: occupancies and acceptances, and the means and errors over replicas."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.run import total_energy

QUANTITIES = ("occupancy", "energy", "heat_capacity", "acceptance")


@dataclass(frozen=True, eq=False)
class ScanResult:
    """The result of a scan of T temperatures with R replicas of a system of K levels.

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
        False where a task failed; the other arrays are nan there.

    See Also
    --------
    scan : Many temperatures, each with independent replicas.
    Run : What `Ensemble.run` returns.

    Examples
    --------
    >>> import boltzmann as bz
    >>> result = bz.scan([0, 1], [0.5, 1.0], replicas=3, sweeps=50, particles=10_000, seed=1)
    >>> result.occupancy.shape, result.mean("occupancy").round(2).tolist()
    ((2, 3, 2), [[0.88, 0.12], [0.73, 0.27]])
    >>> result.heat_capacity.round(2)
    array([[0.42, 0.42, 0.42], [0.2 , 0.2 , 0.2 ]])
    >>> list(result.columns())[:6]
    ['temperature', 'replica', 'finished', 'energy', 'heat_capacity', 'acceptance']
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
        """Heat capacity of a particle, (T, R); nan at t = 0.

        C = (Σ p (E - e)² + R/(R - 1) (e - ē)²) / t², over the occupancy p of a replica, with e its
        mean energy and ē the mean of e over the R finished replicas. The first term alone lacks the
        variance of e, a share τ/(particles·sweeps) of the whole if energies are correlated over τ
        sweeps; so does C where R = 1. The second term, by the law of total variance, gives it back:
        no value is biased, nor is their mean. As they share ē, `standard_error` is low by a share
        of the same order.
        """
        p = self.occupancy
        energies = self.levels.energies
        lowest = np.where(p > 0, energies, np.inf).min(axis=(1, 2), keepdims=True)  # (T, 1, 1)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            # Energies in units of t, above the lowest that is occupied; by quarters, because the
            # difference itself may overflow.
            occupied = (p > 0) & (energies > lowest)
            above = np.where(occupied, energies / 4 - lowest / 4, 0.0)  # (T, R, K)
            above = above / self.temperatures[:, None, None] * 4

            own = (p * above).sum(axis=-1)  # (T, R)
            replicas = self._sum(np.ones_like(own))  # (T, 1)
            correction = replicas / np.maximum(replicas - 1, 1)
            between = correction * (own - self._sum(own) / replicas) ** 2  # (T, R)
            return (p * (above - own[..., None]) ** 2).sum(axis=-1) + between  # type: ignore[no-any-return]

    def mean(self, quantity: str) -> FloatArray:
        """Return the mean over the finished replicas, (T,), or (T, K) for the occupancy.

        Parameters
        ----------
        quantity : {"occupancy", "energy", "heat_capacity", "acceptance"}

        Returns
        -------
        (T,) or (T, K) ndarray
            In the unit of the quantity.

        Raises
        ------
        ValueError
            If `quantity` is none of these.
        """
        return self._moments(quantity)[0]

    def standard_error(self, quantity: str) -> FloatArray:
        """Return the standard error s/√R of `mean`, in its shape; nan with fewer than two replicas.

        Replicas are independent, so that no autocorrelation time enters. What it cannot show is a
        burn-in too short to forget the start, which shifts all replicas alike.

        Parameters
        ----------
        quantity : {"occupancy", "energy", "heat_capacity", "acceptance"}

        Returns
        -------
        (T,) or (T, K) ndarray
            In the unit of the quantity.

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
        replicas = self._sum(np.ones_like(values))
        # Without a replica there is no mean, and with one of them no error.
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self._sum(values) / replicas
            variance = self._sum((values - mean) ** 2) / (replicas - 1)
            return mean[:, 0], np.sqrt(variance / replicas)[:, 0]

    def _sum(self, values: FloatArray) -> FloatArray:
        """Sum over the finished replicas, axis 1, which is kept."""
        finished = self.finished.reshape(self.finished.shape + (1,) * (values.ndim - 2))
        return np.where(finished, values, 0.0).sum(axis=1, keepdims=True)  # type: ignore[no-any-return]

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the result as a table, one row for each task: columns (T·R,) by name.

        They are as a data frame takes them: temperature, replica, finished, energy, heat_capacity,
        acceptance, and occupancy_0, occupancy_1, … for the levels by their index.

        Returns
        -------
        dict of str to (T·R,) ndarray
            Each column by its name; energies are in the unit of the levels' energies.
        """
        temperatures, replicas, levels = self.occupancy.shape
        table: dict[str, NDArray[Any]] = {
            "temperature": np.repeat(self.temperatures, replicas),
            "replica": np.tile(np.arange(replicas), temperatures),
        }
        table |= {name: getattr(self, name).ravel() for name in ("finished", *QUANTITIES[1:])}
        return table | {
            f"occupancy_{level}": self.occupancy[..., level].ravel() for level in range(levels)
        }


class ScanError(RuntimeError):
    """Some tasks of a scan failed for good.

    All others are finished, unless no executor is left to run them.

    Attributes
    ----------
    partial : ScanResult
        The results of the others.
    failures : dict of (temperature index, replica index) to Exception
        What each failed task raised.

    See Also
    --------
    scan : Many temperatures, each with independent replicas.
    ScanResult : What a scan returns.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import boltzmann as bz
    >>> request = {"replicas": 2, "sweeps": 5, "particles": 10**15}
    >>> try:
    ...     bz.scan([0, 1], [1.0], **request, executor=ThreadPoolExecutor)
    ... except bz.ScanError as error:
    ...     print(list(error.failures), error.partial.finished)
    [(0, 0), (0, 1)] [[False False]]
    """

    partial: ScanResult
    failures: dict[tuple[int, int], Exception]
