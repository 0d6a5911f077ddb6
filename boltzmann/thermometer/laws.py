"""Laws by which tokens may have been drawn: a temperature, a truncation, and which comes first."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann._core.checks import SMALLEST, as_count, as_number, as_temperature


@dataclass(frozen=True)
class SamplingLaw:
    """softmax(logits / t) among the tokens that a truncation keeps.

    Attributes
    ----------
    temperature : float
        t, in the unit of the logits; at 0 the likeliest token.
    top_k : int, optional
        The k likeliest tokens are kept.
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
    def truncation_beta(self) -> float:
        """The β at which top_p and min_p take their probabilities."""
        return self.beta if self.temperature_first else 1.0

    @property
    def truncated(self) -> bool:
        """Whether anything is cut off."""
        return self.top_k is not None or self.by_probability

    @property
    def by_probability(self) -> bool:
        """Whether it matters to the truncation at which temperature probabilities are taken."""
        return self.top_p is not None or self.min_p is not None

    def __str__(self) -> str:
        parts = [f"t = {self.temperature:.4g}"]
        parts += [] if self.top_k is None else [f"top_k = {self.top_k}"]
        parts += [] if self.top_p is None else [f"top_p = {self.top_p:.3g}"]
        parts += [] if self.min_p is None else [f"min_p = {self.min_p:.2g}"]
        if self.by_probability:
            parts.append("temperature " + ("first" if self.temperature_first else "last"))
        return ", ".join(parts)


def as_claim(claimed: Any) -> SamplingLaw:
    """Return the claim as a law, checked; a number is its temperature."""
    if not isinstance(claimed, SamplingLaw):
        return SamplingLaw(as_temperature(claimed, "claimed", sampling=True))
    as_temperature(claimed.temperature, "claimed.temperature", sampling=True)
    if claimed.top_k is not None:
        as_count("claimed.top_k", claimed.top_k)
    if claimed.top_p is not None:
        as_number("claimed.top_p", claimed.top_p, "number above 0, up to 1", SMALLEST, 1.0)
    if claimed.min_p is not None:
        as_number("claimed.min_p", claimed.min_p, "number from 0 to 1", 0.0, 1.0)
    return claimed
