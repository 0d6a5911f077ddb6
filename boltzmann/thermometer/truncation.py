"""How many of the likeliest tokens a law keeps, and the tightest truncations that draws allow."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.unlisted import log_partition_with

Cutoff = Literal["top_k", "top_p", "min_p"]
_ROUNDING = 1e-6  # a sampler's top_p in single precision may be larger by so much probability


def kept_counts(
    evidence: Evidence, law: SamplingLaw, slack: float = 0.0, unlisted: FloatArray | None = None
) -> FloatArray:
    """Return how many of the likeliest tokens of each row a law keeps, shape (R,).

    With `slack`, those that it might keep if each log-probability is off by so many nats. What
    tokens that are not listed weigh is a guess unless given, shape (R,).
    """
    beta = law.truncation_beta
    kept = _kept_by_top_k(evidence, law)
    if law.top_p is not None and law.top_p < 1:
        log_z = _log_partition(evidence, law, unlisted)
        mass = min(law.top_p * np.exp(slack) + _ROUNDING, 1.0)
        kept = evidence.levels.nucleus(beta, log_z, kept, mass)
    if law.min_p is not None and law.min_p > 0 and beta > 0:
        gap = -np.log(law.min_p) / beta + slack
        kept = np.minimum(kept, evidence.levels.count_below(gap))
    return np.minimum(kept, evidence.condition_counts)


def _kept_by_top_k(evidence: Evidence, law: SamplingLaw) -> FloatArray:
    """Return how many of the tokens that a row lists top_k keeps, shape (R,)."""
    if law.top_k is None:
        return evidence.listed_counts
    return np.minimum(evidence.listed_counts, law.top_k)


def _log_partition(
    evidence: Evidence, law: SamplingLaw, unlisted: FloatArray | None = None
) -> FloatArray:
    """Return log Z of the tokens that top_k keeps, listed or not, where top_p is taken: (R,)."""
    beta = law.truncation_beta
    log_z = evidence.levels.moments(beta, _kept_by_top_k(evidence, law)).log_partition
    if not evidence.partial:
        return log_z
    if unlisted is None:
        unlisted = evidence.unlisted(beta, law.top_k or np.inf).guess
    return log_partition_with(log_z, unlisted)


def determined(evidence: Evidence, law: SamplingLaw) -> Evidence:
    """Return the draws to which it does not matter what the tokens that are not listed weigh.

    Where it is certain how many of the tokens listed the law keeps, all are; elsewhere those among
    the likeliest that it certainly keeps, on that condition. Rows are picked by their lists,
    whatever was drawn from them.
    """
    log_whole = evidence.levels.log_whole
    if law.top_p is None or law.temperature == 0 or log_whole is None or not evidence.partial:
        return evidence

    unlisted = evidence.unlisted(law.truncation_beta, law.top_k or np.inf)
    least_kept = kept_counts(evidence, law, unlisted=unlisted.least)  # (R,)
    most_kept = kept_counts(evidence, law, unlisted=unlisted.most)  # (R,)
    certain = np.where(least_kept == most_kept, np.inf, least_kept)

    known = ~np.isnan(log_whole)[evidence.rows]
    inside = evidence.ranks < certain[evidence.rows]
    return replace(evidence.subset(known & inside), certain_counts=certain)


def tightest_top_k(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest top_k: it ends with the least likely token drawn."""
    return replace(law, top_k=int(evidence.ranks.max()) + 1)


def tightest_min_p(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest min_p."""
    highest = float(evidence.energies.max())
    gap = law.truncation_beta * highest if highest > 0 else 0.0  # at t = 0 as well
    return replace(law, min_p=float(np.exp(-gap * (1 + 1e-9) - 1e-9)))


def tightest_top_p(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest top_p."""
    rows = np.arange(evidence.levels.rows)
    log_z = _log_partition(evidence, law)
    before = evidence.levels.mass_before(law.truncation_beta, log_z, rows, evidence.highest_ranks)
    return replace(law, top_p=float(min(before.max() + 2 * _ROUNDING, 1.0)))


TIGHTEST: dict[Cutoff, Callable[[Evidence, SamplingLaw], SamplingLaw]] = {
    "top_k": tightest_top_k,
    "top_p": tightest_top_p,
    "min_p": tightest_min_p,
}
