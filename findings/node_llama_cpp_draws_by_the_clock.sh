#!/bin/sh
# node-llama-cpp 3.22.1: without a seed all texts that are begun in the same second are the same text.
#
# A seed that is not given is the time in whole seconds. Four sequences of one context that are
# sampled side by side at temperature 1, four texts one after the other within the second, and texts
# of other processes of that second have the same draws. So best-of-n, self-consistency, or a panel
# of answers made in parallel is one answer n times, however high the temperature.
#
# Seen: over 200 tokens of p ∝ 1/rank (two equal texts of 20 tokens would come by chance with a
# probability below 1e-20) four parallel texts of 20 tokens are equal; with seeds 1, 2, 3, 4 they differ.
#
# Exits 0 if that is still so. Needs Linux on x86-64, node 20 or later and npm; Python makes the
# model.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check gguf==0.19.0 numpy==2.4.6
cd "$work"
npm install --silent --no-fund --no-audit --ignore-scripts --omit=optional --prefix . \
    node-llama-cpp@3.22.1 @node-llama-cpp/linux-x64@3.22.1

cat > model.py <<'PYTHON'
"""A Llama of one layer of zeros: after any text its logits are those of p proportional to 1/rank."""
import gguf
import numpy as np

WIDTH, TOKENS = 64, 200
names = [f"<{k}>" for k in range(TOKENS)] + ["<end>"]
logits = np.append(-np.log(np.arange(1, TOKENS + 1)), -1e30)
output = np.zeros((TOKENS + 1, WIDTH), np.float32)
output[:, 0] = logits / 8  # the norm makes 8 of the embedding's 1
embedding = np.zeros((TOKENS + 1, WIDTH), np.float32)
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
w.add_vocab_size(TOKENS + 1)
w.add_file_type(gguf.LlamaFileType.ALL_F32)
w.add_tokenizer_model("gpt2")
w.add_tokenizer_pre("gpt-2")
w.add_token_list(names)
kind = gguf.TokenType
w.add_token_types([int(kind.USER_DEFINED)] * TOKENS + [int(kind.CONTROL)])
w.add_token_merges(["a a"])
w.add_bos_token_id(TOKENS)
w.add_eos_token_id(TOKENS)
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
PYTHON
"$work/env/bin/python" model.py

cat > program.mjs <<'PROGRAM'
import { readFileSync } from "node:fs";
import { getLlama } from "node-llama-cpp";

const { version } = JSON.parse(readFileSync("node_modules/node-llama-cpp/package.json"));
console.log(`node-llama-cpp ${version}, four texts of 20 tokens side by side, temperature 1`);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const model = await llama.loadModel({ modelPath: "model.gguf" });
const context = await model.createContext({ contextSize: 512, sequences: 4, threads: 1 });

async function text(sequence, options) {
  const tokens = [];
  await sequence.clearHistory();
  for await (const token of sequence.evaluate([0], { temperature: 1, topK: 0, topP: 1, ...options })) {
    tokens.push(token);
    if (tokens.length === 20) break;
  }
  return tokens.join(" ");
}

const sequences = [0, 1, 2, 3].map(() => context.getSequence());
await Promise.all(sequences.map((s) => text(s, { seed: 0 }))); // everything is loaded
const millisecond = Date.now() % 1000;
await new Promise((done) => setTimeout(done, 1050 - millisecond)); // a second begins
const unseeded = new Set(await Promise.all(sequences.map((s) => text(s, {}))));
const seeded = new Set(await Promise.all(sequences.map((s, k) => text(s, { seed: k + 1 }))));
for (const one of unseeded) console.log(`no seed: ${one}`);
console.log(`different texts of four: ${unseeded.size} without a seed, ${seeded.size} with four seeds`);
if (!(unseeded.size === 1 && seeded.size === 4)) {
  console.log("CHANGED: texts without a seed differ");
  process.exit(1);
}
console.log("SEEN: without a seed four texts that are sampled at temperature 1 are one text");
process.exit(0);
PROGRAM
node program.mjs
