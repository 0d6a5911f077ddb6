"""Peaks of heat capacities: the law's are the tabulated ones, fitted ones err as they say."""

import json
from pathlib import Path

import numpy as np
import pytest

import boltzmann as bz
from experiments.entropy import SCHOTTKY, SYSTEMS
from experiments.shared.peaks import fitted_peak, law_peak

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "support" / "reference.json").read_text(encoding="utf-8")
)["values"]


@pytest.mark.parametrize(
    ("name", "key"), [("1+1 states", "schottky.g1.peak"), ("1+3 states", "schottky.g3.peak")]
)
def test_schottky_peaks_are_the_tabulated_ones(name, key):
    expected = REFERENCE[key]["value"]
    assert SCHOTTKY[name] == (float(expected["T/Delta"]), float(expected["C"]))
    levels = SYSTEMS[name]
    t = law_peak(levels)
    assert t == pytest.approx(float(expected["T/Delta"]), rel=1e-13)
    assert bz.heat_capacity(levels, t) == pytest.approx(float(expected["C"]), rel=1e-13)


def test_a_fitted_peak_scatters_by_its_error():
    """400 noisy curves, fixed seed: a standard deviation errs by 3.5 %, so that the margin of 18 %
    is a false alarm below 1e-6.

    An error bar 40 % off would be seen.
    """
    t = np.geomspace(0.25, 0.7, 25)
    generator = np.random.default_rng(3)
    true = law_peak(bz.two_level())
    capacity = bz.heat_capacity(bz.two_level(), t)
    shape = fitted_peak(t, capacity, np.full(t.size, 0.003))[0] - true
    pulls = []
    for _ in range(400):
        noisy = capacity * (1 + 0.003 * generator.standard_normal(t.size))
        peak, error = fitted_peak(t, noisy, np.full(t.size, 0.003))
        pulls.append((peak - true - shape) / error)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.18)
