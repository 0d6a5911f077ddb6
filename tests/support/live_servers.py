"""Servers of two inference engines, with a model of known logits, for live audits.

A server's package is found in this environment, or in another whose Python an environment variable
names (`VARIABLES`). Model and programs are in experiments/engines/serving.
"""

import importlib.util
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import live_audits

ENGINES = Path(__file__).parents[2] / "experiments" / "engines"
SERVING, SHARED = ENGINES / "serving", ENGINES / "shared"
VARIABLES = {"xllamacpp": "BOLTZMANN_XLLAMACPP_PYTHON", "vllm": "BOLTZMANN_VLLM_PYTHON"}
DRAWS = 3072  # of 12 prompts, 16 requests of 16 tokens each


def prompts(first, spell):
    """Return twelve tokens as texts, where the model's tokens begin at the id `first`."""
    return [spell(first + 50 * number) for number in range(12)]


def interpreter(package):
    """Return the Python that has a server's package, or None."""
    named = os.environ.get(VARIABLES[package])
    if named or importlib.util.find_spec(package) is None:
        return named
    return sys.executable


def marks(package):
    """Return the marks of a module of live tests."""
    reason = f"{package} is not installed, and {VARIABLES[package]} names no Python that has it"
    return [
        getattr(pytest.mark, package),
        pytest.mark.skipif(not interpreter(package), reason=reason),
    ]


@contextmanager
def served(package, folder):
    """Yield the address of a server, started by `serve_PACKAGE.py`, and end it."""
    from experiments.engines.shared.served import Served

    command = [interpreter(package), "-P", SERVING / f"serve_{package}.py", folder]
    path = os.pathsep.join(map(str, (SERVING, SHARED)))
    variables = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    server = Served([str(part) for part in command], folder / "log", "/health", variables)
    try:
        yield server.address
    finally:
        server.close()


def audited(capsys, url, asked, *arguments, t):
    """Audit by these prompts; return the exit status, the verdict or the fault, and the report."""
    usual = ["--concurrency", 8, "--tokens", 16, "--timeout", 600]
    server = SimpleNamespace(url=url)
    status = live_audits.run(server, *usual, *arguments, t=t, draws=DRAWS, prompts=asked)
    report = capsys.readouterr().out
    found = re.search(r"^verdict +(holds|cannot tell|fails(?:, (\w+))?)", report, re.MULTILINE)
    return status, found and (found[2] or found[1]), report
