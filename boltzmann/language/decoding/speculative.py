"""Speculative decoding: a draft model proposes tokens, the target accepts or replaces them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann._core.checks import FloatArray, as_count, as_generator
from boltzmann.language.decoding.chain import Chain, as_step, checked_weights
from boltzmann.language.decoding.drawing import inverse_cdf
from boltzmann.language.decoding.generate import LanguageModel, without_unknown
from boltzmann.language.decoding.steps import Step


@dataclass(frozen=True)
class Speculation:
    """A text written by `speculate`, and what it took.

    Attributes
    ----------
    text : str
        The continuation, without the prompt.
    tokens : tuple of int
        Its ids.
    proposed : int
        How many tokens the draft proposed and the target looked at: none behind the first rejected
        one of a round.
    accepted : int
        How many of these the target accepted.
    target_calls : int
        How often the target was asked for logits.

    See Also
    --------
    speculate : A text of the same law, by a draft and a target model.

    Examples
    --------
    >>> Speculation("abc", (0, 1, 2), proposed=3, accepted=2, target_calls=1).acceptance
    0.6666666666666666
    """

    text: str
    tokens: tuple[int, ...]
    proposed: int
    accepted: int
    target_calls: int

    @property
    def acceptance(self) -> float:
        """The fraction of proposed tokens that was accepted; nan if none was proposed."""
        return self.accepted / self.proposed if self.proposed else float("nan")

    @property
    def tokens_per_call(self) -> float:
        """Tokens of the text per call of the target; nan if it was not called."""
        return len(self.tokens) / self.target_calls if self.target_calls else float("nan")


def speculate(
    target: LanguageModel,
    draft: LanguageModel,
    prompt: str,
    length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    seed: int | np.random.Generator = 0,
    chain: Chain | None = None,
    *,
    proposals: int = 4,
) -> Speculation:
    r"""Continue `prompt` by `length` tokens of the law of `target`, many of them drawn by `draft`.

    Let p be the law of the next token that `generate` draws from, and q the same law of the draft.
    Proposals are drawn from q. In order, a proposed token x is accepted with the probability

    .. math:: \min(1, p(x) / q(x))

    At the first rejection the token is drawn from what p has more than q, in proportion to max(0, p
    - q), and the proposals behind it are dropped; if all are accepted, one more is drawn from p.
    Each token then has exactly the law p, whatever the draft [1]_ [2]_.

    Parameters
    ----------
    target : LanguageModel
        The model whose law the text has. If it has a method ``recent_logits(ids, count)``, as a
        `GPT2`, all proposals of a round are checked by one call of it; otherwise each takes a call
        of `logits`, and the target is called once a token, as often as by `generate`.
    draft : LanguageModel
        A model of the same tokens. Its law may be any other; the nearer it is to the target's, the
        more is accepted: 1 - Σ|p - q|/2 of the proposals in one context.
    prompt : str
        What the text begins with; it may be empty.
    length : int
        How many tokens to write.
    temperature, top_k, top_p, min_p : float or int, optional
        As in `generate`; both models are decoded with them.
    seed : int or numpy Generator
        The source of randomness. The text is another one than that of `generate` with this seed.
    chain : Chain, optional
        The steps on the logits of both, in place of temperature, top_k, top_p and min_p.
    proposals : int
        How many tokens the draft proposes in a round; fewer where the text ends.

    Returns
    -------
    Speculation
        The text, its tokens, and how many of them were proposed and accepted.

    Raises
    ------
    ValueError
        If the models differ in their tokens, cannot encode the prompt, or an argument is out of its
        range, before anything is drawn.

    See Also
    --------
    generate : A text, drawn token by token.
    Speculation : What `speculate` returns.

    References
    ----------
    .. [1] Y. Leviathan, M. Kalman and Y. Matias, Proc. ICML 2023, PMLR 202, 19274.
    .. [2] C. Chen et al., arXiv:2302.01318 (2023).

    Examples
    --------
    >>> from boltzmann.language import NGram, load_corpus
    >>> target = NGram.fit(load_corpus(), order=5)
    >>> draft = NGram.fit(load_corpus(), order=3)
    >>> speculate(target, draft, "The fire ", length=40, temperature=0).text
    'and the stood in the stood in the stood '
    """
    step = as_step(chain, temperature, top_k, top_p, min_p)
    length = as_count("length", length, least=0)
    generator = as_generator(seed)
    proposals = as_count("proposals", proposals)
    for name, model in (("target", target), ("draft", draft)):
        if not (hasattr(model, "encode") and hasattr(model, "logits")):
            raise ValueError(f"{name} must be a language model, got {model!r}")
    if not isinstance(prompt, str):
        raise ValueError(f"prompt must be a text, got {prompt!r}")
    _refuse_other_tokens(target, draft)
    ids = _common_ids(target, draft, prompt)
    rounds = _Rounds(_NextToken(target, step), _NextToken(draft, step), generator)

    first = len(ids)
    end = first + length
    while len(ids) < end:
        # The target adds a token of its own to what it accepts.
        rounds.extend(ids, min(proposals, end - len(ids) - 1))

    tokens = tuple(ids[first:])
    text = target.decode(list(tokens))
    return Speculation(text, tokens, rounds.proposed, rounds.accepted, rounds.target.calls)


class _NextToken:
    """The law of the next token that a model has after a decoding step, and the calls it took."""

    def __init__(self, model: LanguageModel, step: Step):
        self.calls = 0
        self._model = model
        self._step = step
        self._recent_logits = getattr(model, "recent_logits", None)

    def rows(self, ids: list[int], count: int) -> Any:
        """Return logits after the `count` longest beginnings of the ids by one call, (count, V).

        Of a model that has none by one call, return that many times None.
        """
        if self._recent_logits is None:
            return [None] * count
        self.calls += 1
        return self._recent_logits(ids, count)

    def law(self, ids: list[int], row: Any) -> FloatArray:
        """Return the law after the ids, given what `rows` has for them, (V,)."""
        if row is None:
            self.calls += 1
            row = self._model.logits(ids)
        weights = checked_weights(self._step, without_unknown(self._model, row), ids)
        law: FloatArray = weights / weights.sum()
        return law


class _Rounds:
    """Rounds of proposals and their check, with counts of what was proposed and accepted."""

    def __init__(self, target: _NextToken, draft: _NextToken, generator: np.random.Generator):
        self.proposed = 0
        self.accepted = 0
        self.target = target
        self._draft = draft
        self._generator = generator

    def extend(self, ids: list[int], proposals: int) -> None:
        """Append from 1 to `proposals` + 1 tokens to the ids."""
        start = len(ids)
        drafts = self._propose(ids, proposals)
        rows = self.target.rows(ids, proposals + 1)
        proposed = ids[start:]
        del ids[start:]

        for token, q, row in zip(proposed, drafts, rows, strict=False):
            p = self.target.law(ids, row)
            if p.size != q.size:
                raise ValueError(f"draft has {q.size} logits: it must have {p.size}, as the target")
            self.proposed += 1
            if self._generator.random() * q[token] >= p[token]:  # with probability 1 - p/q
                ids.append(self._drawn(excess(p, q)))
                return
            self.accepted += 1
            ids.append(token)
        ids.append(self._drawn(self.target.law(ids, rows[-1])))

    def _propose(self, ids: list[int], proposals: int) -> list[FloatArray]:
        """Append the draft's tokens to the ids, and return the laws that they were drawn from."""
        laws = []
        for _ in range(proposals):
            (row,) = self._draft.rows(ids, 1)
            laws.append(self._draft.law(ids, row))
            ids.append(self._drawn(laws[-1]))
        return laws

    def _drawn(self, weights: FloatArray) -> int:
        return int(inverse_cdf(weights, self._generator.random(1))[0])


def excess(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return max(0, p - q), what p has more than q, (V,): the weights of a replaced token.

    Where rounding leaves nothing of it, p and q are equal but for rounding, and p is returned.
    """
    more: FloatArray = np.maximum(p - q, 0)
    return more if more.any() else p


def _refuse_other_tokens(target: LanguageModel, draft: LanguageModel) -> None:
    """Raise a ValueError if both models say what their tokens are, and these differ."""
    for name in ("tokens", "alphabet"):  # of a GPT2, of an NGram
        own, other = getattr(target, name, None), getattr(draft, name, None)
        if own is None or other is None:
            continue
        if len(own) != len(other):
            raise ValueError(
                f"draft.{name} has {len(other)} entries: it must have the target's {len(own)}"
            )
        for id_, (token, drafted) in enumerate(zip(own, other, strict=True)):
            if token != drafted:
                raise ValueError(
                    f"draft.{name}[{id_}] is {drafted!r}: it must be the target's {token!r}"
                )


def _common_ids(target: LanguageModel, draft: LanguageModel, prompt: str) -> list[int]:
    """Return the ids of the prompt, which both models must agree on."""
    try:
        ids, drafted = ([int(i) for i in model.encode(prompt)] for model in (target, draft))
    except ValueError as error:
        raise ValueError(f"prompt: {error}") from error
    if ids != drafted:
        raise ValueError(f"draft has other tokens: the prompt is {drafted}, to the target {ids}")
    return ids
