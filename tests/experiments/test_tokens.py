"""The experiment on tokens: its verdicts hold, wrong roads are refuted, and no machine changes
them.
"""

from dataclasses import replace

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.language import GPT2
from experiments import tokens
from experiments.runner.table import Table
from experiments.shared import roads
from tests.support import reordered
from tests.support.verdicts import failing

CONFIG = replace(tokens.QUICK, contexts=("The",), temperatures=(1.0,))


def written(config: tokens.Config) -> Table:
    """Return the experiment's table as it is read back."""
    return Table.from_csv(tokens.compute(config, lambda fraction: None).to_csv())


@pytest.fixture(scope="module")
def table():
    return written(CONFIG)


def failed(table: Table) -> set[str]:
    return failing(tokens.verdicts(table))


def test_a_panel_is_drawn(table):
    tokens.draw(table).canvas.draw()


def test_the_table_holds_every_token_the_likeliest_first(table):
    assert len(table) == 1024 and (np.diff(table["probability"]) <= 0).all()
    assert table["token"][:3].tolist() == ["␣old", "␣boy", "␣girl"]
    for counts, total in (("simulated", 10_000), ("sampled", 20_000), ("sampled_too_hot", 20_000)):
        assert table[counts].sum() == total
    p = bz.softmax(GPT2.load("tiny", np.float64).logits("The"))
    np.testing.assert_allclose(table["probability"], np.sort(p)[::-1], rtol=1e-9)


@pytest.mark.parametrize(
    ("road", "keys"),
    [
        (
            "simulated",
            {
                "gas",
                "both",
                "entropy",
            },
        ),
        (
            "sampled",
            {
                "sampler",
                "both",
                "entropy",
            },
        ),
    ],
)
def test_a_road_that_runs_too_hot_is_refuted(table, road, keys):
    """20 % of 20,000 draws, at a heat capacity of some 4: over 50 errors; for the comparison of two
    roads, 25.
    """
    other = Table({**table.columns, road: table["sampled_too_hot"]})
    assert failed(other) == keys


def test_a_control_that_is_not_too_hot_is_noticed(table):
    assert failed(Table({**table.columns, "sampled_too_hot": table["sampled"]})) == {
        "control",
        "entropy_control",
    }


def test_logits_that_the_sampler_and_the_law_do_not_share_are_refuted(monkeypatch):
    """A sampler that sees the logits of the tokens one place on: half of them are unlikely where it
    draws most.
    """
    draw = roads.draw_ids
    monkeypatch.setattr(roads, "draw_ids", lambda logits, *rest: draw(np.roll(logits, 1), *rest))
    assert "sampler" in failed(written(CONFIG))


def test_another_order_of_summation_gives_the_same_table(table, monkeypatch):
    here, there = (load("tiny", np.float64).logits("The") for load in (GPT2.load, reordered.load))
    assert 0 < np.abs(here - there).max() < 1e-12
    monkeypatch.setattr(GPT2, "load", reordered.load)
    assert reordered.differing(table, written(CONFIG)) == []


def test_in_single_precision_it_would_not(table, monkeypatch):
    monkeypatch.setattr(GPT2, "load", lambda name, dtype: reordered.load(name, np.float32))
    assert {"probability", "law"} <= set(reordered.differing(table, written(CONFIG)))
