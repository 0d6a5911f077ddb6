"""GPT-2 in NumPy: the next token given those before it.

Tokens are byte pairs, so any text in any script has ids; see `boltzmann.language.gpt2.layers` for
the network.
"""

import os
from collections.abc import Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray, as_ids
from boltzmann.language.gpt2.cache import Network
from boltzmann.language.gpt2.checkpoint import find_folder, read_network
from boltzmann.language.gpt2.layers import Array, IntArray, Shape, Weights
from boltzmann.language.gpt2.tokenizer import BytePairs, read_byte_pairs

_PRECISIONS = (np.float32, np.float64, "float32", "float64")
Precision = type[np.float32] | type[np.float64] | np.dtype[Any] | Literal["float32", "float64"]

Context = str | Sequence[int] | NDArray[np.integer[Any]]


def _is_batch(context: Any) -> bool:
    """Tell whether these are contexts rather than one: whether they begin with a text or with a row of ids."""
    if isinstance(context, np.ndarray):
        return context.ndim > 1
    several = isinstance(context, Sequence) and not isinstance(context, str) and len(context) > 0
    return several and (isinstance(context[0], str) or np.ndim(context[0]) > 0)


class GPT2:
    r"""A GPT-2; see `GPT2.load`.

    .. math:: p(i_{n+1} | i_1 \dots i_n) = \operatorname{softmax}(W h(i_1 \dots i_n))_{i_{n+1}}

    h is what a transformer [1]_ of the form of GPT-2 [2]_ makes of the tokens so far, and W holds
    one row per token, the same by which tokens come in.

    At most `window` tokens are seen at once. Beyond, the window moves on by half its length as
    often as needed: with w = `window`, the token after n > w others is predicted from the last w/2
    to w of them. What is seen depends on n alone, so logits are a function of the ids, and the
    cache of keys and values serves w/2 tokens between two moves.

    Attributes
    ----------
    name : str
        What it was loaded as.
    tokens : tuple of V bytes
        The tokens; an id that has none is ``b""``.
    window : int
        The most tokens that are seen at once.
    begin_id : int or None
        The token that stands before a text: the one that ends others, ``<|endoftext|>``.

    References
    ----------
    .. [1] A. Vaswani et al., Advances in Neural Information Processing Systems 30 (2017).
    .. [2] A. Radford et al., "Language models are unsupervised multitask learners", OpenAI (2019).

    Examples
    --------
    >>> model = GPT2.load("tiny")
    >>> model
    GPT2('tiny', tokens=1024, window=256, parameters=957184)
    >>> from boltzmann.language import generate
    >>> generate(model, "The fire was", length=4, temperature=0)
    ' a long time.'
    """

    def __init__(
        self, name: str, byte_pairs: BytePairs, weights: Weights, shape: Shape, begin_id: int | None
    ) -> None:
        self.name, self.window, self.begin_id = name, shape.window, begin_id
        self._byte_pairs, self._network = byte_pairs, Network(weights, shape)
        V = len(weights["lm_head.weight"])
        if byte_pairs.size > V:
            raise ValueError(
                f"{name}: the tokenizer has ids up to {byte_pairs.size - 1}, the network {V} tokens"
            )
        self.tokens = byte_pairs.tokens + (b"",) * (V - byte_pairs.size)

    @classmethod
    def load(cls, name_or_path: str | os.PathLike[str], dtype: Precision = np.float32) -> "GPT2":
        """Return the GPT-2 of that name or in that folder.

        Parameters
        ----------
        name_or_path : str or os.PathLike
            ``"tiny"``, which ships with the package; a folder in the Hugging Face layout:
            config.json, model.safetensors, and tokenizer.json or else vocab.json and merges.txt;
            or, if there is none, a name on the Hugging Face hub such as ``"gpt2"``,
            ``"gpt2-medium"`` or ``"distilgpt2"``, which needs `huggingface_hub` (``pip install
            'boltzmann[gpt2]'``), and a network when it is first asked for.
        dtype : numpy.float32 or numpy.float64
            What the network computes in, and its logits are. The order in which a machine adds
            changes logits in float32 by some 1e-6, and in float64, at twice the time and memory, by
            some 1e-14.

        Raises
        ------
        ValueError
            If `name_or_path` is no name, `dtype` is neither, or a file is damaged or not a GPT-2's.
        OSError
            If there is no such folder or model, a file is missing, or the hub cannot be reached.
        ImportError
            If the hub has to be asked and `huggingface_hub` is not installed.

        Examples
        --------
        >>> GPT2.load("tiny").window
        256
        """
        if dtype not in _PRECISIONS:
            raise ValueError(f"dtype must be numpy.float32 or numpy.float64, got {dtype!r}")
        folder = find_folder(name_or_path)
        return cls(
            os.fspath(name_or_path), read_byte_pairs(folder), *read_network(folder, np.dtype(dtype))
        )

    def __repr__(self) -> str:
        arrays = {
            id(array): array for array in self._network.weights.values()
        }  # a tied one counts once
        parameters = sum(array.size for array in arrays.values())
        return f"GPT2({self.name!r}, tokens={len(self.tokens)}, window={self.window}, parameters={parameters})"

    def encode(self, text: str) -> IntArray:
        """Return the ids of the tokens of `text`, shape (n,).

        Parameters
        ----------
        text : str
            Any text that UTF-8 can write; ``<|endoftext|>`` in it is the token of that name.

        Raises
        ------
        ValueError
            If `text` is no str, or holds half of a surrogate pair.

        Examples
        --------
        >>> model = GPT2.load("tiny")
        >>> [model.tokens[i] for i in model.encode("The fire was")]
        [b'The', b' fire', b' was']
        """
        if not isinstance(text, str):
            raise ValueError(f"text must be a str, got {type(text).__name__}")
        strange = next(
            (index for index, letter in enumerate(text) if "\ud800" <= letter <= "\udfff"), None
        )
        if strange is not None:
            raise ValueError(
                f"text[{strange}] is {text[strange]!r}: UTF-8 has no half of a surrogate pair"
            )
        return np.array(self._byte_pairs.encode(text), dtype=np.int64)

    def decode(self, ids: Sequence[int] | IntArray) -> str:
        """Return the text that has these ids; bytes that are not UTF-8 become U+FFFD.

        Parameters
        ----------
        ids : (n,) sequence of int
            From 0 to V - 1.

        Raises
        ------
        ValueError
            If they are no whole numbers from 0 to V - 1.

        Examples
        --------
        >>> model = GPT2.load("tiny")
        >>> model.decode(model.encode("naïve 🔥"))
        'naïve 🔥'
        """
        return b"".join(self.tokens[id_] for id_ in as_ids("ids", ids, len(self.tokens))).decode(
            "utf-8", "replace"
        )

    def _begun(self, name: str, context: Any) -> IntArray:
        """Return the checked ids of a context, or of an empty one the token that stands before a text."""
        ids = (
            self.encode(context)
            if isinstance(context, str)
            else as_ids(name, context, len(self.tokens))
        )
        if ids.size:
            return ids
        if self.begin_id is None:
            raise ValueError(f"{name} is empty, and {self.name} has no token that begins a text")
        return np.array([self.begin_id])

    def logits(self, context: Context | Sequence[Context]) -> Array:
        """Return the logits of the next token, shape (V,) or (B, V), in nats.

        What the last call was asked about is remembered: of a context that goes on from it, only
        what is added costs time, and the logits differ from those computed afresh by rounding, in
        float32 some 1e-6.

        Parameters
        ----------
        context : str or sequence of ids, or a sequence of B such contexts
            All text so far; if empty, the token `begin_id`. A batch may have any lengths; it is
            remembered if they are equal.

        Raises
        ------
        ValueError
            If `context` is neither, holds what the model has no id for, or is empty and there is no
            `begin_id`.

        Examples
        --------
        >>> model = GPT2.load("tiny")
        >>> model.logits("The fire").shape, model.logits(["The fire was", "A cup"]).shape
        ((1024,), (2, 1024))
        """
        if _is_batch(context):
            return self._network.last_logits(
                [self._begun(f"context[{k}]", row) for k, row in enumerate(context)]
            )
        logits: Array = self._network.last_logits([self._begun("context", context)])[0]
        return logits

    def all_logits(self, context: Context) -> Array:
        """Return the logits after each token of a text, shape (n, V), in nats: row k is ``logits(ids[:k + 1])``.

        Parameters
        ----------
        context : str or sequence of n ids
            One text; if empty, the token `begin_id`.

        Raises
        ------
        ValueError
            As `logits`.

        Examples
        --------
        >>> GPT2.load("tiny").all_logits("The fire was").shape
        (3, 1024)
        """
        return np.concatenate([*self._network.all_logits(self._begun("context", context))])

    def _log_probabilities(self, ids: IntArray) -> FloatArray:
        """Return the log-probability of each token given those before it."""
        if not ids.size:
            return np.zeros(0)
        first = self._network.last_logits([self._begun("text", ids[:0])])
        log_p = np.empty(ids.size)
        done = 0
        for logits in chain([first], self._network.all_logits(ids[:-1])):
            gaps = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
            block = slice(done, done + len(gaps))
            log_p[block] = gaps[np.arange(len(gaps)), ids[block]] - np.log(
                np.exp(gaps).sum(axis=-1)
            )
            done = block.stop
        return log_p

    def log_probability(self, text: Context) -> float:
        """Return the sum of log p(token | tokens before it) over `text`, in nats; 0 for no text.

        Parameters
        ----------
        text : str or sequence of ids
            Any length. The first token is given `begin_id`, each other one those before it, as in
            `logits`. A str is cut as `encode` does; other cuts of it, which sampling can make, are
            not counted.

        Raises
        ------
        ValueError
            As `logits`.

        Examples
        --------
        >>> model = GPT2.load("tiny")
        >>> model.log_probability("The fire was hot.") > model.log_probability("The fire hot was.")
        True
        """
        ids = self.encode(text) if isinstance(text, str) else as_ids("text", text, len(self.tokens))
        return float(self._log_probabilities(ids).sum())

    def perplexity(self, text: Context) -> float:
        """Return exp(-log_probability / n) of n tokens: how many equally likely tokens are as hard to guess.

        Parameters
        ----------
        text : str or sequence of ids
            At least one token.

        Raises
        ------
        ValueError
            If `text` is empty, or `log_probability` refuses it.

        Examples
        --------
        >>> 1 < GPT2.load("tiny").perplexity("The fire was hot.") < 1024
        True
        """
        ids = self.encode(text) if isinstance(text, str) else as_ids("text", text, len(self.tokens))
        if not ids.size:
            raise ValueError("text is empty: perplexity is a mean over tokens")
        return float(np.exp(-self._log_probabilities(ids).mean()))
