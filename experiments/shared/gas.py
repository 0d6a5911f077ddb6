"""A Metropolis gas on the levels E = -log p, how slowly a chain forgets, and what a test of counts can see."""

import numpy as np
from scipy.stats import chi2, ncx2

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit, kullback_leibler

# A uniform proposal over K levels forgets its start as (1 - 1/w)^sweeps with w = K max p, says J.
# S. Liu, Statistics and Computing 6, 113 (1996): 28 w sweeps leave less than 1e-12 of it.
MEMORIES = 28.0
MOST_MOVES = 2e9  # of one gas; where a large alphabet makes it slow, it has fewer particles


def relaxed_gas(p: np.ndarray, t: float, particles: int, seed: int) -> np.ndarray:
    """Return the counts (K,) of a gas on E = -log p that has forgotten its start, at most `particles` of it."""
    levels = bz.EnergyLevels.from_probabilities(p)
    sweeps = int(np.ceil(MEMORIES * p.size * bz.temper(p, t).max()))
    gas = bz.Ensemble(levels, t, int(min(particles, max(1, MOST_MOVES // sweeps))), seed=seed)
    gas.run(sweeps, every=sweeps, progress=False)
    return gas.counts


def slowest_mode(chain: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the second largest |λ| of a chain with detailed balance, and √π f for the mode f with P f = λ f.

    Both are of the symmetric matrix √(P_ij P_ji) = √(π_i/π_j) P_ij, which has the eigenvalues of P.
    """
    values, vectors = np.linalg.eigh(np.sqrt(chain * chain.T))
    second = np.argsort(np.abs(values))[-2]
    return float(np.abs(values[second])), vectors[:, second]


def chance_of_missing(
    counts: np.ndarray, law: np.ndarray, wrong: np.ndarray, false_alarm: float, minimum: float = 5.0
) -> float:
    """Return the probability that so many draws from `law` pass for draws from `wrong`.

    The statistic G then follows a noncentral chi-square, displaced by 2 N KL(law‖wrong).
    """
    fit = goodness_of_fit(counts, wrong, minimum=minimum)
    law, wrong = (np.bincount(fit.groups, weights=p) for p in (law, wrong))
    displaced = 2 * counts.sum() * kullback_leibler(law, wrong)
    if fit.degrees_of_freedom == 0:
        return 1.0
    return float(
        ncx2.cdf(chi2.isf(false_alarm, fit.degrees_of_freedom), fit.degrees_of_freedom, displaced)
    )
