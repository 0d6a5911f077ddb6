"""One request to a server and its answer over HTTP, and which failures another try may not meet."""

import asyncio
import contextlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from boltzmann.thermometer.io.events import chunks_in, joined
from boltzmann.thermometer.io.redaction import Redactor
from boltzmann.thermometer.io.requests import AuditRequest
from boltzmann.thermometer.io.responses import error_in
from boltzmann.thermometer.io.tokens import shown

_TRANSIENT = {408, 425, 429, 500, 502, 503, 504, 529}  # status codes that may be others next time
_LONGEST_LISTENING = 5.0  # seconds that a server may take to say something of itself
_NOT_JSON = object()  # in place of content


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


class RefusalError(ValueError):
    """A status code that another try of the same request would meet again.

    Parameters
    ----------
    message : str
        What was expected and what came.
    said : str
        The server's own words.
    """

    def __init__(self, message: str, said: str):
        super().__init__(message)
        self.said = said


class Exchange:
    """Sends bodies to one endpoint, without the API key in anything that comes back.

    Parameters
    ----------
    request : AuditRequest
        Where they are sent.
    redacted : Redactor
        Of the API key.
    timeout : float
        Seconds that an answer may take.
    http : httpx.AsyncClient
        The connections.
    """

    def __init__(self, request: AuditRequest, redacted: Redactor, timeout: float, http: Any):
        self.request = request
        self.redacted = redacted
        self.timeout = timeout
        self.http = http
        self.reached = False  # whether any answer came

    async def get(self, path: str) -> Any:
        """Return the JSON at a path from the root of the server; None if there is none."""
        import httpx

        try:
            async with asyncio.timeout(min(self.timeout, _LONGEST_LISTENING)):
                answer = await self.http.get(self.request.root + path)
            text = answer.content.decode("utf-8", "replace")
            return self.redacted.json(text) if answer.status_code == 200 else None
        except (TimeoutError, ValueError, RecursionError, httpx.RequestError, httpx.InvalidURL):
            return None

    async def post(self, body: dict[str, Any]) -> Any:
        """Return what answers a body.

        Raises
        ------
        TransientError
            If it failed, and may not if it is sent again.
        ValueError
            If it failed for good; the message says what was expected and what came.
        """
        answer = await self._send(body)
        self.reached = True
        text = answer.content.decode("utf-8", "replace")
        content = self._content(text)

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

    def _content(self, text: str) -> Any:
        """Return the JSON that an answer holds, put together if it is streamed.

        Raises
        ------
        ValueError
            If it is a stream of no known form.
        """
        try:
            return self.redacted.json(text)
        except (ValueError, RecursionError):
            pass
        try:
            chunks = chunks_in(text, self.redacted.json)
        except (ValueError, RecursionError):
            return _NOT_JSON
        if chunks is None:
            return _NOT_JSON
        whole = joined(chunks)
        if whole is None:
            raise ValueError(
                f"the answer is a stream of {len(chunks)} chunks of no known form, such as "
                f"{shown(chunks[0] if chunks else self.redacted(text))}: ask without stream"
            )
        return whole

    async def _send(self, body: dict[str, Any]) -> Any:
        """Return the answer of httpx to a body that is sent."""
        import httpx

        try:
            async with asyncio.timeout(self.timeout):
                return await self.http.post(self.request.endpoint, json=body)
        except TimeoutError:
            message = f"no answer within {self.timeout:g} s"
            if not self.reached:
                raise ValueError(message + self._silence_hint()) from None
            raise TransientError(message) from None
        except (httpx.RequestError, httpx.InvalidURL) as error:
            message = f"no answer: {str(error) or type(error).__name__}"
            raise (TransientError(message) if self.reached else ValueError(message)) from None

    def _silence_hint(self) -> str:
        """Return what may be wrong if the first request is not answered in time."""
        if urlsplit(self.request.url).scheme == "https":
            return ": if it speaks http alone, begin the url with http://; else raise --timeout"
        return ": if the server is slow at first, as it loads or compiles, raise --timeout"

    def _refusal(self, answer: Any, said: str) -> Exception:
        """Return the exception for a status code other than 200."""
        status = f"{answer.status_code} {answer.reason_phrase}"
        message = f"expected status 200, got {status}: {said}"
        if answer.status_code in _TRANSIENT:
            return TransientError(message, _seconds_to_wait(answer.headers.get("Retry-After", "")))
        hint = self._url_hint() if answer.status_code == 404 else ""
        return RefusalError(message + hint, said)

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
