"""Diatomic molecules: partition sums against HITRAN's, and the edges of their ladders.

HITRAN's sums count nuclear spins, as the levels here do. They are those of TIPS-2021 as hitran-api
1.3.0.0 gives them, and are computed anew where that package is installed.
"""

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.molecules import CONSTANTS
from experiments.molecules import HITRAN, HITRAN_KELVIN

# The number of the molecule and of its isotopologue in HITRAN.
NUMBERS = {"CO": (5, 1), "N2": (22, 1), "HCl": (15, 1), "H2": (45, 1)}


def sums(levels, kelvin):
    return np.exp(bz.log_partition(levels, bz.thermal_energy(kelvin, "cm-1")))


@pytest.mark.parametrize("name", HITRAN)
def test_partition_sums_are_those_of_hitran(name):
    """An error of 1 % in B_e, or a spin weight forgotten, is hundreds of times the tolerance."""
    stored, tolerance = HITRAN[name]
    np.testing.assert_allclose(sums(bz.molecule(name), HITRAN_KELVIN), stored, rtol=tolerance)
    wrong = CONSTANTS[name]._replace(B_e=1.01 * CONSTANTS[name].B_e)
    assert np.abs(sums(bz.diatomic(*wrong), HITRAN_KELVIN) / stored - 1).max() > 2 * tolerance


@pytest.mark.parametrize("name", HITRAN)
def test_the_stored_sums_are_those_of_the_package(name, capsys):
    hapi = pytest.importorskip("hapi", reason="hitran-api is not installed")
    molecule, isotopologue = NUMBERS[name]
    stored, _ = HITRAN[name]
    now = [float(hapi.partitionSum(molecule, isotopologue, t)) for t in HITRAN_KELVIN]
    np.testing.assert_allclose(now, stored, rtol=1e-9)


@pytest.mark.parametrize("name", CONSTANTS)
def test_ladders_rise_to_their_last_level(name):
    levels = bz.molecule(name)
    v, J = np.array([eval(label) for label in levels.labels]).T
    assert levels.energies.min() == levels.energies[0] == 0
    for value in range(v.max() + 1):
        ladder = levels.energies[v == value]
        assert (np.diff(ladder) > 0).all()
        assert (J[v == value] == np.arange(ladder.size)).all()
    assert (np.diff(levels.energies[J == 0]) > 0).all()

    # One more step of either ladder would not rise.
    c = CONSTANTS[name]
    last, top = J[v == 0].max(), v.max()
    turn = (c.B_e - c.alpha_e / 2) / (2 * c.D_e)
    assert last**2 < turn <= (last + 1) ** 2
    no_rise = c.omega_e <= 2 * c.omega_e_x_e * (top + 1)
    assert no_rise or c.B_e <= c.alpha_e * (top + 1.5)


def test_the_first_levels_are_those_of_the_formula():
    """From v = 0 to 1 it is ω_e - 2 ω_e x_e, and J = 0 to 1 is 2 B_0 - 4 D_e."""
    levels = bz.molecule("HCl")
    at = dict(zip(levels.labels, levels.energies, strict=True))
    c = CONSTANTS["HCl"]
    assert at["(1, 0)"] == pytest.approx(c.omega_e - 2 * c.omega_e_x_e, rel=1e-12)
    assert at["(0, 1)"] == pytest.approx(2 * (c.B_e - c.alpha_e / 2) - 4 * c.D_e, rel=1e-12)


def test_nuclear_spins_make_ortho_and_para():
    c = CONSTANTS["H2"]
    para, ortho = (bz.diatomic(*c[:-1], spin_weights=w, highest=5000) for w in ((1, 0), (0, 3)))
    both = bz.diatomic(*c, highest=5000)
    assert para.labels[:2] == ("(0, 0)", "(0, 2)") and ortho.labels[:2] == ("(0, 1)", "(0, 3)")
    assert ortho.energies[0] == 0  # from its own lowest level
    assert set(para.labels) < set(both.labels) and ortho.degeneracies[0] == 9


def test_highest_cuts_and_a_spring_without_end_is_refused():
    assert bz.molecule("CO", highest=0).labels == ("(0, 0)",)
    assert bz.molecule("CO", highest=2200).energies.max() <= 2200
    c = CONSTANTS["CO"]
    for field in ("omega_e", "omega_e_x_e", "B_e", "D_e"):
        with pytest.raises(ValueError, match=f"{field} must be one positive finite number"):
            bz.diatomic(*c._replace(**{field: 0}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"alpha_e": np.nan}, "alpha_e"),
        ({"alpha_e": 4.0}, "alpha_e is 4.0: it must be below 2·B_e, 3.86256"),
        ({"spin_weights": (1, 2, 3)}, r"spin_weights must have shape \(2,\)"),
        ({"spin_weights": (0, 0)}, "spin_weights are both 0"),
        ({"spin_weights": (0, 1), "D_e": 10.0}, r"spin_weights are \(0, 1\): no level"),
        ({"omega_e_x_e": 1e-300}, r"omega_e/\(2·omega_e_x_e\) is above 10000"),
        ({"D_e": 1e-300}, r"√\(B/\(2·D_e\)\) is above 10000"),
        ({"spin_weights": (1, -1)}, r"spin_weights\[1\] is -1.0"),
        ({"spin_weights": (1, np.inf)}, r"spin_weights\[1\] is inf"),
    ],
)
def test_wrong_constants_are_named(change, reason):
    with pytest.raises(ValueError, match=reason):
        bz.diatomic(*CONSTANTS["CO"]._replace(**change))


def test_an_unknown_molecule_and_a_negative_cut_are_named():
    with pytest.raises(ValueError, match="name is 'co': it must be one of CO, N2, HCl, H2"):
        bz.molecule("co")
    with pytest.raises(ValueError, match="highest must be one number of at least 0, got -1"):
        bz.molecule("CO", highest=-1)
