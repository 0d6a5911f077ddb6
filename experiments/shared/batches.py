"""Batches of n independent letters whose surprises are whole numbers of a quantum, exactly.

A letter of a batch that is kept for its total of U quanta follows P(x) = p(x) Σ_{n-1}(U - q(x))/
Σ_n(U), where Σ_n is the distribution of the total of n letters: an integer convolution.

References
----------
.. [1] P. Diaconis and D. Freedman, J. Theor. Probab. 1, 381 (1988).
"""

import numpy as np


def quantised(p: np.ndarray, quantum: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the quanta (K,) of -log p, rounded, and the probabilities (K,) that they stand for.

    Those are exp(-quantum × quanta), normalised: -log of them is that many quanta and a constant.
    """
    quanta = np.rint(-np.log(p) / quantum).astype(np.int64)
    weights = np.exp(-quantum * quanta)
    return quanta, weights / weights.sum()


def totals(p: np.ndarray, values: np.ndarray, letters: int, most: int) -> np.ndarray:
    """Return the distribution (n + 1, most + 1) of the total of 0 to n letters, up to `most`.

    `values` (K,) are the whole numbers, from 0 on, that the letters add. Every term is positive.
    """
    single = np.bincount(values, weights=p)
    table = np.zeros((letters + 1, most + 1))
    table[0, 0] = 1.0
    for n in range(letters):
        table[n + 1] = np.convolve(table[n], single)[: most + 1]
    return table


def kept_law(p: np.ndarray, values: np.ndarray, others: np.ndarray, total: int) -> np.ndarray:
    """Return the law (K,) of a letter of the batches of n that are kept for their total.

    `others` is the distribution of the total of n - 1 letters.
    """
    rest = total - values
    possible = (rest >= 0) & (rest < others.size)
    weights = np.where(possible, p * others[np.where(possible, rest, 0)], 0.0)
    return weights / weights.sum()


def first_correction(law: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return n (kept_law/law - 1), (K,), for n → ∞, where `law` is the limit.

    With d the distance from the mean, σ² the variance and κ the third cumulant of the values, it is
    1/2 - d²/2σ² + κd/2σ⁴: the local central limit theorem for n and n - 1 letters, with its first
    correction, divided by one another [1]_.
    """
    d = values - law @ values
    variance = law @ d**2
    return 0.5 - d**2 / (2 * variance) + (law @ d**3) * d / (2 * variance**2)
