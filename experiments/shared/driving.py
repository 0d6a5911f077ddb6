"""Levels that are driven in steps: the work of a gas, its exact moments, and averages of exp(−W/t).

A process has n steps. In each the energies go an nth of the way from E_0 to E_1, which is work, and
then the gas makes some sweeps in the bath, which is heat; after the last step it makes none, and
before the first it is in equilibrium. Run backwards it is a process of the same kind, which is what
Crooks's theorem asks. Energies, work and t share a unit; k_B = 1.

References
----------
.. [1] C. Jarzynski, Phys. Rev. Lett. 78, 2690 (1997).
.. [2] G. E. Crooks, Phys. Rev. E 60, 2721 (1999).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import boltzmann as bz


@dataclass(frozen=True, eq=False)
class Driven:
    """What N particles did in one process."""

    work: np.ndarray  # (N,), on each particle
    ledger: tuple[float, float, float]  # of the whole gas: change of energy, work, heat to the bath


def path(first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Return the energies (steps + 1, K) on the straight way from `first` to `last`, (K,) each."""
    share = np.linspace(0, 1, steps + 1)[:, None]
    return (1 - share) * first + share * last


def driven(
    energies: np.ndarray, t: float, sweeps: int, particles: int, start: str, seed: int
) -> Driven:
    """Drive a gas of so many particles along `energies`, (n + 1, K), with so many sweeps a step."""
    gas = bz.Ensemble(energies[0], t, particles, start=start, seed=seed)
    began = gas.particles * gas.energy
    heat = 0.0
    work = np.zeros(particles)

    for step in range(1, len(energies)):
        work += (energies[step] - energies[step - 1])[gas.states]
        gas.levels = energies[step]
        if step < len(energies) - 1:
            heat += gas.run(sweeps, every=sweeps, progress=False, threads=1).heat.sum()

    return Driven(work, (gas.particles * gas.energy - began, gas.work, heat))


class ExactWork(NamedTuple):
    """Averages of the work of a process over all its histories."""

    mean: float  # ⟨W⟩
    moment: float  # ⟨exp(−W/t)⟩
    second: float  # ⟨exp(−2W/t)⟩


def exact_work(energies: np.ndarray, t: float, sweeps: int) -> ExactWork:
    """Return the averages of a process, (n + 1, K), exactly, from its transition matrices."""
    mean = 0.0
    # Where a particle is, and the same weighed by exp(−W/t) and exp(−2W/t) of its history.
    weights = np.tile(bz.probabilities(energies[0], t), (3, 1))  # (3, K)
    for step in range(1, len(energies)):
        lift = energies[step] - energies[step - 1]
        mean += weights[0] @ lift
        weights = weights * np.exp(-np.arange(3)[:, None] * lift / t)
        if step < len(energies) - 1:
            sweep = bz.transition_matrix(energies[step], t)
            weights = weights @ np.linalg.matrix_power(sweep, sweeps)
    return ExactWork(float(mean), float(weights[1].sum()), float(weights[2].sum()))


def mean_estimate(probabilities: np.ndarray, work: np.ndarray, t: float, draws: int) -> float:
    """Return the mean of −t ln[(1/n) Σ exp(−W/t)] over n = `draws` draws, exactly.

    W takes the values `work`, (K,), with `probabilities`, (K,). By Frullani's integral the mean of
    the logarithm of a sum of n independent w > 0 is ∫ (e^{-s} - φ(s)^n) ds/s over s > 0, where φ(s)
    = ⟨e^{-s w}⟩.
    """
    weight = np.exp(-work / t)
    u, step = np.linspace(-80, 80, 8001, retstep=True)  # u = ln s, so that ds/s = du
    s = np.exp(u)
    with np.errstate(under="ignore"):
        phi = np.exp(-s[:, None] * weight) @ probabilities  # (U,)
        integrand = np.exp(-s) - phi**draws
    return float(-t * (integrand.sum() * step - np.log(draws)))
