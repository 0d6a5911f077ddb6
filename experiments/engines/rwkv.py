# /// script
# requires-python = ">=3.11"
# dependencies = ["rwkv==0.8.32", "torch==2.13.0", "numpy==2.4.6"]
# [tool.engine]
# name = "rwkv"
# ///
"""The package rwkv: its PIPELINE, before a model that looks its logits up."""

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any, ClassVar

import interview
import numpy as np
import torch
from known_logits import ROWS, Vocabulary, tail_row
from rwkv.utils import PIPELINE, PIPELINE_ARGS

LONGEST = 200  # tokens of a text; the penalties that act by default look at a whole text
WIDEST = 65_536  # the vocabulary of RWKV's own models
WORDS = "rwkv_vocab_v20230424"  # any tokenizer that it ships: another takes its place
NO_BATCH = "it draws for one prompt at a time"


class Rwkv(interview.Engine):
    """Draws are the letters of `PIPELINE.generate`, 200 a text."""

    # top_p = 1 turns nothing off: see the question of this engine alone
    off: ClassVar = {"top_p": 0.999999, "alpha_frequency": 0.0, "alpha_presence": 0.0}
    lacks: ClassVar = {
        "logprob": "it reports none",
        "min_p_order": "it has no min_p",
        "batch_seeded": NO_BATCH,
        "batch_unseeded": NO_BATCH,
    }
    draws: ClassVar = 10_000
    tail: ClassVar = (10_000, 40_000)  # it sorts and sums the vocabulary for each draw

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.known = Vocabulary(ROWS)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.pipeline = PIPELINE(RowsModel(self.known), WORDS)
        self.pipeline.tokenizer = Letters(self.known)
        self.tail_pipeline = PIPELINE(RowsModel(self.tail_vocabulary), WORDS)
        self.tail_pipeline.tokenizer = Letters(self.tail_vocabulary)

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("rwkv", "torch", "numpy")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = self.tail_vocabulary if row == "tail" else self.known
        pipeline = self.tail_pipeline if row == "tail" else self.pipeline
        if "seed" in settings:
            np.random.seed(settings.pop("seed"))  # noqa: NPY002
        arguments = PIPELINE_ARGS(**settings)
        prompt = vocabulary.name(vocabulary.start(row))
        places: list[int] = []
        length = min(LONGEST, count)
        while len(places) < count:
            text = pipeline.generate(prompt, token_count=length, args=arguments)
            new = vocabulary.places(pipeline.encode(text), row)
            places += new
            length = interview.next_length(length, new)
        return places

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def rank(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("rank", 4 * interview.SOME, **settings)

        unpunished = {"alpha_frequency": 0.0, "alpha_presence": 0.0}
        yield "unpunished", "nothing asked, but the penalties off", rank(**unpunished)
        yield "top_p_1", "top_p = 1, the penalties off", rank(**unpunished, top_p=1.0)
        yield (
            "top_p_1_rows",
            "top_p = 1: of 20 rows of 65,536 normal logits, σ = 3, those with 20 greedy draws",
            self._greedy_rows,
        )
        yield (
            "cold",
            "t = 0.01, logits 3, 2, 1",
            lambda: self.counted("three", interview.FEW, **self.off | {"temperature": 0.01}),
        )
        yield (
            "top_k_1",
            "top_k = 1 where B, C, D are alike and likeliest: logits 0, 1, 1, 1, 0",
            self._last_of_ties,
        )
        yield "torch_seed", "torch.manual_seed(7) before each of two texts", self._torch_seed

    def _greedy_rows(self) -> dict[str, Any]:
        rows = np.random.default_rng(0).normal(size=(20, WIDEST)).astype(np.float32) * 3
        greedy = 0
        for row in torch.from_numpy(rows):
            drawn = {self.pipeline.sample_logits(row, top_p=1.0) for _ in range(20)}
            greedy += drawn == {int(row.argmax())}
        return {"words": f"{greedy} of 20"}

    def _last_of_ties(self) -> dict[str, Any]:
        row = torch.tensor([0.0, 1.0, 1.0, 1.0, 0.0])
        drawn = {self.pipeline.sample_logits(row, top_p=0.999999, top_k=1) for _ in range(100)}
        return {"words": ", ".join("ABCDE"[token] for token in sorted(drawn))}

    def _torch_seed(self) -> dict[str, Any]:
        texts = []
        for _ in range(2):
            torch.manual_seed(7)
            texts.append(self.draw("rank", 20, **self.off))
        return {"texts": texts}


class RowsModel:
    """A model whose logits are the row of the last token."""

    def __init__(self, vocabulary: Vocabulary):
        rows = [vocabulary.logits(row) for row in vocabulary.rows]
        self.logits = torch.tensor(np.array(rows), dtype=torch.float32)  # (R, V)
        self.row_of_token = vocabulary.embedding(len(rows)).argmax(axis=1)  # (V,)

    def forward(self, tokens: list[int], state: None) -> tuple[torch.Tensor, None]:
        """Return the logits, a copy that penalties may change, and no state."""
        return self.logits[self.row_of_token[tokens[-1]]].clone(), state


class Letters:
    """A tokenizer of one letter a token."""

    def __init__(self, vocabulary: Vocabulary):
        self.letters = vocabulary.names()
        self.ids = {letter: token for token, letter in enumerate(self.letters)}

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text's letters."""
        return [self.ids[letter] for letter in text]

    def decode(self, tokens: list[int]) -> str:
        """Return the text of some ids."""
        return "".join(self.letters[token] for token in tokens)


if __name__ == "__main__":
    interview.main(Rwkv)
