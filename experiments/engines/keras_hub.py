# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "keras-hub==0.32.0", "keras==3.15.1", "jax==0.10.2", "tensorflow==2.21.0",
#     "tensorflow-text==2.21.1", "numpy==2.4.6",
# ]
# [tool.engine]
# name = "KerasHub"
# ///
"""KerasHub's samplers with JAX, around a function that looks the next logits up."""

import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any, ClassVar

import interview
import jax.numpy as jnp
import keras_hub
import numpy as np
from known_logits import ROWS, Vocabulary, tail_row

COPIES = 32
KNOWN = Vocabulary(ROWS)
RANDOM = {"sampler": "random"}


class KerasHub(interview.Engine):
    """Draws are a sampler's, called as `CausalLM.generate` calls it, with 32 prompts of one token.

    A top_p asks for TopPSampler, a top_k alone for TopKSampler, which is the default of `CausalLM`.
    """

    off: ClassVar = RANDOM
    tail: ClassVar = (20_000, 60_000)  # slow where the vocabulary is large
    lacks: ClassVar = {
        "logprob": "it reports none",
        "min_p_order": "it has no min_p",
    }

    def __init__(self) -> None:
        self.next = logits_after(KNOWN)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.tail_next = logits_after(self.tail_vocabulary)

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("keras-hub", "keras", "jax")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = self.tail_vocabulary if row == "tail" else KNOWN
        copies = min(COPIES, -(-count // 20))
        sampler = _sampler(settings)
        places: list[int] = []
        while len(places) < count:
            for text in self._texts(row, copies, -(-count // copies), sampler):
                places += vocabulary.places(text, row)
        return places

    def batch(self, row: str, copies: int, length: int, **settings: Any) -> list[list[int]]:
        texts = self._texts(row, copies, length, _sampler(settings))
        return [KNOWN.places(text, row) for text in texts]

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def rank(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("rank", 4 * interview.SOME, **settings)

        yield "random", "RandomSampler() and no more", rank(**RANDOM)
        yield "top_p", "TopPSampler() and no more", rank(sampler="top_p")
        yield (
            "rare",
            "one likely token and then 50,000 of p = 2.5e-8: how many of these come",
            self._rare,
        )
        yield "one_sampler", "one sampler with seed 7, called twice", self._one_sampler

    def _rare(self) -> dict[str, Any]:
        """Draw tokens so rare that noise of 23 bits hardly lifts them above the likely one."""
        tokens, probability, draws = 50_000, 2.5e-8, 20_000
        row = np.full(1 + tokens, np.log(probability))
        row[0] = np.log1p(-tokens * probability)
        others = self.tail_vocabulary, self.tail_next
        self.tail_vocabulary = Vocabulary({"tail": row})
        self.tail_next = logits_after(self.tail_vocabulary)
        drawn = self.draw("tail", draws, **self.off, temperature=1.0)
        self.tail_vocabulary, self.tail_next = others
        found = int((np.array(drawn[:draws]) > 0).sum())
        return {"words": f"{found} drawn, {draws * tokens * probability:.0f} expected"}

    def _one_sampler(self) -> dict[str, Any]:
        sampler = _sampler(RANDOM | {"seed": 7})
        texts = [self._texts("rank", 1, 20, sampler)[0] for _ in range(2)]
        return {"texts": [KNOWN.places(text, "rank") for text in texts]}

    def _texts(self, row: str, copies: int, length: int, sampler: Any) -> list[list[int]]:
        tail = row == "tail"
        start = (self.tail_vocabulary if tail else KNOWN).start(row)
        prompt = np.full((copies, 1 + length), start, dtype=np.int32)
        ids = sampler(self.tail_next if tail else self.next, jnp.asarray(prompt), index=1)
        return np.asarray(ids)[:, 1:].tolist()


def logits_after(vocabulary: Vocabulary) -> Callable[[Any, Any, Any], tuple[Any, None, Any]]:
    """Return the function that a sampler asks for the logits at a place of a text."""
    rows = [vocabulary.logits(row) for row in vocabulary.rows]
    by_row = jnp.asarray(np.array(rows, dtype=np.float32))  # (R, V)
    row_of_token = jnp.asarray(vocabulary.embedding(len(rows)).argmax(axis=1))  # (V,)

    def after(ids: Any, cache: Any, index: Any) -> tuple[Any, None, Any]:
        last = ids[:, index - 1]
        return by_row[row_of_token[last]], None, cache

    return after


def _sampler(settings: dict[str, Any]) -> Any:
    """Return the sampler that some settings ask for."""
    settings = dict(settings)
    name = settings.pop("sampler", "top_k")
    if "top_p" in settings:
        name, settings["p"] = "top_p", settings.pop("top_p")
    elif "top_k" in settings:
        name = "top_k"
    if "top_k" in settings:
        settings["k"] = settings.pop("top_k")
    kinds = {
        "random": keras_hub.samplers.RandomSampler,
        "top_k": keras_hub.samplers.TopKSampler,
        "top_p": keras_hub.samplers.TopPSampler,
    }
    return kinds[name](**settings)


if __name__ == "__main__":
    interview.main(KerasHub)
