"""Softmax, its logarithm, and its normaliser."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.arrays import is_plain
from boltzmann._core.checks import FloatArray, as_floats
from boltzmann._core.threads import Pool, available_processors
from boltzmann.analytic.distribution import (
    Distribution,
    as_axis,
    as_scalars,
    distribution_of_logits,
    levels_last,
    log_partition_of,
)
from boltzmann.analytic.many import MANY, MANY_A_THREAD


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

    See Also
    --------
    log_softmax : The logarithm of softmax.
    logsumexp : The logarithm of softmax's denominator.
    temper : Probabilities at another temperature.
    boltzmann.language.draw : Tokens, drawn at a temperature.

    Examples
    --------
    >>> softmax([1000, 1000, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    x = _as_logits(x)
    if _is_much(x):
        return np.moveaxis(_compiled(x, axis, "softmax_rows", lambda d: d.p), -1, axis)
    return np.moveaxis(distribution_of_logits(x, axis).p, -1, axis)


def _as_logits(x: ArrayLike) -> NDArray[np.floating]:
    """Return `x` as an array of floats; one that is so already is not yet checked."""
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and is_plain(x):
        return x
    return as_floats("x", x, masked=-np.inf)


def _is_much(x: NDArray[np.floating]) -> bool:
    """Tell whether logits are so many that compiled code is worth loading."""
    return x.ndim > 0 and x.size >= MANY


def _compiled(
    x: NDArray[np.floating],
    axis: int,
    kernel: str,
    by_numpy: Callable[[Distribution], FloatArray],
) -> FloatArray:
    """Return what a kernel of rows computes, (..., K), or (..., 1) for logsumexp, `axis` last.

    Rows that are irregular are checked, and computed by NumPy.
    """
    from boltzmann.analytic import kernel as kernels  # loaded here: Numba takes half a second

    axis = as_axis(axis, x.ndim)
    dtype = np.float32 if x.dtype.itemsize <= 4 else np.float64
    last_axis = np.ascontiguousarray(np.moveaxis(x, axis, -1), dtype=dtype)  # (..., K)
    rows = last_axis.reshape(-1, last_axis.shape[-1]).view()  # (R, K)
    rows.flags.writeable = False  # whoever's they are: each kernel is compiled for one type

    last = () if kernel == "logsumexp_rows" else rows.shape[1:]
    out = np.empty((len(rows), *last))
    regular = np.empty(len(rows), np.bool_)
    shares = min(available_processors(), len(rows), x.size // MANY_A_THREAD + 1)

    def work(share: int) -> None:
        part = slice(len(rows) * share // shares, len(rows) * (share + 1) // shares)
        getattr(kernels, kernel)(rows[part], out[part], regular[part])

    with Pool(shares) as pool:
        pool.map(work, shares)

    out = out.reshape(len(rows), -1)
    irregular = np.flatnonzero(~regular)
    if irregular.size:
        levels_last("x", x, axis, -np.inf)
        some = max(1, MANY // rows.shape[1])
        for first in range(0, irregular.size, some):
            part = irregular[first : first + some]
            out[part] = by_numpy(distribution_of_logits(rows[part], -1))
    return out.reshape(*last_axis.shape[:-1], -1)


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

    See Also
    --------
    softmax : Probabilities of logits.
    logsumexp : The logarithm of softmax's denominator.

    Examples
    --------
    >>> log_softmax([0, -40, -1000])
    array([-4.24835426e-18, -4.00000000e+01, -1.00000000e+03])
    """
    x = _as_logits(x)
    if _is_much(x):
        return np.moveaxis(_compiled(x, axis, "log_softmax_rows", _log_p), -1, axis)
    return np.moveaxis(_log_p(distribution_of_logits(x, axis)), -1, axis)


def _log_p(distribution: Distribution) -> FloatArray:
    return 0.0 - distribution.x - distribution.log_z


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

    See Also
    --------
    softmax : Probabilities of logits.
    log_partition : The logarithm of the law's denominator.

    Examples
    --------
    >>> float(logsumexp([1e308, 0]))
    1e+308
    """
    x = _as_logits(x)
    if _is_much(x):
        return as_scalars(_compiled(x, axis, "logsumexp_rows", log_partition_of))
    return as_scalars(log_partition_of(distribution_of_logits(x, axis)))
