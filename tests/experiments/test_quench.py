"""The experiment on a quench: its verdicts hold, and broken physics fails them."""

from dataclasses import replace

import numpy as np
import pytest

import boltzmann as bz
from experiments import quench
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


@pytest.fixture(scope="module")
def table():
    return quick_table("quench")


def failed(table):
    return failing(quench.verdicts(table))


def test_paths_are_those_of_molecules_that_stand_still_or_step(table):
    """From look to look a molecule gets a layer a sweep at most; all paths together are what a gas
    does.
    """
    paths = table.where(series="molecule")["path"]
    layers = np.array([[ord(letter) - ord("a") for letter in path] for path in paths])
    assert layers.shape == (quench.QUICK.shown, quench.QUICK.looks + 1)
    assert layers.min() >= 0 and layers.max() < quench.QUICK.layers
    assert np.abs(np.diff(layers)).max() <= quench.QUICK.stride
    assert layers[:, -1].mean() < layers[:, 0].mean() - 2  # they fall; the standard error is 0.5


def test_one_may_look_after_every_sweep():
    table = quench.compute(replace(quench.QUICK, stride=1, looks=120), lambda fraction: None)
    assert failed(table) == set()
    assert table.where(series="moves")["sweep"].tolist() == list(range(1, 121))


def test_another_rule_is_caught_on_its_way_though_it_ends_in_the_same_law(monkeypatch):
    def glauber(*arguments, **options):
        return ensemble(*arguments, rule="glauber", **options)

    ensemble = bz.Ensemble
    monkeypatch.setattr(bz, "Ensemble", glauber)
    assert failed(quench.compute(quench.QUICK, lambda fraction: None)) >= {"transient", "moves"}


def test_a_bath_that_is_too_warm_is_caught(monkeypatch):
    law = bz.probabilities
    monkeypatch.setattr(bz, "probabilities", lambda levels, t: law(levels, np.multiply(t, 0.95)))
    config = replace(quench.QUICK, molecules=100_000)
    assert "end" in failed(quench.compute(config, lambda fraction: None))


def test_a_missing_quantum_is_caught(table):
    columns = {name: column.copy() for name, column in table.columns.items()}
    last = np.flatnonzero(columns["series"] == "moves")[-1]
    columns["heat"][last] -= 1
    assert failed(Table(columns)) == {"heat"}


def test_an_animation_shows_every_look(table):
    titles = [figure.axes[0].get_title(loc="left") for figure in quench.animate(table)]
    assert titles == [
        f"{quench.QUICK.stride * look} sweeps" for look in range(quench.QUICK.looks + 1)
    ]
