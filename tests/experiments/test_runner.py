"""The experiment runner: what it writes, what it compares, what it refuses."""

import json
import os
import re
import shutil
import subprocess
import sys
import types
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from boltzmann import plots
from experiments.runner import cli as runner
from experiments.runner import comparison, gallery, lesson
from experiments.runner.table import Table, agrees, differs, fits
from experiments.shared.letters import shown, usable_contexts
from tests.support.quick_tables import quick_csv, quick_table
from tests.support.verdicts import failing

EXPERIMENTS = runner.discovered()
HOT_AND_COLD = (("hot", 2e-9), ("cold", 0.0))


def tiny_experiment(factor: float = 1.0) -> types.ModuleType:
    """Return an experiment small enough to run in every test; `factor` spoils its figures."""
    headings = [f"{heading} 5" for heading in lesson.HEADINGS]
    module = types.ModuleType(
        "experiments.tiny", "\n\n".join(["Is two times two four?", *headings])
    )

    @dataclass(frozen=True)
    class Config:
        points: int = 4
        corpus: str | None = None

    def compute(config, progress):
        progress(1.0)
        return Table(
            {"n": np.arange(config.points), "square": factor * np.arange(config.points) ** 2.0}
        )

    def draw(table):
        figure = plots.figure(module.FINDING)
        figure.set_layout_engine("none")  # small, and with nothing to lay out: it is drawn often
        figure.set_size_inches(1.6, 0.9)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        plots.law(axes, table["n"], table["square"])
        return figure

    def animate(table):
        figure = draw(table)
        yield figure
        plots.law(figure.axes[0], table["n"], table["n"])
        yield figure

    module.Config, module.QUICK, module.FINDING = Config, Config(points=2), "Two times two is four"
    module.CHAPTER = 1
    module.compute, module.draw, module.animate = compute, draw, animate
    module.verdicts = lambda table: [
        agrees("last", "the last square", table["square"][-1], table["n"][-1] ** 2, 1e-12)
    ]
    return module


def known_alone(folder, monkeypatch, *experiments):
    """Make these experiments the only ones that the runner knows, and this its figures folder."""
    known = {module.__name__.rpartition(".")[2]: module for module in experiments}
    monkeypatch.setattr(runner, "FIGURES", folder)
    monkeypatch.setattr(runner, "available_processors", lambda: 1)  # other processes lack `tiny`
    monkeypatch.setattr(runner, "discovered", lambda: known)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a figures folder as `python -m experiments` leaves it, with the tiny experiment
    alone.
    """
    folder = tmp_path_factory.mktemp("written") / "figures"
    with pytest.MonkeyPatch.context() as monkeypatch:
        known_alone(folder, monkeypatch, tiny_experiment())
        assert runner.main([]) == 0
    return folder


@pytest.fixture
def figures(written, tmp_path, monkeypatch):
    """Return a copy of that folder, which the runner takes for its own."""
    folder = shutil.copytree(written, tmp_path / "figures")
    known_alone(folder, monkeypatch, tiny_experiment())
    return folder


def test_a_table_read_back_equals_the_table_written():
    table = Table(
        {
            "n": [1, -2, 3],
            "x": [1 / 3, 1e-300, -np.inf],
            "text": ["a,b", 'with "quotes"\nand a line', "␣"],
            "missing": [np.nan, 1.5, 2.5],
            "digits": ["0020", "1e3", "9" * 30],
        }
    )
    again = Table.from_csv(table.to_csv())
    assert list(again.columns) == list(table.columns)
    for name in table.columns:
        np.testing.assert_array_equal(again[name], table[name])
    assert again.to_csv() == table.to_csv()


def test_a_table_refuses_columns_of_unequal_length():
    with pytest.raises(ValueError, match="equal length"):
        Table({"a": [1, 2], "b": [1]})


def test_groups_come_in_order_of_appearance_and_hold_all_rows():
    table = Table({"system": ["b", "a", "b"], "value": [1, 2, 3]})
    assert [(key, part["value"].tolist()) for key, part in table.groups("system")] == [
        (("b",), [1, 3]),
        (("a",), [2]),
    ]


def test_verdicts_judge_by_their_criterion():
    assert fits("", "", 1e-6, "").holds
    assert not fits("", "", 9e-7, "").holds
    assert differs("", "", 9e-7, "").holds
    assert not differs("", "", 1e-6, "").holds
    assert agrees("", "", 1.0, 1.5, 0.5).holds
    assert not agrees("", "", 1.0, 1.5, 0.49).holds
    assert not fits("", "", float("nan"), "").holds
    assert not agrees("", "", float("nan"), 0, 1).holds


def test_every_p_value_that_must_not_be_small_stands_beside_a_control():
    """p ≥ 1e-6 alone lets pass what a few draws cannot tell from the claim."""
    for name, module in EXPERIMENTS.items():
        verdicts = module.verdicts(gallery.read_table(runner.FIGURES / f"{name}.csv"))
        lenient = [v.key for v in verdicts if v.criterion.startswith("p ≥")]
        controls = [v.key for v in verdicts if v.control]
        assert bool(lenient) == bool(controls), name
        assert controls == [v.key for v in verdicts if v.claim.startswith("control: ")], name


def test_the_gallery_names_controls_and_their_p_values_under_each_table(figures, monkeypatch):
    def below_the_table(*verdicts):
        monkeypatch.setattr(tiny, "verdicts", lambda table: list(verdicts))
        gallery.finish([tiny], figures)
        return (figures / gallery.GALLERY).read_text(encoding="utf-8").splitlines()[-1]

    tiny = tiny_experiment()
    fit = fits("fit", "it fits", 0.5, "χ²")
    hot, cold = (differs(name, f"control: a {name} one", p, "χ²") for name, p in HOT_AND_COLD)
    why = "p ≥ 1e-06 alone is lenient ([why](#how-to-read-a-table)). "

    assert below_the_table(fit, hot) == why + "Control: a hot one (p = 2e-09)."
    both = "Controls: a hot one (p = 2e-09); a cold one (p < 1e-300)."
    assert below_the_table(hot, fit, cold) == why + both
    assert below_the_table(fit) == why + "Control: none."
    exact = agrees("sum", "the sum", 1.0, 1.0, 0.0)
    assert below_the_table(exact) == "No claim here rests on a p-value."


LOADED = """
import sys
from experiments.runner import cli
assert cli.main(["{name}", "--quick", "--output", "{folder}"]) == 0
print(*sorted(sys.modules), sep="\\n")
"""


def test_an_experiment_waits_for_no_other_and_for_no_table_of_distributions(tmp_path):
    command = [sys.executable, "-c", LOADED.format(name="limits", folder=tmp_path.as_posix())]
    ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    loaded = set(ran.stdout.splitlines())
    assert "experiments.limits" in loaded
    assert loaded & {f"experiments.{name}" for name in set(EXPERIMENTS) - {"limits"}} == set()
    assert "scipy.stats" not in loaded  # takes as long to import as the whole experiment to run


def test_white_space_is_shown_and_contexts_come_from_the_text():
    assert shown("a b\n") == "a␣b↵"
    assert usable_contexts(["the ", "zzzz"], "the cat the dog the") == ["the ", " the"]


def test_every_experiment_has_the_parts_that_an_experiment_has():
    story = (
        "counting limits gaussian occupancy relaxation quench bottle ledger molecules entropy "
        "letters contact conditioning work texts tokens continuations whole_texts "
        "without_replacement truncation"
    )
    assert " ".join(name for name in EXPERIMENTS if name in story.split()) == story
    assert list(EXPERIMENTS)[-1] == "speed"
    for module in EXPERIMENTS.values():
        assert is_dataclass(module.Config) and isinstance(module.QUICK, module.Config)
        assert all(hasattr(module.Config(), field.name) for field in fields(module.Config))
        assert module.FINDING and not module.FINDING.endswith(".")
        assert callable(module.verdicts)
        assert hasattr(module, "draw") != hasattr(module, "page")


@pytest.mark.parametrize("name", sorted(set(EXPERIMENTS) - {"speed"}))
def test_quick_experiment_holds_and_is_reproducible(name):
    module = EXPERIMENTS[name]
    assert module.compute(module.QUICK, lambda fraction: None).to_csv() == quick_csv(name)
    verdicts = module.verdicts(quick_table(name))
    assert verdicts
    assert failing(verdicts) == set()


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_a_committed_table_supports_its_verdicts_each_with_a_key_of_its_own(name):
    verdicts = EXPERIMENTS[name].verdicts(gallery.read_table(runner.FIGURES / f"{name}.csv"))
    assert failing(verdicts) == set()
    keys = [verdict.key for verdict in verdicts]
    assert len(set(keys)) == len(keys) > 0
    assert all(re.fullmatch(r"[a-z][a-z0-9_+-]*", key) for key in keys)


def test_the_committed_gallery_and_digests_are_those_of_the_committed_files(tmp_path):
    for kept in runner.FIGURES.iterdir():
        shutil.copy(kept, tmp_path)
    gallery.finish(EXPERIMENTS.values(), tmp_path)
    kept, made = (
        ((folder / gallery.GALLERY).read_text(encoding="utf-8"), digests(folder))
        for folder in (runner.FIGURES, tmp_path)
    )
    assert kept == made


def digests(folder: Path) -> dict[str, str]:
    return json.loads((folder / gallery.MANIFEST).read_text(encoding="utf-8"))["sha256"]


def test_a_run_writes_table_figures_gallery_and_manifest(figures, capsys):
    assert {path.name for path in figures.iterdir()} == {
        "tiny.csv",
        "tiny.svg",
        "tiny.png",
        "tiny.gif",
        "README.md",
        "MANIFEST.json",
    }
    gallery = (figures / "README.md").read_text(encoding="utf-8")
    assert "Two times two is four." in gallery and "| the last square | 9 | 9 |" in gallery
    before = {path.name: path.read_bytes() for path in figures.iterdir()}
    assert runner.main(["tiny"]) == 0
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == before
    assert "1 of 1 verdicts hold" in capsys.readouterr().out


def test_verify_accepts_what_was_just_made(figures, capsys):
    assert runner.main(["--verify"]) == 0
    assert "bytes of figures compared" in capsys.readouterr().out


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(
            lambda f: change(f / "tiny.csv", "3,9", "3,9.00000002"), id="a float in the table"
        ),
        pytest.param(lambda f: change(f / "tiny.csv", "3,9", "4,9"), id="an integer in the table"),
        pytest.param(lambda f: change(f / "tiny.csv", "square", "cube"), id="a column's name"),
        pytest.param(lambda f: change(f / "tiny.csv", "3,9\n", ""), id="a row"),
        pytest.param(lambda f: change(f / "tiny.csv", "3,9", "3,9,1"), id="a ragged row"),
        pytest.param(lambda f: change(f / "tiny.svg", "</svg>", "</svg> "), id="a byte of the SVG"),
        pytest.param(lambda f: (f / "tiny.png").unlink(), id="a missing PNG"),
        pytest.param(lambda f: (f / "tiny.csv").unlink(), id="a missing table"),
        pytest.param(lambda f: change(f / "README.md", "four", "five"), id="the gallery"),
        pytest.param(lambda f: (f / "MANIFEST.json").unlink(), id="a missing manifest"),
        pytest.param(
            lambda f: (f / "MANIFEST.json").write_text("[]"), id="a manifest of another shape"
        ),
        pytest.param(
            lambda f: (f / "MANIFEST.json").write_text('{"versions": {}, "sha256": ["a"]}'),
            id="digests in a list",
        ),
        pytest.param(
            lambda f: (f / "stray.csv").write_text("a\n1\n"), id="a file of no experiment"
        ),
    ],
)
def test_verify_fails_when_the_folder_was_changed_by_hand(figures, damage, capsys):
    damage(figures)
    assert runner.main(["--verify"]) == 1
    assert "DIFFERS" in capsys.readouterr().out


def change_with_digest(path: Path, old: str, new: str) -> None:
    """Change a file and what the manifest says of it."""
    before = gallery.digest(path)
    change(path, old, new)
    change(path.with_name("MANIFEST.json"), before, gallery.digest(path))


def test_verify_fails_when_table_and_manifest_were_both_changed(figures, capsys):
    change_with_digest(figures / "tiny.csv", "3,9", "3,9.00000002")
    assert runner.main(["--verify"]) == 1
    assert "tiny.csv: square, row 4" in capsys.readouterr().out


def test_verify_says_when_bytes_cannot_be_compared(figures, capsys):
    found = gallery.version("matplotlib")
    change(figures / "MANIFEST.json", f'"{found}"', '"0.1"')
    change_with_digest(figures / "tiny.svg", "</svg>", "</svg> ")
    assert runner.main(["--verify"]) == 0
    assert f"matplotlib {found} found, 0.1 recorded" in capsys.readouterr().out


@pytest.mark.parametrize("suffix", ["svg", "png", "gif"])
@pytest.mark.parametrize("other", [None, "matplotlib", "pillow"])
def test_bytes_are_compared_where_what_made_them_is_of_one_version(figures, capsys, suffix, other):
    path = figures / f"tiny.{suffix}"
    before = gallery.digest(path)
    path.write_bytes(path.read_bytes() + b" ")
    change(figures / "MANIFEST.json", before, gallery.digest(path))
    if other is not None:
        change(figures / "MANIFEST.json", f'"{gallery.version(other)}"', '"0.1"')
    compared = other is None or (suffix, other) == ("svg", "pillow")
    assert runner.main(["--verify"]) == compared
    assert (f"tiny.{suffix}: recomputed bytes differ" in capsys.readouterr().out) == compared


def test_what_moves_is_linked_from_the_gallery(figures):
    assert "In motion: [tiny.gif](tiny.gif)." in (figures / "README.md").read_text(encoding="utf-8")


def test_verify_says_when_numpy_may_have_drawn_other_numbers(figures, capsys):
    change_with_digest(figures / "tiny.csv", "2,4", "2,5")
    assert runner.main(["--verify"]) == 1
    minor = gallery.versions()["numpy"]
    change(figures / "MANIFEST.json", f'"{minor}"', '"1.0"')
    capsys.readouterr()
    assert runner.main(["--verify"]) == 0
    out = capsys.readouterr().out
    assert (
        f"numpy {minor} found, 1.0 recorded" in out
        and "not compared: tiny.csv: square, row 3" in out
    )


def test_tables_may_differ_by_rounding_and_by_no_more(figures, tmp_path, monkeypatch):
    for factor, wrong in ((1 + 5e-10, False), (1 + 5e-9, True)):
        monkeypatch.setattr(
            runner, "discovered", lambda factor=factor: {"tiny": tiny_experiment(factor)}
        )
        folder = tmp_path / str(factor)
        runner.main(["--output", str(folder)])
        assert bool(comparison.table_difference(figures, folder, tiny_experiment())) == wrong


def test_a_verdict_that_fails_is_told_and_sets_the_status(figures, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(runner, "discovered", lambda: {"tiny": tiny_experiment(factor=1.1)})
    assert runner.main(["--output", str(tmp_path / "out")]) == 1
    assert "FAILS" in capsys.readouterr().out


def bad_corpora(folder: Path) -> dict[str, Path]:
    paths = {
        name: folder / name
        for name in ("empty.txt", "latin.txt", "missing.txt", "short.txt", "same.txt")
    }
    paths["short.txt"].write_text("ab")
    paths["same.txt"].write_text("a" * 1000)
    paths["empty.txt"].write_text(" \n")
    paths["latin.txt"].write_bytes("Wärme".encode("latin-1"))
    return paths


def test_bad_input_is_one_line_and_status_2(figures, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("not a folder")
    wrong = [
        (["tinny"], "near it: tiny"),
        (["--output", str(file)], "cannot write to"),
        (["--verify", "--quick"], "no other option"),
        *((["--corpus", str(path)], path.name) for path in bad_corpora(tmp_path).values()),
    ]
    before = {path.name: path.read_bytes() for path in figures.iterdir()}

    for arguments, message in wrong:
        capsys.readouterr()
        assert runner.main(arguments) == 2, arguments
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and message in err, (arguments, err)

    assert {path.name: path.read_bytes() for path in figures.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(figures, monkeypatch, capsys):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(runner.tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(runner, "_compute", lambda *_: pytest.fail("worked"))
    assert runner.main([]) == 2
    assert "Permission denied; --output FOLDER writes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda f: (f / "tiny.png").mkdir(), "cannot write", id="a folder in the way"),
        pytest.param(
            lambda f: (f / "other.csv").write_text("a,b\n1,2\n"),
            "other.csv is not the table",
            id="a table",
        ),
    ],
)
def test_what_is_in_the_way_is_one_line_and_status_2(figures, damage, message, monkeypatch, capsys):
    other = tiny_experiment()
    other.__name__ = "experiments.other"
    monkeypatch.setattr(runner, "discovered", lambda: {"tiny": tiny_experiment(), "other": other})
    (figures / "tiny.png").unlink()
    damage(figures)
    capsys.readouterr()
    assert runner.main(["tiny"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("experiments: ") and err.count("\n") == 1 and message in err


def varying_experiment() -> types.ModuleType:
    """Return an experiment whose last column is another one in every run."""
    module, runs = tiny_experiment(), iter(range(100))
    steady = module.compute
    module.__name__, module.CHAPTER = "experiments.varying", 2

    def compute(config, progress):
        table = steady(config, progress)
        return Table({**table.columns, "seconds": np.full(len(table), 1.0 + next(runs))})

    module.compute = compute
    module.shape = lambda table: Table({name: table[name] for name in ("n", "square")})
    return module


@pytest.fixture(scope="module")
def both_written(written, tmp_path_factory):
    """Return a figures folder with the tiny experiment and one that varies."""
    folder = shutil.copytree(written, tmp_path_factory.mktemp("both") / "figures")
    with pytest.MonkeyPatch.context() as monkeypatch:
        known_alone(folder, monkeypatch, tiny_experiment(), varying_experiment())
        assert runner.main(["--all"]) == 0
    return folder


@pytest.fixture
def both(both_written, tmp_path, monkeypatch):
    """Return a copy of that folder, which the runner takes for its own."""
    folder = shutil.copytree(both_written, tmp_path / "figures")
    varying = varying_experiment()
    varying.compute(varying.Config(), lambda fraction: None)  # the run that made the folder
    known_alone(folder, monkeypatch, tiny_experiment(), varying)
    return folder


def test_what_varies_runs_on_request_only(both, capsys):
    before = {path.name: path.read_bytes() for path in both.iterdir()}
    assert "varying.csv" in before and "## varying" in (both / "README.md").read_text()
    assert runner.main([]) == 0
    assert {path.name: path.read_bytes() for path in both.iterdir()} == before
    assert runner.main(["varying"]) == 0
    assert (both / "varying.csv").read_bytes() != before["varying.csv"]
    capsys.readouterr()
    assert runner.main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("(on request)")


def test_verify_holds_what_varies_to_its_shape_and_its_verdicts(both, capsys):
    for arguments in (["--verify"], ["--verify", "varying"], ["--verify", "--all"]):
        assert runner.main(arguments) == 0, arguments
    assert "varying: only the shape compared" in capsys.readouterr().out


def test_verify_fails_when_what_varies_has_no_rows(both, capsys):
    (both / "varying.csv").write_text('"n","square","seconds"\n')
    assert runner.main(["--verify"]) == 1
    assert "DIFFERS  varying.csv: cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--all"]])
@pytest.mark.parametrize(("old", "new"), [("3,9,", "3,8,"), ("3,9,1\n", ""), ('"n"', '"m"')])
def test_verify_fails_when_what_varies_was_changed_by_hand(both, old, new, arguments, capsys):
    change(both / "varying.csv", old, new)
    assert runner.main(["--verify", *arguments]) == 1
    assert "varying.csv" in capsys.readouterr().out


def paged_experiment(
    value: float = 0.1234567890123456, words: str = "One page"
) -> types.ModuleType:
    """Return an experiment that makes a page of some words and a number."""
    module = tiny_experiment()
    del module.draw
    module.__name__, module.CHAPTER = "experiments.paged", 3
    module.page = lambda config: f"<p>{words} for {config.points} points: {value:.16e}</p>\n"
    return module


@pytest.fixture
def paged(figures, monkeypatch):
    """Return a figures folder with the tiny experiment and one that makes a page."""
    known_alone(figures, monkeypatch, tiny_experiment(), paged_experiment())
    assert runner.main(["paged"]) == 0
    return figures


def test_an_experiment_may_make_a_page_instead_of_a_figure(paged, capsys):
    assert {path.suffix for path in paged.glob("paged.*")} == {".csv", ".html"}
    assert (
        paged / "paged.html"
    ).read_text() == "<p>One page for 4 points: 1.2345678901234559e-01</p>\n"
    gallery = (paged / "README.md").read_text(encoding="utf-8")
    assert "Open [paged.html](paged.html)" in gallery and "paged.svg" not in gallery
    assert '"paged.html"' in (paged / "MANIFEST.json").read_text(encoding="utf-8")
    for arguments in ([], ["paged"], ["tiny"]):
        assert runner.main(["--verify", *arguments]) == 0, arguments


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"value": 0.1234567890123456 * (1 + 2e-12)}, id="a number"),
        pytest.param({"words": "Another page"}, id="a word"),
        pytest.param({"words": "One page, 2 page"}, id="a number more"),
    ],
)
def test_verify_fails_when_the_page_would_be_another(paged, monkeypatch, other, capsys):
    monkeypatch.setattr(
        runner,
        "discovered",
        lambda: {"tiny": tiny_experiment(), "paged": paged_experiment(**other)},
    )
    assert runner.main(["--verify"]) == 1
    assert "DIFFERS  paged.html: recomputed page differs" in capsys.readouterr().out


def test_verify_accepts_a_page_whose_numbers_differ_in_the_last_digit(paged, monkeypatch):
    value = 0.1234567890123456 * (1 + 1e-15)
    monkeypatch.setattr(
        runner, "discovered", lambda: {"tiny": tiny_experiment(), "paged": paged_experiment(value)}
    )
    assert (
        paged_experiment(value).page(types.SimpleNamespace(points=4))
        != (paged / "paged.html").read_text()
    )
    assert runner.main(["--verify"]) == 0


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda f: change(f / "paged.html", "One", "Two"), id="a word"),
        pytest.param(lambda f: change(f / "paged.html", "4559e", "4558e"), id="a last digit"),
        pytest.param(
            lambda f: change_with_digest(f / "paged.html", "789", "788"),
            id="a digit and the manifest",
        ),
        pytest.param(lambda f: (f / "paged.html").unlink(), id="a missing page"),
    ],
)
def test_verify_fails_when_the_page_was_changed_by_hand(paged, damage, capsys):
    damage(paged)
    assert runner.main(["--verify"]) == 1
    assert "DIFFERS  paged.html" in capsys.readouterr().out


def test_a_figure_drawn_again_has_the_same_bytes():
    """Wherever its objects lie in memory: without rounding the layout, every other one differed."""
    table = gallery.read_table(runner.FIGURES / "quench.csv")
    random, drawn = np.random.default_rng(0), set()
    for _ in range(6):
        heap = [object() for _ in range(random.integers(200_000))]
        with plots.style():
            drawn.add(plots.rendered(EXPERIMENTS["quench"].draw(table), "quench")["svg"])
        del heap
    assert len(drawn) == 1


def test_quick_leaves_the_figures_folder_alone(figures, capsys):
    before = {path.name: path.read_bytes() for path in figures.iterdir()}
    assert runner.main(["--quick"]) == 0
    assert {path.name: path.read_bytes() for path in figures.iterdir()} == before
    folder = Path(capsys.readouterr().out.split("figures in ")[1].splitlines()[0])
    assert (folder / "tiny.csv").read_text() == '"n","square"\n0,0\n1,1\n'
    shutil.rmtree(folder)


def test_interruption_is_one_line(figures, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "_compute", interrupt)
    assert runner.main([]) == 130
    assert capsys.readouterr().err == "experiments: interrupted\n"


@pytest.mark.parametrize("words", ["--list", "--lesson limits", "--lesson"])
def test_a_reader_who_goes_ends_it_quietly(words):
    """Whether it has much to print or so little that all of it waits for the end."""
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "experiments", *words.split()]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_list_names_each_question(capsys):
    assert runner.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(EXPERIMENTS)
    assert all(line.removesuffix(" (on request)").endswith("?") for line in lines)
    assert [int(line.split()[1]) for line in lines] == [
        lesson.minutes(module) for module in EXPERIMENTS.values()
    ]
    assert len({line.index(" min  ") for line in lines}) == 1  # a column


def test_without_its_dependencies_it_says_in_one_line_what_to_do():
    """-S leaves out all packages that are installed, as another environment does."""
    command = [sys.executable, "-S", "-m", "experiments", "--list"]
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=alone, cwd=runner.FIGURES.parent
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "activate the virtual environment, or run python -m pip install" in done.stderr


@pytest.mark.parametrize("words", ["--jobs none", "--lessons", "--output"])
def test_a_mistake_in_an_option_is_told_in_one_line(capsys, words):
    with pytest.raises(SystemExit) as end:
        runner.main(words.split())
    err = capsys.readouterr().err
    assert end.value.code == 2 and err.count("\n") == 1 and err.endswith("; see --help\n")


def test_lesson_prints_the_docstring_and_runs_nothing(monkeypatch, capsys):
    monkeypatch.setattr(runner, "_compute", lambda *_: pytest.fail("ran"))
    assert runner.main(["--lesson", "limits"]) == 0
    assert capsys.readouterr().out.strip() == EXPERIMENTS["limits"].__doc__.strip()
    assert runner.main(["--lesson", "limit"]) == 2


def test_letters_catches_a_sampler_that_is_too_hot():
    letters = EXPERIMENTS["letters"]
    table = quick_table("letters")
    spoiled = Table({**table.columns, "sampled": table["sampled_too_hot"]})
    assert failing(letters.verdicts(spoiled)) == {"sampler", "both"}


def test_letters_learns_any_text(tmp_path):
    letters = EXPERIMENTS["letters"]
    path = tmp_path / "greek.txt"
    path.write_text("θερμότητα και γράμματα, μόρια και λέξεις. " * 50, encoding="utf-8")
    config = letters.Config(corpus=str(path), temperatures=(1.0,), particles=2000, draws=2000)
    table = letters.compute(config, lambda fraction: None)
    assert not failing(letters.verdicts(table)) & {"gas", "sampler", "both"}
