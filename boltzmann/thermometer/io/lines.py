"""The forms that a line of saved draws may have, one recogniser each, and what each line adds."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from boltzmann._core.checks import FloatArray, as_count, as_positive
from boltzmann.thermometer.io.answer_forms import form_of
from boltzmann.thermometer.io.blind import TokenList
from boltzmann.thermometer.io.consistency import ROUNDING, is_distribution
from boltzmann.thermometer.io.list_conventions import ABSENT, Answer, Row, Shape, shape_of
from boltzmann.thermometer.io.responses import (
    ERROR,
    ParsedResponse,
    error_in,
    parse_response,
)
from boltzmann.thermometer.io.server_settings import sampler_settings
from boltzmann.thermometer.io.streams import (
    Piece,
    Streams,
    finished_response,
    head_of,
    is_empty_chunk,
    piece_of,
)
from boltzmann.thermometer.io.tally import Tally
from boltzmann.thermometer.io.tokens import ObservedDraw, shown


def numbered_lines(path: str | os.PathLike[str]) -> list[tuple[str, Any]]:
    """Return the content of each line of JSON after the words that name it; skip blank lines.

    Raises
    ------
    ValueError
        If the file cannot be read, or a line is not JSON.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # Windows may begin a text with a mark
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: lines of JSON are expected") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None

    found = []
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip().removeprefix("data:").strip()  # of a stream, which ends in [DONE]
        if content and content != "[DONE]":
            found.append((f"{path}, line {number}", _json(content, f"{path}, line {number}")))
    return found


def _json(content: str, where: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        hint = ": one object a line is expected" if content[0] in "[{" else ""
        raise ValueError(f"{where} is not JSON: {shown(content)}{hint}") from None


class SimpleDraw(NamedTuple):
    """A draw with its row, the group that it belongs to, and the prompt, if it is known."""

    row: Row
    group: Any
    prompt: str | None = None


class LineReader:
    """Collects what lines hold, whatever their forms.

    Parameters
    ----------
    scale : float or None
        The factor that log-probabilities are multiplied by; None takes that of the audits kept in
        the file, which must then agree.

    Attributes
    ----------
    answers : list of Answer
        The draws of responses.
    simple : list of SimpleDraw
        Draws in this package's own form.
    scales : list of float
        Of the audits kept so far, each of which numbers its requests from 0.
    left_out : Tally
        Tokens of responses that are no draws, by reason.
    skipped : Tally
        Answers that hold no tokens, by reason.
    settings : list of dict
        The distinct sampler settings that answers report.
    after_sampling : bool
        Whether any answer holds probabilities after temperature and truncation.
    """

    def __init__(self, scale: float | None = None):
        self.answers: list[Answer] = []
        self.simple: list[SimpleDraw] = []
        self.scales: list[float] = []
        self.left_out = Tally()
        self.skipped = Tally()
        self.settings: list[dict[str, Any]] = []
        self.after_sampling = False
        self._scale = scale
        self._lists: dict[tuple[int, str], TokenList] = {}  # by audit and prompt
        self._blind: list[SimpleDraw] = []
        self._streams = Streams()
        self._first_pieces: dict[str, int] = {}  # the first line of an answer under way, by source

    def add(self, line: Any, number: int, where: str) -> None:
        """Add the line of that number, which is called `where` in messages.

        Raises
        ------
        ValueError
            If it is of no known form.
        """
        if isinstance(line, list):
            raise ValueError("one object a line is expected, not a list of them")
        if _is_audit_header(line):
            self._add_header(line)
        elif _is_list(line):
            self._add_list(line)
        elif _is_tokens(line):
            self._add_tokens(line)
        elif _is_simple_draw(line):
            self.simple.append(_simple_draw(line, number))
        elif (response := finished_response(line)) is not None:
            if response:
                self._add_response(response, number, where)
        elif (piece := piece_of(line)) is not None:
            self._add_piece(line, piece, number, where)
        elif _is_kept_answer(line):
            self._add_kept_answer(line, where)
        elif _is_batch_line(line):
            self._add_batch_line(line["response"], number, where)
        elif _is_usage(line):
            return
        elif (head := head_of(line)) is not None:
            self._add_chunk(line, head, number, where)
        else:
            self._add_response(line, number, where)

    def finish(self) -> None:
        """Add the answers whose chunks may have gone on until the last line.

        Tokens without lists come in the order of their requests, whatever was answered first.
        """
        self.answers += self._streams.answers(self.left_out)
        self.simple += sorted(self._blind, key=lambda draw: draw.group)

    def _add_header(self, line: Mapping[str, Any]) -> None:
        if not isinstance(line["audit"], Mapping):
            raise ValueError(f"expected an object 'audit', got {shown(line['audit'])}")
        scale = as_positive("scale", line["audit"].get("scale"))
        self.scales.append(scale)
        if self._scale is None and scale != self.scales[0]:
            raise ValueError(
                f"the scale is {scale}, and {self.scales[0]} in an audit before: give one"
            )

    def _add_list(self, line: Mapping[str, Any]) -> None:
        """Add the list after a prompt, for tokens that come without one."""
        (draw, *_) = parse_response(line["response"]).draws
        self._lists[len(self.scales), line["list"]] = TokenList.of(draw)

    def _add_tokens(self, line: Mapping[str, Any]) -> None:
        """Add tokens that are looked up in the list after their prompt."""
        prompt = line.get("prompt")
        listed = self._lists.get((len(self.scales), str(prompt)))
        if listed is None:
            raise ValueError(f"no list after {shown(prompt)} comes before its tokens")
        number = as_count("request", line["request"], least=0)
        group = ("request", len(self.scales), number)
        self._blind += [SimpleDraw(listed.row(token), group, prompt) for token in line["tokens"]]

    def _add_kept_answer(self, line: Mapping[str, Any], where: str) -> None:
        number = as_count("request", line.get("request"), least=0)
        audit = len(self.scales)  # all its lists were asked for at one length
        parsed = self._parsed(line["response"], where)
        group = ("request", audit, number)
        prompt = line.get("prompt")
        shape = Shape(f"audit {audit}")
        self.answers.append(Answer(group, shape, parsed.draws, where, prompt))

    def _add_chunk(
        self, line: Mapping[str, Any], head: Mapping[str, Any], number: int, where: str
    ) -> None:
        first = self._streams.first_line(head, number)
        if head is line and is_empty_chunk(line, begun=first < number):
            return
        draws = self._parsed(line, where, whole=first == number).draws
        self._streams.add(head, Answer(("line", first), _shape(line, draws), draws, where))

    def _add_piece(self, line: Mapping[str, Any], piece: Piece, number: int, where: str) -> None:
        """Add an answer, or a chunk of one, of a server whose chunks follow one another."""
        begun = piece.source in self._first_pieces
        first = self._first_pieces.setdefault(piece.source, number)
        if piece.is_last:
            del self._first_pieces[piece.source]
        if begun and not piece.has_tokens:  # the end
            self._add_settings(sampler_settings(line.get("generation_settings")))
            return
        draws = self._parsed(line, where, whole=not begun and piece.is_last).draws
        self.answers.append(Answer(("line", first), _shape(line, draws), draws, where))

    def _add_batch_line(self, answer: Mapping[str, Any], number: int, where: str) -> None:
        """Add what a request of a Batch was answered, whatever the body of a failed one is."""
        body = answer["body"]
        status = answer.get("status_code")
        if isinstance(body, Mapping) and not (isinstance(status, int) and status >= 400):
            self._add_response(body, number, where)
            return
        said = error_in(body) or shown(body)
        self.skipped.add(ERROR, f"{where}: expected status 200, got {status}: {said}")

    def _add_response(self, response: Any, number: int, where: str) -> None:
        draws = self._parsed(response, where).draws
        self.answers.append(Answer(("line", number), _shape(response, draws), draws, where))

    def _parsed(self, response: Any, where: str, *, whole: bool = True) -> ParsedResponse:
        """Return what a response tells; what it does not is counted."""
        parsed = parse_response(response, whole=whole)
        self.left_out.include(parsed.left_out, f"{where}: ")
        self.skipped.include(parsed.skipped, f"{where}: ")
        self._add_settings(parsed.settings)
        self.after_sampling |= parsed.after_sampling
        return parsed

    def _add_settings(self, settings: dict[str, Any]) -> None:
        if settings and settings not in self.settings:
            self.settings.append(settings)


def _shape(response: Any, draws: list[ObservedDraw]) -> Shape:
    """Return the shape of the lists of a response."""
    form = form_of(response)
    return shape_of("openai" if form is None else form.name, draws)


def _is_audit_header(line: Any) -> bool:
    """Tell whether a line is the first of a journal, which says what was asked of which server."""
    return isinstance(line, Mapping) and "audit" in line


def _is_list(line: Any) -> bool:
    """Tell whether a line of a journal lists the tokens after a prompt."""
    return isinstance(line, Mapping) and "list" in line and "response" in line


def _is_tokens(line: Any) -> bool:
    """Tell whether a line of a journal holds tokens alone."""
    return isinstance(line, Mapping) and "request" in line and isinstance(line.get("tokens"), list)


def _is_simple_draw(line: Any) -> bool:
    """Tell whether a line is one draw in this package's own form."""
    return isinstance(line, Mapping) and "chosen" in line


def _is_kept_answer(line: Any) -> bool:
    """Tell whether a line is an answer in a journal."""
    return isinstance(line, Mapping) and "response" in line and "custom_id" not in line


def _is_batch_line(line: Any) -> bool:
    """Tell whether a line is of the output of OpenAI's Batch, which wraps a response."""
    answer = line.get("response") if isinstance(line, Mapping) else None
    return isinstance(answer, Mapping) and "body" in answer


def _is_usage(line: Any) -> bool:
    """Tell whether a line ends a stream with how many tokens there were, and no choice."""
    return (
        isinstance(line, Mapping)
        and line.get("choices") == []
        and isinstance(line.get("usage"), Mapping)
        and not error_in(line)
    )


def _simple_draw(line: Mapping[str, Any], number: int) -> SimpleDraw:
    """Parse a draw in this package's own form."""
    logprobs = line.get("logprobs")
    if not isinstance(logprobs, list | Mapping) or not logprobs:
        raise ValueError(
            f"expected a list or an object 'logprobs' with an entry, got {shown(logprobs)}"
        )

    values = _as_logprobs(list(logprobs.values()) if isinstance(logprobs, Mapping) else logprobs)
    place = (
        _place_of_text(line["chosen"], list(logprobs))
        if isinstance(logprobs, Mapping)
        else _as_place(line["chosen"], len(values))
    )
    group = json.dumps(line["group"]) if "group" in line else ("line", number)
    # Of numbers that are no distribution, it is not known what the tokens not listed have.
    unidentified = 0.0 if is_distribution(values) else 1.0

    tokens = list(logprobs) if isinstance(logprobs, Mapping) else range(len(values))
    row = Row(values, place, unidentified, tokens, line["chosen"])
    return SimpleDraw(row, group)


def _as_logprobs(values: list[Any]) -> FloatArray:
    """Return log-probabilities (m,), checked."""
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise ValueError(f"expected numbers in 'logprobs', got {shown(values)}")
    if not all(value <= ROUNDING for value in values):
        raise ValueError(
            f"expected numbers of at most 0 in 'logprobs', got {shown(values)}{_guess(values)}"
        )
    if max(values) == -np.inf:
        raise ValueError("'logprobs' is -inf throughout: at least one token must be allowed")
    return np.array(values, dtype=np.float64)


def _guess(values: list[float]) -> str:
    """Return what numbers may be that are not log-probabilities."""
    if min(values) >= 0 and abs(sum(values) - 1) < ROUNDING:
        return ": these look like probabilities, whose logarithms are meant"
    return ""


def _place_of_text(chosen: Any, names: list[str]) -> int | None:
    """Return the position of the text drawn, -2 if it is not listed, None if it was withheld."""
    if not isinstance(chosen, str | None):
        raise ValueError(f"'chosen' is {shown(chosen)}: expected a text, or null")
    if chosen is None:
        return None
    return names.index(chosen) if chosen in names else ABSENT


def _as_place(chosen: Any, size: int) -> int | None:
    """Return the position drawn, checked; None if it was withheld."""
    withheld = chosen is None
    if not withheld and (isinstance(chosen, bool) or chosen not in range(size)):
        raise ValueError(
            f"'chosen' is {shown(chosen)}: expected a place from 0 to {size - 1}, or null"
        )
    return None if withheld else int(chosen)
