#!/bin/sh
# llama.cpp's server (xllamacpp 2026.10.11549) with backend_sampling on a CPU: the last part of a
# large vocabulary is never drawn.
#
# The backend's sampler finds a token by a cumulative sum of all probabilities in float32. Near 1 a
# float32 has steps of 6e-8, so that adding 1e-7 again and again adds 1.2e-7, the sum reaches 1 too
# early, and no token behind that place can come, whatever its share of the probability. The usual
# sampler of the same server, asked in the same way, draws them all.
#
# Seen: one token of p = .99 and 100,000 of 1e-7 each. Of 12,000 draws about 120 are of the 100,000;
# with backend_sampling all of them stand before place 84,000 (the chance of that is below 1e-7),
# without it up to the end.
#
# Exits 0 if that is still so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
    xllamacpp==2026.10.11549 gguf==0.19.0 numpy==2.4.6 httpx==0.28.1
cd "$work"
"$work/env/bin/python" - 2> log <<'PYTHON' || { tail -n 3 log; exit 1; }
import sys
from importlib.metadata import version

import gguf
import httpx
import numpy as np
import xllamacpp

WIDTH, TAIL, DRAWS = 64, 100_000, 12_000
# a Llama of one layer of zeros, whose logits after any text are a column of its output matrix
logits = np.append(np.log(0.99), np.full(TAIL, np.log(1e-7)))
logits = np.append(logits, -1e30)  # the end of text
output = np.zeros((logits.size, WIDTH), np.float32)
output[:, 0] = logits / 8  # the norm makes 8 of the embedding's 1
embedding = np.zeros((logits.size, WIDTH), np.float32)
embedding[:, 0] = 64
one, zero = np.ones(WIDTH, np.float32), np.zeros((WIDTH, WIDTH), np.float32)
w = gguf.GGUFWriter("model.gguf", "llama")
w.add_block_count(1)
w.add_context_length(4096)
w.add_embedding_length(WIDTH)
w.add_feed_forward_length(WIDTH)
w.add_head_count(2)
w.add_head_count_kv(2)
w.add_rope_dimension_count(WIDTH // 2)
w.add_layer_norm_rms_eps(1e-6)
w.add_vocab_size(logits.size)
w.add_file_type(gguf.LlamaFileType.ALL_F32)
w.add_tokenizer_model("gpt2")
w.add_tokenizer_pre("gpt-2")
w.add_token_list([f"<{k}>" for k in range(logits.size)])
kind = gguf.TokenType
w.add_token_types([int(kind.USER_DEFINED)] * (logits.size - 1) + [int(kind.CONTROL)])
w.add_token_merges(["a a"])
w.add_bos_token_id(logits.size - 1)
w.add_eos_token_id(logits.size - 1)
w.add_add_bos_token(False)
w.add_tensor("token_embd.weight", embedding)
w.add_tensor("output_norm.weight", one)
w.add_tensor("output.weight", output)
for name in ("attn_norm", "ffn_norm"):
    w.add_tensor(f"blk.0.{name}.weight", one)
for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
    w.add_tensor(f"blk.0.{name}.weight", zero)
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()

settings = xllamacpp.CommonParams()
settings.model.path = "model.gguf"
settings.n_ctx = 2048
settings.n_parallel = 1
settings.cpuparams.n_threads = 1
settings.n_gpu_layers = 0
settings.warmup = False
settings.fit_params = False
settings.ui = False
settings.port = 0
server = xllamacpp.Server(settings)

print(f"xllamacpp {version('xllamacpp')}, {DRAWS:,} draws, {TAIL:,} tokens of p = 1e-7")
last = {}
for backend in (False, True):
    places = []
    while len(places) < DRAWS:
        body = {"prompt": [0], "n_predict": 1000, "return_tokens": True, "temperature": 1.0,
                "top_k": 0, "top_p": 1.0, "min_p": 0.0, "backend_sampling": backend}
        answer = httpx.post(f"{server.listening_address}/completion", json=body, timeout=600)
        places += answer.json()["tokens"]
    tail = [place for place in places if place > 0]
    last[backend] = max(tail)
    print(f"backend_sampling = {backend}: {len(tail)} draws of the tail, the last at place {max(tail):,}")
if not (last[True] < 0.86 * TAIL and last[False] > 0.86 * TAIL):
    sys.exit("CHANGED: the last tokens are drawn, too")
print("SEEN: with backend_sampling no token of the vocabulary's last sixth is drawn")
PYTHON
