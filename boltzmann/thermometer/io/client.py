"""Client of a live server: a few requests at a time, sent again where a failure may pass."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from time import monotonic
from typing import Any

from boltzmann.thermometer.io.answer_checks import (
    AnswerChecks,
    NoLogprobsError,
    UnusableAnswersError,
    equal_texts,
    length_allowed,
    refusal_hint,
)
from boltzmann.thermometer.io.blind import check_texts, tokens_in
from boltzmann.thermometer.io.exchange import Exchange, RefusalError, TransientError
from boltzmann.thermometer.io.interfaces import field_in, with_field
from boltzmann.thermometer.io.journal import Journal
from boltzmann.thermometer.io.redaction import Redactor
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.responses import ParsedResponse, parse_response
from boltzmann.thermometer.io.scale import PROBE_TEMPERATURES, scale_of
from boltzmann.thermometer.io.server_settings import ServerSettings, listen
from boltzmann.thermometer.io.text_check import texts_of
from boltzmann.thermometer.io.tokens import ObservedDraw, shown

BACKOFF = 1.0  # seconds before the second try; the bound doubles with each further one ...
_LONGEST_BACKOFF = 60.0  # ... up to so many
_LONGEST_WAIT = 600.0  # seconds that a server may ask to wait; if it asks for more the audit ends
_PROBED = 4  # prompts after which lists are asked for at two temperatures, at most
_TEXTS = 5  # that are asked for where a server has no log-probabilities


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


def collect(
    request: AuditRequest,
    journal: Journal,
    draws: int,
    settings: ClientSettings,
    progress: Callable[[int], Any],
    checks: AnswerChecks | None = None,
) -> None:
    """Ask until the journal holds so many draws; `progress` is told their number after each answer.

    What answers have in common is kept in `checks` from one call to the next.

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
            await _Collector(request, journal, settings, http, checks).collect(draws, progress)

    asyncio.run(ask())


class _Collector:
    """The requests of one audit, which wait together where the server asks one of them to."""

    def __init__(
        self,
        request: AuditRequest,
        journal: Journal,
        settings: ClientSettings,
        http: Any,
        checks: AnswerChecks | None = None,
    ):
        self.request = request
        self.journal = journal
        self.settings = settings
        self.redacted = Redactor(settings.key)
        self.exchange = Exchange(request, self.redacted, settings.timeout, http)
        self.not_before = 0.0  # on the clock of `monotonic`
        self.checks = checks or AnswerChecks(request.endpoint, request.listed)

    async def collect(self, draws: int, progress: Callable[[int], Any]) -> None:
        if self.journal.draws >= draws:
            return
        self.checks.has_tokens = self.journal.draws > 0
        if self.journal.said is None:
            self.journal.said = await listen(self.exchange.get)
        if self.request.api == "llama":
            self.request = replace(self.request, off=self.journal.said.fields_off)
        if (most := self.journal.said.most_listed) is not None:
            self.request = replace(self.request, listed=min(most, self.request.listed))
        try:
            if self.journal.scale is None:
                self.journal.scale = await self._scale()
            self.journal.listed = self.request.listed
            if self.request.blind:
                await self._ask_for_lists()
            await self._ask_all(draws, progress)
        except NoLogprobsError as error:
            told = await self._told_by_texts()
            raise UnusableAnswersError(self.redacted(f"{error}{told}")) from None

    async def _ask_all(self, draws: int, progress: Callable[[int], Any]) -> None:
        numbers = self._unanswered()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.settings.concurrency):
                    group.create_task(self._work(numbers, draws, progress))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _told_by_texts(self) -> str:
        """Return what texts tell of a server without log-probabilities."""
        t = self.request.claim.temperature
        if t == 0:
            return ""
        texts = []
        body = replace(self.request, blind=False).body(0)
        for k in range(_TEXTS):
            response, _ = await self.answer(f"request {k} for its text", body)
            texts += texts_of(response)
        return equal_texts(texts, t)

    async def _scale(self) -> float:
        """Return the factor to log-probabilities before the temperature; see `scale_of`."""
        temperature = self.request.claim.temperature
        if temperature in (0.0, 1.0) or self.request.asks_another_temperature:
            return 1.0
        for prompt in self.request.all_prompts[:_PROBED]:
            plain, tempered = [await self._probe(prompt, t) for t in PROBE_TEMPERATURES]
            if (scale := scale_of(plain, tempered, temperature)) is not None:
                return scale
        self.journal.scale_told = False
        return 1.0

    async def _probe(self, prompt: str, t: float) -> ObservedDraw:
        """Return one draw after a prompt at a temperature, with no truncation asked for."""
        while True:
            body = self.request.probe(prompt, t)
            response, parsed = await self.answer(f"a first request at t = {t:g}", body)
            self.checks.check(response, parsed)
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
            self.journal.add(number, self.request.prompt(number), response, parsed)
            self.checks.check(response, parsed)
            progress(self.journal.draws)

    async def _ask_for_lists(self) -> None:
        """Ask for the list after each prompt that the journal lacks."""
        for prompt in dict.fromkeys(self.request.all_prompts):
            while prompt not in self.journal.prompts_listed:
                name = f"the list after {shown(prompt)}"
                response, parsed = await self.answer(name, self.request.list_body(prompt))
                self.checks.check(response, parsed)
                if parsed.draws:
                    self._parsed_by(check_texts, name, parsed.draws[0], response)
                    self.journal.add_list(prompt, response, parsed)

    async def _draw_blindly(self, number: int, body: dict[str, Any]) -> None:
        """Ask for tokens alone."""
        name = f"request {number}"
        tokens = self._parsed_by(tokens_in, name, await self.content(name, body))
        self.journal.add_tokens(number, self.request.prompt(number), tokens)
        if not tokens:
            raise self._failure(name, "brought no token")

    async def answer(
        self, name: str, body: dict[str, Any]
    ) -> tuple[dict[str, Any], ParsedResponse]:
        """Return the answer to a request, parsed as well."""
        content = await self.content(name, body)
        return content, self._parsed_by(parse_response, name, content)

    def _parsed_by(self, parse: Callable[..., Any], name: str, *content: Any) -> Any:
        """Return what a function finds in an answer, or fail in the name of the request."""
        try:
            return parse(*content)
        except ValueError as error:
            raise self._failure(name, str(error)) from None

    async def content(self, name: str, body: dict[str, Any]) -> Any:
        """Return what answers a request; try again where that may help."""
        for attempt in count():
            await asyncio.sleep(max(0.0, self.not_before - monotonic()))
            try:
                return await self.exchange.post(body)
            except TransientError as error:
                if attempt == self.settings.retries or error.wait > _LONGEST_WAIT:
                    tries = f" ({attempt + 1} times)" if attempt else ""
                    raise self._failure(name, f"{error}{tries}") from None
                await self._wait(attempt, error.wait)
            except RefusalError as error:
                lower = self._with_shorter_lists(body, error.said)
                if lower is None:
                    hint = refusal_hint(error.said)
                    raise self._failure(name, f"{error}{hint}") from None
                body = lower
            except ValueError as error:
                raise self._failure(name, str(error)) from None
        raise AssertionError  # the loop has no other end

    def _with_shorter_lists(self, body: dict[str, Any], said: str) -> dict[str, Any] | None:
        """Return a body that asks for lists as long as a refusal allows; None if it names none."""
        field_name = self.request.interface.list_length
        asked = field_in(body, field_name)
        lower = length_allowed(said, asked) if isinstance(asked, int) else None
        if lower is None or self.checks.has_tokens:
            return None
        self.request = replace(self.request, listed=min(lower, self.request.listed))
        self.journal.said = replace(self.journal.said or ServerSettings(), most_listed=lower)
        return with_field(body, field_name, lower)

    async def _wait(self, attempt: int, asked: float) -> None:
        """Wait before the next try; where the server asks for it, all requests do."""
        if asked:
            self.not_before = max(self.not_before, monotonic() + asked)
        else:
            longest = min(BACKOFF * 2 ** min(attempt, 6), _LONGEST_BACKOFF)
            await asyncio.sleep(longest * random.uniform(0.5, 1.0))

    def _failure(self, name: str, message: str) -> ValueError:
        return ValueError(self.redacted(f"{name} to {self.request.endpoint}: {message}"))
