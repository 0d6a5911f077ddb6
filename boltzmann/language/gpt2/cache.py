"""The network with its memory: which tokens it sees, and which of them it has seen already. Nothing is checked."""

from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np

from boltzmann.language.gpt2.layers import Array, Cache, IntArray, Shape, Weights, hidden_states


class Network:
    """A transformer that looks through a sliding window and remembers the last texts that it was given.

    The window moves by half its length at a time, so that what is remembered stays of use: position
    embeddings are absolute, and each move makes all keys and values void.
    """

    def __init__(self, weights: Weights, shape: Shape):
        self.weights, self.shape = weights, shape
        self.dtype = weights["lm_head.weight"].dtype
        self._step = max(1, shape.window // 2)
        self._lock = Lock()  # there is one cache, and there may be many callers
        self._cache, self._seen = self._room_for(0, 0), np.empty((0, 0), dtype=np.int64)

    def start(self, n: int) -> int:
        """Return the first token seen, when the one after n tokens is predicted."""
        return self._step * -(-max(0, n - self.shape.window) // self._step)

    def last_logits(self, texts: Sequence[IntArray]) -> Array:
        """Return the logits after each of B texts of one token or more, (B, V)."""
        if not texts:
            return np.empty((0, len(self.weights["lm_head.weight"])), self.dtype)
        seen = [ids[self.start(ids.size) :] for ids in texts]
        lengths = np.array([ids.size for ids in seen])
        if np.all(lengths == lengths[0]):
            with self._lock:
                return self._logits(self._continued(np.stack(seen))[:, -1])
        # Padded on the right: no token sees what comes after it.
        ids = np.stack([np.pad(row, (0, lengths.max() - row.size)) for row in seen])
        return self._logits(self._afresh(ids)[np.arange(len(texts)), lengths - 1])

    def all_logits(self, ids: IntArray) -> Iterator[Array]:
        """Yield the logits after one token, two, and so on to all of a text, in blocks of rows, (·, V)."""
        done = 0
        while done < ids.size:
            start = self.start(done + 1)
            end = min(start + self.shape.window, ids.size)
            yield self._logits(self._afresh(ids[None, start:end])[0, done - start :])
            done = end

    def _logits(self, states: Array) -> Array:
        return states @ self.weights["lm_head.weight"].T

    def _room_for(self, texts: int, window: int) -> Cache:
        return Cache.empty(self.shape, texts, window, self.dtype)

    def _afresh(self, ids: IntArray) -> Array:
        return hidden_states(self.weights, self.shape, ids, self._room_for(*ids.shape))

    def _continued(self, ids: IntArray) -> Array:
        """Return the states of the tokens, (B, ·, D), that the cache does not hold: all, if it holds other texts.

        A text that is asked about again is computed again: its logits are the same to the last bit,
        whatever came in between.
        """
        texts, n = ids.shape
        known = self._cache.length
        if not (
            texts == len(self._seen) and known < n and np.array_equal(ids[:, :known], self._seen)
        ):
            known = 0
        if known == 0 or n > self._cache.room:
            room = min(self.shape.window, max(64, 2 * n))
            self._cache = self._cache.resized(known, room) if known else self._room_for(texts, room)
        self._seen = ids
        return hidden_states(self.weights, self.shape, ids[:, known:], self._cache)
