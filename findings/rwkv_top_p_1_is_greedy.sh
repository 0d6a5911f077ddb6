#!/bin/sh
# rwkv 0.8.32: top_p = 1.0, which elsewhere means "no nucleus", makes PIPELINE.sample_logits greedy.
#
# On the CPU it looks for the first place where the cumulative sum of the sorted probabilities
# reaches top_p. The sum is taken in float32, and for a vocabulary of 65,536 tokens it ends a little
# below 1. Then no place is found, the index of "no place" is 0, and the cutoff is the probability of
# the likeliest token: nothing else is ever drawn, at any temperature.
#
# Seen: of 50 rows of 65,536 normal logits (standard deviation 3) all 50 give one token in 50 draws
# each at top_p = 1.0 and temperature = 1.5; at top_p = 0.999 each row gives nearly 50 different ones.
#
# Exits 0 if that is still so.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check \
    rwkv==0.8.32 torch==2.13.0 numpy==2.4.6
cd "$work"
"$work/env/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import torch
from rwkv.utils import PIPELINE

ROWS, DRAWS = 50, 50
pipeline = PIPELINE(None, "rwkv_vocab_v20230424")  # the sampler needs no model
rows = torch.from_numpy(3 * np.random.default_rng(0).normal(size=(ROWS, 65_536)).astype(np.float32))

print(f"rwkv {version('rwkv')}, {ROWS} rows of 65,536 logits, {DRAWS} draws of each at temperature 1.5")
greedy = {}
for top_p in (0.999, 1.0):
    different = []
    for row in rows:
        drawn = {pipeline.sample_logits(row, temperature=1.5, top_p=top_p) for _ in range(DRAWS)}
        different.append(len(drawn))
    greedy[top_p] = different.count(1)
    print(f"top_p = {top_p}: {np.mean(different):.1f} different tokens in {DRAWS} draws on average; "
          f"{greedy[top_p]} rows give one token alone")

if not (greedy[0.999] == 0 and greedy[1.0] >= ROWS // 2):
    sys.exit("CHANGED: top_p = 1.0 is no longer greedy")
print("SEEN: top_p = 1.0 samples the likeliest token only, where 0.999 samples freely")
PYTHON
