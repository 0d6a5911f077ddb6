"""Chains of letters: transfer matrices, sampler and simulation against all texts written out."""

from itertools import product

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit, kullback_leibler
from experiments.shared import letter_chains

PAIRS = np.array([[0.9, 0.1], [0.5, 0.5]])  # two letters, each given the one before
LENGTH, COUNT = 4, 40_000


def all_texts(t):
    """Return the law of letters and the law of texts over all 16 texts of four letters that follow
    letter 0.
    """
    rows = bz.temper(PAIRS, t)
    texts = list(product((0, 1), repeat=LENGTH))
    weights = [
        [np.prod([m[a, b] for a, b in zip((0, *x), x, strict=False)]) for x in texts]
        for m in (rows, PAIRS)
    ]
    return texts, np.array(weights[0]), bz.temper(np.array(weights[1]) / sum(weights[1]), t)


def numbered(texts):
    return np.bincount(2 ** np.arange(LENGTH)[::-1] @ texts, minlength=2**LENGTH)


@pytest.mark.parametrize("t", [0.5, 1.0, 2.0])
def test_transfer_matrices_give_what_all_texts_give(t):
    energies = -np.log(PAIRS)
    texts, letterwise, whole = all_texts(t)
    cost = [sum(energies[a, b] for a, b in zip((0, *x), x, strict=False)) / LENGTH for x in texts]
    for weights, law in ((bz.temper(PAIRS, t), letterwise), (PAIRS ** (1 / t), whole)):
        middle, energy = letter_chains.transfer(weights, energies, 0, LENGTH)
        assert np.allclose(middle, np.bincount([x[1] for x in texts], law), rtol=1e-13)
        assert energy == pytest.approx(law @ cost, rel=1e-13)


@pytest.mark.parametrize("t", [0.5, 1.0, 2.0])
def test_each_road_follows_its_own_law_and_no_other(t):
    """All 16 texts counted, false alarms 1e-6. Laws that displace the statistic by 200 are told
    apart.
    """
    _, letterwise, whole = all_texts(t)
    generator = np.random.default_rng(5)
    drawn = numbered(letter_chains.sampled_texts(np.log(PAIRS), 0, t, LENGTH, COUNT, generator))
    simulated = numbered(
        letter_chains.simulated_texts(-np.log(PAIRS), 0, t, LENGTH, COUNT, 40, generator)
    )
    assert goodness_of_fit(drawn, letterwise).p_value > 1e-6
    assert goodness_of_fit(simulated, whole).p_value > 1e-6

    if t != 1:
        assert (
            2
            * COUNT
            * min(kullback_leibler(letterwise, whole), kullback_leibler(whole, letterwise))
            > 200
        )
        assert goodness_of_fit(drawn, whole).p_value < 1e-6
        assert goodness_of_fit(simulated, letterwise).p_value < 1e-6


def test_alias_tables_hold_the_probabilities_that_they_were_made_of():
    rows = np.random.default_rng(1).dirichlet(np.full(20, 0.1), size=20)
    rows[0] = np.eye(20)[3]
    shares, aliases = letter_chains.alias_tables(rows)
    assert shares.min() >= 0 and shares.max() <= 1 + 1e-12
    held = shares.copy()
    for row, share, alias in zip(held, shares, aliases, strict=True):
        np.add.at(row, alias, 1 - share)
    assert np.allclose(held / 20, rows, rtol=0, atol=1e-15)
