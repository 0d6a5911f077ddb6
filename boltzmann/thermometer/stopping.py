r"""When an audit that asks for draws in rounds may stop, and what it then has found.

At the end of each round the claim is held against a `SequentialTest`, which may be looked at as
often as one likes. The tests of `diagnose` may not: their p-values are those of a number of draws
that was fixed beforehand. They are evaluated once, where the audit stops, and pay for all rounds
at which it might have. The sequential test gets 9/10 of the false alarms, and at the end of round k
they get so much of the rest:

.. math:: \frac{1}{k (k + 1)}, \qquad \sum_{k=1}^\infty \frac{1}{k (k + 1)} = 1

By the union bound a true claim then fails with a probability of at most what is allowed, whatever
the rule by which the audit stops. (Transforms of draws are uniform and independent however prompts
were chosen from the draws before; bounds on the ratio of a law with fitted numbers hold nearly.)
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from boltzmann.thermometer.diagnosing import diagnose
from boltzmann.thermometer.diagnosis import Diagnosis
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.margins import MISSES
from boltzmann.thermometer.reading import Reading
from boltzmann.thermometer.resolution import only_likeliest_come
from boltzmann.thermometer.rivals import Rival
from boltzmann.thermometer.sequential import SequentialTest
from boltzmann.thermometer.truncation import determined

Reason = Literal["refuted", "cleared", "no more draws"]
_OF_SEQUENTIAL = 0.9  # its share of the false alarms
_LONGEST_SEARCH = 4  # times the draws that refuted a claim are asked, at the most, to name a fault
_SURE = 0.8  # of the mixture's likelihood, the share of the rivals of one name, to say that name
_FEWEST_TO_NAME = 50  # draws, where one that the claim forbids has refuted it
_SUSPICIOUS = 0.01  # a p-value of independence below which no temperature is named


@dataclass(frozen=True)
class Stop:
    """What was found where an audit stopped.

    Attributes
    ----------
    diagnosis : Diagnosis
        The verdict. Its p-value is valid wherever the audit stopped.
    reason : {"refuted", "cleared", "no more draws"}
        The sequential test failed the claim; it refuted the rivals that must be; or neither, and
        the draws were all that might be asked.
    """

    diagnosis: Diagnosis
    reason: Reason


@dataclass(frozen=True)
class Look:
    """What is known after a round.

    Attributes
    ----------
    stop : Stop or None
        What was found, if the audit may stop.
    refuted : bool
        Whether the claim is refuted. If the audit goes on it is for a name, which more prompts tell
        better than the hottest.
    """

    stop: Stop | None
    refuted: bool = False


@dataclass(frozen=True)
class StoppingRule:
    """A claim, and the error rates at which it is decided.

    Attributes
    ----------
    claim : SamplingLaw
        What draws are claimed to follow.
    false_alarms, resolution, slack : float
        See `diagnose`.
    misses : float
        A bound on the probability of holding a claim whose temperature is off by the resolution.
    """

    claim: SamplingLaw
    false_alarms: float = 1e-3
    resolution: float = 0.1
    slack: float = 1e-4
    misses: float = MISSES

    def look(
        self,
        reading: Reading,
        number: int,
        *,
        last: bool = False,
        may_hold: bool = True,
        after_truncation: bool = False,
    ) -> Look:
        """Return what is known after the round of that number.

        Parameters
        ----------
        reading : Reading
            Of all draws so far.
        number : int
            Of the look, from 1.
        last : bool
            Whether no more draws will be asked.
        may_hold : bool
            Whether there are enough draws for signs of another kind than a temperature.
        after_truncation : bool
            See `diagnose`. A truncation that is claimed of such lists is told by all draws alone.
        """
        # Which draws contradict their lists may depend on the token, and which tokens lists leave,
        # on the truncation: then no ratio is a martingale, and all draws are asked.
        all_asked = after_truncation and self.claim.truncated
        if all_asked or reading.left_out.get("contradictory"):
            return Look(self._at_the_end(reading, number, all_asked) if last else None)

        test = self._tested(reading, self.claim)
        if test.decision == "fails":
            return Look(self._named(reading, test, last=last), refuted=True)
        if may_hold and "holds" in (test.decision, self._decision_as_zero(reading)):
            return Look(self._cleared(reading, number))
        return Look(self._at_the_end(reading, number) if last else None)

    def _tested(self, reading: Reading, claim: SamplingLaw) -> SequentialTest:
        """Return the sequential test of a claim, with all draws."""
        test = SequentialTest(
            claim,
            false_alarms=_OF_SEQUENTIAL * self.false_alarms,
            resolution=self.resolution,
            misses=self.misses,
            slack=self.slack,
        )
        test.add(reading)
        return test

    def _decision_as_zero(self, reading: Reading) -> str:
        """Return what is decided at t = 0 of a claim so cold that nothing tells it from that."""
        claimed = Hypothesis(determined(reading.evidence, self.claim), self.claim, self.slack)
        if self.claim.temperature == 0 or not only_likeliest_come(claimed):
            return ""
        return self._tested(reading, replace(self.claim, temperature=0.0)).decision

    def _named(self, reading: Reading, test: SequentialTest, *, last: bool) -> Stop | None:
        """Return the fault of a claim that is refuted; None while more draws may yet name it.

        The false alarm is spent: it is at most the sequential test's, whatever is named.
        """
        found = self._diagnose(reading, self.false_alarms)
        found = replace(found, p_value=min(1.0, test.p_value / _OF_SEQUENTIAL))
        rival = test.likeliest
        if np.isinf(test.largest):  # one draw that is forbidden does that, and leaves names open
            searched = reading.draws >= _FEWEST_TO_NAME
        elif rival.fault == "dependent_draws":
            return self._as(found, rival)
        else:
            searched = reading.draws >= _LONGEST_SEARCH * (test.refuted_at or 0)
        sure = found.fault == rival.fault and test.share(rival.fault) >= _SURE
        if not (sure or searched or last):
            return None
        if found.verdict == "fails":
            return Stop(found, "refuted")
        fits = self._fits(reading, rival.law)
        return self._as(found, rival if fits else Rival("unknown", self.claim, 0.0))

    def _as(self, found: Diagnosis, rival: Rival) -> Stop:
        """Return a diagnosis as that of a claim that fails by the name of a rival."""
        failed = replace(found, verdict="fails", draws_needed=0.0)
        return Stop(replace(failed, fault=rival.fault, law=rival.law), "refuted")

    def _fits(self, reading: Reading, law: SamplingLaw) -> bool:
        """Whether draws may follow a law, and nothing makes one suspect that they are dependent."""
        found = diagnose(reading, law, false_alarms=self.false_alarms, slack=self.slack)
        return found.verdict != "fails" and found.dependence.p_value >= _SUSPICIOUS

    def _cleared(self, reading: Reading, number: int) -> Stop:
        """Return the verdict on a claim whose rivals are refuted: it holds unless a sign fails."""
        found = self._diagnose(reading, self._share(number))
        if found.verdict == "cannot tell":
            found = replace(found, verdict="holds", draws_needed=0.0)
        return Stop(self._paid(found, number), "cleared")

    def _at_the_end(self, reading: Reading, number: int, after_truncation: bool = False) -> Stop:
        """Return the verdict where there are no more draws."""
        found = self._diagnose(reading, self._share(number), after_truncation)
        return Stop(self._paid(found, number), "no more draws")

    def _share(self, number: int) -> float:
        """Return the false alarms of `diagnose` at a look."""
        return (1 - _OF_SEQUENTIAL) * self.false_alarms / (number * (number + 1))

    def _paid(self, found: Diagnosis, number: int) -> Diagnosis:
        """Return a diagnosis with its p-value on the scale of all false alarms."""
        factor = self.false_alarms / self._share(number)
        return replace(found, p_value=min(1.0, found.p_value * factor))

    def _diagnose(
        self, reading: Reading, false_alarms: float, after_truncation: bool = False
    ) -> Diagnosis:
        return diagnose(
            reading,
            self.claim,
            false_alarms=false_alarms,
            resolution=self.resolution,
            slack=self.slack,
            after_truncation=after_truncation,
        )
