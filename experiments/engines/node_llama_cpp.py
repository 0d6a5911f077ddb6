# /// script
# requires-python = ">=3.11"
# dependencies = ["gguf==0.19.0", "numpy==2.4.6"]
# [tool.engine]
# name = "node-llama-cpp"
# npm = ["node-llama-cpp@3.22.1"]
# ///
"""node-llama-cpp, with the binary of its package; node_llama_cpp.mjs runs in node."""

import itertools
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import gguf_file
import interview
import node_lines
from known_logits import ROWS, Vocabulary, tail_row

LONGEST = 1_000  # tokens of a text
RENAMED = {"top_k": "topK", "top_p": "topP", "min_p": "minP"}


class NodeLlamaCpp(interview.Engine):
    """Draws are those of `LlamaContextSequence.evaluate`."""

    off: ClassVar = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
    tail: ClassVar = (20_000, 20_000)

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.vocabularies = {
            "known": Vocabulary(ROWS, first=gguf_file.FIRST),
            "tail": Vocabulary({"tail": tail_row(self.tail[0])}, first=gguf_file.FIRST),
        }
        for name, vocabulary in self.vocabularies.items():
            gguf_file.write(self._path(name), vocabulary)
        self.seeds: Iterator[int] | None = None
        self.node = node_lines.NodeLines(Path(__file__).with_suffix(".mjs"))

    def versions(self) -> dict[str, str]:
        return node_lines.versions("node-llama-cpp")

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            own = {} if self.seeds is None or "seed" in settings else {"seed": next(self.seeds)}
            [new] = self._texts(row, 1, length, settings | own)
            length = interview.next_length(length, new)
            places += new
        return places

    def counted(self, row: str, count: int, **settings: Any) -> dict[str, Any]:
        # without a seed, texts that are begun in one second are copies of one another
        self.seeds = itertools.count(1)
        try:
            return super().counted(row, count, **settings)
        finally:
            self.seeds = None

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        return self._texts(row, copies, length, settings)

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        pairs = self._ask("probabilities", row, settings)
        by_id = {token: math.log(p) if p > 0 else None for token, p in pairs}
        start = self.vocabularies["known"].start(row)
        return [by_id.get(start + place) for place in range(ROWS[row].size)]

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        yield (
            "nan",
            "t = nan",
            lambda: self.counted("three", interview.FEW, **self.off | {"temperature": math.nan}),
        )
        yield (
            "tiniest",
            "t = 1e-300, which is 0 in single precision",
            lambda: self.counted("three", interview.FEW, **self.off | {"temperature": 1e-300}),
        )
        yield "logprob_zero", "log-probabilities at t = 0", self._at_zero
        yield (
            "seconds",
            "no seed: 20 texts of one token, made one after the other",
            lambda: {"words": self._first_tokens()},
        )

    def close(self) -> None:
        self.node.close()

    def _first_tokens(self) -> str:
        hot = self.off | {"temperature": 1.0}
        first = [self._texts("rank", 1, 1, hot)[0][0] for _ in range(20)]
        return "places " + ", ".join(map(str, first))

    def _at_zero(self) -> dict[str, Any]:
        settings = self.off | {"temperature": 0.0}
        reported = self.logprobs("three", **settings)
        return {"row": "three", "settings": {"temperature": 1.0}, "logprobs": reported}

    def _texts(
        self, row: str, copies: int, length: int, settings: dict[str, Any]
    ) -> list[list[int]]:
        vocabulary = self.vocabularies["tail" if row == "tail" else "known"]
        texts = self._ask("texts", row, settings, copies=copies, length=length)
        return [vocabulary.places(text, row) for text in texts]

    def _ask(self, kind: str, row: str, settings: dict[str, Any], **more: int) -> Any:
        name = "tail" if row == "tail" else "known"
        options = {RENAMED.get(key, key): value for key, value in settings.items()}
        if not math.isfinite(options.get("temperature", 1.0)):
            options["temperature"] = {"inf": "Infinity", "nan": "NaN"}[str(options["temperature"])]
        request = {"kind": kind, "path": str(self._path(name)), "options": options}
        return self.node.ask(request | {"start": self.vocabularies[name].start(row)} | more)

    def _path(self, name: str) -> Path:
        return Path(self.folder.name) / f"{name}.gguf"


if __name__ == "__main__":
    interview.main(NodeLlamaCpp)
