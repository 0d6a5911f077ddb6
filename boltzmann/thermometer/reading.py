r"""From tokens back to the temperature that drew them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri, stdtrit

from boltzmann._core.checks import FloatArray, as_count, as_number
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.fitting import as_t, fit_beta, likelihood_bounds, slope
from boltzmann.thermometer.inputs import ABSENT, WITHHELD, condense
from boltzmann.thermometer.token_levels import IntArray, TokenLevels
from boltzmann.thermometer.uniformity import kolmogorov_smirnov

_TOPS = (2, 5, 20, 100)  # the readings by which a truncation shows
_FEWEST = 25.0  # n C of a shell of tokens whose pull is nearly normal


@dataclass(frozen=True)
class TopReading:
    """The temperature read from the draws among the `top` likeliest tokens alone, on that condition."""

    top: float
    temperature: float
    standard_error: float
    draws: int


@dataclass(frozen=True)
class Reading:
    """What the tokens tell about the temperature that drew them.

    Attributes
    ----------
    temperature : float
        t, in the unit of the logits; 0 if every draw was its row's likeliest token, inf if energy
        made no difference, negative if unlikely tokens were preferred, nan if no row offers a
        choice.
    standard_error : float
        Of the temperature: the clustered one if groups were given, else the naive one.
    interval : (low, high)
        The confidence interval. It runs through infinity to negative temperatures where low > high.
    confidence : float
        Its level.
    naive_error, clustered_error : float
        The standard error if draws are independent, and if only groups of them are; nan without
        groups.
    draws : int
        How many draws were used.
    left_out : dict
        How many were not, by reason: "withheld" (no token reported), "not offered" (not in the
        list), "forbidden" (offered at probability 0), "below the top" (not among the likeliest
        `top`), "contradictory" (saved draws whose list disagrees with the token).
    top : float
        Draws were taken on the condition that they lie among so many likeliest tokens; inf for all.
    heat_capacity : float
        C of one draw, on average: n C draws tell t to 1/√(n C) of itself.
    goodness_of_fit : float
        The p-value of the fitted law, of all draws against one temperature (on the safe side, as t
        is fitted).
    by_top : tuple of TopReading
        The reading at several m. Where truncation is hidden it falls as m grows.
    constancy : float
        The p-value of all these being one temperature.
    evidence : Evidence
        The levels offered and the draws, condensed; what `diagnose` needs.
    """

    temperature: float
    standard_error: float
    interval: tuple[float, float]
    confidence: float
    naive_error: float
    clustered_error: float
    draws: int
    left_out: dict[str, int]
    top: float
    heat_capacity: float
    goodness_of_fit: float
    by_top: tuple[TopReading, ...]
    constancy: float
    evidence: Evidence = field(repr=False, compare=False)


def read(
    logits_or_logprobs: Any,
    chosen: Any,
    top: int | None = None,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
    *,
    rows: ArrayLike | None = None,
    normalised: ArrayLike | None = None,
) -> Reading:
    r"""Read the temperature at which tokens were drawn.

    With E = -logits and β = 1/t, draw i has the likelihood softmax(-β E_i) at its token x_i: an
    exponential family, whose one peak [1]_ is where the mean energies add up to those drawn,

    .. math:: \sum_i \bigl(\langle E \rangle_\beta - E_{x_i}\bigr) = 0, \qquad
              \mathrm{SE}(t)/t = 1/\sqrt{n C}, \qquad C = \beta^2
              \,\overline{\operatorname{Var}_\beta(E)}

    How well a temperature can be measured is how much heat the distribution holds. The interval is
    the likelihood's: all β at which it lies less than half a quantile of chi-square below its peak,
    stretched by the square of clustered over naive error where groups are given.

    Given that a draw lies among the m likeliest tokens, its law needs no others: with `top` = m the
    rest may be unknown, or truncated. Whether the law is right is told by U = F(x⁻) + V p(x), V
    uniform, which is then uniform and independent from draw to draw [2]_.

    Parameters
    ----------
    logits_or_logprobs : array, or iterable of batches or lists
        In nats, up to a constant per row; -inf forbids a token. A row is offered to each draw, as
        an (n, V) array or memory map, an iterable of (b, V) arrays (passed once), an iterable of n
        one-dimensional rows of any lengths, of n mappings {token: logprob}, of n pairs (tokens,
        logprobs), or a pair of two (n, m) arrays of such; or one row (V,) to all draws.
    chosen : (n,) array_like
        The token that came out: an index into the row, or one of its tokens. None, or -1, was
        withheld.
    top : int, optional
        m: take only draws among the m likeliest, on that condition. Servers that report the m
        likeliest *and* the token drawn need it; where lists show that pattern (the longer ones end
        in the token drawn, one place after the shortest's end) it is chosen so.
    groups : (n,) array_like, optional
        Equal for draws that may depend on each other, such as those of one request.
    confidence : float
        Of the interval, between 0 and 1.
    rows : (n,) array_like of int, optional
        The row that each draw was offered, if not its own.
    normalised : float or (R,) array_like, optional
        The temperature at which rows are log-probabilities of the whole vocabulary, of which they
        list the likeliest tokens: 1, unless they were multiplied by something. It tells how
        probable the others are together, which a truncation by top_p depends on. nan for a row of
        which that is not known. By default rows hold all tokens.

    Raises
    ------
    ValueError
        If a log-probability is nan or +inf, a row is empty or allows nothing, shapes disagree, or
        no draw is left.

    Notes
    -----
    Long rows are condensed as they pass, so that nothing has to be kept or passed again: the 256 likeliest
    tokens keep their own levels, those above are gathered, 32 levels to the nat. A reading holds on to these.

    Tokens that are withheld for what they are, such as pieces of a character, must be missing from
    the rows as well, or be forbidden there: the law is then the one given that no such token is
    drawn.

    References
    ----------
    .. [1] arXiv:2601.02320 (2026): the point estimate of a temperature from text.
    .. [2] A. Brockwell, Stat. Probab. Lett. 77, 1473 (2007).

    Examples
    --------
    >>> from boltzmann.language import draw
    >>> logits = -np.log(np.arange(1.0, 1001.0))
    >>> reading = read(logits, draw(logits, temperature=0.7, size=5000, seed=1))
    >>> round(reading.temperature, 2), round(reading.standard_error, 3), reading.draws
    (0.7, 0.004, 5000)
    """
    confidence = _as_confidence(confidence)
    levels, of_row, energies, ranks, places = condense(logits_or_logprobs, chosen, rows, normalised)
    most = (
        float(as_count("top", top))
        if top is not None
        else _appended(logits_or_logprobs, levels, of_row, ranks)
    )
    reasons = {
        "withheld": places == WITHHELD,
        "not offered": places == ABSENT,
        "forbidden": (places >= 0) & (energies == np.inf),
        "below the top": (places >= 0) & (energies < np.inf) & (ranks >= most),
    }
    left_out = {reason: int(mask.sum()) for reason, mask in reasons.items() if mask.any()}
    kept = ~np.any(list(reasons.values()), axis=0)
    labels = _as_groups(groups, kept)
    if not kept.any():
        raise ValueError(f"chosen has no draw that can be read: {left_out}")
    forbidden = left_out.get("forbidden", 0)
    evidence = Evidence(levels, of_row[kept], energies[kept], ranks[kept], most, labels, forbidden)
    return _read(evidence, left_out, confidence)


def _as_confidence(confidence: Any) -> float:
    kind = "number between 0 and 1"
    return as_number(
        "confidence", confidence, kind, float(np.nextafter(0.0, 1.0)), float(np.nextafter(1.0, 0.0))
    )


def _as_groups(groups: ArrayLike | None, kept: Any) -> IntArray | None:
    """Return the groups of the draws kept, numbered from 0."""
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != kept.shape:
        raise ValueError(
            f"groups must have shape {kept.shape}, one label per draw, got {labels.shape}"
        )
    numbers = np.unique(labels[kept], return_inverse=True)[1].astype(np.int64)
    if kept.any() and numbers.max() == 0:
        raise ValueError("groups has one group only: to tell how groups differ, two are needed")
    return numbers


def _appended(source: Any, levels: TokenLevels, rows: IntArray, ranks: IntArray) -> float:
    """Return m if lists hold the m likeliest tokens and the one drawn, which came last; else inf."""
    if hasattr(source, "ndim"):
        return np.inf
    sizes = levels.sizes
    shortest = sizes.min()
    longer = sizes[rows] == shortest + 1
    pattern = sizes.max() == shortest + 1 and longer.any() and np.all(ranks[longer] == shortest)
    return float(shortest) if pattern else np.inf


def _read(evidence: Evidence, left_out: dict[str, int], confidence: float) -> Reading:
    kept = evidence.condition_counts
    beta = fit_beta(evidence, kept)
    naive, clustered, heat = _errors(evidence, beta)
    grouped = evidence.groups is not None
    error = clustered if grouped else naive
    drop = float(chdtri(1, 1 - confidence)) / 2
    if grouped and naive > 0:
        clusters = int(evidence.groups.max()) + 1  # type: ignore[union-attr]
        drop = (
            0.5
            * float(stdtrit(clusters - 1, (1 + confidence) / 2)) ** 2
            * max((clustered / naive) ** 2, 1e-12)
        )
    low, high = likelihood_bounds(evidence, kept, beta, drop, error if np.isfinite(error) else 1.0)
    tops, constancy = _by_top(evidence, beta)
    return Reading(
        temperature=as_t(beta),
        standard_error=as_error(beta, error),
        interval=_interval(low, high),
        confidence=confidence,
        naive_error=as_error(beta, naive),
        clustered_error=as_error(beta, clustered),
        draws=evidence.draws,
        left_out=left_out,
        top=evidence.top,
        heat_capacity=heat,
        goodness_of_fit=_uniformity(evidence, beta, kept),
        by_top=tops,
        constancy=constancy,
        evidence=evidence,
    )


def as_error(beta: float, error: float) -> float:
    """Return the standard error of 1/β."""
    if np.isinf(beta):
        return 0.0
    return np.inf if beta == 0 else float(error / beta**2)


def _interval(low: float, high: float) -> tuple[float, float]:
    """Return the temperatures between two β, in the order cold, hot, inf, negative hot, negative cold."""
    if np.isinf(high - low) and low < 0 < high:
        return -np.inf, np.inf
    return as_t(high), as_t(low)


def _errors(evidence: Evidence, beta: float) -> tuple[float, float, float]:
    """Return the naive and the clustered standard error of β, and the heat capacity of a draw."""
    if not np.isfinite(beta):
        return (np.inf if np.isnan(beta) else 0.0), np.nan, 0.0
    moments = evidence.levels.moments(beta, evidence.condition_counts)
    information = float((evidence.weights * moments.variance).sum())
    heat = beta**2 * information / evidence.draws
    naive = float(1 / np.sqrt(information)) if information > 0 else np.inf
    if evidence.groups is None:
        return naive, np.nan, heat
    scores = np.bincount(evidence.groups, weights=moments.mean[evidence.rows] - evidence.energies)
    spread = np.sqrt(scores.size / (scores.size - 1) * (scores @ scores))
    return naive, (float(spread / information) if information > 0 else np.inf), heat


def _uniformity(evidence: Evidence, beta: float, kept: FloatArray) -> float:
    """Return the p-value of the draws' transforms being uniform, by Kolmogorov and Smirnov."""
    if not np.isfinite(beta):
        return 1.0
    return kolmogorov_smirnov(evidence.transforms(beta, kept))


def _by_top(evidence: Evidence, beta: float) -> tuple[tuple[TopReading, ...], float]:
    r"""Return the reading at several m, and the p-value of all being one.

    The score of the m' likeliest is that of the m likeliest plus one that is uncorrelated with it.
    Each shell's own score is thus a pull, and their squares are chi-square with one degree of
    freedom less, as β is fitted.
    """
    largest = min(evidence.levels.sizes.max(), evidence.top)
    start = beta if np.isfinite(beta) else 1.0
    readings, scores, informations = [], [0.0], [0.0]
    for top in (*(m for m in _TOPS if m < largest), largest):
        inner = evidence.among_top(int(top)) if top < largest else evidence
        if inner.draws == 0:
            continue
        best = beta if inner is evidence else fit_beta(inner, inner.condition_counts, start)
        readings.append(
            TopReading(float(top), as_t(best), as_error(best, _errors(inner, best)[0]), inner.draws)
        )
        _, score, information = slope(inner, start, inner.condition_counts)
        if start**2 * (information - informations[-1]) >= _FEWEST or inner is evidence:
            scores.append(score)
            informations.append(information)
    shells, widths = np.diff(scores), np.diff(informations)
    keep = beta**2 * widths >= _FEWEST if np.isfinite(beta) else np.zeros(widths.size, dtype=bool)
    if keep.sum() < 2:
        return tuple(readings), 1.0
    return tuple(readings), float(chdtrc(keep.sum() - 1, np.sum(shells[keep] ** 2 / widths[keep])))
