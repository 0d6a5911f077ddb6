"""One draw as a server reports it: the tokens listed, their log-probabilities, the one drawn.

Tokens of a list are told apart by their ids, else by their bytes, else by their text. Texts can be
equal, and those of tokens that hold part of a character are: that part is written U+FFFD, or left
out. llama-server does not even report such tokens when they are drawn. They are therefore left out
of both the list and the draws: the distribution over the other tokens, given that one of them is
drawn, is the same.
"""

import re
import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

Token = int | bytes
PLACEHOLDER = -9999.0  # OpenAI and vLLM write it for "very unlikely"; llama-server writes less
_ID_FIELDS = ("id", "token_id")
_SPELLED_ID = re.compile(r"token_id:(\d{1,9})")  # vLLM's return_tokens_as_token_ids
_SHOWN = 100  # characters of an unexpected value in a message
_LARGEST = 1e6  # nats: neither a log-probability nor a logit is as large


@dataclass(frozen=True)
class ObservedDraw:
    """One draw, and what the server listed for it.

    Attributes
    ----------
    tokens : list of int, bytes or None
        The tokens listed, the likeliest first; None for one that cannot be told from others.
    logprobs : list of float
        Their log-probabilities, in nats.
    chosen : int, bytes or None
        The token drawn; None if it cannot be identified.
    keyed_by_text : bool
        Whether the list was an object {text: log-probability}, which holds equal texts once.
    own : float or None
        The log-probability that is reported beside the token drawn, apart from the list.
    place : str
        Where in the response it stands, with the text of the token, for messages.
    """

    tokens: list[Token | None]
    logprobs: list[float]
    chosen: Token | None
    keyed_by_text: bool
    own: float | None = None
    place: str = field(default="", compare=False)


def observed_draw(
    listed: Sequence[tuple[Token | None, Any]],
    entry: Mapping[str, Any],
    place: str,
    *,
    keyed_by_text: bool,
) -> ObservedDraw:
    """Return a draw with its list sorted, of an entry with its token and log-probability.

    A token that is listed twice with one value is listed once; with two values it may be two
    tokens, and becomes None.

    Raises
    ------
    ValueError
        If a log-probability is not a number; the message names the place.
    """
    chosen = token_of(entry)
    pairs = [(token, _logprob(value, place)) for token, value in listed]
    tokens = {token for token, _ in pairs}
    if None in tokens or len(tokens) < len(pairs):
        pairs = _told_apart(pairs)
    pairs.sort(key=itemgetter(1), reverse=True)

    known = len(tokens) == len(pairs) or any(token == chosen for token, _ in pairs)
    return ObservedDraw(
        tokens=[token for token, _ in pairs],
        logprobs=[value for _, value in pairs],
        chosen=chosen if known or chosen not in tokens else None,
        keyed_by_text=keyed_by_text,
        own=_own(entry.get("logprob")),
        place=f"{place}, {shown(entry.get('token'))}",
    )


def _told_apart(pairs: list[tuple[Token | None, float]]) -> list[tuple[Token | None, float]]:
    """Return a list in which each token stands once; None is one that cannot be told from others.

    One that is listed twice with one value is one token, with two values it may be two.
    """
    distinct = [*dict.fromkeys(pair for pair in pairs if pair[0] is not None)]
    distinct += [pair for pair in pairs if pair[0] is None]
    times_listed = Counter(token for token, _ in distinct)
    return [(token if times_listed[token] == 1 else None, value) for token, value in distinct]


def token_of(entry: Mapping[str, Any]) -> Token | None:
    """Return what identifies a token; None if nothing does, or if it holds part of a character.

    Raises
    ------
    ValueError
        If its text is missing.
    """
    text = entry.get("token")
    spelled = entry.get("bytes")
    if isinstance(text, int) and not isinstance(text, bool):  # mistralrs
        return text
    if not isinstance(text, str):
        raise ValueError(f"expected a text as 'token', got {shown(text)}")
    if spelled_id := _SPELLED_ID.fullmatch(text):
        return int(spelled_id[1])
    number = _id_of(entry)
    if number is not None and text.isascii() and (spelled is None or spelled == [*text.encode()]):
        return number

    try:
        content = bytes(spelled) if isinstance(spelled, list) else text.encode("utf-8")
        complete = "\ufffd" not in content.decode("utf-8")
    except (UnicodeError, TypeError, ValueError):
        return None
    if not complete:
        return None
    return content or None if number is None else number


def _id_of(entry: Mapping[str, Any]) -> int | None:
    """Return the id of a token from a field; None if there is none."""
    for name in _ID_FIELDS:
        if isinstance(number := entry.get(name), int):
            return number
    return None


def _logprob(value: Any, place: str) -> float:
    """Return a log-probability; null is how JSON writes -inf, and becomes the placeholder."""
    if value is None:
        return PLACEHOLDER
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if not (numeric and value < _LARGEST):  # false for nan
        raise ValueError(f"a log-probability at {place} is {shown(value)}: expected a number")
    return float(max(value, PLACEHOLDER))


def _own(value: Any) -> float | None:
    """Return the log-probability beside a token, None if it is missing or a placeholder."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric and PLACEHOLDER < value < _LARGEST else None


def shown(value: Any) -> str:
    """Return the beginning of the repr of a value, for a message."""
    text = reprlib.repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
