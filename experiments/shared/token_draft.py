"""An n-gram of a transformer's tokens as its draft, and a record of what a target was asked."""

from collections.abc import Sequence

import numpy as np

import boltzmann as bz
from boltzmann.language import GPT2, NGram
from boltzmann.statistics import total_variation


class TokenNGram:
    """An n-gram of the tokens of `model`, fitted to a text: each token is one letter of an `NGram`.

    Tokens that do not occur in the text are never proposed.
    """

    def __init__(self, model: GPT2, text: str, order: int):
        self.tokens = model.tokens
        self.encode = model.encode
        self.decode = model.decode
        self._letters = NGram.fit("".join(map(chr, model.encode(text))), order, unknown=True)
        self._ids = np.array([ord(letter) for letter in self._letters.alphabet[:-1]])
        self._letter_of = np.full(len(model.tokens), self._ids.size)  # the unknown letter
        self._letter_of[self._ids] = np.arange(self._ids.size)

    def logits(self, context: Sequence[int]) -> np.ndarray:
        """Return the logits of the next token, (V,); -inf of what the text does not hold."""
        recent = self._letter_of[np.array(context[-self._letters.order :], dtype=np.int64)]
        logits = np.full(len(self.tokens), -np.inf)
        logits[self._ids] = self._letters.logits(recent)[:-1]
        return logits


class Recorded:
    """A target and its draft whose laws at t are kept, to know what was to be expected."""

    def __init__(self, target: GPT2, draft: TokenNGram, t: float):
        self.tokens = target.tokens
        self.encode = target.encode
        self.decode = target.decode
        self.rounds: list[tuple[int, np.ndarray]] = []  # where a round begins, logits (count, V)
        self._target = target
        self._draft = draft
        self._t = t

    def logits(self, context: Sequence[int]) -> np.ndarray:
        """Return the target's logits of the next token, (V,)."""
        return np.asarray(self._target.logits(context))

    def recent_logits(self, ids: Sequence[int], count: int) -> np.ndarray:
        """Return the target's logits after the `count` longest beginnings, (count, V)."""
        rows = np.asarray(self._target.recent_logits(ids, count), float)
        self.rounds.append((len(ids) - count + 1, rows))
        return rows

    def shared(self, ids: Sequence[int]) -> np.ndarray:
        """Return 1 - TV(p, q) for each token that was checked on the way to the text `ids`."""
        ends = [start for start, _ in self.rounds[1:]] + [len(ids)]
        found = []
        for (start, rows), end in zip(self.rounds, ends, strict=True):
            checked = min(end - start, len(rows) - 1)  # the last token of a round may be a bonus
            for place in range(checked):
                p = bz.softmax(rows[place] / self._t)
                q = bz.softmax(self._draft.logits(ids[: start + place]) / self._t)
                found.append(1 - float(total_variation(p, q)))
        return np.array(found)
