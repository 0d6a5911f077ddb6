"""Text generation: continuing a prompt token by token."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import as_count, as_generator
from boltzmann.language.decoding.chain import Chain
from boltzmann.language.decoding.drawing import as_chain, draw_one
from boltzmann.language.decoding.picking import IntArray
from boltzmann.language.decoding.steps import as_logits


class LanguageModel(Protocol):
    """What `generate` asks of a model: text to ids, ids to text, and logits for the next id.

    A model with an attribute `unknown_id` (int or None) has a token that stands for what it has
    never seen; that token is never drawn.
    """

    def encode(self, text: str) -> Sequence[int] | IntArray:
        """Return the ids of `text`; ValueError if it has none."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`."""

    def logits(self, context: Sequence[int]) -> ArrayLike:
        """Return one logit per token, shape (V,), given all ids so far. `context` grows: do not keep it."""


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

    The arguments are those of `generate` and are checked at the call, before the first id is asked
    for.

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
    chain = as_chain(chain, temperature, top_k, top_p, min_p)
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
        ids.append(draw_one(chain, logits, ids, generator))
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
        An `NGram`, or anything with its `encode`, `decode` and `logits`. A token for unknown text,
        the model's `unknown_id`, is never drawn: the law is the one given that the next token is a
        known one.
    prompt : str
        What the text begins with; it may be empty.
    length : int
        How many tokens to draw: letters, for an `NGram`.
    temperature, top_k, top_p, min_p, seed, chain
        As in `draw`; one random number is used per token. The context of a chain is the prompt's
        tokens and all drawn after them.

    Raises
    ------
    ValueError
        If the model cannot encode the prompt or an argument is out of its range, before anything is
        drawn.

    Examples
    --------
    >>> from boltzmann.language import NGram
    >>> generate(NGram.fit("to be or not to be, ", order=4), "to", length=18, temperature=0)
    ' be or not to be o'
    """
    return model.decode(
        list(stream(model, prompt, length, temperature, top_k, top_p, min_p, seed, chain))
    )
