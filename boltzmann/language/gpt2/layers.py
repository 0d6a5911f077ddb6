"""GPT-2 as arrays: what happens between token ids and logits. Nothing is checked here.

The weights go by the names of the Hugging Face layout. Shapes: B texts, n tokens, m tokens that are
remembered and new together, H heads, D the width, V the vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]  # all of one checkpoint are float32, or all float64
IntArray = NDArray[np.int64]
Dtype = np.dtype[np.floating[Any]]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Shape:
    """What the weights alone do not tell."""

    layers: int
    heads: int
    width: int
    window: int  # the most tokens that can be seen at once
    epsilon: float  # added to a variance before its root is taken


@dataclass
class Cache:
    """What a text's tokens have said so far: their keys and values, (layers, B, H, window, D/H), and how many."""

    keys: Array
    values: Array
    length: int = 0

    @classmethod
    def empty(cls, shape: Shape, texts: int, window: int, dtype: Dtype) -> "Cache":
        """Return room for `window` tokens of each of so many texts."""
        room = (shape.layers, texts, shape.heads, window, shape.width // shape.heads)
        return cls(np.empty(room, dtype), np.empty(room, dtype))

    @property
    def room(self) -> int:
        """The most tokens that it can hold."""
        return int(self.keys.shape[3])

    def resized(self, length: int, window: int) -> "Cache":
        """Return a copy of the first `length` tokens, with room for `window`."""
        layers, texts, heads, _, width = self.keys.shape
        room = (layers, texts, heads, window, width)
        copy = Cache(
            np.empty_like(self.keys, shape=room), np.empty_like(self.values, shape=room), length
        )
        copy.keys[:, :, :, :length] = self.keys[:, :, :, :length]
        copy.values[:, :, :, :length] = self.values[:, :, :, :length]
        return copy


def hidden_states(weights: Weights, shape: Shape, ids: IntArray, cache: Cache) -> Array:
    """Return what stands behind each token after the last layer, (B, n, D); the cache grows by these tokens."""
    start, end = cache.length, cache.length + ids.shape[1]
    x = weights["wte.weight"][ids] + weights["wpe.weight"][start:end]
    for layer in range(shape.layers):
        name = f"h.{layer}"
        keys, values = cache.keys[layer, :, :, :end], cache.values[layer, :, :, :end]
        x += attention(
            weights, f"{name}.attn", normed(weights, f"{name}.ln_1", x, shape), keys, values
        )
        hidden = gelu(
            affine(weights, f"{name}.mlp.c_fc", normed(weights, f"{name}.ln_2", x, shape))
        )
        x += affine(weights, f"{name}.mlp.c_proj", hidden)
    cache.length = end
    return normed(weights, "ln_f", x, shape)


def attention(weights: Weights, name: str, x: Array, keys: Array, values: Array) -> Array:
    """Let each token ask those before it and itself, and return what it is told, (B, n, D).

    A head's answer is a Boltzmann average: values weighted by softmax(-E), with energies E = -q·k /
    √(D/H). The last n places of `keys` and `values`, each (B, H, m, D/H), are these tokens' own,
    and are filled in first.
    """
    B, n, D = x.shape
    H, m, d = keys.shape[1:]
    queries, own_keys, own_values = (
        affine(weights, f"{name}.c_attn", x).reshape(B, n, 3, H, d).transpose(2, 0, 3, 1, 4)
    )
    keys[:, :, m - n :], values[:, :, m - n :] = own_keys, own_values
    scores = (queries / sqrt(d)) @ keys.swapaxes(2, 3)
    if n > 1:
        scores[:, :, ~np.tri(n, m, m - n, dtype=np.bool_)] = -np.inf  # the future is not known
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    told = (scores @ values).transpose(0, 2, 1, 3).reshape(B, n, D)
    return affine(weights, f"{name}.c_proj", told)


def affine(weights: Weights, name: str, x: Array) -> Array:
    """Return x W + b; all texts and tokens are rows of one matrix product."""
    W = weights[f"{name}.weight"]
    rows = x.reshape(-1, x.shape[-1]) @ W
    rows += weights[f"{name}.bias"]
    return rows.reshape(*x.shape[:-1], W.shape[1])


def normed(weights: Weights, name: str, x: Array, shape: Shape) -> Array:
    """Return x with mean 0 and variance 1 along its last axis, then scaled and shifted: a layer norm."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    standard: Array = centred / np.sqrt(variance + shape.epsilon)
    return standard * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x: Array) -> Array:
    """Return x Φ(x), nearly: GPT-2 was trained with this hyperbolic tangent in place of the normal law's Φ."""
    bent: Array = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))
    return 0.5 * x * (1 + bent)
