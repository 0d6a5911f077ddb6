"""The lesson on work: its verdicts hold, and each is refuted by the physics it excludes."""

from itertools import pairwise

import numpy as np
import pytest

import boltzmann as bz
from experiments import work
from experiments.shared import driving
from tests.support.quick_tables import quick_table
from tests.support.verdicts import failing


def refuted() -> set[str]:
    """Return the keys of what the quick experiment refutes."""
    return failing(work.verdicts(work.compute(work.QUICK, lambda fraction: None)))


def test_work_obeys_jarzynski_and_crooks():
    """Four verdicts are statistical, at a false-alarm rate of at most 1e-6 each and a fixed
    seed.
    """
    assert failing(work.verdicts(quick_table("work"))) == set()


def test_a_bath_20_per_cent_too_hot_is_refuted(monkeypatch):
    """The gas is too hot at the start and after each step; the law is that of the t claimed."""
    driven = driving.driven
    monkeypatch.setattr(driving, "driven", lambda e, t, *rest: driven(e, 1.2 * t, *rest))
    assert {"jarzynski", "mean", "crooks"} <= refuted()


def test_work_on_the_particles_after_their_sweeps_is_refuted(monkeypatch):
    """Work counted where a particle is after it moved is no work: it loses the heat."""

    def late(energies, t, sweeps, particles, start, seed):
        gas = bz.Ensemble(energies[0], t, particles, start=start, seed=seed)
        done = np.zeros(particles)
        for before, after in pairwise(energies):
            gas.levels = after
            gas.run(sweeps, every=sweeps, progress=False)
            done += (after - before)[gas.states]
        return driving.Driven(done, (1.0, 1.0, 0.0))

    monkeypatch.setattr(driving, "driven", late)
    assert {"jarzynski", "mean", "crooks"} <= refuted()


def test_heat_that_is_not_entered_is_refuted(monkeypatch):
    driven = driving.driven

    def forgetful(*arguments):
        done = driven(*arguments)
        gained, spent, _ = done.ledger
        return driving.Driven(done.work, (gained, spent, 0.0))

    monkeypatch.setattr(driving, "driven", forgetful)
    assert refuted() == {"ledger"}


def test_levels_that_are_no_probabilities_have_a_free_energy(monkeypatch):
    """Unnormalised levels, as logits are: ΔF at t = 1 is no longer 0."""
    path = driving.path
    monkeypatch.setattr(driving, "path", lambda first, last, n: path(first, last + 0.1, n))
    assert refuted() >= {"no_difference"}


def test_a_control_in_equilibrium_is_no_control(monkeypatch):
    driven = driving.driven
    monkeypatch.setattr(
        driving, "driven", lambda e, t, s, n, start, seed: driven(e, t, s, n, "exact", seed)
    )
    assert refuted() == {"control"}


def test_an_estimate_without_its_bias_is_refuted(monkeypatch):
    monkeypatch.setattr(driving, "mean_estimate", lambda *arguments: 0.0)
    assert refuted() == {"bias"}


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_the_mean_of_the_logarithm_of_few_draws_is_exact(draws):
    """Against the sum over all K^n sequences of draws."""
    p = np.array([0.2, 0.5, 0.3])
    spent = np.array([-1.0, 0.3, 4.0])
    sequences = np.array(np.meshgrid(*[range(3)] * draws)).reshape(draws, -1)  # (n, K^n)
    averages = np.exp(-spent / 0.7)[sequences].mean(axis=0)
    expected = -0.7 * (p[sequences].prod(axis=0) @ np.log(averages))
    assert driving.mean_estimate(p, spent, 0.7, draws) == pytest.approx(expected, abs=1e-10)


def test_exact_averages_are_those_of_all_histories():
    """Of two levels and three steps: every path of a particle, with its probability."""
    energies = driving.path(np.array([0.0, 1.0]), np.array([2.0, 0.5]), 3)
    t, sweeps = 0.8, 2
    chains = [np.linalg.matrix_power(bz.transition_matrix(e, t), sweeps) for e in energies[1:-1]]
    mean = moment = second = 0.0
    for a, b, c in np.ndindex(2, 2, 2):
        chance = bz.probabilities(energies[0], t)[a] * chains[0][a, b] * chains[1][b, c]
        spent = sum(np.diff(energies, axis=0)[k, level] for k, level in enumerate((a, b, c)))
        mean += chance * spent
        moment += chance * np.exp(-spent / t)
        second += chance * np.exp(-2 * spent / t)
    exact = driving.exact_work(energies, t, sweeps)
    assert exact == pytest.approx((mean, moment, second), rel=1e-12)
    difference = bz.free_energy(energies[-1], t) - bz.free_energy(energies[0], t)
    assert -t * np.log(moment) == pytest.approx(difference, rel=1e-12)
