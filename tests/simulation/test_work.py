"""Levels that are lifted while the gas watches: work, heat and energy close exactly."""

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit

ENGINES = ("particles", "counts", "textbook")


@pytest.mark.parametrize("engine", ENGINES)
def test_work_less_heat_is_the_change_of_energy_exactly(engine):
    """Whole energies, so that not even rounding is in the way; the bath changes, too."""
    generator = np.random.default_rng(0)
    gas = bz.Ensemble(np.arange(6), 2.0, 10_001, engine=engine, seed=1)
    began = 10_001 * gas.energy
    heat = 0.0
    for t in (2.0, 0.5, -1.0, np.inf, 0.0):
        gas.levels = generator.integers(-5, 20, 6)
        gas.temperature = t
        heat += gas.run(3, progress=False).heat.sum()
    assert gas.work - heat == round(10_001 * gas.energy) - round(began)
    assert gas.work != 0 and heat != 0


@pytest.mark.parametrize("engine", ENGINES)
def test_particles_stay_where_they_are_and_then_obey_the_levels_that_are(engine):
    """The fit would see shares that are 1 % off; false alarm 1e-6, fixed seed."""
    gas = bz.Ensemble([0, 1, 2], 1.0, 200_000, engine=engine, seed=2)
    gas.run(40, progress=False)
    before = gas.counts
    lifted = np.array([2.0, 0.0, 0.5])
    gas.levels = lifted
    np.testing.assert_array_equal(gas.counts, before)
    assert gas.work == pytest.approx(before @ (lifted - [0, 1, 2]))
    gas.run(60, progress=False)
    assert goodness_of_fit(gas.counts, bz.probabilities(lifted, 1.0)).p_value > 1e-6
    assert goodness_of_fit(gas.counts, bz.probabilities([0, 1, 2], 1.0)).p_value < 1e-6


def test_a_lifted_gas_goes_on_after_a_save(tmp_path):
    gas = bz.Ensemble([0, 1, 2], 1.0, 5000, seed=3)
    gas.levels = bz.EnergyLevels([1, 0, 4], labels=["a", "b", "c"])
    gas.run(2, progress=False)
    gas.save(tmp_path / "gas")
    again = bz.Ensemble.load(tmp_path / "gas")
    assert again.work == gas.work and again.levels == gas.levels
    np.testing.assert_array_equal(again.run(5).counts, gas.run(5).counts)


def test_labels_and_degeneracies_stay_where_only_energies_are_given():
    gas = bz.Ensemble(bz.EnergyLevels([0, 1], [1, 3], ["low", "high"]), particles=100)
    gas.levels = [5, 6]
    assert gas.levels == bz.EnergyLevels([5, 6], [1, 3], ["low", "high"])
    assert gas.work == 500


def test_a_forbidden_level_may_change_where_nobody_is():
    gas = bz.Ensemble([0, 1, np.inf], 1.0, 1000, seed=1)
    gas.levels = [0, 1, 3]
    assert gas.work == 0
    gas.run(10, progress=False)
    assert gas.counts[2] > 0


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        ([0, 1], "levels has 2 entries: the gas has 3"),
        ([0, 1, np.nan], r"energies\[2\] is nan"),
        ([np.inf, 1, 2], r"levels.energies\[0\] goes from 0.0 to inf and holds \d+ particles"),
        ([-np.inf, 1, 2], r"levels.energies\[0\] goes from 0.0 to -inf and holds \d+ particles"),
        ([1e308, 1e308, 1e308], "the work on all particles overflows"),
        (bz.EnergyLevels([0, 1, 2], [1, 2, 1]), r"levels.degeneracies\[1\] is 2.0: the gas keeps"),
        ("levels", "energies must be an array of real numbers"),
    ],
)
def test_what_cannot_be_set_leaves_the_gas_as_it_is(levels, reason):
    gas = bz.Ensemble([0, 1, 2], 1.0, 1000, seed=1)
    counts = gas.counts
    with pytest.raises(ValueError, match=reason):
        gas.levels = levels
    assert gas.levels == bz.EnergyLevels([0, 1, 2]) and gas.work == 0
    np.testing.assert_array_equal(gas.counts, counts)
    gas.run(1, progress=False)
