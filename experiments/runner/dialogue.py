"""Predict first: ask a lesson's questions in a terminal, and only then show the rest of it."""

import shutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from experiments.runner import lesson
from experiments.runner.experiment import Experiment, name_of
from experiments.runner.predictions import Prediction, predictions

BEFORE = ("Objective.", "What you need to know.")
AFTER = (
    *("Run.", "What the law predicts.", "What would refute it.", "What you see."),
    *("The misconception.", "Exercises."),
)
_WIDEST = 100  # columns, as in the lesson
_HOW = (
    "Use a pencil, type what you predict, and press Enter; numbers may be computed, as in 1/3 or "
    "ln 2. An empty line leaves a question, Ctrl-D ends. The answers come when all is predicted."
)


@dataclass(frozen=True)
class Written:
    """What a student has predicted."""

    prediction: Prediction
    words: str
    right: bool | None  # None where the student compares


def predict(experiment: Experiment, read: Callable[[str], str], say: Callable[[str], None]) -> None:
    """Ask what a lesson asks, show the answers beside what was written, then the rest of it.

    Numbers are checked, and may be mended as often as one likes; an empty line leaves a question.
    The end of the input ends the lesson.
    """
    parts = lesson.parts(experiment)
    asked = predictions(experiment)
    say(lesson.question(experiment))
    for heading in BEFORE:
        say(f"\n{heading} {parts[heading]}")
    say(_filled(f"\nPredict first. {_count(len(asked))} {_HOW}"))

    written: list[Written] = []
    try:
        for number, prediction in enumerate(asked, start=1):
            say(_filled(f"\n{number} of {len(asked)}. {prediction.question}"))
            written.append(_ask(prediction, read, say))
    except EOFError:
        name = name_of(experiment)
        say(
            f"\n\nEnded after {len(written)} of {len(asked)} predictions. Again: "
            f"python -m experiments --lesson {name} --predict"
        )
        return

    say("\n" + sheet(written))
    for heading in AFTER:
        say(f"\n{heading} {parts[heading]}")
    if "References" in parts:
        say(f"\nReferences\n----------\n{parts['References']}")


def _count(questions: int) -> str:
    return "One question." if questions == 1 else f"{questions} questions."


def _ask(prediction: Prediction, read: Callable[[str], str], say: Callable[[str], None]) -> Written:
    """Ask one question until it is answered or left."""
    exercise, words = prediction.exercise, ""
    expects = exercise.kind.expects if prediction.numbers else "in words"
    say(_filled(f"   {expects}", "   "))
    while True:
        line = read("   > ").strip()
        if not prediction.numbers:
            return Written(prediction, line, None)
        if not line:
            return Written(prediction, words, False)

        words, result = line, exercise.check(line)
        if result:
            say("   right")
            return Written(prediction, words, True)
        say(_filled(f"   {result}", "   "))


def sheet(written: list[Written]) -> str:
    """Return what was predicted beside what is so, and how many numbers were right."""
    lines = ["What you predicted, and what is so"]
    for number, one in enumerate(written, start=1):
        mark = " (right)" if one.right else ""
        words = one.words or "nothing"
        lines += [
            "",
            _filled(f"{number}. you     {words}{mark}", " " * 11),
            _filled(f"   answer  {one.prediction.told}", " " * 11),
        ]
    marks = [one.right for one in written if one.right is not None]
    return "\n".join([*lines, "", _score(marks)] if marks else lines)


def _score(marks: list[bool]) -> str:
    if len(marks) == 1:
        return f"Of one that was checked, {'it' if marks[0] else 'none'} was right."
    return f"Of {len(marks)} that were checked, {sum(marks) or 'none'} right."


def _filled(text: str, indent: str = "") -> str:
    """Return text in lines as wide as the terminal, at most as wide as a lesson."""
    width = min(_WIDEST, max(40, shutil.get_terminal_size().columns))
    start = "\n" * (len(text) - len(text.lstrip("\n")))
    return start + textwrap.fill(
        text.lstrip("\n"),
        width,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
