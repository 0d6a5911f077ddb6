"""Parsing of responses: OpenAI's completions and chat completions, and the forms of other servers.

Every token of a response becomes a draw, or is counted with the reason why it does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from boltzmann.thermometer.io.answer_forms import (
    AnswerForm,
    are_after_sampling,
    form_of,
    with_logprobs,
)
from boltzmann.thermometer.io.server_settings import sampler_settings
from boltzmann.thermometer.io.tally import Tally
from boltzmann.thermometer.io.tokens import ObservedDraw, observed_draw, shown, token_of

# Lists of entries that chat completions may hold: OpenAI's, and DeepSeek's for reasoning, which
# comes first.
_ENTRY_LISTS = ("reasoning_content", "content", "refusal")

NO_LOGPROBS = "without log-probabilities"
NO_CHOICES = "without choices"
ERROR = "with an error instead"
NO_LIST = "without a list"
PROMPT = "of the prompt"
PROMPT_OR_NOT = "of the prompt or not: usage does not say"
NOT_REPORTED = "not reported by the server"
_ERROR_SHOWN = 300  # characters of a server's error message


@dataclass(frozen=True)
class ParsedResponse:
    """What a response tells.

    Attributes
    ----------
    draws : list of ObservedDraw
        Its draws, in their order.
    left_out : Tally
        Its tokens that are not among them, by reason.
    skipped : Tally
        Its choices that hold no tokens, by reason; an example says what was expected.
    settings : dict
        The sampler settings that it says were in force, by llama.cpp's names.
    after_sampling : bool
        Whether it holds probabilities after temperature and truncation.
    """

    draws: list[ObservedDraw] = field(default_factory=list)
    left_out: Tally = field(default_factory=Tally)
    skipped: Tally = field(default_factory=Tally)
    settings: dict[str, Any] = field(default_factory=dict)
    after_sampling: bool = False


def parse_response(response: Any, *, whole: bool = True) -> ParsedResponse:
    """Return all draws of a response, and what was left out.

    Parameters
    ----------
    response : object
        The content of its body.
    whole : bool
        Whether `usage` is about these tokens alone; that of a chunk may be about all so far.

    Raises
    ------
    ValueError
        If it is of none of the known forms, or a log-probability is not a number.
    """
    if not isinstance(response, Mapping):
        raise ValueError(f"expected a JSON object, got {shown(response)}")
    if error := error_in(response):
        parsed = ParsedResponse()
        parsed.skipped.add(ERROR, f"the server reports an error: {error}")
        return parsed

    parsed = ParsedResponse(
        settings=sampler_settings(settings_in(response)), after_sampling=is_after_sampling(response)
    )
    if (form := form_of(response)) is not None:
        _add_form(parsed, response, form)
    else:
        _add_choices(parsed, response)

    listed = token_count(response)
    of_prompt = parsed.left_out[PROMPT].number if PROMPT in parsed.left_out else 0
    unreported = max(_tokens_drawn(response) - (listed - of_prompt), 0) if whole else 0
    parsed.left_out.add(NOT_REPORTED, "usage counts more tokens than are listed", unreported)

    # Whatever the form, every token is a draw or was counted with its reason.
    assert len(parsed.draws) + parsed.left_out.total == listed + unreported
    return parsed


def token_count(response: Mapping[str, Any]) -> int:
    """Return how many tokens a response lists, of its prompt and drawn, readable or not."""
    if (form := form_of(response)) is not None:
        return len(form.entries(response) or ())
    return sum(_tokens_of(choice) for choice in response.get("choices") or ())


def settings_in(response: Mapping[str, Any]) -> Any:
    """Return the settings in an answer: llama-server's, or what OpenAI's Responses echo."""
    return response if response.get("object") == "response" else response.get("generation_settings")


def is_after_sampling(response: Mapping[str, Any]) -> bool:
    """Tell whether a response holds probabilities after temperature and truncation."""
    lists = [response.get("completion_probabilities")]
    for choice in response.get("choices") or ():
        logprobs = choice.get("logprobs") if isinstance(choice, Mapping) else None
        lists += entry_lists(logprobs).values() if isinstance(logprobs, Mapping) else []
    return any(map(are_after_sampling, lists))


def _tokens_of(choice: Any) -> int:
    logprobs = choice.get("logprobs") if isinstance(choice, Mapping) else None
    if not isinstance(logprobs, Mapping):
        return 0
    entries = sum(map(len, entry_lists(logprobs).values()))
    return entries or len(logprobs.get("tokens") or ())


def entry_lists(logprobs: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the lists of entries that the log-probabilities of a chat hold, in their order."""
    lists = {name: logprobs.get(name) for name in _ENTRY_LISTS}
    return {name: found for name, found in lists.items() if isinstance(found, list)}


def _tokens_drawn(response: Mapping[str, Any]) -> int:
    """Return how many tokens were drawn by the server's own count; 0 if it does not say."""
    said = [_usage(response).get("completion_tokens")]
    if (form := form_of(response)) is not None:
        said.insert(0, form.drawn(response))
    return next((number for number in said if isinstance(number, int)), 0)


def _usage(response: Mapping[str, Any]) -> Mapping[str, Any]:
    usage = response.get("usage")
    return usage if isinstance(usage, Mapping) else {}


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


def _add_form(parsed: ParsedResponse, response: Mapping[str, Any], form: AnswerForm) -> None:
    """Add the draws of an answer that is none of OpenAI's completions."""
    entries = form.entries(response)
    if entries is None:
        hint = f"expected a list {form.place}, got None: ask for it by {form.asked_by}"
        parsed.skipped.add(NO_LOGPROBS, hint)
        return
    _add_entries(parsed, entries, form.place)


def _add_choices(parsed: ParsedResponse, response: Mapping[str, Any]) -> None:
    choices = response.get("choices")
    if not isinstance(choices, list):
        names = sorted(map(str, response))
        raise ValueError(
            f"expected 'choices' or another answer with log-probabilities, got an object of {names}"
        )
    if not choices:
        parsed.skipped.add(NO_CHOICES, "expected 'choices' with an entry, got an empty list")
    for k, choice in enumerate(choices):
        _add_choice(parsed, choice, f"choices[{k}].logprobs", response)


def _add_choice(
    parsed: ParsedResponse, choice: Any, place: str, response: Mapping[str, Any]
) -> None:
    """Add the draws of one choice, in whichever of two forms it has them."""
    if not isinstance(choice, Mapping):
        raise ValueError(f"expected an object with 'logprobs' in choices, got {shown(choice)}")
    logprobs = choice.get("logprobs")
    if logprobs is None:
        parsed.skipped.add(NO_LOGPROBS, f"expected an object {place}, got None: ask for logprobs")
        return
    if not isinstance(logprobs, Mapping):
        raise ValueError(f"expected an object {place}, got {shown(logprobs)}: ask for logprobs")

    lists = entry_lists(logprobs)
    for name, entries in lists.items():
        _add_entries(parsed, entries, f"{place}.{name}")
    if not any(lists.values()) and ("content" not in logprobs or logprobs.get("tokens")):
        _add_parallel_lists(parsed, logprobs, place, response)


def _add_entries(parsed: ParsedResponse, entries: Any, place: str) -> None:
    """Add one draw an entry, each with its own list."""
    for k, entry in enumerate(with_logprobs(_as_list(entries, place))):
        at = f"{place}[{k}]"
        if not isinstance(entry, Mapping):
            raise ValueError(f"expected an object with 'top_logprobs' at {at}, got {shown(entry)}")
        if entry.get("top_logprobs") is None:
            parsed.left_out.add(NO_LIST, f"{at} has no 'top_logprobs'")
        else:
            parsed.draws.append(_entry(entry, at))


def _entry(entry: Mapping[str, Any], place: str) -> ObservedDraw:
    items = _as_list(entry["top_logprobs"], f"{place}.top_logprobs")
    if not all(isinstance(item, Mapping) for item in items):
        raise ValueError(f"expected objects in {place}.top_logprobs, got {shown(items)}")
    listed = [(token_of(item), item.get("logprob")) for item in items]
    return observed_draw(listed, entry, place, keyed_by_text=False)


def _add_parallel_lists(
    parsed: ParsedResponse, logprobs: Mapping[str, Any], place: str, response: Mapping[str, Any]
) -> None:
    """Add draws from a list of tokens beside one of objects {text: log-probability}."""
    texts = _as_list(logprobs.get("tokens"), f"{place}.tokens")
    if logprobs.get("top_logprobs") is None:
        hint = f"{place}.top_logprobs is missing: ask for logprobs of at least 3 tokens"
        parsed.left_out.add(NO_LIST, hint, len(texts))
        return
    tops = _as_list(logprobs["top_logprobs"], f"{place}.top_logprobs")
    if len(texts) != len(tops):
        raise ValueError(
            f"{place} has {len(texts)} tokens and {len(tops)} top_logprobs: expected as many"
        )

    own = logprobs.get("token_logprobs")
    if not isinstance(own, list) or len(own) != len(texts):
        own = [None] * len(texts)

    first = _first_drawn(parsed, tops, place, response)
    for k in range(first, len(texts)):
        at = f"{place}.top_logprobs[{k}]"
        if tops[k] is None:
            parsed.left_out.add(NO_LIST, f"{at} is null")
        else:
            entry = {"token": texts[k], "logprob": own[k]}
            parsed.draws.append(_text_and_object(entry, tops[k], at))


def _first_drawn(
    parsed: ParsedResponse, tops: list[Any], place: str, response: Mapping[str, Any]
) -> int:
    """Return the place of the first token that was drawn, after the prompt if that is echoed.

    The first token of a prompt has no list, as nothing comes before it. A list may be null for
    other reasons: a response that lists no more tokens than were drawn holds no prompt.
    """
    if not tops or tops[0] is not None:
        return 0
    prompt = _usage(response).get("prompt_tokens")
    drawn = _usage(response).get("completion_tokens")
    if isinstance(drawn, int) and token_count(response) <= drawn:
        return 0
    if not isinstance(prompt, int) or prompt < 1:
        hint = f"{place} begins with the prompt, whose length usage does not say: ask without echo"
        parsed.left_out.add(PROMPT_OR_NOT, hint, len(tops))
        return len(tops)
    prompt = min(prompt, len(tops))
    parsed.left_out.add(PROMPT, f"{place} begins with the prompt", prompt)
    return prompt


def _text_and_object(entry: Mapping[str, Any], top: Any, place: str) -> ObservedDraw:
    if not isinstance(top, Mapping):
        raise ValueError(f"expected an object at {place}, got {shown(top)}")
    listed = [(token_of({"token": name}), value) for name, value in top.items()]
    return observed_draw(listed, entry, place, keyed_by_text=True)


def _as_list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list {place}, got {shown(value)}")
    return value
