"""The layers of GPT-2, from token ids to hidden states, as functions of arrays. Nothing is checked.

The weights have the names of the Hugging Face layout. Shapes: B texts; n tokens that are computed
now; m tokens in all, cached ones and these; H heads; D the width of a hidden state; V the
vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from boltzmann.language.gpt2.cache import Array, KeyValueCache

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

    scores = (queries / sqrt(d)) @ keys.swapaxes(2, 3)  # (B, H, n, m), -E
    if n > 1:
        scores[:, :, ~np.tri(n, m, m - n, dtype=np.bool_)] = -np.inf  # no token sees later ones

    # The softmax, in place
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)

    averages = (scores @ values).transpose(0, 2, 1, 3).reshape(B, n, D)
    return affine(weights, f"{name}.c_proj", averages)


def feed_forward(weights: Weights, name: str, x: Array) -> Array:
    """Return W' gelu(x W + b) + b', a perceptron with one hidden layer, (B, n, D)."""
    hidden = gelu(affine(weights, f"{name}.c_fc", x))  # (B, n, inner width)
    return affine(weights, f"{name}.c_proj", hidden)


def affine(weights: Weights, name: str, x: Array) -> Array:
    """Return x W + b, (..., outputs), by one matrix product for all texts and tokens."""
    W = weights[f"{name}.weight"]  # (inputs, outputs)
    rows = x.reshape(-1, x.shape[-1]) @ W  # (B·n, outputs)
    rows += weights[f"{name}.bias"]
    return rows.reshape(*x.shape[:-1], W.shape[1])


def layer_norm(weights: Weights, name: str, x: Array, config: Config) -> Array:
    """Return x with mean 0 and variance 1 along its last axis, then scaled and shifted."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)  # (B, n, 1)
    standard: Array = centred / np.sqrt(variance + config.epsilon)
    return standard * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def gelu(x: Array) -> Array:
    """Return x Φ(x), Φ the normal distribution function, in the approximation by tanh of GPT-2."""
    tanh: Array = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x))
    return 0.5 * x * (1 + tanh)
