"""From a reading and a claim to a verdict, and to the name of what went wrong."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from boltzmann._core.checks import LARGEST, SMALLEST, as_number
from boltzmann.thermometer.dependence import INDEPENDENT, Dependence, along_series, between_groups
from boltzmann.thermometer.faults import FAULTS, WITHOUT_LAW, Candidate, Fault, fault_hypotheses
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw, as_claim
from boltzmann.thermometer.reading import Reading
from boltzmann.thermometer.resolution import draws_needed
from boltzmann.thermometer.truncation import determined
from boltzmann.thermometer.uniformity import kolmogorov_smirnov

Verdict = Literal["holds", "fails", "cannot tell"]


@dataclass(frozen=True)
class Diagnosis:
    """Whether a claim holds, and what is the matter if it does not.

    Attributes
    ----------
    verdict : {"holds", "fails", "cannot tell"}
        It holds if nothing speaks against it and a temperature off by the resolution would have.
    fault : str
        "" unless it fails; else "ignored" (t = 1), "greedy", "doubled", "squared", "inverted",
        "wrong_temperature", "hidden_top_k", "hidden_top_p", "hidden_min_p", "missing_truncation" (a
        claimed one is not there), "swapped_order" (of temperature and truncation),
        "dependent_draws", "forbidden_token" (one of probability 0 was drawn) or "unknown" (the
        claim does not fit, and nothing else does better).
    law : SamplingLaw
        The likeliest law: the claim unless it fails.
    log_likelihood_ratio : float
        Of the fault against the claim, in nats.
    p_value : float
        Of the claim, for all that was looked at together.
    draws_needed : float
        How many more draws it takes to tell, about; 0 if it could be told, inf if the lists hold no
        choice.
    candidates : tuple of Candidate
        All that were considered, the likeliest first, less what fitted numbers must earn.
    goodness_of_fit : float
        The p-value of the draws' transforms under the claim.
    dependence : Dependence
        The strongest sign that draws depend on one another.
    claimed : SamplingLaw
        The claim.
    undetermined : int
        Draws that were left out, as their lists do not tell whether the top_p claimed allows them.
    contradictory : int
        Draws that were left out, as they contradict their lists.
    temperature_holds : bool
        Whether the temperature claimed holds where the truncation claimed beside it cannot be told.
    """

    verdict: Verdict
    fault: Fault | Literal[""]
    law: SamplingLaw
    log_likelihood_ratio: float
    p_value: float
    draws_needed: float
    candidates: tuple[Candidate, ...]
    goodness_of_fit: float
    dependence: Dependence
    claimed: SamplingLaw
    undetermined: int = 0
    contradictory: int = 0
    temperature_holds: bool = False

    @property
    def holds(self) -> bool:
        """Whether the verdict is "holds"."""
        return self.verdict == "holds"

    def __str__(self) -> str:
        if self.verdict == "holds":
            return f"holds: {self.claimed}"
        if self.verdict == "cannot tell":
            return f"cannot tell whether {self.claimed}: {self._missing}"
        likeliest = "" if self.fault in WITHOUT_LAW else f", likeliest {self.law}"
        name = FAULTS[self.fault] if self.fault else ""
        return f"fails: {name} (claimed {self.claimed}{likeliest}, {bound(self.p_value)})"

    @property
    def _missing(self) -> str:
        """What it takes to tell, in words."""
        if self.temperature_holds:
            return "the temperature holds; lists may end at the truncation claimed"
        if self.contradictory:
            return f"{self.contradictory} draws contradict their lists"
        if np.isfinite(self.draws_needed):
            return f"about {self.draws_needed:.2g} more draws are needed"
        if self.undetermined:
            return "no list tells which tokens the top_p claimed leaves"
        return "no choice is left in the lists. List more tokens"


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
    after_truncation: bool = False,
) -> Diagnosis:
    r"""Tell whether draws followed the law that is claimed for them, or which fault is likeliest.

    Each fault is a law, and has the log-likelihood ratio Λ against the claim. If the claim is true,
    Λ ≥ x has a probability of at most

    .. math:: e^{-x}, \qquad 2 e^{-x}, \qquad e^{-x}, \qquad 2 (1 + x) e^{-x}

    for a law with nothing to fit (Markov), with a temperature (Chernoff), a cutoff (all draws must
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
        process, 0.012 between two runtimes. It widens ties at t = 0, and truncations.
    after_truncation : bool
        Whether lists may hold only what a truncation left. One that is claimed is then told by
        nothing: if draws do not follow it as well, the temperature is judged by itself.

    Raises
    ------
    ValueError
        If the claim is nan or negative, a truncation is out of range, or another argument is.

    Notes
    -----
    A cutoff by top_k or min_p is the same before and after the temperature, once its place is
    fitted. Only top_p, and a min_p that was claimed, tell the order.

    Of lists of the m likeliest tokens, log-probabilities tell what the others have together at t =
    1, and within bounds at another t. Where these leave open how many of the tokens listed a
    claimed top_p keeps, only draws among those that it certainly keeps are used, on that condition.
    To fit a hidden top_p the rest is guessed. What a truncation does beyond a list is not seen.

    Draws that contradict their lists are left out, and which these are may depend on the token. Of
    n draws that are left of a share 1 - s, chosen by whatever rule, anything is at most (1 - s)^-n
    times as probable as if all were: all p-values are multiplied by that.

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

    whole = _diagnose(reading, claim, alarms, resolution, slack)
    if not (after_truncation and claim.truncated and whole.verdict == "fails"):
        return whole
    alone = _diagnose(reading, SamplingLaw(claim.temperature), alarms, resolution, slack)
    if not alone.holds:
        return replace(alone, claimed=claim)
    return replace(alone, verdict="cannot tell", claimed=claim, temperature_holds=True)


def _diagnose(
    reading: Reading, claim: SamplingLaw, alarms: float, resolution: float, slack: float
) -> Diagnosis:
    """Return the diagnosis of a claim, all of it; see `diagnose`."""
    evidence = determined(reading.evidence.with_cache(), claim)
    counts: dict[str, Any] = {
        "undetermined": reading.evidence.draws - evidence.draws,
        "contradictory": reading.left_out.get("contradictory", 0),
    }
    if evidence.draws == 0:
        return _without_draws(claim, counts)

    # Each fault's likelihood beside the claim's.
    hypothesis = Hypothesis(evidence, claim, slack)
    likelihood = hypothesis.log_likelihood
    if claim.beta == np.inf and likelihood > -np.inf:
        likelihood = 0.0  # which of the tied tokens comes first is known to the sampler
    explanations = sorted(
        fault_hypotheses(hypothesis), key=lambda found: found.penalised, reverse=True
    )
    likeliest = hypothesis
    if explanations and explanations[0].penalised > likelihood:
        likeliest = explanations[0].hypothesis

    # By how much less the draws tell than independent ones would.
    tests = len(explanations) + 3  # uniformity, and dependence in groups and along the series
    dependence = _dependence(likeliest, alarms / tests)
    effect = _design_effect(hypothesis, dependence)

    # A p-value is significant below its share of false alarms, and selection may have lowered it.
    selection = _selection(reading)
    threshold = np.log(tests / alarms) + selection
    significance = float(np.exp(-threshold))

    candidates = tuple(found.as_candidate(likelihood, effect) for found in explanations)
    uniformity = _uniformity(hypothesis, effect)
    refuted = likelihood == -np.inf
    smallest = min([c.p_value for c in candidates] + [uniformity, dependence.p_value])
    common: dict[str, Any] = {
        "p_value": 0.0 if refuted else min(1.0, smallest * tests * np.exp(min(selection, 700.0))),
        "candidates": candidates,
        "goodness_of_fit": uniformity,
        "dependence": dependence,
        "claimed": claim,
        **counts,
    }
    fault, law, ratio = _fault(
        hypothesis, refuted, candidates, uniformity, dependence, significance
    )
    if fault:
        return Diagnosis("fails", fault, law, ratio, draws_needed=0.0, **common)
    needed = draws_needed(hypothesis, resolution, effect, np.log(2) + threshold)
    verdict: Verdict = "cannot tell" if needed > 0 else "holds"
    return Diagnosis(verdict, "", claim, 0.0, draws_needed=needed, **common)


def _selection(reading: Reading) -> float:
    """Return the nats by which leaving out contradictory draws may have raised a ratio."""
    left_out = reading.left_out.get("contradictory", 0)
    return float(reading.draws * np.log1p(left_out / reading.draws))


def _without_draws(claim: SamplingLaw, counts: dict[str, Any]) -> Diagnosis:
    """Return the diagnosis where no draw tells anything about the claim."""
    return Diagnosis(
        verdict="cannot tell",
        fault="",
        law=claim,
        log_likelihood_ratio=0.0,
        p_value=1.0,
        draws_needed=np.inf,
        candidates=(),
        goodness_of_fit=1.0,
        dependence=INDEPENDENT,
        claimed=claim,
        **counts,
    )


def _dependence(hypothesis: Hypothesis, significance: float) -> Dependence:
    """Return the strongest sign of dependence among the draws, were they from this law."""
    if not np.isfinite(hypothesis.law.beta):
        return INDEPENDENT
    signs = [along_series(hypothesis.uniforms, hypothesis.midpoints, significance)]
    groups = hypothesis.evidence.groups
    if groups is not None:
        signs.append(between_groups(hypothesis.uniforms, groups))
    strongest = min(signs, key=lambda sign: sign.p_value)
    return replace(strongest, design_effect=max(sign.design_effect for sign in signs))


def _design_effect(claimed: Hypothesis, dependence: Dependence) -> float:
    """Return how many times less than independent draws these tell: of the transforms or the energy."""
    evidence = claimed.evidence
    if evidence.groups is None or not np.isfinite(claimed.law.beta):
        return dependence.design_effect
    moments = claimed.moments
    scores = moments.mean[evidence.rows] - evidence.energies  # (n,)
    sums = np.bincount(evidence.groups, weights=scores - scores.mean())  # (groups,)
    naive = float((evidence.weights * moments.variance).sum())
    energy = sums.size / (sums.size - 1) * float(sums @ sums) / naive if naive > 0 else 1.0
    return max(dependence.design_effect, energy)


def _uniformity(hypothesis: Hypothesis, effect: float) -> float:
    """Return the p-value of the draws' transforms being uniform under the law."""
    if not np.isfinite(hypothesis.law.beta):
        return 1.0
    return kolmogorov_smirnov(hypothesis.uniforms, hypothesis.evidence.draws / effect)


def _fault(
    claimed: Hypothesis,
    refuted: bool,
    candidates: tuple[Candidate, ...],
    uniformity: float,
    dependence: Dependence,
    significance: float,
) -> tuple[Fault | Literal[""], SamplingLaw, float]:
    """Return the fault, its law and its ratio; no fault if nothing is significant."""
    claim = claimed.law
    if claimed.evidence.forbidden:
        return "forbidden_token", claim, np.inf
    if refuted or any(candidate.p_value < significance for candidate in candidates):
        better = [candidate for candidate in candidates if candidate.log_likelihood_ratio > 0]
        if better:
            return better[0].fault, better[0].law, better[0].log_likelihood_ratio
        return "unknown", claim, 0.0
    if dependence.p_value < significance:
        return "dependent_draws", claim, dependence.log_likelihood_ratio
    return ("unknown", claim, 0.0) if uniformity < significance else ("", claim, 0.0)
