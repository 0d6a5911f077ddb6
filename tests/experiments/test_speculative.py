"""Speculative decoding: what is replaced otherwise, remembered longer or named wrongly is seen."""

import numpy as np
import pytest

from experiments import speculative
from experiments.runner.table import Table
from experiments.shared import speculation
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


@pytest.fixture(scope="module")
def table():
    return quick_table("speculative")


def failed(table, **columns):
    return failing(speculative.verdicts(Table({**table.columns, **columns})))


def test_all_verdicts_hold(table):
    """Six of them are statistical, at a false-alarm rate of 1e-6 each and a fixed seed."""
    assert failed(table) == set()


def recomputed(monkeypatch, name, wrong):
    monkeypatch.setattr(speculation, name, wrong)
    config = speculative.Config(
        mixtures=(1.0,), curve=3, chains=500, drafts=((2, 4),), tokens=20, audited=("as published",)
    )
    return Table.from_csv(speculative.compute(config, lambda fraction: None).to_csv())


def test_a_replacement_from_the_target_is_refuted(monkeypatch):
    table = recomputed(monkeypatch, "excess", lambda p, q: p)
    assert {"law", "names"} <= failed(table)


def test_a_rule_that_accepts_too_much_is_refuted(monkeypatch):
    ratio = speculation.ratio
    table = recomputed(monkeypatch, "ratio", lambda p, q: np.sqrt(ratio(p, q)))
    assert {"law", "shared"} <= failed(table)


def test_a_chain_that_forgets_is_refuted(monkeypatch):
    chain = speculation.independence_chain

    def shuffled(*arguments):
        tokens, moved = chain(*arguments)
        return arguments[-1].permuted(tokens, axis=1), moved

    assert failed(recomputed(monkeypatch, "independence_chain", shuffled)) == {"stays"}


def test_eigenvalues_that_are_not_the_matrixs_are_refuted(table):
    assert failed(table, eigenvalue=1.001 * table["eigenvalue"]) == {"liu"}


def test_texts_off_their_entropy_or_their_acceptance_are_refuted(table):
    text = table["kind"] == "text"
    off = 6 * np.sqrt(table["heat_capacity"])
    assert failed(table, surprise=table["surprise"] + np.where(text, off, 0)) == {"text"}
    off = np.where(text, 6 * np.sqrt(table["variance"]), 0).round().astype(int)
    assert "checked" in failed(table, accepted=table["accepted"] + off)


def test_variants_called_by_another_name_are_refuted(table):
    for variant, fault, verdict in (
        ("as published", "ignored", "fails"),
        ("as published", "", "fails"),
        ("t for the draft alone", "unknown", "fails"),
        ("acceptance by p at t = 1", "wrong_temperature", "fails"),
        ("acceptance by p at t = 1", "", "holds"),
    ):
        rows = table["name"] == variant
        changed = {
            "fault": np.where(rows, fault, table["fault"]),
            "verdict": np.where(rows, verdict, table["verdict"]),
        }
        assert failed(table, **changed) == {"names"}


def test_a_control_that_passes_is_refuted(table):
    assert failed(table, mistaken=table["speculated"]) == {"control"}


def test_a_chain_that_accepts_more_than_replacing_does_is_refuted(table):
    assert failed(table, repeat_shared=table["shared"] + 1e-3) == {"fewer"}
