"""How probable pulls are: distances from the law in standard errors, normal if the law holds."""

import numpy as np
from scipy.special import chdtrc, ndtr


def of_squares(pulls: np.ndarray) -> float:
    """Return the p-value of the sum of the squares of independent pulls, (n,)."""
    return float(chdtrc(pulls.size, np.square(pulls).sum()))


def of_either_sign(pulls: np.ndarray) -> np.ndarray:
    """Return the p-value of each pull, of any shape, against those as far off on either side."""
    return np.asarray(2 * ndtr(-np.abs(pulls)))
