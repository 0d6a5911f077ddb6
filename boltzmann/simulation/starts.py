"""Where the particles of a simulation begin."""

import os

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import as_count, as_floats, refuse_first
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.engines import (
    PARTICLE_ENGINES,
    CountsEngine,
    ParticleEngine,
    drawn_states,
    keyed_generator,
)
from boltzmann.simulation.kernels.moves import BLOCK
from boltzmann.simulation.kernels.random_streams import LANES, START

STARTS = ("uniform", "ground", "exact")
_MOST_COUNTED = 2**53  # up to here a float holds every whole number


def bytes_taken(particles: int) -> int:
    """Return what the states of so many particles and the streams of their blocks take in memory."""
    return (
        particles * np.uint16().itemsize + -(-particles // BLOCK) * 4 * LANES * np.uint64().itemsize
    )


def refuse_unstorable(particles: int, engine: str) -> None:
    """Raise a ValueError if this machine has not the memory for so many particles, or a float not the digits."""
    if engine == "counts":
        if particles > _MOST_COUNTED:
            raise ValueError(f"particles is {particles}: counts are exact up to 2**53")
        return
    needed = bytes_taken(particles)
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        if needed > memory:
            raise ValueError(
                f"particles is {particles}: they would take {needed // 10**9} GB of the machine's "
                f"{memory // 10**9} GB; engine='counts' takes up to 2**53"
            )


def drawn_engine(
    dynamics: Dynamics, particles: int, engine: str, start: str, seed: int
) -> ParticleEngine | CountsEngine:
    """Return the engine with its particles drawn at the temperature that `start` names."""
    if start not in STARTS:
        raise ValueError(f"start is {start!r}: it must be one of {', '.join(STARTS)}, or an array")
    refuse_unstorable(particles, engine)
    temperature = {"uniform": np.inf, "ground": 0.0, "exact": dynamics.temperature}[start]
    probabilities = dynamics.weights(temperature)
    if engine == "counts":
        counts = np.zeros(len(dynamics.levels), np.int64)
        possible = (
            probabilities > 0
        )  # rounding in `multinomial` can put a particle on the last level it is given
        counts[possible] = keyed_generator(seed, START).multinomial(
            particles, probabilities[possible]
        )
        return CountsEngine.started(counts, seed)
    states = drawn_states(probabilities, particles, seed)
    return PARTICLE_ENGINES[engine].started(states, len(dynamics.levels), seed)


def given_engine(
    dynamics: Dynamics, particles: int | None, engine: str, start: ArrayLike, seed: int
) -> ParticleEngine | CountsEngine:
    """Return the engine with its particles where `start` puts them."""
    values = as_floats("start", start)
    levels = dynamics.levels
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"start must have shape (N,), or (K,) for engine='counts', got {values.shape}"
        )
    refuse_first(
        "start",
        values,
        (values != np.floor(values)) | (values < 0),
        "it must be a whole number from 0 on",
    )
    if engine == "counts":
        if values.size != len(levels):
            raise ValueError(f"start must have shape {(len(levels),)}, got {values.shape}")
        refuse_first(
            "start", values, (values > 0) & (levels.energies == np.inf), "this level is forbidden"
        )
        refuse_first("start", values, values > _MOST_COUNTED, "counts are exact up to 2**53")
        counts = np.asarray(start).astype(np.int64)
        given = sum(counts.tolist())  # Python's own integers, which do not overflow
        refuse_unstorable(given, engine)
        _check_particles(particles, given)
        return CountsEngine.started(counts, seed)
    refuse_first("start", values, values >= len(levels), f"there are {len(levels)} levels")
    states = values.astype(np.uint16)
    refuse_first("start", values, levels.energies[states] == np.inf, "this level is forbidden")
    _check_particles(particles, states.size)
    return PARTICLE_ENGINES[engine].started(states, len(levels), seed)


def _check_particles(particles: int | None, given: int) -> None:
    if given == 0:
        raise ValueError("start has no particles")
    if particles is not None and as_count("particles", particles) != given:
        raise ValueError(f"particles is {particles} but start has {given}")
