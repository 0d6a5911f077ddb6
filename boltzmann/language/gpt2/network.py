"""The network behind `GPT2`: a sliding window over the ids, and a cache for the last texts.

Its arguments are trusted: `GPT2` has checked them.
"""

from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np

from boltzmann.language.gpt2.cache import Array, KeyValueCache
from boltzmann.language.gpt2.layers import Config, IntArray, Weights, hidden_states

LEAST_CAPACITY = 64  # tokens; a cache doubles from here to the whole window


class Network:
    """A transformer with a sliding window, and a cache for the last batch of equally long texts.

    The window moves by half its length at a time. Position embeddings are absolute, so each move
    makes all cached keys and values void; moved token by token, it would leave no use for a cache.
    """

    def __init__(self, weights: Weights, config: Config):
        self.weights = weights
        self.config = config
        self.dtype = weights["lm_head.weight"].dtype
        self._stride = max(1, config.window // 2)

        self._lock = Lock()  # there is one cache, and there may be many callers
        self._cache = self._empty_cache(texts=0, capacity=0)
        self._cached_ids = np.empty((0, 0), dtype=np.int64)  # (B, n)

    def window_start(self, n: int) -> int:
        """Return the index of the first token seen when the one after n tokens is predicted."""
        return self._stride * -(-max(0, n - self.config.window) // self._stride)

    def last_logits(self, texts: Sequence[IntArray]) -> Array:
        """Return the logits after each of B texts of one token or more, (B, V)."""
        if not texts:
            return np.empty((0, len(self.weights["lm_head.weight"])), self.dtype)

        visible = [ids[self.window_start(ids.size) :] for ids in texts]
        lengths = np.array([ids.size for ids in visible])  # (B,)
        if np.all(lengths == lengths[0]):
            with self._lock:
                ids = np.stack(visible)  # (B, n)
                return self._logits(self._cached_states(ids, self._continued(ids))[:, -1])

        # Padded on the right: causal attention lets no token see the padding after it.
        padded = [np.pad(row, (0, lengths.max() - row.size)) for row in visible]
        states = self._uncached_states(np.stack(padded))  # (B, n, D)
        return self._logits(states[np.arange(len(texts)), lengths - 1])

    def all_logits(self, ids: IntArray) -> Iterator[Array]:
        """Yield the logits after each token of a text, in blocks of consecutive rows, (·, V)."""
        done = 0
        while done < ids.size:
            start = self.window_start(done + 1)
            end = min(start + self.config.window, ids.size)
            states = self._uncached_states(ids[None, start:end])[0]  # (end - start, D)
            yield self._logits(states[done - start :])
            done = end

    def recent_logits(self, ids: IntArray, count: int) -> Array:
        """Return the logits after each of the last `count` tokens of a text, (count, V)."""
        rows = []
        done = ids.size - count
        while done < ids.size:
            start = self.window_start(done + 1)
            end = min(start + self.config.window, ids.size)
            visible = ids[None, start:end]  # (1, end - start)
            with self._lock:
                known = min(self._agreeing(visible), done - start)
                states = self._cached_states(visible, known)  # (1, end - start - known, D)
                rows.append(self._logits(states[0, done - end :]))
            done = end
        return np.concatenate(rows)

    def _logits(self, states: Array) -> Array:
        """Return the logits that follow from hidden states (·, D), (·, V)."""
        return states @ self.weights["lm_head.weight"].T

    def _empty_cache(self, texts: int, capacity: int) -> KeyValueCache:
        config = self.config
        head_width = config.width // config.heads
        shape = (config.layers, texts, config.heads, capacity, head_width)
        return KeyValueCache.empty(shape, self.dtype)

    def _uncached_states(self, ids: IntArray) -> Array:
        """Return the hidden states of all tokens (B, n), (B, n, D), by a cache of their own."""
        return hidden_states(self.weights, self.config, ids, self._empty_cache(*ids.shape))

    def _continued(self, ids: IntArray) -> int:
        """Return how many tokens of the ids (B, n) are cached if they go on from those, else 0.

        It is 0 as well of ids equal to the cached ones: their logits are computed again, and so are
        the same to the last bit whatever was asked between.
        """
        texts, n = ids.shape
        known = self._cache.length
        continued = (
            texts == len(self._cached_ids)
            and known < n
            and np.array_equal(ids[:, :known], self._cached_ids)
        )
        return known if continued else 0

    def _agreeing(self, ids: IntArray) -> int:
        """Return with how many of the cached tokens the ids (1, n) begin."""
        if len(self._cached_ids) != 1:
            return 0
        most = min(self._cache.length, ids.shape[1])
        differing = np.flatnonzero(ids[0, :most] != self._cached_ids[0, :most])
        return int(differing[0]) if differing.size else most

    def _cached_states(self, ids: IntArray, known: int) -> Array:
        """Return the hidden states of all but the first `known` tokens (B, n), (B, n - known, D).

        The first ones are in the cache, whose other tokens are dropped.
        """
        texts, n = ids.shape
        self._cache.length = known
        if known == 0 or n > self._cache.capacity:
            capacity = min(self.config.window, max(LEAST_CAPACITY, 2 * n))
            if known:
                self._cache = self._cache.resized(known, capacity)
            else:
                self._cache = self._empty_cache(texts, capacity)

        # Kept before the work: if that is interrupted, the cache is shorter than these ids, and
        # what it holds are the first of them.
        self._cached_ids = ids
        return hidden_states(self.weights, self.config, ids[:, known:], self._cache)
