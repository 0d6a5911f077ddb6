"""Ollama's own answers, and tokens that are named by their ids."""

from pathlib import Path

import pytest

from boltzmann.thermometer import load_draws
from boltzmann.thermometer.io.responses import parse_response
from tests.support.honest_answers import chat_answer, drawn, entry, item
from tests.support.saved_responses import write


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """A folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


def ollama(positions, form="generate", done=True, **more):
    """Return an answer of /api/generate or /api/chat, or a chunk of one."""
    text = "".join(item(k)["token"] for k in positions)
    said = {"response": text} if form == "generate" else {"message": {"content": text}}
    entries = [entry(k) for k in positions]
    return {"model": "tiny", **said, "done": done, "logprobs": entries, **more}


@pytest.mark.parametrize("form", ["generate", "chat"])
def test_an_answer_of_ollama_is_read(form):
    """400 answers of 10 tokens, honest at 0.7: a miss by 5 errors has a probability of 6e-7."""
    positions = drawn(4000, seed=7)
    answers = [ollama(positions[i : i + 10], form, eval_count=10) for i in range(0, 4000, 10)]
    saved = load_draws(write(Path("draws.jsonl"), *answers))
    reading = saved.read()
    assert saved.groups == [r for r in range(400) for _ in range(10)]
    assert abs(reading.temperature - 0.7) < 5 * reading.standard_error
    assert (saved.left_out, saved.skipped) == ({}, {})


@pytest.mark.parametrize("form", ["generate", "chat"])
def test_a_streamed_answer_of_ollama_is_one_group(form):
    """Chunks have no id: an answer goes on until it is done."""
    lines = []
    for r in range(3):
        lines += [ollama([k], form, done=False) for k in (0, 1, r)]
        end = ollama([], form, eval_count=3)
        end.pop("logprobs")
        lines.append(end)
    saved = load_draws(write(Path("draws.jsonl"), *lines))
    assert saved.groups == [0] * 3 + [1] * 3 + [2] * 3
    assert (saved.left_out, saved.skipped) == ({}, {})


def test_an_answer_of_ollama_without_log_probabilities_is_named():
    bad = ollama([0, 1])
    bad.pop("logprobs")
    with pytest.raises(ValueError, match=r"line 1: .*logprobs.*ask for .*top_logprobs"):
        load_draws(write(Path("draws.jsonl"), bad))
    saved = load_draws(write(Path("draws.jsonl"), ollama([0, 1]), bad))
    assert saved.skipped["without log-probabilities"].number == 1


def test_tokens_of_ollama_that_are_not_reported_are_counted():
    parsed = parse_response(ollama([0, 1], eval_count=5))
    assert len(parsed.draws) == 2
    assert parsed.left_out["not reported by the server"].number == 3


@pytest.mark.parametrize("name", ["id", "token_id"])
def test_equal_texts_are_told_apart_by_their_ids(name):
    listed = [{**item(0), name: 7}, {**item(0), name: 9, "logprob": -2.0}, item(1)]
    (draw,) = parse_response(chat_answer([{**item(0), name: 9, "top_logprobs": listed}])).draws
    assert (draw.tokens, draw.chosen) == ([7, b"b", 9], 9)


def test_a_text_that_spells_an_id_is_that_id():
    """As vLLM writes it where return_tokens_as_token_ids is sent."""
    listed = [{**item(k), "token": f"token_id:{k + 40}"} for k in range(3)]
    (draw,) = parse_response(chat_answer([{**listed[1], "top_logprobs": listed}])).draws
    assert (draw.tokens, draw.chosen) == ([40, 41, 42], 41)
