"""The road back: from tokens to the temperature that drew them, with an error bar and a verdict."""

from boltzmann.thermometer.dependence import Dependence
from boltzmann.thermometer.diagnosis import Diagnosis, diagnose
from boltzmann.thermometer.faults import Candidate, Fault
from boltzmann.thermometer.io.saved_draws import SavedDraws, load_draws
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.reading import Reading, TopReading, read
from boltzmann.thermometer.sampler_audit import Audit, audit

__all__ = [
    "Audit",
    "Candidate",
    "Dependence",
    "Diagnosis",
    "Fault",
    "Reading",
    "SamplingLaw",
    "SavedDraws",
    "TopReading",
    "audit",
    "diagnose",
    "load_draws",
    "read",
]
