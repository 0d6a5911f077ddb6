"""Whether the answers of a server bring draws: an audit ends early where they do not."""

import re
from typing import Any

from boltzmann.thermometer.io.responses import NO_LOGPROBS, ParsedResponse
from boltzmann.thermometer.io.text_check import text_in_doubt

_MOST_WITHOUT_TOKENS = 20  # answers without a token in a row after which an audit ends ...
_MOST_AT_FIRST = 2  # ... and before any answer brought one: a server without log-probabilities
_MOST_DOUBTED = 3  # answers in a row whose tokens do not make their text
_SHORTEST_LIST = 3  # tokens from which a temperature can be read
_ABOUT_LISTS = re.compile(r"logprob|top_n_tokens|n_probs", re.IGNORECASE)


class UnusableAnswersError(ValueError):
    """Answers from which no temperature can be read, however many are asked for."""


class NoLogprobsError(UnusableAnswersError):
    """The first answers brought texts and no log-probabilities."""


class AnswerChecks:
    """What the answers so far have in common.

    Parameters
    ----------
    endpoint : str
        Where they come from, for messages.
    listed : int
        How many tokens each list was asked for.
    """

    def __init__(self, endpoint: str, listed: int):
        self.endpoint = endpoint
        self.listed = listed
        self.has_tokens = False
        self._without_tokens = 0  # answers in a row
        self._doubted = 0  # answers in a row

    def check(self, response: Any, parsed: ParsedResponse) -> None:
        """End an audit of a server that reports no tokens, others than it drew, or too few.

        One answer without tokens may be an exception, and the audit goes on; not if the first ones
        are, or many in a row.

        Raises
        ------
        ValueError
            If the audit ends; the message says what was expected and what came.
        """
        if not parsed.draws:
            self._check_without_tokens(parsed)
            return
        longest = max(len(draw.tokens) for draw in parsed.draws)
        if not self.has_tokens and longest < _SHORTEST_LIST:
            raise ValueError(
                f"{self.endpoint} lists {longest} of the {self.listed} tokens asked for: at least "
                f"{_SHORTEST_LIST} are needed"
            )
        self.has_tokens = True
        self._without_tokens = 0

        doubt = text_in_doubt(response)
        self._doubted = self._doubted + 1 if doubt else 0
        if self._doubted == _MOST_DOUBTED:
            raise UnusableAnswersError(
                f"{_MOST_DOUBTED} answers in a row from {self.endpoint}: {doubt}; what was drawn "
                "is not reported, and no temperature can be read"
            )

    def _check_without_tokens(self, parsed: ParsedResponse) -> None:
        self._without_tokens += 1
        most = _MOST_WITHOUT_TOKENS if self.has_tokens else _MOST_AT_FIRST
        if self._without_tokens < most:
            return
        start = f"{self._without_tokens} answers in a row from {self.endpoint}"
        if not self.has_tokens and NO_LOGPROBS in parsed.skipped:
            raise NoLogprobsError(
                f"{start} came without log-probabilities, which were asked for: no temperature can "
                "be read"
            )
        reasons = [*parsed.skipped.values(), *parsed.left_out.values()]
        reason = f": {reasons[0].example}" if reasons else ""
        raise ValueError(f"{start} brought no token{reason}")


def length_allowed(said: str, asked: int) -> int | None:
    """Return the longest list that a refusal allows; None if it is not about lists.

    Examples
    --------
    >>> length_allowed("top_logprobs must be at most 11", 20)
    11
    >>> length_allowed("Expected a value <= 5 for logprobs, but got 20 instead.", 20)
    5
    """
    if not _ABOUT_LISTS.search(said):
        return None
    numbers = [int(number) for number in re.findall(r"(?<![\w.])\d{1,6}(?![\w.]*\d)", said)]
    return max((number for number in numbers if _SHORTEST_LIST <= number < asked), default=None)


def refusal_hint(said: str) -> str:
    """Return what to do about a refusal of another form of lists; "" if it is none."""
    if re.search(r"logprobs\W.*bool", said):
        return ": ask with --field logprobs=true --field top_logprobs=10"
    return ""


def equal_texts(texts: list[str], temperature: float) -> str:
    """Return what texts of one prompt tell by themselves, without log-probabilities."""
    if len(texts) < 2:
        return ""
    if len({*texts}) > 1:
        return f"; {len({*texts})} of {len(texts)} texts of one prompt differ, so that it samples"
    return (
        f"; {len(texts)} texts of one prompt are all equal at t = {temperature:g}: it takes the "
        "likeliest token, has one seed, or repeats an answer"
    )
