"""The engine "counts": its draws against the transition matrix, its memory, what it calls moved."""

import itertools
import tracemalloc

import numpy as np
import pytest
from scipy import stats

import boltzmann as bz
from boltzmann.simulation.cascade import Cascade, ranked
from boltzmann.simulation.counts import CountsEngine, Redraw
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels.random_streams import COUNTS, keyed_state

INF = np.inf
GRADED = bz.EnergyLevels([0.0, 1.0, 0.3, 2.0, 1.0, INF], [1.0, 3.0, 0.5, 40.0, 1.0, 7.0])
FAR = bz.EnergyLevels(
    [1e9, 1e9 + 3000.0, 1e9 + 3001.0, 1e9 + 3002.5, 1e9 + 3003.0], [1, 1, 5, 2, 900]
)
LADDER = bz.EnergyLevels([0.0, 0.4, 0.4, 0.9, 1.7, 2.0, 4.0])
BOTTOMLESS = bz.EnergyLevels([-INF, 0.0, -INF, 1.0], [1, 2, 3, 4])
CASES = [
    (levels, t)
    for levels, temperatures in [
        (GRADED, (1.0, 0.2, -0.7, 0.0, INF, -INF)),
        (FAR, (1.0, 0.01)),
        (LADDER, (0.6, -2.0, 0.0, INF)),
        (BOTTOMLESS, (1.0, -1.0, INF, 0.0)),
        (bz.EnergyLevels([-1e308, 1e308, 0.0]), (3e307, -1e308, 1e300)),
    ]
    for t in temperatures
]


def sweep_of(levels, t, rule="metropolis"):
    dynamics = Dynamics.checked(levels, "uniform", rule)
    engine = CountsEngine.started(np.zeros(len(levels), np.int64), len(levels), 0)
    engine.prepare(dynamics, t)
    return engine.one_sweep


def least_p_value(levels, t, sweep, seed, particles=10**12):
    """Return the least p-value of the moves from each level, times how many there are."""
    matrix = bz.transition_matrix(levels, t)
    stream = keyed_state(seed, COUNTS)
    least = 1.0
    for i in np.flatnonzero(levels.energies < INF):
        start = np.zeros(len(levels), np.int64)
        start[i] = particles
        after, _ = sweep.draw(start, stream)
        assert after.sum() == particles
        expected = particles * matrix[i]
        some = expected > 10  # of rarer moves, no more than chance allows (a false alarm in 1e10)
        assert np.all(after[~some] < 60)
        if some.sum() > 1:
            off = ((after - expected)[some] ** 2 / expected[some]).sum()
            least = min(least, stats.chi2.sf(off, some.sum() - 1))
    return least * len(levels)


@pytest.mark.parametrize(("levels", "t"), CASES)
def test_particles_of_each_level_move_by_the_transition_matrix(levels, t):
    """False alarms: 1e-7 for each of the cases. An error of 1e-5 in a row would be caught."""
    sweep = sweep_of(levels, t)
    assert isinstance(sweep, Cascade)
    assert least_p_value(levels, t, sweep, seed=1) > 1e-7


def test_the_check_of_moves_sees_a_cascade_of_another_temperature():
    sweep = sweep_of(LADDER, 0.6 * (1 + 1e-4))
    assert least_p_value(LADDER, 0.6, sweep, seed=1) < 1e-12


@pytest.mark.parametrize("rule", ["metropolis", "heat-bath", "glauber"])
def test_particles_of_several_levels_move_independently(rule):
    """Mean and covariance of the counts after one sweep, each entry within 6 standard errors.

    Of 35 entries, a false alarm is due in 1e7. A covariance that is off by a tenth is seen.
    """
    start = np.array([4000, 3000, 0, 2000, 1000, 500, 1])
    matrix = bz.transition_matrix(LADDER, 0.6, rule=rule)
    mean = start @ matrix
    covariance = np.diag(mean) - matrix.T @ (start[:, None] * matrix)

    sweep = sweep_of(LADDER, 0.6, rule)
    stream = keyed_state(2, COUNTS)
    turns = 20_000
    after = np.array([sweep.draw(start, stream)[0] for _ in range(turns)])
    spread = np.sqrt(np.diag(covariance))
    assert np.all(np.abs(after.mean(axis=0) - mean) < 6 * spread / np.sqrt(turns))
    error = np.sqrt((np.outer(spread, spread) ** 2 + covariance**2) / turns)
    assert np.all(np.abs(np.cov(after.T) - covariance) < 6 * error)


def test_levels_are_ranked_by_weight():
    for levels, t in CASES:
        dynamics = Dynamics.checked(levels, "uniform", "metropolis")
        order, ratios = ranked(dynamics, t)
        assert sorted(order) == list(np.flatnonzero(levels.energies < INF))
        assert all(0 <= ratio <= 1 for ratio in ratios)
        accepted = bz.transition_matrix(levels, t) * len(levels)  # off the diagonal
        for above, below in itertools.pairwise(order):
            assert accepted[below, above] == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("rule", ["metropolis", "heat-bath", "glauber"])
def test_one_particle_has_moved_if_its_level_has_changed(rule):
    stream = keyed_state(3, COUNTS)
    sweep = sweep_of(LADDER, 1.0, rule)
    counts = np.zeros(len(LADDER), np.int64)
    counts[3] = 1
    seen = set()
    for _ in range(300):
        after, moved = sweep.draw(counts, stream)
        assert moved == int(not np.array_equal(after, counts))
        seen.add(moved)
        counts = after
    assert seen == {0, 1}


@pytest.mark.parametrize("rule", ["metropolis", "heat-bath", "glauber"])
def test_moves_are_as_many_as_the_transition_matrix_says(rule):
    """Six standard errors of the mean: a false alarm in 5e8; an error of 1 % would be seen."""
    start = np.array([40, 30, 0, 20, 10, 5, 1])
    expected = start.sum() - start @ np.diag(bz.transition_matrix(LADDER, 0.6, rule=rule))
    stream = keyed_state(4, COUNTS)
    sweep = sweep_of(LADDER, 0.6, rule)
    moved = np.array([sweep.draw(start, stream)[1] for _ in range(20_000)])
    assert abs(moved.mean() - expected) < 6 * moved.std() / np.sqrt(moved.size)
    assert 6 * moved.std() / np.sqrt(moved.size) < 0.01 * expected


@pytest.mark.parametrize("rule", ["metropolis", "heat-bath"])
def test_many_levels_take_no_matrix(rule):
    tracemalloc.start()
    gas = bz.Ensemble(np.linspace(0, 4, 8192), 1.0, 10**15, engine="counts", rule=rule)
    gas.run(1, progress=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * 8 * 8192  # a hundred rows; a matrix would be 8192


def test_as_many_levels_as_there_may_be():
    gas = bz.Ensemble(np.linspace(0, 4, 65_536), 1.0, 10**15, engine="counts", start="ground")
    run = gas.run(1, progress=False)
    assert gas.counts.sum() == 10**15
    assert 0 < run.acceptance[0] < 1


def test_the_heat_bath_needs_no_row_for_each_level():
    assert isinstance(sweep_of(GRADED, 1.0, "heat-bath"), Redraw)
