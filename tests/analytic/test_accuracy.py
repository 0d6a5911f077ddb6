"""The law against multiple precision and against tabulated values: how many digits are right.

Every error below is relative, in units that a sum of rounded terms cannot beat: that of the
probability itself, and for the others the sum of the sizes of the terms they are made of."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import optimize

import boltzmann as bz

pytestmark = pytest.mark.usefixtures("both_ways")

# An exponent of up to 745 carries three roundings of 1.1e-16 each, 2.5e-13, and log g adds some.
TOLERANCE = 1e-12
SMALLEST_NORMAL = np.finfo(np.float64).tiny
VALUES = json.loads(
    (Path(__file__).parents[1] / "support" / "reference.json").read_text(encoding="utf-8")
)["values"]
DIGITS = 1e-13  # the table has 15 digits; ln k and the peak temperatures come rounded themselves


def exact_x(energies, t):
    """Return the reference energy and the exact (E - reference)/t; None where forbidden."""
    allowed = [mpmath.mpf(float(energy)) for energy in energies if energy < np.inf]
    reference = max(allowed) if t < 0 else min(allowed)
    return reference, [
        None if energy == np.inf else (mpmath.mpf(float(energy)) - reference) / mpmath.mpf(float(t))
        for energy in energies
    ]


def exact_weights(x, degeneracies):
    """Return g exp(-x); beyond x = 1e5 no degeneracy that a float can hold makes it count."""
    return [
        mpmath.mpf(0) if value is None or value > 1e5 else mpmath.mpf(float(g)) * mpmath.exp(-value)
        for value, g in zip(x, degeneracies, strict=True)
    ]


def worst_error(found, exact):
    """Return the largest relative error.

    Subnormal results count by their absolute error in units of 1e-308.
    """
    errors = [
        abs(mpmath.mpf(float(a)) - b) / max(b, mpmath.mpf(SMALLEST_NORMAL))
        if np.isfinite(a)
        else mpmath.inf
        for a, b in zip(np.ravel(found), exact, strict=True)
    ]
    return float(max(errors))


def systems(count, seed):
    """Yield (energies, degeneracies, t) whose weights span all floats, at every scale of t."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        size = random.integers(1, 9)
        t = 10.0 ** random.uniform(-300, 300)
        offset = random.choice([0.0, -1.0, 1.0]) * t * 10.0 ** random.uniform(-3, 9)
        x = random.choice(
            [random.uniform(0, 740, size), random.uniform(0, 3, size), np.zeros(size)]
        )
        energies = np.clip(offset + t * x, -1e308, 1e308)
        energies[1:][random.random(size - 1) < 0.1] = np.inf
        wide = random.choice([0.0, 1.0, 300.0], p=[0.6, 0.3, 0.1])
        yield energies, 10.0 ** random.uniform(-wide, wide, size), t * random.choice([1.0, -1.0])


ADVERSARIAL = [
    ([0.0, 5e-324, 1e-323, 1e308], [1.0, 1.0, 1.0, 1.0], 5e-324),
    ([-35.2, -36.1, -100.0], [1.0, 2.0, 3.0], 5e-324),
    ([1e300, -1e300, 0.0], [1.0, 1.0, 1.0], 1e300),
    ([1e300, -1e300, 0.0], [1.0, 1.0, 1.0], 3e297),
    ([1e308, -1e308, 1.7e308, -1.7e308], [1.0, 1.0, 5.0, 1.0], 1e308),
    ([1e308, -1e308, 1.7e308, -1.7e308], [1.0, 1.0, 5.0, 1.0], 5e305),
    ([1e308, -1e308, 1.7e308, -1.7e308], [1.0, 1.0, 5.0, 1.0], -1.7e308),
    ([1e308, -1e308, 0.0], [1.0, 1.0, 1.0], 1e-300),
    ([0.0, 1000.0, 1400.0], [1e-300, 1.0, 1e308], 1.0),
    ([1e9, 1e9 + 1e-6, 1e9 + 1], [1.0, 1.0, 1.0], 1e-8),
    ([1.0, 1.0 + 2**-52], [1.0, 1.0], 2.0**-52),
    ([0.0, 1e-300, 1.0, 1e300], [1.0, 1.0, 1.0, 1.0], 1.0),
    ([0.0, 1e-300, 1.0, 1e300], [1.0, 1.0, 1.0, 1.0], 1e300),
    ([0.0, 1e-300, 1.0, 1e300], [1.0, 1.0, 1.0, 1.0], 1e-300),
]


def worst_over(law, cases):
    """Return the worst relative error of `law(energies, degeneracies, t)` over the cases."""
    worst = 0.0
    for energies, degeneracies, t in cases:
        with mpmath.workdps(60), np.errstate(all="ignore"):
            weights = exact_weights(exact_x(energies, t)[1], degeneracies)
            total = mpmath.fsum(weights)
            found = law(np.array(energies), np.array(degeneracies), t)
            worst = max(worst, worst_error(found, [weight / total for weight in weights]))
    return worst


def our_law(energies, degeneracies, t):
    return bz.probabilities(bz.EnergyLevels(energies, degeneracies), t)


def test_probabilities_match_multiple_precision_at_every_scale():
    assert worst_over(our_law, systems(1000, seed=1)) <= TOLERANCE


@pytest.mark.parametrize(("energies", "degeneracies", "t"), ADVERSARIAL)
def test_probabilities_match_multiple_precision_where_numbers_end(energies, degeneracies, t):
    assert worst_over(our_law, [(energies, degeneracies, t)]) <= TOLERANCE


def divided_before_shifted(energies, degeneracies, t):
    logits = -energies / t
    weights = degeneracies * np.exp(logits - logits.max())
    return weights / weights.sum()


def without_degeneracies(energies, degeneracies, t):
    return bz.probabilities(energies, t)


def shifted_to_the_lowest_only(energies, degeneracies, t):
    weights = degeneracies * np.exp(-(energies - energies.min()) / t)
    return weights / weights.sum()


@pytest.mark.parametrize(
    "wrong",
    [divided_before_shifted, without_degeneracies, shifted_to_the_lowest_only],
    ids=lambda f: f.__name__,
)
def test_the_accuracy_check_fails_for_a_wrong_law(wrong):
    assert worst_over(wrong, systems(200, seed=1)) > TOLERANCE


def test_dividing_before_shifting_loses_digits_at_ordinary_numbers():
    cases = [(np.array([1e6, 1e6 + 1e-3]), np.ones(2), 1e-3)]
    assert worst_over(divided_before_shifted, cases) > 1e-9
    assert worst_over(our_law, cases) <= TOLERANCE


def thermodynamics(energies, degeneracies, t):
    """Return log Z, F, U, S and C as (exact value, natural size of its terms)."""
    temperature = mpmath.mpf(float(t))
    reference, x = exact_x(energies, t)
    weights = exact_weights(x, degeneracies)
    total = mpmath.fsum(weights)
    p = [weight / total for weight in weights]
    x = [0 if value is None else value for value in x]
    mean = mpmath.fdot(p, x)
    log_z = mpmath.log(total)
    capacity = mpmath.fdot(p, [(value - mean) ** 2 for value in x])

    return {
        bz.log_partition: (
            log_z - reference / temperature,
            abs(log_z) + abs(reference / temperature),
        ),
        bz.free_energy: (
            reference - temperature * log_z,
            abs(reference) + abs(temperature * log_z),
        ),
        bz.mean_energy: (reference + temperature * mean, abs(reference) + abs(temperature * mean)),
        bz.entropy: (log_z + mean, abs(log_z + mean)),
        bz.heat_capacity: (capacity, capacity),
    }


def thermodynamic_errors(cases):
    """Yield (function, relative error) for whole degeneracies from 1 on."""
    for energies, degeneracies, t in cases:
        whole = np.ceil(np.clip(degeneracies, 1, 1e3))
        with mpmath.workdps(400):  # log(1 + 1e-320) must not be 0
            for function, (exact, size) in thermodynamics(energies, whole, t).items():
                found = float(function(bz.EnergyLevels(energies, whole), t))
                if abs(exact) > np.finfo(np.float64).max:
                    yield (
                        function.__name__,
                        0.0 if found == np.inf * np.sign(float(exact)) else np.inf,
                    )
                else:
                    error = abs(mpmath.mpf(found) - exact)
                    yield function.__name__, float(error / max(size, mpmath.mpf(SMALLEST_NORMAL)))


def test_thermodynamic_functions_match_multiple_precision_at_every_scale():
    assert [
        pair for pair in thermodynamic_errors(systems(400, seed=2)) if pair[1] > TOLERANCE
    ] == []


@pytest.mark.parametrize("case", ADVERSARIAL)
def test_thermodynamic_functions_match_multiple_precision_where_numbers_end(case):
    assert [pair for pair in thermodynamic_errors([case]) if pair[1] > TOLERANCE] == []


def tempered_cases(count, seed):
    """Yield (p, t): near ties, subnormal p, zeros, t at every scale and of either sign."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        size = random.integers(2, 7)
        p = np.exp(-random.uniform(0, random.choice([1e-9, 1.0, 744.0]), size))
        p[1:][random.random(size - 1) < 0.1] = 0.0
        exponent = random.choice([random.uniform(-300, 300), random.uniform(-10, 3)])
        yield p / p.sum(), 10.0**exponent * random.choice([1.0, -1.0])


TEMPERED_ADVERSARIAL = [
    (np.array([0.7, 0.3, 1.5e-323]), 2.0),  # p/q rounds among subnormals
    (np.array([0.7, 0.3, 5e-324]), -1000.0),  # p/q overflows
    (np.array([1.0, 1e-300, 3e-300]), -1.6e-3),  # log p and log q are both 690
    (np.array([0.5, np.nextafter(0.5, 0)]), 1e-16),  # p/q rounds next to 1
    (np.array([0.5, np.nextafter(0.5, 0)]), -1e-16),
    (np.array([0.4999999, 0.25, 0.2500001]), 1e-3),  # either side of a factor of 2
]


def test_temper_matches_multiple_precision_at_every_scale():
    worst = 0.0
    for p, t in [*tempered_cases(1000, seed=3), *TEMPERED_ADVERSARIAL]:
        with mpmath.workdps(60):
            logs = [
                -mpmath.log(mpmath.mpf(float(value))) if value > 0 else mpmath.inf for value in p
            ]
            allowed = [value for value in logs if value < mpmath.inf]
            reference = max(allowed) if t < 0 else min(allowed)
            x = [
                (value - reference) / mpmath.mpf(t) if value < mpmath.inf else None
                for value in logs
            ]

            weights = exact_weights(x, np.ones(p.size))
            total = mpmath.fsum(weights)
            worst = max(worst, worst_error(bz.temper(p, t), [weight / total for weight in weights]))
    assert worst <= TOLERANCE


def test_log_softmax_and_logsumexp_match_multiple_precision():
    # A near-certainty has log p = -exp(-x), which carries the roundings of x: up to 1.7e-13 of
    # itself.
    random = np.random.default_rng(4)
    for scale in 10.0 ** np.arange(-12, 13, 2):
        logits = random.standard_normal(20) * scale + random.standard_normal() * 100
        with mpmath.workdps(60):
            top = mpmath.mpf(float(logits.max()))
            log_z = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(x)) - top) for x in logits))
            logs = [top + log_z - mpmath.mpf(float(x)) for x in logits]
            assert worst_error(-bz.log_softmax(logits), logs) <= TOLERANCE
            size = abs(top) + log_z
            assert abs(mpmath.mpf(float(bz.logsumexp(logits))) - top - log_z) < 1e-15 * size


def test_log_softmax_keeps_the_last_digit_of_a_near_certainty():
    assert bz.log_softmax([0, -40])[0] == pytest.approx(-np.exp(-40), rel=1e-15)
    assert bz.log_softmax([0, -700])[0] == pytest.approx(-np.exp(-700), rel=1e-15)


def number(name, field=None):
    value = VALUES[name]["value"]
    return float(value if field is None else value[field])


REFERENCE_SYSTEMS = {
    "two_level.T=1": bz.two_level(),
    "qho.T=0.5": bz.harmonic_oscillator(400),
    "qho.T=1": bz.harmonic_oscillator(400),
    "qho.T=2": bz.harmonic_oscillator(400),
    "ladder.K=5.T=1": bz.ladder(5),
    "ladder.K=10.T=1": bz.ladder(10),
    "ladder.K=50257.T=1": bz.ladder(50257),
    "ladder.K=50257.T=5": bz.ladder(50257),
    "rotor.T=0.5": bz.rigid_rotor(100),
    "rotor.T=1": bz.rigid_rotor(100),
    "rotor.T=2": bz.rigid_rotor(100),
    "zipf50257.T=1": bz.EnergyLevels(np.log(np.arange(1, 50258))),
}
MEASURES = {
    "p0": lambda levels, t: bz.probabilities(levels, t)[0],
    "p1": lambda levels, t: bz.probabilities(levels, t)[1],
    "Z": lambda levels, t: np.exp(bz.log_partition(levels, t)),
    "F": bz.free_energy,
    "U": bz.mean_energy,
    "S": bz.entropy,
    "C": bz.heat_capacity,
}


@pytest.mark.parametrize("name", REFERENCE_SYSTEMS)
def test_tabulated_systems_have_their_tabulated_values(name):
    t = float(name.split("T=")[1])
    for field in VALUES[name]["value"]:
        assert MEASURES[field](REFERENCE_SYSTEMS[name], t) == pytest.approx(
            number(name, field), rel=DIGITS
        ), field


@pytest.mark.parametrize("degeneracy", [1, 3])
def test_the_schottky_peak_is_where_it_should_be(degeneracy):
    name = f"schottky.g{degeneracy}.peak"
    levels = bz.two_level(degeneracy=degeneracy)
    assert bz.heat_capacity(levels, number(name, "T/Delta")) == pytest.approx(
        number(name, "C"), rel=DIGITS
    )
    peak = optimize.minimize_scalar(
        lambda t: -bz.heat_capacity(levels, t), bounds=(0.2, 0.8), method="bounded"
    )
    # A maximum is flat: 1e-16 in C is 1e-8 in T, and the search stops at 1e-5 of its bracket.
    assert peak.x == pytest.approx(number(name, "T/Delta"), rel=1e-5)


def test_the_rotor_has_its_tabulated_peak():
    t, capacity = number("rotor.C_peak", "T"), number("rotor.C_peak", "C")
    found = bz.heat_capacity(bz.rigid_rotor(100), [0.999 * t, t, 1.001 * t])
    assert found[1] == pytest.approx(capacity, rel=DIGITS)
    assert found[1] > found[0]
    assert found[1] > found[2]


def test_heat_capacity_is_the_fisher_information_of_the_temperature():
    capacity = bz.heat_capacity([0, 0.3, 1, 1.7, 2.5], 1)
    assert capacity == pytest.approx(number("fisher.E5.T=1", "C"), rel=DIGITS)
    assert 1 / np.sqrt(1e4 * capacity) == pytest.approx(
        number("fisher.E5.T=1", "sigma_T_over_T_n=10000"), rel=DIGITS
    )


def test_tied_logits_have_their_tabulated_softmax():
    expected = [float(value) for value in VALUES["softmax.tied5.T=1"]["value"]]
    assert bz.softmax([2, 2, 1, -1, 0.5]) == pytest.approx(expected, rel=DIGITS)


def test_a_fine_column_is_barometric():
    # Cutting the column into K layers moves both moments by about 1/(12 K²): 8.4e-10 at K = 10,000.
    gas = bz.column(10_000)
    mean, variance = bz.mean_energy(gas, 1), bz.heat_capacity(gas, 1)
    assert mean == pytest.approx(number("barometric.H=1.T=1", "mean_h"), abs=1e-9)
    assert variance == pytest.approx(number("barometric.H=1.T=1", "var_h"), abs=1e-9)
    p = bz.probabilities(gas, 1)
    top_to_bottom = (p[-1] / p[0]) ** (
        10_000 / 9_999
    )  # from the middles of the layers to the ends of the column
    assert top_to_bottom == pytest.approx(number("barometric.H=1.T=1", "p_top/p_bottom"), rel=1e-12)
