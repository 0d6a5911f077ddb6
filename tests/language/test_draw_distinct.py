"""Drawing different tokens: each law's sets come as often as its formula says."""

from itertools import combinations, permutations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import boltzmann as bz
from boltzmann.language import draw_distinct
from boltzmann.statistics import goodness_of_fit

LOGITS = np.array([1.0, -0.5, -np.inf, 0.2, 2.0, 0.2])
ALLOWED = [0, 1, 3, 4, 5]


def law_of_orders(count, t):
    """Return all orders of `count` tokens, and the probability of draws one after another."""
    w = dict(zip(ALLOWED, np.exp(LOGITS[ALLOWED] / t), strict=True))
    orders = list(permutations(ALLOWED, count))
    p = []
    for order in orders:
        chance, left = 1.0, sum(w.values())
        for token in order:
            chance *= w[token] / left
            left -= w[token]
        p.append(chance)
    return orders, np.array(p)


def law_of_fermions(count, t):
    """Return all sets of `count` tokens, and the product of their weights, normalised."""
    sets = list(combinations(ALLOWED, count))
    weights = np.array([np.exp(LOGITS[list(tokens)].sum() / t) for tokens in sets])
    return sets, weights / weights.sum()


LAWS = {"plackett-luce": law_of_orders, "conditional-poisson": law_of_fermions}


def fit(drawn, outcomes, p):
    place = {outcome: k for k, outcome in enumerate(outcomes)}
    seen = np.bincount([place[tuple(row)] for row in drawn.tolist()], minlength=p.size)
    return goodness_of_fit(seen, p).p_value


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("t", [0.5, 2.0, np.inf])
@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_sets_come_as_often_as_the_law_says(law, t, count):
    """At a false-alarm rate of 1e-6 each; a share of 0.1 that is 5 % off is 7 errors off."""
    drawn = draw_distinct(LOGITS, count, t, size=200_000, seed=count, law=law)
    assert fit(drawn, *LAWS[law](count, t)) > 1e-6


def test_neither_law_is_the_other():
    one_by_one = draw_distinct(LOGITS, 3, 1.0, size=50_000, seed=1)
    fermions = draw_distinct(LOGITS, 3, 1.0, size=50_000, seed=1, law="conditional-poisson")
    sets, p = law_of_fermions(3, 1.0)
    assert fit(np.sort(one_by_one, axis=1), sets, p) < 1e-12
    orders, chances = law_of_orders(3, 1.0)
    summed = [
        sum(c for o, c in zip(orders, chances, strict=True) if set(o) == set(s)) for s in sets
    ]
    assert fit(fermions, sets, np.array(summed)) < 1e-12
    assert fit(np.sort(one_by_one, axis=1), sets, np.array(summed)) > 1e-6


def test_conditional_poisson_sampling_is_the_fermi_gas_of_many_levels():
    """Of 300 tokens, each counted in binomially many of 20,000 sets, none is 6 errors off, at a
    false-alarm rate of 6e-7 if the counts were Gaussian.
    """
    logits = np.random.default_rng(3).normal(size=300) * 2
    drawn = draw_distinct(logits, 12, 0.8, size=20_000, seed=2, law="conditional-poisson")
    p = 12 * bz.fermi_occupancy(-logits, 0.8, 12)
    seen = np.bincount(drawn.ravel(), minlength=300)
    often = p * 20_000 > 25
    errors = np.sqrt(20_000 * p * (1 - p))
    assert often.sum() > 150
    assert np.abs((seen - 20_000 * p) / errors)[often].max() < 6
    assert (np.diff(drawn, axis=1) > 0).all()


@pytest.mark.parametrize("law", LAWS)
def test_cold_draws_are_the_largest(law):
    for t in (0, 1e-310, 1e-4):
        drawn = draw_distinct(LOGITS, 2, t, size=5, law=law)
        assert_array_equal(np.sort(drawn, axis=1), [[0, 4]] * 5)
    assert_array_equal(np.sort(draw_distinct(LOGITS, 3, 0, law=law)), [0, 3, 4])


@pytest.mark.parametrize("law", LAWS)
def test_shapes_and_seeds(law):
    generator = np.random.default_rng(8)
    assert draw_distinct(LOGITS, 3, law=law).shape == (3,)
    assert draw_distinct(LOGITS, 3, size=0, law=law).shape == (0, 3)
    assert_array_equal(
        draw_distinct(LOGITS, 3, size=4, seed=8, law=law),
        draw_distinct(LOGITS, 3, size=4, seed=generator, law=law),
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"count": 6}, "count is 6: 5 tokens are allowed"),
        ({"count": 0}, "count is 0"),
        ({"count": 2, "law": "gumbel"}, "law is 'gumbel'"),
        ({"count": 2, "temperature": -1.0}, "temperature is -1.0"),
        ({"count": 2, "logits": [0.0, np.inf, 1.0]}, r"logits\[1\] is inf"),
        ({"count": 2, "size": -1}, "size is -1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        draw_distinct(**({"logits": LOGITS} | arguments))
