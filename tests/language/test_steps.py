"""The steps of a decoder, against definitions worked out here in plain arithmetic."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import boltzmann as bz
from boltzmann.language import (
    Chain,
    Epsilon,
    MinP,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    Typical,
    draw,
)
from tests.support.decoding_steps import (
    allowed_tokens,
    chains,
    few,
    fractions,
    logit_lists,
    truncations,
)
from tests.support.draws import law

INF = math.inf


# What every step does


@few
@given(logit_lists, truncations)
def test_a_truncation_forbids_tokens_and_changes_no_other(logits, truncation):
    """A level goes to E = +inf or stays where it is, at least one stays finite, and +inf stays."""
    out = truncation(logits)
    assert all(after in (before, -INF) for before, after in zip(logits, out, strict=True))
    assert out.max() > -INF
    energies = bz.EnergyLevels.from_logits(out).energies
    assert np.all((energies == INF) == (out == -INF))


@few
@given(logit_lists, chains, st.data())
def test_a_step_is_a_pure_function(logits, chain, data):
    """Read-only logits go in, an array of its own comes out, and the same again the second time."""
    context = data.draw(st.lists(st.integers(0, len(logits) - 1), max_size=4))
    given_logits = np.array(logits)
    given_logits.flags.writeable = False
    for step in (chain, *chain.steps):
        out = step(given_logits, context)
        assert out.dtype == np.float64 and out.shape == given_logits.shape and out.flags.writeable
        assert not np.shares_memory(out, given_logits)
        assert not np.isnan(out).any() and out.max() > -INF
        assert np.array_equal(out, step(logits, context))


@few
@given(logit_lists, chains, st.data())
def test_a_forbidden_token_stays_forbidden_and_is_never_drawn(logits, chain, data):
    context = data.draw(st.lists(st.integers(0, len(logits) - 1), max_size=4))
    with np.errstate(all="raise"):  # whatever the caller's settings
        allowed = allowed_tokens(chain(logits, context))
        drawn = set(draw(logits, size=200, seed=1, chain=chain, context=context).tolist())
    assert allowed <= allowed_tokens(logits)
    assert drawn <= allowed


@few
@given(logit_lists, truncations, st.sampled_from([-8, -0.25, 3, 1024]))
def test_a_truncation_does_not_depend_on_where_zero_is(logits, truncation, shift):
    assert allowed_tokens(truncation(logits)) == allowed_tokens(
        truncation([logit + shift for logit in logits])
    )


@few
@given(logit_lists, truncations)
def test_one_token_left_is_left_alone(logits, truncation):
    alone = [-INF, max(logits), -INF]
    assert truncation(alone).tolist() == alone
    assert truncation([max(logits)]).tolist() == [max(logits)]


@pytest.mark.parametrize(
    "step", [TopK(3), TopK(99), TopP(1), MinP(0), Typical(1), Epsilon(0), Temperature(1)]
)
def test_steps_that_keep_everything_change_nothing(step):
    assert step([1.0, -900, 2.5]).tolist() == [1, -900, 2.5]
    assert RepetitionPenalty(1)([1.0, -900, 2.5], [0, 1]).tolist() == [1, -900, 2.5]


@pytest.mark.parametrize(
    "step", [TopK(2), TopP(0.9), MinP(0.5), Typical(0.9), Epsilon(0.3), Temperature(0.5)]
)
def test_logits_at_plus_infinity_take_all_weight(step):
    """Among three, so that the second of two equals counts too."""
    out = step([0, INF, 7, INF, -INF])
    assert out[1] == out[3] == INF
    assert set(draw([0, INF, 7, INF, -INF], size=50, chain=Chain([step])).tolist()) == {1, 3}


# Each step by its definition


@few
@given(logit_lists, st.floats(0.05, 20))
def test_temperature_divides(logits, t):
    assert Temperature(t)(logits).tolist() == [logit / t for logit in logits]


@pytest.mark.parametrize(
    ("logits", "t", "expected"),
    [
        ([1, 3, 3], 0, [-INF, 3, -INF]),
        ([1, 3, 3], -0.0, [-INF, 3, -INF]),
        ([0, INF, INF], 0, [-INF, INF, -INF]),
        ([-35.2, -36.1, -100], 5e-324, [0, -INF, -INF]),
        ([-1e308, -1e308, -INF], 1e-300, [0, 0, -INF]),
        ([1.5e308, -1.5e308], 1.5e308, [1, -1]),
        ([1000, 999], 1e-38, [1000 / 1e-38, 999 / 1e-38]),
        ([0, -1, -INF], INF, [0, 0, -INF]),
        ([INF, 7, INF], INF, [INF, -INF, INF]),
        (np.float16([20, 19, 0]), 1e-4, [20 / 1e-4, 19 / 1e-4, 0]),
        (np.array([3, 2], np.uint8), 2, [1.5, 1]),
    ],
)
def test_temperature_at_its_limits(logits, t, expected):
    with np.errstate(all="raise"):
        assert Temperature(t)(logits) == pytest.approx(np.array(expected), rel=1e-15, abs=1e-320)


def test_infinite_temperature_is_uniform_and_still_knows_the_order():
    out = Temperature(INF)([1, 3, -INF, 2, 3])
    assert bz.softmax(out).tolist() == [0.25, 0.25, 0, 0.25, 0.25]
    assert (
        allowed_tokens(TopK(2)(out))
        == {1, 4}
        == allowed_tokens(Chain([Temperature(INF), TopK(2)])([1, 3, -INF, 2, 3]))
    )
    assert allowed_tokens(TopP(0.75)(out)) == {1, 3, 4}
    assert allowed_tokens(MinP(1)(out)) == allowed_tokens(Epsilon(0.25)(out)) == {0, 1, 3, 4}


@few
@given(logit_lists, st.integers(1, 12))
def test_top_k_keeps_the_first_k_of_the_ranking(logits, k):
    ranked = sorted(allowed_tokens(logits), key=lambda i: (-logits[i], i))
    assert allowed_tokens(TopK(k)(logits)) == set(ranked[:k])


@few
@given(logit_lists, fractions)
def test_top_p_keeps_the_fewest_that_have_the_mass(logits, p):
    """Without the last of the kept the mass is below p, with it not; 1e-12 is for rounding."""
    probability = law(logits)
    ranked = sorted(allowed_tokens(logits), key=lambda i: (-logits[i], i))
    kept = ranked[: len(allowed_tokens(TopP(p)(logits)))]
    assert allowed_tokens(TopP(p)(logits)) == set(kept)
    assert math.fsum(probability[i] for i in kept) >= p - 1e-12
    assert math.fsum(probability[i] for i in kept[:-1]) < p + 1e-12


@pytest.mark.parametrize(
    ("logits", "p", "expected"),
    [
        ([0, 0, 0, 0], 0.5, {0, 1}),  # reached exactly: the third would be one too many
        ([0, 0, 0, 0], np.nextafter(0.5, 1), {0, 1, 2}),
        ([0, 0, 0, 0], 0.25, {0}),
        ([0, -INF, 0, 0, 0], 0.75, {0, 2, 3}),
        ([1, 2, 2], 5e-324, {1}),
        ([0, -800], 1 - 2**-53, {0}),  # what has no weight in float64
    ],
)
def test_a_mass_that_is_reached_exactly_is_enough(logits, p, expected):
    assert allowed_tokens(TopP(p)(logits)) == expected


@few
@given(logit_lists, fractions)
def test_min_p_keeps_what_is_within_a_factor_of_the_best(logits, min_p):
    """By the logits: within log(min_p) of the largest; 1e-12 is for rounding."""
    for logit, out in zip(logits, MinP(min_p)(logits), strict=True):
        if logit - max(logits) > math.log(min_p) + 1e-12:
            assert out == logit
        if logit - max(logits) < math.log(min_p) - 1e-12:
            assert out == -INF


def test_thresholds_keep_what_meets_them_exactly():
    assert allowed_tokens(MinP(1)([2, 2, 1])) == {0, 1}
    assert allowed_tokens(Epsilon(0.25)([0, 0, 0, 0])) == {0, 1, 2, 3}
    assert allowed_tokens(Epsilon(0.5)([0, -INF, 0])) == {0, 2}


@few
@given(logit_lists, fractions)
def test_epsilon_keeps_what_is_probable_enough_and_the_best(logits, epsilon):
    probability = law(logits)
    for i, kept in enumerate(Epsilon(epsilon)(logits) > -INF):
        if logits[i] == max(logits) or probability[i] > epsilon + 1e-12:
            assert kept
        elif probability[i] < epsilon - 1e-12:
            assert not kept


def test_an_epsilon_above_all_keeps_the_best_and_its_equals():
    assert allowed_tokens(Epsilon(0.9)([1, 2, 1.5])) == {1}
    assert allowed_tokens(Epsilon(1)([1, 2, 2])) == {1, 2}


@few
@given(logit_lists, fractions)
def test_typical_keeps_the_fewest_nearest_to_the_entropy_that_have_the_mass(logits, mass):
    """Where no rounding decides: no two distances, and no sum and the mass, within 1e-9."""
    probability = law(logits)
    entropy = -math.fsum(p * math.log(p) for p in probability if p > 0)
    distance = {i: abs(-math.log(probability[i]) - entropy) for i in allowed_tokens(logits)}
    ranked = sorted(distance, key=lambda i: (round(distance[i], 9), i))
    sums = list(itertools.accumulate(probability[i] for i in ranked))
    expected = next(
        (n for n, mass_so_far in enumerate(sums, 1) if mass_so_far > mass - 1e-9), len(ranked)
    )
    gaps = [
        distance[j] - distance[i] for i, j in itertools.pairwise(ranked) if logits[i] != logits[j]
    ]

    kept = allowed_tokens(Typical(mass)(logits))
    if all(gap > 1e-9 for gap in gaps) and all(
        abs(mass_so_far - mass) > 1e-9 for mass_so_far in sums
    ):
        assert kept == set(ranked[:expected])


def test_typical_may_leave_out_the_most_probable():
    assert allowed_tokens(Typical(0.4)(np.log([0.4, 0.3, 0.2, 0.1]))) == {1, 2}
    assert allowed_tokens(Typical(0.5)([0, 0, 0, 0])) == {
        0,
        1,
    }  # equals by id, and no more than needed
    assert allowed_tokens(Typical(5e-324)([0, 0, 0, 0])) == {0}


@few
@given(logit_lists, st.sampled_from([0.25, 0.5, 2, 8]), st.data())
def test_the_penalty_divides_the_positive_and_multiplies_the_negative(logits, theta, data):
    context = data.draw(st.lists(st.integers(0, len(logits) - 1), max_size=6))
    expected = [
        (logit * theta if logit < 0 else logit / theta) if i in context else logit
        for i, logit in enumerate(logits)
    ]
    out = RepetitionPenalty(theta)(logits, context)
    assert out.tolist() == expected
    assert np.all(out <= logits) if theta > 1 else np.all(out >= logits)  # above 1 it discourages
    assert np.array_equal(out, RepetitionPenalty(theta)(logits, context * 2))  # once


def test_the_penalty_counts_the_latest_ids_of_its_window():
    logits = [4, 4, 4]
    assert RepetitionPenalty(2, window=1)(logits, [0, 1]).tolist() == [4, 2, 4]
    assert RepetitionPenalty(2, window=9)(logits, [0, 1]).tolist() == [2, 2, 4]
    assert RepetitionPenalty(2)(logits).tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("logits", "theta", "context", "best"),
    [
        ([-5, -3], 1e308, [0, 1], 1),
        ([-5, -3, -400], 1e308, [0, 1], 2),
        ([5, 3], 1e-308, [0, 1], 0),
        ([3, 5], 1e-308, [0], 0),
        ([5, 3, -1e300], 1e-308, [0, 1], 0),
        ([-1e308, -1.1e308], 1e10, [0, 1], 0),
        ([9e299, 1e300], 1e-308, [0, 1], 1),
    ],
)
def test_a_huge_penalty_leaves_the_right_token(logits, theta, context, best):
    """The products overflow; their order does not."""
    with np.errstate(all="raise"):
        out = RepetitionPenalty(theta)(logits, context)
        assert int(np.argmax(out)) == best
        assert (
            draw(logits, size=20, chain=Chain([RepetitionPenalty(theta)]), context=context).tolist()
            == [best] * 20
        )


def test_a_penalty_after_the_temperature_sees_the_tempered_logits():
    """It depends on where zero is: less the largest, both logits would be penalised as negative."""
    chain = Chain([Temperature(0.5), RepetitionPenalty(2)])
    assert chain([2, 1], [0]).tolist() == [2, 2]
    assert np.bincount(draw([2, 1], size=1000, chain=chain, context=[0])) == pytest.approx(
        500, abs=80
    )  # 5 sigma
