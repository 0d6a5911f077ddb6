"""Exercises on the law: partition function, occupancies, limits, negative t, heat capacity."""

import numpy as np
from scipy.optimize import minimize_scalar

from boltzmann.analytic import heat_capacity, log_partition, probabilities
from boltzmann.exercises._answers import Numbers
from boltzmann.exercises._exercise import Exercise
from boltzmann.levels import rigid_rotor, two_level

_THREE = np.array([0.0, 1.0, 3.0])

_THREE_LEVELS = Exercise(
    title="The partition function of three levels",
    level=1,
    question="""
        A molecule has three states, with energies 0, 1 and 3. What is its partition function Z at t
        = 2?
    """,
    kind=Numbers(),
    answer=lambda: np.exp(log_partition(_THREE, 2.0)),
    because=(
        "Z adds up exp(-E/t) over the states, and tells about how many of them are within reach "
        "at t."
    ),
    hint="Write down one Boltzmann factor exp(-E/t) for each state and add them up.",
    mistakes=(
        (
            lambda: np.exp(log_partition(_THREE, -2.0)),
            "Your states become likelier the higher they are. Which sign has the exponent?",
        ),
        (
            lambda: np.exp(log_partition(_THREE, 0.5)),
            "In your sum heat makes high states rarer. Is the energy multiplied by the "
            "temperature, or divided?",
        ),
        (
            lambda: np.exp(log_partition(_THREE[1:], 2.0)),
            "One state is missing. An energy of zero is no reason for a state to have no weight.",
        ),
        (
            lambda: log_partition(_THREE, 2.0),
            "That is the logarithm of Z, which the free energy needs.",
        ),
        (
            lambda: np.exp(log_partition(_THREE, 1.0)),
            "Your sum does not know the temperature of the bath.",
        ),
    ),
)

_ROTOR = rigid_rotor(3)
_WEIGHTS = np.exp(-_ROTOR.energies / 2.0)

_DEGENERACIES = Exercise(
    title="Occupancies of a rotor, whose levels hold several states",
    level=1,
    question="""
        A linear molecule has rotational levels at the energies 0, 2 and 6, which hold 1, 3 and 5
        states. There are no others. Which share of the molecules is on each level at t = 2?
    """,
    kind=Numbers((3,), each="level"),
    answer=lambda: probabilities(_ROTOR, 2.0),
    because="A level's weight is the number of its states times the Boltzmann factor of each.",
    hint=(
        "Weigh each level by its number of states times exp(-E/t), then divide by the sum of the "
        "weights."
    ),
    mistakes=(
        (
            lambda: probabilities(_ROTOR.energies, 2.0),
            "You have filled each level as if it held a single state. Boltzmann's factor belongs "
            "to a state.",
        ),
        (
            lambda: probabilities(_ROTOR, 2.0) / _ROTOR.degeneracies,
            "These are the shares of one state of each level. Do they add up to one molecule?",
        ),
        (
            lambda: _ROTOR.degeneracies * _WEIGHTS,
            "These are weights, and not yet shares: they do not add up to one.",
        ),
        (
            lambda: _ROTOR.degeneracies * _WEIGHTS / _WEIGHTS.sum(),
            "The degeneracies are in the weights, but not in the partition function that you "
            "divide by.",
        ),
    ),
)

_LIMITS = np.array([1.0, 1.0, 4.0, np.inf])
_FIRST_TAKES_ALL = np.eye(4)[0]
_ALL_ALIKE = np.full(4, 0.25)

_COLD_AND_HOT = Exercise(
    title="The coldest and the hottest: a tie, and a level that is forbidden",
    level=1,
    question="""
        Four levels have the energies 1, 1, 4 and +∞, one state each. Give the law in the limit t →
        0 from above as the first row of an array, and in the limit t → ∞ as the second.
    """,
    kind=Numbers((2, 4), each="level at each limit"),
    answer=lambda: probabilities(_LIMITS, [0.0, np.inf]),
    because=(
        "Cold, only energy counts, and equals share. Hot, energies that are finite make no "
        "difference."
    ),
    hint="Take exp(-E/t) relative to the lowest level and ask what each ratio tends to.",
    mistakes=(
        (
            lambda: np.stack((_FIRST_TAKES_ALL, probabilities(_LIMITS, np.inf))),
            "Your cold row takes the first of two equals, as a greedy sampler does. The law has "
            "no favourites.",
        ),
        (
            lambda: np.stack((probabilities(_LIMITS, 0.0), _ALL_ALIKE)),
            "At every t, however large, what is exp(-E/t) of the level at infinity? A limit "
            "keeps it.",
        ),
        (
            lambda: np.stack((_FIRST_TAKES_ALL, _ALL_ALIKE)),
            "Two things: equals stay equals in the cold, and what is forbidden stays forbidden "
            "in the heat.",
        ),
        (
            lambda: probabilities(_LIMITS, [np.inf, 0.0]),
            "Right, but the other way round: cold first.",
        ),
        (
            lambda: probabilities(_LIMITS, [-0.01, np.inf]),
            "Your cold molecules are on the highest level. That is t → 0 from below.",
        ),
    ),
)

_GAP = 2.0
_UPPER = 0.75

_INVERSION = Exercise(
    title="What temperature has an inverted population?",
    level=2,
    question="""
        Of molecules with two states, at the energies 0 and 2, three quarters are in the upper one.
        Of which temperature is this the law?
    """,
    kind=Numbers(),
    answer=lambda: -_GAP / np.log(_UPPER / (1 - _UPPER)),
    because=(
        "Where more molecules are above than below, t is negative. It is hotter than any "
        "positive temperature: energy flows from it into every ordinary bath."
    ),
    hint="The ratio of the two occupancies is exp(-gap/t). Solve for t, and keep its sign.",
    mistakes=(
        (
            lambda: _GAP / np.log(_UPPER / (1 - _UPPER)),
            "At this temperature the lower state would be the fuller one. May a temperature not "
            "have a sign?",
        ),
        (lambda: -np.log(_UPPER / (1 - _UPPER)) / _GAP, "That is the inverse temperature, 1/t."),
        (
            lambda: -1 / np.log(_UPPER / (1 - _UPPER)),
            "You have taken the gap to be one unit of energy. A temperature has the unit of the "
            "energies.",
        ),
        (
            lambda: -_GAP / np.log10(_UPPER / (1 - _UPPER)),
            "Boltzmann's factor wants the natural logarithm.",
        ),
        (
            lambda: -_GAP / np.log(_UPPER),
            "A share of all molecules is not a ratio of two: the partition function is still in "
            "yours.",
        ),
    ),
)

_SCHOTTKY_GAP = 3.0


def _peak() -> float:
    """Return the temperature at which the heat capacity is largest."""
    levels = two_level(_SCHOTTKY_GAP)
    found = minimize_scalar(
        lambda t: -heat_capacity(levels, t), bounds=(0.1, 10.0), method="bounded"
    )
    return float(found.x)


_SCHOTTKY = Exercise(
    title="Where two levels take up heat best",
    level=2,
    question="""
        Two states lie at the energies 0 and 3. At which temperature is the heat capacity C = dU/dt
        largest? (A computer may look for it.)
    """,
    kind=Numbers(tolerance=0.01),
    answer=_peak,
    because=(
        "The peak of Schottky lies a little above two fifths of the gap: hot enough to climb, "
        "not yet level."
    ),
    hint="U(t) = 3/(exp(3/t) + 1). Look for the temperature at which it rises most steeply.",
    mistakes=(
        (
            lambda: _SCHOTTKY_GAP,
            "At a temperature of the whole gap most of the heat is taken up already: look at "
            "colder ones.",
        ),
        (
            lambda: heat_capacity(two_level(_SCHOTTKY_GAP), _peak()),
            "That is how high the peak is. Where is it?",
        ),
        (
            lambda: _peak() / _SCHOTTKY_GAP,
            "That is right for a gap of one. Temperatures scale with the gap.",
        ),
        (
            lambda: _SCHOTTKY_GAP / _peak(),
            "That is the gap in units of t at the peak. What is t itself?",
        ),
        (lambda: 1 / _peak(), "That is the inverse temperature of the peak."),
    ),
)

EXERCISES = {
    "three_levels": _THREE_LEVELS,
    "degeneracies": _DEGENERACIES,
    "cold_and_hot": _COLD_AND_HOT,
    "inversion": _INVERSION,
    "schottky": _SCHOTTKY,
}
