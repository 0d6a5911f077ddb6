"""Bodies in contact: boxes of different systems whose demons go from one to the other."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import as_seed
from boltzmann.simulation.closed import saved
from boltzmann.simulation.closed.bodies import IntArray
from boltzmann.simulation.closed.box import MOST_QUANTA, ClosedBox
from boltzmann.simulation.closed.engine import Exchange
from boltzmann.simulation.closed.record import ContactRun, of_body
from boltzmann.simulation.closed.running import run
from boltzmann.simulation.kernels.random_streams import IN_CONTACT


class Contact:
    """Several closed boxes whose demons go from one to the other, and energy with them.

    Particles stay in their body, on its levels. The contact begins with a copy of the boxes, as
    they are now; the boxes themselves stay as they are.

    Parameters
    ----------
    boxes : sequence of ClosedBox
        At least one, all with the same quantum, and together less than 2⁶² quanta above the lowest
        levels.
    seed : int or numpy.random.Generator
        Equal seeds give equal results; the boxes' own random streams are not used.

    Raises
    ------
    ValueError
        If an argument is not as above.

    See Also
    --------
    ClosedBox : Particles that share a fixed energy, without a bath.
    microcanonical_temperature : The temperature of the closed box, exactly.
    Ensemble : Particles in a bath, by Metropolis's rule.

    Examples
    --------
    >>> hot = ClosedBox([0, 1], particles=1000, energy=400)
    >>> cold = ClosedBox([0, 1], particles=1000, energy=100)
    >>> run = Contact([hot, cold], seed=1).run(sweeps=2000, burn_in=500)
    >>> [body.occupancy.round(1).tolist() for body in run.bodies]
    [[0.8, 0.2], [0.8, 0.2]]
    """

    def __init__(self, boxes: Sequence[ClosedBox], *, seed: int | np.random.Generator = 0):
        try:
            boxes = list(boxes)
        except TypeError:
            raise ValueError(f"boxes must be a sequence of ClosedBox, got {boxes!r}") from None
        if not boxes:
            raise ValueError("boxes is empty: a contact has at least one")
        for index, box in enumerate(boxes):
            if not isinstance(box, ClosedBox):
                raise ValueError(f"boxes[{index}] must be a ClosedBox, got {box!r}")
            if box.quantum != boxes[0].quantum:
                raise ValueError(
                    f"boxes[{index}] has a quantum of {box.quantum:g}, but boxes[0] one of "
                    f"{boxes[0].quantum:g}: in contact they must be the same"
                )
        above_ground = sum(box.energy - box.particles * box._body.lowest for box in boxes)
        if above_ground >= MOST_QUANTA:
            raise ValueError(f"boxes have {above_ground} quanta: a purse holds less than 2**62")
        bodies, purses = zip(*(box._copy() for box in boxes), strict=True)
        self._begin(
            Exchange.started(list(bodies), np.concatenate(purses), as_seed(seed), IN_CONTACT)
        )

    def _begin(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.partial: ContactRun | None = None

    @property
    def counts(self) -> list[IntArray]:
        """The particles on each level of each body now, each (K,)."""
        return [body.counts() for body in self._exchange.bodies]

    @property
    def energies(self) -> list[int]:
        """The energy of the particles of each body now, in quanta."""
        return [body.energy() for body in self._exchange.bodies]

    @property
    def energy(self) -> int:
        """The energy of all bodies and demons, in quanta, added up anew; never changed."""
        return self._exchange.energy

    @property
    def demon(self) -> NDArray[np.int64]:
        """The quanta in the purse of each demon now, (D,)."""
        return self._exchange.purses.astype(np.int64)

    @property
    def demons(self) -> int:
        """How many demons there are."""
        return self._exchange.purses.size

    @property
    def sweeps(self) -> int:
        """How many sweeps were made."""
        return self._exchange.sweeps

    def __repr__(self) -> str:
        particles = [body.particles for body in self._exchange.bodies]
        return (
            f"Contact(bodies of {particles} particles, energy={self.energy}, "
            f"{self.demons} demons, {self.sweeps} sweeps done)"
        )

    def run(
        self,
        sweeps: int,
        burn_in: int = 0,
        *,
        every: int = 1,
        progress: bool | None = None,
        threads: int | None = None,
    ) -> ContactRun:
        """Let every particle try `burn_in` moves unrecorded, then `sweeps` recorded moves.

        Parameters
        ----------
        sweeps, burn_in, every, progress, threads
            As in `ClosedBox.run`.

        Returns
        -------
        ContactRun
            The counts and the energy of each body, after each recorded sweep.

        Raises
        ------
        ValueError, KeyboardInterrupt
            As in `ClosedBox.run`.

        Examples
        --------
        >>> box = ClosedBox([0, 1], particles=100, energy=40)
        >>> run = Contact([box, box]).run(sweeps=10)
        >>> set((run.bodies[0].energy + run.bodies[1].energy + run.demon).tolist())
        {80}
        """
        self.partial = None

        def interrupted(counts: list[IntArray], done: int) -> None:
            self.partial = self._result(counts, done, every)

        counts, sweeps, every = run(
            self._exchange, sweeps, burn_in, every, progress, threads, interrupted
        )
        return self._result(counts, sweeps, every)

    def _result(self, counts: list[IntArray], sweeps: int, every: int) -> ContactRun:
        bodies = tuple(
            of_body(body, its) for body, its in zip(self._exchange.bodies, counts, strict=True)
        )
        return ContactRun(
            demon=self.energy - np.sum([body.energy for body in bodies], axis=0),
            demons=self.demons,
            sweeps=sweeps,
            every=every,
            quantum=self._exchange.bodies[0].quantum,
            bodies=bodies,
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the contact to a file, from which `load` goes on as if it had never stopped.

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
        >>> box = ClosedBox([0, 1], particles=100, energy=40)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Contact([box, box]).save(f"{folder}/contact")
        ...     Contact.load(f"{folder}/contact").energy
        80
        """
        saved.save(path, saved.CONTACT, self._exchange)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Contact":
        """Return the contact that `save` wrote.

        Parameters
        ----------
        path : str or os.PathLike
            The file.

        Raises
        ------
        ValueError
            If the file is damaged or is no saved contact; it is left as it is.
        OSError
            If there is none, or it cannot be read.

        Examples
        --------
        >>> import tempfile
        >>> box = ClosedBox([0, 1], particles=100, energy=40)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Contact([box]).save(f"{folder}/contact")
        ...     Contact.load(f"{folder}/contact").demons
        1
        """
        contact = cls.__new__(cls)
        contact._begin(saved.load(path, saved.CONTACT))
        return contact
