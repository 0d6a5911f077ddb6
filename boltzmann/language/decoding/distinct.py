"""Drawing k different tokens: one after another without replacement, or all at once as fermions."""

from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import (
    FloatArray,
    as_count,
    as_generator,
    as_temperature,
    refuse_first,
)
from boltzmann.language.decoding.steps import as_logits

IntArray = NDArray[np.int64]

LAWS = ("plackett-luce", "conditional-poisson")
_NUMBERS_A_BLOCK = 2**20  # random numbers that are drawn at once


@overload
def draw_distinct(
    logits: ArrayLike,
    count: int,
    temperature: float = 1.0,
    size: None = None,
    seed: int | np.random.Generator = 0,
    *,
    law: str = "plackett-luce",
) -> IntArray: ...


@overload
def draw_distinct(
    logits: ArrayLike,
    count: int,
    temperature: float = 1.0,
    size: int = 1,
    seed: int | np.random.Generator = 0,
    *,
    law: str = "plackett-luce",
) -> IntArray: ...


def draw_distinct(
    logits: ArrayLike,
    count: int,
    temperature: float = 1.0,
    size: int | None = None,
    seed: int | np.random.Generator = 0,
    *,
    law: str = "plackett-luce",
) -> IntArray:
    r"""Draw `count` different token ids, by one of two laws of drawing without replacement.

    With the weights w_i = exp(logits_i / t), the law of Plackett [1]_ and Luce is that of draws one
    after another, each from the tokens that are left,

    .. math:: P(i_1, \dots, i_k) = \prod_{j=1}^k \frac{w_{i_j}}{\sum_i w_i - \sum_{m<j} w_{i_m}}

    and that of the k largest among logits/t with Gumbel noise [2]_. Conditional Poisson sampling
    [3]_ is the law of k fermions on the levels -logits: a set has the probability

    .. math:: P(S) \propto \prod_{i \in S} w_i, \qquad |S| = k

    of independent draws of a token each, given that no two are equal. For k = 1 both are `draw`. At
    t = 0 the k largest logits are drawn, at t = inf each set of tokens not at -inf equally often.

    Parameters
    ----------
    logits : (V,) array_like
        One unnormalised log-probability per token, in nats; -inf forbids a token.
    count : int
        k, from 1 to the number of tokens that are not forbidden.
    temperature : float
        t, in the unit of the logits, from 0 to inf; 1 by default.
    size : int, optional
        How many independent sets; one, of shape (count,), by default.
    seed : int or numpy Generator
        The source of randomness.
    law : {"plackett-luce", "conditional-poisson"}
        Which of the two.

    Returns
    -------
    (count,) or (size, count) array of int
        The ids; in the order in which they were drawn, or, of a set, from the smallest id on.

    Raises
    ------
    ValueError
        If `logits` is not of shape (V,), holds a nan or +inf, `count` tokens are more than are
        allowed, or another argument is out of its range.

    See Also
    --------
    draw : Tokens, drawn at a temperature.
    boltzmann.fermi_occupancy : The exact law of fermions.

    Notes
    -----
    Conditional Poisson sampling keeps (V + 1)(k + 1) sums, and takes V steps for all sets together.

    References
    ----------
    .. [1] R. L. Plackett, Appl. Stat. 24, 193 (1975).
    .. [2] W. Kool, H. van Hoof and M. Welling, Proc. ICML 2019.
    .. [3] X.-H. Chen, A. P. Dempster and J. S. Liu, Biometrika 81, 457 (1994).

    Examples
    --------
    >>> draw_distinct([2.0, 1.0, 0.5, -np.inf], count=2, temperature=0)
    array([0, 1])
    >>> sets = draw_distinct([2, 1, 0], 2, size=1000, law="conditional-poisson")
    >>> sets.shape, np.unique(sets, axis=0).tolist()
    ((1000, 2), [[0, 1], [0, 2], [1, 2]])
    """
    values = as_logits(logits)
    refuse_first("logits", values, values == np.inf, "a weight must be finite")
    allowed = np.flatnonzero(values > -np.inf)
    count = as_count("count", count)
    if count > allowed.size:
        raise ValueError(f"count is {count}: {allowed.size} tokens are allowed")
    t = as_temperature(temperature, sampling=True)
    if law not in LAWS:
        raise ValueError(f"law is {law!r}: it must be one of {', '.join(LAWS)}")
    sets = 1 if size is None else as_count("size", size, least=0)
    generator = as_generator(seed)

    below = values[allowed] - values.max()  # (A,)
    # So cold that a weight has no logarithm, no draw differs from that at t = 0.
    with np.errstate(over="ignore"):
        frozen = t == 0 or np.isinf(below.min() / t)
    if frozen:
        largest = np.argsort(-below, kind="stable")[:count]
        places = np.tile(largest, (sets, 1))
    else:
        drawing = _in_a_race if law == "plackett-luce" else _as_fermions
        places = drawing(below / t, count, sets, generator)

    ids: IntArray = allowed[places]  # (size, count)
    return ids[0] if size is None else ids


def _in_a_race(
    log_weights: FloatArray, count: int, sets: int, generator: np.random.Generator
) -> IntArray:
    """Return places (sets, count): the first to arrive, each at a rate that is its weight.

    The logarithm of the time of arrival is Gumbel noise less the logarithm of the weight.
    """
    places = np.empty((sets, count), np.int64)
    block = max(1, _NUMBERS_A_BLOCK // log_weights.size)
    for start in range(0, sets, block):
        rows = places[start : start + block]
        waits = generator.standard_exponential((len(rows), log_weights.size))
        log_times = np.log(waits) - log_weights
        first = np.argpartition(log_times, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(log_times, first, axis=1), axis=1)
        rows[:] = np.take_along_axis(first, order, axis=1)
    return places


def _as_fermions(
    log_weights: FloatArray, count: int, sets: int, generator: np.random.Generator
) -> IntArray:
    """Return places (sets, count): each token is taken or left, given those before it.

    Token i is taken with probability w_i e_{r-1}/(w_i e_{r-1} + e_r), where r are still to be taken
    and e_r is the sum of the weights of all sets of r of the tokens after i.
    """
    tokens = log_weights.size
    log_sums = np.full((tokens + 1, count + 1), -np.inf)  # of the tokens from i on
    log_sums[:, 0] = 0.0
    for i in range(tokens - 1, -1, -1):
        taken = log_weights[i] + log_sums[i + 1, :-1]
        log_sums[i, 1:] = np.logaddexp(log_sums[i + 1, 1:], taken)

    places = np.empty((sets, count), np.int64)
    left = np.full(sets, count)  # how many each set still lacks
    for i in range(tokens):
        open_sets = np.flatnonzero(left)
        lacking = left[open_sets]
        log_chance = log_weights[i] + log_sums[i + 1, lacking - 1] - log_sums[i, lacking]
        chosen = generator.random(open_sets.size) < np.exp(log_chance)
        where = open_sets[chosen]
        places[where, count - left[where]] = i
        left[where] -= 1
    return places
