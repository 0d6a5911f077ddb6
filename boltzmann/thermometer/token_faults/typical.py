"""Locally typical sampling: the fewest tokens that are kept are those of typical surprise.

References
----------
.. [1] C. Meister, T. Pimentel, G. Wiher, R. Cotterell, Trans. Assoc. Comput. Linguist. 11, 102
   (2023).
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from boltzmann.thermometer.faults import FaultHypothesis
from boltzmann.thermometer.hypothesis import Factors, Hypothesis
from boltzmann.thermometer.token_faults.search import cost_of, likeliest_temperature

# Mean surprises, in nats beyond that of the last token listed, of those that are not.
_SURPRISES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)
_TELLING = 7.0  # nats of likeliest tokens left out, below which it is a top_p by another name
_ROUNDING = 1e-6


class _Typical(NamedTuple):
    hypothesis: Hypothesis
    mass: float

    @property
    def told(self) -> float:
        """The nats that draws tell for likeliest tokens being left out; no search needs them."""
        hypothesis = self.hypothesis
        assert hypothesis.factors is not None
        left_out = 1 - hypothesis.factors.likeliest  # (n, M)
        lost = (hypothesis.likeliest[hypothesis.evidence.rows] * left_out).sum(axis=1)  # (n,)
        return float(-np.log1p(-np.minimum(lost, 1 - 1e-9)).sum())


def hidden_typical(claimed: Hypothesis) -> list[FaultHypothesis]:
    """Return the tightest typical_p, before and after the temperature, claimed and any.

    What the entropy of a row owes to tokens that are not listed is known up to their mean surprise,
    one number that is fitted.
    """
    found = []
    surprises = _SURPRISES if claimed.evidence.partial else (0.0,)
    t = claimed.law.temperature
    for first in (False, True):
        tried = [(_at(claimed, t, first, False, surprise), surprise) for surprise in surprises]
        best, surprise = min(tried, key=lambda pair: cost_of(pair[0].hypothesis))
        found.append(_fault(best, first, 1))

        def cost(temperature: float, first: bool = first, surprise: float = surprise) -> float:
            return cost_of(_at(claimed, temperature, first, True, surprise).hypothesis)

        fitted = _at(claimed, likeliest_temperature(cost, t), first, True, surprise)
        if fitted.told > _TELLING:
            found.append(_fault(fitted, first, 2))
        if best.told <= _TELLING:
            found = [each for each in found if each.hypothesis is not best.hypothesis]
    return found


def _fault(typical: _Typical, first: bool, fitted: int) -> FaultHypothesis:
    order = "first" if first else "last"
    note = f"typical_p = {typical.mass:.3g}, temperature {order}"
    return FaultHypothesis("hidden_typical", typical.hypothesis, fitted, note)


def _at(
    claimed: Hypothesis, temperature: float, first: bool, free: bool, surprise: float
) -> _Typical:
    """Return the law of the tightest typical_p that allows all draws."""
    beta = 1 / temperature if first else 1.0
    evidence = claimed.evidence
    levels = evidence.levels
    log_z, entropy = evidence.log_partition_and_entropy(beta, surprise)  # (R,) each
    before = levels.mass_of_more_typical(beta, log_z, entropy)  # (L,)
    mass = float(before[evidence.levels_drawn].max()) + _ROUNDING
    kept = before < mass  # (L,)

    # What is kept is a window of ranks: from `begins` on, up to `ends`.
    upto = levels.tokens_up_to  # (L,)
    firsts = levels.starts[:-1]
    ends = np.maximum.reduceat(np.where(kept, upto, 0.0), firsts)  # (R,)
    begins = np.minimum.reduceat(np.where(kept, upto - levels.counts, np.inf), firsts)  # (R,)
    ranks = np.arange(claimed.gaps.shape[1])
    inside = (ranks >= begins[:, None]).astype(np.float64)[evidence.rows]  # (n, M)
    hypothesis = replace(
        claimed,
        law=replace(claimed.law, temperature=temperature),
        factors=Factors(inside, np.ones(evidence.draws)),
        ends=np.maximum(ends, 1.0),
        free_temperature=free,
    )
    return _Typical(hypothesis, mass)
