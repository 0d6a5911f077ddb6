"""Compiled kernels of decoding: one draw from many tokens, and many draws from one law."""
