"""The sign that too many draws, or too few, are of tokens that their lists do not hold."""

from dataclasses import replace

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.draw_record import DrawRecord
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.signs.score import Sign
from boltzmann.thermometer.unlisted import LARGEST_EXPONENT

_STEPS = 100
_FARTHEST = 40.0  # θ, beyond which nothing changes
_HOTTEST = 1e3
_GRID = 200
_NAMED = 3  # tokens


def outside_lists(hypothesis: Hypothesis) -> Sign:
    """Hold the number of draws outside their lists against bounds of its expectation."""
    evidence = replace(hypothesis.evidence, certain_counts=None)
    record = evidence.record
    known = evidence.whole_known  # (R,)
    rows = record.listed_rows[known[record.listed_rows]]
    number = int(known[record.outside_rows].sum())
    if rows.size == 0 or hypothesis.stretch is not None:
        return Sign("outside", 1.0)

    least, most = _outside_probabilities(evidence, hypothesis.beta, hypothesis.law.top_k or np.inf)
    if hypothesis.law.truncated or hypothesis.ends is not None:
        least = np.zeros_like(least)
        most = np.where(hypothesis.may_leave_lists, most, 0.0)
    if hypothesis.factors is not None:  # the likeliest have become so many times more probable
        norm = np.ones(evidence.levels.rows)
        norm[evidence.rows] = hypothesis.norm  # of one draw of each row: about
        norm = np.clip(norm, 1e-3, 1e3)
        least = least / (least + (1 - least) * np.maximum(norm, 1.0))
        most = most / (most + (1 - most) * np.minimum(norm, 1.0))

    too_many = chernoff_bound(number, most[rows], at_least=True)
    too_few = chernoff_bound(number, least[rows], at_least=False)
    found = f"{number} of {rows.size} draws are not in their lists"
    if too_many < too_few:
        words = f"{found}, at most {most[rows].sum():.0f} expected: {_commonest(record)}"
        return Sign("outside", min(1.0, 2 * too_many), number - most[rows].sum(), words)
    words = f"{found}, at least {least[rows].sum():.0f} expected"
    return Sign("outside", min(1.0, 2 * too_few), number - least[rows].sum(), words)


def _commonest(record: DrawRecord) -> str:
    """Return the commonest of the tokens that are not in their lists, in words."""
    tokens, times = np.unique(record.chosen[record.outside], return_counts=True)
    first = np.argsort(-times, kind="stable")[:_NAMED]
    named = ", ".join(f"{record.name(tokens[k])} ({times[k]})" for k in first)
    return named if tokens.size <= _NAMED else f"{named} and {tokens.size - _NAMED} others"


def _outside_probabilities(
    evidence: Evidence, beta: float, top_k: float
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the greatest probability of a draw outside each list, (R,) each."""
    least = evidence.unlisted(beta, top_k).least  # (R,)
    most = evidence.unlisted_at_most(beta, top_k)  # (R,)
    log_z = evidence.levels.moments(beta, evidence.listed_counts).log_partition
    z = np.exp(np.clip(log_z, -LARGEST_EXPONENT, LARGEST_EXPONENT))  # (R,)
    return least / (z + least), most / (z + most)


def chernoff_bound(number: int, probabilities: FloatArray, *, at_least: bool) -> float:
    r"""Bound the probability of at least (or at most) N of independent events.

    .. math:: \min_\theta \exp\Bigl(\sum_i \log(1 - q_i + q_i e^\theta) - \theta N\Bigr)

    References
    ----------
    .. [1] H. Chernoff, Ann. Math. Stat. 23, 493 (1952).
    """
    q = probabilities
    mean = q.sum()
    if (number <= mean) if at_least else (number >= mean):
        return 1.0
    if at_least and number > np.count_nonzero(q):
        return 0.0
    theta = 0.0
    for _ in range(_STEPS):  # Newton's method: the exponent is convex
        weight = q * np.exp(theta)
        tilted = weight / (1 - q + weight)
        step = (number - tilted.sum()) / max((tilted * (1 - tilted)).sum(), 1e-12)
        theta = float(np.clip(theta + np.clip(step, -1.0, 1.0), -_FARTHEST, _FARTHEST))
        if abs(step) < 1e-9:
            break
    exponent = np.log1p(q * np.expm1(theta)).sum() - theta * number
    return float(np.exp(min(exponent, 0.0)))


def least_temperature(evidence: Evidence, false_alarms: float) -> float:
    """Return the least t at which so many draws outside their lists are not refuted; inf if none.

    No truncation is assumed: with one, still fewer draws leave their lists.
    """
    record = evidence.record
    known = evidence.whole_known
    rows = record.listed_rows[known[record.listed_rows]]
    number = int(known[record.outside_rows].sum())
    for t in np.geomspace(1 / _HOTTEST, _HOTTEST, _GRID):
        _, most = _outside_probabilities(evidence, 1 / t, np.inf)
        bound = chernoff_bound(number, most[rows], at_least=True)
        if bound >= false_alarms:
            return float(t)
    return np.inf
