"""The steps of a decoder and their order, against definitions worked out here in plain arithmetic.

Logits of the hypothesis tests are multiples of 1/4, so that sums and differences are exact and ties
are frequent."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import boltzmann as bz
from boltzmann.language import (
    Chain,
    Epsilon,
    MinP,
    NGram,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    Typical,
    draw,
    generate,
    stream,
)
from boltzmann.language.decoding import drawing

INF = math.inf
few = settings(max_examples=60, deadline=None)

quarters = st.integers(-40, 40).map(lambda n: n / 4)
logit_lists = st.lists(st.one_of(quarters, st.just(-INF)), min_size=1, max_size=9).filter(
    lambda logits: max(logits) > -INF
)
fractions = st.floats(0.01, 1)
truncations = st.one_of(
    st.integers(1, 12).map(TopK),
    fractions.map(TopP),
    fractions.map(MinP),
    fractions.map(Typical),
    fractions.map(Epsilon),
)
temperatures = st.sampled_from([0, 5e-324, 0.1, 0.7, 1, 2.5, 1e300, INF]).map(Temperature)
penalties = st.sampled_from([1e-300, 0.5, 1, 1.3, 1e6, 1e308]).map(RepetitionPenalty)
chains = st.lists(st.one_of(truncations, temperatures, penalties), max_size=5).map(Chain)


def law(logits):
    """Return softmax(logits) in plain arithmetic."""
    weights = [math.exp(logit - max(logits)) for logit in logits]
    return [weight / math.fsum(weights) for weight in weights]


def support(logits):
    return set(np.flatnonzero(np.asarray(logits) > -INF).tolist())


# What every step does


@few
@given(logit_lists, truncations)
def test_a_truncation_is_a_wall(logits, truncation):
    """A level goes to E = +inf or stays where it is; a level at +inf stays there; one at least stays below."""
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
        allowed = support(chain(logits, context))
        drawn = set(draw(logits, size=200, seed=1, chain=chain, context=context).tolist())
    assert allowed <= support(logits)
    assert drawn <= allowed


@few
@given(logit_lists, truncations, st.sampled_from([-8, -0.25, 3, 1024]))
def test_a_truncation_does_not_know_where_zero_is(logits, truncation, shift):
    assert support(truncation(logits)) == support(truncation([logit + shift for logit in logits]))


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
        support(TopK(2)(out))
        == {1, 4}
        == support(Chain([Temperature(INF), TopK(2)])([1, 3, -INF, 2, 3]))
    )
    assert support(TopP(0.75)(out)) == {1, 3, 4}
    assert support(MinP(1)(out)) == support(Epsilon(0.25)(out)) == {0, 1, 3, 4}


@few
@given(logit_lists, st.integers(1, 12))
def test_top_k_keeps_the_first_k_of_the_ranking(logits, k):
    ranked = sorted(support(logits), key=lambda i: (-logits[i], i))
    assert support(TopK(k)(logits)) == set(ranked[:k])


@few
@given(logit_lists, fractions)
def test_top_p_keeps_the_fewest_that_have_the_mass(logits, p):
    """Without the last of the kept the mass is below p, with it not; 1e-12 is for rounding."""
    probability, ranked = law(logits), sorted(support(logits), key=lambda i: (-logits[i], i))
    kept = ranked[: len(support(TopP(p)(logits)))]
    assert support(TopP(p)(logits)) == set(kept)
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
    assert support(TopP(p)(logits)) == expected


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
    assert support(MinP(1)([2, 2, 1])) == {0, 1}
    assert support(Epsilon(0.25)([0, 0, 0, 0])) == {0, 1, 2, 3}
    assert support(Epsilon(0.5)([0, -INF, 0])) == {0, 2}


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
    assert support(Epsilon(0.9)([1, 2, 1.5])) == {1}
    assert support(Epsilon(1)([1, 2, 2])) == {1, 2}


@few
@given(logit_lists, fractions)
def test_typical_keeps_the_fewest_nearest_to_the_entropy_that_have_the_mass(logits, mass):
    """The set, where no rounding decides: neither two distances within 1e-9 of each other nor a sum that near."""
    probability = law(logits)
    entropy = -math.fsum(p * math.log(p) for p in probability if p > 0)
    distance = {i: abs(-math.log(probability[i]) - entropy) for i in support(logits)}
    ranked = sorted(distance, key=lambda i: (round(distance[i], 9), i))
    sums = list(itertools.accumulate(probability[i] for i in ranked))
    expected = next(
        (n for n, mass_so_far in enumerate(sums, 1) if mass_so_far > mass - 1e-9), len(ranked)
    )
    gaps = [
        distance[j] - distance[i] for i, j in itertools.pairwise(ranked) if logits[i] != logits[j]
    ]
    kept = support(Typical(mass)(logits))
    if all(gap > 1e-9 for gap in gaps) and all(
        abs(mass_so_far - mass) > 1e-9 for mass_so_far in sums
    ):
        assert kept == set(ranked[:expected])


def test_typical_may_leave_out_the_most_probable():
    assert support(Typical(0.4)(np.log([0.4, 0.3, 0.2, 0.1]))) == {1, 2}
    assert support(Typical(0.5)([0, 0, 0, 0])) == {0, 1}  # equals by id, and no more than needed
    assert support(Typical(5e-324)([0, 0, 0, 0])) == {0}


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


def test_the_penalty_looks_at_the_latest_ids_of_its_window():
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
    """It alone asks where zero is: measured from the largest, the two would be penalised as negative."""
    chain = Chain([Temperature(0.5), RepetitionPenalty(2)])
    assert chain([2, 1], [0]).tolist() == [2, 2]
    assert np.bincount(draw([2, 1], size=1000, chain=chain, context=[0])) == pytest.approx(
        500, abs=80
    )  # 5 sigma


# Order


def test_order_is_part_of_the_answer():
    first, last = Chain([Temperature(0.5), TopP(0.8)]), Chain([TopP(0.8), Temperature(0.5)])
    assert support(first([3, 2, 1])) == {0}
    assert support(last([3, 2, 1])) == {0, 1}
    assert set(draw([3, 2, 1], size=500, chain=first).tolist()) == {0}
    assert set(draw([3, 2, 1], size=500, chain=last).tolist()) == {0, 1}


@few
@given(logit_lists, st.lists(st.one_of(truncations, temperatures), max_size=4))
def test_a_chain_is_its_steps_in_order(logits, steps):
    values = np.array(logits)
    for step in steps:
        values = step(values)
    assert np.array_equal(Chain(steps)(logits), values)
    halves = Chain([Chain(steps[:2]), *steps[2:]])
    assert halves == Chain(steps) and hash(halves) == hash(Chain(steps))


@few
@given(
    logit_lists,
    st.lists(truncations.filter(lambda step: not isinstance(step, Typical)), max_size=4),
    st.data(),
)
def test_greedy_is_greedy_wherever_it_stands(logits, steps, data):
    place = data.draw(st.integers(0, len(steps)))
    chain = Chain([*steps[:place], Temperature(0), *steps[place:]])
    assert support(chain(logits)) == {int(np.argmax(logits))} == {draw(logits, chain=chain)}


def test_greedy_after_typical_takes_the_best_of_the_typical():
    logits = np.log([0.4, 0.3, 0.2, 0.1])
    assert draw(logits, chain=Chain([Typical(0.4), Temperature(0)])) == 1
    assert draw(logits, chain=Chain([Temperature(0), Typical(0.4)])) == 0


@few
@given(logit_lists, st.integers(1, 9), st.floats(0.05, 20))
def test_top_k_and_temperature_commute(logits, k, t):
    one, other = Chain([TopK(k), Temperature(t)]), Chain([Temperature(t), TopK(k)])
    assert np.array_equal(one(logits), other(logits))


@few
@given(logit_lists, st.floats(0.001, 0.9), st.floats(0.5, 3))
def test_min_p_before_the_temperature_is_another_min_p_after_it(logits, min_p, t):
    """p_i / p_max >= m before is (p_i / p_max)^(1/t) >= m^(1/t) after; where no rounding decides."""
    if all(abs(logit - max(logits) - math.log(min_p)) > 1e-9 for logit in logits):
        before = Chain([MinP(min_p), Temperature(t)])
        after = Chain([Temperature(t), MinP(min_p ** (1 / t))])
        assert np.array_equal(before(logits), after(logits))


def test_temperatures_multiply_and_none_is_one():
    logits = [1.0, 0.5, -2]
    assert (
        Chain([Temperature(0.5), Temperature(4)])(logits).tolist()
        == Temperature(2)(logits).tolist()
    )
    assert Chain()(logits).tolist() == logits
    assert np.array_equal(draw(logits, size=99, chain=Chain()), draw(logits, 1, 99))


# Presets


@pytest.mark.parametrize(
    ("engine", "given_settings", "steps"),
    [
        ("transformers", {}, [Temperature(1), TopK(50)]),
        ("vllm", {}, [Temperature(1)]),
        ("llama.cpp", {}, [TopK(40), TopP(0.95), MinP(0.05), Temperature(0.8)]),
        ("ollama", {}, [TopK(40), Temperature(0.8), TopP(0.9)]),
        (
            "transformers",
            {
                "epsilon": 0.01,
                "typical_p": 0.9,
                "min_p": 0.1,
                "top_p": 0.8,
                "top_k": 5,
                "temperature": 0.7,
                "repetition_penalty": 1.2,
            },
            [
                RepetitionPenalty(1.2),
                Temperature(0.7),
                TopK(5),
                TopP(0.8),
                MinP(0.1),
                Typical(0.9),
                Epsilon(0.01),
            ],
        ),
        (
            "vllm",
            {"top_p": 0.8, "top_k": 5, "min_p": 0.1, "repetition_penalty": 1.2},
            [RepetitionPenalty(1.2), Temperature(1), MinP(0.1), TopK(5), TopP(0.8)],
        ),
        (
            "llama.cpp",
            {"typical_p": 0.9, "repetition_penalty": 1.1, "top_k": None},
            [
                RepetitionPenalty(1.1, window=64),
                Typical(0.9),
                TopP(0.95),
                MinP(0.05),
                Temperature(0.8),
            ],
        ),
        (
            "ollama",
            {"min_p": 0.1, "temperature": 0},
            [TopK(40), Temperature(0), TopP(0.9), MinP(0.1)],
        ),
    ],
)
def test_presets_have_the_order_and_the_defaults_of_their_engines(engine, given_settings, steps):
    assert list(Chain.preset(engine, **given_settings).steps) == steps


def test_presets_differ_where_their_engines_do():
    """top_p = .8 at t = .5: only llama.cpp truncates before it tempers."""
    kept = {
        engine: support(Chain.preset(engine, temperature=0.5, top_p=0.8)([3, 2, 1]))
        for engine in ("transformers", "vllm", "llama.cpp", "ollama")
    }
    assert kept == {"transformers": {0}, "vllm": {0}, "llama.cpp": {0, 1}, "ollama": {0}}
    logits = np.log(
        [0.5, 0.2, 0.2, 0.1]
    )  # min_p before top_p: 0.6 of 1, or of what min_p leaves, .5
    assert support(Chain.preset("vllm", min_p=0.45, top_p=0.75)(logits)) == {0}
    assert support(Chain.preset("transformers", min_p=0.3, top_p=0.75)(logits)) == {0, 1, 2}
    assert support(Chain.preset("vllm", min_p=0.3, top_p=0.75)(logits)) == {0, 1}


# Draw, generate and stream


@pytest.mark.parametrize("size", [None, 300])
@pytest.mark.parametrize("vocabulary", [7, 5000])
def test_the_arguments_of_draw_are_a_chain(size, vocabulary):
    """Of 5000 tokens the kernel draws, and of a chain of one temperature too."""
    logits = np.random.default_rng(0).normal(size=vocabulary) * 3
    for seed in range(20):
        for arguments, steps in [
            ({"temperature": 0.7}, [Temperature(0.7)]),
            ({"temperature": 0.7, "top_p": 1, "min_p": 0}, [Temperature(0.7)]),
            (
                {"temperature": 1.5, "min_p": 0.01, "top_p": 0.9, "top_k": 5},
                [Temperature(1.5), TopK(5), TopP(0.9), MinP(0.01)],
            ),
        ]:
            one = draw(logits, size=size, seed=seed, **arguments)
            other = draw(logits, size=size, seed=seed, chain=Chain(steps))
            assert np.array_equal(one, other)


@pytest.mark.parametrize(
    "arguments", [{}, {"top_p": 1, "min_p": 0}, {"chain": Chain([Temperature(1)])}]
)
def test_a_lone_temperature_is_drawn_by_the_kernel(monkeypatch, arguments):
    monkeypatch.setattr(drawing, "draw_one_of_many_tokens", lambda logits, temperature, seed: 4321)
    assert draw(np.zeros(5000), **arguments) == 4321
    assert draw([0, -INF], chain=Chain([TopK(1)])) == draw([0, -INF], top_k=1) == 0  # the control


@few
@given(logit_lists, chains)
def test_draws_have_the_law_of_the_chains_logits(logits, chain):
    """Without chance: 1000 numbers evenly spaced fall on each token to within one as often as its law says."""

    class Grid(np.random.Generator):
        def __init__(self):
            super().__init__(np.random.PCG64(0))

        def random(self, size):
            return (np.arange(size) + 0.5) / size

    counts = np.bincount(draw(logits, size=1000, seed=Grid(), chain=chain), minlength=len(logits))
    assert counts == pytest.approx(1000 * bz.softmax(chain(logits)), abs=1.001)


def test_large_logits_lose_no_digit_to_the_temperature():
    """1e15 / 0.3 has a spacing of 0.5."""
    chain = Chain([Temperature(0.3), TopP(0.99)])
    assert np.array_equal(
        draw([1e15, 1e15 - 1], size=500, chain=chain), draw([1, 0], size=500, chain=chain)
    )


def test_what_is_drawn_becomes_context():
    """A ban on repetition: of six letters each comes once, the prompt's not again; without it some come twice."""
    model = NGram.fit("abcdefabcfedbacdfe" * 9, order=1)
    banned = Chain([RepetitionPenalty(1e6)])
    text = generate(model, "c", 5, seed=3, chain=banned)
    assert sorted("c" + text) == list("abcdef")
    assert text == model.decode(list(stream(model, "c", 5, seed=3, chain=banned)))
    assert sorted("c" + generate(model, "c", 5, seed=3, chain=Chain())) != list(
        "abcdef"
    )  # the control
    short = generate(model, "c", 40, seed=3, chain=Chain([RepetitionPenalty(1e6, window=3)]))
    assert all(len(set(four)) == 4 for four in zip(*(short[i:] for i in range(4)), strict=False))


# Refusals


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Temperature(-0.1), "temperature is -0.1"),
        (lambda: Temperature(math.nan), "temperature is nan"),
        (lambda: Temperature("warm"), "temperature"),
        (lambda: TopK(0), "top_k is 0"),
        (lambda: TopK(2.0), "top_k must be a whole number"),
        (lambda: TopP(0), "top_p is 0"),
        (lambda: TopP(1.1), "top_p must be one number from 0 to 1, got 1.1"),
        (lambda: MinP(-0.1), "min_p must be one number from 0 to 1, got -0.1"),
        (lambda: Typical(0), "typical_p is 0"),
        (lambda: Typical(math.nan), "typical_p is nan"),
        (lambda: Epsilon(2), "epsilon must be one number from 0 to 1, got 2"),
        (
            lambda: RepetitionPenalty(0),
            "repetition_penalty must be one positive finite number, got 0",
        ),
        (lambda: RepetitionPenalty(INF), "repetition_penalty"),
        (lambda: RepetitionPenalty(1.1, window=0), "window is 0"),
        (lambda: Chain([TopK(3), 0.7]), r"steps\[1\] is 0.7"),
        (lambda: Chain([Temperature]), r"steps\[0\]"),
        (lambda: Chain(0.7), "steps must be a sequence of steps, got 0.7"),
        (
            lambda: Chain.preset("vLLM"),
            "engine is 'vLLM': it must be one of transformers, vllm, llama.cpp, ollama",
        ),
        (lambda: Chain.preset(["vllm"]), "engine is"),
        (
            lambda: Chain.preset("ollama", typical_p=0.9),
            "typical_p is no setting of ollama, which has top_k",
        ),
        (lambda: Chain.preset("vllm", top_k=0), "top_k is 0"),
        (lambda: TopK(2)([[0, 1]]), "logits must have shape"),
        (lambda: TopK(2)([0, math.nan]), r"logits\[1\] is nan"),
        (lambda: Chain()([-INF, -INF]), "logits are all -inf"),
        (lambda: Chain()([]), "at least 1"),
        (lambda: RepetitionPenalty(2)([0, 1], [0, 2]), r"context\[1\] is 2: ids run from 0 to 1"),
        (lambda: RepetitionPenalty(2)([0, 1], [-1]), r"context\[0\] is -1"),
        (
            lambda: RepetitionPenalty(2)([0, 1], [0.5]),
            "context must be a sequence of whole numbers",
        ),
        (
            lambda: RepetitionPenalty(2)([0, 1], 0),
            "context must be a sequence of whole numbers, got 0",
        ),
        (lambda: RepetitionPenalty(2)([0, 1], "ab"), "context must be a sequence of whole numbers"),
        (lambda: draw([0, 1], chain=TopK(2)), r"chain must be a Chain, got TopK\(top_k=2\)"),
        (lambda: draw([0, 1], 0.7, chain=Chain()), "temperature is 0.7 beside a chain"),
        (lambda: draw([0, 1], top_k=2, chain=Chain()), "top_k is 2 beside a chain"),
        (lambda: draw([0, 1], top_p=0.5, chain=Chain()), "top_p is 0.5 beside a chain"),
        (lambda: draw([0, 1], min_p=0.5, chain=Chain()), "min_p is 0.5 beside a chain"),
        (lambda: draw([0, 1], context=[2]), r"context\[0\] is 2"),
        (
            lambda: stream(NGram.fit("ab", order=1), "a", 3, 0.7, chain=Chain()),
            "temperature is 0.7 beside a chain",
        ),
        (
            lambda: generate(NGram.fit("ab", order=1), "a", 3, chain=0.7),
            "chain must be a Chain, got 0.7",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_value(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_steps_are_values():
    assert TopP(np.float32(0.5)) == TopP(0.5) and len({TopK(3), TopK(3), TopK(4)}) == 2
    assert (
        repr(Chain([Temperature(1), TopK(5)]))
        == "Chain(steps=(Temperature(temperature=1.0), TopK(top_k=5)))"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        TopK(3).top_k = 4
