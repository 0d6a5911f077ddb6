"""A letter n-gram model: the next letter given the n - 1 before it.

Letters are Unicode code points, so that any text in any script can be learned from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray, as_count, as_ids
from boltzmann.language.ngram.kneser_ney import ContextTable, IntArray, fit_context_tables
from boltzmann.language.ngram.short_contexts import ShortContexts, tabulate

UNKNOWN = "<unk>"


def _find(keys: IntArray, wanted: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return the index of each wanted key in the sorted `keys`, and whether it is there at all."""
    index = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    return index, keys[index] == wanted


def _code_points(name: str, text: Any) -> IntArray:
    """Return the code points of a text, (n,)."""
    if not isinstance(text, str):
        raise ValueError(f"{name} must be a str, got {type(text).__name__}")
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


def _numbered(points: IntArray) -> tuple[IntArray, IntArray]:
    """Return the different code points of a text, sorted, and the index of each letter's, (n,)."""
    index = np.zeros(points.max() + 1, np.int32)  # at most 4.5 MB: there are 1,114,112 code points
    index[points] = 1
    codes = np.flatnonzero(index)
    index[codes] = np.arange(codes.size)
    return codes, index[points].astype(np.int64)


@dataclass(frozen=True, eq=False, repr=False)
class NGram:
    r"""A letter n-gram model with interpolated modified Kneser-Ney smoothing; see `NGram.fit`.

    .. math:: p(w|h) = \frac{c(hw) - D(c(hw)) + p(w|h') \sum_v D(c(hv))}{\sum_v c(hv)}

    h' is the context h without its leftmost letter. The empty context backs off to the uniform law
    over the alphabet, so that every letter has a positive probability in every context. If h is the
    whole context, c counts occurrences; otherwise it is the continuation count, of different
    letters to the left of hw. Therefore an order-5 model given two letters *is* the order-3 model,
    and given none, the smoothed letter frequencies.

    Attributes
    ----------
    order : int
        The n of the n-gram.
    alphabet : tuple of V str
        The letters, sorted by code point; ``"<unk>"`` comes last if the model has it.
    unknown_id : int or None
        The id of ``"<unk>"``, if the model has it.

    See Also
    --------
    GPT2 : A transformer.
    LanguageModel : What `generate` asks of a model.
    load_corpus : The text that ships.
    generate : A text, drawn token by token.

    References
    ----------
    .. [1] R. Kneser and H. Ney, Proc. ICASSP 1995, vol. 1, 181: backing off to continuation counts.
    .. [2] S. F. Chen and J. Goodman, Computer Speech and Language 13, 359 (1999), eqs. 23-26.

    Examples
    --------
    >>> model = NGram.fit("so it goes. so it goes. so it", order=3)
    >>> model
    NGram(order=3, letters=8)
    >>> model.alphabet[model.logits("so it g").argmax()]
    'o'
    """

    order: int
    alphabet: tuple[str, ...]
    unknown_id: int | None
    _codes: IntArray  # the code points of the alphabet, sorted
    _tables: tuple[ContextTable, ...]  # by length of the context

    @property
    def reach(self) -> int:
        """How many letters before it a letter depends on, n - 1."""
        return self.order - 1

    @classmethod
    def fit(cls, text: str, order: int = 5, unknown: bool = False) -> "NGram":
        """Return the model fitted to `text`.

        Parameters
        ----------
        text : str
            At least one letter.
        order : int
            The n of the n-gram: a letter is predicted from the n - 1 before it, at order 1 from
            none.
        unknown : bool
            Whether the alphabet ends in ``"<unk>"``, which stands for every letter not in `text`.
            Its probability is that of one more letter that never occurred: the share 1/V of the
            backoff weight of the empty context. Without it such letters are refused.

        Raises
        ------
        ValueError
            If `text` is no str or empty, or `order` is no whole number of at least 1.

        Examples
        --------
        >>> NGram.fit("banana", order=2, unknown=True).alphabet
        ('a', 'b', 'n', '<unk>')
        """
        points = _code_points("text", text)
        if points.size == 0:
            raise ValueError("text is empty: a model learns from at least one letter")
        order = as_count("order", order)
        codes, ids = _numbered(points)
        alphabet = (*map(chr, codes), *([UNKNOWN] if unknown else []))
        tables = fit_context_tables(ids, order, len(alphabet))
        return cls(order, alphabet, codes.size if unknown else None, codes, tables)

    def __repr__(self) -> str:
        return f"NGram(order={self.order}, letters={len(self.alphabet)})"

    def encode(self, text: str) -> IntArray:
        """Return the ids of the letters of `text`, their indices in the alphabet, (len(text),).

        Parameters
        ----------
        text : str
            Any length; each letter is a Unicode code point.

        Returns
        -------
        (len(text),) ndarray of int
            Ids from 0 to V - 1.

        Raises
        ------
        ValueError
            If `text` is no str, or holds letters that the model has not seen and has no ``"<unk>"``
            for.

        Examples
        --------
        >>> NGram.fit("banana").encode("nab")
        array([2, 0, 1])
        """
        points = _code_points("text", text)
        ids, known = _find(self._codes, points)
        if known.all():
            return ids
        if self.unknown_id is not None:
            return np.where(known, ids, self.unknown_id)

        places: dict[str, str] = {}  # the first of each unknown letter
        for index in np.flatnonzero(~known).tolist():
            letter = text[index]
            places.setdefault(letter, f"{letter!r} (U+{ord(letter):04X}) at index {index}")
        more = f" and {len(places) - 10} more" if len(places) > 10 else ""
        raise ValueError(
            f"letters that the model has not seen: {', '.join([*places.values()][:10])}{more}"
        )

    def decode(self, ids: Sequence[int] | IntArray) -> str:
        """Return the text that has these ids.

        Parameters
        ----------
        ids : (n,) sequence of int
            Indices in the alphabet, from 0 to V - 1.

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
        >>> NGram.fit("banana").decode([1, 0, 2])
        'ban'
        """
        return "".join(self.alphabet[i] for i in as_ids("ids", ids, len(self.alphabet)))

    def logits(self, context: str | Sequence[int] | IntArray) -> FloatArray:
        """Return log p(letter | context) for every letter, shape (V,), in nats: normalised logits.

        Parameters
        ----------
        context : str or sequence of ids
            Only the last n - 1 letters count; there may be fewer, or none.

        Returns
        -------
        (V,) ndarray
            In nats; their exponentials sum to 1.

        Raises
        ------
        ValueError
            If `context` is neither, or holds a letter, or among the last n - 1 an id, that the
            model does not have.

        Examples
        --------
        >>> float(np.exp(NGram.fit("banana").logits("")).sum().round(12))
        1.0
        """
        if isinstance(context, str):
            context = self.encode(context)
        elif not isinstance(context, Sequence) and np.ndim(context) != 1:
            raise ValueError(f"context must be a str or a sequence of ids, got {context!r}")
        V = len(self.alphabet)
        first = max(0, len(context) - self.reach)
        recent = context[first:]
        if not (isinstance(recent, list) and all(type(i) is int and 0 <= i < V for i in recent)):
            recent = as_ids("context", recent, V, first).tolist()

        # What the whole context backs off to, as far as it is kept
        log_p: FloatArray  # (V,)
        if recent:
            known, node = self._short_contexts.longest(recent[1:], V)
            log_p = self._short_contexts.logits[known][node].copy()
        else:
            known, node = -1, 0
            log_p = np.full(V, -np.log(V))  # the uniform law

        for m, table in enumerate(self._tables[known + 1 : len(recent) + 1], known + 1):
            if m:  # from the context of m - 1 letters to that of m
                key = node * V + recent[-m]
                node = int(table.context_keys.searchsorted(key))
                if node == table.context_keys.size or table.context_keys[node] != key:
                    break
            smoothed = table.occurrences if m == len(recent) else table.continuations
            ngrams = slice(table.starts[node], table.starts[node + 1])
            letters = table.keys[ngrams] - node * V
            log_p += smoothed.log_backoff[node]
            log_p[letters] = np.logaddexp(log_p[letters], smoothed.log_discounted[ngrams])
        return log_p

    @cached_property
    def _short_contexts(self) -> ShortContexts:
        return tabulate(self._tables, len(self.alphabet))

    def _log_probabilities(self, ids: IntArray) -> FloatArray:
        """Return the log-probability of each letter given those before it, (n,).

        The recursion of `logits`, for all places of the text at once.
        """
        V = len(self.alphabet)
        log_p = np.full(ids.size, -np.log(V))
        place = np.arange(ids.size)  # places whose m letters to the left are a known context
        node = np.zeros(ids.size, dtype=np.int64)  # the node of that context
        for m, table in enumerate(self._tables):
            if m:  # from contexts of m - 1 letters to those of m
                long_enough = place >= m
                place = place[long_enough]
                node, known = _find(table.context_keys, node[long_enough] * V + ids[place - m])
                place = place[known]
                node = node[known]

            whole = place == m
            ngram, seen = _find(table.keys, node * V + ids[place])
            log_p[place] += np.where(
                whole,
                table.occurrences.log_backoff[node],
                table.continuations.log_backoff[node],
            )
            log_discounted = np.where(
                whole,
                table.occurrences.log_discounted[ngram],
                table.continuations.log_discounted[ngram],
            )
            log_p[place[seen]] = np.logaddexp(log_p[place[seen]], log_discounted[seen])
        return log_p

    def log_probability(self, text: str) -> float:
        """Return the sum of log p(letter | letters before it) over `text`, in nats; 0 for no text.

        Parameters
        ----------
        text : str
            Any length.

        Returns
        -------
        float
            In nats, 0 or below.

        Raises
        ------
        ValueError
            If `text` is no str, or holds letters that the model has not seen and has no ``"<unk>"``
            for.

        Examples
        --------
        >>> p = np.exp(NGram.fit("aaab", order=2).log_probability("ab"))
        >>> round(float(p), 12)  # 5/8 for an a, 3/8 for a b after it
        0.234375
        """
        return float(self._log_probabilities(self.encode(text)).sum())

    def perplexity(self, text: str) -> float:
        """Return exp(-log_probability / len(text)).

        So many equally likely letters would be as hard to guess.

        Parameters
        ----------
        text : str
            At least one letter.

        Returns
        -------
        float
            A number of letters, at least 1.

        Raises
        ------
        ValueError
            If `text` is empty, or `log_probability` refuses it.

        Examples
        --------
        >>> round(NGram.fit("aaab", order=2).perplexity("ab"), 6)  # (5/8 · 3/8)^(-1/2)
        2.065591
        """
        log_probability = self.log_probability(text)
        if not text:
            raise ValueError("text is empty: perplexity is a mean over letters")
        return float(np.exp(-log_probability / len(text)))
