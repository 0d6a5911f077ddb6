"""Exercises that check themselves: a question, your answer, and a hint where a thought went astray.

`overview()` lists them, from a partition function on paper to a server that lies. `question(name)`
is the text, `data(name)` what it gives, and `check(name, answer)` tells whether an answer is right;
if not, it knows the typical mistakes and names the one that was made, never the answer. All is
deterministic: nothing here is graded by chance, except that a random walk of your own is refused
once in a million though it is right.

A chapter is a file with a dictionary of exercises. To add one, write its question, what computes
the right answer, and for each typical wrong answer what computes it and the hint it deserves.
"""

from difflib import get_close_matches
from typing import Any

from boltzmann.exercises import decoding, law, letters, samples, simulation
from boltzmann.exercises._exercise import Exercise, Page, Result

__all__ = ["Result", "check", "data", "names", "overview", "question"]

_CHAPTERS = {
    "The law": law.EXERCISES,
    "Letters": letters.EXERCISES,
    "The simulation": simulation.EXERCISES,
    "Decoding": decoding.EXERCISES,
    "The thermometer": samples.EXERCISES,
}
_EXERCISES = {
    name: exercise for chapter in _CHAPTERS.values() for name, exercise in chapter.items()
}


def _find(name: str) -> Exercise:
    if isinstance(name, str) and name in _EXERCISES:
        return _EXERCISES[name]
    near = get_close_matches(str(name), _EXERCISES, n=3, cutoff=0.4)
    meant = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    raise ValueError(f"name is {name!r}, which is no exercise: {meant}overview() lists them all")


def names() -> tuple[str, ...]:
    """Return the names of all exercises, in the order of the chapters.

    Examples
    --------
    >>> names()[0]
    'three_levels'
    """
    return tuple(_EXERCISES)


def overview() -> Page:
    """Return the list of all exercises, by chapter; stars tell how hard each is.

    Examples
    --------
    >>> print(overview())  # doctest: +ELLIPSIS
    The law
      three_levels          *    The partition function of three levels
    ...
    """
    lines = []
    for chapter, exercises in _CHAPTERS.items():
        lines.append(chapter)
        lines += [
            f"  {name:<22}{'*' * entry.level:<5}{entry.title}" for name, entry in exercises.items()
        ]
    return Page("\n".join(lines))


def question(name: str) -> Page:
    """Return the text of an exercise, with every number that is needed and what kind of answer is asked for.

    Parameters
    ----------
    name : str
        One of `names()`.

    Raises
    ------
    ValueError
        If there is no such exercise; the message suggests near names.

    Examples
    --------
    >>> question("three_levels")
    The partition function of three levels
    <BLANKLINE>
    A molecule has three states, with energies 0, 1 and 3. What is its partition function Z at t = 2?
    <BLANKLINE>
    Answer: one number, within 0.1 % of the right one.
    """
    return _find(name).page(name)


def data(name: str) -> dict[str, Any]:
    """Return what an exercise gives to work with, by name; a dictionary of your own, empty if it gives nothing.

    Parameters
    ----------
    name : str
        One of `names()`.

    Raises
    ------
    ValueError
        As in `question`.

    Examples
    --------
    >>> data("half_perplexity")["logits"].shape
    (100,)
    """
    return _find(name).data()


def check(name: str, answer: Any) -> Result:
    """Return whether an answer is right and why, or a hint.

    Parameters
    ----------
    name : str
        One of `names()`.
    answer : object
        What the question asks for: a number, an array, a choice, or a function of your own.

    Returns
    -------
    Result
        True if the answer is right. What is no answer at all gets a result too, which says what is
        asked for.

    Raises
    ------
    ValueError
        As in `question`.

    Examples
    --------
    >>> check("three_levels", 2 + 2)
    not yet: Write down one Boltzmann factor exp(-E/t) for each state and add them up.
    """
    return _find(name).check(answer)
