"""Thermal energies, against the values of CODATA that a table of constants prints."""

import numpy as np
import pytest

import boltzmann as bz


@pytest.mark.parametrize(
    ("unit", "energy_of_one_kelvin"),
    [
        ("K", 1.0),
        ("cm-1", 0.695_034_800_4),  # CODATA 2022, k in m⁻¹/K: 69.503 480 04
        ("GHz", 20.836_619_12),  # k in Hz/K: 2.083 661 912e10
        ("eV", 8.617_333_262e-5),
        ("meV", 8.617_333_262e-2),
        ("hartree", 3.166_811_563_4564e-6),
        ("kJ/mol", 8.314_462_618e-3),
        ("kcal/mol", 8.314_462_618e-3 / 4.184),
        ("J", 1.380_649e-23),
    ],
)
def test_one_kelvin_in_each_unit(unit, energy_of_one_kelvin):
    assert bz.thermal_energy(1, unit) == pytest.approx(energy_of_one_kelvin, rel=1e-9)


def test_many_temperatures_and_the_limits():
    np.testing.assert_array_equal(bz.thermal_energy([[0, np.inf]], "eV"), [[0, np.inf]])
    assert isinstance(bz.thermal_energy(300, "eV"), float)


@pytest.mark.parametrize(
    ("kelvin", "unit", "reason"),
    [
        (300, "ev", "unit is 'ev': it must be one of K, cm-1, GHz, eV, meV, hartree, kJ/mol"),
        (300, None, "unit is None: it must be one of K"),
        ([1, -2], "eV", r"kelvin\[1\] is -2.0: an absolute temperature is at least 0"),
        (np.nan, "eV", "kelvin is nan: every entry must be a number"),
        ("room", "eV", "kelvin must be an array of real numbers"),
    ],
)
def test_what_is_no_temperature_or_unit_is_refused(kelvin, unit, reason):
    with pytest.raises(ValueError, match=reason):
        bz.thermal_energy(kelvin, unit)


def test_a_unit_that_is_not_hashable_is_refused():
    with pytest.raises(ValueError, match="unit is"):
        bz.thermal_energy(300, ["eV"])
