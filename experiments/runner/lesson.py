"""An experiment's docstring is its lesson; this reads it.

The first line is the question. Each heading of `HEADINGS`, in this order and none left out, begins
a paragraph. The minutes are a number. What a student needs to know names earlier lessons, and
nothing else, in backticks. What is to be predicted first are sentences that end in a question mark,
with those before them; the answers are numbered in their order, and `predictions` reads them. The
exercises are numbered; code in them stands indented in a paragraph of its own. `References`, in
numpydoc's form, may close the lesson.
"""

import ast
import inspect
import re
import textwrap

from experiments.runner.experiment import Experiment

HEADINGS = (
    "Objective.",
    "What you need to know.",
    "Minutes.",
    "Predict first.",
    "Run.",
    "What the law predicts.",
    "What would refute it.",
    "What you see.",
    "The misconception.",
    "Answers.",
    "Exercises.",
)
_BEGINS = re.compile(rf"^({'|'.join(map(re.escape, HEADINGS))})(?:[ \n]|$)", re.MULTILINE)

# A remark in parentheses after the question mark belongs to the question.
_QUESTION = re.compile(r".+?\?(?: \([^()]*\))?(?= |$)")


def text(experiment: Experiment) -> str:
    """Return the lesson, without the indentation of the source."""
    written = experiment.__doc__
    if written is None:  # as under python -OO
        written = ast.get_docstring(ast.parse(inspect.getsource(experiment)), clean=False)
    return inspect.cleandoc(written or "")


def question(experiment: Experiment) -> str:
    """Return the question that the experiment asks."""
    return text(experiment).partition("\n")[0]


def parts(experiment: Experiment) -> dict[str, str]:
    """Return what stands under each heading, in order, and under "References", if there are any.

    Raises
    ------
    ValueError
        If a heading is missing, occurs twice or is out of order.
    """
    lesson, _, references = text(experiment).partition("\nReferences\n----------\n")
    _, *pieces = _BEGINS.split(lesson)
    found = tuple(pieces[::2])
    if found != HEADINGS:
        raise ValueError(
            f"{experiment.__name__}: the headings of a lesson are {HEADINGS}, found {found}"
        )
    made = {heading: body.strip("\n ") for heading, body in zip(found, pieces[1::2], strict=True)}
    return made | ({"References": references.strip()} if references else {})


def minutes(experiment: Experiment) -> int:
    """Return how long the lesson takes."""
    return int(parts(experiment)["Minutes."])


def needs(experiment: Experiment) -> list[str]:
    """Return the lessons that this one leans on."""
    return re.findall(r"`(\w+)`", parts(experiment)["What you need to know."])


def exercises(experiment: Experiment) -> list[str]:
    """Return the exercises, from the first to the last, without their numbers."""
    return _numbered(experiment, "Exercises.")


def answers(experiment: Experiment) -> list[str]:
    """Return the answers to what is asked to be predicted, without their numbers."""
    return [" ".join(answer.split()) for answer in _numbered(experiment, "Answers.")]


def asked(experiment: Experiment) -> list[str]:
    """Return the questions to predict from, each with the sentences that lead to it."""
    told = " ".join(parts(experiment)["Predict first."].split())
    found = [question.strip() for question in _QUESTION.findall(told)]
    rest = told[sum(len(question) + 1 for question in found) :]
    return [*found[:-1], f"{found[-1]} {rest}".strip()] if found else []


def _numbered(experiment: Experiment, heading: str) -> list[str]:
    """Return what is numbered under a heading."""
    pieces = re.split(r"^(\d+)\. ", parts(experiment)[heading], flags=re.MULTILINE)[1:]
    if pieces[::2] != [str(n + 1) for n in range(len(pieces) // 2)]:
        kind = heading.lower().rstrip(".")
        raise ValueError(f"{experiment.__name__}: {kind} are numbered from 1, found {pieces[::2]}")
    return [textwrap.dedent(f"   {piece}").strip() for piece in pieces[1::2]]
