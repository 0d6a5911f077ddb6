"""Arrays of other packages: no mask and no unit is dropped in silence.

Quantities are stand-ins with what astropy's and pint's offer; the packages themselves are asked
where they are installed. Energies of H2's lowest rotational levels in kelvin are from a report of
users: the middle one belongs to the other nuclear spin, and is masked.
"""

import numpy as np
import pytest

import boltzmann as bz
from boltzmann._core.arrays import epsilon_of, is_plain
from boltzmann._core.checks import as_floats, as_probabilities
from boltzmann.language import draw
from boltzmann.thermometer import read

ENERGIES = np.ma.array([0.0, 158.265, 226.977], mask=[0, 1, 0])
LAW = [0.7481, 0.0, 0.2519]
UNITS = {"eV": 1.0, "meV": 1e-3, "": None, "dimensionless": None, "K": -1.0}


class WrongUnitError(Exception):
    """What a package raises of its own."""


def factor(unit, wanted):
    """Return how many of one unit are in another."""
    if unit == wanted:
        return 1.0
    if None in (UNITS[unit], UNITS[wanted]) or -1.0 in (UNITS[unit], UNITS[wanted]):
        raise WrongUnitError
    return UNITS[unit] / UNITS[wanted]


class LikeAstropy(np.ndarray):
    """An array with a unit, as astropy's."""

    def __new__(cls, values, unit):
        quantity = np.asarray(values, dtype=float).view(cls)
        quantity.unit = unit
        return quantity

    def __array_finalize__(self, other):
        self.unit = getattr(other, "unit", None)

    def to_value(self, unit):
        return np.asarray(self) * factor(self.unit, unit)


class LikePint:
    """A wrapper with a unit, as pint's; made an array of, it loses the unit."""

    def __init__(self, values, unit):
        self.magnitude = np.asarray(values, dtype=float)
        self.units = unit

    def __array__(self, dtype=None, copy=None):
        return self.magnitude

    def to(self, unit):
        return LikePint(self.magnitude * factor(self.units, unit), unit)


def of_astropy():
    units = pytest.importorskip("astropy.units")
    return lambda values, unit: np.asarray(values) * units.Unit(unit)


def of_pint():
    registry = pytest.importorskip("pint").UnitRegistry()
    return lambda values, unit: registry.Quantity(np.asarray(values), unit)


@pytest.fixture(params=["stand-in of astropy", "stand-in of pint", "astropy", "pint"])
def quantity(request):
    """Return what makes a quantity of values and a unit."""
    makers = {
        "stand-in of astropy": lambda: LikeAstropy,
        "stand-in of pint": lambda: LikePint,
        "astropy": of_astropy,
        "pint": of_pint,
    }
    return makers[request.param]()


def test_a_masked_level_is_forbidden():
    expected = bz.probabilities([0.0, np.inf, 226.977], 208.5104)
    np.testing.assert_allclose(expected, LAW, atol=1e-4)
    np.testing.assert_array_equal(bz.probabilities(ENERGIES, 208.5104), expected)
    np.testing.assert_array_equal(bz.EnergyLevels(ENERGIES).energies, [0, np.inf, 226.977])
    np.testing.assert_array_equal(bz.softmax(-ENERGIES / 208.5104), expected)
    assert bz.heat_capacity(ENERGIES, 200) == bz.heat_capacity([0.0, 226.977], 200)


def test_a_masked_logit_is_never_drawn():
    logits = np.ma.array(np.zeros(5000), mask=np.arange(5000) != 7)
    assert {draw(logits, seed=seed) for seed in range(20)} == {7}
    assert np.all(draw(logits, size=50, seed=1) == 7)
    assert bz.EnergyLevels.from_logits(logits).states == 1


def test_a_mask_survives_where_kernels_take_over():
    """Of 60,000 logits the softmax is compiled, of 5,000 one draw."""
    mask = np.arange(60_000) % 2 == 1
    p = bz.softmax(np.ma.array(np.zeros(60_000), mask=mask))
    np.testing.assert_allclose(p, np.where(mask, 0, 1 / 30_000))


def test_masked_probabilities_are_zero_and_other_masked_numbers_are_refused():
    p = np.ma.array([0.5, 0.3, 0.5], mask=[0, 1, 0])
    np.testing.assert_array_equal(bz.temper(p, 1.0), [0.5, 0, 0.5])
    with pytest.raises(ValueError, match=r"t\[1\] is masked"):
        bz.probabilities([0, 1], np.ma.array([1.0, 2.0], mask=[0, 1]))
    with pytest.raises(ValueError, match=r"degeneracies\[0\] is masked"):
        bz.EnergyLevels([0, 1], np.ma.array([1.0, 2.0], mask=[1, 0]))
    with pytest.raises(ValueError, match=r"^t is masked"):
        bz.probabilities([0, 1], np.ma.masked)


def test_rows_of_masked_arrays_keep_their_masks():
    rows = [ENERGIES, np.ma.array(ENERGIES.data, mask=[0, 0, 0])]
    np.testing.assert_allclose(bz.probabilities(rows, 208.5104)[0], LAW, atol=1e-4)
    np.testing.assert_array_equal(
        bz.probabilities([0.0, np.ma.masked, 1.0], 1.0), bz.probabilities([0.0, np.inf, 1.0], 1.0)
    )


def test_the_thermometer_reads_masked_logits_as_forbidden():
    logits = np.ma.array([[0.0, 5.0, -1.0]] * 4, mask=[[0, 1, 0]] * 4)
    plain = read(np.where(logits.mask, -np.inf, logits.data), [0, 2, 0, 0])
    assert read(logits, [0, 2, 0, 0]).temperature == plain.temperature


def test_quantities_are_taken_to_one_unit(quantity):
    """25 meV at the temperature of a room, 0.025852 eV."""
    p = bz.probabilities(quantity([0, 25], "meV"), quantity(0.025852, "eV"))
    np.testing.assert_allclose(p, [0.7245, 0.2755], atol=1e-4)
    energy = bz.mean_energy(quantity([0, 25], "meV"), quantity(0.025852, "eV"))
    assert energy == pytest.approx(25 * p[1])  # in the unit of the levels


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda q: bz.probabilities(q([0, 25], "meV"), 0.025), "levels has the unit meV|milli"),
        (lambda q: bz.probabilities([0, 25], q(0.025, "eV")), "t has the unit e"),
        (lambda q: bz.probabilities(q([0, 25], "meV"), q(300, "K")), "a temperature is k_B T"),
        (lambda q: bz.EnergyLevels(q([0, 25], "meV")), "energies has the unit m"),
        (lambda q: bz.EnergyLevels([q(0, "meV"), q(25, "meV")]), r"energies\[0\] has the unit m"),
        (lambda q: bz.softmax(q([0, 25], "eV")), "x has the unit e"),
        (lambda q: draw(q([0, 25], "eV")), "logits has the unit e"),
        (lambda q: bz.Ensemble([0, 1], q(1.0, "eV"), 10), "temperature has the unit e"),
        (lambda q: read(q([[0, 1]], "eV"), [0]), "logits (has the unit e|must be an array)"),
    ],
)
def test_a_unit_that_cannot_be_used_is_refused_by_name(quantity, call, message):
    with pytest.raises(ValueError, match=message):
        call(quantity)


def test_a_quantity_without_dimension_is_a_number(quantity):
    unit = "dimensionless" if quantity is not LikeAstropy else ""
    try:
        x = quantity([0.0, 1.0], unit)
    except ValueError:  # astropy calls it ""
        x = quantity([0.0, 1.0], "")
    np.testing.assert_array_equal(bz.softmax(x), bz.softmax([0.0, 1.0]))


def test_plain_arrays_are_taken_as_they_are():
    """Not copied, whatever their kind, so that a memory map is not read."""
    array = np.arange(3.0)
    assert as_floats("x", array) is array
    assert is_plain(array) and not is_plain(ENERGIES)
    assert as_floats("x", np.ma.array([1.0, 2.0])).tolist() == [1, 2]


def test_bfloat16_arrays_are_numbers():
    """As JAX hands them out; their probabilities add up to 1 as well as 8 bits can tell."""
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    logits = np.array([0.5, 0.25, -1.0], dtype=bfloat16)
    np.testing.assert_array_equal(as_floats("x", logits), [0.5, 0.25, -1.0])
    np.testing.assert_array_equal(bz.softmax(logits), bz.softmax([0.5, 0.25, -1.0]))
    p = bz.softmax(np.linspace(0, 3, 7)).astype(bfloat16)
    assert abs(p.astype(float).sum() - 1) > 1e-4
    assert as_probabilities("p", p).dtype == np.float64
    assert epsilon_of(p) == 2.0**-7
    rows = np.array([[0.0, -1.0]] * 4, dtype=bfloat16)
    assert read(rows, [0, 1, 0, 0]).temperature == read([[0.0, -1.0]] * 4, [0, 1, 0, 0]).temperature


def test_epsilons_are_those_of_the_types():
    for dtype in (np.float16, np.float32, np.float64):
        assert epsilon_of(np.ones(2, dtype)) == np.finfo(dtype).eps
    assert epsilon_of([1, 2]) == np.finfo(float).eps
