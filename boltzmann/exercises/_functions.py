"""Kinds of answers that are functions of the student: run on cases, or as a random walk."""

import operator
import reprlib
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.exercises._answers import Kind, UnreadableError, how_many
from boltzmann.levels import EnergyLevels
from boltzmann.statistics import goodness_of_fit

FALSE_ALARM = 1e-6  # probability that a right random walk is rejected


def _shown(value: Any) -> str:
    if isinstance(value, np.random.Generator):
        return "generator"
    if isinstance(value, np.ndarray):
        return str(value.tolist()) if value.size <= 6 else f"<{value.size} numbers>"
    return repr(value)


def _place(error: Exception) -> str:
    """Return the line of the student's code that raised an exception; "" if it never ran."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is the call below
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f", in line {own[-1].lineno}: {own[-1].line}".rstrip(": ") if own else ""


@dataclass(frozen=True)
class OwnFunction(Kind):
    """A function with this signature, such as "softmax(logits, t)"."""

    signature: str
    returns: str

    @property
    def expects(self) -> str:
        """What is asked for."""
        return f"your own function {self.signature}, which returns {self.returns}"

    def shown(self, arguments: Sequence[Any]) -> str:
        """Return the call as text."""
        return f"{self.signature.partition('(')[0]}({', '.join(map(_shown, arguments))})"

    def call(self, function: Any, arguments: Sequence[Any]) -> Any:
        """Return the function's value; an exception of it becomes an UnreadableError."""
        try:
            with np.errstate(all="ignore"):  # an overflow shows in what is returned
                value = function(*arguments)
        except Exception as error:
            what = f"{type(error).__name__}: {error}".rstrip(": ")
            raise UnreadableError(f"{self.shown(arguments)} raised {what}{_place(error)}") from None

        if value is None:
            raise UnreadableError(
                f"{self.shown(arguments)} returned nothing; does your function end in a return?"
            )
        return value

    def numbers(
        self, function: Any, arguments: Sequence[Any], shape: tuple[int, ...]
    ) -> FloatArray:
        """Return the function's value as an array of this shape, which may hold nan."""
        value = self.call(function, arguments)
        try:
            array = np.asarray(value, np.float64)
        except Exception:  # whatever another library's array raises when NumPy asks for its numbers
            raise UnreadableError(f"{self.shown(arguments)} returned {value!r}") from None

        if array.shape != shape:
            asked = "was" if shape == () else "were"
            raise UnreadableError(
                f"{self.shown(arguments)} returned {how_many(array.shape)}, "
                f"{how_many(shape)} {asked} asked for"
            )
        return array

    @staticmethod
    def require_callable(answer: Any) -> None:
        """Raise UnreadableError unless `answer` is a function."""
        if not callable(answer):
            raise UnreadableError(
                f"your answer is {reprlib.repr(answer)}; hand in the function itself, "
                "without calling it"
            )


@dataclass(frozen=True)
class OnCases(OwnFunction):
    """A function that is compared with another on cases, made anew for every run.

    Where a typical mistake gives nan, any value of the student's function agrees with it.
    """

    cases: Callable[[], Sequence[tuple[Any, ...]]]
    shape_of: Callable[..., tuple[int, ...]]  # of the answer to a case
    tolerance: float  # relative; absolute differences up to 1e-12 are allowed too

    def read(self, answer: Any) -> list[FloatArray]:
        """Return the function's value on each case."""
        self.require_callable(answer)
        return [self.numbers(answer, case, self.shape_of(*case)) for case in self.cases()]

    def _close(self, given: FloatArray, wanted: FloatArray) -> bool:
        known = ~np.isnan(wanted)
        return np.allclose(given[known], wanted[known], rtol=self.tolerance, atol=1e-12)

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether the function agrees with the standard one on all cases."""
        return all(map(self._close, reading, self.read(standard)))

    def difference(self, reading: Any, standard: Any) -> str:
        """Return the first case on which the function is wrong, and its value."""
        for case, given, wanted in zip(self.cases(), reading, self.read(standard), strict=True):
            if not self._close(given, wanted):
                return f"{self.shown(case)} gave {np.array2string(given, precision=4)}."
        return ""


@dataclass(frozen=True)
class Acceptance(OwnFunction):
    """An acceptance probability for symmetric proposals, judged by its detailed balance."""

    levels: EnergyLevels
    temperatures: tuple[float, ...]

    def read(self, answer: Any) -> FloatArray:
        """Return log(acceptance / acceptance back), and the excess of each above 1, (2, T, K, K).

        In detailed balance the first is the log of the ratio of the two levels' weights.
        """
        self.require_callable(answer)
        energies = self.levels.energies.tolist()
        degeneracies = self.levels.degeneracies.tolist()
        count = len(energies)

        accepted = np.empty((len(self.temperatures), count, count))  # (T, K, K)
        for k, i, j in np.ndindex(accepted.shape):
            case = (
                energies[i],
                energies[j],
                degeneracies[i],
                degeneracies[j],
                self.temperatures[k],
            )
            given = float(self.numbers(answer, case, ()))
            if not 0 < given < np.inf:
                raise UnreadableError(
                    f"{self.shown(case)} returned {given}, which is no probability above 0"
                )
            accepted[k, i, j] = given

        logarithms = np.log(accepted)
        return np.stack((logarithms - logarithms.swapaxes(1, 2), np.maximum(accepted - 1, 0)))

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether the ratios and excesses are those of the standard function."""
        return np.allclose(reading, self.read(standard), rtol=1e-9, atol=1e-9)


@dataclass(frozen=True)
class Walk(OwnFunction):
    """One random step from a level to the next, judged by its transition counts."""

    levels: int
    steps: int = 20_000  # from each level

    def read(self, answer: Any) -> FloatArray:
        """Return the transition counts from each level to each, (K, K)."""
        self.require_callable(answer)
        counts = np.zeros((self.levels, self.levels))
        generator = np.random.default_rng(1)
        for level in np.repeat(range(self.levels), self.steps).tolist():
            counts[level, self._next(answer, level, generator)] += 1
        return counts

    def _next(self, function: Any, level: int, generator: np.random.Generator) -> int:
        case = (level, generator)
        value = self.call(function, case)
        try:
            reached = operator.index(value)
        except TypeError:
            raise UnreadableError(
                f"{self.shown(case)} returned {value!r}, which is no level"
            ) from None
        if not 0 <= reached < self.levels:
            raise UnreadableError(
                f"{self.shown(case)} returned {reached}: levels run from 0 to {self.levels - 1}"
            )
        return reached

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether the counts fit the standard transition matrix, with false alarms of 1e-6."""
        fits = [goodness_of_fit(counts, row) for counts, row in zip(reading, standard, strict=True)]
        return min(fit.p_value for fit in fits) * self.levels >= FALSE_ALARM
