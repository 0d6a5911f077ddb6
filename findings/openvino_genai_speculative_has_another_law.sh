#!/bin/sh
# openvino-genai 2026.4.1.0: with a draft model and do_sample the text has not the law of the model.
#
# Speculative decoding accepts a token x of the draft with the probability min(1, p(x) / q(x)), p of
# the model and q of the draft, and else draws from what p has more than q; the text then has the
# law of p alone. Here another token y is drawn from p, and x is accepted with about q(x) / p(y).
# What the model says of x is asked for only at the first token of a round.
#
# Seen: p = .5 .3 .2 and q = .2 .6 .2, whatever the text so far, at t = 1. Without the draft the three
# come as they should; with it, .28 .56 .16. And of p = 1e-6, for which the draft has .5, is one token
# in seven.
#
# Exits 0 if that is still so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
    openvino-genai==2026.4.1.0 numpy==2.4.6
cd "$work"
"$work/env/bin/python" - <<'PYTHON'
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import openvino as ov
import openvino_genai as og
from openvino import opset13 as op
from openvino.op import util

TEXTS, LENGTH, WIDTH = 400, 20, 32


def integers(*value):
    return op.constant(np.array(value, dtype=np.int64))


def parameter(name, shape, dtype=np.int64):
    node = op.parameter(shape, dtype, name=name)
    node.output(0).set_names({name})
    return node


def network(logits):
    """Return a transformer of one head of zeros, whose logits are these whatever the text."""
    first, zero, one = integers(0), op.constant(np.int64(0)), integers(1)
    ids, mask, places = (
        parameter(name, [-1, -1]) for name in ("input_ids", "attention_mask", "position_ids")
    )
    beam = parameter("beam_idx", [-1], np.int32)
    shape = op.shape_of(ids)
    batch, length = op.gather(shape, first, zero), op.gather(shape, one, zero)
    states = op.gather(op.constant(np.zeros((len(logits), WIDTH), np.float32)), ids, zero)
    heads = op.transpose(op.reshape(states, integers(0, 0, 1, WIDTH), True), integers(0, 2, 1, 3))

    sinks, cached = [], []
    for name in ("key", "value"):
        info = util.VariableInfo()
        info.data_shape, info.data_type = ov.PartialShape([-1, 1, -1, WIDTH]), ov.Type.f32
        info.variable_id = f"past_key_values.0.{name}present.0.{name}"
        variable = util.Variable(info)
        empty = op.concat([batch, one, first, integers(WIDTH)], 0)
        begin = op.read_value(op.broadcast(op.constant(np.float32(0)), empty), variable)
        cached.append(op.concat([op.gather(begin, beam, zero), heads], 2))
        sinks.append(op.assign(cached[-1], variable))

    total = op.gather(op.shape_of(mask), one, zero)
    stop = op.squeeze(total, first)
    seen = op.unsqueeze(op.range(zero, stop, op.constant(np.int64(1)), "i64"), first)
    start = op.squeeze(op.subtract(total, length), first)
    own = op.unsqueeze(op.range(start, stop, op.constant(np.int64(1)), "i64"), one)
    allowed = op.select(op.less_equal(seen, own), op.constant(np.float32(0)), op.constant(np.float32(-1e9)))
    attended = op.scaled_dot_product_attention(heads, *cached, op.unsqueeze(allowed, integers(0, 1)))
    joined = op.reshape(op.transpose(attended, integers(0, 2, 1, 3)), integers(0, 0, WIDTH), True)
    nothing = op.matmul(joined, op.constant(np.zeros((WIDTH, len(logits)), np.float32)), False, False)
    found = op.add(nothing, op.constant(np.float32(logits)[None, None]))
    found.output(0).set_names({"logits"})
    return ov.Model([op.result(found)], sinks, [ids, mask, places, beam], "network")


def tokenizer():
    """Return a tokenizer for which each text is one token: there has to be one."""
    text = parameter("string_input", [-1], ov.Type.string)
    shape = op.concat([op.shape_of(text), integers(1)], 0)
    results = []
    for name in ("input_ids", "attention_mask"):
        ones = op.broadcast(op.constant(np.int64(1)), shape)
        ones.output(0).set_names({name})
        results.append(op.result(ones))
    return ov.Model(results, [text], "tokenizer")


def saved(name, probabilities):
    """Write a model of these tokens, and of an end that never comes, to a folder."""
    folder = Path(name)
    folder.mkdir(exist_ok=True)
    logits = np.append(-1e9, np.log(probabilities))
    ov.save_model(network(logits), folder / "openvino_model.xml", compress_to_fp16=False)
    ov.save_model(tokenizer(), folder / "openvino_tokenizer.xml")
    config = {"model_type": "gpt2", "vocab_size": logits.size, "bos_token_id": 0, "eos_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def shares(p, q=None):
    """Return how often each token comes at t = 1, with a draft or without."""
    options = {"scheduler_config": og.SchedulerConfig()}
    options["scheduler_config"].cache_size = 1
    if q is not None:
        options["draft_model"] = og.draft_model(saved("draft", q), "CPU")
    pipeline = og.LLMPipeline(saved("target", p), "CPU", **options)
    prompt = ov.Tensor(np.array([[1]]))
    counts = np.zeros(len(p) + 1, int)
    for seed in range(1, TEXTS + 1):
        config = og.GenerationConfig()
        config.do_sample, config.temperature, config.ignore_eos = True, 1.0, True
        config.max_new_tokens, config.rng_seed = LENGTH, seed
        if q is not None:
            config.num_assistant_tokens = 4
        [text] = pipeline.generate(og.TokenizedInputs(prompt, ov.Tensor(np.array([[1]]))), config).tokens
        counts += np.bincount(text, minlength=counts.size)
    return counts[1:] / counts.sum()


p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.6, 0.2])
alone, together = shares(p), shares(p, q)
rare = shares(np.array([1 - 1e-6, 1e-6]), np.array([0.5, 0.5]))[1]
print(f"openvino-genai {version('openvino-genai')}, {TEXTS} texts of {LENGTH} tokens, t = 1")
for name, share in (("without a draft", alone), ("with a draft of .2 .6 .2", together)):
    print(f"p = .5 .3 .2 {name}: " + " ".join(f"{value:.3f}" for value in share))
print(f"p = 1e-6 with a draft of .5: {rare:.3f}")

if np.abs(alone - p).max() > 0.03:  # five standard deviations
    sys.exit("CHANGED: without a draft the text has not the law of the model either")
if np.abs(together - p).max() < 0.1 or rare < 0.05:
    sys.exit("CHANGED: with a draft the text has the law of the model, or nearly")
print("SEEN: with a draft the text has not the law of the model")
PYTHON
