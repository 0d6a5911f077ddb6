"""What the tests of drawing share: generators of chosen numbers, laws worked out here, G-tests."""

import math

import numpy as np
from scipy.stats import chi2, ncx2

from boltzmann.language import draw

ALPHA = 1e-6  # false-alarm rate of every G-test; seeds are fixed


class Grid(np.random.Generator):
    """n numbers of (0, 1), evenly spaced."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def random(self, size):
        return (np.arange(size) + 0.5) / size


class Constant(np.random.Generator):
    """The same number again and again."""

    def __init__(self, value):
        super().__init__(np.random.PCG64(0))
        self.value = value

    def random(self, size=None):
        return self.value if size is None else np.full(size, self.value)


def law(logits, t=1.0):
    """Return softmax(logits / t) in plain arithmetic, for 0 < t < inf."""
    weights = [math.exp((logit - max(logits)) / t) for logit in logits]
    return [weight / math.fsum(weights) for weight in weights]


def support(logits, t, **truncation):
    """Return the set of tokens that are drawn, found by an even grid of 1000 numbers."""
    return set(draw(logits, t, 1000, Grid(), **truncation).tolist())


def gaussian_logits(size, deviation=3.0, seed=0, dtype=np.float64):
    return (deviation * np.random.default_rng([size, seed]).standard_normal(size)).astype(dtype)


def exact_law(logits, t):
    """Return softmax(logits / t), right to 1e-15 also where it is small: the sum is exact."""
    x = logits.astype(np.float64)
    weights = np.exp((x - x.max()) / t)
    return weights / math.fsum(weights)


def g_test(counts, p):
    """Return the p-value of the counts (..., K) under the laws p (..., K), one law per row."""
    counts = np.atleast_2d(counts)
    p = np.atleast_2d(p)
    expected = counts.sum(axis=1, keepdims=True) * p
    assert expected.min() > 5
    seen = counts > 0
    G = 2 * np.sum(counts[seen] * np.log(counts[seen] / expected[seen]))
    return chi2.sf(G, counts.size - len(counts))


def power(n, p, q):
    """Return the probability that n draws (one n per row) from q fail a G-test of the laws p."""
    n = np.atleast_1d(n)
    p = np.atleast_2d(p)
    q = np.atleast_2d(q)
    df = p.size - len(p)
    noncentrality = 2 * np.sum(n * np.sum(q * np.log(q / p), axis=1))
    return ncx2.sf(chi2.isf(ALPHA, df), df, noncentrality)


def grouped(counts, p, groups=40):
    """Return counts and law of groups of tokens of about equal probability, by falling logit."""
    order = np.argsort(-p)
    group = np.minimum((np.cumsum(p[order]) * groups).astype(int), groups - 1)
    tallies = (
        np.bincount(group, counts[order], minlength=groups),
        np.bincount(group, p[order], minlength=groups),
    )
    return tuple(tally[tallies[1] > 0] for tally in tallies)


def grouped_g_test(counts, p):
    counts, p = grouped(counts, p)
    expected = counts.sum() * p / p.sum()
    assert expected.min() > 5
    seen = counts > 0
    return chi2.sf(
        2 * np.sum(counts[seen] * np.log(counts[seen] / expected[seen])), counts.size - 1
    )


def grouped_power(n, logits, t, wrong):
    """Return the probability that n draws at temperature `wrong` fail the G-test of t."""
    p = exact_law(logits, t)
    q, p = grouped(exact_law(logits, wrong), p)
    return ncx2.sf(chi2.isf(ALPHA, p.size - 1), p.size - 1, 2 * n * np.sum(q * np.log(q / p)))
