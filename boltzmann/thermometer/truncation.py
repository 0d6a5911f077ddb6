"""How many of the likeliest tokens a law keeps, and the tightest truncations that draws allow."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.orders import Cutoff
from boltzmann.thermometer.token_levels import IntArray
from boltzmann.thermometer.unlisted import VOCABULARY, UnlistedWeight, log_partition_with

_ROUNDING = 1e-6  # a sampler's top_p in single precision may be larger by so much probability
_HALVINGS = 50  # of a range, to find the place in it where draws become possible


def kept_counts(
    evidence: Evidence, law: SamplingLaw, slack: float = 0.0, unlisted: FloatArray | None = None
) -> FloatArray:
    """Return how many of the likeliest tokens of each row a law keeps, shape (R,).

    With `slack`, those that it might keep if each log-probability is off by so many nats. What
    tokens that are not listed weigh is a guess unless given, shape (R,).
    """
    left = _left_by(evidence, law, law.truncations, slack, unlisted)
    return np.minimum(left, evidence.condition_counts)


def _left_by(
    evidence: Evidence,
    law: SamplingLaw,
    cutoffs: Iterable[Cutoff],
    slack: float = 0.0,
    unlisted: FloatArray | None = None,
) -> FloatArray:
    """Return how many of the tokens listed some truncations of a law leave, in turn, shape (R,)."""
    kept = evidence.listed_counts
    for cutoff in cutoffs:
        if cutoff == "top_p":
            log_z = _log_partition(evidence, law, kept, slack, unlisted)
            kept = _nucleus(evidence, law, kept, log_z, slack)
        else:
            kept = np.minimum(kept, _in_reach(evidence, law, cutoff, slack))
        if cutoff in law.order.keeps_ties:
            kept = evidence.levels.with_ties(kept)
    return kept


def _in_reach(evidence: Evidence, law: SamplingLaw, cutoff: Cutoff, slack: float) -> FloatArray:
    """Return how many tokens top_k or min_p keeps, whatever comes before it, shape (R,)."""
    if cutoff == "top_k":
        return np.full(evidence.levels.rows, float(law.top_k or np.inf))
    gap = _gap(law) + slack
    return evidence.levels.count_below(gap) if gap < np.inf else evidence.listed_counts


def _gap(law: SamplingLaw) -> float:
    """Return how far above the likeliest token's level min_p reaches, in nats; inf for all."""
    beta = law.beta_of("min_p")
    if law.min_p is None or law.min_p == 0 or beta <= 0:
        return np.inf
    return float(-np.log(law.min_p) / beta)


def _nucleus(
    evidence: Evidence, law: SamplingLaw, kept: FloatArray, log_z: FloatArray, slack: float
) -> FloatArray:
    """Return how many of the `kept` tokens top_p keeps; log Z is that of all that are left."""
    if law.top_p is None or law.top_p == 1:
        return kept
    mass = min(law.top_p * np.exp(slack) + _ROUNDING, 1.0)
    return evidence.levels.nucleus(law.beta_of("top_p"), log_z, kept, mass)


def _log_partition(
    evidence: Evidence,
    law: SamplingLaw,
    kept: FloatArray,
    slack: float = 0.0,
    unlisted: FloatArray | None = None,
) -> FloatArray:
    """Return log Z where top_p is taken, of what is left before it: (R,).

    `kept` are the tokens listed that are left, beside which there are others that are not listed.
    """
    log_z = evidence.levels.moments(law.beta_of("top_p"), kept).log_partition
    if not evidence.partial:
        return log_z
    if unlisted is None:
        unlisted = unlisted_before_top_p(evidence, law, slack).guess
    return log_partition_with(log_z, unlisted)


def unlisted_before_top_p(
    evidence: Evidence, law: SamplingLaw, slack: float = 0.0
) -> UnlistedWeight:
    """Return what the tokens that are not listed weigh, of those left where top_p is taken."""
    before = law.order.before("top_p")
    top_k = law.top_k if "top_k" in before and law.top_k is not None else np.inf
    reach = _gap(law) + slack if "min_p" in before else np.inf
    return evidence.unlisted(law.beta_of("top_p"), top_k, reach)


def determined(evidence: Evidence, law: SamplingLaw) -> Evidence:
    """Return the draws to which it does not matter what the tokens that are not listed weigh.

    Where it is certain how many of the tokens listed the law keeps, all are; elsewhere those among
    the likeliest that it certainly keeps, on that condition. Rows are picked by their lists,
    whatever was drawn from them.
    """
    log_whole = evidence.levels.log_whole
    if law.top_p is None or law.temperature == 0 or log_whole is None or not evidence.partial:
        return evidence

    unlisted = unlisted_before_top_p(evidence, law)
    least_kept = kept_counts(evidence, law, unlisted=unlisted.least)  # (R,)
    most_kept = kept_counts(evidence, law, unlisted=unlisted.most)  # (R,)
    certain = np.where(least_kept == most_kept, np.inf, least_kept)

    known = ~np.isnan(log_whole)[evidence.rows]
    inside = evidence.ranks < certain[evidence.rows]
    return replace(evidence.subset(known & inside), certain_counts=certain)


def tightest_top_k(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest top_k: the least one that allows all draws."""
    tightest = int(_highest_ranks(evidence, law, "top_k").max()) + 1
    least = _least_allowing(
        evidence,
        lambda more: replace(law, top_k=tightest + round(more)),
        span=VOCABULARY if evidence.partial else float(evidence.levels.sizes.max()),
        step=1.0,  # it is often a few tokens, of a span of many thousands
        close=0.5,
    )
    return replace(law, top_k=tightest + round(least))


def tightest_min_p(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest min_p: the largest one that allows all draws."""
    beta = law.beta_of("min_p")
    highest = float(evidence.energies.max())

    def at(more: float) -> SamplingLaw:
        reach = highest + more
        gap = beta * reach if reach > 0 else 0.0  # at t = 0 as well
        return replace(law, min_p=float(np.exp(-gap * (1 + 1e-9) - 1e-9)))

    cutoffs = evidence.levels.cutoff_energies(evidence.condition_counts)
    span = max(float(cutoffs.max()) - highest, 0.0)
    return at(_least_allowing(evidence, at, span, step=span, close=1e-6))


def tightest_top_p(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest top_p: the least one that allows all draws."""
    rows = np.arange(evidence.levels.rows)
    before_top_p = law.order.before("top_p")
    left = _left_by(evidence, law, [step for step in law.truncations if step in before_top_p])
    log_z = _log_partition(evidence, law, left)
    highest = _highest_ranks(evidence, law, "top_p")
    before = evidence.levels.mass_before(law.beta_of("top_p"), log_z, rows, highest)
    return replace(law, top_p=float(min(before.max() + 2 * _ROUNDING, 1.0)))


def _highest_ranks(evidence: Evidence, law: SamplingLaw, cutoff: Cutoff) -> IntArray:
    """Return the highest rank that a cutoff must reach in each row, (R,), 0 where nothing is drawn.

    Of equal tokens one that keeps all need reach the first alone.
    """
    ranks = evidence.first_ranks if cutoff in law.order.keeps_ties else evidence.ranks
    highest = np.zeros(evidence.levels.rows, dtype=np.int64)
    np.maximum.at(highest, evidence.rows, ranks)
    return highest


def _least_allowing(
    evidence: Evidence,
    at: Callable[[float], SamplingLaw],
    span: float,
    step: float,
    close: float,
) -> float:
    """Return the least x from 0 to `span` at which a law that widens with x allows all draws.

    Beginning with `step`, x is doubled until they are allowed, and the last doubling is halved. 0
    if a truncation that does not move forbids one. Only where top_p takes its share of what the
    moving truncation leaves does it allow fewer tokens than that.
    """
    if "top_p" not in at(0.0).truncations:
        return 0.0
    forbidding = ~_allowing(evidence, at(0.0))  # (R,)
    if not forbidding.any():
        return 0.0
    if not evidence.partial:  # else whether lists are whole is told by all of them
        evidence = evidence.of_rows(forbidding)  # a wider law allows what others allow
    if not _allows(evidence, at(span)):
        return 0.0

    low, high = 0.0, min(step, span)
    while high < span and not _allows(evidence, at(high)):
        low, high = high, min(2 * high, span)

    for _ in range(_HALVINGS):
        if high - low <= close:
            break
        middle = (low + high) / 2
        if _allows(evidence, at(middle)):
            high = middle
        else:
            low = middle
    return high


def _allows(evidence: Evidence, law: SamplingLaw) -> bool:
    """Tell whether a law allows all draws."""
    return bool(_allowing(evidence, law).all())


def _allowing(evidence: Evidence, law: SamplingLaw) -> NDArray[np.bool_]:
    """Return in which rows a law allows all draws, shape (R,)."""
    return evidence.highest_ranks < kept_counts(evidence, law)


TIGHTEST: dict[Cutoff, Callable[[Evidence, SamplingLaw], SamplingLaw]] = {
    "top_k": tightest_top_k,
    "top_p": tightest_top_p,
    "min_p": tightest_min_p,
}
