r"""A test of a claimed law that is valid whenever one stops: a mixture of likelihood ratios.

Let p be the law claimed and :math:`q_k` its rivals, each with a weight :math:`w_k`,
:math:`\sum_k w_k = 1`. After n draws :math:`x_i`, from lists of which each may depend on all draws
before it,

.. math:: M_n = \sum_k w_k \prod_{i \le n} \frac{q_k(x_i)}{p(x_i)}

If the claim is true, the expectation of each factor, given all draws before it, is the probability
under :math:`q_k` of the tokens that the claim allows: at most 1.

**The false alarm.** :math:`M_n` is thus a nonnegative supermartingale that begins at 1, and by
Ville's inequality [1]_

.. math:: P\left(\sup_n M_n \ge 1/\alpha\right) \le \alpha

Proof: stop at the first n at which :math:`M_n \ge 1/\alpha`, or at N. The expectation of M there is
at most 1, and at least :math:`P(\text{crossed by } N) / \alpha`; let N grow. So one may look after
every draw, and stop when one likes [2]_.

Nothing is asked of how prompts or lists are chosen, but that each be fixed before the draw from it.
They may be chosen by what was drawn before, such as the prompts of greatest heat capacity. A draw
that is left out for its list, or for lying outside a set that its list fixes (laws being taken on
the condition of lying inside), multiplies every term by 1, and the inequality stands. So it does
where rivals guess what tokens that are not listed weigh: whatever they guess, they are laws.

**What is claimed** is a law, *and* that draws follow it whatever was drawn before. Copies of an
answer, or one seed for all requests, make that false, and what is then refuted need not be the
temperature. Copied answers are therefore one of the rivals (see `copies`), and a name is given by
`diagnose`, which allows for dependence.

References
----------
.. [1] J. Ville, Étude critique de la notion de collectif, Gauthier-Villars (1939).
.. [2] H. Robbins, Ann. Math. Stat. 41, 1397 (1970).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from boltzmann._core.checks import LARGEST, SMALLEST, FloatArray, as_number
from boltzmann.thermometer.copies import Copies
from boltzmann.thermometer.draw_probabilities import DrawProbabilities
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw, as_claim
from boltzmann.thermometer.margins import MISSES, Margins
from boltzmann.thermometer.reading import Reading
from boltzmann.thermometer.rivals import Rival, rivals_of
from boltzmann.thermometer.truncation import determined

Decision = Literal["fails", "holds", ""]


class SequentialTest:
    r"""A claim held against a mixture of its rivals, draw by draw.

    It fails when M reaches 1/`false_alarms`, and holds when temperatures off by the resolution are
    refuted to either side, and a hidden top_p of 0.95 where lists show one; see `Margins`.

    Parameters
    ----------
    claimed : float or SamplingLaw
        The temperature claimed, in the unit of the logits, at least 0; or a law with truncation.
    false_alarms : float
        A bound on the probability of ever failing a true claim.
    resolution : float
        The claim holds if a temperature off by so large a part of itself is refuted; of a claimed
        0, one of so much.
    misses : float
        A bound on the probability of ever holding a claim whose temperature is off by so much, or
        by more, to one side.
    slack : float
        By how many nats the log-probabilities may miss those that the sampler used.
    rivals : sequence of Rival, optional
        Of the mixture, with weights that add up to 1; by default copied answers, all mistakes that
        have a name and a law, temperatures near and far, and hidden truncations.

    Attributes
    ----------
    claim : SamplingLaw
        The claim.
    rivals : tuple of Rival
        The mixture.
    draws : int
        How many were added.
    refuted_at, cleared_at : int or None
        After how many draws the claim failed, and held.
    largest : float
        The largest log M so far, in nats.

    Raises
    ------
    ValueError
        If the claim or a number is out of range.

    Examples
    --------
    >>> from boltzmann.language import draw
    >>> from boltzmann.thermometer import read
    >>> logits = -np.log(np.arange(1.0, 1001.0))
    >>> test = SequentialTest(0.7)
    >>> _ = test.add(read(logits, draw(logits, temperature=0.49, size=300, seed=1)))
    >>> test.decision, test.likeliest.fault, test.refuted_at < 300
    ('fails', 'squared', True)
    """

    def __init__(
        self,
        claimed: float | SamplingLaw,
        *,
        false_alarms: float = 1e-3,
        resolution: float = 0.1,
        misses: float = MISSES,
        slack: float = 1e-4,
        rivals: Sequence[Rival] | None = None,
    ):
        self.claim = as_claim(claimed)
        self.rivals = rivals_of(self.claim) if rivals is None else tuple(rivals)
        self.draws = 0
        self.refuted_at: int | None = None
        self.largest = 0.0

        between = ("number between 0 and 1", SMALLEST, 1.0)
        self._threshold = -np.log(as_number("false_alarms", false_alarms, *between))
        self._slack = as_number("slack", slack, "finite number of at least 0", 0.0, LARGEST)
        self._log_ratios = np.zeros(len(self.rivals))  # (K,)
        self._copies = Copies()
        self._margins = Margins(
            self.claim,
            as_number("resolution", resolution, *between),
            as_number("misses", misses, *between),
        )

    @property
    def cleared_at(self) -> int | None:
        """After how many draws the claim held."""
        return self._margins.cleared_at

    @property
    def decision(self) -> Decision:
        """Whether the claim fails or holds; "" if that cannot be told yet."""
        if self.refuted_at is not None:
            return "fails"
        return "" if self.cleared_at is None else "holds"

    @property
    def p_value(self) -> float:
        """The least `false_alarms` at which the claim would have failed by now."""
        return float(np.exp(-self.largest))

    @property
    def likeliest(self) -> Rival:
        """The rival of the largest share of M."""
        return self.rivals[int(np.argmax(self._shares))]

    def share(self, fault: str) -> float:
        """Return the share of M that rivals of this name have: its probability, if one is true."""
        named = [rival.fault == fault for rival in self.rivals]
        return float(self._shares[named].sum())

    @property
    def _shares(self) -> FloatArray:
        """The share of each rival in M, shape (K,)."""
        logs = np.log([rival.weight for rival in self.rivals]) + self._log_ratios
        if not np.isfinite(logs).any():
            return np.zeros(logs.size)
        shares: FloatArray = np.exp(logs - logs.max())
        return np.asarray(shares / shares.sum())

    def add(self, reading: Reading) -> FloatArray:
        """Add draws, and return log M after each, shape (n,), in nats.

        Parameters
        ----------
        reading : Reading
            From `read`, of draws that follow those added before. Those that it left out are left
            out here, and those whose lists do not tell whether the claim allows them.
        """
        evidence = determined(reading.evidence.with_cache(), self.claim)
        claimed = DrawProbabilities(Hypothesis(evidence, self.claim, self._slack), claimed=True)

        path = np.full(evidence.draws, -np.inf)  # log M
        for k, rival in enumerate(self.rivals):
            ratios = self._ratios_to(claimed, k)
            path = np.logaddexp(path, np.log(rival.weight) + ratios)
            self._log_ratios[k] = ratios[-1] if ratios.size else self._log_ratios[k]

        impossible = np.logical_or.accumulate(claimed.impossible)
        path[impossible | (self.largest == np.inf)] = np.inf
        self._margins.add(claimed)
        self._look(path, forbidden=evidence.forbidden > 0)
        return path

    def _ratios_to(self, claimed: DrawProbabilities, k: int) -> FloatArray:
        """Return the log-ratio of a rival to the claim after each draw, shape (n,)."""
        rival = self.rivals[k]
        if rival.fault == "dependent_draws":
            return self._copies.add(claimed)
        hypothesis = Hypothesis(claimed.hypothesis.evidence, rival.law, self._slack)
        steps = DrawProbabilities(hypothesis).log_ratio_to(claimed)
        return np.asarray(self._log_ratios[k] + np.cumsum(steps))

    def _look(self, path: FloatArray, *, forbidden: bool) -> None:
        """Count draws of which log M is (n,), and note where the claim failed."""
        reached = np.flatnonzero(path >= self._threshold)
        if self.refuted_at is None and reached.size:
            self.refuted_at = self.draws + int(reached[0]) + 1

        self.draws += path.size
        self.largest = float(max(self.largest, path.max(initial=0.0)))
        if forbidden:
            self.largest = np.inf
            self.refuted_at = self.refuted_at or self.draws
