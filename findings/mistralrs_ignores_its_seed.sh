#!/bin/sh
# mistralrs 0.9.5 on a CPU: a seed is refused by the first Runner of a process, and accepted and
# ignored by each later one; and every process draws the same texts.
#
# Runner(seed=1) is an error ("cannot seed the CPU rng with set_seed") if it is the first of its
# process. After a Runner without a seed it is no error, and has no effect: the first texts of Runners
# with the seeds 1 and 2 are the same, token by token, and they are those of a Runner without a seed,
# in any process. (Later texts of one Runner differ.) Whoever averages over seeds, or starts a
# process for each sample, has one sample.
#
# Seen: at temperature 1 over 200 tokens of p ∝ 1/rank the first 30 tokens are equal for the seeds
# None, 1 and 2, in two processes.
#
# Exits 0 if that is still so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
    mistralrs==0.9.5 safetensors==0.8.0 numpy==2.4.6
cd "$work"
export RAYON_NUM_THREADS=1

cat > model.py <<'PYTHON'
"""A Llama of one layer of zeros, whose logits after any text are a column of its output matrix."""
import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

WIDTH = 64


def write(folder, logits):
    size = 3 + len(logits)
    column = np.append(np.full(3, -1e30), logits)
    output = np.zeros((size, WIDTH))
    output[:, 0] = column / 8  # the norm makes 8 of the embedding's 1
    zero, one = np.zeros((WIDTH, WIDTH), np.float32), np.ones(WIDTH, np.float32)
    embedding = np.zeros((size, WIDTH), np.float32)
    embedding[:, 0] = 64
    layer = "model.layers.0."
    names = [f"self_attn.{name}_proj" for name in "qkvo"]
    names += [f"mlp.{name}_proj" for name in ("gate", "up", "down")]
    tensors = {f"{layer}{name}.weight": zero.copy() for name in names}
    tensors |= {f"{layer}{name}_layernorm.weight": one.copy() for name in ("input", "post_attention")}
    tensors |= {"model.embed_tokens.weight": embedding, "model.norm.weight": one,
                "lm_head.weight": output.astype(np.float32)}
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2} | {chr(0xAC00 + k): 3 + k for k in range(len(logits))}
    special = [{"id": k, "content": name, "special": True, "normalized": False, "single_word": False,
                "lstrip": False, "rstrip": False} for name, k in list(vocabulary.items())[:3]]
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": None, "post_processor": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated",
                          "invert": False},
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": size,
        "hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32",
    }
    folder = pathlib.Path(folder)
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>",
                "bos_token": "<s>", "eos_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


write("rank", -np.log(np.arange(1, 201)))
PYTHON
"$work/env/bin/python" model.py

cat > ask.py <<'PYTHON'
import json
import sys

from mistralrs import Architecture, CompletionRequest, ModelDType, Runner, Which

which = Which.Plain("rank", arch=Architecture.Llama, dtype=ModelDType.F32)


def first_text(seed):
    """Return the first 30 tokens of a new Runner, or the first line of its error."""
    try:
        runner = Runner(which, token_source="none", seed=seed)
    except ValueError as error:
        return str(error).splitlines()[0]
    request = CompletionRequest(chr(0xAC00), "default", max_tokens=30, temperature=1.0)
    text = runner.send_completion_request(request).choices[0].text
    return [ord(letter) - 0xAC00 for letter in text]


print(json.dumps([first_text(seed) for seed in json.loads(sys.argv[1])]))
PYTHON

cat > compare.py <<'PYTHON'
import json
import subprocess
import sys
from importlib.metadata import version


def ask(*seeds):
    """Return the first texts of Runners of these seeds, made in this order in one process."""
    command = [sys.executable, "ask.py", json.dumps(seeds)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ended.stdout.splitlines()[-1])


print(f"mistralrs {version('mistralrs')}, first texts of Runners")
[refused] = ask(1)
print(f"seed 1, the first of its process: {refused}")
texts = ask(None, 1, 2) + ask(None, 2)
for seed, text in zip(("None", "1", "2", "None, another process", "2, there"), texts, strict=True):
    print(f"seed {seed}: {text[:12]}")
equal = all(isinstance(text, list) and text == texts[0] for text in texts)
if not (isinstance(refused, str) and equal):
    sys.exit("CHANGED: the first Runner takes a seed, or a seed has an effect, or processes differ")
print("SEEN: the first seed is refused, later ones are ignored, and processes draw the same text")
PYTHON
"$work/env/bin/python" compare.py 2> log || { tail -n 3 log; exit 1; }
