"""Chains of decoding steps: their order is part of the law; presets of known inference engines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import FloatArray
from boltzmann.language.decoding.steps import (
    Epsilon,
    Ids,
    MinP,
    RepetitionPenalty,
    Step,
    Temperature,
    TopK,
    TopP,
    Typical,
    as_logits,
    relative_to_largest,
    relative_weights,
)

_LARGE = 1e290  # logits up to here have differences that are far from the largest float


def _applied(steps: Sequence[Step], logits: FloatArray, context: Ids) -> FloatArray:
    """Return the logits after each of the steps in turn, (V,)."""
    return reduce(lambda values, step: step._apply(values, context), steps, logits)


@dataclass(frozen=True)
class Chain(Step):
    """Steps, one after the other: each gets the logits that the one before it leaves.

    Order is part of the answer: a truncation sees the tempered probabilities if the temperature
    comes before it, and the model's own if it comes after.

    Parameters
    ----------
    steps : iterable of Step
        `Temperature`, `TopK`, `TopP`, `MinP`, `Typical`, `Epsilon`, `RepetitionPenalty`, or a
        `Chain`, whose steps are taken over; a chain without a temperature draws at t = 1.

    Raises
    ------
    ValueError
        If an entry is no step.

    See Also
    --------
    Temperature : The step that divides by t.
    TopK : The k most probable tokens.
    TopP : The fewest tokens of a total probability.
    MinP : Tokens near enough to the most probable.
    Typical : Tokens of ordinary surprise.
    Epsilon : Tokens above a probability.
    RepetitionPenalty : Tokens that came before, made rarer.

    Examples
    --------
    >>> Chain([Temperature(0.5), TopP(0.8)])([3, 2, 1])
    array([ 6., -inf, -inf])
    >>> Chain([TopP(0.8), Temperature(0.5)])([3, 2, 1])
    array([ 6., 4., -inf])
    """

    steps: tuple[Step, ...]

    def __init__(self, steps: Iterable[Step] = ()):
        flat: list[Step] = []  # without chains in the chain
        try:
            for index, step in enumerate(steps):
                if not isinstance(step, Step):
                    raise ValueError(
                        f"steps[{index}] is {step!r}: it must be a step such as Temperature or TopP"
                    )
                flat.extend(step.steps if isinstance(step, Chain) else [step])
        except TypeError:
            raise ValueError(f"steps must be a sequence of steps, got {steps!r}") from None
        object.__setattr__(self, "steps", tuple(flat))

    def _apply(self, logits: FloatArray, context: Ids) -> FloatArray:
        return _applied(self.steps, logits, context)

    @staticmethod
    def preset(engine: str, **settings: float | None) -> "Chain":
        """Return the chain of an inference engine, in its order and with its defaults.

        ============== ==========================================================================
        engine         order, and defaults where one is on
        ============== ==========================================================================
        transformers   repetition_penalty, temperature 1, top_k 50, top_p, min_p, typical_p,
                       epsilon [1]_
        vllm           repetition_penalty, temperature 1, min_p, top_k, top_p [2]_
        llama.cpp      repetition_penalty of the last 64 tokens, top_k 40, typical_p, top_p .95,
                       min_p .05, temperature .8 [3]_
        ollama         top_k 40, temperature .8, top_p .9, min_p [4]_
        ============== ==========================================================================

        Parameters
        ----------
        engine : str
            "transformers", "vllm", "llama.cpp" or "ollama".
        **settings
            Values in place of the defaults, by the names above; None leaves a step out.

        Returns
        -------
        Chain
            The steps that are on, in the engine's order.

        Raises
        ------
        ValueError
            If the engine is not known or has no such setting, or a setting is out of its range.

        Notes
        -----
        These are the engines' own defaults, as read in 2026; a model's generation_config.json or
        Modelfile may set others. Not reproduced are:

        - steps that this package does not have: eta and top-h sampling, XTC, DRY, top-n-sigma,
          mirostat, presence and frequency penalties, grammars, biases;
        - single precision and an engine's own random numbers;
        - edge cases, which are this package's: equal logits are ranked by id, where transformers
          and vLLM keep all tokens as probable as the k-th; and a small temperature is left alone,
          which vLLM raises to 0.01 and Ollama to 1e-7.

        transformers draws at all only with `do_sample=True`. The chain of Ollama is that of its own
        runner, which ignores a repetition penalty; models that it hands to llama.cpp get the order
        of llama.cpp, with a penalty of 1.1.

        References
        ----------
        .. [1] transformers 5.23, generation/utils.py, `_get_logits_processor`;
           generation/configuration_utils.py.
        .. [2] vLLM, vllm/v1/sample/sampler.py; vllm/sampling_params.py.
        .. [3] llama.cpp, common/common.h, `common_params_sampling`; src/llama-sampling.cpp (or
           -sampler).
        .. [4] Ollama, sample/samplers.go; api/types.go, `DefaultOptions`.

        Examples
        --------
        >>> Chain.preset("ollama", temperature=0.5).steps
        (TopK(top_k=40), Temperature(temperature=0.5), TopP(top_p=0.9))
        """
        if engine not in list(_PRESETS):  # a list, since `engine` may not be hashable
            raise ValueError(f"engine is {engine!r}: it must be one of {', '.join(_PRESETS)}")
        order = _PRESETS[engine]
        for name in settings:
            if name not in order:
                raise ValueError(f"{name} is no setting of {engine}, which has {', '.join(order)}")

        values = {name: default for name, (_, default) in order.items()} | settings
        return Chain(
            make(values[name]) for name, (make, _) in order.items() if values[name] is not None
        )


_MakeStep = Callable[[Any], Step]
# For each engine, in its order: the name of a setting, its step, and the default (None: left out).
_PRESETS: Mapping[str, Mapping[str, tuple[_MakeStep, float | None]]] = MappingProxyType(
    {
        "transformers": {
            "repetition_penalty": (RepetitionPenalty, None),
            "temperature": (Temperature, 1.0),
            "top_k": (TopK, 50),
            "top_p": (TopP, None),
            "min_p": (MinP, None),
            "typical_p": (Typical, None),
            "epsilon": (Epsilon, None),
        },
        "vllm": {
            "repetition_penalty": (RepetitionPenalty, None),
            "temperature": (Temperature, 1.0),
            "min_p": (MinP, None),
            "top_k": (TopK, None),
            "top_p": (TopP, None),
        },
        "llama.cpp": {
            "repetition_penalty": (partial(RepetitionPenalty, window=64), None),
            "top_k": (TopK, 40),
            "typical_p": (Typical, None),
            "top_p": (TopP, 0.95),
            "min_p": (MinP, 0.05),
            "temperature": (Temperature, 0.8),
        },
        "ollama": {
            "top_k": (TopK, 40),
            "temperature": (Temperature, 0.8),
            "top_p": (TopP, 0.9),
            "min_p": (MinP, None),
        },
    }
)


def as_step(chain: Chain | None, temperature: Any, top_k: Any, top_p: Any, min_p: Any) -> Step:
    """Return the one step that the arguments of `draw` stand for: a `Temperature`, or a `Chain`.

    Truncations that keep every token are left out, so that a temperature alone is recognised as
    one, whether it comes as a number or in a chain.

    Raises
    ------
    ValueError
        If an argument is out of its range, or a chain is given beside what it replaces.
    """
    if chain is None:
        truncations = ((TopK, top_k), (TopP, top_p), (MinP, min_p))
        given = [make(value) for make, value in truncations if value is not None]
        truncating = [step for step in given if step not in (TopP(1), MinP(0))]
        temper = Temperature(temperature)
        return Chain([temper, *truncating]) if truncating else temper

    if not isinstance(chain, Chain):
        raise ValueError(f"chain must be a Chain, got {chain!r}")
    for name, value, unset in (
        ("temperature", temperature, 1),
        ("top_k", top_k, None),
        ("top_p", top_p, None),
        ("min_p", min_p, None),
    ):
        if value != unset:
            raise ValueError(f"{name} is {value!r} beside a chain: the chain is to say it")
    return chain.steps[0] if len(chain.steps) == 1 else chain


def depends_on_context(step: Step) -> bool:
    """Tell whether `step` leaves other logits in another context."""
    steps = step.steps if isinstance(step, Chain) else (step,)
    return any(isinstance(one, RepetitionPenalty) for one in steps)


def weights_after(step: Step, logits: FloatArray, context: Ids) -> FloatArray:
    """Return each token's probability after `step` relative to the most probable one's, (V,).

    Behind the last repetition penalty, the only step that depends on where zero is, logits are
    measured from the largest, so that large ones lose no digit to the temperature. Of logits
    beyond 1e290 the difference itself could overflow.
    """
    steps = step.steps if isinstance(step, Chain) else (step,)
    penalties = [index for index, one in enumerate(steps) if isinstance(one, RepetitionPenalty)]
    first = penalties[-1] + 1 if penalties else 0

    values = _applied(steps[:first], logits, context)  # (V,)
    if abs(values.max()) < _LARGE:
        values = relative_to_largest(values)
    return relative_weights(_applied(steps[first:], values, context))


def checked_weights(step: Step, logits: ArrayLike, context: Ids) -> FloatArray:
    """Return `weights_after(step, as_logits(logits), context)`, (V,), for most arrays in one pass.

    Where the largest logit is finite none is nan and not all are -inf, so that there is nothing
    else to check and, for a temperature alone, no limit to look at.
    """
    if (
        isinstance(step, Temperature)
        and 0 < step.temperature < np.inf
        and type(logits) is np.ndarray
        and logits.ndim == 1
        and logits.size
        and logits.dtype.kind == "f"
    ):
        with np.errstate(all="ignore"):
            values = logits.astype(np.float64)  # (V,)
            largest = np.maximum.reduce(values)  # nan if one is
            if abs(largest) < _LARGE:
                values -= largest
                values /= step.temperature
                return np.exp(values, out=values)
    return weights_after(step, as_logits(logits), context)
