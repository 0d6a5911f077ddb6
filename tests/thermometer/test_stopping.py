"""When an audit in rounds stops, and what it then says."""

from dataclasses import replace

import numpy as np
import pytest

from boltzmann.commands.audit.rounds import looks
from boltzmann.thermometer import SamplingLaw, diagnose, read, stopping
from boltzmann.thermometer.choosing import heat_capacities, hottest
from boltzmann.thermometer.stopping import StoppingRule
from tests.support.gpt2_like import Sampler, law, logits

LEVELS = logits(contexts=30, vocabulary=100, seed=1).astype(np.float64)
RULE = StoppingRule(SamplingLaw(0.7), resolution=0.2)


def drawn(truth, draws, seed, x=LEVELS, **options):
    sampler = Sampler(law(x, truth.temperature, truth.top_k, truth.top_p))
    chosen = sampler.draw(np.random.default_rng(seed).random(draws))
    return read(x, chosen, rows=sampler.rows(draws), **options)


@pytest.mark.parametrize(
    ("truth", "verdict", "fault"),
    [
        (SamplingLaw(0.7), "holds", ""),
        (SamplingLaw(0.49), "fails", "squared"),
        (SamplingLaw(1.0), "fails", "ignored"),
        (SamplingLaw(1.4), "fails", "doubled"),
    ],
)
def test_an_audit_stops_long_before_its_last_draw(truth, verdict, fault):
    """Looked at every 60 draws; that 1,200 do not decide it has a probability below 1e-9."""
    for number in range(1, 21):
        look = RULE.look(drawn(truth, 60 * number, seed=3), number)
        if look.stop is not None:
            break
    assert number < 20
    assert look.refuted == (verdict == "fails")
    found = look.stop.diagnosis
    assert (found.verdict, found.fault) == (verdict, fault)
    assert look.stop.reason == ("refuted" if fault else "cleared")


def test_an_audit_goes_on_while_nothing_is_known():
    look = RULE.look(drawn(SamplingLaw(0.7), 10, seed=4), 1)
    assert (look.stop, look.refuted) == (None, False)


def test_an_audit_without_more_draws_ends_as_one_of_a_fixed_number():
    reading = drawn(SamplingLaw(0.7), 10, seed=4)
    stop = RULE.look(reading, 1, last=True).stop
    assert (stop.reason, stop.diagnosis.verdict) == ("no more draws", "cannot tell")
    assert stop.diagnosis.draws_needed > 0


def test_a_claim_does_not_hold_before_it_may():
    reading = drawn(SamplingLaw(0.7), 900, seed=5)
    assert RULE.look(reading, 1).stop.diagnosis.verdict == "holds"
    assert RULE.look(reading, 1, may_hold=False).stop is None


def test_a_claim_so_cold_that_only_the_likeliest_come_holds():
    """Nothing tells 1e-6 from 0, and a temperature of 0.2 is refuted."""
    reading = drawn(SamplingLaw(1e-6), 120, seed=6)
    stop = replace(RULE, claim=SamplingLaw(1e-6)).look(reading, 1).stop
    assert (stop.diagnosis.verdict, stop.reason) == ("holds", "cleared")


def test_the_false_alarms_of_all_looks_add_up_to_what_is_allowed(monkeypatch):
    """The sequential test's are looked at once; those of `diagnose` at each look."""
    asked = []

    def diagnosed(reading, claimed, false_alarms, **options):
        asked.append(false_alarms)
        return diagnose(reading, claimed, false_alarms=false_alarms, **options)

    monkeypatch.setattr(stopping, "diagnose", diagnosed)
    reading = drawn(SamplingLaw(0.7), 900, seed=5)
    for number in (1, 2, 3, 50):
        assert RULE.look(reading, number).stop.reason == "cleared"
    assert asked == pytest.approx([1e-4 / 2, 1e-4 / 6, 1e-4 / 12, 1e-4 / 2550])
    shares = [1 / (k * (k + 1)) for k in range(1, 100_000)]
    assert 1e-4 * sum(shares) + stopping._OF_SEQUENTIAL * 1e-3 <= 1e-3


def test_a_p_value_is_on_the_scale_of_all_false_alarms():
    """A claim fails exactly where it is below them, however they are shared."""
    for truth in (SamplingLaw(0.49), SamplingLaw(0.7)):
        for seed in range(5):
            found = RULE.look(drawn(truth, 400, seed=[7, seed]), 3, last=True).stop.diagnosis
            assert (found.p_value < RULE.false_alarms) == (found.verdict == "fails")


def test_draws_that_contradict_their_lists_are_judged_all_together():
    """Which they are may depend on the token: no ratio is then a martingale."""
    reading = drawn(SamplingLaw(0.49), 900, seed=5)
    flawed = replace(reading, left_out={"contradictory": 3})
    assert RULE.look(reading, 1).stop is not None
    assert RULE.look(flawed, 1).stop is None
    assert RULE.look(flawed, 1, last=True).stop.reason == "no more draws"


def test_lists_after_a_truncation_are_judged_all_together():
    rule = replace(RULE, claim=SamplingLaw(0.7, top_k=20))
    reading = drawn(SamplingLaw(0.7, top_k=20), 900, seed=5)
    assert rule.look(reading, 1).stop is not None
    assert rule.look(reading, 1, after_truncation=True).stop is None


def test_copied_answers_are_called_what_they_are():
    answers = drawn(SamplingLaw(0.7), 300, seed=8)
    chosen = np.tile(np.argsort(-LEVELS, axis=1)[answers.evidence.rows[:30], 3], 10)
    rows = np.tile(answers.evidence.rows[:30], 10)
    reading = read(LEVELS, chosen, rows=rows, groups=np.arange(300) // 30)
    found = RULE.look(reading, 1).stop.diagnosis
    assert found.verdict == "fails"


def test_heat_is_known_before_a_draw():
    """It depends on lists alone, and is β² Var(E)."""
    one = drawn(SamplingLaw(0.7), 60, seed=1)
    other = drawn(SamplingLaw(1.4), 60, seed=2)
    heats = heat_capacities(one, SamplingLaw(0.7))
    np.testing.assert_array_equal(heats, heat_capacities(other, SamplingLaw(0.7)))
    p = law(LEVELS, 0.7)
    mean = (p * LEVELS).sum(axis=1, keepdims=True)
    variance = (p * (LEVELS - mean) ** 2).sum(axis=1)
    np.testing.assert_allclose(heats[:30], variance / 0.49, rtol=1e-9)


def test_the_hottest_come_first():
    heats = np.array([1.0, 5.0, 3.0, 1.0, 7.0, 3.0, 1.0, 4.0])
    labels = ["a", "b", "c", "d", "b", "c", "a", "d"]
    assert hottest(heats, labels, 0.5) == ["b", "c"]
    assert hottest(heats, labels, 0.1) == ["b"]
    assert hottest(heats, labels, 0.1, least=3) == ["b", "c", "d"]


def test_hot_prompts_tell_more():
    """To fail t² with the hottest quarter takes fewer draws, of 20 audits each."""
    x = LEVELS
    mean = {}
    chosen = np.argsort(-heat_capacities(drawn(SamplingLaw(0.7), 30, seed=1), SamplingLaw(0.7)))
    for name, rows in (("hot", chosen[:8]), ("cold", chosen[-8:])):
        at = []
        for k in range(20):
            test = RULE._tested(drawn(SamplingLaw(0.49), 800, [9, k], x=x[rows]), RULE.claim)
            at.append(test.refuted_at or 800)
        mean[name] = np.mean(at)
    assert mean["hot"] < 0.6 * mean["cold"]


@pytest.mark.parametrize("before", [0, 10, 64, 70, 640, 6000, 7000])
def test_looks_rise_to_the_most_and_no_number_comes_twice(before):
    found = list(looks(before, 64, 6000))
    numbers = [number for number, _ in found]
    draws = [target for _, target in found]
    assert draws[-1] == 6000
    assert draws == sorted(set(draws))
    assert numbers == sorted(set(numbers))
    assert draws[0] >= min(before, 6000) or before < 64
    fresh = dict(looks(0, 64, 6000))
    # An audit that resumes has had the looks at fewer draws than it brings.
    assert min(numbers) > sum(target < before for target in fresh.values() if target < 6000)
