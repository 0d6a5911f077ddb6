"""A letter n-gram model with modified Kneser-Ney smoothing."""

from boltzmann.language.ngram.model import NGram

__all__ = ["NGram"]
