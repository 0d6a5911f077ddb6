"""A claim beside the faults that may explain the same draws, and what is significant of it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from boltzmann.thermometer.dependence import INDEPENDENT, Dependence
from boltzmann.thermometer.faults import Candidate, FaultHypothesis
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.resolution import draws_needed
from boltzmann.thermometer.signs import TESTS, signs_against
from boltzmann.thermometer.signs.dependence import DependenceSign, dependence_signs
from boltzmann.thermometer.signs.score import Sign

_LARGEST_EXPONENT = 700.0  # nats whose exponential is a float64


class Limits(NamedTuple):
    """Parameters of `diagnose`, and the nats by which a selection of draws may raise a ratio."""

    false_alarms: float
    resolution: float
    slack: float
    selection: float = 0.0


@dataclass(frozen=True, eq=False)
class Comparison:
    """A claim and faults; each quantity is computed once, when asked for.

    Half of the false alarms are shared by the faults, half by the signs, equally.

    Attributes
    ----------
    claimed : Hypothesis
        The claim.
    faults : tuple of FaultHypothesis
        The faults that are compared with it.
    limits : Limits
        What counts as significant.
    """

    claimed: Hypothesis
    faults: tuple[FaultHypothesis, ...]
    limits: Limits

    def with_faults(self, more: Iterable[FaultHypothesis]) -> "Comparison":
        """Return the comparison with more faults."""
        return replace(self, faults=(*self.faults, *more))

    @cached_property
    def log_likelihood(self) -> float:
        """The claim's."""
        value = self.claimed.log_likelihood
        if self.claimed.law.beta == np.inf and value > -np.inf:
            return 0.0  # which of the tied tokens comes first is known to the sampler
        return value

    @property
    def refuted(self) -> bool:
        """Whether a draw is impossible under the claim."""
        return self.log_likelihood == -np.inf

    @cached_property
    def ranked(self) -> list[FaultHypothesis]:
        """The faults, the likeliest first, less what fitted numbers must earn."""
        return sorted(self.faults, key=lambda fault: fault.merit, reverse=True)

    @cached_property
    def best(self) -> FaultHypothesis | None:
        """The likeliest fault; None if the claim is likelier."""
        first = self.ranked[0] if self.ranked else None
        return first if first and first.merit > self.log_likelihood else None

    @property
    def likeliest(self) -> Hypothesis:
        """The likeliest of all, the claim included."""
        return self.claimed if self.best is None else self.best.hypothesis

    @cached_property
    def _share(self) -> float:
        """The half of the false alarms, less what a selection may have spent."""
        return self.limits.false_alarms / 2 * float(np.exp(-self.limits.selection))

    @property
    def significance(self) -> float:
        """The p-value below which a sign counts."""
        return self._share / TESTS

    @cached_property
    def dependence_signs(self) -> list[DependenceSign]:
        """All that was seen of dependence, if draws are from the likeliest law."""
        beta = self.likeliest.law.beta
        if not 0 <= beta < np.inf:
            return []
        return dependence_signs(self.likeliest, self.significance)

    @cached_property
    def significant_dependence(self) -> list[DependenceSign]:
        """Those of them that are significant."""
        return [found for found in self.dependence_signs if found.sign.p_value < self.significance]

    @cached_property
    def dependence(self) -> Dependence:
        """The strongest sign of dependence, with the largest design effect of all."""
        found = [each.dependence for each in self.dependence_signs]
        if not found:
            return INDEPENDENT
        strongest = min(found, key=lambda each: each.p_value)
        return replace(strongest, design_effect=max(each.design_effect for each in found))

    @cached_property
    def effect(self) -> float:
        """The design effect: so many times less than independent draws these tell.

        The largest of those of dependence, and of the energies in groups: what the groups' scores
        vary under the likeliest law, over what they would if draws were independent.
        """
        effects = [found.dependence.design_effect for found in self.dependence_signs]
        return max([1.0, *effects, self._effect_of_energies])

    @property
    def _effect_of_energies(self) -> float:
        hypothesis = self.likeliest
        groups = hypothesis.evidence.groups
        finite = 0 <= hypothesis.law.beta < np.inf
        if groups is None or not finite or hypothesis.information == 0:
            return 1.0
        scores = hypothesis.energy_scores
        sums = np.bincount(groups, weights=scores - scores.mean())  # (groups,)
        clustered = sums.size / (sums.size - 1) * float(sums @ sums)
        return clustered / hypothesis.information

    @property
    def effect_of_signs(self) -> float:
        """The design effect by which signs are weakened: 1 unless draws depend for certain."""
        return self.effect if self.significant_dependence else 1.0

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """The faults against the claim, the likeliest first."""
        return tuple(fault.as_candidate(self.log_likelihood, self.effect) for fault in self.ranked)

    @cached_property
    def signs(self) -> list[Sign]:
        """What is significant against the claim, but dependence."""
        if not np.isfinite(self.claimed.law.beta):
            return []
        return signs_against(self.claimed, self.significance, self.effect_of_signs)

    @cached_property
    def p_value(self) -> float:
        """The claim's, of all that was looked at together; 0 if a draw refutes it."""
        if self.refuted or self.claimed.evidence.forbidden:
            return 0.0
        of_faults = [
            candidate.p_value * len(self.faults)
            for candidate in self.candidates
            if candidate.log_likelihood_ratio > 0
        ]
        of_signs = [sign.p_value ** (1 / self.effect_of_signs) * TESTS for sign in self.signs]
        of_signs += [found.sign.p_value * TESTS for found in self.significant_dependence]
        least = 2 * min([0.5, *of_faults, *of_signs])
        return float(min(1.0, least * np.exp(min(self.limits.selection, _LARGEST_EXPONENT))))

    @property
    def fails(self) -> bool:
        """Whether the claim does."""
        return self.p_value < self.limits.false_alarms

    @cached_property
    def draws_needed(self) -> float:
        """How many more draws show a temperature off by the resolution, 0 if these do."""
        threshold = np.log(4 * max(len(self.faults), 1)) - np.log(self.limits.false_alarms)
        threshold += self.limits.selection
        return draws_needed(self.claimed, self.limits.resolution, self.effect, float(threshold))
