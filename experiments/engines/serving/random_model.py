"""The model of live tests: after each token other logits, which random numbers of a seed decide.

Imported by the programs that serve it, in a server's own environment, with NumPy alone.
"""

import numpy as np
from known_logits import Vocabulary

TOKENS = 768
_GENERATOR = 2026


class RandomModel(Vocabulary):
    """Logits of token v after token i are √d e_i · o_v, with d numbers a token.

    They are normal, with a spread from 1.4 to 3.8 nats that depends on i, beside a popularity that
    falls with the id of v: lists go from nearly flat to nearly sure, and a token of seven was drawn
    before in an answer of 16, as in a language model. Bytes and control tokens are unlikely after
    all. Likely tokens have logits above 0, which penalties of repetition divide.
    """

    def __init__(self, first: int):
        super().__init__({"own": np.zeros(TOKENS)}, first=first)

    def embedding(self, width: int, dtype: type = np.float32) -> np.ndarray:
        """Return (V, d) vectors e_i of length 64, which a norm makes √d."""
        generator = np.random.default_rng(_GENERATOR)
        angles = np.arcsin(generator.uniform(0.35, 0.95, self.size))
        others = generator.normal(size=(self.size, width - 1))
        others *= (np.sin(angles) / np.linalg.norm(others, axis=1))[:, None]
        return (64 * np.column_stack([np.cos(angles), others])).astype(dtype)

    def output(self, width: int, dtype: type = np.float32) -> np.ndarray:
        """Return (V, d) vectors o_v: of each the popularity first."""
        generator = np.random.default_rng(_GENERATOR + 1)
        made = np.zeros((self.size, width))
        made[:, 0] = -1.5
        own = slice(self.first, self.first + TOKENS)
        made[own, 0] = 0.8 - np.log(np.arange(1, TOKENS + 1)) / 5
        made[own, 1:] = generator.normal(size=(TOKENS, width - 1)) / 2
        return made.astype(dtype)
