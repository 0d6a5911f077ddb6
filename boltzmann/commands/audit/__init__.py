"""`python -m boltzmann audit`: whether a server samples at the temperature that it is asked for."""

import argparse
import contextlib
import ipaddress
import json
import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boltzmann as bz
from boltzmann.commands._figures import write_figure
from boltzmann.commands.audit.options import LIVE, add_options

if TYPE_CHECKING:
    from boltzmann.thermometer import SamplingLaw
    from boltzmann.thermometer.io.client import ClientSettings
    from boltzmann.thermometer.io.requests import AuditRequest
    from boltzmann.thermometer.io.saved_draws import SavedDraws


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to the parser of the command line."""
    add_options(subparsers).set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit, print what was found, and return the exit status."""
    from boltzmann._core.checks import as_number
    from boltzmann.commands.audit import report as audit_report
    from boltzmann.thermometer import diagnose

    if (options.file is None) == (options.url is None):
        raise ValueError("give either a FILE of draws or the --url of a server")
    claim = _claim(options)
    for name in ("resolution", "false_alarms"):  # before a server is troubled
        as_number(
            f"--{name.replace('_', '-')}",
            getattr(options, name),
            "number between 0 and 1",
            1e-300,
            1.0,
        )
    as_number("--slack", options.slack, "number of at least 0", 0.0, 1e300)
    if options.logprobs == "tempered" and claim.temperature == 0:
        raise ValueError(
            "--logprobs tempered: at t = 0 nothing is left of them, so that no other t can be told"
        )
    records, source = (
        _from_file(options, claim) if options.url is None else _from_server(options, claim)
    )
    reading = records.read()
    diagnosis = diagnose(
        reading,
        claim,
        false_alarms=options.false_alarms,
        resolution=options.resolution,
        slack=options.slack,
    )
    print(audit_report.report(reading, diagnosis, source, options.resolution))
    if options.figure is not None:
        from boltzmann.commands.audit import figure as audit_figure

        with bz.plots.style():
            write_figure(audit_figure.draw(reading, diagnosis), options.figure)
    return {"holds": 0, "fails": 1, "cannot tell": 2}[diagnosis.verdict]


def _claim(options: argparse.Namespace) -> "SamplingLaw":
    from boltzmann.thermometer import SamplingLaw
    from boltzmann.thermometer.laws import as_claim

    t = options.temperature
    if not 0 <= t < float("inf"):
        hint = "; to ask for a negative one, send it by --field temperature=-1 and claim what you expect"
        raise ValueError(
            f"--temperature is {t:g}: it must be a number of at least 0{hint if t < 0 else ''}"
        )
    if options.temperature_last and options.top_p is options.min_p is None:
        raise ValueError("--temperature-last says what --top-p or --min-p is taken of: claim one")
    return as_claim(
        SamplingLaw(t, options.top_k, options.top_p, options.min_p, not options.temperature_last)
    )


def _scale(options: argparse.Namespace, claim: "SamplingLaw") -> float | None:
    return {"auto": None, "raw": 1.0, "tempered": claim.temperature}[options.logprobs]


def _from_file(
    options: argparse.Namespace, claim: "SamplingLaw"
) -> tuple["SavedDraws", dict[str, str]]:
    from boltzmann.thermometer.io.saved_draws import load_draws

    for name, settings in LIVE.items():
        if getattr(options, name.replace("-", "_")) != settings.get("default"):
            raise ValueError(f"--{name} is for a live server: give its --url instead of a FILE")
    records = load_draws(options.file, _scale(options, claim))
    return records, {"file": options.file, "logprobs": _words(records.scale)}


def _from_server(
    options: argparse.Namespace, claim: "SamplingLaw"
) -> tuple["SavedDraws", dict[str, str]]:
    from tqdm import tqdm

    from boltzmann.thermometer.io.client import collect
    from boltzmann.thermometer.io.journal import Journal

    question, manners, draws = _question(options, claim)
    parts = urlsplit(question.url)
    host = str(parts.hostname)
    path = options.keep
    if path is None:  # an IPv6 address has colons, which not every system allows in a name
        path = f"audit-{host.replace(':', '-')}-{datetime.now():%Y%m%d-%H%M%S}.jsonl"
    journal = Journal(path, question.summary())
    if journal.scale is None:
        journal.scale = _scale(options, claim)
    if manners.key and parts.scheme == "http" and not _is_here(host):
        print(
            f"boltzmann audit: the key goes to {host} over http, where others can read it",
            file=sys.stderr,
        )
    before = journal.draws
    bar = tqdm(total=draws, initial=min(before, draws), unit="draw", disable=None, leave=False)
    try:
        with bar:  # it is gone before anything else is said
            collect(
                question, journal, draws, manners, lambda kept: bar.update(min(kept, draws) - bar.n)
            )
    except BaseException:
        if journal.draws:
            print(
                f"{journal.draws} draws are kept: --keep {path} goes on from them", file=sys.stderr
            )
        raise
    records = journal.records(_scale(options, claim))
    asked = f"{journal.draws - before} draws asked" + (f", {before} were there" if before else "")
    return records, {
        "server": f"{question.endpoint}" + (f", model {question.model}" if question.model else ""),
        "kept": f"{path}: {asked}",
        "logprobs": _words(records.scale),
    }


def _is_here(host: str) -> bool:
    """Tell whether what is sent to a host stays on this machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _words(scale: float) -> str:
    if scale == 1:
        return "taken as before the temperature"
    return f"after the temperature: multiplied back by {scale:.4g}"


def _question(
    options: argparse.Namespace, claim: "SamplingLaw"
) -> tuple["AuditRequest", "ClientSettings", int]:
    from boltzmann._core.checks import as_count, as_positive
    from boltzmann.thermometer.io.client import ClientSettings
    from boltzmann.thermometer.io.requests import AuditRequest, as_url

    key = os.environ.get(options.key_from, "") if options.key_from else ""
    if options.key_from and not key:
        # What was given is not repeated: it may be the key itself.
        raise ValueError(
            "--key-from: there is no environment variable of that name, or it is empty"
        )
    concurrency = as_count("--concurrency", options.concurrency)
    question = AuditRequest(
        url=as_url(options.url),
        api=options.api,
        claim=claim,
        model=options.model,
        prompts=tuple(options.prompt or ()),
        tokens=as_count("--tokens", options.tokens),
        listed=as_count("--listed", options.listed, least=3),
        fields=dict(_field(text) for text in options.field or ()),
        run=max(AuditRequest.run, concurrency),
    )
    manners = ClientSettings(
        concurrency=concurrency,
        timeout=as_positive("--timeout", options.timeout),
        retries=as_count("--retries", options.retries, least=0),
        key=key,
    )
    return question, manners, as_count("--draws", options.draws)


def _field(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"--field {text}: NAME=JSON is expected, such as top_k=0")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a bare word is a text
