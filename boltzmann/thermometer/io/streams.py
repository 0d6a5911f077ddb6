"""Streamed answers: which chunks belong to one, and whether each repeats those before it."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from boltzmann.thermometer.io.answer_forms import form_of
from boltzmann.thermometer.io.list_conventions import Answer
from boltzmann.thermometer.io.tally import Tally

_OBJECTS = ("chat.completion.chunk", "text_completion")  # the latter are whole answers as well
_ENDS = ("response.completed", "response.incomplete", "response.failed")
_REPEATED = "repeated in a later chunk"


class Piece(NamedTuple):
    """A chunk, or a whole answer, of a server whose chunks have no id but follow one another."""

    source: str
    is_last: bool
    has_tokens: bool


def piece_of(line: Any) -> Piece | None:
    """Return what a line is of such an answer; None if it is of none."""
    if not isinstance(line, Mapping):
        return None
    form = form_of(line)
    name = "" if form is None else form.name
    if name == "ollama":
        text = line.get("response") or (line.get("message") or {}).get("content")
        return Piece(name, line["done"], bool(text) or line.get("logprobs") is not None)
    if name == "tgi" and "token" in line:
        return Piece(name, line["generated_text"] is not None, True)
    if isinstance(line.get("stop"), bool) and "content" in line and name in ("llama", ""):
        return Piece("llama", line["stop"], bool(line["content"]) or name == "llama")
    return None


def finished_response(line: Any) -> Any:
    """Return the answer that an event of OpenAI's Responses ends with; None if it is no such event.

    An event that ends nothing repeats what the last one holds, and gives {}.
    """
    kind = line.get("type") if isinstance(line, Mapping) else None
    if not (isinstance(kind, str) and kind.startswith("response.")):
        return None
    return line.get("response") if kind in _ENDS and line.get("response") else {}


def head_of(line: Any) -> Mapping[str, Any] | None:
    """Return what of a chunk tells to which answer it belongs; None if it is no chunk."""
    if not isinstance(line, Mapping):
        return None
    if is_chunk(line):
        return line
    meta = line.get("meta_info")
    if not isinstance(meta, Mapping) or "id" not in meta:
        return None
    return {"id": meta["id"], "choices": [{"finish_reason": meta.get("finish_reason")}]}


def is_chunk(line: Any) -> bool:
    """Tell whether a line may be a chunk of a streamed answer."""
    return isinstance(line, Mapping) and line.get("object") in _OBJECTS and "id" in line


def is_empty_chunk(chunk: Mapping[str, Any], *, begun: bool) -> bool:
    """Tell whether a chunk only begins or ends a stream, without text or log-probabilities."""
    choices = chunk.get("choices")
    if not choices or not (begun or chunk.get("object") == _OBJECTS[0]):
        return False
    return not any(_has_text(choice) for choice in choices)


def _has_text(choice: Any) -> bool:
    if not isinstance(choice, Mapping) or choice.get("logprobs") is not None:
        return True
    delta = choice.get("delta") or {}
    return bool(choice.get("text") or delta.get("content") or delta.get("reasoning_content"))


class Streams:
    """The chunks of streamed answers, which may be interleaved.

    Chunks of one answer share their id. Some servers give one id to every answer: a choice that is
    finished goes on in no later line, so that whole answers are never joined.
    """

    def __init__(self) -> None:
        self._first: dict[Any, int] = {}  # the first line of the answer under way, by its id
        self._finished: dict[Any, set[Any]] = {}  # its choices that are, by its id
        self._chunks: dict[tuple[Any, ...], list[Answer]] = {}  # by answer and choices

    def first_line(self, chunk: Mapping[str, Any], number: int) -> int:
        """Return the line in which the answer began that the chunk in this line is part of."""
        name = chunk["id"]
        choices = _choices(chunk)
        if name not in self._first or self._finished[name] & choices.keys():
            self._first[name] = number
            self._finished[name] = set()
        self._finished[name] |= {index for index, finished in choices.items() if finished}
        return self._first[name]

    def add(self, chunk: Mapping[str, Any], answer: Answer) -> None:
        """Add the draws of a chunk."""
        self._chunks.setdefault((*answer.group, *_choices(chunk)), []).append(answer)

    def answers(self, left_out: Tally) -> Iterator[Answer]:
        """Yield the draws of all chunks, once each; what a later chunk repeats is counted."""
        for chunks in self._chunks.values():
            if _is_cumulative(chunks):
                repeated = sum(len(chunk.draws) for chunk in chunks[:-1])
                left_out.add(_REPEATED, "each chunk begins with the one before it", repeated)
                yield chunks[-1]
            else:
                yield from chunks


def _choices(chunk: Mapping[str, Any]) -> dict[Any, bool]:
    """Return of each choice in a chunk, by its index, whether it is finished."""
    choices = [choice for choice in chunk.get("choices") or () if isinstance(choice, Mapping)]
    return {choice.get("index", 0): choice.get("finish_reason") is not None for choice in choices}


def _is_cumulative(chunks: list[Answer]) -> bool:
    """Tell whether every chunk begins with all draws of the one before, lists included."""
    if len(chunks) < 2 or len(chunks[-1].draws) <= len(chunks[0].draws):
        return False
    return all(
        later.draws[: len(earlier.draws)] == earlier.draws for earlier, later in pairwise(chunks)
    )
