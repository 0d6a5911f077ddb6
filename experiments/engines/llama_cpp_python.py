# /// script
# requires-python = ">=3.11"
# dependencies = ["llama-cpp-python==0.3.36", "gguf==0.19.0", "numpy==2.4.6"]
# [tool.engine]
# name = "llama-cpp-python"
# ///
"""llama-cpp-python, in this process.

Its package has no wheel: it is built from source, by a C++ compiler and CMake, which takes long.
CMAKE_ARGS="-DCMAKE_CXX_FLAGS_RELEASE=-O0" takes half the time; that build has assertions.
"""

import re
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import gguf_file
import interview
from known_logits import ROWS, Vocabulary, tail_row
from llama_cpp import Llama

LONGEST = 500  # tokens of a text
ONE = "a call has one prompt"
ASSERTED = "not asked: it was built with assertions, one of which ends the process here"
_SPELT = re.compile(r"<(\d+)>|.", re.DOTALL)  # a token of a row, or a letter that is none


class LlamaCppPython(interview.Engine):
    """Draws are the texts of `Llama.create_completion`."""

    off: ClassVar = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
    lacks: ClassVar = {"subnormal": ASSERTED, "batch_seeded": ONE, "batch_unseeded": ONE}
    tail: ClassVar = (20_000, 20_000)

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.vocabularies = {
            "known": Vocabulary(ROWS, first=gguf_file.FIRST),
            "tail": Vocabulary({"tail": tail_row(self.tail[0])}, first=gguf_file.FIRST),
        }
        self.models: dict[str, Llama] = {}

    def versions(self) -> dict[str, str]:
        return {"llama-cpp-python": version("llama-cpp-python")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        name = "tail" if row == "tail" else "known"
        vocabulary = self.vocabularies[name]
        start = vocabulary.start(row)
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            answer = self._model(name).create_completion([start], max_tokens=length, **settings)
            found = _SPELT.finditer(answer["choices"][0]["text"])
            new = vocabulary.places([int(token[1] or gguf_file.END) for token in found], row)
            new = new or [-1 - gguf_file.END]  # the end of text was drawn
            length = interview.next_length(length, new)
            places += new
        return places

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        start = self.vocabularies["known"].start(row)
        answer = self._model("known").create_completion(
            [start], max_tokens=1, logprobs=ROWS[row].size, **settings
        )
        [listed] = answer["choices"][0]["logprobs"]["top_logprobs"]
        return [listed.get(gguf_file.spelt(start + place)) for place in range(ROWS[row].size)]

    def _model(self, name: str) -> Llama:
        if name not in self.models:
            path = Path(self.folder.name) / f"{name}.gguf"
            gguf_file.write(path, self.vocabularies[name])
            self.models[name] = Llama(
                str(path), n_ctx=2048, n_threads=1, logits_all=name == "known", verbose=False
            )
        return self.models[name]


if __name__ == "__main__":
    interview.main(LlamaCppPython)
