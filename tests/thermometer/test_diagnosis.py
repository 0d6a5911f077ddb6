"""What a diagnosis does with the levels: no sum over them is made twice."""

from collections import Counter
from hashlib import sha256

import numpy as np
import pytest

from boltzmann.language import draw
from boltzmann.thermometer import SamplingLaw, diagnose, kernels, read, token_levels
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.law_fitting import LawFitter
from boltzmann.thermometer.token_faults import typical
from tests.support.gpt2_like import Sampler, law, logits

OUTPUTS = {
    "sum_weights": 3,
    "sum_cumulants": 4,
    "mass_of_more_typical": 1,
    "mass_before": 1,
    "nucleus": 1,
    "count_below": 1,
    "cutoff_energies": 1,
}


@pytest.fixture
def passes(monkeypatch):
    """Count the passes over the levels, by kernel and arguments."""
    counted = Counter()

    def counting(name, kernel):
        def run(*arguments):
            inputs = [np.asarray(value) for value in arguments[: -OUTPUTS[name]]]
            counted[name, *(sha256(value.tobytes()).digest() for value in inputs)] += 1
            kernel(*arguments)

        return run

    for name in OUTPUTS:
        monkeypatch.setattr(kernels, name, counting(name, getattr(kernels, name)))
    return counted


def of_one_row():
    x = -np.log(np.arange(1.0, 1001.0))
    return read(x, draw(x, temperature=0.7, size=5000, seed=1))


def of_many_rows():
    x = logits(contexts=30, vocabulary=400, seed=1)
    sampler = Sampler(law(x, 1.0, top_p=0.9))
    chosen = sampler.draw(np.random.default_rng(2).random(3000))
    return read(x, chosen, rows=sampler.rows(3000), groups=np.arange(3000) // 10)


def of_lists():
    x = logits(contexts=30, vocabulary=400, seed=1)
    x -= np.logaddexp.reduce(x, axis=1, keepdims=True)
    sampler = Sampler(law(x, 1.0))
    chosen = sampler.draw(np.random.default_rng(3).random(3000))
    order = np.argsort(-x, axis=1)[:, :20]
    lists = (order, np.take_along_axis(x, order, 1))
    return read(lists, chosen, rows=sampler.rows(3000), normalised=1.0)


CLAIMS = [
    0.0,
    0.7,
    SamplingLaw(0.7, top_k=50),
    SamplingLaw(0.7, top_p=0.9),
    SamplingLaw(0.7, min_p=0.05),
    SamplingLaw(0.8, top_k=40, top_p=0.95, min_p=0.05, order="llama.cpp"),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
@pytest.mark.parametrize("draws", [of_one_row, of_many_rows, of_lists])
def test_no_pass_over_the_levels_is_made_twice(draws, claim, passes):
    reading = draws()
    passes.clear()
    diagnose(reading, claim)
    assert sum(passes.values()) > 20
    assert set(passes.values()) == {1}


def test_a_claim_judged_twice_makes_no_pass_twice_either(passes):
    """With the truncation claimed, and alone where lists may end at it."""
    reading = of_one_row()
    passes.clear()
    diagnose(reading, SamplingLaw(0.7, top_k=5), after_truncation=True)
    assert set(passes.values()) == {1}


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
@pytest.mark.parametrize("draws", [of_one_row, of_many_rows, of_lists])
def test_a_search_finds_the_best_point_without_trying_all(draws, claim, monkeypatch):
    """Against one that tries every point of the grid, and that makes more passes."""
    tried = []

    def best_of_all(fitter, cost, bound):
        tried.append(len(fitter._grid))
        return fitter._grid[int(np.argmin([cost(point) for point in fitter._grid]))]

    reading = draws()
    found = diagnose(reading, claim)
    monkeypatch.setattr(LawFitter, "_best_of_grid", best_of_all)
    assert diagnose(reading, claim) == found
    assert set(tried) == {20}


def test_an_honest_claim_takes_few_looks_for_a_hidden_top_p(passes):
    """One pass counts what is kept at a point of the search: of a grid of 20, few are tried.

    The refinement around the best one takes about ten. Where no bound knows the share that top_p
    keeps, a draw from each list rules no point out, and 28 such passes are made.
    """
    generator = np.random.default_rng(0)
    x = 3 * generator.standard_normal((2000, 20))
    chosen = np.argmax(x / 0.7 + generator.gumbel(size=x.shape), axis=1)
    reading = read(x, chosen)
    passes.clear()
    assert diagnose(reading, 0.7, resolution=0.2).holds
    counted = Counter(name for name, *_ in passes)
    assert counted["nucleus"] <= 20


def test_what_typical_sampling_left_out_is_summed_for_its_candidates_alone(monkeypatch):
    """Four laws, before and after the temperature, claimed and any; the search tries many more."""
    told, tried = typical._Typical.told, []
    counting = property(lambda law: tried.append(law) or told.fget(law))
    monkeypatch.setattr(typical._Typical, "told", counting)
    x = logits(contexts=30, vocabulary=400, seed=1)
    sampler = Sampler(law(x, 1.0))
    chosen = sampler.draw(np.random.default_rng(3).random(3000))
    claimed = read(x, chosen, rows=sampler.rows(3000)).evidence.with_cache()
    typical.hidden_typical(Hypothesis(claimed, SamplingLaw(0.8)))
    assert 0 < len(tried) <= 4


def test_results_that_do_not_fit_into_the_cache_are_computed_again(passes, monkeypatch):
    """The negative control, with the same findings."""
    reading = of_one_row()
    found = diagnose(reading, 0.7)
    monkeypatch.setattr(token_levels, "_CACHE_BYTES", 0)
    passes.clear()
    assert diagnose(reading, 0.7) == found
    assert max(passes.values()) > 1
