"""What the kernels buy: one draw from many tokens, many draws from one distribution, softmax of many rows.

Each contestant has turns of a few calls, one thread, and its best call counts: what slows one turn,
a neighbour on the machine or a cache that the other has emptied, slows neither best. The ratios
asked for are half of the usual ones, which differ by up to a third between machines and with what
the process did before."""

import numpy as np
import pytest
from scipy.special import softmax

import boltzmann as bz
from boltzmann.language import draw
from experiments.speed.contestants import best_times

TEMPERATURE = 0.7


def probabilities(logits, temperature):
    z = logits.astype(np.float64) / temperature
    z -= z.max()
    p = np.exp(z)
    return p / p.sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [50_257, 128_256])
def test_one_draw_is_faster_than_an_inverse_cdf_and_than_choice(size, dtype):
    """Usually 9 to 12 and 19 to 30; the inverse CDF works in the type of the logits."""
    generator = np.random.default_rng(0)
    logits = (3 * generator.standard_normal(size)).astype(dtype)

    def inverse_cdf():
        z = logits / TEMPERATURE
        z -= z.max()
        cumulative = np.cumsum(np.exp(z))
        return np.searchsorted(cumulative, generator.random() * cumulative[-1])

    def choice():
        return generator.choice(size, p=probabilities(logits, TEMPERATURE))

    def ours():
        return draw(logits, TEMPERATURE, seed=generator)

    best = best_times({"ours": ours, "inverse_cdf": inverse_cdf, "choice": choice}, 60, 4)
    assert best["inverse_cdf"] > 4 * best["ours"], best
    assert best["choice"] > 8 * best["ours"], best


@pytest.mark.parametrize("size", [50_257, 128_256])
def test_many_draws_are_faster_than_choice(size):
    """Usually 20, table and all, at t = 1; at t = 0.7, where choice finds nearly all in the cache, it is 10.

    A draw then takes 4 ns, of which NumPy spends 1.7 on the random number and 1 on memory for the
    id."""
    generator, count = np.random.default_rng(0), 1_000_000
    logits = 3 * generator.standard_normal(size)

    def choice():
        return generator.choice(size, count, p=probabilities(logits, 1.0))

    def ours():
        return draw(logits, 1.0, count, seed=generator)

    best = best_times({"ours": ours, "choice": choice}, 4, 3)
    assert best["choice"] > 5 * best["ours"], best


@pytest.mark.parametrize(("shape", "turns"), [((64, 50_257), 15), ((1_000_000, 8), 4)])
def test_softmax_of_many_is_faster_than_that_of_scipy(shape, turns):
    """Usually 3 for long rows, the exponentials and two passes through memory, and 4 for short ones."""
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    best = best_times(
        {"ours": lambda: bz.softmax(x), "scipy": lambda: softmax(x, axis=-1)}, turns, 3
    )
    assert best["scipy"] > 1.5 * best["ours"], best
