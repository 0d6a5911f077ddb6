"""Live audits of llama.cpp's server, where the package xllamacpp is installed.

BOLTZMANN_XLLAMACPP_PYTHON=python python -m pytest -m xllamacpp

Each asks for 3,072 tokens at t = 0.7 unless said; false alarms: 1e-3 an audit, with random numbers
that are the server's own.
"""

import pytest

from tests.support import live_servers
from tests.support.live_audits import isolated  # noqa: F401 (a fixture)

pytestmark = live_servers.marks("xllamacpp")
FIRST = 257  # the id of the model's first token, which is the most popular


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with live_servers.served("xllamacpp", tmp_path_factory.mktemp("llama")) as address:
        yield address


@pytest.fixture
def audit(url, capsys):
    """Return a function that audits the server's own interface, with fields sent beside."""
    prompts = live_servers.prompts(FIRST, lambda token: f"<{token}>")

    def run(*fields, t=0.7, claim=()):
        sent = [word for field in fields for word in ("--field", field)]
        asked = ["--api", "llama", "--listed", 40, *claim, *sent]
        return live_servers.audited(capsys, url, prompts, *asked, t=t)

    return run


@pytest.mark.parametrize("t", [0.3, 0.7, 1.0, 1.5])
def test_an_honest_server_is_not_accused(audit, t):
    status, verdict, report = audit(t=t)
    assert (status, verdict) == (0, "holds"), report


@pytest.mark.parametrize("t", [0.3, 0.7, 1.5])
def test_an_ignored_temperature_is_named(audit, t):
    status, verdict, report = audit("temperature=1", t=t)
    assert (status, verdict) == (1, "ignored"), report


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("temperature=0", "greedy"),
        ("temperature=0.49", "squared"),
        ("temperature=0.9", "wrong_temperature"),
        ("top_k=5", "hidden_top_k"),
        ("top_p=0.8", "hidden_top_p"),
        ("min_p=0.1", "hidden_min_p"),
    ],
)
def test_a_temperature_or_a_truncation_that_was_not_asked_for_is_named(audit, field, name):
    status, verdict, report = audit(field)
    assert (status, verdict) == (1, name), report


def test_truncation_in_the_server_s_order_holds_and_in_the_other_is_named(audit):
    truncated = ["--top-p", 0.8]
    status, verdict, report = audit(claim=[*truncated, "--order", "llama.cpp"])
    assert (status, verdict) == (0, "holds"), report
    status, verdict, report = audit(claim=[*truncated, "--order", "vllm"])
    assert (status, verdict) == (1, "swapped_order"), report


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        (["repeat_penalty=1.1"], {"penalised"}),
        (["repeat_penalty=1.3"], {"penalised", "unknown"}),
        (["presence_penalty=0.5"], {"penalised"}),
        (["frequency_penalty=0.5"], {"penalised"}),
        (["dynatemp_range=0.3"], {"entropy_dependent"}),
        (["xtc_probability=0.5"], {"likeliest_excluded"}),
        (["xtc_probability=1"], {"likeliest_excluded"}),
        (["typical_p=0.5"], {"hidden_typical", "unknown"}),
        (["top_n_sigma=1"], {"unknown"}),
        (["mirostat=2", "mirostat_tau=3"], {"unknown"}),
        (['samplers=["temperature","adaptive_p"]', "adaptive_target=0.3"], {"unknown"}),
        (['grammar=root ::= ("<" [0-9]+ [02468] ">")*'], {"constrained", "unknown"}),
        ([f"logit_bias=[[{FIRST}, 2.0]]"], {"biased"}),
    ],
    ids=lambda value: value[0].split("[")[0] if isinstance(value, list) else "",
)
def test_a_sampler_that_acts_beside_the_temperature_is_named_as_what_it_is(audit, fields, names):
    """Each acts beside a temperature of 0.7 that is applied as asked.

    How typical a token is takes the entropy, which lists of 40 leave open; a strong repeat penalty
    divides logits by more than the shift that stands for it can follow.
    """
    status, verdict, report = audit(*fields)
    assert status == 1 and verdict in names, report
