"""Exercises on the simulation: acceptance, rejected moves, a bug to find, an honest error bar."""

from collections.abc import Callable
from textwrap import indent

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.exercises._answers import Choice, Numbers
from boltzmann.exercises._exercise import Exercise
from boltzmann.exercises._functions import Acceptance, Walk
from boltzmann.levels import EnergyLevels, ladder
from boltzmann.simulation.matrices import transition_matrix

Rule = Callable[[float, float, float, float, float], float]  # of E, E_new, g, g_new, t


def _metropolis(cost: Rule) -> Rule:
    """Return the acceptance min(1, exp(-cost))."""
    return lambda *step: float(min(1.0, np.exp(-cost(*step))))


def _right_cost(E: float, E_new: float, g: float, g_new: float, t: float) -> float:
    return (E_new - E) / t - float(np.log(g_new / g))


_OWN_ACCEPTANCE = Exercise(
    title="An acceptance that keeps detailed balance",
    level=2,
    question="""
        A particle on a level of energy E, which holds g states, is offered a level of energy E_new
        with g_new states. All levels are offered equally often. Write

            accept(E, E_new, g, g_new, t),

        the probability with which it takes the step: above 0, at most 1, and such that the law
        g exp(-E/t) / Z keeps detailed balance. Any such rule is right.
    """,
    kind=Acceptance(
        signature="accept(E, E_new, g, g_new, t)",
        returns="a probability",
        levels=EnergyLevels([0.0, 1.0, 1.0, 2.5], [1, 3, 2, 5]),
        temperatures=(0.5, 2.0),
    ),
    answer=lambda: _metropolis(_right_cost),
    because=(
        "In equilibrium as many particles go from each level to each other as come back, at "
        "every t."
    ),
    hint=(
        "In equilibrium g exp(-E/t) · accept there has to equal g_new exp(-E_new/t) · accept "
        "back, and no acceptance may exceed one. Not so yours."
    ),
    mistakes=(
        (
            lambda: _metropolis(lambda E, E_new, g, g_new, t: (E_new - E) / t),
            "Your steps balance energies, but not how many states are there to go to.",
        ),
        (
            lambda: _metropolis(
                lambda E, E_new, g, g_new, t: -(E_new - E) / t - float(np.log(g_new / g))
            ),
            "Your particles climb gladly and fall reluctantly. Check the sign of the energy.",
        ),
        (
            lambda: _metropolis(
                lambda E, E_new, g, g_new, t: (E_new - E) / t + float(np.log(g_new / g))
            ),
            "A level with more states gets fewer particles from you. Which of the two "
            "degeneracies goes on top?",
        ),
        (
            lambda: _metropolis(
                lambda E, E_new, g, g_new, t: (E_new - E) * t - float(np.log(g_new / g))
            ),
            "Your steps up get rarer as the bath gets hotter.",
        ),
        (
            lambda: lambda *step: float(np.exp(-_right_cost(*step))),
            "The ratio is right, but it can be above one, which no probability is. What does "
            "Metropolis do there?",
        ),
        (
            lambda: (
                lambda E, E_new, g, g_new, t: (
                    1.0
                    if E_new <= E
                    else min(1.0, float(np.exp(-_right_cost(E, E_new, g, g_new, t))))
                )
            ),
            "You take every step down in energy. Is a step from many states to few always "
            "favourable?",
        ),
    ),
)

_NEIGHBOURS = np.eye(4, k=1) + np.eye(4, k=-1)  # (4, 4), 1 where a step up or down leads
_COSTS = np.subtract.outer(
    range(4), range(4)
).T  # (4, 4), energy of the column less that of the row
_ACCEPTANCE = np.exp(-np.maximum(_COSTS, 0.0))  # (4, 4), Metropolis's rule at t = 1


def _metropolis_matrix(proposal: FloatArray) -> FloatArray:
    """Return the transition matrix (4, 4) of a proposal, with rejected moves on its diagonal."""
    moves: FloatArray = proposal * _ACCEPTANCE
    return moves + np.diag(1 - moves.sum(axis=1))


def _redrawn_until_accepted() -> FloatArray:
    """Return the transition matrix (4, 4) of moves that are redrawn until one is accepted."""
    moves = _NEIGHBOURS * _ACCEPTANCE
    matrix: FloatArray = moves / moves.sum(axis=1, keepdims=True)
    return matrix


_AT_THE_WALL = Exercise(
    title="A step of Metropolis, and what to do at the wall",
    level=3,
    question=f"""
        A particle lives on four levels with the energies 0, 1, 2 and 3, in a bath at t = 1. Write
        step(level, generator), which makes one Metropolis step and returns the level after it: it
        offers the level below or the one above, each with probability 1/2, takes a step down always
        and a step up by 1 with probability exp(-1). An offer below 0 or above 3 is refused.
        generator is a numpy.random.Generator: draw from it, as in generator.random().

        It is called {Walk.steps:,} times from each level. A right function is refused once in a
        million; an acceptance that is off by a tenth is noticed.
    """,
    kind=Walk(signature="step(level, generator)", returns="a level, 0 to 3", levels=4),
    answer=lambda: transition_matrix(ladder(4), 1.0, proposal="neighbour"),
    because=(
        "What is refused counts: the particle stays, and its stay is a step. So the law comes out."
    ),
    hint=(
        "Your steps have other odds. From each level, count on paper how often they go down, up, "
        "or nowhere."
    ),
    mistakes=(
        (
            lambda: _metropolis_matrix(_NEIGHBOURS / _NEIGHBOURS.sum(axis=1, keepdims=True)),
            "At the wall you always offer the only neighbour. Then the offers there and back are "
            "uneven, and the end levels get too few particles. What is outside the wall is "
            "offered too.",
        ),
        (
            _redrawn_until_accepted,
            "You draw again until an offer is accepted. A refusal is a step as well: the "
            "particle stays.",
        ),
        (
            lambda: _metropolis_matrix((_NEIGHBOURS + np.eye(4, k=3) + np.eye(4, k=-3)) / 2),
            "Your particle leaves at one end and comes back at the other. The levels are no ring.",
        ),
        (
            lambda: transition_matrix(ladder(4), -1.0, proposal="neighbour"),
            "Your particle climbs freely and pays for falling. Check the sign in the exponent.",
        ),
        (
            lambda: transition_matrix(ladder(4), np.inf, proposal="neighbour"),
            "You take every offer inside the walls, at any cost: your bath has no temperature.",
        ),
        (
            lambda: transition_matrix(ladder(4), 0.0, proposal="neighbour"),
            "Your particle never climbs: your bath is at t = 0.",
        ),
        (
            lambda: transition_matrix(ladder(4), 1.0),
            "You offer all levels alike. Here only the neighbours of the present one are to be "
            "offered.",
        ),
    ),
)

_SOURCES = {
    "A": """
new = generator.integers(3)
if generator.random() < g[new] / g[old] * exp((E[old] - E[new]) / t):
    old = new
""",
    "B": """
new = generator.integers(3)
cost = (E[new] - t * log(g[new])) - (E[old] - t * log(g[old]))
if cost <= 0 or generator.random() < exp(-cost / t):
    old = new
""",
    "C": """
new = generator.integers(3)
if E[new] <= E[old] or generator.random() < exp((E[old] - E[new]) / t):
    old = new
""",
    "D": """
new = generator.choice(3, p=g / g.sum())
if E[new] <= E[old] or generator.random() < exp((E[old] - E[new]) / t):
    old = new
""",
}
_LISTING = indent(
    "\n".join(name + indent(source, "    ") for name, source in _SOURCES.items()), "        "
)

_FORGOTTEN = Exercise(
    title="Find the bug: one of these forgets the degeneracy",
    level=3,
    question=f"""
        Four Metropolis steps for a system with the energies E = (0, 2, 6) and the degeneracies
        g = (1, 3, 5), NumPy arrays. Three of them obey the law g exp(-E/t) / Z.

{_LISTING}
        Which does not, and how often does its law count the degeneracies?
    """,
    kind=Choice((("A", "B", "C", "D"), ("never", "twice"))),
    answer=lambda: ("C", "never"),
    because=(
        "It offers levels alike and weighs them by energy alone: its law is exp(-E/t), as if all "
        "g were 1."
    ),
    mistakes=(
        (
            lambda: ("A", None),
            "A ratio above 1 is always above a random number: this min(1, ratio) is merely not "
            "written out.",
        ),
        (
            lambda: ("B", None),
            "Its cost is a difference of free energies E - t log g. What is exp of the logarithm?",
        ),
        (
            lambda: ("D", None),
            "No degeneracy in the acceptance, true. But look at how its levels are offered: as "
            "states are.",
        ),
        (
            lambda: ("C", "twice"),
            "That is the one. But where in it would the degeneracies come in even once?",
        ),
    ),
    data=lambda: {
        "E": np.array([0.0, 2.0, 6.0]),
        "g": np.array([1.0, 3.0, 5.0]),
        "sources": dict(_SOURCES),
    },
)

_RECORDED_STEPS = 10_000
_DEVIATION = 0.5
_CORRELATION = 0.9  # of one step with the next


def _error(tau: float) -> float:
    """Return the standard error of the mean, given the autocorrelation time."""
    return float(_DEVIATION * np.sqrt(tau / _RECORDED_STEPS))


def _tau() -> float:
    """Return the integrated autocorrelation time: the correlation summed over all lags, ± and 0."""
    return 1 + 2 * sum(_CORRELATION**lag for lag in range(1, 1000))


_ERROR_BAR = Exercise(
    title="The error bar of a series that remembers",
    level=2,
    question="""
        A simulation recorded the energy of one particle at 10,000 steps. Their standard deviation
        is 0.5, and two of them s steps apart have the correlation 0.9 to the power s. What is the
        standard error of their mean?
    """,
    kind=Numbers(tolerance=0.005),
    answer=lambda: _error(_tau()),
    because=(
        "The steps tell as much as n/τ independent ones, where τ adds up the correlation over "
        "all lags, ±s."
    ),
    hint=(
        "By which factor τ does memory raise the variance of the mean above that of independent "
        "steps?"
    ),
    mistakes=(
        (
            lambda: _error(1.0),
            "That would be so if each step forgot the one before it. These remember.",
        ),
        (
            lambda: _error(1 / (1 - _CORRELATION)),
            "You have added up the correlation of later steps only. Every step has earlier ones "
            "as well.",
        ),
        (
            lambda: _error(2 / (1 - _CORRELATION)),
            "Your sum goes both ways, and counts the step itself, at lag zero, twice.",
        ),
        (
            lambda: _error(2 * _CORRELATION / (1 - _CORRELATION)),
            "Your sum goes both ways, and leaves out the step itself, at lag zero.",
        ),
        (
            lambda: _error(_tau() ** 2),
            "Memory lengthens the variance by its factor. What you have lengthened so is the "
            "error bar.",
        ),
        (lambda: _error(_tau()) ** 2, "That is the variance of the mean."),
        (
            lambda: _DEVIATION,
            "That is how far one step lies from the mean, and not how far the mean of many lies "
            "from the truth.",
        ),
    ),
)

EXERCISES = {
    "own_acceptance": _OWN_ACCEPTANCE,
    "at_the_wall": _AT_THE_WALL,
    "forgotten_degeneracy": _FORGOTTEN,
    "error_bar": _ERROR_BAR,
}
