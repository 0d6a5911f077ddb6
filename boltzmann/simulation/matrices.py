"""The transition matrix of one particle: in floating point, and as the kernel really runs it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray, as_temperature
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.dynamics import Dynamics, refuse_large
from boltzmann.simulation.kernels import move_tables, moves


def transition_matrix(
    levels: EnergyLevels | ArrayLike,
    t: ArrayLike,
    proposal: str | ArrayLike = "uniform",
    rule: str = "metropolis",
) -> FloatArray:
    """Return the chain of one particle: P_ij = q_ij a_ij for i ≠ j, and P_ii what is left.

    With r = (g_j q_ji / g_i q_ij) exp(-(E_j - E_i)/t) the acceptance is a_ij = min(1, r) by
    Metropolis's rule and r/(1 + r) by Glauber's (Barker's).

    Parameters
    ----------
    levels : EnergyLevels or (K,) array_like
        The system, or the energies of K levels of degeneracy 1.
    t : float
        Temperature, in the unit of the energies; 0, ±inf and negative ones included.
    proposal : {"uniform", "neighbour"} or (K, K) array_like
        How the next level is proposed: q_ij = 1/K; one step down or up with 1/2 each, a step off
        the end being rejected; or your own row-stochastic matrix. Its correction q_ji/q_ij has no
        temperature.
    rule : {"metropolis", "glauber", "heat-bath"}
        "heat-bath" draws anew from the Boltzmann weights of the levels in play: of all K under the
        uniform proposal, of the present and the proposed one otherwise (which is Glauber's rule).

    Returns
    -------
    (K, K) ndarray
        Row i holds the probabilities of the next level of a particle on level i.

    Raises
    ------
    ValueError
        If an argument is not as above, or the matrix proposes i → j and never j → i.

    See Also
    --------
    quantised_transition_matrix : The chain as the kernel runs it.
    Ensemble : Particles in a bath, by Metropolis's rule.

    References
    ----------
    .. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
    .. [2] W. K. Hastings, Biometrika 57, 97 (1970).
    .. [3] A. A. Barker, Aust. J. Phys. 18, 119 (1965); R. J. Glauber, J. Math. Phys. 4, 294 (1963).

    Examples
    --------
    >>> transition_matrix([0, 1], 1.0, proposal="neighbour").round(4)
    array([[0.8161, 0.1839],
           [0.5   , 0.5   ]])
    """
    temperature = as_temperature(t, "t")
    return Dynamics.checked(levels, proposal, rule).transition_matrix(temperature)


def closed_classes(dynamics: Dynamics, temperature: float) -> list[NDArray[np.int64]]:
    """Return the sets of allowed levels that a particle does not leave, each as small as can be.

    Where there are several, particles in one never come to another, and the gas does not relax to
    Boltzmann's law: forbidden levels part neighbours, and at t = 0 every valley keeps its
    particles.

    References
    ----------
    .. [1] W. Feller, An Introduction to Probability Theory and Its Applications, vol. 1, 3rd ed.,
       sec. XV.4 (1968): closed sets of states.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    targets, probabilities = dynamics.transition_rows(temperature)  # (K, M + 1) each
    here, bucket = np.nonzero(probabilities > 0)
    there = targets[here, bucket]
    allowed = dynamics.levels.energies < np.inf
    size = len(dynamics.levels)

    moves_made = csr_array((np.ones(here.size), (here, there)), shape=(size, size))
    count, label = connected_components(moves_made, connection="strong")
    leaves = np.bincount(label[here], weights=label[here] != label[there], minlength=count) > 0
    return [
        np.flatnonzero(label == each)
        for each in range(count)
        if not leaves[each] and allowed[label == each].any()
    ]


def quantised_transition_matrix(
    levels: EnergyLevels | ArrayLike,
    t: ArrayLike,
    proposal: str | ArrayLike = "uniform",
    rule: str = "metropolis",
) -> tuple[NDArray[np.int64], int]:
    """Return the chain that the kernel runs, as whole numbers: P_ij = words_ij / total.

    Of `total` equally likely random words, words_ij take a particle from level i to level j.

    Parameters
    ----------
    levels, t, proposal, rule
        As in `transition_matrix`.

    Returns
    -------
    words : (K, K) ndarray of int64
        Counted from the kernel's own table where it uses one.
    total : int
        The sum of each row; P_ij is a rational number.

    Raises
    ------
    ValueError
        As in `transition_matrix`.

    See Also
    --------
    transition_matrix : The chain of one particle, in floating point.
    Ensemble : Particles in a bath, by Metropolis's rule.

    Examples
    --------
    >>> words, total = quantised_transition_matrix([0, 1], 1.0)
    >>> total == 2**32, (words / total).round(4).tolist()
    (True, [[0.8161, 0.1839], [0.5, 0.5]])
    """
    temperature = as_temperature(t, "t")
    dynamics = Dynamics.checked(levels, proposal, rule)
    refuse_large(len(dynamics.levels))
    table = dynamics.move_table(temperature)
    if table.alias is not None:
        return _words_of_alias(table)
    return _words_of_acceptances(dynamics, temperature, table)


def _words_of_alias(table: moves.MoveTable) -> tuple[NDArray[np.int64], int]:
    """Return the words (K, K) of an alias table, and their sum in each row."""
    total = table.buckets * (move_tables.WORDS // table.buckets)
    rows = table.alias.reshape(-1, table.buckets)
    words = move_tables.alias_words(rows, table.rows_per_level, table.energies.size)
    return words, total


def _words_of_acceptances(
    dynamics: Dynamics, temperature: float, table: moves.MoveTable
) -> tuple[NDArray[np.int64], int]:
    """Return the words (K, K) of proposals that are accepted or end in staying, and their sum."""
    bucket_words = move_tables.WORDS if table.wide else move_tables.WORDS // table.buckets
    if table.thresholds is not None:
        thresholds = table.thresholds.reshape(-1, table.buckets)
        accepted = move_tables.threshold_words(thresholds)  # (K, M)
    else:
        accepted = np.rint(dynamics.acceptances(temperature) * bucket_words).astype(np.int64)

    here = np.arange(len(dynamics.levels))
    total = table.buckets * bucket_words
    words = np.zeros((here.size, here.size), np.int64)
    np.add.at(words, (here[:, None], dynamics.targets()), accepted)
    words[here, here] += total - words.sum(axis=1)
    return words, total
