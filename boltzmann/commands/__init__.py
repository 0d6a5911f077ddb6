"""The sub-commands of `python -m boltzmann`, one module each: options and printed output."""
