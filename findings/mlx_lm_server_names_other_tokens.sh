#!/bin/sh
# mlx-lm 0.32.2: in the log-probabilities of its server's chat answers, the token named at each place
# is not the token that was drawn there.
#
# "logprobs": {"content": [{"token": …, "logprob": …}]} has the tokens of the answer in OpenAI's
# format, and one expects them to be those of message.content, one after the other. The server names
# the first entry of its list of top log-probabilities, which is not sorted: it is neither the drawn
# token nor reliably the likeliest. Who rebuilds an answer from them, or scores it, gets another text.
#
# Seen: a small model of random weights, one letter a token, 60 tokens at temperature 1 with
# top_logprobs = 10: 4 of the 60 tokens named are the letters of the answer, and none is the likeliest
# of its own list.
#
# Exits 0 if that is still so. Needs Linux on x86-64 or arm64, and a C++ compiler, which mlx calls.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
    mlx-lm==0.32.2 'mlx[cpu]==0.32.4'
cd "$work"
"$work/env/bin/python" - <<'PYTHON'
import json
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models.llama import Model, ModelArgs

TOKENS, LENGTH = 40, 60
letters = [chr(0x4E00 + token) for token in range(TOKENS)]
config = {
    "model_type": "llama", "vocab_size": TOKENS, "hidden_size": 64, "intermediate_size": 64,
    "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 32,
    "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "tie_word_embeddings": False,
}
folder = pathlib.Path("model")
folder.mkdir()
mx.random.seed(0)
model = Model(ModelArgs.from_dict(config))
mx.save_safetensors("model/model.safetensors", dict(tree_flatten(model.parameters())))
split = {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False}
tokenizer = {
    "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": split,
    "post_processor": None, "decoder": {"type": "Fuse"},
    "model": {"type": "WordLevel", "vocab": dict(zip(letters, range(TOKENS))), "unk_token": letters[0]},
}
files = {
    "config.json": config | {"architectures": ["LlamaForCausalLM"]},
    "tokenizer.json": tokenizer,
    "tokenizer_config.json": {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": letters[0],
        "chat_template": "{% for m in messages %}{{ m['content'] }}{% endfor %}",
    },
}
for name, content in files.items():
    (folder / name).write_text(json.dumps(content))

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
command = [sys.executable, "-m", "mlx_lm", "server", "--model", "model", "--host", "127.0.0.1"]
log = open("server.log", "w")
server = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
body = {
    "messages": [{"role": "user", "content": letters[5]}], "max_tokens": LENGTH, "temperature": 1.0,
    "logprobs": True, "top_logprobs": 10, "seed": 1,
}
request = urllib.request.Request(
    f"http://127.0.0.1:{port}/v1/chat/completions",
    json.dumps(body).encode(),
    {"Content-Type": "application/json"},
)
try:
    for attempt in range(240):
        try:
            answer = json.load(urllib.request.urlopen(request, timeout=300))
            break
        except urllib.error.URLError:
            time.sleep(0.5)
    else:
        sys.exit("the server did not begin")
finally:
    server.terminate()
    server.wait()

[choice] = answer["choices"]
text = choice["message"]["content"]
entries = choice["logprobs"]["content"]
named = [entry["token"] for entry in entries]
right = sum(a == b for a, b in zip(text, named))
likeliest = sum(
    entry["token"] == max(entry["top_logprobs"], key=lambda listed: listed["logprob"])["token"]
    for entry in entries
)
print(f"mlx-lm {version('mlx-lm')}, mlx {version('mlx')}: an answer of {len(text)} letters, one a token")
print(f"logprobs.content names {right} of them rightly; {likeliest} of its {len(named)} tokens are the "
      f"likeliest of their own lists")
if not (len(text) >= 20 and right < len(text) // 2):
    sys.exit("CHANGED: the tokens named are those of the answer")
print("SEEN: the tokens named in logprobs.content are not those of the answer")
PYTHON
