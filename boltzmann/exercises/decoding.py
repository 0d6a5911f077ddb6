"""Exercises on decoding: order of temperature and truncation; temperature of letters and texts."""

import numpy as np

from boltzmann.analytic import temper
from boltzmann.exercises._answers import Numbers
from boltzmann.exercises._exercise import Exercise
from boltzmann.language import Chain, Temperature, TopP

_P = np.array([0.5, 0.25, 0.15, 0.07, 0.03])
_HOT = Temperature(2.0)
_COLD = Temperature(0.5)
_TOP_P = TopP(0.88)


def _kept(*steps: Temperature | TopP) -> int:
    """Return how many tokens are left after these steps."""
    return int(np.isfinite(Chain(steps)(np.log(_P))).sum())


def _largest_below() -> list[int]:
    """Return, for both orders, how many tokens stay strictly below top-p in total."""
    return [int((np.cumsum(p) < _TOP_P.top_p).sum()) for p in (temper(_P, _HOT.temperature), _P)]


_ORDER = Exercise(
    title="Temperature and top-p: the order is part of the answer",
    level=2,
    question="""
        A model gives five tokens the probabilities 0.5, 0.25, 0.15, 0.07 and 0.03. They are drawn
        at temperature 2 with a top-p of 0.88: of the likeliest tokens, the fewest that together
        have at least this probability. How many are left if the temperature comes first, as in
        transformers, and how many if it comes last, as in llama.cpp?
    """,
    kind=Numbers((2,), tolerance=0.5, each="order"),
    answer=lambda: [_kept(_HOT, _TOP_P), _kept(_TOP_P, _HOT)],
    because=(
        "Heat moves probability to rare tokens: it takes more of them to make up the same share."
    ),
    hint=(
        "Temper the probabilities first and add them up from the top; then do the same with "
        "those of the model."
    ),
    mistakes=(
        (
            lambda: [_kept(_TOP_P, _HOT), _kept(_HOT, _TOP_P)],
            "These are the two, the other way round.",
        ),
        (
            lambda: [_kept(_TOP_P, _HOT)] * 2,
            "In both you add up the model's own probabilities. What does top-p see if it comes "
            "after the heat?",
        ),
        (
            lambda: [_kept(_HOT, _TOP_P)] * 2,
            "In both you add up tempered probabilities. What does top-p see if it comes before "
            "the heat?",
        ),
        (
            _largest_below,
            "The token that takes the sum across the threshold is kept too: at least so much, "
            "not at most.",
        ),
        (
            lambda: [_kept(_COLD, _TOP_P), _kept(_TOP_P, _HOT)],
            "You have cooled the tokens: t = 2 takes the square root of p, and does not square it.",
        ),
    ),
    data=lambda: {"p": _P.copy()},
)

_FIRST = np.array([0.4, 0.6])  # a, b
_TEXTS = np.array([0.4, 0.3, 0.3])  # ab, ba, bb
_BY_LETTERS, _AS_TEXTS = (float(temper(p, 0.5)[0]) for p in (_FIRST, _TEXTS))

_TOKEN_OR_TEXT = Exercise(
    title="The temperature of letters is not that of texts",
    level=3,
    question="""
        A model writes texts of two letters. It begins with a (0.4) or b (0.6). After a comes b,
        always; after b comes a or b, equally often. How probable is the text "ab" at t = 0.5,
        first, if each letter is drawn at t, and secondly, if the text as a whole is drawn at t,
        that is, with probability p(text)^(1/t) / Z?
    """,
    kind=Numbers((2,), each="way of drawing"),
    answer=lambda: [_BY_LETTERS, _AS_TEXTS],
    because=(
        "A cold letter takes the likelier beginning and does not look ahead. A cold text weighs "
        "that what comes after b is divided between two. Engines do the first."
    ),
    hint=(
        "There are three texts. For letters multiply tempered conditionals; for texts temper the "
        "products."
    ),
    mistakes=(
        (
            lambda: [_BY_LETTERS] * 2,
            "The two are not the same: the Z of a letter's law depends on the letters before it.",
        ),
        (
            lambda: [_AS_TEXTS] * 2,
            "A sampler cannot see the whole text when it draws the first letter. Temper each "
            "letter by itself.",
        ),
        (lambda: [_AS_TEXTS, _BY_LETTERS], "These are the two, the other way round."),
        (
            lambda: [float(_FIRST[0]), float(_FIRST[0])],
            "That is its probability at t = 1, where letters and texts agree.",
        ),
        (
            lambda: [float(_FIRST[0] ** 2), float(_FIRST[0] ** 2)],
            "Powers without a sum over what else there could be are weights, not probabilities.",
        ),
    ),
)

EXERCISES = {
    "truncation_order": _ORDER,
    "token_or_text": _TOKEN_OR_TEXT,
}
