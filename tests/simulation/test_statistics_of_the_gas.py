"""The simulation, counted: does it end in the Boltzmann distribution, and as its matrix says?

Every check here is of independent particles and raises a false alarm once in a million seeds: a
G-test on counts (Pearson's where bins are thousands), chi-square with one degree of freedom less
than bins, or a distance in standard deviations, 4.9 to either side. `power` is the probability that
an error is caught; the errors that are named are caught with more than 1 - 1e-6.
"""

import numpy as np
import pytest
from scipy import stats

import boltzmann as bz
from boltzmann._core.threads import Pool
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.engines import ParticleEngine
from boltzmann.simulation.kernels import move_tables, moves
from boltzmann.simulation.kernels.random_streams import seeded_streams

ALARM = 1e-6
SIGMAS = stats.norm.isf(ALARM / 2)  # 4.89
MANY = 2**22
INF = np.inf


def law(levels, t):
    """Return softmax(-E/t) by degeneracy, for moderate energies."""
    allowed = levels.energies < INF
    x = np.where(allowed, levels.energies, 0) / t
    weights = np.where(allowed, levels.degeneracies * np.exp(x[allowed].min() - x), 0)
    return weights / weights.sum()


def fits(counts, p):
    return bz.statistics.goodness_of_fit(counts, p).p_value > ALARM


def fits_in_thousands_of_bins(counts, p):
    """As `fits`, by Pearson's statistic, whose mean is its degrees of freedom in bins of any size.

    That of G is too large by 1/(6 E) in a bin of E: in 65,000 bins by up to 2.3 standard
    deviations. Pearson's has a heavier tail where E is small; in bins of 50 or more its false
    alarms are 1.03e-6, in bins of 5 1.3e-6.
    """
    return bz.statistics.goodness_of_fit(counts, p, statistic="pearson", minimum=50).p_value > ALARM


def noncentrality(truth, p, n):
    """Return by how much n draws from `truth` raise the mean of the chi-square against `p`."""
    possible = p > 0
    return n * ((truth - p)[possible] ** 2 / p[possible]).sum()


def power(truth, p, n):
    """Return the probability that n draws from `truth` do not fit `p`, in bins that are not pooled.

    Pooling of bins next to each other in `p` spares degrees of freedom, and nearly all that tells
    two temperatures apart stays: in the pooled bins of the checks of 65,536 levels the power is
    larger.
    """
    freedom = np.count_nonzero(p) - 1
    return stats.ncx2.sf(stats.chi2.isf(ALARM, freedom), freedom, noncentrality(truth, p, n))


def enough(truth, p):
    """Return how many draws from `truth` are refused as draws from `p` but once in a million.

    It is a power of two, and at least 2^17 so that rare levels have particles too.
    """
    bits = 17
    while power(truth, p, 2**bits) <= 1 - 1e-6:
        bits += 1
        assert bits < 24
    return 2**bits


UNEVEN = np.array(
    [[0.1, 0.6, 0.3, 0.0], [0.2, 0.2, 0.2, 0.4], [0.7, 0.1, 0.1, 0.1], [0.0, 0.5, 0.2, 0.3]]
)
FOUR = bz.EnergyLevels([0.0, 1.0, 1.0, 2.5], [1, 2, 1, 4])
FORBIDDEN = bz.EnergyLevels([0.0, INF, 1.0, 0.5], [1, 5, 2, 1])
SYSTEMS = {
    "two levels": (bz.two_level(), 0.5, "uniform", "metropolis"),
    "two levels, Glauber": (bz.two_level(degeneracy=3), 0.5, "uniform", "glauber"),
    "ladder": (bz.ladder(8), 1.0, "uniform", "metropolis"),
    "ladder, neighbours": (bz.ladder(8), 1.5, "neighbour", "metropolis"),
    "rotor, neighbours, Glauber": (bz.rigid_rotor(6), 3.0, "neighbour", "glauber"),
    "rotor": (bz.rigid_rotor(6), 3.0, "uniform", "metropolis"),
    "rotor, heat bath": (bz.rigid_rotor(6), 3.0, "uniform", "heat-bath"),
    "matrix": (FOUR, 0.6, UNEVEN, "metropolis"),
    "matrix, Glauber": (FOUR, 0.6, UNEVEN, "glauber"),
    "forbidden": (FORBIDDEN, 0.4, "uniform", "metropolis"),
    "inverted": (FOUR, -0.8, "uniform", "metropolis"),
    "a hundred": (bz.random_levels(100, 2.0, seed=1), 1.5, "uniform", "metropolis"),
    "a hundred, heat bath": (bz.random_levels(100, 2.0, seed=1), 1.5, "uniform", "heat-bath"),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_gas_ends_in_the_law_and_one_two_percent_off_does_not(name):
    """Final states of independent particles; counts at a temperature 2 % off must be refused.

    There are as many particles as it takes to tell. The burn-in leaves the matrix's own
    distribution so near the law that it moves the chi-square by under 0.01.
    """
    levels, t, proposal, rule = SYSTEMS[name]
    five = np.linalg.matrix_power(bz.transition_matrix(levels, t, proposal, rule), 5)
    exact = law(levels, t)
    particles = enough(law(levels, 1.02 * t), exact)
    begin = levels.degeneracies * (levels.energies < INF)
    sweeps, reached = 0, begin / begin.sum()
    while noncentrality(reached, exact, particles) > 0.01:
        sweeps, reached = sweeps + 5, reached @ five
        assert sweeps < 1000

    gas = bz.Ensemble(levels, t, particles, proposal=proposal, rule=rule, seed=10)
    gas.run(1, burn_in=sweeps)
    assert fits(gas.counts, exact)
    gas.temperature = 1.02 * t
    gas.run(1, burn_in=sweeps)
    assert not fits(gas.counts, exact)
    assert fits(gas.counts, law(levels, 1.02 * t))


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_the_law_once_reached_is_never_left(name, engine):
    """Drawn from it, a gas keeps it, however slowly it mixes; 5 % off in temperature it leaves."""
    levels, t, proposal, rule = SYSTEMS[name]
    exact = law(levels, t)
    warmer = bz.transition_matrix(levels, 1.05 * t, proposal, rule)
    left = exact @ np.linalg.matrix_power(warmer, 60)
    particles = enough(left, exact) if engine == "particles" else 10**12
    assert power(left, exact, particles) > 1 - 1e-6

    kind = {"proposal": proposal, "rule": rule, "engine": engine}
    gas = bz.Ensemble(levels, t, particles, **kind, start="exact", seed=11)
    for sweeps in (1, 4, 35):
        assert fits(gas.counts, exact)
        gas.run(sweeps)
    assert fits(gas.counts, exact)
    gas.temperature = 1.05 * t
    gas.run(60)
    assert not fits(gas.counts, exact)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_a_gas_relaxes_as_its_matrix_says(name, engine):
    """All particles start on level s: after k sweeps the counts are Multinomial(N, row s of P^k).

    One sweep more or fewer must be refused, save for the heat bath, which forgets at once.
    """
    levels, t, proposal, rule = SYSTEMS[name]
    particles, last = 2**20, len(levels) - 1
    start = np.full(particles, last)
    if engine == "counts":
        particles = 10**12
        start = np.where(np.arange(len(levels)) == last, particles, 0)

    matrix = bz.transition_matrix(levels, t, proposal, rule)
    gas = bz.Ensemble(levels, t, proposal=proposal, rule=rule, engine=engine, start=start, seed=12)
    counts, before = gas.run(4).counts, np.eye(len(levels))[last]

    for k in range(3):
        after = before @ matrix
        assert fits(counts[k], after), k
        if k and rule != "heat-bath":
            assert power(before, after, particles) > 1 - 1e-6
            assert not fits(counts[k - 1], after)
            assert not fits(counts[k + 1], after)
        before = after


@pytest.mark.parametrize(
    ("engine", "particles", "sweeps"), [("particles", 2**15, 4000), ("counts", 10**15, 20_000)]
)
def test_counts_fluctuate_as_multinomials_do(engine, particles, sweeps):
    """Given n, the next counts have the mean nP and the covariance Σ n_i (diag P_i - P_i^T P_i).

    The squared residuals in units of that covariance add up to a chi-square with (K - 1)·sweeps
    degrees of freedom, in which a variance off by 18 % (for the counts by 7 %) is caught; the mean
    residual is normal.
    """
    levels, t = FOUR, 0.8
    matrix = bz.transition_matrix(levels, t, UNEVEN)
    gas = bz.Ensemble(levels, t, particles, proposal=UNEVEN, engine=engine, seed=13)
    before = gas.counts
    counts = np.vstack([before, gas.run(sweeps).counts])

    residuals = (counts[1:] - counts[:-1] @ matrix)[:, :-1]
    per_level = np.array([np.diag(row) - np.outer(row, row) for row in matrix])[:, :-1, :-1]
    covariances = np.einsum("sk,kij->sij", counts[:-1].astype(float), per_level)

    total = np.einsum("si,sij,sj->", residuals, np.linalg.inv(covariances), residuals)
    freedom = residuals.size
    assert stats.chi2.isf(1 - ALARM / 2, freedom) < total < stats.chi2.isf(ALARM / 2, freedom)
    off = 1.18 if engine == "particles" else 1.07
    assert stats.chi2.sf(stats.chi2.isf(ALARM / 2, freedom) / off, freedom) > 1 - 1e-6

    drift = residuals.sum(axis=0) / np.sqrt(covariances.sum(axis=0).diagonal())
    assert np.abs(drift).max() < stats.norm.isf(ALARM / 2 / drift.size)


# Levels 0, 1, 2, 3, 4: moves per proposal of another level, to 15 digits.
OTHERS = (1 - np.eye(5)) / 4
TABULATED = [
    (OTHERS, 0.5, 0.0781453163973086),
    (OTHERS, 1.0, 0.274029216168903),
    ("uniform", 1.0, 0.274029216168903),
    ("uniform", 2.0, 0.547183316683769),
    ("neighbour", 1.0, 0.363591353441169),
    ("neighbour", 2.0, 0.571344471222833),
]


@pytest.mark.parametrize(("proposal", "t", "tabulated"), TABULATED)
@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_acceptance_is_the_tabulated_one(proposal, t, tabulated, engine):
    """In one sweep particles move or not, independently; 2^22 of them show a 0.003 too many."""
    particles = MANY if engine == "particles" else 10**14
    gas = bz.Ensemble(
        bz.ladder(5), t, particles, proposal=proposal, engine=engine, start="exact", seed=14
    )
    [found] = gas.run(1).acceptance
    share = 4 / 5 if isinstance(proposal, str) and proposal == "uniform" else 1
    chance = tabulated * share
    deviation = np.sqrt(chance * (1 - chance) / particles) / share
    assert abs(found - tabulated) < SIGMAS * deviation
    assert (SIGMAS + stats.norm.isf(1e-6)) * deviation < 0.003


# Many levels.


def one_uniform_sweep(levels, t, start):
    """Return where a particle on level `start` is after one sweep of uniform Metropolis, (K,)."""
    climb = levels.energies - levels.energies[start]
    row = levels.degeneracies / levels.degeneracies[start] * np.exp(-climb / t)
    row = np.minimum(row, 1) / len(levels)
    row[start] = 0
    row[start] = 1 - row.sum()
    return row


def one_neighbour_sweep(levels, t, p):
    """Return the distribution `p` of a particle after one more sweep of steps up and down."""
    ratio = (
        np.exp(-np.diff(levels.energies) / t) * levels.degeneracies[1:] / levels.degeneracies[:-1]
    )
    net = (p[:-1] * np.minimum(1, ratio) - p[1:] * np.minimum(1, 1 / ratio)) / 2
    return p + np.r_[0, net] - np.r_[net, 0]


@pytest.mark.parametrize("size", [1500, 65_536])
def test_many_levels_by_uniform_proposals(size):
    """From one level, in one sweep, to all: each level is proposed to 32 particles or more."""
    random = np.random.default_rng(size)
    levels = bz.EnergyLevels(random.uniform(0, 3, size), random.integers(1, 4, size))
    start = int(np.argsort(levels.energies)[size // 2])
    right, wrong = (one_uniform_sweep(levels, t, start) for t in (0.7, 0.75))

    for engine in ("particles", "textbook"):
        gas = bz.Ensemble(levels, 0.7, start=np.full(MANY // 2, start), engine=engine, seed=15)
        gas.run(1)
        assert fits_in_thousands_of_bins(gas.counts, right)
        assert not fits_in_thousands_of_bins(gas.counts, wrong)
    assert power(right, wrong, MANY // 2) > 1 - 1e-6

    gas = bz.Ensemble(levels, 0.7, MANY // 2, start="exact", seed=16)
    gas.run(3)
    assert fits_in_thousands_of_bins(gas.counts, law(levels, 0.7))
    assert power(law(levels, 0.7), law(levels, 0.7 * 1.06), MANY // 2) > 1 - 1e-6
    assert not fits_in_thousands_of_bins(gas.counts, law(levels, 0.7 * 1.06))


@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_sixty_five_thousand_levels_by_steps(engine):
    """Particles spread from both ends and the middle of the ladder, and none steps off the end."""
    levels = bz.EnergyLevels(0.01 * np.arange(65_536), 1 + np.arange(65_536) % 3)
    for start in (0, 40_000, 65_535):
        p, particles = np.zeros(65_536), 2**20
        p[start] = 1
        given = np.full(particles, start) if engine == "particles" else (p * particles).astype(int)
        gas = bz.Ensemble(levels, 0.5, proposal="neighbour", engine=engine, start=given, seed=17)
        gas.run(25)
        for _ in range(24):
            p = one_neighbour_sweep(levels, 0.5, p)
        after = one_neighbour_sweep(levels, 0.5, p)
        assert fits(gas.counts, after)
        assert power(after, p, particles) > 1 - 1e-6
        assert not fits(gas.counts, p)


def test_sixty_five_thousand_levels_by_heat_bath():
    levels = bz.random_levels(65_536, seed=2)
    gas = bz.Ensemble(levels, 1.2, MANY, rule="heat-bath", start="ground", seed=18)
    for _ in range(2):
        gas.run(1)
        assert fits_in_thousands_of_bins(gas.counts, law(levels, 1.2))
    assert power(law(levels, 1.2), law(levels, 1.2 * 1.05), MANY) > 1 - 1e-6
    assert not fits_in_thousands_of_bins(gas.counts, law(levels, 1.2 * 1.05))


# Negative controls: chains with a known mistake, through the same kernel and the same checks.


def table_of(matrix):
    """Return the kernel's table for any transition matrix (4, 4) of FOUR."""
    table = Dynamics.checked(FOUR, UNEVEN, "metropolis").move_table(1.0)
    rows = np.ascontiguousarray(matrix, dtype=float)
    return table._replace(alias=move_tables.transition_alias_table(rows).ravel())


def after(matrix, sweeps, block_streams=None):
    """Return the states of 2^20 particles that start drawn from FOUR's law at t = 0.6."""
    start = bz.Ensemble(FOUR, 0.6, 2**20, start="exact", seed=19).states
    engine = ParticleEngine.started(start, 4, 20)
    if block_streams is not None:
        engine.streams = block_streams
    engine.table = table_of(matrix)
    engine.sweep(0, sweeps, sweeps, Pool(1))
    return engine.states


def balanced(matrix):
    """Tell whether the words that the kernel runs are in detailed balance, to one word each way.

    The thousandth of a word is for the roundings of the flows, of up to 2^30 words.
    """
    words = move_tables.alias_words(table_of(matrix).alias.reshape(4, 4), 1, 4)
    flow = law(FOUR, 0.6)[:, None] * words
    reach = law(FOUR, 0.6)[:, None] + law(FOUR, 0.6)
    return bool(np.all(np.abs(flow - flow.T) <= 1.001 * reach))


def keeps_the_law(matrix):
    return fits(np.bincount(after(matrix, 60), minlength=4), law(FOUR, 0.6))


def metropolis(ratios, proposed):
    """Return the matrix that accepts min(1, ratio) of what is proposed."""
    moves = proposed * np.minimum(1, ratios)
    np.fill_diagonal(moves, 0)
    return moves + np.diag(1 - moves.sum(axis=1))


climb = FOUR.energies - FOUR.energies[:, None]
uphill = np.exp(-climb / 0.6)
states_there = FOUR.degeneracies / FOUR.degeneracies[:, None]
uneven = np.divide(UNEVEN.T, UNEVEN, out=np.zeros((4, 4)), where=UNEVEN > 0)
evenly = np.full((4, 4), 1 / 4)
walk = (np.eye(4, k=1) + np.eye(4, k=-1)) / 2
redrawn = walk / walk.sum(axis=1, keepdims=True)

RIGHT = {
    "uniform": (metropolis(uphill * states_there, evenly), "uniform"),
    "neighbour": (metropolis(uphill * states_there, walk), "neighbour"),
    "matrix": (metropolis(uphill * states_there * uneven, UNEVEN), UNEVEN),
}
WRONG = {
    "a temperature 2 % off": metropolis(np.exp(-climb / 0.612) * states_there, evenly),
    "no degeneracy in the acceptance": metropolis(uphill, evenly),
    "the degeneracy upside down": metropolis(uphill / states_there, evenly),
    "no correction for an uneven proposal": metropolis(uphill * states_there, UNEVEN),
    "that correction upside down": metropolis(
        uphill * states_there / np.where(uneven > 0, uneven, 1), UNEVEN
    ),
    "that correction tempered": metropolis(uphill * states_there * uneven ** (1 / 0.6), UNEVEN),
    "a step off the end drawn again": metropolis(uphill * states_there, redrawn),
    "a swapped sign": metropolis(states_there / uphill, evenly),
    "max for min": metropolis(
        np.where(uphill * states_there < 1, 1.0, uphill * states_there), evenly
    ),
    "a move never undone": np.roll(np.eye(4), 1, axis=1) * 0.1 + np.eye(4) * 0.9,
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_chains_of_the_package_pass_these_checks(name):
    by_hand, proposal = RIGHT[name]
    assert np.allclose(
        by_hand, bz.transition_matrix(FOUR, 0.6, proposal), rtol=1e-14, atol=0
    )  # a few roundings
    assert balanced(by_hand)
    assert keeps_the_law(by_hand)


@pytest.mark.parametrize("name", WRONG)
def test_a_chain_with_a_mistake_fails_both_checks(name):
    """The exact check at once, and the counts of 2^20 particles after 60 sweeps."""
    wrong = WRONG[name]
    reached = law(FOUR, 0.6) @ np.linalg.matrix_power(wrong, 60)
    assert power(reached, law(FOUR, 0.6), 2**20) > 1 - 1e-6
    assert not balanced(wrong)
    assert not keeps_the_law(wrong)


def blocks_are_independent(states):
    """Tell whether particles n of two blocks are on one level as often as independent ones.

    256 pairs of blocks, 524,288 pairs of particles: an excess of 0.67 % of the pairs is caught.
    """
    first, second = states.reshape(-1, 2, moves.BLOCK).swapaxes(0, 1)
    chance = (law(FOUR, 0.6) ** 2).sum()
    agreed = np.mean(first == second)
    deviation = np.sqrt(chance * (1 - chance) / first.size)
    assert (SIGMAS + stats.norm.isf(1e-6)) * deviation < 0.0067
    return bool(abs(agreed - chance) < SIGMAS * deviation)


def test_blocks_are_independent_unless_they_share_a_stream():
    """Also where only neighbours share one, which no count of a single block would show."""
    real = seeded_streams(20, 512)
    matrix = RIGHT["uniform"][0]
    assert blocks_are_independent(after(matrix, 20, real.copy()))
    assert not blocks_are_independent(after(matrix, 20, np.repeat(real[:1], 512, axis=0)))
    assert not blocks_are_independent(after(matrix, 20, np.repeat(real[::2], 2, axis=0)))
    states = after(matrix, 20, np.repeat(real[::2], 2, axis=0))
    assert fits(np.bincount(states[: moves.BLOCK], minlength=4), law(FOUR, 0.6))


def test_a_particle_forgets_its_last_draw():
    """The heat bath draws anew: levels before and after are independent, 2^20 pairs, 16 bins."""
    gas = bz.Ensemble(FOUR, 0.6, 2**20, rule="heat-bath", start="exact", seed=21)
    joint = np.outer(law(FOUR, 0.6), law(FOUR, 0.6)).ravel()
    before = gas.states
    for _ in range(3):
        gas.run(1)
        now = gas.states
        assert fits(np.bincount(4 * before + now, minlength=16), joint)
        before = now
    halves_of_one_word = np.bincount(4 * now[:-1:2] + now[1::2], minlength=16)
    assert fits(halves_of_one_word, joint)
    assert not fits(np.bincount(4 * now + now, minlength=16), joint)
