"""Batches kept for their sum, against every batch written down."""

from itertools import product

import numpy as np
from numpy.testing import assert_allclose

import boltzmann as bz
from experiments.shared.batches import first_correction, kept_law, quantised, totals

P = np.array([0.5, 0.2, 0.2, 0.1])
VALUES = np.array([0, 1, 3, 4])


def test_the_law_of_a_kept_letter_is_that_of_all_kept_batches():
    for n, total in ((1, 3), (2, 4), (4, 9), (5, 5)):
        weights = np.zeros(4)
        whole = 0.0
        for batch in product(range(4), repeat=n):
            if VALUES[list(batch)].sum() == total:
                weights[batch[0]] += P[list(batch)].prod()
                whole += P[list(batch)].prod()
        table = totals(P, VALUES, n, 4 * n)
        assert_allclose(kept_law(P, VALUES, table[n - 1], total), weights / whole, rtol=1e-13)
        assert_allclose(table[n, total], whole, rtol=1e-13)
        assert_allclose(table[n].sum(), 1, rtol=1e-13)


def test_the_first_correction_leaves_what_falls_as_the_square_of_n():
    """The mean of (0, 1, 3, 4) is kept at 2, where p is tempered so as to have that mean."""
    slope = np.linspace(0, 1, 100_001)
    means = np.exp(slope[:, None] * VALUES) * P
    best = slope[np.argmin(np.abs(means @ VALUES / means.sum(axis=1) - 2))]
    from scipy.optimize import brentq

    def tilted(tilt):
        weights = P * np.exp(tilt * VALUES)
        return weights / weights.sum()

    law = tilted(brentq(lambda tilt: tilted(tilt) @ VALUES - 2, best - 0.1, best + 0.1, xtol=1e-14))
    left = []
    for n in (64, 128, 256):
        exact = kept_law(P, VALUES, totals(P, VALUES, n, 2 * n)[n - 1], 2 * n)
        left.append(np.abs(exact / law - 1 - first_correction(law, VALUES) / n).max())
    assert_allclose(np.log2(left[0] / np.array(left[1:])), [2, 4], atol=0.1)


def test_quantised_letters_have_surprises_that_are_quanta_and_a_constant():
    p = bz.softmax(np.random.default_rng(1).normal(size=20))
    quanta, stood_for = quantised(p, 0.1)
    assert_allclose(stood_for.sum(), 1)
    assert np.ptp(-np.log(stood_for) - 0.1 * quanta) < 1e-13
    assert np.abs(np.log(stood_for / p)).max() < 0.1
