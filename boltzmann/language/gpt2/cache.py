"""The key-value cache: keys and values of the tokens so far, so that none is computed twice."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]  # all of one checkpoint are float32, or all float64
Dtype = np.dtype[np.floating[Any]]


@dataclass
class KeyValueCache:
    """Keys and values of the first `length` tokens of B texts, in arrays of a larger capacity.

    Attributes
    ----------
    keys, values : (layers, B, H, capacity, D/H) arrays
        What attention reads of these tokens; behind `length` they are undefined.
    length : int
        How many tokens of each text they hold.
    """

    keys: Array
    values: Array
    length: int = 0

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: Dtype) -> "KeyValueCache":
        """Return a cache of no tokens whose arrays have this shape."""
        return cls(np.empty(shape, dtype), np.empty(shape, dtype))

    @property
    def capacity(self) -> int:
        """The most tokens of a text that it can hold."""
        return int(self.keys.shape[3])

    def resized(self, length: int, capacity: int) -> "KeyValueCache":
        """Return a copy of the first `length` tokens with this capacity."""
        layers, texts, heads, _, width = self.keys.shape
        copy = self.empty((layers, texts, heads, capacity, width), self.keys.dtype)
        copy.keys[:, :, :, :length] = self.keys[:, :, :, :length]
        copy.values[:, :, :, :length] = self.values[:, :, :, :length]
        copy.length = length
        return copy
