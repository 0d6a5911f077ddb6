"""Answers of every interface: the same draws in each form are the same reading."""

import json
from pathlib import Path

import pytest

from boltzmann.thermometer import load_draws
from boltzmann.thermometer.io.journal import evidence_of
from boltzmann.thermometer.io.responses import parse_response
from tests.support.answer_forms import FORMS, answer, stream
from tests.support.honest_answers import drawn
from tests.support.saved_responses import write


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """A folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


def saved(lines, name="draws.jsonl"):
    return load_draws(write(Path(name), *lines))


def in_tens(positions):
    return [positions[k : k + 10] for k in range(0, len(positions), 10)]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_draws_in_each_form_are_the_same_reading(form):
    """4,000 draws, honest at 0.7: a miss by 5 errors has a probability of 6e-7."""
    texts = in_tens(drawn(4000, seed=7))
    expected = saved([answer("chat", positions) for positions in texts], "chat.jsonl").read()
    lines = [answer(form, positions) for positions in texts]
    for number, line in enumerate(lines):
        line.get("meta_info", {})["id"] = f"s{number}"
    found = saved(lines)
    reading = found.read()

    assert (found.left_out, found.skipped, found.contradictions) == ({}, {}, {})
    assert found.groups == [r for r in range(400) for _ in range(10)]
    assert reading.temperature == pytest.approx(expected.temperature, rel=2e-3)
    assert abs(reading.temperature - 0.7) < 5 * reading.standard_error


@pytest.mark.parametrize("form", ["ollama", "ollama-chat", "responses", "sglang", "tgi", "llama"])
def test_a_streamed_answer_of_each_form_is_one_group(form):
    lines = []
    for number in range(3):
        chunks = stream(form, [0, 1, number, 2])
        for chunk in chunks:
            chunk.get("meta_info", {})["id"] = f"s{number}"
        lines += [f"data: {json.dumps(chunk)}" for chunk in chunks]
    found = saved(lines)
    assert found.groups == [0] * 4 + [1] * 4 + [2] * 4
    assert [x % 100 for x in found.chosen] == [0, 1, 0, 2, 0, 1, 1, 2, 0, 1, 2, 2]
    assert found.skipped == {}
    assert {*found.left_out} <= {"repeated in a later chunk"}
    if form == "llama":
        assert found.settings == [{"top_k": 40, "temperature": 0.7}]


@pytest.mark.parametrize("form", FORMS)
def test_what_a_journal_keeps_of_each_form_is_what_is_read(form):
    whole = answer(form, [0, 2, 1], said="said")
    kept = evidence_of(whole)
    assert "said" not in json.dumps(kept)
    assert parse_response(kept).draws == parse_response(whole).draws
    assert evidence_of(kept) == kept


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        ({"response": "a", "done": True}, "logprobs and top_logprobs"),
        ({"generated_text": "a", "details": None}, "details and top_n_tokens"),
        ({"text": "a", "meta_info": {"id": "s"}}, "return_logprob and top_logprobs_num"),
        (
            {"object": "response", "output": [{"content": [{"text": "a", "logprobs": []}]}]},
            r"include=\[.message.output_text.logprobs.\]",
        ),
    ],
)
def test_an_answer_without_log_probabilities_says_how_to_ask_for_them(bad, hint):
    with pytest.raises(ValueError, match=rf"line 1: expected a list .*, got None: .*{hint}"):
        saved([bad])
    assert len(saved([answer("chat", [0]), bad]).skipped) == 1
    assert parse_response(evidence_of(bad)).draws == []


@pytest.mark.parametrize("form", ["sglang", "tgi"])
def test_tokens_without_a_list_are_left_out(form):
    bare = answer(form, [0, 1])
    part = bare["meta_info"] if form == "sglang" else bare["details"]
    part["output_top_logprobs" if form == "sglang" else "top_tokens"] = []
    assert parse_response(bare).left_out["without a list"].number == 2


def test_probabilities_after_sampling_need_a_temperature():
    """0 becomes -inf, which is no log-probability; what no answer says must be given."""
    lines = [answer("post-sampling", [0, 1, 2, 0], generation_settings={})]
    lines[0]["completion_probabilities"][0]["top_probs"] += [{"token": "z", "id": 9, "prob": 0.0}]
    with pytest.raises(ValueError, match="do not say at which temperature"):
        saved(lines)
    found = load_draws(Path("draws.jsonl"), scale=0.7)
    assert (found.scale, found.chosen, {x.size for x in found.logprobs}) == (0.7, [0, 1, 2, 0], {6})


def test_tokens_of_answers_that_are_not_reported_are_counted():
    short = answer("tgi", [0, 1])
    short["details"]["generated_tokens"] = 5
    assert parse_response(short).left_out["not reported by the server"].number == 3
