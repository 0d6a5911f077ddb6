"""Whether the tokens that an answer reports make its text: a server may report others than it drew.

Compared are letters and digits of ASCII alone, as servers differ in how they write blanks, pieces
of characters and special tokens; and one may be part of the other, as stop strings are cut off, and
reasoning or the prompt may be in only one of the two.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from boltzmann.thermometer.io.responses import entry_lists

_OTHER = re.compile(rb"<0x[0-9A-F]{2}>|<\|.*?\|>|[^0-9A-Za-z]")
_IDS = re.compile(r"token_id:\d+")
_FEWEST = 6  # letters that are compared
_SHOWN = 40  # bytes in a message


def text_in_doubt(response: Any) -> str:
    """Return tokens and text of an answer that do not agree, in words; "" if all do.

    Examples
    --------
    >>> tokens = [{"token": " had"}, {"token": " in"}, {"token": " and"}]
    >>> answer = {"content": " came left a", "completion_probabilities": tokens}
    >>> text_in_doubt(answer)
    "the tokens reported, ' had in and', are not those of the text, ' came left a'"
    """
    for tokens, text in _pairs(response):
        reported = b"".join(tokens)
        letters = _OTHER.sub(b"", reported)
        said = _OTHER.sub(b"", text.encode())
        if min(len(letters), len(said)) >= _FEWEST and not (letters in said or said in letters):
            return (
                f"the tokens reported, {_shown(reported)}, are not those of the text, "
                f"{_shown(text.encode())}"
            )
    return ""


def _shown(text: bytes) -> str:
    return repr(text[:_SHOWN].decode("utf-8", "replace"))


def texts_of(response: Any) -> list[str]:
    """Return the texts of an answer, of whatever form; empty ones are left out."""
    if not isinstance(response, Mapping):
        return []
    found = [response.get(name) for name in ("content", "generated_text", "text", "response")]
    found.append(_part(response, "message").get("content"))
    for choice in _parts(response.get("choices")):
        found += [choice.get("text"), _part(choice, "message").get("content")]
    for item in _parts(response.get("output")):
        found += [part.get("text") for part in _parts(item.get("content"))]
    return [text for text in found if isinstance(text, str) and text]


def _pairs(response: Any) -> Iterator[tuple[list[bytes], str]]:
    """Yield the tokens and the text of each choice whose tokens have texts."""
    if not isinstance(response, Mapping):
        return
    choices = [*_parts(response.get("choices"))]
    lists = [response.get("completion_probabilities"), response.get("logprobs")]
    lists += [_part(response, "details").get("tokens")]
    for choice in choices:
        logprobs = _part(choice, "logprobs")
        lists = [entry_lists(logprobs).get("content"), logprobs.get("tokens")]
        yield from _compared(lists, texts_of({"choices": [choice]}))
    if not choices:
        yield from _compared(lists, texts_of(response))


def _compared(lists: Iterable[Any], texts: list[str]) -> Iterator[tuple[list[bytes], str]]:
    for entries in lists:
        tokens = [_spelling(entry) for entry in entries] if isinstance(entries, list) else []
        if tokens and len(texts) == 1 and None not in tokens:
            yield [token for token in tokens if token is not None], texts[0]


def _spelling(entry: Any) -> bytes | None:
    """Return the bytes of a token; None if only its id is known."""
    if isinstance(entry, Mapping):
        spelled = entry.get("bytes")
        entry = entry.get("token", entry.get("text"))
        if isinstance(spelled, list) and not (isinstance(entry, str) and _IDS.fullmatch(entry)):
            return bytes(x for x in spelled if isinstance(x, int) and 0 <= x < 256)
    if not isinstance(entry, str) or _IDS.fullmatch(entry):
        return None
    return entry.encode("utf-8", "replace")


def _part(found: Any, name: str) -> Mapping[str, Any]:
    part = found.get(name) if isinstance(found, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _parts(found: Any) -> Iterator[Mapping[str, Any]]:
    yield from (x for x in found if isinstance(x, Mapping)) if isinstance(found, list) else ()
