# /// script
# requires-python = ">=3.11"
# dependencies = ["openvino-genai==2026.4.1.0", "numpy==2.4.6"]
# [tool.engine]
# name = "openvino-genai"
# ///
"""openvino-genai, on a graph that looks its logits up, with the attention backend SDPA."""

import json
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import numpy as np
import openvino as ov
import openvino_genai as og
from known_logits import ROWS, Vocabulary, tail_row
from openvino import opset13 as op
from openvino.op import util

END = 0
KNOWN = Vocabulary(ROWS)


class OpenVinoGenAI(interview.Engine):
    """Draws are tokens of `LLMPipeline.generate`, one prompt of one token a call."""

    off: ClassVar = {"do_sample": True}  # its defaults truncate nothing

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.pipeline = self._load("rows", KNOWN)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.tail_pipeline = None
        self.counts_taken = 0

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("openvino-genai", "openvino")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = self.tail_vocabulary if row == "tail" else KNOWN
        places: list[int] = []
        while len(places) < count:
            [text] = self._texts(row, 1, count, settings).tokens
            places += vocabulary.places(text, row)
            if "seed" in settings:  # the next call would give the same text again
                settings["seed"] += 1
        return places

    def counted(self, row: str, count: int, **settings: Any) -> dict[str, Any]:
        self.counts_taken += 1
        return super().counted(row, count, **{"seed": 1000 * self.counts_taken} | settings)

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        texts = self._texts(row, copies, length, settings).tokens
        return [KNOWN.places(text, row) for text in texts]

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        """Take the score of texts of one token, until each token that comes has come."""
        found: list[float | None] = [None] * ROWS[row].size
        for seed in range(100):
            result = self._texts(row, 1, 1, settings | {"seed": seed, "logprobs": 1})
            [place] = KNOWN.places(result.tokens[0], row)
            found[place] = result.scores[0]
        return found

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def three(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("three", interview.FEW, do_sample=True, **settings)

        def rank(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("rank", 4 * interview.SOME, **settings)

        yield "sampling", "do_sample alone", rank(do_sample=True)
        yield "normal", "t = 1e-38, a number of full precision", three(temperature=1e-38)
        yield "several", "num_return_sequences = 4, one seed: four texts", self._several
        yield "first_tokens", "the first token of 50 calls at t = 1.5, no seed", self._first_tokens
        yield (
            "min_p",
            "p = .4 .3 .2 .1, min_p = 0.4 at t = 2: A, B, C if by p, all if by p after temperature",
            lambda: self.counted(
                "four", interview.SOME, do_sample=True, min_p=0.4, temperature=2.0
            ),
        )
        yield "score", "the score of a text of four tokens", self._score
        yield (
            "rare",
            "one likely token and then 100,000 of p = 2.5e-8: how many of these come",
            self._rare,
        )

    def _rare(self) -> dict[str, Any]:
        """Draw tokens that a sum in single precision, which is near 1 already, takes no note of."""
        tokens, probability, draws = 100_000, 2.5e-8, 20_000
        row = np.full(1 + tokens, np.log(probability))
        row[0] = np.log1p(-tokens * probability)
        others = self.tail_vocabulary, self.tail_pipeline
        self.tail_vocabulary, self.tail_pipeline = Vocabulary({"tail": row}), None
        drawn = self.draw("tail", draws, **self.off, temperature=1.0, seed=1)
        self.tail_vocabulary, self.tail_pipeline = others
        found = int((np.array(drawn[:draws]) > 0).sum())
        return {"words": f"{found} drawn, {draws * tokens * probability:.0f} expected"}

    def _several(self) -> dict[str, Any]:
        settings = {"do_sample": True, "num_return_sequences": 4}
        texts = self._texts("rank", 1, 20, settings).tokens
        return {"texts": [KNOWN.places(text, "rank") for text in texts]}

    def _first_tokens(self) -> dict[str, Any]:
        settings = {"do_sample": True, "temperature": 1.5}
        return {"texts": [self.draw("rank", 1, **settings) for _ in range(50)]}

    def _score(self) -> dict[str, Any]:
        settings = {"do_sample": True, "temperature": 0.5, "logprobs": 1, "seed": 3}
        result = self._texts("rank", 1, 4, settings)
        places = KNOWN.places(result.tokens[0], "rank")
        row = ROWS["rank"] - np.log(np.exp(ROWS["rank"]).sum())
        total = float(row[places].sum())
        score = result.scores[0]
        words = {total: "the sum", total / 4: "the mean"}
        said = [word for value, word in words.items() if abs(value - score) < 1e-3]
        of = "of log-probabilities before the temperature"
        return {"words": f"{said[0]} {of}" if said else f"{score:.4f}; the sum {of} is {total:.4f}"}

    def _texts(self, row: str, copies: int, length: int, settings: dict[str, Any]) -> Any:
        vocabulary, pipeline = KNOWN, self.pipeline
        if row == "tail":
            vocabulary = self.tail_vocabulary
            self.tail_pipeline = self.tail_pipeline or self._load("tail", vocabulary)
            pipeline = self.tail_pipeline
        config = og.GenerationConfig()
        config.max_new_tokens = length
        config.ignore_eos = True
        for name, value in settings.items():
            setattr(config, "rng_seed" if name == "seed" else name, value)
        ids = np.full((copies, 1), vocabulary.start(row))
        return pipeline.generate(
            og.TokenizedInputs(ov.Tensor(ids), ov.Tensor(np.ones_like(ids))), config
        )

    def _load(self, name: str, vocabulary: Vocabulary) -> og.LLMPipeline:
        folder = Path(tempfile.mkdtemp(prefix=name, dir=self.folder.name))
        ov.save_model(
            rows_network(vocabulary), folder / "openvino_model.xml", compress_to_fp16=False
        )
        config = {"model_type": "gpt2", "vocab_size": vocabulary.size}
        config |= {"bos_token_id": END, "eos_token_id": END}
        (folder / "config.json").write_text(json.dumps(config))
        return og.LLMPipeline(folder, "CPU", ATTENTION_BACKEND="SDPA", INFERENCE_NUM_THREADS=1)


def rows_network(vocabulary: Vocabulary) -> ov.Model:
    """Return a network whose logits are the row of the last token; its cache holds zeros."""

    def parameter(name: str, shape: list[int], dtype: type = np.int64) -> Any:
        node = op.parameter(shape, dtype, name=name)
        node.output(0).set_names({name})
        return node

    def integers(value: Any) -> Any:
        return op.constant(np.array(value, dtype=np.int64))

    ids = parameter("input_ids", [-1, -1])
    others = [parameter(name, [-1, -1]) for name in ("attention_mask", "position_ids")]
    beam = parameter("beam_idx", [-1], np.int32)
    by_row = np.array(
        [vocabulary.logits(row) for row in vocabulary.rows], dtype=np.float32
    )  # (R, V)
    row_of_token = vocabulary.embedding(len(vocabulary.rows)).argmax(axis=1)  # (V,)
    rows = op.gather(integers(row_of_token), ids, integers(0))
    logits = op.gather(op.constant(by_row), rows, integers(0))
    logits.output(0).set_names({"logits"})

    # the cache: two variables of shape (batch, one head, length so far, one number)
    zero, one = integers([0]), integers([1])
    shape = op.shape_of(ids)
    batch, length = (op.gather(shape, index, integers(0)) for index in (zero, one))
    nothing = op.constant(np.float32(0))
    sinks = []
    for name in ("key", "value"):
        info = util.VariableInfo()
        info.data_shape = ov.PartialShape([-1, 1, -1, 1])
        info.data_type = ov.Type.f32
        info.variable_id = f"past_key_values.0.{name}present.0.{name}"
        variable = util.Variable(info)
        empty = op.broadcast(nothing, op.concat([batch, one, zero, one], 0))
        past = op.gather(op.read_value(empty, variable), beam, integers(0))
        present = op.broadcast(nothing, op.concat([batch, one, length, one], 0))
        sinks.append(op.assign(op.concat([past, present], 2), variable))
    return ov.Model([op.result(logits)], sinks, [ids, *others, beam], "rows")


if __name__ == "__main__":
    interview.main(OpenVinoGenAI)
