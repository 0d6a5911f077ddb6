"""Exercises on the thermometer: one of your own, how many draws it needs, and what it finds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.analytic import heat_capacity, mean_energy
from boltzmann.exercises._answers import Choice, Numbers
from boltzmann.exercises._exercise import Exercise
from boltzmann.exercises._functions import OnCases
from boltzmann.language import draw
from boltzmann.thermometer import diagnose, read

IntArray = NDArray[np.int64]
_ZIPF = -np.log(np.arange(1.0, 31.0))


def _drawn(temperature: float, draws: int, seed: int) -> tuple[FloatArray, IntArray]:
    return _ZIPF.copy(), draw(_ZIPF, temperature, size=draws, seed=seed)


def _cases() -> list[tuple[FloatArray, IntArray]]:
    return [_drawn(0.5, 4000, 1), _drawn(1.2, 4000, 2), _drawn(2.5, 4000, 3)]


def _mean_energy(logits: FloatArray, tokens: IntArray) -> float:
    """Return the mean energy of the tokens above the ground level, the likeliest token's."""
    return float(np.mean(logits.max() - logits[tokens]))


def _maximum_likelihood(logits: FloatArray, tokens: IntArray) -> float:
    return read(logits, tokens).temperature


def _two_commonest(logits: FloatArray, tokens: IntArray) -> float:
    first, second = np.argsort(logits)[::-1][:2]
    ratio = np.log(np.sum(tokens == first) / np.sum(tokens == second))
    return float((logits[first] - logits[second]) / ratio)


def _proportional(logits: FloatArray, tokens: IntArray) -> float:
    """Return t as if the mean energy of the tokens grew in proportion to it."""
    return _mean_energy(logits, tokens) / float(mean_energy(logits.max() - logits, 1.0))


_OWN_THERMOMETER = Exercise(
    title="A thermometer of your own",
    level=3,
    question="""
        A sampler drew tokens from softmax(logits / t). Write thermometer(logits, tokens), which
        returns the t at which these draws are likeliest. logits is an array of 30 numbers, in nats,
        and tokens one of 4000 indices into it, drawn independently. It is tried on three samples,
        each at another temperature, and has to come within 2 %.
    """,
    kind=OnCases(
        signature="thermometer(logits, tokens)",
        returns="one number",
        cases=_cases,
        shape_of=lambda logits, tokens: (),
        tolerance=0.02,
    ),
    answer=lambda: _maximum_likelihood,
    because=(
        "The likelihood peaks where the law's mean energy is that of the draws: a thermometer "
        "reads energy."
    ),
    hint=(
        "Which mean energy has the law at t, and which the draws? Look for the t at which they "
        "meet."
    ),
    mistakes=(
        (
            lambda: lambda logits, tokens: 1 / _maximum_likelihood(logits, tokens),
            "You return the inverse temperature, by which logits are multiplied.",
        ),
        (
            lambda: lambda logits, tokens: -_maximum_likelihood(logits, tokens),
            "Your sign is wrong: the energy of a token is minus its logit.",
        ),
        (
            lambda: _mean_energy,
            "You return a mean energy. It rises with the temperature, but is not equal to it.",
        ),
        (
            lambda: _two_commonest,
            "Two tokens tell the temperature, but all tell it better: yours throws most of the "
            "draws away.",
        ),
        (
            lambda: _proportional,
            "Your temperature grows in proportion to the energy, as in an ideal gas. A law on 30 "
            "levels is none.",
        ),
    ),
    data=lambda: {"cases": _cases()},
)

_T = 0.7
_OTHER = 0.75
_SIGMAS = 3.0


def _draws(heat_capacity: float, sigmas: float = _SIGMAS, t: float = _T) -> float:
    """Return the n at which `sigmas` standard errors t/√(nC) are the difference."""
    return float((sigmas * t / (_OTHER - _T)) ** 2 / heat_capacity)


_HOW_MANY = Exercise(
    title="How many draws tell 0.7 from 0.75?",
    level=2,
    question="""
        A model gives its 30 words the logits -log(1), -log(2), …, -log(30). From n draws at t the
        temperature can be read with the standard error t/√(nC), where C is the heat capacity of a
        word at t. How many draws are needed at t = 0.7 until 0.75 lies three standard errors away?
    """,
    kind=Numbers(tolerance=0.02),
    answer=lambda: _draws(float(heat_capacity(-_ZIPF, _T))),
    because=(
        "A law that holds more heat is a better thermometer; half the error takes four times the "
        "draws."
    ),
    hint=(
        "Compute C at t = 0.7, the variance of the energy over t²; set 3 t/√(nC) to the "
        "difference, solve for n."
    ),
    mistakes=(
        (
            lambda: _draws(float(heat_capacity(-_ZIPF, _T)), sigmas=1.0),
            "So many make it one standard error, which chance makes as well, one time in three.",
        ),
        (
            lambda: _draws(1.0),
            "Your draws know nothing of the model. How much does its mean energy change with t?",
        ),
        (
            lambda: _draws(float(heat_capacity(-_ZIPF, 1.0))),
            "That is C of the model as it is. The draws come from the tempered law, and so must C.",
        ),
        (
            lambda: _draws(float(heat_capacity(-_ZIPF, _T)), t=1.0),
            "A factor t² is missing: C is the variance of the energy over t², and the error is a "
            "part of t.",
        ),
        (
            lambda: np.sqrt(_draws(float(heat_capacity(-_ZIPF, _T)))),
            "Errors fall with the root of the number of draws: solve for n, not for its root.",
        ),
    ),
    data=lambda: {"logits": _ZIPF.copy()},
)

_SERVERS: dict[str, dict[str, Any]] = {
    "A": {"draws": 500, "seed": 2},
    "B": {"draws": 3, "seed": 19},
    "C": {"draws": 500, "seed": 1},
    "D": {"draws": 500, "seed": 3, "top_p": 0.9},
}
_LOGITS = (2.0 * np.random.default_rng(7).standard_normal((6, 30))).round(2)


def _served() -> dict[str, Any]:
    """Return the logits, and for each server a pair (row of every draw, token drawn), (n,) each."""
    served: dict[str, Any] = {"logits": _LOGITS.copy()}
    for name, options in _SERVERS.items():
        generator = np.random.default_rng(options["seed"])
        tokens = [
            draw(row, _T, options["draws"], generator, top_p=options.get("top_p"))
            for row in served["logits"]
        ]
        served[name] = (np.repeat(np.arange(len(tokens)), options["draws"]), np.concatenate(tokens))
    return served


def _liar() -> tuple[str, str]:
    """Return the server whose draws refute its claim, and the fault that the thermometer finds."""
    served = _served()
    faults = {
        name: diagnose(read(served["logits"], served[name][1], rows=served[name][0]), _T).fault
        for name in _SERVERS
    }
    ((name, fault),) = [(name, fault) for name, fault in faults.items() if fault]
    return name, {"hidden_top_p": "cuts off rare tokens"}[fault]


_WHICH_LIES = Exercise(
    title="Which server lies, and how?",
    level=3,
    question="""
        Four servers say that they draw from softmax(logits / t) at t = 0.7, and do nothing else.
        One of them lies. In the data, logits is an array of six contexts of 30 tokens each, and
        each server's name leads to a pair (rows, tokens): the context of every draw, and the token
        that came out. Which server is it, and what does it do? boltzmann.thermometer.read(logits,
        tokens, rows=rows) reads a temperature.
    """,
    kind=Choice(
        (("A", "B", "C", "D"), ("too hot", "too cold", "cuts off rare tokens", "repeats itself"))
    ),
    answer=_liar,
    because=(
        "Its temperature falls as more of the rare tokens are read, and among the likeliest "
        "alone is the one that it claims. diagnose names it: a top-p that nobody asked for."
    ),
    mistakes=(
        (
            lambda: ("B", None),
            "Its reading is far off. But how many draws has it, and so how long an error bar?",
        ),
        (
            lambda: ("D", "too cold"),
            "That is what one number tells. But is it as cold among its two or five likeliest "
            "tokens?",
        ),
        (
            lambda: ("D", "too hot"),
            "Its reading is off, but to which side of what it claims?",
        ),
        (
            lambda: ("D", "repeats itself"),
            "Draws that repeat one another lengthen the error bar and leave the reading where it "
            "is. Not here.",
        ),
        (
            lambda: ("A", None),
            "Its reading lies within its error bar of what it claims, and by_top says the same "
            "at each depth.",
        ),
        (
            lambda: ("C", None),
            "Its reading is what it claims, to within the error bar: no reason to call this a lie.",
        ),
    ),
    data=_served,
)

EXERCISES = {
    "own_thermometer": _OWN_THERMOMETER,
    "how_many_draws": _HOW_MANY,
    "which_server_lies": _WHICH_LIES,
}
