"""GPT-2 in NumPy: tokenizer, checkpoint, layers, key-value cache, network and model."""

from boltzmann.language.gpt2.model import GPT2

__all__ = ["GPT2"]
