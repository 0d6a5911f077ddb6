"""The layers of GPT-2, from token ids to hidden states, as functions of arrays. Nothing is checked.

The weights have the names of the Hugging Face layout. Shapes: B texts; n tokens that are computed
now; m tokens in all, cached ones and these; H heads; D the width of a hidden state; V the
vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from boltzmann.language.gpt2.cache import Array, Dtype, KeyValueCache

QUERIES = 64  # tokens of one head that attend at once: their scores stay in the cache
MANY = 1_000_000  # numbers of a hidden layer from which a kernel is loaded
PART = 16_384  # numbers of a hidden layer that are taken at once

IntArray = NDArray[np.int64]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Config:
    """The hyperparameters that the weights alone do not tell."""

    layers: int
    heads: int
    width: int
    window: int  # the most tokens that are seen at once
    epsilon: float  # added to the variance in a layer norm


def hidden_states(weights: Weights, config: Config, ids: IntArray, cache: KeyValueCache) -> Array:
    """Return the hidden state of each token after the last layer norm, (B, n, D).

    `ids` (B, n) follow the tokens in the cache, which is extended by them.
    """
    start = cache.length
    end = start + ids.shape[1]  # m
    x = weights["wte.weight"][ids] + weights["wpe.weight"][start:end]  # (B, n, D)

    for layer in range(config.layers):
        name = f"h.{layer}"
        keys = cache.keys[layer, :, :, :end]  # (B, H, m, D/H)
        values = cache.values[layer, :, :, :end]  # (B, H, m, D/H)
        x += attention(
            weights, f"{name}.attn", layer_norm(weights, f"{name}.ln_1", x, config), keys, values
        )
        x += feed_forward(weights, f"{name}.mlp", layer_norm(weights, f"{name}.ln_2", x, config))

    cache.length = end
    return layer_norm(weights, "ln_f", x, config)


def attention(weights: Weights, name: str, x: Array, keys: Array, values: Array) -> Array:
    r"""Causal self-attention of n tokens to m, themselves the last of these, (B, n, D).

    .. math:: \sum_j p_j v_j, \quad p = \operatorname{softmax}(-E), \quad E_j = -q k_j / \sqrt{D/H}

    in each head: a Boltzmann average of the values at t = 1. The last n places of `keys` and
    `values`, each (B, H, m, D/H), belong to these tokens, and are written here.
    """
    B, n, D = x.shape
    H, m, d = keys.shape[1:]

    queries, own_keys, own_values = (  # each (B, H, n, d)
        affine(weights, f"{name}.c_attn", x).reshape(B, n, 3, H, d).transpose(2, 0, 3, 1, 4)
    )
    keys[:, :, m - n :] = own_keys
    values[:, :, m - n :] = own_values

    averages = np.empty((B, n, H, d), x.dtype)
    queries /= sqrt(d)
    for text, head in np.ndindex(B, H):
        for start in range(0, n, QUERIES):
            block = slice(start, start + QUERIES)
            seen = min(m, m - n + start + QUERIES)  # no token sees later ones
            averages[text, block, head] = boltzmann_averages(
                queries[text, head, block], keys[text, head, :seen], values[text, head, :seen]
            )
    return affine(weights, f"{name}.c_proj", averages.reshape(B, n, D))


def boltzmann_averages(queries: Array, keys: Array, values: Array) -> Array:
    """Return the values averaged with the weights exp(q k_j), (n, d), by n tokens of one head.

    `queries` (n, d) are those of the last n of the m tokens of `keys` and `values` (m, d).
    """
    weights = queries @ keys.T  # (n, m), -E
    n = len(queries)
    if n > 1:
        weights[:, -n:] += later(n, weights.dtype)
    weights -= weights.max(axis=1, keepdims=True)
    np.exp(weights, out=weights)
    averages: Array = weights @ values
    averages /= weights.sum(axis=1, keepdims=True)
    return averages


@cache
def later(n: int, dtype: Dtype) -> Array:
    """Return -inf for each token that comes after the one that asks, and else 0, (n, n)."""
    return np.triu(np.full((n, n), -np.inf, dtype), 1)


def feed_forward(weights: Weights, name: str, x: Array) -> Array:
    """Return W' gelu(x W + b) + b', a perceptron with one hidden layer, (B, n, D)."""
    hidden = affine(weights, f"{name}.c_fc", x)  # (B, n, inner width)
    gelu_in_place(hidden)
    return affine(weights, f"{name}.c_proj", hidden)


def affine(weights: Weights, name: str, x: Array) -> Array:
    """Return x W + b, (..., outputs), by one matrix product for all texts and tokens."""
    W = weights[f"{name}.weight"]  # (inputs, outputs)
    rows = x.reshape(-1, x.shape[-1]) @ W  # (B·n, outputs)
    rows += weights[f"{name}.bias"]
    return rows.reshape(*x.shape[:-1], W.shape[1])


def layer_norm(weights: Weights, name: str, x: Array, config: Config) -> Array:
    """Return x with mean 0 and variance 1 along its last axis, then scaled and shifted."""
    y: Array = x - x.mean(axis=-1, keepdims=True)
    variance = np.einsum("...d,...d->...", y, y)[..., None] / config.width  # (B, n, 1)
    y /= np.sqrt(variance + config.epsilon)
    y *= weights[f"{name}.weight"]
    y += weights[f"{name}.bias"]
    return y


def gelu_in_place(x: Array) -> None:
    """Put x Φ(x) in place of x, Φ the normal distribution function, in GPT-2's form by tanh.

    It is done by parts that stay in the cache.
    """
    flat = x.reshape(-1)
    if flat.size >= MANY and flat.dtype == np.float32:
        from boltzmann.language.gpt2 import kernel  # loaded here: Numba takes half a second

        kernel.gelu_in_place(flat)
        return
    for start in range(0, flat.size, PART):
        part = flat[start : start + PART]
        tanh = part * part
        tanh *= 0.044715 * sqrt(2 / pi)
        tanh += sqrt(2 / pi)
        tanh *= part
        np.tanh(tanh, out=tanh)
        tanh += 1
        part *= 0.5
        part *= tanh
