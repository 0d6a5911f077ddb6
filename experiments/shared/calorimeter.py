"""A calorimeter: entropy and heat capacity of a gas from the heat that it takes while it is warmed.

All inverse temperatures 1/t of the bath fall in equal steps h. Energies and temperatures share a
unit. Every estimate comes with the standard error that its counts give it.
"""

from dataclasses import dataclass

import numpy as np

import boltzmann as bz
from experiments.runner.table import worst_of
from experiments.shared import p_values

# The largest 1/t, in units of 1/Δ, at which enough particles are excited for errors to be normal.
COLDEST_JUDGED = 10.0


@dataclass(frozen=True, eq=False)
class Warming:
    """Heat and counts of a gas of N particles that was warmed in S steps, and their statistics."""

    levels: bz.EnergyLevels  # K of them
    coldness: np.ndarray  # (S,), 1/t of the bath
    heat: np.ndarray  # (S,), what the gas took from the bath in each step
    counts: np.ndarray  # (S, K), of the gas at the end of each step

    @property
    def particles(self) -> int:
        """N."""
        return int(self.counts[0].sum())

    @property
    def step(self) -> float:
        """By how much 1/t falls in a step, h."""
        return float(self.coldness[0] - self.coldness[1])

    @property
    def shares(self) -> np.ndarray:
        """The fraction of the particles on each level, (S, K)."""
        return self.counts / self.particles

    @property
    def excess_energy(self) -> np.ndarray:
        """The energies of the levels less the mean of the gas, (S, K)."""
        return self.levels.energies - (self.shares @ self.levels.energies)[:, None]

    @property
    def variance(self) -> np.ndarray:
        """The variance of a particle's energy, Var(E), (S,)."""
        biased = (self.shares * self.excess_energy**2).sum(axis=1)
        return biased * self.particles / (self.particles - 1)

    @property
    def surprise(self) -> np.ndarray:
        """-ln p of a state of each level, (S, K); its mean is the entropy of the distribution."""
        p = self.shares / self.levels.degeneracies
        return -np.log(p, out=np.zeros_like(p), where=p > 0)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean of `values`, (S, K), over the particles, (S,)."""
        return (self.shares * values).sum(axis=1)

    def noise(self, values: np.ndarray) -> np.ndarray:
        """Return the squared standard error of the mean of `values`, (S, K), over the particles."""
        deviation = values - self.mean(values)[:, None]
        return self.mean(deviation**2) / self.particles

    def entropy(self) -> np.ndarray:
        """Return ln g + Σ Q/t per particle, with the mean of 1/t before and after each step, (S,).

        g is the number of ground states.
        """
        before = np.concatenate([self.coldness[:1], self.coldness[:-1]])
        mean_coldness = (before + self.coldness) / 2
        ground = self.levels.degeneracies[self.levels.energies.argmin()]
        return np.log(ground) + np.cumsum(self.heat * mean_coldness) / self.particles

    def entropy_noise(self, other: np.ndarray | float = 0.0) -> np.ndarray:
        """Return the squared standard error of `entropy` less the mean of `other`, (S, K).

        Q is the difference of two mean energies. Added up, the last one has the weight 1/t + h/2,
        and each earlier one, which is independent of it, the weight h.
        """
        each = self.noise(self.excess_energy)
        weight = self.coldness[:, None] + self.step / 2
        last = self.noise(weight * self.excess_energy - other)
        return last + self.step**2 * (np.cumsum(each) - each)

    def excess_entropy(self) -> np.ndarray:
        """Return by how much the size of the steps makes `entropy` too large, (S,).

        Summed by parts, Σ Q (mean of 1/t) is U/t and the trapezoidal sum of U over 1/t. That
        exceeds the integral by h²/12 times the change of -dU/d(1/t) = Var(E) on the way, by the
        Euler-Maclaurin formula; its next term is 1000 times less.
        """
        return self.step**2 / 12 * self.variance

    def worst_pull(self, difference: np.ndarray, noise: np.ndarray) -> float:
        """Return the p-value of the largest of the pulls of an entropy's error (Bonferroni)."""
        judged = self.coldness <= COLDEST_JUDGED
        z = np.abs(difference - self.excess_entropy())[judged] / np.sqrt(noise[judged])
        return worst_of(p_values.of_either_sign(z).tolist())

    def heat_of_two_steps(self, middle: np.ndarray) -> np.ndarray:
        """Return the heat of a particle in the step that ends at each place and in the next."""
        return (self.heat[middle] + self.heat[middle + 1]) / self.particles

    def slope_fit(self) -> float:
        """Return the p-value of the heat of two steps against the variance before to after them.

        ΔU is the integral of Var(E) over 1/t, which Simpson's rule takes from three places, to the
        fourth order in h. Triples share no place, so that they are independent.
        """
        h = self.step
        first = int(np.argmax(self.coldness <= COLDEST_JUDGED))
        middle = np.arange(first + 1, self.coldness.size - 1, 3)
        before, after = middle - 1, middle + 1

        variance = self.variance
        integral = h / 3 * (variance[before] + 4 * variance[middle] + variance[after])
        excess, square = self.excess_energy, self.excess_energy**2
        noise = (
            self.noise(excess + h / 3 * square)[before]
            + self.noise(4 * h / 3 * square)[middle]
            + self.noise(excess - h / 3 * square)[after]
        )
        return p_values.of_squares((self.heat_of_two_steps(middle) - integral) / np.sqrt(noise))


def warmed(gas: bz.Ensemble, coldness: np.ndarray, sweeps: int) -> Warming:
    """Take the gas through baths of 1/t = `coldness`, (S,), for so many sweeps each."""
    heat = np.empty(coldness.size)
    counts = np.empty((coldness.size, len(gas.levels)), np.int64)
    for step, t in enumerate(temperatures(coldness)):
        gas.temperature = t
        run = gas.run(sweeps, every=sweeps, progress=False, threads=1)
        heat[step] = -run.heat[0]
        counts[step] = gas.counts
    return Warming(gas.levels, coldness, heat, counts)


def temperatures(coldness: np.ndarray) -> np.ndarray:
    """Return t of 1/t, infinite where that is 0."""
    return np.divide(1.0, coldness, out=np.full(coldness.shape, np.inf), where=coldness > 0)
