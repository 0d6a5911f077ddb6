"""The transition matrix, exactly: against formulas and tabulated values, and word by word."""

from fractions import Fraction
from functools import cache
from itertools import product

import mpmath
import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation.kernels import move_tables

EPS = 2.0**-52
INF = np.inf
RULES = ("metropolis", "glauber", "heat-bath")
TEMPERATURES = (0.0, 5e-324, 1e-3, 0.7, 1.0, 50.0, 1e300, INF, -INF, -2.0, -1e-3, -5e-324)

source = np.random.default_rng(2024)
SYSTEMS = {
    "two levels": ([0.0, 1.0], [1, 1]),
    "two levels of 1 and 3 states": ([0.0, 1.0], [1, 3]),
    "ties": ([1.0, 0.0, 3.0, 1.0, 0.0], [1, 1, 1, 1, 1]),
    "rotor": ([0.0, 2.0, 6.0], [1, 3, 5]),
    "odd degeneracies": ([0.3, 0.0, -1.0], [1e-3, 2.5, 1e6]),
    "forbidden": ([0.0, INF, 1.0, 0.5, INF], [1, 2, 3, 1, 1]),
    "bottomless": ([0.0, -INF, 1.0, -INF, INF], [1, 2, 3, 1, 1]),
    "as far apart as floats": ([1e308, -1e308, 0.0, 1.7e308, -1.7e308, 3.0], [1] * 6),
    "subnormal": ([0.0, 5e-324, 1e-323, 1e-310], [1] * 4),
    "eight": (source.normal(size=8), source.uniform(0.5, 5, 8)),
    "hundred": (source.uniform(-30, 30, 100), source.integers(1, 9, 100)),
}
CASES = [
    pytest.param(name, t, id=f"{name}, t={t}")
    for name in SYSTEMS
    for t in (TEMPERATURES if name != "hundred" else (0.0, 1.0, 20.0, INF, -3.0))
]


def exponent(here, there, t):
    """Return (there - here)/t, exactly, with the limits that the package promises."""
    if here == there or INF in (here, there):
        return 0.0 if here == there < INF else INF if there == INF else -INF
    if np.isinf(t) and np.isfinite(here) and np.isfinite(there):
        return 0.0
    if t == 0 or np.isinf([here, there, t]).any():
        return INF if (there > here) == (t >= 0) else -INF
    return (Fraction(there) - Fraction(here)) / Fraction(t)


@cache
def exponents(name, t):
    """Return (E_j - E_i)/t, (K, K), rounded once; what is beyond a million is a million."""
    energies = [float(energy) for energy in SYSTEMS[name][0]]
    return np.array(
        [[float(min(max(exponent(i, j, t), -1e6), 1e6)) for j in energies] for i in energies]
    )


@cache
def law(name, t):
    """Return the Boltzmann distribution, each weight rounded once; those below exp(-1e6) are 0."""
    energies = [float(energy) for energy in SYSTEMS[name][0]]
    likeliest = energies[np.argmin(exponents(name, t).max(axis=0))]
    with mpmath.workdps(30):
        weights = []
        for energy, degeneracy in zip(energies, SYSTEMS[name][1], strict=True):
            x = Fraction(min(exponent(likeliest, energy, t), 10**6))
            weights.append(
                mpmath.mpf(float(degeneracy)) * mpmath.exp(-mpmath.mpf(x.numerator) / x.denominator)
            )
        return np.array([float(weight / mpmath.fsum(weights)) for weight in weights])


def proposals(size):
    """Return each proposal by name, and its matrix (K, K); one is uneven and has zeros."""
    random = np.random.default_rng(size)
    walk = (np.eye(size, k=1) + np.eye(size, k=-1)) / 2
    holes = np.triu(random.random((size, size)) < 0.3, 1)
    weights = random.uniform(0.01, 1, (size, size)) * ~(holes | holes.T)
    uneven = weights / weights.sum(axis=1, keepdims=True)
    others = (1 - np.eye(size)) / (size - 1)
    return {
        "uniform": ("uniform", np.full((size, size), 1 / size)),
        "neighbour": ("neighbour", walk + np.diag(1 - walk.sum(axis=1))),
        "others": (others, others),
        "uneven": (uneven, uneven),
    }


def chains(name):
    """Yield every chain of a system: its name, levels, proposal, proposal matrix and rule."""
    levels = bz.EnergyLevels(*SYSTEMS[name])
    for (kind, (proposal, q)), rule in product(proposals(len(levels)).items(), RULES):
        yield f"{kind}, {rule}", levels, proposal, q, rule


def redraws_all(kind):
    return kind == "uniform, heat-bath"


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_law_of_these_tests_is_the_law_of_the_package(name):
    """So its limits are the promised ones; the exponent may carry two roundings, 745 eps each."""
    for t in (0.0, 5e-324, 1.0, INF, -INF, -2.0):
        assert np.allclose(
            law(name, t),
            bz.probabilities(bz.EnergyLevels(*SYSTEMS[name]), t),
            rtol=4e-13,
            atol=1e-300,
        )


@pytest.mark.parametrize(("name", "t"), CASES)
def test_every_chain_keeps_the_law_in_detailed_balance(name, t):
    """x = ΔE/t carries two roundings, which exp makes x·eps; all else adds 7 eps on each side.

    That is exp itself, g, q, r/(1 + r) and π.
    """
    pi = law(name, t)
    x = np.minimum(np.abs(exponents(name, t)), 745)  # beyond, both flows are below 5e-324
    gaps = x[np.argmax(pi / np.asarray(SYSTEMS[name][1]))]
    for kind, levels, proposal, _, rule in chains(name):
        size = len(levels)
        matrix = bz.transition_matrix(levels, t, proposal, rule)
        assert matrix.shape == (size, size)
        assert matrix.min() >= 0, kind
        assert np.abs(matrix.sum(axis=1) - 1).max() <= (size + 4) * EPS, kind

        flow = pi[:, None] * matrix
        steepness = gaps + gaps[:, None] if redraws_all(kind) else x
        # 1e-300, because a subnormal exponential is not that exact.
        allowed = (steepness + 14) * EPS * np.maximum(flow, flow.T) + 1e-300
        assert np.all(np.abs(flow - flow.T) <= allowed), kind
        assert np.all(np.abs(pi @ matrix - pi) <= allowed.sum(axis=0) + (size + 6) * EPS * pi), kind


@pytest.mark.parametrize(("name", "t"), CASES)
def test_a_move_is_proposed_and_then_accepted(name, t):
    """Off the diagonal P_ij = q_ij min(1, r), or q_ij r/(1 + r).

    With r = (g_j q_ji / g_i q_ij) exp(-ΔE/t).
    """
    x, g = exponents(name, t), np.asarray(SYSTEMS[name][1], float)
    allowed = (np.minimum(np.abs(x), 745) + 14) * EPS
    for kind, levels, proposal, q, rule in chains(name):
        matrix = bz.transition_matrix(levels, t, proposal, rule)
        if redraws_all(kind):
            expected = np.tile(law(name, t), (len(g), 1))
            assert np.allclose(matrix, expected, rtol=757 * EPS, atol=1e-300), kind
            continue

        with np.errstate(all="ignore"):
            r = np.where(q > 0, g / g[:, None] * q.T / q * np.exp(-x), 0)
            expected = q * (np.minimum(1, r) if rule == "metropolis" else 1 / (1 + 1 / r))
        apart = ~np.eye(len(g), dtype=bool)
        assert np.all(np.abs(matrix - expected)[apart] <= (allowed * expected + 1e-300)[apart]), (
            kind
        )


def test_matrices_by_hand():
    s, e = 1 / (1 + np.e), np.exp(-1.0)
    half = 1 / np.log(2)  # the temperature at which a step of 1 has the ratio 1/2
    by_hand = [
        (([0, 1], 1.0), [[1 - e / 2, e / 2], [1 / 2, 1 / 2]]),
        (([0, 1], 1.0, "neighbour"), [[1 - e / 2, e / 2], [1 / 2, 1 / 2]]),
        (([0, 1], 1.0, "uniform", "glauber"), [[1 - s / 2, s / 2], [(1 - s) / 2, (1 + s) / 2]]),
        (([0, 1], 1.0, "uniform", "heat-bath"), [[1 - s, s], [1 - s, s]]),
        (([0, 1], 1.0, "neighbour", "heat-bath"), [[1 - s / 2, s / 2], [(1 - s) / 2, (1 + s) / 2]]),
        (([0, 1], 1.0, [[0, 1], [1, 0]]), [[1 - e, e], [1, 0]]),
        (([0, 1], -1.0), [[1 / 2, 1 / 2], [e / 2, 1 - e / 2]]),
        (([0, 0], 1.0, [[0.5, 0.5], [0.25, 0.75]]), [[3 / 4, 1 / 4], [1 / 4, 3 / 4]]),
        ((bz.EnergyLevels([0, 1], [1, 3]), INF), [[1 / 2, 1 / 2], [1 / 6, 5 / 6]]),
        ((bz.EnergyLevels([0, 1], [1, 4]), half), [[1 / 2, 1 / 2], [1 / 4, 3 / 4]]),
        (([0, 1, 2], half), [[3 / 4, 1 / 6, 1 / 12], [1 / 3, 1 / 2, 1 / 6], [1 / 3, 1 / 3, 1 / 3]]),
        (
            ([0, 1, 2], half, "neighbour"),
            [[3 / 4, 1 / 4, 0], [1 / 2, 1 / 4, 1 / 4], [0, 1 / 2, 1 / 2]],
        ),
        (([0, 1, 2], 0.0, "neighbour"), [[1, 0, 0], [1 / 2, 1 / 2, 0], [0, 1 / 2, 1 / 2]]),
        (([0, 1, INF], -1.0), [[2 / 3, 1 / 3, 0], [e / 3, 1 - e / 3, 0], [1 / 3, 1 / 3, 1 / 3]]),
        (([0.0], 1.0), [[1]]),
    ]

    for arguments, matrix in by_hand:
        assert np.allclose(bz.transition_matrix(*arguments), matrix, rtol=4 * EPS, atol=0), (
            arguments
        )


# Levels 0, 1, 2, 3, 4: autocorrelation time of the energy, second eigenvalue, moves per proposal of
# another level.
TABULATED = [
    ("others", 0.5, 5.47415686435688, 0.710883715767521, 0.0781453163973086),
    ("others", 1.0, 3.43861867897732, 0.607170642083837, 0.274029216168903),
    ("uniform", 1.0, 4.54827334872165, 0.685736513667069, 0.274029216168903),
    ("uniform", 2.0, 2.7459156066806, 0.533424891146176, 0.547183316683769),
    ("neighbour", 1.0, 8.50962608737725, 0.806753890731247, 0.363591353441169),
    ("neighbour", 2.0, 10.2494533274416, 0.826797738880966, 0.571344471222833),
]


def correlation_time(matrix, pi, observable):
    """Return 1 + 2 Σ C_t/C_0 from the fundamental matrix.

    .. J. G. Kemeny and J. L. Snell, Finite Markov Chains (1960).
    """
    centred = observable - pi @ observable
    fundamental = np.linalg.inv(np.eye(pi.size) - matrix + pi)
    return 2 * (pi * centred) @ fundamental @ centred / (pi @ centred**2) - 1


@pytest.mark.parametrize(("kind", "t", "time", "second", "acceptance"), TABULATED)
def test_relaxation_and_acceptance_are_the_tabulated_ones(kind, t, time, second, acceptance):
    """15 digits; a small solve and an eigenvalue lose two."""
    energies = np.arange(5.0)
    pi = np.exp(-energies / t) / np.exp(-energies / t).sum()
    matrix = bz.transition_matrix(energies, t, proposals(5)[kind][0])
    moves = pi @ (1 - np.diag(matrix)) / (4 / 5 if kind == "uniform" else 1)
    found = (
        correlation_time(matrix, pi, energies),
        np.sort(np.linalg.eigvals(matrix).real)[-2],
        moves,
    )
    assert found == pytest.approx((time, second, acceptance), rel=1e-13)


def test_two_levels_that_always_propose_the_other_forget_faster_than_chance():
    matrix = bz.transition_matrix([0, 1], 1.0, [[0, 1], [1, 0]])
    pi = np.array([1, np.exp(-1)]) / (1 + np.exp(-1))
    found = correlation_time(matrix, pi, np.arange(2.0)), np.linalg.eigvals(matrix).min()
    assert found == pytest.approx((0.46211715726001, -0.367879441171442), rel=1e-13)


def test_metropolis_moves_at_least_as_often_as_glauber():
    """Peskun, Biometrika 60, 607 (1973)."""
    for name, t in product(SYSTEMS, (0.0, 1.0, INF, -2.0)):
        for proposal, _ in proposals(len(SYSTEMS[name][0])).values():
            levels = bz.EnergyLevels(*SYSTEMS[name])
            matrices = [
                bz.transition_matrix(levels, t, proposal, rule)
                for rule in ("metropolis", "glauber")
            ]
            apart = ~np.eye(len(levels), dtype=bool)
            assert np.all(
                matrices[0][apart] * (1 + 2 * EPS) >= matrices[1][apart]
            )  # 1/(1 + 1/r) is rounded


def test_only_differences_over_the_temperature_count():
    energies, degeneracies = np.array([0.0, 0.25, 1.5, 3.0]), [1, 2, 1, 4]
    order = np.array([2, 0, 3, 1])
    for rule, t in product(RULES, (0.0, 0.5, INF, -1.0)):
        for kind, (proposal, _) in proposals(4).items():
            expected = bz.transition_matrix(
                bz.EnergyLevels(energies, degeneracies), t, proposal, rule
            )

            same = [(energies + 4, t), (energies * 8, t * 8)]
            if t != 0:  # at 0 the ground level is the limit from above
                same.append((-energies, -t))
            for other, u in same:
                levels = bz.EnergyLevels(other, degeneracies)
                assert np.array_equal(bz.transition_matrix(levels, u, proposal, rule), expected), (
                    kind
                )

        shuffled = bz.transition_matrix(
            bz.EnergyLevels(energies[order], np.take(degeneracies, order)), t, rule=rule
        )
        expected = bz.transition_matrix(bz.EnergyLevels(energies, degeneracies), t, rule=rule)
        assert np.allclose(shuffled, expected[np.ix_(order, order)], rtol=8 * EPS, atol=0)


def test_a_forbidden_level_is_left_and_never_entered():
    levels = bz.EnergyLevels([0, INF, 1])
    for t, rule in product(TEMPERATURES, RULES):
        matrix = bz.transition_matrix(levels, t, rule=rule)
        assert np.all(matrix[[0, 2], 1] == 0)
        assert matrix[1, 1] == pytest.approx(0 if rule == "heat-bath" else 1 / 3)


def test_a_proposal_matrix_is_read_as_probabilities_in_any_type_and_left_as_it_is():
    energies, q = np.arange(7.0), (1 - np.eye(7)) / 6
    single = q.astype(np.float32)  # its rows sum to 1 + 3e-8
    for matrix in (q.tolist(), q * (1 + 1e-8), single, np.asfortranarray(single)):
        before = np.array(matrix)
        assert (
            np.abs(bz.transition_matrix(energies, INF, matrix) - (1 - np.eye(7)) / 6).max()
            <= 2 * EPS
        )
        assert np.array_equal(before, matrix)

    expected = bz.transition_matrix([0.0, 1.0], 0.5)
    for levels, t in (
        ((0, 1), 0.5),
        (np.arange(2, dtype=np.float16), np.float32(0.5)),
        ([False, True], np.array(0.5)),
    ):
        assert np.array_equal(bz.transition_matrix(levels, t), expected)


def test_a_proposal_so_uneven_that_its_correction_overflows_is_still_balanced():
    for energies, q in (([705, 0], 1e-6), ([1, 0], 1e-320), ([0, 700], 1e-300)):
        matrix = bz.transition_matrix(energies, 1.0, [[1 - q, q], [0.5, 0.5]])
        ratio = 0.5 / mpmath.mpf(q) * mpmath.exp(energies[0] - energies[1])
        assert matrix[0, 1] == pytest.approx(float(q * min(1, ratio)), rel=1e-12)
        assert matrix[1, 0] == pytest.approx(float(0.5 * min(1, 1 / ratio)), rel=1e-12, abs=1e-323)


def quantised(levels, t, proposal, rule):
    words, total = bz.quantised_transition_matrix(levels, t, proposal, rule)
    assert words.dtype == np.int64
    assert words.min() >= 0
    assert np.all(words.sum(axis=1) == total)
    return words, total


@pytest.mark.parametrize(("name", "t"), CASES)
def test_whole_numbers_of_words_are_the_matrix_to_half_a_word_in_each_bucket(name, t):
    """Each other level has one bucket, and K of them (two for neighbours) may end in staying.

    Of a row that is no plain acceptance each entry is within one word. A float has digits for 1e-6
    of a word.
    """
    for kind, levels, proposal, _, rule in chains(name):
        words, total = quantised(levels, t, proposal, rule)
        matrix = bz.transition_matrix(levels, t, proposal, rule)
        size = len(levels)
        if isinstance(proposal, str) and not redraws_all(kind):
            buckets = size if proposal == "uniform" else 2
            allowed = np.where(np.eye(size), buckets / 2, 1 / 2)
        else:
            buckets, allowed = size, 1
        assert total == buckets * (2**32 // buckets)
        assert np.all(np.abs(words - matrix * total) <= allowed + 1e-4), kind
        assert np.all(words[matrix == 0] == 0), kind


@pytest.mark.parametrize("name", ["two levels of 1 and 3 states", "ties", "rotor", "forbidden"])
def test_whole_numbers_of_words_balance_to_the_rounding(name):
    """At t = 1/ln 4 the weights are fractions, g/4^E, and the balance is checked in exact ones."""
    energies, g = SYSTEMS[name]
    pi = [
        Fraction(k) / 2 ** int(2 * e) if e < INF else Fraction(0)
        for e, k in zip(energies, g, strict=True)
    ]
    pi = [weight / sum(pi) for weight in pi]

    for kind, levels, proposal, _, rule in chains(name):
        words, total = quantised(levels, 1 / np.log(4), proposal, rule)
        rounding = Fraction(1, 2) if isinstance(proposal, str) and not redraws_all(kind) else 1
        rounding += Fraction(1, 10**4)

        drift = [Fraction(0)] * len(pi)
        for i, j in product(range(len(pi)), repeat=2):
            net = pi[i] * int(words[i, j]) - pi[j] * int(words[j, i])
            assert abs(net) <= rounding * (pi[i] + pi[j]), (kind, i, j)
            drift[j] += net
        assert sum(abs(net) for net in drift) <= 2 * len(pi) * rounding, kind
        assert total > 2**31


@pytest.mark.parametrize("size", [2, 3, 5, 100, 1000, 1024, 1025, 1500])
def test_uniform_proposals_are_exactly_uniform(size):
    """At t = inf all is accepted: every level, the present one too, has as many words."""
    words, total = quantised(np.arange(float(size)), INF, "uniform", "metropolis")
    assert np.all(words == total // size)
    assert total % size == 0


@pytest.mark.parametrize("size", [2, 3, 100])
def test_at_zero_temperature_every_fall_is_taken_and_no_climb(size):
    random = np.random.default_rng(size)
    energies = random.permutation(size) * 1e-300
    falls = energies[None, :] < energies[:, None]
    words, total = quantised(energies, 0.0, "uniform", "metropolis")
    apart = ~np.eye(size, dtype=bool)
    assert np.array_equal(words[apart], np.where(falls, total // size, 0)[apart])


@pytest.mark.parametrize(
    "buckets", [1, 2, 3, 5, 7, 100, 1000, 1023, 1024, 40_000, 65_521, 65_535, 65_536]
)
def test_lemires_method_keeps_equally_many_words_for_each_bucket(buckets):
    """Word w is in bucket wM // 2³² with the fraction wM % 2³².

    In a bucket both grow with w, so that ranges of words can be counted.
    """
    kept = 2**32 // buckets
    for bucket in {*range(0, buckets, max(1, buckets // 1000)), buckets - 1}:
        begin, end = (-(-b * 2**32 // buckets) for b in (bucket, bucket + 1))
        # At most the first fraction is too small: the next is larger by M.
        refused = begin * buckets - bucket * 2**32 < 2**32 % buckets
        assert end - begin - refused == kept
        fractions = [
            (begin + refused + k) * buckets - bucket * 2**32
            for k in (0, 1, kept // 3, kept - 2, kept - 1)
        ]
        assert move_tables.first_fraction(bucket, buckets) == fractions[0]
        for words, fraction in zip((1, 2, kept // 3 + 1, kept - 1, kept), fractions, strict=True):
            assert move_tables.last_accepted(words, bucket, buckets) == fraction
        assert move_tables.last_accepted(0, bucket, buckets) == -1


def decoded(row, buckets):
    """Return how many of the kept words of each level a row of a table gives, counted in Python."""
    words = [0] * buckets
    for bucket, entry in enumerate(row.tolist()):
        limit, level, otherwise = entry >> 32, entry >> 16 & 0xFFFF, entry & 0xFFFF
        begin = -(-(bucket * 2**32 + 2**32 % buckets) // buckets)  # the first word that is kept
        last = (bucket * 2**32 + limit) // buckets  # the last whose fraction is up to the limit
        words[level] += last - begin + 1
        words[otherwise] += 2**32 // buckets - (last - begin + 1)
    return words


def largest_remainders(row, total):
    exact = [Fraction(p) * total for p in row.tolist()]
    words = [int(share) for share in exact]
    order = sorted(range(len(words)), key=lambda j: words[j] - exact[j])
    for j in order[: total - sum(words)]:
        words[j] += 1
    return words


def adversarial_rows():
    random = np.random.default_rng(9)
    rows = [
        [1.0],
        [1.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0],
        [0.5, 0.0, 0.5],
        [1e-300, 1 - 1e-16, 0.0],
        [1e-300, 0.25, 0.75, 1e-300],
        [2.0**-33, 1 - 2.0**-33],
        [0.1] * 10,
        [1 / 3, 2 / 3, 0, 0, 0, 0, 0],
        np.r_[np.zeros(500), 1.0, np.zeros(500)],
        np.r_[1 - 1e-6, np.full(1023, 1e-6 / 1023)],
        0.5 ** np.r_[np.arange(1.0, 300), 299],
    ]

    for size in (2, 3, 5, 17, 100, 1000):
        rows += [random.dirichlet(np.full(size, spread)) for spread in (0.01, 0.3, 10)]
    return [np.asarray(row) / np.sum(row) for row in rows]


def test_an_alias_table_holds_the_row_by_largest_remainders():
    """Words add up, each is a whole number next to p·total, and large remainders come first."""
    for row in adversarial_rows():
        size, total = row.size, row.size * (2**32 // row.size)
        [table] = move_tables.transition_alias_table(row[None, :])
        words = decoded(table, size)
        assert words == move_tables.alias_words(table[None, :], 0, size)[0].tolist()
        assert words == move_tables.whole_words(row, total).tolist()
        assert sum(words) == total

        exact = row * total
        assert np.all(np.abs(words - exact) < 1 + 1e-5)
        assert np.all(np.array(words)[row == 0] == 0)

        served = np.array(words) > np.floor(exact)
        waiting = ~served & (row > 0)
        if served.any() and waiting.any() and sum(np.floor(exact)) < total:
            remainder = exact - np.floor(exact)
            assert remainder[served].min() >= remainder[waiting].max()


def test_an_alias_table_is_exact_where_floats_are():
    """Rows in multiples of 2^-24 sum without rounding, and the remainders are exact fractions."""
    random = np.random.default_rng(10)
    for size in (2, 3, 6, 50, 333):
        row = random.multinomial(2**24, random.dirichlet(np.full(size, 0.5))) / 2**24
        [table] = move_tables.transition_alias_table(row[None, :])
        assert decoded(table, size) == largest_remainders(row, size * (2**32 // size))


def test_a_row_that_misses_1_is_made_up_by_what_is_possible():
    """1e-8 of 2³² words is 43: eleven rounds of them, to either side, and nothing for a zero."""
    row = np.array([0.25, 0.0, 0.25, 0.0, 0.5, 2.0**-40])
    for scale in (1 - 1e-8, 1.0, 1 + 1e-8):
        words = move_tables.whole_words(row * scale, 2**32)
        assert words.sum() == 2**32
        assert words[[1, 3]].tolist() == [0, 0]
        assert np.abs(words - row * 2**32).max() <= 43


BAD_MATRICES = [
    ([[0.5, 0.6], [0.5, 0.5]], r"the sum of proposal\[0\] is 1.1"),
    ([[0.5, 0.5], [1.5, -0.5]], r"proposal\[1, 1\] is -0.5"),
    ([[0.5, 0.5], [np.nan, 0.5]], r"proposal\[1, 0\] is nan"),
    ([[0.5, 0.5], [0.0, 1.0]], r"proposal\[0, 1\] is 0.5 but proposal\[1, 0\] is 0"),
    ([[1.0]], r"proposal must have shape \(2, 2\), got \(1, 1\)"),
    ([0.5, 0.5], r"proposal must have shape \(2, 2\), got \(2,\)"),
    ([[0.5, 0.5], [1.0]], "proposal must be an array of real numbers, got ragged rows"),
    (None, "proposal must be an array of real numbers, got None"),
    ("random", "proposal is 'random': it must be 'uniform', 'neighbour' or a K×K matrix"),
]


@pytest.mark.parametrize(("proposal", "message"), BAD_MATRICES)
@pytest.mark.parametrize("function", [bz.transition_matrix, bz.quantised_transition_matrix])
def test_a_bad_proposal_is_named(function, proposal, message):
    with pytest.raises(ValueError, match=message):
        function([0, 1], 1.0, proposal)


@pytest.mark.parametrize("function", [bz.transition_matrix, bz.quantised_transition_matrix])
def test_bad_arguments_are_named(function):
    for levels, t, keywords, message in [
        ([0, 1], np.nan, {}, "t is nan"),
        ([0, 1], [1.0, 2.0], {}, r"t must be one number, got shape \(2,\)"),
        ([0, 1], "hot", {}, "t must be an array of real numbers, got 'hot'"),
        ([0, np.nan], 1.0, {}, r"energies\[1\] is nan"),
        ([], 1.0, {}, "energies is empty"),
        ([INF, INF], 1.0, {}, r"energies are all \+inf"),
        (
            [0, 1],
            1.0,
            {"rule": "wolff"},
            "rule is 'wolff': it must be one of metropolis, glauber, heat-bath",
        ),
        ([0, 1], 1.0, {"rule": None}, "rule is None"),
        (
            bz.EnergyLevels([0, 1], [1e-200, 1e200]),
            1.0,
            {},
            "degeneracies differ by a factor of more than 1e300",
        ),
        (
            np.arange(8193.0),
            1.0,
            {},
            "levels has 8193 entries: the 8193×8193 matrix would take 0.5 GB",
        ),
        (
            np.arange(65_536.0),
            1.0,
            {"proposal": "neighbour"},
            "65536×65536 matrix would take 34.4 GB",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            function(levels, t, **keywords)
