"""Signs that draws do not follow the law that is claimed for them."""

from dataclasses import dataclass, replace

import numpy as np

from boltzmann.thermometer.dependence import INDEPENDENT, Dependence, along_series, between_groups
from boltzmann.thermometer.faults import Candidate, FaultHypothesis
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.uniformity import kolmogorov_smirnov

_OTHER_TESTS = 3  # beside the candidates: uniformity, and dependence in groups and along the series


@dataclass(frozen=True)
class Signs:
    """All that was tested about a claim.

    Attributes
    ----------
    refuted : bool
        Whether a draw is impossible under the claim.
    candidates : tuple of Candidate
        Faults that may explain the draws, the likeliest first.
    uniformity : float
        The p-value of the draws' transforms under the claim.
    dependence : Dependence
        The strongest sign that draws depend on one another.
    effect : float
        The design effect: so many times less than independent draws these tell.
    """

    refuted: bool
    candidates: tuple[Candidate, ...]
    uniformity: float
    dependence: Dependence
    effect: float

    @property
    def tests(self) -> int:
        """How many tests there were."""
        return len(self.candidates) + _OTHER_TESTS

    @property
    def smallest_p_value(self) -> float:
        """The smallest p-value of them all."""
        candidates = [candidate.p_value for candidate in self.candidates]
        return min([*candidates, self.uniformity, self.dependence.p_value])


def find_signs(claimed: Hypothesis, faults: list[FaultHypothesis], false_alarms: float) -> Signs:
    """Test a claim by itself and beside each fault; all tests share the false alarms."""
    likelihood = claimed.log_likelihood
    if claimed.law.beta == np.inf and likelihood > -np.inf:
        likelihood = 0.0  # which of the tied tokens comes first is known to the sampler

    ranked = sorted(faults, key=lambda fault: fault.penalised, reverse=True)
    likeliest = claimed
    if ranked and ranked[0].penalised > likelihood:
        likeliest = ranked[0].hypothesis

    dependence = find_dependence(likeliest, false_alarms / (len(ranked) + _OTHER_TESTS))
    effect = design_effect(claimed, dependence)
    return Signs(
        refuted=likelihood == -np.inf,
        candidates=tuple(fault.as_candidate(likelihood, effect) for fault in ranked),
        uniformity=uniformity_of(claimed, effect),
        dependence=dependence,
        effect=effect,
    )


def find_dependence(hypothesis: Hypothesis, significance: float) -> Dependence:
    """Return the strongest sign of dependence among the draws, if they are from this law."""
    if not np.isfinite(hypothesis.law.beta):
        return INDEPENDENT
    signs = [along_series(hypothesis.uniforms, hypothesis.midpoints, significance)]
    groups = hypothesis.evidence.groups
    if groups is not None:
        signs.append(between_groups(hypothesis.uniforms, groups))
    strongest = min(signs, key=lambda sign: sign.p_value)
    return replace(strongest, design_effect=max(sign.design_effect for sign in signs))


def design_effect(claimed: Hypothesis, dependence: Dependence) -> float:
    """Return the larger design effect of two: of the draws' transforms, and of their energies."""
    evidence = claimed.evidence
    if evidence.groups is None or not np.isfinite(claimed.law.beta):
        return dependence.design_effect

    moments = claimed.moments
    naive = float((evidence.weights * moments.variance).sum())
    if naive == 0:
        return max(dependence.design_effect, 1.0)

    scores = moments.mean[evidence.rows] - evidence.energies  # (n,)
    sums = np.bincount(evidence.groups, weights=scores - scores.mean())  # (groups,)
    clustered = sums.size / (sums.size - 1) * float(sums @ sums)
    return max(dependence.design_effect, clustered / naive)


def uniformity_of(hypothesis: Hypothesis, effect: float) -> float:
    """Return the p-value of the draws' transforms being uniform under the law."""
    if not np.isfinite(hypothesis.law.beta):
        return 1.0
    return kolmogorov_smirnov(hypothesis.uniforms, hypothesis.evidence.draws / effect)
