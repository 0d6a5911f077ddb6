"""Exclusion of top choices (XTC): of several likely tokens, all but the last are left out.

With probability q no token of p ≥ 0.1, at t = 1, is kept but the least likely of these.

References
----------
.. [1] P. E. Weidmann, pull request 6335 of text-generation-webui (2024).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.faults import FaultHypothesis
from boltzmann.thermometer.hypothesis import Factors, Hypothesis
from boltzmann.thermometer.signs.tokens import OFTEN, probabilities_at_1
from boltzmann.thermometer.token_faults.search import likeliest_temperature


def likeliest_excluded(claimed: Hypothesis) -> list[FaultHypothesis]:
    """Return the law with the likeliest q: at the temperature claimed, and at any."""
    excluded = _excluded(claimed)[claimed.evidence.rows]  # (n, M)
    if not excluded.any():
        return []

    def cost(temperature: float) -> float:
        return _fit(claimed, excluded, temperature)[1]

    t = claimed.law.temperature
    fitted = likeliest_temperature(cost, t)
    return [_fault(claimed, excluded, t, False), _fault(claimed, excluded, fitted, True)]


def _excluded(hypothesis: Hypothesis) -> NDArray[np.bool_]:
    """Return which of the likeliest tokens of each row may be left out, shape (R, M)."""
    p = probabilities_at_1(hypothesis.evidence)
    likely = (p >= OFTEN).sum(axis=1)  # (R,)
    ranks = np.arange(p.shape[1])
    return np.asarray((likely >= 2)[:, None] & (ranks < likely[:, None] - 1))


def _fit(
    claimed: Hypothesis, excluded: NDArray[np.bool_], temperature: float
) -> tuple[float, float, FloatArray]:
    """Return the likeliest q, its cost, and the probability of what is excluded, (n,)."""
    law = replace(claimed.law, temperature=temperature)
    plain = replace(claimed, law=law)
    position, inside = plain.positions
    left_out = inside & excluded[np.arange(position.size), position]  # (n,)
    rows = plain.evidence.rows
    mass = np.minimum((plain.likeliest[rows] * excluded).sum(axis=1), 1 - 1e-12)  # (n,)
    others = mass[excluded.any(axis=1) & ~left_out]

    def cost(q: float) -> float:
        with np.errstate(divide="ignore"):
            drawn = left_out.sum() * np.log1p(-q) if left_out.any() else 0.0
        return float(-drawn - np.log1p(-q + q / (1 - others)).sum())

    found = minimize_scalar(cost, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-4})
    q = 1.0 if not left_out.any() else float(found.x)
    return q, cost(q) - plain.log_likelihood, mass


def _fault(
    claimed: Hypothesis, excluded: NDArray[np.bool_], temperature: float, free: bool
) -> FaultHypothesis:
    """Return the fault at a temperature."""
    q, _, mass = _fit(claimed, excluded, temperature)
    several = excluded.any(axis=1)  # (n,)
    inner = np.where(several, 1 - q, 1.0)
    outer = np.where(several, 1 - q + q / (1 - mass), 1.0)
    factors = Factors(np.where(excluded, inner[:, None], outer[:, None]), outer)
    hypothesis = replace(
        claimed,
        law=replace(claimed.law, temperature=temperature),
        factors=factors,
        free_temperature=free,
    )
    note = f"where two have p ≥ {OFTEN}, the likeliest are left out with probability {q:.2g}"
    return FaultHypothesis("likeliest_excluded", hypothesis, 1 + free, note)
