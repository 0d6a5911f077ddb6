"""Serve the model by vLLM: `serve_vllm.py FOLDER --port PORT`.

Runs in an environment with vllm; its path has this folder and that of `llama_folder`. The model's
generation_config.json has top_k = 3, which acts in every request that does not say otherwise.
"""

import os
import sys
from pathlib import Path

import llama_folder
import random_model

_, folder, *port = sys.argv
model = Path(folder) / "model"
llama_folder.write(model, random_model.RandomModel(first=3), generation={"top_k": 3})

command = [sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server", *port]
command += ["--model", str(model), "--served-model-name", "random", "--dtype", "float32"]
command += ["--enforce-eager", "--max-model-len", "2048", "--max-num-seqs", "8"]
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
os.execv(sys.executable, command)
