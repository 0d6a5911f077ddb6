# /// script
# requires-python = ">=3.11"
# dependencies = ["xllamacpp==2026.10.11549", "gguf==0.19.0", "numpy==2.4.6", "httpx==0.28.1"]
# [tool.engine]
# name = "llama.cpp's server"
# ///
"""llama.cpp's server, as the wheel xllamacpp has it, asked over HTTP."""

import math
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import gguf_file
import httpx
import interview
import xllamacpp
from known_logits import ROWS, Vocabulary, tail_row

LONGEST = 500  # tokens of a request


class LlamaServer(interview.Engine):
    """Requests go to /completion, with the prompt as an id."""

    off: ClassVar = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.http = httpx.Client(timeout=600)
        self.servers: dict[str, xllamacpp.Server] = {}
        self.known = Vocabulary(ROWS, first=gguf_file.FIRST)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])}, first=gguf_file.FIRST)

    def versions(self) -> dict[str, str]:
        return {"xllamacpp": version("xllamacpp")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = self.tail_vocabulary if row == "tail" else self.known
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            answer = self._ask(row, length, settings)
            new = vocabulary.places(answer["tokens"], row)
            new = new or [-1]  # the end of text was drawn
            length = interview.next_length(length, new)
            places += new
        return places

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        answer = self._ask(row, 1, settings | {"n_probs": self.known.size})
        [listed] = [step["top_logprobs"] for step in answer["completion_probabilities"]]
        by_id = {entry["id"]: entry["logprob"] for entry in listed}
        start = self.known.start(row)
        return [by_id.get(start + place) for place in range(ROWS[row].size)]

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        prompts = [[self.known.start(row)]] * copies
        answers = self._ask(row, length, settings | {"prompt": prompts})
        return [self.known.places(answer["tokens"], row) for answer in answers]

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def rank(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("rank", 4 * interview.SOME, **settings)

        hot = self.off | {"temperature": 1.0}
        reordered = {"samplers": ["temperature", "top_p"], "temperature": 0.5, "top_p": 0.8}
        yield "null", "temperature: null, truncation off", rank(**self.off, temperature=None)
        yield (
            "dynamic",
            "t = 0 with dynatemp_range = 0.5",
            rank(**self.off, temperature=0.0, dynatemp_range=0.5),
        )
        yield (
            "order_asked",
            'samplers = ["temperature", "top_p"], t = 0.5, top_p = 0.8',
            lambda: {"as": "order"} | self.counted("three", interview.SOME, **reordered),
        )
        yield (
            "misspelt",
            'samplers = ["temprature"], t = 0.3',
            rank(**self.off, samplers=["temprature"], temperature=0.3),
        )
        yield (
            "twice",
            'samplers = ["temperature", "temp"], t = 0.7: t² is 0.49',
            rank(**self.off, samplers=["temperature", "temp"], temperature=0.7),
        )
        yield (
            "dynamic_top_k",
            "t = 0.7, dynatemp_range = 0.3",
            rank(**self.off, temperature=0.7, dynatemp_range=0.3),
        )
        yield (
            "dynamic_top_k_40",
            "the same with top_k = 40",
            rank(**self.off | {"top_k": 40}, temperature=0.7, dynatemp_range=0.3),
        )
        yield (
            "typical",
            "t = 1, typical_p = 0.5, p = .4 .3 .2 .1",
            lambda: self.counted("four", interview.SOME, **hot | {"typical_p": 0.5}),
        )
        yield (
            "backend_tail",
            "tokens of p = 1e-7 with backend_sampling",
            lambda: self.counted("tail", self.tail[1], **hot | {"backend_sampling": True}),
        )
        yield "seed_next", "n = 2 with seed 7, its second text, and seed 8", self._next_seed
        yield (
            "mirostat_top_k",
            "mirostat = 2 with top_k = 1",
            rank(mirostat=2, top_k=1, temperature=1.0),
        )

    def close(self) -> None:
        self.http.close()
        self.servers.clear()

    def _next_seed(self) -> dict[str, Any]:
        sent = self.off | {"temperature": 1.0}
        both = self._ask("rank", 20, sent | {"n": 2, "seed": 7})
        second = self.known.places(both[1]["tokens"], "rank")
        return {"texts": [second, self.draw("rank", 20, **sent | {"seed": 8})[:20]]}

    def _ask(self, row: str, length: int, settings: dict[str, Any]) -> Any:
        vocabulary = self.tail_vocabulary if row == "tail" else self.known
        body = {
            "prompt": [vocabulary.start(row)],
            "n_predict": length,
            "return_tokens": True,
            "cache_prompt": False,
        }
        # JSON has no infinity; in single precision, which the server has, 1e39 is it
        body |= {name: 1e39 if value == math.inf else value for name, value in settings.items()}
        response = self.http.post(self._address(row) + "/completion", json=body)
        if response.status_code != 200:
            raise ValueError(f"status {response.status_code}: {response.text}")
        return response.json()

    def _address(self, row: str) -> str:
        """Return the address of the server that has a row, started on first use."""
        name = "tail" if row == "tail" else "known"
        if name not in self.servers:
            path = Path(self.folder.name) / f"{name}.gguf"
            gguf_file.write(path, self.tail_vocabulary if name == "tail" else self.known)
            self.servers[name] = _server(path)
        return self.servers[name].listening_address


def _server(path: Path) -> xllamacpp.Server:
    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.n_ctx = 4096
    settings.n_parallel = 4
    settings.cpuparams.n_threads = 1
    settings.cpuparams_batch.n_threads = 1
    settings.n_gpu_layers = 0
    settings.warmup = False
    settings.fit_params = False
    settings.ui = False
    settings.port = 0
    return xllamacpp.Server(settings)


if __name__ == "__main__":
    interview.main(LlamaServer)
