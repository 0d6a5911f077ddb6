"""Epsilon sampling: tokens of a least probability of their own are kept.

It is never named: mirostat, whose threshold moves, nearly does the same. Where it passes every
test, it stands against other cutoffs.

References
----------
.. [1] J. Hewitt, C. D. Manning, P. Liang, Findings of EMNLP 2022, 3414.
"""

from dataclasses import replace

import numpy as np

from boltzmann.thermometer.faults import FaultHypothesis
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.token_faults.search import cost_of, likeliest_temperature

_SURPRISE = 1.0  # only log Z is used, which does not depend on it


def hidden_epsilon(claimed: Hypothesis) -> list[FaultHypothesis]:
    """Return the tightest least probability, before and after the temperature, claimed and any."""
    found = []
    t = claimed.law.temperature
    for first in (False, True):

        def cost(temperature: float, first: bool = first) -> float:
            return cost_of(_at(claimed, temperature, first, True)[0])

        fitted = likeliest_temperature(cost, t)
        found.append(_fault(*_at(claimed, t, first, False), 1))
        found.append(_fault(*_at(claimed, fitted, first, True), 2))
    return found


def _at(
    claimed: Hypothesis, temperature: float, first: bool, free: bool
) -> tuple[Hypothesis, float]:
    """Return the law with the tightest least probability, and that."""
    beta = 1 / temperature if first else 1.0
    evidence = claimed.evidence
    log_z, _ = evidence.log_partition_and_entropy(beta, _SURPRISE)  # (R,)
    surprise = float((beta * evidence.energies + log_z[evidence.rows]).max()) + 1e-9
    ends = np.maximum(evidence.levels.count_below((surprise - log_z) / beta), 1.0)  # (R,)
    law = replace(claimed.law, temperature=temperature)
    return replace(claimed, law=law, ends=ends, free_temperature=free), np.exp(-surprise)


def _fault(hypothesis: Hypothesis, probability: float, fitted: int) -> FaultHypothesis:
    note = f"tokens of a probability below {probability:.2g} never come"
    return FaultHypothesis("hidden_epsilon", hypothesis, fitted, note)
