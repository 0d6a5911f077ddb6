"""The options of an audit, each checked once, as what the audit works with."""

import argparse
import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from boltzmann._core.checks import as_count, as_number, as_positive
from boltzmann.commands.audit.options import SERVER_OPTIONS
from boltzmann.commands.audit.sources import SavedFile, Server
from boltzmann.thermometer import Diagnosis, Reading, SamplingLaw, SavedDraws, diagnose
from boltzmann.thermometer.io.blind import LIST_FIELDS
from boltzmann.thermometer.io.client import ClientSettings
from boltzmann.thermometer.io.interfaces import INTERFACES, split_url
from boltzmann.thermometer.io.requests import AuditRequest, as_url
from boltzmann.thermometer.laws import as_claim, laws_in_other_orders
from boltzmann.thermometer.orders import as_order
from boltzmann.thermometer.stopping import StoppingRule

_LEAST = 1e-300  # of a number that must be positive
_MOST_SLACK = 1e300  # nats


@dataclass(frozen=True)
class AuditConfig:
    """What is audited, where its draws come from, and how they are judged.

    Attributes
    ----------
    claim : SamplingLaw
        The law that draws are claimed to follow.
    any_order : bool
        Whether its order is not said, so that the order of any engine will do.
    source : SavedFile or Server
        Where draws come from.
    scale : float or None
        The factor that makes log-probabilities those before the temperature; None to find it out.
    false_alarms, resolution, slack : float
        See `boltzmann.thermometer.diagnose`.
    figure : Path or None
        Where the figure is written.
    """

    claim: SamplingLaw
    any_order: bool
    source: SavedFile | Server
    scale: float | None
    false_alarms: float
    resolution: float
    slack: float
    figure: Path | None

    @property
    def stopping_rule(self) -> StoppingRule | None:
        """When draws stop; None where the order of the claim is not told, and all are asked."""
        if self.any_order and laws_in_other_orders(self.claim):
            return None
        return StoppingRule(self.claim, self.false_alarms, self.resolution, self.slack)

    def limits(self, draws: SavedDraws) -> dict[str, Any]:
        """Return the parameters of `diagnose` for draws whose number was fixed beforehand."""
        return {
            "false_alarms": self.false_alarms,
            "resolution": self.resolution,
            "slack": self.slack,
            "after_truncation": draws.end_at_truncation or draws.scale != 1,
        }

    def diagnose(self, reading: Reading, draws: SavedDraws, law: SamplingLaw) -> Diagnosis:
        """Return the diagnosis of draws whose number was fixed beforehand, as of a law."""
        return diagnose(reading, law, **self.limits(draws))


def as_config(options: argparse.Namespace) -> AuditConfig:
    """Return the options, checked.

    Raises
    ------
    ValueError
        If one is out of range, or two contradict each other; the message names it.
    """
    if (options.file is None) == (options.url is None):
        raise ValueError("give either a FILE of draws or the --url of a server")
    claim = _claim(options)
    between_0_and_1 = ("number between 0 and 1", _LEAST, 1.0)
    return AuditConfig(
        claim=claim,
        any_order=options.order is None,
        scale=_scale(options.logprobs, claim),
        resolution=as_number("--resolution", options.resolution, *between_0_and_1),
        false_alarms=as_number("--false-alarms", options.false_alarms, *between_0_and_1),
        slack=as_number("--slack", options.slack, "number of at least 0", 0.0, _MOST_SLACK),
        figure=options.figure,
        source=_saved_file(options) if options.url is None else _server(options, claim),
    )


def _claim(options: argparse.Namespace) -> SamplingLaw:
    """Return the law that is claimed."""
    t = options.temperature
    if not 0 <= t < float("inf"):
        hint = (
            "; to ask for a negative one, send it by --field temperature=-1 and claim what you "
            "expect"
        )
        raise ValueError(
            f"--temperature is {t:g}: it must be a number of at least 0{hint if t < 0 else ''}"
        )

    settings = {name: getattr(options, name) for name in ("top_k", "top_p", "min_p")}
    claim = as_claim(SamplingLaw(t, **settings))
    return claim if options.order is None else _in_order(claim, options.order)


def _in_order(claim: SamplingLaw, text: str) -> SamplingLaw:
    """Return the claim in the order that --order says."""
    if not claim.truncated:
        raise ValueError("--order says which truncation comes first: claim one (--top-p, --min-p)")
    named = [name.strip().replace("-", "_") for name in text.split(",")]
    single = "," not in text
    try:
        order = as_order(text if single else named)
    except ValueError as error:
        raise ValueError(f"--order {text}: {error}") from None
    unsaid = [] if single else [name for name in claim.truncations if name not in named]
    if unsaid:
        raise ValueError(
            f"--order {text}: it does not say where {unsaid[0]} comes, which is claimed"
        )
    return replace(claim, order=order)


def _scale(logprobs: str, claim: SamplingLaw) -> float | None:
    """Return the factor to log-probabilities before the temperature; None for "auto"."""
    if logprobs == "tempered" and claim.temperature == 0:
        raise ValueError(
            "--logprobs tempered: at t = 0 nothing is left of them, so that no other t can be told"
        )
    return {"auto": None, "raw": 1.0, "tempered": claim.temperature}[logprobs]


def _saved_file(options: argparse.Namespace) -> SavedFile:
    """Return the file as a source; options of a server must be left at their defaults."""
    for name, settings in SERVER_OPTIONS.items():
        if getattr(options, name.replace("-", "_")) != settings.get("default"):
            raise ValueError(f"--{name} is for a live server: give its --url instead of a FILE")
    return SavedFile(options.file)


def _server(options: argparse.Namespace, claim: SamplingLaw) -> Server:
    """Return the server as a source."""
    key = _key(options.key_from)
    concurrency = as_count("--concurrency", options.concurrency)
    url, api = _interface(as_url(options.url), options.api)
    request = AuditRequest(
        url=url,
        api=api,
        claim=claim,
        model=options.model,
        prompts=tuple(options.prompt or ()),
        tokens=as_count("--tokens", options.tokens),
        listed=as_count("--listed", options.listed, least=3),
        fields=dict(_field(text) for text in options.field or ()),
        repeats=max(AuditRequest.repeats, concurrency),
        blind=options.blind,
    )
    if request.blind and api not in LIST_FIELDS:
        raise ValueError(f"--blind is for {', '.join(LIST_FIELDS)}: --api is {api}")

    settings = ClientSettings(
        concurrency=concurrency,
        timeout=as_positive("--timeout", options.timeout),
        retries=as_count("--retries", options.retries, least=0),
        key=key,
    )
    draws = as_count("--draws", options.draws)
    path = options.keep or _default_path(request.url)
    return Server(request, settings, draws, path, fixed=options.fixed)


def _interface(url: str, api: str | None) -> tuple[str, str]:
    """Return the base address and the interface, which the end of a url may name."""
    base, named = split_url(url)
    if api and named and api != named:
        raise ValueError(f"--url ends with {INTERFACES[named].path}, and --api is {api}: give one")
    return base, api or named or "completions"


def _key(variable: str | None) -> str:
    """Return the API key that an environment variable holds; "" if none is named."""
    if not variable:
        return ""
    key = os.environ.get(variable, "")
    if not key:
        # What was given is not repeated: it may be the key itself.
        raise ValueError(
            "--key-from: there is no environment variable of that name, or it is empty"
        )
    return key


def _default_path(url: str) -> str:
    """Return a name for a journal: the host, without the colons of IPv6, and the date."""
    host = str(urlsplit(url).hostname).replace(":", "-")
    return f"audit-{host}-{datetime.now():%Y%m%d-%H%M%S}.jsonl"


def _field(text: str) -> tuple[str, Any]:
    """Return the name and the value of --field NAME=JSON."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"--field {text}: NAME=JSON is expected, such as top_k=0")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a bare word is a text
