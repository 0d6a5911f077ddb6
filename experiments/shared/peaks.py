"""Where a heat capacity is highest: by the law, and by a fit to measured points."""

import numpy as np
from scipy.optimize import brentq

import boltzmann as bz


def law_peak(levels: bz.EnergyLevels) -> float:
    """Return the temperature at which the law's heat capacity peaks, between 0.1 and 1.

    There the derivative of Var(E)/t² is 0, which is where 2 t Var(E) is the third central moment of
    E. (To look for the largest value would lose half the digits, for the top is flat.)
    """

    def slope(t: float) -> float:
        p = bz.probabilities(levels, t)
        excess = levels.energies - p @ levels.energies
        return float(p @ excess**3 - 2 * t * (p @ excess**2))

    return float(brentq(slope, 0.1, 1.0, xtol=1e-15))


def fitted_peak(
    t: np.ndarray, heights: np.ndarray, relative_error: np.ndarray
) -> tuple[float, float]:
    """Return where a quartic in ln t through the logarithms of heights peaks, and its error.

    Only points within ln t = ±0.3 of the highest one are fitted, by weighted least squares.
    """
    summit = t[np.argmax(heights)]
    near = np.abs(np.log(t / summit)) < 0.3
    x = np.log(t[near] / summit)
    y = np.log(heights[near])
    weights = 1 / relative_error[near]

    powers = np.arange(5)
    design = x[:, None] ** powers * weights[:, None]  # (points, 5)
    covariance = np.linalg.inv(design.T @ design)
    fit = np.polynomial.Polynomial(covariance @ (design.T @ (y * weights)))

    # The top is the root of the derivative next to the highest point; its error follows from the
    # error of the derivative there.
    tops = fit.deriv().roots()
    top = tops[np.argmin(np.abs(tops))].real
    slope = powers * top ** np.maximum(powers - 1, 0)
    error = np.sqrt(slope @ covariance @ slope) / abs(fit.deriv(2)(top))
    peak = summit * np.exp(top)
    return float(peak), float(peak * error)
