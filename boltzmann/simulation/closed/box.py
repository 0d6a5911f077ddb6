"""A closed box: particles that share a fixed energy, and a demon that carries it among them.

No bath, no temperature and no exponential: a particle is offered a state and takes it if the demon
beside it can pay, from its purse, for the energy; what a move frees goes into the purse. That all
arrangements of one total energy become equally likely is shown in `kernels/exchange.py`. How the
particles spread over the levels then follows from counting (`bz.microcanonical_occupancy`).
"""

import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import as_seed
from boltzmann._core.quanta import as_total_energy
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.closed import saved
from boltzmann.simulation.closed.bodies import Body, IntArray
from boltzmann.simulation.closed.engine import Exchange, even_purses
from boltzmann.simulation.closed.record import ClosedRun, of_body
from boltzmann.simulation.closed.running import run
from boltzmann.simulation.kernels.random_streams import ALONE

MOST_QUANTA = 2**62  # in one purse


class ClosedBox:
    """N particles on K energy levels that share a fixed energy with demons, and no heat bath.

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
        2 ≤ K ≤ 65,536. Energies are multiples of the quantum, which `levels.rounded(quantum)` makes
        of any, or +inf; degeneracies are whole numbers.
    particles : int
        N.
    energy : int
        Of particles and demons together, in quanta; at least that of all particles on the lowest
        level.
    quantum : float
        In the unit of the levels' energies.
    start : "ground" or (N,) array_like of int
        All particles on the lowest level; or the level of each. The demons begin with what is left
        of the energy, divided evenly.
    seed : int or numpy.random.Generator
        Equal seeds give equal results, whatever the number of threads and however sweeps are cut
        into runs.

    Raises
    ------
    ValueError
        If an argument is not as above.

    See Also
    --------
    Contact : Bodies of different systems that share demons.
    microcanonical_occupancy : The law of the closed box, exactly.
    Ensemble : Particles in a bath, by Metropolis's rule.

    Notes
    -----
    Particles are in blocks of 2048. Fewer than 128 have one demon, more a power of two of them,
    with 64 particles or more for each, and several blocks have 32 demons each. After every sweep
    demons move on to other particles and divide, in pairs, what they have together.
    `microcanonical_occupancy(levels, particles, energy, demons=box.demons)` is the exact law.

    References
    ----------
    .. [1] M. Creutz, Phys. Rev. Lett. 50, 1411 (1983).

    Examples
    --------
    >>> box = ClosedBox([0, 1], particles=1000, energy=250, seed=1)
    >>> run = box.run(sweeps=2000, burn_in=100)
    >>> run.occupancy.round(2), box.energy
    (array([0.75, 0.25]), 250)
    """

    def __init__(
        self,
        levels: EnergyLevels | ArrayLike,
        particles: int,
        energy: int,
        *,
        quantum: float = 1.0,
        start: str | ArrayLike = "ground",
        seed: int | np.random.Generator = 0,
    ):
        body = Body.started(levels, particles, quantum, start)
        total = as_total_energy(energy, body.particles, body.lowest)
        key = as_seed(seed)

        held = total - body.energy()
        if held < 0:
            raise ValueError(f"start has an energy of {total - held}, more than energy, {total}")
        if total - body.particles * body.lowest >= MOST_QUANTA:
            raise ValueError(f"energy is {total}: a purse holds less than 2**62 quanta")
        self._begin(Exchange.started([body], even_purses(held, body.demons), key, ALONE))

    def _begin(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._body = exchange.bodies[0]
        self.partial: ClosedRun | None = None

    @property
    def levels(self) -> EnergyLevels:
        """The energy levels."""
        return self._body.levels

    @property
    def quantum(self) -> float:
        """The quantum, in the unit of the levels' energies."""
        return self._body.quantum

    @property
    def particles(self) -> int:
        """How many particles there are."""
        return self._body.particles

    @property
    def demons(self) -> int:
        """How many demons there are."""
        return self._exchange.purses.size

    @property
    def sweeps(self) -> int:
        """How many sweeps were made."""
        return self._exchange.sweeps

    @property
    def counts(self) -> IntArray:
        """The particles on each level now, (K,)."""
        return self._body.counts()

    @property
    def energy(self) -> int:
        """The energy of particles and demons together, in quanta, added up anew; never changed."""
        return self._exchange.energy

    @property
    def demon(self) -> NDArray[np.int64]:
        """The quanta in the purse of each demon now, (D,)."""
        return self._exchange.purses.astype(np.int64)

    def __repr__(self) -> str:
        return (
            f"ClosedBox({len(self.levels)} levels, particles={self.particles}, "
            f"energy={self.energy}, quantum={self.quantum:g}, {self.demons} demons, "
            f"{self.sweeps} sweeps done)"
        )

    def run(
        self,
        sweeps: int,
        burn_in: int = 0,
        *,
        every: int = 1,
        progress: bool | None = None,
        threads: int | None = None,
    ) -> ClosedRun:
        """Let every particle try `burn_in` moves unrecorded, then `sweeps` recorded moves.

        Parameters
        ----------
        sweeps, burn_in : int
            At least 1, and at least 0.
        every : int
            Record the sweeps whose number is a multiple of `every`, which is at most `sweeps`.
        progress : bool, optional
            Whether to show a progress bar; by default on a terminal, once a run takes over a
            second.
        threads : int, optional
            How many threads share the particles; by default as many as are worth starting. The
            result does not depend on it.

        Returns
        -------
        ClosedRun
            The counts on the levels and the energy, after each recorded sweep.

        Raises
        ------
        ValueError
            If an argument is not as above.
        KeyboardInterrupt
            On Ctrl-C. The box stands at the end of a sweep and can go on; what was recorded is in
            `partial`.

        Examples
        --------
        >>> run = ClosedBox([0, 1, 2], particles=1024, energy=1000).run(sweeps=60, every=20)
        >>> run.counts.shape, bool((run.energy + run.demon == 1000).all())
        ((3, 3), True)
        """
        self.partial = None

        def interrupted(counts: list[IntArray], done: int) -> None:
            self.partial = self._result(counts[0], done, every)

        counts, sweeps, every = run(
            self._exchange, sweeps, burn_in, every, progress, threads, interrupted
        )
        return self._result(counts[0], sweeps, every)

    def _result(self, counts: IntArray, sweeps: int, every: int) -> ClosedRun:
        record = of_body(self._body, counts)
        return ClosedRun(
            counts=record.counts,
            energy=record.energy,
            demon=self.energy - record.energy,
            demons=self.demons,
            sweeps=sweeps,
            every=every,
            quantum=self.quantum,
            _body=record,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the box to a file, from which `load` goes on as if it had never stopped.

        Parameters
        ----------
        path : str or os.PathLike
            The file; one that exists is replaced at once, or stays as it is.

        Raises
        ------
        OSError
            If its folder does not exist or cannot be written to.

        Examples
        --------
        >>> import tempfile
        >>> box = ClosedBox([0, 1], particles=1000, energy=300)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     box.save(f"{folder}/box")
        ...     again = ClosedBox.load(f"{folder}/box")
        >>> np.array_equal(box.run(10).counts, again.run(10).counts)
        True
        """
        saved.save(path, saved.BOX, self._exchange)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "ClosedBox":
        """Return the box that `save` wrote.

        Parameters
        ----------
        path : str or os.PathLike
            The file.

        Raises
        ------
        ValueError
            If the file is damaged or is no saved box; it is left as it is.
        OSError
            If there is none, or it cannot be read.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ClosedBox([0, 1], particles=1000, energy=300).save(f"{folder}/box")
        ...     ClosedBox.load(f"{folder}/box").particles
        1000
        """
        box = cls.__new__(cls)
        box._begin(saved.load(path, saved.BOX))
        return box

    def _copy(self) -> tuple[Body, Any]:
        """Return a copy of the particles, and one of the purses."""
        body = Body(self.levels, self.quantum, self._body.states.copy())
        return body, self.demon
