"""The requests of an audit: which prompts are asked how often, for what, and of whom."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from boltzmann.thermometer.io.blind import blind_body
from boltzmann.thermometer.io.interfaces import INTERFACES, Asked, Interface, with_field
from boltzmann.thermometer.laws import SamplingLaw

# Prompts after which nearly any token may come: the wider the distribution, the more heat capacity
# and the smaller the error of a temperature.
OPENINGS = (
    "Here is a list of words that have nothing to do with each other:",
    "The strangest thing I saw that year was",
    "She opened the box. Inside there was",
    "My three favourite things are",
    "Once upon a time, in a town called",
    "A short poem without a title:",
    "The recipe says to take",
    "Names of people at the party:",
)
TASKS = (
    "Write twenty words that have nothing to do with each other.",
    "Tell me a strange story. Begin in the middle.",
    "Invent ten names for a ship.",
    "Write a poem about anything but nature.",
    "Describe a room that I have never seen.",
    "Write the first page of a novel.",
    "List things that one might find in an attic.",
    "Make up a dream and tell it.",
)


# The values of fields at which they do not truncate.
_NO_TRUNCATION: dict[str, tuple[float, ...]] = {
    "top_k": (0, -1),
    "top_p": (1,),
    "min_p": (0,),
    "typical_p": (1,),
    "top_n_sigma": (-1, 0),
}


@dataclass(frozen=True)
class AuditRequest:
    """What is asked of which server.

    Attributes
    ----------
    url : str
        The base address of the interface, such as ``http://127.0.0.1:8080/v1``.
    api : str
        The interface, one of `boltzmann.thermometer.io.interfaces.INTERFACES`.
    claim : SamplingLaw
        The temperature and the truncation that are asked for, and audited.
    model : str
        Its name; "" sends none.
    prompts : tuple of str
        Asked in turn, each `repeats` times; default ones if empty.
    tokens : int
        How many tokens a request asks for.
    listed : int
        The log-probabilities of so many likeliest tokens are asked for.
    fields : dict
        Fields to send besides, or instead; a dot in a name leads into an object.
    repeats : int
        How many requests in a row have the same prompt: at least as many as are under way at once.
    off : dict
        Fields that switch off what the server says acts by default.
    blind : bool
        Whether tokens are asked for without log-probabilities: one after the prompt, in `tokens`
        copies.
    """

    url: str
    api: str
    claim: SamplingLaw
    model: str = ""
    prompts: tuple[str, ...] = ()
    tokens: int = 16
    listed: int = 20
    fields: dict[str, Any] = field(default_factory=dict)
    repeats: int = 16
    off: dict[str, Any] = field(default_factory=dict)
    blind: bool = False

    @property
    def path(self) -> str:
        """The path of the address that requests are sent to."""
        return urlsplit(self.endpoint).path

    @property
    def endpoint(self) -> str:
        """The address that requests are sent to."""
        base = self.root if self.interface.at_root else self.url.rstrip("/")
        return base + self.interface.path

    @property
    def interface(self) -> Interface:
        """Where and in what form requests are sent."""
        return INTERFACES[self.api]

    @property
    def root(self) -> str:
        """The address without the path of OpenAI's interface."""
        return self.url.rstrip("/").removesuffix("/v1")

    @property
    def all_prompts(self) -> tuple[str, ...]:
        """The prompts, or the default ones."""
        return self.prompts or (TASKS if self.interface.chat else OPENINGS)

    @property
    def asks_another_temperature(self) -> bool:
        """Whether a field names the temperature, so that probes at others cannot."""
        return any(name.split(".")[-1] == "temperature" for name in self.fields)

    def prompt(self, number: int) -> str:
        """Return the prompt of a request.

        Random numbers that requests share show where the requests share their prompt as well: the
        answers are then copies.
        """
        return self.all_prompts[number // self.repeats % len(self.all_prompts)]

    def body(self, number: int) -> dict[str, Any]:
        """Return the body of a request, without a seed, so that draws are independent."""
        if not self.blind:
            return self.body_of(self.prompt(number), self.tokens, self.claim)
        return blind_body(self.api, self.list_body(self.prompt(number)), self.tokens)

    def list_body(self, prompt: str) -> dict[str, Any]:
        """Return the body that asks for one token after a prompt, and for its list."""
        return self.body_of(prompt, self.interface.least_length, self.claim)

    def body_of(self, prompt: str, tokens: int, law: SamplingLaw) -> dict[str, Any]:
        """Return the body that asks for some tokens after a prompt by a law."""
        body = self.interface.body(Asked(prompt, tokens, law, self.listed))
        if self.model:
            body["model"] = self.model
        for name, value in (self.off | self.fields).items():
            body = with_field(body, name, value)
        return body

    def probe(self, prompt: str, temperature: float) -> dict[str, Any]:
        """Return the body that asks for the fewest tokens at a temperature, and no truncation."""
        harmless = {name: x for name, x in self.fields.items() if not _shortens_lists(name, x)}
        plain = replace(self, fields=harmless)
        length = self.interface.least_length
        body = plain.body_of(prompt, length, SamplingLaw(temperature))
        return with_field(body, self.interface.length, length)

    def summary(self) -> dict[str, Any]:
        """Return what makes two audits the same one, as JSON holds it."""
        bodies = [self.body(k * self.repeats) for k in range(len(self.all_prompts))]
        return {
            "url": self.url,
            "api": self.api,
            "model": self.model,
            "temperature": self.claim.temperature,
            "requests": {name: _digest([body.get(name) for body in bodies]) for name in bodies[0]},
        }


def _shortens_lists(name: str, value: Any) -> bool:
    """Tell whether a field truncates, or asks for more tokens than one."""
    last = name.split(".")[-1]
    return last == "min_tokens" or (last in _NO_TRUNCATION and value not in _NO_TRUNCATION[last])


def _digest(values: list[Any]) -> str:
    """Return what tells values from others without showing them: a field may hold a secret."""
    distinct = dict.fromkeys(json.dumps(value, sort_keys=True) for value in values)
    return hashlib.sha256("\n".join(distinct).encode()).hexdigest()[:16]


def as_url(url: str) -> str:
    """Return the address of an interface, checked; a secret in it is not repeated.

    Raises
    ------
    ValueError
        If it does not begin with http:// or https:// and a host, or holds a password, a query or a
        character that cannot be printed.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # parsed, and checked, on access
    except ValueError:
        host = None

    if not host or parts.scheme not in ("http", "https"):
        raise ValueError(
            "url must begin with http:// or https:// and a host, such as http://127.0.0.1:8080/v1"
        )

    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(
            "url must hold no password and no query: an API key is given apart from it"
        )

    if not url.isprintable():
        raise ValueError("url must hold no line break and no other letter that cannot be seen")
    return url
