"""The lesson on molecules: its verdicts hold, and each is refuted by the physics it excludes."""

import numpy as np
import pytest

import boltzmann as bz
from experiments import molecules
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def refuted() -> set[str]:
    """Return the keys of what the quick experiment refutes."""
    return failing(molecules.verdicts(molecules.compute(molecules.QUICK, lambda fraction: None)))


def test_molecules_obey_the_law():
    """Three verdicts are statistical, at a false-alarm rate of at most 1e-6 each and a fixed
    seed.
    """
    assert failing(molecules.verdicts(quick_table("molecules"))) == set()


def test_a_gas_that_is_10_per_cent_too_hot_is_refuted(monkeypatch):
    ensemble = bz.Ensemble
    monkeypatch.setattr(
        bz, "Ensemble", lambda levels, t, *a, **k: ensemble(levels, 1.1 * t, *a, **k)
    )
    assert {"populations", "warm", "hydrogen"} <= refuted()


def test_hydrogen_without_its_spins_is_refuted(monkeypatch):
    """With one spin state for either kind the mixture is not a quarter and three quarters."""
    spinless = {
        **molecules.CONSTANTS,
        "H2": molecules.CONSTANTS["H2"]._replace(spin_weights=(1, 1)),
    }
    monkeypatch.setattr(molecules, "CONSTANTS", spinless)
    monkeypatch.setattr("boltzmann.molecules.CONSTANTS", spinless)
    assert "sums" in refuted()


def test_a_rotational_constant_1_per_cent_off_is_refuted(monkeypatch):
    c = molecules.CONSTANTS["CO"]
    wrong = {**molecules.CONSTANTS, "CO": c._replace(B_e=1.01 * c.B_e)}
    monkeypatch.setattr("boltzmann.molecules.CONSTANTS", wrong)
    assert "sums" in refuted()


@pytest.mark.parametrize("scale", [0.5, 2])
def test_a_gas_with_other_fluctuations_is_refuted(monkeypatch, scale):
    fluctuation = molecules._fluctuation

    def scaled(*arguments):
        capacity, error = fluctuation(*arguments)
        return scale * capacity, error

    monkeypatch.setattr(molecules, "_fluctuation", scaled)
    assert {"warm", "hydrogen"} <= refuted()


def test_the_control_fails_only_because_the_kinds_convert(monkeypatch):
    """If the converting gas were the mixture of frozen kinds, the control would see nothing."""
    heat = molecules._heat
    monkeypatch.setattr(
        molecules,
        "_heat",
        lambda gas, *a: heat(molecules.COLD[0] if gas == "converting" else gas, *a),
    )
    assert "control" in refuted()


def test_the_fullest_level_is_judged():
    table = quick_table("molecules").where(series="population")
    moved = np.roll(table["law"], 3)
    table.columns["law"] = moved
    assert not molecules._fullest(table).holds
