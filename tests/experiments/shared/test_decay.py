"""The slowest mode of a chain is one, and the measured decay has honest error bars."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

import boltzmann as bz
from experiments import relaxation
from experiments.runner.table import Table
from experiments.shared.decay import SlowestMode, measured_rate, second_eigenvalue

DYNAMICS = relaxation.QUICK.dynamics


def test_the_error_of_the_rate_is_its_scatter():
    # 300 gases: the sum of squared pulls is chi-square with 300 degrees of freedom. False alarm
    # 1e-6; an error bar that is 1.5 times too small or too large is caught with probability above 1
    # - 1e-6.
    config = replace(relaxation.QUICK, moved=1, counted=10**10)
    z = []
    for seed in range(0, 600, 2):
        table = Table.of_rows(relaxation._cooled(config, "uniform", "metropolis", seed))
        expected = -np.log(table["second_eigenvalue"][0])
        rate, error = measured_rate(table)
        z.append((rate - expected) / error)
    total = np.sum(np.square(z))
    assert 5e-7 < chi2.cdf(total, 300) < 1 - 5e-7
    assert chi2.cdf(total * 1.5**2, 300) > 1 - 5e-7
    assert chi2.cdf(total / 1.5**2, 300) < 5e-7


@pytest.mark.parametrize(("proposal", "rule"), [d for d in DYNAMICS if d[1] != "heat-bath"])
def test_the_slowest_mode_is_a_mode(proposal, rule):
    # Exact up to rounding: λ₂ is of order 1 and eigenvectors of 8 levels carry errors of a few
    # 1e-15.
    levels = bz.ladder(8)
    chain = bz.transition_matrix(levels, 1.0, proposal, rule)
    start, equilibrium = bz.probabilities(levels, [np.inf, 1.0])
    slowest = SlowestMode.of(chain, start, equilibrium)
    second, mode, excess = slowest.second, slowest.mode, slowest.excess
    np.testing.assert_allclose(chain @ mode, second * mode, atol=1e-12 * np.abs(mode).max())
    np.testing.assert_allclose(excess @ chain, second * excess, atol=1e-13)
    late = start @ np.linalg.matrix_power(chain, 150)
    np.testing.assert_allclose(
        (late - equilibrium)[0], second**150 * excess[0], rtol=1e-4, atol=1e-14
    )
    assert start @ mode == pytest.approx(1, abs=1e-12)


def test_the_second_eigenvalue_of_two_levels_is_known():
    # Flip-flop of two levels: 1 - (up + down), with up = r/2 and down = 1/2 under the uniform
    # proposal.
    expected = 1 - (np.exp(-1.8) + 1) / 2
    matrix = bz.transition_matrix(bz.two_level(1.8), 1.0)
    second, vector = second_eigenvalue(matrix)
    assert second == pytest.approx(expected, rel=1e-14)
    # The mode tells the levels apart and has no mean at equilibrium: √π f is orthogonal to √π.
    assert vector @ np.sqrt(bz.probabilities(bz.two_level(1.8), 1.0)) == pytest.approx(0, abs=1e-14)
