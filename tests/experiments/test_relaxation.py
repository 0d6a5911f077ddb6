"""The relaxation experiment sees right dynamics as right and each wrong one as wrong, with honest
error bars.
"""

import pytest

import boltzmann as bz
from experiments import relaxation
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def compute(config=relaxation.QUICK):
    return relaxation.compute(config, lambda fraction: None)


def failed(table):
    return failing(relaxation.verdicts(table))


def test_every_verdict_holds():
    # False alarm at most 1e-6 for each.
    assert failed(quick_table("relaxation")) == set()


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
