"""The interfaces of servers: where a request is sent, and the fields that each defines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from boltzmann.thermometer.laws import SamplingLaw


class Asked(NamedTuple):
    """What one request asks: a prompt, so many tokens by a law, and lists of so many."""

    prompt: str
    tokens: int
    law: SamplingLaw
    listed: int


@dataclass(frozen=True)
class Interface:
    """An interface of a server.

    Attributes
    ----------
    path : str
        Where it is, after the base address.
    body : callable
        The body of a request, of what it asks.
    length, list_length : str
        The names of the fields that hold the number of tokens, and of tokens to list; a dot leads
        into an object.
    chat : bool
        Whether the prompt is a message, to be answered, or a text, to be continued.
    at_root : bool
        Whether it is beside OpenAI's ``/v1``, not in it.
    least_length : int
        The fewest tokens that may be asked for.
    """

    path: str
    body: Callable[[Asked], dict[str, Any]]
    length: str
    list_length: str
    chat: bool = False
    at_root: bool = False
    least_length: int = 1


def with_field(body: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return a body with a field; ``options.top_k`` is in the object ``options``, if there is one.

    Examples
    --------
    >>> with_field({"options": {"top_k": 0}}, "options.top_k", 9)
    {'options': {'top_k': 9}}
    """
    outer, dot, inner = name.partition(".")
    if dot and isinstance(body.get(outer), Mapping):
        return {**body, outer: with_field(body[outer], inner, value)}
    return {**body, name: value}


def field_in(body: Mapping[str, Any], name: str) -> Any:
    """Return a field of a body, None if it has none; dots as in `with_field`."""
    outer, dot, inner = name.partition(".")
    if dot and isinstance(body.get(outer), Mapping):
        return field_in(body[outer], inner)
    return body.get(name)


def _top_p(law: SamplingLaw) -> float:
    return 1.0 if law.top_p is None else law.top_p


def _claimed(law: SamplingLaw) -> dict[str, Any]:
    """Return the truncations claimed that OpenAI's interface does not define."""
    claimed = {"top_k": law.top_k, "min_p": law.min_p}
    return {name: value for name, value in claimed.items() if value is not None}


def _openai(asked: Asked) -> dict[str, Any]:
    return {
        "max_tokens": asked.tokens,
        "temperature": asked.law.temperature,
        "top_p": _top_p(asked.law),
    }


def _messages(prompt: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}]


def _completions(asked: Asked) -> dict[str, Any]:
    body = {"prompt": asked.prompt, **_openai(asked), "logprobs": asked.listed}
    return body | _claimed(asked.law)


def _chat(asked: Asked) -> dict[str, Any]:
    lists = {"logprobs": True, "top_logprobs": asked.listed}
    return {"messages": _messages(asked.prompt), **_openai(asked), **lists, **_claimed(asked.law)}


def _responses(asked: Asked) -> dict[str, Any]:
    return {
        "input": asked.prompt,
        "max_output_tokens": asked.tokens,
        "temperature": asked.law.temperature,
        "top_p": _top_p(asked.law),
        "top_logprobs": asked.listed,
        "include": ["message.output_text.logprobs"],
        "store": False,
        **_claimed(asked.law),
    }


def _all_truncations(law: SamplingLaw) -> dict[str, Any]:
    """Return the fields of servers whose defaults truncate, each at what is claimed, or off."""
    return {
        "temperature": law.temperature,
        "top_p": _top_p(law),
        "top_k": law.top_k or 0,
        "min_p": law.min_p or 0.0,
        "typical_p": 1.0,
        "repeat_penalty": 1.0,
    }


def _llama(asked: Asked) -> dict[str, Any]:
    lengths = {"n_predict": asked.tokens, "n_probs": asked.listed}
    return {"prompt": asked.prompt, **lengths, **_all_truncations(asked.law)}


def _ollama(asked: Asked) -> dict[str, Any]:
    return {
        "prompt": asked.prompt,
        "stream": False,
        "logprobs": True,
        "top_logprobs": asked.listed,
        "options": {"num_predict": asked.tokens, **_all_truncations(asked.law)},
    }


def _ollama_chat(asked: Asked) -> dict[str, Any]:
    body = _ollama(asked)
    del body["prompt"]
    return {"messages": _messages(asked.prompt), **body}


def _tgi(asked: Asked) -> dict[str, Any]:
    """Return a body of text-generation-inference, which refuses a top_p of 1."""
    parameters: dict[str, Any] = {
        "do_sample": True,
        "temperature": asked.law.temperature,
        "max_new_tokens": asked.tokens,
        "details": True,
        "top_n_tokens": asked.listed,
    }
    if _top_p(asked.law) < 1:
        parameters["top_p"] = asked.law.top_p
    return {"inputs": asked.prompt, "parameters": parameters | _claimed(asked.law)}


def _sglang(asked: Asked) -> dict[str, Any]:
    return {
        "text": asked.prompt,
        "sampling_params": {
            "temperature": asked.law.temperature,
            "max_new_tokens": asked.tokens,
            "top_p": _top_p(asked.law),
            "top_k": asked.law.top_k or -1,
            "min_p": asked.law.min_p or 0.0,
        },
        "return_logprob": True,
        "top_logprobs_num": asked.listed,
    }


INTERFACES = {
    "completions": Interface("/completions", _completions, "max_tokens", "logprobs"),
    "chat": Interface("/chat/completions", _chat, "max_tokens", "top_logprobs", chat=True),
    "responses": Interface(
        "/responses",
        _responses,
        "max_output_tokens",
        "top_logprobs",
        chat=True,
        least_length=16,
    ),
    "llama": Interface("/completion", _llama, "n_predict", "n_probs", at_root=True),
    "ollama": Interface(
        "/api/generate", _ollama, "options.num_predict", "top_logprobs", at_root=True
    ),
    "ollama-chat": Interface(
        "/api/chat", _ollama_chat, "options.num_predict", "top_logprobs", chat=True, at_root=True
    ),
    "tgi": Interface(
        "/generate", _tgi, "parameters.max_new_tokens", "parameters.top_n_tokens", at_root=True
    ),
    "sglang": Interface(
        "/generate", _sglang, "sampling_params.max_new_tokens", "top_logprobs_num", at_root=True
    ),
}


def split_url(url: str) -> tuple[str, str]:
    """Return the base address in a url, and the interface that the rest of it names, or "".

    Examples
    --------
    >>> split_url("http://127.0.0.1:8080/v1/chat/completions")
    ('http://127.0.0.1:8080/v1', 'chat')
    """
    bare = url.rstrip("/")
    longest_first = sorted(INTERFACES, key=lambda name: -len(INTERFACES[name].path))
    for name in longest_first:
        path = INTERFACES[name].path
        if bare.endswith(path):
            shared = sum(interface.path == path for interface in INTERFACES.values()) > 1
            return bare.removesuffix(path), "" if shared else name
    return bare, ""
