"""From a reading and a claim to a verdict, and to the name of what went wrong."""

from dataclasses import replace
from typing import Literal

import numpy as np

from boltzmann._core.checks import LARGEST, SMALLEST, as_number
from boltzmann.thermometer.comparison import Comparison, Limits
from boltzmann.thermometer.dependence import INDEPENDENT
from boltzmann.thermometer.diagnosis import Diagnosis, Verdict
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.faults import fault_hypotheses
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw, as_claim
from boltzmann.thermometer.naming import Naming, name_fault, token_faults_of, token_reported
from boltzmann.thermometer.near_ties import difference_of_lists, near_ties
from boltzmann.thermometer.reading import Reading
from boltzmann.thermometer.resolution import only_likeliest_come
from boltzmann.thermometer.signs.copies import equal_answers, first_of_equal_answers
from boltzmann.thermometer.signs.outside import outside_lists
from boltzmann.thermometer.signs.score import Sign
from boltzmann.thermometer.truncation import determined
from boltzmann.thermometer.uniformity import kolmogorov_smirnov


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
    lie inside it), or both (about). *Signs* are tested beside, which any law has to pass: that
    tokens drawn before, the likeliest, or single tokens come as often as they should, that one
    temperature holds in all rows and among all tokens, that a cutoff is at one place, that as many
    draws leave their lists as should, that answers are no copies, that draws are independent. Laws
    and signs have half of `false_alarms` each, shared equally, and the claim fails if a p-value is
    below its share.

    A fault is named only if its law passes the signs as well, at ten times their share: it is the
    law of the largest Λ, less 7 nats for each number that was fitted, and 3 for 1/t, which near
    t = √½ is about 2t, and rarer; and no law of another kind that passes comes within 5 nats.
    Penalties, biases, exclusion of top choices, temperatures that follow the entropy and locally
    typical sampling are fitted where a sign points to them. Else the fault is "unknown", and `seen`
    says in words what was seen. Where draws depend on each other, Λ is divided by the design
    effect: they tell so many times less.

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

    Returns
    -------
    Diagnosis
        The verdict, and what is the matter if the claim fails.

    Raises
    ------
    ValueError
        If the claim is nan or negative, a truncation is out of range, or another argument is.

    See Also
    --------
    read : A temperature from draws.
    diagnose_in_any_order : A claim that does not say in which order its steps come.
    SamplingLaw : A temperature with truncations.

    Notes
    -----
    A cutoff by top_k or min_p is the same before and after the temperature, once its place is
    fitted. Only top_p, and a min_p that was claimed, tell the order.

    A temperature at which nothing but the likeliest token can come is judged as 0 is. Draws up to
    the slack behind a cutoff do not refute it, but count as if their tokens were kept with the
    weight that is likeliest.

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
    limits = Limits(alarms, resolution, slack)
    whole = _judge(reading, claim, limits)
    if not (after_truncation and claim.truncated and whole.verdict == "fails"):
        return whole
    alone = _judge(reading, SamplingLaw(claim.temperature), limits)
    if not alone.holds:
        return replace(alone, claimed=claim)
    return replace(alone, verdict="cannot tell", claimed=claim, temperature_holds=True)


def _judge(reading: Reading, claim: SamplingLaw, limits: Limits) -> Diagnosis:
    """Return the diagnosis of a claim, all of it; see `diagnose`."""
    used = determined(reading.evidence, claim)
    contradictory = reading.left_out.get("contradictory", 0)
    if reading.draws:  # selection may have raised a likelihood ratio by so much
        selection = float(reading.draws * np.log1p(contradictory / reading.draws))
        limits = limits._replace(selection=selection)
    near = 1 / reading.temperature if 0 < reading.temperature < np.inf else 1.0
    found = _of_draws(used, claim, limits, near) if used.draws else _of_none(used, claim, limits)
    return replace(found, undetermined=reading.draws - used.draws, contradictory=contradictory)


def _of_draws(evidence: Evidence, claim: SamplingLaw, limits: Limits, near: float) -> Diagnosis:
    """Return the diagnosis from the draws that tell something about the claim."""
    claimed = Hypothesis(evidence, claim, limits.slack)
    faults = tuple(fault_hypotheses(claimed, near))
    cold = claim.beta < np.inf and only_likeliest_come(claimed)
    if cold:  # judged as a temperature of 0 is
        claimed = replace(claimed, law=replace(claim, temperature=0.0))
    comparison = Comparison(claimed, faults, limits)
    if not comparison.fails:
        verdict: Verdict = "cannot tell" if comparison.draws_needed > 0 else "holds"
        naming = Naming("", claim, note=_ONLY_THE_LIKELIEST if cold else "")
        return _diagnosis(comparison, claim, verdict, naming)

    ties = near_ties(claimed) if claim.temperature == 0 else ""
    if ties:
        slack = difference_of_lists(evidence)
        if slack > limits.slack and near_ties(replace(claimed, slack=slack)) == "":
            found = _of_draws(evidence, claim, limits._replace(slack=slack), near)
            note = f"lists of one prompt differ by {slack:.2g} nat, which draws may as well"
            return replace(found, note=note) if found.verdict != "fails" else found
        found = _diagnosis(comparison, claim, "cannot tell", Naming("", claim, note=ties))
        return replace(found, draws_needed=np.inf)

    comparison = comparison.with_faults(token_faults_of(comparison))
    copies = None if token_reported(comparison) else _copies(comparison)
    if copies is None:
        return _diagnosis(comparison, claim, "fails", name_fault(comparison))

    # Each told once, do the answers follow the claim, or is there a name for what they do?
    once = _of_draws(first_of_equal_answers(evidence), claim, limits, near)
    naming = name_fault(comparison)
    if once.verdict != "fails":
        naming = Naming("repeated_answers", claim, seen=(copies,))
    elif once.fault != "unknown" or naming.fault != "dependent_draws":
        return replace(once, seen=(*once.seen, copies))
    return _diagnosis(comparison, claim, "fails", naming)


_ONLY_THE_LIKELIEST = "at this temperature nothing but the likeliest token can come"


def _copies(comparison: Comparison) -> Sign | None:
    """Return the sign that answers are repeated, if it is significant."""
    if not 0 < comparison.likeliest.law.temperature < np.inf:
        return None
    sign = equal_answers(comparison.likeliest)
    return sign if sign.p_value < comparison.significance else None


def _diagnosis(
    comparison: Comparison, claim: SamplingLaw, verdict: Verdict, naming: Naming
) -> Diagnosis:
    """Return what was found, all of it."""
    claimed = comparison.claimed
    uniformity = 1.0
    if np.isfinite(claimed.law.beta):
        uniformity = kolmogorov_smirnov(
            claimed.uniforms, claimed.evidence.draws / comparison.effect
        )
    law = claim if naming.law is claimed.law else naming.law
    return Diagnosis(
        verdict=verdict,
        fault=naming.fault,
        law=law,
        log_likelihood_ratio=naming.log_likelihood_ratio,
        p_value=comparison.p_value,
        draws_needed=0.0 if verdict == "fails" else comparison.draws_needed,
        candidates=comparison.candidates,
        goodness_of_fit=uniformity,
        dependence=comparison.dependence,
        claimed=claim,
        seen=naming.seen,
        note=naming.note,
    )


def _of_none(evidence: Evidence, claim: SamplingLaw, limits: Limits) -> Diagnosis:
    """Return the diagnosis where no draw in a list tells anything about the claim."""
    sign = Sign("outside", 1.0)
    outside = evidence.whole_known[evidence.record.outside_rows]
    number = int(outside.sum())
    if number and claim.temperature == 0:
        sign = Sign("outside", 0.0, np.nan, f"{number} draws are not in their lists, 0 expected")
    elif number:
        sign = outside_lists(Hypothesis(evidence, claim, limits.slack))
    fails = sign.p_value < limits.false_alarms
    fault: Literal["unknown", ""] = "unknown" if fails else ""
    return Diagnosis(
        verdict="fails" if fails else "cannot tell",
        fault=fault,
        law=claim,
        log_likelihood_ratio=0.0,
        p_value=sign.p_value,
        draws_needed=0.0 if fails else np.inf,
        candidates=(),
        goodness_of_fit=1.0,
        dependence=INDEPENDENT,
        claimed=claim,
        seen=(sign,) if fails else (),
    )
