"""Many tokens, many draws, many rows: the compiled kernels against the law in higher precision.

A kernel that draws is a map from a number u of [0, 1) to a token, so most laws are checked without
chance, by asking where it maps chosen u. G-tests on true draws follow."""

import math
import subprocess
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from numba import njit
from scipy.special import softmax as plain_softmax
from scipy.stats import chi2, ncx2

import boltzmann as bz
from boltzmann._core import exponential
from boltzmann.analytic.kernel import softmax_rows
from boltzmann.language import draw, generate, stream
from boltzmann.language.decoding.drawing import MANY_DRAWS, MANY_TOKENS
from boltzmann.language.decoding.kernels import alias, single_draw

INF = math.inf
ALPHA = 1e-6  # false-alarm rate of every G-test; seeds are fixed
V = 5000  # above MANY_TOKENS, no multiple of a slice, and of a group neither
BORDER = 2e-7  # by as much the roundings of single precision may move the cumulative law: 3.4 of 2^-24, one is seen


class Constant(np.random.Generator):
    """The same number again and again."""

    def __init__(self, value):
        super().__init__(np.random.PCG64(0))
        self.value = value

    def random(self, size):
        return np.full(size, self.value)


def gaussian_logits(size, deviation=3.0, seed=0, dtype=np.float64):
    return (deviation * np.random.default_rng([size, seed]).standard_normal(size)).astype(dtype)


def exact_law(logits, t):
    """Return softmax(logits / t), good to 1e-15 also where it is small, by float64 sums without rounding."""
    x = logits.astype(np.float64)
    weights = np.exp((x - x.max()) / t)
    return weights / math.fsum(weights)


def picks(logits, t, numbers):
    """Return where the kernel for one draw maps each number."""
    slices = np.empty((2, -(-logits.size // single_draw.SLICE)))
    assert single_draw.sum_slices(logits, t, slices)
    return np.array([single_draw.find_token(logits, t, slices, u) for u in numbers])


# The exponentials


@njit
def each(function, x, out):
    for j in range(x.size):
        out[j] = function(x[j])
    return out


def test_the_double_exponential_is_right_to_its_last_digit():
    """Also where e^x is subnormal, and next to where k changes; the polynomial alone has no error at 0."""
    random = np.random.default_rng(0)
    x = -np.concatenate(
        [
            random.uniform(0, 1, 4000),
            random.uniform(0, 745, 4000),
            np.arange(1, 2148) * np.log(2) / 2,
        ]
    )
    found = each(exponential.lifted_exp, x, np.empty_like(x))
    with mpmath.workdps(40):
        lift = 64 * mpmath.log(2)
        errors = [
            mpmath.mpf(a) / mpmath.exp(mpmath.mpf(b) + lift) - 1
            for a, b in zip(found, x, strict=True)
        ]
    assert max(map(abs, errors)) < 2e-16
    assert exponential.lifted_exp(0.0) == 2.0**64


def test_the_single_exponential_is_right_to_three_parts_in_ten_million():
    random = np.random.default_rng(1)
    x = np.concatenate([random.uniform(-126, 127, 20_000), np.arange(-252, 255) / 2]).astype(
        np.float32
    )
    found = each(exponential.exp2, x, np.empty_like(x))
    assert np.max(np.abs(found / np.exp2(x.astype(np.float64)) - 1)) < 3e-7
    assert exponential.exp2(np.float32(300)) == exponential.exp2(np.float32(127)) > 1e38


@pytest.mark.parametrize(
    ("function", "dtype", "lowest"),
    [(exponential.lifted_exp, np.float64, -753.5), (exponential.exp2, np.float32, -126.6)],
)
def test_what_is_too_small_weighs_nothing_and_nan_stays_nan(function, dtype, lowest):
    found = [
        function(dtype(x)) for x in (lowest, 2 * lowest, 1e9 * lowest, -np.finfo(dtype).max, -INF)
    ]
    assert found == [0.0] * 5
    assert math.isnan(function(dtype(math.nan)))


# One draw from many tokens


def first_beyond(token, logits, t, slices):
    """Return the least number of [0, 1) that the kernel maps beyond `token`: the cumulative law that it draws."""
    low, high = 0, 2**53
    while low < high:
        middle = (low + high) // 2
        if single_draw.find_token(logits, t, slices, middle / 2**53) > token:
            high = middle
        else:
            low = middle + 1
    return low / 2**53


LANDSCAPES = {
    "gaussian": lambda: gaussian_logits(V),
    "rising": lambda: np.sort(gaussian_logits(V)),  # every slice is seen from itself
    "falling": lambda: np.sort(gaussian_logits(V))[::-1].copy(),
    "far from 0": lambda: gaussian_logits(V, 1.0) - 1000,
    "half forbidden": lambda: np.where(np.arange(V) // 700 % 2, gaussian_logits(V), -INF),
    "flat": lambda: np.zeros(V),
    "steep": lambda: gaussian_logits(V, 30.0),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_the_kernel_draws_the_tempered_law(landscape, dtype):
    """Where the kernel changes from each of 40 tokens to the next, worked out to all 53 bits of u, and so P of it.

    The rounding of single precision is allowed for, (5 + 3|x|) / 2^24 of a weight e^x and 5 / 2^24
    of the sum of all, and a step of u, 2^-53, at either end; a temperature off by one part in
    100,000 is not."""
    logits, t = LANDSCAPES[landscape]().astype(dtype), 0.7
    p = exact_law(logits, t)
    cumulative = np.cumsum(p)
    slices = np.empty((2, -(-V // single_draw.SLICE)))
    assert single_draw.sum_slices(logits, t, slices)
    tokens = np.union1d(np.argsort(p)[-20:], np.linspace(1, V - 2, 20).astype(int))
    ends = np.array([first_beyond(j, logits, t, slices) for j in tokens])
    assert np.max(np.abs(ends - cumulative[tokens])) < BORDER
    drawn = ends - [first_beyond(j - 1, logits, t, slices) for j in tokens]
    share = (
        10 + 3 * np.abs(np.log(p[tokens] / p.max(), where=p[tokens] > 0, out=np.zeros(tokens.size)))
    ) / 2**24
    assert np.all(np.abs(drawn - p[tokens]) <= share * p[tokens] + 2**-52)
    if landscape != "flat":  # the control
        wrong = exact_law(logits, t * (1 + 1e-5))[tokens]
        assert not np.all(np.abs(drawn - wrong) <= share * wrong + 2**-52)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [MANY_TOKENS, V, 50_257])
def test_one_draw_is_an_inverse_cdf(size, dtype):
    """The same numbers, the same tokens, but for numbers next to where one token meets the next."""
    logits = gaussian_logits(size, dtype=dtype)
    cumulative = np.cumsum(exact_law(logits, 0.7))
    numbers = np.random.default_rng(size).random(1000)
    ids = np.array([draw(logits, 0.7, seed=Constant(u)) for u in numbers])
    below = np.where(ids > 0, cumulative[ids - 1], 0.0)
    assert np.all((below - BORDER < numbers) & (numbers < cumulative[ids] + BORDER))


SMALL = [
    ([1, 3, 2], 0),
    ([1, 3, 3], 0),
    ([0, INF, INF], 0),
    ([0, -1, -INF], INF),
    ([1e4, -1e4, -INF, 3], INF),
    ([0, INF, 1], 1),
    ([INF, 7, INF, -INF], 1),
    ([INF, 7, INF, -INF], 5e-324),
    ([-35.2, -36.1, -100], 5e-324),
    ([-35.2, -36.1, -100], 1e-37),
    ([-36.1, -35.2, -35.2], 5e-324),
    ([1000, 999], 1e-38),
    ([999, 1000], 1e-45),
    ([1000, 999], 1e-29),
    ([1000, 999], 0.3),
    ([0, -1, -2], 1e308),
    ([0, -1, -2], 1e29),
    ([20, 19, 18], 1),
    ([20, 19, 0], 1e-4),
    ([0, -50, -85, 0], 1),
    ([-60000, 60000], 40000),
    ([5], 2),
]
WIDE = [
    ([0, 5e-324], 5e-324),
    ([1e308, -1e308], 1e308),
    ([1e308, -1e308], 1),
    ([1.7e308, -1.7e308, -INF], 1.7e308),
    ([-1e308, -1e308], 1e-300),
    ([1e308, 1e308, -1e308], 1e29),
    ([-1.7e308, -1.7e308, -INF], 1),
    ([3e38, -3e38], 1e38),
]


@pytest.mark.parametrize(
    ("few", "t", "dtype"),
    [(few, t, dtype) for few, t in SMALL for dtype in (np.float16, np.float32, np.float64)]
    + [(few, t, np.float64) for few, t in WIDE],
)
def test_the_edges_are_those_of_few_tokens(few, t, dtype):
    """A few tokens among thousands of forbidden ones, in one slice or spread over all, draw as they do alone."""
    few = np.array(few, dtype=dtype)
    for places in (np.arange(few.size) + 1500, np.linspace(0, V - 1, few.size).astype(int)):
        many = np.full(V, -INF, dtype=dtype)
        many[places] = few
        for u in (0.0, 0.1, 0.45, 0.7, 0.9, 0.999, 1 - 2**-53, 1.0):
            with np.errstate(all="raise"):
                assert draw(many, t, seed=Constant(u)) == places[draw(few, t, seed=Constant(u))]


def test_all_53_bits_of_a_number_count():
    """Among 8192 equals all sums are exact, and the last number before a border is told from the border."""
    logits = np.zeros(8192)
    for border in (1, 31, 32, 1024, 3000, 4096):
        assert draw(logits, 1, seed=Constant(border / 8192)) == border
        assert draw(logits, 1, seed=Constant(border / 8192 - 2**-53)) == border - 1


@pytest.mark.parametrize("truncation", [{"top_k": 3}, {"top_p": 0.1}, {"min_p": 0.7}])
def test_many_tokens_are_truncated_like_few(truncation):
    """Three tokens of 4 % each stand out. None of 60 draws misses one but with a chance of 1e-10.

    The control, without truncation: 53 of 60 draws are of other tokens, hardly two of one, and 30
    or fewer never."""
    logits = gaussian_logits(V, 1.0)
    logits[[5, 1500, V - 1]] = 6.0, 5.9, 5.8
    assert {draw(logits, 1.0, seed=seed, **truncation) for seed in range(60)} == {5, 1500, V - 1}
    assert len({draw(logits, 1.0, seed=seed) for seed in range(60)}) > 30


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("allowed", [[0], [V - 1], [1023, 1024], [1, 4095, 4096], [31, 32, 2047]])
def test_a_token_without_probability_is_never_drawn(allowed, dtype):
    logits = np.full(V, -INF, dtype=dtype)
    logits[allowed] = np.arange(len(allowed))
    logits[777] = -1e6  # allowed, but without a probability that any number could fall on
    for u in (0.0, *np.arange(1, 40) / 40, 1 - 2**-53, 1.0):
        assert draw(logits, 1, seed=Constant(u)) in allowed


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_cannot_be_drawn_from_is_refused_and_nothing_is_drawn(dtype):
    generator = np.random.default_rng(7)
    for place in (0, 1023, 1024, 4321, V - 1):
        for others in (0.0, -INF, INF):
            logits = np.full(V, others, dtype=dtype)
            logits[place] = math.nan
            with pytest.raises(ValueError, match=rf"logits\[{place}\] is nan"):
                draw(logits, 0.7, seed=generator)
    with pytest.raises(ValueError, match="all -inf"):
        draw(np.full(V, -INF, dtype=dtype), 0.7, seed=generator)
    with pytest.raises(ValueError, match="shape"):
        draw(np.zeros((2, V), dtype=dtype), 0.7, seed=generator)
    with pytest.raises(ValueError, match="seed is -1"):
        draw(np.zeros(V, dtype=dtype), 0.7, seed=-1)
    assert generator.random() == np.random.default_rng(7).random()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_layout_of_the_array_does_not_matter_and_it_is_left_alone(dtype):
    logits = gaussian_logits(V, dtype=dtype)
    sealed = logits.copy()
    sealed.flags.writeable = False
    padded = np.zeros((V, 3), dtype=dtype)
    padded[:, 1] = logits
    same = [
        sealed,
        padded[:, 1],
        logits[::-1].copy()[::-1],
        logits.astype(logits.dtype.newbyteorder()),
    ]
    ids = [draw(logits, 0.7, seed=seed) for seed in range(20)]
    for other in same:
        assert [draw(other, 0.7, seed=seed) for seed in range(20)] == ids
    assert np.array_equal(logits, sealed)


@pytest.mark.parametrize(
    "temperature", [1, 1.0, np.float32(1), np.float64(1), np.array(1), np.int8(1), True]
)
def test_any_kind_of_number_is_a_temperature(temperature):
    logits = gaussian_logits(V)
    assert draw(logits, temperature, seed=5) == draw(logits, 1.0, seed=5)
    assert draw(logits[:9], temperature, seed=5) == draw(logits[:9], 1.0, seed=5)


class Echo:
    """A model of V tokens with float32 logits that depend on the last one."""

    def encode(self, text):
        return [int(word) for word in text.split()]

    def decode(self, ids):
        return " ".join(map(str, ids))

    def logits(self, context):
        return gaussian_logits(V, seed=context[-1] if context else 0, dtype=np.float32)


def test_a_text_in_pieces_is_the_whole_text():
    """One number for each token, however it is cut; and each token is the draw from its own logits."""
    whole = generate(Echo(), "1", 12, temperature=0.8, seed=3)
    generator = np.random.default_rng(3)
    ids = [*stream(Echo(), "1", 5, temperature=0.8, seed=generator)]
    ids += stream(Echo(), Echo().decode([1, *ids]), 7, temperature=0.8, seed=generator)
    assert whole == Echo().decode(ids)
    again = np.random.default_rng(3)
    assert ids == [draw(Echo().logits([before]), 0.8, seed=again) for before in [1, *ids[:-1]]]
    again.random()
    assert again.random() != generator.random() == np.random.default_rng(3).random(13)[-1]


# Many draws from one distribution


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
    """Exactly, in whole numbers; the running sum of V float64 may itself be off by a share of V/2^53."""
    bits = (weights.size - 1).bit_length()
    words = words_by_table(alias.alias_table(weights, bits), bits)
    assert words.sum() == 2**53
    assert np.all(words[weights.size :] == 0)
    words = words[: weights.size]
    assert np.all(words[weights == 0] == 0)
    exact = [int(Fraction(weight) * 2**1100) for weight in weights.tolist()]
    total = sum(exact)
    for owned, weight in zip(words.tolist(), exact, strict=True):
        assert abs(owned * total - weight * 2**53) <= 2 * total + weight * weights.size


@pytest.mark.parametrize("size", [16, 33, 1000])
def test_every_word_goes_where_the_table_says(size):
    """First and last of the words that a bucket keeps and of those that it gives away; the rest follows."""
    bits = (size - 1).bit_length()
    capacity = 2 ** (53 - bits)
    table = alias.alias_table(np.random.default_rng(size).exponential(size=size), bits)
    words, tokens = [], []
    for bucket, entry in enumerate(table.tolist()):
        own, other = entry >> bits, entry % 2**bits
        for fraction, kept in [(0, True), (own - 1, True), (own, False), (capacity - 1, False)]:
            if 0 <= fraction < capacity and (fraction < own) == kept:
                words.append(bucket * capacity + fraction)
                tokens.append(bucket if kept else other)
    ids = np.empty(len(words), np.int64)
    alias.draw_many(table, bits, np.array(words) / 2.0**53, ids)
    assert ids.tolist() == tokens
    assert len(tokens) > 2 * size


def grouped(counts, p, groups=40):
    """Return counts and law of tokens gathered in `groups` groups of about equal probability, by falling logit."""
    order = np.argsort(-p)
    group = np.minimum((np.cumsum(p[order]) * groups).astype(int), groups - 1)
    tallies = (
        np.bincount(group, counts[order], minlength=groups),
        np.bincount(group, p[order], minlength=groups),
    )
    return tuple(tally[tallies[1] > 0] for tally in tallies)


def g_test(counts, p):
    counts, p = grouped(counts, p)
    expected = counts.sum() * p / p.sum()
    assert expected.min() > 5
    seen = counts > 0
    return chi2.sf(
        2 * np.sum(counts[seen] * np.log(counts[seen] / expected[seen])), counts.size - 1
    )


def power(n, logits, t, wrong):
    """Return the chance that n draws at temperature `wrong` fail the G-test of temperature t."""
    p = exact_law(logits, t)
    q, p = grouped(exact_law(logits, wrong), p)
    return ncx2.sf(chi2.isf(ALPHA, p.size - 1), p.size - 1, 2 * n * np.sum(q * np.log(q / p)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_single_draws_pass_a_g_test_that_a_temperature_off_by_2_percent_fails(dtype):
    """False alarm 1e-6; with 100,000 draws a temperature off by 2 % goes unnoticed less than once in 1e6."""
    logits, n = gaussian_logits(V, dtype=dtype), 100_000
    generator = np.random.default_rng(8)

    def counts(t):
        return np.bincount(picks(logits, t, generator.random(n)), minlength=V)

    p = exact_law(logits, 1.3)
    for wrong in (1.3 * 1.02, 1.3 * 0.98):
        assert power(n, logits, 1.3, wrong) > 1 - 1e-6
        assert g_test(counts(wrong), p) < ALPHA
    assert g_test(counts(1.3), p) > ALPHA


@pytest.mark.parametrize("size", [16, 300, V, 50_257])
def test_many_draws_pass_a_g_test_that_a_temperature_off_by_1_percent_fails(size):
    """False alarm 1e-6; with 2 million draws a temperature off by 1 % goes unnoticed less than once in 1e6."""
    logits, n = gaussian_logits(size, 2.0), 2_000_000

    def counts(t):
        return np.bincount(draw(logits, t, n, seed=9), minlength=size)

    p = exact_law(logits, 1.3)
    for wrong in (1.3 * 1.01, 1.3 * 0.99):
        assert power(n, logits, 1.3, wrong) > 1 - 1e-6
        assert g_test(counts(wrong), p) < ALPHA
    assert g_test(counts(1.3), p) > ALPHA


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
    """In order, too: each is where the table maps its own number, however the numbers are cut into portions."""
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


# Softmax of many rows

TOLERANCE = 1e-12  # as for the law of a few levels
SMALLEST_NORMAL = np.finfo(np.float64).tiny


def worst_error(p, x):
    """Return the largest relative error; subnormal results count by their absolute error in units of 2e-308."""
    worst = 0.0
    with mpmath.workdps(40):
        for found, row in zip(p, x, strict=True):
            top = mpmath.mpf(row.max())
            gaps = [mpmath.mpf(value) - top for value in row.tolist()]
            weights = [mpmath.exp(gap) if gap > -800 else mpmath.mpf(0) for gap in gaps]
            total = mpmath.fsum(weights)
            for a, weight in zip(found.tolist(), weights, strict=True):
                b = weight / total
                worst = max(worst, float(abs(a - b) / max(b, SMALLEST_NORMAL)))
    return worst


def wide_rows(rows, levels, seed):
    """Return rows whose probabilities span all that a float64 can hold, with forbidden levels, far from 0."""
    random = np.random.default_rng([rows, levels, seed])
    x = -random.uniform(0, 1, (rows, levels)) * random.choice([1e-9, 3, 60, 760], (rows, 1))
    x += random.choice([0, 1e3, -1e6], (rows, 1))
    x[random.random(x.shape) < 0.1] = -INF
    x[:, levels // 2] = random.choice([0, -1e6, 1e3], rows)
    return x


SHAPES = [
    (50_000, 1),
    (25_000, 2),
    (6000, 9),
    (500, 100),
    (400, 127),
    (400, 128),
    (400, 129),
    (25, 2049),
    (2, 30_011),
]


@pytest.mark.parametrize(("rows", "levels"), SHAPES)
def test_softmax_of_many_matches_multiple_precision(rows, levels):
    x = wide_rows(rows, levels, 0)
    p = np.empty(x.shape)
    assert softmax_rows(x, p)
    assert np.array_equal(bz.softmax(x), p)
    some = np.unique(np.linspace(0, rows - 1, max(2, 4000 // levels)).astype(int))
    assert worst_error(p[some], x[some]) <= TOLERANCE
    assert np.all(p[np.isneginf(x)] == 0)
    assert np.max(np.abs(p.sum(axis=1) - 1)) < TOLERANCE


def single_precision(x):
    weights = np.exp((x - x.max(axis=1, keepdims=True)).astype(np.float32)).astype(np.float64)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "wrong", [single_precision, lambda x: np.roll(bz.softmax(x), 1), lambda x: bz.softmax(x[::-1])]
)
def test_the_accuracy_check_barks(wrong):
    x = wide_rows(500, 100, 0)
    assert worst_error(wrong(x)[:20], x[:20]) > TOLERANCE


@pytest.mark.parametrize(("rows", "levels"), SHAPES)
def test_softmax_of_many_is_that_of_each(rows, levels):
    """Rows one at a time are few enough for NumPy: two ways to the same numbers, to a hundred roundings.

    Of these eight are seen; the sum of the longest row alone has 240, of either sign.
    """
    x = wide_rows(rows, levels, 1)
    p = bz.softmax(x)
    for i in np.unique(np.linspace(0, rows - 1, 50).astype(int)):
        alone = bz.softmax(x[i])
        assert np.all(np.abs(p[i] - alone) <= 2e-14 * alone + 5e-324)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_softmax_of_many_along_any_axis_of_any_type(axis, dtype):
    x = gaussian_logits(20 * 50 * 70, dtype=dtype).reshape(20, 50, 70)
    before = x.copy()
    p = bz.softmax(x, axis=axis)
    assert p.shape == x.shape
    assert p.dtype == np.float64
    assert np.allclose(p, plain_softmax(x.astype(np.float64), axis=axis), rtol=TOLERANCE, atol=0)
    assert np.array_equal(x, before)
    x.flags.writeable = False
    assert np.array_equal(bz.softmax(x, axis=axis), p)
    assert np.array_equal(bz.softmax(np.asfortranarray(x), axis=axis), p)
    assert np.array_equal(bz.softmax(x.astype(x.dtype.newbyteorder()), axis=axis), p)


@pytest.mark.parametrize(("rows", "levels"), [(6000, 9), (60, 1000)])
def test_rows_without_a_sum_are_refused_or_have_their_limit(rows, levels):
    for place in [(0, 0), (rows - 1, levels - 1), (rows // 2, levels // 2)]:
        x = gaussian_logits(rows * levels).reshape(rows, levels)
        ordinary = bz.softmax(x)
        x[place] = INF
        p = bz.softmax(x)
        assert p[place] == 1
        assert p[place[0]].sum() == 1
        others = np.arange(rows) != place[0]
        assert np.allclose(p[others], ordinary[others], rtol=TOLERANCE, atol=0)
        x[place] = math.nan
        with pytest.raises(ValueError, match=rf"x\[{place[0]}, {place[1]}\] is nan"):
            bz.softmax(x)
        x[place[0]] = -INF
        with pytest.raises(ValueError, match=rf"x\[{place[0]}, :\] is all -inf"):
            bz.softmax(x)
    with pytest.raises(ValueError, match="axis"):
        bz.softmax(ordinary, axis=2)


def test_little_work_loads_no_kernel():
    """And much does: the control."""
    program = """
import sys
import numpy as np
import boltzmann as bz
bz.softmax(np.zeros(49_999))
bz.language.draw(np.zeros(4095), 1.0)
bz.language.draw(np.zeros(4095), 1.0, 9_999)
bz.language.draw(np.zeros(15), 1.0, 20_000)
bz.language.generate(bz.language.NGram.fit("abcab"), "a", 20)
print("numba" in sys.modules)
bz.softmax(np.zeros(50_000))
print("numba" in sys.modules)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["False", "True"]
