"""The sub-commands of `python -m boltzmann`, one module each: what they ask for, and what they print."""
