"""A language model's temperature is a physicist's temperature: three roads to softmax(-E/t).

The law (`probabilities`, `temper`, …), the simulation (`Ensemble`) and the sampler (`language`)
never import one another; `statistics` tells whether they agree, and a `thermometer` reads
temperatures off samples. What needs Numba, SciPy or Matplotlib loads on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from boltzmann.analytic import (
    bose_occupancy,
    entropy,
    fermi_occupancy,
    free_energy,
    heat_capacity,
    log_partition,
    log_softmax,
    logsumexp,
    mean_energy,
    microcanonical_entropy,
    microcanonical_occupancy,
    microcanonical_temperature,
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
from boltzmann.molecules import diatomic, molecule

if TYPE_CHECKING:
    from boltzmann import exercises, language, plots, statistics, thermometer
    from boltzmann.simulation.closed.box import ClosedBox
    from boltzmann.simulation.closed.contact import Contact
    from boltzmann.simulation.closed.record import ClosedRun, ContactRun
    from boltzmann.simulation.ensemble import Ensemble
    from boltzmann.simulation.matrices import quantised_transition_matrix, transition_matrix
    from boltzmann.simulation.quantum_gas import QuantumGas
    from boltzmann.simulation.run import Run
    from boltzmann.simulation.scan.result import ScanError, ScanResult
    from boltzmann.simulation.scan.scan import scan
    from boltzmann.units import thermal_energy

__version__ = "0.1.0"

__all__ = [
    "ClosedBox",
    "ClosedRun",
    "Contact",
    "ContactRun",
    "EnergyLevels",
    "Ensemble",
    "QuantumGas",
    "Run",
    "ScanError",
    "ScanResult",
    "bose_occupancy",
    "column",
    "diatomic",
    "entropy",
    "exercises",
    "fermi_occupancy",
    "free_energy",
    "harmonic_oscillator",
    "heat_capacity",
    "ladder",
    "language",
    "log_partition",
    "log_softmax",
    "logsumexp",
    "mean_energy",
    "microcanonical_entropy",
    "microcanonical_occupancy",
    "microcanonical_temperature",
    "molecule",
    "particle_in_box",
    "perplexity",
    "plots",
    "probabilities",
    "quantised_transition_matrix",
    "random_levels",
    "rigid_rotor",
    "scan",
    "softmax",
    "statistics",
    "temper",
    "thermal_energy",
    "thermometer",
    "transition_matrix",
    "two_level",
]

_LOADED_ON_USE = {
    "ClosedBox": "boltzmann.simulation.closed.box",
    "ClosedRun": "boltzmann.simulation.closed.record",
    "Contact": "boltzmann.simulation.closed.contact",
    "ContactRun": "boltzmann.simulation.closed.record",
    "Ensemble": "boltzmann.simulation.ensemble",
    "QuantumGas": "boltzmann.simulation.quantum_gas",
    "Run": "boltzmann.simulation.run",
    "ScanError": "boltzmann.simulation.scan.result",
    "ScanResult": "boltzmann.simulation.scan.result",
    "scan": "boltzmann.simulation.scan.scan",
    "transition_matrix": "boltzmann.simulation.matrices",
    "quantised_transition_matrix": "boltzmann.simulation.matrices",
    "thermal_energy": "boltzmann.units",
}


def __getattr__(name: str) -> Any:
    if name in _LOADED_ON_USE:
        return getattr(import_module(_LOADED_ON_USE[name]), name)
    if name in ("exercises", "language", "plots", "statistics", "thermometer"):
        return import_module(f"boltzmann.{name}")
    raise AttributeError(f"module 'boltzmann' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
