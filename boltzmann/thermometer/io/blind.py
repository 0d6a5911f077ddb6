"""Tokens alone: requests without log-probabilities, many copies of a prompt in each.

Asking for log-probabilities can change which code samples: llama-server leaves its backend's
sampler where n_probs is above 0. Each prompt's list is therefore asked for once, and then one token
after the prompt, as often as need be; it is looked up in that list.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp
from typing import Any

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.io.list_conventions import ABSENT, Row
from boltzmann.thermometer.io.tokens import PLACEHOLDER, ObservedDraw, Token, shown, token_of

# The interfaces that can be asked so, and the fields that ask for log-probabilities.
LIST_FIELDS = {
    "completions": ("logprobs",),
    "chat": ("logprobs", "top_logprobs"),
    "llama": ("n_probs",),
}


def blind_body(api: str, body: dict[str, Any], copies: int) -> dict[str, Any]:
    """Return the body that asks for tokens alone, so many copies, from one that asks for one token.

    llama-server is asked for a list of prompts, and to return ids.
    """
    kept = {name: value for name, value in body.items() if name not in LIST_FIELDS[api]}
    if api != "llama":
        return kept | {"n": copies}
    return kept | {"prompt": [kept["prompt"]] * copies, "return_tokens": True}


def tokens_in(content: Any) -> list[int | str | None]:
    """Return the first token of each copy in an answer, by its id or its text; None if it is empty.

    Raises
    ------
    ValueError
        If the answer is of none of the forms that were asked for.
    """
    if isinstance(content, Mapping) and isinstance(content.get("choices"), list):
        return [_text_of(choice) or None for choice in content["choices"]]
    copies = content if isinstance(content, list) else [content]
    return [_id_or_text(copy) for copy in copies]


def _text_of(choice: Any) -> str:
    """Return the text of a choice of a completion, or of a chat completion, where null is none."""
    found = choice.get("text") if isinstance(choice, Mapping) else None
    if isinstance(choice, Mapping) and isinstance(choice.get("message"), Mapping):
        found = choice["message"].get("content") or ""
    if not isinstance(found, str):
        raise ValueError(f"expected a text in each of choices, got {shown(choice)}")
    return found


def _id_or_text(copy: Any) -> int | str | None:
    """Return the token of an answer of llama-server."""
    if not isinstance(copy, Mapping) or not isinstance(copy.get("content"), str):
        raise ValueError(f"expected objects with 'content' or 'choices', got {shown(copy)}")
    ids = copy.get("tokens")
    if isinstance(ids, list) and ids and isinstance(ids[0], int):
        return ids[0]
    return copy["content"] or None


def check_texts(draw: ObservedDraw, content: Any) -> None:
    """Refuse a server whose texts do not name the tokens that it lists.

    Raises
    ------
    ValueError
        If the token drawn with a list is another than the answer's text says.
    """
    (found,) = {*tokens_in(content)} or {None}
    if draw.chosen is not None and found is not None and _key(found) != draw.chosen:
        raise ValueError(
            f"the text {shown(found)} of an answer is not that of its token {shown(draw.chosen)}: "
            "its tokens cannot be told without their log-probabilities"
        )


def _key(token: int | str) -> Token | None:
    """Return what identifies a token; None if nothing does."""
    return token if isinstance(token, int) else token_of({"token": token})


@dataclass(frozen=True, eq=False)
class TokenList:
    """The likeliest tokens after a prompt.

    Attributes
    ----------
    tokens : list of m int or bytes
        The tokens, each once.
    logprobs : (m,) array
        Their log-probabilities, in nats.
    unidentified : float
        The probability of those that cannot be told from others, and are left out.
    """

    tokens: list[Token]
    logprobs: FloatArray
    unidentified: float

    @classmethod
    def of(cls, draw: ObservedDraw) -> "TokenList":
        """Return the list that came with a draw, without that token if it stands at the end.

        Some servers append the token drawn, or put it in the place of the last.
        """
        pairs = list(zip(draw.tokens, draw.logprobs, strict=True))
        if len(pairs) > 1 and pairs[-1][0] == draw.chosen:
            pairs = pairs[:-1]
        known = [(t, value) for t, value in pairs if t is not None and value > PLACEHOLDER]
        return cls(
            tokens=[token for token, _ in known],
            logprobs=np.array([value for _, value in known]),
            unidentified=sum(exp(min(value, 0.0)) for token, value in pairs if token is None),
        )

    @cached_property
    def _places(self) -> dict[Token, int]:
        return {token: place for place, token in enumerate(self.tokens)}

    def row(self, token: int | str | None) -> Row:
        """Return the row of one draw; it shares its arrays with those of the other draws."""
        key = None if token is None else _key(token)
        place: int | None = None
        if key is not None:
            place = self._places.get(key, ABSENT)
        return Row(self.logprobs, place, self.unidentified, self.tokens, key)
