"""A claimed t = 0 beside rounding: greedy engines take the second token where it is as likely.

Each list has two likely tokens 0 to 0.3 nat apart, 600 lists in turn; log-probabilities reported
are off from those sampled from by normal noise of 0.01 nat. Seeds are fixed.
"""

from pathlib import Path

import numpy as np
import pytest

from boltzmann.__main__ import _parser
from boltzmann.thermometer import diagnose, read
from tests.support.honest_answers import chat_answers, item
from tests.support.saved_responses import write

ROWS = np.array([[0.0, -0.3 * k / 600, -2.0, -3.0, -4.0] for k in range(600)])
ROWS -= np.logaddexp.reduce(ROWS, axis=1, keepdims=True)


def greedy(noise=0.01, draws=3000, seed=7):
    """Return the rows and the tokens of a greedy engine whose logits are off by noise."""
    rows = np.arange(draws) % 600
    off = np.random.default_rng(seed).normal(0, noise, (draws, 5))
    return rows, (ROWS[rows] + off).argmax(axis=1)


def test_near_ties_are_said_and_no_temperature_is_named():
    """Told from none by 60 draws of 3,000, each of a probability of 0 at a slack of 1e-4."""
    rows, chosen = greedy()
    found = diagnose(read(ROWS, chosen, rows=rows), 0.0)
    assert (found.verdict, found.fault, found.near_ties) == ("cannot tell", "", True)
    number = int((ROWS[rows, chosen] < ROWS[rows, 0]).sum())  # of exact ties either may come
    gap = float((ROWS[rows, 0] - ROWS[rows, chosen]).max())
    assert 30 < number < 100 and gap < 0.06
    assert f"near ties: {number} draws are not of the likeliest token, and at most 0.0" in str(
        found
    )


def test_the_slack_that_is_said_explains_them():
    rows, chosen = greedy()
    reading = read(ROWS, chosen, rows=rows)
    said = float(str(diagnose(reading, 0.0)).partition("a slack of ")[2].partition(")")[0])
    assert 0.02 < said < 0.06
    assert diagnose(reading, 0.0, slack=said, resolution=0.2).holds
    assert not diagnose(reading, 0.0, slack=said - 0.002, resolution=0.2).holds


@pytest.mark.parametrize("t", [0.05, 0.3, 1.0])
def test_a_temperature_that_is_no_rounding_fails(t):
    """At 0.05 draws reach 0.1 nat below the likeliest in one of twenty, of 3,000."""
    noise = -t * np.log(-np.log(np.random.default_rng(1).random((3000, 5))))  # Gumbel's
    rows = np.arange(3000) % 600
    chosen = (ROWS[rows] + noise).argmax(axis=1)
    assert diagnose(read(ROWS, chosen, rows=rows), 0.0).verdict == "fails"


def test_one_draw_far_below_the_likeliest_is_no_near_tie():
    rows, chosen = greedy()
    chosen[0] = 3
    assert diagnose(read(ROWS, chosen, rows=rows), 0.0).verdict == "fails"


def test_a_raised_temperature_is_named_where_a_small_one_is_claimed():
    """Asked for 1e-6, drawn at 0.01, as vLLM does."""
    noise = -0.01 * np.log(-np.log(np.random.default_rng(2).random((3000, 5))))
    rows = np.arange(3000) % 600
    chosen = (ROWS[rows] + noise).argmax(axis=1)
    found = diagnose(read(ROWS, chosen, rows=rows), 1e-6)
    assert (found.verdict, found.fault) == ("fails", "clamped")


def audited(capsys, lines, *arguments):
    """Audit a file of these lines; return the exit status and what is printed, in one line."""
    path = write(Path("draws.jsonl"), *lines)
    options = _parser().parse_args(["audit", str(path), *map(str, arguments)])
    status = options.run(options)
    return status, " ".join(capsys.readouterr().out.split())


def test_the_report_says_which_slack_explains_near_ties(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    rows, chosen = greedy()
    lists = [[item(k) | {"logprob": float(row[k])} for k in range(5)] for row in ROWS]
    entries = [{**lists[r][k], "top_logprobs": lists[r]} for r, k in zip(rows, chosen, strict=True)]
    status, out = audited(capsys, chat_answers(entries), "-t", 0)
    assert status == 2
    assert "cannot tell: near ties: " in out and "wrong_temperature" not in out
    slack = out.partition("(--slack ")[2].partition(")")[0]
    assert audited(capsys, chat_answers(entries), "-t", 0, "--slack", slack)[0] == 0


def test_a_greedy_engine_is_called_greedy_beside_near_ties():
    """Of 40 lists one has two tokens 2e-4 nats apart; the engine takes the first of each."""
    rows = np.sort(np.random.default_rng(3).normal(0, 2, (40, 20)))[:, ::-1].copy()
    rows[7, 1] = rows[7, 0] - 2e-4
    reading = read(np.repeat(rows, 40, axis=0), np.zeros(1600, dtype=int))
    found = diagnose(reading, 0.7, slack=0.012)
    assert (found.verdict, found.fault) == ("fails", "greedy")


@pytest.mark.parametrize(("noise", "verdict"), [(0.03, "holds"), (0.003, "cannot tell")])
def test_the_slack_is_measured_from_lists_of_one_prompt(noise, verdict):
    """Each prompt is asked five times; lists are off by noise, draws by 0.01 nat."""
    rows, chosen = greedy()
    off = np.random.default_rng(5).uniform(-noise, noise, (3000, 5))
    lists = np.sort(ROWS[rows] + off)[:, ::-1]
    order = np.argsort(-(ROWS[rows] + off), axis=1, kind="stable")
    pairs = list(zip(order, lists, strict=True))
    reading = read(pairs, chosen, groups=np.arange(3000), prompts=rows)
    found = diagnose(reading, 0.0, resolution=0.2)
    assert found.verdict == verdict
    assert ("lists of one prompt differ by" in found.note) == (verdict == "holds")
