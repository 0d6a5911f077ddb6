"""How often each of K is among the first k of draws without replacement, exactly.

Plackett and Luce's draws one after another are a race in which i arrives at the rate p_i: whoever
arrives first is drawn first. So i is among the first k if fewer than k others arrived before it.

References
----------
.. [1] R. L. Plackett, Appl. Stat. 24, 193 (1975).
"""

import numpy as np
from scipy.special import gammaln

_STEP = 0.05  # in the logarithm of time; the integrand is smooth and ends doubly exponentially
_LEFT_OUT = 42.0  # what is left out at either end is below e^-42 of the rest


def inclusion(p: np.ndarray, count: int) -> np.ndarray:
    """Return the probability (K,) that each is among the first `count`, of rates p (K,) above 0."""
    if count == p.size:
        return np.ones(p.size)
    # Later than the last time, fewer than k have arrived with a probability of at most the number
    # of sets of k - 1 times e^-(time × rate of all but the k - 1 fastest).
    slow = np.sort(p)[: p.size - count + 1].sum()
    sets = gammaln(p.size + 1) - gammaln(count) - gammaln(p.size - count + 2)
    last = np.log((_LEFT_OUT + sets) / slow)
    times = np.exp(np.arange(-_LEFT_OUT - np.log(p.max()), last + _STEP, _STEP))  # (n,)

    arrived = -np.expm1(-np.outer(p, times))  # (K, n), the probability to have arrived
    nobody = np.zeros((count, times.size))
    nobody[0] = 1.0
    few = np.empty((p.size, times.size))
    _fewer_than(nobody, arrived, few)
    density = p[:, None] * np.exp(-np.outer(p, times)) * times  # of the arrival, in log time
    return (density * few).sum(axis=1) * _STEP


def _fewer_than(number: np.ndarray, arrived: np.ndarray, few: np.ndarray) -> None:
    """Write to `few` (L, n) the probability that fewer than k without each one have arrived.

    `number` (k, n) is the distribution of how many of all others have.
    """
    if len(arrived) == 1:
        few[0] = number.sum(axis=0)
        return
    half = len(arrived) // 2
    first, second = slice(half), slice(half, None)
    for these, others in ((first, second), (second, first)):
        with_others = number.copy()
        for chance in arrived[others]:
            arriving = chance * with_others[:-1]
            with_others *= 1 - chance
            with_others[1:] += arriving
        _fewer_than(with_others, arrived[these], few[these])
