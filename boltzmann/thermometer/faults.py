"""Faults by name, and the laws of faults that a diagnosis compares with a claim."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.law_fitting import LawFitter
from boltzmann.thermometer.laws import SamplingLaw, laws_in_other_orders
from boltzmann.thermometer.orders import Cutoff
from boltzmann.thermometer.truncation import TIGHTEST

Fault = Literal[
    "ignored",
    "greedy",
    "doubled",
    "squared",
    "inverted",
    "wrong_temperature",
    "hidden_top_k",
    "hidden_top_p",
    "hidden_min_p",
    "missing_truncation",
    "swapped_order",
    "clamped",
    "penalised",
    "biased",
    "likeliest_excluded",
    "entropy_dependent",
    "hidden_typical",
    "hidden_epsilon",
    "repeated_answers",
    "dependent_draws",
    "forbidden_token",
    "unknown",
]

FAULTS: dict[Fault, str] = {
    "ignored": "the temperature is ignored (t = 1)",
    "greedy": "the likeliest token is always taken (t = 0)",
    "doubled": "the temperature is doubled",
    "squared": "the temperature is squared, as if applied twice",
    "inverted": "1/t is taken for t",
    "wrong_temperature": "another temperature",
    "hidden_top_k": "a hidden top_k",
    "hidden_top_p": "a hidden top_p",
    "hidden_min_p": "a hidden min_p",
    "missing_truncation": "the truncation claimed is not there",
    "swapped_order": "temperature and truncations in another order",
    "clamped": "a temperature as low is raised to the least that is taken",
    "penalised": "tokens that came before in the answer are penalised, or favoured",
    "biased": "the logit of one token is shifted",
    "likeliest_excluded": "the likeliest tokens are left out where several are likely (XTC)",
    "entropy_dependent": "the temperature follows the entropy of the distribution",
    "hidden_typical": "a hidden typical_p",
    "hidden_epsilon": "tokens of a small probability of their own are left out",
    "repeated_answers": "earlier answers are given again",
    "dependent_draws": "draws depend on one another",
    "forbidden_token": "a forbidden token",
    "unknown": "unlike the claim, and unlike every fault that was tried",
}
"""Each fault in words, as it is printed."""

WITHOUT_LAW: tuple[Fault, ...] = (
    "repeated_answers",
    "dependent_draws",
    "forbidden_token",
    "unknown",
)
"""Faults that are no law which draws might follow."""

_HIDDEN: dict[Cutoff, Fault] = {
    "top_k": "hidden_top_k",
    "top_p": "hidden_top_p",
    "min_p": "hidden_min_p",
}
# Faults of one kind are no rivals: a temperature is a temperature, however it came about.
_KINDS: dict[Fault, str] = {
    **dict.fromkeys(
        ("ignored", "greedy", "doubled", "squared", "inverted", "wrong_temperature", "clamped"),
        "temperature",
    ),
    "missing_truncation": "claimed truncation",
    "swapped_order": "claimed truncation",
}
# Nats that each fitted number must earn: a needless one earns as much once in e⁷ = 1100 times.
_NATS_PER_PARAMETER = 7.0
# Nats that 1/t must earn: it is rarer than 2t by as much, and near t = √½ they look alike.
_INVERSION_PENALTY = 3.0
_LEAST_TEMPERATURE = 0.01  # vLLM raises lower ones to it


@dataclass(frozen=True)
class Candidate:
    """A fault that may explain the draws.

    Attributes
    ----------
    fault : str
        Its name, as in `Diagnosis`.
    law : SamplingLaw
        What the draws would follow.
    fitted : int
        How many numbers of the law were fitted to the draws.
    log_likelihood_ratio : float
        Against the claim, in nats; +inf where a draw refutes the claim, -inf where one refutes the
        candidate.
    p_value : float
        A bound on the probability of a ratio as large if the claim is true.

    See Also
    --------
    Diagnosis : What `diagnose` returns.
    """

    fault: Fault
    law: SamplingLaw
    fitted: int
    log_likelihood_ratio: float
    p_value: float


@dataclass(frozen=True)
class FaultHypothesis:
    """A fault that is a law, fitted to the draws.

    Attributes
    ----------
    fault : str
        Its name.
    hypothesis : Hypothesis
        What it comes to.
    fitted : int
        How many numbers of it were fitted.
    note : str
        These numbers, in words.
    choices : int
        Out of how many of its kind it was chosen as the likeliest.
    """

    fault: Fault
    hypothesis: Hypothesis
    fitted: int = 0
    note: str = ""
    choices: int = 1

    @property
    def merit(self) -> float:
        """The log-likelihood less what the fault must earn."""
        inversion = _INVERSION_PENALTY if self.fault == "inverted" else 0.0
        price = _NATS_PER_PARAMETER * self.fitted + np.log(self.choices) + inversion
        return float(self.hypothesis.log_likelihood - price)

    @property
    def kind(self) -> str:
        """What it has in common with faults that are no rivals of it."""
        return _KINDS.get(self.fault, self.fault)

    def as_candidate(self, claimed: float, effect: float) -> Candidate:
        """Return the candidate, given the claim's log-likelihood and the draws' design effect."""
        law = self.hypothesis.law
        value = self.hypothesis.log_likelihood
        if value == -np.inf:
            return Candidate(self.fault, law, self.fitted, -np.inf, 1.0)
        if claimed == -np.inf:
            return Candidate(self.fault, law, self.fitted, np.inf, 0.0)
        ratio = float(value - claimed) / effect
        return Candidate(self.fault, law, self.fitted, ratio, self._p_value(max(ratio, 0.0)))

    def _p_value(self, ratio: float) -> float:
        """Return the bound of `diagnose` for a law with so many numbers fitted."""
        factor = float(self.choices)
        if self.fitted == 1 and self.fault == "wrong_temperature":
            factor *= 2
        elif self.fitted == 2:
            factor *= 2 * (1 + ratio)
        return float(min(1.0, factor * np.exp(-ratio)))


def laws_of_mistakes(claim: SamplingLaw) -> list[tuple[Fault, SamplingLaw]]:
    """Return the laws that a mistake makes of the one claimed, with nothing to fit, each once.

    They have another temperature, lack the truncation claimed, or take it in another order.

    Examples
    --------
    >>> [fault for fault, _ in laws_of_mistakes(SamplingLaw(1.0, top_p=0.9))]
    ['greedy', 'doubled', 'missing_truncation']
    """
    t = claim.temperature
    known: dict[Fault, float] = {
        "ignored": 1.0,
        "greedy": 0.0,
        "doubled": 2 * t,
        "squared": t * t,
        "inverted": 1 / t if t else t,
        "clamped": _LEAST_TEMPERATURE if 0 < t < _LEAST_TEMPERATURE else t,
    }
    found: list[tuple[Fault, SamplingLaw]] = []
    seen = {t, np.inf}
    for fault, value in known.items():
        if value not in seen:  # at t = 1, say, only `doubled` differs from the claim
            seen.add(value)
            found.append((fault, replace(claim, temperature=value)))
    if t > 0 and claim.truncated:
        found.append(("missing_truncation", SamplingLaw(t)))
        found += [("swapped_order", law) for law in laws_in_other_orders(claim)]
    return found


def fault_hypotheses(claimed: Hypothesis, near: float = 1.0) -> list[FaultHypothesis]:
    """Return all faults that are a law, fitted to the draws where they have something to fit.

    `near` is where the search begins for the likeliest β without a truncation.
    """
    evidence = claimed.evidence
    claim = claimed.law
    fitter = LawFitter(evidence, near)
    found = [(fault, law, 0) for fault, law in laws_of_mistakes(claim)]
    found += _at_any_temperature(fitter, claim)
    found += _with_hidden_truncation(fitter, claim)
    return [_bound(claimed, *each) for each in found]


_FaultLaw = tuple[Fault, SamplingLaw, int]


def _bound(claimed: Hypothesis, fault: Fault, law: SamplingLaw, fitted: int) -> FaultHypothesis:
    """Return a fault's law held against the draws."""
    free = fault == "wrong_temperature" or fitted == 2
    hypothesis = Hypothesis(claimed.evidence, law, claimed.slack, free_temperature=free)
    return FaultHypothesis(fault, hypothesis, fitted, _note(fault, law))


def _note(fault: Fault, law: SamplingLaw) -> str:
    """Return what is said of a law beside its numbers."""
    if fault != "hidden_min_p" or law.min_p is None or law.min_p == 0 or law.temperature == 0:
        return ""
    gap = -np.log(law.min_p) / law.beta_of("min_p")  # nats
    before, after = np.exp(-gap), np.exp(-gap * law.beta)
    return f"min_p = {before:.2g} taken before the temperature, or {after:.2g} after it"


def _at_any_temperature(fitter: LawFitter, claim: SamplingLaw) -> list[_FaultLaw]:
    """Return the claim at the likeliest temperature, if there is one."""
    law = fitter.at_any_temperature(claim)
    return [] if np.isnan(law.temperature) else [("wrong_temperature", law, 1)]


def _with_hidden_truncation(fitter: LawFitter, claim: SamplingLaw) -> list[_FaultLaw]:
    """Return the tightest truncations that allow the draws, at the temperature claimed and any.

    One that leaves the likeliest token alone is no other law than t = 0.
    """
    found: list[_FaultLaw] = []
    if not fitter.evidence.highest_ranks.any():
        return found
    for cutoff, fault in _HIDDEN.items():
        orders = [claim.order]
        if cutoff == "top_p":
            orders = [claim.order.with_temperature(place) for place in ("first", "last")]
        for order in orders:
            start = replace(claim, order=order)
            if claim.temperature > 0 and (order is orders[0] or claim.temperature != 1):
                found.append((fault, TIGHTEST[cutoff](fitter.evidence, start), 1))
            both = fitter.with_cutoff(start, cutoff)
            if not np.isnan(both.temperature):
                found.append((fault, both, 2))
    return found
