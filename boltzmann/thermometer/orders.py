"""Orders of temperature and truncations, which are part of a sampling law; those of engines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

Cutoff = Literal["top_k", "top_p", "min_p"]
OrderedStep = Literal["temperature", "top_k", "top_p", "min_p"]
_STEPS: tuple[OrderedStep, ...] = get_args(OrderedStep)


@dataclass(frozen=True)
class Order:
    """The order in which logits are divided by the temperature and truncated.

    Each step sees what those before it leave: top_p takes its share of the tokens left,
    renormalised, and top_p and min_p take probabilities at t only if the temperature comes before
    them. top_k and min_p keep the same tokens whatever was cut before.

    Attributes
    ----------
    steps : tuple of str
        "temperature", "top_k", "top_p" and "min_p", the first step first.
    keeps_ties : tuple of str
        Of "top_k" and "top_p" those that keep every token as probable as the last that they keep;
        else no more are kept than are needed.

    See Also
    --------
    SamplingLaw : A temperature with truncations.
    diagnose_in_any_order : A claim that does not say in which order its steps come.
    boltzmann.language.Chain : Steps in an order.

    Examples
    --------
    >>> ORDERS["vllm"].before("top_p")
    ('temperature', 'min_p', 'top_k')
    """

    steps: tuple[OrderedStep, ...] = _STEPS
    keeps_ties: tuple[Cutoff, ...] = ()

    def before(self, step: OrderedStep) -> tuple[OrderedStep, ...]:
        """Return the steps that come before `step`.

        Parameters
        ----------
        step : {"temperature", "top_k", "top_p", "min_p"}
            One of the steps.

        Returns
        -------
        tuple of str
            Those steps, the first one first; none for the first step.
        """
        return self.steps[: self.steps.index(step)]

    def tempered(self, step: OrderedStep) -> bool:
        """Tell whether the temperature comes before this step.

        Parameters
        ----------
        step : {"temperature", "top_k", "top_p", "min_p"}
            One of the steps.

        Returns
        -------
        bool
            True if the step takes its probabilities at t, and False if at 1.
        """
        return "temperature" in self.before(step)

    def with_temperature(self, place: Literal["first", "last"]) -> "Order":
        """Return the order with the temperature in that `place` among the steps.

        Parameters
        ----------
        place : {"first", "last"}
            Where the temperature comes.

        Returns
        -------
        Order
            The other steps stand as in this order.
        """
        others = tuple(step for step in self.steps if step != "temperature")
        moved: tuple[OrderedStep, ...] = ("temperature",)
        return replace(self, steps=moved + others if place == "first" else others + moved)

    def __str__(self) -> str:
        return ", ".join(self.steps)


ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        "transformers": Order(("temperature", "top_k", "top_p", "min_p"), ("top_k",)),
        "vllm": Order(("temperature", "min_p", "top_k", "top_p"), ("top_k",)),
        "llama.cpp": Order(("top_k", "top_p", "min_p", "temperature")),
        "ollama": Order(("top_k", "temperature", "top_p", "min_p")),
        "mistral.rs": Order(("temperature", "top_k", "top_p", "min_p")),
        "keras-hub": Order(("temperature", "top_p", "top_k", "min_p")),
        "mlx-lm": Order(("top_p", "min_p", "top_k", "temperature"), ("top_p",)),
    }
)
"""Orders of inference engines, by the names of `boltzmann.language.Chain.preset` and others; as
measured in docs/engines.md. keras-hub has no min_p."""


def as_order(order: Any) -> Order:
    """Return an order, given as one, by the name of an engine, or as the names of its steps.

    Truncations that are not named come last.

    Raises
    ------
    ValueError
        If the name is of no engine, or names of steps are unknown, repeated, or lack the
        temperature.

    Examples
    --------
    >>> as_order(["min_p", "temperature"]).steps
    ('min_p', 'temperature', 'top_k', 'top_p')
    """
    if isinstance(order, Order):
        return order
    if isinstance(order, str):
        if order not in ORDERS:
            raise ValueError(f"order is {order!r}: it must be one of {', '.join(ORDERS)}")
        return ORDERS[order]

    named = tuple(order) if isinstance(order, Iterable) else (order,)
    unknown = [step for step in named if step not in _STEPS]
    if unknown:
        raise ValueError(f"order has {unknown[0]!r}: its steps are {', '.join(_STEPS)}")
    if len(set(named)) < len(named) or "temperature" not in named:
        raise ValueError(f"order is {named}: it must name the temperature, and no step twice")
    return Order(named + tuple(step for step in _STEPS if step not in named))


_SAMPLERS: Mapping[str, OrderedStep] = MappingProxyType(
    {
        "temperature": "temperature",
        "temp": "temperature",
        "top_k": "top_k",
        "top_p": "top_p",
        "min_p": "min_p",
    }
)


def order_of_samplers(samplers: Iterable[str]) -> Order:
    """Return the order that llama-server says in its `generation_settings.samplers`.

    Samplers that are no step of a law are passed over, as are repetitions.

    Raises
    ------
    ValueError
        If there is no temperature among them: none is then applied.

    Examples
    --------
    >>> print(order_of_samplers(["penalties", "top_n_sigma", "top_k", "top_p", "temperature"]))
    top_k, top_p, temperature, min_p
    """
    return as_order(list(dict.fromkeys(_SAMPLERS[name] for name in samplers if name in _SAMPLERS)))
