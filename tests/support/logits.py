"""Logits of many tokens, their exact law, and a G-test of draws from it."""

import math

import numpy as np
from scipy.stats import chi2, ncx2

ALPHA = 1e-6  # false-alarm rate of every G-test; seeds are fixed


def gaussian_logits(size, deviation=3.0, seed=0, dtype=np.float64):
    return (deviation * np.random.default_rng([size, seed]).standard_normal(size)).astype(dtype)


def exact_law(logits, t):
    """Return softmax(logits / t), good to 1e-15 also where it is small, by float64 sums without rounding."""
    x = logits.astype(np.float64)
    weights = np.exp((x - x.max()) / t)
    return weights / math.fsum(weights)


def grouped(counts, p, groups=40):
    """Return counts and law of tokens gathered in `groups` groups of about equal probability, by falling logit."""
    order = np.argsort(-p)
    group = np.minimum((np.cumsum(p[order]) * groups).astype(int), groups - 1)
    tallies = (
        np.bincount(group, counts[order], minlength=groups),
        np.bincount(group, p[order], minlength=groups),
    )
    return tuple(tally[tallies[1] > 0] for tally in tallies)


def g_test(counts, p):
    counts, p = grouped(counts, p)
    expected = counts.sum() * p / p.sum()
    assert expected.min() > 5
    seen = counts > 0
    return chi2.sf(
        2 * np.sum(counts[seen] * np.log(counts[seen] / expected[seen])), counts.size - 1
    )


def power(n, logits, t, wrong):
    """Return the chance that n draws at temperature `wrong` fail the G-test of temperature t."""
    p = exact_law(logits, t)
    q, p = grouped(exact_law(logits, wrong), p)
    return ncx2.sf(chi2.isf(ALPHA, p.size - 1), p.size - 1, 2 * n * np.sum(q * np.log(q / p)))
