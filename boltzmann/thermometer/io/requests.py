"""What a server is asked, and nothing else: the fields that its interface defines."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from boltzmann.thermometer.laws import SamplingLaw

PATHS = {"completions": "/completions", "chat": "/chat/completions", "llama": "/completion"}

# Openings after which nearly anything may come: what a temperature is measured by is heat.
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


@dataclass(frozen=True)
class AuditRequest:
    """What is asked of which server.

    Attributes
    ----------
    url : str
        Of the interface, such as ``http://127.0.0.1:8080/v1``.
    api : {"completions", "chat", "llama"}
        OpenAI's completions or chat completions, or llama-server's own completion.
    claim : SamplingLaw
        What is asked for, and held to.
    model : str
        Its name; "" sends none.
    prompts : tuple of str
        Asked in turn, each `run` times; default ones if empty.
    tokens : int
        How many are asked for at a time.
    listed : int
        Of how many likeliest tokens the log-probabilities are asked for.
    fields : dict
        Further fields to send, or others to send instead.
    run : int
        How many requests running have the same prompt: at least as many as are under way at once.
    """

    url: str
    api: str
    claim: SamplingLaw
    model: str = ""
    prompts: tuple[str, ...] = ()
    tokens: int = 16
    listed: int = 20
    fields: dict[str, Any] = field(default_factory=dict)
    run: int = 16

    @property
    def endpoint(self) -> str:
        """Where it is sent."""
        base = self.url.rstrip("/")
        return (base.removesuffix("/v1") if self.api == "llama" else base) + PATHS[self.api]

    @property
    def asked(self) -> tuple[str, ...]:
        """The prompts, or the default ones."""
        return self.prompts or (TASKS if self.api == "chat" else OPENINGS)

    def prompt(self, number: int) -> str:
        """Return the prompt of a request.

        Noise that requests share shows where they share their prompt as well, which makes their
        answers copies.
        """
        return self.asked[number // self.run % len(self.asked)]

    def body(self, number: int) -> dict[str, Any]:
        """Return the body of a request, without a seed, so that draws are independent."""
        claim, prompt = self.claim, self.prompt(number)
        top_p = 1.0 if claim.top_p is None else claim.top_p
        if self.api == "llama":
            body: dict[str, Any] = {
                "prompt": prompt,
                "n_predict": self.tokens,
                "temperature": claim.temperature,
                "n_probs": self.listed,
                "top_p": top_p,
                "top_k": claim.top_k or 0,
                "min_p": claim.min_p or 0.0,
                "typical_p": 1.0,
                "repeat_penalty": 1.0,
            }
        else:
            chat = self.api == "chat"
            body = (
                {"messages": [{"role": "user", "content": prompt}]} if chat else {"prompt": prompt}
            )
            body |= {"max_tokens": self.tokens, "temperature": claim.temperature, "top_p": top_p}
            body |= (
                {"logprobs": True, "top_logprobs": self.listed}
                if chat
                else {"logprobs": self.listed}
            )
            body |= {} if claim.top_k is None else {"top_k": claim.top_k}
            body |= {} if claim.min_p is None else {"min_p": claim.min_p}
        return body | ({"model": self.model} if self.model else {}) | self.fields

    def summary(self) -> dict[str, Any]:
        """Return what makes two audits the same one, as JSON holds it."""
        bodies = [self.body(k * self.run) for k in range(len(self.asked))]
        return {
            "url": self.url,
            "api": self.api,
            "model": self.model,
            "temperature": self.claim.temperature,
            "requests": {name: _digest([body.get(name) for body in bodies]) for name in bodies[0]},
        }


def _digest(values: list[Any]) -> str:
    """Return what tells values from others without showing them: a field may hold a secret."""
    distinct = dict.fromkeys(json.dumps(value, sort_keys=True) for value in values)
    return hashlib.sha256("\n".join(distinct).encode()).hexdigest()[:16]


def as_url(url: str) -> str:
    """Return the address of an interface, checked; one that carries a secret is refused without being repeated.

    Raises
    ------
    ValueError
        If it does not begin with http:// or https:// and a host, or holds a password, a query or a
        letter that cannot be seen.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
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
