"""Steps in an order, which is part of the answer; and the orders of well-known inference engines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from types import MappingProxyType
from typing import Any

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
    from_the_top,
    relative_weights,
)


def _through(steps: Sequence[Step], logits: FloatArray, context: Ids) -> FloatArray:
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

    Examples
    --------
    >>> Chain([Temperature(0.5), TopP(0.8)])([3, 2, 1])
    array([ 6., -inf, -inf])
    >>> Chain([TopP(0.8), Temperature(0.5)])([3, 2, 1])
    array([ 6., 4., -inf])
    """

    steps: tuple[Step, ...]

    def __init__(self, steps: Iterable[Step] = ()):
        flat: list[Step] = []
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
        return _through(self.steps, logits, context)

    @staticmethod
    def preset(engine: str, **settings: float | None) -> "Chain":
        """Return the chain of an inference engine, in its order and with its defaults.

        ==============
        ===================================================================================== engine
        order, and defaults where one is on ==============
        =====================================================================================
        transformers   repetition_penalty, temperature 1, top_k 50, top_p, min_p, typical_p, epsilon
        [1]_ vllm           repetition_penalty, temperature 1, min_p, top_k, top_p [2]_ llama.cpp
        repetition_penalty of the last 64 tokens, top_k 40, typical_p, top_p .95, min_p .05,
                       temperature .8 [3]_
        ollama         top_k 40, temperature .8, top_p .9, min_p [4]_ ==============
        =====================================================================================

        Parameters
        ----------
        engine : str
            "transformers", "vllm", "llama.cpp" or "ollama".
        **settings
            What to set otherwise, by the names above, which are the names of this package; None
            leaves a step out.

        Raises
        ------
        ValueError
            If the engine is not known or has no such setting, or a setting is out of its range.

        Notes
        -----
        These are the engines' own defaults, as read in 2026; a model's generation_config.json or Modelfile may set
        others. Not reproduced are what stands in no chain here (eta and top-h sampling, XTC, DRY, top-n-sigma,
        mirostat, presence and frequency penalties, grammars, biases), single precision, an engine's own random
        numbers, and what they do at edges, which are this package's: equal logits are ranked by id (transformers
        and vLLM keep all tokens as probable as the k-th), and a small temperature is left alone, which vLLM raises
        to 0.01 and Ollama to 1e-7. transformers draws at all only with `do_sample=True`. The chain of Ollama is
        that of its own runner, which ignores a repetition penalty; models that it hands to llama.cpp get that
        one's order, with a penalty of 1.1.

        References
        ----------
        .. [1] transformers 5.23, generation/utils.py, `_get_logits_processor`; generation/configuration_utils.py.
        .. [2] vLLM, vllm/v1/sample/sampler.py; vllm/sampling_params.py.
        .. [3] llama.cpp, common/common.h, `common_params_sampling`; src/llama-sampling.cpp (or -sampler).
        .. [4] Ollama, sample/samplers.go; api/types.go, `DefaultOptions`.

        Examples
        --------
        >>> Chain.preset("ollama", temperature=0.5).steps
        (TopK(top_k=40), Temperature(temperature=0.5), TopP(top_p=0.9))
        """
        if engine not in list(_PRESETS):  # which asks for no hash
            raise ValueError(f"engine is {engine!r}: it must be one of {', '.join(_PRESETS)}")
        order = _PRESETS[engine]
        for name in settings:
            if name not in order:
                raise ValueError(f"{name} is no setting of {engine}, which has {', '.join(order)}")
        values = {name: default for name, (_, default) in order.items()} | settings
        return Chain(
            make(values[name]) for name, (make, _) in order.items() if values[name] is not None
        )


_Maker = Callable[[Any], Step]
_PRESETS: Mapping[str, Mapping[str, tuple[_Maker, float | None]]] = MappingProxyType(
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


def weights_after(chain: Chain, logits: FloatArray, context: Ids) -> FloatArray:
    """Return each token's probability after `chain` relative to the most probable one's, shape (V,).

    Once no penalty is to come, which would ask where zero is, logits are measured from the largest,
    so that large ones lose no digit to the temperature. Beyond 1e290 that could itself overflow.
    """
    penalties = [
        index for index, step in enumerate(chain.steps) if isinstance(step, RepetitionPenalty)
    ]
    first = penalties[-1] + 1 if penalties else 0
    values = _through(chain.steps[:first], logits, context)
    if abs(values.max()) < 1e290:
        values = from_the_top(values)
    return relative_weights(_through(chain.steps[first:], values, context))
