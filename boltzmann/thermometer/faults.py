"""What may have gone wrong: the laws that a diagnosis holds against the claim."""

from dataclasses import dataclass, replace

import numpy as np

from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.laws import TIGHTEST, SamplingLaw, fit_temperature, fit_with_wall

_NATS_PER_PARAMETER = 7.0  # nats that each fitted number must earn: a needless one earns as much once in e⁷ = 1100 times
_INVERSION_PENALTY = (
    3.0  # nats that 1/t must earn: it is rarer than 2t by as much, and near t = √½ they look alike
)


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
    """

    fault: str
    law: SamplingLaw
    fitted: int
    log_likelihood_ratio: float
    p_value: float


Entry = tuple[str, SamplingLaw, int]


def fault_hypotheses(evidence: Evidence, claim: SamplingLaw) -> list[Entry]:
    """Return (fault, law, numbers fitted) of all that may have gone wrong."""
    t, cold = claim.temperature, claim.temperature == 0
    found: list[Entry] = []
    known = {
        "ignored": 1.0,
        "greedy": 0.0,
        "doubled": 2 * t,
        "squared": t * t,
        "inverted": 1 / t if t else t,
    }
    seen = {t}
    for fault, value in known.items():
        if value not in seen and value < np.inf:
            seen.add(value)
            found.append((fault, replace(claim, temperature=value), 0))
    constant = fit_temperature(evidence, claim)
    if not np.isnan(constant.temperature):
        found.append(("another constant", constant, 1))
    if claim.truncated and not cold:
        found.append(("untruncated", SamplingLaw(t), 0))
        if t != 1 and not claim.top_p is claim.min_p is None:
            found.append(
                ("order", replace(claim, temperature_first=not claim.temperature_first), 0)
            )
    return found + _walls(evidence, claim)


def _walls(evidence: Evidence, claim: SamplingLaw) -> list[Entry]:
    """Return the truncations that the draws allow, at the temperature claimed and at any."""
    found: list[Entry] = []
    for wall in TIGHTEST:
        for first in (True, False) if wall == "top_p" else (claim.temperature_first,):
            start = replace(claim, temperature_first=first)
            if claim.temperature > 0 and (first or claim.temperature != 1):
                found.append((wall, TIGHTEST[wall](evidence, start), 1))
            both = fit_with_wall(evidence, start, wall)
            if not np.isnan(both.temperature):
                found.append((wall, both, 2))
    return found


def penalised(entry: tuple[str, SamplingLaw, int, float]) -> float:
    """Return the log-likelihood less what a candidate must earn."""
    return entry[3] - _NATS_PER_PARAMETER * entry[2] - _INVERSION_PENALTY * (entry[0] == "inverted")


def as_candidate(
    fault: str, law: SamplingLaw, fitted: int, value: float, base: float, effect: float
) -> Candidate:
    """Return the candidate with its ratio, which dependence takes from, and p-value."""
    if value == -np.inf:
        return Candidate(fault, law, fitted, -np.inf, 1.0)
    ratio = np.inf if base == -np.inf else (value - base) / effect
    if ratio == np.inf:
        return Candidate(fault, law, fitted, ratio, 0.0)
    price = {0: 1.0, 1: 2.0 if fault == "another constant" else 1.0, 2: 2 * (1 + max(ratio, 0.0))}[
        fitted
    ]
    return Candidate(
        fault, law, fitted, float(ratio), float(min(1.0, price * np.exp(-max(ratio, 0.0))))
    )
