# /// script
# requires-python = ">=3.11"
# dependencies = ["mlx-lm==0.32.2", "mlx[cpu]==0.32.4", "safetensors==0.8.0", "numpy==2.4.6"]
# [tool.engine]
# name = "mlx-lm"
# ///
"""mlx-lm on the CPU of Linux, on a Llama of known logits."""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import llama_folder
import mlx.core as mx
from known_logits import ROWS, Vocabulary, tail_row
from mlx_lm import load
from mlx_lm.generate import BatchGenerator, generate_step
from mlx_lm.sample_utils import make_sampler

COPIES = 32
KNOWN = Vocabulary(ROWS)
SECONDS = 120.0  # for its server to begin


class MlxLM(interview.Engine):
    """Draws are those of `BatchGenerator`, of 32 prompts of one token."""

    off: ClassVar = {}  # its defaults truncate nothing
    tail: ClassVar = (10_000, 40_000)  # slow where the vocabulary is large

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.model = self._load("rows", KNOWN)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.tail_model = None

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("mlx-lm", "mlx")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = self.tail_vocabulary if row == "tail" else KNOWN
        copies = min(COPIES, -(-count // 20))
        places: list[int] = []
        while len(places) < count:
            for text in self._texts(row, copies, -(-count // copies), **settings):
                places += vocabulary.places(text, row)
        return places

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        texts = self._texts(row, copies, length, **settings)
        return [KNOWN.places(text, row) for text in texts]

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        prompt, start = mx.array([KNOWN.start(row)]), KNOWN.start(row)
        sampler = _sampler(settings)
        _, reported = next(iter(generate_step(prompt, self.model, max_tokens=1, sampler=sampler)))
        return reported[start : start + ROWS[row].size].tolist()

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def four(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("four", interview.SOME, **settings)

        yield (
            "min_p_hot",
            "p = .4 .3 .2 .1, min_p = 0.4 at t = 2: A, B, C if by p, all if by p after temperature",
            four(min_p=0.4, temperature=2.0),
        )
        yield (
            "xtc",
            "the same with xtc_probability = 1 and nothing else",
            four(temperature=1.0, xtc_probability=1.0),
        )
        yield (
            "xtc_coin",
            "xtc_probability = 0.5, the first tokens of 8 equal prompts, 40 batches",
            self._coin,
        )
        yield "server", "the tokens that its server's logprobs name", self._server_tokens

    def _coin(self) -> dict[str, Any]:
        """Tell from the likeliest token, which only XTC keeps from coming, who tosses a coin."""
        settings = {"temperature": 0.2, "xtc_probability": 0.5}
        mixed = 0
        for _ in range(40):
            texts = self._texts("three", 8, 1, **settings)  # prompts are read by eights
            mixed += len({text[0] == KNOWN.start("three") for text in texts}) == 2
        whose = "each prompt has its own coin" if mixed > 20 else "a batch has one coin"
        return {"words": f"{whose}: {mixed} of 40 batches are mixed"}

    def _server_tokens(self) -> dict[str, Any]:
        """Ask the server for a text with log-probabilities, and compare the two."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "mlx_lm", "server", "--model", f"{self.folder.name}/rows"]
        server = subprocess.Popen([*command, "--host", "127.0.0.1", "--port", str(port)])
        try:
            answer = _chat(port, KNOWN.name(KNOWN.start("rank")))
        finally:
            server.terminate()
            server.wait()
        text = answer["message"]["content"]
        named = [entry["token"] for entry in answer["logprobs"]["content"]]
        right = sum(letter == token for letter, token in zip(text, named, strict=False))
        return {"words": f"{right} of {len(text)} are the tokens of the text"}

    def _texts(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        vocabulary, model = KNOWN, self.model
        if row == "tail":
            vocabulary = self.tail_vocabulary
            self.tail_model = self.tail_model or self._load("tail", vocabulary)
            model = self.tail_model

        if "seed" in settings:
            mx.random.seed(settings.pop("seed"))
        generator = BatchGenerator(model, max_tokens=length, sampler=_sampler(settings))
        texts: dict[int, list[int]] = {}

        for number in generator.insert([[vocabulary.start(row)]] * copies):
            texts[number] = []
        while answers := generator.next_generated():
            for answer in answers:
                texts[answer.uid].append(answer.token)
        return list(texts.values())

    def _load(self, name: str, vocabulary: Vocabulary) -> Any:
        folder = Path(self.folder.name) / name
        llama_folder.write(folder, vocabulary)
        return load(str(folder))[0]


def _sampler(settings: dict[str, Any]) -> Callable[[mx.array], mx.array]:
    renamed = {"temperature": "temp"}
    return make_sampler(**{renamed.get(name, name): value for name, value in settings.items()})


def _chat(port: int, prompt: str) -> dict[str, Any]:
    """Ask for 100 tokens at t = 1 as soon as the server answers."""
    body = {
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": 100,
        "temperature": 1.0,
        "logprobs": True,
        "top_logprobs": 10,
    }
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    begun = time.monotonic()

    while True:
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return json.load(answer)["choices"][0]
        except (ConnectionError, urllib.error.URLError):
            if time.monotonic() - begun > SECONDS:
                raise
            time.sleep(0.5)


if __name__ == "__main__":
    interview.main(MlxLM)
