"""Given probabilities at another temperature."""

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import FloatArray, as_floats, as_probabilities, as_temperatures
from boltzmann._core.threads import Pool, available_processors
from boltzmann.analytic.distribution import as_axis, boltzmann_distribution, limits_are_meant
from boltzmann.analytic.many import MANY, MANY_A_THREAD


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

    See Also
    --------
    softmax : Probabilities of logits.
    probabilities : The law, softmax(-E/t) of levels.
    boltzmann.language.Temperature : The step that divides by t.

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
    dimensions = p.ndim if isinstance(p, np.ndarray) else as_floats("p", p, masked=0.0).ndim
    axis = as_axis(axis, max(dimensions, 1))
    given = as_probabilities("p", p, axis)
    levels = np.moveaxis(given, axis, -1)
    temperatures = as_temperatures(t, "t")
    if levels.size * temperatures.size >= MANY:
        tempered = _compiled(levels, temperatures)
    else:
        tempered = _by_numpy(levels, temperatures)
    return np.moveaxis(tempered, -1, axis - given.ndim)


@limits_are_meant
def _by_numpy(levels: FloatArray, temperatures: FloatArray) -> FloatArray:
    """Return probabilities (..., K) at temperatures, t.shape + (..., K)."""
    t = temperatures.reshape(temperatures.shape + (1,) * levels.ndim)

    # Energies -log(p/q), with q the probability of the level that they are measured from.
    likeliest = levels.max(axis=-1, keepdims=True)
    rarest = levels.min(axis=-1, keepdims=True, where=levels > 0, initial=np.inf)
    energies = -_log_ratio(levels, np.where(t < 0, rarest, likeliest))

    distribution = boltzmann_distribution(energies, np.zeros(1), t)
    return np.where(t == 1, levels, distribution.p)


def _compiled(levels: FloatArray, temperatures: FloatArray) -> FloatArray:
    """Return what `_by_numpy` does, row by row; limits are left to it, in pieces."""
    from boltzmann.analytic.temper_kernel import temper_rows  # loaded here: it takes Numba

    size = levels.shape[-1]
    rows = np.ascontiguousarray(levels).reshape(-1, size).view()  # (R, K)
    rows.flags.writeable = False  # whoever's they are: a kernel is compiled for one type
    t = temperatures.ravel()  # (T,)
    out = np.empty((t.size, *rows.shape))  # (T, R, K)
    regular = np.empty(len(rows), np.bool_)
    finite = np.isfinite(t) & (t != 0)

    shares = min(available_processors(), len(rows), out.size // MANY_A_THREAD + 1)
    some = t[finite]
    found = out if finite.all() else np.empty((some.size, *rows.shape))

    def work(share: int) -> None:
        part = slice(len(rows) * share // shares, len(rows) * (share + 1) // shares)
        temper_rows(rows[part], some, found[:, part], regular[part])

    with Pool(shares) as pool:
        pool.map(work, shares)
    if found is not out:
        out[finite] = found

    a_piece = max(1, MANY // size)
    for i in range(t.size):
        left = np.flatnonzero(~regular) if finite[i] else np.arange(len(rows))
        for first in range(0, left.size, a_piece):
            part = left[first : first + a_piece]
            out[i, part] = _by_numpy(rows[part], t[i])
    out[t == 1] = rows
    return out.reshape(temperatures.shape + levels.shape)
