"""The lesson about engines: a wrong temperature is seen, and so are defaults that do nothing."""

from itertools import cycle

import numpy as np
import pytest

import boltzmann as bz
from experiments import engines
from experiments.engines.shared.known_logits import ROWS
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


@pytest.fixture(scope="module")
def table():
    return quick_table("engines")


def failed(columns):
    return failing(engines.verdicts(Table(columns)))


def test_every_engine_is_in_the_table_under_both_settings(table):
    names = [result["engine"] for result in engines.results().values()]
    for settings in (engines.OFF, engines.ALONE):
        assert table.where(settings=settings)["engine"].tolist() == names
    assert f"{len(names) - 1} engines" in engines.FINDING.replace("sixteen", "16")


@pytest.mark.parametrize(
    ("engine", "factor"), list(zip(engines.results(), cycle([0.9, 1.1]), strict=False))
)
def test_one_engine_at_a_wrong_temperature_refutes_the_law(monkeypatch, engine, factor):
    """False alarms: 1e-6 of all readings together; 10 % off is missed less often."""
    found = engines.results()
    answer = found[engine]["answers"]["reading_0.7"]
    law = bz.softmax(ROWS["rank"] / (0.7 * factor))
    counts = np.random.default_rng(1).multinomial(10_000, law)
    answer["observed"] |= {"counts": counts.tolist(), "others": 0}
    monkeypatch.setattr(engines, "results", lambda: found)
    made = engines.compute(engines.QUICK, lambda fraction: None)
    assert "readings" in failing(engines.verdicts(made))


def test_a_reading_of_one_token_is_of_no_temperature(table):
    greedy = table.where(settings=engines.ALONE, left=1)
    assert len(greedy) and not greedy["reading"].any()
    off = (table["settings"] == engines.OFF) & (table["engine"] == table["engine"][0])
    broken = {name: np.where(off, 0.0, table[name]) for name in ("reading", "standard_error")}
    assert failed({**table.columns, **broken}) == {"readings"}


def test_readings_at_the_control_s_temperature_are_seen(table):
    assert failed(dict(table.columns)) == set()
    assert "control" in failed({**table.columns, "control": table["temperature"]})


def test_engines_whose_defaults_do_nothing_are_counted(table):
    alone = table["settings"] == engines.ALONE
    plain = {
        "left": np.where(alone, engines.TOKENS, table["left"]),
        "reading": np.where(alone, 0.7, table["reading"]),
        "standard_error": np.where(alone, 0.002, table["standard_error"]),
    }
    assert failed({**table.columns, **plain}) == {"alone"}
