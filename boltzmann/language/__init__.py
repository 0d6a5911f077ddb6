"""The sampler's road: a model gives logits, decoding divides them by a temperature and draws."""

from boltzmann.language.corpus import load_corpus
from boltzmann.language.decoding import LanguageModel, draw, generate, stream
from boltzmann.language.ngram import NGram

__all__ = ["LanguageModel", "NGram", "draw", "generate", "load_corpus", "stream"]
