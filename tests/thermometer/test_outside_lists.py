"""Draws that no list holds: too many of them, or by their own log-probability too unlikely.

Honest draws at t = 0.7 of six tokens of which lists hold five; the sixth has p = 0.04 at t = 1, and
0.016 at 0.7. Seeds are fixed; a true claim fails once in a thousand (`false_alarms`).
"""

from pathlib import Path

import numpy as np
import pytest

from boltzmann.__main__ import _parser
from boltzmann.thermometer import diagnose, load_draws, read
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.signs.reported import too_unlikely
from tests.support.gpt2_like import Sampler, logits, softmax
from tests.support.honest_answers import FULL, chat_answers, drawn, entry
from tests.support.saved_responses import write

HONEST = [entry(k, FULL[:5]) for k in drawn(4000, seed=7)]


def with_garbage(share, **own):
    """Return entries of which a share is a token that is no honest server's."""
    out = np.random.default_rng(8).random(4000) < share
    z = {"token": "z", "top_logprobs": FULL[:5], **own}
    return int(out.sum()), [z if wrong else kept for kept, wrong in zip(HONEST, out, strict=True)]


def audited(capsys, entries, tmp_path):
    """Audit a file of these entries; return the exit status and what is printed, in one line."""
    path = write(Path(tmp_path / "draws.jsonl"), *chat_answers(entries))
    options = _parser().parse_args(["audit", str(path), "-t", "0.7"])
    status = options.run(options)
    return status, " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("own", [{"logprob": -30.0}, {}], ids=["own values", "none"])
def test_tokens_that_no_list_holds_are_named(own, capsys, tmp_path):
    """One draw of five; at most 4 % can be outside below t = 1, whatever it is."""
    number, entries = with_garbage(0.2, **own)
    status, out = audited(capsys, entries, tmp_path)
    assert status == 1
    assert "draws are not in their lists, at most" in out
    assert f"expected: 'z' ({number}), 'f' (" in out


def test_honest_draws_outside_their_lists_hold(capsys, tmp_path):
    assert audited(capsys, HONEST, tmp_path)[0] == 0


def test_a_few_tokens_that_hardly_ever_come_are_seen_by_their_own_log_probability(capsys, tmp_path):
    """Ten of 4,000, by far not too many: 29 nat below the likeliest, all tokens together p < 1e-11.

    Without their own values nothing is wrong with them, as a control.
    """
    number, entries = with_garbage(0.003, logprob=-30.0)
    status, out = audited(capsys, entries, tmp_path)
    assert status == 1
    assert f"'z' comes {number} times, 29.1 nat below the likeliest token" in out
    assert audited(capsys, with_garbage(0.003)[1], tmp_path)[0] == 0


def test_own_log_probabilities_are_those_of_the_file(tmp_path):
    _, entries = with_garbage(0.003, logprob=-30.0)
    path = write(Path(tmp_path / "draws.jsonl"), *chat_answers(entries))
    own = load_draws(path).read().evidence.record.own
    assert own.max() == pytest.approx(30 + np.log(0.4))
    assert (own < 3).sum() == 4000 - (own > 3).sum()


@pytest.mark.parametrize("t", [0.3, 0.7, 1.0, 1.5])
def test_the_most_unlikely_honest_draw_is_likely_enough(t):
    """Of 20 × 4,000 draws with lists of 10 of 500; the p-value is a bound, and far from sharp."""
    table = logits(contexts=40, vocabulary=500, seed=3).astype(float)
    logprobs = np.log(softmax(table))
    order = np.argsort(-table, axis=1)[:, :10]
    lists = (order, np.take_along_axis(logprobs, order, axis=1))
    sampler = Sampler(softmax(table / t))
    for seed in range(20):
        chosen, rows = sampler.draw(np.random.default_rng(seed).random(4000)), sampler.rows(4000)
        own = logprobs[rows, chosen]
        evidence = read(lists, chosen, rows=rows, normalised=1.0, own=own).evidence
        assert evidence.record.outside.any() or t == 0.3
        assert too_unlikely(Hypothesis(evidence, SamplingLaw(t))).p_value == 1


def test_own_log_probabilities_of_another_number_of_draws_are_refused():
    with pytest.raises(ValueError, match="own must have shape"):
        read([[0.0, -1.0]] * 3, [0, 1, 0], own=[0.0, -1.0])
    assert diagnose(read([[0.0, -1.0]] * 3, [0, 1, 0], own=[np.nan] * 3), 1.0).verdict != "fails"
