# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "litert-lm-api==0.18.1", "litert-lm-builder==0.18.1",
#     "tensorflow-cpu==2.21.0", "numpy==2.4.6",
# ]
# [tool.engine]
# name = "LiteRT-LM"
# ///
"""LiteRT-LM on the CPU, on a graph that looks its logits up; TensorFlow makes the graph."""

import json
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import interview
import litert_lm
import numpy as np
from known_logits import ROWS, Vocabulary, tail_row
from litert_lm_builder import litertlm_builder as builder
from litert_lm_builder.runtime.proto import llm_metadata_pb2

BEGIN, END = 1, 2
LONGEST = 32_768  # tokens of a session
PREFILL = 16
KNOWN = Vocabulary(ROWS)
NO_BATCH = "a session is of one text"


class LiteRTLM(interview.Engine):
    """Draws are the letters of one session's `run_decode`."""

    off: ClassVar = {"top_k": KNOWN.size, "top_p": 1.0}
    lacks: ClassVar = {
        "logprob": "it reports none",
        "min_p_order": "it has no min_p",
        "batch_seeded": NO_BATCH,
        "batch_unseeded": NO_BATCH,
    }
    tail: ClassVar = (20_000, 30_000)  # it sorts the vocabulary for each draw

    def __init__(self) -> None:
        litert_lm.set_min_log_severity(litert_lm.LogSeverity.ERROR)
        self.folder = tempfile.TemporaryDirectory()
        self.engine = self._load("rows", KNOWN)
        self.tail_vocabulary = Vocabulary({"tail": tail_row(self.tail[0])})
        self.tail_engine = None

    def versions(self) -> dict[str, str]:
        return {"litert-lm-api": version("litert-lm-api")}

    def draw(self, row: str, count: int, **settings: Any) -> list[int]:
        vocabulary = self.tail_vocabulary if row == "tail" else KNOWN
        if row == "tail":
            settings["top_k"] = vocabulary.size
        places: list[int] = []
        while len(places) < count:
            places += vocabulary.places(self._text(row, count, settings), row)
            # the next session would draw the same text again; 0, 1 and none are one seed
            settings["seed"] = settings.get("seed", 1) + 1
        return places

    def also(self) -> Iterator[tuple[str, str, Callable[[], dict[str, Any]]]]:
        def rank(**settings: Any) -> Callable[[], dict[str, Any]]:
            return lambda: self.counted("rank", 4 * interview.SOME, **settings)

        yield "top_k_only", "top_k = 50 and t = 1", rank(top_k=50, temperature=1.0)
        yield "no_config", "no SamplerConfig at all", self._no_config
        yield "seeds", "seeds 0, 1 and 2: a text of each", lambda: self._of_seeds(0, 1, 2)
        yield "next_seeds", "seeds 1 to 4: a text of each", lambda: self._of_seeds(1, 2, 3, 4)
        yield (
            "first_tokens",
            "seeds 1 to 500, the first token of a session at t = 1: do the counts scatter",
            self._scatter,
        )

    def _no_config(self) -> dict[str, Any]:
        return {"texts": [KNOWN.places(self._text("rank", 20, None), "rank") for _ in range(2)]}

    def _of_seeds(self, *seeds: int) -> dict[str, Any]:
        sent = self.off | {"temperature": 1.0}
        texts = [self._text("rank", 20, sent | {"seed": seed}) for seed in seeds]
        return {"texts": [KNOWN.places(text, "rank") for text in texts]}

    def _scatter(self) -> dict[str, Any]:
        """Compare the counts of the likelier tokens with those of independent draws, by χ²."""
        draws = 500
        sent = self.off | {"temperature": 1.0}
        first = [self._text("rank", 1, sent | {"seed": 1 + k})[0] for k in range(draws)]
        places = [KNOWN.places([token], "rank")[0] for token in first]
        law = np.exp(ROWS["rank"]) / np.exp(ROWS["rank"]).sum()
        many = int((draws * law >= 5).sum())
        expected = draws * np.append(law[:many], law[many:].sum())
        counts = np.bincount(np.minimum(places, many), minlength=many + 1)
        scatter = ((counts - expected) ** 2 / expected).sum() / many
        return {"words": f"χ² is {scatter:.2f} a degree of freedom, of {many}"}

    def _text(self, row: str, length: int, settings: dict[str, Any] | None) -> list[int]:
        vocabulary, engine = KNOWN, self.engine
        if row == "tail":
            vocabulary = self.tail_vocabulary
            self.tail_engine = self.tail_engine or self._load("tail", vocabulary)
            engine = self.tail_engine

        config = None if settings is None else litert_lm.SamplerConfig(**settings)
        session = engine.create_session(sampler_config=config, max_output_tokens=length)
        try:
            session.run_prefill([vocabulary.name(vocabulary.start(row))])
            [text] = session.run_decode().texts
        finally:
            session.close()

        first = ord(vocabulary.name(0))
        letters = [ord(letter) - first for letter in text]
        far = ord(vocabulary.name(11_000)) - 11_000

        return [token if token < 11_000 else token + first - far for token in letters] or [END]

    def _load(self, name: str, vocabulary: Vocabulary) -> litert_lm.Engine:
        folder = Path(self.folder.name) / name
        folder.mkdir()
        (folder / "model.tflite").write_bytes(graph(vocabulary))
        (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(vocabulary)))
        (folder / "metadata.pb").write_bytes(_metadata())

        file = builder.LitertLmFileBuilder()
        author = builder.Metadata(key="author", value="boltzmann", dtype=builder.DType.STRING)
        file.add_system_metadata(author)
        file.add_llm_metadata(str(folder / "metadata.pb"))
        file.add_hf_tokenizer(str(folder / "tokenizer.json"))
        kind = builder.TfLiteModelType.PREFILL_DECODE
        file.add_tflite_model(str(folder / "model.tflite"), kind)
        with (folder / "model.litertlm").open("wb") as out:
            file.build(out)
        return litert_lm.Engine(str(folder / "model.litertlm"), backend=litert_lm.Backend.CPU())


def graph(vocabulary: Vocabulary) -> bytes:
    """Return a TFLite graph with the signatures prefill and decode; the cache is passed through."""
    import tensorflow as tf

    cache = tf.TensorSpec([1, 1, LONGEST, 1], tf.float32)
    names = ("kv_cache_k_0", "kv_cache_v_0")

    class Rows(tf.Module):
        """Look up the row of a token, and the row's logits."""

        def __init__(self) -> None:
            rows = [vocabulary.logits(row) for row in vocabulary.rows]
            self.by_row = tf.constant(np.array(rows, dtype=np.float32))  # (R, V)
            row_of_token = vocabulary.embedding(len(rows)).argmax(axis=1)
            self.row_of_token = tf.constant(row_of_token.astype(np.int32))  # (V,)

        def passed(self, tokens, input_pos, caches):
            # each input must be used, or the converter removes it
            nothing = 0.0 * tf.cast(tf.reduce_sum(tokens) + tf.reduce_sum(input_pos), tf.float32)
            return {name: cached + nothing for name, cached in zip(names, caches, strict=True)}

        def prefill(self, tokens, input_pos, kv_cache_k_0, kv_cache_v_0):
            return self.passed(tokens, input_pos, (kv_cache_k_0, kv_cache_v_0))

        def decode(self, tokens, input_pos, kv_cache_k_0, kv_cache_v_0):
            logits = tf.gather(self.by_row, tf.gather(self.row_of_token, tokens))  # (1, 1, V)
            passed = self.passed(tokens, input_pos, (kv_cache_k_0, kv_cache_v_0))
            return passed | {"logits": logits}

    module = Rows()
    signatures = {}
    for name, length in (("prefill", PREFILL), ("decode", 1)):
        function = tf.function(getattr(module, name))
        signatures[name] = function.get_concrete_function(
            tokens=tf.TensorSpec([1, length], tf.int32, "tokens"),
            input_pos=tf.TensorSpec([length], tf.int32, "input_pos"),
            kv_cache_k_0=tf.TensorSpec(cache.shape, cache.dtype, names[0]),
            kv_cache_v_0=tf.TensorSpec(cache.shape, cache.dtype, names[1]),
        )
    with tempfile.TemporaryDirectory() as saved:
        tf.saved_model.save(module, saved, signatures=signatures)
        keys = list(signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=keys)
        return converter.convert()


def _metadata() -> bytes:
    metadata = llm_metadata_pb2.LlmMetadata()
    metadata.start_token.token_ids.ids.append(BEGIN)
    metadata.stop_tokens.add().token_ids.ids.append(END)
    metadata.max_num_tokens = LONGEST
    metadata.llm_model_type.generic_model.SetInParent()
    return metadata.SerializeToString()


def _tokenizer(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return a tokenizer that takes each letter for a token."""
    names = vocabulary.names()
    split = {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False}
    vocab = {name: token for token, name in enumerate(names)}
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": split,
        "post_processor": None,
        "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": names[0]},
    }


if __name__ == "__main__":
    interview.main(LiteRTLM)
