"""All that Numba compiles: arrays in, arrays out, no validation."""
