"""The experiment on kept batches: its verdicts hold, and each is refuted by the physics it guards
against.
"""

import numpy as np
import pytest

from experiments import conditioning
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def refuted() -> set[str]:
    """Return the keys of what the quick experiment refutes."""
    table = conditioning.compute(conditioning.QUICK, lambda fraction: None)
    return failing(conditioning.verdicts(Table.from_csv(table.to_csv())))


def test_kept_letters_have_a_temperature():
    """Two verdicts are statistical, at a false-alarm rate of at most 1e-6 each and a fixed seed."""
    assert failing(conditioning.verdicts(quick_table("conditioning"))) == set()


def test_batches_drawn_at_another_temperature_are_kept_alike(monkeypatch):
    """Kept for their sum, letters of tempered batches have one law: what they were drawn at, up to
    a factor exp(-λU) that all kept batches share, is forgotten. Kept for vowels, they have not.
    (Of the hottest few are kept, too few for the control.)
    """
    draw_ids = conditioning.draw_ids
    monkeypatch.setattr(
        conditioning, "draw_ids", lambda logits, t, *rest: draw_ids(logits, 0.8 * t, *rest)
    )
    assert refuted() - {"untempered"} == {"vowels"}


def test_batches_whose_letters_depend_on_one_another_are_refuted(monkeypatch):
    """Every second letter repeats the one before it. A number of vowels does not show it: it says
    how many letters are vowels, and that is all.
    """
    draw_ids = conditioning.draw_ids

    def repeating(logits, t, size, generator):
        return np.repeat(draw_ids(logits, t, size // 2, generator), 2)

    monkeypatch.setattr(conditioning, "draw_ids", repeating)
    assert refuted() == {"kept"}


def test_a_law_of_letters_drawn_from_another_model_is_refuted(monkeypatch):
    kept_law = conditioning.kept_law
    monkeypatch.setattr(
        conditioning,
        "kept_law",
        lambda p, *given: kept_law(0.8 * p + 0.2 / p.size, *given),
    )
    assert {"kept", "vowels", "coefficient"} <= refuted()


@pytest.mark.parametrize(
    ("name", "wrong", "keys"),
    [
        ("first_correction", lambda law, values: np.ones(law.size), {"coefficient"}),
        ("_slope", lambda *_: 1.0, {"slope"}),
        ("_temperature", lambda p, quanta, mean: 0.9, {"exponent", "coefficient", "slope"}),
    ],
)
def test_a_wrong_limit_is_refuted(monkeypatch, name, wrong, keys):
    monkeypatch.setattr(conditioning, name, wrong)
    assert keys <= refuted()


def test_batches_kept_for_nothing_fail_the_control(monkeypatch):
    """If all were kept, their letters would have the law of all letters."""
    drawn = conditioning._drawn

    def all_kept(*arguments):
        first, in_quanta, in_vowels = drawn(*arguments)
        generator = np.random.default_rng(1)
        return generator.permutation(first), in_quanta, in_vowels

    monkeypatch.setattr(conditioning, "_drawn", all_kept)
    assert {"kept", "untempered", "vowels"} <= refuted()
