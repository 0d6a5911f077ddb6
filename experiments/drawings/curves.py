"""A smooth curve through the values of a law, where a table has few of them."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

_POINTS = 300


def smooth(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return places (300,) and heights (300,) of a smooth curve through the points (n,), x rising.

    It is cubic between two points and rises or falls where they do, so that it has no peak that
    they have not.
    """
    places = np.asarray(x, np.float64)
    fine = np.linspace(places[0], places[-1], _POINTS)
    return fine, PchipInterpolator(places, np.asarray(y, np.float64))(fine)
