"""The calorimeter is right to its stated error."""

import numpy as np
import pytest
from scipy.stats import chi2

import boltzmann as bz
from experiments.entropy import SYSTEMS
from experiments.shared.calorimeter import Warming, temperatures


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_calorimeter_of_the_law_errs_by_its_stated_excess(name):
    """Shares by the law, no noise: what is left is Euler and Maclaurin's next term, some h²/60 of
    the first.
    """
    levels, coldness = SYSTEMS[name], np.linspace(30.0, 0.0, 601)
    temperature = temperatures(coldness)
    particles = 2.0**52
    counts = particles * bz.probabilities(levels, temperature)
    energy = counts @ levels.energies
    warming = Warming(levels, coldness, np.diff(energy, prepend=0.0), counts)
    off = warming.entropy() - bz.entropy(levels, temperature)
    excess = warming.excess_entropy()
    assert excess.max() > 4e-5
    assert np.abs(off - excess).max() < 2e-3 * excess.max()


@pytest.mark.parametrize("name", SYSTEMS)
def test_error_bars_are_as_wide_as_the_scatter(name):
    """Independent counts drawn from the law, 1000 warmings of 10,000 particles.

    A standard deviation has a relative standard error of 2.2 %, and the mean of 9000 squares one of
    1.5 %: margins of 12 % and 8 % have a false alarm below 1e-6, all nine numbers together. Error
    bars 25 % off would be seen."""
    levels, coldness, N = SYSTEMS[name], np.linspace(5.4, 0.0, 28), 10_000
    generator = np.random.default_rng(7)
    t = temperatures(coldness)
    p, law = bz.probabilities(levels, t), bz.entropy(levels, t)
    pulls, squares = [], []

    for _ in range(1000):
        counts = generator.multinomial(N, p)
        warming = Warming(levels, coldness, np.diff(counts @ levels.energies, prepend=0.0), counts)
        calorimeter, surprise = warming.entropy() - warming.excess_entropy(), warming.surprise
        beside = calorimeter - warming.mean(surprise)
        noises = warming.entropy_noise(), warming.entropy_noise(surprise)
        pulls.append(
            [((calorimeter - law) / np.sqrt(noises[0]))[14], (beside / np.sqrt(noises[1]))[14]]
        )
        squares.append(chi2.isf(warming.slope_fit(), 9) / 9)

    assert np.std(pulls, axis=0) == pytest.approx(1.0, abs=0.12)
    assert np.mean(squares) == pytest.approx(1.0, abs=0.08)
