# /// script
# requires-python = ">=3.11"
# dependencies = ["mistralrs==0.9.5", "safetensors==0.8.0", "numpy==2.4.6"]
# [tool.engine]
# name = "mistral.rs"
# ///
"""mistral.rs, through its Python package, in this process."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import llama_folder
from known_logits import ROWS, Vocabulary, tail_row
from mistralrs import (
    Architecture,
    ChatCompletionRequest,
    CompletionRequest,
    ModelDType,
    Runner,
    Which,
)

LONGEST = 500  # tokens of a text
ONE = "a request has one prompt"


class MistralRs(interview.Engine):
    """A token is a letter of the answer. A seed is a Runner's: a seeded text has one of its own.

    The first Runner of a process refuses a seed, so that one without is made before.
    """

    lacks: ClassVar = {"batch_seeded": ONE, "batch_unseeded": ONE}
    tail: ClassVar = (20_000, 20_000)

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.vocabularies = {
            "known": Vocabulary(ROWS),
            "tail": Vocabulary({"tail": tail_row(self.tail[0])}),
        }
        self.runners: dict[str, Runner] = {}

    def versions(self) -> dict[str, str]:
        return {"mistralrs": version("mistralrs")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        settings = dict(settings)
        name = "tail" if row == "tail" else "known"
        vocabulary = self.vocabularies[name]
        ids = {letter: token for token, letter in enumerate(llama_folder.names(vocabulary))}
        runner = self._runner(name)

        if "seed" in settings:
            runner = self._new(name, settings.pop("seed"))
        places: list[int] = []
        length = min(LONGEST, count)

        while len(places) < count:
            request = CompletionRequest(
                vocabulary.name(vocabulary.start(row)), "default", max_tokens=length, **settings
            )
            text = runner.send_completion_request(request).choices[0].text
            new = vocabulary.places([ids.get(letter, -1) for letter in text], row)
            new = new or [-1]  # the end of text was drawn
            length = interview.next_length(length, new)
            places += new

        return places

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        vocabulary = self.vocabularies["known"]
        start = vocabulary.start(row)
        request = ChatCompletionRequest(
            [{"role": "user", "content": vocabulary.name(start)}],
            "default",
            logprobs=True,
            top_logprobs=vocabulary.size,
            max_tokens=1,
            **settings,
        )
        answer = self._runner("known").send_chat_completion_request(request)
        listed = answer.choices[0].logprobs.content[0].top_logprobs
        by_id = {entry.token: entry.logprob for entry in listed}
        return [by_id.get(start + place) for place in range(ROWS[row].size)]

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def four(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("four", interview.SOME, temperature=1.0, **settings)

        yield "top_p_zero", "top_p = 0, p = .4 .3 .2 .1", four(top_p=0.0)
        yield "min_p_one", "min_p = 1, p = .4 .3 .2 .1", four(min_p=1.0)
        yield "first_seed", "Runner(seed=1), the first of its process", self._first_seed
        yield "runner_seeds", "two Runners, of seeds 1 and 2, after one without", self._two_seeds
        yield (
            "nan",
            "t = nan",
            lambda: self.counted("three", interview.FEW, temperature=float("nan")),
        )

    def _first_seed(self) -> dict[str, Any]:
        self._runner("known")  # whose files it takes
        program = (
            "import sys, mistralrs as m\n"
            "kind, form = m.Architecture.Llama, m.ModelDType.F32\n"
            "which = m.Which.Plain(sys.argv[1], arch=kind, dtype=form)\n"
            'm.Runner(which, token_source="none", seed=1)\n'
        )
        command = [sys.executable, "-P", "-c", program, str(Path(self.folder.name) / "known")]
        ended = subprocess.run(command, capture_output=True, text=True)
        said = [line for line in ended.stderr.splitlines() if line.startswith("ValueError")]
        return {"words": f"error: {said[0]}" if said else "no error"}

    def _two_seeds(self) -> dict[str, Any]:
        return {
            "texts": [self.draw("rank", 20, temperature=1.0, seed=seed)[:20] for seed in (1, 2)]
        }

    def _runner(self, name: str) -> Runner:
        if name not in self.runners:
            self.runners[name] = self._new(name, None)
        return self.runners[name]

    def _new(self, name: str, seed: int | None) -> Runner:
        folder = Path(self.folder.name) / name
        if not folder.exists():
            llama_folder.write(folder, self.vocabularies[name])
        model = Which.Plain(str(folder), arch=Architecture.Llama, dtype=ModelDType.F32)
        return Runner(model, token_source="none", seed=seed)


if __name__ == "__main__":
    interview.main(MistralRs)
