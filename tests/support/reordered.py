"""Another machine, to a network: the same numbers, added in another order.

The places in the residual stream and in the hidden layers have no order of their own. Written in
another one, the network is the same, and every matrix product adds its terms in that order."""

import numpy as np

from boltzmann.language import GPT2
from experiments.runner import comparison

_load = GPT2.load


def load(name, dtype):
    """Return a GPT-2 whose places are shuffled; `dtype` as `GPT2.load` takes it."""
    model = _load(name, dtype)
    network = model._network
    generator = np.random.default_rng(1)
    width = generator.permutation(network.config.width)
    changed = {name: _shuffled(name, array, width) for name, array in network.weights.items()}
    for layer in range(network.config.layers):
        mlp = f"h.{layer}.mlp"
        hidden = generator.permutation(changed[f"{mlp}.c_fc.bias"].size)
        changed[f"{mlp}.c_fc.weight"] = changed[f"{mlp}.c_fc.weight"][:, hidden]
        changed[f"{mlp}.c_fc.bias"] = changed[f"{mlp}.c_fc.bias"][hidden]
        changed[f"{mlp}.c_proj.weight"] = changed[f"{mlp}.c_proj.weight"][hidden]
    network.weights = {name: np.ascontiguousarray(array) for name, array in changed.items()}
    return model


def _shuffled(name, array, width):
    """Return a weight with every axis that is the residual stream in another order."""
    if "c_attn" in name or "c_fc" in name:
        return array[width] if name.endswith("weight") else array
    return array[..., width]


def differing(first, second):
    """Return the columns in which verification would find two tables to differ."""
    assert list(first.columns) == list(second.columns) and len(first) == len(second)
    return comparison.differing_columns(first, second)
