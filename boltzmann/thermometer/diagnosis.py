"""From a reading and a claim to a verdict, and to the name of what went wrong."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from boltzmann._core.checks import LARGEST, SMALLEST, as_count, as_number, as_temperature
from boltzmann.thermometer.dependence import Dependence, along_series, between_groups
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.faults import Candidate, as_candidate, fault_hypotheses, penalised
from boltzmann.thermometer.laws import SamplingLaw, determined, kept_counts, log_likelihood
from boltzmann.thermometer.reading import Reading, kolmogorov_smirnov

LAWLESS = ("dependent", "forbidden", "unknown")  # faults that are no law
_POWER = (
    1.645  # standard deviations by which a fault as large as the resolution is to stand out: 95 %
)


@dataclass(frozen=True)
class Diagnosis:
    """Whether a claim holds, and what is the matter if it does not.

    Attributes
    ----------
    verdict : {"holds", "fails", "cannot tell"}
        It holds if nothing speaks against it and a temperature off by the resolution would have.
    fault : str
        "" unless it fails; else "ignored" (t = 1), "greedy", "doubled", "squared", "inverted",
        "another constant", "top_k", "top_p", "min_p" (a hidden truncation), "untruncated" (a
        claimed one is not there), "order" (temperature and truncation swapped), "dependent" (draws,
        on one another), "forbidden" (a token of probability 0 was drawn) or "unknown" (the claim
        does not fit, and nothing else does better).
    law : SamplingLaw
        The likeliest law: the claim unless it fails.
    log_likelihood_ratio : float
        Of the fault against the claim, in nats.
    p_value : float
        Of the claim, for all that was looked at together.
    draws_needed : float
        How many more draws it takes to tell, about; 0 if it could be told, inf if the offers hold
        no heat.
    candidates : tuple of Candidate
        All that were considered, the likeliest first.
    goodness_of_fit : float
        The p-value of the draws' transforms under the claim.
    dependence : Dependence
        The strongest sign that draws depend on one another.
    claimed : SamplingLaw
        The claim.
    untold : int
        Draws that were left out, as their lists do not tell whether the top_p claimed allows them.
    """

    verdict: Literal["holds", "fails", "cannot tell"]
    fault: str
    law: SamplingLaw
    log_likelihood_ratio: float
    p_value: float
    draws_needed: float
    candidates: tuple[Candidate, ...]
    goodness_of_fit: float
    dependence: Dependence
    claimed: SamplingLaw
    untold: int = 0

    @property
    def holds(self) -> bool:
        """Whether the verdict is "holds"."""
        return self.verdict == "holds"

    def __str__(self) -> str:
        if self.verdict == "holds":
            return f"holds: {self.claimed}"
        if self.verdict == "cannot tell" and np.isinf(self.draws_needed):
            return f"cannot tell whether {self.claimed}: no choice is left in the lists. List more tokens"
        if self.verdict == "cannot tell":
            return f"cannot tell whether {self.claimed}: about {self.draws_needed:.2g} more draws are needed"
        likeliest = "" if self.fault in LAWLESS else f", likeliest {self.law}"
        return f"fails: {self.fault} (claimed {self.claimed}{likeliest}, {bound(self.p_value)})"


def bound(p_value: float) -> str:
    """Return what is said of a p-value, which is never that it is below 0."""
    return f"p < {max(p_value, 1e-300):.1g}"


def diagnose(
    reading: Reading,
    claimed: float | SamplingLaw,
    *,
    false_alarms: float = 1e-3,
    resolution: float = 0.1,
    slack: float = 1e-4,
) -> Diagnosis:
    r"""Tell whether draws followed the law that is claimed for them, or which fault is likeliest.

    Each fault is a law, and has the log-likelihood ratio Λ against the claim. If the claim is true,
    Λ ≥ x has a probability of at most

    .. math:: e^{-x}, \qquad 2 e^{-x}, \qquad e^{-x}, \qquad 2 (1 + x) e^{-x}

    for a law with nothing to fit (Markov), with a temperature (Chernoff), a wall (all draws must
    lie inside it), or both (about). Fit to uniformity and independence are tested beside. All
    p-values share `false_alarms` equally, and the claim fails if one is below its share. The fault
    is then the candidate of the largest Λ, less 7 nats for each number that was fitted, and 3 for
    1/t, which near t = √½ is about 2t, and rarer. Where draws depend on each other, Λ is divided by
    the design effect: they tell so many times less.

    Parameters
    ----------
    reading : Reading
        From `read`.
    claimed : float or SamplingLaw
        The temperature claimed, in the unit of the logits, at least 0; or a law with truncation.
    false_alarms : float
        The probability of failing a true claim.
    resolution : float
        The claim holds if a temperature off by so large a part of itself would have been seen, 19
        times of 20; of a claimed 0, one of so much.
    slack : float
        By how many nats the log-probabilities may miss those that the sampler used: 1e-4 in one
        process, 0.012 between two runtimes. It widens ties at t = 0, and walls.

    Raises
    ------
    ValueError
        If the claim is nan or negative, a truncation is out of range, or another argument is.

    Notes
    -----
    A wall by top_k or min_p is the same before and after the temperature, once its place is fitted. Only top_p,
    and a min_p that was claimed, tell the order.

    Of lists of the m likeliest tokens, log-probabilities tell what the others have together at t =
    1, and within bounds at another t. Where these leave open how many of the tokens listed a
    claimed top_p keeps, only draws among those that it certainly keeps are used, on that condition.
    To fit a hidden top_p the rest is guessed. What a truncation does beyond a list is not seen.

    References
    ----------
    .. [1] A. Wald, Ann. Math. Stat. 16, 117 (1945): bounds on likelihood ratios.
    .. [2] H. Chernoff, Ann. Math. Stat. 23, 493 (1952).

    Examples
    --------
    >>> from boltzmann.language import draw
    >>> from boltzmann.thermometer import read
    >>> logits = -np.log(np.arange(1.0, 1001.0))
    >>> honest = read(logits, draw(logits, temperature=0.7, size=5000, seed=1))
    >>> twice = read(logits, draw(logits, temperature=0.49, size=5000, seed=1))
    >>> print(diagnose(honest, claimed=0.7))
    holds: t = 0.7
    >>> diagnose(twice, claimed=0.7).fault
    'squared'
    """
    claim = as_claim(claimed)
    alarms = as_number("false_alarms", false_alarms, "number between 0 and 1", SMALLEST, 1.0)
    resolution = as_number("resolution", resolution, "number between 0 and 1", SMALLEST, 1.0)
    slack = as_number("slack", slack, "finite number of at least 0", 0.0, LARGEST)
    evidence = determined(reading.evidence, claim)
    untold = reading.evidence.draws - evidence.draws
    if evidence.draws == 0:
        independent = Dependence(0.0, 1.0, 1.0)
        return Diagnosis(
            "cannot tell", "", claim, 0.0, 1.0, np.inf, (), 1.0, independent, claim, untold
        )
    base = log_likelihood(evidence, claim, slack)
    if claim.beta == np.inf and base > -np.inf:
        base = 0.0  # which of the tied tokens comes first is known to the sampler
    found = [
        (*entry, log_likelihood(evidence, entry[1], slack))
        for entry in fault_hypotheses(evidence, claim)
    ]
    best = max([("", claim, 0, base), *found], key=penalised)
    tests = len(found) + 3  # uniformity, and dependence in groups and along the series
    dependence = _dependence(evidence, best[1], alarms / tests)
    effect = _design_effect(evidence, claim, dependence)
    candidates = tuple(
        as_candidate(fault, law, fitted, value, base, effect)
        for fault, law, fitted, value in sorted(found, key=penalised, reverse=True)
    )
    fit = _fit(evidence, claim, effect)
    smallest = min([c.p_value for c in candidates] + [fit, dependence.p_value])
    common: dict[str, Any] = {
        "p_value": 0.0 if base == -np.inf else min(1.0, smallest * tests),
        "draws_needed": 0.0,
        "candidates": candidates,
        "goodness_of_fit": fit,
        "dependence": dependence,
        "claimed": claim,
        "untold": untold,
    }
    fault, law, ratio = _fault(evidence, claim, candidates, base, fit, dependence, alarms / tests)
    if fault:
        return Diagnosis("fails", fault, law, ratio, **common)
    needed = _draws_needed(evidence, claim, resolution, effect, np.log(2 * tests / alarms))
    common["draws_needed"] = needed
    return Diagnosis("cannot tell" if needed > 0 else "holds", "", claim, 0.0, **common)


def as_claim(claimed: float | SamplingLaw) -> SamplingLaw:
    """Return the claim as a law, checked."""
    law = (
        claimed
        if isinstance(claimed, SamplingLaw)
        else SamplingLaw(as_temperature(claimed, "claimed", sampling=True))
    )
    as_temperature(law.temperature, "claimed.temperature", sampling=True)
    if law.top_k is not None:
        as_count("claimed.top_k", law.top_k)
    if law.top_p is not None:
        as_number("claimed.top_p", law.top_p, "number above 0, up to 1", SMALLEST, 1.0)
    if law.min_p is not None:
        as_number("claimed.min_p", law.min_p, "number from 0 to 1", 0.0, 1.0)
    return law


def _dependence(evidence: Evidence, law: SamplingLaw, significance: float) -> Dependence:
    """Return the strongest sign of dependence, of the draws' transforms under the likeliest law."""
    if not np.isfinite(law.beta):
        return Dependence(0.0, 1.0, 1.0)
    room = kept_counts(evidence, law)
    uniform = evidence.transform(law.beta, room)
    signs = [
        along_series(uniform, evidence.transform(law.beta, room, randomised=False), significance)
    ]
    if evidence.groups is not None:
        signs.append(between_groups(uniform, evidence.groups))
    strongest = min(signs, key=lambda sign: sign.p_value)
    return replace(strongest, design_effect=max(sign.design_effect for sign in signs))


def _design_effect(evidence: Evidence, claim: SamplingLaw, dependence: Dependence) -> float:
    """Return by how much less than independent draws these tell: about the transforms, or about the energy."""
    if evidence.groups is None or not np.isfinite(claim.beta):
        return dependence.design_effect
    moments = evidence.offers.moments(claim.beta, kept_counts(evidence, claim))
    scores = moments.mean[evidence.rows] - evidence.energies
    sums = np.bincount(evidence.groups, weights=scores - scores.mean())
    naive = float((evidence.weights * moments.variance).sum())
    energy = sums.size / (sums.size - 1) * float(sums @ sums) / naive if naive > 0 else 1.0
    return max(dependence.design_effect, energy)


def _fit(evidence: Evidence, claim: SamplingLaw, effect: float) -> float:
    if not np.isfinite(claim.beta):
        return 1.0
    uniform = evidence.transform(claim.beta, kept_counts(evidence, claim))
    return kolmogorov_smirnov(uniform, evidence.draws / effect)


def _fault(
    evidence: Evidence,
    claim: SamplingLaw,
    candidates: tuple[Candidate, ...],
    base: float,
    fit: float,
    dependence: Dependence,
    significance: float,
) -> tuple[str, SamplingLaw, float]:
    """Return the fault, its law and its ratio; no fault if nothing is significant."""
    if evidence.forbidden:
        return "forbidden", claim, np.inf
    if base == -np.inf or any(candidate.p_value < significance for candidate in candidates):
        better = [candidate for candidate in candidates if candidate.log_likelihood_ratio > 0]
        if better:
            return better[0].fault, better[0].law, better[0].log_likelihood_ratio
        return "unknown", claim, 0.0
    if dependence.p_value < significance:
        return "dependent", claim, dependence.log_likelihood_ratio
    return ("unknown", claim, 0.0) if fit < significance else ("", claim, 0.0)


def _draws_needed(
    evidence: Evidence, claim: SamplingLaw, resolution: float, effect: float, threshold: float
) -> float:
    r"""Return how many more draws make a temperature off by the resolution stand out, 0 if these do.

    Were it t', the expected ratio would be :math:`\sum (\beta - \beta') \langle E \rangle' + \log Z
    - \log Z'`.
    """
    weights, offers, room = evidence.weights, evidence.offers, kept_counts(evidence, claim)
    if claim.beta == np.inf:
        at = offers.moments(1 / resolution, evidence.room)
        ties = np.log(offers.count_below(0.0))
        known, needed = float((weights * (at.log_partition - ties)).sum()), np.log(20)
    else:
        now = offers.moments(claim.beta, room)
        others = (
            [claim.beta / (1 + resolution), claim.beta / (1 - resolution)]
            if claim.beta
            else [resolution]
        )
        ratios = []
        for beta in others:
            then = offers.moments(beta, room)
            gain = (claim.beta - beta) * then.mean + now.log_partition - then.log_partition
            ratios.append(float((weights * gain).sum()) / effect)
        known, needed = min(ratios), (np.sqrt(2 * threshold) + _POWER) ** 2 / 2
    if known >= needed:
        return 0.0
    return float(np.ceil(evidence.draws * (needed / known - 1))) if known > 0 else np.inf
