"""Answers that cannot be read in part: each is left out, counted and named, and the rest is read.

Every token of every answer is either a draw, or counted with the reason why it is none.
"""

import json
import re
from pathlib import Path

import pytest

from boltzmann.__main__ import _parser
from boltzmann.thermometer import load_draws
from boltzmann.thermometer.io.responses import parse_response, token_count
from tests.support.honest_answers import (
    TEMPERATURE,
    chat_answer,
    chat_answers,
    completion_answer,
    drawn,
    entry,
)
from tests.support.saved_responses import write

HONEST = chat_answers([entry(k) for k in drawn(4000, seed=7)])


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """A folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


def audited(*lines, t=TEMPERATURE):
    """Audit a file of these lines, and return the exit status."""
    options = _parser().parse_args(
        ["audit", str(write(Path("draws.jsonl"), *lines)), "--temperature", str(t)]
    )
    return options.run(options)


ERROR = {"error": {"message": "the prompt was flagged", "code": "content_filter"}}
UNREADABLE = {
    "no log-probabilities": ({"choices": [{"text": "ab", "logprobs": None}]}, "ask for logprobs"),
    "a failed line of a Batch": (
        {"custom_id": "7", "response": {"status_code": 400, "body": ERROR}, "error": None},
        "the prompt was flagged",
    ),
    "a failed line of a Batch that names no error": (
        {"custom_id": "7", "response": {"status_code": 422, "body": {"detail": "too long"}}},
        "got 422: .*too long",
    ),
    "a line of a Batch without a body": (
        {"custom_id": "7", "response": {"status_code": 500, "body": ""}},
        "got 500: ",
    ),
    "an expired line of a Batch": (
        {"custom_id": "7", "response": None, "error": {"code": "batch_expired", "message": "late"}},
        "late",
    ),
    "an error": (ERROR, "the prompt was flagged"),
    "no choices": ({"id": "1", "choices": []}, "choices"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_one_unreadable_answer_is_left_out(name):
    bad, word = UNREADABLE[name]
    write(Path("draws.jsonl"), *HONEST[:200], bad, *HONEST[200:])
    saved = load_draws("draws.jsonl")
    assert len(saved.chosen) == 4000
    (found,) = saved.skipped.values()
    assert found.number == 1
    assert found.example.startswith("draws.jsonl, line 201: ")
    assert re.search(word, found.example)


def test_an_audit_reports_what_was_left_out(capsys):
    assert audited(*HONEST[:200], ERROR, {"choices": []}, *HONEST[200:], ERROR) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "left out 2 answers with an error instead (draws.jsonl, line 201: the server" in out
    assert "; 1 answer without choices (draws.jsonl, line 202: expected 'choices'" in out


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_of_unreadable_answers_is_refused_by_its_first(name):
    bad, word = UNREADABLE[name]
    with pytest.raises(ValueError, match=rf"line 1: .*{word}"):
        audited(bad, bad)


def test_one_choice_without_log_probabilities_spoils_no_other():
    answers = [
        {"choices": [answer["choices"][0], {"index": 1, "logprobs": None}]} for answer in HONEST
    ]
    saved = load_draws(write(Path("draws.jsonl"), *answers))
    assert len(saved.chosen) == 4000
    assert saved.skipped["without log-probabilities"].number == 400


def test_a_finish_chunk_without_log_probabilities_is_no_answer():
    def chunk(entries, **more):
        choice = {"index": 0, "delta": {}, "logprobs": {"content": entries} if entries else None}
        return {"id": "x", "object": "chat.completion.chunk", "choices": [{**choice, **more}]}

    write(
        Path("draws.jsonl"), *[chunk([entry(k)]) for k in (0, 1)], chunk([], finish_reason="stop")
    )
    saved = load_draws("draws.jsonl")
    assert (len(saved.chosen), saved.skipped) == (2, {})


def test_a_null_list_in_the_middle_is_left_out():
    """In each form; the other tokens of the answer are read."""
    whole = completion_answer([0, 1, 2, 3], usage={"prompt_tokens": 2, "completion_tokens": 4})
    whole["choices"][0]["logprobs"]["top_logprobs"][2] = None
    entries = [entry(0), {**entry(1), "top_logprobs": None}, entry(2)]
    for answer, draws in ((whole, 3), (chat_answer(entries), 2)):
        parsed = parse_response(answer)
        assert len(parsed.draws) == draws
        assert parsed.left_out["without a list"].number == 1


def test_content_of_null_beside_tokens_is_read_by_its_tokens():
    answer = completion_answer([0, 1, 2])
    answer["choices"][0]["logprobs"]["content"] = None
    assert len(parse_response(answer).draws) == 3


def test_reasoning_and_refusal_are_drawn_as_well():
    logprobs = {
        "reasoning_content": [entry(0), entry(1)],
        "content": [entry(2)],
        "refusal": [entry(3)],
    }
    parsed = parse_response({"choices": [{"logprobs": logprobs}]})
    assert [draw.chosen for draw in parsed.draws] == [b"a", b"b", b"c", b"d"]


def test_a_first_list_of_null_without_an_echo_skips_one_token():
    """usage tells: as many tokens as were completed are no prompt."""
    answer = completion_answer([0] * 8, usage={"prompt_tokens": 6, "completion_tokens": 8})
    answer["choices"][0]["logprobs"]["top_logprobs"][0] = None
    parsed = parse_response(answer)
    assert len(parsed.draws) == 7
    assert parsed.left_out["without a list"].number == 1
    answer["usage"]["completion_tokens"] = 2
    parsed = parse_response(answer)
    assert len(parsed.draws) == 2
    assert parsed.left_out["of the prompt"].number == 6


def test_a_first_list_of_null_is_ambiguous_if_usage_is_missing():
    answer = completion_answer([0] * 8)
    answer["choices"][0]["logprobs"]["top_logprobs"][0] = None
    parsed = parse_response(answer)
    assert parsed.draws == []
    assert parsed.left_out["of the prompt or not: usage does not say"].number == 8


def test_tokens_that_were_drawn_and_not_reported_are_counted():
    """llama-server withholds parts of characters; reasoning often has no log-probabilities."""
    entries = [entry(k) for k in (0, 1, 2)]
    llama = {"completion_probabilities": entries, "tokens_predicted": 5}
    for answer in (chat_answer(entries, usage={"completion_tokens": 5}), llama):
        parsed = parse_response(answer)
        assert len(parsed.draws) == 3
        assert parsed.left_out["not reported by the server"].number == 2


def test_every_token_is_used_or_counted(capsys):
    """Answers of all forms, with gaps: the tokens used and left out add up to those that came."""
    broken = completion_answer([0, 1, 2, 3])
    broken["choices"][0]["logprobs"]["top_logprobs"][1] = None
    echoed = completion_answer([0, 1, 2, 3], usage={"prompt_tokens": 1, "completion_tokens": 3})
    echoed["choices"][0]["logprobs"]["top_logprobs"][0] = None
    ambiguous = {**entry(0), "token": "\ufffd"}
    outside = {**entry(0), "token": "z", "logprob": -9.0}

    answers = [
        *HONEST,
        broken,
        echoed,
        chat_answer([ambiguous, outside, {**entry(1), "top_logprobs": None}]),
        {"completion_probabilities": [entry(2)], "tokens_predicted": 4},
    ]
    came = 4000 + 4 + 4 + 3 + 4
    assert sum(token_count(answer) for answer in answers) == came - 3  # these are not listed
    write(Path("draws.jsonl"), *answers)
    saved = load_draws("draws.jsonl")
    reading = saved.read()

    assert len(saved.chosen) + sum(found.number for found in saved.left_out.values()) == came
    left_out = sum(reading.left_out.values())
    assert reading.draws + left_out == len(saved.chosen)
    assert audited(*answers) == 0
    out = " ".join(capsys.readouterr().out.split())

    for words in ("1 token of the prompt", "2 tokens without a list", "3 tokens not reported"):
        assert words in out


def test_kept_answers_are_counted_as_they_were(tmp_path):
    """What a journal keeps of an answer tells as many draws and as many tokens left out."""
    from boltzmann.thermometer.io.journal import evidence_of

    broken = completion_answer([0, 1, 2], usage={"prompt_tokens": 6, "completion_tokens": 3})
    broken["choices"][0]["logprobs"]["top_logprobs"][0] = None
    reasoning = {"reasoning_content": [entry(0)], "content": None}
    for answer in (
        broken,
        {"choices": [{"logprobs": reasoning}, {"logprobs": None}]},
        {"choices": []},
        {"completion_probabilities": [entry(2)], "tokens_predicted": 4},
        chat_answer([{**entry(1), "top_logprobs": None}], usage={"completion_tokens": 3}),
    ):
        kept = json.loads(json.dumps(evidence_of(answer)))
        assert parse_response(kept) == parse_response(answer)
