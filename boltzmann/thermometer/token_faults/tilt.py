r"""Laws with one exponent for some tokens: those that came before in the answer, or one of them.

.. math:: q(x) \propto p(x)^{\beta} \, e^{\theta f(x)}

is an exponential family in (θ, β): its log-likelihood has one peak, found by Newton's method.
"""

from dataclasses import replace

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.faults import Fault, FaultHypothesis
from boltzmann.thermometer.fitting import as_t
from boltzmann.thermometer.hypothesis import Factors, Hypothesis

_STEPS = 50
_CLOSE = 1e-5
_NEVER = -12.0  # θ, below which a token may as well be forbidden
_FORBIDDEN = -30.0
_LARGEST = 30.0


def penalised(claimed: Hypothesis) -> list[FaultHypothesis]:
    """Tokens that came before in the answer are less likely, as by a presence penalty, or more."""
    values = claimed.evidence.drawn_before.astype(np.float64)  # (n, M)
    faults = []
    for hypothesis, theta in _tilted(claimed, values):
        note = (
            f"tokens drawn before in the answer are e^{theta:.2f} times as probable: "
            f"a presence penalty of {-theta * hypothesis.law.temperature:.2g}, about"
        )
        faults.append(_fault("penalised", hypothesis, note))
    return faults


def biased(claimed: Hypothesis, token: int, choices: int) -> list[FaultHypothesis]:
    """One token, chosen out of several, has another logit."""
    record = claimed.evidence.record
    values = (record.tokens == token).astype(np.float64)[claimed.evidence.rows]  # (n, M)
    name = record.name(token)
    faults = []
    for hypothesis, theta in _tilted(claimed, values):
        note = f"token {name} is e^{theta:.2f} times as probable: "
        note += f"a bias of {theta * hypothesis.law.temperature:+.2g} on its logit"
        if theta == _FORBIDDEN:
            note = f"token {name} never comes"
        faults.append(_fault("biased", hypothesis, note, choices))
    return faults


def _fault(fault: Fault, hypothesis: Hypothesis, note: str, choices: int = 1) -> FaultHypothesis:
    fitted = 1 + hypothesis.free_temperature
    return FaultHypothesis(fault, hypothesis, fitted, note, choices)


def _tilted(claimed: Hypothesis, values: FloatArray) -> list[tuple[Hypothesis, float]]:
    """Return the likeliest laws with θ, and θ: at the temperature claimed, and at any."""
    found = []
    for free in (False, True):
        fitted = _fit(claimed, values, free)
        if fitted is not None:
            found.append(fitted)
    return found


def _fit(claimed: Hypothesis, values: FloatArray, free: bool) -> tuple[Hypothesis, float] | None:
    """Return the likeliest law and its θ, with β where that is free; None if there is none."""
    theta = 0.0
    beta = claimed.beta
    hypothesis = _at(claimed, values, theta, beta, free)
    for _ in range(_STEPS):
        score, information = _derivatives(hypothesis, values)
        if information[0, 0] < 1e-9 or theta > _LARGEST:
            return None
        step = np.array([score[0] / information[0, 0], 0.0])
        if free:
            step = np.linalg.solve(information + 1e-9 * np.eye(2), score)
        step = np.clip(step, [-1.0, -beta / 3], [1.0, beta / 3])
        theta += float(step[0])
        beta += float(step[1])
        if theta < _NEVER:
            theta = _FORBIDDEN
            return _at(claimed, values, theta, beta, free), theta
        hypothesis = _at(claimed, values, theta, beta, free)
        if np.abs(step).max() < _CLOSE:
            break
    return hypothesis, theta


def _at(
    claimed: Hypothesis, values: FloatArray, theta: float, beta: float, free: bool
) -> Hypothesis:
    """Return the law with these numbers."""
    factors = Factors(np.exp(theta * values), np.ones(len(values)))
    law = replace(claimed.law, temperature=as_t(beta))
    return replace(claimed, law=law, factors=factors, free_temperature=free)


def _derivatives(hypothesis: Hypothesis, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the slope of the log-likelihood in (θ, β), (2,), and minus its curvature, (2, 2)."""
    q = hypothesis.probabilities  # (n, M)
    position, inside = hypothesis.positions
    observed = np.where(inside, values[np.arange(position.size), position], 0.0)  # (n,)
    mean = (q * values).sum(axis=1)  # (n,)
    gaps = hypothesis.finite_gaps[hypothesis.evidence.rows]  # (n, M)
    shared = mean @ hypothesis.mean_energy - (q * values * gaps).sum()
    width = (q * values**2).sum() - mean @ mean
    score = np.array([(observed - mean).sum(), hypothesis.energy_scores.sum()])
    return score, np.array([[width, shared], [shared, hypothesis.information]])
