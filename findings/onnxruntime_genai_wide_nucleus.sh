#!/bin/sh
# onnxruntime-genai 0.18.0: top_p alone keeps many times as many tokens as a nucleus has.
#
# With top_k = 0 its CPU sampler does not compute the probabilities of a vocabulary of more than 64
# tokens. It goes down the sorted tokens until S / (S + R p) reaches top_p, where S is the sum so
# far, p the probability of the token at hand, and R the number of tokens that are left: the rest is
# taken to be as likely as this token, each. In a vocabulary with a long tail that is far too much.
# Beside a top_k, even one of the whole vocabulary, the nucleus is the right one.
#
# Seen: for p = c / rank over 8,192 tokens, top_p = 0.5 and temperature = 1 the 68 likeliest tokens
# are enough; top_k = 0 keeps 970 of them, 78 % of the probability. With top_k = 8192 it keeps 68.
#
# Exits 0 if that is still so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
    onnxruntime-genai==0.18.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$work"
"$work/env/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime_genai as og
from onnx import TensorProto, helper, numpy_helper

TOKENS, TOP_P, STEPS, ROWS = 8192, 0.5, 1000, 32
logits = -np.log(np.arange(1, TOKENS + 1)).astype(np.float32)
logits = np.append(logits, np.float32(-1e30))  # the end of text, which never comes

# a network whose logits are these, whatever the text, with a cache of zeros
constants = {"table": logits[None], "zero": np.array([0]), "one": np.array([1])}
nodes = [
    helper.make_node("Mul", ["input_ids", "zero"], ["rows"]),
    helper.make_node("Gather", ["table", "rows"], ["logits"]),
    helper.make_node("Shape", ["input_ids"], ["shape"]),
    helper.make_node("Gather", ["shape", "zero"], ["batch"]),
    helper.make_node("Gather", ["shape", "one"], ["length"]),
    helper.make_node("Concat", ["batch", "one", "length", "one"], ["cache"], axis=0),
    helper.make_node("ConstantOfShape", ["cache"], ["nothing"]),
]
inputs = [
    helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", size])
    for name, size in (("input_ids", "n"), ("attention_mask", "total"), ("position_ids", "n"))
]
outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "n", logits.size])]
for name in ("key", "value"):
    past, present = f"past_key_values.0.{name}", f"present.0.{name}"
    inputs.append(helper.make_tensor_value_info(past, TensorProto.FLOAT, ["batch", 1, "past", 1]))
    outputs.append(helper.make_tensor_value_info(present, TensorProto.FLOAT, ["batch", 1, "total", 1]))
    nodes.append(helper.make_node("Concat", [past, "nothing"], [present], axis=2))
arrays = [numpy_helper.from_array(value, name) for name, value in constants.items()]
graph = helper.make_graph(nodes, "zipf", inputs, outputs, arrays)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "model.onnx")

names = ("input_ids", "attention_mask", "position_ids")
decoder = {
    "filename": "model.onnx", "head_size": 1, "hidden_size": 1, "num_attention_heads": 1,
    "num_hidden_layers": 1, "num_key_value_heads": 1,
    "session_options": {"provider_options": []},
    "inputs": dict(zip(names, names)) | {"past_key_names": "past_key_values.%d.key",
                                         "past_value_names": "past_key_values.%d.value"},
    "outputs": {"logits": "logits", "present_key_names": "present.%d.key",
                "present_value_names": "present.%d.value"},
}
ends = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), TOKENS)
model = {"type": "llama", "vocab_size": logits.size, "context_length": 10_000, "decoder": decoder} | ends
with open("genai_config.json", "w") as file:
    json.dump({"model": model, "search": {"max_length": 10_000, "past_present_share_buffer": False}}, file)
model = og.Model(".")


def kept(top_k):
    """Return the deepest rank that is drawn."""
    params = og.GeneratorParams(model)
    params.set_search_options(do_sample=True, temperature=1.0, top_k=top_k, top_p=TOP_P, random_seed=1,
                              batch_size=ROWS, max_length=STEPS + 1)
    generator = og.Generator(model, params)
    generator.append_tokens(np.zeros((ROWS, 1), dtype=np.int32))
    while not generator.is_done():
        generator.generate_next_token()
    return 1 + max(int(max(generator.get_sequence(row)[1:])) for row in range(ROWS))


law = 1 / np.arange(1, TOKENS + 1)
law /= law.sum()
due = int(np.searchsorted(np.cumsum(law), TOP_P)) + 1
print(f"onnxruntime-genai {version('onnxruntime-genai')}, p = c / rank of {TOKENS} tokens, top_p = {TOP_P}, "
      f"{ROWS * STEPS} draws; the {due} likeliest are enough")
found = {top_k: kept(top_k) for top_k in (TOKENS, 0)}
for top_k, last in found.items():
    print(f"top_k = {top_k}: the {last} likeliest tokens come, {law[:last].sum():.1%} of the probability")

if found[TOKENS] != due:
    sys.exit("CHANGED: beside a top_k the nucleus is another")
if found[0] < 3 * due:
    sys.exit("CHANGED: without a top_k the nucleus is no longer so wide")
print("SEEN: top_p without top_k keeps far more than the nucleus")
PYTHON
