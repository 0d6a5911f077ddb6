#!/bin/sh
# @huggingface/transformers 4.3.2 (transformers.js): generate() takes top_p, typical_p and
# epsilon_cutoff without a word, and truncates nothing.
#
# All three are fields of its GenerationConfig, with defaults, and are documented there as in the
# Python library. Of the steps by which sampling reshapes a distribution there are two, temperature
# and top_k; who sends top_p = 0.9 samples the whole of what top_k (50 by default) leaves.
#
# Seen: with p = .4 .3 .2 .1 each of top_p = 0.1, typical_p = 0.1 and epsilon_cutoff = 0.35 alone
# should leave one token. All four tokens come, in these proportions; top_k = 1 leaves one.
#
# Exits 0 if that is still so. Needs node 18 or later and npm; Python makes the network.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check onnx==1.23.2 numpy==2.4.6
cd "$work"
npm install --silent --no-fund --no-audit --ignore-scripts --prefix . @huggingface/transformers@4.3.2
"$work/env/bin/python" - <<'PYTHON'
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# a network whose logits are these, whatever the text, with a cache of zeros; the fifth token ends it
logits = np.append(np.log([0.4, 0.3, 0.2, 0.1]), -1e30).astype(np.float32)
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
graph = helper.make_graph(nodes, "four", inputs, outputs, arrays)
pathlib.Path("model/onnx").mkdir(parents=True)
network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.save(network, "model/onnx/model.onnx")
config = {
    "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": logits.size,
    "n_embd": 1, "n_head": 1, "n_layer": 1, "bos_token_id": 4, "eos_token_id": 4,
}
pathlib.Path("model/config.json").write_text(json.dumps(config))
PYTHON
cat > program.mjs <<'PROGRAM'
import { readFileSync } from "node:fs";
import { AutoModelForCausalLM, Tensor } from "@huggingface/transformers";

const folder = "node_modules/@huggingface/transformers/package.json";
console.log(`transformers.js ${JSON.parse(readFileSync(folder)).version}, p = .4 .3 .2 .1`);
const model = await AutoModelForCausalLM.from_pretrained("./model", {
  dtype: "fp32", device: "cpu", local_files_only: true,
});

const COPIES = 10;
const left = {};
for (const settings of [
  { top_k: 1 }, { top_p: 0.1 }, { typical_p: 0.1 }, { epsilon_cutoff: 0.35 },
]) {
  const ids = await model.generate({
    input_ids: new Tensor("int64", new BigInt64Array(COPIES), [COPIES, 1]),
    attention_mask: new Tensor("int64", new BigInt64Array(COPIES).fill(1n), [COPIES, 1]),
    max_new_tokens: 100,
    do_sample: true,
    top_k: 0,
    ...settings,
  });
  const counts = [0, 0, 0, 0];
  for (const text of ids.tolist()) for (const id of text.slice(1)) counts[Number(id)]++;
  const name = Object.keys(settings)[0];
  left[name] = counts.filter((count) => count > 0).length;
  console.log(`${name} = ${settings[name]}: drawn ${counts.join(", ")} times of ${COPIES * 100}`);
}

if (left.top_k !== 1) throw new Error("CHANGED: top_k = 1 leaves more than one token");
for (const name of ["top_p", "typical_p", "epsilon_cutoff"])
  if (left[name] !== 4) throw new Error(`CHANGED: ${name} truncates`);
console.log("SEEN: top_p, typical_p and epsilon_cutoff are taken, and truncate nothing");
PROGRAM
node program.mjs
