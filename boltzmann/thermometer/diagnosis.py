"""From a reading and a claim to a verdict, and to the name of what went wrong."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from boltzmann._core.checks import LARGEST, SMALLEST, as_number
from boltzmann.thermometer.dependence import INDEPENDENT, Dependence
from boltzmann.thermometer.faults import FAULTS, WITHOUT_LAW, Candidate, Fault, fault_hypotheses
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw, as_claim
from boltzmann.thermometer.reading import Reading
from boltzmann.thermometer.resolution import draws_needed
from boltzmann.thermometer.signs import Signs, find_signs
from boltzmann.thermometer.truncation import determined

_LARGEST_EXPONENT = 700.0  # nats whose exponential is a float64
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

    reading = replace(reading, evidence=reading.evidence.with_cache())
    limits = _Limits(alarms, resolution, slack)
    whole = _judge(reading, claim, limits)
    if not (after_truncation and claim.truncated and whole.verdict == "fails"):
        return whole
    alone = _judge(reading, SamplingLaw(claim.temperature), limits)
    if not alone.holds:
        return replace(alone, claimed=claim)
    return replace(alone, verdict="cannot tell", claimed=claim, temperature_holds=True)


class _Limits(NamedTuple):
    """Parameters of `diagnose`."""

    false_alarms: float
    resolution: float
    slack: float


def _judge(reading: Reading, claim: SamplingLaw, limits: _Limits) -> Diagnosis:
    """Return the diagnosis of a claim, all of it; see `diagnose`."""
    used = determined(reading.evidence, claim)
    undetermined = reading.draws - used.draws
    contradictory = reading.left_out.get("contradictory", 0)
    if used.draws == 0:
        return _without_draws(claim, undetermined, contradictory)
    claimed = Hypothesis(used, claim, limits.slack)
    near = 1 / reading.temperature if 0 < reading.temperature < np.inf else 1.0
    signs = find_signs(claimed, fault_hypotheses(claimed, near), limits.false_alarms)

    # A p-value is significant below its share of false alarms, and selection may have lowered it.
    selection = _selection(reading.draws, contradictory)
    threshold = np.log(signs.tests / limits.false_alarms) + selection
    fault, law, ratio = _fault(claimed, signs, significance=float(np.exp(-threshold)))

    needed = 0.0
    verdict: Verdict = "fails"
    if not fault:
        needed = draws_needed(claimed, limits.resolution, signs.effect, np.log(2) + threshold)
        verdict = "cannot tell" if needed > 0 else "holds"
    together = signs.smallest_p_value * signs.tests * np.exp(min(selection, _LARGEST_EXPONENT))
    return Diagnosis(
        verdict=verdict,
        fault=fault,
        law=law,
        log_likelihood_ratio=ratio,
        p_value=0.0 if signs.refuted else float(min(1.0, together)),
        draws_needed=needed,
        candidates=signs.candidates,
        goodness_of_fit=signs.uniformity,
        dependence=signs.dependence,
        claimed=claim,
        undetermined=undetermined,
        contradictory=contradictory,
    )


def _selection(draws: int, left_out: int) -> float:
    """Return the nats by which leaving out contradictory draws may have raised a ratio."""
    return float(draws * np.log1p(left_out / draws))


def _without_draws(claim: SamplingLaw, undetermined: int, contradictory: int) -> Diagnosis:
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
        undetermined=undetermined,
        contradictory=contradictory,
    )


def _fault(
    claimed: Hypothesis, signs: Signs, significance: float
) -> tuple[Fault | Literal[""], SamplingLaw, float]:
    """Return the fault, its law and its ratio; no fault if nothing is significant."""
    claim = claimed.law
    if claimed.evidence.forbidden:
        return "forbidden_token", claim, np.inf

    significant = any(candidate.p_value < significance for candidate in signs.candidates)
    if signs.refuted or significant:
        better = [found for found in signs.candidates if found.log_likelihood_ratio > 0]
        if better:
            return better[0].fault, better[0].law, better[0].log_likelihood_ratio
        return "unknown", claim, 0.0

    if signs.dependence.p_value < significance:
        return "dependent_draws", claim, signs.dependence.log_likelihood_ratio
    return ("unknown", claim, 0.0) if signs.uniformity < significance else ("", claim, 0.0)
