"""Who is among the first k of a race, against every order written down."""

from itertools import permutations

import numpy as np
from numpy.testing import assert_allclose

from experiments.shared.plackett_luce import inclusion


def test_inclusion_is_the_sum_over_all_orders():
    p = np.array([0.6, 0.2, 0.1, 0.06, 0.03, 0.01])
    for count in range(1, 7):
        included = np.zeros(6)
        for order in permutations(range(6), count):
            chance, left = 1.0, 1.0
            for k in order:
                chance *= p[k] / left
                left -= p[k]
            included[list(order)] += chance
        assert_allclose(inclusion(p, count), included, rtol=1e-12)


def test_inclusion_of_rates_far_apart_has_its_digits():
    """Probabilities of 1e-12 and their like; all sum to k, and the first is drawn with its p."""
    p = np.geomspace(1, 1e-14, 40)
    p /= p.sum()
    assert_allclose(inclusion(p, 1), p, rtol=1e-12)
    for count in (2, 11, 39):
        assert_allclose(inclusion(p, count).sum(), count, rtol=1e-12)
        assert (np.diff(inclusion(p, count)) <= 1e-12).all()
