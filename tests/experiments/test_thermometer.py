"""Readings and names: what is off by a little, or called by another name, is seen."""

import numpy as np
import pytest

from experiments import thermometer
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


@pytest.fixture(scope="module")
def table():
    return quick_table("thermometer")


def failed(table, **columns):
    return failing(thermometer.verdicts(Table({**table.columns, **columns})))


def test_readings_that_are_off_are_seen(table):
    assert failed(table) == set()
    hot = np.where(table["kind"] == "reading", 1.1 * table["reading"], table["reading"])
    assert "readings" in failed(table, reading=hot)


def test_errors_that_are_too_small_are_seen(table):
    assert failed(table, error=table["error"] / 6) >= {"readings", "errors"}


def test_a_liar_called_by_another_name_and_an_honest_sampler_called_a_liar_are_seen(table):
    for wrong in ("doubled", "ignored"):
        faults = np.where(table["sampler"] == "applies t twice", wrong, table["fault"])
        assert failed(table, fault=faults) == {"names"}
    verdicts = np.where(table["sampler"] == "honest", "fails", table["verdict"])
    assert failed(table, verdict=verdicts) == {"names"}
    passed = np.where(table["sampler"] == "ignores t", "holds", table["verdict"])
    assert failed(table, verdict=passed) == {"names"}
    verdicts = np.where(table["kind"] == "reading", "fails", table["verdict"])
    assert failed(table, verdict=verdicts) == {"honest"}
