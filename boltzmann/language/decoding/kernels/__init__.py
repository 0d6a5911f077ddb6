"""Compiled kernels of decoding: one draw from a long row, many draws from one."""
