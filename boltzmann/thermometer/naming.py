"""The name of what went wrong: only of a law that passes the tests which the claim failed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from boltzmann.thermometer import token_faults
from boltzmann.thermometer.comparison import Comparison
from boltzmann.thermometer.faults import Fault, FaultHypothesis
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.signs import signs_against
from boltzmann.thermometer.signs.score import Sign
from boltzmann.thermometer.signs.temperature import slope_with_entropy
from boltzmann.thermometer.signs.tokens import (
    TokenCounts,
    drawn_before,
    first_by_number,
    likeliest_alone,
    likeliest_of_two,
    single_tokens,
)
from boltzmann.thermometer.truncation import determined

_WORTH_FITTING = 0.01  # a sign's p-value below which its fault is fitted
_COLDEST = 0.02  # a claim below which token faults are not fitted: hardly anything is drawn twice
# The share of the variance that draws have in common from which they depend, whatever the law:
# misfits make signs of dependence significant as well, but with a smaller share.
_SHARED = 0.1
# A law is named if it passes at so many times the false alarms of the claim: a true one is lost
# in less than 1 of 200, and an absence of proof is not enough.
_FALSE_ALARMS = 10
# Nats by which a name must be ahead of those of another kind that pass as well, and the same of one
# with more numbers: by chance it comes as near once in e⁵.
_MARGIN = 5.0
_MARGIN_OF_MORE = 2.0


@dataclass(frozen=True)
class Naming:
    """A fault, the likeliest law, its ratio against the claim, what was seen, and its numbers."""

    fault: Fault | Literal[""]
    law: SamplingLaw
    log_likelihood_ratio: float = 0.0
    seen: tuple[Sign, ...] = ()
    note: str = ""


def token_faults_of(comparison: Comparison) -> list[FaultHypothesis]:
    """Return the faults that are no temperature and no cutoff, fitted where a sign asks for it."""
    claimed = comparison.claimed
    if comparison.refuted or not _COLDEST < claimed.law.temperature < np.inf:
        return []
    laws = [claimed]
    if 0 < comparison.likeliest.law.temperature < np.inf and comparison.best is not None:
        laws.append(comparison.likeliest)

    def seen(sign: Sign) -> bool:
        return sign.p_value < _WORTH_FITTING

    found: list[FaultHypothesis] = []
    of_two = [likeliest_of_two(law) for law in laws]
    alone = [likeliest_alone(law) for law in laws]
    if any(seen(drawn_before(law)) for law in laws):
        found += token_faults.penalised(claimed)
    if any(seen(sign) and sign.z < 0 for sign in of_two):
        found += token_faults.likeliest_excluded(claimed)
    if any(seen(slope_with_entropy(law)) for law in laws):
        found += token_faults.entropy_dependent(claimed)
    if any(seen(sign) and sign.z < 0 for sign in of_two + alone):
        found += token_faults.hidden_typical(claimed)
    if not claimed.law.truncated:
        found += token_faults.hidden_epsilon(claimed)
    for law in laws:
        if seen(single_tokens(law)):
            counts = TokenCounts(law)
            token = int(counts.tokens[counts.most_unlikely])
            found += token_faults.biased(claimed, token, counts.tokens.size)
    return found


def token_reported(comparison: Comparison) -> Sign | None:
    """Return the sign that the token reported is not the one drawn, if it is significant."""
    for law in (comparison.claimed, comparison.likeliest):
        if 0 < law.law.temperature < np.inf:
            sign = first_by_number(law)
            if sign.p_value < comparison.significance:
                return sign
    return None


def name_fault(comparison: Comparison) -> Naming:
    """Return the name of what went wrong, of a claim that fails.

    A law is named if it is the likeliest, passes every test, and no law of another kind that does
    is nearly as likely. Else the fault is "unknown", with what was seen.
    """
    claim = comparison.claimed.law
    if comparison.claimed.evidence.forbidden:
        return Naming("forbidden_token", claim, np.inf)
    reported = token_reported(comparison)
    if reported is not None:
        return Naming("unknown", claim, seen=(reported,))

    depends = comparison.significant_dependence
    signs_of_dependence = tuple(found.sign for found in depends)
    strongest = comparison.dependence.log_likelihood_ratio
    if any(found.share >= _SHARED for found in depends):
        law = comparison.likeliest.law
        return Naming("dependent_draws", law, strongest, signs_of_dependence)

    best, unfit = _best_that_fits(comparison)
    if not unfit and depends:
        law = claim if best is None else best.hypothesis.law
        return Naming("dependent_draws", law, strongest, signs_of_dependence)
    if not unfit and best is not None:
        return _named(comparison, best)

    return Naming("unknown", claim, seen=_in_order([*unfit, *signs_of_dependence], comparison))


def _in_order(seen: list[Sign], comparison: Comparison) -> tuple[Sign, ...]:
    """Return what was seen, the strongest first, but before all that draws leave their lists."""
    of_claim = [sign for sign in comparison.signs if sign.name == "outside" or not seen]
    found = {sign.name: sign for sign in (*seen, *of_claim)}.values()
    return tuple(sorted(found, key=lambda sign: (sign.name != "outside", sign.p_value)))


def _best_that_fits(comparison: Comparison) -> tuple[FaultHypothesis | None, list[Sign]]:
    """Return the likeliest fault, or another of its kind that fits, and the tests it fails.

    None is the claim itself, if only dependence speaks against it.
    """
    best = comparison.best
    if best is None and not comparison.significant_dependence:
        better = (
            fault
            for fault in comparison.ranked
            if fault.hypothesis.log_likelihood > comparison.log_likelihood
        )
        best = next(better, None)
    if best is None:
        return None, _tests_failed(comparison, comparison.claimed)

    unfit = _tests_failed(comparison, best.hypothesis)
    if unfit:  # with a number more, or less
        for other in comparison.ranked:
            alike = other is not best and other.kind == best.kind
            near = other.merit > best.merit - _MARGIN
            if alike and near and not _tests_failed(comparison, other.hypothesis):
                return other, []
    return best, unfit


def _tests_failed(comparison: Comparison, hypothesis: Hypothesis) -> list[Sign]:
    """Return the tests that a law does not pass."""
    law = hypothesis.law
    if law.temperature < 0 or law.temperature == np.inf:
        return [Sign("negative", 0.0, np.nan, "unlikely tokens come more often than likely ones")]
    if law.temperature == 0:
        return []
    evidence = hypothesis.evidence
    if law.top_p is not None and evidence.certain_counts is None and hypothesis.factors is None:
        # What a hidden top_p leaves of some lists is a guess: those that tell it are looked at.
        certain = determined(evidence, law)
        if certain.draws == 0:
            return []
        hypothesis = replace(hypothesis, evidence=certain)
    significance = _FALSE_ALARMS * comparison.significance
    return signs_against(hypothesis, significance, comparison.effect_of_signs)


def _named(comparison: Comparison, best: FaultHypothesis) -> Naming:
    """Return the name of a fault that fits, unless another of another kind does as well."""
    claim = comparison.claimed.law
    if best.fault == "hidden_epsilon":
        return Naming("unknown", claim, seen=(Sign("cutoff", 0.0, np.nan, best.note),))
    rival = next(_rivals(comparison, best), None)
    if rival is not None:
        words = f"either {_in_words(best)}, or {_in_words(rival)}"
        return Naming("unknown", claim, seen=(Sign("rivals", 0.0, np.nan, words),))
    ratio = best.as_candidate(comparison.log_likelihood, comparison.effect).log_likelihood_ratio
    seen = tuple(sorted(comparison.signs, key=lambda sign: sign.p_value))
    return Naming(best.fault, best.hypothesis.law, ratio, seen, best.note)


def _rivals(comparison: Comparison, best: FaultHypothesis) -> Iterator[FaultHypothesis]:
    """Yield faults of another kind that pass, and are nearly as likely."""
    for other in comparison.ranked:
        margin = _MARGIN if other.fitted <= best.fitted else _MARGIN_OF_MORE
        near = other.merit > best.merit - margin
        if _differ(other, best) and near and not _tests_failed(comparison, other.hypothesis):
            yield other


def _differ(one: FaultHypothesis, other: FaultHypothesis) -> bool:
    """Whether two faults are of different kinds, and no two ways to say the same of these rows.

    A claimed truncation that is elsewhere may look like a hidden one.
    """
    kinds = {one.kind, other.kind}
    hidden = {"hidden_top_k", "hidden_top_p", "hidden_min_p"}
    if len(kinds) == 1 or ("claimed truncation" in kinds and kinds & hidden):
        return False
    return not _equal(one.hypothesis, other.hypothesis)


def _equal(one: Hypothesis, other: Hypothesis) -> bool:
    """Whether two laws are the same at the rows that were drawn from."""
    bent = [one.factors, one.stretch, other.factors, other.stretch]
    drawn = one.evidence.weights > 0  # (R,)
    same_kept = np.array_equal(one.kept[drawn], other.kept[drawn])
    unbent = all(part is None for part in bent)
    return unbent and same_kept and bool(np.isclose(one.beta, other.beta, rtol=1e-3))


def _in_words(fault: FaultHypothesis) -> str:
    """Return a fault with its numbers."""
    numbers = f"{fault.hypothesis.law}; {fault.note}" if fault.note else str(fault.hypothesis.law)
    return f"{fault.fault} ({numbers})"
