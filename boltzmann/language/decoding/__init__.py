"""Decoding: steps on logits, their order, and drawing the next token."""
