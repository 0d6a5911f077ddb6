"""Binomial and multinomial numbers: their law, their hat and squeeze, their digits."""

import math

import mpmath
import numpy as np
import pytest
from numba import njit
from scipy import stats

from boltzmann.simulation.kernels import binomials
from boltzmann.simulation.kernels.random_streams import COUNTS, keyed_state, next_word

FALSE_ALARM = 1e-8  # of each p-value below
DRAWS = 2**20

# Small means, either side of mean 10, large ones; p on either side of 1/2.
REGIMES = [
    (1, 0.3),
    (5, 0.5),
    (9, 0.9),
    (10**15, 1e-16),
    (1000, 1e-4),
    (19, 0.5),
    (20, 0.5),
    (25, 0.6),
    (10**9, 9.99e-9),
    (10**9, 1.0001e-8),
    (40, 0.3),
    (100, 0.95),
    (1000, 0.03),
    (5000, 0.5),
    (10**6, 0.001),
    (2_000_000, 0.5),
    (2_000_000, 1 - 0.1),
]
# So many trials that no bin of one number is ever filled.
LARGE = [
    (10**9, 0.4),
    (10**12, 1e-6),
    (10**15, 1e-9),
    (10**15, 0.3),
    (10**15, 0.999),
    (2**53, 0.5),
]


@njit
def _fill(draw, stream, n, p, drawn):
    for place in range(drawn.size):
        drawn[place] = draw(stream, n, p)


def drawn(n, p, *, seed=0, draws=DRAWS, draw=binomials.binomial):
    numbers = np.empty(draws, np.int64)
    _fill(draw, keyed_state(seed, COUNTS), n, p, numbers)
    return numbers


def chi_square_p_value(numbers, n, p):
    """Return the p-value of counts of numbers; neighbours are pooled until they expect 20."""
    law = stats.binom(n, p)
    low, high = int(law.ppf(1e-9)), int(law.ppf(1 - 1e-9))
    # At most some 2000 bins; the first and the last one hold the tails.
    edges = np.unique(np.linspace(low, high, min(high - low, 2000) + 1).astype(np.int64))
    below = np.concatenate(([0.0], law.cdf(edges), [1.0]))
    expected = np.diff(below) * numbers.size
    observed = np.bincount(np.searchsorted(edges, numbers), minlength=expected.size)

    group = np.floor(np.cumsum(expected) / 20).astype(np.int64)
    group = np.minimum(group, group[-1] - 1) if group[-1] > 0 else group
    expected = np.bincount(group, expected)
    observed = np.bincount(group, observed)
    some = expected > 0
    assert observed[~some].sum() == 0
    off = ((observed[some] - expected[some]) ** 2 / expected[some]).sum()
    return stats.chi2.sf(off, some.sum() - 1) if some.sum() > 1 else 1.0


def uniform_p_value(numbers, n, p):
    """Return the p-value of 256 equal bins of the normal law with Cornish and Fisher's skewness.

    A number is put anywhere in its step of 1. What all this leaves out is of order 1/(n p), far
    below what so many draws can see.
    """
    mean, deviation = n * p, math.sqrt(n * p * (1 - p))
    within = np.random.default_rng(5).uniform(-0.5, 0.5, numbers.size)
    z = ((numbers - math.floor(mean)) - (mean - math.floor(mean)) + within) / deviation
    z -= (1 - 2 * p) / deviation * (z**2 - 1) / 6
    observed = np.bincount((stats.norm.cdf(z) * 256).astype(np.int64), minlength=256)
    return stats.chisquare(observed).pvalue


@pytest.mark.parametrize(("n", "p"), REGIMES)
def test_the_numbers_follow_the_binomial_law(n, p):
    """A density off by 1 % at the mode, where there are some ten numbers, would be caught."""
    assert chi_square_p_value(drawn(n, p), n, p) > FALSE_ALARM


@pytest.mark.parametrize(("n", "p"), LARGE)
def test_the_law_keeps_its_digits_at_10_to_the_15_trials(n, p):
    """Bins of the distribution, then mean and variance within 6 standard errors (2e-9 each).

    A mean off by 0.006, or a deviation by 0.004, of the standard deviation would be caught.
    """
    numbers = drawn(n, p)
    assert uniform_p_value(numbers, n, p) > FALSE_ALARM
    mean, variance = n * p, n * p * (1 - p)
    off = (numbers - math.floor(mean)) - (mean - math.floor(mean))
    assert abs(off.mean()) < 6 * math.sqrt(variance / DRAWS)
    assert abs((off**2).mean() / variance - 1) < 6 * math.sqrt(2 / DRAWS)


def test_neighbouring_numbers_are_alike_at_10_to_the_15_trials():
    """Last bits, of which 2^20 are fair within 5.7 standard errors: a false alarm in 8e7."""
    for n, p in LARGE:
        odd = (drawn(n, p, seed=1) & 1).sum()
        assert abs(odd - DRAWS / 2) < 5.7 * math.sqrt(DRAWS) / 2


def scaled(**factors):
    """Return `binomial` with the parts of its hat multiplied by these factors."""
    a, b, height, squeeze = (factors.get(part, 1.0) for part in ("a", "b", "height", "squeeze"))
    hat = binomials.hat

    @njit
    def other_hat(p, deviation):
        true_a, true_b, true_height, true_squeeze = hat(p, deviation)
        return true_a * a, true_b * b, true_height * height, true_squeeze * squeeze

    return rebuilt(hat=other_hat)


def rebuilt(**changed):
    """Return `binomial` compiled with other parts."""
    names = vars(binomials) | changed
    for part in ("by_rejection", "binomial"):
        function = getattr(binomials, part)
        source = function.py_func if hasattr(function, "py_func") else function
        made = type(source)(source.__code__, names, part)
        names[part] = changed.get(part) or njit(made, error_model="numpy")
    return names["binomial"]


@njit
def _always(bound, k, mode, n, mean):
    return True


@njit
def _without_correction(k, n, mean):
    difference = k - mean
    return -(difference**2) / (2 * mean * (1 - mean / n))


@njit
def _asymmetric(stream, n, p):
    return binomials.binomial(stream, n, min(p, 1 - p))


_normal = njit(
    lambda bound, k, mode, n, mean: (
        math.log(bound) <= _without_correction(k, n, mean) - _without_correction(mode, n, mean)
    )
)


@pytest.mark.parametrize(
    ("wrong", "n", "p"),
    [
        (lambda: rebuilt(takes=_always), 1000, 0.03),
        (lambda: rebuilt(takes=_normal), 1000, 0.03),
        (lambda: scaled(squeeze=1.5), 1000, 0.03),
        (lambda: scaled(height=0.85), 1000, 0.03),
        (lambda: _asymmetric, 100, 0.95),
    ],
    ids=["hat itself", "normal density", "high squeeze", "low hat", "no symmetry"],
)
def test_the_check_of_the_law_sees_a_wrong_method(wrong, n, p):
    assert chi_square_p_value(drawn(n, p, draw=rebuilt()), n, p) > FALSE_ALARM
    assert chi_square_p_value(drawn(n, p, draw=wrong()), n, p) < 1e-12


def test_the_check_of_many_trials_sees_an_error_of_the_mean():
    n, p = 10**15, 0.3
    shift = 0.02 * math.sqrt(n * p * (1 - p))
    assert uniform_p_value(drawn(n, p) + int(shift), n, p) < 1e-12


@pytest.mark.parametrize("p", [1e-12, 0.01, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("mean", [10.0, 10.3, 11.0, 14.7, 30.0, 100.0, 2345.6, 1e6])
def test_the_hat_lies_above_the_law_and_the_squeeze_below_it(p, mean):
    """So no number is drawn too often or too rarely, by however little: the method is exact."""
    n = math.ceil(mean / p)
    mean = n * p
    deviation = math.sqrt(mean * (1 - p))
    a, b, height, squeeze = binomials.hat(p, deviation)
    u = np.linspace(-0.5, 0.5, 2_000_003)[1:-1]
    edge = 0.5 - np.abs(u)
    k = np.floor((2 * a / edge + b) * u + mean + 0.5)
    law = stats.binom(n, p)
    mode = math.floor((n + 1) * p)
    lowest = max(int(mean - 40 * deviation) - 1, 0)
    highest = min(int(mean + 40 * deviation) + 1, n)
    table = law.pmf(np.arange(lowest, highest + 1)) / law.pmf(mode)
    inside = (k >= lowest) & (k <= highest)
    ratio = np.zeros_like(u)
    ratio[inside] = table[k[inside].astype(np.int64) - lowest]
    taken = ratio * (a / edge**2 + b) / height  # the probability with which v takes this k
    assert taken.max() <= 1
    assert taken[edge >= 0.07].min() >= squeeze


@pytest.mark.parametrize(
    ("n", "p"),
    [
        (n, p)
        for n in (20, 1000, 10**6, 10**9, 10**15, 2**53)
        for p in (1.1e-14, 1.1e-8, 0.003, 0.2, 0.5)
        if n * p >= binomials.LEAST_MEAN
    ],
)
def test_a_ratio_of_probabilities_is_right_to_1e_12(n, p):
    """Beside multiple precision, at 0 to 9 deviations from the mean; as `takes` decides."""
    mean = float(n) * p
    mode = math.floor((n + 1.0) * p)

    with mpmath.workdps(60):
        exact_p = mpmath.mpf(mean) / n
        for deviations in (-9, -3, -1, -0.1, 0, 0.2, 1, 4, 9):
            k = min(max(round(mean + deviations * math.sqrt(mean * (1 - p))), 0), n)
            exact = (
                mpmath.loggamma(mode + 1)
                + mpmath.loggamma(n - mode + 1)
                - mpmath.loggamma(k + 1)
                - mpmath.loggamma(n - k + 1)
                + (k - mode) * mpmath.log(exact_p / (1 - exact_p))
            )
            ratio = float(mpmath.exp(exact))
            arguments = (float(k), float(mode), float(n), mean)
            assert binomials.takes(ratio * (1 - 1e-12), *arguments)
            assert not binomials.takes(ratio * (1 + 1e-12), *arguments)


def test_the_edges_take_no_word():
    stream = keyed_state(0, COUNTS)
    before = stream.copy()
    for n, p, number in [(0, 0.5, 0), (7, 0.0, 0), (7, 1.0, 7), (2**53, 1.0, 2**53), (0, 1.0, 0)]:
        assert binomials.binomial(stream, n, p) == number
    assert np.array_equal(stream, before)


def test_a_single_generator_gives_the_words_of_numpy():
    stream = keyed_state(3, COUNTS)
    generator = np.random.SFC64()
    generator.state = generator.state | {"state": {"state": stream.copy()}}
    assert [int(next_word(stream)) for _ in range(100)] == generator.random_raw(100).tolist()
    assert stream.tolist() == generator.state["state"]["state"].tolist()


def test_conditional_chances_never_exceed_1():
    rows = np.random.default_rng(0).dirichlet(np.full(300, 0.02), 200)
    rows[:, -3:] = 0.0
    rows[0] = 0.0
    rows[0, 7] = 1 / 3  # sums to less than 1: what is left goes to the last that is possible
    chances = rows.copy()
    binomials.conditional_chances(chances)
    assert np.all((chances >= 0) & (chances <= 1))
    assert np.array_equal(chances > 0, rows > 0)
    for row, probabilities in zip(chances, rows, strict=True):
        last = np.flatnonzero(probabilities)[-1]
        assert row[last] == 1
        left = np.concatenate(([1.0], np.cumprod(1 - row[:-1])))
        assert left * row == pytest.approx(probabilities / probabilities.sum(), abs=1e-13)


def test_a_multinomial_gives_each_particle_a_level_by_the_law():
    """False alarms: 1e-8. Of 10^12 particles, shares off by 2e-6 would be caught."""
    law = np.array([0.2, 0.0, 0.5, 1e-9, 0.3 - 1e-9, 0.0])
    chances = law[None, :].copy()
    binomials.conditional_chances(chances)
    drawn = np.empty(law.size, np.int64)
    binomials.multinomial(keyed_state(0, COUNTS), 10**12, chances[0], drawn)
    assert drawn.sum() == 10**12
    some = law > 0
    assert np.all(drawn[~some] == 0)
    assert stats.chisquare(drawn[some], 1e12 * law[some]).pvalue > FALSE_ALARM


PINNED = [
    4,
    8,
    4,
    17,
    900160,
    300000017225702,
    2,
    9,
    0,
    13,
    900274,
    299999998610605,
    2,
    8,
    0,
    16,
    899892,
    299999970835037,
    2,
    9,
    3,
    12,
    900166,
    300000033131865,
]


def test_the_numbers_of_a_seed_are_pinned():
    """They do not depend on NumPy's version: all NumPy does is to key the words, which it fixes.

    NumPy promises that the words of a bit generator stay, and not what its distributions make of
    them (NEP 19). A change here is a change of every result with engine="counts".
    """
    regimes = [(5, 0.5), (9, 0.9), (10**15, 1e-15), (40, 0.3), (10**6, 0.9), (10**15, 0.3)]
    stream = keyed_state(2026, COUNTS)
    assert [binomials.binomial(stream, n, p) for _ in range(4) for n, p in regimes] == PINNED
