"""Text generation: continuing a prompt, one token after the other."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import as_count, as_generator
from boltzmann.language.decoding.chain import (
    Chain,
    as_step,
    checked_weights,
    depends_on_context,
)
from boltzmann.language.decoding.drawing import MANY_TOKENS, IntArray, draw_one, token_of
from boltzmann.language.decoding.steps import Step, as_logits

MOST_KEPT = 2**20  # cumulative weights that a text keeps of contexts that may come again: 32 MB


class LanguageModel(Protocol):
    """The interface of a model for `generate`: text to ids, ids to text, logits of the next id.

    A model with an attribute `unknown_id` (int or None) has a token for all that its vocabulary
    lacks; that token is never drawn. One with an attribute `reach` (int) has logits that depend on
    the last `reach` ids of a context alone; they are asked for once for each such ending.

    See Also
    --------
    NGram : A model of letters.
    GPT2 : A transformer.
    generate : A text, drawn token by token.
    """

    def encode(self, text: str) -> Sequence[int] | IntArray:
        """Return the ids of `text`; ValueError if it has none.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        sequence or (n,) ndarray of int
            Ids from 0 to V - 1.
        """

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`.

        Parameters
        ----------
        ids : sequence of int
            Ids of this model.

        Returns
        -------
        str
            The text.
        """

    def logits(self, context: Sequence[int]) -> ArrayLike:
        """Return one logit per token, shape (V,), given all ids so far.

        `context` is the list to which drawn ids are appended: a model that keeps it needs a copy.

        Parameters
        ----------
        context : list of int
            All ids so far, those of the prompt first.

        Returns
        -------
        (V,) array_like
            In nats, up to a constant.
        """


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
    """Return an iterator over the ids that `generate` decodes, each as soon as it is drawn.

    The arguments are those of `generate`. They are checked at the call, before the first id is
    asked for.

    Returns
    -------
    iterator of int
        `length` ids, each drawn when it is asked for.

    Raises
    ------
    ValueError
        As `generate`.

    See Also
    --------
    generate : A text, drawn token by token.

    Examples
    --------
    >>> from boltzmann.language import NGram
    >>> model = NGram.fit("abcabcabc", order=2)
    >>> [model.alphabet[i] for i in stream(model, "a", length=3, temperature=0)]
    ['b', 'c', 'a']
    """
    step = as_step(chain, temperature, top_k, top_p, min_p)
    length = as_count("length", length, least=0)
    generator = as_generator(seed)
    try:
        ids = [int(i) for i in model.encode(prompt)]
    except ValueError as error:
        raise ValueError(f"prompt: {error}") from error
    return _continue(model, ids, length, step, generator)


def _continue(
    model: LanguageModel, ids: list[int], length: int, step: Step, generator: np.random.Generator
) -> Iterator[int]:
    """Yield `length` ids that follow `ids`, and append each to them."""
    reach = getattr(model, "reach", None)
    if reach is None or depends_on_context(step):
        draws = _drawn(model, ids, step, generator)
    else:
        draws = _drawn_from_kept_laws(model, reach, ids, step, generator)
    for token in islice(draws, length):
        ids.append(token)
        yield token


def _drawn(
    model: LanguageModel, ids: list[int], step: Step, generator: np.random.Generator
) -> Iterator[int]:
    """Yield a draw of the next token again and again, each from the law that follows `ids`."""
    while True:
        yield draw_one(step, _known_logits(model, ids), ids, generator)


def _drawn_from_kept_laws(
    model: LanguageModel, reach: int, ids: list[int], step: Step, generator: np.random.Generator
) -> Iterator[int]:
    """Yield what `_drawn` does, for a model whose logits depend on the last `reach` ids alone.

    The cumulative weights of a context are computed when it comes for the first time.
    """
    kept: dict[tuple[int, ...], list[float]] = {}
    while True:
        context = tuple(ids[-reach:]) if reach else ()
        cumulative = kept.get(context)
        if cumulative is None:
            logits = _known_logits(model, ids)
            if np.size(logits) >= MANY_TOKENS:  # drawn otherwise, and too long to be kept
                yield draw_one(step, logits, (), generator)
                continue
            cumulative = checked_weights(step, logits, ()).cumsum().tolist()
            if len(kept) * len(cumulative) > MOST_KEPT:
                kept.clear()
            kept[context] = cumulative
        yield token_of(cumulative, generator.random())


def _known_logits(model: LanguageModel, ids: list[int]) -> ArrayLike:
    """Return the logits of the next token, (V,), with the token for unknown text forbidden."""
    return without_unknown(model, model.logits(ids))


def without_unknown(model: LanguageModel, logits: ArrayLike) -> ArrayLike:
    """Return logits of the model, (V,), with its token for unknown text, if any, forbidden."""
    unknown_id = getattr(model, "unknown_id", None)
    if unknown_id is None:
        return logits
    known = as_logits(logits).copy()
    known[unknown_id] = -np.inf
    return known


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

    .. math:: P(i_1 \dots i_n) = \prod_j \operatorname{softmax}(l(i_1 \dots i_{j-1}) / t)_{i_j}

    Parameters
    ----------
    model : LanguageModel
        An `NGram`, a `GPT2`, or anything with their `encode`, `decode` and `logits`. A token for
        unknown text, the model's `unknown_id`, is never drawn: the law is conditioned on the next
        token being a known one.
    prompt : str
        What the text begins with; it may be empty.
    length : int
        How many tokens to draw: letters, for an `NGram`.
    temperature, top_k, top_p, min_p, seed, chain
        As in `draw`; one random number is used per token. The context of a chain is the prompt's
        tokens and all drawn after them.

    Returns
    -------
    str
        The text, as the model decodes its tokens.

    Raises
    ------
    ValueError
        If the model cannot encode the prompt or an argument is out of its range, before anything is
        drawn.

    See Also
    --------
    stream : The ids of a text, as they are drawn.
    speculate : A text of the same law, by a draft and a target model.
    draw : Tokens, drawn at a temperature.

    Examples
    --------
    >>> from boltzmann.language import NGram
    >>> generate(NGram.fit("to be or not to be, ", order=4), "to", length=18, temperature=0)
    ' be or not to be o'
    """
    return model.decode(
        list(stream(model, prompt, length, temperature, top_k, top_p, min_p, seed, chain))
    )
