"""Whole texts: both laws against all texts written out, and each road's mistake caught."""

from itertools import product

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit, kullback_leibler
from experiments import whole_texts
from experiments.runner.table import Table
from tests.support.verdicts import failing

PAIRS = np.array([[0.9, 0.1], [0.5, 0.5]])  # two letters, each given the one before
LENGTH, COUNT = 4, 40_000


def all_texts(t):
    """Return the law of letters and the law of texts over all 16 texts of four letters that follow letter 0."""
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
        middle, energy = whole_texts.transfer(weights, energies, 0, LENGTH)
        assert np.allclose(middle, np.bincount([x[1] for x in texts], law), rtol=1e-13)
        assert energy == pytest.approx(law @ cost, rel=1e-13)


@pytest.mark.parametrize("t", [0.5, 1.0, 2.0])
def test_each_road_follows_its_own_law_and_no_other(t):
    """All 16 texts counted, false alarms 1e-6. Laws that displace the statistic by 200 are told apart."""
    _, letterwise, whole = all_texts(t)
    generator = np.random.default_rng(5)
    drawn = numbered(whole_texts.sampled_texts(np.log(PAIRS), 0, t, LENGTH, COUNT, generator))
    simulated = numbered(
        whole_texts.simulated_texts(-np.log(PAIRS), 0, t, LENGTH, COUNT, 40, generator)
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


@pytest.mark.parametrize(
    ("t", "letters", "texts"), [(0.5, 0.3902, 0.5614), (0.25, 0.2906, 0.7662), (1, 4 / 9, 4 / 9)]
)
def test_the_smallest_example_is_that_of_the_paper(t, letters, texts):
    config = whole_texts.Config(texts=1000)
    rows = whole_texts._toy(config, t, np.random.default_rng(0))
    assert rows[0]["symbol"] == "ab"
    assert rows[0]["token_law"] == pytest.approx(letters, abs=5e-5)
    assert rows[0]["text_law"] == pytest.approx(texts, abs=5e-5)


def test_a_sampler_that_is_too_cold_and_texts_that_are_letters_are_caught():
    table = whole_texts.compute(whole_texts.QUICK, lambda fraction: None)
    swapped = {"token": "text", "text": "token"}
    wrong = Table({name: table[swapped.get(name, name)] for name in table.columns})
    assert failing(whole_texts.verdicts(wrong)) == {
        "letters",
        "texts",
        "energies_token",
        "energies_text",
        "control",
    }
