"""`draw` against the tempered law worked out here in plain arithmetic.

Most laws are checked without chance: `Grid` is a Generator whose n "random" numbers are an even
grid, so that draws by inverse CDF must count n·p of each token to within one. G-tests on true draws
follow."""

import math

import numpy as np
import pytest

from boltzmann.language import draw
from tests.support.draws import ALPHA, Constant, Grid, g_test, law, power, support

INF = math.inf
LOGITS = [1.3, 0.2, -0.7, 2.1, 0.0, -2.0, 1.1]


def truncated_law(logits, t, top_k, top_p, min_p):
    """Return the law after temperature, top_k, top_p and min_p, renormalised after each."""
    p = law(logits, t)
    ranked = sorted(range(len(p)), key=lambda i: (-logits[i], i))

    def keep(kept):
        mass = math.fsum(p[i] for i in kept)
        return [p[i] / mass if i in kept else 0.0 for i in range(len(p))]

    p = keep(ranked[:top_k])
    kept = []
    while ranked and math.fsum(p[i] for i in kept) < top_p:
        kept.append(ranked.pop(0))
    p = keep(kept)
    return keep([i for i in range(len(p)) if p[i] >= min_p * max(p)])


@pytest.mark.parametrize("t", [0.05, 0.5, 1, 1.7, 30, 1e6])
def test_draws_have_the_tempered_law_to_one_part_in_a_million(t):
    counts = np.bincount(draw(LOGITS, t, 10**6, Grid()), minlength=7)
    assert counts == pytest.approx(1e6 * np.array(law(LOGITS, t)), abs=1)
    if 0.5 <= t <= 1.7:  # the control: a temperature off by 0.01 %
        assert counts != pytest.approx(1e6 * np.array(law(LOGITS, t * 1.0001)), abs=1)


@pytest.mark.parametrize("t", [0.7, 1.0, 1.5])
def test_random_draws_pass_a_g_test_that_a_temperature_off_by_2_percent_fails(t):
    """False alarm 1e-6; of 750,000 draws, 2 % off in t is missed less than once in 1e6."""
    n = 750_000
    p = law(LOGITS, t)
    assert power(n, p, law(LOGITS, 1.02 * t)) > 1 - 1e-6
    assert power(n, p, law(LOGITS, 0.98 * t)) > 1 - 1e-6
    assert g_test(np.bincount(draw(LOGITS, t, n, seed=1), minlength=7), p) > ALPHA
    assert g_test(np.bincount(draw(LOGITS, 1.02 * t, n, seed=1), minlength=7), p) < ALPHA
    assert g_test(np.bincount(draw(LOGITS, 0.98 * t, n, seed=1), minlength=7), p) < ALPHA


def test_successive_draws_are_independent():
    """A G-test on pairs of neighbours, false alarm 1e-6: it catches 2 % of draws being repeats."""
    n = 400_000
    p = np.array(law([0, 0.5, 1], 1))
    joint = np.outer(p, p).ravel()
    repeating = 0.98 * joint + 0.02 * np.diag(p).ravel()
    assert power(n // 2, joint, repeating) > 1 - 1e-6
    ids = draw([0, 0.5, 1], 1, n, seed=2)
    assert g_test(np.bincount(ids.reshape(-1, 2) @ [3, 1], minlength=9), joint) > ALPHA
    again = np.random.default_rng(3).random(n // 2) < 0.02  # the control
    ids[1::2][again] = ids[::2][again]
    assert g_test(np.bincount(ids.reshape(-1, 2) @ [3, 1], minlength=9), joint) < ALPHA


@pytest.mark.parametrize(
    ("logits", "t", "expected"),
    [
        ([1, 3, 2], 0, [0, 1, 0]),
        ([1, 3, 3], 0, [0, 1, 0]),  # greedy takes the first of equals
        ([-INF, 5, -INF], 0, [0, 1, 0]),
        ([0, INF, INF], 0, [0, 1, 0]),
        ([1, 3, 2], -0.0, [0, 1, 0]),
        ([0, -1, -INF], INF, [0.5, 0.5, 0]),
        ([1e308, -1e308, -INF, 3], INF, [1 / 3, 1 / 3, 0, 1 / 3]),
        ([0, INF, 1], 1, [0, 1, 0]),
        ([INF, 7, INF, -INF], 1, [0.5, 0, 0.5, 0]),
        ([INF, 7, INF, -INF], INF, [0.5, 0, 0.5, 0]),
        ([INF, 7, INF, -INF], 5e-324, [0.5, 0, 0.5, 0]),
        ([-35.2, -36.1, -100], 5e-324, [1, 0, 0]),
        ([-35.2, -36.1, -100], 1e-37, [1, 0, 0]),
        ([-36.1, -35.2, -35.2], 5e-324, [0, 0.5, 0.5]),
        ([1000, 999], 1e-38, [1, 0]),
        ([999, 1000], 1e-45, [0, 1]),
        ([0, 5e-324], 5e-324, law([0, 1], 1)),
        ([1e308, -1e308], 1e308, law([2, 0], 1)),
        ([1e308, -1e308], 1, [1, 0]),
        ([1.7e308, -1.7e308, -INF], 1.7e308, [*law([2, 0], 1), 0]),
        ([-1e308, -1e308], 1e-300, [0.5, 0.5]),
        ([0, -1, -2], 1e308, [1 / 3, 1 / 3, 1 / 3]),
        (np.float32([0, -1, -2]), 1e-300, [1, 0, 0]),
        (np.float16([20, 19, 0]), 1e-4, [1, 0, 0]),
        (np.float16([20, 19, 18]), 1, law([20, 19, 18], 1)),
        (np.array([3, 2, 1], dtype=np.uint8), 0.5, law([3, 2, 1], 0.5)),
        ((3, 2, 1), np.float32(0.5), law([3, 2, 1], 0.5)),
        ([3, 2, 1], np.array(2), law([3, 2, 1], 2)),
        ([0.0], 1, [1]),
        ([-5], INF, [1]),
    ],
)
def test_the_edges(logits, t, expected):
    """On an even grid of 3000 numbers each count is n·p to within one."""
    with np.errstate(all="raise"):  # whatever the caller's settings
        counts = np.bincount(draw(logits, t, 3000, Grid()), minlength=len(logits))
    assert counts == pytest.approx(3000 * np.array(expected), abs=1)
    assert np.all(counts[np.array(expected) == 0] == 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"logits": [0, math.nan, 1]}, r"logits\[1\] is nan"),
        ({"logits": [-INF, -INF]}, "all -inf"),
        ({"logits": []}, "at least 1"),
        ({"logits": 3.0}, "shape"),
        ({"logits": [[0, 1]]}, "shape"),
        ({"logits": ["a"]}, "real numbers"),
        ({"logits": [0, None]}, "real numbers"),
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": -INF}, "temperature is -inf"),
        ({"temperature": math.nan}, "temperature is nan"),
        ({"temperature": [1, 2]}, "one number"),
        ({"temperature": None}, "temperature"),
        ({"size": -1}, "size is -1"),
        ({"size": 2.0}, "size must be a whole number"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"top_k": 0}, "top_k is 0"),
        ({"top_k": 1.5}, "top_k must be a whole number"),
        ({"top_p": 0}, "top_p is 0"),
        ({"top_p": 1.01}, "top_p must be one number from 0 to 1"),
        ({"top_p": math.nan}, "top_p is nan"),
        ({"min_p": -0.1}, "min_p must be one number from 0 to 1"),
        ({"min_p": [0.1]}, "min_p must be one number"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(change, words):
    arguments = {"logits": [0, 1], "temperature": 1, "size": 3, "seed": 0}
    draw(**arguments)
    with pytest.raises(ValueError, match=words):
        draw(**{**arguments, **change})


@pytest.mark.parametrize("uniform", [0.0, 0.25, 0.5, 0.75, 1 - 2**-53])
def test_a_token_without_probability_is_never_drawn(uniform):
    """Also where u meets a cumulative sum exactly, or is the largest double below 1."""
    rng = np.random.default_rng(3)
    patterns = [
        [-INF, 0, -INF, 0, -INF],
        [-INF, -INF, 0, 0, 0, 0],
        [0, -INF, -INF],
        [0, -1000, 0, -1e6],
    ]
    patterns += [np.where(rng.random(60) < 0.5, -INF, rng.normal(size=60)) for _ in range(200)]
    patterns += [[*rng.normal(size=9), -2000, -INF] for _ in range(200)]

    for logits in patterns:
        for t in (1, INF, 0.3):
            allowed = np.array(logits) > (-1000 if t < INF else -INF)
            assert allowed[draw(logits, t, seed=Constant(uniform))]
    # The control: u = 1, which no Generator returns, would fall behind the last token.
    assert draw([0, 0, -INF], 1, seed=Constant(1.0)) == 1


def test_the_size_is_the_shape():
    one = draw(LOGITS, 1)
    assert isinstance(one, int)
    for size in (0, 1, 5, np.int64(3)):
        ids = draw(LOGITS, 1, size)
        assert ids.shape == (size,)
        assert ids.dtype == np.int64
    assert draw(LOGITS, 1, 4)[0] == one


def test_one_seed_gives_one_result_and_a_generator_moves_on():
    assert np.array_equal(draw(LOGITS, 1, 50, seed=7), draw(LOGITS, 1, 50, seed=7))
    assert not np.array_equal(draw(LOGITS, 1, 50, seed=7), draw(LOGITS, 1, 50, seed=8))
    assert np.array_equal(
        draw(LOGITS, 1, 50, seed=7), draw(LOGITS, 1, 50, seed=np.random.default_rng(7))
    )
    generator = np.random.default_rng(7)
    one_by_one = [draw(LOGITS, t, seed=generator) for t in [1] * 50]
    assert one_by_one == draw(LOGITS, 1, 50, seed=7).tolist()
    generators = [np.random.default_rng(7) for _ in range(2)]
    draw(LOGITS, 0, 3, generators[0])  # greedy too uses one number per draw
    generators[1].random(3)
    assert generators[0].random() == generators[1].random()


def test_the_callers_logits_are_left_alone():
    logits = np.array(LOGITS)
    logits.flags.writeable = False
    draw(logits, 0.5, 3, top_k=2, top_p=0.5, min_p=0.5)
    assert logits.tolist() == LOGITS


def test_truncations_have_their_law_whatever_the_logits():
    """300 random settings, ties among them, against the definition, each to one part in 10,000."""
    rng = np.random.default_rng(4)
    for _ in range(300):
        logits = rng.integers(-6, 6, size=rng.integers(1, 12)) / 2
        t = float(rng.choice([0.3, 1, 2.2]))
        top_k = int(rng.integers(1, 14))
        top_p = float(rng.uniform(0.05, 1))
        min_p = float(rng.uniform(0, 0.5))
        ids = draw(logits, t, 10_000, Grid(), top_k=top_k, top_p=top_p, min_p=min_p)
        expected = np.array(truncated_law(logits.tolist(), t, top_k, top_p, min_p))
        counts = np.bincount(ids, minlength=logits.size)
        assert counts == pytest.approx(10_000 * expected, abs=1), (logits, t, top_k, top_p, min_p)
        assert np.all(counts[expected == 0] == 0)


def test_the_temperature_comes_before_top_p():
    assert support([3, 2, 1], 0.5, top_p=0.8) == {0}
    assert support([3, 2, 1], 1, top_p=0.8) == {0, 1}  # what temperature last would leave
    assert support([3, 2, 1], 0.5, min_p=0.2) == {0}
    assert support([3, 2, 1], 1, min_p=0.2) == {0, 1}


def test_top_k_comes_before_top_p_and_top_p_before_min_p():
    logits = np.log([0.5, 0.3, 0.2])
    assert support(logits, 1, top_p=0.6) == {0, 1}
    assert support(logits, 1, top_k=2, top_p=0.6) == {0}  # among two, .5 is .625
    logits = np.log([0.5, 0.2, 0.2, 0.1])
    assert support(logits, 1, top_p=0.75, min_p=0.3) == {0, 1, 2}  # min_p first would leave {0, 1}


def test_equal_logits_are_ranked_by_id():
    assert support([3, 3, 1], 1, top_k=1) == support([3, 3, 1], 0) == {0}
    assert support([1, 3, 3, 3], 1, top_k=2) == {1, 2}
    assert support([0, 0, 0, 0], 1, top_p=0.5) == {0, 1}
    assert support([0, 0, 0, 0], 1, min_p=1) == {0, 1, 2, 3}


def test_truncation_at_the_limits_of_temperature():
    assert support([1, 3, 2, -INF], 0, top_k=3, top_p=0.99, min_p=0.1) == {1}
    assert support([1, 3, 2, -INF], INF, top_k=2) == {1, 2}
    assert support([1, 3, 2, 0], INF, top_p=0.5) == {1, 2}
    assert support([1, 3, -INF, 2], INF, top_k=9, min_p=1) == {0, 1, 3}
    assert support([0, INF, INF, 5], 1, top_k=3, top_p=0.9) == {1, 2}


def test_truncation_that_keeps_everything_changes_nothing():
    plain = draw(LOGITS, 1, 1000)
    for truncation in ({"top_k": 7}, {"top_k": 99}, {"top_p": 1}, {"min_p": 0}):
        assert np.array_equal(plain, draw(LOGITS, 1, 1000, **truncation))
    assert support([0, -30, -36], 1, top_p=1) == {
        0
    }  # on a grid of 1000; the rare ones are still there:
    assert draw([-36, 0], 1, seed=Constant(0.0), top_p=1) == 0
    assert draw([-36, 0], 1, seed=Constant(0.0), top_p=1 - 1e-12) == 1


def test_the_smallest_top_p_is_greedy():
    assert support([1, 2, 2], 1, top_p=5e-324) == {1}
