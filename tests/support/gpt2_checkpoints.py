"""GPT-2 checkpoints for the tests: the one that ships, and random ones of any shape.

`python -m tests.support.gpt2_checkpoints` rewrites the stored reference data of the checkpoint that
ships: logits by transformers and ids by tokenizers."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.language import GPT2, load_corpus

TINY = Path(bz.__file__).parent / "data" / "tiny_gpt2"
STORED = Path(__file__).parent / "gpt2_logits.npz"
PROMPTS = (
    "The fire was",
    "\n\nHeat always goes from the hot thing",
    "naïve 🔥",
    "<|endoftext|>The",
)
CORPUS = load_corpus()
TRICKY = (
    "  don't I'LL they've 'S 's\u00a0x² ½ Ⅷ ٣٤ 一二 a_b c__d\x1c\x1d e\x85f\u3000 g"
    "\u200b\t\r\n\n  h"
    "<|endoftext|> <|endoftext|>i e\u0301 👩\u200d🚀 ﬁ \x00 ªº ʰ ͅ\ufeff Ѐ…–“”"
)

needs_transformers = pytest.mark.skipif(
    not (find_spec("torch") and find_spec("transformers")),
    reason="torch and transformers are not installed",
)
needs_tokenizers = pytest.mark.skipif(
    not find_spec("tokenizers"), reason="tokenizers is not installed"
)


def random_network(
    seed, layers=3, heads=4, width=32, window=24, inner=None, tied=True, epsilon=1e-5, V=300
):
    """Return the config and the weights of a random GPT-2, with weights large enough to matter."""
    inner = inner or 4 * width
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

    generator = np.random.default_rng(seed)
    weights = {
        name: generator.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()
    }
    weights |= {
        name: 1 + array for name, array in weights.items() if re.search(r"ln_.\.weight", name)
    }

    config = {
        "vocab_size": V,
        "n_positions": window,
        "n_embd": width,
        "n_layer": layers,
        "n_head": heads,
        "layer_norm_epsilon": epsilon,
        "tie_word_embeddings": tied,
        "model_type": "gpt2",
        "bos_token_id": 7,
    }
    return config | ({"n_inner": inner} if inner != 4 * width else {}), weights


def write_folder(folder, config, weights, dtype="F32"):
    """Write a checkpoint in the Hugging Face layout; its tokens are the bytes and three merges."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", weights, dtype)

    vocabulary = {chr(k if k in PRINTABLE else 256 + OTHERS.index(k)): k for k in range(256)}
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the")]
    vocabulary |= {left + right: 256 + k for k, (left, right) in enumerate(merges)} | {
        "<|endoftext|>": 259
    }
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    lines = "\n".join(" ".join(merge) for merge in merges)
    (folder / "merges.txt").write_text(f"#version: 0.2\n{lines}\n", encoding="utf-8")
    return folder


# The bytes that a vocabulary writes as themselves, and those that it does not
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
OTHERS = [k for k in range(256) if k not in PRINTABLE]


def write_safetensors(path, weights, dtype="F32"):
    """Write arrays to a safetensors file in one of the types F64, F32, F16 and BF16."""
    cast = {
        "F32": lambda x: x.astype("<f4"),
        "F16": lambda x: x.astype("<f2"),
        "F64": lambda x: x.astype("<f8"),
        "BF16": lambda x: (x.astype("<f4").view("<u4") >> 16).astype("<u2"),
    }[dtype]

    header = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, array in weights.items():
        raw = cast(array).tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": array.shape,
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def transformers_logits(folder, ids):
    """Return the logits after each token, (n, V), by transformers."""
    import torch
    from transformers import GPT2LMHeadModel

    with torch.no_grad():
        model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).eval()
        return model(torch.tensor(np.asarray(ids)[None])).logits[0].numpy()


def write_stored():
    """Write the reference data of the checkpoint that ships."""
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
