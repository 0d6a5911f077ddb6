"""A language model's temperature is a physicist's temperature: three roads to softmax(-E/t).

The law (`probabilities`, `temper`, …), the simulation (`Ensemble`) and the sampler (`language`) never import
one another; `statistics` tells whether they agree, and a `thermometer` reads temperatures
off samples. What needs Numba, SciPy or Matplotlib loads on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from boltzmann.analytic import (
    entropy,
    free_energy,
    heat_capacity,
    log_partition,
    log_softmax,
    logsumexp,
    mean_energy,
    perplexity,
    probabilities,
    softmax,
    temper,
)
from boltzmann.levels import (
    EnergyLevels,
    column,
    harmonic_oscillator,
    ladder,
    particle_in_box,
    random_levels,
    rigid_rotor,
    two_level,
)

if TYPE_CHECKING:
    from boltzmann import exercises, language, plots, statistics, thermometer
    from boltzmann.metropolis import Ensemble
    from boltzmann.records import Run
    from boltzmann.sweep_record import SweepError, SweepRecord
    from boltzmann.sweeps import sweep
    from boltzmann.transitions import quantised_transition_matrix, transition_matrix

__version__ = "0.1.0"

__all__ = [
    "EnergyLevels",
    "Ensemble",
    "Run",
    "SweepError",
    "SweepRecord",
    "column",
    "entropy",
    "exercises",
    "free_energy",
    "harmonic_oscillator",
    "heat_capacity",
    "ladder",
    "language",
    "log_partition",
    "log_softmax",
    "logsumexp",
    "mean_energy",
    "particle_in_box",
    "perplexity",
    "plots",
    "probabilities",
    "quantised_transition_matrix",
    "random_levels",
    "rigid_rotor",
    "softmax",
    "statistics",
    "sweep",
    "temper",
    "thermometer",
    "transition_matrix",
    "two_level",
]

_LOADED_ON_USE = {
    "Ensemble": "boltzmann.metropolis",
    "Run": "boltzmann.records",
    "SweepError": "boltzmann.sweep_record",
    "SweepRecord": "boltzmann.sweep_record",
    "sweep": "boltzmann.sweeps",
    "transition_matrix": "boltzmann.transitions",
    "quantised_transition_matrix": "boltzmann.transitions",
}


def __getattr__(name: str) -> Any:
    if name in _LOADED_ON_USE:
        return getattr(import_module(_LOADED_ON_USE[name]), name)
    if name in ("exercises", "language", "plots", "statistics", "thermometer"):
        return import_module(f"boltzmann.{name}")
    raise AttributeError(f"module 'boltzmann' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
