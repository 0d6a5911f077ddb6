"""The analytic road: softmax(-E/t) and the thermodynamics that follow, without randomness."""

from boltzmann.analytic.microcanonical import (
    microcanonical_entropy,
    microcanonical_occupancy,
    microcanonical_temperature,
)
from boltzmann.analytic.quantum_gases import bose_occupancy, fermi_occupancy
from boltzmann.analytic.softmax import log_softmax, logsumexp, softmax
from boltzmann.analytic.tempering import temper
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
    "bose_occupancy",
    "entropy",
    "fermi_occupancy",
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
