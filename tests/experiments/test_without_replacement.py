"""The experiment on k different tokens: its verdicts hold, and each is refuted by the physics it
guards against.
"""

from dataclasses import replace

import numpy as np
import pytest

import boltzmann as bz
from experiments import without_replacement
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing

CONTROLS = {"control", "no_temperature"}


def refuted() -> set[str]:
    """Return the keys of what the quick experiment refutes."""
    table = without_replacement.compute(without_replacement.QUICK, lambda fraction: None)
    return failing(without_replacement.verdicts(Table.from_csv(table.to_csv())))


def test_two_laws_of_different_tokens_hold_and_are_two():
    """Three verdicts are statistical, at a false-alarm rate of at most 1e-6 each and a fixed
    seed.
    """
    assert failing(without_replacement.verdicts(quick_table("without_replacement"))) == set()


def test_a_gas_of_bosons_is_refuted(monkeypatch):
    gas = bz.QuantumGas
    monkeypatch.setattr(
        bz,
        "QuantumGas",
        lambda *given, statistics, **named: gas(*given, statistics="bose", **named),
    )
    assert refuted() == {"gas"}


def test_a_gas_too_hot_is_refuted(monkeypatch):
    """By 20 %; five letters are then among 2000 looks."""
    gas = bz.QuantumGas
    monkeypatch.setattr(
        bz, "QuantumGas", lambda levels, t, *rest, **named: gas(levels, 1.2 * t, *rest, **named)
    )
    assert refuted() == {"gas"}


def test_one_sampler_in_the_place_of_the_other_is_refuted(monkeypatch):
    draw = without_replacement.draw_distinct
    monkeypatch.setattr(
        without_replacement,
        "draw_distinct",
        lambda *given, law: draw(*given, law="plackett-luce"),
    )
    assert refuted() == {"fermions"}
    monkeypatch.setattr(
        without_replacement,
        "draw_distinct",
        lambda *given, law: draw(*given, law="conditional-poisson"),
    )
    assert refuted() == {"one_by_one", "control"}


@pytest.mark.parametrize(
    ("wrong", "keys"),
    [
        (
            lambda p, count: count * bz.fermi_occupancy(-np.log(p), 1.1, count),
            {"one_by_one", "single"},
        ),
        (lambda p, count: count * bz.fermi_occupancy(-np.log(p), 1.0, count), {"one_by_one"}),
    ],
)
def test_a_wrong_law_of_draws_one_after_another_is_refuted(monkeypatch, wrong, keys):
    monkeypatch.setattr(without_replacement, "inclusion", wrong)
    assert keys <= refuted()


def test_with_one_token_there_is_nothing_to_catch(monkeypatch):
    """For k = 1 both laws are softmax(logits / t), and the controls fail, as they must."""
    single = replace(without_replacement.QUICK, letters=1, tokens=1)
    table = without_replacement.compute(single, lambda fraction: None)
    assert failing(without_replacement.verdicts(table)) == CONTROLS
