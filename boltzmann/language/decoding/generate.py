"""Text generation: continuing a prompt, one token after the other."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import FloatArray, as_count, as_generator
from boltzmann.language.decoding.chain import Chain, as_step
from boltzmann.language.decoding.drawing import IntArray, draw_one
from boltzmann.language.decoding.steps import Step, as_logits


class LanguageModel(Protocol):
    """The interface of a model for `generate`: text to ids, ids to text, logits of the next id.

    A model with an attribute `unknown_id` (int or None) has a token for all that its vocabulary
    lacks; that token is never drawn.
    """

    def encode(self, text: str) -> Sequence[int] | IntArray:
        """Return the ids of `text`; ValueError if it has none."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`."""

    def logits(self, context: Sequence[int]) -> ArrayLike:
        """Return one logit per token, shape (V,), given all ids so far.

        `context` is the list to which drawn ids are appended: a model that keeps it needs a copy.
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
    unknown_id = getattr(model, "unknown_id", None)
    for _ in range(length):
        logits = model.logits(ids)  # (V,)
        if unknown_id is not None:
            logits = without_token(unknown_id, as_logits(logits))
        ids.append(draw_one(step, logits, ids, generator))
        yield ids[-1]


def without_token(token: int, logits: FloatArray) -> FloatArray:
    """Return the logits with this token forbidden, in an array of their own, (V,)."""
    return np.where(np.arange(logits.size) == token, -np.inf, logits)


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
