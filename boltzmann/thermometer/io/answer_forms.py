"""Answers of interfaces other than OpenAI's completions and chat, as entries of one form.

An entry is a token that was drawn, as chat completions have it: `token`, `logprob`, perhaps `id` or
`bytes`, and `top_logprobs`, the list of the likeliest with the same fields.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log
from typing import Any

Entries = list[Any]


@dataclass(frozen=True)
class AnswerForm:
    """How answers of one interface are read.

    Attributes
    ----------
    name : str
        Of the interface.
    place : str
        Where in an answer its entries are, for messages.
    asked_by : str
        The fields that ask for them.
    matches : callable
        Tells whether a JSON object is such an answer, or a chunk of one.
    entries : callable
        Its entries; None if it has no log-probabilities.
    drawn : callable
        How many tokens were drawn by the server's own count; None if it does not say.
    """

    name: str
    place: str
    asked_by: str
    matches: Callable[[Mapping[str, Any]], bool]
    entries: Callable[[Mapping[str, Any]], Any]
    drawn: Callable[[Mapping[str, Any]], Any]


def form_of(response: Any) -> AnswerForm | None:
    """Return the form of a response; None if it is one of OpenAI's, or of no known form."""
    if not isinstance(response, Mapping):
        return None
    return next((form for form in _FORMS if form.matches(response)), None)


def _part(response: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = response.get(name)
    return part if isinstance(part, Mapping) else {}


def _llama_matches(response: Mapping[str, Any]) -> bool:
    return "completion_probabilities" in response


def _llama_entries(response: Mapping[str, Any]) -> Any:
    return with_logprobs(response["completion_probabilities"])


def with_logprobs(entries: Any) -> Any:
    """Return entries with logarithms of probabilities after sampling (`post_sampling_probs`)."""
    if not isinstance(entries, list) or not any(map(_after_sampling, entries)):
        return entries
    return [_entry_with_logprobs(entry) if _after_sampling(entry) else entry for entry in entries]


def are_after_sampling(entries: Any) -> bool:
    """Tell whether entries hold probabilities after temperature and truncation."""
    return isinstance(entries, list) and any(map(_after_sampling, entries))


def _after_sampling(entry: Any) -> bool:
    return isinstance(entry, Mapping) and "top_probs" in entry


def _entry_with_logprobs(entry: Mapping[str, Any]) -> dict[str, Any]:
    items = entry["top_probs"]
    if isinstance(items, list):
        items = [_item_with_logprob(item) for item in items if _is_possible(item)]
    return {**_item_with_logprob(entry), "top_logprobs": items}


def _is_possible(item: Any) -> bool:
    return not (isinstance(item, Mapping) and item.get("prob") == 0)


def _item_with_logprob(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    p = item.get("prob")
    fields = {name: value for name, value in item.items() if name not in ("prob", "top_probs")}
    if isinstance(p, int | float) and p >= 0:
        return {**fields, "logprob": log(p) if p > 0 else None}
    return {**fields, "logprob": p}


def _ollama_matches(response: Mapping[str, Any]) -> bool:
    said = "response" in response or "message" in response
    return isinstance(response.get("done"), bool) and said


def _responses_matches(response: Mapping[str, Any]) -> bool:
    return response.get("object") == "response" and isinstance(response.get("output"), list)


def _responses_entries(response: Mapping[str, Any]) -> Any:
    """Return the entries of all texts that are put out; None if no text has any."""
    items = [item for item in response["output"] if isinstance(item, Mapping)]
    parts = [part for item in items for part in item.get("content") or ()]
    lists = [part.get("logprobs") for part in parts if isinstance(part, Mapping)]
    if not any(lists):
        return None
    return [entry for entries in lists if isinstance(entries, list) for entry in entries]


def _tgi_matches(response: Mapping[str, Any]) -> bool:
    return "generated_text" in response


def _tgi_entries(response: Mapping[str, Any]) -> Any:
    """Return the entries of text-generation-inference: an answer's, or the one of a chunk."""
    if isinstance(token := response.get("token"), Mapping):
        return [_by_id(token, response.get("top_tokens"))]
    details = _part(response, "details")
    tokens = details.get("tokens")
    if not isinstance(tokens, list):
        return None
    tops = details.get("top_tokens")
    tops = tops if isinstance(tops, list) and len(tops) == len(tokens) else [None] * len(tokens)
    return [_by_id(token, top) for token, top in zip(tokens, tops, strict=True)]


def _by_id(token: Any, top: Any) -> Any:
    """Return a token that is named by its id, with its list; an empty one is none."""
    if not isinstance(token, Mapping):
        return token
    listed = [_named(item) for item in top] if isinstance(top, list) and top else None
    return {**_named(token), "top_logprobs": listed}


def _named(token: Any) -> Any:
    """Return a token of a text, which may be a piece of a character, named by its id alone."""
    if not isinstance(token, Mapping):
        return token
    return {"token": f"token_id:{token.get('id')}", "logprob": token.get("logprob")}


def _sglang_matches(response: Mapping[str, Any]) -> bool:
    return isinstance(response.get("meta_info"), Mapping)


def _sglang_entries(response: Mapping[str, Any]) -> Any:
    """Return the entries of SGLang: each token is [log-probability, id, text or null]."""
    meta = response["meta_info"]
    tokens = meta.get("output_token_logprobs")
    if not isinstance(tokens, list):
        return None
    tops = meta.get("output_top_logprobs")
    tops = tops if isinstance(tops, list) and len(tops) == len(tokens) else [None] * len(tokens)
    triples = zip(tokens, tops, strict=True)
    return [_by_id(_of_triple(token), _of_triples(top)) for token, top in triples]


def _of_triples(top: Any) -> Any:
    return [_of_triple(item) for item in top] if isinstance(top, list) else top


def _of_triple(triple: Any) -> Any:
    if not isinstance(triple, list) or len(triple) < 2:
        return triple
    return {"logprob": triple[0], "id": triple[1]}


_FORMS = (
    AnswerForm(
        "llama",
        "completion_probabilities",
        "n_probs",
        _llama_matches,
        _llama_entries,
        lambda response: response.get("tokens_predicted"),
    ),
    AnswerForm(
        "ollama",
        "logprobs",
        "logprobs and top_logprobs",
        _ollama_matches,
        lambda response: response.get("logprobs"),
        lambda response: response.get("eval_count"),
    ),
    AnswerForm(
        "responses",
        "output.content.logprobs",
        'top_logprobs and include=["message.output_text.logprobs"]',
        _responses_matches,
        _responses_entries,
        lambda response: _part(response, "usage").get("output_tokens"),
    ),
    AnswerForm(
        "sglang",
        "meta_info.output_top_logprobs",
        "return_logprob and top_logprobs_num",
        _sglang_matches,
        _sglang_entries,
        lambda response: response["meta_info"].get("completion_tokens"),
    ),
    AnswerForm(
        "tgi",
        "details.top_tokens",
        "details and top_n_tokens",
        _tgi_matches,
        _tgi_entries,
        lambda response: _part(response, "details").get("generated_tokens"),
    ),
)
