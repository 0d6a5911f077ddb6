"""The start of a simulation: which level each particle is on before the first sweep.

A start is drawn from the Boltzmann distribution at some temperature, or given by the caller. It is
the level of each particle, (N,) uint16, or, if it is `counted`, the particles on each level, (K,)
int64.
"""

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray, as_count, as_floats, refuse_first
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import start_draws
from boltzmann.simulation.kernels.binomials import conditional_chances, multinomial
from boltzmann.simulation.kernels.moves import BLOCK
from boltzmann.simulation.kernels.random_streams import LANES, START, keyed_generator, keyed_state

STARTS = ("uniform", "ground", "exact")
_MANY = 2**20  # particles from which on a compiled draw is worth loading
_MOST_COUNTED = 2**53  # up to here a float holds every whole number


def bytes_needed(particles: int) -> int:
    """Return the memory that the particles' states and the random streams of their blocks take."""
    states = particles * np.uint16().itemsize
    streams = -(-particles // BLOCK) * 4 * LANES * np.uint64().itemsize
    return states + streams


def refuse_unstorable(particles: int, *, counted: bool) -> None:
    """Raise a ValueError for more particles than this machine's memory, or a float, can hold."""
    if counted:
        if particles > _MOST_COUNTED:
            raise ValueError(f"particles is {particles}: counts are exact up to 2**53")
        return

    needed = bytes_needed(particles)
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if needed > memory:
            raise ValueError(
                f"particles is {particles}: they would take {needed // 10**9} GB of the machine's "
                f"{memory // 10**9} GB; engine='counts' takes up to 2**53"
            )


def drawn_start(
    dynamics: Dynamics, temperature: float, particles: int, start: str, seed: int, *, counted: bool
) -> NDArray[Any]:
    """Return a start drawn at the temperature that `start` names, "exact" being that of the bath.

    Raises
    ------
    ValueError
        If `start` names none, or there are too many particles.
    """
    if start not in STARTS:
        raise ValueError(f"start is {start!r}: it must be one of {', '.join(STARTS)}, or an array")
    refuse_unstorable(particles, counted=counted)

    drawn_at = {"uniform": np.inf, "ground": 0.0, "exact": temperature}[start]
    probabilities = dynamics.normalised_weights(drawn_at)  # (K,)
    if counted:
        return _drawn_counts(probabilities, particles, keyed_state(seed, START))
    return _drawn_states(probabilities, particles, keyed_generator(seed, START))


def _drawn_counts(
    probabilities: FloatArray, particles: int, stream: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return the particles on each level, (K,)."""
    chances = probabilities.copy()
    conditional_chances(chances[None, :])
    counts = np.empty(chances.size, np.int64)
    multinomial(stream, particles, chances, counts)
    return counts


def _drawn_states(
    probabilities: FloatArray, particles: int, generator: np.random.Generator
) -> NDArray[np.uint16]:
    """Return the level of each particle, (N,), by inversion of the cumulative distribution."""
    edges = np.cumsum(probabilities)  # (K,)
    last = np.flatnonzero(probabilities)[-1]
    states = np.empty(particles, np.uint16)
    if particles >= _MANY:
        state = generator.bit_generator.state
        words = state["state"]["state"]
        guide = np.minimum(start_draws.guide_of(edges), last)
        start_draws.draw_levels(words, edges, guide, last, states)
        generator.bit_generator.state = state
        return states

    # In pieces, so that the uniforms never take more memory than the states.
    for first in range(0, particles, 2**16):
        piece = states[first : first + 2**16]
        uniforms = generator.random(piece.size) * edges[-1]
        piece[:] = np.minimum(np.searchsorted(edges, uniforms, side="right"), last)
    return states


def given_start(
    levels: EnergyLevels, particles: int | None, start: ArrayLike, *, counted: bool
) -> NDArray[Any]:
    """Return the start that the caller gives, checked.

    Raises
    ------
    ValueError
        If `start` is no such array, or its particles are not as many as `particles`.
    """
    values = as_floats("start", start)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"start must have shape (N,), or (K,) for engine='counts', got {values.shape}"
        )
    not_whole = (values != np.floor(values)) | (values < 0)
    refuse_first("start", values, not_whole, "it must be a whole number from 0 on")

    if counted:
        return _given_counts(levels, particles, start, values)
    return _given_states(levels, particles, values)


def _given_counts(
    levels: EnergyLevels, particles: int | None, start: ArrayLike, values: FloatArray
) -> NDArray[np.int64]:
    if values.size != len(levels):
        raise ValueError(f"start must have shape {(len(levels),)}, got {values.shape}")
    forbidden = (values > 0) & (levels.energies == np.inf)
    refuse_first("start", values, forbidden, "this level is forbidden")
    refuse_first("start", values, values > _MOST_COUNTED, "counts are exact up to 2**53")

    counts = np.asarray(start).astype(np.int64)
    given = sum(counts.tolist())  # Python's own integers, which do not overflow
    refuse_unstorable(given, counted=True)
    _check_particles(particles, given)
    return counts


def _given_states(
    levels: EnergyLevels, particles: int | None, values: FloatArray
) -> NDArray[np.uint16]:
    refuse_first("start", values, values >= len(levels), f"there are {len(levels)} levels")
    states = values.astype(np.uint16)
    forbidden = levels.energies[states] == np.inf
    refuse_first("start", values, forbidden, "this level is forbidden")
    _check_particles(particles, states.size)
    return states


def _check_particles(particles: int | None, given: int) -> None:
    if given == 0:
        raise ValueError("start has no particles")
    if particles is not None and as_count("particles", particles) != given:
        raise ValueError(f"particles is {particles} but start has {given}")
