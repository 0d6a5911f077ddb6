"""A streamed answer, as it comes over HTTP, put together to the answer that it would be whole."""

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from boltzmann.thermometer.io.answer_forms import form_of
from boltzmann.thermometer.io.responses import error_in
from boltzmann.thermometer.io.streams import finished_response, is_chunk, piece_of

_ENDS_A_STREAM = "[DONE]"
_FIELDS = ("data:", "event:", "id:", "retry:", ":")  # of server-sent events


def chunks_in(text: str, loads: Callable[[str], Any] = json.loads) -> list[Any] | None:
    """Return the chunks of a stream: server-sent events, or lines of JSON; None if it is none.

    Parameters
    ----------
    text : str
        The body of an answer.
    loads : callable
        Returns the content of a text of JSON.

    Raises
    ------
    ValueError
        If a chunk is not JSON.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith(_FIELDS):
        lines = [line.removeprefix("data:") for line in lines if line.startswith("data:")]
    elif len(lines) < 2 or not all(line.startswith("{") for line in lines):
        return None
    contents = [line.strip() for line in lines]
    return [loads(line) for line in contents if line and line != _ENDS_A_STREAM]


def joined(chunks: list[Any]) -> Mapping[str, Any] | None:
    """Return the whole answer that chunks of any known form make; None if their form is unknown.

    An error among them is the answer.
    """
    found = [chunk for chunk in chunks if isinstance(chunk, Mapping)]
    if errors := [chunk for chunk in found if error_in(chunk)]:
        return errors[0]
    events = [event for event in map(finished_response, found) if event is not None]
    if events:
        return next((event for event in reversed(events) if event), None)
    if any(is_chunk(chunk) for chunk in found):
        return _joined_choices(found)
    if any("meta_info" in chunk for chunk in found):
        return _joined_meta(found)
    if any(piece_of(chunk) for chunk in found):
        return _joined_pieces(found)
    return None


def _joined_pieces(chunks: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Join the chunks of llama-server, Ollama or text-generation-inference."""
    forms = [(form, chunk) for chunk in chunks if (form := form_of(chunk)) is not None]
    lists = [form.entries(chunk) for form, chunk in forms]
    said = [form.drawn(chunk) for form, chunk in forms] + [chunks[-1].get("tokens_predicted")]
    numbers = [number for number in said if isinstance(number, int)]
    answer = {"generation_settings": chunks[-1].get("generation_settings")}
    if not any(isinstance(entries, list) for entries in lists):
        return {"choices": [{"logprobs": None}]}
    entries = [entry for found in lists if isinstance(found, list) for entry in found]
    return {
        **answer,
        "completion_probabilities": entries,
        "tokens_predicted": numbers[-1] if numbers else None,
    }


def _joined_meta(chunks: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Join the chunks of SGLang, each of which has all so far, or only what came last."""
    metas = [meta for chunk in chunks if isinstance(meta := chunk.get("meta_info"), Mapping)]
    lists = ("output_token_logprobs", "output_top_logprobs")
    return {"meta_info": {**metas[-1], **{name: _joined_lists(metas, name) for name in lists}}}


def _joined_choices(chunks: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Join the chunks of completions or chat completions, choice by choice."""
    by_index: dict[Any, list[Mapping[str, Any]]] = {}
    usage = None
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices") or ():
            if isinstance(choice, Mapping):
                by_index.setdefault(choice.get("index", 0), []).append(choice)
    choices = [_joined_choice(index, parts) for index, parts in sorted(by_index.items())]
    return {"choices": choices, "usage": usage}


def _joined_choice(index: Any, parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    found = [part["logprobs"] for part in parts if isinstance(part.get("logprobs"), Mapping)]
    names = dict.fromkeys(name for logprobs in found for name in logprobs)
    logprobs = {name: _joined_lists(found, name) for name in names}
    return {"index": index, "logprobs": logprobs if found else None}


def _joined_lists(parts: list[Mapping[str, Any]], name: str) -> list[Any] | None:
    """Join the lists of that name; if each begins with the one before, the last has all."""
    lists = [part[name] for part in parts if isinstance(part.get(name), list)]
    if not lists:
        return None
    grows = len(lists[-1]) > len(lists[0])
    last: list[Any] = lists[-1]
    if grows and all(later[: len(earlier)] == earlier for earlier, later in pairwise(lists)):
        return last
    return [item for found in lists for item in found]
