"""Walls: where they stand by definition, and what passes through one is seen."""

import numpy as np
import pytest

from experiments import truncation
from experiments.runner.table import Table
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


@pytest.fixture(scope="module")
def table():
    return quick_table("truncation")


def failed(columns):
    return failing(truncation.verdicts(Table(columns)))


@pytest.mark.parametrize(
    ("wall", "value", "kept"),
    [
        ("top-k", 1, [1]),
        ("top-k", 3, [1, 3, 0]),
        ("top-k", 9, [0, 1, 2, 3, 4]),
        ("top-p", 0.5, [1]),
        ("top-p", 0.51, [1, 3]),
        ("top-p", 1.0, [0, 1, 2, 3, 4]),
        ("min-p", 0.25, [0, 1, 3]),
        ("min-p", 0.26, [1, 3]),
        ("min-p", 1.0, [1]),
    ],
)
def test_a_wall_stands_where_its_definition_says(wall, value, kept):
    p = np.array([0.125, 0.5, 0.0625, 0.25, 0.0625])
    assert np.flatnonzero(truncation.before_wall(p, wall, value)).tolist() == sorted(kept)


def test_one_letter_behind_a_wall_is_seen(table):
    for road in ("sampled", "simulated"):
        counts = table[road].copy()
        counts[np.flatnonzero((table["letter"] != "") & (table["law"] == 0))[0]] += 1
        assert "behind" in failed({**table.columns, road: counts})


def test_the_other_order_is_seen(table):
    """Each panel with the counts of the other order: a top-k stays what it was, the other walls are
    caught.
    """
    other = np.where(table["tempered"] == "first", "last", "first")
    assert failed(dict(table.columns)) == set()
    swapped = table["sampled"].copy()

    for wall in dict.fromkeys(table["wall"].tolist()):
        first, last = (
            np.flatnonzero(
                (table["wall"] == wall) & (table["tempered"] == name) & (table["letter"] != "")
            )
            for name in ("first", "last")
        )
        swapped[first], swapped[last] = table["sampled"][last], table["sampled"][first]

    assert "sampler" in failed({**table.columns, "sampled": swapped})
    assert (
        len(failed({**table.columns, "tempered": other})) >= 2
    )  # walls that move are taken for walls that stay


def test_a_wall_that_is_off_by_one_letter_is_seen(table):
    counts = table["sampled"].copy()
    counts[np.flatnonzero(table["letter"] == "")[0]] += 1
    assert failed({**table.columns, "sampled": counts}) == {"definition"}
