"""Faults that are no temperature and no cutoff: some tokens are more, or less, probable."""

from boltzmann.thermometer.token_faults.entropy_dependent import entropy_dependent
from boltzmann.thermometer.token_faults.epsilon import hidden_epsilon
from boltzmann.thermometer.token_faults.exclusion import likeliest_excluded
from boltzmann.thermometer.token_faults.tilt import biased, penalised
from boltzmann.thermometer.token_faults.typical import hidden_typical

__all__ = [
    "biased",
    "entropy_dependent",
    "hidden_epsilon",
    "hidden_typical",
    "likeliest_excluded",
    "penalised",
]
