"""Orders of temperature and truncations: which tokens each keeps, and what draws tell of it.

Draws are made by the chains of `boltzmann.language`, which share no code with the thermometer, and
by the samplers of tests/support, which keep ties as engines do. Seeds are fixed. An honest audit
fails once in a thousand by design (`false_alarms`).
"""

import dataclasses

import numpy as np
import pytest
from scipy.stats import binom

from boltzmann.language import Chain
from boltzmann.language.decoding.chain import _PRESETS
from boltzmann.language.decoding.steps import MinP, Temperature, TopK, TopP
from boltzmann.thermometer import SamplingLaw, diagnose, read
from boltzmann.thermometer.any_order import diagnose_in_any_order
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.law_fitting import LawFitter
from boltzmann.thermometer.laws import as_claim, laws_in_other_orders, laws_of_engines
from boltzmann.thermometer.orders import ORDERS, Order, as_order, order_of_samplers
from boltzmann.thermometer.truncation import TIGHTEST, determined, kept_counts
from tests.support import samplers
from tests.support.gpt2_like import Sampler, logits, softmax

TABLE = logits(contexts=60, vocabulary=200, seed=4)
STEPS = {"temperature": Temperature, "top_k": TopK, "top_p": TopP, "min_p": MinP}
TRUNCATIONS = [
    {"top_p": 0.8},
    {"min_p": 0.05},
    {"top_k": 15, "top_p": 0.9},
    {"top_p": 0.9, "min_p": 0.05},
    {"top_k": 15, "top_p": 0.9, "min_p": 0.05},
]


def chain_of(law):
    """Return the language model's chain of the law's steps in its order."""
    return Chain(
        STEPS[step](getattr(law, step))
        for step in law.order.steps
        if getattr(law, step) is not None
    )


def probabilities(law, table=TABLE):
    return softmax(np.array([chain_of(law)(row) for row in table]))


def drawn(law, draws, seed, table=TABLE):
    sampler = Sampler(probabilities(law, table))
    return sampler.draw(np.random.default_rng(seed).random(draws)), sampler.rows(draws)


def laws_in_all_orders(t=0.7):
    """Return the law of every truncation in every order that makes a difference."""
    for settings in TRUNCATIONS:
        law = SamplingLaw(t, **settings)
        yield from [law, *laws_in_other_orders(law)]


LAWS = [*laws_in_all_orders()]


@pytest.mark.parametrize("engine", _PRESETS)
def test_orders_are_those_of_the_language_model_s_presets(engine):
    steps = Chain.preset(engine, temperature=0.7, top_k=5, top_p=0.9, min_p=0.05).steps
    names = {step: name for name, step in STEPS.items()}
    of_chain = tuple(names[type(step)] for step in steps if type(step) in names)
    assert ORDERS[engine].steps == of_chain
    assert len(of_chain) == 4


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_law_keeps_what_the_chain_of_its_order_keeps(law):
    chosen, rows = drawn(law, 600, seed=1)
    evidence = read(TABLE, chosen, rows=rows).evidence
    expected = np.sum(probabilities(law) > 0, axis=1)
    np.testing.assert_array_equal(np.minimum(kept_counts(evidence, law), 200), expected)
    assert Hypothesis(evidence, law).log_likelihood == pytest.approx(
        np.log(probabilities(law)[rows, chosen]).sum(), abs=1e-5
    )


@pytest.mark.parametrize("t", [0.7, 1.0])
@pytest.mark.parametrize("settings", TRUNCATIONS, ids=str)
def test_other_orders_keep_other_tokens_and_none_is_missing(settings, t):
    """Of all seven engines' and the two with the temperature at an end; where t = 1, fewer."""
    law = SamplingLaw(t, **settings)
    others = laws_in_other_orders(law)
    kept = {chain_counts(each) for each in [law, *others]}
    assert len(kept) == len(others) + 1
    assert {chain_counts(each) for each in laws_of_engines(law).values()} <= kept


def chain_counts(law):
    return tuple(np.sum(probabilities(law) > 0, axis=1))


def test_top_k_alone_is_one_law_in_every_order():
    assert laws_in_other_orders(SamplingLaw(0.7, top_k=5)) == []
    assert laws_in_other_orders(SamplingLaw(1.0, top_p=0.9)) == []


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_colder_keeps_no_more_in_every_order(law):
    """What the search for a temperature relies on."""
    evidence = read(TABLE, np.zeros(60, dtype=int)).evidence
    grid = np.exp(np.linspace(1.5, -3, 40))
    kept = [kept_counts(evidence, dataclasses.replace(law, temperature=t)) for t in grid]
    assert np.all(np.diff(kept, axis=0) <= 0)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_likeliest_temperature_is_found_in_every_order(law):
    """Against all points of a fine grid, and within 4 % of the truth: 4 σ of 4,000 draws."""
    chosen, rows = drawn(law, 4000, seed=2)
    evidence = read(TABLE, chosen, rows=rows).evidence.with_cache()
    found = LawFitter(evidence).at_any_temperature(dataclasses.replace(law, temperature=1.0))
    best = Hypothesis(evidence, found).log_likelihood
    grid = found.temperature * np.exp(np.linspace(-0.3, 1.0, 66))
    values = [
        Hypothesis(evidence, dataclasses.replace(law, temperature=t)).log_likelihood for t in grid
    ]
    assert best >= max(values) - 0.05
    assert found.temperature == pytest.approx(0.7, rel=0.06)


@pytest.mark.parametrize("cutoff", [None, "top_k", "top_p", "min_p"])
@pytest.mark.parametrize("t", [0.7, 4.0])
def test_hot_draws_are_fitted_where_top_p_comes_before_the_temperature(t, cutoff, monkeypatch):
    """Hot, the tokens that top_p keeps have a smaller share than p, which no bound may rely on."""
    law = SamplingLaw(t, top_p=0.7, min_p=0.01, order=("top_p", "temperature", "min_p"))
    chosen, rows = drawn(law, 4000, seed=5)
    evidence = read(TABLE, chosen, rows=rows).evidence.with_cache()

    def likeliest():
        fitter = LawFitter(evidence)
        return fitter.with_cutoff(law, cutoff) if cutoff else fitter.at_any_temperature(law)

    def best_of_all(fitter, cost, bound):
        return min(fitter._grid, key=cost)

    found = likeliest()
    monkeypatch.setattr(LawFitter, "_best_of_grid", best_of_all)
    assert found == likeliest()


@pytest.mark.parametrize(
    ("law", "cutoff"), [(law, cutoff) for law in LAWS for cutoff in law.truncations], ids=str
)
def test_the_tightest_cutoff_allows_all_draws_and_a_tighter_one_does_not(law, cutoff):
    chosen, rows = drawn(law, 4000, seed=3)
    evidence = read(TABLE, chosen, rows=rows).evidence
    tightest = TIGHTEST[cutoff](evidence, law)
    value = getattr(tightest, cutoff)
    tighter = {"top_k": lambda k: k - 1, "top_p": lambda p: p - 1e-5, "min_p": lambda p: p * 1.0001}
    assert Hypothesis(evidence, tightest).log_likelihood > -np.inf
    assert value >= law.min_p if cutoff == "min_p" else value <= getattr(law, cutoff) + 1e-5
    other = dataclasses.replace(law, **{cutoff: tighter[cutoff](value)})
    assert Hypothesis(evidence, other).log_likelihood == -np.inf


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_what_is_not_listed_is_no_guess_in_any_order(law):
    """Draws of which lists of 12 leave open whether they are kept are not used."""
    p = softmax(TABLE)
    order = np.argsort(-p, axis=1, kind="stable")[:, :12]
    chosen, rows = drawn(law, 3000, seed=5)
    lists = (order, np.log(np.take_along_axis(p, order, axis=1)))
    evidence = determined(read(lists, chosen, rows=rows, normalised=1.0).evidence, law)
    certain = np.full(60, 12.0) if evidence.certain_counts is None else evidence.certain_counts
    certain = np.minimum(certain, 12)
    whole = np.sum(probabilities(law) > 0, axis=1)
    np.testing.assert_array_equal(
        np.minimum(kept_counts(evidence, law), certain), np.minimum(whole, certain)
    )
    assert evidence.draws > 1000


TIED = np.round(8 * TABLE) / 8  # as far apart as bfloat16 has numbers between 16 and 32


def of_vllm(draws, **settings):
    """Return the weights of vLLM's sampler, which keeps ties, and the reading of its draws."""
    weights = samplers.vllm(0.7, **settings)(TIED.astype(float), TIED, None)
    sampler = Sampler(weights)
    chosen = sampler.draw(np.random.default_rng(6).random(draws))
    return weights, read(TIED, chosen, rows=sampler.rows(draws))


@pytest.mark.parametrize("fraction", [None, 0.05])
@pytest.mark.parametrize("top_p", [None, 0.8])
def test_ties_are_kept_as_vllm_keeps_them(top_p, fraction):
    """All at top_k, the last at top_p: as many as the sampler keeps, and draws are uniform."""
    law = SamplingLaw(0.7, top_k=10, top_p=top_p, min_p=fraction, order="vllm")
    weights, reading = of_vllm(3000, k=10, p=top_p, fraction=fraction)
    np.testing.assert_array_equal(kept_counts(reading.evidence, law), np.sum(weights > 0, axis=1))
    exactly = dataclasses.replace(law, order=Order(law.order.steps))
    assert np.any(kept_counts(reading.evidence, exactly) < kept_counts(reading.evidence, law))

    diagnosis = diagnose(reading, law)
    assert diagnosis.verdict != "fails", diagnosis
    assert diagnosis.goodness_of_fit > 0.01


def test_which_of_equal_tokens_is_kept_does_not_matter():
    """Of B, C, D alike two are kept: drawn from C and D they rank as if these came first."""
    rows = np.array([[2.0, 1.0, 1.0, 1.0, 0.0], [2.0, 1.0, 1.0, 1.0, 0.0]])
    evidence = read(rows, [0, 2, 3, 3, 1], rows=[0, 0, 0, 1, 1]).evidence
    assert evidence.ranks.tolist() == [0, 2, 3, 3, 1]
    assert evidence.first_ranks.tolist() == [0, 1, 1, 1, 1]
    assert evidence.least_ranks.tolist() == [0, 1, 2, 2, 1]
    before, own = evidence.cdf_steps(1.0, np.array([3.0, 3.0]))
    z = 1 + 2 / np.e
    np.testing.assert_allclose(before, np.array([0, 1, 1, 1, 1]) / z)
    np.testing.assert_allclose(own, np.array([1, 2 / np.e, 2 / np.e, 2 / np.e, 2 / np.e]) / z)
    whole = evidence.cdf_steps(1.0, np.array([4.0, np.inf]))[0]  # where all are kept, each by rank
    np.testing.assert_allclose(whole[1:3], np.array([1 + 1 / np.e, 1 + 2 / np.e]) / (1 + 3 / np.e))


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_an_honest_sampler_holds_in_its_order(law):
    """At the default rate of 1e-3, one of these audits fails with a probability below 2 %."""
    chosen, rows = drawn(law, 4000, seed=7)
    diagnosis = diagnose(read(TABLE, chosen, rows=rows), law, resolution=0.2)
    assert diagnosis.verdict == "holds", diagnosis


def test_of_a_claim_without_its_order_every_engine_s_that_fits_holds():
    """And none does where the temperature is another one: it is named, and no other order is."""
    claim = SamplingLaw(0.7, top_k=15, top_p=0.9, min_p=0.05)
    engines = {}  # those that mean one law are audited once
    for engine, law in laws_of_engines(claim).items():
        engines.setdefault(law.meaning, {})[engine] = law
    assert len(engines) == 5

    for same in engines.values():
        law = next(iter(same.values()))
        chosen, rows = drawn(law, 4000, seed=9)
        tried = diagnose_in_any_order(read(TABLE, chosen, rows=rows), claim, resolution=0.2)
        assert tried.diagnosis.holds
        assert "fails" in tried.verdicts.values()
        held = {name for name, verdict in tried.verdicts.items() if verdict == "holds"}
        assert same.keys() <= held

        squared = dataclasses.replace(law, temperature=0.49)
        chosen, rows = drawn(squared, 4000, seed=9)
        tried = diagnose_in_any_order(read(TABLE, chosen, rows=rows), claim)
        assert set(tried.verdicts.values()) == {"fails"}
        assert tried.diagnosis.fault == "squared", same


def test_true_claims_fail_no_more_often_than_allowed_in_any_order():
    """At a rate of 0.05, in 80 audits of 400 draws: at most 16 (false alarm 1e-6).

    The bounds are not sharp: of 96 audits one failed at this rate.
    """
    failures = 0
    for seed, law in enumerate(LAWS):
        for repetition in range(5):
            chosen, rows = drawn(law, 400, [seed, repetition])
            reading = read(TABLE, chosen, rows=rows)
            failures += diagnose(reading, law, false_alarms=0.05).verdict == "fails"
    assert failures <= binom.isf(1e-6, 80, 0.05)


@pytest.mark.parametrize("settings", TRUNCATIONS[3:], ids=str)
def test_every_other_order_is_told_from_the_claimed_one(settings):
    """All of 4,000 draws are, by 10 nats and more; of 1,000 draws 27 of 28 are."""
    claim = SamplingLaw(0.7, **settings)
    for truth in [claim, *laws_in_other_orders(claim)]:
        chosen, rows = drawn(truth, 4000, seed=8)
        reading = read(TABLE, chosen, rows=rows)
        for other in laws_in_other_orders(truth):
            found = diagnose(reading, other)
            assert (found.verdict, found.fault) == ("fails", "swapped_order"), found
            assert found.law.meaning == truth.meaning


@pytest.mark.parametrize(
    ("order", "steps"),
    [
        ("vllm", ("temperature", "min_p", "top_k", "top_p")),
        (["top_p", "temperature"], ("top_p", "temperature", "top_k", "min_p")),
        (Order(), ("temperature", "top_k", "top_p", "min_p")),
    ],
)
def test_an_order_is_taken_by_name_or_by_steps(order, steps):
    assert as_order(order).steps == steps
    assert SamplingLaw(0.7, top_p=0.9, order=order).order.steps == steps


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("vlm", "order is 'vlm': it must be one of transformers, vllm, llama.cpp"),
        (["temperature", "typical"], "order has 'typical': its steps are temperature, top_k"),
        (["top_p"], "must name the temperature"),
        (["temperature", "top_p", "top_p"], "no step twice"),
        (3, "order has 3"),
    ],
)
def test_an_order_that_is_none_is_refused(order, message):
    with pytest.raises(ValueError, match=message):
        as_claim(SamplingLaw(0.7, top_p=0.9, order=order))


def test_a_server_s_own_list_of_samplers_is_an_order():
    said = ["penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc"]
    said.append("temperature")
    assert order_of_samplers(said) == ORDERS["llama.cpp"]
    assert order_of_samplers(["temperature", "temp", "min_p"]).steps[:2] == ("temperature", "min_p")
    with pytest.raises(ValueError, match="must name the temperature"):
        order_of_samplers(["top_k", "temprature"])
