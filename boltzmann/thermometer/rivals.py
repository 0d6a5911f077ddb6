"""The laws that a sequential test holds against a claim, with the weight of each beforehand."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from boltzmann.thermometer.faults import Fault, laws_of_mistakes
from boltzmann.thermometer.laws import SamplingLaw

# Weights: of mistakes that make a certain law of the claim, by how common they are ...
_KNOWN: dict[Fault, float] = {
    "ignored": 0.2,
    "squared": 0.2,
    "doubled": 0.1,
    "inverted": 0.05,
    "greedy": 0.01,
    "clamped": 0.01,
    "missing_truncation": 0.1,
    "swapped_order": 0.1,
}
# ... of any temperature, of a hidden truncation, and of copied answers.
_ANY_TEMPERATURE = 0.25
_HIDDEN = 0.2
_COPIES = 0.02  # a copy of some tokens tells so much that its weight hardly matters

# |log(t/t0)| of the temperatures tried, to each side. A draw tells C/2 (log t/t0)² nats: with steps
# of √2, at most 3 % of that is lost where t lies between two of them.
_OFFSETS = 0.02 * 2 ** (np.arange(16) / 2)  # up to 3.6, a factor of 37
_COLDEST = 1e-6  # no rival is colder, but one at 0
_TOP_P = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
_MIN_P = (0.01, 0.02, 0.05, 0.1, 0.2)
_TOP_K = (2, 3, 5, 10, 20, 40, 50, 64, 100)

_Kind = list[tuple[Fault, SamplingLaw]]


@dataclass(frozen=True)
class Rival:
    """A law that draws may follow instead of the one claimed.

    Attributes
    ----------
    fault : str
        What it would be called, as in `Diagnosis`.
    law : SamplingLaw
        The law; of "dependent_draws" the claim, of which answers are copied.
    weight : float
        Its share of the mixture.
    """

    fault: Fault
    law: SamplingLaw
    weight: float


def rivals_of(claim: SamplingLaw) -> tuple[Rival, ...]:
    """Return the rivals of a claim; their weights add up to 1.

    They are mistakes that make a certain law of the one claimed; other temperatures, evenly in
    log |log(t/t0)|, so that a deviation of any size is met; and truncations that engines have as
    defaults, and some between.
    """
    weighted: list[tuple[float, Fault, SamplingLaw]] = [(_COPIES, "dependent_draws", claim)]
    known = laws_of_mistakes(claim)
    number = Counter(fault for fault, _ in known)  # there may be several other orders
    weighted += [(_KNOWN[fault] / number[fault], fault, law) for fault, law in known]
    for weight, kind in (
        (_ANY_TEMPERATURE, _other_temperatures(claim)),
        (_HIDDEN, _hidden_truncations(claim)),
    ):
        weighted += [(weight / max(len(kind), 1), fault, law) for fault, law in kind]
    total = sum(weight for weight, _, _ in weighted)
    return tuple(Rival(fault, law, weight / total) for weight, fault, law in weighted)


def _other_temperatures(claim: SamplingLaw) -> _Kind:
    """Return the claim at temperatures near and far; beside a claimed 0, at positive ones."""
    t = claim.temperature
    others = [*t * np.exp(-_OFFSETS), *t * np.exp(_OFFSETS)] if t else [*_OFFSETS]
    return [
        ("wrong_temperature", replace(claim, temperature=float(other)))
        for other in others
        if _COLDEST < other < np.inf
    ]


def _hidden_truncations(claim: SamplingLaw) -> _Kind:
    """Return the claim with one truncation more, or another than is claimed."""
    if claim.temperature == 0:
        return []
    found: _Kind = [("hidden_top_k", replace(claim, top_k=k)) for k in _TOP_K if k != claim.top_k]
    places: tuple[Literal["first", "last"], ...] = ("first", "last")
    for place in places if claim.temperature != 1 else places[:1]:
        start = replace(claim, order=claim.order.with_temperature(place))
        found += [("hidden_top_p", replace(start, top_p=p)) for p in _TOP_P if p != claim.top_p]
        found += [("hidden_min_p", replace(start, min_p=p)) for p in _MIN_P if p != claim.min_p]
    return found
