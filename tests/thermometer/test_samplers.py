"""The samplers that other tests draw with: against their definitions, by hand and by other code.

Statistical tests are at a fixed seed, with a false-alarm rate of 1e-6 and less.
"""

import numpy as np
import pytest
from scipy.stats import chisquare

from boltzmann.language.decoding.steps import Epsilon, MinP, RepetitionPenalty, TopK, TopP, Typical
from boltzmann.thermometer import read
from tests.support import answers, noise, samplers

ROWS = np.random.default_rng(3).normal(0, 2, (40, 30))
NONE = np.zeros(ROWS.shape, dtype=int)
ROW = np.array([[3.0, 2.0, 1.0]])


def supports(step, logits):
    """Return what a step keeps of one row."""
    logits = np.atleast_2d(np.asarray(logits, dtype=float))
    return np.flatnonzero(step(logits, np.zeros(logits.shape, dtype=int))[0] > -np.inf).tolist()


@pytest.mark.parametrize(
    ("step", "peer"),
    [
        (samplers.top_k(7), TopK(7)),
        (samplers.top_p(0.8), TopP(0.8)),
        (samplers.min_p(0.1), MinP(0.1)),
        (samplers.typical(0.5), Typical(0.5)),
        (samplers.epsilon(0.03), Epsilon(0.03)),
    ],
    ids=["top_k", "top_p", "min_p", "typical", "epsilon"],
)
def test_truncations_keep_what_the_language_model_s_steps_keep(step, peer):
    kept = step(ROWS, NONE) > -np.inf
    np.testing.assert_array_equal(kept, [peer(row) > -np.inf for row in ROWS])
    assert 1 < kept.sum(axis=1).mean() < 30


def test_the_repetition_penalty_is_the_language_model_s():
    counts = NONE.copy()
    counts[:, [2, 5, 9]] = 1, 3, 1
    peer = RepetitionPenalty(1.3)
    expected = [peer(row, context=[2, 5, 9]) for row in ROWS]
    np.testing.assert_allclose(samplers.penalties(repeat=1.3)(ROWS, counts), expected)


def test_presence_is_subtracted_once_and_frequency_each_time():
    step = samplers.penalties(presence=0.5, frequency=0.25)
    np.testing.assert_allclose(step(ROW, np.array([[0, 1, 3]])), [[3, 1.25, -0.25]])


def test_the_dynamic_temperature_runs_from_one_end_to_the_other_with_the_entropy():
    """Equal logits have the most entropy, a certain token none; half way lies the middle."""
    step = samplers.dynamic_temperature(0.7, 0.3)
    flat, sure = np.zeros((1, 8)), np.array([[50.0] + [0.0] * 7])
    nudged = flat + 1e-9 * np.arange(8)
    assert np.ptp(step(nudged, nudged)) == pytest.approx(np.ptp(nudged) / 1.0)
    assert np.ptp(step(sure, sure)) == pytest.approx(50 / 0.4)
    half = np.array([[0.0, 0.0, -80.0, -80.0]])  # log 2 of log 4
    assert np.ptp(step(half, half)) == pytest.approx(80 / 0.7)


def test_xtc_leaves_the_least_likely_of_the_likely():
    logits = np.array([[4.0, 3.0, 2.0, -10.0, -10.0]])  # 0.67, 0.24, 0.09
    weights = samplers.xtc(1.0, 1.0)(logits, logits, np.random.default_rng(0))
    assert (weights[0] > 0).tolist() == [False, True, True, True, True]
    below = np.array([[4.0, 1.0, 0.0]])  # one alone is likely
    assert samplers.xtc(1.0, 1.0)(below, below, np.random.default_rng(0))[0, 0] > 0.9


def test_xtc_throws_a_coin_for_each_token_or_for_the_batch():
    logits = np.tile([4.0, 3.0, 2.0], (4000, 1))
    generator = np.random.default_rng(1)
    excluded = samplers.xtc(1.0, 0.3)(logits, logits, generator)[:, 0] == 0
    assert excluded.mean() == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / 4000))
    batch = samplers.xtc(1.0, 0.5, one_coin=True)(logits, logits, generator)[:, 0] == 0
    assert batch.all() or not batch.any()


def test_top_n_sigma_counts_from_the_largest_in_standard_deviations():
    logits = np.array([[4.0, 2.0, 0.0, -2.0, -np.inf]])  # their deviation is √5
    assert supports(samplers.top_n_sigma(1.0), logits) == [0, 1]
    assert supports(samplers.top_n_sigma(2.0), logits) == [0, 1, 2]


def test_mirostat_keeps_the_surprise_near_its_target():
    """μ moves by η times what the surprise is off; the likeliest always stays."""
    sampler = samplers.Mirostat2(1.0, 0.5, eta=0.1)
    logits = np.log(np.array([[0.6, 0.3, 0.1]]))
    weights = sampler(logits, logits, None)  # 0.74, 1.74 and 3.32 bits, of at most 1
    np.testing.assert_allclose(weights, [[1, 0, 0]])
    sampler.drawn(np.array([0]))
    assert sampler.mu[0] == pytest.approx(1.0 + 0.1 * 0.5)
    sampler.mu[:] = 0.1
    assert sampler(logits, logits, None)[0, 0] == 1


def test_adaptive_p_prefers_what_is_near_its_target():
    logits = np.log(np.array([[0.55, 0.3, 0.1, 0.05]]))
    sampler = samplers.AdaptiveP(1.0, 0.3)
    weights = sampler(logits, logits, None)
    assert weights.argmax() == 1
    gaps = np.array([0.25, 0.0, 0.2, 0.25]) / 0.3
    np.testing.assert_allclose(weights[0], samplers.softmax(-10 * gaps**2 / (1 + gaps)[None])[0])
    sampler.drawn(np.array([0]))  # 0.55 was above the target: it aims lower
    assert 2 * 0.3 - sampler.sum / sampler.weight == pytest.approx(0.3 - 0.1 * 0.25)


def test_vllm_takes_min_p_before_top_p():
    """Of 3, 2, 1 with top_p .72 and min_p .3 the first stays; taken after top_p, the second too."""
    assert supports(samplers.min_p(0.3), ROW) == [0, 1]
    weights = samplers.vllm(1.0, fraction=0.3, p=0.72)(ROW, ROW, None)
    np.testing.assert_allclose(weights, [[1, 0, 0]])
    later = samplers.chain(samplers.top_p(0.72), samplers.min_p(0.3))(ROW, ROW, None)
    np.testing.assert_array_equal(later > 0, [[True, True, False]])


def test_equal_logits_are_kept_as_each_engine_does():
    ties = [2.0, 1.0, 1.0, 1.0, 0.0]
    assert supports(samplers.top_k(2), ties) == [0, 1]
    assert supports(samplers.top_k_with_ties(2), ties) == [0, 1, 2, 3]
    assert supports(samplers.top_p(0.6), ties) == [0, 1]
    assert supports(samplers.top_p_from_below(0.6), ties) == [0, 3]


def test_a_small_temperature_is_raised_to_the_floor():
    np.testing.assert_allclose(
        samplers.floored_temperature(1e-6, 0.01)(ROW, ROW), [[0, -100, -200]]
    )


def test_the_temperature_s_limit_is_the_likeliest():
    assert supports(samplers.temperature(0), ROW) == [0]
    assert supports(samplers.only([1, 2]), ROW) == [1, 2]
    np.testing.assert_allclose(samplers.logit_bias({2: 0.5})(ROW, ROW), [[3, 2, 1.5]])
    assert samplers.last_token(ROW, ROW, None).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("race", [False, True], ids=["inverse", "race"])
def test_both_kinds_of_noise_draw_from_the_weights(race):
    """A χ² of 20,000 draws: a probability of 0.2 that is 0.21 is seen with probability 0.9."""
    p = np.array([0.4, 0.3, 0.2, 0.1, 0.0])
    generator = np.random.default_rng(5)
    weights = np.tile(7 * p, (20_000, 1))
    if race:
        chosen = noise.exponential_race(weights, generator.exponential(size=weights.shape))
    else:
        chosen = noise.fresh(weights, 0, generator)
    counts = np.bincount(chosen, minlength=5)
    assert counts[4] == 0
    assert chisquare(counts[:4], 20_000 * p[:4]).pvalue > 1e-6


@pytest.mark.parametrize("race", [False, True], ids=["inverse", "race"])
def test_one_seed_repeats_each_place_and_no_other(race):
    weights = np.ones((500, 30))
    draw = noise.one_seed(4, race)
    places = [draw(weights, place, None) for place in range(30)]
    assert all(np.ptp(tokens) == 0 for tokens in places)
    assert np.unique([tokens[0] for tokens in places]).size > 3


def test_batches_share_their_numbers():
    weights = np.ones((30, 30))
    chosen = noise.shared_in_batches(10)(weights, 0, np.random.default_rng(1)).reshape(3, 10)
    assert np.all(np.ptp(chosen, axis=1) == 0)
    assert np.unique(chosen).size > 1


def test_answers_follow_the_table_and_list_the_likeliest():
    model = answers.letters()
    draws = answers.draw_answers(model, samplers.chain(), 999, 1, length=10, listed=5)
    assert draws.rows.size == 999
    same = draws.answers[1:] == draws.answers[:-1]
    after = model.following(draws.rows[:-1], draws.chosen[:-1])
    np.testing.assert_array_equal(draws.rows[1:][same], after[same])
    np.testing.assert_array_equal(draws.places[1:][same], draws.places[:-1][same] + 1)
    firsts = draws.places == 0
    np.testing.assert_array_equal(
        draws.rows[firsts], model.prompts[np.arange(firsts.sum()) % model.prompts.size]
    )
    np.testing.assert_array_equal(draws.tokens[:, 0], model.logits.argmax(axis=1))
    assert np.all(np.diff(draws.logprobs, axis=1) <= 0)


@pytest.mark.parametrize("model", [answers.tiny, answers.letters], ids=["tiny", "letters"])
@pytest.mark.parametrize("t", [0.5, 1.2])
def test_honest_answers_read_their_temperature(model, t):
    """To five standard errors, which are below 2 %: a temperature 15 % off would be seen."""
    honest = samplers.chain(samplers.temperature(t))
    draws = answers.draw_answers(model(), honest, 6000, 2)
    reading = read(
        (draws.tokens, draws.logprobs), draws.chosen, rows=draws.rows, groups=draws.answers
    )
    assert abs(reading.temperature - t) < 5 * reading.standard_error < 0.1 * t


def test_penalties_see_the_answer_so_far_and_no_other():
    """With an endless penalty no token comes twice in an answer, and all do in several."""
    once = samplers.chain(samplers.penalties(presence=1e9))
    draws = answers.draw_answers(answers.tiny(), once, 3200, 1)
    pairs = np.unique(np.stack([draws.answers, draws.chosen]), axis=1)
    assert pairs.shape[1] == draws.chosen.size
    assert np.unique(draws.chosen).size < draws.chosen.size / 4


def test_a_cache_repeats_whole_answers_of_the_same_prompt():
    draws = answers.draw_answers(answers.tiny(), samplers.chain(), 3200, 1)
    cached = answers.through_a_cache(draws, 1)
    texts = cached.chosen.reshape(-1, 16)
    fresh = np.unique(draws.chosen.reshape(-1, 16), axis=0)
    different = np.unique(texts, axis=0)
    assert len(fresh) == 200
    assert 90 < len(different) < 150
    whose = {tuple(text): prompt for text, prompt in zip(texts, cached.prompts[::16], strict=True)}
    assert all(
        whose[tuple(text)] == prompt
        for text, prompt in zip(texts, cached.prompts[::16], strict=True)
    )


def test_a_token_reported_by_its_id_is_one_of_the_listed():
    draws = answers.draw_answers(answers.tiny(), samplers.chain(), 320, 1)
    wrong = answers.reported_by_id(draws)
    np.testing.assert_array_equal(wrong.chosen, wrong.tokens[wrong.rows, :10].min(axis=1))
    np.testing.assert_array_equal(wrong.drawn, draws.chosen)
    ordered = answers.sorted_by_token(draws)
    assert np.all(np.diff(ordered.chosen) >= 0)
    np.testing.assert_array_equal(np.sort(ordered.chosen), np.sort(draws.chosen))


def test_mixtures_give_each_part_its_sampler():
    honest, greedy = (samplers.chain(samplers.temperature(t)) for t in (1.0, 0.0))
    mixed = samplers.sequence([honest, greedy])(ROWS, NONE, None)
    np.testing.assert_allclose(mixed[::2], samplers.softmax(ROWS)[::2])
    assert np.all(mixed[1::2].max(axis=1) == 1)
    in_part = samplers.greedy_in(lambda x: x[:, 0] > 0, honest)(ROWS, NONE, None)
    np.testing.assert_array_equal(in_part.max(axis=1) == 1, ROWS[:, 0] > 0)
    leaked = samplers.leaking(greedy, 0.3)(ROWS, NONE, None)
    np.testing.assert_allclose(leaked.min(axis=1), 0.01)
