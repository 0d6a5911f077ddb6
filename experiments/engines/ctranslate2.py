# /// script
# requires-python = ">=3.11"
# dependencies = ["ctranslate2==4.8.5", "numpy==2.4.6"]
# [tool.engine]
# name = "CTranslate2"
# ///
"""CTranslate2's Generator, on a decoder of one layer of zeros."""

import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import ctranslate2
import interview
import numpy as np
from ctranslate2.specs import TransformerDecoderModelSpec
from known_logits import ROWS, Vocabulary, tail_row

END = 0
WIDTH = 16
LOUD = 64.0  # the length of an embedding, beside which the norm's epsilon is nothing
LONGEST = 4_096
ROWS_OF_A_BATCH = 50
KNOWN = Vocabulary(ROWS)
RENAMED = {
    "temperature": "sampling_temperature",
    "top_k": "sampling_topk",
    "top_p": "sampling_topp",
}


class CTranslate2(interview.Engine):
    """Draws are the tokens of `Generator.generate_batch`, of 50 prompts of one token a call."""

    off: ClassVar = {"top_k": 0}
    lacks: ClassVar = {"min_p_order": "it has no min_p"}

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.generator = self._load("rows", KNOWN)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.tail_generator = None

    def versions(self) -> dict[str, str]:
        return {"ctranslate2": version("ctranslate2")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = self.tail_vocabulary if row == "tail" else KNOWN
        copies = min(ROWS_OF_A_BATCH, -(-count // 20))
        places: list[int] = []
        while len(places) < count:
            for text in self._texts(row, copies, -(-count // copies), **settings):
                places += vocabulary.places(text, row)
        return places

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        texts = self._texts(row, copies, length, **settings)
        return [KNOWN.places(text, row) for text in texts]

    def logprobs(self, row: str, **settings: Any) -> list[float | None]:
        """Take the scores of many texts of one token."""
        found: list[float | None] = [None] * ROWS[row].size
        for result in self._results(row, 200, 1, return_scores=True, **settings):
            [place] = KNOWN.places(result.sequences_ids[0], row)
            found[place] = result.scores[0]
        return found

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        draws = 4 * interview.SOME
        yield (
            "top_p_alone",
            "sampling_topp = 0.9 alone",
            lambda: self.counted("rank", draws, top_p=0.9),
        )

        yield (
            "subnormal_top_k",
            "t = 1e-40 with sampling_topk = 3",
            lambda: self.counted("three", interview.FEW, temperature=1e-40, top_k=3),
        )
        yield (
            "negative_top_k",
            "t = -1 with sampling_topk = 3",
            lambda: self.counted("three", interview.FEW, temperature=-1.0, top_k=3),
        )
        yield "seed_fresh", "one seed, two Generators made after it: a text of each", self._fresh
        yield (
            "seed_threads",
            "one seed, four equal prompts for a Generator of four threads",
            self._threads,
        )
        yield "score", "the score of a text of four tokens at t = 0.5", self._score
        yield (
            "vocabulary",
            "what return_logits_vocab returns at t = 0.5 with sampling_topk = 2",
            self._whole_vocabulary,
        )

    def _fresh(self) -> dict[str, Any]:
        texts = []
        for name in ("first", "second"):
            ctranslate2.set_random_seed(7)
            generator = self._load(name, KNOWN)
            texts += self._texts("rank", 1, 20, generator=generator, **self.off)
        return {"texts": [KNOWN.places(text, "rank") for text in texts]}

    def _threads(self) -> dict[str, Any]:
        ctranslate2.set_random_seed(7)
        generator = self._load("four", KNOWN, threads=4)
        hold = {"generator": generator, "max_batch_size": 1}
        texts = self._texts("rank", 4, 20, **hold, **self.off)
        return {"texts": [KNOWN.places(text, "rank") for text in texts]}

    def _score(self) -> dict[str, Any]:
        sent = self.off | {"temperature": 0.5}
        [result] = self._results("rank", 1, 4, return_scores=True, **sent)
        places = KNOWN.places(result.sequences_ids[0], "rank")
        row = ROWS["rank"] - np.log(np.exp(ROWS["rank"]).sum())
        total, score = float(row[places].sum()), result.scores[0]
        of = "of log-probabilities before the temperature"
        for value, word in ((total, "the sum"), (total / len(places), "the mean")):
            if abs(value - score) < 1e-3:
                return {"words": f"{word} {of}"}
        return {"words": f"{score:.4f}, where the sum {of} is {total:.4f}"}

    def _whole_vocabulary(self) -> dict[str, Any]:
        sent = {"temperature": 0.5, "top_k": 2}
        [result] = self._results("three", 1, 1, return_logits_vocab=True, **sent)
        start = KNOWN.start("three")
        logits = np.array(result.logits[0][0])[start : start + 3].tolist()
        return {"row": "three", "settings": sent, "logprobs": logits}

    def _texts(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        return [
            result.sequences_ids[0] for result in self._results(row, copies, length, **settings)
        ]

    def _results(
        self, row: str, copies: int, length: int, generator: Any = None, **settings: Any
    ) -> list[Any]:
        vocabulary, generator = KNOWN, generator or self.generator
        if row == "tail":
            vocabulary = self.tail_vocabulary
            self.tail_generator = self.tail_generator or self._load("tail", vocabulary)
            generator = self.tail_generator
        if "seed" in settings:
            ctranslate2.set_random_seed(settings.pop("seed"))
        return generator.generate_batch(
            [[vocabulary.name(vocabulary.start(row))]] * copies,
            max_length=length,
            include_prompt_in_result=False,
            return_end_token=True,
            **{RENAMED.get(name, name): value for name, value in settings.items()},
        )

    def _load(self, name: str, vocabulary: Vocabulary, threads: int = 1) -> Any:
        folder = Path(self.folder.name) / name
        folder.mkdir()
        network(vocabulary).save(str(folder))
        return ctranslate2.Generator(str(folder), inter_threads=threads, intra_threads=1)


def network(vocabulary: Vocabulary) -> TransformerDecoderModelSpec:
    """Return a decoder whose one layer adds nothing to the embedding."""
    spec = TransformerDecoderModelSpec.from_config(1, 1, pre_norm=True, rms_norm=True)
    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = LOUD * vocabulary.embedding(WIDTH)  # (V, WIDTH)
    decoder.position_encodings.encodings = np.zeros((LONGEST, WIDTH), dtype=np.float32)
    decoder.projection.weight = vocabulary.output(WIDTH)  # (V, WIDTH)

    [layer] = decoder.layer
    for norm in (decoder.layer_norm, layer.self_attention.layer_norm, layer.ffn.layer_norm):
        norm.gamma = np.ones(WIDTH, dtype=np.float32)
    query_key_value, attended = layer.self_attention.linear
    for linear, outputs in (
        (query_key_value, 3 * WIDTH),
        (attended, WIDTH),
        (layer.ffn.linear_0, WIDTH),
        (layer.ffn.linear_1, WIDTH),
    ):
        linear.weight = np.zeros((outputs, WIDTH), dtype=np.float32)
        linear.bias = np.zeros(outputs, dtype=np.float32)

    names = vocabulary.names()
    spec.register_vocabulary(names)
    spec.config.bos_token = spec.config.eos_token = spec.config.unk_token = names[END]
    spec.validate()
    return spec


if __name__ == "__main__":
    interview.main(CTranslate2)
