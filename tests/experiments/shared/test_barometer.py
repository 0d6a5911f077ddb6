"""Mean heights: the formula, and what layers add to it."""

import json
from pathlib import Path

import numpy as np
import pytest

import boltzmann as bz
from experiments.runner.table import Table
from experiments.shared import barometer

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "support" / "reference.json").read_text(encoding="utf-8")
)["values"]


def test_mean_height_is_the_tabulated_one():
    expected = float(REFERENCE["barometric.H=1.T=1"]["value"]["mean_h"])
    assert barometer.mean_height(1.0) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("t", [0.2, 1.0, 5.0])
def test_layers_lift_the_mean_height_by_their_thickness_squared_over_12t(t):
    """Exact but for the next term of an alternating series, a⁵/(30240 K) with a = 1/(K t), and for
    rounding.
    """
    layers = 20
    law = float(bz.mean_energy(bz.column(layers), t))
    rest = law - barometer.mean_height(t) - barometer.layer_lift(layers, t)
    assert -1e-13 < rest < (1 / (layers * t)) ** 5 / (30240 * layers) + 1e-13


def test_a_measured_height_is_a_mean_with_its_standard_error():
    rows = Table({"layer": [0, 1], "molecules": [300, 100]})
    mean, error = barometer.measured_height(rows)
    assert mean == pytest.approx(0.375)
    assert error == pytest.approx(np.sqrt(0.75 * 0.25 * 0.25 / 400))
