r"""Answers that are copied from earlier ones, as a rival of the claim that draws are independent.

Under the rival an answer is drawn as claimed with a probability of ½; else it repeats, token by
token, one of the H answers before it, each as likely: where it agrees with h of them so far, in the
ranks that the tokens have in their lists, its likelihood ratio to the claim is

.. math:: \frac12 + \frac{h}{2 H \prod_i p(x_i)}

This is a law of the next draw that its past determines, whatever the lists are, and the ratio a
martingale as any other. One seed for several requests of a prompt, and a cache of answers, make
copies; one of some tokens settles it.
"""

from itertools import pairwise

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.draw_probabilities import DrawProbabilities
from boltzmann.thermometer.token_levels import IntArray

_REMEMBERED = 64  # answers before one that it may repeat


class Copies:
    """The likelihood ratio of copied answers to independent ones, draw by draw.

    Attributes
    ----------
    log_ratio : float
        After all draws so far, in nats.
    """

    def __init__(self) -> None:
        self.log_ratio = 0.0
        self._answers: list[IntArray] = []  # ranks of the last answers

    def add(self, claimed: DrawProbabilities) -> FloatArray:
        """Add whole answers, and return the log-ratio after each draw, shape (n,), in nats.

        An answer is a run of draws of one group. Without groups there are none, and the ratio
        stays.
        """
        evidence = claimed.hypothesis.evidence
        path = np.full(evidence.draws, self.log_ratio)
        if evidence.groups is None or evidence.draws == 0:
            return path

        edges = np.flatnonzero(np.diff(evidence.groups)) + 1
        for start, end in pairwise([0, *edges.tolist(), evidence.draws]):
            ranks = evidence.ranks[start:end]
            path[start:end] = self.log_ratio + self._steps(ranks, claimed.logs[start:end])
            self.log_ratio = float(path[end - 1])
            self._answers = [*self._answers, ranks][-_REMEMBERED:]
        return path

    def _steps(self, ranks: IntArray, logs: FloatArray) -> FloatArray:
        """Return the log-ratio of one answer after each of its draws, shape (k,)."""
        if not self._answers:
            return np.zeros(ranks.size)
        agree = np.zeros(ranks.size)  # earlier answers that agree so far
        for earlier in self._answers:
            common = min(earlier.size, ranks.size)
            agree[:common] += np.logical_and.accumulate(earlier[:common] == ranks[:common])

        with np.errstate(divide="ignore"):  # of none, log 0
            copied = np.log(agree / len(self._answers)) - np.cumsum(logs)
        return np.asarray(np.logaddexp(0.0, copied) - np.log(2))
