# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "transformers[serving]==5.23.0", "torch==2.13.0", "safetensors==0.8.0", "numpy==2.4.6",
#     "httpx==0.28.1",
# ]
# [tool.engine]
# name = "transformers serve"
# ///
"""`transformers serve`, asked over HTTP.

It samples only if the model's generation_config.json says so. So there are two copies of the model:
`plain` without such a file, and `sampling`, whose file has do_sample true and every truncation off.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import llama_folder
from known_logits import ROWS, Vocabulary
from served import Served

LONGEST = 500  # tokens of a text
FILES = {"plain": None, "sampling": {"do_sample": True, "top_k": 0, "top_p": 1.0}}
SAMPLER = "generate, which this server calls, was asked for it"


class Serve(interview.Engine):
    """Requests go to /v1/completions; a token is a letter of the answer."""

    off: ClassVar = {"model": "sampling"}
    lacks: ClassVar = {"tail": SAMPLER}
    draws: ClassVar = 10_000

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.known = Vocabulary(ROWS)
        self.ids = {name: token for token, name in enumerate(llama_folder.names(self.known))}
        for name, content in FILES.items():
            llama_folder.write(self._model(name), self.known, generation=content)
        self.server = self._start()
        self.batching: Served | None = None

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("transformers", "torch")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        return self._draw(self.server, row, count, settings)

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        sent = {name: value for name, value in settings.items() if name != "top_k"}
        [choice] = self._ask(self.server, row, 1, sent | {"logprobs": 5})["choices"]
        if choice.get("logprobs") is None:
            raise interview.NoAnswerError("the field logprobs is accepted, and none come back")
        raise NotImplementedError(f"log-probabilities have come: {choice}")

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        prompts = [self.known.name(self.known.start(row))] * copies
        answer = self._ask(self.server, row, length, settings | {"prompt": prompts})
        return [self._places(choice, row) for choice in answer["choices"]]

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        many = 4 * interview.SOME
        for t in (0.3, 1.5):
            yield (
                f"plain_{t:g}",
                f"t = {t:g}, of a model without generation_config.json",
                lambda t=t: self.counted("rank", many, temperature=t),
            )
        yield (
            "batching",
            "continuous batching: a request at t = 0 after one at t = 1.5",
            self._second_request,
        )

    def close(self) -> None:
        self.server.close()
        if self.batching is not None:
            self.batching.close()

    def _second_request(self) -> dict[str, Any]:
        self.batching = self._start("--continuous-batching")
        self._draw(self.batching, "rank", 20, self.off | {"temperature": 1.5})
        places = self._draw(self.batching, "rank", 500, self.off | {"temperature": 0.0})
        size = ROWS["rank"].size
        return {
            "row": "rank",
            "counts": [places.count(place) for place in range(size)],
            "others": 0,
        }

    def _start(self, *options: str) -> Served:
        command = [str(Path(sys.executable).parent / "transformers"), "serve", *options]
        offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        log = Path(self.folder.name) / f"log{''.join(options)}"
        return Served([*command, "--device", "cpu"], log, "/health", offline)

    def _model(self, name: str) -> Path:
        return Path(self.folder.name) / name

    def _draw(self, server: Served, row: str, count: int, settings: dict[str, Any]) -> list[int]:
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            [choice] = self._ask(server, row, length, settings)["choices"]
            new = self._places(choice, row)
            new = new or [-1]  # the end of text was drawn
            length = interview.next_length(length, new)
            places += new
        return places

    def _places(self, choice: dict[str, Any], row: str) -> list[int]:
        return self.known.places([self.ids.get(letter, -1) for letter in choice["text"]], row)

    def _ask(self, server: Served, row: str, length: int, settings: dict[str, Any]) -> Any:
        settings = dict(settings)
        body = {
            "model": str(self._model(settings.pop("model", "plain"))),
            "prompt": self.known.name(self.known.start(row)),
            "max_tokens": length,
        }
        # JSON has no infinity: this is the largest number of single precision, and all but the same
        numbers = {
            name: 3e38 if value == float("inf") else value for name, value in settings.items()
        }
        return server.post("/v1/completions", body | numbers)


if __name__ == "__main__":
    interview.main(Serve)
