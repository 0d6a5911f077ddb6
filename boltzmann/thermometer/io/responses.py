"""Parsing of server responses: completions, chat completions, and llama-server's own completion."""

from collections.abc import Mapping, Sequence
from typing import Any

from boltzmann.thermometer.io.tokens import ObservedDraw, observed_draw, shown, token_of

_ERROR_SHOWN = 300  # characters of a server's error message


def observed_draws(response: Any) -> list[ObservedDraw]:
    """Return all draws of a response.

    Raises
    ------
    ValueError
        If it is none of the known forms, reports an error, or a log-probability is not a number.
    """
    if not isinstance(response, Mapping):
        raise ValueError(f"expected a JSON object, got {shown(response)}")
    if error := error_in(response):
        raise ValueError(f"the server reports an error: {error}")
    if "completion_probabilities" in response:
        return _entries(response["completion_probabilities"], "completion_probabilities")

    choices = response.get("choices")
    if not isinstance(choices, Sequence) or isinstance(choices, str) or not choices:
        names = sorted(map(str, response))
        raise ValueError(
            f"expected 'choices' or 'completion_probabilities', got an object of {names}"
        )
    return [
        draw
        for k, choice in enumerate(choices)
        for draw in _choice(choice, f"choices[{k}]", response)
    ]


def error_in(response: Any) -> str:
    """Return the error that a body reports, whatever its status code; "" if there is none."""
    if not isinstance(response, Mapping):
        return ""
    error = response.get("error")
    if error is None and response.get("object") == "error":
        error = response
    if not error:
        return ""
    message = error.get("message", error) if isinstance(error, Mapping) else error
    return " ".join(str(message).split())[:_ERROR_SHOWN]


def _choice(choice: Any, place: str, response: Mapping[str, Any]) -> list[ObservedDraw]:
    """Parse one element of `choices`."""
    logprobs = choice.get("logprobs") if isinstance(choice, Mapping) else None
    if not isinstance(logprobs, Mapping):
        raise ValueError(
            f"expected an object {place}.logprobs, got {shown(logprobs)}: ask for logprobs"
        )
    if "content" in logprobs:
        return _entries(logprobs["content"] or [], f"{place}.logprobs.content")
    return _parallel_lists(logprobs, f"{place}.logprobs", response)


def _entries(entries: Any, place: str) -> list[ObservedDraw]:
    """Parse one entry a token, each with its own list: chat completions, llama-server."""
    return [_entry(entry, f"{place}[{k}]") for k, entry in enumerate(_as_list(entries, place))]


def _entry(entry: Any, place: str) -> ObservedDraw:
    if isinstance(entry, Mapping) and "top_probs" in entry:
        raise ValueError(
            f"{place} has probabilities after sampling: ask without post_sampling_probs"
        )
    if not isinstance(entry, Mapping) or "top_logprobs" not in entry:
        raise ValueError(f"expected an object with 'top_logprobs' at {place}, got {shown(entry)}")
    items = _as_list(entry["top_logprobs"], f"{place}.top_logprobs")
    if not all(isinstance(item, Mapping) for item in items):
        raise ValueError(f"expected objects in {place}.top_logprobs, got {shown(items)}")

    listed = [(token_of(item), item.get("logprob")) for item in items]
    return observed_draw(listed, token_of(entry), place, keyed_by_text=False)


def _parallel_lists(
    logprobs: Mapping[str, Any], place: str, response: Mapping[str, Any]
) -> list[ObservedDraw]:
    """Parse a list of tokens beside a list of objects {text: log-probability}: completions."""
    if logprobs.get("top_logprobs") is None:
        raise ValueError(f"{place}.top_logprobs is missing: ask for logprobs of at least 3 tokens")
    texts = _as_list(logprobs.get("tokens"), f"{place}.tokens")
    tops = _as_list(logprobs["top_logprobs"], f"{place}.top_logprobs")
    if len(texts) != len(tops):
        raise ValueError(
            f"{place} has {len(texts)} tokens and {len(tops)} top_logprobs: expected as many"
        )

    # An echoed prompt comes first, and nothing comes before its first token.
    echoed = _prompt_length(response, place) if tops and tops[0] is None else 0
    return [
        _text_and_object(texts[k], tops[k], f"{place}.top_logprobs[{k}]")
        for k in range(echoed, len(texts))
    ]


def _prompt_length(response: Mapping[str, Any], place: str) -> int:
    """Return how many tokens the prompt has that is echoed in a response."""
    usage = response.get("usage")
    length = usage.get("prompt_tokens") if isinstance(usage, Mapping) else None
    if not isinstance(length, int) or length < 1:
        raise ValueError(
            f"{place} begins with the prompt, whose length usage does not say: ask without echo"
        )
    return length


def _text_and_object(text: Any, top: Any, place: str) -> ObservedDraw:
    if not isinstance(top, Mapping):
        raise ValueError(f"expected an object at {place}, got {shown(top)}")
    listed = [(token_of({"token": name}), value) for name, value in top.items()]
    return observed_draw(listed, token_of({"token": text}), place, keyed_by_text=True)


def _as_list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list {place}, got {shown(value)}")
    return value
