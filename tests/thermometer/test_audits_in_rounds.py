"""Audits of a live server that stop as soon as the claim is decided, and blind ones."""

import json
import re
from pathlib import Path

import pytest

from boltzmann.thermometer import load_draws
from boltzmann.thermometer.io import requests
from boltzmann.thermometer.io.blind import TokenList, check_texts, tokens_in
from boltzmann.thermometer.io.tokens import ObservedDraw
from examples.dishonest_server import DishonestServer, model
from tests.support.live_audits import (
    PROMPTS,
    isolated,  # noqa: F401
    kept_lines,
    parsed,
    run_with_defaults,
)

KEEP = ["--keep", "draws.jsonl", "--concurrency", 1]


def words(capsys):
    return " ".join(capsys.readouterr().out.split())


def stopped_after(text):
    return int(re.search(r"stopped after (\d+) of at most 6000 draws: ", text)[1])


def asked(server):
    """Return the requests for draws, without the two probes."""
    return [body for body in server.bodies if body.get("max_tokens", 16) != 1]


@pytest.mark.parametrize(
    ("behaviour", "verdict", "why"),
    [
        ("honest", "holds: ", "temperatures off by 20 % are refuted"),
        ("squared", "fails, squared: ", "the claim is refuted"),
        ("hidden-top-k", "fails, hidden_top_k: ", "the claim is refuted"),
    ],
)
def test_an_audit_stops_as_soon_as_the_claim_is_decided(behaviour, verdict, why, capsys):
    """6,000 draws may be asked; seeds are fixed, and fewer than 1,000 decide all of these."""
    with DishonestServer(behaviour) as server:
        status = run_with_defaults(server, *KEEP)
    out = words(capsys)
    assert status == (behaviour != "honest")
    assert f"verdict {verdict}" in out
    assert why in out
    assert stopped_after(out) == 16 * len(asked(server)) < 1000


def test_after_a_first_look_the_hottest_prompts_are_asked(capsys):
    with DishonestServer() as server:
        run_with_defaults(server, *KEEP)
    prompts = [body["prompt"] for body in asked(server)]
    number = len(requests.OPENINGS)
    assert sorted(prompts[:number]) == sorted(requests.OPENINGS)
    hot = prompts[number:]
    assert len(hot) >= 8
    assert len({*hot}) < number / 2  # the hottest quarter, which may change by a prompt or two
    assert all(a == b == c for a, b, c in zip(hot[::4], hot[1::4], hot[2::4], strict=False))


def test_a_prompt_that_is_given_is_asked_and_no_other():
    with DishonestServer() as server:
        run_with_defaults(server, *KEEP, "--prompt", PROMPTS[0], "--draws", 400)
    assert {body["prompt"] for body in server.bodies} == {PROMPTS[0]}


def test_an_audit_in_rounds_resumes_and_asks_no_more_once_it_is_decided(capsys):
    with DishonestServer("squared", faults=[""] * 5 + ["400"]) as server:
        with pytest.raises(ValueError, match="request 3"):
            run_with_defaults(server, *KEEP)
        assert "48 draws are kept: --keep draws.jsonl goes on" in capsys.readouterr().err
        assert run_with_defaults(server, *KEEP) == 1
        first = words(capsys)
        assert "48 were there" in first
        number = len(server.bodies)
        assert run_with_defaults(server, *KEEP) == 1
        again = words(capsys)
    assert len(server.bodies) == number
    assert stopped_after(again) == stopped_after(first)
    numbers = [line["request"] for line in kept_lines()[1:]]
    assert numbers == sorted({*numbers})


def test_all_draws_are_asked_where_their_number_is_fixed(capsys):
    with DishonestServer("squared") as server:
        run_with_defaults(server, *KEEP, "--fixed", "--draws", 320)
    assert "stopped all of 320 draws were asked" in words(capsys)
    assert len(asked(server)) == 20


BLIND = ["--blind", "--listed", len(model().tokens)]


@pytest.mark.parametrize("api", ["completions", "chat", "llama"])
def test_a_blind_audit_asks_for_lists_once_and_then_for_tokens_alone(api, capsys):
    with DishonestServer() as server:
        assert run_with_defaults(server, *KEEP, *BLIND, "--api", api) == 0
    assert "verdict holds" in words(capsys)
    asks = [bool(body.get("logprobs") or body.get("n_probs")) for body in server.bodies]
    lists = 2 + len(requests.OPENINGS)
    assert asks == [True] * lists + [False] * (len(asks) - lists)
    for body in server.bodies[lists:]:
        copies = len(body["prompt"]) if api == "llama" else body["n"]
        assert (copies, body["temperature"]) == (16, 0.7)
        assert body.get("max_tokens", body.get("n_predict")) == 1


@pytest.mark.parametrize("watched", [True, False])
def test_a_sampler_that_changes_when_it_is_watched_is_found_out_blindly(watched, capsys):
    """It is honest where log-probabilities are asked for, and squares the temperature otherwise."""
    with DishonestServer(unwatched="squared") as server:
        status = run_with_defaults(server, *KEEP, *([] if watched else BLIND))
    assert status == (not watched)
    assert ("verdict fails, squared" in words(capsys)) == (not watched)


def test_a_blind_audit_resumes_and_can_be_audited_again(capsys):
    with DishonestServer(faults=[""] * 12 + ["400"]) as server:
        with pytest.raises(ValueError, match="request 2"):
            run_with_defaults(server, *KEEP, *BLIND)
        run_with_defaults(server, *KEEP, *BLIND)
        assert sum("n" not in body for body in server.bodies) == 2 + len(requests.OPENINGS)
    live = capsys.readouterr().out
    options = parsed("draws.jsonl", "--temperature", 0.7)
    options.run(options)
    out = capsys.readouterr().out
    temperature = re.compile(r"^temperature .*$", re.MULTILINE)
    assert temperature.search(out)[0] == temperature.search(live)[0]
    assert Path("draws.jsonl").read_text(encoding="utf-8").count('"list"') == len(requests.OPENINGS)
    draws = load_draws("draws.jsonl")
    assert len({id(row) for row in draws.logprobs}) <= len(requests.OPENINGS)


def test_shared_random_numbers_show_blindly(capsys):
    with DishonestServer(batch=4) as server:
        assert run_with_defaults(server, *KEEP, *BLIND) == 1
    assert re.search("verdict fails, (dependent_draws|repeated_answers)", words(capsys))


def test_an_interface_that_cannot_be_asked_blindly_is_refused():
    options = parsed("--url", "http://a", "--temperature", 1, "--blind", "--api", "ollama")
    with pytest.raises(ValueError, match="--blind is for completions, chat, llama"):
        options.run(options)


def test_tokens_without_their_list_are_refused():
    lines = [
        {"audit": {"scale": 1.0}},
        {"request": 0, "prompt": "a", "tokens": ["b"]},
    ]
    Path("draws.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
    )
    with pytest.raises(ValueError, match="line 2: no list after 'a' comes before its tokens"):
        load_draws("draws.jsonl")


def listed(*pairs, chosen):
    tokens, logprobs = zip(*pairs, strict=True)
    return ObservedDraw([*tokens], [*logprobs], chosen, keyed_by_text=False)


def test_a_token_is_looked_up_in_the_list():
    found = TokenList.of(
        listed((b"a", -0.5), (None, -1.5), (b"b", -2.0), (b"c", -9.0), chosen=b"c")
    )
    assert found.tokens == [b"a", b"b"]  # the token drawn may have been appended
    assert found.unidentified == pytest.approx(0.2231, abs=1e-4)
    assert [found.row(token).chosen for token in ("b", "a", "z", None, "\ufffd")] == [
        1,
        0,
        -2,
        None,
        None,
    ]
    assert found.row("a").logprobs is found.row("b").logprobs


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        ({"choices": [{"text": " a"}, {"text": ""}]}, [" a", None]),
        ({"choices": [{"message": {"content": "b"}}, {"message": {"content": None}}]}, ["b", None]),
        ([{"content": " a", "tokens": [7]}, {"content": "", "tokens": []}], [7, None]),
        ({"content": " a"}, [" a"]),
    ],
)
def test_tokens_are_read_from_each_form_of_an_answer(content, tokens):
    assert tokens_in(content) == tokens


@pytest.mark.parametrize("content", [{"choices": [3]}, {"choices": [{}]}, [4], {"error": "no"}])
def test_an_answer_of_another_form_is_refused(content):
    with pytest.raises(ValueError, match="expected"):
        tokens_in(content)


def test_a_server_whose_texts_are_not_its_tokens_is_refused():
    """Such as one that drops the blank before the first word."""
    draw = listed((b" a", -0.5), (b"b", -2.0), chosen=b" a")
    check_texts(draw, {"choices": [{"text": " a"}]})
    with pytest.raises(ValueError, match="is not that of its token"):
        check_texts(draw, {"choices": [{"text": "a"}]})
