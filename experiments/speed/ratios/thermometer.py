"""The thermometer: reading a temperature beside plain NumPy, and a diagnosis beside its reading."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from boltzmann.thermometer import Reading, diagnose, read
from experiments.speed.ratios.ratio import Row, ratio

T = 0.7
Table = tuple[NDArray[np.floating], NDArray[np.int64]]  # logits (n, V), and a token of each row


def rows() -> Iterator[Row]:
    """Yield the rows of the thermometer."""
    yield Row("thermometer read 10^5 lists of 20", "a masked Newton in NumPy", 0.5, _read_short)
    yield Row("thermometer read 10^4 x 50257 float32", "np.exp of it", 3.0, _read_long)
    for size, table in (("10^5 lists of 20", _short), ("10^4 x 50257", _long)):
        for kind, claim in (("honest", T), ("failing", 0.6)):
            yield Row(
                f"thermometer diagnose {kind}, {size}",
                "its reading",
                0.5,
                lambda table=table, claim=claim: _diagnose(*table(), claim),
            )


def _read_short() -> float:
    logits, chosen = _short()
    return ratio(lambda: read(logits, chosen), lambda: masked_newton(logits, chosen))


def _read_long() -> float:
    logits, chosen = _long()
    return ratio(lambda: read(logits, chosen), lambda: np.exp(logits), turns=3)


def _diagnose(logits: NDArray[np.floating], chosen: NDArray[np.int64], claim: float) -> float:
    reading: Reading = read(logits, chosen)
    return ratio(lambda: diagnose(reading, claim), lambda: read(logits, chosen), turns=3)


@cache
def _short() -> Table:
    return _table(100_000, 20, np.float64)


@cache
def _long() -> Table:
    return _table(10_000, 50_257, np.float32)


def _table(rows: int, vocabulary: int, dtype: type[np.floating]) -> Table:
    """Return logits and draws at T, made a row at a time: whole, they are gigabytes."""
    generator = np.random.default_rng(0)
    logits = np.empty((rows, vocabulary), dtype)
    chosen = np.empty(rows, dtype=np.int64)
    for row in range(rows):
        logits[row] = 3 * generator.standard_normal(vocabulary)
        chosen[row] = np.argmax(logits[row] / T + generator.gumbel(size=vocabulary))
    return logits, chosen


def masked_newton(logits: NDArray[np.floating], chosen: NDArray[np.int64]) -> float:
    """Return the likeliest temperature by Newton's method, in the plainest NumPy.

    A mask stands for the tokens that lists of other lengths lack, or that are forbidden.
    """
    mask = logits > -np.inf
    energies = np.where(mask, logits.max(axis=1, keepdims=True) - logits, 0.0)  # (n, V)
    drawn = energies[np.arange(chosen.size), chosen].sum()
    beta = 1.0
    for _ in range(50):
        weights = np.where(mask, np.exp(-beta * energies), 0.0)  # (n, V)
        z = weights.sum(axis=1)
        mean = (weights * energies).sum(axis=1) / z
        variance = (weights * energies**2).sum(axis=1) / z - mean**2
        step = (mean.sum() - drawn) / variance.sum()
        beta += step
        if abs(step) < 1e-9 * beta:
            break
    return 1 / beta
