"""Decoding steps, functions from logits to logits: temperature, truncations, repetition penalty.

A truncation forbids tokens: it moves their levels to E = +inf, their logits to -inf. Every step
leaves at least one token.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import (
    SMALLEST,
    FloatArray,
    as_count,
    as_floats,
    as_ids,
    as_number,
    as_positive,
    as_temperature,
)

Ids = Sequence[int] | NDArray[np.int64]


def as_logits(logits: ArrayLike) -> FloatArray:
    """Return `logits` as float64, of shape (V,) with at least one above -inf; see `as_floats`."""
    values = as_floats("logits", logits, masked=-np.inf)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"logits must have shape (V,) with V of at least 1, got {values.shape}")
    if np.all(values == -np.inf):
        raise ValueError("logits are all -inf: at least one token must be allowed")
    return values


def _as_fraction(name: str, value: Any) -> float:
    return as_number(name, value, "number from 0 to 1", 0.0, 1.0)


def _as_positive_fraction(name: str, value: Any) -> float:
    fraction = _as_fraction(name, value)
    if fraction == 0:
        raise ValueError(f"{name} is 0: it must be above 0, for at least one token to be kept")
    return fraction


def _as_sampling_temperature(temperature: Any) -> float:
    if isinstance(temperature, int | float) and 0 <= temperature <= 1e300:
        return float(temperature) + 0.0  # the usual case, without making an array
    return as_temperature(temperature, sampling=True)


def relative_to_largest(logits: FloatArray) -> FloatArray:
    """Return the logits less the largest, (V,); beside one at +inf all others are at -inf."""
    largest = logits.max()
    if largest == np.inf:
        return np.where(logits == np.inf, 0.0, -np.inf)
    with np.errstate(over="ignore"):
        differences: FloatArray = logits - largest
    return differences


def relative_weights(logits: FloatArray) -> FloatArray:
    """Return each token's probability relative to the most probable one's, shape (V,)."""
    with np.errstate(under="ignore"):
        weights: FloatArray = np.exp(relative_to_largest(logits))
    return weights


def _ranked(scores: FloatArray) -> NDArray[np.intp]:
    """Return the tokens with a score above -inf, from the highest to the lowest, ties by id."""
    allowed = np.flatnonzero(scores > -np.inf)
    return allowed[np.argsort(-scores[allowed], kind="stable")]


def _fewest(ranked: NDArray[np.intp], weights: FloatArray, share: float) -> NDArray[np.intp]:
    """Return the shortest beginning of `ranked` that has at least this share of the weight."""
    if share == 1:
        return ranked
    # Summed from the rarest token on, so that the tail keeps its digits.
    tail = np.cumsum(weights[ranked[::-1]])[::-1]  # weight of each rank and of all ranks below it
    return ranked[: max(1, np.count_nonzero(tail > (1 - share) * tail[0]))]


class Step(ABC):
    """A function from logits to logits, given the context; see `boltzmann.language.Chain`."""

    def __call__(self, logits: ArrayLike, context: Ids = ()) -> FloatArray:
        """Return the logits after this step.

        Parameters
        ----------
        logits : (V,) array_like
            One unnormalised log-probability per token, in nats; -inf forbids a token.
        context : sequence of int, optional
            The ids so far, oldest first; only a `RepetitionPenalty` uses them.

        Returns
        -------
        (V,) array of float64
            Logits in an array of their own; at least one is above -inf.

        Raises
        ------
        ValueError
            If `logits` is not of shape (V,), holds a nan or no token above -inf, or an entry of
            `context` is no id.
        """
        values = as_logits(logits).copy()
        return self._apply(values, as_ids("context", context, values.size))

    @abstractmethod
    def _apply(self, logits: FloatArray, context: Ids) -> FloatArray:
        """Return the logits after this step, (V,), given checked ones, which are left unchanged."""


class Truncation(Step):
    """A step that forbids some tokens, E = +inf, and leaves the logits of the others unchanged."""

    def _apply(self, logits: FloatArray, context: Ids) -> FloatArray:
        kept = self._kept(logits)
        truncated = np.full_like(logits, -np.inf)  # (V,)
        truncated[kept] = logits[kept]
        return truncated

    @abstractmethod
    def _kept(self, logits: FloatArray) -> NDArray[np.intp] | NDArray[np.bool_]:
        """Return the tokens that stay allowed, as indices or as a mask."""


@dataclass(frozen=True)
class Temperature(Step):
    r"""Divide the logits by a temperature.

    .. math:: l_i \to l_i / t

    At t = 0 the first of the largest logits stays and all others go to -inf. At t = inf all tokens
    above -inf become equally likely; their logits stay in order, apart by the smallest positive
    number, so that a truncation after it still ranks them. Where l / t would overflow it is
    measured from the largest logit, which changes no probability. Beside a logit at +inf all others
    go to -inf.

    Parameters
    ----------
    temperature : float
        t, in the unit of the logits, from 0 to inf.

    Raises
    ------
    ValueError
        If t is negative or nan.

    See Also
    --------
    boltzmann.temper : Probabilities at another temperature.
    Chain : Steps in an order.
    draw : Tokens, drawn at a temperature.

    References
    ----------
    .. [1] D. H. Ackley, G. E. Hinton and T. J. Sejnowski, Cogn. Sci. 9, 147 (1985).

    Examples
    --------
    >>> Temperature(0.5)([3, 2, -np.inf])
    array([ 6., 4., -inf])
    >>> Temperature(0)([3, 2, 3])
    array([ 3., -inf, -inf])
    """

    temperature: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "temperature", _as_sampling_temperature(self.temperature))

    def _apply(self, logits: FloatArray, context: Ids) -> FloatArray:
        # The limits, which are (V,) as well
        if self.temperature == 0:
            return np.where(np.arange(logits.size) == logits.argmax(), logits, -np.inf)
        largest = logits.max()
        if largest == np.inf:
            return np.where(logits == np.inf, logits, -np.inf)
        if self.temperature == np.inf:
            _, ranks = np.unique(logits, return_inverse=True)
            return np.where(logits > -np.inf, (ranks - ranks.max()) * SMALLEST, -np.inf)

        with np.errstate(over="ignore", under="ignore"):
            scaled: FloatArray = logits / self.temperature  # (V,)
            if np.isinf(scaled.max()):
                scaled = (logits - largest) / self.temperature
        return scaled


@dataclass(frozen=True)
class TopK(Truncation):
    """Keep the k most probable tokens; of equal ones the first, so that k = 1 is greedy.

    transformers and vLLM keep every token as probable as the k-th; llama.cpp keeps exactly k, as
    here.

    Parameters
    ----------
    top_k : int
        k, of at least 1.

    Raises
    ------
    ValueError
        If k is no whole number or below 1.

    See Also
    --------
    TopP : The fewest tokens of a total probability.
    MinP : Tokens near enough to the most probable.
    Chain : Steps in an order.

    References
    ----------
    .. [1] A. Fan, M. Lewis and Y. Dauphin, Proc. ACL 2018, 889.

    Examples
    --------
    >>> TopK(2)([1, 3, 3, 3])
    array([-inf, 3., 3., -inf])
    """

    top_k: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "top_k", as_count("top_k", self.top_k))

    def _kept(self, logits: FloatArray) -> NDArray[np.intp]:
        return _ranked(logits)[: self.top_k]


@dataclass(frozen=True)
class TopP(Truncation):
    """Keep the fewest most probable tokens with a total probability of at least p.

    Of equally probable ones the first are kept.

    Parameters
    ----------
    top_p : float
        p, above 0 and at most 1, which keeps all.

    Raises
    ------
    ValueError
        If p is out of this range.

    See Also
    --------
    TopK : The k most probable tokens.
    MinP : Tokens near enough to the most probable.
    Typical : Tokens of ordinary surprise.
    Chain : Steps in an order.

    References
    ----------
    .. [1] A. Holtzman et al., Proc. ICLR 2020.

    Examples
    --------
    >>> TopP(0.8)([3, 2, 1])
    array([ 3., 2., -inf])
    """

    top_p: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "top_p", _as_positive_fraction("top_p", self.top_p))

    def _kept(self, logits: FloatArray) -> NDArray[np.intp]:
        return _fewest(_ranked(logits), relative_weights(logits), self.top_p)


@dataclass(frozen=True)
class MinP(Truncation):
    """Keep tokens at least `min_p` times as probable as the most probable one.

    Parameters
    ----------
    min_p : float
        From 0, which keeps all, to 1, which keeps the most probable and its equals.

    Raises
    ------
    ValueError
        If it is out of this range.

    See Also
    --------
    TopP : The fewest tokens of a total probability.
    Epsilon : Tokens above a probability.
    Chain : Steps in an order.

    References
    ----------
    .. [1] M. N. Nguyen et al., Proc. ICLR 2025.

    Examples
    --------
    >>> MinP(0.2)([3, 2, 1])
    array([ 3., 2., -inf])
    """

    min_p: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "min_p", _as_fraction("min_p", self.min_p))

    def _kept(self, logits: FloatArray) -> NDArray[np.bool_]:
        return relative_weights(logits) >= self.min_p


@dataclass(frozen=True)
class Typical(Truncation):
    r"""Keep the fewest most typical tokens with a total probability of at least `typical_p`.

    A token is typical if its surprisal is near the mean one, the entropy: tokens are ranked by

    .. math:: \bigl| -\log p_i - S \bigr|, \qquad S = -\sum_i p_i \log p_i

    and equal ones by id, of which transformers keeps all. The most probable token may be among
    those cut off.

    Parameters
    ----------
    typical_p : float
        Above 0 and at most 1, which keeps all.

    Raises
    ------
    ValueError
        If it is out of this range.

    See Also
    --------
    TopP : The fewest tokens of a total probability.
    Chain : Steps in an order.

    References
    ----------
    .. [1] C. Meister, T. Pimentel, G. Wiher and R. Cotterell, Trans. ACL 11, 102 (2023).

    Examples
    --------
    >>> np.exp(Typical(0.4)(np.log([0.4, 0.3, 0.2, 0.1]))).round(2)
    array([0. , 0.3, 0.2, 0. ])
    """

    typical_p: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "typical_p", _as_positive_fraction("typical_p", self.typical_p))

    def _kept(self, logits: FloatArray) -> NDArray[np.intp]:
        weights = relative_weights(logits)  # (V,)
        surprisals = np.log(weights.sum()) - relative_to_largest(logits)  # (V,)
        entropy = weights @ np.where(weights > 0, surprisals, 0) / weights.sum()
        return _fewest(_ranked(-np.abs(surprisals - entropy)), weights, self.typical_p)


@dataclass(frozen=True)
class Epsilon(Truncation):
    """Keep tokens of at least probability epsilon, and always the most probable and its equals.

    Parameters
    ----------
    epsilon : float
        From 0, which keeps all, to 1.

    Raises
    ------
    ValueError
        If it is out of this range.

    See Also
    --------
    MinP : Tokens near enough to the most probable.
    Chain : Steps in an order.

    References
    ----------
    .. [1] J. Hewitt, C. D. Manning and P. Liang, Findings of EMNLP 2022, 3414.

    Examples
    --------
    >>> Epsilon(0.1)([3, 2, 1])
    array([ 3., 2., -inf])
    """

    epsilon: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "epsilon", _as_fraction("epsilon", self.epsilon))

    def _kept(self, logits: FloatArray) -> NDArray[np.bool_]:
        weights = relative_weights(logits)
        kept: NDArray[np.bool_] = (weights / weights.sum() >= self.epsilon) | (weights == 1)
        return kept


@dataclass(frozen=True)
class RepetitionPenalty(Step):
    r"""Make tokens that are in the context less probable.

    .. math:: l_i \to l_i / \theta \text{ if } l_i > 0, \quad \theta l_i \text{ if } l_i < 0

    once, however often the token occurs. It is the only step that depends on where zero is: a
    constant added to all logits changes the law after it. Where θ would make the logits overflow,
    they are measured from the largest.

    Parameters
    ----------
    repetition_penalty : float
        θ, positive: above 1 it discourages, below 1 it rewards.
    window : int, optional
        How many of the latest ids count; all by default.

    Raises
    ------
    ValueError
        If θ is not positive and finite or `window` is no whole number of at least 1.

    See Also
    --------
    Chain : Steps in an order.

    References
    ----------
    .. [1] N. S. Keskar et al., arXiv:1909.05858 (2019).

    Examples
    --------
    >>> RepetitionPenalty(2)([4, 4, -1, -1], context=[0, 2, 0])
    array([ 2., 4., -2., -1.])
    """

    repetition_penalty: float
    window: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "repetition_penalty", as_positive("repetition_penalty", self.repetition_penalty)
        )
        if self.window is not None:
            object.__setattr__(self, "window", as_count("window", self.window))

    def _apply(self, logits: FloatArray, context: Ids) -> FloatArray:
        latest = context if self.window is None else context[-self.window :]
        repeated = np.zeros(logits.size, np.bool_)  # (V,)
        repeated[np.asarray(latest, np.intp)] = True

        with np.errstate(over="ignore", under="ignore"):
            penalised = self._penalised(logits, repeated)
            largest = logits.max()
            if np.isfinite(largest) and np.isinf(penalised.max()):
                # 2^-n times the logits give 2^-n times the result, the largest of which then is
                # within range.
                n = 900 + int(np.frexp(largest)[1])
                smaller = self._penalised(np.ldexp(logits, -n), repeated)
                penalised = np.ldexp(smaller - smaller.max(), n)
        return penalised

    def _penalised(self, logits: FloatArray, repeated: NDArray[np.bool_]) -> FloatArray:
        theta = self.repetition_penalty
        return np.where(repeated, np.where(logits < 0, logits * theta, logits / theta), logits)
