"""What an exercise is: a question, its right answer, and the wrong ones that tell what was misunderstood."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any

from boltzmann.exercises._answers import Kind, UnreadableError


class Page(str):
    """A text that shows itself as it is, in a notebook as in a terminal."""

    __slots__ = ()
    __repr__ = str.__str__


@dataclass(frozen=True)
class Result:
    """Whether an answer is right, and what there is to say about it; true if it is.

    Attributes
    ----------
    right : bool
        Whether it is.
    message : str
        Why, if it is; else a hint, or what kind of answer is asked for.
    """

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        return f"{'right' if self.right else 'not yet'}: {self.message}"

    __repr__ = __str__


@dataclass(frozen=True)
class Exercise:
    """One small thing to find out.

    Attributes
    ----------
    title, level : str, int
        What it is about; 1 is a line on paper, 2 a few lines of code, 3 a few thoughts.
    question : str
        With every number that is needed.
    kind : Kind
        What an answer is.
    answer : callable
        Returns the right one, from the package.
    because : str
        Why it is right.
    mistakes : tuple of (callable, str)
        What returns a typical wrong answer, and the hint for it, which names the misconception and
        no answer.
    hint : str
        For wrong answers that are not among the mistakes, where there can be any.
    data : callable
        Returns what the question gives, by name, made anew each time.
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
        """Return the question as it is shown."""
        given = ", ".join(f'["{key}"]' for key in self.data())
        data = f'\n\nData: exercises.data("{name}"), with {given}' if given else ""
        return Page(
            f"{self.title}\n\n{cleandoc(self.question)}{data}\n\nAnswer: {self.kind.expects}."
        )

    def check(self, answer: Any) -> Result:
        """Return what there is to say about an answer."""
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
        return Result(False, f"{self.hint} {self.kind.difference(reading, right)}".rstrip())
