"""Laws by which tokens may have been drawn: a temperature, truncations, and their order."""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from boltzmann._core.checks import SMALLEST, as_count, as_number, as_temperature
from boltzmann.thermometer.orders import ORDERS, Cutoff, Order, as_order


@dataclass(frozen=True)
class SamplingLaw:
    """softmax(logits / t) among the tokens that truncations keep.

    Attributes
    ----------
    temperature : float
        t, in the unit of the logits; at 0 the likeliest token.
    top_k : int, optional
        The k likeliest tokens are kept.
    top_p : float, optional
        The fewest likeliest that have this probability together, of those left by what comes
        before.
    min_p : float, optional
        Those at least this many times as probable as the likeliest.
    order : Order
        Which of these comes first; or the name of an engine, or names of steps, see `as_order`. By
        default the temperature, then top_k, top_p and min_p.

    Raises
    ------
    ValueError
        If there is no such order.

    See Also
    --------
    Order : The order of temperature and truncations.
    diagnose : Hold a reading against a claim.

    Examples
    --------
    >>> SamplingLaw(0.7, top_p=0.9, min_p=0.05, order="vllm").truncations
    ('min_p', 'top_p')
    """

    temperature: float
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    order: Order = field(default_factory=Order)

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", as_order(self.order))

    @property
    def beta(self) -> float:
        """1/t."""
        return np.inf if self.temperature == 0 else 1 / self.temperature

    @property
    def truncations(self) -> tuple[Cutoff, ...]:
        """The names of the truncations, in their order."""
        values = {"top_k": self.top_k, "top_p": self.top_p, "min_p": self.min_p}
        return tuple(
            step for step in self.order.steps if step != "temperature" and values[step] is not None
        )

    def beta_of(self, cutoff: Cutoff) -> float:
        """Return the β at which `cutoff` takes its probabilities.

        Parameters
        ----------
        cutoff : {"top_k", "top_p", "min_p"}
            A truncation.

        Returns
        -------
        float
            1/t where the temperature comes before it, else 1.
        """
        return self.beta if self.order.tempered(cutoff) else 1.0

    @property
    def truncated(self) -> bool:
        """Whether anything is cut off."""
        return bool(self.truncations)

    @property
    def by_probability(self) -> bool:
        """Whether it matters to a truncation at which temperature probabilities are taken."""
        return self.top_p is not None or self.min_p is not None

    @property
    def moves_with_temperature(self) -> bool:
        """Whether it depends on the temperature which tokens are kept."""
        return any(self.order.tempered(cutoff) for cutoff in self._by_probability)

    @property
    def temperature_first(self) -> bool:
        """Whether all probabilities that truncations depend on are taken at t."""
        return all(self.order.tempered(cutoff) for cutoff in self._by_probability)

    @property
    def _by_probability(self) -> tuple[Cutoff, ...]:
        return tuple(cutoff for cutoff in self.truncations if cutoff != "top_k")

    @property
    def meaning(self) -> Hashable:
        """What two laws have in common, but for ties, if they keep the same tokens of all rows."""
        tempered = [
            self.temperature != 1 and self.order.tempered(cutoff) for cutoff in self._by_probability
        ]
        before = set(self.order.before("top_p")) if self.top_p is not None else set()
        settings = (self.temperature, self.top_k, self.top_p, self.min_p)
        return (*settings, *tempered, frozenset(before & set(self.truncations)))

    def __str__(self) -> str:
        parts = [f"t = {self.temperature:.4g}"]
        parts += [] if self.top_k is None else [f"top_k = {self.top_k}"]
        parts += [] if self.top_p is None else [f"top_p = {self.top_p:.3g}"]
        parts += [] if self.min_p is None else [f"min_p = {self.min_p:.2g}"]
        return ", ".join(parts + self._order_in_words())

    def _order_in_words(self) -> list[str]:
        """Return what has to be said of the order, beside that top_k, top_p, min_p is usual."""
        if not self.by_probability:
            return []
        if self.temperature_first:
            words = ["temperature first"]
        elif not self.moves_with_temperature:
            words = ["temperature last"]
        else:
            words = ["temperature before " + " and ".join(self._tempered)]
        if self.top_p is not None:
            before = self.order.before("top_p")
            words += ["min_p before top_p"] if self.min_p is not None and "min_p" in before else []
            words += ["top_p of all"] if self.top_k is not None and "top_k" not in before else []
        return words

    @property
    def _tempered(self) -> tuple[Cutoff, ...]:
        return tuple(cutoff for cutoff in self._by_probability if self.order.tempered(cutoff))


def laws_in_other_orders(law: SamplingLaw) -> list[SamplingLaw]:
    """Return the law in each order that keeps other tokens than its own, once.

    Orders are those of engines, and its own with the temperature first or last. What is kept of
    equal tokens makes no difference here.

    Examples
    --------
    >>> [str(other.order) for other in laws_in_other_orders(SamplingLaw(0.7, top_p=0.9))]
    ['top_k, top_p, min_p, temperature']
    >>> laws_in_other_orders(SamplingLaw(0.7, top_k=40))
    []
    """
    orders = [law.order.with_temperature("first"), law.order.with_temperature("last")]
    found = {law.meaning: law}
    for order in [*orders, *ORDERS.values()]:
        other = replace(law, order=order)
        found.setdefault(other.meaning, other)
    return list(found.values())[1:]


def laws_of_engines(law: SamplingLaw) -> dict[str, SamplingLaw]:
    """Return the law in the order of each engine, by its name.

    Examples
    --------
    >>> str(laws_of_engines(SamplingLaw(0.7, top_p=0.9))["llama.cpp"])
    't = 0.7, top_p = 0.9, temperature last'
    """
    return {name: replace(law, order=order) for name, order in ORDERS.items()}


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
