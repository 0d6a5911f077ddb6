# /// script
# requires-python = ">=3.11"
# dependencies = ["transformers==5.23.0", "torch==2.13.0", "safetensors==0.8.0", "numpy==2.4.6"]
# [tool.engine]
# name = "transformers, generate"
# ///
"""transformers' `generate`, in this process."""

import math
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import llama_folder
import torch
from known_logits import ROWS, Vocabulary, tail_row
from transformers import AutoModelForCausalLM
from transformers.generation import GenerationConfig

LONGEST = 100  # tokens of a text
WIDEST = 200  # texts at once


class Generate(interview.Engine):
    """Equal prompts are sampled side by side; without a seed torch's generator goes on."""

    off: ClassVar = {"do_sample": True, "top_k": 0, "top_p": 1.0}
    tail: ClassVar = (20_000, 20_000)

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.folder = tempfile.TemporaryDirectory()
        self.known = Vocabulary(ROWS)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.models: dict[str, Any] = {}

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("transformers", "torch")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        length = min(LONGEST, count)
        places: list[int] = []
        while len(places) < count:
            wide = min(WIDEST, math.ceil((count - len(places)) / length))
            for text in self._generate(row, wide, length, settings):
                new = self._vocabulary(row).places(text, row)
                places += new
            length = interview.next_length(length, new)
        return places

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        asked = settings | {"output_scores": True, "return_dict_in_generate": True}
        [scores] = self._call(row, 1, 1, asked).scores
        start = self.known.start(row)
        return scores.log_softmax(-1)[0, start : start + ROWS[row].size].tolist()

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        return [self.known.places(t, row) for t in self._generate(row, copies, length, settings)]

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        sampled = {"do_sample": True}
        many = 4 * interview.SOME
        yield "sampled", "do_sample alone", lambda: self.counted("rank", many, **sampled)
        yield (
            "sampled_hot",
            "do_sample with t = 1.5",
            lambda: self.counted("rank", many, **sampled, temperature=1.5),
        )

        yield (
            "top_k",
            "what GenerationConfig().top_k says, while 50 act",
            lambda: {"words": str(GenerationConfig().top_k)},
        )
        yield (
            "one_of_equal",
            "top_k = 1 with 64 equal logits",
            lambda: self.counted("equal", many, **sampled, top_k=1),
        )

        yield (
            "logits",
            "output_logits in place of output_scores",
            lambda: self._raw("three", self.off | {"temperature": 0.5, "top_k": 2}),
        )

    def _raw(self, row: str, settings: dict[str, Any]) -> dict[str, Any]:
        asked = settings | {"output_logits": True, "return_dict_in_generate": True}
        [logits] = self._call(row, 1, 1, asked).logits
        start = self.known.start(row)
        found = logits[0, start : start + ROWS[row].size].tolist()
        return {"row": row, "settings": settings, "logprobs": found}

    def _generate(
        self, row: str, wide: int, length: int, settings: dict[str, Any]
    ) -> list[list[int]]:
        return self._call(row, wide, length, settings)[:, 1:].tolist()

    def _call(self, row: str, wide: int, length: int, settings: dict[str, Any]) -> Any:
        settings = dict(settings)
        if "seed" in settings:
            torch.manual_seed(settings.pop("seed"))
        prompt = torch.full((wide, 1), self._vocabulary(row).start(row))
        asked = {"max_new_tokens": length, "pad_token_id": llama_folder.END} | settings
        with torch.inference_mode():
            return self._model(row).generate(
                prompt, attention_mask=torch.ones_like(prompt), **asked
            )

    def _vocabulary(self, row: str) -> Vocabulary:
        return self.tail_vocabulary if row == "tail" else self.known

    def _model(self, row: str) -> Any:
        name = "tail" if row == "tail" else "known"
        if name not in self.models:
            folder = Path(self.folder.name) / name
            llama_folder.write(folder, self._vocabulary(row))
            self.models[name] = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        return self.models[name]


if __name__ == "__main__":
    interview.main(Generate)
