"""The forms that a line of saved draws may have, one recogniser each, and what each line adds."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from boltzmann._core.checks import as_count, as_positive
from boltzmann.thermometer.io.answer_forms import form_of
from boltzmann.thermometer.io.blind import TokenList
from boltzmann.thermometer.io.list_conventions import Answer, Shape, shape_of
from boltzmann.thermometer.io.responses import (
    ERROR,
    ParsedResponse,
    error_in,
    parse_response,
)
from boltzmann.thermometer.io.server_settings import sampler_settings
from boltzmann.thermometer.io.simple_draws import SimpleDraw, is_simple_draw, simple_draw
from boltzmann.thermometer.io.streams import (
    Piece,
    Streams,
    finished_response,
    head_of,
    is_empty_chunk,
    piece_of,
)
from boltzmann.thermometer.io.tally import Tally
from boltzmann.thermometer.io.text_check import text_in_doubt
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
    doubts : list of str
        How tokens and text differ, of each of the answers in which they do.
    listed : int or None
        The length that lists were asked for, where the last audit kept in the file says it.
    """

    def __init__(self, scale: float | None = None):
        self.answers: list[Answer] = []
        self.simple: list[SimpleDraw] = []
        self.scales: list[float] = []
        self.left_out = Tally()
        self.skipped = Tally()
        self.settings: list[dict[str, Any]] = []
        self.after_sampling = False
        self.doubts: list[str] = []
        self.listed: int | None = None
        self._scale = scale
        self._lists: dict[tuple[int, Any], TokenList] = {}  # by audit and prompt
        self._unlisted: list[SimpleDraw] = []
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
            self.add_list(line["list"], parse_response(line["response"]))
        elif _is_tokens(line):
            self.add_tokens(line.get("request"), line.get("prompt"), line["tokens"])
        elif is_simple_draw(line):
            self.simple.append(simple_draw(line, number))
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
        """Add the answers whose chunks may have gone on until the last line."""
        self.answers += self._streams.answers(self.left_out)

    def _add_header(self, line: Mapping[str, Any]) -> None:
        if not isinstance(line["audit"], Mapping):
            raise ValueError(f"expected an object 'audit', got {shown(line['audit'])}")
        scale = as_positive("scale", line["audit"].get("scale"))
        self.scales.append(scale)
        if line["audit"].get("listed") is not None:
            self.listed = as_count("listed", line["audit"]["listed"])
        if self._scale is None and scale != self.scales[0]:
            raise ValueError(
                f"the scale is {scale}, and {self.scales[0]} in an audit before: give one"
            )

    def _add_kept_answer(self, line: Mapping[str, Any], where: str) -> None:
        number = as_count("request", line.get("request"), least=0)
        self.add_kept(number, line.get("prompt"), parse_response(line["response"]), where)

    def add_kept(self, number: int, prompt: Any, parsed: ParsedResponse, where: str) -> None:
        """Add the answer to a request of an audit, which asked for what follows a prompt."""
        self._count(parsed, where)
        audit = len(self.scales)  # all its lists were asked for at one length
        group = ("request", audit, number)
        self.answers.append(Answer(group, Shape(f"audit {audit}"), parsed.draws, where, prompt))

    def add_list(self, prompt: Any, parsed: ParsedResponse) -> None:
        """Add the list after a prompt, for tokens that come without one."""
        if not parsed.draws:
            raise ValueError(f"there is no list after {shown(prompt)}")
        self._lists[len(self.scales), prompt] = TokenList.of(parsed.draws[0])

    def add_tokens(self, number: Any, prompt: Any, tokens: list[Any]) -> None:
        """Add the tokens of a request of an audit, to be found in the list after its prompt."""
        audit = len(self.scales)
        if (audit, prompt) not in self._lists:
            raise ValueError(f"no list after {shown(prompt)} comes before its tokens")
        listed = self._lists[audit, prompt]
        group = ("request", audit, as_count("request", number, least=0))
        self._unlisted += [SimpleDraw(listed.row(token), group, prompt) for token in tokens]

    @property
    def unlisted(self) -> list[SimpleDraw]:
        """Draws that came without lists, in the order of their requests."""
        return sorted(self._unlisted, key=lambda draw: draw.group)

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
        if doubt := text_in_doubt(response):
            self.doubts.append(f"{where}: {doubt}")
        self.answers.append(Answer(("line", number), _shape(response, draws), draws, where))

    def _parsed(self, response: Any, where: str, *, whole: bool = True) -> ParsedResponse:
        """Return what a response tells; what it does not is counted."""
        parsed = parse_response(response, whole=whole)
        self._count(parsed, where)
        return parsed

    def _count(self, parsed: ParsedResponse, where: str) -> None:
        """Count what a response tells besides its draws."""
        self.left_out.include(parsed.left_out, f"{where}: ")
        self.skipped.include(parsed.skipped, f"{where}: ")
        self._add_settings(parsed.settings)
        self.after_sampling |= parsed.after_sampling

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
