"""What a lesson asks to be predicted has an answer, its numbers are those computed here, and a
student who types in a terminal is asked, checked and shown the rest.
"""

import io
import os
import re
import subprocess
import sys
import types
from math import erfc, exp, inf, log, sqrt

import numpy as np
import pytest

import boltzmann as bz
from experiments.runner import cli as runner
from experiments.runner import dialogue, gallery, lesson
from experiments.runner.predictions import predictions

EXPERIMENTS = runner.discovered()
lessons = pytest.mark.parametrize("name", list(EXPERIMENTS))
HALF_STEP = exp(-1 / 2)  # the acceptance of a step up by one quantum at t = 2


def table(name):
    return gallery.read_table(runner.FIGURES / f"{name}.csv")


def squared(*p):
    return [x**2 / sum(y**2 for y in p) for x in p]


def counting():
    pairs = [(a, 2 - a) for a in range(3)]
    none = bz.microcanonical_occupancy(bz.ladder(60), particles=1000, energy=3000)[:4]
    return [[len(pairs), 1 / len(pairs)], [], [1000 * none[0]], [none[1] / none[2]]]


def limits():
    return [[*squared(0.5, 0.3, 0.15, 0.05), 0], [], [], []]


def gaussian():
    x = np.linspace(-40, 40, 8001)
    spring = bz.EnergyLevels(x**2 / 2)
    variances = [bz.probabilities(spring, t) @ x**2 for t in (4, 0.25)]
    return [variances, bz.mean_energy(spring, [1, 4]), [], []]


def occupancy():
    rotor = bz.probabilities(bz.rigid_rotor(9, constant=0.1), 0.4)
    outside = 184 * erfc(sqrt(2))
    upper = bz.probabilities(bz.two_level(1.8), 0.7)[1]
    return [[upper], [np.argmax(rotor)], [], [outside]]


def relaxation():
    tau = -1 / log(0.802)
    return [[], [], [tau * log(1e3), tau * log(1e6)]]


def quench():
    moves = [HALF_STEP / 2, (1 + HALF_STEP) / 2, 1 / 2]
    levels = bz.column(12, height=12)
    chain = bz.transition_matrix(levels, 2.0, "neighbour")
    share = bz.probabilities(levels, 2.0) @ (1 - chain.diagonal())
    return [moves, [share], [19.1 * log(100)], []]


def bottle():
    return [[exp(0.95 / 0.1)], [], [0.5, 0.1 - 1 / (exp(10) - 1)]]


def ledger():
    levels = bz.column(20, height=20)
    hot, cold = bz.mean_energy(levels, [20.0, 2.0])
    return [[hot - cold], [], []]


def molecules():
    t = bz.thermal_energy(296, "cm-1")
    J = np.arange(60)
    fullest = np.argmax((2 * J + 1) * np.exp(-1.92 * J * (J + 1) / t))
    warm = bz.heat_capacity(bz.rigid_rotor(400, constant=0.01), 30.0)
    return [[t], [fullest], [warm], [3 / 4]]


def fullest_by_the_formula():
    return sqrt(bz.thermal_energy(296, "cm-1") / (2 * 1.92)) - 1 / 2


def peak_of_two_levels():
    t = np.linspace(0.1, 2, 1901)
    return t[np.argmax(bz.heat_capacity([0, 1], t))]


def entropy():
    systems = [([0, 1], [1, 1]), ([0, 1], [1, 3]), ([0, 1, 3], [2, 3, 1])]
    levels = [bz.EnergyLevels(E, degeneracies=g) for E, g in systems]
    cold, hot = np.transpose([bz.entropy(one, [0, inf]) for one in levels])
    return [hot, cold, [bz.mean_energy(levels[0], inf)], [peak_of_two_levels()]]


def letters():
    gap = log(0.4303 / 0.3398)
    return [[gap], [exp(gap / 0.5), exp(gap / 2)], [], []]


def conditioning():
    batches = [(a, 4 - a) for a in range(5) if a + 2 * (4 - a) == 5]
    return [[batches[0][0] / 4], [], []]


def texts():
    return [[log(53), 53, 0, 1], [], []]


def contact():
    return [[]] * 4


def work():
    return [[0 * log(1)], [], [], [], []]


def tokens():
    tail = table("tokens").where(context="The", temperature=2.0)["law"][12:]
    return [[(0.187 / 0.132) ** (1 / t) for t in (0.5, 2)], [log(1024), 1024], [tail.sum()], []]


def continuations():
    return [[53], [], [log(53), log(1024)], [], []]


def whole_texts():
    cold = squared(0.4, 0.25, 0.25)[0]
    return [[0.4 / 0.9], [squared(0.4, 0.5)[0]], [cold], []]


def without_replacement():
    p = np.array([0.8, 0.1, 0.1])
    product = 2 * bz.fermi_occupancy(-np.log(p), 1.0, 2)[0]
    return [[product], [p[0] + 2 * p[1] * p[0] / (p[0] + p[1])], [], []]


def truncation():
    p = bz.softmax([3, 2, 1])

    def kept(p, share=0.8):
        return 1 + np.searchsorted(np.cumsum(p), share)

    return [[kept(p)], [kept(bz.temper(p, 0.5)), kept(p)], [], [-log(0.05)]]


def thermometer():
    return [[log(4) / log(9)], [100 / sqrt(10_000 * 1.25)], [], [0.7**2]]


def speculative():
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.6, 0.2])
    return [[*np.minimum(1, p / q), np.minimum(p, q).sum()], [], [], [1]]


def engines():
    alone = table("engines").where(settings="alone")
    left = alone["left"][alone["engine"] != "boltzmann, the control"]
    return [[left.size], [np.sum(left == 200), np.sum(left == 1)], [], []]


def summary():
    p, n = 0.2719, 1000
    errors = [100 / sqrt(n * 0.78) for n in (1000, 200_000)]
    likeliest = table("summary").where(letter="t")
    half = likeliest["temperature"][np.argmin(abs(likeliest["law"] - 0.5))]
    return [[-log(p), -log(0.1953)], [n * p, sqrt(n * p * (1 - p))], [], [half], errors]


def explorer():
    upper = [2000 * bz.probabilities([0, 1], t)[1] for t in (1.0, 0.0, inf)]
    rotor = bz.probabilities(bz.rigid_rotor(7, constant=0.25), inf)
    heat = upper[0] - upper[1]
    return [upper, [heat], [np.argmax(rotor), rotor.max()], [peak_of_two_levels()]]


def speed():
    return [[], [0.63e-9 * 1e6 * 1000], [2, 1 / 1.75], []]


COMPUTED = {
    function.__name__: function
    for function in (
        counting,
        limits,
        gaussian,
        occupancy,
        relaxation,
        quench,
        bottle,
        ledger,
        molecules,
        entropy,
        letters,
        contact,
        conditioning,
        work,
        texts,
        tokens,
        continuations,
        whole_texts,
        without_replacement,
        truncation,
        thermometer,
        speculative,
        engines,
        summary,
        explorer,
        speed,
    )
}


@lessons
def test_every_question_has_an_answer_and_its_numbers_are_computed(name):
    asked = predictions(EXPERIMENTS[name])
    assert len(asked) >= 3 and all(one.question.count("?") == 1 for one in asked)
    computed, told = COMPUTED[name](), lesson.parts(EXPERIMENTS[name])["Predict first."]
    assert [len(numbers) for numbers in computed] == [len(one.numbers) for one in asked]
    for one, numbers in zip(asked, computed, strict=True):
        assert len({number.percent for number in one.numbers}) <= 1
        labels = " ".join(number.label for number in one.numbers)
        assert all(n in told for n in re.findall(r"\d+(?:[.,]\d+)*", labels)), labels
        for number, wanted in zip(one.numbers, numbers, strict=True):
            unit = abs(number.value) / 10 if number.about else 0.5 * 10.0**-number.decimals
            assert abs(number.value - wanted) <= unit * (1 + 1e-9), (one.question, wanted)
            assert number.about or number.digits == f"{wanted:.{number.decimals}f}"


OWN = {  # numbers in the words of answers that stand nowhere else in the lesson
    "counting": {"58": lambda: 100 * (1 - 0.75**3), "4/3": lambda: 4 / 3},
    "occupancy": {"4.6": lambda: 100 * erfc(sqrt(2)), "1.8": lambda: 3 * HALF_STEP},
    "molecules": {"0.695": lambda: bz.thermal_energy(1.0, "cm-1"), "6.8": fullest_by_the_formula},
    "entropy": {"0.417": peak_of_two_levels},
    "truncation": {"0.910": lambda: sum(bz.softmax([3, 2, 1])[:2])},
    "without_replacement": {
        "0.17": lambda: 0.08 + 0.08 + 0.01,
        "0.16": lambda: 2 * 0.8 * 0.1,
        "0.08": lambda: 0.8 * 0.1,
        "0.01": lambda: 0.1 * 0.1,
    },
}


@lessons
def test_numbers_in_the_words_of_an_answer_stand_in_the_lesson_or_are_computed(name):
    parts = lesson.parts(EXPERIMENTS[name])
    told = " ".join(text for heading, text in parts.items() if heading != "Answers.")
    own = OWN.get(name, {})
    for one in predictions(EXPERIMENTS[name]):
        for digits in re.findall(r"(?<![\w.])\d+(?:[.,]\d+)+", one.answer):
            if digits in own:
                assert digits == f"{own[digits]():.{len(digits.partition('.')[2])}f}"
            else:
                assert re.search(rf"(?<![\d.]){re.escape(digits)}", told), digits


def student(*lines):
    """Return a reader that types these lines, and then Ctrl-D; and what it was shown."""
    left, shown = list(lines), []

    def read(prompt):
        shown.append(prompt)
        if not left:
            raise EOFError
        shown[-1] += left[0]
        return left.pop(0)

    return read, shown


def asked_of(name, *lines):
    read, shown = student(*lines)
    dialogue.predict(EXPERIMENTS[name], read, shown.append)
    return "\n".join(shown)


RIGHT = ("0.685, 0.247, 0.062, 0.007, 0", "sun alone", "it falls", "two, at 1/2 each")


def test_nothing_is_given_away_before_all_is_predicted():
    seen = asked_of("limits", *RIGHT)
    before, sheet, after = re.split(r"(?=What you predicted|\nRun\. )", seen)
    parts = lesson.parts(EXPERIMENTS["limits"])
    assert "1 of 4. Tomorrow's weather" in before and "4 of 4. A die shows" in before
    assert "It falls" not in before and "> 0.685, 0.247" in before and "   right" in before
    for one in predictions(EXPERIMENTS["limits"]):
        assert one.answer.split(":")[0] in " ".join(sheet.split())
        assert one.answer[:20] not in " ".join(before.split())
    assert (
        "2. you     sun alone" in sheet
        and "1. you     0.685, 0.247, 0.062, 0.007, 0 (right)" in sheet
    )
    assert "Of one that was checked, it was right." in sheet
    for heading in ("Run.", "What you see.", "Exercises.", "References"):
        assert parts[heading] in after, heading
    assert parts["Answers."] not in seen and parts["What you see."] not in before


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("0.69 0.25 0.06 0.01 0", "right so far: give one more decimal"),
        ("0.5, 0.3, 0.15, 0.05, 0", "Try again, or leave it with an empty line. Right: frogs."),
        (
            "0.7, 0.3",
            "your answer holds 2 numbers, 5 numbers were asked for: one for each of sun, ",
        ),
        ("sun, mostly", "your answer is 'sun, mostly'"),
        ("0,7", "decimals have a point"),
        ("0,685", "decimals have a point"),
        ("1 1 1 1 1", "not yet: Try again, or leave it with an empty line. > "),
    ],
)
def test_a_number_may_be_mended(line, told):
    seen = " ".join(asked_of("limits", line, *RIGHT).split())
    assert told in seen and "0 (right)" in seen
    left = " ".join(asked_of("limits", line, "", *RIGHT[1:]).split())
    assert f"1. you {line} answer sun: 0.685" in left
    assert "Of one that was checked, none was right." in left


def test_what_is_asked_for_fits_the_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    seen = asked_of("limits", "1 2", *RIGHT)
    asked = seen[seen.index("1 of 4.") : seen.index("What you predicted")]
    assert max(map(len, asked.splitlines())) <= 80 and "5 numbers: sun (to 3 decimals)" in asked


@pytest.mark.parametrize(
    ("name", "number", "lines", "right"),
    [
        ("letters", 0, ("0.24",), True),
        ("letters", 0, ("ln(0.4303/0.3398)",), True),
        ("letters", 0, ("0.22",), False),
        ("letters", 1, ("1.6 1.13",), True),
        ("counting", 0, ("3, 1/3",), True),
        ("counting", 0, ("4, 1/4",), False),
        ("counting", 2, ("250",), True),
        ("counting", 2, ("210",), True),
        ("counting", 2, ("190",), False),
        ("thermometer", 1, ("0.9 %",), True),
        ("thermometer", 1, ("0.9",), True),
        ("thermometer", 1, ("9",), False),
        ("bottle", 0, ("13,000",), True),
        ("work", 0, ("0",), True),
        ("work", 0, ("1",), False),
        ("gaussian", 0, ("4 1/4",), True),
    ],
)
def test_a_prediction_is_right_if_it_rounds_to_what_is_written(name, number, lines, right):
    exercise = predictions(EXPERIMENTS[name])[number].exercise
    assert [bool(exercise.check(line)) for line in lines] == [right]


def test_the_end_of_the_input_ends_the_lesson():
    seen = asked_of("limits", *RIGHT[:2])
    assert "Ended after 2 of 4 predictions." in seen
    assert "python -m experiments --lesson limits --predict" in seen
    assert "What you see." not in seen


def broken(change):
    return types.ModuleType("experiments.broken", change(lesson.text(EXPERIMENTS["limits"])))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n4. The two faces of 0.3", "\n5. The two faces of 0.3"),
        lambda text: text.replace("what is left at t\n= 0?", "and so on."),
        lambda text: text.replace("[sun: 0.685;", "[sun: much;"),
        lambda text: text.replace("\nAnswers.", "\nSolutions."),
    ],
)
def test_answers_out_of_form_are_refused(change):
    assert change(lesson.text(EXPERIMENTS["limits"])) != lesson.text(EXPERIMENTS["limits"])
    with pytest.raises(ValueError, match=r"numbered|predictions and|no number|headings"):
        predictions(broken(change))


@pytest.mark.parametrize(
    "words",
    [
        ["--lesson", "limits", "--predict"],
        ["limits", "--lesson", "--predict"],
        ["--predict", "limits"],
    ],
)
def test_without_a_terminal_the_lesson_is_named_that_prints_the_answers(words, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("0.5\n"))
    assert runner.main(words) == 2
    assert "`python -m experiments --lesson limits` prints" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", None)
    assert runner.main(words) == 2


def test_predict_wants_a_name(capsys):
    assert runner.main(["--predict"]) == 2
    assert "--lesson limits --predict" in capsys.readouterr().err


def test_ctrl_c_ends_it_as_it_ends_all_commands(monkeypatch, capsys):
    def interrupted(prompt):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(isatty=lambda: True))
    assert runner.main(["--lesson", "limits", "--predict"]) == 130
    seen = capsys.readouterr()
    assert "1 of 4. Tomorrow's weather" in seen.out and "experiments: interrupted" in seen.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_is_asked_until_ctrl_d():
    import pty

    student, terminal = pty.openpty()
    os.write(student, b"0.7\n\x04")
    command = [sys.executable, "-m", "experiments", "--lesson", "limits", "--predict"]
    done = subprocess.run(command, stdin=terminal, capture_output=True, timeout=300)
    os.close(student)
    os.close(terminal)
    assert done.returncode == 0, done.stderr.decode()
    assert b"your answer holds one number, 5 numbers were asked for" in done.stdout
    assert b"Ended after 0 of 4 predictions." in done.stdout
