"""The calorimeter: right to its stated error, and a broken gas is found out.

With the seed fixed nothing is left to chance; of other seeds, one in 1e5 would fail the first test.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

import boltzmann as bz
from experiments import entropy
from experiments.runner.table import Table
from tests.support.verdicts import failing

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "support" / "reference.json").read_text(encoding="utf-8")
)["values"]


HEAT = {"law", "itself", "ln_2", "ln_4", "ln_3"}  # what the calorimeter measures


def failed(table):
    return failing(entropy.verdicts(table))


@pytest.fixture(scope="module")
def table():
    return entropy.compute(entropy.QUICK, lambda fraction: None)


def test_every_verdict_holds_also_after_a_round_trip_through_the_csv(table):
    assert failed(table) == set()
    assert failed(Table.from_csv(table.to_csv())) == set()


@pytest.mark.parametrize("name", entropy.SYSTEMS)
def test_the_calorimeter_of_the_law_errs_by_its_stated_excess(name):
    """Shares by the law, no noise: what is left is Euler and Maclaurin's next term, some h²/60 of the first."""
    levels, coldness = entropy.SYSTEMS[name], np.linspace(30.0, 0.0, 601)
    temperature, N = entropy._temperature(coldness), 2.0**52
    counts = N * bz.probabilities(levels, temperature)
    energy = counts @ levels.energies
    warming = entropy._Warming(levels, coldness, np.diff(energy, prepend=0.0), counts)
    off = warming.calorimeter() - bz.entropy(levels, temperature)
    excess = entropy._excess(warming)
    assert excess.max() > 4e-5
    assert np.abs(off - excess).max() < 2e-3 * excess.max()


@pytest.mark.parametrize("name", entropy.SYSTEMS)
def test_error_bars_are_as_wide_as_the_scatter(name):
    """Independent looks drawn from the law, 1000 warmings of 10,000 particles.

    A standard deviation has a relative standard error of 2.2 %, and the mean of 9000 squares one of
    1.5 %: margins of 12 % and 8 % have a false alarm below 1e-6, all nine numbers together. Error
    bars 25 % off would be seen."""
    levels, coldness, N = entropy.SYSTEMS[name], np.linspace(5.4, 0.0, 28), 10_000
    generator = np.random.default_rng(7)
    t = entropy._temperature(coldness)
    p, law = bz.probabilities(levels, t), bz.entropy(levels, t)
    pulls, squares = [], []
    for _ in range(1000):
        counts = generator.multinomial(N, p)
        warming = entropy._Warming(
            levels, coldness, np.diff(counts @ levels.energies, prepend=0.0), counts
        )
        calorimeter, surprise = warming.calorimeter() - entropy._excess(warming), warming.surprise()
        beside = calorimeter - (warming.shares * surprise).sum(axis=1)
        noises = warming.calorimeter_noise(), warming.calorimeter_noise(surprise)
        pulls.append(
            [((calorimeter - law) / np.sqrt(noises[0]))[14], (beside / np.sqrt(noises[1]))[14]]
        )
        squares.append(chi2.isf(entropy._slope_fit(warming), 9) / 9)
    assert np.std(pulls, axis=0) == pytest.approx(1.0, abs=0.12)
    assert np.mean(squares) == pytest.approx(1.0, abs=0.08)


@pytest.mark.parametrize(
    ("name", "key"), [("1+1 states", "schottky.g1.peak"), ("1+3 states", "schottky.g3.peak")]
)
def test_schottky_peaks_are_the_tabulated_ones(name, key):
    expected = REFERENCE[key]["value"]
    assert entropy.SCHOTTKY[name] == (float(expected["T/Delta"]), float(expected["C"]))
    levels = entropy.SYSTEMS[name]
    t = entropy._law_peak(levels)
    assert t == pytest.approx(float(expected["T/Delta"]), rel=1e-13)
    assert bz.heat_capacity(levels, t) == pytest.approx(float(expected["C"]), rel=1e-13)


@pytest.mark.parametrize("factor", [0.995, 1.005])
def test_a_bath_half_a_percent_off_is_found(monkeypatch, factor):
    """Power: S is off by 0.005 C, at the peak 30 of its standard errors and more."""
    temperature = bz.Ensemble.temperature
    off = temperature.setter(lambda gas, value: temperature.fset(gas, factor * value))
    monkeypatch.setattr(bz.Ensemble, "temperature", off)
    broken = failed(entropy.compute(entropy.QUICK, lambda fraction: None))
    assert {*HEAT, "fluctuations", "slope", "peak_1+1", "peak_1+3"} <= broken


def test_heat_that_leaks_is_found(table):
    """One part in a thousand of the heat does not reach the calorimeter."""
    rows = []
    for _, system in table.groups("system"):
        read, warming = entropy._read(system)
        leaky = replace(warming, heat=0.999 * warming.heat)
        rows.append({**read.columns, "heat": leaky.heat, "calorimeter": leaky.calorimeter()})
    broken = failed(
        Table({column: np.concatenate([part[column] for part in rows]) for column in rows[0]})
    )
    assert broken >= HEAT and "fluctuations" not in broken


def test_the_controls_bark_only_at_what_is_wrong(table):
    """A control without its mistake agrees, so that its verdict fails."""
    assert failed(Table({**table.columns, "misread": table["calorimeter"]})) == {"misread"}


def test_the_start_is_forgotten():
    """Memory fades by 2/3 a sweep or faster at every temperature of every system."""
    for levels in entropy.SYSTEMS.values():
        for t in (*np.geomspace(0.04, 100.0, 60), np.inf):
            second = np.sort(np.abs(np.linalg.eigvals(bz.transition_matrix(levels, t))))[-2]
            assert second < 2 / 3 + 1e-9
