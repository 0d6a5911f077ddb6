"""The Boltzmann distribution g exp(-E/t) / Z, from checked arguments to probabilities and log Z.

Energies are measured from a reference level before they are divided by t, so that no exponential
overflows and no temperature is too small.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import ArrayLike

from boltzmann._core.arrays import in_one_unit
from boltzmann._core.checks import FloatArray, as_floats, as_temperatures
from boltzmann.levels import EnergyLevels

# Overflow to inf, underflow to 0 and division by zero are limits and meant; an invalid operation
# never is.
limits_are_meant = np.errstate(over="ignore", under="ignore", divide="ignore")


@dataclass(frozen=True, eq=False)
class Distribution:
    """A Boltzmann distribution, seen from its reference level.

    That is the lowest allowed level for t >= 0, the highest for t < 0. All fields broadcast against
    t.shape + (..., K), the levels on the last axis.
    """

    t: FloatArray
    unit: FloatArray  # of `gap`, 1 or 2
    reference: FloatArray  # the energy of the reference level
    gap: FloatArray  # (E - reference)/unit
    x: FloatArray  # (E - reference)/t, which is never negative
    p: FloatArray  # the probability of each level, g exp(-x) / sum of g exp(-x)
    log_z: FloatArray  # log Z', where Z' = sum of g exp(-x) = Z exp(reference/t)

    def mean(self, values: FloatArray) -> FloatArray:
        """Return the average of `values`, last axis kept; levels of probability 0 are left out."""
        finite = np.where(self.p > 0, values, 0.0)
        average: FloatArray = np.sum(self.p * finite, axis=-1, keepdims=True)
        return average


def per_temperature(energy: FloatArray, t: FloatArray) -> FloatArray:
    """Return energy/t, where 0 stays 0 at t = 0 and what is infinite stays so at t = ±inf."""
    settled = (energy == 0) | np.isinf(energy)
    return energy / np.where(settled, np.copysign(1.0, t), t)


@limits_are_meant
def boltzmann_distribution(
    energies: FloatArray, log_degeneracies: FloatArray, t: FloatArray
) -> Distribution:
    """Return the distribution of energies (..., K) at temperatures that broadcast against them."""
    allowed = energies < np.inf
    lowest = energies.min(axis=-1, keepdims=True)
    highest = energies.max(axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    reference = np.where(t < 0, highest, lowest)

    # Energies of ±1e308 differ by more than a float can hold. Above t = 1 they are measured in
    # units of 2, which loses nothing there; up to t = 1 such a gap may well be inf, for its level
    # has no weight.
    unit = np.where(np.abs(t) > 1, 2.0, 1.0)
    # In C order, whatever the caller's.
    gap = np.zeros(np.broadcast_shapes(energies.shape, reference.shape))
    np.subtract(energies / unit, reference / unit, out=gap, where=energies != reference)
    x = np.where(allowed, per_temperature(gap, t / unit), np.inf)

    log_weights = log_degeneracies - x
    likeliest = log_weights.argmax(axis=-1, keepdims=True)
    largest = np.take_along_axis(log_weights, likeliest, axis=-1)
    weights = np.exp(log_weights - largest)

    # The largest weight is 1; it is kept apart lest it swallow the others in log Z'.
    others = weights.copy()
    np.put_along_axis(others, likeliest, 0.0, axis=-1)
    rest = others.sum(axis=-1, keepdims=True)
    p = weights / (1 + rest)
    return Distribution(t, unit, reference, gap, x, p, log_z=largest + np.log1p(rest))


def as_axis(axis: int, dimensions: int) -> int:
    """Return `axis` counted from the front; a ValueError names it if there is no such axis."""
    try:
        return normalize_axis_index(axis, dimensions, msg_prefix="axis")
    except TypeError:
        raise ValueError(f"axis must be a whole number, got {axis!r}") from None


def levels_last(name: str, values: ArrayLike, axis: int, forbidden: float) -> FloatArray:
    """Return checked levels, any shape, their axis moved last; to be read, never written to."""
    array = as_floats(name, values, masked=forbidden)
    if array.ndim == 0:
        raise ValueError(f"{name} must have shape (..., K), got ()")
    axis = as_axis(axis, array.ndim)
    if array.shape[axis] == 0:
        raise ValueError(f"{name} has shape {array.shape}: at least one level is needed")

    all_forbidden = np.all(array == forbidden, axis=axis)
    if all_forbidden.any():
        index = [str(i) for i in np.argwhere(all_forbidden)[0]]
        index.insert(axis, ":")
        raise ValueError(
            f"{name}[{', '.join(index)}] is all {forbidden}: at least one level must be allowed"
        )
    return np.moveaxis(array, axis, -1)


def checked_levels(
    levels: EnergyLevels | ArrayLike, t: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return energies (..., K), log degeneracies (K,) or (1,), and temperatures, all checked.

    Quantities with a unit become numbers in that of the levels.
    """
    if not isinstance(levels, EnergyLevels):
        t, levels = in_one_unit("t", t, "levels", levels)
    if isinstance(levels, EnergyLevels):
        energies = levels.energies
        log_degeneracies = np.log(levels.degeneracies)
    else:
        energies = levels_last("levels", levels, -1, np.inf)
        log_degeneracies = np.zeros(1)
    return energies, log_degeneracies, as_temperatures(t, "t")


def distribution_of_logits(x: ArrayLike, axis: int) -> Distribution:
    """Return the distribution at t = 1 with the energies -x."""
    return boltzmann_distribution(-levels_last("x", x, axis, -np.inf), np.zeros(1), np.ones(1))


@limits_are_meant
def log_partition_of(distribution: Distribution) -> FloatArray:
    """Return log Z, last axis kept."""
    return distribution.log_z - per_temperature(distribution.reference, distribution.t)


def as_scalars(values: FloatArray) -> FloatArray:
    """Return `values` without its last axis, of length 1; a scalar if nothing else is left."""
    scalars: FloatArray = values[..., 0][()]
    return scalars
