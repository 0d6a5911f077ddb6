"""Exercises on letters as levels: entropy, logits, tempering, perplexity, a softmax of your own."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from boltzmann._core.checks import FloatArray
from boltzmann.analytic import entropy, perplexity, probabilities, temper
from boltzmann.exercises._answers import Choice, Numbers
from boltzmann.exercises._exercise import Exercise
from boltzmann.exercises._functions import OnCases
from boltzmann.levels import EnergyLevels

_LETTERS = EnergyLevels.from_probabilities([0.5, 0.25, 0.125, 0.125])

_BITS = Exercise(
    title="The entropy of a letter, in bits",
    level=1,
    question="""
        A model gives the next letter the probabilities 1/2, 1/4, 1/8 and 1/8. What is their entropy
        in bits?
    """,
    kind=Numbers(),
    answer=lambda: entropy(_LETTERS, 1.0) / np.log(2),
    because="So many questions that are answered with yes or no find the letter out, on average.",
    hint="Average the surprise -log p of the letters, each weighed by how often it comes.",
    mistakes=(
        (
            lambda: entropy(_LETTERS, 1.0),
            "That is in nats, a physicist's unit. How many nats are one bit?",
        ),
        (
            lambda: perplexity(_LETTERS, 1.0),
            "That is the perplexity: how many equal letters are as uncertain.",
        ),
        (
            lambda: -entropy(_LETTERS, 1.0) / np.log(2),
            "A logarithm of a probability is negative. Is an entropy?",
        ),
        (lambda: entropy(_LETTERS, 1.0) / np.log(10), "That is to base ten. A bit has two sides."),
        (
            lambda: np.mean(_LETTERS.energies) / np.log(2),
            "You have averaged the surprise of the letters as if rare ones came as often as "
            "frequent ones.",
        ),
        (lambda: np.log2(4), "That would be it if all letters were equally likely."),
    ),
)

_P = np.array([0.6, 0.3, 0.1])

_TEMPER = Exercise(
    title="Probabilities at half the temperature, by hand",
    level=1,
    question="""
        A model gives three words the probabilities 0.6, 0.3 and 0.1. With which probabilities does
        it draw them at temperature 0.5, that is, what is softmax(log p / t)?
    """,
    kind=Numbers((3,), each="word"),
    answer=lambda: temper(_P, 0.5),
    because="exp(log p / t) is p to the power 1/t: at t = 1/2 squares, which are then normalised.",
    hint="What is exp(log p / t) without the logarithm and the exponential? Then normalise.",
    mistakes=(
        (
            lambda: _P,
            "A factor that all words share goes away when you normalise. What is to be divided "
            "by t?",
        ),
        (
            lambda: temper(_P, 2.0),
            "You have made the law flatter, as heat does. To which power of p does dividing log "
            "p by t lead?",
        ),
        (
            lambda: _P**2,
            "The powers are right, but they do not add up to one: they want a partition function.",
        ),
        (
            lambda: probabilities(-_P, 0.5),
            "You have put the probabilities where their logarithms belong: the energy of a word "
            "is -log p.",
        ),
    ),
)

_RECIPES = """
        A   softmax(l / t)
        B   p = softmax(l);  p = p / t;  p / p.sum()
        C   softmax(log_softmax(l) / t)
        D   softmax((l - max(l)) / t)
        E   p = softmax(l);  p = p ** (1 / t);  p / p.sum()
"""

_WHICH_DIFFERS = Exercise(
    title="Five recipes for a temperature, one of which is none",
    level=2,
    question=f"""
        An engine is to draw from the logits l = (5, 3, 0) at t = 0.5. Four of these recipes give
        one law, and one gives another. Which?
        {_RECIPES}""",
    kind=Choice((("A", "B", "C", "D", "E"),)),
    answer=lambda: ("B",),
    because=(
        "What is divided by t has to be an energy, a logarithm of a probability. Of "
        "probabilities themselves the normalisation undoes the division, and t does nothing. "
        "Logits, log p and l - max(l) differ by a constant, which a softmax does not see."
    ),
    mistakes=(
        (lambda: ("A",), "That is the definition: the other recipes are held against it."),
        (
            lambda: ("C",),
            "log p is the logit less one constant for all words. Divided by t it still is one "
            "constant for all.",
        ),
        (
            lambda: ("D",),
            "Energies may be measured from any level. What does a constant that all logits share "
            "do to a softmax?",
        ),
        (lambda: ("E",), "A power of p is exp of a multiple of log p. Which multiple is it?"),
    ),
    data=lambda: {"logits": np.array([5.0, 3.0, 0.0]), "t": 0.5},
)

_WORDS = np.log(np.arange(1.0, 101.0))  # the energies -log p of a law of Zipf


def _temperature(quantity: Callable[..., Any], target: Any) -> float:
    """Return the temperature at which a quantity of the words, such as entropy, has this value."""
    return float(brentq(lambda t: quantity(_WORDS, t) - target, 0.1, 10.0))


_HALF_PERPLEXITY = Exercise(
    title="At which t does the model's perplexity halve?",
    level=2,
    question="""
        A model gives its 100 words the logits -log(1), -log(2), …, -log(100): the k-th word is k
        times rarer than the first. At t = 1 its perplexity is exp(S), S the entropy of a word in
        nats. At which temperature is the perplexity half of that?
    """,
    kind=Numbers(tolerance=0.005),
    answer=lambda: _temperature(perplexity, perplexity(_WORDS, 1.0) / 2),
    because=(
        "The perplexity halves where the entropy has lost one bit, log 2 of its nats, and no "
        "sooner."
    ),
    hint=(
        "Write the perplexity as a function of t and look for the root; it rises with t throughout."
    ),
    mistakes=(
        (
            lambda: 0.5,
            "Half the temperature is not half the perplexity: that is no straight line through "
            "the origin.",
        ),
        (
            lambda: _temperature(entropy, entropy(_WORDS, 1.0) / 2),
            "There the entropy is halved. The perplexity is its exponential, and takes another "
            "loss to halve.",
        ),
        (
            lambda: _temperature(perplexity, 50.0),
            "There it is half of the number of words. How many equal words is the model worth at "
            "t = 1?",
        ),
        (
            lambda: 1 / _temperature(perplexity, perplexity(_WORDS, 1.0) / 2),
            "That is the inverse temperature: a colder model is a surer one.",
        ),
        (
            lambda: _temperature(entropy, entropy(_WORDS, 1.0) - 1.0),
            "There the entropy has lost one nat. What does a perplexity that halves lose, in nats?",
        ),
    ),
    data=lambda: {"logits": -_WORDS},
)


def _cases() -> list[tuple[FloatArray, float]]:
    return [
        (np.array([2.0, 1.0, 0.0]), 1.0),
        (np.array([2.0, 1.0, 0.0]), 0.5),
        (np.array([1000.0, 1001.0]), 1.0),
        (np.array([1.0, 3.0, -np.inf]), 2.0),
        (np.array([-35.2, -36.1, -100.0]), 5e-324),
    ]


def _softmax(x: ArrayLike) -> FloatArray:
    weights = np.exp(x)
    p: FloatArray = weights / weights.sum()
    return p


_OWN_SOFTMAX = Exercise(
    title="A softmax that survives",
    level=2,
    question="""
        Write softmax(logits, t): given a one-dimensional array and a positive number it returns
        exp(logits / t), normalised. It is tried on

            [2, 1, 0] at t = 1 and t = 0.5, [1000, 1001] at t = 1, [1, 3, -inf] at t = 2,
            [-35.2, -36.1, -100] at t = 5e-324,

        and has to come within one part in 10⁹.
    """,
    kind=OnCases(
        signature="softmax(logits, t)",
        returns="an array with a probability for each logit",
        cases=_cases,
        shape_of=lambda logits, t: logits.shape,
        tolerance=1e-9,
    ),
    answer=lambda: lambda logits, t: probabilities(-logits, t),
    because=(
        "Measured from the largest logit, and only then divided by t, no exponent is above zero "
        "and one is zero: nothing overflows that matters, and the sum is never zero."
    ),
    hint="Something comes out wrong.",
    mistakes=(
        (
            lambda: lambda logits, t: _softmax(logits / t - np.max(logits / t)),
            "You shift, but too late: at the smallest t all logits have overflowed before they "
            "are compared.",
        ),
        (
            lambda: lambda logits, t: _softmax(logits / t),
            "Right on paper, but exp of a large number overflows. Which constant may be taken "
            "from all logits?",
        ),
        (lambda: lambda logits, t: _softmax(logits), "Your function does not look at t."),
        (
            lambda: lambda logits, t: _softmax(logits * t),
            "Your law is flatter in the cold: a temperature divides.",
        ),
        (
            lambda: lambda logits, t: _softmax(-logits / t),
            "Your likeliest word is the one with the smallest logit. Logits are not energies: "
            "the sign differs.",
        ),
    ),
    data=lambda: {"cases": _cases()},
)

EXERCISES = {
    "bits": _BITS,
    "temper_by_hand": _TEMPER,
    "which_differs": _WHICH_DIFFERS,
    "half_perplexity": _HALF_PERPLEXITY,
    "own_softmax": _OWN_SOFTMAX,
}
