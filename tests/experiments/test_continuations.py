"""The experiment on continuations: its verdicts hold, wrong tables are refuted, and no machine
changes them.
"""

from dataclasses import replace

import numpy as np
import pytest

from boltzmann.language import GPT2
from experiments import continuations
from experiments.runner.table import Table
from experiments.shared import pages
from tests.support import reordered
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing

SMALL = replace(
    continuations.QUICK, temperatures=(0.0, 1.0, 3.0, np.inf), pages=4, tokens=24, letters=40
)


def written(config: continuations.Config) -> Table:
    """Return the experiment's table as it is read back."""
    return Table.from_csv(continuations.compute(config, lambda fraction: None).to_csv())


def failed(table: Table) -> set[str]:
    return failing(continuations.verdicts(table))


@pytest.fixture(scope="module")
def table():
    return quick_table("continuations")


def with_transformer(table: Table, name: str, column: np.ndarray) -> Table:
    """Return the table with another column for the transformer."""
    changed = table[name].copy()
    changed[table["model"] == "transformer"] = column
    return Table({**table.columns, name: changed})


def test_the_quick_preset_is_drawn(table):
    continuations.draw(table).canvas.draw()


def test_a_sampler_too_hot_is_refuted(monkeypatch):
    """256 tokens at each of three temperatures, 50 % too hot: 0.5·√(256 C) > 8 errors each for C >
    1.
    """
    stream = pages.stream
    monkeypatch.setattr(
        pages,
        "stream",
        lambda model, prompt, length, t, seed: stream(model, prompt, length, 1.5 * t, seed=seed),
    )
    assert "surprise" in failed(written(replace(continuations.QUICK, letters=20)))


@pytest.mark.parametrize(
    ("name", "change", "key"),
    [
        ("unsure", lambda x: x[::-1], "transformer_surer"),
        ("unsure", lambda x: np.full(x.size, x.mean()), "transformer_surer"),
        ("unsure_error", lambda x: 10 * x, "transformer_surer"),
        ("law", lambda x: x[::-1], "rises"),
        ("law", lambda x: 1.001 * x, "hottest"),
        ("period", lambda x: x + 3, "transformer_repeats_nothing"),
        ("control_difference_error", lambda x: 100 * x, "control"),
    ],
)
def test_a_wrong_table_is_refuted(table, name, change, key):
    column = change(table.where(model="transformer")[name])
    assert key in failed(with_transformer(table, name, column))


def test_an_n_gram_that_is_as_a_transformer_is_refuted(table):
    models = np.where(table["model"] == "n-gram", "transformer", "n-gram")
    assert {
        "n_gram_unsure",
        "transformer_surer",
        "n_gram_loops",
        "transformer_repeats_nothing",
    } <= failed(Table({**table.columns, "model": models}))


def test_at_t_1_it_is_as_unsure_as_its_entropy_says(table):
    own = table.where(temperature=1.0)
    np.testing.assert_array_equal(own["unsure"], own["law"])
    assert (
        table.where(temperature=np.inf)["unsure"] < table.where(temperature=np.inf)["law"]
    ).all()


def test_what_is_written_costs_what_the_model_says():
    """The energies overheard while a page is written are those of the whole page, computed at
    once.
    """
    model = GPT2.load("tiny", np.float64)
    written, energies = pages.written(model, "The fire", 20, 1.0, seeds=range(3))
    ids, prompt = np.concatenate(written), model.encode("The fire").tolist()
    surprise = pages.weighed(energies, ids, 1.0, 3, "")["sampled"]
    log_p = [
        model.log_probability(prompt + page) - model.log_probability(prompt) for page in written
    ]
    assert surprise == pytest.approx(-sum(log_p) / ids.size, rel=1e-12)


@pytest.mark.parametrize(
    ("ids", "period"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 8], 0),
        ([1, 2, 3, 4, 5, 5, 5, 5], 1),
        ([1, 2, 3, 4, 5, 6, 5, 6], 2),
        ([9, 9, 9, 9, 1, 2, 3, 1], 0),  # once and a bit is no loop
        ([9, 9, 9, 9, 9, 9, 9, 1], 0),
    ],
)
def test_a_loop_is_a_second_half_that_repeats(ids, period):
    assert continuations._period(ids) == period


def test_another_order_of_summation_gives_the_same_texts_and_numbers(monkeypatch):
    here = written(SMALL)
    monkeypatch.setattr(GPT2, "load", reordered.load)
    assert reordered.differing(here, written(SMALL)) == []
    monkeypatch.setattr(GPT2, "load", lambda name, dtype: reordered.load(name, np.float32))
    assert "law" in reordered.differing(here, written(SMALL))
