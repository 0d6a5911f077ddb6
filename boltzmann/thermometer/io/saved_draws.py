"""Draws that were written down: lines of JSON, as rows that can be read."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from boltzmann._core.checks import FloatArray, as_count, as_positive
from boltzmann.thermometer.io.responses import (
    PLACEHOLDER,
    ObservedDraw,
    is_batched,
    is_chunk,
    is_tokenless,
    shown,
    steps_of,
)
from boltzmann.thermometer.reading import Reading, read

_GAP = 1e-3  # tokens of so much probability that cannot be told, and it is not known what a top-p leaves
_ROUNDING = 0.01  # by which a log-probability may come out above 0
_ABSENT = -2  # in place of a position, of a token that is not in its row; None is a token withheld


@dataclass(frozen=True, eq=False)
class SavedDraws:
    """Draws, each with what it was offered.

    Attributes
    ----------
    offers : list of n arrays
        Log-probabilities of the tokens that a draw is known to have been among, in nats.
    chosen : list of n int or None
        Which of them came out; None if that cannot be told, and -2 for one that is not among them.
    groups : list of n int
        Equal for draws of one request.
    scale : float
        What log-probabilities were multiplied by, to be those before the temperature.
    gaps : list of n float
        The probability of the tokens in a list that cannot be told, and are not offered.
    """

    offers: list[FloatArray]
    chosen: list[int | None]
    groups: list[int]
    scale: float
    gaps: list[float]

    def read(self, confidence: float = 0.95) -> Reading:
        """Return the reading, with errors clustered by request where requests made several draws; see `read`.

        Parameters
        ----------
        confidence : float
            Of the interval, between 0 and 1.

        Raises
        ------
        ValueError
            If no draw can be read.

        Examples
        --------
        >>> SavedDraws([np.array([-0.1, -2.4])] * 10, [0] * 9 + [1], [*range(10)], 1.0, [0.0] * 10).read().draws
        10
        """
        used = [
            group
            for group, x in zip(self.groups, self.chosen, strict=True)
            if x is not None and x >= 0
        ]
        if not used:
            raise ValueError(
                "no draw can be read: each was withheld, or is of a token that is not listed"
            )
        clustered = 1 < len(set(used)) < len(used)
        gaps = np.minimum(self.gaps, _GAP)
        shifts = -self.scale * np.log1p(
            -gaps
        )  # given that no such token is drawn, the others are likelier
        rows = [
            (range(row.size), row + shift) for row, shift in zip(self.offers, shifts, strict=True)
        ]
        normalised = np.where(gaps < _GAP, self.scale, np.nan)
        groups = self.groups if clustered else None
        return read(rows, self.chosen, groups=groups, confidence=confidence, normalised=normalised)


class _Answer(NamedTuple):
    """The draws of one answer, the group that they are, and what it has in common with others; see `_shape`."""

    group: tuple[Any, ...]
    shape: tuple[Any, ...]
    steps: list[ObservedDraw]


def load_draws(path: str | os.PathLike[str], scale: float | None = None) -> SavedDraws:
    r"""Return the draws in a file of JSON lines: each an object of one of these forms, which may be mixed.

    * ``{"logprobs": [-0.5, -1.2], "chosen": 0}`` or ``{"logprobs": {"a": -0.5, "b": -1.2},
      "chosen": "a"}``, one draw; ``null`` was withheld, and draws with the same ``"group"`` may
      depend on one another;
    * a saved response of completions or chat completions, as OpenAI defined them, with
      log-probabilities, or of llama-server's ``/completion`` with ``n_probs``: all its draws, one
      group; so is a line of the output of OpenAI's Batch, and the chunks of a chat that was
      streamed, one a line;
    * what an audit of a server keeps.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    scale : float, optional
        What log-probabilities are multiplied by to be those before the temperature: the
        temperature, if they were reported after it. Unless given it is what the audit that kept the
        file found, or 1.

    Raises
    ------
    ValueError
        If the file cannot be read, is empty, or a line is of no such form, or keeps an audit that
        found another scale than one before it; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "draws.jsonl"
    ...     lines = '{"logprobs": [-0.1, -2.4], "chosen": 0}\n' * 9 + '{"logprobs": [-0.1, -2.4], "chosen": 1}\n'
    ...     _ = path.write_text(lines)
    ...     print(f"{load_draws(path).read().temperature:.3f}")
    1.047
    """
    lines = numbered_lines(path)
    if not lines:
        raise ValueError(f"{path} is empty: lines of JSON are expected")
    return gather(lines, scale)


def numbered_lines(path: str | os.PathLike[str]) -> list[tuple[str, Any]]:
    """Return what each line holds, with the words that name it; lines of white space count as none.

    Raises
    ------
    ValueError
        If the file cannot be read, or a line is not JSON.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # Windows begins texts with a mark
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text: lines of JSON are expected") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip().removeprefix("data:").strip()  # of a stream, which ends in [DONE]
        if content and content != "[DONE]":
            try:
                found.append((f"{path}, line {number}", json.loads(content)))
            except (ValueError, RecursionError):
                hint = ": one object a line is expected" if content[0] in "[{" else ""
                raise ValueError(
                    f"{path}, line {number} is not JSON: {shown(content)}{hint}"
                ) from None
    return found


def gather(lines: Iterable[tuple[str, Any]], scale: float | None = None) -> SavedDraws:
    """Return the draws of what lines hold, named by their words; see `load_draws`.

    Raises
    ------
    ValueError
        If one is of no known form, audits differ in their scale and none is given, or there is no
        draw.
    """
    own: list[tuple[FloatArray, int | None, Any]] = []
    answers: list[_Answer] = []
    streams: dict[Any, int] = {}
    scales: list[float] = []  # of the audits so far, each of which counts its requests from 0
    for count, (words, line) in enumerate(lines):
        try:
            if isinstance(line, list):
                raise ValueError("one object a line is expected, not a list of them")
            if isinstance(line, Mapping) and "audit" in line:
                if not isinstance(line["audit"], Mapping):
                    raise ValueError(f"expected an object 'audit', got {shown(line['audit'])}")
                scales.append(as_positive("scale", line["audit"].get("scale")))
                if scale is None and scales[-1] != scales[0]:
                    raise ValueError(
                        f"the scale is {scales[-1]}, and {scales[0]} in an audit before: give one"
                    )
            elif isinstance(line, Mapping) and "chosen" in line:
                own.append(_own(line, count))
            elif isinstance(line, Mapping) and "response" in line and "custom_id" not in line:
                number = as_count("request", line.get("request"), least=0)
                group: tuple[Any, ...] = ("request", len(scales), number)
                answers.append(_Answer(group, group[:2], steps_of(line["response"])))
            elif not is_tokenless(line):
                response = line["response"]["body"] if is_batched(line) else line
                steps = steps_of(response)
                group = ("line", streams.setdefault(line["id"], count) if is_chunk(line) else count)
                answers.append(_Answer(group, _shape(response, steps), steps))
        except (ValueError, AttributeError, TypeError, OverflowError) as error:
            raise ValueError(f"{words}: {error}") from None
    answers.sort(key=lambda answer: answer.group)  # those asked at once came back in any order
    rows = _rows(answers)
    groups: list[Any] = [answer.group for answer in answers for _ in answer.steps]
    offers = [row for row, _, _ in rows] + [row for row, _, _ in own]
    chosen = [x for _, x, _ in rows] + [x for _, x, _ in own]
    if not chosen:
        raise ValueError("there is no draw: no answer holds a token with log-probabilities")
    names = {
        group: k for k, group in enumerate(dict.fromkeys(groups + [group for _, _, group in own]))
    }
    labels = [names[group] for group in groups + [group for _, _, group in own]]
    factor = [*scales, 1.0][0] if scale is None else scale
    gaps = [gap for _, _, gap in rows] + [0.0] * len(own)
    return SavedDraws([row * factor for row in offers], chosen, labels, factor, gaps)


def _own(line: Mapping[str, Any], count: int) -> tuple[FloatArray, int | None, Any]:
    """Return the row, the position and the group of a draw in this package's own form."""
    logprobs, chosen = line.get("logprobs"), line["chosen"]
    if not isinstance(logprobs, list | Mapping) or not logprobs:
        raise ValueError(
            f"expected a list or an object 'logprobs' with an entry, got {shown(logprobs)}"
        )
    values = list(logprobs.values()) if isinstance(logprobs, Mapping) else logprobs
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise ValueError(f"expected numbers in 'logprobs', got {shown(values)}")
    if not all(value <= _ROUNDING for value in values):
        raise ValueError(
            f"expected numbers of at most 0 in 'logprobs', got {shown(values)}{_guess(values)}"
        )
    if max(values) == -np.inf:
        raise ValueError("'logprobs' is -inf throughout: at least one token must be allowed")
    names: Sequence[Any] = list(logprobs) if isinstance(logprobs, Mapping) else range(len(values))
    group = json.dumps(line["group"]) if "group" in line else ("line", count)
    if isinstance(logprobs, Mapping) and not isinstance(chosen, str | None):
        raise ValueError(f"'chosen' is {shown(chosen)}: expected a text, or null")
    if isinstance(logprobs, list) and (
        isinstance(chosen, bool) or (chosen is not None and chosen not in names)
    ):
        raise ValueError(
            f"'chosen' is {shown(chosen)}: expected a place from 0 to {len(values) - 1}, or null"
        )
    place = None if chosen is None else names.index(chosen) if chosen in names else _ABSENT
    return np.array(values, dtype=np.float64), place, group


def _guess(values: list[float]) -> str:
    """Return what numbers may be that are no log-probabilities."""
    if min(values) >= 0 and abs(sum(values) - 1) < _ROUNDING:
        return ": these look like probabilities, whose logarithms are meant"
    return ""


def _shape(response: Mapping[str, Any], steps: list[ObservedDraw]) -> tuple[Any, ...]:
    """Return what answers have in common whose lists were asked for at one length: their form, and the longest.

    Where a token that was drawn is appended, one length makes two; each tells enough by itself.
    """
    longest = max((len(step.tokens) for step in steps), default=0)
    return "completion_probabilities" in response, any(step.collapses for step in steps), longest


def _rows(answers: list["_Answer"]) -> list[tuple[FloatArray, int | None, float]]:
    """Return row, position and gap of each draw; what lists are, answers of one shape tell together."""
    together: dict[Any, list[ObservedDraw]] = {}
    shapes = {answer.shape for answer in answers}
    names = [_merged(answer.shape, shapes) for answer in answers]
    for name, answer in zip(names, answers, strict=True):
        together.setdefault(name, []).extend(answer.steps)
    known = {name: _known(steps) for name, steps in together.items()}
    lengths = [len(step.tokens) for steps in together.values() for step in steps]
    if lengths and max(lengths) < 3 and all(most < 2 for _, most in known.values()):
        raise ValueError(
            f"at most {max(lengths)} tokens are listed: ask for at least 3 (top_logprobs, n_probs)"
        )
    return [
        _row(step, *known[name])
        for name, answer in zip(names, answers, strict=True)
        for step in answer.steps
    ]


def _merged(shape: tuple[Any, ...], shapes: set[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the shape, or of objects with texts for names the shortest from which lengths go up to it one by one.

    Equal texts make these shorter: what length was asked for only the longer ones tell.
    """
    *form, longest = shape
    while True in form and (*form, longest - 1) in shapes:
        longest -= 1
    return (*form, longest)


def _known(steps: list[ObservedDraw]) -> tuple[int, int]:
    """Return how long lists are by rights, and m such that their first m are the likeliest, whatever was drawn.

    Servers list the likeliest alone, or append the token drawn if it is not one of them, or let it
    take the place of the last of them. If it is ever missing they do the first. Else a list whose
    last is not the token drawn is as long as was asked for. Where longer ones exist it is appended;
    where none do, the last place is in doubt, as it is where equal texts make one entry, and an
    appended one may hide that.
    """
    told = [
        (
            step.tokens.index(step.chosen) if step.chosen in step.tokens else _ABSENT,
            len(step.tokens),
        )
        for step in steps
        if step.chosen is not None
    ]
    longest = max((len(step.tokens) for step in steps), default=0)
    if not told or any(place == _ABSENT for place, _ in told):
        return longest, longest
    asked = max(
        (size for place, size in told if place < size - 1), default=min(size for _, size in told)
    )
    appended = longest > asked and not any(step.collapses for step in steps)
    return asked, asked if appended else asked - 1


def _row(step: ObservedDraw, asked: int, known: int) -> tuple[FloatArray, int | None, float]:
    """Return the log-probabilities of the tokens that can be told apart, which of them came out, and the gap."""
    collapsed = step.collapses and len(step.tokens) < asked
    kept = [
        (token, value)
        for token, value in zip(step.tokens[:known], step.logprobs[:known], strict=True)
        if token is not None and value > PLACEHOLDER
    ]
    if collapsed or not kept:
        return np.zeros(1), None, 0.0
    tokens = [token for token, _ in kept]
    row = np.array([value for _, value in kept])
    listed = zip(step.tokens[:known], step.logprobs[:known], strict=True)
    gap = float(sum(np.exp(min(value, 0.0)) for token, value in listed if token is None))
    if step.chosen is None:
        return row, None, gap
    return row, tokens.index(step.chosen) if step.chosen in tokens else _ABSENT, gap
