# /// script
# requires-python = ">=3.11"
# dependencies = ["onnx==1.23.2", "numpy==2.4.6"]
# [tool.engine]
# name = "transformers.js"
# npm = ["@huggingface/transformers@4.3.2"]
# ///
"""transformers.js in node, on a graph that looks its logits up; transformers_js.mjs runs there."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import interview
import onnx_rows
from known_logits import ROWS, Vocabulary, tail_row

COPIES = 20
END = 0
KNOWN = Vocabulary(ROWS)
SAMPLING = {"do_sample": True}


class TransformersJS(interview.Engine):
    """Draws are those of `model.generate`, of 20 prompts of one token a call."""

    off: ClassVar = SAMPLING | {"top_k": 0}
    lacks: ClassVar = {
        "logprob": "generate returns none, whatever is asked",
        "nucleus": "top_p is ignored",
    }
    tail: ClassVar = (5_000, 40_000)  # slow where the vocabulary is large

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        for name, vocabulary in (("rows", KNOWN), ("tail", self.tail_vocabulary)):
            _write(Path(self.folder.name) / name, vocabulary)
        program = Path(__file__).with_suffix(".mjs")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.node = subprocess.Popen(["node", program], **pipes)

    def versions(self) -> dict[str, str]:
        package = "@huggingface/transformers", "onnxruntime-node"
        folder = Path(os.environ["NODE_MODULES"])
        found = {name: json.loads((folder / name / "package.json").read_text()) for name in package}
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        versions = {name: content["version"] for name, content in found.items()}
        return versions | {"node": node.stdout.strip().removeprefix("v")}

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

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def four(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("four", interview.SOME, **self.off | settings)

        yield (
            "sampling",
            "do_sample alone",
            lambda: self.counted("rank", 4 * interview.SOME, **SAMPLING),
        )
        for name, value in (
            ("top_p", 0.1),
            ("min_p", 0.9),
            ("typical_p", 0.1),
            ("epsilon_cutoff", 0.35),
        ):
            yield name, f"p = .4 .3 .2 .1 with {name} = {value}", four(**{name: value})
        yield (
            "negative_top_k",
            "t = -1 with top_k = 3",
            lambda: self.counted("three", interview.FEW, **SAMPLING, temperature=-1.0, top_k=3),
        )
        yield "several", "num_return_sequences = 3: how many texts come", self._several
        yield (
            "scores",
            "what comes with output_scores, output_logits and return_dict_in_generate",
            self._scores,
        )

    def close(self) -> None:
        self.node.stdin.close()
        self.node.wait()

    def _several(self) -> dict[str, Any]:
        texts = self._texts("rank", 1, 20, **self.off, num_return_sequences=3)
        return {"words": str(len(texts))}

    def _scores(self) -> dict[str, Any]:
        asked = ("output_scores", "output_logits", "return_dict_in_generate")
        keys = self._texts("rank", 1, 2, **self.off, **dict.fromkeys(asked, True))
        return {"words": ", ".join(keys)}

    def _texts(self, row: str, copies: int, length: int, **settings: Any) -> list[Any]:
        vocabulary = self.tail_vocabulary if row == "tail" else KNOWN
        request = {
            "folder": str(Path(self.folder.name) / ("tail" if row == "tail" else "rows")),
            "start": vocabulary.start(row),
            "copies": copies,
            "length": length,
            "seed": settings.pop("seed", None),
            "options": {name: interview.written(value) for name, value in settings.items()},
        }
        if request["options"].get("temperature") == "inf":
            request["options"]["temperature"] = "Infinity"
        self.node.stdin.write(json.dumps(request) + "\n")
        self.node.stdin.flush()
        answer = json.loads(self.node.stdout.readline())

        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["texts"]


def _write(folder: Path, vocabulary: Vocabulary) -> None:
    onnx_rows.save(vocabulary, folder / "onnx" / "model.onnx")
    config = {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": vocabulary.size,
        "n_embd": 1,
        "n_head": 1,
        "n_layer": 1,
        "bos_token_id": END,
        "eos_token_id": END,
    }
    (folder / "config.json").write_text(json.dumps(config))


if __name__ == "__main__":
    interview.main(TransformersJS)
