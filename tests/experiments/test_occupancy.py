"""The occupancy experiment sees right physics as right and each wrong one as wrong."""

from dataclasses import replace

import numpy as np
import pytest

import boltzmann as bz
from boltzmann import plots
from experiments import occupancy
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def compute(config=occupancy.QUICK):
    return occupancy.compute(config, lambda fraction: None)


def failed(table):
    return failing(occupancy.verdicts(table))


def test_every_verdict_holds():
    # False alarm at most 1e-6 for each of the two fits; a law 10 % too hot is missed less than once
    # in 1e12.
    assert failed(quick_table("occupancy")) == set()


def test_counts_and_laws_survive_the_csv():
    again = quick_table("occupancy")
    assert occupancy.verdicts(again) == occupancy.verdicts(compute())


@pytest.mark.parametrize("wrong", ["temperature", "degeneracies", "start"])
def test_broken_physics_fails(monkeypatch, wrong):
    class Broken(bz.Ensemble):
        def __init__(self, levels, temperature, particles, **options):
            if wrong == "temperature":
                temperature *= (
                    1.1  # displaces G by 200 in every panel: missed less than once in 1e12
                )
            if wrong == "degeneracies":
                levels = bz.EnergyLevels(levels.energies)
            super().__init__(levels, temperature, particles, **options)

        def run(self, sweeps, **options):
            # Three sweeps leave so much of the start that G is displaced by more than 1e4 in the
            # coldest panels.
            options |= {"every": 1, "keep_counts": False}
            return super().run(3 if wrong == "start" else sweeps, **options)

    monkeypatch.setattr(occupancy.bz, "Ensemble", Broken)
    assert "law" in failed(compute())


def test_pulls_that_scatter_too_little_fail():
    # Counts that are the law itself to the last particle: chi-square is near 0 of 144 degrees of
    # freedom.
    table = quick_table("occupancy")
    columns = dict(table.columns)
    total = {key: panel["simulated"].sum() for key, panel in table.groups("system", "temperature")}
    names = zip(table["system"].tolist(), table["temperature"].tolist(), strict=True)
    columns["simulated"] = np.rint(table["law"] * [total[key] for key in names]).astype(int)
    assert failed(type(table)(columns)) & {"law", "pulls"} == {"pulls"}


def test_more_temperatures_than_markers_can_be_drawn():
    config = replace(
        occupancy.QUICK, temperatures=tuple(np.linspace(0.4, 2.0, len(plots.MARKERS) + 1))
    )
    occupancy.draw(compute(config)).canvas.draw()


@pytest.mark.parametrize("count", [1, 2, 4])
def test_any_number_of_systems_can_be_drawn(count):
    figure = occupancy.draw(
        compute(replace(occupancy.QUICK, systems=occupancy.QUICK.systems[:count]))
    )
    figure.canvas.draw()
    assert [axes.get_xlabel() for axes in figure.axes if axes.axison].count(
        "energy above the lowest level (units of Δ)"
    ) == 1
