"""Drawing the next token: one id or many from softmax(logits / t), after any other steps.

Every draw is an inverse CDF: a uniform number falls on a token in the cumulative weights. Compiled
kernels take over where there is much to compute; loading one takes about half a second, so each is
imported at the first draw that needs it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.arrays import is_plain
from boltzmann._core.checks import FloatArray, as_count, as_generator, as_ids
from boltzmann.language.decoding.chain import Chain, as_step, checked_weights
from boltzmann.language.decoding.steps import Ids, Step, Temperature

IntArray = NDArray[np.int64]

MANY_TOKENS = 4096  # logits from which few draws at a temperature are left to a kernel ...
TOKENS_PER_DRAW = 64  # ... up to one draw for so many tokens
MANY_DRAWS = 10_000  # draws from which a guide or alias table is made ...
FEW_TOKENS = 16  # ... unless there are fewer tokens than this
INTERVALS = 2**15  # of a guide table, which stays in the cache of most processors
DRAWS_PER_BLOCK = 8192  # the random numbers of a block stay in the cache
KERNEL_TYPES = (np.dtype(np.float32), np.dtype(np.float64))
KERNEL_TEMPERATURES = (1e-30, 1e30)  # 1 / (t log 2) is then a normal float32


@overload
def draw(
    logits: ArrayLike,
    temperature: float = 1.0,
    size: None = None,
    seed: int | np.random.Generator = 0,
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    chain: Chain | None = None,
    context: Ids = (),
) -> int: ...


@overload
def draw(
    logits: ArrayLike,
    temperature: float,
    size: int,
    seed: int | np.random.Generator = 0,
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    chain: Chain | None = None,
    context: Ids = (),
) -> IntArray: ...


@overload
def draw(
    logits: ArrayLike,
    temperature: float = 1.0,
    *,
    size: int,
    seed: int | np.random.Generator = 0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    chain: Chain | None = None,
    context: Ids = (),
) -> IntArray: ...


def draw(
    logits: ArrayLike,
    temperature: float = 1.0,
    size: int | None = None,
    seed: int | np.random.Generator = 0,
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    chain: Chain | None = None,
    context: Ids = (),
) -> int | IntArray:
    r"""Draw token ids with probability proportional to exp(logits / t), as inference engines do.

    .. math:: P(i) \propto e^{l_i / t}

    At t = 0 the first of the largest logits is drawn, at t = inf each token not at -inf equally
    often, and of logits at +inf each equally often. The temperature comes first, then top_k, top_p
    and min_p in this order, as in transformers; tokens are ranked by logit, equal ones by id, so
    that top_k = 1 is greedy. Any other order, and any other step, is a `Chain`.

    Parameters
    ----------
    logits : (V,) array_like
        One unnormalised log-probability per token, in nats; -inf forbids a token.
    temperature : float
        t, in the unit of the logits, from 0 to inf; 1 by default.
    size : int, optional
        How many independent draws; one, as an int, by default.
    seed : int or numpy Generator
        The source of randomness; a Generator is advanced by one number of 53 bits per draw.
    top_k : int, optional
        Keep the k most probable tokens.
    top_p : float, optional
        Keep the fewest most probable tokens that together have at least this probability, above 0.
    min_p : float, optional
        Keep tokens at least this many times as probable as the most probable one.
    chain : Chain, optional
        The steps on the logits, in place of temperature, top_k, top_p and min_p.
    context : sequence of int, optional
        The ids so far; only the repetition penalty of a chain uses them.

    Returns
    -------
    int or (size,) array of int
        The ids drawn.

    Raises
    ------
    ValueError
        If `logits` is not of shape (V,), holds a nan or no token above -inf, another argument is
        out of its range, or a chain is given beside what it replaces.

    See Also
    --------
    draw_distinct : Different tokens, drawn at a temperature.
    generate : A text, drawn token by token.
    boltzmann.softmax : Probabilities of logits.
    Chain : Steps in an order.

    Notes
    -----
    A draw is an inverse CDF. Compiled kernels take over where there is much to compute:

    - One draw, or one for every 64 tokens, from 4096 logits or more, in float16, float32 or
      float64, at a temperature and without any other step: the weights are computed in single
      precision, which changes the law by less than 1e-6 in total variation.
    - At least as many draws as tokens, of 16 tokens and 10,000 draws on: an alias table [4]_, whose
      probabilities are whole multiples of 2^-53.
    - 10,000 draws and more, from more tokens than that: the same tokens, found by a guide table
      [5]_.

    References
    ----------
    .. [1] A. Fan, M. Lewis and Y. Dauphin, Proc. ACL 2018, 889: top_k.
    .. [2] A. Holtzman et al., Proc. ICLR 2020: top_p.
    .. [3] M. N. Nguyen et al., Proc. ICLR 2025: min_p.
    .. [4] A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977).
    .. [5] H.-C. Chen and Y. Asau, AIIE Trans. 6, 163 (1974).

    Examples
    --------
    >>> draw([2.0, 1.0, -np.inf], temperature=0)
    0
    >>> draw([2.0, 1.0, -np.inf], temperature=1, size=8)
    array([0, 0, 0, 0, 1, 1, 0, 0])
    >>> from boltzmann.language import TopP
    >>> draw([3, 2, 1], size=8, chain=Chain([TopP(0.8), Temperature(0.5)]))
    array([0, 0, 0, 0, 0, 1, 0, 0])
    """
    step = as_step(chain, temperature, top_k, top_p, min_p)
    context = as_ids("context", context, np.size(logits))
    if size is None:
        return draw_one(step, logits, context, seed)

    size = as_count("size", size, least=0)
    generator = as_generator(seed)
    if isinstance(step, Temperature):
        ids = draw_few_of_many_tokens(logits, step.temperature, size, generator)
        if ids is not None:
            return ids
    return draw_many(checked_weights(step, logits, context), size, generator)


def draw_one(step: Step, logits: ArrayLike, context: Ids, seed: int | np.random.Generator) -> int:
    """Return one id from the law that `step` makes of the logits, by one random number."""
    if isinstance(step, Temperature):
        ids = draw_few_of_many_tokens(logits, step.temperature, 1, seed)
        if ids is not None:
            return int(ids[0])

    weights = checked_weights(step, logits, context)  # (V,)
    cumulative = weights.cumsum()  # (V,)
    token = int(cumulative.searchsorted(as_generator(seed).random() * cumulative[-1], "right"))
    return token if token < cumulative.size else int(cumulative.searchsorted(cumulative[-1]))


def token_of(cumulative: list[float], uniform: float) -> int:
    """Return the token on which a number of [0, 1) falls, as in `inverse_cdf`."""
    total = cumulative[-1]
    token = bisect_right(cumulative, uniform * total)
    # What has been rounded up to the total falls on the token with which that is reached.
    return token if token < len(cumulative) else bisect_left(cumulative, total)


def draw_few_of_many_tokens(
    logits: ArrayLike, temperature: float, size: int, seed: int | np.random.Generator
) -> IntArray | None:
    """Return ids from softmax(logits / t), (size,), by the kernel for many tokens, or None.

    None, with the seed left alone, stands for what the kernel is not made for: few tokens, many
    draws, types other than floats of up to 64 bits, temperatures near 0 or inf, and logits among
    which one is nan or +inf or all are -inf.
    """
    coldest, hottest = KERNEL_TEMPERATURES
    if (
        not isinstance(logits, np.ndarray)
        or logits.size < max(MANY_TOKENS, TOKENS_PER_DRAW * size)
        or logits.ndim != 1
        or not is_plain(logits)
        or not coldest <= temperature <= hottest
    ):
        return None

    kernel = _single_draw_kernel()
    numbers = _as_kernel_type(logits, kernel)  # (V,)
    slices = np.empty((2, -(-logits.size // kernel.SLICE)))  # (2, number of slices)
    if numbers is None or not kernel.sum_slices(numbers, temperature, slices):
        return None
    ids = np.empty(size, np.int64)
    kernel.find_tokens(numbers, temperature, slices, as_generator(seed).random(size), ids)
    return ids


def _as_kernel_type(logits: NDArray[Any], kernel: ModuleType) -> NDArray[Any] | None:
    """Return logits as the kernel takes them, contiguous, (V,); None if it takes no such type.

    Narrower floats are cast once, to float32, which has all their numbers.
    """
    if logits.dtype in KERNEL_TYPES:
        return np.ascontiguousarray(logits)
    if logits.dtype == np.float16:
        single = np.empty(logits.size, np.float32)
        kernel.widen(np.ascontiguousarray(logits).view(np.int16), single)
        return single
    return None


@cache
def _single_draw_kernel() -> ModuleType:
    from boltzmann.language.decoding.kernels import single_draw

    return single_draw


def inverse_cdf(weights: FloatArray, uniforms: FloatArray) -> IntArray:
    """Return the token on which each uniform number of [0, 1) falls in the cumulative weights.

    That is the first token whose cumulative weight is *above* the target: where a token has no
    weight the sum does not grow, so that it is never drawn. A target that rounds up to the total
    would fall behind the last token, and is given to the last one with a weight.
    """
    cumulative = np.cumsum(weights)  # (V,)
    ids = cumulative.searchsorted(uniforms * cumulative[-1], side="right")  # (size,)
    return _within(ids, weights)


def _within(ids: IntArray, weights: FloatArray) -> IntArray:
    """Return ids from 0 to V, (size,), with the last token that has a weight in place of V."""
    if ids.size and ids.max() == weights.size:
        ids = np.minimum(ids, np.flatnonzero(weights)[-1])
    return ids


def draw_many(weights: FloatArray, size: int, generator: np.random.Generator) -> IntArray:
    """Return `size` independent draws from weights (V,): by a table if there are many.

    In every way each draw takes one number of the generator, in order.
    """
    if weights.size < FEW_TOKENS or size < MANY_DRAWS:
        return inverse_cdf(weights, generator.random(size))
    if size < weights.size:
        return _guided(weights, size, generator)
    return _aliased(weights, size, generator)


def _guided(weights: FloatArray, size: int, generator: np.random.Generator) -> IntArray:
    """Return what `inverse_cdf` does, (size,), with a guide table in place of a binary search."""
    from boltzmann.language.decoding.kernels import guide

    cumulative = np.cumsum(weights)  # (V,)
    table = np.empty(INTERVALS, np.int32)
    guide.guide_table(cumulative, table)
    ids = np.empty(size, np.int64)
    for uniforms, block in _blocks(ids, generator):
        guide.find_tokens(cumulative, table, uniforms, block)
    return _within(ids, weights)


def _aliased(weights: FloatArray, size: int, generator: np.random.Generator) -> IntArray:
    """Return `size` draws, (size,), by an alias table."""
    from boltzmann.language.decoding.kernels import alias

    bits = (weights.size - 1).bit_length()
    table = alias.alias_table(weights, bits)  # (2^bits,)
    ids = np.empty(size, np.int64)
    for uniforms, block in _blocks(ids, generator):
        alias.draw_many(table, bits, uniforms, block)
    return ids


def _blocks(ids: IntArray, generator: np.random.Generator) -> Iterator[tuple[FloatArray, IntArray]]:
    """Yield the random numbers for each block of `ids`, and the block."""
    uniforms = np.empty(DRAWS_PER_BLOCK)
    for start in range(0, ids.size, DRAWS_PER_BLOCK):
        block = ids[start : start + DRAWS_PER_BLOCK]
        yield generator.random(out=uniforms[: block.size]), block
