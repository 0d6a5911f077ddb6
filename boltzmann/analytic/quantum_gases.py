r"""Exact occupancies of N bosons or fermions: particles that cannot be told apart.

Two arrangements that differ only in which particle is where are one state of the gas. With n_k
particles in state k, any number for bosons and 0 or 1 for fermions, the canonical ensemble is

.. math:: P(n) \propto \prod_k e^{-n_k E_k / t}, \qquad \sum_k n_k = N

Without the sum that is fixed, the n_k would be independent, with a probability p_k of their own.
Whatever the chemical potential in p_k, the gas of N is those independent numbers given that they
sum to N. So the distribution of the sum is built up by adding one state at a time, and the
chemical potential is chosen so that N is near its mean, where no number is small.

Every term of this is positive. The recursion over N that is often used instead, Z_N = (1/N) Σ_m
(±1)^(m-1) Z_1(t/m) Z_{N-m} [1]_, alternates for fermions: of twenty on a ladder with steps of t/5
it has no digit right. Nor is a state taken out of a sum by division, which loses digits, too: for
fermions the others are added up for each level, in K log K additions.

References
----------
.. [1] P. Borrmann and G. Franke, J. Chem. Phys. 98, 2484 (1993).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.arrays import in_one_unit
from boltzmann._core.checks import FloatArray, as_count, as_temperatures, refuse_first
from boltzmann.analytic.distribution import limits_are_meant, per_temperature
from boltzmann.levels import EnergyLevels

_BISECTIONS = 60


def bose_occupancy(levels: EnergyLevels | ArrayLike, t: ArrayLike, particles: int) -> FloatArray:
    r"""Return the fraction of N bosons on each level in the canonical ensemble.

    .. math:: P(n) \propto \prod_k \binom{n_k + g_k - 1}{n_k} e^{-n_k E_k / t}

    with n_k particles on level k. N times the fraction is the mean of n_k.

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
        Degeneracies are whole numbers; the states of a level are counted together.
    t : (...) array_like of temperatures, in the unit of the energies
        Any shape and sign, 0 and ±inf included.
    particles : int
        N, at least 1.

    Returns
    -------
    t.shape + (K,) ndarray
        The mean of n_k/N, summing to 1 over the last axis. For N = 1, and where states are many
        more than particles, these are `probabilities`.

    Raises
    ------
    ValueError
        If an argument is not as above.

    See Also
    --------
    fermi_occupancy : The exact law of fermions.
    QuantumGas : Particles that cannot be told apart, in a bath.
    probabilities : The law, softmax(-E/t) of levels.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 6.2 (2011).

    Examples
    --------
    >>> bose_occupancy([0, 1], np.inf, particles=2)  # of three arrangements; 2, 1 or 0 are below
    array([0.5, 0.5])
    >>> bose_occupancy([0, 1], 1.0, particles=100).round(3)
    array([0.994, 0.006])
    """
    return _occupancies(levels, t, particles, _bose_occupancy)


def fermi_occupancy(levels: EnergyLevels | ArrayLike, t: ArrayLike, particles: int) -> FloatArray:
    r"""Return the fraction of N fermions on each level in the canonical ensemble.

    .. math:: P(n) \propto \prod_k \binom{g_k}{n_k} e^{-n_k E_k / t}

    with n_k ≤ g_k particles on level k. N times the fraction is the mean of n_k. For g_k = 1 it is
    the probability that k is among N different ones in conditional Poisson sampling [2]_.

    Parameters
    ----------
    levels : EnergyLevels, or (K,) array_like of energies
        Degeneracies are whole numbers; the states of a level are counted together.
    t : (...) array_like of temperatures, in the unit of the energies
        Any shape and sign, 0 and ±inf included.
    particles : int
        N, from 1 to the number of allowed states.

    Returns
    -------
    t.shape + (K,) ndarray
        The mean of n_k/N, summing to 1 over the last axis. For N = 1, and where states are many
        more than particles, these are `probabilities`.

    Raises
    ------
    ValueError
        If an argument is not as above.

    See Also
    --------
    bose_occupancy : The exact law of bosons.
    QuantumGas : Particles that cannot be told apart, in a bath.
    boltzmann.language.draw_distinct : Different tokens, drawn at a temperature.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 6.2 (2011).
    .. [2] X.-H. Chen, A. P. Dempster and J. S. Liu, Biometrika 81, 457 (1994).

    Examples
    --------
    >>> 2 * fermi_occupancy([0, 1, 2], [0, np.inf], particles=2)
    array([[1.        , 1.        , 0.        ],
           [0.66666667, 0.66666667, 0.66666667]])
    """
    return _occupancies(levels, t, particles, _fermi_occupancy)


def _occupancies(
    levels: EnergyLevels | ArrayLike,
    t: ArrayLike,
    particles: int,
    occupancy: Callable[[FloatArray, FloatArray, float, int], FloatArray],
) -> FloatArray:
    """Check the arguments, and return the fractions at each temperature."""
    if not isinstance(levels, EnergyLevels):
        t, levels = in_one_unit("t", t, "levels", levels)
    if not isinstance(levels, EnergyLevels):
        levels = EnergyLevels(levels)
    not_whole = levels.degeneracies != np.floor(levels.degeneracies)
    refuse_first("degeneracies", levels.degeneracies, not_whole, "states are counted one by one")
    temperatures = as_temperatures(t, "t")
    particles = as_count("particles", particles)
    if occupancy is _fermi_occupancy and particles > levels.states:
        raise ValueError(
            f"particles is {particles}: there are {levels.states:.0f} states, one for each fermion"
        )

    fractions = np.empty((*temperatures.shape, len(levels)))
    for index in np.ndindex(temperatures.shape):
        t_here = float(temperatures[index])
        fractions[index] = occupancy(levels.energies, levels.degeneracies, t_here, particles)
    return fractions


@limits_are_meant
def _bose_occupancy(
    energies: FloatArray, states: FloatArray, t: float, particles: int
) -> FloatArray:
    """Return the fractions (K,) at one temperature."""
    from boltzmann.analytic.particle_numbers import add_bose_states, bose_means

    x = _above(energies, _highest_filled(energies, states, t, 1), t)  # (K,), from 0 on
    reached = x < np.inf
    x, states = x[reached], states[reached]

    # At the chemical potential µ, a state holds 1/(exp(x - µ/t) - 1) on average. The ground level
    # alone would hold N of them at the upper end of the interval, all levels at x = 0 at the lower.
    def total(potential: float) -> float:
        return float(np.sum(states / np.expm1(x - potential)))

    lower = -np.log1p(states.sum() / particles)
    upper = -np.log1p(states[x == 0].sum() / particles)
    exponent = _root(total, particles, lower, upper) - x
    p, q = np.exp(exponent), -np.expm1(exponent)

    number = _no_particles(particles)
    add_bose_states(number, p, q, states)
    means = np.empty(x.size)
    bose_means(number, p, states, means)
    return _spread(means, reached)


@limits_are_meant
def _fermi_occupancy(
    energies: FloatArray, states: FloatArray, t: float, particles: int
) -> FloatArray:
    """Return the fractions (K,) at one temperature."""
    x = _above(energies, _highest_filled(energies, states, t, particles), t)  # (K,)
    reached = x < np.inf
    x, states = x[reached], states[reached]

    # A state is full with probability 1/(exp(x - µ/t) + 1). With M states, at the lower end of the
    # interval less than one state from x = 0 on is full on average, at the upper end less than one
    # up to x = 0 is empty.
    def total(potential: float) -> float:
        return float(np.sum(states / (np.exp(x - potential) + 1)))

    end = np.log(states.sum()) + 1
    exponent = _root(total, particles, -end, end) - x
    p, q = 1 / (1 + np.exp(-exponent)), 1 / (1 + np.exp(exponent))

    means = np.empty(x.size)
    _fermi_means(_no_particles(particles), p, q, states, means)
    return _spread(means, reached)


def _fermi_means(
    number: FloatArray, p: FloatArray, q: FloatArray, states: FloatArray, means: FloatArray
) -> None:
    """Write the mean number of particles on each level to `means` (L,).

    `number` (N + 1,) is the distribution on all levels but these, but for a factor; it is changed.
    """
    from boltzmann.analytic.particle_numbers import add_fermi_states

    if p.size == 1:
        own = _no_particles(number.size - 1)
        add_fermi_states(own, p, q, states)
        joint = own * number[::-1]  # n on this level, and N - n on all others
        means[0] = np.arange(joint.size) @ joint / joint.sum()
        return

    half = p.size // 2
    first, second = slice(half), slice(half, None)
    for these, others in ((first, second), (second, first)):
        with_others = number.copy()
        add_fermi_states(with_others, p[others], q[others], states[others])
        _fermi_means(with_others, p[these], q[these], states[these], means[these])


def _highest_filled(energies: FloatArray, states: FloatArray, t: float, particles: int) -> float:
    """Return the energy up to which N states are filled at t = 0, or from the top at t < 0."""
    order = np.argsort(energies if t >= 0 else -energies)
    order = order[energies[order] < np.inf]
    filled = np.cumsum(states[order])
    return float(energies[order[np.searchsorted(filled, particles)]])


def _above(energies: FloatArray, reference: float, t: float) -> FloatArray:
    """Return (E - reference)/t, +inf for what is forbidden; energies may be infinite."""
    # In units in which the difference of two finite energies is finite; below t = 1 it may be inf.
    unit = 2.0 if abs(t) > 1 else 1.0
    gap = np.zeros(energies.size)
    np.subtract(energies / unit, reference / unit, out=gap, where=energies != reference)
    return np.where(energies < np.inf, per_temperature(gap, np.array(t / unit)), np.inf)


def _root(total: Callable[[float], float], value: float, lower: float, upper: float) -> float:
    """Return about where the rising function `total` has the value, or the end next to it."""
    for _ in range(_BISECTIONS):
        middle = (lower + upper) / 2
        if total(middle) < value:
            lower = middle
        else:
            upper = middle
    return upper


def _no_particles(most: int) -> FloatArray:
    """Return the distribution (N + 1,) of the number of particles where there is no state."""
    number = np.zeros(most + 1)
    number[0] = 1.0
    return number


def _spread(means: FloatArray, reached: NDArray[np.bool_]) -> FloatArray:
    """Return the fractions on all levels (K,), given the means on those that are reached."""
    fractions = np.zeros(reached.size)
    fractions[reached] = means / means.sum()
    return fractions
