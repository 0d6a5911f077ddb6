"""What the network learns from: a split corpus, its tokens, and windows of them.

Half of the windows begin where a paragraph does, after the token that begins a text. It is never to
be predicted, so that a text never ends.
"""

from typing import Any

import numpy as np

from experiments.training.config import Config

END_OF_TEXT = "<|endoftext|>"


def split(text: str, share: float) -> tuple[str, str]:
    """Return a text in two, cut at the end of the paragraph in which its last `share` begins."""
    cut = text.index("\n\n", int((1 - share) * len(text))) + 2
    return text[:cut], text[cut:]


def trained_tokenizer(text: str, tokens: int) -> Any:
    """Return a byte-level BPE of so many tokens, the one between texts the last."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=tokens - 1, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator([text], trainer)
    tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer


def paragraph_starts(text: str, encoded: Any, window: int) -> np.ndarray:
    """Return the places of the tokens that begin a paragraph and a whole window."""
    first = {offsets[0]: place for place, offsets in enumerate(encoded.offsets)}
    paragraphs = [k + 2 for k in range(len(text)) if text.startswith("\n\n", k)]
    last = len(encoded.ids) - window
    return np.array([first[k] for k in paragraphs if k in first and first[k] < last])


def windows(
    ids: np.ndarray, starts: np.ndarray, config: Config, generator: np.random.Generator
) -> np.ndarray:
    """Return a batch of windows of one token more than the network sees, (batch, window + 1)."""
    places = generator.integers(0, ids.size - config.window, config.batch)
    begins = generator.random(config.batch) < 0.5
    places[begins] = generator.choice(starts, begins.sum()) - 1
    batch = ids[places[:, None] + np.arange(config.window + 1)]
    batch[begins, 0] = config.tokens - 1
    return batch
