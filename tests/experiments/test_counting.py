"""The lesson on counting: its verdicts hold, and each is refuted by what it excludes."""

import numpy as np
import pytest

import boltzmann as bz
from experiments import counting
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def refuted():
    """Return the keys of what the quick experiment refutes."""
    table = counting.compute(counting.QUICK, lambda fraction: None)
    return failing(counting.verdicts(Table.from_csv(table.to_csv())))


def test_softmax_comes_out_of_counting():
    """Statistical verdicts have a false-alarm rate of at most 1e-6 each, and a fixed seed."""
    assert failing(counting.verdicts(quick_table("counting"))) == set()


def test_a_box_without_its_demons_law_is_refuted(monkeypatch):
    law = bz.microcanonical_occupancy
    monkeypatch.setattr(
        bz,
        "microcanonical_occupancy",
        lambda *given, **named: law(*given, **{**named, "demons": 0}),
    )
    assert "box" in refuted()


def test_an_exchange_that_gives_less_is_refuted(monkeypatch):
    box = bz.ClosedBox

    def poorer(levels, particles, energy, **named):
        return box(
            levels, particles, round(0.97 * energy) if "start" not in named else energy, **named
        )

    monkeypatch.setattr(bz, "ClosedBox", poorer)
    assert {"box", "slope"} <= refuted()


@pytest.mark.parametrize(("favour", "keys"), [(0.6, {"pairs"}), (0.5, {"rich"})])
def test_meetings_are_judged_by_whom_they_favour(monkeypatch, favour, keys):
    meet = counting.shared_in_pairs

    def favoured(people, each, meetings, _, seed):
        return meet(people, each, meetings, favour, seed)

    monkeypatch.setattr(counting, "shared_in_pairs", favoured)
    assert refuted() == keys


def test_softmax_from_the_start_has_no_power(monkeypatch):
    """Were the law of few molecules softmax already, nothing would approach it."""
    table = quick_table("counting")
    table["law"][:] = np.where(
        table["kind"] == "approach", table["softmax"] * (1 + 1e-3), table["law"]
    )
    assert failing(counting.verdicts(table)) == {"power"}


def test_meetings_conserve_tokens():
    held = counting.shared_in_pairs(100, 3, 200, 0.5, seed=1)
    assert held.sum() == 300
    assert held.min() >= 0
