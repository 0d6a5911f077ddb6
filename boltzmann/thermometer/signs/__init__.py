"""Signs: tests that a law has to pass, each with its distribution where the law is true."""

from collections.abc import Callable

from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.signs.copies import equal_answers
from boltzmann.thermometer.signs.cutoffs import (
    cutoff_by_entropy,
    cutoff_by_likeliest,
    cutoff_by_place,
    cutoff_by_row,
    thinning_before_cutoff,
)
from boltzmann.thermometer.signs.outside import outside_lists
from boltzmann.thermometer.signs.reported import too_unlikely
from boltzmann.thermometer.signs.score import Sign
from boltzmann.thermometer.signs.temperature import (
    among_likeliest,
    by_entropy,
    slope_with_entropy,
    uniform_transforms,
)
from boltzmann.thermometer.signs.tokens import (
    drawn_before,
    first_by_number,
    likeliest_alone,
    likeliest_of_two,
    single_tokens,
)

OF_ANY_LAW: tuple[Callable[[Hypothesis], Sign], ...] = (
    drawn_before,
    likeliest_of_two,
    likeliest_alone,
    by_entropy,
    slope_with_entropy,
    among_likeliest,
    uniform_transforms,
    outside_lists,
    too_unlikely,
    equal_answers,
    single_tokens,
    first_by_number,
)
"""What is tested of every law."""

OF_A_CUTOFF: tuple[Callable[[Hypothesis], Sign], ...] = (
    thinning_before_cutoff,
    cutoff_by_entropy,
    cutoff_by_likeliest,
    cutoff_by_place,
    cutoff_by_row,
)
"""What is tested of a law that truncates, besides."""

OF_DEPENDENCE = 4  # see `signs.dependence`
TESTS = len(OF_ANY_LAW) + len(OF_A_CUTOFF) + OF_DEPENDENCE
"""How many tests there are in all."""


def signs_against(hypothesis: Hypothesis, significance: float, effect: float = 1.0) -> list[Sign]:
    """Return the signs, but those of dependence, that are significant against a law.

    Draws of a design effect tell so many times less: a bound e⁻ˣ becomes exp(-x/effect).
    """
    tests = OF_ANY_LAW + (OF_A_CUTOFF if hypothesis.law.truncated else ())
    found = [test(hypothesis) for test in tests]
    return [sign for sign in found if sign.p_value ** (1 / effect) < significance]
