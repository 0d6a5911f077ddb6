"""Drawing the next token: one id or many from softmax(logits / t), after any truncation."""

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import as_count, as_generator, as_ids
from boltzmann.language.decoding.chain import Chain, weights_after
from boltzmann.language.decoding.picking import IntArray, pick, pick_from_logits, pick_many
from boltzmann.language.decoding.steps import Ids, MinP, Temperature, TopK, TopP, as_logits


def as_chain(chain: Chain | None, temperature: Any, top_k: Any, top_p: Any, min_p: Any) -> Chain:
    """Return `chain`, or the chain that the other arguments stand for, without steps that change nothing."""
    if chain is None:
        truncations = ((TopK, top_k), (TopP, top_p), (MinP, min_p))
        steps = [step(value) for step, value in truncations if value is not None]
        return Chain(
            [Temperature(temperature), *(step for step in steps if step not in (TopP(1), MinP(0)))]
        )
    if not isinstance(chain, Chain):
        raise ValueError(f"chain must be a Chain, got {chain!r}")
    for name, value, unset in (
        ("temperature", temperature, 1),
        ("top_k", top_k, None),
        ("top_p", top_p, None),
        ("min_p", min_p, None),
    ):
        if value != unset:
            raise ValueError(f"{name} is {value!r} beside a chain: the chain is to say it")
    return chain


def draw_one(chain: Chain, logits: ArrayLike, context: Ids, seed: int | np.random.Generator) -> int:
    """Return the id on which one random number falls."""
    match chain.steps:
        case [Temperature(temperature)]:
            if (index := pick_from_logits(logits, temperature, seed)) is not None:
                return index
    weights = weights_after(chain, as_logits(logits), context)
    return int(pick(weights, as_generator(seed).random(1))[0])


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
    r"""Draw token ids with probability proportional to exp(logits / t), as an inference engine does.

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
        What to do to the logits instead; temperature, top_k, top_p and min_p are then left out.
    context : sequence of int, optional
        The ids so far, which the repetition penalty of a chain asks for.

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
    A draw is an inverse CDF. Where there is much to do, compiled kernels do it, in the same law: single draws from
    4096 logits or more, float32 or float64, weigh them in single precision, which changes the law by less than
    1e-6 in total variation; and as many draws as tokens or more, of 16 tokens and 10,000 draws on, are made by an
    alias table [4]_, whose probabilities are whole multiples of 2^-53.

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
    >>> draw([3, 2, 1], size=8, chain=Chain([TopP(0.8), Temperature(0.5)]))
    array([0, 0, 0, 0, 0, 1, 0, 0])
    """
    chain = as_chain(chain, temperature, top_k, top_p, min_p)
    context = as_ids("context", context, np.size(logits))
    if size is None:
        return draw_one(chain, logits, context, seed)
    weights = weights_after(chain, as_logits(logits), context)
    return pick_many(weights, as_count("size", size, least=0), as_generator(seed))
