"""The mean height of a gas in a bottle of height 1: formula, correction for layers, measurement."""

import numpy as np

from experiments.runner.table import Table


def mean_height(t: float | np.ndarray) -> float | np.ndarray:
    """Return <h> = t - 1/(exp(1/t) - 1), in a bottle of height 1 at temperature t (mgH = 1)."""
    return t - 1 / np.expm1(1 / t)


def layer_lift(layers: int, t: float) -> float:
    """Return how much higher the mean is in a bottle of K layers.

    With a = 1/(K t), K times the mean height has coth(a/2)/2 = 1/a + a/12 - a³/720 + … in the place
    of 1/a.
    """
    return 1 / (12 * layers**2 * t) - 1 / (720 * layers**4 * t**3)


def measured_height(rows: Table) -> tuple[float, float]:
    """Return the mean height of counted molecules, with its standard error."""
    heights = (rows["layer"] + 0.5) / len(rows)
    total = rows["molecules"].sum()
    p = rows["molecules"] / total
    mean = float(p @ heights)
    variance = float(p @ (heights - mean) ** 2)
    return mean, float(np.sqrt(variance / total))
