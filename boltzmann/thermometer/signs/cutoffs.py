"""Signs that a truncation is not where a law says, or not always at one place."""

from dataclasses import replace

import numpy as np
from scipy.special import gammaincc

from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.orders import Cutoff
from boltzmann.thermometer.signs.score import Sign, score_of_rows
from boltzmann.thermometer.signs.temperature import GROUPS, quantile_groups
from boltzmann.thermometer.token_levels import IntArray
from boltzmann.thermometer.truncation import TIGHTEST, kept_counts

_FINE_GROUPS = 8
_LEAST_DRAWS = 8  # of a group that is looked at
_LEAST_OF_ROW = 40  # draws of a row that is a group of its own
_MOST_ROWS = 8


def thinning_before_cutoff(hypothesis: Hypothesis) -> Sign:
    """Test the draws in the upper half, and the upper quarter, of the energies before the cutoff.

    A cutoff that moves is fitted by its farthest place, before which too few draws then lie.
    """
    ends = hypothesis.scaled.levels.cutoff_energies(hypothesis.kept)[:, None]  # (R, 1)
    gaps = hypothesis.gaps
    scores = [
        score_of_rows(hypothesis, ((gaps > share * ends) & (gaps <= ends)).astype(np.float64))
        for share in (0.5, 0.75)
    ]
    score = min(scores, key=lambda found: found.p_value)
    words = "draws thin out before the cutoff: it is not at one place"
    return Sign("thinning before the cutoff", min(1.0, 2 * score.p_value), score.z, words)


def cutoff_by_entropy(hypothesis: Hypothesis) -> Sign:
    """Compare the cutoff in groups of rows by their entropy."""
    evidence = hypothesis.evidence
    groups = quantile_groups(evidence.entropy[evidence.rows], _FINE_GROUPS)
    words = "the cutoff moves with the entropy of the list"
    return _compare_cutoffs(hypothesis, groups, "cutoff by entropy", words)


def cutoff_by_likeliest(hypothesis: Hypothesis) -> Sign:
    """Compare the cutoff in groups of rows by the probability of their likeliest token."""
    evidence = hypothesis.evidence
    groups = quantile_groups(evidence.log_whole[evidence.rows], _FINE_GROUPS)
    words = "the cutoff moves with the probability of the likeliest token"
    return _compare_cutoffs(hypothesis, groups, "cutoff by likeliest", words)


def cutoff_by_place(hypothesis: Hypothesis) -> Sign:
    """Compare the cutoff in groups of draws by their place in the answer."""
    groups = quantile_groups(hypothesis.evidence.places.astype(np.float64), GROUPS)
    words = "the cutoff moves along the answer"
    return _compare_cutoffs(hypothesis, groups, "cutoff by place", words)


def cutoff_by_row(hypothesis: Hypothesis) -> Sign:
    """Compare the cutoff in the rows that most draws came from, and in groups of the others."""
    words = "the cutoff moves from row to row"
    return _compare_cutoffs(hypothesis, _by_row(hypothesis.evidence), "cutoff by row", words)


def _by_row(evidence: Evidence) -> IntArray:
    """Return the group of each draw: its row where that has many, else by the likeliest's p."""
    rows = evidence.rows
    often = np.argsort(-evidence.weights, kind="stable")[:_MOST_ROWS]
    often = often[evidence.weights[often] >= _LEAST_OF_ROW]
    number = np.full(evidence.levels.rows, -1)
    number[often] = np.arange(often.size)
    groups = number[rows]
    others = groups < 0
    if others.any():
        heights = evidence.log_whole[rows]
        edges = np.quantile(heights[others], np.arange(1, _FINE_GROUPS) / _FINE_GROUPS)
        finer = often.size + np.searchsorted(edges, heights, side="right")
        groups = np.where(others, finer, groups)
    return np.asarray(groups)


def _compare_cutoffs(hypothesis: Hypothesis, groups: IntArray, name: str, words: str) -> Sign:
    r"""Compare the tightest cutoff of each group of draws with the tightest of all.

    At a true cutoff what the draws of a group lose to their tightest one, in nats, is exponential,
    and the tightest of all is that of the farthest group: the gain

    .. math:: \sum_g \sum_{i \in g} \bigl(\log Z_i - \log Z_i^{(g)}\bigr)

    is Gamma-distributed with one less than there are groups (Rényi's spacings), or smaller where
    levels are discrete. A cutoff that is known up to the slack is at the nearest place that it may
    have.

    References
    ----------
    .. [1] A. Rényi, Acta Math. Acad. Sci. Hung. 4, 191 (1953).
    """
    law = hypothesis.law
    cutoffs: dict[Cutoff, float | None] = {
        "top_k": law.top_k,
        "top_p": law.top_p,
        "min_p": law.min_p,
    }
    given = [cutoff for cutoff, value in cutoffs.items() if value is not None]
    if len(given) != 1 or not np.isfinite(law.beta):
        return Sign(name, 1.0)
    evidence = hypothesis.evidence
    tightest = TIGHTEST[given[0]]
    together = kept_counts(evidence, tightest(_nearest(hypothesis), law))  # (R,)
    log_z = evidence.levels.moments(hypothesis.beta, together).log_partition  # (R,)

    gain = 0.0
    used = 0
    for group in range(int(groups.max()) + 1):
        part = evidence.subset(groups == group)
        if part.draws < _LEAST_DRAWS:
            continue
        used += 1
        kept = np.minimum(kept_counts(part, tightest(part, law)), together)
        closer = evidence.levels.moments(hypothesis.beta, kept).log_partition
        gain += max(float((part.weights * (log_z - closer)).sum()), 0.0)
    p_value = float(gammaincc(used - 1, gain)) if used > 1 else 1.0
    return Sign(name, p_value, np.nan, words)


def _nearest(hypothesis: Hypothesis) -> Evidence:
    """Return the draws at the least energies and ranks that they may have had, by the slack."""
    evidence = hypothesis.evidence
    energies = np.maximum(evidence.energies - hypothesis.slack, 0.0)
    gaps = hypothesis.gaps[evidence.rows]  # (n, M)
    below = (gaps < energies[:, None] - 1e-12).sum(axis=1)
    ranks = np.minimum(evidence.ranks, below)
    ranks = np.where(evidence.ranks < gaps.shape[1], ranks, evidence.ranks)
    return replace(evidence, energies=energies, ranks=ranks)
