"""Streamed answers: which chunks belong to one, and whether each repeats those before it."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from boltzmann.thermometer.io.list_conventions import Answer
from boltzmann.thermometer.io.tally import Tally

_OBJECTS = ("chat.completion.chunk", "text_completion")  # the latter are whole answers as well
_REPEATED = "repeated in a later chunk"


def is_chunk(line: Any) -> bool:
    """Tell whether a line may be a chunk of a streamed answer."""
    return isinstance(line, Mapping) and line.get("object") in _OBJECTS and "id" in line


def is_empty_chunk(chunk: Mapping[str, Any], *, begun: bool) -> bool:
    """Tell whether a chunk only begins or ends a stream, without text or log-probabilities."""
    choices = chunk.get("choices")
    if not choices or not (begun or chunk["object"] == _OBJECTS[0]):
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
