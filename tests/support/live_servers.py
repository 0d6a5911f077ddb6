"""Servers of two inference engines, with a model of known logits, for live audits.

A server's package is found in this environment, or in another whose Python an environment variable
names (`VARIABLES`). Its model's next logits depend on the last token alone, and on that through the
row that the token belongs to; after a token of one row those of the others come, too.
"""

import importlib.util
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.engines.shared.known_logits import Vocabulary
from tests.support import live_audits

SUPPORT = Path(__file__).parent
SHARED = SUPPORT.parents[1] / "experiments" / "engines" / "shared"
VARIABLES = {"xllamacpp": "BOLTZMANN_XLLAMACPP_PYTHON", "vllm": "BOLTZMANN_VLLM_PYTHON"}
ROWS, TOKENS = 12, 64
DRAWS = 3072  # of 12 prompts, 16 requests of 16 tokens each


def table():
    """Return the (ROWS, ROWS · TOKENS) logits after each row's tokens.

    p falls as a power of the rank, from 1/rank to nearly 1/rank², each row in an order of its own.
    A penalty of repetition divides logits above 0, and those of likely tokens are.
    """
    generator = np.random.default_rng(2026)
    ranks = np.arange(1, ROWS * TOKENS + 1) + generator.random((ROWS, ROWS * TOKENS)) - 0.5
    powers = np.linspace(0.9, 2.0, ROWS)
    return generator.permuted(6 - powers[:, None] * np.log(ranks), axis=1)


def prompts(first, spell):
    """Return a token of each row as a text, where the rows begin at the id `first`."""
    rows = {f"row {number}": np.empty(TOKENS) for number in range(ROWS)}
    vocabulary = Vocabulary(rows, first=first)
    return [spell(vocabulary, vocabulary.start(row)) for row in rows]


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

    np.save(folder / "table.npy", table())
    program = SUPPORT / f"serve_{package}.py"
    command = [interpreter(package), "-P", program, folder / "table.npy", folder]
    path = os.pathsep.join(map(str, (SHARED, SUPPORT)))
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
