"""A smooth curve through the values of a law, where a table has few of them."""

import numpy as np
from numpy.typing import ArrayLike

_POINTS = 300


def smooth(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return places (300,) and heights (300,) of a smooth curve through points (n,), x rising.

    It is cubic between two points and rises or falls where they do, so that it has no peak that
    they have not [1]_.

    References
    ----------
    .. [1] F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984).
    """
    x, y = (np.asarray(values, np.float64) for values in (x, y))
    fine = np.linspace(x[0], x[-1], _POINTS)
    if x.size < 3:
        return fine, np.interp(fine, x, y)
    width = np.diff(x)
    slope = _slopes(width, np.diff(y) / width)

    # Hermite's polynomials, from 0 to 1 between two neighbours
    left = np.clip(np.searchsorted(x, fine, side="right") - 1, 0, x.size - 2)
    at, wide = (fine - x[left]) / width[left], width[left]
    rise = at**2 * (3 - 2 * at)
    bend = wide * at * (1 - at) * ((1 - at) * slope[left] - at * slope[left + 1])
    return fine, y[left] + rise * (y[left + 1] - y[left]) + bend


def _slopes(width: np.ndarray, chord: np.ndarray) -> np.ndarray:
    """Return the slopes (n,) at points whose chords (n - 1,) have such widths and slopes.

    Inside it is a harmonic mean, and 0 at a peak; at an end that of a parabola, within bounds.
    """
    near, far = 2 * width[1:] + width[:-1], width[1:] + 2 * width[:-1]
    monotone = chord[:-1] * chord[1:] > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (near + far) / (near / chord[:-1] + far / chord[1:])
    slope = np.zeros(width.size + 1)
    slope[1:-1] = np.where(monotone, mean, 0)
    for end, step in ((0, 1), (-1, -1)):
        w, c = width[::step][:2], chord[::step][:2]
        steepest = 3 * c[0]
        slope[end] = np.clip(
            ((2 * w[0] + w[1]) * c[0] - w[0] * c[1]) / w.sum(), min(0, steepest), max(0, steepest)
        )
    return slope
