r"""How many arrangements share a total energy: Ω(N, U) of N distinguishable particles.

With energies of whole quanta, Ω(N, U) is the coefficient of x^U in

.. math:: \Big(\sum_k g_k x^{E_k}\Big)^N (1 - x)^{-D}

where the second factor counts what D demons carry: each has a purse of 0, 1, 2, … quanta, with one
state for each. Where few coefficients are needed they are computed as integers. Otherwise the
energies are tilted: in the probabilities p_k ∝ g_k exp(-β E_k), at the β whose mean is U, the total
energy of independent particles is found to be U with a probability P(U) near the largest, and

.. math:: \ln Ω(N, U) = \ln P(U) + N \ln Z + D \ln Z_{demon} + β U

holds for any β. P is the inverse Fourier transform of the N-th power of that of p.
"""

import math
from dataclasses import dataclass

import numpy as np

from boltzmann._core.checks import FloatArray

_EXACT_TERMS = 100_000  # of a recurrence of integers, some tenths of a second
LONGEST = 2**24  # Fourier transform, 128 MB
_ALIASED = math.log(1e-20)  # of the largest probability, the most that may be wrapped around
_STEEPEST = 100.0  # |β| for one quantum; steeper tilts belong to energies that integers reach


@dataclass(frozen=True, eq=False)
class System:
    """Levels measured from the lowest one, in quanta, and the demons that share their energy."""

    gaps: list[int]  # (K,), the least is 0
    states: list[int]  # (K,), each at least 1
    demons: int

    @property
    def span(self) -> int:
        """The highest gap."""
        return max(self.gaps)

    def turned(self) -> "System":
        """Return the levels upside down, measured from the highest one."""
        return System([self.span - gap for gap in self.gaps], self.states, self.demons)


def log_arrangements(
    system: System, particles: int, energies: list[int]
) -> tuple[FloatArray, float]:
    """Return ln Ω(N, U) for several U above the ground state, in two parts: (n,), and a number.

    ln Ω is the sum of both; the number is what all have in common. It is -inf where there is no
    arrangement. The energies should be neighbours, as they share one tilt.
    """
    top = particles * system.span
    if not system.demons and energies[0] + energies[-1] > top:
        return log_arrangements(system.turned(), particles, [top - energy for energy in energies])

    if (max(energies) + 1) * len(system.gaps) <= _EXACT_TERMS:
        return _by_integers(system, particles, energies)
    return _by_tilting(system, particles, energies)


def integer_arrangements(system: System, particles: int, most: int) -> list[int]:
    """Return Ω(N, U) for U = 0, …, most, as integers.

    f = p^N (1-x)^-D obeys p(1-x) f' = (N p'(1-x) + D p) f, which gives each coefficient from those
    before it (Knuth's recurrence for powers, also called Miller's).

    References
    ----------
    .. [1] D. E. Knuth, The Art of Computer Programming, vol. 2, 3rd ed., sec. 4.7 (1997).
    """
    ours: dict[int, int] = {}  # the coefficients of p
    for gap, states in zip(system.gaps, system.states, strict=True):
        ours[gap] = ours.get(gap, 0) + states

    # With x f' in place of f', so that exponents on both sides are the same.
    left, right = dict(ours), {gap: particles * gap * weight for gap, weight in ours.items()}
    if system.demons:
        for gap, weight in ours.items():
            left[gap + 1] = left.get(gap + 1, 0) - weight
            right[gap + 1] = right.get(gap + 1, 0) + (system.demons - particles * gap) * weight

    exponents = sorted(set(left) - {0})
    counts = [left[0] ** particles]
    for energy in range(1, most + 1):
        total = 0
        for e in exponents:
            if e > energy:
                break
            earlier = counts[energy - e]
            if earlier:
                total += (right.get(e, 0) - left[e] * (energy - e)) * earlier
        counts.append(total // (energy * left[0]))
    return counts


def _by_integers(system: System, particles: int, energies: list[int]) -> tuple[FloatArray, float]:
    """Return ln Ω by integers, as `log_arrangements` does."""
    counts = integer_arrangements(system, particles, max(max(energies), 0))
    chosen = [counts[energy] if energy >= 0 else 0 for energy in energies]
    largest = max(chosen)
    # The ratio of two integers is rounded once, however long they are.
    logs = [float(np.log(count / largest)) if count else -math.inf for count in chosen]
    return np.array(logs), math.log(largest) if largest else 0.0


def _by_tilting(system: System, particles: int, energies: list[int]) -> tuple[FloatArray, float]:
    """Return ln Ω by a Fourier transform of the tilted law, as `log_arrangements` does."""
    tilted = Tilted.at_mean(system, particles, energies[len(energies) // 2])
    length = tilted.length()
    gaps = np.array(system.gaps)
    each = np.bincount(gaps % length, weights=tilted.p, minlength=length)  # (L,)
    transform = np.fft.rfft(each) ** particles  # (L/2 + 1,)

    if system.demons:
        angles = 2 * np.pi * np.arange(transform.size) / length
        kept = math.exp(-tilted.beta)
        transform *= (-math.expm1(-tilted.beta) / (1 - kept * np.exp(-1j * angles))) ** (
            system.demons
        )
    found = np.fft.irfft(transform, length)  # (L,)

    wanted = np.array(energies)
    probability = np.where(wanted >= 0, found[wanted % length], 0.0)
    noise = 4e-16 * (particles + 16) * found.max()  # of rounding, in a power of a transform
    with np.errstate(divide="ignore"):
        logs = np.where(probability > noise, np.log(np.maximum(probability, noise)), -np.inf)
    return logs + tilted.beta * (wanted - energies[0]), tilted.log_z + tilted.beta * energies[0]


@dataclass(frozen=True, eq=False)
class Tilted:
    """Independent particles and demons at the tilt β, with a given mean of their total energy."""

    system: System
    particles: int
    mean: float  # of the total energy
    beta: float
    p: FloatArray  # (K,)
    log_z: float  # of all particles and demons

    @classmethod
    def at_mean(cls, system: System, particles: int, mean: float) -> "Tilted":
        """Return the tilt with that mean, by bisection: the mean falls as β rises."""
        low, high = 0.0 if system.demons else -_STEEPEST, _STEEPEST
        for _ in range(120):
            middle = (low + high) / 2
            if cls._at(system, particles, middle).mean > mean:
                low = middle
            else:
                high = middle
        return cls._at(system, particles, high)

    @classmethod
    def _at(cls, system: System, particles: int, beta: float) -> "Tilted":
        gaps = np.array(system.gaps, float)
        logs = np.log(np.array(system.states, float)) - beta * gaps  # (K,)
        weights = np.exp(logs - logs.max())
        p = weights / weights.sum()
        mean = particles * float(p @ gaps)
        log_z = particles * float(logs.max() + math.log(weights.sum()))

        if system.demons:
            mean += system.demons / math.expm1(beta) if beta > 0 else math.inf
            log_z -= system.demons * math.log(-math.expm1(-beta)) if beta > 0 else -math.inf
        return cls(system, particles, mean, beta, p, log_z)

    def length(self) -> int:
        """Return how long a transform must be for what it wraps around to be negligible.

        It wraps totals that are L apart. For any β', P(U) ≤ Z(β')/Z(β) exp((β' - β) U) [1]_, which
        is least where the mean at β' is U.

        Raises
        ------
        ValueError
            If it would be too long.

        References
        ----------
        .. [1] H. Chernoff, Ann. Math. Stat. 23, 493 (1952).
        """
        length = 64
        while length <= 2 * self.system.span or (
            max(self._log_bound(length), self._log_bound(-length)) > _ALIASED
        ):
            length *= 2
            if length > LONGEST:
                raise ValueError(
                    f"energies of up to {self.system.span} quanta above the lowest, for "
                    f"{self.particles} particles, need a transform of more than {LONGEST} "
                    "numbers: choose a larger quantum"
                )
        return length

    def _log_bound(self, away: int) -> float:
        """Return an upper bound to ln P of the total energy that is so far away from the mean."""
        # Levels that are asked for lie up to the span away, on either side.
        energy = self.mean + math.copysign(max(abs(away) - self.system.span, 1), away)
        if energy <= 0 or (not self.system.demons and energy >= self.particles * self.system.span):
            return -math.inf
        there = Tilted.at_mean(self.system, self.particles, energy)
        return there.log_z - self.log_z + (there.beta - self.beta) * energy
