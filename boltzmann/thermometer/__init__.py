"""The road back: from tokens to the temperature that drew them, with an error bar and a verdict."""

from boltzmann.thermometer.audits import Audit, audit
from boltzmann.thermometer.dependence import Dependence
from boltzmann.thermometer.diagnosis import Diagnosis, diagnose
from boltzmann.thermometer.faults import Candidate
from boltzmann.thermometer.laws import Law
from boltzmann.thermometer.reading import Reading, TopReading, read
from boltzmann.thermometer.records import Records, load_records

__all__ = [
    "Audit",
    "Candidate",
    "Dependence",
    "Diagnosis",
    "Law",
    "Reading",
    "Records",
    "TopReading",
    "audit",
    "diagnose",
    "load_records",
    "read",
]
