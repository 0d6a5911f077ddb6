"""The likeliest temperature of a law that no closed form fits."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from boltzmann.thermometer.hypothesis import Hypothesis

IMPOSSIBLE = 1e15  # the cost of a law that forbids a draw: finite, for the minimisation
_WIDTH = 0.5  # of log t, to either side
_CLOSE = 2e-3


def cost_of(hypothesis: Hypothesis) -> float:
    """Return minus the log-likelihood, bounded."""
    return min(-hypothesis.log_likelihood, IMPOSSIBLE)


def likeliest_temperature(cost: Callable[[float], float], near: float) -> float:
    """Return the t of least cost around a temperature."""
    around = (np.log(near) - _WIDTH, np.log(near) + _WIDTH)
    found = minimize_scalar(
        lambda log_t: cost(float(np.exp(log_t))),
        bounds=around,
        method="bounded",
        options={"xatol": _CLOSE},
    )
    return float(np.exp(found.x))
