"""Streamed answers: the chunks of one are one group, whatever their form."""

import json
from pathlib import Path

import numpy as np
import pytest

from boltzmann.thermometer import load_draws
from tests.support.honest_answers import LOGPROBS, NAMES, chat_answer, completion_answer, entry
from tests.support.saved_responses import write

REQUESTS = 150
TOKENS = 16


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """A folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


def drawn_by_request(seed=7):
    """Return positions (REQUESTS, TOKENS), each request at a temperature of its own."""
    generator = np.random.default_rng(seed)
    for _ in range(REQUESTS):
        weights = np.exp(LOGPROBS / (0.66 * np.exp(generator.normal(0, 0.35))))
        yield generator.choice(6, size=TOKENS, p=weights / weights.sum()).tolist()


def chunks(form, request, positions):
    """Return the lines of one streamed answer."""
    chat = form.startswith("chat")
    head = {
        "id": f"r{request}",
        "object": "chat.completion.chunk" if chat else "text_completion",
    }
    pieces = [
        positions[: k + 1] if "cumulative" in form else positions[k : k + 1] for k in range(16)
    ]
    lines = []
    for piece in pieces:
        answer = chat_answer([entry(k) for k in piece]) if chat else completion_answer(piece)
        answer["choices"][0]["finish_reason"] = "length" if piece is pieces[-1] else None
        lines.append({**head, **answer})
    return lines


FORMS = ["chat", "completions", "chat, cumulative", "completions, cumulative"]


@pytest.mark.parametrize("form", FORMS)
def test_a_streamed_answer_is_one_group(form):
    """Its draws share a temperature: the clustered error is larger than the naive one.

    By chance it is not with a probability below 1e-6: the ratio is 1.6 ± 0.1.
    """
    whole = [completion_answer(positions) for positions in drawn_by_request()]
    expected = load_draws(write(Path("whole.jsonl"), *whole)).read()
    requests = enumerate(drawn_by_request())
    lines = [line for r, positions in requests for line in chunks(form, r, positions)]
    saved = load_draws(write(Path("draws.jsonl"), *lines))
    reading = saved.read()
    assert saved.groups == [r for r in range(REQUESTS) for _ in range(TOKENS)]
    assert reading.clustered_error > 1.1 * reading.naive_error
    assert reading.standard_error == pytest.approx(expected.standard_error, rel=0.1)
    repeated = REQUESTS * TOKENS * (TOKENS - 1) // 2 if "cumulative" in form else 0
    assert saved.left_out.total == repeated
    assert not repeated or "repeated in a later chunk" in saved.left_out


def test_streams_may_be_interleaved():
    pair = [chunks("completions", r, [0, 1] * 8) for r in range(2)]
    lines = [line for both in zip(*pair, strict=True) for line in both]
    saved = load_draws(write(Path("draws.jsonl"), *lines))
    assert saved.groups == [0] * TOKENS + [1] * TOKENS


def test_choices_of_a_stream_are_one_group_and_are_cumulative_by_themselves():
    lines = []
    for size in (1, 2, 3):
        for index in range(2):
            answer = completion_answer([index] * size, id="x", object="text_completion")
            answer["choices"][0].update(index=index, finish_reason="stop" if size == 3 else None)
            lines.append(answer)
    saved = load_draws(write(Path("draws.jsonl"), *lines))
    assert saved.groups == [0] * 6
    assert saved.left_out["repeated in a later chunk"].number == 6


def test_whole_answers_of_one_id_are_groups_of_their_own():
    """Some servers call every answer the same; a finished one goes on in no other line."""
    answer = completion_answer([0, 1, 2], id="0", object="text_completion")
    answer["choices"][0]["finish_reason"] = "length"
    saved = load_draws(write(Path("draws.jsonl"), answer, answer, answer))
    assert saved.groups == [0] * 3 + [1] * 3 + [2] * 3
    assert saved.left_out == {}


def test_chunks_that_begin_alike_are_not_cumulative_unless_their_lists_agree():
    first = completion_answer([0], id="x", object="text_completion")
    second = completion_answer([0, 1], id="x", object="text_completion")
    second["choices"][0]["logprobs"]["top_logprobs"][0] = {
        name: value - 0.3 * (name == "a") for name, value in zip(NAMES, LOGPROBS, strict=True)
    }
    second["choices"][0]["logprobs"]["token_logprobs"][0] -= 0.3
    saved = load_draws(write(Path("draws.jsonl"), first, second))
    assert (len(saved.chosen), saved.left_out) == (3, {})


def test_usage_of_a_stream_is_not_about_one_chunk():
    lines = chunks("completions", 0, [0] * TOKENS)
    for k, line in enumerate(lines):
        line["usage"] = {"prompt_tokens": 3, "completion_tokens": k + 1}
    saved = load_draws(write(Path("draws.jsonl"), *map(json.dumps, lines)))
    assert (len(saved.chosen), saved.left_out) == (TOKENS, {})


@pytest.mark.parametrize("form", FORMS[:2])
def test_chunks_without_tokens_begin_and_end_a_stream(form):
    """One with a text and no log-probabilities holds tokens, and is counted."""
    lines = chunks(form, 0, [0] * TOKENS)
    empty = {"index": 0, "text": "", "delta": {"content": ""}, "logprobs": None}
    end = {**lines[0], "choices": [{**empty, "finish_reason": "stop"}]}
    text = {**lines[0], "choices": [{**empty, "text": "a", "delta": {"content": "a"}}]}
    usage = {**lines[0], "choices": [], "usage": {"completion_tokens": 17}}
    saved = load_draws(write(Path("draws.jsonl"), *lines[:-1], text, end, usage))
    assert (len(saved.chosen), saved.left_out, saved.groups) == (TOKENS - 1, {}, [0] * (TOKENS - 1))
    assert saved.skipped["without log-probabilities"].number == 1
