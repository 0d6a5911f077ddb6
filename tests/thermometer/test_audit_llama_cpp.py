"""A live audit of llama-cpp-python's server, where it is installed and a model is named.

BOLTZMANN_GGUF=model.gguf python -m pytest -m llama_cpp
"""

import importlib.util
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from boltzmann.__main__ import _parser

MODEL = os.environ.get("BOLTZMANN_GGUF", "")

pytestmark = [
    pytest.mark.llama_cpp,
    pytest.mark.skipif(
        importlib.util.find_spec("llama_cpp") is None, reason="llama-cpp-python is not installed"
    ),
    pytest.mark.skipif(not Path(MODEL).is_file(), reason="BOLTZMANN_GGUF names no model"),
]


@pytest.fixture
def url(tmp_path):
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", MODEL, "--port", str(port)]

    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*command, "--logits_all", "true"], stdout=log, stderr=log)
    try:
        for _ in range(600):
            try:
                httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=5)
                break
            except httpx.TransportError:
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.2)
        else:
            pytest.fail((tmp_path / "log").read_text())
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait(timeout=60)


def test_llama_cpp_samples_at_the_temperature_asked_for(url, tmp_path, capsys):
    """Its truncation is turned off; by default it is top_k = 40, top_p = 0.95 and min_p = 0.05."""
    asked = ["--url", url, "--temperature", "0.7", "--draws", "3000"]
    asked += ["--resolution", "0.25", "--concurrency", "1"]
    fields = ["--field", "top_k=0", "--field", "min_p=0", "--keep", str(tmp_path / "draws.jsonl")]
    options = _parser().parse_args(["audit", *asked, *fields])
    assert options.run(options) != 1, capsys.readouterr().out
