r"""Boltzmann probabilities and the thermodynamic functions that follow from them.

In contact with a bath, a state of energy E is found with probability

.. math:: p = e^{-E/t} / Z, \qquad Z = \sum_i g_i\, e^{-E_i/t}

(Boltzmann [1]_, Gibbs [2]_), where g_i states share level i and Boltzmann's constant is 1. A
language model divides its logits by a number called temperature and takes the softmax: the same law
with E = -logit. That number is a temperature in the physicist's sense, because 1/t = dS/dU: it is
the price of energy in entropy, and systems that trade energy freely end up with the same one.
Nothing here is random or approximated: every function takes energies, subtracts that of a reference
level, and only then divides by t [3]_.

Temperatures may have any shape and any sign. t = 0 is the limit from above, the ground states; at t
= ±inf all allowed states are equally likely; t < 0 inverts the populations. A level at +inf is
forbidden at every t. An array in the place of `levels` holds the energies of one system or of a
batch, with one state per level.

References
----------
.. [1] L. Boltzmann, Wiener Berichte 58, 517 (1868).
.. [2] J. W. Gibbs, Elementary Principles in Statistical Mechanics, ch. IV (1902).
.. [3] P. Blanchard, D. J. Higham and N. J. Higham, IMA J. Numer. Anal. 41, 2311 (2021).
"""

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import FloatArray
from boltzmann.analytic.distribution import (
    Distribution,
    as_scalars,
    checked_levels,
    limits_are_meant,
    log_partition_of,
    per_temperature,
)
from boltzmann.analytic.many import Quantity, quantity_of
from boltzmann.levels import EnergyLevels


def probabilities(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the Boltzmann probabilities p_i = g_i exp(-E_i/t) / Z.

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system; an array holds the energies of one system or of many, with one state per level.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (..., K) ndarray
        The probability of each level, summing to 1 over the last axis.

    Raises
    ------
    ValueError
        If an energy or temperature is nan, there is no level, or no level is allowed.

    See Also
    --------
    log_partition : The logarithm of the law's denominator.
    softmax : Probabilities of logits.
    temper : Probabilities at another temperature.
    Ensemble : Particles in a bath, by Metropolis's rule.
    microcanonical_occupancy : The law of the closed box, exactly.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.3 (2011).

    Examples
    --------
    >>> probabilities(EnergyLevels([0, 1], degeneracies=[1, 3]), [0, np.inf])
    array([[1.  , 0.  ],
           [0.25, 0.75]])
    """
    return quantity_of(_PROBABILITIES, *checked_levels(levels, t))


def log_partition(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return log Z, Z = sum_i g_i exp(-E_i/t).

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system, or energies, as in `probabilities`.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (...) ndarray or float
        Dimensionless. At t = ±inf the log of the number of allowed states; at t = 0 -inf, +inf or
        the log of the ground state's degeneracy, as the ground energy is positive, negative or 0.

    Raises
    ------
    ValueError
        As in `probabilities`.

    See Also
    --------
    free_energy : F = -t log Z.
    logsumexp : The logarithm of softmax's denominator.

    Examples
    --------
    >>> float(np.exp(log_partition([0, 0, 0, 5], np.inf)))
    4.0
    """
    return as_scalars(quantity_of(_LOG_PARTITION, *checked_levels(levels, t)))


def free_energy(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the free energy F = -t log Z.

    Its fall is the most work that a process at constant temperature can yield.

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system, or energies, as in `probabilities`.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (...) ndarray or float
        In the unit of the energies. At t = 0 the ground energy; at t = ±inf, ∓inf, save for a
        single state.

    Raises
    ------
    ValueError
        As in `probabilities`.

    See Also
    --------
    log_partition : The logarithm of the law's denominator.
    mean_energy : U, the mean of the energies.
    entropy : S = (U - F)/t.

    Examples
    --------
    >>> free_energy([3, 3], [0, 1])
    array([3. , 2.30685282])
    """
    return as_scalars(quantity_of(_FREE_ENERGY, *checked_levels(levels, t)))


def mean_energy(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the mean energy U = sum_i p_i E_i.

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system, or energies, as in `probabilities`.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (...) ndarray or float
        In the unit of the energies.

    Raises
    ------
    ValueError
        As in `probabilities`.

    See Also
    --------
    free_energy : F = -t log Z.
    heat_capacity : C = dU/dt.

    Examples
    --------
    >>> mean_energy([0, 1], [0, 1, np.inf])
    array([0. , 0.26894142, 0.5 ])
    """
    return as_scalars(quantity_of(_MEAN_ENERGY, *checked_levels(levels, t)))


def entropy(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the entropy S = (U - F)/t = -sum_i p_i log(p_i/g_i), counted over states.

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system, or energies, as in `probabilities`.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (...) ndarray or float
        In nats. At t = 0 the log of the ground state's degeneracy (the third law), at t = ±inf the
        log of the number of allowed states.

    Raises
    ------
    ValueError
        As in `probabilities`.

    See Also
    --------
    free_energy : F = -t log Z.
    heat_capacity : C = dU/dt.
    perplexity : exp(S), a number of states.

    Examples
    --------
    >>> entropy(EnergyLevels([0, 1], degeneracies=[2, 6]), [0, np.inf]) / np.log(2)
    array([1., 3.])
    """
    return as_scalars(quantity_of(_ENTROPY, *checked_levels(levels, t)))


def heat_capacity(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the heat capacity C = dU/dt = (<E²> - <E>²)/t², the fluctuations of the energy.

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system, or energies, as in `probabilities`.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (...) ndarray or float
        Dimensionless, in units of Boltzmann's constant; 0 at t = 0 and t = ±inf.

    Raises
    ------
    ValueError
        As in `probabilities`.

    See Also
    --------
    mean_energy : U, the mean of the energies.
    entropy : S = (U - F)/t.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.6 (2011).

    Examples
    --------
    >>> heat_capacity([0, 1], [0, 0.416778, np.inf])
    array([0. , 0.43922884, 0. ])
    """
    return as_scalars(quantity_of(_HEAT_CAPACITY, *checked_levels(levels, t)))


@limits_are_meant
def perplexity(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the perplexity exp(S): how many equally likely states would be as uncertain.

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system, or energies, as in `probabilities`.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (...) ndarray or float
        A number of states: at t = 0 the degeneracy of the ground state, at t = ±inf all allowed
        states.

    Raises
    ------
    ValueError
        As in `probabilities`.

    See Also
    --------
    entropy : S = (U - F)/t.

    Examples
    --------
    >>> perplexity([0, 1, 1, 1], [0, np.inf])
    array([1., 4.])
    """
    return np.exp(entropy(levels, t))


# How each quantity follows from a whole distribution, and from what a compiled pass computes.


@limits_are_meant
def _mean_energy_of(distribution: Distribution) -> FloatArray:
    rise = distribution.mean(distribution.gap)
    # The rise is added once for each unit, so that neither step overflows.
    return distribution.reference + rise + (distribution.unit - 1) * rise


@limits_are_meant
def _free_energy_of(distribution: Distribution) -> FloatArray:
    t = distribution.t
    log_z = distribution.log_z  # log Z', in which F = reference - t log Z'
    energy = np.where(np.isinf(t), _mean_energy_of(distribution), distribution.reference)

    # Half of t log Z' is taken off twice, so that the sum cannot overflow on its way.
    half = np.zeros(log_z.shape)
    defined = (log_z != 0) & np.isfinite(distribution.reference)
    np.multiply(t, log_z / 2, out=half, where=defined)
    return energy - half - half


@limits_are_meant
def _entropy_of(distribution: Distribution) -> FloatArray:
    return distribution.log_z + distribution.mean(distribution.x)


@limits_are_meant
def _heat_capacity_of(distribution: Distribution) -> FloatArray:
    mean = distribution.mean(distribution.x)
    return distribution.mean((distribution.x - mean) ** 2)


_PROBABILITIES = Quantity(lambda distribution: distribution.p, None)
_LOG_PARTITION = Quantity(
    log_partition_of,
    "LOG_Z",
    lambda log_z, reference, t: log_z - per_temperature(reference, t),
)
_FREE_ENERGY = Quantity(_free_energy_of, "LOG_Z", lambda log_z, reference, t: reference - t * log_z)
_MEAN_ENERGY = Quantity(_mean_energy_of, "ENERGY", lambda rise, reference, t: reference + rise)
_ENTROPY = Quantity(_entropy_of, "ENTROPY")
_HEAT_CAPACITY = Quantity(_heat_capacity_of, "HEAT_CAPACITY")
