"""Readings: against sums written out, at the edges of temperature, in every form of input."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import kstest

import boltzmann as bz
from boltzmann.thermometer import SamplingLaw, diagnose, kernels, read
from boltzmann.thermometer.fitting import slope, solve
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.truncation import TIGHTEST, kept_counts
from tests.support.gpt2_like import Sampler, law, logits, softmax

TABLE = logits(contexts=30, vocabulary=50, seed=3)
LONG = logits(contexts=20, vocabulary=3000, seed=4)


def drawn(x, t, draws, seed=0, **truncation):
    sampler = Sampler(law(x, t, **truncation))
    return sampler.draw(np.random.default_rng(seed).random(draws)), sampler.rows(draws)


def score(x, chosen, rows, beta):
    energies = -x[rows].astype(float)
    return (
        (softmax(-beta * energies) * energies).sum(1) - energies[np.arange(rows.size), chosen]
    ).sum()


def variances(x, rows, beta):
    energies = -x[rows].astype(float)
    p = softmax(-beta * energies)
    return (p * energies**2).sum(1) - (p * energies).sum(1) ** 2


@pytest.mark.parametrize("t", [0.3, 0.7, 1.0, 3.0, -2.0])
def test_the_reading_is_the_root_of_the_score(t):
    chosen, rows = drawn(TABLE, t, 900)
    reading = read(TABLE, chosen, rows=rows)
    root = brentq(lambda beta: score(TABLE, chosen, rows, beta), 1 / t - 1, 1 / t + 1, xtol=1e-14)
    assert reading.temperature == pytest.approx(1 / root, rel=1e-10)
    heat = variances(TABLE, rows, root).mean() * root**2
    assert reading.heat_capacity == pytest.approx(heat, rel=1e-9)
    assert reading.standard_error == pytest.approx(abs(1 / root) / np.sqrt(900 * heat), rel=1e-9)


def test_gathering_the_tail_does_not_move_the_reading():
    """Rows of 3,000, of which 256 keep their own levels: to a thousandth of the error bar."""
    for t in (0.5, 2.0):
        chosen, rows = drawn(LONG, t, 600)
        reading = read(LONG, chosen, rows=rows)
        root = brentq(lambda beta, c=chosen, r=rows: score(LONG, c, r, beta), 0.1, 4)
        assert abs(reading.temperature - 1 / root) < 2e-3 * reading.standard_error
        expected = np.sqrt(variances(LONG, rows, root).sum()) * (1 / root) ** -2
        assert reading.standard_error * expected == pytest.approx(1, rel=1e-3)


def test_the_log_likelihood_is_that_of_the_law_written_out():
    """Under every kind of truncation, of rows that keep all their levels."""
    laws = [
        SamplingLaw(0.7),
        SamplingLaw(1.3, top_k=7),
        SamplingLaw(1.3, top_p=0.8),
        SamplingLaw(1.3, top_p=0.8, order="llama.cpp"),
    ]
    laws += [
        SamplingLaw(0.7, min_p=0.1),
        SamplingLaw(0.7, min_p=0.1, order="llama.cpp"),
        SamplingLaw(1.3, top_k=20, top_p=0.9999999),
    ]

    for claim in laws:
        arguments = (claim.top_k, claim.top_p, claim.min_p, claim.temperature_first)
        p = law(TABLE, claim.temperature, *arguments)
        sampler = Sampler(p)
        chosen, rows = sampler.draw(np.random.default_rng(1).random(600)), sampler.rows(600)
        evidence = read(TABLE, chosen, rows=rows).evidence
        assert Hypothesis(evidence, claim).log_likelihood == pytest.approx(
            np.log(p[rows, chosen]).sum(), abs=1e-6
        )
        np.testing.assert_array_equal(np.minimum(kept_counts(evidence, claim), 50), (p > 0).sum(1))


def test_the_tightest_cutoff_is_the_likeliest():
    """One step tighter it forbids a draw, one step looser it allows more than it need."""
    chosen, rows = drawn(TABLE, 1.3, 600)
    evidence = read(TABLE, chosen, rows=rows).evidence
    steps = {
        "top_k": lambda k, s: k + s,
        "top_p": lambda p, s: p + 1e-5 * s,
        "min_p": lambda p, s: p * (1 - 1e-4 * s),
    }

    for cutoff, step in steps.items():
        for first in ("transformers", "llama.cpp"):
            tightest = TIGHTEST[cutoff](evidence, SamplingLaw(1.3, order=first))
            tighter, at, looser = (
                Hypothesis(
                    evidence, replace(tightest, **{cutoff: step(getattr(tightest, cutoff), s)})
                ).log_likelihood
                for s in (-1, 0, 1)
            )
            assert tighter == -np.inf < looser <= at
            assert at >= Hypothesis(evidence, SamplingLaw(1.3)).log_likelihood


def test_the_slope_is_the_derivative():
    chosen, rows = drawn(TABLE, 0.8, 300)
    evidence = read(TABLE, chosen, rows=rows).evidence
    for kept in (evidence.condition_counts, np.full(30, 9.0)):
        low, mid, high = (slope(evidence, beta, kept) for beta in (1.1 - 1e-4, 1.1, 1.1 + 1e-4))
        assert (high.value - low.value) / 2e-4 == pytest.approx(mid.score, rel=1e-6)
        assert (low.score - high.score) / 2e-4 == pytest.approx(mid.information, rel=1e-6)


@pytest.mark.parametrize("rest", [1e-20, -1e-20])
def test_a_step_that_is_lost_to_rounding_ends_at_the_root(rest):
    """At the root 0.7 rounding leaves a value above or below 0, and Newton's step is none."""
    found = solve(lambda beta: (0.7 - beta or rest, 1.0), start=0.7)
    assert found == 0.7


def test_conditioning_on_the_likeliest_is_blind_to_what_lies_beyond():
    """With top_k = 20 in force, m = 20 reads the temperature, and all 50 do not."""
    chosen, rows = drawn(TABLE, 1.0, 30_000, top_k=20)
    assert read(TABLE, chosen, top=20, rows=rows).temperature == pytest.approx(1.0, abs=0.04)
    assert read(TABLE, chosen, rows=rows).temperature < 0.95
    chosen, rows = drawn(TABLE, 1.0, 30_000)
    reading = read(TABLE, chosen, top=5, rows=rows)
    likelier = (TABLE[rows] > TABLE[rows, chosen][:, None]).sum(axis=1)
    assert reading.left_out == {"below the top": (likelier >= 5).sum()}
    assert reading.draws + reading.left_out["below the top"] == 30_000
    assert abs(reading.temperature - 1.0) < 5 * reading.standard_error


def test_a_hidden_truncation_shows_in_how_readings_depend_on_m():
    chosen, rows = drawn(LONG, 1.0, 5000, top_k=30)
    truncated = read(LONG, chosen, rows=rows)
    chosen, rows = drawn(LONG, 1.0, 5000)
    honest = read(LONG, chosen, rows=rows)
    assert truncated.constancy < 1e-6 < honest.constancy
    assert truncated.by_top[-1].temperature < 0.85 < 0.9 < truncated.by_top[2].temperature
    assert [reading.top for reading in honest.by_top] == [2, 5, 20, 100, 3000]


def test_the_transform_is_uniform_and_the_fit_says_so():
    chosen, rows = drawn(TABLE, 0.7, 5000)
    reading = read(TABLE, chosen, rows=rows)
    uniform = reading.evidence.transforms(1 / 0.7, reading.evidence.condition_counts)
    assert kstest(uniform, "uniform").pvalue > 1e-6
    assert reading.goodness_of_fit > 1e-6
    wrong, rows = drawn(TABLE, 0.2, 5000)
    wrong[::2] = drawn(TABLE, 3.0, 5000)[0][::2]
    assert read(TABLE, wrong, rows=rows).goodness_of_fit < 1e-6


def test_clustered_errors_are_the_sandwich():
    chosen, rows = drawn(TABLE, 0.7, 300)
    groups = np.repeat(np.arange(30), 10)
    reading = read(TABLE, chosen, groups=groups, rows=rows)
    beta = 1 / reading.temperature
    energies = -TABLE[rows].astype(float)
    scores = (softmax(-beta * energies) * energies).sum(1) - energies[np.arange(300), chosen]

    spread = np.sqrt(30 / 29 * (scores.reshape(30, 10).sum(1) ** 2).sum())
    expected = spread / variances(TABLE, rows, beta).sum() / beta**2
    assert reading.clustered_error == reading.standard_error == pytest.approx(expected, rel=1e-9)
    assert (
        reading.naive_error
        == read(TABLE, chosen, rows=rows).standard_error
        != reading.standard_error
    )
    words = np.array(["a", "b", "c"])[np.arange(300) % 3]
    assert np.isfinite(read(TABLE, chosen, groups=words, rows=rows).clustered_error)


# The edges


def test_all_greedy_reads_zero_with_an_upper_bound():
    """At the bound all draws are the likeliest with probability 2.5 %, as at either side."""
    x = np.tile([0.2, 0.0], (100, 1))
    reading = read(x, np.zeros(100, dtype=int))
    assert (reading.temperature, reading.standard_error, reading.interval[0]) == (0, 0, 0)
    bound = reading.interval[1]
    assert 100 * np.log1p(np.exp(-0.2 / bound)) == pytest.approx(1.9207, rel=1e-3)
    assert diagnose(reading, 0).holds
    assert diagnose(reading, 1.0).fault == "greedy"


def test_one_draw_that_is_not_the_likeliest_refutes_a_claimed_zero():
    x = np.tile([1.0, 0.0], (100, 1))
    found = diagnose(read(x, [1] + [0] * 99), 0)
    assert (found.verdict, found.p_value) == ("fails", 0.0)
    nearly = np.tile([1.0, 1.0 - 1e-5], (100, 1))
    assert diagnose(read(nearly, [1] + [0] * 99), 0, slack=1e-4).verdict != "fails"


def test_uniform_draws_read_infinity():
    x = np.tile([1.0, 0.0], (100, 1))
    assert read(x, [0, 1] * 50).temperature == np.inf
    reading = read(x, [0, 1] * 50)
    low, high = reading.interval
    assert low == pytest.approx(-high) and low > 0  # through infinity
    assert reading.standard_error == np.inf


def test_unlikely_tokens_read_a_negative_temperature():
    x = np.tile([1.0, 0.0], (400, 1))
    reading = read(x, [1, 1, 1, 0] * 100)
    assert reading.temperature == pytest.approx(-1 / np.log(3))
    low, high = reading.interval
    assert low < reading.temperature < high < 0
    coldest = read(x, [1] * 400)
    assert coldest.temperature == 0 and np.signbit(coldest.temperature)
    assert coldest.interval[0] < 0


def test_rows_without_a_choice_read_nothing():
    reading = read(np.zeros((10, 3)), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    assert np.isnan(reading.temperature) and reading.heat_capacity == 0
    assert reading.interval == (-np.inf, np.inf)
    found = diagnose(reading, 1.0)
    assert (found.verdict, found.draws_needed) == ("cannot tell", np.inf)


def test_ties_share():
    """[3, 3, 1]: both are the likeliest, and top_k = 1 is one of the two."""
    reading = read(np.array([3.0, 3.0, 1.0]), [0, 1, 0, 1])
    assert reading.temperature == 0
    assert Hypothesis(reading.evidence, SamplingLaw(0.0)).log_likelihood == pytest.approx(
        -4 * np.log(2)
    )


def test_tiny_and_huge_numbers():
    x = np.array([[0.0, -1e-300], [0.0, -1e300], [1e308, -1e308]])
    assert np.isnan(read(x[:1], [1]).temperature) or read(x[:1], [1]).temperature <= 0
    assert read(x[1:], [0, 0]).temperature == 0
    assert read(
        np.array([[0, -1, -2]] * 50, dtype=np.float16), [0, 1] * 25
    ).temperature == pytest.approx(read(np.array([[0, -1, -2]] * 50), [0, 1] * 25).temperature)


def test_few_draws_cannot_tell_and_enough_can():
    chosen, rows = drawn(LONG, 0.7, 4000)
    few = diagnose(read(LONG, chosen[:200], rows=rows[:200]), 0.7)
    assert few.verdict == "cannot tell" and 300 < few.draws_needed < 3800
    assert "more draws" in str(few)
    assert diagnose(read(LONG, chosen, rows=rows), 0.7).holds


# Forms of input


def forms():
    chosen, rows = drawn(TABLE, 0.7, 300)
    x = TABLE[rows]
    words = [f"w{i}" for i in range(50)]
    order = np.argsort(-x, axis=1)[:, :20]
    top = np.take_along_axis(x, order, 1)
    inside = [int(c) if c in o else None for c, o in zip(chosen, order, strict=True)]

    return {
        "float32": (x, chosen),
        "float64": (x.astype(float), chosen),
        "Fortran order": (np.asfortranarray(x), chosen),
        "lists": (x.tolist(), chosen.tolist()),
        "batches": ([x[:100], x[100:101], x[101:]], chosen),
        "a generator": ((x[i : i + 7] for i in range(0, 300, 7)), chosen),
        "mappings": ([dict(zip(words, row, strict=True)) for row in x], [words[c] for c in chosen]),
        "pairs": ([(words, row) for row in x], [words[c] for c in chosen]),
    }, {
        "mappings of 20": (
            [dict(zip(o.tolist(), row, strict=True)) for o, row in zip(order, top, strict=True)],
            chosen.tolist(),
        ),
        "pairs of 20": (list(zip(order, top, strict=True)), chosen.tolist()),
        "arrays of 20": ((order, top), chosen.tolist()),
        "withheld": (list(zip(order, top, strict=True)), inside),
    }


FULL, LISTS = forms()


@pytest.mark.parametrize("form", FULL)
def test_every_form_reads_the_same(form):
    reading, expected = read(*FULL[form]), read(*FULL["float64"])
    assert reading.temperature == pytest.approx(expected.temperature, rel=1e-12)
    assert (reading.draws, reading.left_out) == (300, {})


@pytest.mark.parametrize("form", LISTS)
def test_lists_of_the_likeliest_read_as_the_condition_does(form):
    x, chosen = FULL["float64"]
    reading, expected = read(*LISTS[form]), read(x, chosen, top=20)
    assert reading.temperature == pytest.approx(expected.temperature, rel=1e-12)
    reason = "withheld" if form == "withheld" else "not listed"
    assert reading.left_out == {reason: expected.left_out["below the top"]}


def test_memory_maps_are_read(tmp_path):
    x, chosen = FULL["float32"]
    path = tmp_path / "logits.dat"
    x.tofile(path)
    mapped = np.memmap(path, dtype=np.float32, mode="r", shape=x.shape)
    assert read(mapped, chosen).temperature == read(x, chosen).temperature


def test_one_row_may_serve_all_draws():
    chosen = bz.language.draw(TABLE[0], 0.7, 200, seed=1)
    once, again = read(TABLE[0], chosen), read(np.tile(TABLE[0], (200, 1)), chosen)
    assert once.temperature == pytest.approx(again.temperature, rel=1e-12)
    assert read(TABLE[0].tolist(), chosen).temperature == pytest.approx(once.temperature, rel=1e-12)


def test_many_draws_of_a_row_are_ranked_as_few_are():
    row = np.array([1.0, 3.0, 3.0, 2.0, -np.inf])
    for repeats in (1, 50):
        evidence = read(row, [0, 1, 2, 3] * repeats).evidence
        np.testing.assert_array_equal(evidence.ranks, [3, 0, 1, 2] * repeats)
        np.testing.assert_array_equal(evidence.energies, [2, 0, 0, 1] * repeats)


def test_a_token_added_to_the_likeliest_is_not_mistaken_for_one():
    """In lists of the 20 likeliest and the token drawn, draws count if among the 20."""
    chosen, rows = drawn(TABLE, 1.5, 3000)
    lists = []
    for r, c in zip(rows, chosen, strict=True):
        order = np.argsort(-TABLE[r])[:20].tolist()
        lists.append({token: float(TABLE[r, token]) for token in dict.fromkeys([*order, int(c)])})
    reading = read(lists, chosen.tolist())
    assert reading.top == 20
    assert reading.temperature == pytest.approx(
        read(TABLE, chosen, top=20, rows=rows).temperature, rel=1e-6
    )
    assert abs(reading.temperature - 1.5) < 4 * reading.standard_error
    assert (
        read(lists, chosen.tolist(), top=21).temperature > 1.7
    )  # what taking all of them would read


def test_the_callers_array_is_not_written_to():
    x = TABLE.copy()
    x.flags.writeable = False
    chosen, rows = drawn(TABLE, 0.7, 300)
    read(x, chosen, rows=rows)
    np.testing.assert_array_equal(x, TABLE)


def test_a_forbidden_token_refutes_any_claim():
    x = np.tile([1.0, 0.0, -np.inf], (200, 1))
    chosen = bz.language.draw(x[0], 1.0, 200, seed=1)
    chosen[7] = 2
    reading = read(x, chosen)
    assert reading.left_out == {"forbidden": 1}
    assert diagnose(reading, 1.0).fault == "forbidden_token"


# Errors


@pytest.mark.parametrize(
    ("logits_", "chosen", "options", "message"),
    [
        ([[0.0, np.nan]], [0], {}, r"logits\[0, 1\] is nan"),
        ([[0.0, 1.0], [np.inf, 1.0]], [0, 0], {}, r"logits\[1, 0\] is inf"),
        ([{"a": 0.0, "b": np.nan}], ["a"], {}, r"logits\[0, 1\] is nan"),
        (
            [np.zeros((2, 3)), np.full((1, 3), -np.inf)],
            [0, 0, 0],
            {},
            r"logits\[2\] is -inf throughout",
        ),
        (np.zeros((2, 3)), [0, 3], {}, r"chosen\[1\] is 3: a token is from 0 to 2, or -1"),
        (np.zeros((2, 3)), [-2, 0], {}, r"chosen\[0\] is -2"),
        (np.zeros((2, 3)), [0, 0, 0], {}, "chosen has 3 draws, logits 2 rows"),
        (np.zeros((2, 3)), [0.5, 0.5], {}, "chosen must be"),
        (np.zeros((2, 3)), [], {}, "chosen must be"),
        (np.zeros((2, 3)), [-1, None], {}, "no draw that can be read: {'withheld': 2}"),
        (np.zeros((2, 0)), [0, 0], {}, "logits must have shape"),
        (np.zeros((2, 3, 4)), [0, 0], {}, "logits must have shape"),
        ([[]], [0], {}, r"logits\[0\] is empty"),
        ([], [], {}, "logits is empty"),
        ([["a", "b"]], [0], {}, "logits must be real numbers"),
        ("text", [0], {}, "logits must be an array"),
        ([(["a", "b"], [0.0])], ["a"], {}, r"logits\[0\] has 2 tokens for 1"),
        (np.zeros((2, 3), dtype=complex), [0, 0], {}, "logits must be real numbers"),
        ([np.zeros((2, 3))], [0, 0, 0], {}, "logits has 2 rows, but chosen asks for row 2"),
        (np.zeros((2, 3)), [0, 0], {"top": 0}, "top is 0"),
        (np.zeros((2, 3)), [0, 0], {"confidence": 1.0}, "confidence must be"),
        (np.zeros((2, 3)), [0, 0], {"groups": [1]}, "groups must have shape"),
        (np.zeros((2, 3)), [0, 0], {"groups": [1, 1]}, "groups has one group only"),
        (np.zeros((2, 3)), [0, 0], {"rows": [0, 2]}, r"rows\[1\] is 2"),
        (np.zeros((2, 3)), [0, 0], {"rows": [0]}, "rows must be"),
    ],
)
def test_what_cannot_be_read_is_named(logits_, chosen, options, message):
    with pytest.raises(ValueError, match=message):
        read(logits_, chosen, **options)


@pytest.mark.parametrize(
    ("claimed", "options", "message"),
    [
        (-1.0, {}, "claimed is -1.0"),
        (np.nan, {}, "claimed is nan"),
        (SamplingLaw(1.0, top_k=0), {}, "claimed.top_k is 0"),
        (SamplingLaw(1.0, top_p=0.0), {}, "claimed.top_p must be"),
        (SamplingLaw(1.0, min_p=1.5), {}, "claimed.min_p must be"),
        (1.0, {"false_alarms": 0.0}, "false_alarms must be"),
        (1.0, {"resolution": 2.0}, "resolution must be"),
        (1.0, {"slack": -1.0}, "slack must be"),
    ],
)
def test_claims_out_of_range_are_named(claimed, options, message):
    reading = read(TABLE[0], [0, 1, 2])
    with pytest.raises(ValueError, match=message):
        diagnose(reading, claimed, **options)


# What makes it fast


def test_a_hundred_thousand_short_lists_are_read_in_few_passes(monkeypatch):
    """Each step of a fit and its bounds is one pass: of all tokens, of the five likeliest, of two.

    Three or four lead to a peak, and one, where it is as sharp, to each bound.
    """
    passes = []

    def counted(kernel):
        def run(*arguments):
            passes.append(arguments[0].size - 1)
            kernel(*arguments)

        return run

    for name in ("sum_weights", "sum_cumulants"):
        monkeypatch.setattr(kernels, name, counted(getattr(kernels, name)))
    generator = np.random.default_rng(5)
    noise = 0.5 * generator.standard_normal((100_000, 20))
    x = -1.2 * np.log(np.arange(1.0, 21.0)) + noise  # (100_000, 20)
    chosen = (x / 0.7 + generator.gumbel(size=x.shape)).argmax(axis=1)
    reading = read(x, chosen)
    assert len(passes) <= 16 and set(passes) == {100_000}
    assert abs(reading.temperature - 0.7) < 5 * reading.standard_error


def test_lists_that_are_read_take_little_memory_beside_their_levels():
    """Energies, their counts, and the tokens: as much each as the input; no copy of them."""
    generator = np.random.default_rng(5)
    x = -1.2 * np.log(np.arange(1.0, 21.0)) + generator.standard_normal((20_000, 20))
    chosen = (x / 0.7 + generator.gumbel(size=x.shape)).argmax(axis=1)
    read(x, chosen)
    tracemalloc.start()
    read(x, chosen)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 7 * x.nbytes


def test_sums_over_all_rows_are_those_of_each_row():
    """Of rows of many lengths, some without a draw, some cut short, at β of both signs."""
    generator = np.random.default_rng(11)
    sizes = generator.integers(1, 400, 300)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    energies = np.concatenate([np.sort(generator.exponential(3.0, size)) for size in sizes])
    energies[starts[:-1]] = 0.0
    counts = generator.integers(1, 4, starts[-1]).astype(float)
    draws = generator.integers(0, 3, 300).astype(float)
    kept = np.where(draws > 1, 7.0, np.inf)
    for beta in (-0.3, 0.0, 0.7, 4.0):
        rows = np.empty((3, 300))
        kernels.sum_weights(starts, energies, counts, kept, beta, *rows)
        sums = np.empty((4, 1))
        kernels.sum_cumulants(starts, energies, counts, kept, draws, beta, *sums)
        written_out = np.zeros(4)
        for r in range(300):
            e = energies[starts[r] : starts[r + 1]]
            n = counts[starts[r] : starts[r + 1]].copy()
            if kept[r] < np.inf:
                n = np.diff(np.minimum(np.concatenate([[0], np.cumsum(n)]), kept[r]))
            w = n * np.exp(-beta * e)
            p = w / w.sum()
            mean = p @ e
            central = [p @ (e - mean) ** 2, p @ (e - mean) ** 3]
            assert rows[:, r] == pytest.approx([np.log(w.sum()), mean, central[0]], abs=1e-9)
            written_out += draws[r] * np.array([np.log(w.sum()), mean, *central])
        assert sums[:, 0] == pytest.approx(written_out, rel=1e-9)


def test_the_mass_of_more_typical_levels_is_that_of_a_sort():
    """With equal levels, rows of one level, and entropies before, within and behind a row."""
    generator = np.random.default_rng(12)
    sizes = generator.integers(1, 50, 200)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    rows = [np.sort(generator.integers(0, 40, size) / 8.0) for size in sizes]
    energies = np.concatenate([row - row[0] for row in rows])
    counts = generator.integers(1, 4, starts[-1]).astype(float)
    log_z = np.empty(200)
    kernels.sum_weights(
        starts, energies, counts, np.full(200, np.inf), 1.3, log_z, np.empty(200), np.empty(200)
    )
    entropy = log_z + generator.uniform(-1.0, 7.0, 200)
    before = np.empty(energies.size)
    kernels.mass_of_more_typical(starts, energies, counts, log_z, entropy, 1.3, before)
    for r in range(200):
        row = slice(starts[r], starts[r + 1])
        p = counts[row] * np.exp(-1.3 * energies[row] - log_z[r])
        surprise = 1.3 * energies[row] + log_z[r]
        order = np.argsort(np.abs(surprise - entropy[r]), kind="stable")
        expected = np.empty(p.size)
        expected[order] = np.cumsum(p[order]) - p[order]
        assert before[row] == pytest.approx(expected, abs=1e-12)


def test_long_rows_are_condensed_as_they_are_read():
    """Rows of 50,257 take 50 kB each and one block beside, and are never all in memory."""
    x = np.tile(logits(contexts=40, vocabulary=50_257, seed=6), (12, 1))
    chosen, _ = drawn(x[:40], 0.7, 480)
    read(x[:2], chosen[:2])
    tracemalloc.start()
    reading = read(x, chosen)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50e6 * 480 / 1000 + 15e6
    assert abs(reading.temperature - 0.7) < 5 * reading.standard_error


def test_counts_are_read_as_their_draws_are_in_any_order():
    """Draws rebuilt in the order of their tokens would be called dependent."""
    x = -np.log(np.arange(1.0, 201.0))
    chosen = np.array([bz.language.draw(x, 0.7, 2000, seed) for seed in range(3)])
    counts = np.array([np.bincount(row, minlength=200) for row in chosen])
    table = np.tile(x, (3, 1))
    found = read(table, counts=counts)
    rows = np.repeat(np.arange(3), 2000)
    assert found.temperature == pytest.approx(read(table, chosen.ravel(), rows=rows).temperature)
    assert found.draws == 6000
    assert diagnose(found, 0.7, resolution=0.2).verdict == "holds"
    assert diagnose(found, 0.49).fault == "wrong_temperature"
    rebuilt = read(x, np.repeat(np.arange(200), counts[0]))
    assert diagnose(rebuilt, 0.7).fault == "dependent_draws"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"counts": [1.5, 2.0]}, "whole numbers"),
        ({"counts": [1, -2]}, "at least 0"),
        ({"counts": [1, 2], "chosen": [0]}, "counts are of whole rows"),
        ({}, "chosen is None"),
    ],
)
def test_counts_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        read([0.0, -1.0], **options)
