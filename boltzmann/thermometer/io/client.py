"""Client of a live server: a few requests at a time, sent again where a failure may pass."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from boltzmann.thermometer.io.blind import check_texts, tokens_in
from boltzmann.thermometer.io.interfaces import with_field
from boltzmann.thermometer.io.journal import Journal
from boltzmann.thermometer.io.redaction import Redactor
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.responses import ParsedResponse, error_in, parse_response
from boltzmann.thermometer.io.scale import PROBE_TEMPERATURES, scale_of
from boltzmann.thermometer.io.server_settings import listen
from boltzmann.thermometer.io.tokens import ObservedDraw, shown
from boltzmann.thermometer.laws import SamplingLaw

BACKOFF = 1.0  # seconds before the second try; the bound doubles with each further one ...
_LONGEST_BACKOFF = 60.0  # ... up to so many
_LONGEST_WAIT = 600.0  # seconds that a server may ask to wait; if it asks for more the audit ends
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504, 529}  # status codes that may be others next time
_MOST_WITHOUT_TOKENS = 20  # answers without a token in a row after which an audit ends ...
_MOST_AT_FIRST = 2  # ... and before any answer brought one: a server without log-probabilities
_SHORTEST_LIST = 3  # tokens from which a temperature can be read
_LONGEST_LISTENING = 5.0  # seconds that a server may take to say something of itself
_NOT_JSON = object()  # in place of content


@dataclass(frozen=True)
class ClientSettings:
    """How a server is asked.

    Attributes
    ----------
    concurrency : int
        The most requests that are under way at once.
    timeout : float
        Seconds that an answer may take.
    retries : int
        How often a request is sent again after a failure that may pass.
    key : str
        Sent as a bearer token; redacted everywhere else.
    """

    concurrency: int = 4
    timeout: float = 60.0
    retries: int = 5
    key: str = field(default="", repr=False)


class TransientError(Exception):
    """A failure that another try may not meet.

    Parameters
    ----------
    message : str
        What happened.
    wait : float
        Seconds that the server asks to wait, 0 if it does not say.
    """

    def __init__(self, message: str, wait: float = 0.0):
        super().__init__(message)
        self.wait = wait


def collect(
    request: AuditRequest,
    journal: Journal,
    draws: int,
    settings: ClientSettings,
    progress: Callable[[int], Any],
) -> None:
    """Ask until the journal holds so many draws; `progress` is told their number after each answer.

    Raises
    ------
    ImportError
        If httpx is not installed.
    ValueError
        If the server cannot be asked, or answers something unexpected; the message says which
        request, what was expected and what came. Answers so far are kept.
    """
    try:
        import httpx
    except ImportError:
        raise ImportError('asking a server needs httpx: pip install "boltzmann[audit]"') from None
    if not all("!" <= letter <= "~" for letter in settings.key):
        raise ValueError(
            "the API key holds what no header can: a blank, a line break or a letter beyond ASCII"
        )

    async def ask() -> None:
        headers = {"Authorization": f"Bearer {settings.key}"} if settings.key else {}
        limits = httpx.Limits(max_connections=settings.concurrency)
        async with httpx.AsyncClient(headers=headers, timeout=None, limits=limits) as http:
            await _Collector(request, journal, settings, http).collect(draws, progress)

    try:
        asyncio.run(ask())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


class _Collector:
    """The requests of one audit, which wait together where the server asks one of them to."""

    def __init__(
        self, request: AuditRequest, journal: Journal, settings: ClientSettings, http: Any
    ):
        self.request = request
        self.journal = journal
        self.settings = settings
        self.http = http
        self.redacted = Redactor(settings.key)
        self.not_before = 0.0  # on the clock of `monotonic`
        self.reached = False
        self.without_tokens = 0  # answers in a row
        self.has_tokens = False

    async def collect(self, draws: int, progress: Callable[[int], Any]) -> None:
        if self.journal.draws >= draws:
            return
        self.has_tokens = self.journal.draws > 0
        if self.journal.said is None:
            self.journal.said = await listen(self._said_at)
        if self.request.api == "llama":
            self.request = replace(self.request, off=self.journal.said.fields_off)
        if self.journal.scale is None:
            self.journal.scale = await self._scale()

        if self.request.blind:
            await self._ask_for_lists()
        numbers = self._unanswered()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.settings.concurrency):
                group.create_task(self._work(numbers, draws, progress))

    async def _said_at(self, path: str) -> Any:
        """Return the JSON at a path from the root of the server; None if there is none."""
        import httpx

        seconds = min(self.settings.timeout, _LONGEST_LISTENING)
        try:
            async with asyncio.timeout(seconds):
                answer = await self.http.get(self.request.root + path)
            return self.redacted.content(answer.json()) if answer.status_code == 200 else None
        except (TimeoutError, ValueError, RecursionError, httpx.RequestError, httpx.InvalidURL):
            return None

    async def _scale(self) -> float:
        """Return the factor to log-probabilities before the temperature; see `scale_of`."""
        temperature = self.request.claim.temperature
        if temperature in (0.0, 1.0) or self.request.asks_another_temperature:
            return 1.0
        plain, tempered = [await self._probe(t) for t in PROBE_TEMPERATURES]
        return scale_of(plain, tempered, temperature)

    async def _probe(self, t: float) -> ObservedDraw:
        """Return one draw from the first prompt at a temperature."""
        request = self.request
        length = request.interface.least_length
        body = request.body_of(request.prompt(0), length, SamplingLaw(t))
        body = with_field(body, request.interface.length, length)
        while True:
            _, parsed = await self.answer(f"a first request at t = {t:g}", body)
            self._check_tokens(parsed)
            if parsed.draws:
                return parsed.draws[0]

    def _unanswered(self) -> Iterator[int]:
        """Yield the numbers of requests of which no answer is kept, rising."""
        number = self.journal.next_unanswered(0)
        while True:
            yield number
            number = self.journal.next_unanswered(number + 1)

    async def _work(
        self, numbers: Iterator[int], draws: int, progress: Callable[[int], Any]
    ) -> None:
        while self.journal.draws < draws:
            number = next(numbers)
            body = self.request.body(number)
            if self.request.blind:
                await self._draw_blindly(number, body)
                progress(self.journal.draws)
                continue
            response, parsed = await self.answer(f"request {number}", body)
            self.journal.add(number, self.request.prompt(number), response, len(parsed.draws))
            self._check_tokens(parsed)
            progress(self.journal.draws)

    async def _ask_for_lists(self) -> None:
        """Ask for the list after each prompt that the journal lacks."""
        for prompt in dict.fromkeys(self.request.all_prompts):
            while prompt not in self.journal.listed:
                name = f"the list after {shown(prompt)}"
                response, parsed = await self.answer(name, self.request.list_body(prompt))
                self._check_tokens(parsed)
                if parsed.draws:
                    self._parsed_by(check_texts, name, parsed.draws[0], response)
                    self.journal.add_list(prompt, response)

    async def _draw_blindly(self, number: int, body: dict[str, Any]) -> None:
        """Ask for tokens alone."""
        name = f"request {number}"
        content = await self.content(name, body)
        tokens = self._parsed_by(tokens_in, name, content)
        self.journal.add_tokens(number, self.request.prompt(number), tokens)
        if not tokens:
            raise self._failure(name, "brought no token")

    def _parsed_by(self, parse: Callable[..., Any], name: str, *content: Any) -> Any:
        """Return what a function finds in an answer, or fail in the name of the request."""
        try:
            return parse(*content)
        except ValueError as error:
            raise self._failure(name, str(error)) from None

    def _check_tokens(self, parsed: ParsedResponse) -> None:
        """End an audit of a server that reports no tokens, or lists too few, as soon as it shows.

        An answer without tokens may be an exception, and the audit goes on; not if the first ones
        are, or many in a row.
        """
        if parsed.draws:
            longest = max(len(draw.tokens) for draw in parsed.draws)
            if not self.has_tokens and longest < _SHORTEST_LIST:
                raise ValueError(
                    f"{self.request.endpoint} lists {longest} of the {self.request.listed} tokens "
                    f"asked for: at least {_SHORTEST_LIST} are needed"
                )
            self.has_tokens = True
            self.without_tokens = 0
            return

        self.without_tokens += 1
        if self.without_tokens >= (_MOST_WITHOUT_TOKENS if self.has_tokens else _MOST_AT_FIRST):
            reasons = [*parsed.skipped.values(), *parsed.left_out.values()]
            reason = f": {reasons[0].example}" if reasons else ""
            raise ValueError(
                f"{self.without_tokens} answers in a row from {self.request.endpoint} "
                f"brought no token{reason}"
            )

    async def answer(
        self, name: str, body: dict[str, Any]
    ) -> tuple[dict[str, Any], ParsedResponse]:
        """Return the answer to a request, parsed as well."""
        content = await self.content(name, body)
        return content, self._parsed_by(parse_response, name, content)

    async def content(self, name: str, body: dict[str, Any]) -> Any:
        """Return the content of the answer to a request; try again where that may help."""
        for attempt in count():
            await asyncio.sleep(max(0.0, self.not_before - monotonic()))
            try:
                return await self._ask_once(body)
            except TransientError as error:
                if attempt == self.settings.retries or error.wait > _LONGEST_WAIT:
                    tries = f" ({attempt + 1} times)" if attempt else ""
                    raise self._failure(name, f"{error}{tries}") from None
                await self._wait(attempt, error.wait)
            except ValueError as error:
                raise self._failure(name, str(error)) from None
        raise AssertionError  # the loop has no other end

    async def _wait(self, attempt: int, asked: float) -> None:
        """Wait before the next try; where the server asks for it, all requests do."""
        if asked:
            self.not_before = max(self.not_before, monotonic() + asked)
        else:
            longest = min(BACKOFF * 2 ** min(attempt, 6), _LONGEST_BACKOFF)
            await asyncio.sleep(longest * random.uniform(0.5, 1.0))

    def _failure(self, name: str, message: str) -> ValueError:
        return ValueError(self.redacted(f"{name} to {self.request.endpoint}: {message}"))

    async def _ask_once(self, body: dict[str, Any]) -> Any:
        answer = await self._post(body)
        self.reached = True
        text = answer.content.decode("utf-8", "replace")
        try:
            content = self.redacted.content(json.loads(text))
        except (ValueError, RecursionError):
            content = _NOT_JSON

        # Redacted before it is cut, as half a key would be left.
        seen = shown(self.redacted(text) if content is _NOT_JSON else content)
        if answer.status_code != 200:
            raise self._refusal(answer, error_in(content) or seen)
        if content is _NOT_JSON:
            raise TransientError(f"expected JSON, got {seen}")
        if error := error_in(content):
            kind = TransientError if _is_transient(content) else ValueError
            raise kind(f"the server reports an error: {error}")
        return content

    async def _post(self, body: dict[str, Any]) -> Any:
        """Return the answer of httpx to a body that is sent."""
        import httpx

        try:
            async with asyncio.timeout(self.settings.timeout):
                return await self.http.post(self.request.endpoint, json=body)
        except TimeoutError:
            raise TransientError(f"no answer within {self.settings.timeout:g} s") from None
        except (httpx.RequestError, httpx.InvalidURL) as error:
            message = f"no answer: {str(error) or type(error).__name__}"
            raise (TransientError(message) if self.reached else ValueError(message)) from None

    def _refusal(self, answer: Any, said: str) -> Exception:
        """Return the exception for a status code other than 200."""
        status = f"{answer.status_code} {answer.reason_phrase}"
        message = f"expected status 200, got {status}: {said}"
        if answer.status_code in _TRANSIENT:
            return TransientError(message, _seconds_to_wait(answer.headers.get("Retry-After", "")))
        return ValueError(message + (self._url_hint() if answer.status_code == 404 else ""))

    def _url_hint(self) -> str:
        """Return what may be wrong with the address if nothing is there."""
        url = self.request.url.rstrip("/")
        if not self.request.interface.at_root and not urlsplit(url).path:
            return f": try --url {url}/v1"
        return ": is it the right url and api?"


def _seconds_to_wait(header: str) -> float:
    """Return the seconds of a Retry-After header, which holds a number or a date."""
    with contextlib.suppress(ValueError):
        return max(0.0, float(header))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    return 0.0


def _is_transient(content: Any) -> bool:
    """Tell whether a body of status 200 reports an error that another try may not meet."""
    error = content.get("error") if isinstance(content, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return isinstance(code, int) and code in _TRANSIENT
