"""Drawing the next token: one id or many from softmax(logits / t), after any other steps.

Every draw is an inverse CDF: a uniform number falls on a token in the cumulative weights. Compiled
kernels take over where there is much to compute; loading one takes about half a second, so each is
imported at the first draw that needs it.
"""

from functools import cache
from types import ModuleType
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.arrays import is_plain
from boltzmann._core.checks import FloatArray, as_count, as_generator, as_ids
from boltzmann.language.decoding.chain import Chain, as_step, weights_after
from boltzmann.language.decoding.steps import Ids, Step, Temperature, as_logits

IntArray = NDArray[np.int64]

MANY_TOKENS = 4096  # logits from which one draw at a temperature is left to a kernel
MANY_DRAWS = 10_000  # draws from which an alias table is made ...
FEW_TOKENS = 16  # ... unless there are fewer tokens than this
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

    Notes
    -----
    A draw is an inverse CDF. Two compiled kernels replace it where there is much to compute:

    - One draw from 4096 logits or more, in float32 or float64, at a temperature and without any
      other step: the weights are computed in single precision, which changes the law by less than
      1e-6 in total variation.
    - At least as many draws as tokens, of 16 tokens and 10,000 draws on: an alias table [4]_, whose
      probabilities are whole multiples of 2^-53.

    References
    ----------
    .. [1] A. Fan, M. Lewis and Y. Dauphin, Proc. ACL 2018, 889: top_k.
    .. [2] A. Holtzman et al., Proc. ICLR 2020: top_p.
    .. [3] M. N. Nguyen et al., Proc. ICLR 2025: min_p.
    .. [4] A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977).

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

    weights = weights_after(step, as_logits(logits), context)  # (V,)
    return draw_many(weights, as_count("size", size, least=0), as_generator(seed))


def draw_one(step: Step, logits: ArrayLike, context: Ids, seed: int | np.random.Generator) -> int:
    """Return one id from the law that `step` makes of the logits, by one random number."""
    if isinstance(step, Temperature):
        token = draw_one_of_many_tokens(logits, step.temperature, seed)
        if token is not None:
            return token

    weights = weights_after(step, as_logits(logits), context)  # (V,)
    return int(inverse_cdf(weights, as_generator(seed).random(1))[0])


def draw_one_of_many_tokens(
    logits: ArrayLike, temperature: float, seed: int | np.random.Generator
) -> int | None:
    """Return one id from softmax(logits / t) by the kernel for many tokens, or None.

    None, with the seed left alone, stands for what the kernel is not made for: few tokens, types
    other than float32 and float64, temperatures near 0 or inf, and logits among which one is nan
    or +inf or all are -inf.
    """
    coldest, hottest = KERNEL_TEMPERATURES
    if (
        not isinstance(logits, np.ndarray)
        or not is_plain(logits)
        or logits.size < MANY_TOKENS
        or logits.ndim != 1
        or logits.dtype not in KERNEL_TYPES
        or not coldest <= temperature <= hottest
    ):
        return None

    kernel = _single_draw_kernel()
    contiguous = np.ascontiguousarray(logits)  # (V,)
    slices = np.empty((2, -(-logits.size // kernel.SLICE)))  # (2, number of slices)
    if not kernel.sum_slices(contiguous, temperature, slices):
        return None
    uniform = as_generator(seed).random(1)[0]
    return int(kernel.find_token(contiguous, temperature, slices, uniform))


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
    above = np.searchsorted(cumulative, uniforms * cumulative[-1], side="right")  # (size,)
    ids: IntArray = np.minimum(above, np.flatnonzero(weights)[-1])
    return ids


def draw_many(weights: FloatArray, size: int, generator: np.random.Generator) -> IntArray:
    """Return `size` independent draws from weights (V,): by alias table if there are many.

    Either way each draw takes one number of the generator, in order.
    """
    if weights.size < FEW_TOKENS or size < max(weights.size, MANY_DRAWS):
        return inverse_cdf(weights, generator.random(size))

    from boltzmann.language.decoding.kernels import alias

    bits = (weights.size - 1).bit_length()
    table = alias.alias_table(weights, bits)  # (2^bits,)
    ids = np.empty(size, np.int64)
    uniforms = np.empty(DRAWS_PER_BLOCK)
    for start in range(0, size, DRAWS_PER_BLOCK):
        block = ids[start : start + DRAWS_PER_BLOCK]
        alias.draw_many(table, bits, generator.random(out=uniforms[: block.size]), block)
    return ids
