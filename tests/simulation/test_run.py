"""Energies of crowds, where a float is nearly too small for them."""

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation.run import mean_energy, total_energy

INF = np.inf


@pytest.mark.parametrize(
    ("counts", "energies", "total"),
    [
        ([2, 3, 1], [0.0, 1.0, 3.0], 6.0),
        ([-2, 2, 0], [1e308, 1e308, 5.0], 0.0),  # equal levels: what one loses the other gains
        ([3, -3], [1.7e308, 1.7e308], 0.0),
        (
            [1000, -999],
            [2.0**1023, 2.0**1023],
            2.0**1023,
        ),  # no part of the sum may overflow before the sum is known
        ([1000, -1000], [1.7e308, -1.7e308], INF),
        ([5, -5, 0], [-INF, -INF, 1.0], 0.0),
        ([5, -4, -1], [-INF, -INF, 1.0], -INF),
        ([-1, 1, 0], [-INF, 0.0, INF], INF),
        ([0, 4, 0], [-INF, 2.0, INF], 8.0),
    ],
)
def test_an_energy_is_infinite_only_if_it_is(counts, energies, total):
    with np.errstate(all="raise"):
        assert total_energy(np.array(counts), np.array(energies)) == total
        both = total_energy(np.array([counts, counts]), np.array(energies))
    assert both.tolist() == [total, total]


def test_no_particle_left_behind_has_no_energy():
    """Nor a negative zero, which a table would show."""
    assert np.signbit(total_energy(np.array([0, 0]), np.array([-1.0, 2.0]))) == np.False_


def test_mean_energy_is_exact_where_the_total_would_overflow():
    assert mean_energy(np.array([500, 500]), 1000, np.array([1.7e308, 1.5e308])) == 1.6e308
    assert np.isnan(total_energy(np.array([np.nan, 1.0]), np.array([-INF, 1.0])))


def test_heat_between_extreme_levels_is_a_number():
    gas = bz.Ensemble(
        [-1e308, 0, 1e308, 1.7e308, -1.7e308], temperature=1e308, particles=1000, seed=1
    )
    assert not np.isnan(gas.run(5).heat).any()
    gas = bz.Ensemble([-INF, 0, 1, -INF], 1.0, 1000, start="uniform", seed=1)
    assert gas.run(5).heat.tolist() == [0.0] * 5
