# /// script
# requires-python = ">=3.11"
# dependencies = ["onnxruntime-genai==0.18.0", "onnx==1.23.2", "numpy==2.4.6"]
# [tool.engine]
# name = "onnxruntime-genai"
# ///
"""onnxruntime-genai, on a graph that looks its logits up."""

import json
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import numpy as np
import onnx_rows
import onnxruntime_genai as og
from known_logits import ROWS, Vocabulary, tail_row

END = 0
BATCH = 32  # more rows than that are refused
LONGEST = 100_000
KNOWN = Vocabulary(ROWS)


class OnnxRuntimeGenAI(interview.Engine):
    """Draws are walks of a generator, 32 rows at a time."""

    # a nucleus is exact only beside a top_k; see the questions of this engine alone
    off: ClassVar = {"do_sample": True, "top_k": KNOWN.size, "top_p": 1.0}
    lacks: ClassVar = {"min_p_order": "its min_p is no part of the search options"}

    def __init__(self) -> None:
        og.disable_telemetry_events()
        self.folder = tempfile.TemporaryDirectory()
        self.model = self._load("rows", KNOWN)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.tail_model = None

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("onnxruntime-genai", "onnxruntime")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = KNOWN
        if row == "tail":
            vocabulary = self.tail_vocabulary
            settings |= {"top_k": 0}  # with top_p = 1 all tokens
        rows = min(BATCH, count)
        places: list[int] = []
        while len(places) < count:
            for text in self._walks(row, rows, -(-count // rows), **settings):
                places += vocabulary.places(text, row)
        return places

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        return [KNOWN.places(text, row) for text in self._walks(row, copies, length, **settings)]

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        logits = np.ravel(self._generator(row, 1, 2, settings).get_logits())
        start = KNOWN.start(row)
        return logits[start : start + ROWS[row].size].tolist()

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def rank(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("rank", 4 * interview.SOME, do_sample=True, **settings)

        def left(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: nucleus(rank(**settings)())

        yield "sampling", "do_sample alone", rank()
        yield "no_top_k", "do_sample with top_k = 0", rank(top_k=0)
        yield "no_top_k_hot", "do_sample with top_k = 0 at t = 1.5", rank(top_k=0, temperature=1.5)
        yield (
            "off",
            "do_sample with top_k = 0, top_p = 1 at t = 1.5",
            rank(top_k=0, top_p=1.0, temperature=1.5),
        )
        yield (
            "nucleus_alone",
            "top_p = 0.5 with top_k = 0: which tokens are left",
            left(top_k=0, top_p=0.5),
        )
        yield (
            "nucleus_beside",
            "top_p = 0.5 with top_k = V: which tokens are left",
            left(top_k=KNOWN.size, top_p=0.5),
        )
        negative = {"do_sample": True, "top_k": 3, "temperature": -1.0}
        yield (
            "negative_top_k",
            "t = -1 with top_k = 3",
            lambda: self.counted("three", interview.FEW, **negative),
        )
        yield (
            "options",
            "the search options of an untouched request",
            self._untouched,
        )

    def _untouched(self) -> dict[str, Any]:
        options = og.GeneratorParams(self.model).get_search_options()
        names = ("do_sample", "temperature", "top_k", "top_p", "repetition_penalty")
        return {"words": ", ".join(f"{name} = {options[name]:g}" for name in names)}

    def _load(self, name: str, vocabulary: Vocabulary) -> og.Model:
        folder = Path(self.folder.name) / name
        onnx_rows.save(vocabulary, folder / "model.onnx")
        (folder / "genai_config.json").write_text(json.dumps(_config(vocabulary.size)))
        return og.Model(str(folder))

    def _generator(
        self, row: str, rows: int, length: int, settings: dict[str, Any]
    ) -> og.Generator:
        vocabulary, model = KNOWN, self.model
        if row == "tail":
            self.tail_model = self.tail_model or self._load("tail", self.tail_vocabulary)
            vocabulary, model = self.tail_vocabulary, self.tail_model
        options = dict(settings)
        if "seed" in options:
            options["random_seed"] = options.pop("seed")
        params = og.GeneratorParams(model)
        params.set_search_options(max_length=length, batch_size=rows, **options)
        generator = og.Generator(model, params)
        generator.append_tokens(np.full((rows, 1), vocabulary.start(row), dtype=np.int32))
        return generator

    def _walks(self, row: str, rows: int, length: int, **settings: Any) -> list[list[int]]:
        generator = self._generator(row, rows, length + 1, settings)
        while not generator.is_done():
            generator.generate_next_token()
        return [np.asarray(generator.get_sequence(i))[1:].tolist() for i in range(rows)]


def nucleus(observed: dict[str, Any]) -> dict[str, Any]:
    """Return the counts of a nucleus of one half, and in words how many tokens it left."""
    if "counts" not in observed:
        return observed
    law = np.exp(ROWS["rank"]) / np.exp(ROWS["rank"]).sum()
    last = int(np.flatnonzero(observed["counts"]).max()) + 1
    due = int(np.searchsorted(np.cumsum(law), 0.5)) + 1
    words = f"{last}, of probability {law[:last].sum():.2f} together, where {due} would do"
    return observed | {"words": words}


def _config(size: int) -> dict[str, Any]:
    decoder = {
        "filename": "model.onnx",
        "head_size": 1,
        "hidden_size": 1,
        "num_attention_heads": 1,
        "num_hidden_layers": 1,
        "num_key_value_heads": 1,
        "session_options": {"intra_op_num_threads": 1, "provider_options": []},
        "inputs": {
            "input_ids": "input_ids",
            "attention_mask": "attention_mask",
            "position_ids": "position_ids",
            "past_key_names": "past_key_values.%d.key",
            "past_value_names": "past_key_values.%d.value",
        },
        "outputs": {
            "logits": "logits",
            "present_key_names": "present.%d.key",
            "present_value_names": "present.%d.value",
        },
    }
    ends = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), END)
    model = {
        "type": "llama",
        "vocab_size": size,
        "context_length": LONGEST,
        "decoder": decoder,
    } | ends

    return {"model": model, "search": {"max_length": LONGEST, "past_present_share_buffer": False}}


if __name__ == "__main__":
    interview.main(OnnxRuntimeGenAI)
