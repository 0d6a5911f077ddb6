"""Kinds of answers, numbers and choices: each reads an answer and compares it with another."""

import math
import re
import reprlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from boltzmann._core.checks import FloatArray, as_floats
from boltzmann.exercises._reading import typed_numbers

NEAR = 0.05  # relative: what is farther off, such as 2 for 1.75, is a guess and not a rounding


class UnreadableError(ValueError):
    """An answer is not of the kind that is asked for; the message tells the student why."""


class Kind(ABC):
    """A kind of answer."""

    @property
    @abstractmethod
    def expects(self) -> str:
        """What is asked for, in words that complete "Answer: "."""

    @abstractmethod
    def read(self, answer: Any) -> Any:
        """Return the answer as `agrees` compares it; UnreadableError if it is not of this kind."""

    @abstractmethod
    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether a reading is that of a given answer, the right one or a typical mistake."""

    def so_far(self, reading: Any, standard: Any) -> str:
        """Return what is missing from a reading that is right as far as it goes, or ""."""
        return ""

    def difference(self, reading: Any, standard: Any) -> str:
        """Return where a reading first differs from the right answer, without showing it; or ""."""
        return ""


def _last_place(number: float) -> int:
    """Return the exponent of the last decimal place in which a number is not 0."""
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def written_digits(number: float) -> tuple[int, float]:
    """Return how many digits a number has, and the unit of the last of them."""
    digits = Decimal(repr(number)).normalize().as_tuple().digits
    return len(digits), 10.0 ** _last_place(number)


def cut_short(reading: FloatArray, standard: FloatArray, unit: float) -> bool:
    """Tell whether each number is the standard one, rounded or cut off at this unit."""
    rounded = np.abs(reading - standard) <= 0.5 * unit * (1 + 1e-9)
    less = np.abs(standard) - np.abs(reading)
    cut = (np.sign(reading) == np.sign(standard)) & (less >= 0) & (less < unit)
    return bool(np.all(rounded | cut))


def how_many(shape: tuple[int, ...]) -> str:
    """Return how many numbers an array of this shape holds, in words."""
    if shape in ((), (1,)):
        return "one number"
    if len(shape) == 2:
        return f"{shape[0]} row{'s' * (shape[0] != 1)} of {shape[1]} numbers"
    return f"{math.prod(shape)} numbers"


@dataclass(frozen=True)
class Numbers(Kind):
    """Numbers in an array of one shape, () for a single one; `each` says what an entry is for."""

    shape: tuple[int, ...] = ()
    tolerance: float = 1e-3  # relative for a single number, absolute for the entries of an array
    each: str = "entry"

    @property
    def digits(self) -> int:
        """How many digits of a single number, or decimals of an entry, are surely enough."""
        enough = -math.log10(2 * self.tolerance) + (self.shape == ())
        return math.ceil(enough - 1e-9)

    @property
    def expects(self) -> str:
        """What is asked for."""
        if self.shape == ():
            return f"one number, to {self.digits} digits (within {100 * self.tolerance:g} %)"
        whole = "in whole numbers" if self.digits == 0 else f"to {self.digits} decimals"
        return f"{how_many(self.shape)}, one for each {self.each}, {whole}"

    def read(self, answer: Any) -> Any:
        """Return the numbers as an array; in a text they stand as a student types them."""
        try:
            given = typed_numbers(answer) if isinstance(answer, str) else answer
            floats = as_floats("your answer", given)
        except Exception:  # whatever another library's array raises when NumPy asks for its numbers
            raise UnreadableError(f"your answer is {reprlib.repr(answer)}") from None
        if floats.size == math.prod(self.shape) and (self.shape == () or isinstance(answer, str)):
            return floats.reshape(self.shape)
        if floats.shape != self.shape:
            comma = isinstance(answer, str) and re.search(r"\d,\d", answer)
            wanted = f"{how_many(self.shape)} {'were' if self.shape else 'was'} asked for"
            told = f"your answer holds {how_many(floats.shape)}, {wanted}"
            told += f": one for each {self.each}" if self.shape else ""
            raise UnreadableError(told + "; decimals have a point" if comma else told)
        return floats

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether all numbers are within the tolerance."""
        scale = np.abs(standard) if self.shape == () else 1.0
        return bool(np.allclose(reading, standard, rtol=0.0, atol=self.tolerance * scale))

    def so_far(self, reading: Any, standard: Any) -> str:
        """Return what is missing from a right answer of too few digits."""
        wanted = np.asarray(standard, np.float64)
        if self.shape == ():
            given, unit = written_digits(float(reading))
            near = abs(reading - wanted) <= NEAR * abs(wanted)
        else:
            given = max(-_last_place(float(entry)) for entry in np.ravel(reading))
            unit = 10.0**-given
            near = given > 0
        if not near or not cut_short(reading, wanted, unit):
            return ""
        more = max(1, self.digits - given)
        name = "digit" if self.shape == () else "decimal"
        what = f"one more {name}" if more == 1 else f"{more} more {name}s"
        return f"right so far: give {what} ({self.digits} are asked for)"


@dataclass(frozen=True)
class Choice(Kind):
    """One option of each part; in a typical mistake, None stands for any option."""

    parts: tuple[tuple[str, ...], ...]

    @property
    def expects(self) -> str:
        """What is asked for."""
        lists = [f"one of {', '.join(map(repr, options))}" for options in self.parts]
        return lists[0] if len(lists) == 1 else f"a pair: {'; and '.join(lists)}"

    def read(self, answer: Any) -> tuple[str, ...]:
        """Return the options chosen, as they are spelt in `parts`."""
        chosen = (answer,) if isinstance(answer, str) else answer
        if not isinstance(chosen, tuple | list) or len(chosen) != len(self.parts):
            raise UnreadableError(f"your answer is {reprlib.repr(answer)}")
        return tuple(
            self._option(word, options) for word, options in zip(chosen, self.parts, strict=True)
        )

    def _option(self, word: Any, options: tuple[str, ...]) -> str:
        for option in options:
            if isinstance(word, str) and word.strip().lower() == option.lower():
                return option
        raise UnreadableError(f"your answer has {word!r}, which is not on offer")

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether every part is the standard's."""
        return all(
            wanted in (None, option) for option, wanted in zip(reading, standard, strict=True)
        )
