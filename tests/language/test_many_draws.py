"""Many draws from one law: the alias table in whole numbers, and G-tests on true draws."""

import math

import numpy as np
import pytest

from boltzmann.language import draw
from boltzmann.language.decoding.drawing import MANY_DRAWS
from boltzmann.language.decoding.kernels import alias, guide
from tests.support.draws import ALPHA, exact_law, gaussian_logits, grouped_g_test, grouped_power

INF = math.inf
V = 5000


def words_by_table(table, bits):
    """Return how many of 2^53 words each token owns, read back from the table."""
    capacity = 2 ** (alias.WORD_BITS - bits)
    own = (table >> np.uint64(bits)).astype(np.int64)
    others = (table & np.uint64(2**bits - 1)).astype(np.int64)
    assert own.min() >= 0
    assert own.max() <= capacity
    words = own.copy()
    np.add.at(words, others, capacity - own)
    return words


def as_integers(weights):
    """Return exact integers in proportion to the weights, which are float64."""
    mantissas, exponents = np.frexp(weights)
    shifts = exponents - exponents[weights > 0].min()
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    return [m << max(s, 0) for m, s in zip(whole.tolist(), shifts.tolist(), strict=True)]


def spread_weights():
    random = np.random.default_rng(5)
    yield from (random.exponential(size=size) for size in (16, 17, 31, 32, 33, 1000, V, 50_257))
    yield from (
        np.exp(random.normal(size=size) * deviation) for size in (20, V) for deviation in (1, 4, 30)
    )
    yield from (np.ones(size) for size in (16, 17, 4096, 128_256))
    yield 2.0 ** -np.arange(1100)
    yield 2.0 ** np.arange(-1074, 900)
    yield np.r_[np.zeros(40), 3.0, np.zeros(50)]
    yield np.r_[1.0, np.zeros(30)]
    yield np.r_[np.zeros(30), 1.0]
    yield np.where(random.random(3000) < 0.9, 0, random.random(3000))
    yield np.r_[1.0, np.full(60_000, 2.0**-54)]


@pytest.mark.parametrize("weights", [*spread_weights()], ids=lambda weights: str(weights.size))
def test_the_alias_table_holds_the_law_to_two_words_in_2_to_the_53(weights):
    """In exact integers; the running sum of V float64 may itself be off by a share of V/2^53."""
    bits = (weights.size - 1).bit_length()
    words = words_by_table(alias.alias_table(weights, bits), bits)
    assert words.sum() == 2**53
    assert np.all(words[weights.size :] == 0)
    words = words[: weights.size]
    assert np.all(words[weights == 0] == 0)
    exact = as_integers(weights)
    total = sum(exact)
    for owned, weight in zip(words.tolist(), exact, strict=True):
        assert abs(owned * total - weight * 2**53) <= 2 * total + weight * weights.size


@pytest.mark.parametrize("size", [16, 33, 1000])
def test_every_word_goes_where_the_table_says(size):
    """The first and last words of a column that are its own token's, and those of its alias."""
    bits = (size - 1).bit_length()
    capacity = 2 ** (53 - bits)
    table = alias.alias_table(np.random.default_rng(size).exponential(size=size), bits)
    words = []
    tokens = []

    for column, entry in enumerate(table.tolist()):
        own = entry >> bits
        other = entry % 2**bits
        for fraction, kept in [(0, True), (own - 1, True), (own, False), (capacity - 1, False)]:
            if 0 <= fraction < capacity and (fraction < own) == kept:
                words.append(column * capacity + fraction)
                tokens.append(column if kept else other)

    ids = np.empty(len(words), np.int64)
    alias.draw_many(table, bits, np.array(words) / 2.0**53, ids)
    assert ids.tolist() == tokens
    assert len(tokens) > 2 * size


@pytest.mark.parametrize("size", [16, 300, V, 50_257])
def test_many_draws_pass_a_g_test_that_a_temperature_off_by_1_percent_fails(size):
    """False alarm 1e-6; of 1.3 million draws, 1 % off in t is missed less than once in 1e6."""
    n = 1_300_000
    logits = gaussian_logits(size, 2.0)

    def counts(t):
        return np.bincount(draw(logits, t, n, seed=9), minlength=size)

    p = exact_law(logits, 1.3)
    for wrong in (1.3 * 1.01, 1.3 * 0.99):
        assert grouped_power(n, logits, 1.3, wrong) > 1 - 1e-6
        assert grouped_g_test(counts(wrong), p) < ALPHA
    assert grouped_g_test(counts(1.3), p) > ALPHA


def test_many_draws_keep_the_limits_and_the_truncations():
    logits = gaussian_logits(V)
    logits[::2] = -INF
    n = 20_000
    assert set(draw(logits, 0, n)) == {logits.argmax()}
    assert np.isfinite(logits[draw(logits, INF, n)]).all()
    assert set(draw(logits, 1, n, top_k=3)) == set(np.argsort(-logits)[:3])
    forced = logits.copy()
    forced[[7, 4000]] = INF
    assert set(draw(forced, 1, n)) == {7, 4000}
    with pytest.raises(ValueError, match=r"logits\[4000\] is nan"):
        draw(np.where(np.arange(V) == 4000, math.nan, logits), 1, n)


@pytest.mark.parametrize("size", [V, MANY_DRAWS, 16_384, 16_385, 50_000])
def test_many_draws_take_one_number_each_and_one_seed_gives_one_result(size):
    """Each id, in order, is where the table maps its own number, whatever the blocks of numbers."""
    logits = gaussian_logits(V)
    generator, other = (np.random.default_rng(7) for _ in range(2))
    ids = draw(logits, 1, size, generator)
    numbers = other.random(size)
    assert generator.random() == other.random()

    if size >= MANY_DRAWS:
        bits = (V - 1).bit_length()
        expected = np.empty(size, np.int64)
        alias.draw_many(
            alias.alias_table(np.exp(logits - logits.max()), bits), bits, numbers, expected
        )
        assert np.array_equal(ids, expected)

    assert np.array_equal(ids, draw(logits, 1, size, seed=7))
    assert not np.array_equal(ids, draw(logits, 1, size, seed=8))
    assert ids.shape == (size,)
    assert ids.dtype == np.int64


def guided(cumulative, numbers, intervals):
    table = np.empty(intervals, np.int32)
    guide.guide_table(cumulative, table)
    ids = np.empty(numbers.size, np.int64)
    guide.find_tokens(cumulative, table, numbers, ids)
    return ids


@pytest.mark.parametrize("intervals", [1, 16, 2**15])
@pytest.mark.parametrize("weights", [*spread_weights()], ids=lambda weights: str(weights.size))
def test_a_guide_table_finds_the_token_of_a_binary_search(weights, intervals):
    """Also for numbers at both ends of an interval, and where a token begins."""
    cumulative = np.cumsum(weights)
    ends = np.arange(intervals) / intervals
    starts = cumulative[cumulative < cumulative[-1]] / cumulative[-1]
    # A few intervals hold many tokens, which are looked through one by one: not from all starts.
    starts = starts[:: 1 + starts.size // (64 * intervals)]
    numbers = np.concatenate([np.random.default_rng(1).random(9000), ends, starts])
    numbers = np.concatenate([numbers, np.nextafter(numbers, 1), np.nextafter(numbers, 0)])
    numbers = numbers[numbers < 1]
    expected = cumulative.searchsorted(numbers * cumulative[-1], side="right")
    assert np.array_equal(guided(cumulative, numbers, intervals), expected)


def test_draws_fewer_than_tokens_are_those_of_a_binary_search():
    logits = gaussian_logits(50_257)
    weights = np.exp((logits - logits.max()) / 0.7)
    cumulative = np.cumsum(weights)
    numbers = np.random.default_rng(3).random(20_000) * cumulative[-1]
    expected = np.searchsorted(cumulative, numbers, side="right")
    assert np.array_equal(draw(logits, 0.7, 20_000, seed=3), expected)
    assert np.array_equal(draw(logits, 0.7, 9_000, seed=3), expected[:9_000])  # without a table


@pytest.mark.parametrize("size", [0, 1, 15, 100, 700, 785, 786, 9_999])
def test_few_draws_make_no_table(monkeypatch, size):
    """And many do: the control."""

    def refuse(*_):
        raise AssertionError("a table is made")

    monkeypatch.setattr(alias, "alias_table", refuse)
    monkeypatch.setattr(guide, "guide_table", refuse)
    assert draw(gaussian_logits(50_257), 1.0, size).shape == (size,)
    for many in (10_000, 60_000):
        with pytest.raises(AssertionError, match="a table is made"):
            draw(gaussian_logits(50_257), 1.0, many)
