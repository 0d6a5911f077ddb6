"""Validation for systems whose energy is conserved: energies are whole multiples of a quantum."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray, as_count, as_positive, refuse_first

IntArray = NDArray[np.int64]

_MOST_QUANTA = 2**31  # up to here a float tells a millionth of a quantum
_TOLERANCE = 1e-6  # of a quantum, for what division by it rounds


def as_quanta(energies: FloatArray, quantum: Any) -> IntArray:
    """Return the energies (K,) in whole quanta; those of forbidden levels, at +inf, are 0.

    Raises
    ------
    ValueError
        If the quantum is not positive and finite, or an energy is -inf, not within a millionth of a
        quantum of a multiple of it, or 2**31 quanta or more.
    """
    quantum = as_positive("quantum", quantum)
    allowed = energies < np.inf
    refuse_first("energies", energies, energies == -np.inf, "it must be finite, or +inf")

    with np.errstate(over="ignore"):
        multiples = np.where(allowed, energies, 0.0) / quantum  # (K,)
    too_many = ~(np.abs(multiples) < _MOST_QUANTA)
    refuse_first("energies", energies, too_many, f"2**31 quanta of {quantum:g} or more")

    nearest = np.rint(multiples)
    off = np.abs(multiples - nearest)
    if (off > _TOLERANCE).any():
        index = int(np.argmax(off > _TOLERANCE))
        raise ValueError(
            f"energies[{index}] is {energies[index]:.10g}: {off[index]:.3g} quanta from a multiple "
            f"of the quantum {quantum:g}; levels.rounded(quantum) has the nearest ones"
        )
    return np.asarray(nearest, np.int64)


def as_state_counts(degeneracies: FloatArray, allowed: NDArray[np.bool_]) -> IntArray:
    """Return the number of states of each level (K,), 0 for a forbidden one.

    Raises
    ------
    ValueError
        If a degeneracy is no whole number, or 2**53 or more.
    """
    rule = "states are counted here, it must be a whole number"
    refuse_first("degeneracies", degeneracies, degeneracies != np.rint(degeneracies), rule)
    refuse_first("degeneracies", degeneracies, degeneracies >= 2.0**53, "it must be below 2**53")
    return np.where(allowed, degeneracies, 0).astype(np.int64)


def as_total_energy(energy: Any, particles: int, least: int) -> int:
    """Return the total energy, in quanta, of particles whose lowest level has `least` quanta.

    Raises
    ------
    ValueError
        If it is no whole number, or less than the particles have on their lowest level.
    """
    try:
        total = as_count("energy", energy, least=-(2**63))
    except ValueError as error:
        raise ValueError(f"{error}: it counts quanta") from None
    if total < particles * least:
        raise ValueError(
            f"energy is {total}: the nearest that {particles} particles can have is "
            f"{particles * least}, with all of them on the lowest level"
        )
    return total
