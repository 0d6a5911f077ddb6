"""A Metropolis gas on the levels E = -log p, and what a test of its counts can see."""

import numpy as np
from scipy.special import chdtri, chndtr

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit, kullback_leibler

# A uniform proposal over K levels forgets its start as (1 - 1/w)^sweeps with w = K max p, says J.
# S. Liu, Statistics and Computing 6, 113 (1996): 28 w sweeps leave less than 1e-12 of it.
RELAXATION_TIMES = 28.0
MOST_MOVES = 2e9  # of one gas; where a large alphabet makes it slow, it has fewer particles


def relaxed_gas(p: np.ndarray, t: float, particles: int, seed: int) -> np.ndarray:
    """Return the counts (K,) of a gas on E = -log p, (K,), that has forgotten its start.

    It has so many particles, or as many as `MOST_MOVES` allows.
    """
    levels = bz.EnergyLevels.from_probabilities(p)
    sweeps = int(np.ceil(RELAXATION_TIMES * p.size * bz.temper(p, t).max()))
    affordable = max(1, MOST_MOVES // sweeps)
    gas = bz.Ensemble(levels, t, int(min(particles, affordable)), seed=seed)
    gas.run(sweeps, every=sweeps, progress=False)
    return gas.counts


def chance_of_missing(
    counts: np.ndarray, law: np.ndarray, wrong: np.ndarray, false_alarm: float, minimum: float = 5.0
) -> float:
    """Return the probability that so many draws from `law` pass for draws from `wrong`.

    The statistic G then follows a noncentral chi-square, displaced by 2 N KL(law‖wrong).
    """
    fit = goodness_of_fit(counts, wrong, minimum=minimum)
    freedom = fit.degrees_of_freedom
    if freedom == 0:
        return 1.0
    pooled_law, pooled_wrong = (np.bincount(fit.groups, weights=p) for p in (law, wrong))
    displaced = 2 * counts.sum() * kullback_leibler(pooled_law, pooled_wrong)
    return float(chndtr(chdtri(freedom, false_alarm), freedom, displaced))
