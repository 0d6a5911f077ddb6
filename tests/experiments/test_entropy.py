"""Entropy from heat: its verdicts hold, and a broken gas or a leaking calorimeter is found out.

With the seed fixed nothing is left to chance; of other seeds, one in 1e5 would fail the first test.
"""

from dataclasses import replace

import numpy as np
import pytest

import boltzmann as bz
from experiments import entropy
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing

HEAT = {"law", "itself", "ln_2", "ln_4", "ln_3"}  # what the calorimeter measures


def failed(table):
    return failing(entropy.verdicts(table))


@pytest.fixture(scope="module")
def table():
    return quick_table("entropy")


def test_every_verdict_holds(table):
    assert failed(table) == set()


@pytest.mark.parametrize("factor", [0.995, 1.005])
def test_a_bath_half_a_percent_off_is_found(monkeypatch, factor):
    """Power: S is off by 0.005 C, at the peak 30 of its standard errors and more."""
    temperature = bz.Ensemble.temperature
    off = temperature.setter(lambda gas, value: temperature.fset(gas, factor * value))
    monkeypatch.setattr(bz.Ensemble, "temperature", off)
    broken = failed(entropy.compute(entropy.QUICK, lambda fraction: None))
    assert {*HEAT, "fluctuations", "slope", "peak_1+1", "peak_1+3"} <= broken


def test_heat_that_leaks_is_found(table):
    """One part in a thousand of the heat does not reach the calorimeter."""
    rows = []
    for _, system in table.groups("system"):
        warming = entropy._read(system)
        leaky = replace(warming, heat=0.999 * warming.heat)
        rows.append({**system.columns, "heat": leaky.heat, "calorimeter": leaky.entropy()})
    broken = failed(
        Table({column: np.concatenate([part[column] for part in rows]) for column in rows[0]})
    )
    assert broken >= HEAT and "fluctuations" not in broken


def test_a_control_without_its_mistake_fails(table):
    """Its numbers then agree, and its verdict asks that they do not."""
    assert failed(Table({**table.columns, "misread": table["calorimeter"]})) == {"misread"}


def test_the_start_is_forgotten():
    """Memory fades by 2/3 a sweep or faster at every temperature of every system."""
    for levels in entropy.SYSTEMS.values():
        for t in (*np.geomspace(0.04, 100.0, 60), np.inf):
            second = np.sort(np.abs(np.linalg.eigvals(bz.transition_matrix(levels, t))))[-2]
            assert second < 2 / 3 + 1e-9
