"""Whole texts: the smallest example is the published one, and swapped roads are caught."""

import numpy as np
import pytest

from experiments import whole_texts
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


@pytest.mark.parametrize(
    ("t", "letters", "texts"), [(0.5, 0.3902, 0.5614), (0.25, 0.2906, 0.7662), (1, 4 / 9, 4 / 9)]
)
def test_the_smallest_example_is_that_of_the_paper(t, letters, texts):
    config = whole_texts.Config(texts=1000)
    rows = whole_texts._toy(config, t, np.random.default_rng(0))
    assert rows[0]["symbol"] == "ab"
    assert rows[0]["token_law"] == pytest.approx(letters, abs=5e-5)
    assert rows[0]["text_law"] == pytest.approx(texts, abs=5e-5)


def test_a_sampler_that_is_too_cold_and_texts_that_are_letters_are_caught():
    table = quick_table("whole_texts")
    swapped = {"token": "text", "text": "token"}
    wrong = Table({name: table[swapped.get(name, name)] for name in table.columns})
    assert failing(whole_texts.verdicts(wrong)) == {
        "letters",
        "texts",
        "energies_token",
        "energies_text",
        "control",
    }
