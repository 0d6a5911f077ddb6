"""The model GPT-2: text to ids and back, logits of the next token, probability of a text.

Its tokenizer works on bytes, so any text in any script has ids. The network is in
`boltzmann.language.gpt2.network` and `.layers`.
"""

import os
from collections.abc import Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray, as_count, as_ids
from boltzmann.language.gpt2.cache import Array
from boltzmann.language.gpt2.checkpoint import find_folder, read_network
from boltzmann.language.gpt2.layers import Config, IntArray, Weights
from boltzmann.language.gpt2.network import Network
from boltzmann.language.gpt2.tokenizer import Tokenizer, read_tokenizer

_PRECISIONS = (np.float32, np.float64, "float32", "float64")
Precision = type[np.float32] | type[np.float64] | np.dtype[Any] | Literal["float32", "float64"]

Context = str | Sequence[int] | NDArray[np.integer[Any]]


def _is_batch(context: Any) -> bool:
    """Tell whether this is a batch: whether its first entry is a text or a row of ids."""
    if isinstance(context, np.ndarray):
        return context.ndim > 1
    several = isinstance(context, Sequence) and not isinstance(context, str) and len(context) > 0
    return several and (isinstance(context[0], str) or np.ndim(context[0]) > 0)


class GPT2:
    r"""A GPT-2; see `GPT2.load`.

    .. math:: p(i_{n+1} | i_1 \dots i_n) = \operatorname{softmax}(W h(i_1 \dots i_n))_{i_{n+1}}

    h is the hidden state of the last token in a transformer [1]_ of the form of GPT-2 [2]_, and W,
    (V, D), the output embedding, usually the same array as the input embedding.

    At most `window` tokens are seen at once. Beyond, the window moves on by half its length as
    often as needed: with w = `window`, the token after n > w others is predicted from the last w/2
    to w of them. What is seen depends on n alone, so logits are a function of the ids, and the
    key-value cache serves w/2 tokens between two moves.

    Attributes
    ----------
    name : str
        The name or path that it was loaded by.
    tokens : tuple of V bytes
        The bytes of each token; an id without a token is ``b""``.
    window : int
        The most tokens that are seen at once.
    begin_id : int or None
        The token that stands before a text: ``<|endoftext|>``, which separates texts.

    See Also
    --------
    NGram : A model of letters.
    LanguageModel : What `generate` asks of a model.
    generate : A text, drawn token by token.

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
        self,
        name: str,
        tokenizer: Tokenizer,
        weights: Weights,
        config: Config,
        begin_id: int | None,
    ) -> None:
        V = len(weights["lm_head.weight"])
        if tokenizer.size > V:
            raise ValueError(
                f"{name}: the tokenizer has ids up to {tokenizer.size - 1}, the network {V} tokens"
            )
        self.name = name
        self.window = config.window
        self.begin_id = begin_id
        self.tokens = tokenizer.tokens + (b"",) * (V - tokenizer.size)
        self._tokenizer = tokenizer
        self._network = Network(weights, config)

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
            The type of the computation and of the logits. The order in which a machine adds changes
            logits in float32 by some 1e-6, and in float64, at twice the time and memory, by some
            1e-14.

        Raises
        ------
        ValueError
            If `name_or_path` is no name, `dtype` is another, or a file is damaged or not a GPT-2's.
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
        tokenizer = read_tokenizer(folder)
        weights, config, begin_id = read_network(folder, np.dtype(dtype))
        return cls(os.fspath(name_or_path), tokenizer, weights, config, begin_id)

    def __repr__(self) -> str:
        # By identity, so that tied embeddings count once
        arrays = {id(array): array for array in self._network.weights.values()}
        parameters = sum(array.size for array in arrays.values())
        return (
            f"GPT2({self.name!r}, tokens={len(self.tokens)}, window={self.window}, "
            f"parameters={parameters})"
        )

    def encode(self, text: str) -> IntArray:
        """Return the ids of the tokens of `text`, shape (n,).

        Parameters
        ----------
        text : str
            Any text that UTF-8 can write; ``<|endoftext|>`` in it is the token of that name.

        Returns
        -------
        (n,) ndarray of int
            Ids from 0 to V - 1.

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
        for index, letter in enumerate(text):
            if "\ud800" <= letter <= "\udfff":
                raise ValueError(
                    f"text[{index}] is {letter!r}: UTF-8 has no half of a surrogate pair"
                )
        return np.array(self._tokenizer.encode(text), dtype=np.int64)

    def decode(self, ids: Sequence[int] | IntArray) -> str:
        """Return the text that has these ids; bytes that are not UTF-8 become U+FFFD.

        Parameters
        ----------
        ids : (n,) sequence of int
            From 0 to V - 1.

        Returns
        -------
        str
            The text.

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
        checked = as_ids("ids", ids, len(self.tokens))
        return b"".join(self.tokens[id_] for id_ in checked).decode("utf-8", "replace")

    def _as_ids(self, name: str, text: Any) -> IntArray:
        """Return the checked ids of a text, or of a sequence of ids, (n,)."""
        return self.encode(text) if isinstance(text, str) else as_ids(name, text, len(self.tokens))

    def _as_context(self, name: str, context: Any) -> IntArray:
        """Return the checked ids of a context, (n,); if it is empty, `begin_id` alone, (1,)."""
        ids = self._as_ids(name, context)
        if ids.size:
            return ids
        if self.begin_id is None:
            raise ValueError(f"{name} is empty, and {self.name} has no token that begins a text")
        return np.array([self.begin_id])

    def logits(self, context: Context | Sequence[Context]) -> Array:
        """Return the logits of the next token, shape (V,) or (B, V), in nats.

        Keys and values of the last call are cached: of a context that goes on from it only the
        added tokens are computed, and the logits differ by rounding, in float32 some 1e-6, from
        those computed without a cache.

        Parameters
        ----------
        context : str or sequence of ids, or a sequence of B such contexts
            All text so far; if empty, the token `begin_id`. The contexts of a batch may have any
            lengths; they are cached if these are equal.

        Returns
        -------
        (V,) or (B, V) ndarray
            In nats, up to a constant for each context.

        Raises
        ------
        ValueError
            If `context` is neither, holds an id or letter that the model does not have, or is empty
            and there is no `begin_id`.

        Examples
        --------
        >>> model = GPT2.load("tiny")
        >>> model.logits("The fire").shape, model.logits(["The fire was", "A cup"]).shape
        ((1024,), (2, 1024))
        """
        if _is_batch(context):
            batch = [self._as_context(f"context[{k}]", row) for k, row in enumerate(context)]
            return self._network.last_logits(batch)
        logits: Array = self._network.last_logits([self._as_context("context", context)])[0]
        return logits

    def recent_logits(self, context: Context, count: int) -> Array:
        """Return the logits after the `count` longest beginnings, shape (count, V), in nats.

        The last row is ``logits(ids)``, the one before it ``logits(ids[:-1])``, and so on. Keys and
        values are kept from call to call for as far as the ids agree: of a context whose end was
        replaced, only the tokens from there on are computed, and at least `count`.

        Parameters
        ----------
        context : str or sequence of n ids
            One text, which may be empty.
        count : int
            From 1 to n + 1; the beginning of no token is the token `begin_id`.

        Returns
        -------
        (count, V) ndarray
            In nats, the shortest beginning first.

        Raises
        ------
        ValueError
            As `logits`, or if `count` is out of its range.

        Examples
        --------
        >>> GPT2.load("tiny").recent_logits("The fire was", 2).shape
        (2, 1024)
        """
        ids = self._as_ids("context", context)
        count = as_count("count", count)
        if count > ids.size + 1:
            raise ValueError(f"count is {count}: of {ids.size} tokens it is at most {ids.size + 1}")
        if count <= ids.size:
            return self._network.recent_logits(ids, count)

        rows = [self._network.last_logits([self._as_context("context", ids[:0])])]
        if ids.size:
            rows.append(self._network.recent_logits(ids, ids.size))
        return np.concatenate(rows)

    def all_logits(self, context: Context) -> Array:
        """Return the logits after each token of a text, shape (n, V), in nats.

        Row k is ``logits(ids[:k + 1])``.

        Parameters
        ----------
        context : str or sequence of n ids
            One text; if empty, the token `begin_id`.

        Returns
        -------
        (n, V) ndarray
            In nats, the shortest beginning first.

        Raises
        ------
        ValueError
            As `logits`.

        Examples
        --------
        >>> GPT2.load("tiny").all_logits("The fire was").shape
        (3, 1024)
        """
        return np.concatenate([*self._network.all_logits(self._as_context("context", context))])

    def _log_probabilities(self, ids: IntArray) -> FloatArray:
        """Return the log-probability of each token given those before it, (n,)."""
        if not ids.size:
            return np.zeros(0)

        first = self._network.last_logits([self._as_context("text", ids[:0])])  # (1, V)
        log_p = np.empty(ids.size)
        done = 0
        for logits in chain([first], self._network.all_logits(ids[:-1])):
            block = slice(done, done + len(logits))
            differences = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
            log_Z = np.log(np.exp(differences).sum(axis=-1))  # (block,)
            log_p[block] = differences[np.arange(len(logits)), ids[block]] - log_Z
            done = block.stop
        return log_p

    def log_probability(self, text: Context) -> float:
        """Return the sum of log p(token | tokens before it) over `text`, in nats; 0 for no text.

        Parameters
        ----------
        text : str or sequence of ids
            Any length. The first token is predicted from `begin_id`, each other one from those
            before it, as in `logits`. A str is tokenized by `encode`; other tokenizations of it,
            which sampling can produce, are not counted.

        Returns
        -------
        float
            In nats, 0 or below.

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
        ids = self._as_ids("text", text)
        return float(self._log_probabilities(ids).sum())

    def perplexity(self, text: Context) -> float:
        """Return exp(-log_probability / n) of n tokens.

        So many equally likely tokens would be as hard to guess.

        Parameters
        ----------
        text : str or sequence of ids
            At least one token.

        Returns
        -------
        float
            A number of tokens, at least 1.

        Raises
        ------
        ValueError
            If `text` is empty, or `log_probability` refuses it.

        Examples
        --------
        >>> 1 < GPT2.load("tiny").perplexity("The fire was hot.") < 1024
        True
        """
        ids = self._as_ids("text", text)
        if not ids.size:
            raise ValueError("text is empty: perplexity is a mean over tokens")
        return float(np.exp(-self._log_probabilities(ids).mean()))
