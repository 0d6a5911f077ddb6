"""The experiment that puts the three roads on one sheet."""

from dataclasses import replace

import numpy as np
import pytest

from experiments import summary
from experiments.runner.table import Table
from experiments.shared import roads
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


@pytest.fixture(scope="module")
def table():
    return quick_table("summary")


def test_the_pictures_show_a_few_of_each_at_one_temperature(table):
    for road in ("few_simulated", "few_sampled"):
        assert table[road].sum() == table.where(temperature=1.0)[road].sum() == summary.QUICK.few


def test_temperatures_without_that_of_the_pictures_are_refused():
    config = replace(summary.QUICK, temperatures=(0.5, 2.0))
    with pytest.raises(ValueError, match="the pictures show t = 1"):
        summary.compute(config, lambda fraction: None)


@pytest.mark.parametrize("road", ["simulated", "sampled"])
def test_a_road_that_is_too_hot_has_another_entropy(table, road):
    """The draws of the control, 20 % too hot, in the place of a road's."""
    hot = Table({**table.columns, road: table["sampled_too_hot"]})
    assert "entropy" in failing(summary.verdicts(hot))


def test_the_entropy_of_counts_that_follow_the_law_is_that_of_the_law():
    law = np.array([0.5, 0.25, 0.125, 0.125])
    panel = Table({"law": law, "simulated": (800 * law).astype(int)})
    entropy, measured, error = roads.surprise(panel, "simulated")
    assert entropy == pytest.approx(1.75 * np.log(2), rel=1e-12)
    assert measured == pytest.approx(entropy, rel=1e-12)
    variance = law @ np.log(law) ** 2 - entropy**2
    assert error == pytest.approx(np.sqrt(variance / 800), rel=1e-9)
