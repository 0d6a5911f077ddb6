"""The start of a gas of bosons or fermions: the particles on each level before the first sweep."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray, as_count, as_floats, refuse_first
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.kernels.random_streams import START, keyed_generator

STARTS = ("uniform", "ground")
_MOST_LEVELS = 65_536  # a level is a 16-bit number
_MOST_COUNTED = 10**9  # states among which NumPy draws without replacement


def as_gas_levels(levels: EnergyLevels | ArrayLike) -> EnergyLevels:
    """Return levels on which states can be counted.

    Raises
    ------
    ValueError
        If there are fewer than 2 or more than 65,536, or a degeneracy is not whole.
    """
    checked = levels if isinstance(levels, EnergyLevels) else EnergyLevels(levels)
    if not 2 <= len(checked) <= _MOST_LEVELS:
        raise ValueError(f"levels has {len(checked)} entries: a gas has 2 to {_MOST_LEVELS}")
    degeneracies = checked.degeneracies
    not_whole = degeneracies != np.floor(degeneracies)
    refuse_first("degeneracies", degeneracies, not_whole, "states are counted one by one")
    return checked


def started_counts(
    levels: EnergyLevels, fermions: bool, particles: int | None, start: str | ArrayLike, seed: int
) -> NDArray[np.int64]:
    """Return the particles on each level, (K,), that `start` names or gives.

    Raises
    ------
    ValueError
        If it does neither, or the particles do not fit their number or, as fermions, the states.
    """
    room = np.where(levels.energies < np.inf, levels.degeneracies, 0.0)  # (K,), states
    if not isinstance(start, str):
        return _given(levels, fermions, particles, start, room)

    if start not in STARTS:
        raise ValueError(f"start is {start!r}: it must be one of {', '.join(STARTS)}, or an array")
    if particles is None:
        raise ValueError("particles is missing: it can be left out where start is an array")
    particles = as_count("particles", particles)
    if fermions and particles > room.sum():
        raise ValueError(
            f"particles is {particles}: there are {room.sum():.0f} states, one for each fermion"
        )
    return (
        _lowest(levels, fermions, particles, room)
        if start == "ground"
        else _uniform(fermions, particles, room, keyed_generator(seed, START))
    )


def _given(
    levels: EnergyLevels,
    fermions: bool,
    particles: int | None,
    start: ArrayLike,
    room: FloatArray,
) -> NDArray[np.int64]:
    values = as_floats("start", start)
    if values.shape != room.shape:
        raise ValueError(f"start must have shape {room.shape}, got {values.shape}")
    not_whole = (values != np.floor(values)) | (values < 0)
    refuse_first("start", values, not_whole, "it must be a whole number from 0 on")
    refuse_first("start", values, (values > 0) & (room == 0), "this level is forbidden")
    if fermions:
        refuse_first("start", values, values > room, "a state holds one fermion")

    counts = values.astype(np.int64)
    if counts.sum() == 0:
        raise ValueError("start has no particles")
    if particles is not None and as_count("particles", particles) != counts.sum():
        raise ValueError(f"particles is {particles} but start has {counts.sum()}")
    return counts


def _lowest(
    levels: EnergyLevels, fermions: bool, particles: int, room: FloatArray
) -> NDArray[np.int64]:
    """Return all bosons on the lowest level, or fermions on the lowest states."""
    counts = np.zeros(room.size, np.int64)
    if not fermions:
        counts[np.argmin(levels.energies)] = particles
        return counts
    order = np.argsort(levels.energies, kind="stable")
    before = np.cumsum(room[order]) - room[order]
    counts[order] = np.clip(particles - before, 0, room[order]).astype(np.int64)
    return counts


def _uniform(
    fermions: bool, particles: int, room: FloatArray, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return a draw in which every arrangement of particles among the states is equally likely."""
    counts = np.zeros(room.size, np.int64)
    allowed = room > 0
    if fermions:
        if room.sum() >= _MOST_COUNTED:
            raise ValueError(f"start='uniform' takes fewer than {_MOST_COUNTED} states of fermions")
        states = room[allowed].astype(np.int64)
        counts[allowed] = generator.multivariate_hypergeometric(states, particles)
        return counts

    # Pólya's urn: given Dirichlet weights of these parameters, particles are independent.
    counts[allowed] = generator.multinomial(particles, generator.dirichlet(room[allowed]))
    return counts
