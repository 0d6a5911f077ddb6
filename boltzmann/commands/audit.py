"""`python -m boltzmann audit`: whether a server samples at the temperature that it is asked for."""

import argparse
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from boltzmann.thermometer import Law
    from boltzmann.thermometer.questions import Question
    from boltzmann.thermometer.records import Records

_DESCRIPTION = """\
Read the temperature at which tokens were drawn off the tokens, and tell whether it is the one claimed.

Draws come from a file of JSON lines (saved responses with log-probabilities, or one draw a line) or are asked of a
live server. The claim is a temperature and nothing else, unless a truncation is claimed beside it."""

_EPILOG = """\
examples:
  python -m boltzmann audit draws.jsonl --temperature 0.7
  python -m boltzmann audit --url http://127.0.0.1:8000/v1 --model NAME --temperature 0.7
  python -m boltzmann audit --url https://api.openai.com/v1 --api chat --model NAME --temperature 0.7
      --key-from OPENAI_API_KEY
  python -m boltzmann audit --url http://127.0.0.1:8080 --api llama --listed 100 --temperature 0.7

what is sent:
  completions  prompt, max_tokens, temperature, top_p, logprobs, and model
  chat         messages, max_tokens, temperature, top_p, logprobs, top_logprobs, and model
  llama        prompt, n_predict, temperature, n_probs, top_p, top_k, min_p, typical_p, repeat_penalty, and model
  No seed is sent, so that draws are independent. top_p is 1 unless claimed. OpenAI's interface has no top_k and
  no min_p: they are sent when claimed. Servers that have them may truncate unasked, and the audit says so;
  vLLM takes --field top_k=0 for none, and --field return_tokens_as_token_ids=true to tell equal texts apart.

a line of a file is one of:
  {"logprobs": [-0.5, -1.2], "chosen": 0}
  {"logprobs": {"a": -0.5, "b": -1.2}, "chosen": "a", "group": "draws that may depend on each other"}
  a response of /v1/completions, /v1/chat/completions or llama-server's /completion, with log-probabilities

exit status: 0 the claim holds, 1 it does not, 2 it cannot be told, or something has to be mended first"""


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to the parser of the command line."""
    parser = subparsers.add_parser(
        "audit",
        help="tell whether a server samples at the temperature that it is asked for",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", metavar="FILE", help="draws, as lines of JSON")
    claim = parser.add_argument_group("the claim")
    claim.add_argument("--temperature", type=float, required=True, metavar="T", help="at least 0")
    claim.add_argument("--top-k", type=int, metavar="K", help="only the K likeliest tokens are left")
    claim.add_argument("--top-p", type=float, metavar="P", help="the likeliest that together have probability P")
    claim.add_argument("--min-p", type=float, metavar="P", help="those at least P times as probable as the first")
    claim.add_argument(
        "--temperature-last", action="store_true", help="truncation comes before the temperature, as in llama.cpp"
    )
    _add_judgement(parser.add_argument_group("how it is judged"))
    _add_server(parser.add_argument_group("a live server"))
    parser.set_defaults(run=run)


def _add_judgement(group: Any) -> None:
    group.add_argument(
        "--logprobs",
        choices=("auto", "raw", "tempered"),
        default="auto",
        help="whether they are reported before the temperature (raw: OpenAI, vLLM, llama-server) or after it "
        "(tempered: SGLang, TGI); auto asks a live server for one list twice, and takes a file's for raw",
    )
    group.add_argument(
        "--resolution",
        type=float,
        default=0.1,
        metavar="R",
        help="it holds if a temperature off by this part of it would have been seen (default: %(default)s)",
    )
    group.add_argument(
        "--false-alarms",
        type=float,
        default=1e-3,
        metavar="P",
        help="the probability of failing a true claim (default: %(default)s)",
    )
    group.add_argument(
        "--slack",
        type=float,
        default=0.012,
        metavar="NATS",
        help="by how much log-probabilities may miss those that were sampled from (default: %(default)s)",
    )
    group.add_argument("--figure", metavar="FILE", help="draw the finding into a .svg or .png")


_LIVE: dict[str, dict[str, Any]] = {
    "model": {"metavar": "NAME", "default": "", "help": "of the model, as the server calls it"},
    "api": {
        "choices": ("completions", "chat", "llama"),
        "default": "completions",
        "help": "OpenAI's completions or chat, or llama-server's own /completion (default: %(default)s)",
    },
    "draws": {"type": int, "default": 6000, "metavar": "N", "help": "tokens to draw (default: %(default)s)"},
    "tokens": {"type": int, "default": 16, "metavar": "N", "help": "a request asks for (default: %(default)s)"},
    "listed": {
        "type": int,
        "default": 20,
        "metavar": "M",
        "help": "likeliest tokens whose log-probabilities are asked for (default: %(default)s); OpenAI allows 20 "
        "in chat and 5 in completions, llama-server any number",
    },
    "prompt": {"action": "append", "metavar": "TEXT", "help": "ask this, and others given so, in turn"},
    "field": {
        "action": "append",
        "metavar": "NAME=JSON",
        "help": "send this field as well, or instead, such as top_k=0",
    },
    "key-from": {
        "metavar": "VARIABLE",
        "help": "environment variable that holds the API key; without it none is sent",
    },
    "keep": {
        "metavar": "FILE",
        "help": "keep the draws there, or go on from those (default: named by the date)",
    },
    "concurrency": {"type": int, "default": 4, "metavar": "N", "help": "requests at once (default: %(default)s)"},
    "timeout": {"type": float, "default": 60.0, "metavar": "S", "help": "of a request (default: %(default)s s)"},
    "retries": {
        "type": int,
        "default": 5,
        "metavar": "N",
        "help": "of a request that failed for a passing reason (default: %(default)s)",
    },
}


def _add_server(group: Any) -> None:
    group.add_argument("--url", help="of its interface, such as http://127.0.0.1:8080/v1")
    for name, settings in _LIVE.items():
        group.add_argument(f"--{name}", **settings)


def run(options: argparse.Namespace) -> int:
    """Audit, print what was found, and return the exit status."""
    from boltzmann._checks import as_number
    from boltzmann.commands import audit_report
    from boltzmann.thermometer import diagnose
    from boltzmann.thermometer.diagnosis import as_claim

    if (options.file is None) == (options.url is None):
        raise ValueError("give either a FILE of draws or the --url of a server")
    claim = as_claim(_claim(options))
    for name in ("resolution", "false_alarms"):  # before a server is troubled
        as_number(f"--{name.replace('_', '-')}", getattr(options, name), "number between 0 and 1", 1e-300, 1.0)
    as_number("--slack", options.slack, "number of at least 0", 0.0, 1e300)
    if options.logprobs == "tempered" and claim.temperature == 0:
        raise ValueError("--logprobs tempered: at t = 0 nothing is left of them, so that no other t can be told")
    if options.figure is not None:
        _check_figure(Path(options.figure))
    records, source = _from_file(options, claim) if options.url is None else _from_server(options, claim)
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
        from boltzmann.commands import audit_figure

        audit_figure.save(reading, diagnosis, Path(options.figure))
    return {"holds": 0, "fails": 1, "cannot tell": 2}[diagnosis.verdict]


def _claim(options: argparse.Namespace) -> "Law":
    """Return the claim, each part of it checked under the name of its option."""
    from boltzmann._checks import SMALLEST, as_count, as_number
    from boltzmann.thermometer import Law

    t = options.temperature
    if not 0 <= t < float("inf"):
        hint = "; to ask for a negative one, send it by --field temperature=-1 and claim what you expect"
        raise ValueError(f"--temperature is {t:g}: it must be a number of at least 0{hint if t < 0 else ''}")
    if options.top_k is not None:
        as_count("--top-k", options.top_k)
    if options.top_p is not None:
        as_number("--top-p", options.top_p, "number above 0, up to 1", SMALLEST, 1.0)
    if options.min_p is not None:
        as_number("--min-p", options.min_p, "number from 0 to 1", 0.0, 1.0)
    if options.temperature_last and options.top_p is options.min_p is None:
        raise ValueError("--temperature-last says what --top-p or --min-p is taken of: claim one")
    return Law(t, options.top_k, options.top_p, options.min_p, not options.temperature_last)


def _check_figure(path: Path) -> None:
    if path.suffix not in (".svg", ".png"):
        raise ValueError(f"--figure {path}: its name must end in .svg or .png")
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError(
            f"--figure {path} cannot be written: {'it' if path.is_dir() else path.parent} is no file's place"
        )


def _scale(options: argparse.Namespace, claim: "Law") -> float | None:
    return {"auto": None, "raw": 1.0, "tempered": claim.temperature}[options.logprobs]


def _from_file(options: argparse.Namespace, claim: "Law") -> tuple["Records", dict[str, str]]:
    from boltzmann.thermometer.records import load_records

    for name, settings in _LIVE.items():
        if getattr(options, name.replace("-", "_")) != settings.get("default"):
            raise ValueError(f"--{name} is for a live server: give its --url instead of a FILE")
    records = load_records(options.file, _scale(options, claim))
    return records, {"file": options.file, "logprobs": _words(records.scale)}


def _from_server(options: argparse.Namespace, claim: "Law") -> tuple["Records", dict[str, str]]:
    from tqdm import tqdm

    from boltzmann.thermometer.client import collect
    from boltzmann.thermometer.journal import Journal

    question, manners, draws = _question(options, claim)
    fresh = options.keep is None
    host = urlsplit(question.url).hostname
    path = f"audit-{host}-{datetime.now():%Y%m%d-%H%M%S}.jsonl" if fresh else options.keep
    journal = Journal(path, question.summary())
    if journal.scale is None:
        journal.scale = _scale(options, claim)
    before = journal.draws
    bar = tqdm(total=draws, initial=min(before, draws), unit="draw", disable=None, leave=False)
    try:
        with bar:  # it is gone before anything else is said
            collect(question, journal, draws, manners, lambda kept: bar.update(min(kept, draws) - bar.n))
    except BaseException as error:
        if journal.draws:
            print(f"{journal.draws} draws are kept: --keep {path} goes on from them", file=sys.stderr)
        if isinstance(error, ImportError):
            raise ValueError(str(error)) from None
        raise
    records = journal.records(_scale(options, claim))
    asked = f"{journal.draws - before} draws asked" + (f", {before} were there" if before else "")
    return records, {
        "server": f"{question.endpoint}" + (f", model {question.model}" if question.model else ""),
        "kept": f"{path}: {asked}",
        "logprobs": _words(records.scale),
    }


def _words(scale: float) -> str:
    if scale == 1:
        return "taken as before the temperature"
    return f"after the temperature: multiplied back by {scale:.4g}"


def _question(options: argparse.Namespace, claim: "Law") -> tuple["Question", Any, int]:
    from boltzmann._checks import as_count, as_positive
    from boltzmann.thermometer.client import Manners
    from boltzmann.thermometer.questions import Question, as_url

    key = os.environ.get(options.key_from, "") if options.key_from else ""
    if options.key_from and not key:
        raise ValueError(f"--key-from: there is no environment variable {options.key_from}, or it is empty")
    question = Question(
        url=as_url(options.url),
        api=options.api,
        claim=claim,
        model=options.model,
        prompts=tuple(options.prompt or ()),
        tokens=as_count("--tokens", options.tokens),
        listed=as_count("--listed", options.listed, least=3),
        fields=dict(_field(text) for text in options.field or ()),
    )
    manners = Manners(
        concurrency=as_count("--concurrency", options.concurrency),
        timeout=as_positive("--timeout", options.timeout),
        retries=as_count("--retries", options.retries, least=0),
        key=key,
    )
    return question, manners, as_count("--draws", options.draws)


def _field(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError(f"--field {text}: NAME=VALUE is expected, such as top_k=0")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a bare word is a text
