"""What a lesson asks to be predicted, and how a prediction is checked.

An answer under "Answers." may begin with the numbers that are asked for, in brackets:

    1. [0.31] The fourth root of 0.5, divided by the sum.
    2. [first: 1; second: 0.5] …
    3. [about 15 %] …

A number is right if it rounds to the one that is written; "about" is to a fifth of it. An answer
without brackets is compared by the student.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann.exercises._answers import NEAR, Kind, Numbers, cut_short, how_many, written_digits
from boltzmann.exercises._exercise import Exercise
from experiments.runner import lesson
from experiments.runner.experiment import Experiment

ABOUT = 0.2  # relative
_BRACKETS = re.compile(r"\[([^\]]*)\](?!_)\s*")
_NUMBER = re.compile(
    r"(?:(?P<label>.+): )?(?P<about>about )?(?P<digits>-?\d+(?:\.\d+)?)(?P<per> %)?"
)


@dataclass(frozen=True)
class Number:
    """A number that is asked for, as the lesson writes it."""

    label: str  # what it is, "" for the only one
    digits: str
    about: bool
    percent: bool

    @property
    def told(self) -> str:
        """The number as a student reads it."""
        label = f"{self.label}: " if self.label else ""
        return f"{label}{'about ' * self.about}{self.digits}{' %' * self.percent}"

    @property
    def value(self) -> float:
        """The number; 15 if the lesson writes 15 %."""
        return float(self.digits)

    @property
    def decimals(self) -> int:
        """How many decimals are written."""
        return len(self.digits.partition(".")[2])

    @property
    def tolerance(self) -> float:
        """How far from the number a prediction may be."""
        return ABOUT * abs(self.value) if self.about else 0.5 * 10.0**-self.decimals * (1 + 1e-9)

    @property
    def precision(self) -> str:
        """How precise a prediction has to be, in words."""
        if self.about:
            return f"within {100 * ABOUT:.0f} %"
        places = f"to {self.decimals} decimal{'s' * (self.decimals > 1)}"
        return places if self.decimals else "a whole number"


@dataclass(frozen=True)
class Asked(Kind):
    """Numbers that are predicted together, in one line."""

    numbers: tuple[Number, ...]

    @property
    def expects(self) -> str:
        """What is asked for."""
        unit = " in %" if self.numbers[0].percent else ""
        if len(self.numbers) == 1:
            return f"one number{unit}, {self.numbers[0].precision}"
        count = how_many((len(self.numbers),)) + unit
        precisions = {number.precision for number in self.numbers}
        if len(precisions) == 1:
            return f"{count}, {', '.join(self.labels)}, each {precisions.pop()}"
        return f"{count}: {', '.join(f'{one.label} ({one.precision})' for one in self.numbers)}"

    @property
    def labels(self) -> list[str]:
        """What the numbers are."""
        return [number.label for number in self.numbers]

    def read(self, answer: Any) -> Any:
        """Return the numbers, (n,), as exercises read them."""
        if self.numbers[0].percent and isinstance(answer, str):
            answer = answer.replace("%", "")
        count = len(self.numbers)
        kind = Numbers((count,) if count > 1 else (), each=f"of {', '.join(self.labels)}")
        return np.reshape(kind.read(answer), count)

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether all numbers are near enough."""
        return all(self._right(reading, standard))

    def so_far(self, reading: Any, standard: Any) -> str:
        """Return what is missing from right numbers of too few decimals."""
        wrong = [
            (number, float(given), wanted)
            for number, given, wanted, right in zip(
                self.numbers, reading, standard, self._right(reading, standard), strict=True
            )
            if not right
        ]
        more = [_decimals_missing(*entry) for entry in wrong]
        if not all(more):
            return ""
        what = "one more decimal" if max(more) == 1 else f"{max(more)} more decimals"
        return f"right so far: give {what}"

    def difference(self, reading: Any, standard: Any) -> str:
        """Return which of several numbers are right."""
        marks = self._right(reading, standard)
        right = [label for label, mark in zip(self.labels, marks, strict=True) if mark and label]
        return f"Right: {', '.join(right)}." if right else ""

    def _right(self, reading: Any, standard: Any) -> list[bool]:
        return [
            abs(given - wanted) <= number.tolerance
            for number, given, wanted in zip(self.numbers, reading, standard, strict=True)
        ]


def _decimals_missing(number: Number, given: float, wanted: float) -> int:
    """Return how many decimals a number lacks that is right, rounded or cut off; else 0."""
    unit = written_digits(given)[1]
    decimals = round(-np.log10(unit))
    far = decimals < 1 and abs(given - wanted) > NEAR * abs(wanted)
    if number.about or far or not cut_short(np.array(given), np.array(wanted), unit):
        return 0
    return max(0, number.decimals - decimals)


@dataclass(frozen=True)
class Prediction:
    """A question of a lesson, the numbers that it asks for, if any, and its answer."""

    question: str
    numbers: tuple[Number, ...]
    answer: str

    @property
    def exercise(self) -> Exercise:
        """The question as an exercise; only one with numbers can be checked."""
        values = [number.value for number in self.numbers]
        return Exercise(
            title="",
            level=1,
            question=self.question,
            kind=Asked(self.numbers),
            answer=lambda: values,
            because=self.answer,
            mistakes=(),
            hint="Try again, or leave it with an empty line.",
        )

    @property
    def told(self) -> str:
        """The answer as a student reads it, its numbers first."""
        numbers = "; ".join(number.told for number in self.numbers)
        return f"{numbers}. {self.answer}" if numbers else self.answer


def predictions(experiment: Experiment) -> list[Prediction]:
    """Return what a lesson asks to be predicted, with the answers.

    Raises
    ------
    ValueError
        If the lesson has not one answer for each question, or brackets that hold no numbers.
    """
    questions = lesson.asked(experiment)
    answers = lesson.answers(experiment)
    if len(questions) != len(answers):
        raise ValueError(
            f"{experiment.__name__}: {len(questions)} predictions and {len(answers)} answers"
        )
    return [
        Prediction(question, *_split(experiment.__name__, answer))
        for question, answer in zip(questions, answers, strict=True)
    ]


def _split(name: str, answer: str) -> tuple[tuple[Number, ...], str]:
    """Return the numbers in brackets that an answer begins with, and the rest."""
    brackets = _BRACKETS.match(answer)
    if brackets is None:
        return (), answer
    numbers = []
    for piece in brackets[1].split(";"):
        found = _NUMBER.fullmatch(piece.strip())
        if found is None:
            raise ValueError(f"{name}: {piece.strip()!r} in an answer is no number")
        label, digits = found["label"] or "", found["digits"]
        numbers.append(Number(label, digits, bool(found["about"]), bool(found["per"])))
    return tuple(numbers), answer[brackets.end() :]
