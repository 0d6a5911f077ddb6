#!/bin/sh
# transformers 5.23.0, `transformers serve --continuous-batching`: the first request's temperature is
# kept for all requests that follow.
#
# With continuous batching the generation settings of the first request, temperature and top_p, serve
# all later ones; a request at temperature 0 is sampled at the temperature of whoever came first.
# Nothing is said, with status 200. Without the option each request gets its own temperature.
#
# Seen: with p = .4 .3 .2 .1 (and a generation_config.json that says do_sample), after a request at
# temperature 1 the 200 tokens of a request at temperature 0 are all four kinds, near these
# proportions; without continuous batching they are the likeliest token, 200 times.
#
# Exits 0 if that is still so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
    "transformers[serving]==5.23.0" torch==2.13.0 safetensors==0.8.0 numpy==2.4.6 httpx==0.28.1
cd "$work"
"$work/env/bin/python" - <<'PYTHON'
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections import Counter
from importlib.metadata import version

import httpx
import numpy as np
from transformers import LlamaConfig, LlamaForCausalLM

# a Llama of one layer of zeros, whose logits after any text are a column of its output matrix
WIDTH, LETTERS = 64, "ABCD"
names = ["<unk>", "<s>", "</s>", *LETTERS]
logits = np.append(np.full(3, -1e30), np.log([0.4, 0.3, 0.2, 0.1]))
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=7, hidden_size=WIDTH, intermediate_size=WIDTH, num_hidden_layers=1,
    num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=2048,
    bos_token_id=1, eos_token_id=2, tie_word_embeddings=False,
))
state = {name: value * 0 for name, value in model.state_dict().items()}
for name in state:
    if "norm" in name:
        state[name] += 1
state["model.embed_tokens.weight"][:, 0] = 64
for token, logit in enumerate(logits):
    state["lm_head.weight"][token, 0] = logit / 8  # the norm makes 8 of the embedding's 1
model.load_state_dict(state)
model.save_pretrained("model")
special = [{"id": k, "content": name, "special": True, "normalized": False, "single_word": False,
            "lstrip": False, "rstrip": False} for k, name in enumerate(names[:3])]
files = {
    "tokenizer.json": {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special,
        "normalizer": None, "post_processor": None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated",
                          "invert": False},
        "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": {name: k for k, name in enumerate(names)},
                  "unk_token": "<unk>"},
    },
    "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>",
                              "bos_token": "<s>", "eos_token": "</s>"},
    "generation_config.json": {"do_sample": True, "top_k": 0, "bos_token_id": 1, "eos_token_id": 2},
}
for name, content in files.items():
    pathlib.Path("model", name).write_text(json.dumps(content))


def texts(*options):
    """Return the texts at temperature 1 and then at 0, of a server with these options."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = pathlib.Path(sys.executable).parent / "transformers"
    command = [program, "serve", *options, "--device", "cpu", "--port", str(port)]
    with open("log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log,
                                  env=os.environ | {"HF_HUB_OFFLINE": "1"})
    address, end = f"http://127.0.0.1:{port}", time.monotonic() + 600
    try:
        while True:
            try:
                if httpx.get(f"{address}/health", timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if server.poll() is not None or time.monotonic() > end:
                sys.exit("CHANGED: the server does not start")
            time.sleep(0.5)
        found = []
        for t in (1.0, 0.0):
            body = {"model": str(pathlib.Path("model").resolve()), "prompt": "A", "max_tokens": 200,
                    "temperature": t}
            answer = httpx.post(f"{address}/v1/completions", json=body, timeout=600)
            found.append(answer.json()["choices"][0]["text"])
        return found
    finally:
        server.terminate()
        server.wait()


print(f"transformers {version('transformers')}, p = .4 .3 .2 .1, a request at t = 1, then one at t = 0")
kinds = {}
for name, options in (("plain", ()), ("continuous batching", ("--continuous-batching",))):
    _, cold = texts(*options)
    kinds[name] = len(set(cold))
    print(f"{name}: at t = 0 {dict(sorted(Counter(cold).items()))}")
if kinds != {"plain": 1, "continuous batching": 4}:
    sys.exit("CHANGED: with continuous batching a later request is greedy at t = 0")
print("SEEN: with continuous batching t = 0 is sampled, once t = 1 was asked before it")
PYTHON
