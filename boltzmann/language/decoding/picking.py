"""From weights to ids: by inverse CDF, and by compiled kernels where there is much to weigh or to draw.

Loading a kernel takes about half a second, which a small vocabulary or a few draws would never
repay.
"""

from functools import cache
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import FloatArray, as_generator

IntArray = NDArray[np.int64]

FEW_TOKENS = 16  # among fewer, every draw is an inverse CDF, which is easier to follow
MANY_TOKENS = 4096
MANY_DRAWS = 10_000
DRAWS_AT_ONCE = 8192  # their random numbers stay in the cache
PLAIN_TYPES = (np.dtype(np.float32), np.dtype(np.float64))


@cache
def _draws() -> ModuleType:
    from boltzmann.language.decoding.kernels import single_draw as draws

    return draws


def pick_from_logits(
    logits: ArrayLike, temperature: float, seed: int | np.random.Generator
) -> int | None:
    """Return one pick from softmax(logits / t) by the kernel for many tokens, or None and leave the seed alone.

    None is for what the kernel is not made for: few tokens, other types than float32 and float64,
    temperatures near 0 or inf, and logits of which one is a nan or +inf or all are -inf.
    """
    if (
        not isinstance(logits, np.ndarray)
        or logits.size < MANY_TOKENS
        or logits.ndim != 1
        or logits.dtype not in PLAIN_TYPES
        or not 1e-30 <= temperature <= 1e30
    ):
        return None
    kernel = _draws()
    adjacent = np.ascontiguousarray(logits)
    slices = np.empty((2, -(-logits.size // kernel.SLICE)))
    if not kernel.weigh(adjacent, temperature, slices):
        return None
    return int(kernel.pick(adjacent, temperature, slices, as_generator(seed).random(1)[0]))


def pick(weights: FloatArray, uniforms: FloatArray) -> IntArray:
    """Return where each uniform number of [0, 1) falls in the cumulative weights.

    The first cumulative sum *above* the target is that of a token with a weight: where a token has
    none the sum does not grow. A target that rounds up to the total would fall off the end, hence
    the clamp.
    """
    cumulative = np.cumsum(weights)
    above = np.searchsorted(cumulative, uniforms * cumulative[-1], side="right")
    ids: IntArray = np.minimum(above, np.flatnonzero(weights)[-1])
    return ids


def pick_many(weights: FloatArray, count: int, generator: np.random.Generator) -> IntArray:
    """Return `count` independent picks: by inverse CDF if they are few, or few the tokens, else by alias table."""
    if weights.size < FEW_TOKENS or count < max(weights.size, MANY_DRAWS):
        return pick(weights, generator.random(count))
    from boltzmann.language.decoding.kernels import alias

    bits = (weights.size - 1).bit_length()
    table = alias.alias_table(weights, bits)
    ids = np.empty(count, np.int64)
    uniforms = np.empty(DRAWS_AT_ONCE)
    for start in range(0, count, DRAWS_AT_ONCE):
        part = ids[start : start + DRAWS_AT_ONCE]
        alias.draw_many(table, bits, generator.random(out=uniforms[: part.size]), part)
    return ids
