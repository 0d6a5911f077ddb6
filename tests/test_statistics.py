"""Laws of the error bars and the goodness-of-fit tests.

Seeds are fixed. Every statistical test states how often a correct implementation would fail it over
random seeds (at most 1e-6), and the smallest fault that it catches."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.signal import lfilter
from scipy.special import kl_div

from boltzmann import statistics

FALSE_ALARM = 1e-6
LEVELS = np.arange(5.0)
laws_hold = settings(max_examples=100, deadline=None, derandomize=True)


def ladder_law(temperature, levels=LEVELS):
    weights = np.exp(-levels / temperature)
    return weights / weights.sum()


# ---- Goodness of fit
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "power"), [("G", 0), ("pearson", 1)])
@pytest.mark.parametrize("seed", range(5))
def test_goodness_of_fit_equals_scipy_where_nothing_is_pooled(name, power, seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(8) * 3)
    counts = rng.multinomial(50_000, p)
    fit = statistics.goodness_of_fit(counts, p, statistic=name, minimum=0.0)
    oracle = stats.power_divergence(counts, 50_000 * p, lambda_=power)
    assert fit.statistic == pytest.approx(
        oracle.statistic, rel=1e-9
    )  # the oracle's G loses digits to cancellation
    assert fit.p_value == pytest.approx(oracle.pvalue, rel=1e-8)
    assert (fit.bins, fit.degrees_of_freedom) == (8, 7)


def test_compare_counts_equals_scipy_where_nothing_is_pooled():
    first, second = [120, 300, 80, 55], [250, 570, 190, 90]
    fit = statistics.compare_counts(first, second)
    oracle = stats.chi2_contingency([first, second], correction=False, lambda_="log-likelihood")
    assert fit.statistic == pytest.approx(oracle.statistic, rel=1e-12)
    assert fit.p_value == pytest.approx(oracle.pvalue, rel=1e-12)
    assert fit.degrees_of_freedom == oracle.dof
    swapped = statistics.compare_counts(second, first)
    assert swapped.statistic == pytest.approx(fit.statistic, rel=1e-12)


@pytest.mark.parametrize("scale", [0, 10**6])
def test_counts_of_1e15_keep_their_digits(scale):
    """A deviation d leaves an error of eps·d in its term, 2e-9 at 1e7."""
    n, p = 10**15, ladder_law(1.0)
    counts = np.round(n * p).astype(np.int64)
    counts[0] += n - counts.sum()
    counts += scale * np.array([3, -2, -4, 2, 1])
    with mpmath.workdps(60):
        expected = [n * mpmath.mpf(x) / mpmath.fsum(p.tolist()) for x in p.tolist()]
        exact = float(
            2 * sum(o * mpmath.log(o / e) for o, e in zip(counts.tolist(), expected, strict=True))
        )
    assert statistics.goodness_of_fit(counts, p).statistic == pytest.approx(exact, rel=0, abs=1e-7)
    # Negative control: the terms O log(O/E), with or without - O + E, round to eighths.
    assert abs(2 * np.sum(counts * np.log(counts / (n * p))) - exact) > 0.01
    assert abs(2 * kl_div(counts, n * p).sum() - exact) > 0.01


def test_a_count_far_from_expected_is_measured_too():
    """Where O << E, the deviation rounds to -E: the logarithm of the ratio must take over."""
    counts, p = np.array([1, 2**60 - 1]), np.array([0.5, 0.5])
    exact = 2 * (np.log(1 / 2**59) + (2**60 - 1) * np.log(2))
    assert statistics.goodness_of_fit(counts, p).statistic == pytest.approx(exact, rel=1e-14)


def test_an_impossible_count_refutes_the_law():
    fit = statistics.goodness_of_fit([10**6, 10**6, 1], [0.5, 0.5, 0.0])
    assert (fit.statistic, fit.p_value) == (np.inf, 0.0)
    fit = statistics.goodness_of_fit([3, 1], [1.0, 0.0], statistic="pearson")
    assert (fit.statistic, fit.p_value) == (np.inf, 0.0)


@pytest.mark.parametrize("name", ["G", "pearson"])
@pytest.mark.parametrize("minimum", [0.0, 5.0])
def test_a_forbidden_bin_without_counts_adds_no_degree_of_freedom(name, minimum):
    allowed = statistics.goodness_of_fit([48, 52], [0.5, 0.5], statistic=name, minimum=minimum)
    fit = statistics.goodness_of_fit(
        [0, 48, 0, 52], [0.0, 0.5, 0.0, 0.5], statistic=name, minimum=minimum
    )
    assert fit == allowed
    assert fit.degrees_of_freedom == 1


@pytest.mark.parametrize("name", ["G", "pearson"])
@pytest.mark.parametrize(
    ("counts", "p"), [([7], [1.0]), ([0, 0], [0.5, 0.5]), ([3, 1], [0.5, 0.5])]
)
def test_one_bin_left_leaves_nothing_to_test(name, counts, p):
    fit = statistics.goodness_of_fit(counts, p, statistic=name)
    assert (fit.statistic, fit.p_value, fit.degrees_of_freedom, fit.bins) == (0.0, 1.0, 0, 1)


@pytest.mark.parametrize(
    ("first", "second"), [([0, 0], [0, 0]), ([0, 0], [30, 50]), ([4, 1], [1, 4])]
)
def test_two_samples_too_small_to_compare_are_not_told_apart(first, second):
    fit = statistics.compare_counts(first, second)
    assert (fit.statistic, fit.p_value, fit.degrees_of_freedom, fit.bins) == (0.0, 1.0, 0, 1)


def test_probabilities_of_single_precision_are_normalised():
    """Seven sevenths in float32 miss 1 by 4e-8, 4.5 standard deviations of a count of 1e16."""
    p = np.full(7, 1 / 7, dtype=np.float32)
    counts = np.full(7, 10**16)
    assert statistics.goodness_of_fit(counts, p).p_value > 0.999
    assert statistics.goodness_of_fit(counts, p, statistic="pearson").p_value > 0.999


# ---- Pooling
# --------------------------------------------------------------------------------------------------


@st.composite
def sparse_counts(draw):
    size = draw(st.integers(1, 40))
    weights = np.array(draw(st.lists(st.integers(0, 10**6), min_size=size, max_size=size))) + 1e-3
    # A different factor for each keeps probabilities apart: pooling cannot tell equal ones apart
    # but by position.
    weights *= 1 + 1e-6 * np.arange(size)
    counts = np.array(draw(st.lists(st.integers(0, 60), min_size=size, max_size=size)))
    return counts, weights / weights.sum(), draw(st.sampled_from([1.0, 5.0, 20.0]))


@given(sparse_counts())
@laws_hold
def test_pooled_bins_are_full_and_no_larger_than_needed(case):
    counts, p, minimum = case
    fit = statistics.goodness_of_fit(counts, p, minimum=minimum)
    expected = counts.sum() * p
    pooled = np.bincount(fit.groups, expected)
    assert fit.bins == len(pooled) == fit.degrees_of_freedom + 1
    assert np.all(np.diff(fit.groups[np.argsort(p)]) >= 0)  # neighbours in p share a pooled bin
    assert fit.bins == 1 or pooled.min() >= minimum * (1 - 1e-8)
    for group in range(fit.bins - 1):  # the last one also takes the remainder
        assert pooled[group] - expected[fit.groups == group].max() < minimum


@given(sparse_counts())
@laws_hold
def test_pooling_keeps_totals(case):
    counts, p, minimum = case
    fit = statistics.goodness_of_fit(counts, p, statistic="pearson", minimum=minimum)
    observed, expected = np.bincount(fit.groups, counts), np.bincount(fit.groups, counts.sum() * p)
    assert observed.sum() == counts.sum()
    if fit.bins > 1:
        pearson = np.sum((observed - expected) ** 2 / expected)
        assert fit.statistic == pytest.approx(pearson, rel=1e-9, abs=1e-9)


@given(sparse_counts(), st.randoms(use_true_random=False))
@laws_hold
def test_goodness_of_fit_is_invariant_under_permutation(case, random):
    counts, p, minimum = case
    order = list(range(len(p)))
    random.shuffle(order)
    fit = statistics.goodness_of_fit(counts, p, minimum=minimum)
    shuffled = statistics.goodness_of_fit(counts[order], p[order], minimum=minimum)
    assert shuffled.statistic == pytest.approx(fit.statistic, rel=1e-9, abs=1e-9)
    assert shuffled.bins == fit.bins
    assert np.array_equal(shuffled.groups, fit.groups[order])


@given(sparse_counts(), st.randoms(use_true_random=False))
@laws_hold
def test_compared_counts_are_pooled_until_the_smaller_set_is_full(case, random):
    counts, _, minimum = case
    other = np.array([random.randint(0, 200) for _ in counts])
    fit = statistics.compare_counts(counts, other, minimum=minimum)
    both = np.bincount(fit.groups, counts + other)
    share = min(counts.sum(), other.sum()) / max((counts + other).sum(), 1)
    assert fit.bins == 1 or (share * both).min() >= minimum * (1 - 1e-8)
    assert both.sum() == counts.sum() + other.sum()


def test_a_bin_that_expects_exactly_the_minimum_stands_alone():
    """100 draws into 20 bins expect 5 each, and 0.05 is no float."""
    assert statistics.goodness_of_fit([5] * 20, [0.05] * 20).bins == 20
    assert statistics.goodness_of_fit([5] * 20, [0.05] * 20, minimum=5.001).bins == 10


# ---- False alarms and power
# --------------------------------------------------------------------------------------------------


def zipf_law(size):
    weights = 1 / np.arange(1.0, size + 1)
    return weights / weights.sum()


@pytest.mark.parametrize(
    ("name", "p", "draws", "tables", "blunder"),
    [
        ("G", ladder_law(1.0), 100_000, 3000, 1),
        ("pearson", ladder_law(1.0), 100_000, 3000, 1),
        ("pearson", zipf_law(500), 4000, 1500, 15),
    ],
)
def test_p_values_of_true_laws_are_uniform(name, p, draws, tables, blunder):
    """Kolmogorov-Smirnov over many tables: false alarm 1e-6.

    At 3000 tables a distance of 0.1 is caught with power above 1 - 1e-6; one degree of freedom too
    many among 4 makes 0.15. Of the 500 bins of the last law, 380 expect fewer than 5 counts and are
    pooled."""
    counted = np.random.default_rng(11).multinomial(draws, p, size=tables)
    fits = [statistics.goodness_of_fit(counts, p, statistic=name) for counts in counted]
    assert stats.kstest([fit.p_value for fit in fits], "uniform").pvalue > FALSE_ALARM
    wrong = [stats.chi2.sf(fit.statistic, fit.degrees_of_freedom + blunder) for fit in fits]
    assert stats.kstest(wrong, "uniform").pvalue < FALSE_ALARM


def test_p_values_of_samples_of_one_law_are_uniform():
    """As above, for two samples of different size, each of which has its own noise."""
    rng = np.random.default_rng(12)
    first = rng.multinomial(20_000, ladder_law(1.0), size=2000)
    second = rng.multinomial(90_000, ladder_law(1.0), size=2000)
    fits = [statistics.compare_counts(a, b) for a, b in zip(first, second, strict=True)]
    assert stats.kstest([fit.p_value for fit in fits], "uniform").pvalue > FALSE_ALARM
    unpaired = [
        statistics.goodness_of_fit(a, b / b.sum()).p_value
        for a, b in zip(first, second, strict=True)
    ]
    assert (
        stats.kstest(unpaired, "uniform").pvalue < FALSE_ALARM
    )  # a sample taken for a law: false alarms


def test_g_raises_false_alarms_where_thousands_of_bins_expect_five():
    """The documented limit of G, and the two ways around it.

    At a nominal 5 %, 200 true tables exceed `most` rejections with probability 1e-6.
    """
    p = np.full(3000, 1 / 3000)
    sparse, dense = (
        np.random.default_rng(13).multinomial(3000 * each, p, size=200) for each in (5, 200)
    )
    most = stats.binom.isf(FALSE_ALARM, 200, 0.05)

    def rejections(counted, name):
        return sum(
            statistics.goodness_of_fit(counts, p, statistic=name).p_value < 0.05
            for counts in counted
        )

    assert rejections(sparse, "pearson") <= most
    assert rejections(dense, "G") <= most
    assert rejections(sparse, "G") > most


@pytest.mark.parametrize("compare", [False, True])
def test_a_temperature_off_by_one_percent_is_caught(compare):
    """Five levels at T = 1 against 1.01: false alarm 1e-6, and power above 1 - 1e-6 at these n.

    The statistic follows a noncentral chi-square of noncentrality n·sum (q - p)²/p = n·C·(0.01)²,
    where C is the heat capacity. Against a second sample of the same size half of that is left."""
    draws, cold, warm = (4_000_000 if compare else 2_000_000), ladder_law(1.0), ladder_law(1.01)
    noncentrality = draws * np.sum((warm - cold) ** 2 / cold) / (2 if compare else 1)
    assert stats.ncx2.cdf(stats.chi2.isf(FALSE_ALARM, 4), 4, noncentrality) < 1e-6
    rng = np.random.default_rng(14)
    true, off, reference = (rng.multinomial(draws, law) for law in (cold, warm, cold))
    for name in ["G"] if compare else ["G", "pearson"]:

        def p_value(counts, name=name):
            if compare:
                return statistics.compare_counts(counts, reference).p_value
            return statistics.goodness_of_fit(counts, cold, statistic=name).p_value

        assert p_value(true) > FALSE_ALARM > p_value(off)


# ---- Chains whose autocorrelation time is known exactly
# ---------------------------------------------------------


def metropolis_matrix(proposal, temperature, size=5):
    """Return the Metropolis chain of a ladder; what it proposes is symmetric."""
    apart = ~np.eye(size, dtype=bool)
    propose = {
        "uniform_other": apart / (size - 1),
        "uniform_all": apart / size,
        "neighbour_reject": 0.5
        * (np.abs(np.subtract.outer(np.arange(size), np.arange(size))) == 1),
    }[proposal]
    rise = np.subtract.outer(np.arange(size), np.arange(size)).T
    matrix = propose * np.exp(-np.maximum(rise, 0) / temperature)
    return matrix + np.diag(1 - matrix.sum(axis=1))


def exact_time(matrix, law, values):
    """Return tau from the fundamental matrix (Kemeny & Snell 1960), the sum over all powers."""
    deviations = values - law @ values
    fundamental = np.linalg.inv(np.eye(len(law)) - matrix + law)
    return 2 * (law * deviations) @ fundamental @ deviations / (law @ deviations**2) - 1


def walk(matrix, law, steps, chains, seed):
    """Return the states (steps, chains) of independent chains that start in equilibrium."""
    rng = np.random.default_rng(seed)
    cumulative = matrix.cumsum(axis=1)[:, :-1]
    states = np.empty((steps, chains), dtype=np.int64)
    states[0] = rng.choice(len(law), chains, p=law)
    for now in range(1, steps):
        states[now] = (rng.random((chains, 1)) > cumulative[states[now - 1]]).sum(axis=1)
    return states


def autoregression(memory, steps, chains, seed):
    """Return chains of x_i = memory·x_{i-1} + noise in equilibrium, of variance 1/(1 - memory²)."""
    noise = np.random.default_rng(seed).standard_normal((steps, chains))
    noise[0] /= np.sqrt(1 - memory**2)
    return lfilter([1], [1, -memory], noise, axis=0)


def relative_error(tau, entries):
    """Return Sokal's relative error of tau, √(2(2M + 1)/n), at the window M = 5 max(tau, 1/tau)."""
    return np.sqrt(2 * (10 * max(tau, 1 / tau) + 1) / entries)


CHAINS = {
    ("uniform_other", 0.5, 5): 5.47415686435688,
    ("uniform_other", 1.0, 5): 3.43861867897732,
    ("uniform_all", 1.0, 5): 4.54827334872165,
    ("uniform_all", 2.0, 5): 2.7459156066806,
    ("neighbour_reject", 1.0, 5): 8.50962608737725,
    ("neighbour_reject", 2.0, 5): 10.2494533274416,
    ("uniform_other", 1.0, 2): 0.46211715726001,  # two levels that always try to swap: tanh(1/2)
}


@pytest.mark.parametrize(("chain", "tau"), CHAINS.items())
def test_autocorrelation_time_of_a_known_chain(chain, tau):
    """Six of Sokal's standard errors: false alarm 2e-9, and 6e-7 should his formula be 20 % short.

    Twelve of them, 6 to 12 % of tau, are caught with power above 1 - 1e-6: half of tau, or tau
    without its 1."""
    proposal, temperature, size = chain
    levels = np.arange(float(size))
    matrix, law = metropolis_matrix(proposal, temperature, size), ladder_law(temperature, levels)
    assert exact_time(matrix, law, levels) == pytest.approx(tau, rel=1e-13)
    energies = walk(matrix, law, steps=4000, chains=500, seed=21)
    tolerance = 6 * relative_error(tau, energies.size)
    assert tolerance < 0.07
    assert statistics.autocorrelation_time(energies) == pytest.approx(tau, rel=tolerance)


@pytest.mark.parametrize("memory", [-0.95, -0.5, 0.0, 0.5, 0.95])
def test_autocorrelation_time_of_an_autoregression(memory):
    """tau = (1 + a)/(1 - a), from 1/39 to 39; six standard errors are 3 to 17 %, rates as above."""
    series = autoregression(memory, steps=1_000_000, chains=1, seed=22)[:, 0]
    tau = (1 + memory) / (1 - memory)
    tolerance = 6 * relative_error(tau, series.size)
    assert tolerance < 0.17
    found = statistics.autocorrelation_time(series)
    assert found == pytest.approx(tau, rel=tolerance)
    assert statistics.effective_sample_size(series) == series.size / found


def test_autocorrelation_time_has_the_standard_error_of_sokal():
    """The spread of 1000 estimates at n = 500 tau, known to 2.3 %; the formula is up to 10 % high.

    False alarm 1e-6 at 25 %, and a window three times as wide, or a third, is caught: it spreads by
    √3. The mean is known to 0.6 % and biased by 10 tau/n = 2 % at most."""
    for memory in (-0.5, 0.5):
        tau = (1 + memory) / (1 - memory)
        series = autoregression(memory, steps=1500, chains=1000, seed=23)
        found = [statistics.autocorrelation_time(chain) for chain in series.T]
        assert np.std(found) / tau == pytest.approx(relative_error(tau, 1500), rel=0.25)
        assert np.mean(found) == pytest.approx(tau, rel=0.06)


def test_autocorrelation_equals_the_direct_sum():
    """Series whose length is odd, prime or a power of 2, one chain and several."""
    for steps, chains in [(2, 1), (97, 1), (128, 3), (45, 2)]:
        series = autoregression(0.6, steps, chains, seed=24)
        deviations = series - series.mean()
        direct = [np.sum(deviations[: steps - lag] * deviations[lag:]) for lag in range(steps)]
        assert statistics.autocorrelation(series) == pytest.approx(
            np.array(direct) / direct[0], abs=1e-13
        )


@pytest.mark.parametrize("memory", [-0.4, 0.0, 0.4])
@pytest.mark.parametrize("c", [4.0, 5.0])
def test_autocorrelation_time_equals_the_direct_sum(memory, c):
    series = autoregression(memory, 400, 1, seed=25)[:, 0]
    deviations = series - series.mean()
    rho = [
        sum(deviations[: 400 - lag] * deviations[lag:]) / sum(deviations**2) for lag in range(400)
    ]
    window = 1
    while window < c * max(tau := 1 + 2 * sum(rho[1:window]) + rho[window], 1 / tau) or tau <= 0:
        window += 1
    assert statistics.autocorrelation_time(series, c=c) == pytest.approx(tau, rel=1e-12)


@pytest.mark.parametrize("memory", [-0.5, 0.5, 0.8])
def test_error_of_mean_makes_pulls_standard_normal(memory):
    """1000 means whose truth is 0: the sum of squared pulls is chi-square; false alarm 1e-6.

    Error bars 25 % off are caught with power above 1 - 1e-6. At n = 1000 tau the bars scatter by 7
    %, which adds 1.5 % to the sum; the bounds are at 22 %."""
    tau = (1 + memory) / (1 - memory)
    series = autoregression(memory, int(1000 * max(tau, 1 / tau)), 1000, seed=26)
    low, high = stats.chi2.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], 1000)
    errors = [statistics.error_of_mean(chain) for chain in series.T]
    assert low < np.sum(statistics.pulls(series.mean(axis=0), 0.0, errors) ** 2) < high
    naive = series.std(axis=0, ddof=1) / np.sqrt(len(series))  # takes the steps for independent
    assert not low < np.sum(statistics.pulls(series.mean(axis=0), 0.0, naive) ** 2) < high


def test_error_of_mean_counts_every_chain():
    """The exact √(variance·tau/(n·chains)) within 6 standard errors, of 1 % each: alarm 2e-9."""
    series = autoregression(0.5, 2000, 50, seed=27)
    exact = np.sqrt(3 / (1 - 0.5**2) / series.size)
    assert statistics.error_of_mean(series) == pytest.approx(
        exact, rel=6 * np.sqrt(5 * 3 / series.size)
    )
    assert statistics.effective_sample_size(
        series
    ) == series.size / statistics.autocorrelation_time(series)


def test_error_of_mean_of_independent_draws_divides_by_n_minus_one():
    """tau is near 1, and is taken off n; a divisor of n would make the bar short by 1/(2n)."""
    draws = np.random.default_rng(28).standard_normal(200)
    tau = statistics.autocorrelation_time(draws)
    assert statistics.error_of_mean(draws) ** 2 == pytest.approx(
        tau / 200 * np.sum((draws - draws.mean()) ** 2) / (200 - tau), rel=1e-12
    )


@pytest.fixture(scope="module")
def slow_chain():
    matrix, law = metropolis_matrix("neighbour_reject", 1.0), ladder_law(1.0)
    return walk(matrix, law, steps=6000, chains=300, seed=29), law


def test_a_plain_chi_square_on_a_correlated_chain_fails(slow_chain):
    """Negative control: at a nominal 5 % it rejects half of 300 true chains.

    That is 6 standard errors above 100.
    """
    states, law = slow_chain
    p_values = [
        statistics.goodness_of_fit(np.bincount(chain, minlength=5), law).p_value
        for chain in states.T
    ]
    assert np.sum(np.array(p_values) < 0.05) > 100


def test_a_thinned_chain_and_particles_at_one_time_pass(slow_chain):
    """One step in 50, which leaves 2e-5 of the correlation, or all chains at one time.

    Kolmogorov-Smirnov on 300 and 120 tables: false alarm 1e-6. At 120 a distance of 0.5 is caught
    with power above 1 - 1e-6; the plain chi-square makes 0.51."""
    states, law = slow_chain
    thinned = states[::50]
    for tables in (thinned, thinned.T):
        fits = [
            statistics.goodness_of_fit(np.bincount(column, minlength=5), law) for column in tables
        ]
        assert stats.kstest([fit.p_value for fit in fits], "uniform").pvalue > FALSE_ALARM


# ---- Series that tell nothing
# --------------------------------------------------------------------------------------------------

TIMES = [
    statistics.autocorrelation_time,
    statistics.effective_sample_size,
    statistics.error_of_mean,
]


@pytest.mark.parametrize("function", [*TIMES, statistics.autocorrelation])
@pytest.mark.parametrize("value", [0.0, 0.1, -3.7, 1e308, 5e-324])
@pytest.mark.parametrize("shape", [(1,), (1000,), (1000, 3)])
def test_a_frozen_series_is_named_and_gives_nan(function, value, shape):
    with pytest.warns(statistics.FrozenSeriesWarning, match=r"every entry of series is") as record:
        answer = function(np.full(shape, value))
    assert np.all(np.isnan(answer))
    assert np.shape(answer) == (shape[:1] if function is statistics.autocorrelation else ())
    assert [warning.filename for warning in record] == [__file__]


SHORT = {
    "two steps": np.array([0.0, 1.0]),
    "forty draws": np.random.default_rng(31).standard_normal(40),
    "drift": np.linspace(0.0, 1.0, 10_000),
    "quench": np.repeat([1.0, 0.0], [300, 700]),
    "random walk": np.random.default_rng(32).standard_normal(10_000).cumsum(),
    "alternating": np.resize([1.0, -1.0], 10_000),
    "chains stuck apart": np.tile([0.0, 1.0], (1000, 1)),
    "noisy chains stuck apart": np.random.default_rng(33).standard_normal((1000, 2))
    + np.array([0.0, 2.0]),
}


@pytest.mark.parametrize("function", TIMES)
@pytest.mark.parametrize("name", SHORT)
def test_a_short_series_is_named_and_gives_nan(function, name):
    steps = len(SHORT[name])
    with pytest.warns(
        statistics.ShortSeriesWarning, match=rf"^{steps} steps are fewer than 50"
    ) as record:
        assert np.isnan(function(SHORT[name]))
    assert [warning.filename for warning in record] == [__file__]


def test_series_warnings_share_a_base():
    assert issubclass(statistics.SeriesWarning, UserWarning)
    assert issubclass(statistics.FrozenSeriesWarning, statistics.SeriesWarning)
    assert issubclass(statistics.ShortSeriesWarning, statistics.SeriesWarning)


@pytest.mark.filterwarnings("ignore::boltzmann.statistics.ShortSeriesWarning")
def test_a_series_of_five_autocorrelation_times_seldom_gives_a_number():
    """300 series of 5 tau: if 1 in 200 gave a number, more than 9 would once in a million."""
    series = autoregression(0.99, steps=995, chains=300, seed=34)
    numbers = sum(not np.isnan(statistics.autocorrelation_time(chain)) for chain in series.T)
    assert numbers <= stats.binom.isf(FALSE_ALARM, 300, 1 / 200)


@pytest.mark.parametrize("scale", [1e-320, 1e-200, -2.5, 1e300])
def test_autocorrelation_time_has_no_unit_and_the_error_has_that_of_the_series(scale):
    series = autoregression(0.5, 2000, 1, seed=35)[:, 0]
    rel = 1e-2 if scale == 1e-320 else 1e-9  # subnormal numbers carry 3 digits
    tau, error = statistics.autocorrelation_time(series), statistics.error_of_mean(series)
    assert statistics.autocorrelation_time(scale * series) == pytest.approx(tau, rel=rel)
    assert statistics.error_of_mean(scale * series) == pytest.approx(
        abs(scale) * error, rel=rel, abs=5e-324
    )
    assert statistics.autocorrelation_time(series + 1e3) == pytest.approx(tau, rel=1e-9)
    assert statistics.error_of_mean(series + 1e3) == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.float16, np.float32, bool, list])
def test_any_real_type_will_do_and_is_left_alone(dtype):
    bits = np.random.default_rng(36).integers(0, 2, 5000)
    series = bits.tolist() if dtype is list else bits.astype(dtype)
    if dtype is not list:
        series.flags.writeable = False
    assert statistics.autocorrelation_time(series) == statistics.autocorrelation_time(
        bits.astype(float)
    )
    counts = (
        [40, 60]
        if dtype is list
        else np.array([40, 60], dtype=np.uint8 if dtype is bool else dtype)
    )
    assert statistics.goodness_of_fit(counts, [0.5, 0.5], statistic="pearson").statistic == 4.0


# ---- Pulls, distances
# --------------------------------------------------------------------------------------------------


def test_pulls_count_standard_errors():
    measured, expected = np.array([1.0, 2.0, 3.0, 3.0, 2.0]), np.array([1.0, 1.0, 3.0, 2.0, 3.0])
    found = statistics.pulls(measured, expected, [0.5, 0.5, 0.0, 0.0, 0.0])
    assert found.tolist() == [0.0, 2.0, 0.0, np.inf, -np.inf]
    assert statistics.pulls([[1.0], [2.0]], 0.0, [1.0, 2.0]).tolist() == [[1.0, 0.5], [2.0, 1.0]]
    assert statistics.pulls(3, 1, 2) == 1.0
    assert statistics.pulls(np.inf, np.inf, 0.0) == 0.0
    assert statistics.pulls([], [], []).shape == (0,)


def laws_of(size):
    weights = st.lists(st.floats(0, 1) | st.just(0.0), min_size=size, max_size=size)
    return weights.filter(lambda w: sum(w) > 1e-3).map(lambda w: np.array(w) / sum(w))


pairs = st.integers(1, 8).flatmap(
    lambda size: st.tuples(laws_of(size), laws_of(size), laws_of(size))
)


@given(pairs)
@laws_hold
def test_total_variation_is_a_metric_between_0_and_1(laws):
    p, q, r = laws
    distance = statistics.total_variation(p, q)
    assert 0 <= distance <= 1
    assert distance == statistics.total_variation(q, p)
    assert statistics.total_variation(p, p) == 0
    assert (distance > 0) or np.allclose(p, q, rtol=0, atol=1e-15)
    assert distance <= statistics.total_variation(p, r) + statistics.total_variation(r, q) + 1e-15
    assert distance == pytest.approx(
        np.maximum(p - q, 0).sum(), abs=1e-15
    )  # the event {p > q} tells most


@given(pairs)
@laws_hold
def test_kullback_leibler_obeys_gibbs_and_pinsker(laws):
    """KL >= 0, and 0 only between equals, for KL >= 2 TV²; a distance of 1e-15 is rounding."""
    p, q, _ = laws
    divergence, distance = statistics.kullback_leibler(p, q), statistics.total_variation(p, q)
    assert statistics.kullback_leibler(p, p) == 0
    assert divergence >= 2 * max(distance - 1e-15, 0) ** 2 * (1 - 1e-12)
    assert np.isinf(divergence) == bool(np.any((q == 0) & (p > 0)))
    if np.isfinite(divergence):
        assert divergence == pytest.approx(stats.entropy(p, q), rel=1e-9, abs=1e-14)


def test_distances_stay_in_bounds_against_rounding():
    """Among 10 000 pairs plain sums exceed a distance of 1, and fall below a divergence of 0."""
    rng = np.random.default_rng(39)
    p = rng.dirichlet(np.ones(5), size=10_000)
    apart = statistics.total_variation(
        np.pad(p, [(0, 0), (0, 5)]), np.pad(p[::-1], [(0, 0), (5, 0)])
    )
    assert np.all((apart > 1 - 1e-15) & (apart <= 1))
    next_door = np.nextafter(p, rng.integers(0, 2, p.shape))
    assert statistics.kullback_leibler(p, next_door).min() >= 0


def test_kullback_leibler_keeps_its_digits_between_close_laws():
    """Laws 1e-8 apart: rounding leaves 1e-8 of a deviation; a plain sum would keep no digit."""
    p = ladder_law(1.0)
    q = p * (1 + 1e-8 * np.array([1.0, -1.0, 2.0, -2.0, 1.0]))
    with mpmath.workdps(50):
        a, b = ([mpmath.mpf(x) / mpmath.fsum(law.tolist()) for x in law.tolist()] for law in (p, q))
        exact = float(mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(a, b, strict=True)))
    assert statistics.kullback_leibler(p, q) == pytest.approx(exact, rel=1e-6, abs=0)
    assert stats.entropy(p, q) != pytest.approx(exact, rel=0.1, abs=0)


def test_g_is_twice_n_times_the_divergence():
    counts, p = np.array([30, 55, 15]), np.array([0.25, 0.5, 0.25])
    divergence = statistics.kullback_leibler(counts / 100, p)
    assert statistics.goodness_of_fit(counts, p).statistic == pytest.approx(
        200 * divergence, rel=1e-12
    )


def test_distances_go_along_the_last_axis():
    p = np.random.default_rng(37).dirichlet(np.ones(4), size=(3, 2))
    q = ladder_law(1.0, np.arange(4.0))
    for distance in (statistics.total_variation, statistics.kullback_leibler):
        found = distance(p, q)
        assert found.shape == (3, 2)
        assert found[2, 1] == distance(p[2, 1], q)
        assert distance(p[:0], q).shape == (0, 2)


def test_kullback_leibler_floor_is_what_true_draws_show():
    """The mean of 4000 divergences within 5 standard errors, 1.1 % each: false alarm 6e-7.

    A K for K - 1, 25 % at K = 5, or a factor of 2, is caught with power above 1 - 1e-6. The next
    order is 0.01 %."""
    p, draws = ladder_law(1.0), 100_000
    frequencies = np.random.default_rng(38).multinomial(draws, p, size=4000) / draws
    mean = statistics.kullback_leibler(frequencies, p).mean()
    assert mean == pytest.approx(
        statistics.kullback_leibler_floor(5, draws), rel=5 * np.sqrt(2 / 4 / 4000)
    )
    assert statistics.kullback_leibler_floor(1, 10) == 0.0


# ---- Refusals
# --------------------------------------------------------------------------------------------------

HALVES = [0.5, 0.5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: statistics.goodness_of_fit([3, -1], HALVES),
            r"counts\[1\] is -1.0: a count is a whole number",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1.5], HALVES),
            r"counts\[1\] is 1.5: a count is a whole number",
        ),
        (
            lambda: statistics.goodness_of_fit([np.inf, 1], HALVES),
            r"counts\[0\] is inf: a count is a whole number",
        ),
        (
            lambda: statistics.goodness_of_fit([np.nan, 1], HALVES),
            r"counts\[0\] is nan: every entry must be a number",
        ),
        (
            lambda: statistics.goodness_of_fit([[3, 1]], HALVES),
            r"counts must have shape \(K,\).* got \(1, 2\)",
        ),
        (lambda: statistics.goodness_of_fit([], []), r"counts must have shape \(K,\).* got \(0,\)"),
        (
            lambda: statistics.goodness_of_fit(["a", "b"], HALVES),
            r"counts must be an array of real numbers",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1, 1], HALVES),
            r"p must have the shape of counts, \(3,\), got \(2,\)",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1], [0.5, 0.6]),
            r"the sum of p is 1.1: it must be 1",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1], [1.5, -0.5]),
            r"p\[1\] is -0.5: no probability is below 0",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1], HALVES, statistic="g"),
            r"statistic must be .* got 'g'",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1], HALVES, minimum=-1),
            r"minimum must be .* got -1",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1], HALVES, minimum=np.inf),
            r"minimum must be .* got inf",
        ),
        (
            lambda: statistics.goodness_of_fit([3, 1], HALVES, minimum=[1, 2]),
            r"minimum must be .* got \[1, 2\]",
        ),
        (
            lambda: statistics.compare_counts([3, 0.5], [1, 1]),
            r"first\[1\] is 0.5: a count is a whole number",
        ),
        (
            lambda: statistics.compare_counts([3, 1], [1, -2]),
            r"second\[1\] is -2.0: a count is a whole number",
        ),
        (
            lambda: statistics.compare_counts([3, 1], [1]),
            r"second must have the shape of first, \(2,\), got \(1,\)",
        ),
        (
            lambda: statistics.compare_counts([3, 1], [1, 1], minimum=np.nan),
            r"minimum is nan: every entry",
        ),
        (
            lambda: statistics.autocorrelation(3.0),
            r"series must have shape \(n,\) or \(n, chains\).* got \(\)",
        ),
        (lambda: statistics.autocorrelation([]), r"series must have shape .* got \(0,\)"),
        (
            lambda: statistics.autocorrelation_time(np.zeros((2, 2, 2))),
            r"series must have shape .* got \(2, 2, 2\)",
        ),
        (
            lambda: statistics.autocorrelation_time([1, np.nan]),
            r"series\[1\] is nan: every entry must be a number",
        ),
        (
            lambda: statistics.error_of_mean([[1, 2], [3, np.inf]]),
            r"series\[1, 1\] is inf: every entry must be finite",
        ),
        (
            lambda: statistics.effective_sample_size([-np.inf, 1]),
            r"series\[0\] is -inf: every entry must be finite",
        ),
        (
            lambda: statistics.autocorrelation_time([1, 2], c=0),
            r"c must be one positive finite number, got 0",
        ),
        (
            lambda: statistics.autocorrelation_time([1, 2], c=np.inf),
            r"c must be one positive finite number, got inf",
        ),
        (
            lambda: statistics.pulls(1, 1, [1, -0.5]),
            r"error\[1\] is -0.5: an error bar is at least 0 and finite",
        ),
        (lambda: statistics.pulls(1, 1, np.nan), r"error is nan: every entry must be a number"),
        (
            lambda: statistics.pulls(1, 1, np.inf),
            r"error is inf: an error bar is at least 0 and finite",
        ),
        (
            lambda: statistics.pulls([1, np.nan], 1, 1),
            r"measured\[1\] is nan: every entry must be a number",
        ),
        (
            lambda: statistics.pulls(1, [np.nan], 1),
            r"expected\[0\] is nan: every entry must be a number",
        ),
        (
            lambda: statistics.pulls([1, 2], [1, 2, 3], 1),
            r"broadcast, got measured \(2,\), expected \(3,\), error \(\)",
        ),
        (
            lambda: statistics.total_variation([1.0], HALVES),
            r"q must have as many entries as p, 1, got 2",
        ),
        (
            lambda: statistics.total_variation([[0.5, 0.4]], HALVES),
            r"the sum of p\[0\] is 0.9: it must be 1",
        ),
        (
            lambda: statistics.kullback_leibler(HALVES, [0.5, np.nan]),
            r"q\[1\] is nan: every entry must be a number",
        ),
        (
            lambda: statistics.kullback_leibler([HALVES] * 2, [HALVES] * 3),
            r"broadcast, got p \(2, 2\), q \(3, 2\)",
        ),
        (lambda: statistics.kullback_leibler_floor(0, 5), r"bins is 0: it must be at least 1"),
        (lambda: statistics.kullback_leibler_floor(5, 0), r"draws is 0: it must be at least 1"),
        (
            lambda: statistics.kullback_leibler_floor(5, 1e3),
            r"draws must be a whole number, got 1000.0",
        ),
    ],
)
def test_a_refusal_names_the_argument_its_place_and_its_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
