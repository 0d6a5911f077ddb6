"""`generate` and `stream`: each token is a draw from the law of the model, given all before it."""

import importlib
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from boltzmann.language import (
    Chain,
    NGram,
    RepetitionPenalty,
    Temperature,
    TopP,
    draw,
    generate,
    load_corpus,
    stream,
)
from tests.support.draws import ALPHA, g_test, law, power, support

# `boltzmann.language.generate` is the function
generate_module = importlib.import_module("boltzmann.language.decoding.generate")
INF = math.inf
TEXT = "abcbacabbcacbbaacbccbaabac" * 40


@pytest.fixture(scope="module")
def abc() -> NGram:
    return NGram.fit(TEXT, order=2)


@pytest.mark.parametrize("t", [0.6, 1.3])
def test_generated_letters_follow_the_tempered_law_of_their_context(t):
    """A G-test, one law a context, false alarm 1e-6; 8 % off in t is missed at most once in 1e6."""
    model = NGram.fit("abcabcabcabcbabcabcabacabcabcabcacbacabcabcaabcabbcabccabc", order=2)
    text = "a" + generate(model, "a", 43_000, temperature=t, seed=5)
    pairs = Counter(pairwise(text))
    counts = np.array([[pairs[context, letter] for letter in "abc"] for context in "abc"])

    def laws(temperature):
        return np.array([law(model.logits(context).tolist(), temperature) for context in "abc"])

    assert g_test(counts, laws(t)) > ALPHA
    for wrong in (1.08 * t, 0.92 * t):
        assert power(counts.sum(axis=1), laws(wrong), laws(t)) > 1 - 1e-6
        assert g_test(counts, laws(wrong)) < ALPHA


def test_each_letter_takes_the_next_number_of_the_generator():
    """Letter by letter the same as an inverse CDF worked out here: t and context are exact.

    A number nearer than 1e-9 to a border could round either way; among 2000 letters and 3 borders
    that has a chance of 1e-5, and the seed is fixed."""
    model = NGram.fit("abcabcabcabcbabcabcabacabcabcabcacbacabcabcaabcabbcabccabc", order=3)
    text = "ab"
    for number in np.random.default_rng(11).random(2000):
        p = law(model.logits(text).tolist(), 0.8)
        text += "a" if number < p[0] else "b" if number < p[0] + p[1] else "c"
    assert generate(model, "ab", 2000, temperature=0.8, seed=11) == text[2:]
    assert generate(model, "ab", 2000, temperature=0.8 * 1.001, seed=11) != text[2:]  # the control


def test_the_whole_context_reaches_the_model():
    """Order 4 at t = 0: each letter is the likeliest after all before it, prompt and drawn ones."""
    model = NGram.fit(load_corpus()[:20_000], order=4)
    text = "The "
    for _ in range(60):
        text += model.alphabet[int(np.argmax(model.logits(text)))]
    assert generate(model, "The ", 60, temperature=0) == text[4:]
    assert generate(model, "The ", 60, temperature=0.8, top_k=1) == text[4:]
    assert generate(model, "xyz The ", 60, temperature=0) == text[4:]
    assert generate(model, "", 60, temperature=0) != text[4:]


def test_at_infinite_temperature_every_letter_is_as_likely():
    """A G-test, false alarm 1e-6: one letter of eight 22 % too often is caught in all but 1e-6."""
    model = NGram.fit("aaaaaaaaaaaaabcdefgh", order=3)
    text = generate(model, "", 18_500, temperature=INF, seed=6)
    uneven = np.array([1.22, *[1 - 0.22 / 7] * 7]) / 8
    assert power(18_500, [1 / 8] * 8, uneven) > 1 - 1e-6
    assert g_test([text.count(letter) for letter in model.alphabet], [1 / 8] * 8) > ALPHA


def test_the_text_is_the_continuation_and_has_the_length_asked_for(abc):
    for length in (0, 1, 17, np.int64(3)):
        text = generate(abc, "abc", length)
        assert len(text) == length
        assert set(text) <= set("abc")
    assert generate(abc, "abc", 0) == ""


def test_stream_yields_the_letters_of_generate(abc):
    ids = stream(abc, "a", 30, 0.7, 2, 0.95, 0.01, seed=9)
    assert next(ids) in (0, 1, 2)
    ids = [*stream(abc, "a", 30, 0.7, 2, 0.95, 0.01, seed=9)]
    assert abc.decode(ids) == generate(
        abc, "a", 30, temperature=0.7, top_k=2, top_p=0.95, min_p=0.01, seed=9
    )


def test_one_seed_gives_one_text_and_a_generator_moves_on(abc):
    assert generate(abc, "a", 50, seed=1) == generate(abc, "a", 50, seed=1)
    assert generate(abc, "a", 50, seed=1) != generate(abc, "a", 50, seed=2)
    generator = np.random.default_rng(1)
    first = generate(abc, "a", 50, seed=generator)
    assert first == generate(abc, "a", 50, seed=1)
    assert generate(abc, "a", 50, seed=generator) != first
    generator = np.random.default_rng(1)
    half = generate(abc, "a", 25, seed=generator)
    assert (
        half + generate(abc, "a" + half, 25, seed=generator) == first
    )  # cut into calls, the same text


@pytest.mark.parametrize("truncation", [{"top_k": 2}, {"top_p": 0.5}, {"min_p": 0.9}])
def test_each_truncation_reaches_the_draw(abc, truncation):
    text = generate(abc, "a", 400, temperature=1.5, seed=3, **truncation)
    pairs = set(zip("a" + text, text, strict=False))
    allowed = {
        (context, abc.alphabet[i])
        for context in "abc"
        for i in support(abc.logits(context), 1.5, **truncation)
    }
    assert pairs == allowed
    assert len(allowed) < 9


class NoLogits:
    """A model that must not be asked for logits."""

    def __init__(self, model):
        self.encode = model.encode
        self.decode = model.decode

    def logits(self, context):
        raise AssertionError("asked for logits")


@pytest.mark.parametrize("function", [generate, stream])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt": "abπé"}, r"prompt: .*'π' \(U\+03C0\) at index 2, 'é' \(U\+00E9\) at index 3"),
        ({"prompt": None}, "prompt: "),
        ({"length": -1}, "length is -1"),
        ({"length": 2.0}, "length must be a whole number"),
        ({"temperature": -1}, "temperature is -1"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"top_k": 0}, "top_k"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": -0.5}, "top_p"),
        ({"min_p": 1.5}, "min_p"),
        ({"seed": "x"}, "seed"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(abc, function, change, words):
    arguments = {"model": NoLogits(abc), "prompt": "ab", "length": 3}
    with pytest.raises(AssertionError, match="asked"):
        list(function(**arguments))
    with pytest.raises(ValueError, match=words):
        function(**{**arguments, **change})


def test_the_unknown_token_is_never_drawn():
    """At t = inf one letter in four would be unknown: 400 letters without one by chance, 1e-50."""
    model = NGram.fit("abc", order=2, unknown=True)
    hidden = NoLogits(model)
    hidden.logits = model.logits
    text = generate(model, "aπ", 400, temperature=INF, seed=1)
    assert set(text) == set("abc")
    assert "<unk>" in generate(hidden, "aπ", 400, temperature=INF, seed=1)  # the control
    assert np.exp(model.logits("a"))[model.unknown_id] > 0  # the model's own answer stays whole


class Bytes:
    """A model of bytes, whose tokens may be halves of letters: it writes é again and again."""

    def encode(self, text):
        return list(text.encode())

    def decode(self, ids):
        return bytes(ids).decode()

    def logits(self, context):
        following = 0xA9 if context and context[-1] == 0xC3 else 0xC3
        return [0.0 if i == following else -INF for i in range(256)]


def test_tokens_may_be_smaller_than_letters():
    assert generate(Bytes(), "caf", 6, temperature=1) == "ééé"


def test_a_models_bad_logits_are_refused(abc):
    hidden = NoLogits(abc)
    for bad, words in [
        ([0, math.nan, 1], r"logits\[1\] is nan"),
        ([-INF] * 3, "all -inf"),
        ([[0, 1]], "shape"),
    ]:
        hidden.logits = lambda context, bad=bad: bad
        with pytest.raises(ValueError, match=words):
            generate(hidden, "a", 3)


class Forgetful:
    """An n-gram that says nothing of its reach, or counts how often it is asked."""

    def __init__(self, model, reach=None):
        self.encode = model.encode
        self.decode = model.decode
        self.unknown_id = model.unknown_id
        self.model = model
        self.asked = []
        if reach is not None:
            self.reach = reach

    def logits(self, context):
        self.asked.append(tuple(context[-self.model.reach :]))
        return self.model.logits(context)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 0},
        {"temperature": 0.7},
        {"temperature": INF},
        {"temperature": 1.2, "top_k": 5, "top_p": 0.9},
        {"chain": Chain([TopP(0.9), Temperature(0.8)])},
        {"chain": Chain([RepetitionPenalty(1.3, window=20), Temperature(0.8)])},
    ],
)
@pytest.mark.parametrize("most_kept", [0, 500, 2**20])
def test_the_law_of_an_ending_is_computed_once_and_the_text_is_the_same(
    monkeypatch, settings, most_kept
):
    monkeypatch.setattr(generate_module, "MOST_KEPT", most_kept)
    ngram = NGram.fit(load_corpus()[:5000], order=3, unknown=True)
    plain = Forgetful(ngram)
    keeping = Forgetful(ngram, reach=2)
    text = generate(keeping, "The", 1500, seed=4, **settings)
    assert text == generate(plain, "The", 1500, seed=4, **settings)
    assert len(plain.asked) == 1500
    if most_kept == 2**20 and "RepetitionPenalty" not in str(settings):
        assert sorted(keeping.asked) == sorted(set(plain.asked))


def test_laws_of_many_tokens_are_not_kept():
    """They are drawn by the kernel for many tokens, as `draw` does."""

    class Wide(Bytes):
        reach = 1

        def logits(self, context):
            return np.random.default_rng(context[-1]).normal(size=5000)

        def decode(self, ids):
            return ids

    generator = np.random.default_rng(2)
    expected = [97]
    for _ in range(30):
        expected.append(draw(Wide().logits(expected), 0.7, seed=generator))
    assert generate(Wide(), "a", 30, temperature=0.7, seed=2) == expected[1:]
