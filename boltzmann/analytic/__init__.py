"""The analytic road: softmax(-E/t) and the thermodynamics that follow, without randomness."""

from boltzmann.analytic.microcanonical import (
    microcanonical_entropy,
    microcanonical_occupancy,
    microcanonical_temperature,
)
from boltzmann.analytic.softmax import log_softmax, logsumexp, softmax, temper
from boltzmann.analytic.thermodynamics import (
    entropy,
    free_energy,
    heat_capacity,
    log_partition,
    mean_energy,
    perplexity,
    probabilities,
)

__all__ = [
    "entropy",
    "free_energy",
    "heat_capacity",
    "log_partition",
    "log_softmax",
    "logsumexp",
    "mean_energy",
    "microcanonical_entropy",
    "microcanonical_occupancy",
    "microcanonical_temperature",
    "perplexity",
    "probabilities",
    "softmax",
    "temper",
]
