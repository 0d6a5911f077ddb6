"""Which of the tokens listed are the likeliest, whatever was drawn, by how servers make lists.

A list holds the m likeliest tokens alone (OpenAI's chat), or these with the token drawn appended
where it is not one of them (llama-cpp-python, TGI), or the token drawn takes the place of the last
of them (vLLM's chat). To what length lists were asked for, and which of the three it is, is
inferred from all answers of one shape together.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.io.consistency import is_whole
from boltzmann.thermometer.io.tokens import PLACEHOLDER, ObservedDraw

# In place of a position; None is a token that was withheld.
ABSENT = -2  # the token drawn is not in its row
CONTRADICTORY = -3  # it contradicts its list


class Shape(NamedTuple):
    """What answers share whose lists were asked for at one length: source, form and longest list.

    Where a token drawn is appended, one length asked for gives two shapes; each tells enough by
    itself.
    """

    source: str
    keyed_by_text: bool = False
    longest: int = 0


class Answer(NamedTuple):
    """The draws of one answer, the group that they form, the shape of its lists, and its place.

    `prompt` is what was asked, where that is known.
    """

    group: tuple[Any, ...]
    shape: Shape
    draws: list[ObservedDraw]
    where: str = ""
    prompt: str | None = None


class Row(NamedTuple):
    """Log-probabilities (m,) of the likeliest tokens, and the position of the one drawn.

    `chosen` is None for a token that was withheld, -2 for one that is not in the row, -3 for one
    that contradicts its list. `unidentified` is the probability of the listed tokens that cannot be
    told from others. `tokens` are those of the row, and `drawn` the one drawn, where it is not in
    it. `own` is the log-probability reported beside the token drawn, nan if none is.
    """

    logprobs: FloatArray
    chosen: int | None
    unidentified: float
    tokens: Sequence[Any]
    drawn: Any = None
    own: float = np.nan


_LEFT_OUT = Row(np.zeros(1), CONTRADICTORY, 0.0, [b""])


class _Convention(NamedTuple):
    """The length to which lists were asked for, and how many of their first are the likeliest."""

    asked: int
    likeliest: int


def shape_of(source: str, draws: list[ObservedDraw]) -> Shape:
    """Return the shape of a saved response."""
    longest = max((len(draw.tokens) for draw in draws), default=0)
    return Shape(source, any(draw.keyed_by_text for draw in draws), longest)


def rows_of(answers: list[Answer], contradictory: list[list[bool]]) -> list[Row]:
    """Return a row for each draw of the answers, in their order.

    Parameters
    ----------
    answers : list of Answer
        The draws.
    contradictory : list of lists of bool
        Of each draw of each answer, whether it contradicts its list.

    Raises
    ------
    ValueError
        If no list is long enough to tell a temperature.
    """
    shapes = {answer.shape for answer in answers}
    names = [_merged(answer.shape, shapes) for answer in answers]
    together: dict[Shape, list[ObservedDraw]] = {}
    for name, answer, left_out in zip(names, answers, contradictory, strict=True):
        consistent = [draw for draw, out in zip(answer.draws, left_out, strict=True) if not out]
        together.setdefault(name, []).extend(consistent)
    conventions = {name: _convention(draws) for name, draws in together.items()}

    lengths = [len(draw.tokens) for draws in together.values() for draw in draws]
    too_short = all(convention.likeliest < 2 for convention in conventions.values())
    if lengths and max(lengths) < 3 and too_short:
        raise ValueError(
            f"at most {max(lengths)} tokens are listed: ask for at least 3 (top_logprobs, n_probs)"
        )
    return [
        _LEFT_OUT if out else _row(draw, conventions[name])
        for name, answer, left_out in zip(names, answers, contradictory, strict=True)
        for draw, out in zip(answer.draws, left_out, strict=True)
    ]


def _merged(shape: Shape, shapes: set[Shape]) -> Shape:
    """Return the shape; of lists keyed by text the shortest one from which lengths rise by 1.

    Equal texts shorten such lists, so that only the longer ones tell what length was asked for.
    """
    while shape.keyed_by_text and shape._replace(longest=shape.longest - 1) in shapes:
        shape = shape._replace(longest=shape.longest - 1)
    return shape


def _convention(draws: list[ObservedDraw]) -> _Convention:
    """Infer the convention of lists from where the tokens drawn stand in them.

    If lists hold all probability there is, nothing is beyond them, whatever the convention. If a
    token drawn is ever missing, lists hold the likeliest alone. Else a list whose last token
    is not the one drawn is as long as was asked for. Where longer ones exist the token drawn is
    appended; where none do, the last place is in doubt, as it is in lists keyed by text, which
    equal texts shorten so that an appended token may not show.
    """
    longest = max((len(draw.tokens) for draw in draws), default=0)
    if draws and all(map(is_whole, draws)):
        return _Convention(longest, longest)
    identified = [draw for draw in draws if draw.chosen is not None]
    if not identified or any(draw.chosen not in draw.tokens for draw in identified):
        return _Convention(longest, longest)

    lengths = [len(draw.tokens) for draw in identified]
    complete = [len(draw.tokens) for draw in identified if draw.tokens[-1] != draw.chosen]
    asked = max(complete, default=min(lengths))
    appended = longest > asked and not any(draw.keyed_by_text for draw in draws)
    return _Convention(asked, asked if appended else asked - 1)


def _row(draw: ObservedDraw, convention: _Convention) -> Row:
    """Return the row of the likeliest tokens that can be told apart."""
    likeliest = convention.likeliest
    listed = list(zip(draw.tokens[:likeliest], draw.logprobs[:likeliest], strict=True))
    kept = [(token, value) for token, value in listed if token is not None and value > PLACEHOLDER]
    shortened = draw.keyed_by_text and len(draw.tokens) < convention.asked  # by equal texts
    if shortened or not kept:
        return Row(np.zeros(1), None, 0.0, [b""])

    tokens = [token for token, _ in kept]
    position = tokens.index(draw.chosen) if draw.chosen in tokens else ABSENT
    return Row(
        logprobs=np.array([value for _, value in kept]),  # (m,)
        chosen=None if draw.chosen is None else position,
        unidentified=float(
            sum(np.exp(min(value, 0.0)) for token, value in listed if token is None)
        ),
        tokens=tokens,
        drawn=draw.chosen,
        own=np.nan if draw.own is None else draw.own,
    )
