"""Exercises that check themselves: a question, your answer, and a hint where a thought went astray.

`overview()` lists them, from a partition function on paper to a server that lies. `question(name)`
returns the text, `data(name)` the data of the exercise, and `check(name, answer)` whether an answer
is right; if not, it recognises typical mistakes and names the one that was made, never the answer.
Results are deterministic, except that a right random walk of your own is rejected with a
probability of 1e-6.

A chapter is a file with a dictionary of exercises. To add an exercise, write its question, a
function that computes the right answer, and for each typical wrong answer a function that computes
it, with its hint.
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

    Returns
    -------
    tuple of str
        The names, from the first exercise to the last.

    See Also
    --------
    overview : All exercises, by chapter.

    Examples
    --------
    >>> names()[0]
    'three_levels'
    """
    return tuple(_EXERCISES)


def overview() -> Page:
    """Return the list of all exercises, by chapter; stars tell how hard each is.

    Returns
    -------
    str
        A text of several lines, which shows itself as one at a prompt.

    See Also
    --------
    question : The text of an exercise.
    names : The names of all exercises.

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
    """Return the text of an exercise, with all numbers that it needs and the kind of its answer.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    str
        A text of several lines, which shows itself as one at a prompt.

    Raises
    ------
    ValueError
        If there is no such exercise; the message suggests near names.

    See Also
    --------
    check : Whether an answer is right.
    data : The data of an exercise.

    Examples
    --------
    >>> question("three_levels")
    The partition function of three levels
    <BLANKLINE>
    A molecule has three states, with energies 0, 1 and 3. What is its partition function
    Z at t = 2?
    <BLANKLINE>
    Answer: one number, to 4 digits (within 0.1 %).
    """
    return _find(name).page(name)


def data(name: str) -> dict[str, Any]:
    """Return the data of an exercise by name, in a dictionary of your own; empty if there are none.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    dict of str to object
        The data by the names that the question uses.

    Raises
    ------
    ValueError
        As in `question`.

    See Also
    --------
    question : The text of an exercise.

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
        True if the answer is right. An answer of the wrong kind gets a result too, which says what
        is asked for.

    Raises
    ------
    ValueError
        As in `question`.

    See Also
    --------
    question : The text of an exercise.
    Result : What `check` returns.

    Examples
    --------
    >>> check("three_levels", 2 + 2)
    not yet: Write down one Boltzmann factor exp(-E/t) for each state and add them up.
    """
    return _find(name).check(answer)
