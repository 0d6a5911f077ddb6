"""Decoding, as inference engines do it: divide the logits by a temperature, truncate, draw."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._checks import as_count, as_generator, as_ids
from boltzmann.language.chain import Chain, weights_after
from boltzmann.language.picking import IntArray, pick, pick_from_logits, pick_many
from boltzmann.language.steps import (
    Epsilon,
    Ids,
    MinP,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    Typical,
    as_logits,
)

__all__ = [
    "Chain",
    "Epsilon",
    "LanguageModel",
    "MinP",
    "RepetitionPenalty",
    "Temperature",
    "TopK",
    "TopP",
    "Typical",
    "draw",
    "generate",
    "stream",
]


class LanguageModel(Protocol):
    """What `generate` asks of a model: text to ids, ids to text, and logits for the next id.

    A model with an attribute `unknown_id` (int or None) has a token that stands for what it has never seen;
    that token is never drawn.
    """

    def encode(self, text: str) -> Sequence[int] | IntArray:
        """Return the ids of `text`; ValueError if it has none."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`."""

    def logits(self, context: Sequence[int]) -> ArrayLike:
        """Return one logit per token, shape (V,), given all ids so far. `context` grows: do not keep it."""


def _as_chain(chain: Chain | None, temperature: Any, top_k: Any, top_p: Any, min_p: Any) -> Chain:
    """Return `chain`, or the chain that the other arguments stand for, without steps that change nothing."""
    if chain is None:
        truncations = ((TopK, top_k), (TopP, top_p), (MinP, min_p))
        steps = [step(value) for step, value in truncations if value is not None]
        return Chain([Temperature(temperature), *(step for step in steps if step not in (TopP(1), MinP(0)))])
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


def _draw_one(chain: Chain, logits: ArrayLike, context: Ids, seed: int | np.random.Generator) -> int:
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

    At t = 0 the first of the largest logits is drawn, at t = inf each token not at -inf equally often, and of
    logits at +inf each equally often. The temperature comes first, then top_k, top_p and min_p in this order,
    as in transformers; tokens are ranked by logit, equal ones by id, so that top_k = 1 is greedy. Any other order,
    and any other step, is a `Chain`.

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
        If `logits` is not of shape (V,), holds a nan or no token above -inf, another argument is out of its
        range, or a chain is given beside what it replaces.

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
    chain = _as_chain(chain, temperature, top_k, top_p, min_p)
    context = as_ids("context", context, np.size(logits))
    if size is None:
        return _draw_one(chain, logits, context, seed)
    weights = weights_after(chain, as_logits(logits), context)
    return pick_many(weights, as_count("size", size, least=0), as_generator(seed))


def stream(
    model: LanguageModel,
    prompt: str,
    length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    seed: int | np.random.Generator = 0,
    chain: Chain | None = None,
) -> Iterator[int]:
    """Return an iterator over the ids that `generate` turns into text, each as soon as it is drawn.

    The arguments are those of `generate` and are checked at the call, before the first id is asked for.

    Raises
    ------
    ValueError
        As `generate`.

    Examples
    --------
    >>> from boltzmann.language import NGram
    >>> model = NGram.fit("abcabcabc", order=2)
    >>> [model.alphabet[i] for i in stream(model, "a", length=3, temperature=0)]
    ['b', 'c', 'a']
    """
    chain = _as_chain(chain, temperature, top_k, top_p, min_p)
    length = as_count("length", length, least=0)
    generator = as_generator(seed)
    try:
        ids = [int(i) for i in model.encode(prompt)]
    except ValueError as error:
        raise ValueError(f"prompt: {error}") from error
    return _continue(model, ids, length, chain, generator)


def _continue(
    model: LanguageModel, ids: list[int], length: int, chain: Chain, generator: np.random.Generator
) -> Iterator[int]:
    unknown_id = getattr(model, "unknown_id", None)
    for _ in range(length):
        logits = model.logits(ids)
        if unknown_id is not None:
            checked = as_logits(logits)
            logits = np.where(np.arange(checked.size) == unknown_id, -np.inf, checked)
        ids.append(_draw_one(chain, logits, ids, generator))
        yield ids[-1]


def generate(
    model: LanguageModel,
    prompt: str,
    length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    seed: int | np.random.Generator = 0,
    chain: Chain | None = None,
) -> str:
    r"""Return `length` tokens of text that continue `prompt`, without the prompt.

    Each token is drawn, by the rules of `draw`, from the model's logits given all text before it:

    .. math:: P(i_1 \dots i_n) = \prod_j \operatorname{softmax}\bigl(l(i_1 \dots i_{j-1}) / t\bigr)_{i_j}

    Parameters
    ----------
    model : LanguageModel
        An `NGram`, or anything with its `encode`, `decode` and `logits`. A token for unknown text, the
        model's `unknown_id`, is never drawn: the law is the one given that the next token is a known one.
    prompt : str
        What the text begins with; it may be empty.
    length : int
        How many tokens to draw: letters, for an `NGram`.
    temperature, top_k, top_p, min_p, seed, chain
        As in `draw`; one random number is used per token. The context of a chain is the prompt's tokens and all
        drawn after them.

    Raises
    ------
    ValueError
        If the model cannot encode the prompt or an argument is out of its range, before anything is drawn.

    Examples
    --------
    >>> from boltzmann.language import NGram
    >>> generate(NGram.fit("to be or not to be, ", order=4), "to", length=18, temperature=0)
    ' be or not to be o'
    """
    return model.decode(list(stream(model, prompt, length, temperature, top_k, top_p, min_p, seed, chain)))
