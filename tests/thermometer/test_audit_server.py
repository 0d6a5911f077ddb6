"""Verdicts on servers over HTTP, honest and not.

Draws are made with fixed seeds, one request at a time where the answer depends on their order. An
honest server fails one audit in a thousand by design (`false_alarms`); none of those here does.
1,200 draws name a fault, as its log-likelihood ratio is above 30 nats there, where 10 would do."""

import re
from pathlib import Path

import pytest

from boltzmann.thermometer.io import requests
from examples.dishonest_server import DishonestServer, model
from tests.support.live_audits import (
    LONG,
    PROMPTS,
    isolated,  # noqa: F401
    kept_lines,
    parsed,
    reading,
    run,
    run_with_defaults,
)


@pytest.mark.parametrize(
    ("api", "style", "listed"),
    [
        ("completions", "vllm", 20),
        ("completions", "vllm", 5),
        ("chat", "vllm", 5),
        ("chat", "openai", 5),
        ("llama", "vllm", 20),
    ],
)
def test_an_honest_server_is_read_at_its_temperature(api, style, listed, capsys):
    """4 σ is missed once in 16,000; a list wrongly taken for the likeliest is off by 8 σ."""
    with DishonestServer(style=style) as server:
        status = run(server, *LONG, "--api", api, "--listed", listed, draws=3000)
    out = capsys.readouterr().out
    t, error = reading(out)
    assert status == 0, out
    assert error < 0.03
    assert abs(t - 0.7) < 4 * error


# The whole vocabulary, of which top_p is a share.
WHOLE = ["--api", "llama", "--listed", len(model().tokens), "--draws", 160]


@pytest.mark.parametrize(
    ("behaviour", "arguments", "fault"),
    [
        ("squared", [], "squared"),
        ("squared", ["--api", "chat"], "squared"),
        ("squared", ["--api", "llama"], "squared"),
        ("doubled", [], "doubled"),
        ("ignored", ["--api", "chat"], "ignored"),
        ("greedy", [], "greedy"),
        ("greedy", ["--api", "llama"], "greedy"),
        ("hidden-top-k", ["--api", "chat"], "hidden_top_k"),
        ("hidden-top-k", ["--api", "llama"], "hidden_top_k"),
        ("honest", ["--field", "temperature=3"], "wrong_temperature"),
        ("temperature-last", ["--top-p", 0.8, "--order", "vllm", *WHOLE], "swapped_order"),
        ("honest", ["--min-p", 0.1, "--order", "llama.cpp"], "swapped_order"),
        ("honest", ["--min-p", 0.1, "--field", "min_p=0"], "missing_truncation"),
    ],
)
def test_what_a_server_does_wrong_is_named(behaviour, arguments, fault, capsys):
    with DishonestServer(behaviour) as server:
        assert (
            run(
                server,
                *LONG,
                *arguments,
                t=0.5 if fault in ("swapped_order", "missing_truncation") else 0.7,
            )
            == 1
        )
    assert f"fails, {fault}: " in capsys.readouterr().out


def test_a_truncation_that_is_claimed_holds(capsys):
    for behaviour, arguments in (
        ("honest", []),
        ("temperature-last", []),
        ("temperature-last", ["--order", "llama.cpp"]),
    ):
        keep = f"{behaviour}{len(arguments)}.jsonl"
        with DishonestServer(behaviour) as server:
            status = run(server, *LONG, "--min-p", 0.05, *arguments, draws=3000, keep=keep)
        out = " ".join(capsys.readouterr().out.split())
        assert status == 0, out
        assert re.search(r" 0\.(6[7-9]|7[0-3]?)\d* with the truncation claimed", out)


@pytest.mark.parametrize("listed", [20, 5])
def test_a_top_p_that_is_claimed_is_judged_from_short_lists(listed, capsys):
    """An honest one does not fail; one that is not there does; of others short lists say little."""
    asked = [*LONG, "--top-p", 0.9, "--listed", listed, "--order", "transformers"]
    with DishonestServer() as server:
        status = run(server, *asked, draws=3000)
        out = " ".join(capsys.readouterr().out.split())
        assert status != 1, out
        assert re.search(
            rf"a truncation beyond the ({listed}|{listed - 1}) likeliest is not seen", out
        )
        assert re.search(r" \d+ draws left out: lists do not tell whether the top-p claimed", out)
        none = ["--field", "top_p=1"]
        assert run(server, *asked, *none, draws=3000, keep="none.jsonl") == 1
    assert re.search(
        "fails, (missing_truncation|swapped_order|hidden_top_p): ", capsys.readouterr().out
    )


def test_shared_random_numbers_are_named(capsys):
    """Each of 10 requests running answers with the numbers of the first: of one prompt, alike."""
    with DishonestServer(batch=10) as server:
        assert run(server, draws=2400, prompts=PROMPTS[:1]) == 1
    assert "fails, repeated_answers: " in capsys.readouterr().out


@pytest.mark.parametrize("batch", [4, 10])
def test_shared_random_numbers_are_named_with_default_options(batch, capsys):
    """Requests that are under way at once have their prompt in common, and share whole answers."""
    with DishonestServer(batch=batch) as server:
        assert run_with_defaults(server, "--draws", 3000) == 1
    assert "fails, dependent_draws: " in capsys.readouterr().out
    asked = [body["prompt"] for body in server.bodies[2:]]
    assert set(asked) == set(requests.OPENINGS)


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [
        ("honest", "holds"),
        ("squared", "fails, squared"),
        ("doubled", "fails, doubled"),
        ("ignored", "fails, ignored"),
    ],
)
def test_2000_draws_at_a_temperature_of_0_7_are_enough(behaviour, verdict, capsys):
    """A temperature off by 20 % stands out in half of them."""
    with DishonestServer(behaviour) as server:
        assert run_with_defaults(server, "--draws", 2000) == (verdict != "holds")
    assert f"verdict       {verdict}: " in capsys.readouterr().out


def test_a_negative_temperature_is_refused_and_can_be_asked_for(capsys):
    """Engines take it for greedy, or 1: it is sent by --field, and what is promised is claimed."""
    with DishonestServer("negative-is-1") as server:
        with pytest.raises(
            ValueError, match=r"--temperature is -0.7: .* send it by --field temperature"
        ):
            run(server, t=-0.7)
        assert server.bodies == []
        asked = [*LONG, "--field", "temperature=-0.7"]
        assert run(server, *asked, t=0, keep="greedy.jsonl") == 1
        assert "fails, ignored: " in capsys.readouterr().out
        assert run(server, *asked, t=1, draws=2400, keep="one.jsonl") == 0


def test_pieces_of_characters_are_left_out_on_both_sides(capsys, monkeypatch):
    """llama-server withholds them when drawn; with them in the lists a reading is far off."""
    pieces = {
        token
        for token, spelled in enumerate(model().tokens)
        if spelled.startswith((b" the", b" a", b"."))
    }
    with DishonestServer(pieces=pieces) as server:
        assert run(server, *LONG, "--api", "llama", draws=3000) == 0
    t, error = reading(capsys.readouterr().out)
    assert abs(t - 0.7) < 4 * error
    path = Path("draws.jsonl")
    path.write_text(
        path.read_text(encoding="utf-8").replace("[226, 128]", "[65]"), encoding="utf-8"
    )  # as if they were ordinary tokens

    options = parsed(path, "--temperature", 0.7, "--resolution", 0.25)
    assert options.run(options) == 1


@pytest.mark.parametrize(
    ("behaviour", "status", "fault"), [("honest", 0, ""), ("squared", 1, "squared")]
)
def test_log_probabilities_after_the_temperature_are_found_out(behaviour, status, fault, capsys):
    """Taken for raw, an honest server seems to ignore t, and one that squares it to be honest."""
    with DishonestServer(behaviour, tempered=True) as server:
        assert run(server, *LONG, draws=2400) == status
    out = capsys.readouterr().out
    assert "after the temperature: multiplied back by 0.7" in out
    assert not fault or f"fails, {fault}: " in out
    assert kept_lines()[0]["audit"]["scale"] == 0.7

    for declared, expected in (("tempered", status), ("auto", status), ("raw", 1 - status)):
        options = parsed(
            "draws.jsonl", "--temperature", 0.7, "--logprobs", declared, "--resolution", 0.25
        )
        assert options.run(options) == expected

    if behaviour == "honest":
        out = capsys.readouterr().out
        assert "fails, ignored: " in out
        assert "reported after the temperature look the same" in " ".join(out.split())


@pytest.mark.parametrize("t", [0.96, 0.995, 1.04])
def test_log_probabilities_after_a_temperature_near_1_are_found_out(t):
    """Lists at this temperature hardly show it; those at other temperatures do."""
    for tempered, scale in ((True, t), (False, 1.0)):
        keep = f"{tempered}.jsonl"
        with DishonestServer(tempered=tempered) as server:
            run(server, t=t, draws=8, keep=keep)
        assert kept_lines(keep)[0]["audit"]["scale"] == scale
