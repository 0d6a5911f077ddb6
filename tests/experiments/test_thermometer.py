"""Readings and names: what is off by a little, or called by another name, is seen."""

import numpy as np
import pytest

from experiments import thermometer
from experiments.runner.table import Table


@pytest.fixture(scope="module")
def table():
    return thermometer.compute(thermometer.QUICK, lambda fraction: None)


def failing(table, **columns):
    return [
        k
        for k, v in enumerate(thermometer.verdicts(Table({**table.columns, **columns})))
        if not v.holds
    ]


def test_readings_that_are_off_are_seen(table):
    assert failing(table) == []
    hot = np.where(table["kind"] == "reading", 1.1 * table["reading"], table["reading"])
    assert 0 in failing(table, reading=hot)


def test_errors_that_are_too_small_are_seen(table):
    assert {0, 1} <= set(failing(table, error=table["error"] / 6))


def test_a_liar_called_by_another_name_and_an_honest_sampler_called_a_liar_are_seen(table):
    for wrong in ("doubled", "ignored"):
        faults = np.where(table["sampler"] == "applies t twice", wrong, table["fault"])
        assert failing(table, fault=faults) == [3]
    verdicts = np.where(table["sampler"] == "honest", "fails", table["verdict"])
    assert failing(table, verdict=verdicts) == [3]
    passed = np.where(table["sampler"] == "ignores t", "holds", table["verdict"])
    assert failing(table, verdict=passed) == [3]
    verdicts = np.where(table["kind"] == "reading", "fails", table["verdict"])
    assert failing(table, verdict=verdicts) == [2]
