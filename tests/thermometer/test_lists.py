"""Lists of the likeliest tokens, as servers report them: what is known of the other tokens.

False alarms: an honest audit fails once in a thousand by design (`false_alarms`). All seeds are
fixed, and none of the audits here does. The wrong claims stand out by 30 nats and more, where 10
would do."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from boltzmann.thermometer import SamplingLaw, diagnose, load_draws, read, truncation
from boltzmann.thermometer.truncation import determined, kept_counts
from tests.support.gpt2_like import Sampler, law, logits, softmax

TABLE = logits(contexts=100, vocabulary=2000, seed=5)
ORDER = np.argsort(-TABLE, axis=1, kind="stable")
LOGPROBS = np.take_along_axis(np.log(softmax(TABLE.astype(float))), ORDER, axis=1)
LLAMA = SamplingLaw(0.8, top_k=40, top_p=0.95, min_p=0.05, order="llama.cpp")
CLAIMS = [
    SamplingLaw(1.0, top_p=0.9),
    SamplingLaw(0.7, top_p=0.9),
    SamplingLaw(1.0, top_p=0.9, order="llama.cpp"),
    SamplingLaw(0.7, top_p=0.9, order="llama.cpp"),
    SamplingLaw(0.7, top_p=0.95),
    SamplingLaw(0.7, top_k=20, top_p=0.8),
    SamplingLaw(1.5, top_p=0.9),
    LLAMA,
]


@cache
def sampler_of(truth):
    """Return the sampler of a law, made once: it sorts the whole table."""
    return Sampler(
        law(
            TABLE, truth.temperature, truth.top_k, truth.top_p, truth.min_p, truth.temperature_first
        )
    )


def drawn(truth, draws, seed):
    """Return the tokens that a law draws, and their rows."""
    sampler = sampler_of(truth)
    return sampler.draw(np.random.default_rng(seed).random(draws)), sampler.rows(draws)


def listed(truth, m, draws=5000, seed=0, scale=1.0):
    """Return the reading of draws from lists of m, log-probabilities of t = `scale`."""
    chosen, rows = drawn(truth, draws, seed)
    values = LOGPROBS / scale
    values -= np.log(np.exp(values).sum(axis=1, keepdims=True))
    return read((ORDER[:, :m], scale * values[:, :m]), chosen, rows=rows, normalised=scale)


@pytest.mark.parametrize("m", [20, 5])
@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_true_claim_of_a_truncation_does_not_fail(claim, m):
    for seed in range(3):
        diagnosis = diagnose(listed(claim, m, seed=seed), claim)
        assert diagnosis.verdict != "fails", diagnosis
        assert diagnosis.undetermined < 200  # 4 % of the draws


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_true_claim_holds_at_a_coarse_resolution(claim):
    assert diagnose(listed(claim, 20, draws=10_000), claim, resolution=0.25).holds


@pytest.mark.parametrize("t", [0.4, 0.7, 1.0, 1.6])
@pytest.mark.parametrize("top_k", [np.inf, 40, 10])
@pytest.mark.parametrize("scale", [1.0, 0.7])
def test_what_is_not_listed_weighs_something_between_the_bounds(t, top_k, scale):
    unlisted = listed(SamplingLaw(1.0), 20, draws=500, scale=scale).evidence.unlisted(1 / t, top_k)
    beyond = LOGPROBS[:, 20 : None if top_k == np.inf else max(top_k, 20)] - LOGPROBS[:, :1]
    weight = np.exp(beyond / t).sum(axis=1)
    assert np.all(unlisted.least <= weight * (1 + 1e-6))
    assert np.all(weight <= unlisted.most * (1 + 1e-6))
    assert np.all((unlisted.least <= unlisted.guess) & (unlisted.guess <= unlisted.most))
    if t == scale and top_k == np.inf:
        np.testing.assert_allclose(unlisted.least, weight, rtol=1e-6)
        np.testing.assert_allclose(unlisted.most, weight, rtol=1e-6)


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_no_draw_that_is_used_depends_on_what_is_not_listed(claim):
    """The law of the whole vocabulary keeps as many tokens of a list, or more than are used."""
    evidence = determined(listed(claim, 20).evidence, claim)
    p = law(
        TABLE, claim.temperature, claim.top_k, claim.top_p, claim.min_p, claim.temperature_first
    )
    whole = np.minimum((p > 0).sum(axis=1), 20)
    certain = np.full(100, np.inf) if evidence.certain_counts is None else evidence.certain_counts
    np.testing.assert_array_equal(
        np.minimum(kept_counts(evidence, claim), 20), np.minimum(whole, certain)
    )
    assert np.all(evidence.ranks < certain[evidence.rows])


@pytest.mark.parametrize(
    ("truth", "cutoff"),
    [
        (SamplingLaw(1.0, top_p=0.9), "top_p"),
        (SamplingLaw(0.7, top_p=0.9), "top_p"),
        (SamplingLaw(0.7, top_p=0.8), "top_p"),
        (SamplingLaw(1.0, top_p=0.95), "top_p"),
        (SamplingLaw(0.6, top_p=0.95), "top_p"),
        (SamplingLaw(1.0, min_p=0.1), "min_p"),
        (SamplingLaw(0.7, min_p=0.1), "min_p"),
    ],
    ids=str,
)
def test_a_hidden_truncation_is_named_with_its_temperature(truth, cutoff):
    for seed in range(3):
        diagnosis = diagnose(listed(truth, 20, seed=100 + seed), truth.temperature)
        assert diagnosis.fault == f"hidden_{cutoff}"
        assert diagnosis.law.temperature == pytest.approx(truth.temperature, rel=0.03)
        assert getattr(diagnosis.law, cutoff) == pytest.approx(getattr(truth, cutoff), abs=0.01)


def test_a_top_k_is_searched_from_below(monkeypatch):
    """As many doublings and halvings as it has bits; halving the vocabulary would take 20 and more.

    A nucleus of what is left is smaller than that of all: a top_k may have to be larger than the
    highest rank drawn.
    """
    evidence = listed(SamplingLaw(1.0, top_p=0.9), 20, draws=2000).evidence
    law = SamplingLaw(1.0, top_k=1, top_p=0.9)
    counts, passes = truncation.kept_counts, []
    monkeypatch.setattr(
        truncation, "kept_counts", lambda *given: passes.append(given) or counts(*given)
    )
    found = truncation.tightest_top_k(evidence, law).top_k
    more = found - 1 - int(evidence.ranks.max())
    assert 0 < more < 256
    assert len(passes) <= 3 + 2 * more.bit_length()
    for top_k, allowed in ((found - 1, False), (found, True)):
        kept = counts(evidence, replace(law, top_k=top_k))
        assert (evidence.ranks < kept[evidence.rows]).all() == allowed


@pytest.mark.parametrize("m", [20, 5])
@pytest.mark.parametrize(
    ("truth", "claim", "fault"),
    [
        (SamplingLaw(1.0, top_p=0.8), SamplingLaw(1.0, top_p=0.9), "hidden_top_p"),
        (SamplingLaw(0.7, top_p=0.8), SamplingLaw(0.7, top_p=0.9), "hidden_top_p"),
        (SamplingLaw(1.0), SamplingLaw(1.0, top_p=0.9), "missing_truncation"),
        (SamplingLaw(0.7), SamplingLaw(0.7, top_p=0.9), "missing_truncation"),
        (
            SamplingLaw(0.7, top_p=0.9, order="llama.cpp"),
            SamplingLaw(0.7, top_p=0.9),
            "swapped_order",
        ),
        (SamplingLaw(0.49, top_p=0.9), SamplingLaw(0.7, top_p=0.9), "squared"),
    ],
    ids=str,
)
def test_a_wrong_claim_fails(truth, claim, fault, m):
    assert diagnose(listed(truth, m, draws=10_000), claim).fault == fault


def test_log_probabilities_after_the_temperature_tell_their_own_nucleus():
    """Multiplied back by t they are normalised there, where a top_p taken at t is known exactly."""
    claim = SamplingLaw(0.7, top_p=0.9)
    reading = listed(claim, 20, scale=0.7)
    diagnosis = diagnose(reading, claim)
    assert (diagnosis.verdict == "fails", diagnosis.undetermined) == (False, 0)
    assert diagnose(reading, SamplingLaw(0.7, top_p=0.95)).verdict == "fails"


def test_whole_rows_are_judged_as_ever():
    """Of rows that hold all tokens it does not matter whether they are said to be normalised."""
    claim = SamplingLaw(0.7, top_p=0.9)
    chosen, rows = drawn(claim, 2000, seed=1)
    whole = LOGPROBS[np.arange(100)[:, None], np.argsort(ORDER, axis=1)]
    plain, said = (read(whole, chosen, rows=rows, normalised=at) for at in (None, 1.0))
    assert not said.evidence.partial
    assert repr(plain) == repr(said)
    assert str(diagnose(plain, claim)) == str(diagnose(said, claim))
    assert diagnose(plain, claim).candidates == diagnose(said, claim).candidates


def test_conditioned_readings_and_those_by_top_do_not_depend_on_the_rest():
    chosen, rows = drawn(SamplingLaw(0.7), 3000, seed=2)
    lists = (ORDER[:, :20], LOGPROBS[:, :20])
    for top in (None, 5):
        plain, said = (read(lists, chosen, top, rows=rows, normalised=at) for at in (None, 1.0))
        assert repr(plain) == repr(said)
        assert said.evidence.partial and not plain.evidence.partial
        assert diagnose(said, SamplingLaw(0.7)).verdict == diagnose(plain, SamplingLaw(0.7)).verdict


def test_lists_of_which_nothing_is_known_cannot_tell_a_top_p():
    chosen, rows = drawn(SamplingLaw(0.7, top_p=0.9), 1000, seed=3)
    unknown = read(
        (ORDER[:, :20], LOGPROBS[:, :20]), chosen, rows=rows, normalised=np.full(100, np.nan)
    )
    diagnosis = diagnose(unknown, SamplingLaw(0.7, top_p=0.9))
    assert (diagnosis.verdict, diagnosis.undetermined) == ("cannot tell", unknown.draws)
    assert "no list tells which tokens the top_p claimed leaves" in str(diagnosis)


@pytest.mark.parametrize(("known", "groups"), [(60, 60), (1, None)])
def test_groups_that_are_left_out_are_not_counted(known, groups):
    claim = SamplingLaw(0.7, top_p=0.9)
    chosen, rows = drawn(claim, 3000, seed=3)
    normalised = np.where(np.arange(100) < known, 1.0, np.nan)
    reading = read(
        (ORDER[:, :20], LOGPROBS[:, :20]), chosen, groups=rows, rows=rows, normalised=normalised
    )
    evidence = determined(reading.evidence, claim)
    assert (None if evidence.groups is None else np.unique(evidence.groups).size) == groups
    assert evidence.groups is None or evidence.groups.max() == groups - 1
    assert diagnose(reading, claim).verdict == "cannot tell"


@pytest.mark.parametrize("normalised", [0.0, -1.0, np.inf, [1.0, 0.7], np.ones(3)])
def test_a_normalisation_that_makes_no_sense_is_named(normalised):
    with pytest.raises(ValueError, match="normalised must be one positive number, or 2"):
        read(LOGPROBS[:2, :20], [0, 0], normalised=normalised)


def kept(path, truth, m, pieces=(), draws=4000):
    """Return draws as a chat saves them, in requests of 10; some tokens are part of a character."""

    def entry(token, value):
        bad = [226, 128] if token in pieces else None
        return {"token": "\ufffd" if bad else f"{token}", "bytes": bad, "logprob": value}

    chosen, rows = drawn(truth, draws, seed=4)
    lists = [
        [entry(token, value) for token, value in zip(tokens, values, strict=True)]
        for tokens, values in zip(ORDER[:, :m].tolist(), LOGPROBS[:, :m].tolist(), strict=True)
    ]
    steps = [
        entry(int(x), float(LOGPROBS[r][ORDER[r] == x][0])) | {"top_logprobs": lists[r]}
        for x, r in zip(chosen, rows, strict=True)
    ]
    answers = [
        {"choices": [{"logprobs": {"content": steps[k : k + 10]}}]}
        for k in range(0, len(steps), 10)
    ]
    path.write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    return load_draws(path)


@pytest.mark.parametrize("pieces", [(), {15, 16}, set(range(10))], ids=["none", "some", "many"])
def test_saved_lists_are_judged_by_what_they_leave_out(pieces, tmp_path):
    """Where parts of characters may come before others, what a top_p keeps is not known."""
    for truth in (SamplingLaw(1.0, top_p=0.9), SamplingLaw(1.0, top_p=0.8)):
        reading = kept(tmp_path / "draws.jsonl", truth, 20, pieces).read()
        assert reading.evidence.partial
        diagnosis = diagnose(reading, SamplingLaw(1.0, top_p=0.9), slack=0.012)
        assert (diagnosis.fault == "hidden_top_p") == (truth.top_p == 0.8 and len(pieces) < 10)
        assert diagnosis.verdict != "fails" or truth.top_p == 0.8
        assert (diagnosis.undetermined > 0) == bool(pieces)


def test_a_whole_vocabulary_is_whole_without_its_rare_pieces(tmp_path):
    saved = kept(tmp_path / "draws.jsonl", SamplingLaw(1.0), 2000, {320}, draws=40)
    assert 1e-4 < max(saved.unidentified) < 1e-3
    assert not saved.read().evidence.partial
