"""Laws by which tokens may have been drawn: a temperature, walls, and which of the two came first."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence, Unlisted, plus
from boltzmann.thermometer.fitting import as_t, fit_beta
from boltzmann.thermometer.kernels import FINE, HEAD

_IMPOSSIBLE = 1e15  # what costs more than anything, and still can be reckoned with
_ROUNDING = 1e-6  # a nucleus in single precision may be larger by so much probability


@dataclass(frozen=True)
class SamplingLaw:
    """softmax(logits / t) among the tokens that a truncation leaves.

    Attributes
    ----------
    temperature : float
        t, in the unit of the logits; at 0 the likeliest token.
    top_k : int, optional
        The k likeliest tokens are left.
    top_p : float, optional
        Of these, the fewest likeliest that together have this probability.
    min_p : float, optional
        Those at least this many times as probable as the likeliest.
    temperature_first : bool
        Whether these probabilities are taken at t, or at 1 and the temperature comes last.
    """

    temperature: float
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    temperature_first: bool = True

    @property
    def beta(self) -> float:
        """1/t."""
        return np.inf if self.temperature == 0 else 1 / self.temperature

    @property
    def truncated(self) -> bool:
        """Whether there is a wall."""
        return not self.top_k is self.top_p is self.min_p is None

    def __str__(self) -> str:
        parts = [f"t = {self.temperature:.4g}"]
        parts += [] if self.top_k is None else [f"top_k = {self.top_k}"]
        parts += [] if self.top_p is None else [f"top_p = {self.top_p:.3g}"]
        parts += [] if self.min_p is None else [f"min_p = {self.min_p:.2g}"]
        if self.top_p is not None or self.min_p is not None:
            parts.append("temperature " + ("first" if self.temperature_first else "last"))
        return ", ".join(parts)


def kept_counts(
    evidence: Evidence, law: SamplingLaw, slack: float = 0.0, unlisted: FloatArray | None = None
) -> FloatArray:
    """Return how many of the likeliest tokens of each row a law leaves, shape (R,).

    With `slack`, those that it might leave if each log-probability is off by so many nats. What
    tokens that are not listed as_candidate is a guess unless given.
    """
    beta = law.beta if law.temperature_first else 1.0
    room = _listed(evidence, law)
    if law.top_p is not None and law.top_p < 1:
        unlisted = _unlisted(evidence, law).guess if unlisted is None else unlisted
        room = evidence.offers.nucleus(
            beta, room, min(law.top_p * np.exp(slack) + _ROUNDING, 1.0), unlisted
        )
    if law.min_p is not None and law.min_p > 0 and beta > 0:
        room = np.minimum(room, evidence.offers.count_below(-np.log(law.min_p) / beta + slack))
    return np.minimum(room, evidence.room)


def _listed(evidence: Evidence, law: SamplingLaw) -> FloatArray:
    """Return how many of the tokens that a row tells of top_k leaves, shape (R,)."""
    return evidence.listed if law.top_k is None else np.minimum(evidence.listed, law.top_k)


def _unlisted(evidence: Evidence, law: SamplingLaw) -> Unlisted:
    """Return what the tokens that are not listed as_candidate where the law takes its probabilities."""
    return evidence.unlisted(law.beta if law.temperature_first else 1.0, law.top_k or np.inf)


def determined(evidence: Evidence, law: SamplingLaw) -> Evidence:
    """Return the draws to which it does not matter what the tokens that are not listed as_candidate.

    Where it is certain how many of the tokens listed the law leaves, all are; elsewhere those among
    the likeliest that it certainly leaves, on that condition. Rows are picked by what they offer,
    whatever came out of them.
    """
    whole = evidence.offers.log_whole
    if law.top_p is None or law.temperature == 0 or whole is None or not evidence.partial:
        return evidence
    unlisted = _unlisted(evidence, law)
    least, most = (
        kept_counts(evidence, law, unlisted=weight) for weight in (unlisted.least, unlisted.most)
    )
    within = np.where(least == most, np.inf, least)
    kept = evidence.subset(
        ~np.isnan(whole)[evidence.rows] & (evidence.ranks < within[evidence.rows])
    )
    groups = None if kept.groups is None else np.unique(kept.groups, return_inverse=True)[1]
    return replace(
        kept, within=within, groups=None if groups is None or not groups.any() else groups
    )


def log_likelihood(evidence: Evidence, law: SamplingLaw, slack: float = 0.0) -> float:
    """Return the log-probability of all draws; -inf if the law forbids one by more than `slack` nats."""
    if evidence.forbidden:
        return -np.inf
    if law.beta == np.inf:
        if np.any(evidence.energies > slack):
            return -np.inf
        return -float(np.log(evidence.offers.count_below(slack)[evidence.rows]).sum())
    room = kept_counts(evidence, law)
    wide = kept_counts(evidence, law, slack)
    outside = evidence.ranks >= wide[evidence.rows]
    if outside.any():
        blur = np.where(wide < HEAD, 0.0, 2 / FINE)  # gathered tokens are known to their level
        walls = (evidence.offers.cutoff_energies(wide) + blur)[evidence.rows]
        if np.any(evidence.energies[outside] > walls[outside] + slack):
            return -np.inf
    log_z = evidence.offers.moments(law.beta, room).log_partition
    return float(-law.beta * evidence.energies.sum() - (evidence.weights * log_z).sum())


def tightest_top_k(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest top_k: the one just past the least likely token drawn."""
    return replace(law, top_k=int(evidence.ranks.max()) + 1)


def tightest_min_p(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest min_p."""
    highest = float(evidence.energies.max())
    gap = (
        (law.beta if law.temperature_first else 1.0) * highest if highest > 0 else 0.0
    )  # at t = 0 as well
    return replace(law, min_p=float(np.exp(-gap * (1 + 1e-9) - 1e-9)))


def tightest_top_p(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law with the likeliest top_p."""
    beta = law.beta if law.temperature_first else 1.0
    every = np.arange(evidence.offers.rows)
    log_z = evidence.offers.moments(beta, _listed(evidence, law)).log_partition
    log_z = plus(log_z, _unlisted(evidence, law).guess)
    before = evidence.offers.mass_before(beta, log_z, every, evidence.highest).max()
    return replace(law, top_p=float(min(before + 2 * _ROUNDING, 1.0)))


TIGHTEST = {"top_k": tightest_top_k, "top_p": tightest_top_p, "min_p": tightest_min_p}


def fit_temperature(evidence: Evidence, law: SamplingLaw) -> SamplingLaw:
    """Return the law at its likeliest temperature."""
    if law.temperature_first and not law.top_p is law.min_p is None:
        return _search(evidence, lambda temperature: replace(law, temperature=temperature))
    beta = fit_beta(
        evidence, kept_counts(evidence, law), law.beta if np.isfinite(law.beta) else 1.0
    )
    return replace(law, temperature=as_t(beta))


def fit_with_wall(evidence: Evidence, law: SamplingLaw, wall: str) -> SamplingLaw:
    """Return the law at its likeliest temperature and wall, both free."""
    if wall == "min_p" and law.top_p is None:
        law = replace(
            law, temperature_first=False
        )  # the same law, of which the wall stays where it is
    if law.temperature_first and (wall == "top_p" or not law.top_p is law.min_p is None):
        return _search(evidence, lambda at: TIGHTEST[wall](evidence, replace(law, temperature=at)))
    return fit_temperature(evidence, TIGHTEST[wall](evidence, law))


def _search(evidence: Evidence, law_at: Callable[[float], SamplingLaw]) -> SamplingLaw:
    """Return the likeliest of laws whose walls move with the temperature.

    Without a wall they look colder than they are, so that the search need not go far the other way.
    """
    beta = fit_beta(evidence, evidence.room)
    if not 0 < beta < np.inf:
        return law_at(as_t(beta))

    def cost(log_beta: float) -> float:
        return min(-log_likelihood(evidence, law_at(float(np.exp(-log_beta)))), _IMPOSSIBLE)

    grid = np.log(beta) + np.linspace(-1.6, 0.3, 20)
    best = grid[np.argmin([cost(point) for point in grid])]
    around = (best - 0.1, best + 0.1)
    found = minimize_scalar(cost, bounds=around, method="bounded", options={"xatol": 1e-3})
    return law_at(float(np.exp(-found.x)))
