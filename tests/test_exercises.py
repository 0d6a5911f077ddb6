"""Right answers pass, typical wrong ones get their own hint, and no answer raises an exception.

Answers are worked out here by hand, apart from what the exercises compute.
"""

import math
import re
from functools import cache
from itertools import product
from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import ncx2

import boltzmann as bz
from boltzmann.exercises import _EXERCISES, check, data, names, overview, question
from boltzmann.exercises._answers import Choice, Numbers
from boltzmann.exercises._functions import FALSE_ALARM, OwnFunction
from boltzmann.exercises._reading import typed_numbers


def law(energies, t, degeneracies=None):
    weights = np.exp(-np.asarray(energies) / t) * (
        1 if degeneracies is None else np.asarray(degeneracies)
    )
    return weights / weights.sum()


def zipf(words, t):
    """Return perplexity, entropy and heat capacity of words of energy log k, by explicit sums."""
    weights = [k ** (-1 / t) for k in range(1, words + 1)]
    p = [w / sum(weights) for w in weights]
    mean = sum(q * log(k) for k, q in enumerate(p, 1))
    entropy = -sum(q * log(q) for q in p)
    return exp(entropy), entropy, sum(q * (log(k) - mean) ** 2 for k, q in enumerate(p, 1)) / t**2


def zipf_t(which, target, words=100):
    return brentq(lambda t: zipf(words, t)[which] - target, 0.1, 5.0)


def shifted(logits, t):
    weights = [exp((logit - max(logits)) / t) for logit in logits]
    return [w / sum(weights) for w in weights]


def naive(logits, t):
    return np.exp(logits / t) / np.exp(logits / t).sum()


def shifted_late(logits, t):
    x = logits / t
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def metropolis(E, E_new, g, g_new, t):
    return min(1, g_new / g * exp(-(E_new - E) / t))


def glauber(E, E_new, g, g_new, t):
    return g_new / (g_new + g * exp((E_new - E) / t))


def step(level, generator, t=1.0):
    new = level + (1 if generator.random() < 0.5 else -1)
    if 0 <= new <= 3 and generator.random() < exp(-(new - level) / t):
        return new
    return level


def redrawing(level, generator):
    new = {0: 1, 3: 2}.get(level, level + (1 if generator.random() < 0.5 else -1))
    return new if generator.random() < exp(level - new) else level


def insisting(level, generator):
    new = level
    while new == level:
        new = step(level, generator)
    return new


def ring(level, generator):
    new = (level + (1 if generator.random() < 0.5 else -1)) % 4
    return new if generator.random() < exp(level - new) else level


def climbing(level, generator):
    return 3 - step(3 - level, generator)


def boiling(level, generator):
    return min(max(level + (1 if generator.random() < 0.5 else -1), 0), 3)


def freezing(level, generator):
    return max(level - (generator.random() < 0.5), 0)


def anywhere(level, generator):
    new = int(4 * generator.random())
    return new if generator.random() < exp(level - new) else level


def meeting(logits, tokens):
    """Return t at which the mean logits meet."""
    return brentq(lambda t: naive(logits, t) @ logits - logits[tokens].mean(), 0.05, 20)


PEAK = brentq(
    lambda x: x / 2 * math.tanh(x / 2) - 1, 1, 4
)  # gap/t where d/dx of x² eˣ/(eˣ + 1)² is 0
HALF = zipf_t(0, zipf(100, 1.0)[0] / 2)
NEEDED = (3 * 0.7 / 0.05) ** 2 / zipf(30, 0.7)[2]
THIRDS = [1 / 3, 1 / 3, 1 / 3, 0]

RIGHT = {
    "three_levels": 1 + exp(-0.5) + exp(-1.5),
    "degeneracies": law([0, 2, 6], 2, [1, 3, 5]),
    "cold_and_hot": [[0.5, 0.5, 0, 0], THIRDS],
    "inversion": -2 / log(3),
    "schottky": 3 / PEAK,
    "bits": 0.5 * 1 + 0.25 * 2 + 2 * 0.125 * 3,
    "temper_by_hand": [36 / 46, 9 / 46, 1 / 46],
    "which_differs": "b",
    "half_perplexity": HALF,
    "own_softmax": shifted,
    "own_acceptance": metropolis,
    "at_the_wall": step,
    "forgotten_degeneracy": ("C", "never"),
    "error_bar": 0.5 * sqrt(19 / 10_000),
    "truncation_order": (4, 3),
    "token_or_text": (0.16 / (0.16 + 0.36), 0.16 / (0.16 + 0.09 + 0.09)),
    "own_thermometer": meeting,
    "how_many_draws": NEEDED,
    "which_server_lies": ["D", "Cuts off rare tokens "],
}

WRONG = [
    ("three_levels", 1 + exp(0.5) + exp(1.5), "sign has the exponent"),
    ("three_levels", 1 + exp(-2) + exp(-6), "multiplied by the temperature"),
    ("three_levels", exp(-0.5) + exp(-1.5), "One state is missing"),
    ("three_levels", log(1 + exp(-0.5) + exp(-1.5)), "logarithm of Z"),
    ("three_levels", 1 + exp(-1) + exp(-3), "temperature of the bath"),
    ("three_levels", 17, "Boltzmann factor"),
    ("degeneracies", law([0, 2, 6], 2), "a single state"),
    ("degeneracies", law([0, 2, 6], 2, [1, 3, 5]) / [1, 3, 5], "one state of each level"),
    ("degeneracies", [1, 3 * exp(-1), 5 * exp(-3)], "not yet shares"),
    ("degeneracies", law([0, 2, 6], 2) * [1, 3, 5], "that you divide by"),
    ("degeneracies", [0.2, 0.3, 0.5], "Weigh each level"),
    ("cold_and_hot", [[1, 0, 0, 0], THIRDS], "first of two equals"),
    ("cold_and_hot", [[0.5, 0.5, 0, 0], [0.25] * 4], "level at infinity"),
    ("cold_and_hot", [[1, 0, 0, 0], [0.25] * 4], "Two things"),
    ("cold_and_hot", [THIRDS, [0.5, 0.5, 0, 0]], "cold first"),
    ("cold_and_hot", [[0, 0, 1, 0], THIRDS], "from below"),
    ("cold_and_hot", np.zeros((2, 4)), "tends to"),
    ("inversion", 2 / log(3), "have a sign"),
    ("inversion", -log(3) / 2, "inverse temperature"),
    ("inversion", -1 / log(3), "one unit of energy"),
    ("inversion", -2 / math.log10(3), "natural logarithm"),
    ("inversion", -2 / log(0.75), "partition function is still"),
    ("inversion", 1, "Solve for t"),
    ("schottky", 3, "the whole gap"),
    ("schottky", PEAK**2 * exp(PEAK) / (exp(PEAK) + 1) ** 2, "how high"),
    ("schottky", 1 / PEAK, "gap of one"),
    ("schottky", PEAK, "units of t"),
    ("schottky", PEAK / 3, "inverse temperature"),
    ("schottky", 2, "most steeply"),
    ("bits", 1.75 * log(2), "in nats"),
    ("bits", 2**1.75, "perplexity"),
    ("bits", -1.75, "is negative"),
    ("bits", 1.75 * math.log10(2), "base ten"),
    ("bits", (1 + 2 + 3 + 3) / 4, "as if rare ones"),
    ("bits", 2, "equally likely"),
    ("bits", 0, "Average the surprise"),
    ("temper_by_hand", [0.6, 0.3, 0.1], "goes away"),
    ("temper_by_hand", np.sqrt([0.6, 0.3, 0.1]) / np.sqrt([0.6, 0.3, 0.1]).sum(), "flatter"),
    ("temper_by_hand", [0.36, 0.09, 0.01], "do not add up"),
    ("temper_by_hand", naive(np.array([0.6, 0.3, 0.1]), 0.5), "where their logarithms belong"),
    ("temper_by_hand", [1, 0, 0], "Then normalise"),
    ("which_differs", "A", "the definition"),
    ("which_differs", "C", "one constant for all"),
    ("which_differs", "D", "measured from any level"),
    ("which_differs", "E", "A power of p"),
    ("half_perplexity", 0.5, "no straight line"),
    ("half_perplexity", zipf_t(1, zipf(100, 1.0)[1] / 2), "the entropy is halved"),
    ("half_perplexity", zipf_t(0, 50), "number of words"),
    ("half_perplexity", 1 / HALF, "inverse temperature"),
    ("half_perplexity", zipf_t(1, zipf(100, 1.0)[1] - 1), "lost one nat"),
    ("half_perplexity", 3, "look for the root"),
    ("own_softmax", naive, "exp of a large number"),
    ("own_softmax", shifted_late, "too late"),
    ("own_softmax", lambda logits, t: shifted(logits, 1.0), "does not look at t"),
    ("own_softmax", lambda logits, t: naive(logits, 1.0), "does not look at t"),
    (
        "own_softmax",
        lambda logits, t: shifted(logits, 1 / t) if t > 1e-300 else 1 / 3 + 0 * logits,
        "divides",
    ),
    ("own_softmax", lambda logits, t: naive(-logits, t), "sign differs"),
    ("own_softmax", lambda logits, t: logits, "softmax([2.0, 1.0, 0.0], 1.0) gave [2. 1. 0.]."),
    (
        "own_acceptance",
        lambda E, E_new, g, g_new, t: metropolis(E, E_new, 1, 1, t),
        "how many states",
    ),
    ("own_acceptance", lambda E, E_new, g, g_new, t: glauber(E, E_new, 1, 1, t), "how many states"),
    (
        "own_acceptance",
        lambda E, E_new, g, g_new, t: metropolis(E_new, E, g, g_new, t),
        "climb gladly",
    ),
    (
        "own_acceptance",
        lambda E, E_new, g, g_new, t: metropolis(E, E_new, g_new, g, t),
        "goes on top",
    ),
    (
        "own_acceptance",
        lambda E, E_new, g, g_new, t: metropolis(E, E_new, g, g_new, 1 / t),
        "gets hotter",
    ),
    ("own_acceptance", lambda E, E_new, g, g_new, t: g_new / g * exp((E - E_new) / t), "above one"),
    (
        "own_acceptance",
        lambda E, E_new, g, g_new, t: 1 if E_new <= E else metropolis(E, E_new, g, g_new, t),
        "every step down",
    ),
    ("own_acceptance", lambda *_: 0.5, "Not so yours"),
    (
        "own_acceptance",
        lambda E, E_new, g, g_new, t: sqrt(g_new / g * exp((E - E_new) / t)),
        "Not so yours",
    ),
    ("at_the_wall", redrawing, "only neighbour"),
    ("at_the_wall", insisting, "draw again"),
    ("at_the_wall", ring, "no ring"),
    ("at_the_wall", climbing, "pays for falling"),
    ("at_the_wall", boiling, "has no temperature"),
    ("at_the_wall", freezing, "never climbs"),
    ("at_the_wall", anywhere, "offer all levels"),
    ("at_the_wall", lambda level, generator: level, "count on paper"),
    ("forgotten_degeneracy", ("A", "never"), "not written out"),
    ("forgotten_degeneracy", ("b", "twice"), "free energies"),
    ("forgotten_degeneracy", ("D", "never"), "how its levels are offered"),
    ("forgotten_degeneracy", ("C", "twice"), "even once"),
    ("error_bar", 0.5 / 100, "forgot the one before"),
    ("error_bar", 0.5 * sqrt(10) / 100, "later steps only"),
    ("error_bar", 0.5 * sqrt(20) / 100, "lag zero, twice"),
    ("error_bar", 0.5 * sqrt(18) / 100, "leaves out the step itself"),
    ("error_bar", 0.5 * 19 / 100, "lengthened so"),
    ("error_bar", 0.25 * 19 / 10_000, "variance of the mean"),
    ("error_bar", 0.5, "how far one step"),
    ("error_bar", 1, "By which factor"),
    ("truncation_order", (3, 4), "other way round"),
    ("truncation_order", (3, 3), "comes after the heat"),
    ("truncation_order", (4, 4), "comes before the heat"),
    ("truncation_order", (3, 2), "across the threshold"),
    ("truncation_order", (2, 3), "cooled the tokens"),
    ("truncation_order", (5, 5), "add them up from the top"),
    ("token_or_text", [4 / 13] * 2, "depends on the letters before"),
    ("token_or_text", [8 / 17] * 2, "cannot see the whole text"),
    ("token_or_text", [8 / 17, 4 / 13], "other way round"),
    ("token_or_text", [0.4, 0.4], "at t = 1"),
    ("token_or_text", [0.16, 0.16], "not probabilities"),
    ("token_or_text", [0, 0], "three texts"),
    ("own_thermometer", lambda logits, tokens: 1 / meeting(logits, tokens), "inverse temperature"),
    ("own_thermometer", lambda logits, tokens: -meeting(logits, tokens), "sign is wrong"),
    ("own_thermometer", lambda logits, tokens: -logits[tokens].mean(), "mean energy. It rises"),
    (
        "own_thermometer",
        lambda logits, tokens: (
            (logits[0] - logits[1]) / log(np.sum(tokens == 0) / np.sum(tokens == 1))
        ),
        "Two tokens",
    ),
    (
        "own_thermometer",
        lambda logits, tokens: logits[tokens].mean() / (naive(logits, 1.0) @ logits),
        "ideal gas",
    ),
    (
        "own_thermometer",
        lambda logits, tokens: 0.5,
        "thermometer(<30 numbers>, <4000 numbers>) gave 0.5.",
    ),
    ("how_many_draws", NEEDED / 9, "one time in three"),
    ("how_many_draws", NEEDED * zipf(30, 0.7)[2], "nothing of the model"),
    ("how_many_draws", NEEDED * zipf(30, 0.7)[2] / zipf(30, 1.0)[2], "must C"),
    ("how_many_draws", NEEDED / 0.49, "factor t²"),
    ("how_many_draws", sqrt(NEEDED), "not for its root"),
    ("how_many_draws", 1e6, "solve for n."),
    ("which_server_lies", ("B", "too cold"), "how long an error bar"),
    ("which_server_lies", ("D", "too cold"), "two or five likeliest"),
    ("which_server_lies", ("D", "too hot"), "to which side"),
    ("which_server_lies", ("D", "repeats itself"), "where it is"),
    ("which_server_lies", ("A", "too hot"), "at each depth"),
    ("which_server_lies", ("C", "cuts off rare tokens"), "call this a lie"),
]


CHOICES = [name for name in names() if isinstance(_EXERCISES[name].kind, Choice)]


def hints(name):
    return [hint for _, hint in _EXERCISES[name].mistakes]


def test_there_are_about_fifteen():
    assert RIGHT.keys() == set(names())
    assert 15 <= len(names()) <= 20


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_answer_passes(name):
    result = check(name, RIGHT[name])
    assert result and result.right and str(result) == f"right: {_EXERCISES[name].because}"


@cache
def checked(index):
    """Return the result of one wrong answer, which a walk takes its time for."""
    name, answer, _ = WRONG[index]
    return check(name, answer)


@pytest.mark.parametrize("index", range(len(WRONG)), ids=[f"{name}-{p}" for name, _, p in WRONG])
def test_a_typical_wrong_answer_gets_its_own_hint(index):
    """A phrase picks one hint of its exercise, or none where the answer is not typical."""
    name, _, phrase = WRONG[index]
    result = checked(index)
    assert not result and str(result) == f"not yet: {result.message}"
    assert phrase in result.message
    own = [hint for hint in hints(name) if phrase in hint]
    assert len(own) <= 1
    assert result.message == own[0] if own else result.message.startswith(_EXERCISES[name].hint)


@pytest.mark.parametrize("name", RIGHT)
def test_every_hint_is_met_above(name):
    """The general one too, which choices do not have."""
    met = {checked(index).message for index, entry in enumerate(WRONG) if entry[0] == name}
    assert set(hints(name)) <= met
    general = met - set(hints(name))
    assert (name in CHOICES) == (not general) == (not _EXERCISES[name].hint)


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_foreseen(name):
    """So that a choice needs no general hint; one alone is right."""
    results = [check(name, chosen) for chosen in product(*_EXERCISES[name].kind.parts)]
    assert sum(map(bool, results)) == 1
    assert {result.message for result in results if not result} == set(hints(name))


def test_other_right_answers_of_the_student_pass_too():
    assert check("own_acceptance", glauber)
    assert check(
        "own_softmax", lambda logits, t: np.exp(bz.log_softmax((logits - logits.max()) / t))
    )
    assert check(
        "own_thermometer", lambda logits, tokens: bz.thermometer.read(logits, tokens).temperature
    )
    assert check("three_levels", np.array([1.8297])) and check("three_levels", np.float32(1.83))

    for shift in (-1.001, -0.999, 0.999, 1.001):  # on either side of the tolerance
        number = RIGHT["three_levels"] * (1 + 1e-3 * shift)
        array = RIGHT["temper_by_hand"] + 1e-3 * np.eye(3)[2] * shift
        assert bool(check("three_levels", number)) == (abs(shift) < 1)
        assert bool(check("temper_by_hand", array)) == (abs(shift) < 1)


@pytest.mark.parametrize("name", RIGHT)
def test_no_hint_holds_the_answer(name):
    """Neither to three digits, for an array of all entries, nor the letter or word of a choice."""
    right = RIGHT[name]
    texts = [*hints(name), _EXERCISES[name].hint]
    if isinstance(_EXERCISES[name].kind, Numbers):
        digits = {f"{number:.3g}" for number in np.ravel(right)}
        assert not [hint for hint in texts if all(number in hint for number in digits)]
    elif isinstance(_EXERCISES[name].kind, Choice):
        letter, *words = _EXERCISES[name].kind.read(right)
        assert not [hint for hint in texts if re.search(rf"\b{letter}\b", hint)]
        assert not [hint for hint in texts for word in words if word in hint]


def test_a_question_does_not_show_its_answer():
    for name, exercise in _EXERCISES.items():
        shown = repr(exercise) + question(name)
        if isinstance(exercise.kind, Numbers):
            assert not all(f"{number:.3g}" in shown for number in np.ravel(RIGHT[name])), name
        assert exercise.because not in shown and not [hint for hint in hints(name) if hint in shown]


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("three_levels", 1.8, "give 2 more digits (4 are asked for)"),
        ("three_levels", 1.82, "give one more digit (4 are asked for)"),  # cut off, not rounded
        ("three_levels", "1.8", "give 2 more digits (4 are asked for)"),
        ("inversion", -1.8, "give 2 more digits"),
        ("error_bar", 0.022, "give one more digit (3 are asked for)"),
        ("how_many_draws", float(f"{NEEDED:.1g}"), "give 2 more digits (3 are asked for)"),
        ("temper_by_hand", [0.78, 0.2, 0.02], "give one more decimal (3 are asked for)"),
        ("temper_by_hand", [0.78, 0.19, 0.02], "give one more decimal"),
        ("cold_and_hot", [[0.5, 0.5, 0, 0], [0.3, 0.3, 0.3, 0]], "give 2 more decimals"),
    ],
)
def test_a_rounded_right_answer_is_right_so_far(name, answer, told):
    result = check(name, answer)
    assert not result and result.message.startswith("right so far: ") and told in result.message


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("three_levels", 2),  # a guess: 9 % off
        ("three_levels", 1.81),
        ("three_levels", 1.9),
        ("three_levels", -1.8),
        ("inversion", 1.8),
        ("temper_by_hand", [1, 0, 0]),
        ("temper_by_hand", [0.8, 0.3, 0.0]),
        ("temper_by_hand", [0.77, 0.2, 0.02]),
        ("bits", 2),  # a typical mistake, and 1.75 rounded: told of the mistake
    ],
)
def test_a_number_near_the_right_one_is_not_right_so_far(name, answer):
    assert "right so far" not in check(name, answer).message


def test_as_many_digits_as_are_asked_for_are_surely_enough():
    for name, exercise in _EXERCISES.items():
        if isinstance(exercise.kind, Numbers):
            kind, right = exercise.kind, np.asarray(RIGHT[name], float)
            form = f".{kind.digits - 1}e" if kind.shape == () else f".{kind.digits}f"
            assert check(name, np.vectorize(lambda x, form=form: float(format(x, form)))(right))
            assert str(kind.digits) in kind.expects or kind.digits == 0


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        (
            "degeneracies",
            [0.5] * 4,
            "holds 4 numbers, 3 numbers were asked for: one for each level.",
        ),
        ("degeneracies", 0.5, "holds one number, 3 numbers were asked for: one for each level."),
        ("three_levels", [1, 2], "holds 2 numbers, one number was asked for."),
        ("cold_and_hot", [0.5] * 4, "holds 4 numbers, 2 rows of 4 numbers were asked for"),
        ("cold_and_hot", np.zeros((2, 3)), "holds 2 rows of 3 numbers, 2 rows of 4"),
    ],
)
def test_a_wrong_number_of_numbers_is_told_in_plain_words(name, answer, told):
    assert told in check(name, answer).message


def test_no_message_to_a_student_speaks_of_shapes():
    answers = [*BAD, [0.5] * 4, np.zeros((2, 3)), lambda *_: 1.0, lambda *_: np.zeros((2, 2))]
    for name in names():
        told = [question(name), *(check(name, answer).message for answer in answers)]
        assert not [text for text in told if re.search(r"\bshape|\(\d+,\)", text)], name


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("0.5", [0.5]),
        ("  .5 ", [0.5]),
        ("-2/3", [-2 / 3]),
        ("0.69, 0.25; 0.06", [0.69, 0.25, 0.06]),
        ("0.69 0.25 0.06", [0.69, 0.25, 0.06]),
        ("[0.69, 0.25]", [0.69, 0.25]),
        ("(0.69 0.25)", [0.69, 0.25]),
        ("1/3 and 2/3", [1 / 3, 2 / 3]),
        ("ln 2, ln 4, ln(6)", [log(2), log(4), log(6)]),
        ("15 %; 0.25%", [0.15, 0.0025]),
        ("1,024", [1024.0]),
        ("1,024, 2", [1024.0, 2.0]),
        ("0,685", [0.0, 685.0]),
        ("2.2e10, 53", [2.2e10, 53.0]),
        ("0.4^2 / (0.4^2 + 0.5^2)", [0.16 / 0.41]),
        ("√2, sqrt(2), 2**0.5", [sqrt(2)] * 3),
        ("exp(-0.5) × 2 − 1", [2 * exp(-0.5) - 1]),
        ("∞", [math.inf]),
        ("(1 + 2)/(3 + 1)", [0.75]),
    ],
)
def test_numbers_are_read_as_students_type_them(line, numbers):
    assert np.allclose(typed_numbers(line), numbers, rtol=1e-15)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  ",
        "about half",
        "0.5 sun",
        "1/0",
        "9**9**9**9",
        "ln(-1)",
        "exp(1000)",
        "(-1)^0.5",
        "__import__('os')",
        "exp.__class__",
        "[1 for _ in range(9)]",
        "True",
        "1j",
        "'1'",
        "(" * 100 + "1" + ")" * 100,
        "1" * 5000,
        "1 = 1",
    ],
)
def test_what_is_no_number_is_refused_and_never_run(line):
    with pytest.raises(ValueError, match=r"no number|too long"):
        typed_numbers(line)


def test_an_answer_may_be_typed():
    assert check("three_levels", "1 + exp(-0.5) + exp(-1.5)") and check("inversion", "-2/ln 3")
    assert check("temper_by_hand", "36/46, 9/46, 1/46") and check("truncation_order", "4 3")
    assert check("cold_and_hot", "0.5 0.5 0 0 1/3 1/3 1/3 0")


BAD = [
    "abc",
    None,
    [1, "x"],
    [[1], [1, 2]],
    {"a": 1},
    1j,
    float("nan"),
    [],
    np.zeros((7, 7, 7)),
    object(),
    10**400,
]


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("answer", BAD, ids=map(repr, range(len(BAD))))
def test_what_is_no_answer_is_told_what_is_expected(name, answer):
    result = check(name, answer)
    assert not result and f"Expected: {_EXERCISES[name].kind.expects}." in str(result)
    assert "your answer" in result.message


@pytest.mark.parametrize(
    "name", [name for name in RIGHT if not isinstance(_EXERCISES[name].kind, OwnFunction)]
)
def test_a_function_is_no_number_or_choice(name):
    assert "Expected: " in check(name, exp).message


@pytest.mark.parametrize(
    "name", [name for name in RIGHT if isinstance(_EXERCISES[name].kind, OwnFunction)]
)
def test_a_number_is_no_function(name):
    assert "without calling it" in check(name, 0.5).message


class Stubborn:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach() first")


def test_an_array_of_another_library_that_refuses_is_no_traceback():
    assert "your answer is" in check("three_levels", Stubborn()).message
    assert "returned <" in check("own_softmax", lambda logits, t: Stubborn()).message


FUNCTIONS = ("own_softmax", "own_acceptance", "at_the_wall", "own_thermometer")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_exception_is_reported_with_the_line_that_failed(name):
    def inner():
        return [] + 1

    def failing(*arguments):
        return inner()

    message = check(name, failing).message
    line = inner.__code__.co_firstlineno + 1
    call = _EXERCISES[name].kind.signature.split("(")[0]
    assert message.startswith(f"{call}(") and "raised TypeError: can only concatenate" in message
    assert f", in line {line}: return [] + 1" in message


def test_the_line_is_the_students_own_not_that_of_a_library():
    def failing(logits, t):
        return np.linalg.inv(np.zeros((2, 2)))

    message = check("own_softmax", failing).message
    assert f"in line {failing.__code__.co_firstlineno + 1}: return np.linalg.inv" in message
    source = "def failing(logits, t):\n    return 1 / 0\n"
    namespace = {}
    exec(source, namespace)  # whose text is nowhere to be read
    assert (
        "raised ZeroDivisionError: division by zero, in line 2. Expected"
        in check("own_softmax", namespace["failing"]).message
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_other_arguments_is_told_so(name):
    message = check(name, lambda: 1).message
    assert "raised TypeError: " in message and "in line" not in message
    assert _EXERCISES[name].kind.signature in message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_forgotten_return_is_told(name):
    assert "does your function end in a return?" in check(name, lambda *_: None).message


@pytest.mark.parametrize(
    ("name", "function", "phrase"),
    [
        (
            "own_softmax",
            lambda logits, t: 1.0,
            "softmax([2.0, 1.0, 0.0], 1.0) returned one number, 3 numbers were asked for",
        ),
        (
            "own_softmax",
            lambda logits, t: logits[:2],
            "returned 2 numbers, 3 numbers were asked for",
        ),
        ("own_softmax", lambda logits, t: "abc", "softmax([2.0, 1.0, 0.0], 1.0) returned 'abc'"),
        ("own_thermometer", lambda logits, tokens: logits, "one number was asked for"),
        ("own_acceptance", lambda *_: 0.0, "accept(0.0, 0.0, 1.0, 1.0, 0.5) returned 0.0"),
        ("own_acceptance", lambda *_: -1.0, "no probability above 0"),
        ("own_acceptance", lambda *_: math.inf, "returned inf"),
        ("own_acceptance", lambda *_: math.nan, "returned nan"),
        (
            "at_the_wall",
            lambda level, generator: 4,
            "step(0, generator) returned 4: levels run from 0 to 3",
        ),
        ("at_the_wall", lambda level, generator: -1, "returned -1"),
        ("at_the_wall", lambda level, generator: 0.5, "returned 0.5, which is no level"),
    ],
)
def test_what_a_function_returns_is_checked(name, function, phrase):
    message = check(name, function).message
    assert phrase in message and "Expected: your own function" in message


def test_a_students_function_is_free_to_overwrite_its_arguments():
    def greedy(logits, t):
        logits -= logits.max()
        logits /= t
        np.exp(logits, out=logits)
        logits /= logits.sum()
        return logits

    assert check("own_softmax", greedy) and check("own_softmax", greedy)


def test_a_walk_that_is_off_by_a_tenth_is_noticed():
    """Upward acceptance 0.9 exp(-1), 20,000 steps from each of four levels, bars at p = 1e-6/4.

    By the noncentral chi-square of the two counts (up or not, of those that could) on three levels
    the power is above 0.99; the seed is fixed."""
    steps = _EXERCISES["at_the_wall"].kind.steps
    up = 0.5 * exp(-1)
    less = 0.45 * exp(-1)
    bar = ncx2.isf(FALSE_ALARM / 4, 2, 1e-12)
    others = [1 - up - down for down in (0, 0.5, 0.5)]
    powers = [
        ncx2.sf(bar, 2, steps * ((up - less) ** 2 / up + (up - less) ** 2 / other))
        for other in others
    ]
    assert 1 - np.prod([1 - power for power in powers]) > 0.99

    def reluctant(level, generator):
        new = step(level, generator)
        return level if new > level and generator.random() < 0.1 else new

    assert check("at_the_wall", reluctant).message == _EXERCISES["at_the_wall"].hint


@pytest.mark.parametrize(
    "mistake", _EXERCISES["at_the_wall"].mistakes, ids=lambda pair: pair[1][:20]
)
def test_the_matrices_of_wrong_steps_are_stochastic_and_wrong(mistake):
    matrix = mistake[0]()
    assert matrix.min() >= 0 and np.allclose(matrix.sum(axis=1), 1)
    assert np.abs(matrix - _EXERCISES["at_the_wall"].answer()).max() > 0.1


def test_of_the_four_samplers_the_one_that_is_named_forgets_the_degeneracy():
    """Run for 40,000 steps from the law, a right sampler stays on it (χ² of 2, p > 1e-6).

    The faulty one moves to exp(-E/t), some 100 standard deviations away.
    """
    given = data("forgotten_degeneracy")
    E = given["E"]
    g = given["g"]
    t = 2.0
    particles = 4000
    target = law(E, t, g)

    for name, source in given["sources"].items():
        generator = np.random.default_rng(1)
        code = compile(source, name, "exec")
        counts = np.zeros(3)
        for old in generator.choice(3, p=target, size=particles):
            place = {
                "generator": generator,
                "E": E,
                "g": g,
                "t": t,
                "exp": exp,
                "log": log,
                "old": old,
            }
            for _ in range(10):
                exec(code, place)
            counts[place["old"]] += 1

        p_value = bz.statistics.goodness_of_fit(counts, target).p_value
        assert (p_value < 1e-100) if name == "C" else (p_value > 1e-6), name
        if name == "C":
            assert bz.statistics.goodness_of_fit(counts, law(E, t)).p_value > 1e-6


def test_four_of_the_five_recipes_agree():
    given = data("which_differs")
    place = given | {"l": given["logits"], "softmax": bz.softmax, "log_softmax": bz.log_softmax}
    laws = {}
    for line in question("which_differs").splitlines():
        letter, _, recipe = line.partition("   ")
        if recipe and letter in "ABCDE":
            *steps, last = recipe.split(";")
            here = dict(place)
            exec(";".join(steps).strip(), here)
            laws[letter] = eval(last.strip(), here)
    assert [name for name in "ABCDE" if not np.allclose(laws[name], laws["A"])] == ["B"]


def test_the_truncations_by_hand():
    p = np.array([0.5, 0.25, 0.15, 0.07, 0.03])
    assert np.array_equal(data("truncation_order")["p"], p)
    hot = np.sqrt(p) / np.sqrt(p).sum()
    assert [int(np.argmax(np.cumsum(q) >= 0.88)) + 1 for q in (hot, p)] == [4, 3]


def test_the_thermometer_sees_what_the_question_about_servers_says():
    """One cuts at 0.9; the reading of an honest one is further off, within a long error bar."""
    given = data("which_server_lies")
    readings = {
        name: bz.thermometer.read(given["logits"], given[name][1], rows=given[name][0])
        for name in "ABCD"
    }
    assert [
        name for name in "ABCD" if bz.thermometer.diagnose(readings[name], 0.7).verdict == "fails"
    ] == ["D"]

    off = {name: 0.7 - reading.temperature for name, reading in readings.items()}
    assert off["B"] > off["D"] > 0.1
    for name in "ABC":
        assert abs(off[name]) < 2 * readings[name].standard_error
    assert off["D"] > 10 * readings["D"].standard_error

    shallow, *_, deep = readings["D"].by_top
    assert abs(shallow.temperature - 0.7) < 2 * shallow.standard_error and deep.temperature < 0.6
    kept = {(row, token) for row, token in zip(*given["D"], strict=True)}
    p = np.array([naive(row, 0.7) for row in given["logits"]])
    assert all(p[row][p[row] > p[row, token]].sum() < 0.9 for row, token in kept)


def test_unknown_names_suggest_near_ones():
    for call in (question, data, lambda name: check(name, 1)):
        with pytest.raises(
            ValueError, match=r"'three_level', which is no exercise: did you mean 'three_levels'"
        ):
            call("three_level")
        with pytest.raises(ValueError, match=r"no exercise: overview\(\) lists them all"):
            call("qqqq")
        with pytest.raises(ValueError, match="name is 3"):
            call(3)
        with pytest.raises(ValueError, match="name is \\['bits'\\]"):
            call(["bits"])


def test_the_overview_lists_every_exercise_once_with_its_title():
    lines = overview().splitlines()
    for name in names():
        ((line),) = [line for line in lines if line.split()[0] == name]
        assert line.endswith(f" {_EXERCISES[name].title}")
        assert f" {'*' * _EXERCISES[name].level} " in line and 1 <= _EXERCISES[name].level <= 3
    assert len(lines) == len(names()) + 5 and repr(overview()) == str(overview())


def test_every_question_says_what_is_given_and_expected():
    for name, exercise in _EXERCISES.items():
        text = question(name)
        assert text.startswith(f"{exercise.title}\n\n") and text.endswith(
            f"Answer: {exercise.kind.expects}."
        )
        assert all(f'["{key}"]' in text for key in data(name)) and (not data(name)) == (
            "Data:" not in text
        )
        assert repr(text) == str(text) and max(map(len, text.splitlines())) < 140
        assert exercise.because and len(set(hints(name))) == len(exercise.mistakes) >= 4


def test_what_a_student_does_to_the_data_harms_nobody():
    for name in names():
        for value in data(name).values():
            if isinstance(value, np.ndarray):
                value[...] = 0
    data("forgotten_degeneracy")["sources"].clear()
    assert data("half_perplexity")["logits"][-1] == -log(100)
    assert data("which_server_lies")["logits"].any() and data("forgotten_degeneracy")["sources"]
    assert data("truncation_order")["p"].any() and data("how_many_draws")["logits"].any()
    assert check("how_many_draws", NEEDED) and check("truncation_order", (4, 3))


def test_data_and_results_are_the_same_every_time():
    first = data("which_server_lies")
    second = data("which_server_lies")
    assert all(np.array_equal(first[name][1], second[name][1]) for name in "ABCD")
    walk = _EXERCISES["at_the_wall"].kind
    assert np.array_equal(walk.read(step), walk.read(step))
