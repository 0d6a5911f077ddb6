"""The experiment on the three limits: its verdicts hold, and each is refuted by the physics it
guards against.
"""

import numpy as np
import pytest

import boltzmann as bz
from experiments import limits
from experiments.runner.table import Table
from experiments.shared import roads
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def refuted() -> set[str]:
    """Return the keys of what the quick experiment refutes, the control aside."""
    table = limits.compute(limits.QUICK, lambda fraction: None)
    return failing(limits.verdicts(Table.from_csv(table.to_csv()))) - {"control"}


def test_limits_hold_for_letters_weather_and_die():
    """Three verdicts are statistical, at a false-alarm rate of at most 1e-6 each and a fixed
    seed.
    """
    assert failing(limits.verdicts(quick_table("limits"))) == set()


temper = bz.temper


def _last_bit(p, t):
    return np.nextafter(temper(p, t), np.where(np.equal(t, 1), 2, temper(p, t)))


def _first_wins(p, t):
    return np.eye(len(p))[np.argmax(p)] if t == 0 else temper(p, t)


def _frogs_fall(p, t):
    return np.full(len(p), 1 / len(p)) if t == np.inf else temper(p, t)


def _there_and_back(p, t):
    return temper(p, t if t in (0, 1, np.inf) else t * np.exp(np.sin(8 * np.log(t))))


@pytest.mark.parametrize(
    ("law", "keys"),
    [
        (_last_bit, {"untouched"}),
        (_first_wins, {"cold", "gas"}),
        (_frogs_fall, {"hot", "gas", "sampler"}),
        (_there_and_back, {"towards_cold", "towards_hot", "gas", "sampler"}),
    ],
)
def test_wrong_law_is_refuted(monkeypatch, law, keys):
    monkeypatch.setattr(bz, "temper", law)
    assert keys <= refuted()


def test_gas_too_hot_is_refuted(monkeypatch):
    """10 % moves the mean energy of 20,000 particles by 0.1·√(20,000 C) > 7 errors for each C >
    0.25.
    """
    ensemble = bz.Ensemble
    monkeypatch.setattr(
        bz, "Ensemble", lambda levels, t, *rest, **named: ensemble(levels, 1.1 * t, *rest, **named)
    )
    assert refuted() == {"gas"}


def test_sampler_too_hot_is_refuted(monkeypatch):
    """As for the gas."""
    draw_ids = roads.draw_ids
    monkeypatch.setattr(
        roads, "draw_ids", lambda logits, t, *rest: draw_ids(logits, 1.1 * t, *rest)
    )
    assert refuted() == {"sampler"}
