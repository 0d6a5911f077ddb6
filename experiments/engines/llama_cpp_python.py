# /// script
# requires-python = ">=3.11"
# dependencies = ["llama-cpp-python==0.3.36", "gguf==0.19.0", "numpy==2.4.6"]
# [tool.engine]
# name = "llama-cpp-python"
# ///
"""llama-cpp-python, in this process. There is no wheel: building it takes long."""

import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import gguf_file
import interview
from known_logits import ROWS, Vocabulary, tail_row
from llama_cpp import Llama

LONGEST = 500  # tokens of a text
RENAMED = {"temperature": "temp"}
ONE = "a call has one prompt"


class LlamaCppPython(interview.Engine):
    """Draws are those of `create_completion`; with settings of their own, those of `generate`."""

    off: ClassVar = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
    lacks: ClassVar = {"batch_seeded": ONE, "batch_unseeded": ONE}
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
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            text: list[int] = []
            model = self._model(name)
            options = dict(settings)
            if "seed" in options:
                model.set_seed(options.pop("seed"))
            for token in self._tokens(model, vocabulary.start(row), options):
                text.append(token)
                if len(text) >= length:
                    break
            new = vocabulary.places(text, row)
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

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        yield (
            "completion_negative",
            "create_completion with temperature = -1",
            lambda: {"words": self._completion(temperature=-1.0)},
        )

    def _completion(self, **settings: Any) -> str:
        start = self.vocabularies["known"].start("three")
        asked = self.off | settings
        answer = self._model("known").create_completion([start], max_tokens=300, **asked)
        text = answer["choices"][0]["text"]
        counts = [text.count(gguf_file.spelt(start + place)) for place in range(3)]
        return f"of logits 3, 2, 1 in 300 draws {', '.join(map(str, counts))}"

    def _tokens(self, model: Llama, start: int, settings: dict[str, Any]) -> Iterator[int]:
        model.reset()
        renamed = {RENAMED.get(name, name): value for name, value in settings.items()}
        return model.generate([start], **renamed)

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
