"""Asking a live server: a few requests at a time, patient where it is busy, and silent about the key."""

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from boltzmann.thermometer.io.journal import Journal
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.responses import ObservedDraw, error_in, shown, steps_of

BACKOFF = 1.0  # seconds before the second try; each wait is up to twice the one before
_LONGEST_WAIT = 600.0  # seconds that a server may ask for; whoever asks for more is left alone
_PASSING = {408, 425, 429, 500, 502, 503, 504, 529}  # states that may be others the next time
_FRUITLESS = 20  # requests without a token after which there is no hope of one
_SECRET = 8  # letters that a key has at least; "none" and "EMPTY" are said to servers that want any
_UNREADABLE = object()  # in place of what is no JSON
_PROBE = 0.5  # a temperature, allowed everywhere, at which lists are far from those at 1 if it shows in them
_SAME = 0.05  # what is a whole number up to this is one


@dataclass(frozen=True)
class ClientSettings:
    """How a server is asked.

    Attributes
    ----------
    concurrency : int
        How many requests are under way at once, at most.
    timeout : float
        Seconds that an answer may take.
    retries : int
        How often a request that failed for a passing reason is sent again.
    key : str
        Sent as a bearer token; never written anywhere.
    """

    concurrency: int = 4
    timeout: float = 60.0
    retries: int = 5
    key: str = field(default="", repr=False)


class TransientError(Exception):
    """A fault that another try may not meet, and how many seconds the server asks to wait."""

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait


def collect(
    question: AuditRequest,
    journal: Journal,
    draws: int,
    manners: ClientSettings,
    progress: Callable[[int], Any],
) -> None:
    """Ask until the journal keeps so many draws; `progress` is told how many there are after each answer.

    Raises
    ------
    ImportError
        If httpx is not installed.
    ValueError
        If the server cannot be asked, or answers something else; the message says which request,
        what was expected and what came. Answers so far are kept.
    """
    try:
        import httpx
    except ImportError:
        raise ImportError('asking a server needs httpx: pip install "boltzmann[audit]"') from None
    if not all("!" <= letter <= "~" for letter in manners.key):
        raise ValueError(
            "the API key holds what no header can: a blank, a line break or a letter beyond ASCII"
        )

    async def ask() -> None:
        headers = {"Authorization": f"Bearer {manners.key}"} if manners.key else {}
        limits = httpx.Limits(max_connections=manners.concurrency)
        async with httpx.AsyncClient(headers=headers, timeout=None, limits=limits) as http:
            await _Collector(question, journal, manners, http).collect(draws, progress)

    try:
        asyncio.run(ask())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


class _Collector:
    """The requests of one audit, which share what they learn of the server's patience."""

    def __init__(
        self, question: AuditRequest, journal: Journal, manners: ClientSettings, http: Any
    ):
        self.question, self.journal, self.manners, self.http = question, journal, manners, http
        self.spelled = _spellings(manners.key)
        self.not_before = 0.0  # on the clock of `monotonic`
        self.reached = False
        self.fruitless = 0

    async def collect(self, draws: int, progress: Callable[[int], Any]) -> None:
        if self.journal.draws >= draws:
            return
        if self.journal.scale is None:
            self.journal.scale = await self.scale()
        numbers = self._numbers()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.manners.concurrency):
                group.create_task(self._work(numbers, draws, progress))

    def _numbers(self) -> Iterator[int]:
        """Return the numbers of requests of which no answer is kept, rising."""
        number = self.journal.unasked(0)
        while True:
            yield number
            number = self.journal.unasked(number + 1)

    async def _work(
        self, numbers: Iterator[int], draws: int, progress: Callable[[int], Any]
    ) -> None:
        while self.journal.draws < draws:
            number = next(numbers)
            response, steps = await self.answer(f"request {number}", self.question.body(number))
            self.journal.add(number, self.question.prompt(number), response, len(steps))
            self.fruitless = 0 if steps else self.fruitless + 1
            if self.fruitless == _FRUITLESS:
                raise ValueError(
                    f"{_FRUITLESS} requests running to {self.question.endpoint} brought no token"
                )
            progress(self.journal.draws)

    async def answer(
        self, name: str, body: dict[str, Any]
    ) -> tuple[dict[str, Any], list[ObservedDraw]]:
        """Return the answer to a request and its draws, however often it has to be sent."""
        for attempt in count():
            await asyncio.sleep(max(0.0, self.not_before - monotonic()))
            try:
                return await self._once(body)
            except TransientError as fault:
                if attempt == self.manners.retries or fault.wait > _LONGEST_WAIT:
                    tries = f" ({attempt + 1} times)" if attempt else ""
                    raise self._failure(name, f"{fault}{tries}") from None
                wait = fault.wait or min(BACKOFF * 2 ** min(attempt, 6), 60.0) * random.uniform(
                    0.5, 1.0
                )
                if fault.wait:  # asked of one, meant for all
                    self.not_before = max(self.not_before, monotonic() + wait)
                else:
                    await asyncio.sleep(wait)
            except ValueError as error:
                raise self._failure(name, str(error)) from None
        raise AssertionError  # the loop has no other end

    def _failure(self, name: str, message: str) -> ValueError:
        return ValueError(self._redacted(f"{name} to {self.question.endpoint}: {message}"))

    def _redacted(self, value: Any) -> Any:
        """Return a text, or what JSON holds, without the key."""
        if isinstance(value, str) and self.manners.key:
            return self.spelled.sub("***", value)
        if isinstance(value, list):
            return [self._redacted(item) for item in value]
        if isinstance(value, dict):
            return {self._redacted(name): self._redacted(item) for name, item in value.items()}
        return value

    async def _once(self, body: dict[str, Any]) -> tuple[dict[str, Any], list[ObservedDraw]]:
        import httpx

        try:
            async with asyncio.timeout(self.manners.timeout):
                answer = await self.http.post(self.question.endpoint, json=body)
        except TimeoutError:
            raise TransientError(f"no answer within {self.manners.timeout:g} s") from None
        except (httpx.RequestError, httpx.InvalidURL) as error:
            message = f"no answer: {str(error) or type(error).__name__}"
            raise (TransientError(message) if self.reached else ValueError(message)) from None
        self.reached = True
        text = answer.content.decode("utf-8", "replace")
        try:
            content = json.loads(text)
            if len(self.manners.key) >= _SECRET:
                content = self._redacted(content)
        except (ValueError, RecursionError):
            content = _UNREADABLE
        # It is cut, which is why the key has to be gone: half of it would be left.
        seen = shown(self._redacted(text) if content is _UNREADABLE else content)
        if answer.status_code != 200:
            said = error_in(content) or seen
            message = (
                f"expected status 200, got {answer.status_code} {answer.reason_phrase}: {said}"
            )
            if answer.status_code in _PASSING:
                raise TransientError(message, _asked_to_wait(answer.headers.get("Retry-After", "")))
            raise ValueError(message + (self._place() if answer.status_code == 404 else ""))
        if content is _UNREADABLE:
            raise TransientError(f"expected JSON, got {seen}")
        if _is_passing(content):
            raise TransientError(f"the server reports an error: {error_in(content)}")
        return content, steps_of(content)

    def _place(self) -> str:
        """Return what may be wrong with the address if nothing is there."""
        url, api = self.question.url.rstrip("/"), self.question.api
        return (
            f": try --url {url}/v1"
            if api != "llama" and not urlsplit(url).path
            else ": is it the right url and api?"
        )

    async def scale(self) -> float:
        """Return what log-probabilities are multiplied by to be those before the temperature.

        Two lists for the same prompt tell, whatever the claim, asked for at t = 1 and ½: they are
        the same if log-probabilities are those before the temperature; else differences between
        tokens are twice as large at ½, or four times if they are of a temperature that was squared.
        """
        question = self.question
        if question.claim.temperature in (0.0, 1.0) or "temperature" in question.fields:
            return 1.0
        length = {"n_predict": 1} if question.api == "llama" else {"max_tokens": 1}
        lists = []
        for temperature in (1.0, _PROBE):
            body = question.body(0) | length | {"temperature": temperature}
            _, steps = await self.answer(f"a first request at t = {temperature:g}", body)
            if not steps:
                return 1.0
            lists.append(dict(zip(steps[0].tokens, steps[0].logprobs, strict=True)))
        power = float(np.log(scale_between(*lists)) / np.log(_PROBE))
        whole = round(power)
        return float(question.claim.temperature ** (whole if abs(power - whole) < _SAME else power))


def scale_between(plain: dict[Any, float], tempered: dict[Any, float]) -> float:
    """Return by how much differences in one list exceed those in the other; 1 if by no single number."""
    common = [token for token in plain if token is not None and token in tempered]
    x, y = (np.array([values[token] for token in common]) for values in (tempered, plain))
    kept = (x > -100) & (y > -100)  # beyond are placeholders
    if kept.sum() < 3 or np.ptp(x[kept]) < 0.5:
        return 1.0
    x, y = x[kept] - x[kept].mean(), y[kept] - y[kept].mean()
    slope = float(x @ y / (x @ x))
    if abs(slope - 1) < _SAME or slope <= 0 or np.abs(y - slope * x).max() > _SAME * np.ptp(y):
        return 1.0
    return slope


def _spellings(key: str) -> re.Pattern[str]:
    """Return a pattern of the key, each letter as it is or escaped, as JSON does, and JSON in a text of JSON."""
    letters = [rf"\\{{0,9}}(?:{re.escape(letter)}|u00{ord(letter):02x})" for letter in key]
    return re.compile("".join(letters), re.IGNORECASE)


def _asked_to_wait(header: str) -> float:
    """Return the seconds of a Retry-After header, which are a number or a date."""
    with contextlib.suppress(ValueError):
        return max(0.0, float(header))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    return 0.0


def _is_passing(content: Any) -> bool:
    """Tell whether a body of status 200 reports an error that another try may not meet."""
    error = content.get("error") if isinstance(content, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code in _PASSING if isinstance(code, int) else False
