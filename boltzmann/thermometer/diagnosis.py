"""What was found of a claim: whether it holds, and the name of what went wrong if it does not."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from boltzmann.thermometer.dependence import Dependence
from boltzmann.thermometer.faults import FAULTS, WITHOUT_LAW, Candidate, Fault
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.signs.score import Sign

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
        "wrong_temperature", "clamped" (raised to the least that is taken), "hidden_top_k",
        "hidden_top_p", "hidden_min_p", "hidden_typical", "missing_truncation" (a claimed one is not
        there), "swapped_order" (of temperature and truncation), "penalised" (tokens that came
        before in the answer), "biased" (one token), "likeliest_excluded" (XTC),
        "entropy_dependent" (a temperature that follows the entropy), "repeated_answers",
        "dependent_draws", "forbidden_token" (one of probability 0 was drawn) or "unknown" (the
        claim does not fit, and nothing else does).
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
    seen : tuple of Sign
        What speaks against the claim, or, of an unknown fault, against every law: the strongest
        first.
    note : str
        The fitted numbers of the fault, in words, or what the verdict rests on.

    See Also
    --------
    diagnose : Hold a reading against a claim.
    Candidate : A fault that may explain draws.
    Sign : What a test of any law saw.
    Dependence : A sign that draws depend on one another.
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
    seen: tuple[Sign, ...] = ()
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the verdict is "holds"."""
        return self.verdict == "holds"

    @property
    def near_ties(self) -> bool:
        """Whether a claimed t = 0 cannot be told from draws next to the likeliest token."""
        return self.verdict == "cannot tell" and self.note.startswith("near ties")

    def __str__(self) -> str:
        if self.verdict == "holds":
            return f"holds: {self.claimed}"
        if self.verdict == "cannot tell":
            return f"cannot tell whether {self.claimed}: {self._missing}"
        likeliest = "" if self.fault in WITHOUT_LAW else f", likeliest {self.law}"
        name = FAULTS[self.fault] if self.fault else ""
        words = self.seen[0].words if self.fault == "unknown" and self.seen else self.note
        said = f"; {words}" if words else ""
        return f"fails: {name}{said} (claimed {self.claimed}{likeliest}, {bound(self.p_value)})"

    @property
    def _missing(self) -> str:
        """What it takes to tell, in words."""
        if self.temperature_holds:
            return "the temperature holds; lists may end at the truncation claimed"
        if self.contradictory:
            return f"{self.contradictory} draws contradict their lists"
        if self.near_ties:
            return self.note
        if np.isfinite(self.draws_needed):
            return f"about {self.draws_needed:.2g} more draws are needed"
        if self.undetermined:
            return "no list tells which tokens the top_p claimed leaves"
        return "no choice is left in the lists. List more tokens"


def bound(p_value: float) -> str:
    """Return what is said of a p-value, which is never that it is below 0."""
    return f"p < {max(p_value, 1e-300):.1g}"
