r"""The law of a closed box: N distinguishable particles that share a fixed energy, and no bath.

Every arrangement of the same total energy U is equally likely, and nothing else is assumed. A
particle is then on level k with the probability

.. math:: f_k = g_k\, Ω(N-1,\, U - E_k) / Ω(N, U)

because Ω(N-1, U - E_k) arrangements are left for the others. As N grows it becomes softmax(-E/t)
with 1/t = ∂S/∂U of the entropy S = ln Ω [1]_. No exponential is put in: it comes out of counting.

Energies are whole multiples of a quantum, so that Ω can be counted; total energies are given in
quanta. Where few terms are needed Ω is an exact integer, otherwise the inverse of a Fourier
transform: occupancies are then within 1e-12, and entropies, of which most are thousands, within
1e-12 of their size.

References
----------
.. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., secs. 1.2 and 3.1 (2011).
"""

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import FloatArray, as_count
from boltzmann._core.quanta import as_quanta, as_state_counts, as_total_energy
from boltzmann.analytic.arrangements import System, are_few, log_arrangements, refuse_long
from boltzmann.levels import EnergyLevels


def microcanonical_occupancy(
    levels: EnergyLevels | ArrayLike,
    particles: int,
    energy: int,
    *,
    quantum: float = 1.0,
    demons: int = 0,
) -> FloatArray:
    """Return f_k = g_k Ω(N-1, U-E_k) / Ω(N, U), all arrangements of energy U being equally likely.

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
        Finite energies that are multiples of the quantum, or +inf, with whole degeneracies.
    particles : int
        N, distinguishable.
    energy : int
        The total energy U, in quanta.
    quantum : float
        In the unit of the levels' energies.
    demons : int
        How many demons share the energy; each has a purse of 0, 1, 2, … quanta, one state for each.

    Returns
    -------
    (K,) ndarray
        The expected fraction of particles on each level, summing to 1.

    Raises
    ------
    ValueError
        If an energy is no multiple of the quantum, a degeneracy is no whole number, no arrangement
        has the total energy, or so few that a float loses them beside those of others, which are
        then named, or levels are so many quanta apart that counting takes too long.

    See Also
    --------
    ClosedBox : Particles that share a fixed energy, without a bath.
    probabilities : The law, softmax(-E/t) of levels.

    References
    ----------
    .. [1] M. Creutz, Phys. Rev. Lett. 50, 1411 (1983): demons.

    Examples
    --------
    >>> microcanonical_occupancy([0, 1, 2], particles=2, energy=2)  # 0+2, 1+1, 2+0
    array([0.33333333, 0.33333333, 0.33333333])
    """
    box = _Box.checked(levels, particles, energy, quantum, demons)
    left = [box.above_ground - gap for gap in box.system.gaps]  # (A,), for the others
    order = np.argsort(left, kind="stable")
    mean = box.above_ground - box.above_ground // box.particles  # about what the others have
    logs, _ = log_arrangements(box.system, box.particles - 1, [left[k] for k in order], mean)

    largest = logs.max()
    if largest == -np.inf:
        box.refuse()
    weights = np.zeros(len(left))
    weights[order] = np.exp(logs - largest)
    weights *= np.array(box.system.states, float)

    occupancy = np.zeros(box.allowed.size)  # (K,)
    occupancy[box.allowed] = weights / weights.sum()
    return occupancy


def microcanonical_entropy(
    levels: EnergyLevels | ArrayLike,
    particles: int,
    energy: int,
    *,
    quantum: float = 1.0,
    demons: int = 0,
) -> float:
    """Return the entropy S = ln Ω(N, U), of all particles and demons together.

    Parameters
    ----------
    levels, particles, energy, quantum, demons
        As in `microcanonical_occupancy`.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ValueError
        As in `microcanonical_occupancy`.

    See Also
    --------
    microcanonical_temperature : The temperature of the closed box, exactly.
    entropy : S = (U - F)/t.

    References
    ----------
    .. [1] L. Boltzmann, Wiener Berichte 76, 373 (1877).

    Examples
    --------
    >>> float(np.exp(microcanonical_entropy([0, 1, 2], particles=2, energy=2)).round(12))
    3.0
    """
    box = _Box.checked(levels, particles, energy, quantum, demons)
    energy = box.above_ground
    logs, common = log_arrangements(box.system, box.particles, [energy], energy)
    if logs[0] == -np.inf:
        box.refuse()
    return float(logs[0] + common)


def microcanonical_temperature(
    levels: EnergyLevels | ArrayLike,
    particles: int,
    energy: int,
    *,
    quantum: float = 1.0,
    demons: int = 0,
) -> float:
    """Return t of 1/t = ∂S/∂U, the slope between the nearest energies below U and above it.

    1/t = (S(U+) - S(U-)) / (U+ - U-): energies come in quanta, so the slope is that of a chord. At
    the least and the greatest energy that the particles can have it begins or ends at U.

    Parameters
    ----------
    levels, particles, energy, quantum, demons
        As in `microcanonical_occupancy`.

    Returns
    -------
    float
        In the unit of the levels' energies; negative where more energy leaves fewer arrangements,
        inf where it leaves as many.

    Raises
    ------
    ValueError
        As in `microcanonical_occupancy`, or if the particles can have no other energy.

    See Also
    --------
    microcanonical_entropy : The entropy of the closed box, exactly.
    Contact : Bodies of different systems that share demons.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 1.2 (2011).

    Examples
    --------
    >>> microcanonical_temperature([0, 1], particles=1000, energy=500)  # half are up
    inf
    >>> cold = microcanonical_temperature([0, 1], particles=1000, energy=100)
    >>> round(float(cold * np.log(900 / 100)), 2)
    1.0
    """
    box = _Box.checked(levels, particles, energy, quantum, demons)
    energies, logs = box.neighbourhood()
    here = energies.index(box.above_ground)
    if logs[here] == -np.inf:
        box.refuse()

    others = [k for k in range(len(energies)) if logs[k] > -np.inf]
    below = max((k for k in others if k < here), default=here)
    above = min((k for k in others if k > here), default=here)
    if below == above:
        raise ValueError(f"energy is {energy}: the only one that these particles can have")
    slope = (logs[above] - logs[below]) / (energies[above] - energies[below])
    return float(quantum / slope) if slope else np.inf


class _Box:
    """Checked arguments: a system measured from its lowest level, its particles and its energy."""

    def __init__(self, system: System, particles: int, ground: int, energy: int):
        self.system = system
        self.particles = particles
        self.ground = ground  # the energy of all particles on the lowest level
        self.above_ground = energy - ground
        self.allowed = np.zeros(0, bool)

    @classmethod
    def checked(
        cls,
        levels: EnergyLevels | ArrayLike,
        particles: int,
        energy: int,
        quantum: float,
        demons: int,
    ) -> "_Box":
        """Return the box, its arguments checked."""
        if not isinstance(levels, EnergyLevels):
            levels = EnergyLevels(levels)
        allowed = levels.energies < np.inf
        quanta = as_quanta(levels.energies, quantum)
        states = as_state_counts(levels.degeneracies, allowed)
        particles = as_count("particles", particles)
        demons = as_count("demons", demons, least=0)

        lowest = int(quanta[allowed].min())
        energy = as_total_energy(energy, particles, lowest)
        gaps = (quanta[allowed] - lowest).tolist()
        box = cls(
            System(gaps, states[allowed].tolist(), demons), particles, particles * lowest, energy
        )
        box.allowed = allowed
        if not demons and box.above_ground > particles * box.system.span:
            raise ValueError(
                f"energy is {energy}: the nearest that {particles} particles can have is "
                f"{box.ground + particles * box.system.span}, with all of them on the highest level"
            )
        return box

    def neighbourhood(self) -> tuple[list[int], FloatArray]:
        """Return the energies that one particle's change of level reaches, and ln Ω but a constant.

        Among them are the nearest energies on either side that an arrangement has.
        """
        span = max(self.system.span, 1)
        refuse_long(self.system, self.particles, 2 * span)
        first = max(self.above_ground - span, 0)
        last = self.above_ground + span
        if not self.system.demons:
            last = min(last, self.particles * self.system.span)
        energies = list(range(first, last + 1))
        logs, _ = log_arrangements(self.system, self.particles, energies, self.above_ground)
        return energies, logs

    def refuse(self) -> None:
        """Raise a ValueError that names the nearest energies that an arrangement has."""
        energies, logs = self.neighbourhood()
        reached = [energy for energy, log in zip(energies, logs, strict=True) if log > -np.inf]
        below = [self.ground + energy for energy in reached if energy < self.above_ground]
        above = [self.ground + energy for energy in reached if energy > self.above_ground]
        nearest = " and ".join(str(energy) for energy in below[-1:] + above[:1])

        which = f"energy is {self.ground + self.above_ground}: no arrangement of {self.particles}"
        if are_few(self.system, energies):
            raise ValueError(f"{which} particles has it; the nearest are {nearest}")
        raise ValueError(
            f"{which} particles has it, or so few that a float loses them beside those of {nearest}"
        )
