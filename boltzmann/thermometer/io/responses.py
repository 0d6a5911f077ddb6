"""What servers answer: in each shape, the tokens that were listed at every step and the one that came out.

A list tells tokens apart by their ids, else by their bytes, else by their text. Texts can be equal,
and those of tokens that hold a piece of a character are: it is written U+FFFD, or left away.
llama-server does not even report such tokens when they are drawn. Hence they are left out of both,
of what was offered and of what came out: the law of the others, given that it is one of them, is
the same.
"""

import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Token = int | bytes
PLACEHOLDER = -9999.0  # what OpenAI and vLLM write for "very unlikely"; llama-server writes less
_SHOWN = 100  # letters of what is not understood
_LARGEST = 1e6  # nats: no log-probability, nor a logit


@dataclass(frozen=True)
class ObservedDraw:
    """One draw, and what the server listed for it.

    Attributes
    ----------
    tokens : list of int, bytes or None
        The tokens listed, the likeliest first; None for one that cannot be told from others.
    logprobs : list of float
        Theirs, in nats.
    chosen : int, bytes or None
        The token that came out; None if it cannot be told.
    collapses : bool
        Whether the list was an object with texts for names, in which equal texts are one.
    """

    tokens: list[Token | None]
    logprobs: list[float]
    chosen: Token | None
    collapses: bool


def shown(value: Any) -> str:
    """Return the beginning of what a value looks like, for a message."""
    text = reprlib.repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def is_batched(line: Any) -> bool:
    """Tell whether a line is of the output of OpenAI's Batch, where a response is the body of another."""
    answer = line.get("response") if isinstance(line, Mapping) else None
    return isinstance(answer, Mapping) and "body" in answer


def is_chunk(line: Any) -> bool:
    """Tell whether a line is a part of a chat that was streamed."""
    return (
        isinstance(line, Mapping) and line.get("object") == "chat.completion.chunk" and "id" in line
    )


def is_tokenless(line: Any) -> bool:
    """Tell whether a line is a part of a stream that brings no token: its beginning, or its end."""
    if not isinstance(line, Mapping) or error_in(line) or not isinstance(line.get("choices"), list):
        return False
    if not line["choices"]:
        return isinstance(line.get("usage"), Mapping)
    ended = (
        isinstance(choice, Mapping) and choice.get("logprobs") is None for choice in line["choices"]
    )
    return is_chunk(line) and all(ended)


def error_in(response: Any) -> str:
    """Return the error that a body reports, whatever the status it came with; "" if there is none."""
    if not isinstance(response, Mapping):
        return ""
    error = response.get("error")
    if error is None and response.get("object") == "error":
        error = response
    if not error:
        return ""
    message = error.get("message", error) if isinstance(error, Mapping) else error
    return " ".join(str(message).split())[:300]


def steps_of(response: Any) -> list[ObservedDraw]:
    """Return all draws of a response: of completions, chat completions, or llama-server's own completion.

    Raises
    ------
    ValueError
        If it is of no such shape, reports an error, or a log-probability is no number.
    """
    if not isinstance(response, Mapping):
        raise ValueError(f"expected a JSON object, got {shown(response)}")
    if error := error_in(response):
        raise ValueError(f"the server reports an error: {error}")
    if "completion_probabilities" in response:
        return _content(response["completion_probabilities"], "completion_probabilities")
    choices = response.get("choices")
    if not isinstance(choices, Sequence) or isinstance(choices, str) or not choices:
        raise ValueError(
            f"expected 'choices' or 'completion_probabilities', got an object of {sorted(map(str, response))}"
        )
    return [
        step
        for k, choice in enumerate(choices)
        for step in _choice(choice, f"choices[{k}]", response)
    ]


def _choice(choice: Any, place: str, response: Mapping[str, Any]) -> list[ObservedDraw]:
    logprobs = choice.get("logprobs") if isinstance(choice, Mapping) else None
    if not isinstance(logprobs, Mapping):
        raise ValueError(
            f"expected an object {place}.logprobs, got {shown(logprobs)}: ask for logprobs"
        )
    if "content" in logprobs:
        return _content(logprobs["content"] or [], f"{place}.logprobs.content")
    return _completion(logprobs, f"{place}.logprobs", response)


def _content(entries: Any, place: str) -> list[ObservedDraw]:
    """Read a list of entries, one for each token, each with a list of its own: chat, or llama-server."""
    steps = []
    for k, entry in enumerate(_sequence(entries, place)):
        at = f"{place}[{k}]"
        if isinstance(entry, Mapping) and "top_probs" in entry:
            raise ValueError(
                f"{at} has probabilities after sampling: ask without post_sampling_probs"
            )
        if not isinstance(entry, Mapping) or "top_logprobs" not in entry:
            raise ValueError(f"expected an object with 'top_logprobs' at {at}, got {shown(entry)}")
        listed = _sequence(entry["top_logprobs"], f"{at}.top_logprobs")
        if not all(isinstance(item, Mapping) for item in listed):
            raise ValueError(f"expected objects in {at}.top_logprobs, got {shown(listed)}")
        pairs = [(_token(item), item.get("logprob")) for item in listed]
        steps.append(_step(pairs, _token(entry), at, collapses=False))
    return steps


def _completion(
    logprobs: Mapping[str, Any], place: str, response: Mapping[str, Any]
) -> list[ObservedDraw]:
    """Read parallel lists of tokens and of objects {text: log-probability}."""
    if logprobs.get("top_logprobs") is None:
        raise ValueError(f"{place}.top_logprobs is missing: ask for logprobs of at least 3 tokens")
    tokens = _sequence(logprobs.get("tokens"), f"{place}.tokens")
    tops = _sequence(logprobs["top_logprobs"], f"{place}.top_logprobs")
    if len(tokens) != len(tops):
        raise ValueError(
            f"{place} has {len(tokens)} tokens and {len(tops)} top_logprobs: expected as many"
        )
    first = 0
    if tops and tops[0] is None:  # nothing comes before the first token of an echoed prompt
        usage = response.get("usage")
        echoed = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
        if not isinstance(echoed, int) or echoed < 1:
            raise ValueError(
                f"{place} begins with the prompt, whose length usage does not say: ask without echo"
            )
        first = echoed
    steps = []
    for k in range(first, len(tokens)):
        if not isinstance(tops[k], Mapping):
            raise ValueError(
                f"expected an object at {place}.top_logprobs[{k}], got {shown(tops[k])}"
            )
        pairs = [(_token({"token": text}), value) for text, value in tops[k].items()]
        steps.append(
            _step(pairs, _token({"token": tokens[k]}), f"{place}.top_logprobs[{k}]", collapses=True)
        )
    return steps


def _sequence(value: Any, place: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list {place}, got {shown(value)}")
    return value


def _token(entry: Mapping[str, Any]) -> Token | None:
    """Return what tells a token from all others; None if nothing does, or it is a piece of a character."""
    text, given, number = entry.get("token"), entry.get("bytes"), entry.get("id")
    if not isinstance(text, str):
        raise ValueError(f"expected a text as 'token', got {shown(text)}")
    try:
        spelled = bytes(given) if isinstance(given, list) else text.encode("utf-8")
        whole = "\ufffd" not in spelled.decode("utf-8")
    except (UnicodeError, TypeError, ValueError):
        return None
    if not whole:
        return None
    return number if isinstance(number, int) else spelled or None


def _step(
    pairs: list[tuple[Token | None, Any]], chosen: Token | None, place: str, *, collapses: bool
) -> ObservedDraw:
    """Return the step, sorted, with tokens that come twice marked as none."""
    values = [_logprob(value, place) for _, value in pairs]
    counts = Counter(token for token, _ in pairs)
    order = sorted(range(len(pairs)), key=lambda k: -values[k])
    tokens = [pairs[k][0] if counts[pairs[k][0]] == 1 else None for k in order]
    told = None if counts[chosen] > 1 else chosen
    return ObservedDraw(tokens, [values[k] for k in order], told, collapses)


def _logprob(value: Any, place: str) -> float:
    """Return a log-probability; null, JSON's nearest to -inf, is a placeholder as well."""
    if value is None:
        return PLACEHOLDER
    if (
        isinstance(value, bool) or not isinstance(value, int | float) or not value < _LARGEST
    ):  # nan is less than nothing
        raise ValueError(f"a log-probability at {place} is {shown(value)}: expected a number")
    return float(max(value, PLACEHOLDER))
