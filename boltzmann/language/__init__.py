"""The sampler's road: a model gives logits, decoding divides them by a temperature and draws."""

from typing import TYPE_CHECKING, Any

from boltzmann.language.chain import Chain
from boltzmann.language.corpus import load_corpus
from boltzmann.language.decoding import LanguageModel, draw, generate, stream
from boltzmann.language.ngram import NGram
from boltzmann.language.steps import Epsilon, MinP, RepetitionPenalty, Temperature, TopK, TopP, Typical

if TYPE_CHECKING:
    from boltzmann.language.gpt2 import GPT2

__all__ = [
    "GPT2",
    "Chain",
    "Epsilon",
    "LanguageModel",
    "MinP",
    "NGram",
    "RepetitionPenalty",
    "Temperature",
    "TopK",
    "TopP",
    "Typical",
    "draw",
    "generate",
    "load_corpus",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name == "GPT2":  # loaded on use
        from boltzmann.language.gpt2 import GPT2

        return GPT2
    raise AttributeError(f"module 'boltzmann.language' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
