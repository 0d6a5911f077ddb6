"""Statistical tests of the random words, within a stream and across lanes, blocks and seeds.

What is read as one sequence would show a kinship of its parts: words of all lanes of a block, of
all blocks at one place, of all seeds at one place. Each test has a false-alarm rate of 1e-6 by
Bonferroni's inequality. The controls are streams with a fault that has been shipped before: a seed
that is added to the state, and a generator whose low bits repeat.
"""

import numpy as np
import pytest
from scipy.stats import chi2, norm, poisson

from boltzmann.simulation.kernels.random_streams import LANES, fill_words, seeded_streams

FALSE_ALARM = 1e-6
MEMBERS = 64
ROWS = 512


def words_of(streams):
    """Return the next words of some streams, (members, ROWS, LANES)."""
    words = np.empty((len(streams), ROWS * LANES), np.uint64)
    for stream, row in zip(streams, words, strict=True):
        fill_words(stream, row)
    return words.reshape(len(streams), ROWS, LANES)


def of_blocks():
    """Return words of the first blocks of a seed."""
    return words_of(seeded_streams(2026, MEMBERS))


def of_seeds():
    """Return words of the first block of seeds in a row."""
    return words_of([seeded_streams(seed, 1)[0] for seed in range(MEMBERS)])


def with_added_seeds():
    """Return what is wrong: the words of one stream, with the number of the member added."""
    words = words_of([seeded_streams(2026, 1)[0]] * MEMBERS)[:1]
    return words + np.arange(MEMBERS, dtype=np.uint64)[:, None, None] * np.uint64(2**40 + 1)


def with_short_periods():
    """Return what is wrong: a multiplicative generator, whose bit k repeats after 2^k steps."""
    words = np.empty((MEMBERS, ROWS * LANES), np.uint64)
    factor, state = np.uint64(6364136223846793005), np.arange(1, 2 * MEMBERS, 2, dtype=np.uint64)
    for n in range(words.shape[1]):
        words[:, n] = state = state * factor
    return words.reshape(MEMBERS, ROWS, LANES)


def least_p_of_bytes(words):
    """Return the p-value of the least uniform byte, the highest or the lowest of a member."""
    p_values = []
    for member in words.reshape(len(words), -1):
        for shift in (56, 0):
            counts = np.bincount((member >> np.uint64(shift)).astype(np.uint8), minlength=256)
            expected = member.size / 256
            p_values.append(chi2.sf(np.square(counts - expected).sum() / expected, 255))
    return min(p_values) * len(p_values)


def least_p_of_correlations(words):
    """Return the p-value of the largest correlation of two members or two lanes, at lag 0 or 1."""
    p_values = []
    for samples in (words.reshape(len(words), -1), words.swapaxes(0, 2).reshape(LANES, -1)):
        for bits in (samples >> np.uint64(32), samples & np.uint64(2**32 - 1)):
            x = bits / 2.0**32 - 0.5
            first, second = x[:, :-1], x[:, 1:]
            pairs = [
                (x @ x.T)[np.triu_indices(len(x), 1)] / x.shape[1],
                (first @ second.T).ravel() / first.shape[1],
            ]
            # A product of two uniforms around 0 has the variance 1/144.
            z = 12 * np.sqrt(x.shape[1]) * np.concatenate(pairs)
            p_values.append(2 * norm.sf(np.abs(z).max()) * z.size)
    return min(p_values) * len(p_values)


def least_p_of_birthdays(words, birthdays=4096):
    """Return the p-value of equal gaps between n birthdays in years of 2^32 days.

    Their number in a year is Poisson of mean n³/2^34.

    .. G. Marsaglia and W. W. Tsang, J. Stat. Softw. 7, 3 (2002).
    """
    p_values = []
    for order in (
        (0, 1, 2),
        (1, 0, 2),
        (1, 2, 0),
    ):  # through members one by one; at one row, all members; all lanes
        for shift in (32, 0):
            days = (words.transpose(order).ravel() >> np.uint64(shift)) & np.uint64(2**32 - 1)
            years = np.sort(
                days[: days.size // birthdays * birthdays].reshape(-1, birthdays), axis=1
            )

            gaps = np.sort(np.diff(years, axis=1), axis=1)
            equal = int((gaps[:, 1:] == gaps[:, :-1]).sum())
            mean = len(years) * birthdays**3 / 2.0**34
            p_values.append(2 * min(poisson.sf(equal - 1, mean), poisson.cdf(equal, mean)))
    return min(p_values) * len(p_values)


BATTERY = [least_p_of_bytes, least_p_of_correlations, least_p_of_birthdays]


@pytest.mark.parametrize("test", BATTERY)
@pytest.mark.parametrize("members", [of_blocks, of_seeds])
def test_words_pass(test, members):
    assert test(members()) > FALSE_ALARM


@pytest.mark.parametrize(
    ("test", "members"),
    [
        (least_p_of_bytes, with_short_periods),
        (least_p_of_correlations, with_short_periods),
        (least_p_of_correlations, with_added_seeds),
        (least_p_of_birthdays, with_added_seeds),
    ],
)
def test_words_with_a_fault_do_not(test, members):
    assert test(members()) < FALSE_ALARM
