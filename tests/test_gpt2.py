"""GPT-2: its logits are the definition's and the peers', with a cache and without, and its tokens are all text's.

`python tests/test_gpt2.py` writes anew what is stored: logits by transformers and ids by tokenizers, of the
checkpoint that ships.
"""

import json
import math
import re
import shutil
import subprocess
import sys
import types
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import boltzmann as bz
from boltzmann.language import GPT2, _bpe, _network, generate, load_corpus, stream

TINY = Path(bz.__file__).parent / "data" / "tiny_gpt2"
STORED = Path(__file__).parent / "gpt2_logits.npz"
PROMPTS = ("The fire was", "\n\nHeat always goes from the hot thing", "naïve 🔥", "<|endoftext|>The")
CORPUS = load_corpus()

needs_transformers = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("transformers")), reason="torch and transformers are not installed"
)
needs_tokenizers = pytest.mark.skipif(not find_spec("tokenizers"), reason="tokenizers is not installed")


@pytest.fixture(scope="module")
def tiny():
    return GPT2.load("tiny")


def random_network(seed, layers=3, heads=4, width=32, window=24, inner=None, tied=True, epsilon=1e-5, V=300):
    """Return the config and the weights of a GPT-2 that nothing has taught, each weight of a size that matters."""
    inner = inner or 4 * width
    generator = np.random.default_rng(seed)
    shapes = {
        "wte.weight": (V, width),
        "wpe.weight": (window, width),
        "ln_f.weight": (width,),
        "ln_f.bias": (width,),
    }
    for k in range(layers):
        for name, inputs, outputs in (
            ("attn.c_attn", width, 3 * width),
            ("attn.c_proj", width, width),
            ("mlp.c_fc", width, inner),
            ("mlp.c_proj", inner, width),
        ):
            shapes |= {f"h.{k}.{name}.weight": (inputs, outputs), f"h.{k}.{name}.bias": (outputs,)}
        shapes |= {f"h.{k}.ln_{i}.{part}": (width,) for i in (1, 2) for part in ("weight", "bias")}
    if not tied:
        shapes["lm_head.weight"] = (V, width)
    weights = {name: generator.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    weights |= {name: 1 + array for name, array in weights.items() if re.search(r"ln_.\.weight", name)}
    config = {"vocab_size": V, "n_positions": window, "n_embd": width, "n_layer": layers, "n_head": heads}
    config |= {"layer_norm_epsilon": epsilon, "tie_word_embeddings": tied, "model_type": "gpt2", "bos_token_id": 7}
    return config | ({"n_inner": inner} if inner != 4 * width else {}), weights


def write_folder(folder, config, weights, dtype="F32"):
    """Write a checkpoint in the Hugging Face layout, with a vocabulary of the bytes and three merges."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", weights, dtype)
    vocabulary = {chr(k if k in SHOWN else 256 + HIDDEN.index(k)): k for k in range(256)}
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the")]
    vocabulary |= {left + right: 256 + k for k, (left, right) in enumerate(merges)} | {"<|endoftext|>": 259}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    lines = "\n".join(" ".join(merge) for merge in merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{lines}\n", encoding="utf-8")
    return folder


SHOWN = [*range(33, 127), *range(161, 173), *range(174, 256)]  # the bytes that a vocabulary writes as themselves
HIDDEN = [k for k in range(256) if k not in SHOWN]


def write_safetensors(path, weights, dtype="F32"):
    cast = {
        "F32": lambda x: x.astype("<f4"),
        "F16": lambda x: x.astype("<f2"),
        "F64": lambda x: x.astype("<f8"),
        "BF16": lambda x: (x.astype("<f4").view("<u4") >> 16).astype("<u2"),
    }[dtype]
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in weights.items():
        raw = cast(array).tobytes()
        header[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def by_definition(config, weights, ids):
    """Return the logits after each token, one token and one head at a time, in float64."""
    W = {name: array.astype(np.float64) for name, array in weights.items()}
    D, heads, epsilon = config["n_embd"], config["n_head"], config["layer_norm_epsilon"]
    gelu = np.vectorize(lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))

    def norm(name, x):
        return (x - x.mean()) / math.sqrt(x.var() + epsilon) * W[f"{name}.weight"] + W[f"{name}.bias"]

    def affine(name, x):
        return x @ W[f"{name}.weight"] + W[f"{name}.bias"]

    stream_ = [W["wte.weight"][i] + W["wpe.weight"][place] for place, i in enumerate(ids)]
    for k in range(config["n_layer"]):
        asked = [np.split(affine(f"h.{k}.attn.c_attn", norm(f"h.{k}.ln_1", x)), 3) for x in stream_]
        for place in range(len(ids)):
            told = []
            for head in np.split(np.arange(D), heads):
                q = asked[place][0][head]
                energies = [-(q @ asked[j][1][head]) / math.sqrt(D / heads) for j in range(place + 1)]
                p = bz.probabilities(energies, 1.0)
                told.append(sum(p[j] * asked[j][2][head] for j in range(place + 1)))
            x = stream_[place] + affine(f"h.{k}.attn.c_proj", np.concatenate(told))
            hidden = gelu(affine(f"h.{k}.mlp.c_fc", norm(f"h.{k}.ln_2", x)))
            stream_[place] = x + affine(f"h.{k}.mlp.c_proj", hidden)
    head = W["wte.weight"] if config["tie_word_embeddings"] else W["lm_head.weight"]
    return np.array([head @ norm("ln_f", x) for x in stream_])


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
    """To 1e-11, of logits of some 5: a million times closer than float32 comes, so that no step can be in it."""
    config, weights = random_network(1, **size)
    model = GPT2.load(write_folder(tmp_path / "model", config, weights), dtype=np.float64)
    ids = np.random.default_rng(2).integers(0, 300, 24)
    expected = by_definition(config, weights, ids)
    np.testing.assert_allclose(model.all_logits(ids), expected, rtol=0, atol=1e-11)
    steps = [model.logits(ids[: k + 1]) for k in range(24)]
    np.testing.assert_allclose(steps, expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(model.logits([ids[:7], ids[:3]]), expected[[6, 2]], rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float64", np.dtype("f4")])
def test_logits_are_of_the_precision_asked_for(dtype):
    model = GPT2.load("tiny", dtype)
    for logits in (model.logits("The"), model.logits(["The", "A fire"]), model.all_logits("A fire")):
        assert logits.dtype == dtype
    assert model.logits(np.zeros((0, 3), int)).dtype == dtype
    assert GPT2.load("tiny").logits("The").dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, None, int, "double precision"])
def test_no_other_precision_is_known(dtype):
    with pytest.raises(ValueError, match=r"dtype must be numpy\.float32 or numpy\.float64, got "):
        GPT2.load("tiny", dtype=dtype)


def test_logits_are_those_stored(tiny):
    """They are transformers', of the checkpoint that ships."""
    stored = np.load(STORED)
    for k, prompt in enumerate(PROMPTS):
        np.testing.assert_array_equal(tiny.encode(prompt), stored[f"ids_{k}"])
        np.testing.assert_allclose(tiny.all_logits(prompt), stored[f"logits_{k}"], rtol=0, atol=1e-4)


def transformers_logits(folder, ids):
    import torch
    from transformers import GPT2LMHeadModel

    with torch.no_grad():
        model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).eval()
        return model(torch.tensor(np.asarray(ids)[None])).logits[0].numpy()


@needs_transformers
@pytest.mark.filterwarnings("ignore")
def test_logits_are_those_of_transformers(tiny, tmp_path):
    ids = tiny.encode(CORPUS[:2000])[:256]
    np.testing.assert_allclose(tiny.all_logits(ids), transformers_logits(TINY, ids), rtol=0, atol=1e-4)
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


@pytest.fixture
def small(tmp_path):
    """A model whose window is 24 tokens."""
    return GPT2.load(write_folder(tmp_path / "model", *random_network(5)))


def fresh_logits(model, ids):
    return model.all_logits(ids)[-1]


def test_what_is_remembered_changes_nothing(small):
    """Contexts that go on, branch off, shrink, leave the window and come back: as if each were the first."""
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
def test_memory_grows_with_the_text(dtype, error):
    """From room for 64 tokens to the whole window, and over its edge."""
    model = GPT2.load("tiny", dtype)
    ids = model.encode(CORPUS[:1200])
    assert ids.size > 256 + 20
    expected = model.all_logits(ids)
    steps = [model.logits(ids[: k + 1]) for k in range(ids.size)]
    np.testing.assert_allclose(steps, expected, rtol=0, atol=error)


def computed_tokens(monkeypatch):
    """Return a list that grows by the number of tokens each time that the network runs."""
    counts, run = [], _network.hidden_states

    def counted(weights, shape, ids, cache):
        counts.append(ids.size)
        return run(weights, shape, ids, cache)

    monkeypatch.setattr(_network, "hidden_states", counted)
    return counts


def test_generation_computes_each_token_once(small, monkeypatch):
    """Up to the window; then twelve tokens anew for each twelve drawn."""
    counts = computed_tokens(monkeypatch)
    list(stream(small, "abcd", length=21))
    assert counts == [4] + [1] * 20
    counts.clear()
    list(stream(small, "abcde", length=50))
    assert counts == [5] + [1] * 19 + [13] + [1] * 11 + [13] + [1] * 11 + [13] + [1] * 5


def test_an_interrupted_call_leaves_no_false_memory(small, monkeypatch):
    small.logits([1, 2, 3])
    with monkeypatch.context() as patch:
        patch.setattr(_network, "hidden_states", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            small.logits([1, 2, 3, 4, 5, 6])
    ids = [1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(small.logits(ids), fresh_logits(small, ids), rtol=0, atol=1e-4)


@pytest.mark.parametrize("lengths", [(5, 5, 5), (1, 9, 24), (40, 3, 24), (31, 31)])
def test_a_batch_is_its_texts_one_by_one(small, lengths):
    generator = np.random.default_rng(7)
    texts = [generator.integers(0, 300, n) for n in lengths]
    together = small.logits([list(text) for text in texts])
    assert together.shape == (len(lengths), 300)
    np.testing.assert_allclose(together, [fresh_logits(small, text) for text in texts], rtol=0, atol=1e-4)


def test_an_empty_batch_has_no_logits(small):
    assert small.logits(np.zeros((0, 3), int)).shape == (0, 300)


def test_a_batch_is_remembered(small, monkeypatch):
    counts = computed_tokens(monkeypatch)
    ids = np.random.default_rng(8).integers(0, 300, (4, 30))
    for n in range(6, 31):
        expected = [fresh_logits(small, row[:n]) for row in ids]
        counts.clear()
        np.testing.assert_allclose(small.logits(ids[:, :n]), expected, rtol=0, atol=1e-4)
        assert counts == [24 if n == 6 else 4 * 13 if n == 25 else 4]
    by_text = small.logits(["the", "a b", ""])
    np.testing.assert_allclose(by_text[1], small.logits("a b"), rtol=0, atol=1e-4)


@pytest.mark.parametrize(("n", "start"), [(1, 0), (24, 0), (25, 12), (36, 12), (37, 24), (48, 24), (49, 36)])
def test_beyond_its_window_a_model_sees_the_last_half_to_whole_of_it(small, n, start):
    ids = np.random.default_rng(9).integers(0, 300, n)
    expected = fresh_logits(small, ids[start:])
    np.testing.assert_allclose(small.logits(ids), expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(small.all_logits(ids)[-1], expected, rtol=0, atol=1e-4)
    if start:
        assert np.abs(fresh_logits(small, ids[start + 1 :]) - expected).max() > 0.1  # one token less is seen


def test_logits_are_the_callers_to_keep(small):
    first = small.logits([1, 2])
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(small.logits([1, 2]), kept)  # to the last bit
    ids = np.array([[1, 2], [3, 4]])
    small.logits(ids)
    ids[:] = 9  # the caller's array may change; what is remembered may not
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
    with pytest.raises(ValueError, match=r"context is empty, and .* has no token that begins a text"):
        lost.logits("")


# What the checkpoint that ships has learned.


def held_out():
    letters = int(re.search(r"The last (\d+)\s+letters", (TINY / "README.md").read_text())[1])
    return CORPUS[:-letters], CORPUS[-letters:]


def test_perplexity_is_the_model_cards(tiny):
    """To the three digits printed: those of the checkpoint as it lies there, in float16."""
    card = (TINY / "README.md").read_text()
    _, rest = held_out()
    assert 0.08 < len(rest) / len(CORPUS) < 0.12
    printed = float(re.search(r"per token, held-out text \| ([\d.]+)", card)[1])
    assert tiny.perplexity(rest) == pytest.approx(printed, abs=1e-3)


def test_it_knows_more_than_how_often_letters_follow_letters(tiny):
    """Per letter of text that neither has seen, it is no harder to surprise than a letter 5-gram."""
    training, rest = held_out()
    letters = bz.language.NGram.fit(training, order=5, unknown=True)
    assert tiny.log_probability(rest) > letters.log_probability(rest)


def words(text):
    return re.findall(r"[A-Za-z]+", text)


def test_its_text_reads_like_the_corpus(tiny):
    """At t = 0.7 nearly all longer words are the corpus's, in sentences of its length; at t = 3 neither holds.

    Of pieces put together at random (t = ∞) somewhat more than half are words, as many tokens are.
    """
    known = set(words(CORPUS))

    def measured(t):
        text = "".join(generate(tiny, "The fire was", 150, t, seed=seed) + " " for seed in range(4))
        longer = [word in known for word in words(text) if len(word) > 3]
        return np.mean(longer), len(words(text)) / max(1, text.count("."))

    length = len(words(CORPUS)) / CORPUS.count(".")
    (share, per_sentence), (hot_share, hot_per_sentence) = measured(0.7), measured(3.0)
    assert share > 0.85 > 0.75 > hot_share
    assert per_sentence == pytest.approx(length, rel=0.5)
    assert hot_per_sentence != pytest.approx(length, rel=0.5)


def test_it_is_small_and_needs_nothing_but_numpy():
    assert sum(file.stat().st_size for file in TINY.iterdir()) < 4e6
    program = """
import sys
from boltzmann.language import GPT2, generate
generate(GPT2.load("tiny"), "The fire", 3)
print(*sys.modules)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    peers = {"torch", "transformers", "tokenizers", "safetensors", "huggingface_hub"}
    assert not peers & set(result.stdout.split())


def test_one_seed_gives_one_text_whatever_came_before(tiny):
    texts = [generate(model, "The fire", 40, seed=3) for model in (tiny, tiny, GPT2.load("tiny"))]
    assert texts[0] == texts[1] == texts[2]


# Tokens.

TRICKY = (
    "  don't I'LL they've 'S 's\u00a0x² ½ Ⅷ ٣٤ 一二 a_b c__d\x1c\x1d e\x85f\u3000 g\u200b\t\r\n\n  h"
    "<|endoftext|> <|endoftext|>i e\u0301 👩\u200d🚀 ﬁ \x00 ªº ʰ ͅ\ufeff Ѐ…–“”"
)
# Characters that Unicode has not assigned yet are left out: the peer's table is of another year than Python's.
assigned = st.characters(codec="utf-8", exclude_categories=["Cs", "Cn"])
texts = st.text(assigned, max_size=40) | st.lists(
    st.sampled_from(["<|endoftext|>", " ", "\n", "'s", "'", "the", " The", "1", "½", "_", "é", "!", "\x1f"])
).map("".join)


@settings(max_examples=100, deadline=None)
@given(texts | st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back(text):
    model = LOADED.setdefault("tiny", GPT2.load("tiny"))
    ids = model.encode(text)
    assert model.decode(ids) == text
    assert b"".join(model.tokens[i] for i in ids) == text.encode()


LOADED: dict = {}


@needs_tokenizers
@settings(max_examples=100, deadline=None)
@given(texts)
def test_ids_are_those_of_tokenizers(text):
    from tokenizers import Tokenizer

    model = LOADED.setdefault("tiny", GPT2.load("tiny"))
    peer = LOADED.setdefault("peer", Tokenizer.from_file(str(TINY / "tokenizer.json")))
    assert list(model.encode(text)) == peer.encode(text).ids


@needs_tokenizers
def test_ids_of_the_corpus_and_of_tricky_text_are_those_of_tokenizers(tiny):
    from tokenizers import Tokenizer

    peer = Tokenizer.from_file(str(TINY / "tokenizer.json"))
    for text in (CORPUS, TRICKY, "a" * 5000 + " " * 5000, ""):
        assert list(tiny.encode(text)) == peer.encode(text).ids


def test_ids_of_tricky_text_are_those_stored(tiny):
    """They are tokenizers'."""
    np.testing.assert_array_equal(tiny.encode(TRICKY), np.load(STORED)["tricky"])


def test_tokens_are_cut_by_gpt_2s_rule(small):
    """The merges are t h, th e and ␣ the: a token crosses no border between word and blank, or word and number."""
    assert small.encode("the the").tolist() == [257, 258]
    assert [small.tokens[i] for i in small.encode("the  the")] == [b"the", b" ", b" the"]
    assert [small.tokens[i] for i in small.encode("t2the")] == [b"t", b"2", b"the"]
    assert [small.tokens[i] for i in small.encode("it'the")] == [b"i", b"t", b"'", b"t", b"h", b"e"]


@pytest.mark.parametrize(
    "pieces",
    [
        ["don", "'t", " stop", " '", "til", " I", "'", "LL"],
        ["x", "²½Ⅷ", "y", " ", " 3", "b"],  # numbers of all kinds, of which Python's \\d is but one
        ["a", "\x1c\x1d", " b", "_", "c", "__!"],  # no white space to Unicode, but to Python
        ["é", "\u0301", "e", "\u3000", "一二", "…–", "\n", "\n", "z", " \n "],
    ],
)
def test_pieces_are_unicodes_words_numbers_and_signs(pieces):
    assert list(_bpe._pieces("".join(pieces))) == pieces


def test_both_layouts_of_a_vocabulary_give_the_same_ids(tiny, tmp_path):
    folder = tmp_path / "two_files"
    shutil.copytree(TINY, folder)
    whole = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").unlink()
    vocabulary = whole["model"]["vocab"] | {token["content"]: token["id"] for token in whole["added_tokens"]}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in whole["model"]["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    model = GPT2.load(folder)
    assert model.tokens == tiny.tokens
    for text in (CORPUS[:20_000], TRICKY):
        np.testing.assert_array_equal(model.encode(text), tiny.encode(text))
    whole["model"]["merges"] = merges  # one str each, as older files have them
    (folder / "tokenizer.json").write_text(json.dumps(whole))
    np.testing.assert_array_equal(GPT2.load(folder).encode(CORPUS[:20_000]), tiny.encode(CORPUS[:20_000]))


def test_bytes_that_are_no_utf_8_become_replacement_characters(small):
    assert small.decode([0xF0, 0x9F]) == "\ufffd"
    assert small.decode([299]) == ""  # an id of the network's that the vocabulary does not have


# Files.


@pytest.mark.parametrize(("dtype", "error"), [("F64", 0), ("F32", 0), ("F16", 2**-11), ("BF16", 2**-7)])
@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_weights_are_read_whatever_their_type_and_prefix(dtype, error, prefix, tmp_path):
    config, weights = random_network(10)
    named = {name if name == "lm_head.weight" else prefix + name: array for name, array in weights.items()}
    model = GPT2.load(write_folder(tmp_path / "model", config, named | {"h.0.attn.bias": np.ones((1, 1))}, dtype))
    for name, array in weights.items():
        read = model._network.weights[name]
        assert read.dtype == np.float32
        np.testing.assert_allclose(read, array, rtol=error, atol=1e-6 * (error > 0))


def test_weights_in_double_precision_keep_all_their_digits(tmp_path):
    config, weights = random_network(10)
    thirds = {name: array.astype(np.float64) / 3 for name, array in weights.items()}
    model = GPT2.load(write_folder(tmp_path / "model", config, thirds, "F64"), np.float64)
    for name, array in thirds.items():
        np.testing.assert_array_equal(model._network.weights[name], array)


def spoiled(change):
    """Return a function that writes a checkpoint with one thing wrong."""

    def write(folder):
        config, weights = random_network(11)
        write_folder(folder, config, weights)
        change(folder, config, weights)

    return write


def config_with(**values):
    return spoiled(lambda folder, config, _: (folder / "config.json").write_text(json.dumps(config | values)))


def weights_with(**values):
    changed = {name.replace("__", "."): array for name, array in values.items()}
    return spoiled(lambda folder, _, weights: write_safetensors(folder / "model.safetensors", weights | changed))


def file_with(name, content):
    return spoiled(lambda folder, *_: (folder / name).write_text(content))


ALTERED = [
    (config_with(activation_function="gelu"), ValueError, "activation_function is 'gelu', not 'gelu_new'"),
    (config_with(model_type="llama"), ValueError, "model_type is 'llama', not 'gpt2'"),
    (config_with(scale_attn_by_inverse_layer_idx=True), ValueError, "scale_attn_by_inverse_layer_idx is True"),
    (config_with(n_head=5), ValueError, "n_embd = 32 does not split among n_head = 5"),
    (config_with(n_layer=4), ValueError, r"h.3.ln_1.weight is missing, and config.json asks for \(32,\)"),
    (config_with(vocab_size=301), ValueError, r"wte.weight is \(300, 32\), and config.json asks for \(301, 32\)"),
    (config_with(tie_word_embeddings=False), ValueError, "lm_head.weight is missing"),
    (config_with(vocab_size=200), ValueError, "wte.weight is"),
    (file_with("config.json", "{"), ValueError, r"config.json describes no GPT-2"),
    (file_with("config.json", "[]"), ValueError, r"config.json describes no GPT-2"),
    (
        file_with("config.json", "{}"),
        ValueError,
        r"config.json describes no GPT-2 that is known here: .*vocab_size",
    ),
    (file_with("model.safetensors", "version https://git-lfs"), ValueError, "damaged or no safetensors file"),
    (file_with("model.safetensors", ""), ValueError, "damaged or no safetensors file"),
    (file_with("vocab.json", "{}"), ValueError, "vocab.json with merges.txt is no byte-level BPE"),
    (file_with("merges.txt", "q q\n"), ValueError, "lacks the token 'qq'"),
    (file_with("merges.txt", "one two three\n"), ValueError, "no byte-level BPE"),
    (file_with("tokenizer.json", '{"model": {"type": "Unigram"}}'), ValueError, "tokenizer.json is no byte-level"),
    (
        spoiled(lambda folder, *_: (folder / "merges.txt").unlink()),
        OSError,
        r"vocab.json\)?: a GPT-2 needs|a GPT-2 needs",
    ),
    (
        spoiled(lambda folder, *_: (folder / "model.safetensors").unlink()),
        OSError,
        "a GPT-2 needs config.json, model",
    ),
]


def without_a_chain(error):
    """Tell whether a traceback would show this error alone."""
    return error.__cause__ is None and (error.__suppress_context__ or error.__context__ is None)


@pytest.mark.parametrize(("write", "kind", "message"), ALTERED)
def test_what_is_no_gpt_2_is_refused_in_one_line(write, kind, message, tmp_path):
    write(tmp_path / "model")
    with pytest.raises(kind, match=message) as caught:
        GPT2.load(tmp_path / "model")
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert without_a_chain(caught.value)


def test_truncated_weights_are_refused(tmp_path):
    folder = write_folder(tmp_path / "model", *random_network(12))
    whole = (folder / "model.safetensors").read_bytes()
    for length in (4, 100, len(whole) - 1):
        (folder / "model.safetensors").write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged or no safetensors file"):
            GPT2.load(folder)


@pytest.mark.parametrize("name", ["", None, 3, b""])
def test_a_name_must_be_one(name):
    with pytest.raises(ValueError, match="name_or_path must be a folder or the name of a model"):
        GPT2.load(name)


def test_a_folder_that_is_not_there_is_said_not_to_be_there(tmp_path):
    for path in (tmp_path / "nothing", str(tmp_path / "nothing"), "./nothing"):
        with pytest.raises(FileNotFoundError, match=r"there is no folder .*a GPT-2 is a folder with config.json"):
            GPT2.load(path)


def fake_hub(monkeypatch, snapshot_download):
    module = types.ModuleType("huggingface_hub")
    module.snapshot_download = snapshot_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)


def test_a_hub_name_is_fetched(monkeypatch):
    asked = []

    def fetch(name, allow_patterns):
        asked.append((name, allow_patterns))
        return str(TINY)

    fake_hub(monkeypatch, fetch)
    assert repr(GPT2.load("distilgpt2")).startswith("GPT2('distilgpt2'")
    assert asked[0][0] == "distilgpt2"
    assert {"config.json", "model.safetensors", "tokenizer.json", "vocab.json", "merges.txt"} == set(asked[0][1])


def test_without_the_hub_or_a_network_one_line_says_what_to_put_where(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        ImportError, match=r"pip install 'boltzmann\[gpt2\]', or give the path of a folder with"
    ) as caught:
        GPT2.load("gpt2")
    assert without_a_chain(caught.value)

    def fail(*_, **__):
        raise RuntimeError("We have no connection\nand much more to say")

    fake_hub(monkeypatch, fail)
    with pytest.raises(
        OSError, match=r"\(We have no connection\): check .*or give the path of a folder with"
    ) as caught:
        GPT2.load("openai-community/gpt2")
    assert without_a_chain(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.logits([300]), r"context\[0\] is 300: ids run from 0 to 299"),
        (lambda model: model.logits([1, -1]), r"context\[1\] is -1"),
        (lambda model: model.logits([[1], [2, 300]]), r"context\[1\]\[1\] is 300"),
        (lambda model: model.logits([1.5]), "context must be a sequence of whole numbers"),
        (lambda model: model.logits(5), "context must be a sequence of whole numbers"),
        (lambda model: model.logits(np.zeros((1, 2, 3), int)), "must be a sequence of whole numbers"),
        (lambda model: model.encode(3), "text must be a str, got int"),
        (lambda model: model.encode("ab\ud800"), r"text\[2\] is '\\ud800'"),
        (lambda model: model.decode([300]), r"ids\[0\] is 300"),
        (lambda model: model.perplexity(""), "text is empty"),
        (lambda model: model.log_probability(["a"]), "text must be a sequence of whole numbers"),
        (lambda model: generate(model, "\ud800", 1), "prompt: text"),
    ],
)
def test_wrong_arguments_are_refused(small, call, message):
    with pytest.raises(ValueError, match=message):
        call(small)


def write_stored():
    from tokenizers import Tokenizer

    model = GPT2.load("tiny")
    stored = {"tricky": Tokenizer.from_file(str(TINY / "tokenizer.json")).encode(TRICKY).ids}
    for k, prompt in enumerate(PROMPTS):
        stored |= {
            f"ids_{k}": model.encode(prompt),
            f"logits_{k}": transformers_logits(TINY, model.encode(prompt)),
        }
    np.savez_compressed(STORED, **stored)


if __name__ == "__main__":
    write_stored()
