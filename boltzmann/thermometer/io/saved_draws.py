"""Draws that were saved: lines of JSON as rows of log-probabilities with the tokens drawn."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.io.consistency import are_logits, contradiction_in, lengths_at_truncation
from boltzmann.thermometer.io.lines import LineReader, numbered_lines
from boltzmann.thermometer.io.list_conventions import ABSENT, CONTRADICTORY, Answer, rows_of
from boltzmann.thermometer.io.tally import Tally
from boltzmann.thermometer.reading import Reading, read

_MOST_UNIDENTIFIED = 1e-3  # probability beyond which it is not known what a top_p leaves


@dataclass(frozen=True, eq=False)
class SavedDraws:
    """n draws, each with the log-probabilities of the tokens that it is known to have been among.

    Attributes
    ----------
    logprobs : list of n arrays (m,)
        Log-probabilities in nats, of m tokens that may differ from draw to draw.
    chosen : list of n int or None
        The position of the token drawn; None if it cannot be told, -2 if it is not among them, -3
        if it contradicts its list.
    groups : list of n int
        Equal for draws of one request.
    scale : float
        The factor that log-probabilities were multiplied by, to be those before the temperature.
    unidentified : list of n float
        The probability of the tokens in a list that cannot be told apart, and are left out.
    left_out : Tally
        Tokens of answers that are none of these draws: how many, by reason.
    skipped : Tally
        Answers without tokens: how many, by reason.
    contradictions : Tally
        Draws that contradict their lists: how many, by what does not agree.
    logits : bool
        Whether the numbers are taken for logits, as most lists hold one above 0.
    end_at_truncation : bool
        Whether most lists hold only what a truncation left: short ones, of probability 1.
    settings : list of dict
        The distinct sampler settings that answers report, by llama.cpp's names.
    tokens : list of n sequences (m,), optional
        What the tokens are called; by their positions, by default.
    drawn : list of n, optional
        What the token drawn is called, where it is not in its list.
    prompts : list of n str or None, optional
        What was asked, where it is known.
    own : (n,) array
        The log-probability reported beside each token drawn, whether its row lists it or not; nan
        if none is. vLLM reports it of every token.
    cut_lengths : list of int
        The distinct numbers of tokens in the lists that hold only what a truncation left.

    See Also
    --------
    load_draws : Draws from a file.
    read : A temperature from draws.
    """

    logprobs: list[FloatArray]
    chosen: list[int | None]
    groups: list[int]
    scale: float
    unidentified: list[float]
    left_out: Tally = field(default_factory=Tally)
    skipped: Tally = field(default_factory=Tally)
    contradictions: Tally = field(default_factory=Tally)
    logits: bool = False
    end_at_truncation: bool = False
    settings: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[Sequence[Any]] | None = None
    drawn: list[Any] | None = None
    prompts: list[str | None] | None = None
    own: FloatArray = field(default_factory=lambda: np.empty(0))
    cut_lengths: list[int] = field(default_factory=list)

    def read(self, confidence: float = 0.95) -> Reading:
        """Return the reading, with errors clustered by request where requests made several draws.

        Parameters
        ----------
        confidence : float
            Of the interval, between 0 and 1.

        Returns
        -------
        Reading
            The temperature, its error, and the tests of the fitted law.

        Raises
        ------
        ValueError
            If no draw can be read.

        See Also
        --------
        boltzmann.thermometer.read : A temperature from draws.

        Examples
        --------
        >>> rows, chosen = [np.array([-0.1, -2.4])] * 10, [0] * 9 + [1]
        >>> SavedDraws(rows, chosen, [*range(10)], 1.0, [0.0] * 10).read().draws
        10
        """
        told = [x for x in self.chosen if x is not None and x != CONTRADICTORY]
        if not told:
            raise ValueError(f"no draw can be read: {self._why_none_is_used}")
        pairs = zip(self.groups, self.chosen, strict=True)
        groups = {group for group, x in pairs if x is not None and x >= 0}

        # Draws from one list share its array.
        numbers: dict[int, int] = {}
        rows = [numbers.setdefault(id(array), len(numbers)) for array in self.logprobs]
        first = np.unique(rows, return_index=True)[1]  # (R,), the first draw from each list

        # Given that no unidentified token is drawn, the others are likelier.
        missing = np.minimum(self.unidentified, _MOST_UNIDENTIFIED)[first]  # (R,)
        shifts = -self.scale * np.log1p(-missing)  # (R,)
        logprobs = [self.logprobs[k] + shift for k, shift in zip(first, shifts, strict=True)]
        tokens = self.tokens or [range(array.size) for array in self.logprobs]
        known = (missing < _MOST_UNIDENTIFIED) & (not self.logits)  # (R,)
        reading = read(
            [(tokens[k], array) for k, array in zip(first, logprobs, strict=True)],
            [self._name(k) for k in range(len(self.chosen))],
            rows=rows,
            groups=self.groups if len(groups) > 1 else None,
            prompts=self._prompt_numbers,
            confidence=confidence,
            normalised=np.where(known, self.scale, np.nan),
            own=self.own if self.own.size else None,
        )
        return replace(reading, left_out=self._by_reason(reading.left_out))

    @property
    def readable(self) -> bool:
        """Whether there is a draw that can be read."""
        return any(x is not None and x >= 0 for x in self.chosen)

    def _name(self, k: int) -> Any:
        """Return what the token of a draw is called; None if it was withheld."""
        position = self.chosen[k]
        if position is None or position == CONTRADICTORY:
            return None
        if position == ABSENT:
            return ABSENT if self.drawn is None else self.drawn[k]
        return position if self.tokens is None else self.tokens[k][position]

    @property
    def _prompt_numbers(self) -> list[int] | None:
        """The number of each draw's prompt, equal where prompts are; None if one is not known."""
        if self.prompts is None or None in self.prompts:
            return None
        number = {prompt: k for k, prompt in enumerate(dict.fromkeys(self.prompts))}
        return [number[prompt] for prompt in self.prompts]

    def _by_reason(self, left_out: dict[str, int]) -> dict[str, int]:
        """Return the draws left out, with contradictory ones apart from those withheld."""
        contradictory = self.chosen.count(CONTRADICTORY)
        withheld = left_out.get("withheld", 0) - contradictory
        found = left_out | {"withheld": withheld, "contradictory": contradictory}
        return {reason: number for reason, number in found.items() if number}

    @property
    def _why_none_is_used(self) -> str:
        for reason, (number, example) in self.contradictions.items():
            return f"{number} {reason} ({example})"
        return "each was withheld, or is of a token that is not listed"


def load_draws(path: str | os.PathLike[str], scale: float | None = None) -> SavedDraws:
    r"""Return the draws in a file of JSON lines, each of one of these forms, which may be mixed.

    * ``{"logprobs": [-0.5, -1.2], "chosen": 0}`` or ``{"logprobs": {"a": -0.5, "b": -1.2},
      "chosen": "a"}``, or with ids, ``{"tokens": [266, 13], "logprobs": [-0.5, -1.2], "chosen":
      266}``, one draw; numbers that are not normalised have the name ``"logits"``, a ``null`` was
      withheld, and draws with the same ``"group"`` may depend on one another;
    * a saved response of completions, chat completions or Responses, as OpenAI defined them, with
      log-probabilities, of llama-server's ``/completion`` with ``n_probs`` (``post_sampling_probs``
      too), of Ollama's ``/api/generate`` or ``/api/chat`` with ``top_logprobs``, of SGLang's
      ``/generate`` with ``top_logprobs_num`` or of text-generation-inference's with
      ``top_n_tokens``: all its draws, one group; so is a line of the output of OpenAI's Batch, and
      the chunks of a streamed answer, one a line;
    * a line of the journal that an audit of a server keeps.

    Answers or tokens that cannot be read, and draws that contradict their lists, are left out; the
    tallies of the result count them by reason, each with an example.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    scale : float, optional
        The factor that makes the log-probabilities those before the temperature: the temperature
        itself, if they were reported after it. By default it is what the audit that kept the file
        found, or 1.

    Returns
    -------
    SavedDraws
        The draws, with what was left out of the file and why.

    Raises
    ------
    ValueError
        If the file cannot be read, is empty, or no line holds a draw; if a line is of no such form,
        or begins an audit that found another scale than one before it; the message names the line.

    See Also
    --------
    SavedDraws : Draws that were kept in a file.
    read : A temperature from draws.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> line = '{{"logprobs": [-0.1, -2.4], "chosen": {}}}\n'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "draws.jsonl"
    ...     _ = path.write_text(line.format(0) * 9 + line.format(1))
    ...     print(f"{load_draws(path).read().temperature:.3f}")
    1.047
    """
    lines = numbered_lines(path)
    if not lines:
        raise ValueError(f"{path} is empty: lines of JSON are expected")
    return draws_in(lines, scale)


def draws_in(lines: Iterable[tuple[str, Any]], scale: float | None = None) -> SavedDraws:
    """Return the draws in lines, each after the words that name it; see `load_draws`.

    Raises
    ------
    ValueError
        If a line is of no known form, audits differ in their scale and none is given, or there is
        no draw.
    """
    reader = LineReader(scale)
    for number, (where, line) in enumerate(lines):
        try:
            reader.add(line, number, where)
        except (ValueError, AttributeError, TypeError, OverflowError) as error:
            raise ValueError(f"{where}: {error}") from None
    reader.finish()
    return draws_read(reader, scale)


def draws_read(reader: LineReader, scale: float | None = None) -> SavedDraws:
    """Return the draws that a reader collected; see `draws_in`."""
    if 2 * len(reader.doubts) > len(reader.answers):
        raise ValueError(
            f"{reader.doubts[0]}: what was drawn is not reported, and no temperature can be read"
        )

    # Requests that were asked at once were answered in any order.
    answers = sorted(reader.answers, key=lambda answer: answer.group)
    draws = [draw for answer in answers for draw in answer.draws]
    logits = are_logits(draws)
    contradictions = Tally()
    contradictory = [_contradictory(answer, logits, contradictions) for answer in answers]
    rows = rows_of(answers, contradictory)
    simple = [*reader.simple, *reader.unlisted]
    rows += [draw.row for draw in simple]
    if not rows:
        raise ValueError(_why_no_draw(reader))

    groups = [answer.group for answer in answers for _ in answer.draws]
    groups += [draw.group for draw in simple]
    labels = {group: k for k, group in enumerate(dict.fromkeys(groups))}
    factor = _factor(reader) if scale is None else scale
    cut = lengths_at_truncation(draws, reader.listed)
    return SavedDraws(
        logprobs=_scaled([row.logprobs for row in rows], factor),
        chosen=[row.chosen for row in rows],
        groups=[labels[group] for group in groups],
        scale=factor,
        unidentified=[row.unidentified for row in rows],
        left_out=reader.left_out,
        skipped=reader.skipped,
        contradictions=contradictions,
        logits=logits,
        end_at_truncation=2 * len(cut) > len(draws),
        settings=reader.settings,
        tokens=[row.tokens for row in rows],
        drawn=[row.drawn for row in rows],
        prompts=[answer.prompt for answer in answers for _ in answer.draws]
        + [draw.prompt for draw in simple],
        own=np.array([row.own for row in rows]) * factor,
        cut_lengths=sorted({*cut}),
    )


def _scaled(arrays: list[FloatArray], factor: float) -> list[FloatArray]:
    """Return arrays times a factor; those that are one stay one."""
    products: dict[int, FloatArray] = {}
    for array in arrays:
        if id(array) not in products:
            products[id(array)] = array * factor
    return [products[id(array)] for array in arrays]


def _factor(reader: LineReader) -> float:
    """Return the factor that makes log-probabilities those before the temperature.

    It is what an audit found out, or the temperature where probabilities are those after sampling.
    """
    if reader.scales or not reader.after_sampling:
        return [*reader.scales, 1.0][0]
    said = {settings.get("temperature") for settings in reader.settings}
    t = said.pop() if len(said) == 1 else None
    if not isinstance(t, int | float) or t <= 0:
        raise ValueError(
            "answers hold probabilities after sampling, and do not say at which temperature above "
            "0: give it as the scale (--logprobs tempered)"
        )
    return float(t)


def _contradictory(answer: Answer, logits: bool, tally: Tally) -> list[bool]:
    """Return of each draw whether it contradicts its list, and count what does not agree."""
    found = [contradiction_in(draw, logits=logits) for draw in answer.draws]
    for draw, contradiction in zip(answer.draws, found, strict=True):
        if contradiction is not None:
            reason, example = contradiction
            tally.add(reason, f"{answer.where}: {draw.place}: {example}")
    return [contradiction is not None for contradiction in found]


def _why_no_draw(reader: LineReader) -> str:
    """Return the first reason why there is no draw."""
    for found in [*reader.skipped.values(), *reader.left_out.values()]:
        return found.example
    return "there is no draw: no answer holds a token with log-probabilities"
