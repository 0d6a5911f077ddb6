"""Boltzmann's law of one system at many temperatures, compiled: a pass over the levels for each.

Nothing is kept but a few rows of K numbers, which stay in the cache. The weights are those of
`distribution.py`, g exp(-x) with x = (E - reference)/t, in units of the largest. Temperatures and
energy differences are of ordinary size (`NARROWEST`, `WIDEST`); where there are others, NumPy does
the work.
"""

from functools import partial

import numpy as np

from boltzmann._core.exponential import LIFT, lifted_exp
from boltzmann._core.jit import kernel

LOG_Z, ENERGY, ENTROPY, HEAT_CAPACITY = range(4)  # what `thermodynamics_of_rows` computes

# With |t| within these bounds and energies no farther apart than the widest, no product of a
# weight, a gap and a gap in units of t overflows, in whatever order.
NARROWEST, WIDEST = 1e-70, 1e70
_FORBIDDEN = 1e80  # the gap of a forbidden level: so wide that its weight is 0 at all such t

LANES = 16  # a row of levels is filled up to a multiple of so many; a maximum has as many lanes
_LARGEST_WEIGHT = 2.0**LIFT  # as `lifted_exp` gives it


# A sum may be taken in any order: its terms have one sign. Nothing else is compiled so.
_sum_kernel = partial(kernel, error_model="numpy", fastmath={"contract", "reassoc"})


@kernel(error_model="numpy")
def _fill(energies, inverted, gaps):
    """Fill `gaps` with E - reference, and 0 weight where there is no level; return the reference.

    That is the lowest allowed level, or, `inverted`, the highest.
    """
    lowest = np.inf
    highest = -np.inf
    for j in range(energies.size):
        energy = energies[j]
        lowest = energy if energy < lowest else lowest
        highest = energy if highest < energy < np.inf else highest

    reference = highest if inverted else lowest
    nowhere = -_FORBIDDEN if inverted else _FORBIDDEN
    for j in range(energies.size):
        gaps[j] = energies[j] - reference if energies[j] < np.inf else nowhere
    for j in range(energies.size, gaps.size):
        gaps[j] = nowhere


@kernel(error_model="numpy")
def _largest_log_weight(gaps, log_g, beta, lanes):
    """Return the largest of log g - x."""
    for lane in range(LANES):
        lanes[lane] = -np.inf
    for start in range(0, gaps.size, LANES):
        for lane in range(LANES):
            log_weight = log_g[start + lane] - gaps[start + lane] * beta
            lanes[lane] = log_weight if log_weight > lanes[lane] else lanes[lane]
    largest = -np.inf
    for lane in range(LANES):
        largest = lanes[lane] if lanes[lane] > largest else largest
    return largest


@kernel(error_model="numpy")
def _weigh(gaps, log_g, beta, largest, weights):
    """Fill `weights` with 2^64 g exp(-x - largest)."""
    for j in range(gaps.size):
        weights[j] = lifted_exp((log_g[j] - gaps[j] * beta) - largest)


@kernel
def _likeliest(weights, first):
    """Return a level of the largest weight; the search begins with `first`."""
    if weights[first] == _LARGEST_WEIGHT:
        return first
    level = 0
    while weights[level] != _LARGEST_WEIGHT:
        level += 1
    return level


@_sum_kernel
def _sum(weights):
    """Return the sum of the weights."""
    total = 0.0
    for j in range(weights.size):
        total += weights[j]
    return total


@_sum_kernel
def _sum_of_gaps(weights, gaps):
    """Return the sum of the gaps, weighted."""
    total = 0.0
    for j in range(weights.size):
        total += weights[j] * gaps[j]
    return total


@_sum_kernel
def _sum_of_squares(weights, gaps, mean, beta):
    """Return the sum of (x - mean of x)², weighted."""
    total = 0.0
    for j in range(weights.size):
        x = (gaps[j] - mean) * beta
        total += weights[j] * x * x
    return total


@kernel
def _rest_of(weights, likeliest):
    """Return the sum of all weights but that of the likeliest level, in units of it.

    That one is kept apart lest it swallow the others.
    """
    weights[likeliest] = 0.0
    rest = _sum(weights) * (1 / _LARGEST_WEIGHT)
    weights[likeliest] = _LARGEST_WEIGHT
    return rest


@kernel(error_model="numpy")
def thermodynamics_of_rows(energies, log_degeneracies, temperatures, what, out):
    """Write one quantity of each row of levels at each temperature to `out` (T, R).

    Parameters
    ----------
    energies : (R, K) array
        In C order; +inf is forbidden.
    log_degeneracies : (1,) or (K,) array
        Of the levels of all rows.
    temperatures : (T,) array
    what : int
        LOG_Z, for log Z' = log sum g exp(-x); ENERGY, for the mean of E - reference; ENTROPY, or
        HEAT_CAPACITY.
    out : (T, R) array
    """
    gaps, log_g, weights, lanes, graded = _workspace(energies.shape[1], log_degeneracies)
    for r in range(energies.shape[0]):
        likeliest = 0
        for i in range(temperatures.size):
            t = temperatures[i]
            if i == 0 or (t < 0) != (temperatures[i - 1] < 0):
                _fill(energies[r], t < 0, gaps)
            beta = 1 / t
            largest = _largest_log_weight(gaps, log_g, beta, lanes) if graded else 0.0
            _weigh(gaps, log_g, beta, largest, weights)
            likeliest = _likeliest(weights, likeliest)
            rest = _rest_of(weights, likeliest)

            log_z = largest + np.log1p(rest)
            if what == LOG_Z:
                out[i, r] = log_z
                continue
            total = (1 + rest) * _LARGEST_WEIGHT
            mean = _sum_of_gaps(weights, gaps) / total
            if what == ENERGY:
                out[i, r] = mean
            elif what == ENTROPY:
                out[i, r] = log_z + mean * beta
            else:
                out[i, r] = _sum_of_squares(weights, gaps, mean, beta) / total


@kernel(error_model="numpy")
def probabilities_of_rows(energies, log_degeneracies, temperatures, out):
    """Write the probabilities of each row of levels at each temperature to `out` (T, R, K).

    The other arguments are those of `thermodynamics_of_rows`.
    """
    gaps, log_g, weights, lanes, graded = _workspace(energies.shape[1], log_degeneracies)
    for r in range(energies.shape[0]):
        likeliest = 0
        for i in range(temperatures.size):
            t = temperatures[i]
            if i == 0 or (t < 0) != (temperatures[i - 1] < 0):
                _fill(energies[r], t < 0, gaps)
            beta = 1 / t
            largest = _largest_log_weight(gaps, log_g, beta, lanes) if graded else 0.0
            _weigh(gaps, log_g, beta, largest, weights)
            likeliest = _likeliest(weights, likeliest)

            share = 1 / ((1 + _rest_of(weights, likeliest)) * _LARGEST_WEIGHT)
            for j in range(energies.shape[1]):
                out[i, r, j] = weights[j] * share


@kernel
def _workspace(levels, log_degeneracies):
    """Return rows of gaps, log g and weights, lanes of a maximum, and whether some g is not 1."""
    size = (levels + LANES - 1) // LANES * LANES
    log_g = np.empty(size)
    for j in range(size):
        log_g[j] = log_degeneracies[j] if j < log_degeneracies.size else log_degeneracies[0]
    graded = log_degeneracies.size > 1 or log_degeneracies[0] != 0
    return np.empty(size), log_g, np.empty(size), np.empty(LANES), graded
