r"""The likelihood behind a cutoff that is known up to an uncertainty.

Draws a little behind a truncation's cutoff may be tokens that the sampler kept, where its
log-probabilities differ from those reported. They are not given away: the tokens of that zone have
κ times the weight that they would have if they were kept,

.. math:: L = \max_{0 < \kappa \le 1} \; \sum_i (-\beta E_i) + n \log \kappa
              - \sum_i \log(Z_i + \kappa D_i)

Z_i is the sum of the weights before the cutoff, D_i of those in the zone, n counts the draws in the
zone. It is a law that is normalised, so that bounds on ratios of likelihoods stand. A lower
temperature, whose nucleus is smaller, gains nothing: its zone holds as many draws as if it were
kept, and κ = 1.
"""

import numpy as np

from boltzmann._core.checks import FloatArray

_HALVINGS = 60


def log_weight_behind(draws: int, weights: FloatArray, share: FloatArray) -> float:
    """Return the greatest n log κ - Σ w log(1 + κ D/Z), with w draws, (R,), of `share` D/Z, (R,).

    It is concave in log κ, and its slope there is n - Σ w κ share/(1 + κ share).
    """

    def inside(kappa: float) -> float:
        return float((weights * kappa * share / (1 + kappa * share)).sum())

    low, high = 0.0, 1.0
    if draws >= inside(1.0):
        low = 1.0
    for _ in range(_HALVINGS if low < 1 else 0):
        middle = (low + high) / 2
        if draws > inside(middle):
            low = middle
        else:
            high = middle
    return float(draws * np.log(low) - (weights * np.log1p(low * share)).sum())
