"""Serve the model by llama.cpp's server: `serve_xllamacpp.py FOLDER --port PORT`.

Runs in an environment with xllamacpp and gguf; its path has this folder and that of `gguf_file`.
"""

import signal
import sys
from pathlib import Path

import gguf_file
import random_model
import xllamacpp

_, folder, _, port = sys.argv
model = Path(folder) / "model.gguf"
gguf_file.write(model, random_model.RandomModel(gguf_file.FIRST))

settings = xllamacpp.CommonParams()
settings.model.path = str(model)
settings.port = int(port)
settings.n_ctx = 4096
settings.n_parallel = 4
settings.cpuparams.n_threads = 1
settings.cpuparams_batch.n_threads = 1
settings.n_gpu_layers = 0
settings.warmup = False
settings.fit_params = False
settings.ui = False
server = xllamacpp.Server(settings)
signal.pause()
