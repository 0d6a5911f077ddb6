"""The law: softmax and its relatives, and thermodynamics, beside SciPy and NumPy."""

from collections.abc import Iterator

import numpy as np
from scipy import special

import boltzmann as bz
from experiments.speed.ratios.ratio import Row, ratio


def rows() -> Iterator[Row]:
    """Yield the rows of the law."""
    for dtype in (np.float64, np.float32):
        yield Row(
            f"law log_softmax (64, 50257) {dtype.__name__}",
            "SciPy",
            0.5,
            lambda dtype=dtype: _log_softmax(dtype),
        )


def _log_softmax(dtype: type[np.floating]) -> float:
    x = (3 * np.random.default_rng(0).standard_normal((64, 50_257))).astype(dtype)
    return ratio(lambda: bz.log_softmax(x), lambda: special.log_softmax(x, axis=-1))
