"""The lessons keep their form, say what their figures show, and are what the course and the
notebooks say.
"""

import ast
import base64
import io
import json
import re
import shlex
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import experiments
from boltzmann import exercises
from experiments.runner import cli as runner
from experiments.runner import gallery, lesson, notebooks, sliders
from experiments.runner.predictions import predictions

EXPERIMENTS = runner.discovered()
FOLDER = Path(experiments.__file__).parent
COURSE = (FOLDER / "README.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"python -m experiments((?: [^`\n]+)?)(?=`|\n|$)")
lessons = pytest.mark.parametrize("name", list(EXPERIMENTS))
with_figures = pytest.mark.parametrize(
    "name", [name for name in EXPERIMENTS if hasattr(EXPERIMENTS[name], "draw")]
)


def folded(text: str) -> str:
    return " ".join(text.split())


@lessons
def test_a_lesson_has_all_its_parts_in_order(name):
    module = EXPERIMENTS[name]
    parts = lesson.parts(module)
    assert [heading for heading in parts if heading != "References"] == list(lesson.HEADINGS)
    assert all(parts.values())
    assert lesson.question(module).endswith("?")
    assert 10 <= lesson.minutes(module) <= 60
    assert 3 <= len(lesson.exercises(module)) <= 5
    assert parts["Predict first."].count("?") >= 3
    assert 50 <= len(lesson.text(module).splitlines()) <= 95


@lessons
def test_a_lesson_needs_only_earlier_ones(name):
    earlier = list(EXPERIMENTS)[: list(EXPERIMENTS).index(name)]
    assert set(lesson.needs(EXPERIMENTS[name])) <= set(earlier)


def broken(change) -> types.ModuleType:
    return types.ModuleType("experiments.broken", change(lesson.text(EXPERIMENTS["limits"])))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace("\nMinutes. 30\n", "\n"), id="a heading is missing"),
        pytest.param(lambda text: text.replace("Objective.", "Aim."), id="a heading is another"),
        pytest.param(
            lambda text: text.replace("\nRun.", "\nMinutes. 30\n\nRun."), id="a heading comes twice"
        ),
        pytest.param(
            lambda text: text.replace("\nRun.", "\nX").replace("\nWhat you see.", "\nRun."),
            id="out of order",
        ),
        pytest.param(
            lambda text: text.replace("Minutes. 30", "Minutes. soon"), id="minutes are no number"
        ),
        pytest.param(lambda text: text.replace("\n2. ", "\n3. "), id="exercises are misnumbered"),
    ],
)
def test_a_lesson_out_of_form_is_refused(change):
    module = broken(change)
    with pytest.raises(ValueError, match=r"headings|invalid literal|numbered"):
        (lesson.minutes(module), lesson.exercises(module))


MISCONCEPTIONS = {
    "limits": ["Temperature adds randomness to the model.", "t = 0 is undefined"],
    "gaussian": ["At t = ∞ everything is equally likely."],
    "occupancy": ["The particles must know the law"],
    "relaxation": [
        "The more moves are accepted, the faster",
        "Error bars fall as 1/√(number of measurements).",
    ],
    "quench": ["When the gas has come to rest, one can see it on a molecule."],
    "bottle": ["The barometer needs collisions"],
    "ledger": ["Equilibrium is when nothing moves."],
    "molecules": ["A gas of one temperature is in equilibrium."],
    "entropy": ["Entropy is disorder."],
    "letters": ["Dividing log-probabilities is not the same as dividing logits."],
    "conditioning": [
        "A temperature is a knob, and somebody turns it.",
        "The exponential is an assumption.",
    ],
    "work": ["The second law holds on the average, so rare violations do not matter."],
    "texts": ["The coldest text is the best"],
    "tokens": ["The law holds for letters because a letter model is simple."],
    "continuations": ["Hot text confuses every model alike.", "A greedy text must loop"],
    "whole_texts": ["Token temperature is text temperature."],
    "without_replacement": [
        "Sampling without replacement is sampling without replacement.",
        "Gumbel noise samples sets by their probability.",
    ],
    "truncation": ["Top-p after temperature is the same as before."],
    "thermometer": ["You cannot tell the temperature from a text."],
    "speculative": [
        "A small model writes most of it, so the text is worse.",
        "Then engines get it right.",
    ],
    "engines": [
        "Set the temperature, and you know how the model is sampled.",
        "An engine without an error did what it was asked.",
    ],
    "summary": ["The temperature of a language model is a figure of speech."],
    "explorer": ["An animation plays what the formula says."],
    "speed": ["Faster means less exact."],
}


@pytest.mark.parametrize("name", list(MISCONCEPTIONS))
def test_a_misconception_is_named_where_it_dies(name):
    told = folded(lesson.parts(EXPERIMENTS[name])["The misconception."])
    assert all(f'"{misconception}' in told for misconception in MISCONCEPTIONS[name])


def commands(text: str) -> list[list[str]]:
    return [shlex.split(found) for found in COMMAND.findall(text)]


@lessons
def test_commands_of_a_lesson_are_understood(name):
    assert [name] in [given[:1] for given in commands(lesson.parts(EXPERIMENTS[name])["Run."])]
    for given in commands(lesson.text(EXPERIMENTS[name])):
        assert set(runner._parser().parse_args(given).names) <= set(EXPERIMENTS)


def linked(name: str) -> list[str]:
    """Return the exercises that check themselves in a lesson: each is asked and checked in one
    line.
    """
    coded = "\n".join(lesson.exercises(EXPERIMENTS[name]))
    asked = re.findall(
        r'^ +print\(exercises\.question\("(\w+)"\)\)(?:  |\n +)# exercises\.check\("(\w+)", \w+\)$',
        coded,
        re.M,
    )
    assert all(question == answer for question, answer in asked)
    assert len(asked) == len(re.findall(r"exercises\.(?:question|check)\(", coded)) / 2
    return [question for question, _ in asked]


def test_every_exercise_that_checks_itself_belongs_to_a_lesson():
    assert {question for name in EXPERIMENTS for question in linked(name)} == set(exercises.names())


@lessons
def test_a_lesson_says_where_its_names_come_from(name):
    imported = "from boltzmann import exercises" in folded(
        lesson.parts(EXPERIMENTS[name])["Exercises."]
    )
    assert imported == bool(linked(name))


def test_the_course_maps_the_exercises_as_they_are():
    rows = [f"| {name} | {', '.join(linked(name))} |" for name in EXPERIMENTS if linked(name)]
    section = COURSE.partition("\n## Exercises that check themselves\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| ")][1:] == rows


def test_commands_of_the_course_are_understood():
    given = commands(COURSE)
    assert len(given) >= 8
    for arguments in given:
        assert set(runner._parser().parse_args(arguments).names) <= set(EXPERIMENTS)


def test_the_course_maps_the_lessons_as_they_are():
    rows, edges = [], []
    for name, module in EXPERIMENTS.items():
        needs, file = lesson.needs(module), Path(module.__file__).relative_to(FOLDER)
        opened = f"notebooks/{name}.ipynb" if hasattr(module, "draw") else f"../figures/{name}.html"
        rows.append(
            f"| [{name}]({file}) | {lesson.minutes(module)} | {', '.join(needs) or 'nothing'} "
            f"| {lesson.question(module)} | [open]({opened}) |"
        )
        edges += [f"    {needed} --> {name}" for needed in needs]
    assert [line for line in COURSE.splitlines() if "[open](" in line] == rows
    assert [line for line in COURSE.splitlines() if " --> " in line] == edges


def test_links_of_the_course_lead_somewhere():
    targets = re.findall(r"\]\(([^)#]+)\)", COURSE)
    assert len(targets) > 30
    assert [target for target in targets if not (FOLDER / target).exists()] == []


@pytest.mark.parametrize(
    ("title", "length"), [("machine learning", 50), ("physicists", 50), ("A lab", 180)]
)
def test_sessions_leave_no_minute_out(title, length):
    session = next(part for part in COURSE.split("\n## ") if title in part.partition("\n")[0])
    spans = [
        (int(first), int(last))
        for first, last in re.findall(r"^\| (\d+)–(\d+) \|", session, re.MULTILINE)
    ]
    assert [first for first, _ in spans] == [0, *(last for _, last in spans[:-1])]
    assert all(first < last for first, last in spans) and spans[-1][1] == length


def source_and_text(content: str) -> list[object]:
    """Return what a notebook holds but for its images, whose bytes differ between libraries."""
    whole = json.loads(content)
    for cell in whole["cells"]:
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"]["image/png"] = ""
    return whole


def images(content: str) -> list[np.ndarray]:
    """Return the images that a notebook ships, (height, width, 3) each."""
    outputs = [out for cell in json.loads(content)["cells"] for out in cell.get("outputs", [])]
    coded = [out["data"]["image/png"] for out in outputs if "data" in out]
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), float)
        for png in coded
    ]


def test_notebooks_are_those_of_the_docstrings():
    written = notebooks.written()
    assert sorted(notebooks.NOTEBOOKS.iterdir()) == sorted(written)
    standing = {path: path.read_text(encoding="utf-8") for path in written}
    stale = [
        path.name
        for path, content in written.items()
        if source_and_text(standing[path]) != source_and_text(content)
        or any(
            shipped.shape != made.shape or np.abs(shipped - made).mean() > 4
            for shipped, made in zip(images(standing[path]), images(content), strict=True)
        )
    ]
    assert stale == [], "python -m experiments.runner.notebooks writes them"


@with_figures
def test_a_notebook_ships_verdicts_and_a_small_figure_and_no_answers_of_exercises(name):
    content = notebooks.notebook(EXPERIMENTS[name], None)
    assert len(content) < 150_000 and len(images(content)) == 1 + (name in sliders.SLIDERS)
    assert images(content)[0].shape == (450, 800, 3)
    shown = {
        "".join(cell["source"]): cell["outputs"]
        for cell in json.loads(content)["cells"]
        if cell.get("outputs")
    }
    (verdicts, *_), (figure, *_) = list(shown.values())[:2]
    table = gallery.read_table(runner.FIGURES / f"{name}.csv")
    assert "".join(verdicts["text"]).splitlines() == [
        str(verdict) for verdict in EXPERIMENTS[name].verdicts(table)
    ]
    assert figure["output_type"] == "display_data"
    assert len(shown) == 2 + (name in sliders.SLIDERS)


def cells(name: str, address: str | None, kind: str) -> list[str]:
    content = json.loads(notebooks.notebook(EXPERIMENTS[name], address))
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == kind]


@with_figures
def test_a_notebook_holds_the_whole_lesson(name):
    told, code = (folded("\n".join(cells(name, None, kind))) for kind in ("markdown", "code"))
    parts = lesson.parts(EXPERIMENTS[name])
    for heading in set(lesson.HEADINGS) - {"Exercises.", "Answers.", "Predict first.", "Run."}:
        for text in parts[heading].replace("]_", "]").split("\n\n"):
            assert folded(notebooks.paragraph(text)) in told, heading
    assert folded(parts["Run."]) in told
    for one in predictions(EXPERIMENTS[name]):
        answer = notebooks.folded(notebooks.with_formulas(one.told))
        assert folded(f"{notebooks.with_formulas(one.question)} {answer}") in told
    for exercise in lesson.exercises(EXPERIMENTS[name]):
        for text in exercise.split("\n\n"):
            if text.startswith("    "):
                assert folded(text) in code
            else:
                for piece, answer in notebooks.answers_apart(text):
                    shown = notebooks.with_formulas(piece[1:-1] if answer else piece)
                    assert folded(notebooks.folded(shown) if answer else shown) in told
    for line in parts["Exercises."].splitlines():
        if line.startswith("       "):
            assert folded(line) in code, line


@with_figures
def test_no_answer_of_a_notebook_stands_open(name):
    told = "\n".join(cells(name, None, "markdown"))
    assert told.count("<details>") == told.count("</details>") == told.count("<summary>")
    assert told.count("<details>") >= len(predictions(EXPERIMENTS[name])) + 1
    for exercise in lesson.exercises(EXPERIMENTS[name]):
        for text in exercise.split("\n\n"):
            if not text.startswith("    "):
                pieces = notebooks.answers_apart(text)
                assert " ".join(piece for piece, _ in pieces).split() == text.split()
    opened = re.sub(r"<details>.*?</details>", "", told, flags=re.DOTALL)
    for one in predictions(EXPERIMENTS[name]):
        assert notebooks.with_formulas(one.told) not in opened


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("How many? (Three.)", [("How many?", False), ("(Three.)", True)]),
        (
            "Solve (a + b)/2. (0.3, as f(0) = 1.) Then\nsquare it.",
            [
                ("Solve (a + b)/2.", False),
                ("(0.3, as f(0) = 1.)", True),
                ("Then\nsquare it.", False),
            ],
        ),
        ("By hand (with a pencil): why?", [("By hand (with a pencil): why?", False)]),
        ("(Yes.)", [("(Yes.)", True)]),
        (
            'Is it "so"? (No.) "Or so?" (Yes.)',
            [
                ('Is it "so"?', False),
                ("(No.)", True),
                ('"Or so?"', False),
                ("(Yes.)", True),
            ],
        ),
    ],
)
def test_an_answer_begins_where_a_sentence_ended(text, pieces):
    assert notebooks.answers_apart(text) == pieces


@with_figures
def test_code_of_a_notebook_is_python(name):
    assert all(ast.parse(source) for source in cells(name, None, "code"))


def test_a_badge_leads_where_the_notebook_installs_from_and_nowhere_without_an_address(
    monkeypatch, tmp_path
):
    address = "https://github.com/someone/fork"
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\n[project.urls]\nRepository = "{address}.git"\n'
    )
    with monkeypatch.context() as patched:
        patched.setattr(notebooks, "ROOT", tmp_path)
        assert notebooks.repository() == address
    title, install = cells("limits", address, "markdown")[0], cells("limits", address, "code")[0]
    badge = "https://colab.research.google.com/github/someone/fork/blob/main/experiments/notebooks/limits.ipynb"
    assert f"({badge})" in title and f"git clone --quiet --depth 1 {address} " in install

    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with monkeypatch.context() as patched:
        patched.setattr(notebooks, "ROOT", tmp_path)
        assert notebooks.repository() is None
    everything = notebooks.notebook(EXPERIMENTS["limits"], None)
    assert "colab" not in everything.lower() and "git clone" not in everything


def test_run_changes_settings_and_prints_the_verdicts(capsys):
    table = experiments.run("truncation", temperatures=(1.0,), draws=20_000, walls=(("top-k", 3),))
    assert set(table["wall"]) == {"top-k = 3"}
    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(EXPERIMENTS["truncation"].verdicts(table))
    assert told[0].startswith("holds  the sampler's chain obeys the law before the wall: p = ")


def test_ci_executes_the_notebooks():
    ci = (FOLDER.parent / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^notebooks\(\) .*experiments\.runner\.notebooks --execute", ci, re.MULTILINE)
    before, run, _ = ci.partition("\ntogether notebooks ")
    assert run and re.search(r"pip install .*\[[\w,]*\bnotebooks\b", before)
