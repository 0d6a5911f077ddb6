"""Noise: from weights (B, V) of the next token of B answers to the tokens that come, shape (B,)."""

import numpy as np


def inverse_cdf(weights, uniform):
    """Return the token, in the order of ids, on which each uniform number falls, shape (B,)."""
    edges = np.cumsum(weights, axis=1)
    found = (edges <= (uniform * edges[:, -1])[:, None]).sum(axis=1)
    return np.minimum(found, weights.shape[1] - 1)


def exponential_race(weights, clocks):
    """Return the token whose clock over its weight is first: the Gumbel trick, shape (B,)."""
    with np.errstate(divide="ignore"):
        return np.argmin(clocks / weights, axis=1)


def fresh(weights, place, generator):
    """Draw each token with a number of its own."""
    return inverse_cdf(weights, generator.random(len(weights)))


def one_seed(seed, race=False):
    """Draw all answers with the same numbers, one a place: every request begins with one seed."""

    def draw(weights, place, generator):
        shared = np.random.default_rng([seed, place])
        if race:
            return exponential_race(weights, shared.exponential(size=weights.shape[1]))
        return inverse_cdf(weights, np.full(len(weights), shared.random()))

    return draw


def shared_in_batches(size):
    """Draw so many answers at a time with the same numbers: a seed broadcast over a batch."""

    def draw(weights, place, generator):
        numbers = generator.random(-(-len(weights) // size))
        return inverse_cdf(weights, np.repeat(numbers, size)[: len(weights)])

    return draw
