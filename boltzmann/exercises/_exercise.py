"""An exercise: a question, its right answer, and typical wrong ones with their hints."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any

from boltzmann._core.spelling import for_output
from boltzmann.exercises._answers import Kind, UnreadableError


class Page(str):
    """A str whose repr is the text itself, for notebooks and terminals.

    Printed, characters that the console lacks are spelled: τ as tau.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return for_output("".join(self))

    __repr__ = __str__


@dataclass(frozen=True)
class Result:
    """Whether an answer is right, and a comment on it; true if it is.

    Attributes
    ----------
    right : bool
        Whether it is.
    message : str
        Why, if it is; else a hint, or what kind of answer is asked for.

    See Also
    --------
    check : Whether an answer is right.
    """

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return for_output(f"{'right' if self.right else 'not yet'}: {self.message}")

    __repr__ = __str__


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    title : str
        Its subject, in one line.
    level : int
        1 is a line on paper, 2 a few lines of code, 3 a few thoughts.
    question : str
        The text, with all numbers that are needed.
    kind : Kind
        The kind of answer.
    answer : callable
        Returns the right answer, as the package computes it.
    because : str
        Why it is right.
    mistakes : tuple of (callable, str)
        For each typical mistake, a function that returns its answer, and the hint, which names the
        misconception and not the answer.
    hint : str
        The hint for all other wrong answers, if there can be any.
    data : callable
        Returns the data of the exercise, by name, in a dictionary of its own each time.
    """

    title: str
    level: int
    question: str
    kind: Kind
    answer: Callable[[], Any] = field(repr=False)
    because: str = field(repr=False)
    mistakes: tuple[tuple[Callable[[], Any], str], ...] = field(repr=False)
    hint: str = field(default="", repr=False)
    data: Callable[[], dict[str, Any]] = field(default=dict, repr=False)

    def page(self, name: str) -> Page:
        """Return the title, the question, where its data are, and the kind of answer."""
        given = ", ".join(f'["{key}"]' for key in self.data())
        data = f'\n\nData: exercises.data("{name}"), with {given}' if given else ""
        return Page(
            f"{self.title}\n\n{cleandoc(self.question)}{data}\n\nAnswer: {self.kind.expects}."
        )

    def check(self, answer: Any) -> Result:
        """Compare an answer with the right one, with typical mistakes, with the right one rounded.

        A mistake comes before a rounding: of the two it is the one to be told of.
        """
        try:
            reading = self.kind.read(answer)
        except UnreadableError as error:
            return Result(False, f"{error}. Expected: {self.kind.expects}.")

        right = self.answer()
        if self.kind.agrees(reading, right):
            return Result(True, self.because)
        for wrong, hint in self.mistakes:
            if self.kind.agrees(reading, wrong()):
                return Result(False, hint)
        so_far = self.kind.so_far(reading, right)
        if so_far:
            return Result(False, so_far)
        return Result(False, f"{self.hint} {self.kind.difference(reading, right)}".strip())
