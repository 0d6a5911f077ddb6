"""The network of GPT-2: its logits are those of the definition and of transformers."""

import math
import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.language import GPT2, generate, stream
from boltzmann.language.gpt2 import layers, network
from tests.support.gpt2_checkpoints import (
    CORPUS,
    PROMPTS,
    STORED,
    TINY,
    needs_transformers,
    random_network,
    transformers_logits,
    write_folder,
)


def by_definition(config, weights, ids):
    """Return the logits after each token, one token and one head at a time, in float64."""
    W = {name: array.astype(np.float64) for name, array in weights.items()}
    D = config["n_embd"]
    heads = config["n_head"]
    epsilon = config["layer_norm_epsilon"]
    gelu = np.vectorize(
        lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    )

    def norm(name, x):
        return (x - x.mean()) / math.sqrt(x.var() + epsilon) * W[f"{name}.weight"] + W[
            f"{name}.bias"
        ]

    def affine(name, x):
        return x @ W[f"{name}.weight"] + W[f"{name}.bias"]

    states = [W["wte.weight"][i] + W["wpe.weight"][place] for place, i in enumerate(ids)]
    for k in range(config["n_layer"]):
        split = [np.split(affine(f"h.{k}.attn.c_attn", norm(f"h.{k}.ln_1", x)), 3) for x in states]
        for place in range(len(ids)):
            averages = []
            for head in np.split(np.arange(D), heads):
                q = split[place][0][head]
                energies = [
                    -(q @ split[j][1][head]) / math.sqrt(D / heads) for j in range(place + 1)
                ]
                p = bz.probabilities(energies, 1.0)
                averages.append(sum(p[j] * split[j][2][head] for j in range(place + 1)))
            x = states[place] + affine(f"h.{k}.attn.c_proj", np.concatenate(averages))
            hidden = gelu(affine(f"h.{k}.mlp.c_fc", norm(f"h.{k}.ln_2", x)))
            states[place] = x + affine(f"h.{k}.mlp.c_proj", hidden)
    head = W["wte.weight"] if config["tie_word_embeddings"] else W["lm_head.weight"]
    return np.array([head @ norm("ln_f", x) for x in states])


SIZES = [
    {},
    {"layers": 1, "heads": 1, "width": 8},
    {"layers": 2, "heads": 2, "width": 64, "inner": 24, "epsilon": 1e-2},
    {"tied": False, "epsilon": 1.0},
]


@pytest.mark.parametrize("size", SIZES)
def test_logits_are_those_of_the_definition(size, tmp_path):
    """To 1e-4, of logits of some 5: float32 leaves some 1e-5."""
    config, weights = random_network(1, **size)
    model = GPT2.load(write_folder(tmp_path / "model", config, weights))
    ids = np.random.default_rng(2).integers(0, 300, 24)
    expected = by_definition(config, weights, ids)
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(model.all_logits(ids), expected, rtol=0, atol=1e-4)
    steps = [model.logits(ids[: k + 1]) for k in range(24)]
    np.testing.assert_allclose(steps, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_in_double_precision_logits_are_the_definitions_to_a_dozen_digits(size, tmp_path):
    """To 1e-11, of logits of some 5: a million times closer than any step in float32 would be."""
    config, weights = random_network(1, **size)
    model = GPT2.load(write_folder(tmp_path / "model", config, weights), dtype=np.float64)
    ids = np.random.default_rng(2).integers(0, 300, 24)
    expected = by_definition(config, weights, ids)
    np.testing.assert_allclose(model.all_logits(ids), expected, rtol=0, atol=1e-11)
    steps = [model.logits(ids[: k + 1]) for k in range(24)]
    np.testing.assert_allclose(steps, expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(
        model.logits([ids[:7], ids[:3]]), expected[[6, 2]], rtol=0, atol=1e-11
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float64", np.dtype("f4")])
def test_logits_are_of_the_precision_asked_for(dtype):
    model = GPT2.load("tiny", dtype)
    for logits in (
        model.logits("The"),
        model.logits(["The", "A fire"]),
        model.all_logits("A fire"),
    ):
        assert logits.dtype == dtype
    assert model.logits(np.zeros((0, 3), int)).dtype == dtype
    assert GPT2.load("tiny").logits("The").dtype == np.float32


def test_logits_are_those_stored(tiny):
    """They are transformers', of the checkpoint that ships."""
    stored = np.load(STORED)
    for k, prompt in enumerate(PROMPTS):
        np.testing.assert_array_equal(tiny.encode(prompt), stored[f"ids_{k}"])
        np.testing.assert_allclose(
            tiny.all_logits(prompt), stored[f"logits_{k}"], rtol=0, atol=1e-4
        )


@needs_transformers
@pytest.mark.filterwarnings("ignore")
def test_logits_are_those_of_transformers(tiny, tmp_path):
    ids = tiny.encode(CORPUS[:2000])[:256]
    np.testing.assert_allclose(
        tiny.all_logits(ids), transformers_logits(TINY, ids), rtol=0, atol=1e-4
    )
    for size in SIZES:
        config, weights = random_network(3, **size)
        folder = write_folder(tmp_path / "model", config, weights)
        ids = np.random.default_rng(4).integers(0, 300, 24)
        expected = transformers_logits(folder, ids)
        np.testing.assert_allclose(GPT2.load(folder).all_logits(ids), expected, rtol=0, atol=1e-4)


@needs_transformers
@pytest.mark.filterwarnings("ignore")
def test_stored_logits_are_those_of_transformers():
    stored = np.load(STORED)
    for k in range(len(PROMPTS)):
        expected = transformers_logits(TINY, stored[f"ids_{k}"])
        np.testing.assert_allclose(stored[f"logits_{k}"], expected, rtol=0, atol=2e-5)


def fresh_logits(model, ids):
    return model.all_logits(ids)[-1]


def test_the_cache_changes_no_logits(small):
    """Contexts that go on, branch off, shrink, leave the window and return, as without a cache."""
    generator = np.random.default_rng(6)
    ids = [int(i) for i in generator.integers(0, 300, 3)]
    longest = 0
    for _ in range(120):
        longest = max(longest, len(ids))
        ids = ids[: generator.integers(1, len(ids) + 1)] if generator.random() < 0.05 else ids
        ids = ids + [int(i) for i in generator.integers(0, 300, generator.integers(0, 4))]
        np.testing.assert_allclose(small.logits(ids), fresh_logits(small, ids), rtol=0, atol=1e-4)
    assert longest > 2 * 24


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-4), (np.float64, 1e-11)])
def test_the_cache_grows_with_the_text(dtype, error):
    """From a capacity of 64 tokens to the whole window, and beyond it."""
    model = GPT2.load("tiny", dtype)
    ids = model.encode(CORPUS[:1200])[: 256 + 20]
    assert ids.size == 256 + 20
    expected = model.all_logits(ids)
    steps = [model.logits(ids[: k + 1]) for k in range(ids.size)]
    np.testing.assert_allclose(steps, expected, rtol=0, atol=error)


def computed_tokens(monkeypatch):
    """Return a list that grows by the number of tokens each time that the network runs."""
    counts = []
    run = network.hidden_states

    def counted(weights, config, ids, cache):
        counts.append(ids.size)
        return run(weights, config, ids, cache)

    monkeypatch.setattr(network, "hidden_states", counted)
    return counts


def test_generation_computes_each_token_once(small, monkeypatch):
    """Up to the window; then twelve tokens are computed again for each twelve drawn."""
    counts = computed_tokens(monkeypatch)
    list(stream(small, "abcd", length=21))
    assert counts == [4] + [1] * 20
    counts.clear()
    list(stream(small, "abcde", length=50))
    assert counts == [5] + [1] * 19 + [13] + [1] * 11 + [13] + [1] * 11 + [13] + [1] * 5


def test_an_interrupted_call_leaves_no_false_cache(small, monkeypatch):
    small.logits([1, 2, 3])
    with monkeypatch.context() as patch:
        patch.setattr(network, "hidden_states", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            small.logits([1, 2, 3, 4, 5, 6])
    ids = [1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(small.logits(ids), fresh_logits(small, ids), rtol=0, atol=1e-4)


def test_recent_logits_are_those_after_each_beginning(small):
    """Texts that go on, whose ends are replaced, and that leave the window, as without a cache."""
    generator = np.random.default_rng(5)
    ids = [int(i) for i in generator.integers(0, 300, 3)]
    for _ in range(120):
        ids = ids[: generator.integers(max(0, len(ids) - 6), len(ids) + 1)]
        ids = ids + [int(i) for i in generator.integers(0, 300, generator.integers(1, 9))]
        count = int(generator.integers(1, min(len(ids), 40) + 1))
        expected = small.all_logits(ids)[-count:]
        np.testing.assert_allclose(small.recent_logits(ids, count), expected, rtol=0, atol=1e-4)
        if generator.random() < 0.2:
            small.logits([1, 2, 3])
    assert len(ids) > 3 * 24


def test_recent_logits_compute_no_token_again(small, monkeypatch):
    counts = computed_tokens(monkeypatch)
    for ids, count, computed in [
        ([1, 2, 3, 4, 5], 1, 5),
        ([1, 2, 3, 4, 5, 6, 7], 1, 2),  # it goes on
        ([1, 2, 3, 4, 9], 1, 1),  # its end was replaced
        ([1, 2, 3, 4, 9], 3, 3),  # known, but for the logits
        ([8, 2, 3, 4, 9], 2, 5),  # another text
        ([*range(20, 45)], 2, 24 + 13),  # across a move of the window
    ]:
        counts.clear()
        small.recent_logits(ids, count)
        assert sum(counts) == computed


def test_the_beginning_of_no_token_has_logits_where_a_text_can_begin(small):
    for ids in ([], [5], [5, 6, 7]):
        rows = small.recent_logits(ids, len(ids) + 1)
        assert rows.shape == (len(ids) + 1, 300)
        for k, row in enumerate(rows):
            np.testing.assert_allclose(row, small.logits(ids[:k]), rtol=0, atol=1e-4)
        with pytest.raises(ValueError, match=f"count is {len(ids) + 2}: of {len(ids)} tokens"):
            small.recent_logits(ids, len(ids) + 2)


@pytest.mark.parametrize("lengths", [(5, 5, 5), (1, 9, 24), (40, 3, 24), (31, 31)])
def test_a_batch_is_its_texts_one_by_one(small, lengths):
    generator = np.random.default_rng(7)
    texts = [generator.integers(0, 300, n) for n in lengths]
    together = small.logits([list(text) for text in texts])
    assert together.shape == (len(lengths), 300)
    np.testing.assert_allclose(
        together, [fresh_logits(small, text) for text in texts], rtol=0, atol=1e-4
    )


def test_an_empty_batch_has_no_logits(small):
    assert small.logits(np.zeros((0, 3), int)).shape == (0, 300)


def test_a_batch_is_cached(small, monkeypatch):
    counts = computed_tokens(monkeypatch)
    ids = np.random.default_rng(8).integers(0, 300, (4, 30))
    for n in range(6, 31):
        expected = [fresh_logits(small, row[:n]) for row in ids]
        counts.clear()
        np.testing.assert_allclose(small.logits(ids[:, :n]), expected, rtol=0, atol=1e-4)
        assert counts == [24 if n == 6 else 4 * 13 if n == 25 else 4]
    by_text = small.logits(["the", "a b", ""])
    np.testing.assert_allclose(by_text[1], small.logits("a b"), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("n", "start"), [(1, 0), (24, 0), (25, 12), (36, 12), (37, 24), (48, 24), (49, 36)]
)
def test_beyond_its_window_a_model_sees_the_last_half_to_whole_of_it(small, n, start):
    ids = np.random.default_rng(9).integers(0, 300, n)
    expected = fresh_logits(small, ids[start:])
    np.testing.assert_allclose(small.logits(ids), expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(small.all_logits(ids)[-1], expected, rtol=0, atol=1e-4)
    if start:
        assert (
            np.abs(fresh_logits(small, ids[start + 1 :]) - expected).max() > 0.1
        )  # one token less is seen


def test_logits_are_the_callers_to_keep(small):
    first = small.logits([1, 2])
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(small.logits([1, 2]), kept)  # to the last bit
    ids = np.array([[1, 2], [3, 4]])
    small.logits(ids)
    ids[:] = 9  # the caller's array may change; the cache may not
    expected = [fresh_logits(small, row) for row in ids]
    np.testing.assert_allclose(small.logits(ids), expected, rtol=0, atol=1e-4)


def test_a_text_has_the_probability_of_its_tokens(small):
    text = "the cat sat on the mat, and that was that. the end of it all"
    ids = small.encode(text)
    assert ids.size > 2 * 24 - 10
    log_p = [bz.log_softmax(small.logits(ids[:k]).astype(float))[i] for k, i in enumerate(ids)]
    assert small.log_probability(text) == pytest.approx(sum(log_p), abs=1e-3)
    assert small.log_probability(ids) == small.log_probability(text)
    assert small.perplexity(text) == pytest.approx(math.exp(-sum(log_p) / ids.size), rel=1e-4)
    assert small.log_probability("") == 0


def test_an_empty_context_is_the_beginning_of_a_text(small, tmp_path):
    assert small.begin_id == 7
    np.testing.assert_array_equal(small.logits(""), small.logits([7]))
    config, weights = random_network(5)
    lost = GPT2.load(write_folder(tmp_path / "lost", config | {"bos_token_id": 300}, weights))
    assert lost.begin_id is None
    with pytest.raises(
        ValueError, match=r"context is empty, and .* has no token that begins a text"
    ):
        lost.logits("")


# The checkpoint that ships


def test_held_out_text_is_as_probable_as_the_model_card_says_and_more_than_to_an_ngram(tiny):
    """To the three digits of the card, for the stored weights, in float16; and beyond a 5-gram."""
    card = (TINY / "README.md").read_text()
    letters = int(re.search(r"The last (\d+)\s+letters", card)[1])
    training = CORPUS[:-letters]
    held_out = CORPUS[-letters:]
    assert 0.08 < letters / len(CORPUS) < 0.12

    log_probability = tiny.log_probability(held_out)
    perplexity = math.exp(-log_probability / tiny.encode(held_out).size)
    printed = float(re.search(r"per token, held-out text \| ([\d.]+)", card)[1])
    assert perplexity == pytest.approx(printed, abs=1e-3)

    ngram = bz.language.NGram.fit(training, order=5, unknown=True)
    assert log_probability > ngram.log_probability(held_out)


def words(text):
    return re.findall(r"[A-Za-z]+", text)


def test_its_text_reads_like_the_corpus(tiny):
    """At t = 0.7 most longer words are the corpus's, in sentences of its length; not so at t = 3.

    Of pieces put together at random (t = ∞) somewhat more than half are words, as many tokens are.
    """
    known = set(words(CORPUS))

    def measured(t):
        text = "".join(generate(tiny, "The fire was", 150, t, seed=seed) + " " for seed in range(4))
        longer = [word in known for word in words(text) if len(word) > 3]
        return np.mean(longer), len(words(text)) / max(1, text.count("."))

    length = len(words(CORPUS)) / CORPUS.count(".")
    share, per_sentence = measured(0.7)
    hot_share, hot_per_sentence = measured(3.0)
    assert share > 0.85 > 0.75 > hot_share
    assert per_sentence == pytest.approx(length, rel=0.5)
    assert hot_per_sentence != pytest.approx(length, rel=0.5)


def test_it_is_small_and_needs_nothing_but_numpy():
    assert sum(file.stat().st_size for file in TINY.iterdir()) < 4e6
    program = """
import sys
import tracemalloc
from boltzmann.language import GPT2, generate
generate(GPT2.load("tiny"), "The fire", 3)
print(*sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    peers = {"torch", "transformers", "tokenizers", "safetensors", "huggingface_hub"}
    assert not peers & set(result.stdout.split())


def test_one_seed_gives_one_text_whatever_came_before(tiny):
    texts = [generate(model, "The fire", 40, seed=3) for model in (tiny, tiny, GPT2.load("tiny"))]
    assert texts[0] == texts[1] == texts[2]


def test_the_compiled_activation_is_the_plain_one(monkeypatch):
    """In float32, from numbers whose exponential is 0 to such as have one beyond a float32."""
    x = np.linspace(-60, 60, 100_001, dtype=np.float32)
    plain = x.astype(np.float64)
    compiled = x.copy()
    layers.gelu_in_place(plain)
    monkeypatch.setattr(layers, "MANY", 0)
    layers.gelu_in_place(compiled)
    assert np.max(np.abs(compiled - plain) / (1e-3 + np.abs(plain))) < 2e-6
    assert np.all(compiled[x > 20] == x[x > 20])
    assert np.all(np.abs(compiled[x < -20]) < 1e-30)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 9), (5, 5), (70, 70), (130, 150), (64, 64)])
def test_attention_by_blocks_is_attention(n, m):
    """Against all scores at once, those of later tokens at -inf, in float64."""
    random = np.random.default_rng(n)
    B, H, d = 2, 3, 4
    weights = {
        "a.c_attn.weight": random.normal(size=(H * d, 3 * H * d)),
        "a.c_attn.bias": random.normal(size=3 * H * d),
        "a.c_proj.weight": np.eye(H * d),
        "a.c_proj.bias": np.zeros(H * d),
    }
    x = random.normal(size=(B, n, H * d))
    keys, values = random.normal(size=(2, B, H, m, d))
    result = layers.attention(weights, "a", x, keys, values)

    queries = (x @ weights["a.c_attn.weight"] + weights["a.c_attn.bias"])[..., : H * d]
    scores = queries.reshape(B, n, H, d).swapaxes(1, 2) @ keys.swapaxes(2, 3) / 2  # sqrt(d)
    scores[..., ~np.tri(n, m, m - n, dtype=bool)] = -np.inf
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    expected = (p / p.sum(axis=-1, keepdims=True)) @ values
    assert result == pytest.approx(expected.swapaxes(1, 2).reshape(B, n, H * d), rel=1e-12)


def test_attention_keeps_no_score_of_every_pair():
    """Of 512 tokens and 4 heads, 4 MB in float32; and two blocks at the most at once."""
    random = np.random.default_rng(0)
    n, H, d = 512, 4, 2
    weights = {
        "a.c_attn.weight": random.normal(size=(8, 24)).astype(np.float32),
        "a.c_attn.bias": np.zeros(24, np.float32),
        "a.c_proj.weight": np.eye(8, dtype=np.float32),
        "a.c_proj.bias": np.zeros(8, np.float32),
    }
    keys, values = np.zeros((2, 1, H, n, d), np.float32)
    x = np.zeros((1, n, 8), np.float32)
    layers.attention(weights, "a", x, keys, values)
    tracemalloc.start()
    layers.attention(weights, "a", x, keys, values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * n * n
