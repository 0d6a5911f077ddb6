"""Decoding, as inference engines do it: divide the logits by a temperature, truncate, draw."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._checks import FloatArray, as_count, as_floats, as_generator, as_number, as_temperature
from boltzmann.language.picking import IntArray, pick, pick_from_logits, pick_many


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


def _as_logits(logits: ArrayLike) -> FloatArray:
    values = as_floats("logits", logits)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"logits must have shape (V,) with V of at least 1, got {values.shape}")
    if np.all(values == -np.inf):
        raise ValueError("logits are all -inf: at least one token must be allowed")
    return values


def _as_fraction(name: str, value: Any) -> float:
    return as_number(name, value, "number from 0 to 1", 0.0, 1.0)


def _as_sampling_temperature(temperature: Any) -> float:
    if isinstance(temperature, int | float) and 0 <= temperature <= 1e300:
        return float(temperature) + 0.0  # the usual case, without the detour through an array
    return as_temperature(temperature, sampling=True)


class _Decoder:
    """A checked temperature and truncation, ready to turn logits into weights and these into ids."""

    def __init__(self, temperature: Any, top_k: Any, top_p: Any, min_p: Any):
        self.temperature = _as_sampling_temperature(temperature)
        self.top_k = None if top_k is None else as_count("top_k", top_k)
        self.top_p = 1.0 if top_p is None else _as_fraction("top_p", top_p)
        if self.top_p == 0:
            raise ValueError("top_p is 0: it must be above 0, for at least one token to be kept")
        self.min_p = 0.0 if min_p is None else _as_fraction("min_p", min_p)
        self._truncates = self.top_k is not None or self.top_p < 1 or self.min_p > 0

    def draw_one(self, logits: ArrayLike, seed: int | np.random.Generator) -> int:
        """Return the id on which one random number falls."""
        if not self._truncates and (index := pick_from_logits(logits, self.temperature, seed)) is not None:
            return index
        weights = self.weights(_as_logits(logits))
        return int(pick(weights, as_generator(seed).random(1))[0])

    def draw_many(self, logits: ArrayLike, size: Any, seed: int | np.random.Generator) -> IntArray:
        """Return `size` independent draws, each of one random number."""
        weights = self.weights(_as_logits(logits))
        count = as_count("size", size, least=0)
        return pick_many(weights, count, as_generator(seed))

    def weights(self, logits: FloatArray) -> FloatArray:
        """Return each token's probability relative to the most probable one's, shape (V,)."""
        weights = self._tempered(logits)
        if self.top_k is not None or self.top_p < 1:
            ranked = np.argsort(-logits, kind="stable")
        if self.top_k is not None:
            weights[ranked[self.top_k :]] = 0
        if self.top_p < 1:
            tail = np.cumsum(weights[ranked[::-1]])[::-1]  # the weight of a rank and of all below it
            weights[ranked[1:][tail[1:] <= (1 - self.top_p) * tail[0]]] = 0
        weights[weights < self.min_p] = 0
        return weights

    def _tempered(self, logits: FloatArray) -> FloatArray:
        """Return exp((logits - max) / t) or its limit."""
        top = logits.max()
        if self.temperature == 0:
            return np.equal(np.arange(logits.size), logits.argmax()).astype(np.float64)
        if top == np.inf:
            return np.equal(logits, np.inf).astype(np.float64)
        if self.temperature == np.inf:
            return np.greater(logits, -np.inf).astype(np.float64)
        # Subtract before dividing: a tiny t overflows only where the weight is 0. Halves span what whole
        # logits of ±1e308 would not.
        with np.errstate(over="ignore", under="ignore"):
            gaps = logits - top
            halves = logits / 2 - top / 2
            exponents = np.where(gaps > -np.inf, gaps / self.temperature, 2 * (halves / self.temperature))
            weights: FloatArray = np.exp(exponents)
        return weights


@overload
def draw(
    logits: ArrayLike,
    temperature: float,
    size: None = None,
    seed: int | np.random.Generator = 0,
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
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
) -> IntArray: ...
def draw(
    logits: ArrayLike,
    temperature: float,
    size: int | None = None,
    seed: int | np.random.Generator = 0,
    *,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> int | IntArray:
    r"""Draw token ids with probability proportional to exp(logits / t), as an inference engine does.

    .. math:: P(i) \propto e^{l_i / t}

    At t = 0 the first of the largest logits is drawn, at t = inf each token not at -inf equally often, and of
    logits at +inf each equally often. The temperature comes first, then top_k, top_p and min_p in this order,
    as in transformers; tokens are ranked by logit, equal ones by id, so that top_k = 1 is greedy.

    Parameters
    ----------
    logits : (V,) array_like
        One unnormalised log-probability per token, in nats; -inf forbids a token.
    temperature : float
        t, in the unit of the logits, from 0 to inf.
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

    Returns
    -------
    int or (size,) array of int
        The ids drawn.

    Raises
    ------
    ValueError
        If `logits` is not of shape (V,), holds a nan or no token above -inf, or another argument is out of
        its range.

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
    """
    decoder = _Decoder(temperature, top_k, top_p, min_p)
    return decoder.draw_one(logits, seed) if size is None else decoder.draw_many(logits, size, seed)


def stream(
    model: LanguageModel,
    prompt: str,
    length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    seed: int | np.random.Generator = 0,
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
    decoder = _Decoder(temperature, top_k, top_p, min_p)
    length = as_count("length", length, least=0)
    generator = as_generator(seed)
    try:
        ids = [int(i) for i in model.encode(prompt)]
    except ValueError as error:
        raise ValueError(f"prompt: {error}") from error
    return _continue(model, ids, length, decoder, generator)


def _continue(
    model: LanguageModel, ids: list[int], length: int, decoder: _Decoder, generator: np.random.Generator
) -> Iterator[int]:
    unknown_id = getattr(model, "unknown_id", None)
    for _ in range(length):
        logits = model.logits(ids)
        if unknown_id is not None:
            checked = _as_logits(logits)
            logits = np.where(np.arange(checked.size) == unknown_id, -np.inf, checked)
        ids.append(decoder.draw_one(logits, generator))
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
    temperature, top_k, top_p, min_p, seed
        As in `draw`; one random number is used per token.

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
    return model.decode(list(stream(model, prompt, length, temperature, top_k, top_p, min_p, seed)))
