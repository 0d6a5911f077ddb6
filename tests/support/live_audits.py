"""Audits of `examples.dishonest_server`, with options for tests."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="httpx is not installed")

from boltzmann.__main__ import _parser
from boltzmann.thermometer.io import client

PROMPTS = ("The fire was", "The old woman", "It was cold and", "The water in the")
LONG = ("--tokens", 32)  # as many draws from a quarter of the requests, which cost most of the time


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """No proxy, hardly any waiting, and a folder of its own for each test."""
    if find_spec("sniffio") is None:
        monkeypatch.setitem(sys.modules, "sniffio", None)  # or httpcore searches at each request
    monkeypatch.setattr(client, "BACKOFF", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)


def parsed(*arguments):
    return _parser().parse_args(["audit", *map(str, arguments)])


def run(server, *arguments, t=0.7, draws=1200, keep="draws.jsonl", prompts=PROMPTS):
    """Audit; a later argument overrides an earlier one."""
    asked = [word for prompt in prompts for word in ("--prompt", prompt)]
    usual = ["--fixed", "--tokens", 8, "--concurrency", 1, "--resolution", 0.25]
    kept = ["--draws", draws, "--keep", keep]
    options = parsed("--url", server.url, "--temperature", t, *usual, *kept, *asked, *arguments)
    return options.run(options)


def run_with_defaults(server, *arguments, t=0.7):
    """Audit with the default options."""
    options = parsed("--url", server.url, "--temperature", t, *arguments)
    return options.run(options)


def kept_lines(path="draws.jsonl"):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def reading(out):
    """Return the temperature and the error that were printed."""
    line = next(line for line in out.splitlines() if line.startswith("temperature"))
    value, error = line.removeprefix("temperature").split("±")
    return float(value), float(error)
