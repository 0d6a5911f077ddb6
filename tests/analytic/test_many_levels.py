"""Many levels at many temperatures: no array of both, and the same numbers from either way."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

import boltzmann as bz
from boltzmann.analytic import many, tempering
from boltzmann.analytic.temper_kernel import log_ratio

INF = np.inf
FUNCTIONS = [
    bz.probabilities,
    bz.log_partition,
    bz.free_energy,
    bz.mean_energy,
    bz.entropy,
    bz.heat_capacity,
    bz.perplexity,
]
TEMPERATURES = np.concatenate(
    (
        [0.0, INF, -INF, 1e-300, 1e300, -1e-80],
        np.geomspace(0.01, 100, 997),
        -np.geomspace(0.1, 9, 997),
    )
)


def peak_beside_the_answer(call):
    """Return the most memory that a call takes at once, in bytes, less its answer."""
    call()  # compiled code stays
    tracemalloc.start()
    answer = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - answer.nbytes


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_array_holds_all_levels_at_all_temperatures(function):
    """Such an array would have 16 MB."""
    energies = np.random.default_rng(0).uniform(0, 10, 1000)
    t = np.geomspace(0.01, 100, 2000)
    assert peak_beside_the_answer(lambda: function(energies, t)) < 1e6
    levels = bz.EnergyLevels(energies, np.arange(1.0, 1001.0))
    assert peak_beside_the_answer(lambda: function(levels, -t)) < 1e6


@pytest.mark.parametrize("function", FUNCTIONS)
def test_limits_are_taken_in_pieces(function):
    energies = np.random.default_rng(0).uniform(0, 10, 1000)
    energies[3] = -INF
    t = np.geomspace(0.01, 100, 2000)
    assert peak_beside_the_answer(lambda: function(energies, t)) < 8e6
    assert peak_beside_the_answer(lambda: function(energies[4:], np.zeros(2000))) < 8e6


def test_logits_are_not_copied():
    """A float64 copy of these would have 8 MB."""
    x = np.random.default_rng(0).standard_normal((20, 50_000)).astype(np.float32)
    for function in (bz.softmax, bz.log_softmax, bz.logsumexp):
        assert peak_beside_the_answer(lambda function=function: function(x)) < 1e5
    p = bz.softmax(x)
    assert peak_beside_the_answer(lambda: bz.temper(p, 0.7)) < 2.5e6  # which entries are nan


def systems():
    random = np.random.default_rng(1)
    energies = random.uniform(-3, 3, (2, 37))
    yield energies
    energies = energies.copy()
    energies[:, [0, 5, 36]] = INF
    yield energies
    yield np.where(energies > 2.5, -INF, energies)
    yield energies * 1e90
    yield bz.EnergyLevels(energies[0], 10.0 ** random.uniform(-200, 200, 37))
    yield bz.EnergyLevels(energies[1], random.integers(1, 9, 37))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_compiled_code_and_numpy_agree_at_every_temperature(function, monkeypatch):
    """The allowed error is that of the sums of the terms, all of ordinary size here."""
    for levels in systems():
        found = []
        for least in (1, 10**9):
            monkeypatch.setattr(many, "MANY", least)
            found.append(function(levels, TEMPERATURES))
        assert_allclose(*found, rtol=1e-11, atol=1e-300 if function is bz.probabilities else 1e-11)


def test_tempered_rows_agree_at_every_temperature(monkeypatch):
    p = bz.softmax(np.random.default_rng(2).uniform(-700, 0, (50, 11)))
    p[:20, 3] = 0.0
    p /= p.sum(axis=1, keepdims=True)
    found = []
    for least in (1, 10**9):
        monkeypatch.setattr(tempering, "MANY", least)
        found.append(bz.temper(p, np.append(TEMPERATURES[::40], 1.0)))
    assert_allclose(*found, rtol=1e-12, atol=1e-300)


def ratios(count):
    """Yield (p, q): anywhere, near each other, neighbours, and p among the subnormal numbers."""
    random = np.random.default_rng(3)
    for _ in range(count):
        q = np.exp(-random.uniform(0, 600))
        yield np.exp(-random.uniform(0, 744)), q
        yield q * random.uniform(0.3, 3), q
        yield q * (1 + random.uniform(-1, 1) * 10 ** -random.uniform(0, 16)), q
        yield np.nextafter(q, random.integers(2)), q
        yield 5e-324 * random.integers(1, 1000), q


def test_the_logarithm_of_a_ratio_keeps_its_digits():
    worst = 0.0
    for p, q in ratios(500):
        with mpmath.workdps(40):
            exact = mpmath.log(mpmath.mpf(float(p)) / mpmath.mpf(float(q)))
            error = abs(mpmath.mpf(float(log_ratio(p, q))) - exact)
            worst = max(worst, float(error / abs(exact))) if exact else max(worst, float(error))
    assert worst < 1e-15
