"""Energy levels: what a system is, and a catalogue of systems.

Boltzmann's constant is 1 everywhere: an energy and a temperature have the same unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import (
    FloatArray,
    as_count,
    as_floats,
    as_generator,
    as_positive,
    as_probabilities,
    refuse_first,
)


def _frozen(values: FloatArray) -> FloatArray:
    """Return a private read-only copy."""
    copy = np.array(values, dtype=np.float64)
    copy.flags.writeable = False
    return copy


def _names(labels: Any, count: int) -> tuple[str, ...]:
    """Return the names of `count` levels."""
    try:
        names = tuple(map(str, range(count) if labels is None else labels))
    except TypeError:
        raise ValueError(f"labels must be a sequence of {count} names, got {labels!r}") from None
    if len(names) != count:
        raise ValueError(f"labels has {len(names)} entries for {count} levels")
    return names


@dataclass(frozen=True, eq=False)
class EnergyLevels:
    """A system with K energy levels.

    Parameters
    ----------
    energies : (K,) array_like
        The energy of each level, in any order. +inf or a mask marks a forbidden level, -inf one
        that takes all weight.
    degeneracies : (K,) array_like, optional
        How many states share each level; positive, 1 by default.
    labels : sequence of K str, optional
        A name for each level; its index by default.

    Raises
    ------
    ValueError
        If an array has the wrong shape, an energy is nan, no level is allowed, a degeneracy is not
        positive and finite, or `labels` are not K.

    See Also
    --------
    two_level : The smallest system.
    ladder : Equally spaced levels from 0.
    molecule : A diatomic molecule by its name.
    probabilities : The law, softmax(-E/t) of levels.

    Examples
    --------
    >>> levels = EnergyLevels([0, 1, 3], degeneracies=[1, 3, 5])
    >>> len(levels), levels.states
    (3, 9.0)
    """

    energies: FloatArray
    degeneracies: FloatArray
    labels: tuple[str, ...]

    def __init__(
        self,
        energies: ArrayLike,
        degeneracies: ArrayLike | None = None,
        labels: Sequence[Any] | None = None,
    ):
        energies = as_floats("energies", energies, masked=np.inf)
        if energies.ndim != 1:
            raise ValueError(f"energies must have shape (K,), got {energies.shape}")
        if energies.size == 0:
            raise ValueError("energies is empty: a system has at least one level")
        if np.all(energies == np.inf):
            raise ValueError("energies are all +inf: at least one level must be allowed")

        if degeneracies is None:
            weights = np.ones_like(energies)
        else:
            weights = as_floats("degeneracies", degeneracies)
        if weights.shape != energies.shape:
            raise ValueError(f"degeneracies must have shape {energies.shape}, got {weights.shape}")
        wrong = ~((weights > 0) & np.isfinite(weights))
        refuse_first("degeneracies", weights, wrong, "it must be positive and finite")

        object.__setattr__(self, "energies", _frozen(energies))
        object.__setattr__(self, "degeneracies", _frozen(weights))
        object.__setattr__(self, "labels", _names(labels, energies.size))

    def __len__(self) -> int:
        return self.energies.size

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EnergyLevels):
            return NotImplemented
        return (
            np.array_equal(self.energies, other.energies)
            and np.array_equal(self.degeneracies, other.degeneracies)
            and self.labels == other.labels
        )

    def __hash__(self) -> int:
        return hash((self.energies.tobytes(), self.degeneracies.tobytes(), self.labels))

    @property
    def states(self) -> float:
        """The number of allowed states, the sum of the degeneracies of levels below +inf."""
        return float(self.degeneracies[self.energies < np.inf].sum())

    def rounded(self, quantum: float) -> "EnergyLevels":
        """Return these levels, each energy rounded to the nearest multiple of a quantum.

        Parameters
        ----------
        quantum : float
            In the unit of the energies.

        Returns
        -------
        EnergyLevels
            Levels with the same degeneracies and labels.

        Raises
        ------
        ValueError
            If `quantum` is not positive and finite, or an energy overflows.

        Examples
        --------
        >>> EnergyLevels([0.12, 0.37]).rounded(0.25).energies
        array([0. , 0.25])
        """
        quantum = as_positive("quantum", quantum)
        finite = np.isfinite(self.energies)
        with np.errstate(over="ignore"):
            energies = np.where(finite, quantum * np.rint(self.energies / quantum), self.energies)
        overflowed = ~np.isfinite(energies) & finite
        refuse_first("energies", self.energies, overflowed, f"it overflows in units of {quantum:g}")
        return EnergyLevels(energies + 0.0, self.degeneracies, self.labels)

    @classmethod
    def from_probabilities(
        cls, p: ArrayLike, labels: Sequence[Any] | None = None
    ) -> "EnergyLevels":
        """Return the levels whose law at t = 1 is `p`: E = -log p, so that p = 0 is forbidden.

        Parameters
        ----------
        p : (K,) array_like
            Probabilities, summing to 1.
        labels : sequence of K str, optional
            As in `EnergyLevels`.

        Raises
        ------
        ValueError
            If `p` has not shape (K,), an entry is negative or nan, the sum is not 1, or `labels`
            are not K.

        Examples
        --------
        >>> EnergyLevels.from_probabilities([0.5, 0.5, 0.0]).energies
        array([0.69314718, 0.69314718,        inf])
        """
        probabilities = as_probabilities("p", p)
        if probabilities.ndim != 1:
            raise ValueError(f"p must have shape (K,), got {probabilities.shape}")
        with np.errstate(divide="ignore"):
            return cls(0.0 - np.log(probabilities), labels=labels)

    @classmethod
    def from_logits(cls, logits: ArrayLike, labels: Sequence[Any] | None = None) -> "EnergyLevels":
        """Return the levels whose law at t = 1 is softmax(logits): E = -logits.

        Parameters
        ----------
        logits : (K,) array_like
            Unnormalised log-probabilities, in nats; -inf or masked is forbidden.
        labels : sequence of K str, optional
            As in `EnergyLevels`.

        Raises
        ------
        ValueError
            If `logits` has not shape (K,), an entry is nan, all are -inf, or `labels` are not K.

        Examples
        --------
        >>> EnergyLevels.from_logits([2.0, -1.5, -np.inf]).energies
        array([-2. , 1.5, inf])
        """
        values = as_floats("logits", logits, masked=-np.inf)
        if values.ndim != 1 or values.size == 0:
            raise ValueError(
                f"logits must have shape (K,) with K of at least 1, got {values.shape}"
            )
        if np.all(values == -np.inf):
            raise ValueError("logits are all -inf: at least one level must be allowed")
        return cls(0.0 - values, labels=labels)


def _scaled(name: str, value: float, multiples: FloatArray) -> FloatArray:
    """Return energies (K,) that are multiples of one positive number.

    An energy that overflows is refused, as at +inf its level would be forbidden.
    """
    scale = as_positive(name, value)
    with np.errstate(over="ignore"):
        energies = scale * multiples
    beyond = np.flatnonzero(np.isinf(energies))
    if beyond.size:
        raise ValueError(f"{name} is {scale}: energies[{beyond[0]}] overflows")
    return energies


def two_level(gap: float = 1.0, degeneracy: float = 1.0) -> EnergyLevels:
    """Return a ground state and `degeneracy` excited states, `gap` above it.

    Parameters
    ----------
    gap : float
        The energy of an excited state over the ground state, in the unit of the temperature.
    degeneracy : float
        How many excited states there are.

    Returns
    -------
    EnergyLevels
        Two levels, at 0 and at `gap`.

    Raises
    ------
    ValueError
        If `gap` or `degeneracy` is not positive and finite.

    See Also
    --------
    ladder : Equally spaced levels from 0.
    EnergyLevels : Levels of your own.

    References
    ----------
    .. [1] W. Schottky, Phys. Z. 23, 448 (1922).

    Examples
    --------
    >>> two_level(gap=2.0).energies
    array([0., 2.])
    """
    return EnergyLevels(
        [0.0, as_positive("gap", gap)], [1.0, as_positive("degeneracy", degeneracy)]
    )


def ladder(count: int, spacing: float = 1.0) -> EnergyLevels:
    """Return `count` equally spaced levels: E_n = n·spacing, n = 0, 1, …, count - 1.

    Parameters
    ----------
    count : int
        How many levels, at least 1.
    spacing : float
        The energy from one level to the next, in the unit of the temperature.

    Returns
    -------
    EnergyLevels
        The levels n = 0 … `count` - 1, each of degeneracy 1.

    Raises
    ------
    ValueError
        If `count` is below 1, `spacing` is not positive and finite, or an energy overflows.

    See Also
    --------
    harmonic_oscillator : Equally spaced levels from half a quantum.
    EnergyLevels : Levels of your own.

    Examples
    --------
    >>> ladder(4).energies
    array([0., 1., 2., 3.])
    """
    n = np.arange(as_count("count", count), dtype=np.float64)
    return EnergyLevels(_scaled("spacing", spacing, n))


def harmonic_oscillator(count: int, quantum: float = 1.0) -> EnergyLevels:
    """Return the lowest `count` levels of a harmonic oscillator: E_n = (n + 1/2)·quantum.

    Parameters
    ----------
    count : int
        How many levels, at least 1.
    quantum : float
        The energy ħω from one level to the next, in the unit of the temperature.

    Returns
    -------
    EnergyLevels
        The levels n = 0 … `count` - 1, each of degeneracy 1.

    Raises
    ------
    ValueError
        If `count` is below 1, `quantum` is not positive and finite, or an energy overflows.

    See Also
    --------
    ladder : Equally spaced levels from 0.
    diatomic : A molecule by its constants.

    References
    ----------
    .. [1] A. Einstein, Ann. Phys. 327, 180 (1907).

    Examples
    --------
    >>> harmonic_oscillator(3).energies
    array([0.5, 1.5, 2.5])
    """
    n = np.arange(as_count("count", count), dtype=np.float64)
    return EnergyLevels(_scaled("quantum", quantum, n + 0.5))


def rigid_rotor(count: int, constant: float = 1.0) -> EnergyLevels:
    """Return the lowest `count` levels of a linear rotor: E_J = J(J + 1)·constant, g_J = 2J + 1.

    Parameters
    ----------
    count : int
        How many levels, at least 1.
    constant : float
        The rotational constant ħ²/2I, half the energy of J = 1, in the unit of the temperature.

    Returns
    -------
    EnergyLevels
        The levels J = 0 … `count` - 1.

    Raises
    ------
    ValueError
        If `count` is below 1, `constant` is not positive and finite, or an energy overflows.

    See Also
    --------
    diatomic : A molecule by its constants.
    molecule : A diatomic molecule by its name.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 6.5 (2011).

    Examples
    --------
    >>> rotor = rigid_rotor(3)
    >>> rotor.energies, rotor.degeneracies
    (array([0., 2., 6.]), array([1., 3., 5.]))
    """
    J = np.arange(as_count("count", count), dtype=np.float64)
    return EnergyLevels(_scaled("constant", constant, J * (J + 1)), 2 * J + 1)


def particle_in_box(count: int, ground: float = 1.0) -> EnergyLevels:
    """Return the lowest `count` levels of a particle in a one-dimensional box: E_n = n²·ground.

    n runs from 1 to `count`.

    Parameters
    ----------
    count : int
        How many levels, at least 1.
    ground : float
        The energy of the lowest level, π²ħ²/2mL² for a mass m in a box of length L, in the unit of
        the temperature.

    Returns
    -------
    EnergyLevels
        The levels n = 1 … `count`, each of degeneracy 1.

    Raises
    ------
    ValueError
        If `count` is below 1, `ground` is not positive and finite, or an energy overflows.

    See Also
    --------
    harmonic_oscillator : Equally spaced levels from half a quantum.
    rigid_rotor : Levels with degeneracies 2J + 1.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 1.4 (2011).

    Examples
    --------
    >>> particle_in_box(3).energies
    array([1., 4., 9.])
    """
    n = np.arange(1, as_count("count", count) + 1, dtype=np.float64)
    return EnergyLevels(_scaled("ground", ground, n**2))


def column(layers: int, height: float = 1.0, weight: float = 1.0) -> EnergyLevels:
    """Return a gas column under gravity, cut into `layers` of equal thickness.

    A molecule in layer i has the potential energy of its middle, E_i = weight·(i +
    1/2)·height/layers, so that the law at temperature t is the barometric one.

    Parameters
    ----------
    layers : int
        How many layers, at least 1.
    height : float
        The height of the column, in a unit of length.
    weight : float
        The weight mg of one molecule, in energy per unit of length.

    Returns
    -------
    EnergyLevels
        One level for each layer, the lowest first.

    Raises
    ------
    ValueError
        If `layers` is below 1, another argument is not positive and finite, or an energy overflows.

    See Also
    --------
    ladder : Equally spaced levels from 0.
    EnergyLevels : Levels of your own.

    References
    ----------
    .. [1] R. P. Feynman, R. B. Leighton and M. Sands, The Feynman Lectures on Physics, vol. I,
       ch. 40 (1963).

    Examples
    --------
    >>> column(4, height=8.0).energies
    array([1., 3., 5., 7.])
    """
    thickness = as_positive("height", height) / as_count("layers", layers)
    middles = (np.arange(layers, dtype=np.float64) + 0.5) * thickness
    return EnergyLevels(_scaled("weight", weight, middles))


def random_levels(
    count: int, spread: float = 1.0, seed: int | np.random.Generator = 0
) -> EnergyLevels:
    """Return `count` independent normal energies of standard deviation `spread`, sorted upwards.

    Parameters
    ----------
    count : int
        How many levels, at least 1.
    spread : float
        The standard deviation of the energies, whose mean is 0, in the unit of the temperature.
    seed : int or numpy.random.Generator
        The source of randomness; equal seeds give equal levels.

    Returns
    -------
    EnergyLevels
        Levels of degeneracy 1, the lowest first.

    Raises
    ------
    ValueError
        If `count` is below 1, `spread` is not positive and finite, an energy overflows, or `seed`
        is no seed.

    See Also
    --------
    EnergyLevels : Levels of your own.

    References
    ----------
    .. [1] B. Derrida, Phys. Rev. B 24, 2613 (1981): the random energy model.

    Examples
    --------
    >>> len(random_levels(5, seed=1))
    5
    """
    energies = as_generator(seed).standard_normal(as_count("count", count))
    return EnergyLevels(_scaled("spread", spread, np.sort(energies)))
