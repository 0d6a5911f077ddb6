"""Chains of steps: their order, the presets of engines, what is drawn, what is refused."""

import dataclasses
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
from tests.support.decoding_steps import (
    allowed_tokens,
    chains,
    few,
    logit_lists,
    temperatures,
    truncations,
)
from tests.support.draws import Grid

INF = math.inf


# Order


def test_order_is_part_of_the_answer():
    first = Chain([Temperature(0.5), TopP(0.8)])
    last = Chain([TopP(0.8), Temperature(0.5)])
    assert allowed_tokens(first([3, 2, 1])) == {0}
    assert allowed_tokens(last([3, 2, 1])) == {0, 1}
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
    assert allowed_tokens(chain(logits)) == {int(np.argmax(logits))} == {draw(logits, chain=chain)}


def test_greedy_after_typical_takes_the_best_of_the_typical():
    logits = np.log([0.4, 0.3, 0.2, 0.1])
    assert draw(logits, chain=Chain([Typical(0.4), Temperature(0)])) == 1
    assert draw(logits, chain=Chain([Temperature(0), Typical(0.4)])) == 0


@few
@given(logit_lists, st.integers(1, 9), st.floats(0.05, 20))
def test_top_k_and_temperature_commute(logits, k, t):
    one = Chain([TopK(k), Temperature(t)])
    other = Chain([Temperature(t), TopK(k)])
    assert np.array_equal(one(logits), other(logits))


@few
@given(logit_lists, st.floats(0.001, 0.9), st.floats(0.5, 3))
def test_min_p_before_the_temperature_is_another_min_p_after_it(logits, min_p, t):
    """p_i / p_max >= m before is (p_i / p_max)^(1/t) >= m^(1/t) after, up to rounding."""
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
        engine: allowed_tokens(Chain.preset(engine, temperature=0.5, top_p=0.8)([3, 2, 1]))
        for engine in ("transformers", "vllm", "llama.cpp", "ollama")
    }
    assert kept == {"transformers": {0}, "vllm": {0}, "llama.cpp": {0, 1}, "ollama": {0}}
    logits = np.log(
        [0.5, 0.2, 0.2, 0.1]
    )  # min_p before top_p: 0.6 of 1, or of what min_p leaves, .5
    assert allowed_tokens(Chain.preset("vllm", min_p=0.45, top_p=0.75)(logits)) == {0}
    assert allowed_tokens(Chain.preset("transformers", min_p=0.3, top_p=0.75)(logits)) == {0, 1, 2}
    assert allowed_tokens(Chain.preset("vllm", min_p=0.3, top_p=0.75)(logits)) == {0, 1}


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
    monkeypatch.setattr(drawing, "draw_few_of_many_tokens", lambda *_: np.array([4321]))
    assert draw(np.zeros(5000), **arguments) == 4321
    assert draw([0, -INF], chain=Chain([TopK(1)])) == draw([0, -INF], top_k=1) == 0  # the control


@few
@given(logit_lists, chains)
def test_draws_have_the_law_of_the_chains_logits(logits, chain):
    """Without chance: of 1000 evenly spaced numbers n·p fall on each token, to within one."""
    counts = np.bincount(draw(logits, size=1000, seed=Grid(), chain=chain), minlength=len(logits))
    assert counts == pytest.approx(1000 * bz.softmax(chain(logits)), abs=1.001)


def test_large_logits_lose_no_digit_to_the_temperature():
    """1e15 / 0.3 has a spacing of 0.5."""
    chain = Chain([Temperature(0.3), TopP(0.99)])
    assert np.array_equal(
        draw([1e15, 1e15 - 1], size=500, chain=chain), draw([1, 0], size=500, chain=chain)
    )


def test_what_is_drawn_becomes_context():
    """A ban on repetition: each of six letters comes once, the prompt's included."""
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
