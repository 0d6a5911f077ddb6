r"""The score test of a feature: something that draws have too often, or too seldom.

Let f_i(x) be a function of the token x that may come at draw i, fixed by the row and by all that
came before. Under a law, draw by draw,

.. math:: S = \sum_i \bigl(f_i(x_i) - \langle f_i \rangle\bigr), \qquad
          V = \sum_i \operatorname{Var}(f_i)

are a martingale and its variance, whatever rows depend on. S is the slope of the log-likelihood
along the laws q ∝ p exp(θ f) at θ = 0. Where the law's temperature was fitted to the same draws,

.. math:: V \to V - \Bigl(\sum_i \operatorname{Cov}(f_i, E)\Bigr)^2 \Big/
          \sum_i \operatorname{Var}(E)
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.hypothesis import Hypothesis

_ENOUGH = 25.0  # V, in squares of the largest f, from which S is taken for normal


@dataclass(frozen=True)
class Sign:
    """What a test saw.

    Attributes
    ----------
    name : str
        The test.
    p_value : float
        Of the law that was tested.
    z : float
        How many standard errors too many, or too few; nan where that has no direction.
    words : str
        What was seen, in words.

    See Also
    --------
    Diagnosis : What `diagnose` returns.
    """

    name: str
    p_value: float
    z: float = np.nan
    words: str = ""


@dataclass(frozen=True)
class Score:
    """S, V, and the two-sided p-value."""

    total: float
    variance: float
    p_value: float

    @property
    def z(self) -> float:
        """S in standard errors."""
        return float(self.total / np.sqrt(self.variance)) if self.variance > 0 else 0.0


def score_of_rows(hypothesis: Hypothesis, values: FloatArray) -> Score:
    """Return the score of a feature of rows.

    `values`, (R, M), are those of the M likeliest tokens; others have 0.
    """
    rows = hypothesis.evidence.rows
    position, inside = hypothesis.positions
    observed = np.where(inside, values[rows, position], 0.0)  # (n,)
    of_cells = values[hypothesis.cell_rows]  # (c, M)
    return _score(
        hypothesis,
        observed,
        of_cells,
        hypothesis.probabilities,
        hypothesis.cell_draws,
        hypothesis.cell_rows,
        hypothesis.mean_energy,
    )


def score_of_draws(hypothesis: Hypothesis, values: FloatArray) -> Score:
    """Return the score of a feature of draws.

    `values`, (n, M), are those of the M likeliest tokens of their rows; others have 0.
    """
    position, inside = hypothesis.positions
    observed = np.where(inside, values[np.arange(position.size), position], 0.0)  # (n,)
    cells = hypothesis.cells
    return _score(
        hypothesis,
        observed,
        values,
        hypothesis.probabilities[cells],
        np.ones(cells.size),
        hypothesis.evidence.rows,
        hypothesis.mean_energy[cells],
    )


def _score(
    hypothesis: Hypothesis,
    observed: FloatArray,
    values: FloatArray,
    probabilities: FloatArray,
    draws: FloatArray,
    rows: np.ndarray,
    mean_energy: FloatArray,
) -> Score:
    """Return the score; of c cells `values` and `probabilities` are (c, M), the others (c,)."""
    mean = (probabilities * values).sum(axis=1)  # (c,)
    square = (probabilities * values**2).sum(axis=1)  # (c,)
    total = float(observed.sum() - draws @ mean)
    variance = float(draws @ (square - mean**2))
    if hypothesis.free_temperature and hypothesis.information > 0:
        gaps = hypothesis.finite_gaps[rows]  # (c, M)
        covariance = (probabilities * values * gaps).sum(axis=1) - mean * mean_energy  # (c,)
        variance -= float(draws @ covariance) ** 2 / hypothesis.information
    largest = float(np.abs(values).max(initial=0.0))
    return Score(total, variance, tail(total, variance, largest))


def tail(total: float, variance: float, largest: float) -> float:
    r"""Return the two-sided p-value of a sum S of variance V, of terms of at most c = `largest`.

    Where V is many c², S is normal; elsewhere Freedman's bound, Bernstein's for martingales,

    .. math:: 2 \exp\Bigl(-\frac{S^2}{2 (V + c |S| / 3)}\Bigr)

    References
    ----------
    .. [1] D. A. Freedman, Ann. Probab. 3, 100 (1975).
    """
    if largest == 0 or variance <= 1e-9:
        return 1.0
    if variance >= _ENOUGH * largest**2:
        return float(2 * ndtr(-abs(total) / np.sqrt(variance)))
    exponent = total**2 / (2 * (variance + largest * abs(total) / 3))
    return float(min(1.0, 2 * np.exp(-exponent)))
