r"""Which prompts tell most about a temperature: those whose lists have the greatest heat capacity.

A draw from levels of heat capacity :math:`C = \beta^2 \operatorname{Var}_\beta(E)` tells a relative
deviation δ of the temperature at :math:`C \delta^2 / 2` nats. C is known from a list alone, before
anything is drawn from it; a choice by the C of lists seen so far depends on the past only, and
leaves every test valid that is so at any moment of stopping (see `sequential`).
"""

from collections.abc import Hashable, Sequence

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.reading import Reading


def heat_capacities(reading: Reading, claim: SamplingLaw) -> FloatArray:
    """Return C of the list that each draw came from, under the claim, shape (n,).

    At t = 0, where it is 0, that at t = 1.
    """
    beta = claim.beta if np.isfinite(claim.beta) else 1.0
    law = claim if np.isfinite(claim.beta) else SamplingLaw(1.0)
    kept = Hypothesis(reading.evidence, law).kept  # (R,)
    variance = reading.evidence.levels.moments(beta, kept).variance  # (R,)
    return beta**2 * variance[reading.evidence.rows]


def hottest(
    heats: FloatArray, labels: Sequence[Hashable], share: float, least: int = 1
) -> list[Hashable]:
    """Return the labels of greatest mean heat capacity, the hottest first.

    Parameters
    ----------
    heats : (n,) array
        Of each draw.
    labels : sequence of n
        Of each draw, such as its prompt.
    share : float
        The part of all labels that is returned, rounded up.
    least : int
        How many are returned at the least, if there are as many.
    """
    sums: dict[Hashable, list[float]] = {}
    for label, heat in zip(labels, heats.tolist(), strict=True):
        sums.setdefault(label, []).append(heat)
    ranked = sorted(sums, key=lambda label: -float(np.mean(sums[label])))
    return ranked[: max(int(np.ceil(share * len(ranked))), least)]
