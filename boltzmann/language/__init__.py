"""Language models, and sampling from them: logits divided by a temperature, and a draw."""

from typing import TYPE_CHECKING, Any

from boltzmann.language.corpus import load_corpus
from boltzmann.language.decoding.chain import Chain
from boltzmann.language.decoding.distinct import draw_distinct
from boltzmann.language.decoding.drawing import draw
from boltzmann.language.decoding.generate import LanguageModel, generate, stream
from boltzmann.language.decoding.speculative import Speculation, speculate
from boltzmann.language.decoding.steps import (
    Epsilon,
    MinP,
    RepetitionPenalty,
    Temperature,
    TopK,
    TopP,
    Typical,
)
from boltzmann.language.ngram.model import NGram

if TYPE_CHECKING:
    from boltzmann.language.gpt2.model import GPT2

__all__ = [
    "GPT2",
    "Chain",
    "Epsilon",
    "LanguageModel",
    "MinP",
    "NGram",
    "RepetitionPenalty",
    "Speculation",
    "Temperature",
    "TopK",
    "TopP",
    "Typical",
    "draw",
    "draw_distinct",
    "generate",
    "load_corpus",
    "speculate",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name == "GPT2":  # loaded when it is first used
        from boltzmann.language.gpt2.model import GPT2

        return GPT2
    raise AttributeError(f"module 'boltzmann.language' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
