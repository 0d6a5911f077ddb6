"""Compiled kernels of the simulation: random streams, move tables, moves."""
