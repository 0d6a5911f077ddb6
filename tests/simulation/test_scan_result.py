"""The result of a scan: means, errors, energies and heat capacities over replicas."""

import numpy as np
import pytest
from scipy import stats

import boltzmann as bz
from tests.support.scans import DEGENERACIES, ENERGIES, GRID, LEVELS, REQUEST


def test_means_and_errors_are_those_of_the_replicas(expected):
    for name in ("occupancy", "energy", "heat_capacity", "acceptance"):
        values = getattr(expected, name)
        assert expected.mean(name) == pytest.approx(values.mean(axis=1), rel=1e-12)
        assert expected.standard_error(name) == pytest.approx(
            values.std(axis=1, ddof=1) / np.sqrt(3), rel=1e-9
        )
    assert expected.mean("occupancy").shape == expected.standard_error("occupancy").shape == (3, 4)
    for wrong in ("entropy", "finished", 0, None):
        with pytest.raises(ValueError, match="quantity is"):
            expected.mean(wrong)


def test_one_replica_has_a_mean_and_no_error():
    one = bz.scan(**REQUEST | {"replicas": 1})
    assert np.array_equal(one.mean("energy"), one.energy[:, 0])
    assert (
        np.isnan(one.standard_error("energy")).all()
        and np.isnan(one.standard_error("occupancy")).all()
    )


def test_energy_and_heat_capacity_are_moments_of_the_occupancy(expected):
    energy = expected.occupancy @ ENERGIES
    assert expected.energy == pytest.approx(energy, rel=1e-12)
    variance = (
        expected.occupancy @ ENERGIES**2
        - energy**2
        + 3 / 2 * (energy - energy.mean(axis=1)[:, None]) ** 2
    )
    assert expected.heat_capacity == pytest.approx(variance / np.square(GRID)[:, None], rel=1e-9)
    one = bz.scan(**REQUEST | {"replicas": 1})
    variance = one.occupancy @ ENERGIES**2 - one.energy**2
    assert one.heat_capacity == pytest.approx(variance / np.square(GRID)[:, None], rel=1e-9)


def test_columns_have_one_row_for_each_task(expected):
    table = expected.columns()
    names = ["temperature", "replica", "finished", "energy", "heat_capacity", "acceptance"]
    assert list(table) == names + [f"occupancy_{k}" for k in range(4)]
    assert {column.shape for column in table.values()} == {(9,)}
    for row, (i, r) in enumerate(np.ndindex(3, 3)):
        assert (table["temperature"][row], table["replica"][row]) == (GRID[i], r)
        assert table["energy"][row] == expected.energy[i, r]
        assert [table[f"occupancy_{k}"][row] for k in range(4)] == expected.occupancy[i, r].tolist()


def test_extreme_energies_and_temperatures_have_results_too():
    """Forbidden levels, one that takes all, differences beyond the largest float, t = 0."""
    keywords = {"replicas": 2, "sweeps": 50, "burn_in": 50, "particles": 200}
    grid = [0.0, 5e-324, 1.0, np.inf, -np.inf]
    found = bz.scan([0, 1, np.inf], grid, **keywords)
    assert np.all(found.occupancy[:, :, 2] == 0)
    assert np.all(found.energy[:2] == 0)
    assert np.isnan(found.heat_capacity[0]).all() and np.all(found.heat_capacity[[1, 3, 4]] == 0)
    assert np.all(found.heat_capacity[2] > 0.1)

    bottomless = bz.scan([-np.inf, 0.0], grid[1:], **keywords)
    assert np.all(bottomless.energy[:2] == -np.inf) and np.all(bottomless.heat_capacity[:2] == 0)

    huge, small = bz.scan([-1e308, 1e308], [1e308], **keywords), bz.scan([-1, 1], [1], **keywords)
    assert huge.heat_capacity == pytest.approx(small.heat_capacity, rel=1e-12)
    assert huge.energy == pytest.approx(small.energy * 1e308, rel=1e-12)

    lifted, level = (
        bz.scan([2**30, 2**30 + 1], [1.0], **keywords),
        bz.scan([0, 1], [1.0], **keywords),
    )
    assert np.array_equal(lifted.heat_capacity, level.heat_capacity)

    apart = bz.ScanResult(
        LEVELS, np.ones(1), np.eye(4)[None, :3:2], np.ones((1, 2)), np.ones((1, 2), bool)
    )
    assert apart.heat_capacity == pytest.approx(2 / 1 * (1.1 / 2) ** 2, rel=1e-12)

    occupancy, finished = np.array([[[0, 0.5, 0.5], [np.nan] * 3]]), np.array([[True, False]])
    unreached = bz.ScanResult(
        bz.EnergyLevels([-np.inf, 0, 1]), np.ones(1), occupancy, np.ones((1, 2)), finished
    )
    assert np.array_equal(unreached.heat_capacity, [[0.25, np.nan]], equal_nan=True)

    equal = bz.scan([0.1, 0.1, 0.1], [5e-324], **keywords)
    assert np.all(equal.heat_capacity == 0)


def law_moments(t):
    """Return mean and variance of the energy by the plain formula."""
    weights = DEGENERACIES * np.exp(-ENERGIES / t)
    p = weights / weights.sum()
    return p @ ENERGIES, p @ ENERGIES**2 - (p @ ENERGIES) ** 2


@pytest.mark.parametrize("shift", [0.0, 0.001])
def test_mean_energies_agree_with_the_law_within_their_errors(shift):
    """Student's t of 31 degrees of freedom at four temperatures, two-sided.

    False alarms: 1e-6 in all, at a fixed seed. An error of 0.1 % in the temperature shifts the mean
    energy by more than 20 of its standard errors at the three positive ones, against a threshold of
    6.6: caught with probability above 1 - 1e-6, as its control shows. The second eigenvalues are
    below 0.65: the burn-in forgets the start.
    """
    grid = np.array([0.4, 0.8, 1.6, -3.0])
    keywords = {"particles": 10**7, "engine": "counts", "seed": 11}
    found = bz.scan(LEVELS, grid * (1 + shift), 32, sweeps=20, burn_in=50, **keywords)
    expected = np.array([law_moments(t)[0] for t in grid])
    pulls = (found.mean("energy") - expected) / found.standard_error("energy")
    agree = np.abs(pulls).max() < stats.t.isf(1e-6 / 2 / grid.size, df=31)
    assert agree == (shift == 0)


def test_heat_capacities_are_not_biased():
    """One particle, three sweeps and two replicas at 800 equal temperatures, against the formula.

    False alarms: 1e-6, two-sided, at a fixed seed, above 4.9 standard errors. A bias of 25 %, ten
    of them, is caught with probability above 1 - 1e-6. The variance within a replica alone is low
    by 50 %, and corrected with 1/R for 1/(R - 1) by 25 %. The start is exact.
    """
    keywords = {"particles": 1, "start": "exact", "engine": "counts", "seed": 5}
    found = bz.scan([0, 1], [1.0] * 800, replicas=2, sweeps=3, burn_in=0, **keywords)
    energy = found.energy

    def agrees(capacities):
        error = capacities.std(ddof=1) / np.sqrt(800)
        pull = (capacities.mean() - bz.heat_capacity([0, 1], 1.0)) / error
        return abs(pull) < stats.norm.isf(1e-6 / 2)

    plug_in = (energy * (1 - energy)).mean(axis=1)
    assert agrees(found.mean("heat_capacity"))
    assert not agrees(plug_in)
    assert not agrees(plug_in + energy.var(axis=1))


def test_errors_over_replicas_are_calibrated():
    """The heat bath over all levels draws anew each sweep: Var(mean) = Var(E)/(particles·sweeps).

    600 pairs of replicas give Σ error²·R/Var(mean) ~ χ² of 600 degrees of freedom; means of 400
    energies are normal enough, their excess kurtosis being 0.015. False alarms: 1e-6, two-sided, at
    a fixed seed. The bounds on χ²/600 are 0.743 and 1.308, so that errors 25 % too small or 33 %
    too large are caught with probability above 1 - 1e-6. The controls (division by R instead of R -
    1, no division by √R) are off by √2.
    """
    replicas, particles, sweeps = 2, 200, 2
    keywords = {"particles": particles, "rule": "heat-bath", "engine": "counts", "seed": 3}
    found = bz.scan(LEVELS, [1.0] * 600, replicas, sweeps, **keywords)
    expected = law_moments(1.0)[1] / (particles * sweeps * replicas)

    def calibrated(errors):
        chi_square = (errors**2).sum() / expected
        return 1e-6 / 2 < stats.chi2.cdf(chi_square, df=600) < 1 - 1e-6 / 2

    errors = found.standard_error("energy")
    assert calibrated(errors)
    assert not calibrated(errors / np.sqrt(2))
    assert not calibrated(errors * np.sqrt(2))
