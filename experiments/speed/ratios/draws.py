"""Draws of tokens, beside softmax and NumPy's choice, and beside themselves in another form."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from boltzmann.language import draw
from experiments.speed.ratios.ratio import Row, ratio

CHOICE = "softmax and Generator.choice"
T = 0.7


def rows() -> Iterator[Row]:
    """Yield the rows of draws."""
    for V in (256, 1024):
        yield Row(f"draw one of {V}", CHOICE, 0.5, partial(_beside_choice, V, None))
    yield Row("draw one of 50257, size=1", "without size", 1.2, _of_size_one)
    yield Row("draw one of 50257 float16", "float32", 1.3, _of_float16)
    for V in (50_257, 128_256, 262_144):
        yield Row(f"draw 100000 of {V}", CHOICE, 0.5, partial(_beside_choice, V, 10**5))


def _logits(V: int) -> np.ndarray:
    return (3 * np.random.default_rng(0).standard_normal(V)).astype(np.float32)


def _choice(logits: np.ndarray, size: int | None, generator: np.random.Generator) -> object:
    p = logits.astype(np.float64) / T
    p -= p.max()
    np.exp(p, out=p)
    p /= p.sum()
    return generator.choice(p.size, size, p=p)


def _beside_choice(V: int, size: int | None) -> float:
    logits, generator = _logits(V), np.random.default_rng(1)
    return ratio(lambda: draw(logits, T, size, generator), lambda: _choice(logits, size, generator))


def _of_size_one() -> float:
    logits, generator = _logits(50_257), np.random.default_rng(1)
    return ratio(lambda: draw(logits, T, 1, generator), lambda: draw(logits, T, seed=generator))


def _of_float16() -> float:
    logits, generator = _logits(50_257), np.random.default_rng(1)
    half = logits.astype(np.float16)
    return ratio(lambda: draw(half, T, seed=generator), lambda: draw(logits, T, seed=generator))
