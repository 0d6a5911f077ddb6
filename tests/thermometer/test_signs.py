"""The tests that any law has to pass: their p-values under it, and against a definition."""

import numpy as np
import pytest
from scipy.stats import binom

from boltzmann.thermometer import SamplingLaw, read
from boltzmann.thermometer.hypothesis import Factors, Hypothesis
from boltzmann.thermometer.signs import OF_A_CUTOFF, OF_ANY_LAW
from boltzmann.thermometer.signs.dependence import dependence_signs
from boltzmann.thermometer.signs.outside import chernoff_bound
from boltzmann.thermometer.signs.score import score_of_draws, score_of_rows, tail
from boltzmann.thermometer.signs.tokens import TokenCounts
from tests.support import answers
from tests.support import samplers as s

READINGS = 60
DRAWS = 800
LAWS = [SamplingLaw(0.7), SamplingLaw(1.2, top_k=12), SamplingLaw(0.9, min_p=0.05)]


def sampler(law):
    steps = [s.temperature(law.temperature)]
    steps += [s.top_k(law.top_k)] if law.top_k else []
    steps += [s.min_p(law.min_p)] if law.min_p else []
    return s.chain(*steps)


def reading_of(law, seed, draws=DRAWS):
    d = answers.draw_answers(answers.tiny(), sampler(law), draws, seed)
    lists = (d.tokens, d.logprobs)
    return read(lists, d.chosen, rows=d.rows, groups=d.answers, normalised=1.0)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_p_values_of_a_true_law_are_not_too_small(law):
    """Each test's p is below 0.05 in at most 14 of 60 readings, and none is below 1e-5.

    Of a test with correct p-values this fails with a probability of 2e-7 (and 6e-4), of one that is
    below 0.05 in 30 % of readings with 0.84.
    """
    small = dict.fromkeys((test.__name__ for test in OF_ANY_LAW + OF_A_CUTOFF), 0)
    small |= dict.fromkeys(("series", "series by number", "answers", "one seed"), 0)
    for seed in range(READINGS):
        hypothesis = Hypothesis(reading_of(law, seed).evidence, law, 1e-4)
        found = {test.__name__: test(hypothesis) for test in OF_ANY_LAW}
        if law.truncated:
            found |= {test.__name__: test(hypothesis) for test in OF_A_CUTOFF}
        found |= {each.sign.name: each.sign for each in dependence_signs(hypothesis, 1e-5)}
        for name, sign in found.items():
            assert 1e-5 < sign.p_value <= 1, (name, seed, sign)
            small[name] += sign.p_value < 0.05
    assert max(small.values()) <= 14, small


def test_a_score_is_the_slope_of_the_log_likelihood_along_its_tilt():
    """d log L/dθ of q ∝ p e^(θf) at θ = 0, by central differences."""
    evidence = reading_of(SamplingLaw(0.7), 0).evidence
    claimed = Hypothesis(evidence, SamplingLaw(0.8))
    seen = evidence.drawn_before.astype(float)

    def log_likelihood(theta):
        factors = Factors(np.exp(theta * seen), np.ones(len(seen)))
        return Hypothesis(evidence, SamplingLaw(0.8), factors=factors).log_likelihood

    slope = (log_likelihood(1e-4) - log_likelihood(-1e-4)) / 2e-4
    curvature = -(log_likelihood(1e-3) - 2 * log_likelihood(0) + log_likelihood(-1e-3)) / 1e-6
    score = score_of_draws(claimed, seen)
    assert score.total == pytest.approx(slope, rel=1e-6)
    assert score.variance == pytest.approx(curvature, rel=1e-3)


def test_sums_over_cells_are_sums_over_draws():
    """The same law with factors of 1, whose cells are draws and not rows."""
    evidence = reading_of(SamplingLaw(0.7), 1).evidence
    plain = Hypothesis(evidence, SamplingLaw(0.8), free_temperature=True)
    ones = Factors(np.ones((evidence.draws, plain.gaps.shape[1])), np.ones(evidence.draws))
    bent = Hypothesis(evidence, SamplingLaw(0.8), factors=ones, free_temperature=True)
    assert bent.log_likelihood == pytest.approx(plain.log_likelihood)
    np.testing.assert_allclose(bent.uniforms, plain.uniforms, atol=1e-12)
    values = np.zeros_like(plain.gaps)
    values[:, 0] = 1.0
    first, second = score_of_rows(plain, values), score_of_rows(bent, values)
    assert (first.total, first.variance) == pytest.approx((second.total, second.variance))
    for test in OF_ANY_LAW:
        assert test(bent).p_value == pytest.approx(test(plain).p_value, rel=1e-6)


def test_factors_make_a_law_that_adds_up_to_one():
    """Of one row of three tokens: q = g p / Σ g p."""
    reading = read(np.log([0.5, 0.3, 0.2]), [0, 1, 2, 0], groups=[0, 0, 1, 1])
    factors = Factors(np.tile([1.0, 2.0, 4.0], (4, 1)), np.ones(4))
    hypothesis = Hypothesis(reading.evidence, SamplingLaw(1.0), factors=factors)
    expected = np.array([0.5, 0.6, 0.8]) / 1.9
    np.testing.assert_allclose(hypothesis.probabilities, np.tile(expected, (4, 1)))
    drawn = expected[[0, 1, 2, 0]]
    assert hypothesis.log_likelihood == pytest.approx(np.log(drawn).sum())


def test_what_was_drawn_before_is_of_the_same_answer():
    lists = [({"a": -1.0, "b": -2.0, "c": -3.0}) for _ in range(5)]
    reading = read(lists, ["b", "a", "b", "c", "c"], groups=[7, 7, 7, 8, 8])
    names = ["a", "b", "c"]
    before = [
        {names[token] for token, seen in zip(range(3), row, strict=True) if seen}
        for row in reading.evidence.drawn_before
    ]
    assert before == [set(), {"b"}, {"a", "b"}, set(), {"c"}]
    assert reading.evidence.places.tolist() == [0, 1, 2, 0, 1]


def test_tokens_are_counted_whatever_row_lists_them():
    lists = [{"a": np.log(0.5), "b": np.log(0.5)}, {"b": np.log(0.9), "c": np.log(0.1)}] * 10
    reading = read(lists, ["a", "b"] * 10)
    counts = TokenCounts(Hypothesis(reading.evidence, SamplingLaw(1.0)))
    np.testing.assert_allclose(counts.expected, [5, 14, 1])
    assert counts.observed.tolist() == [10, 10, 0]
    np.testing.assert_allclose(counts.variance, [2.5, 3.4, 0.9])


def test_the_chernoff_bound_bounds_the_binomial():
    """P(N ≥ 12) of 40 events at 0.1: the bound is above it, and not by ten times."""
    exact = binom.sf(11, 40, 0.1)
    assert exact < chernoff_bound(12, np.full(40, 0.1), at_least=True) < 10 * exact
    exact = binom.cdf(8, 40, 0.5)
    assert exact < chernoff_bound(8, np.full(40, 0.5), at_least=False) < 10 * exact
    assert chernoff_bound(3, np.full(40, 0.1), at_least=True) == 1.0
    assert chernoff_bound(3, np.zeros(40), at_least=True) == 0.0


def test_a_tail_of_few_terms_is_bounded_and_of_many_is_normal():
    assert tail(3.0, 100.0, 1.0) == pytest.approx(0.7642, abs=1e-3)
    few = tail(3.0, 1.0, 1.0)
    assert 0.0027 < few == pytest.approx(2 * np.exp(-9 / 4))
    assert tail(3.0, 0.0, 1.0) == 1.0
