"""The sampler's road: a model gives logits, decoding divides them by a temperature and draws."""

from boltzmann.language.chain import Chain
from boltzmann.language.corpus import load_corpus
from boltzmann.language.decoding import LanguageModel, draw, generate, stream
from boltzmann.language.ngram import NGram
from boltzmann.language.steps import Epsilon, MinP, RepetitionPenalty, Temperature, TopK, TopP, Typical

__all__ = [
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
