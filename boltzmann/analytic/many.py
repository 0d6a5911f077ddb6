"""Quantities of many levels at many temperatures, without an array of temperatures x levels.

Few numbers are NumPy's work in one piece, so that a small table needs no compiled code. Many are
that of a compiled pass over the levels; those that it does not take, such as t = 0, are NumPy's
again, in pieces.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann._core.threads import Pool, available_processors
from boltzmann.analytic.distribution import Distribution, boltzmann_distribution, limits_are_meant

MANY = 50_000  # exponentials, from which on compiled code is worth loading
MANY_A_THREAD = 1_000_000  # exponentials, for which another thread is worth starting


@dataclass(frozen=True)
class Quantity:
    """What is asked of a distribution, in both ways.

    `by_numpy(distribution)` has a last axis of length 1, or K for probabilities; the compiled pass
    computes `code`, None for probabilities, and `complete(computed, reference, t)` the rest.
    """

    by_numpy: Callable[[Distribution], FloatArray]
    code: str | None
    complete: Callable[[Any, Any, Any], Any] = lambda computed, reference, t: computed


def quantity_of(
    quantity: Quantity, energies: FloatArray, log_degeneracies: FloatArray, t: FloatArray
) -> FloatArray:
    """Return the quantity of energies (..., K) at temperatures t, t.shape + (..., 1 or K)."""
    batch = energies.shape[:-1]
    levels = energies.shape[-1]
    if t.size * energies.size < MANY:
        spread = t.reshape(t.shape + (1,) * energies.ndim)
        return quantity.by_numpy(boltzmann_distribution(energies, log_degeneracies, spread))

    rows = np.ascontiguousarray(energies).reshape(-1, levels).view()  # (R, K)
    rows.flags.writeable = False  # whoever's they are: each kernel is compiled for one type
    temperatures = t.ravel()  # (T,)
    last = levels if quantity.code is None else 1
    out = np.empty((temperatures.size, len(rows), last))
    left = np.arange(temperatures.size)
    if (compiled := _compilable(rows, temperatures)).any():
        _compiled(quantity, rows, log_degeneracies, temperatures, compiled, out)
        left = np.flatnonzero(~compiled)
    _in_pieces(quantity, rows, log_degeneracies, temperatures, left, out)
    return out.reshape(t.shape + batch + (last,))


def _compilable(rows: FloatArray, temperatures: FloatArray) -> Any:
    """Return at which temperatures (T,) the compiled pass takes these rows (R, K)."""
    from boltzmann.analytic.level_kernels import NARROWEST, WIDEST  # loaded here: it takes Numba

    highest = rows.max(axis=1, where=rows < np.inf, initial=-np.inf)
    with np.errstate(invalid="ignore", over="ignore"):
        ordinary = bool((highest - rows.min(axis=1) <= WIDEST).all())  # false for -inf
    size = np.abs(temperatures)
    return (size >= NARROWEST) & (size <= WIDEST) & ordinary


@limits_are_meant
def _compiled(
    quantity: Quantity,
    rows: FloatArray,
    log_degeneracies: FloatArray,
    temperatures: FloatArray,
    compiled: Any,
    out: FloatArray,
) -> None:
    """Fill `out` (T, R, 1 or K) at the temperatures of the mask `compiled`."""
    from boltzmann.analytic import level_kernels

    all_of_them = bool(compiled.all())
    t = temperatures if all_of_them else temperatures[compiled]
    found = out if all_of_them else np.empty((t.size, *out.shape[1:]))

    def work(share: int) -> None:
        part = slice(t.size * share // shares, t.size * (share + 1) // shares)
        if quantity.code is None:
            level_kernels.probabilities_of_rows(rows, log_degeneracies, t[part], found[part])
        else:
            code = getattr(level_kernels, quantity.code)
            level_kernels.thermodynamics_of_rows(
                rows, log_degeneracies, t[part], code, found[part, :, 0]
            )

    shares = min(available_processors(), t.size, t.size * rows.size // MANY_A_THREAD + 1)
    with Pool(shares) as pool:
        pool.map(work, shares)

    if quantity.code is not None:
        lowest = rows.min(axis=1)
        highest = rows.max(axis=1, where=rows < np.inf, initial=-np.inf)
        column = t[:, None]
        reference = np.where(column < 0, highest, lowest)
        found[..., 0] = quantity.complete(found[..., 0], reference, column)
    if not all_of_them:
        out[compiled] = found


def _in_pieces(
    quantity: Quantity,
    rows: FloatArray,
    log_degeneracies: FloatArray,
    temperatures: FloatArray,
    left: Any,
    out: FloatArray,
) -> None:
    """Fill `out` (T, R, 1 or K) by NumPy at the temperatures of the indices `left`."""
    levels = rows.shape[1]
    some_rows = max(1, min(len(rows), MANY // levels))
    some = max(1, MANY // (some_rows * levels))
    for first in range(0, left.size, some):
        indices = left[first : first + some]
        t = temperatures[indices][:, None, None]
        for row in range(0, len(rows), some_rows):
            part = slice(row, row + some_rows)
            found = boltzmann_distribution(rows[part], log_degeneracies, t)
            out[indices, part] = quantity.by_numpy(found)
