"""The Kolmogorov-Smirnov test that numbers are uniform."""

import numpy as np
from scipy.special import kolmogorov

from boltzmann._core.checks import FloatArray


def kolmogorov_smirnov(uniform: FloatArray, effective: float | None = None) -> float:
    """Return the p-value of numbers being uniform, if they tell as much as so many independent."""
    n = uniform.size
    steps = np.arange(n + 1) / n
    ordered = np.sort(uniform)
    distance = max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max())
    root = np.sqrt(n if effective is None else effective)
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))
