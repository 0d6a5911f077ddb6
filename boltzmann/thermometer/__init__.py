"""The road back: from tokens to the temperature that drew them, with an error bar and a verdict."""

from boltzmann.thermometer.reading import Reading, TopReading, read

__all__ = ["Reading", "TopReading", "read"]
