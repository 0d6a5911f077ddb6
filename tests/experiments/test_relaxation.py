"""The relaxation experiment sees right dynamics as right and each wrong one as wrong, with honest error bars."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

import boltzmann as bz
from experiments import relaxation
from experiments.runner.table import Table
from tests.support.verdicts import failing

DYNAMICS = relaxation.QUICK.dynamics


def compute(config=relaxation.QUICK):
    return relaxation.compute(config, lambda fraction: None)


def failed(table):
    return failing(relaxation.verdicts(table))


def test_every_verdict_holds():
    # False alarm at most 1e-6 for each.
    table = compute()
    assert failed(table) == set()
    assert relaxation.verdicts(Table.from_csv(table.to_csv())) == relaxation.verdicts(table)


@pytest.mark.parametrize("wrong", ["rule", "temperature"])
def test_broken_physics_fails(monkeypatch, wrong):
    class Broken(bz.Ensemble):
        def __init__(self, levels, temperature, particles, **options):
            if wrong == "rule":
                options["rule"] = relaxation.OTHER_RULE[options["rule"]]
            else:
                temperature *= 1.02
            super().__init__(levels, temperature, particles, **options)

    # The counted gas, 1e10 particles, displaces G by 2 N KL > 1e6 in both cases; the rule displaces
    # it by 5000 for the moved one. 2 % is a coin flip there (35 to 47 against a threshold of 49),
    # and nothing is asked of it.
    monkeypatch.setattr(relaxation.bz, "Ensemble", Broken)
    keys = {"counted"}
    if wrong == "rule":
        keys |= {"moved", "decay_neighbour_metropolis", "heat_bath"}
    assert failed(compute()) >= keys


def test_the_error_of_the_rate_is_its_scatter():
    # 300 gases: the sum of squared pulls is chi-square with 300 degrees of freedom. False alarm
    # 1e-6; an error bar that is 1.5 times too small or too large is caught with probability above 1
    # - 1e-6.
    config = replace(relaxation.QUICK, moved=1, counted=10**10)
    z = []
    for seed in range(0, 600, 2):
        table = Table.of_rows(relaxation._cooled(config, "uniform", "metropolis", seed))
        expected = -np.log(table["second_eigenvalue"][0])
        rate, error = relaxation._measured_rate(table)
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
    second, mode, excess = relaxation._slowest_mode(chain, start, equilibrium)
    np.testing.assert_allclose(chain @ mode, second * mode, atol=1e-12 * np.abs(mode).max())
    np.testing.assert_allclose(excess @ chain, second * excess, atol=1e-13)
    late = start @ np.linalg.matrix_power(chain, 150)
    np.testing.assert_allclose(
        (late - equilibrium)[0], second**150 * excess[0], rtol=1e-4, atol=1e-14
    )
    assert start @ mode == pytest.approx(1, abs=1e-12)
