"""`speculate`: whatever the draft, the text has exactly the target's law."""

import math
from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest

from boltzmann.language import (
    GPT2,
    Chain,
    NGram,
    RepetitionPenalty,
    Speculation,
    Temperature,
    TopK,
    generate,
    speculate,
)
from boltzmann.language.decoding import speculative
from boltzmann.language.gpt2 import network
from tests.support.draws import ALPHA, g_test, law, power, support

INF = math.inf
TEXT = "abcbacabbcacbbaacbccbaabac" * 40
GRID = 4  # the numbers of an enumeration are the middles of so many equal parts of [0, 1)

# Laws of the next letter after each letter, in quarters: of p, q, p/q and of what p has more.
TARGET = {None: (2, 1, 1), 0: (1, 2, 1), 1: (1, 1, 2), 2: (3, 1, 0)}
DRAFT = {None: (4, 0, 0), 0: (2, 1, 1), 1: (2, 2, 0), 2: (1, 1, 2)}


class Letters:
    """A model of the letters abc that looks one letter back."""

    alphabet = ("a", "b", "c")

    def __init__(self, quarters, t=1.0):
        with np.errstate(divide="ignore"):
            self.table = {last: t * np.log(np.array(row) / 4) for last, row in quarters.items()}

    def encode(self, text):
        return ["abc".index(letter) for letter in text]

    def decode(self, ids):
        return "".join("abc"[i] for i in ids)

    def logits(self, context):
        return self.table[context[-1] if len(context) else None]


class Scripted(np.random.Generator):
    """A generator whose first numbers are given; those asked for beyond are the smallest ones."""

    def __init__(self, script):
        super().__init__(np.random.PCG64(0))
        self.script = script
        self.used = 0

    def random(self, size=None):
        numbers = [self._next() for _ in range(size or 1)]
        return np.array(numbers) if size else numbers[0]

    def _next(self):
        if self.used == len(self.script):
            self.script.append(0)
        self.used += 1
        return (self.script[self.used - 1] + 0.5) / GRID


def exact_law(write):
    """Return the probability of each text that `write(generator)` may return.

    All scripts of numbers are run, each as long as the text that it makes needs.
    """
    found = Counter()
    script = []
    while True:
        generator = Scripted(script)
        found[write(generator)] += GRID**-generator.used
        del script[generator.used :]
        while script and script[-1] == GRID - 1:
            script.pop()
        if not script:
            return found
        script[-1] += 1


def targets_law(length):
    """Return the probability of each text of this length under the target, by its definition."""
    return {
        "".join("abc"[i] for i in ids): math.prod(
            TARGET[last][i] / 4 for last, i in pairwise([None, *ids])
        )
        for ids in product(range(3), repeat=length)
    }


def distance(found, expected):
    return sum(abs(found.get(text, 0) - p) for text, p in expected.items()) / 2


@pytest.mark.parametrize(("length", "proposals"), [(1, 4), (2, 4), (3, 1)])
def test_the_law_of_a_text_is_exactly_the_targets(length, proposals):
    """All numbers that the code may draw are gone through, and the texts add up to the law."""
    models = Letters(TARGET, t=0.5), Letters(DRAFT, t=0.5)
    found = exact_law(
        lambda generator: (
            speculate(*models, "", length, 0.5, seed=generator, proposals=proposals).text
        )
    )
    assert math.isclose(sum(found.values()), 1, abs_tol=1e-12)
    assert distance(found, targets_law(length)) < 1e-12


def test_a_replacement_from_the_target_itself_has_another_law(monkeypatch):
    """The control: rejected tokens drawn from p and not from what it has more than q."""
    monkeypatch.setattr(speculative, "excess", lambda p, q: p)
    models = Letters(TARGET), Letters(DRAFT)
    found = exact_law(lambda generator: speculate(*models, "", 2, seed=generator).text)
    assert distance(found, targets_law(2)) > 0.1


def test_letters_follow_the_tempered_law_of_their_context(t=0.6):
    """A G-test, one law a context, false alarm 1e-6; 12 % off in t is missed once in 1e6."""
    target = NGram.fit("abcabcabcabcbabcabcabacabcabcabcacbacabcabcaabcabbcabccabc", order=2)
    draft = NGram.fit("bcabbacbabc", order=1)
    result = speculate(target, draft, "a", 19_000, temperature=t, seed=5)
    assert 0.2 < result.acceptance < 0.9
    pairs = Counter(pairwise("a" + result.text))
    counts = np.array([[pairs[context, letter] for letter in "abc"] for context in "abc"])

    def laws(temperature):
        return np.array([law(target.logits(context).tolist(), temperature) for context in "abc"])

    assert g_test(counts, laws(t)) > ALPHA
    for wrong in (1.12 * t, 0.88 * t):
        assert power(counts.sum(axis=1), laws(wrong), laws(t)) > 1 - 1e-6
        assert g_test(counts, laws(wrong)) < ALPHA


def test_what_is_accepted_is_what_the_laws_share():
    """1 - Σ|p - q|/2 of independent letters; five standard deviations, a false alarm of 6e-7.

    A share off by 0.06 is missed at most once in 2e6."""
    target, draft = NGram.fit("aaabbcccccccd", order=1), NGram.fit("aaaaaabbcdddd", order=1)
    for t in (0.5, 1.0, 2.0):
        p, q = (np.array(law(model.logits("").tolist(), t)) for model in (target, draft))
        shared = np.minimum(p, q).sum()
        result = speculate(target, draft, "", 8_000, temperature=t, seed=2)
        error = math.sqrt(shared * (1 - shared) / result.proposed)
        assert abs(result.acceptance - shared) < 5 * error
        assert error < 0.03 / 5


@pytest.mark.parametrize("settings", [{"temperature": 0}, {"top_k": 1}, {"top_p": 1e-9}])
def test_a_greedy_text_is_that_of_generate(settings):
    """At t = 0, or with one token kept, nothing is left to the draft but how fast it goes."""
    target, draft = NGram.fit(TEXT, order=5), NGram.fit(TEXT, order=2)
    result = speculate(target, draft, "ab", 100, **settings)
    assert result.text == generate(target, "ab", 100, **settings)
    assert result.acceptance < 1


def test_the_context_of_a_chain_is_all_that_was_written():
    """A repetition penalty that forbids: three letters, none twice, in proposals and in checks."""
    forbid = Chain([RepetitionPenalty(1e6), Temperature(1.0)])
    target, draft = NGram.fit(TEXT, order=3), NGram.fit(TEXT, order=1)
    for seed in range(20):
        result = speculate(target, draft, "", 3, seed=seed, chain=forbid, proposals=2)
        assert set(result.text) == set("abc")


def test_truncated_tokens_are_never_written():
    target, draft = NGram.fit(TEXT, order=2), NGram.fit("aaabbbcc", order=1)
    for settings in ({"top_k": 2}, {"top_p": 0.5}, {"min_p": 0.9}):
        text = speculate(target, draft, "a", 400, temperature=1.5, seed=3, **settings).text
        allowed = {
            (last, target.alphabet[i])
            for last in "abc"
            for i in support(target.logits(last), 1.5, **settings)
        }
        assert set(pairwise("a" + text)) == allowed


def test_a_target_that_drafts_for_itself_accepts_everything():
    model = NGram.fit(TEXT, order=3)
    result = speculate(model, model, "ab", 200, seed=4)
    assert (result.proposed, result.accepted) == (160, 160)
    assert result.acceptance == 1


def test_nothing_is_written_and_nothing_asked_of_no_length():
    model = NGram.fit(TEXT, order=3)
    result = speculate(model, model, "ab", 0)
    assert result == Speculation("", (), 0, 0, 0)
    assert math.isnan(result.acceptance) and math.isnan(result.tokens_per_call)


def test_one_seed_gives_one_text_and_a_generator_moves_on():
    models = NGram.fit(TEXT, order=3), NGram.fit(TEXT, order=1)
    first = speculate(*models, "a", 50, seed=1)
    assert first == speculate(*models, "a", 50, seed=1)
    assert first.text != speculate(*models, "a", 50, seed=2).text
    generator = np.random.default_rng(1)
    assert first == speculate(*models, "a", 50, seed=generator)
    assert first.text != speculate(*models, "a", 50, seed=generator).text


def test_the_unknown_token_is_never_written():
    target, draft = (NGram.fit("abc", order=n, unknown=True) for n in (2, 1))
    text = speculate(target, draft, "aπ", 400, temperature=INF, seed=1).text
    assert set(text) == set("abc")


@pytest.fixture(scope="module")
def tiny() -> GPT2:
    return GPT2.load("tiny", np.float64)


class ShortSighted:
    """A draft of the target's tokens that sees the last three: a model to disagree at times."""

    def __init__(self, model):
        self.tokens = model.tokens
        self.encode = model.encode
        self.decode = model.decode
        self._model = GPT2.load("tiny")

    def logits(self, context):
        return self._model.logits(context[-3:])


def test_a_transformer_checks_all_proposals_in_one_pass(tiny, monkeypatch):
    """Passes, and tokens in each: none is computed twice but those behind a rejected one."""
    passes = []
    run = network.hidden_states

    def counted(weights, config, ids, cache):
        passes.append(ids.size)
        return run(weights, config, ids, cache)

    draft = Letters(TARGET)  # of other tokens, which its attributes are to hide
    draft.alphabet, draft.encode = None, tiny.encode
    draft.logits = lambda context: np.linspace(0, 3, 1024)
    monkeypatch.setattr(network, "hidden_states", counted)

    result = speculate(tiny, draft, "The fire was", 60, seed=1, proposals=3)
    assert len(result.tokens) == 60
    assert result.target_calls == len(passes) < 60
    assert passes[0] == tiny.encode("The fire was").size + 3
    assert set(passes[1:]) <= {1, 2, 3, 4}
    assert passes.count(4) > 20


def test_a_transformers_text_is_the_targets(tiny):
    """At t = 0, through rejections and the window's moves: 300 tokens in a window of 256."""
    result = speculate(tiny, ShortSighted(tiny), "The fire was", 300, temperature=0, proposals=5)
    assert result.text == generate(tiny, "The fire was", 300, temperature=0)
    assert 0 < result.accepted < result.proposed


class NoLogits(Letters):
    """A model that must not be asked for logits."""

    def __init__(self, alphabet="abc"):
        self.alphabet = tuple(alphabet)

    def logits(self, context):
        raise AssertionError("asked for logits")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"prompt": "abx"}, "prompt: "),
        ({"length": -1}, "length is -1"),
        ({"temperature": -1}, "temperature is -1"),
        ({"top_k": 0}, "top_k"),
        ({"seed": "x"}, "seed"),
        ({"proposals": 0}, "proposals is 0"),
        ({"proposals": 2.0}, "proposals must be a whole number"),
        ({"chain": [TopK(1)]}, "chain must be a Chain"),
        ({"prompt": 5}, "prompt must be a text, got 5"),
        ({"target": None}, "target must be a language model, got None"),
        ({"draft": "gpt2"}, "draft must be a language model, got 'gpt2'"),
        ({"draft": NoLogits("abcd")}, "draft.alphabet has 4 entries: it must have the target's 3"),
        ({"draft": NoLogits("abd")}, r"draft.alphabet\[2\] is 'd': it must be the target's 'c'"),
    ],
)
def test_wrong_arguments_are_refused_before_any_work(change, words):
    arguments = {"target": NoLogits(), "draft": NoLogits(), "prompt": "ab", "length": 3}
    with pytest.raises(AssertionError, match="asked"):
        speculate(**arguments)
    with pytest.raises(ValueError, match=words):
        speculate(**{**arguments, **change})


def test_models_that_do_not_name_their_tokens_are_told_apart_by_what_they_say():
    target, draft = Letters(TARGET), Letters(DRAFT)
    draft.alphabet = None
    draft.encode = lambda text: [2 for _ in text]
    with pytest.raises(ValueError, match=r"draft has other tokens: the prompt is \[2\], to the"):
        speculate(target, draft, "a", 3)
    draft.logits = lambda context: np.zeros(4)
    with pytest.raises(ValueError, match="draft has 4 logits: it must have 3, as the target"):
        speculate(target, draft, "", 3)
