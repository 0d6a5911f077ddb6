"""What a run of a closed box, or of bodies in contact, records."""

from dataclasses import dataclass, field

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.simulation.closed.bodies import Body, IntArray, log_arrangements


@dataclass(frozen=True, eq=False)
class BodyRun:
    """R recorded sweeps of one body of N particles on K levels.

    Attributes
    ----------
    counts : (R, K) ndarray of int
        The particles on each level after each recorded sweep.
    energy : (R,) ndarray of int
        The energy of all its particles, in quanta.
    """

    counts: IntArray
    energy: IntArray
    _degeneracies: IntArray = field(repr=False)

    @property
    def occupancy(self) -> FloatArray:
        """The fraction of particles on each level, (K,), averaged over the recorded sweeps."""
        total = self.counts.sum(axis=0, dtype=np.float64)
        return np.asarray(total / total.sum())

    @property
    def entropy(self) -> FloatArray:
        """The log of the number of arrangements that have these counts, (R,), in nats."""
        return log_arrangements(self.counts, self._degeneracies)


class _Purses:
    """What the purses of a run tell: D demons that hold `demon` (R,) quanta together."""

    demon: IntArray
    demons: int
    quantum: float

    @property
    def demon_entropy(self) -> FloatArray:
        """The log of the number of ways in which the demons can hold what they have, (R,)."""
        from scipy.special import gammaln

        ways = gammaln(self.demon + self.demons) - gammaln(self.demon + 1) - gammaln(self.demons)
        return np.asarray(ways)

    @property
    def demon_temperature(self) -> float:
        """The temperature that the purses tell: quantum/ln(1 + 1/m), m the mean of a purse.

        1/t is the slope of the demons' entropy against what they hold, up to a term in 1/D; 0 if
        all purses were empty. One demon alone must be able to hold every number of quanta, as it
        is where some two levels are a quantum apart.
        """
        mean = float(self.demon.mean()) / self.demons
        return self.quantum / float(np.log1p(1 / mean)) if mean else 0.0


@dataclass(frozen=True, eq=False)
class ClosedRun(_Purses):
    """R recorded sweeps of a closed box of N particles on K levels.

    Attributes
    ----------
    counts : (R, K) ndarray of int
        The particles on each level after each recorded sweep.
    energy : (R,) ndarray of int
        The energy of all particles, in quanta.
    demon : (R,) ndarray of int
        What all purses together hold, in quanta: the sum with `energy` never changes.
    demons : int
        How many demons there are.
    sweeps, every : int
        How many sweeps ran after the burn-in, and every how many of them one was recorded.
    quantum : float
        In the unit of the levels' energies.

    See Also
    --------
    ClosedBox : Particles that share a fixed energy, without a bath.
    ContactRun : What `Contact.run` returns.

    References
    ----------
    .. [1] M. Creutz, Phys. Rev. Lett. 50, 1411 (1983).

    Examples
    --------
    >>> from boltzmann import ClosedBox, ladder
    >>> run = ClosedBox(ladder(3), particles=1000, energy=500).run(sweeps=4)
    >>> run.counts.shape, set((run.energy + run.demon).tolist())
    ((4, 3), {500})
    """

    counts: IntArray
    energy: IntArray
    demon: IntArray
    demons: int
    sweeps: int
    every: int
    quantum: float
    _body: BodyRun = field(repr=False)

    @property
    def occupancy(self) -> FloatArray:
        """The fraction of particles on each level, (K,), averaged over the recorded sweeps."""
        return self._body.occupancy

    @property
    def entropy(self) -> FloatArray:
        """The log of the number of arrangements that have these counts, (R,), in nats."""
        return self._body.entropy


@dataclass(frozen=True, eq=False)
class ContactRun(_Purses):
    """R recorded sweeps of bodies that share demons.

    Attributes
    ----------
    bodies : tuple of BodyRun
        The counts (R, K), the energy (R,), the entropy (R,) and the occupancy (K,) of each body.
    demon : (R,) ndarray of int
        What all purses together hold after each recorded sweep, in quanta.
    demons : int
        How many demons there are.
    sweeps, every : int
        How many sweeps ran after the burn-in, and every how many of them one was recorded.
    quantum : float
        In the unit of the levels' energies.

    See Also
    --------
    Contact : Bodies of different systems that share demons.
    ClosedRun : What `ClosedBox.run` returns.

    Examples
    --------
    >>> from boltzmann import ClosedBox, Contact, ladder
    >>> hot = ClosedBox(ladder(3), particles=100, energy=90)
    >>> cold = ClosedBox(ladder(5), particles=100, energy=10)
    >>> run = Contact([hot, cold]).run(sweeps=4)
    >>> run.bodies[1].counts.shape, run.entropy.shape
    ((4, 5), (4,))
    """

    bodies: tuple[BodyRun, ...]
    demon: IntArray
    demons: int
    sweeps: int
    every: int
    quantum: float

    @property
    def entropy(self) -> FloatArray:
        """The entropy of all bodies and demons together, (R,), in nats."""
        return np.asarray(sum(body.entropy for body in self.bodies) + self.demon_entropy)


def of_body(body: Body, counts: IntArray) -> BodyRun:
    """Return the record of one body whose counts (R, K) were recorded."""
    return BodyRun(counts, counts @ body.quanta, body.degeneracies)
