"""Softmax, its logarithm, its normaliser, and the tempering of given probabilities."""

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.arrays import is_plain
from boltzmann._core.checks import FloatArray, as_floats, as_probabilities, as_temperatures
from boltzmann._core.threads import Pool, available_processors
from boltzmann.analytic.distribution import (
    as_axis,
    as_scalars,
    boltzmann_distribution,
    distribution_of_logits,
    limits_are_meant,
    log_partition_of,
)

_MANY = 50_000  # logits, from which on the compiled softmax is worth loading
_MANY_A_THREAD = 1_000_000  # logits, for which another thread is worth starting


def softmax(x: ArrayLike, axis: int = -1) -> FloatArray:
    """Return the softmax of the logits `x`: p_i = exp(x_i) / sum_j exp(x_j).

    Parameters
    ----------
    x : (..., K, ...) array_like
        Logits, dimensionless. -inf is forbidden; +inf takes all weight, shared among equals.
    axis : int
        The axis of the K levels.

    Returns
    -------
    (..., K, ...) ndarray
        Probabilities, shaped like `x`.

    Raises
    ------
    ValueError
        If an entry is nan, there is no level, all levels along `axis` are -inf, or `axis` does not
        exist.

    Examples
    --------
    >>> softmax([1000, 1000, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    compiled = _compiled_softmax(x, axis)
    if compiled is not None:
        return compiled
    return np.moveaxis(distribution_of_logits(x, axis).p, -1, axis)


def _compiled_softmax(x: ArrayLike, axis: int) -> FloatArray | None:
    """Return the softmax by a compiled kernel; None if the array is small or a sum not finite."""
    if not isinstance(x, np.ndarray) or x.size < _MANY or x.dtype.kind != "f" or not is_plain(x):
        return None
    from boltzmann.analytic.kernel import softmax_rows  # loaded here: Numba takes half a second

    axis = as_axis(axis, x.ndim)
    levels_last = np.ascontiguousarray(np.moveaxis(x, axis, -1), dtype=np.float64)  # (..., K)
    p = np.empty(levels_last.shape)
    rows = levels_last.reshape(-1, levels_last.shape[-1])  # (R, K)

    threads = min(available_processors(), len(rows), x.size // _MANY_A_THREAD + 1)
    inputs = np.array_split(rows, threads)
    outputs = np.array_split(p.reshape(rows.shape), threads)
    with Pool(threads) as pool:
        regular = pool.map(lambda share: softmax_rows(inputs[share], outputs[share]), threads)
    return np.moveaxis(p, -1, axis) if all(regular) else None


def log_softmax(x: ArrayLike, axis: int = -1) -> FloatArray:
    """Return log softmax(x), accurate for probabilities near 1 and for those below all floats.

    Parameters
    ----------
    x : (..., K, ...) array_like
        Logits, dimensionless.
    axis : int
        The axis of the K levels.

    Returns
    -------
    (..., K, ...) ndarray
        Natural logarithms of probabilities, shaped like `x`.

    Raises
    ------
    ValueError
        As in `softmax`.

    Examples
    --------
    >>> log_softmax([0, -40, -1000])
    array([-4.24835426e-18, -4.00000000e+01, -1.00000000e+03])
    """
    distribution = distribution_of_logits(x, axis)
    return np.moveaxis(0.0 - distribution.x - distribution.log_z, -1, axis)


def logsumexp(x: ArrayLike, axis: int = -1) -> FloatArray:
    """Return log sum_j exp(x_j), the log partition function of the logits `x`.

    Parameters
    ----------
    x : (..., K, ...) array_like
        Logits, dimensionless.
    axis : int
        The axis of the K levels.

    Returns
    -------
    ndarray or float
        `x` without `axis`; a scalar if `x` is one-dimensional.

    Raises
    ------
    ValueError
        As in `softmax`.

    Examples
    --------
    >>> float(logsumexp([1e308, 0]))
    1e+308
    """
    return as_scalars(log_partition_of(distribution_of_logits(x, axis)))


def _log_ratio(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return log(p/q), accurate to a few units in the last place.

    Between neighbours p/q would lose its distance from 1, so it is log1p of their relative
    difference; elsewhere p/q may overflow, so mantissas and exponents are taken apart.
    """
    p_mantissa, p_exponent = np.frexp(p)
    q_mantissa, q_exponent = np.frexp(q)
    far = np.log(p_mantissa / q_mantissa) + np.log(2.0) * (p_exponent - q_exponent)
    near = np.log1p((p - q) / q)
    return np.where((p > q / 2) & (p < 2 * q), near, far)


@limits_are_meant
def temper(p: ArrayLike, t: ArrayLike, axis: int = -1) -> FloatArray:
    """Return `p` at temperature t, softmax(log p / t): p_i^(1/t) / sum_j p_j^(1/t).

    Also called the escort distribution of order 1/t [1]_. Where t is 1 it is `p` itself.

    Parameters
    ----------
    p : (..., K, ...) array_like
        Probabilities, summing to 1 along `axis`.
    t : (...) array_like
        Temperatures, any shape and sign, dimensionless: the unit of energy is that of -log p.
    axis : int
        The axis of the K levels.

    Returns
    -------
    t.shape + p.shape ndarray
        Probabilities. What is 0 in `p` stays 0.

    Raises
    ------
    ValueError
        If an entry is nan or negative, a sum is not 1, a temperature is nan, or `axis` does not
        exist.

    References
    ----------
    .. [1] C. Beck and F. Schlögl, Thermodynamics of Chaotic Systems, ch. 9 (1993).

    Examples
    --------
    >>> temper([0.2, 0.8, 0.0], [1, 0.5, 0])
    array([[0.2       , 0.8       , 0.        ],
           [0.05882353, 0.94117647, 0.        ],
           [0.        , 1.        , 0.        ]])
    """
    axis = as_axis(axis, max(as_floats("p", p, masked=0.0).ndim, 1))
    given = as_probabilities("p", p, axis)
    levels = np.moveaxis(given, axis, -1)
    temperatures = as_temperatures(t, "t")
    temperatures = temperatures.reshape(temperatures.shape + (1,) * levels.ndim)

    # Energies -log(p/q), with q the probability of the level that they are measured from.
    likeliest = levels.max(axis=-1, keepdims=True)
    rarest = levels.min(axis=-1, keepdims=True, where=levels > 0, initial=np.inf)
    energies = -_log_ratio(levels, np.where(temperatures < 0, rarest, likeliest))

    distribution = boltzmann_distribution(energies, np.zeros(1), temperatures)
    tempered = np.where(temperatures == 1, levels, distribution.p)
    return np.moveaxis(tempered, -1, axis - given.ndim)
