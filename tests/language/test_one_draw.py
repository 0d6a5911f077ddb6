"""One draw from many tokens: the compiled kernel against the law in higher precision.

The kernel maps a number u of [0, 1) to a token, so most laws are checked without chance, by asking
to which token it maps chosen u. A G-test on true draws follows."""

import math
import tracemalloc

import numpy as np
import pytest

from boltzmann.language import draw, generate, stream
from boltzmann.language.decoding import chain
from boltzmann.language.decoding.drawing import MANY_TOKENS
from boltzmann.language.decoding.kernels import single_draw
from boltzmann.language.decoding.steps import as_logits
from tests.support.draws import (
    ALPHA,
    Constant,
    exact_law,
    gaussian_logits,
    grouped_g_test,
    grouped_power,
)

INF = math.inf
V = 5000  # above MANY_TOKENS, a multiple neither of a slice nor of a group
# By so much rounding in single precision may move the cumulative law: 3.4 of 2^-24; 1 is observed.
BORDER = 2e-7


def picks(logits, t, numbers):
    """Return the token to which the kernel for one draw maps each number."""
    slices = np.empty((2, -(-logits.size // single_draw.SLICE)))
    assert single_draw.sum_slices(logits, t, slices)
    return tokens_of(logits, t, slices, numbers)


def tokens_of(logits, t, slices, numbers):
    ids = np.empty(len(numbers), np.int64)
    single_draw.find_tokens(logits, t, slices, np.asarray(numbers), ids)
    return ids


def first_beyond(token, logits, t, slices):
    """Return the least u that the kernel maps beyond `token`: the cumulative law that it draws."""
    low = 0
    high = 2**53
    while low < high:
        middle = (low + high) // 2
        if tokens_of(logits, t, slices, [middle / 2**53])[0] > token:
            high = middle
        else:
            low = middle + 1
    return low / 2**53


LOGITS = {
    "gaussian": lambda: gaussian_logits(V),
    "rising": lambda: np.sort(gaussian_logits(V)),  # every slice has a reference of its own
    "falling": lambda: np.sort(gaussian_logits(V))[::-1].copy(),
    "far from 0": lambda: gaussian_logits(V, 1.0) - 1000,
    "half forbidden": lambda: np.where(np.arange(V) // 700 % 2, gaussian_logits(V), -INF),
    "flat": lambda: np.zeros(V),
    "steep": lambda: gaussian_logits(V, 30.0),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", LOGITS)
def test_the_kernel_draws_the_tempered_law(kind, dtype):
    """P of each of 40 tokens, from the two u, to all 53 bits, between which the kernel draws it.

    The rounding of single precision is allowed for, (5 + 3|x|) / 2^24 of a weight e^x and 5 / 2^24
    of the sum of all, and a step of u, 2^-53, at either end; a temperature off by one part in
    100,000 is not."""
    logits = LOGITS[kind]().astype(dtype)
    t = 0.7
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

    if kind != "flat":  # the control
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
    """A few tokens among thousands of forbidden ones draw as alone, in one slice or in all."""
    few = np.array(few, dtype=dtype)
    for places in (np.arange(few.size) + 1500, np.linspace(0, V - 1, few.size).astype(int)):
        many = np.full(V, -INF, dtype=dtype)
        many[places] = few
        for u in (0.0, 0.1, 0.45, 0.7, 0.9, 0.999, 1 - 2**-53, 1.0):
            with np.errstate(all="raise"):
                assert draw(many, t, seed=Constant(u)) == places[draw(few, t, seed=Constant(u))]


def test_all_53_bits_of_a_number_count():
    """Among 8192 equals all sums are exact: the last u before a border differs from the border."""
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
    """One number a token, however the text is cut; each token is the draw from its own logits."""
    whole = generate(Echo(), "1", 12, temperature=0.8, seed=3)
    generator = np.random.default_rng(3)
    ids = [*stream(Echo(), "1", 5, temperature=0.8, seed=generator)]
    ids += stream(Echo(), Echo().decode([1, *ids]), 7, temperature=0.8, seed=generator)
    assert whole == Echo().decode(ids)
    again = np.random.default_rng(3)
    assert ids == [draw(Echo().logits([before]), 0.8, seed=again) for before in [1, *ids[:-1]]]
    again.random()
    assert again.random() != generator.random() == np.random.default_rng(3).random(13)[-1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_single_draws_pass_a_g_test_that_a_temperature_off_by_2_percent_fails(dtype):
    """False alarm 1e-6; of 65,000 draws, 2 % off in t is missed less than once in 1e6."""
    n = 65_000
    logits = gaussian_logits(V, dtype=dtype)
    generator = np.random.default_rng(8)

    def counts(t):
        return np.bincount(picks(logits, t, generator.random(n)), minlength=V)

    p = exact_law(logits, 1.3)
    for wrong in (1.3 * 1.02, 1.3 * 0.98):
        assert grouped_power(n, logits, 1.3, wrong) > 1 - 1e-6
        assert grouped_g_test(counts(wrong), p) < ALPHA
    assert grouped_g_test(counts(1.3), p) > ALPHA


def test_all_float16_numbers_are_widened_exactly():
    bits = np.arange(2**16).astype(np.uint16).view(np.int16)
    wide = np.empty(bits.size, np.float32)
    single_draw.widen(bits, wide)
    expected = bits.view(np.float16).astype(np.float32)
    assert np.array_equal(wide, expected, equal_nan=True)
    assert np.array_equal(np.signbit(wide), np.signbit(expected))


@pytest.mark.parametrize("size", [1, 7, V // 64])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_few_draws_are_single_ones_of_one_pass(monkeypatch, dtype, size):
    """Weights are summed once, float16 is cast once, and no number is kept of each token."""
    logits = gaussian_logits(V).astype(dtype)
    generator = np.random.default_rng(5)
    singles = [draw(logits, 0.7, seed=generator) for _ in range(size)]

    calls = []

    def counted(name):
        kernel = getattr(single_draw, name)
        return lambda *arguments: (calls.append(name), kernel(*arguments))[1]

    for name in ("widen", "sum_slices", "find_tokens"):
        monkeypatch.setattr(single_draw, name, counted(name))
    tracemalloc.start()
    ids = draw(logits, 0.7, size, seed=5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert ids.tolist() == singles
    assert calls == ["widen"] * (dtype == np.float16) + ["sum_slices", "find_tokens"]
    assert peak < (4 * V if dtype == np.float16 else 0) + 18_000


def test_float16_draws_are_those_of_float32():
    half = gaussian_logits(V).astype(np.float16)
    single = half.astype(np.float32)
    assert [draw(half, 0.7, seed=n) for n in range(50)] == [
        draw(single, 0.7, seed=n) for n in range(50)
    ]
    assert draw(half[::-1], 0.7, seed=1) == draw(single[::-1], 0.7, seed=1)


@pytest.mark.parametrize("size", [2, 53, MANY_TOKENS - 1])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_few_tokens_at_a_temperature_are_checked_by_their_largest(monkeypatch, size, dtype):
    """No second look at the logits: what checks each of them is called if one is refused only."""
    checked = []
    monkeypatch.setattr(chain, "as_logits", lambda logits: checked.append(1) or as_logits(logits))
    logits = gaussian_logits(size).astype(dtype)
    for size_of_draw in (None, 3):
        draw(logits, 0.7, size_of_draw)
    assert not checked
    logits[-1] = math.nan
    with pytest.raises(ValueError, match=rf"logits\[{size - 1}\] is nan"):
        draw(logits, 0.7)
    assert checked
