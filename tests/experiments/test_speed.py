"""The speed experiment: who runs does the same work, and its verdicts can fail."""

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit
from experiments import speed
from experiments.runner import cli as runner
from experiments.runner import gallery
from experiments.runner.table import Table
from experiments.speed import contestants, measurements
from experiments.speed.peers import PEERS
from tests.support.verdicts import failing

SMALL = speed.Config(
    levels=(2, 8, 64, 100, 128, 1000, 1024),
    particles=2**12,
    turns=1,
    sizes=(1000,),
    runs=(10,),
    vocabularies=(5000,),
    shapes=((4, 20_000),),
    starts=1,
)


@pytest.fixture(scope="module")
def committed():
    return gallery.read_table(runner.FIGURES / "speed.csv")


def test_a_run_has_the_rows_that_it_should(committed, monkeypatch):
    """All claims of the committed table can be judged from any run, and only times differ between
    two.
    """
    # To compile everything takes long, and its row is the same without.
    monkeypatch.setattr(measurements, "FIRST_RESULT", measurements.IMPORT)
    table = speed.compute(SMALL, lambda fraction: None)
    again = Table.from_csv(table.to_csv())
    assert [v.key for v in speed.verdicts(again)] == [v.key for v in speed.verdicts(committed)]
    assert set(again.columns) - set(speed.shape(again).columns) == {"value", "machine"}
    optional = {*PEERS, "C, gcc -O3"}
    assert (
        set(committed["contestant"].tolist()) - optional
        == set(again["contestant"].tolist()) - optional
    )
    assert not optional & set(speed.shape(again)["contestant"].tolist())
    assert speed.draw(again).axes


def test_a_contestant_that_loses_fails_its_verdict(committed):
    verdicts = speed.verdicts(committed)
    assert failing(verdicts) == set()
    slow = committed["value"] * np.where(committed["contestant"] == "ours", 5.0, 1.0)
    slow = np.where(
        (committed["part"] == "run") & (committed["threads"] == 1), committed["value"], slow
    )
    slow = np.where(np.isin(committed["part"], ["counts", "start"]), 50 * committed["value"], slow)
    failed = failing(speed.verdicts(Table({**committed.columns, "value": slow})))
    neutral = {"levels_100", "levels_1000", "neighbours"}
    assert failed == {verdict.key for verdict in verdicts} - neutral


@pytest.mark.parametrize("name", ["NumPy, tables", "NumPy, plain", "C, gcc -O3"])
def test_contestants_obey_the_law(name):
    """After 40 sweeps, by the counts of 2^17 particles: false alarms 1e-6; 5 % too hot is missed in
    under 1e-6.
    """
    energies = np.arange(8) / 2
    call = contestants.KERNELS[name][0](energies, 2**17, 40)
    if call is None:
        pytest.skip("no C compiler is installed")
    counts = np.bincount(call().astype(int), minlength=8)
    assert goodness_of_fit(counts, bz.probabilities(energies, 1.0)).p_value > 1e-6
    assert goodness_of_fit(counts, bz.probabilities(energies, 1.05)).p_value < 1e-6


def test_c_and_the_engine_agree_bit_for_bit():
    """The yardstick does the same work: the same moves from the same words."""
    energies = np.arange(8) / 2
    call = contestants.c(energies, 2 * 2048, 50)
    if call is None:
        pytest.skip("no C compiler is installed")
    gas = bz.Ensemble(energies, 1.0, 2 * 2048, start="ground")
    gas.run(50)
    assert np.array_equal(call(), gas.states)


def test_without_a_compiler_or_for_other_sizes_there_is_no_c(monkeypatch):
    monkeypatch.setattr(contestants, "_compiled", lambda: None)
    assert contestants.c(np.arange(8.0), 2048, 1) is None
    assert contestants.numpy_table(np.arange(7.0), 2048, 1) is None
