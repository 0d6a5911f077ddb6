"""Loading a GPT-2: its files, and the refusal of damaged ones, wrong names and wrong arguments."""

import json
import sys
import types

import numpy as np
import pytest

from boltzmann.language import GPT2, generate
from tests.support.gpt2_checkpoints import TINY, random_network, write_folder, write_safetensors


@pytest.mark.parametrize("dtype", [np.float16, None, int, "double precision"])
def test_no_other_precision_is_known(dtype):
    with pytest.raises(ValueError, match=r"dtype must be numpy\.float32 or numpy\.float64, got "):
        GPT2.load("tiny", dtype=dtype)


@pytest.mark.parametrize(
    ("dtype", "error"), [("F64", 0), ("F32", 0), ("F16", 2**-11), ("BF16", 2**-7)]
)
@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_weights_are_read_whatever_their_type_and_prefix(dtype, error, prefix, tmp_path):
    config, weights = random_network(10)
    named = {
        name if name == "lm_head.weight" else prefix + name: array
        for name, array in weights.items()
    }
    model = GPT2.load(
        write_folder(tmp_path / "model", config, named | {"h.0.attn.bias": np.ones((1, 1))}, dtype)
    )
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
    return spoiled(
        lambda folder, config, _: (folder / "config.json").write_text(json.dumps(config | values))
    )


def weights_with(**values):
    changed = {name.replace("__", "."): array for name, array in values.items()}
    return spoiled(
        lambda folder, _, weights: write_safetensors(
            folder / "model.safetensors", weights | changed
        )
    )


def file_with(name, content):
    return spoiled(lambda folder, *_: (folder / name).write_text(content))


ALTERED = [
    (
        config_with(activation_function="gelu"),
        ValueError,
        "activation_function is 'gelu', not 'gelu_new'",
    ),
    (config_with(model_type="llama"), ValueError, "model_type is 'llama', not 'gpt2'"),
    (
        config_with(scale_attn_by_inverse_layer_idx=True),
        ValueError,
        "scale_attn_by_inverse_layer_idx is True",
    ),
    (config_with(n_head=5), ValueError, "n_embd = 32 does not split among n_head = 5"),
    (
        config_with(n_layer=4),
        ValueError,
        r"h.3.ln_1.weight is missing, and config.json asks for \(32,\)",
    ),
    (
        config_with(vocab_size=301),
        ValueError,
        r"wte.weight is \(300, 32\), and config.json asks for \(301, 32\)",
    ),
    (config_with(tie_word_embeddings=False), ValueError, "lm_head.weight is missing"),
    (config_with(vocab_size=200), ValueError, "wte.weight is"),
    (file_with("config.json", "{"), ValueError, r"config.json describes no GPT-2"),
    (file_with("config.json", "[]"), ValueError, r"config.json describes no GPT-2"),
    (
        file_with("config.json", "{}"),
        ValueError,
        r"config.json describes no GPT-2 that is known here: .*vocab_size",
    ),
    (
        file_with("model.safetensors", "version https://git-lfs"),
        ValueError,
        "damaged or no safetensors file",
    ),
    (file_with("model.safetensors", ""), ValueError, "damaged or no safetensors file"),
    (file_with("vocab.json", "{}"), ValueError, "vocab.json with merges.txt is no byte-level BPE"),
    (file_with("merges.txt", "q q\n"), ValueError, "lacks the token 'qq'"),
    (file_with("merges.txt", "one two three\n"), ValueError, "no byte-level BPE"),
    (
        file_with("tokenizer.json", '{"model": {"type": "Unigram"}}'),
        ValueError,
        "tokenizer.json is no byte-level",
    ),
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
        with pytest.raises(
            FileNotFoundError, match=r"there is no folder .*a GPT-2 is a folder with config.json"
        ):
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
    assert {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "vocab.json",
        "merges.txt",
    } == set(asked[0][1])


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
        (
            lambda model: model.logits(np.zeros((1, 2, 3), int)),
            "must be a sequence of whole numbers",
        ),
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
