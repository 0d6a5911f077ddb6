"""Answers that contradict themselves: no honest server is accused, and what does not agree is said.

All draws are honest at t = 0.7. Each claim would fail by chance once in a thousand
(`false_alarms`); none of those here does.
"""

from pathlib import Path

import numpy as np
import pytest

from boltzmann.__main__ import _parser
from boltzmann.thermometer import diagnose, load_draws
from boltzmann.thermometer.io.consistency import contradiction_in
from boltzmann.thermometer.io.responses import parse_response
from tests.support.honest_answers import (
    FULL,
    LOGPROBS,
    NAMES,
    chat_answer,
    chat_answers,
    completion_answer,
    drawn,
    entry,
    item,
)
from tests.support.saved_responses import write

DRAWS = drawn(4000, seed=7)


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """A folder of its own for each test."""
    monkeypatch.chdir(tmp_path)


def audited(lines, *arguments, t=0.7):
    """Audit a file of these lines, and return the exit status."""
    path = write(Path("draws.jsonl"), *lines)
    options = _parser().parse_args(["audit", str(path), "-t", str(t), *map(str, arguments)])
    return options.run(options)


def renamed(k):
    """Return the entry of a draw whose token, if k is odd, is spelled as none in its list."""
    return entry(k, token="_" * (k % 2) + NAMES[k])


def other_value(k):
    """Return the entry of a draw whose log-probability is not the one listed."""
    return entry(k, logprob=float(LOGPROBS[k]) - 0.4 * (k % 2))


def above_the_last(k):
    """Return the entry of a draw; if k is 1 it is likelier than the last listed, and not listed."""
    return entry(k, [*FULL[:1], *FULL[2:]]) if k == 1 else entry(k)


CONTRADICTORY = {
    "of no token listed": (renamed, "not listed, though too likely"),
    "of another value": (other_value, "listed with another log-probability"),
    "left out of the list": (above_the_last, "not listed, though too likely"),
}


@pytest.mark.parametrize("name", CONTRADICTORY)
def test_draws_that_contradict_their_lists_accuse_nobody(name, capsys):
    """Left out they would look like a truncation: p < 1e-150 where it is not allowed for."""
    answer_of, words = CONTRADICTORY[name]
    number = sum(k == 1 if name == "left out of the list" else k % 2 for k in DRAWS)
    assert audited(chat_answers([answer_of(k) for k in DRAWS])) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert "verdict cannot tell: " in out
    assert f"{number} draws contradict their lists" in out
    assert f"{number} {words}" in out
    assert "draws.jsonl, line 1: choices[0].logprobs.content[" in out


@pytest.mark.parametrize("name", CONTRADICTORY)
def test_a_few_contradictory_draws_leave_the_verdict(name):
    """Of an honest server, and of one that is far off; they are counted."""
    answer_of, _ = CONTRADICTORY[name]
    mixed = [answer_of(1), *map(entry, DRAWS), answer_of(1)]
    reading = load_draws(write(Path("draws.jsonl"), *chat_answers(mixed))).read()
    assert reading.left_out["contradictory"] == 2
    assert diagnose(reading, 0.7, resolution=0.2, slack=0.012).verdict == "holds"
    assert diagnose(reading, 0.35, slack=0.012).verdict == "fails"


@pytest.mark.parametrize("form", ["chat", "completions"])
def test_a_chunk_that_repeats_a_list_is_contradictory(form):
    """Two tokens a chunk, with the list of the first for both: the second has another value."""
    other = np.log([0.05, 0.05, 0.5, 0.2, 0.1, 0.1]).tolist()
    if form == "chat":
        answer = chat_answer([entry(0), entry(2, logprob=other[2])])
    else:
        answer = completion_answer([0, 2])
        answer["choices"][0]["logprobs"]["token_logprobs"][1] = other[2]
    draws = parse_response(answer).draws
    assert [contradiction_in(draw) is not None for draw in draws] == [False, True]


def test_rounding_and_ties_are_no_contradiction():
    near = entry(2, logprob=float(LOGPROBS[2]) + 0.006)
    tied = {**item(4), "token": "z", "top_logprobs": FULL[:5]}
    missing = entry(0, logprob=-9999.0)
    unknown = {**entry(1), "logprob": None}
    for one in (near, tied, missing, unknown):
        (draw,) = parse_response(chat_answer([one])).draws
        assert contradiction_in(draw) is None


def test_a_token_that_does_not_fit_beside_its_list_is_contradictory():
    """The list holds all probability."""
    (draw,) = parse_response(chat_answer([{**item(5), "token": "z", "top_logprobs": FULL}])).draws
    assert contradiction_in(draw) is not None
    assert contradiction_in(draw, logits=True) is None


def test_a_token_that_is_listed_twice_with_one_value_is_listed_once():
    """As where the token drawn is put before a list that holds it."""
    twice = chat_answers([entry(k, [FULL[k], *FULL]) for k in DRAWS])
    once = chat_answers([entry(k) for k in DRAWS])
    saved = load_draws(write(Path("twice.jsonl"), *twice))
    expected = load_draws(write(Path("once.jsonl"), *once))
    assert saved.chosen == expected.chosen
    assert saved.read().temperature == expected.read().temperature


def test_a_token_that_is_listed_twice_with_two_values_is_withheld():
    """They may be two tokens of one text."""
    listed = [*FULL, {**item(1), "logprob": -4.0}]
    (draw,) = parse_response(chat_answer([entry(1, listed)])).draws
    assert draw.chosen is None
    assert b"b" not in draw.tokens
    (draw,) = parse_response(chat_answer([entry(0, listed)])).draws
    assert (draw.chosen, draw.tokens.count(None)) == (b"a", 2)


def test_probabilities_are_refused():
    listed = [{**item(k), "logprob": float(np.exp(LOGPROBS[k]))} for k in range(6)]
    lines = chat_answers([{**listed[k], "top_logprobs": listed} for k in DRAWS])
    with pytest.raises(ValueError, match=r"look like probabilities, whose logarithms are meant"):
        audited(lines)


def test_logits_are_read_as_logits(capsys):
    """What is asked is unchanged if a constant is added, but for a top-p: that cannot be told."""
    listed = [{**item(k), "logprob": float(LOGPROBS[k]) + 20.0} for k in range(6)]
    lines = chat_answers([{**listed[k], "top_logprobs": listed} for k in DRAWS])
    assert audited(lines) == 0
    assert "taken for logits" in " ".join(capsys.readouterr().out.split())
    assert audited(lines, t=0.35) == 1
    assert audited(lines, "--top-p", 0.9) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert "cannot tell: " in out
    assert "no choice" not in out


def test_lists_of_two_positions_are_contradictory(capsys):
    """Their probabilities add up to more than 1."""
    merged = [*FULL, *({**item(k), "token": NAMES[k].upper()} for k in range(5))]
    lines = chat_answers([entry(k, merged) if k % 2 else entry(k) for k in DRAWS])
    assert audited(lines) == 2
    out = " ".join(capsys.readouterr().out.split())
    assert f"{sum(k % 2 for k in DRAWS)} with probabilities that add up to more than 1" in out
    assert "1.96" in out
    lines = chat_answers([entry(k, merged) for k in DRAWS])
    with pytest.raises(ValueError, match=r"no draw can be read: .* add up to more than 1"):
        audited(lines)


def test_the_simple_form_tells_no_top_p_of_what_is_no_distribution(capsys):
    """Anything else is unchanged if a constant is added."""
    lines = [{"logprobs": (LOGPROBS - LOGPROBS.max()).tolist(), "chosen": k} for k in DRAWS]
    assert audited(lines) == 0
    assert audited(lines, "--top-p", 0.9) == 2
    assert "no list tells which tokens the top-p claimed leaves" in capsys.readouterr().out
