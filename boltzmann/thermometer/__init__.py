"""Temperatures read from tokens and their log-probabilities, and diagnoses of samplers."""

from boltzmann.thermometer.any_order import OrdersTried, diagnose_in_any_order
from boltzmann.thermometer.constancy import TopReading
from boltzmann.thermometer.dependence import Dependence
from boltzmann.thermometer.diagnosing import diagnose
from boltzmann.thermometer.diagnosis import Diagnosis
from boltzmann.thermometer.faults import Candidate, Fault
from boltzmann.thermometer.io.saved_draws import SavedDraws, load_draws
from boltzmann.thermometer.laws import SamplingLaw
from boltzmann.thermometer.orders import Order
from boltzmann.thermometer.reading import Reading, read
from boltzmann.thermometer.sampler_audit import Audit, audit
from boltzmann.thermometer.signs.score import Sign

__all__ = [
    "Audit",
    "Candidate",
    "Dependence",
    "Diagnosis",
    "Fault",
    "Order",
    "OrdersTried",
    "Reading",
    "SamplingLaw",
    "SavedDraws",
    "Sign",
    "TopReading",
    "audit",
    "diagnose",
    "diagnose_in_any_order",
    "load_draws",
    "read",
]
