"""What a citation, a package index or a newcomer takes from here agrees, and works as written."""

import re
import tomllib
import types
from datetime import date
from pathlib import Path

import numpy as np
import pytest

import boltzmann as bz
from boltzmann import levels
from experiments.runner.predictions import predictions

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CITATION, CHANGELOG, CONTRIBUTING, PAPER = (
    (ROOT / name).read_text(encoding="utf-8")
    for name in ("CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md", "docs/paper.md")
)
BLOCKS = re.findall(r"```python\n(.*?)```", CONTRIBUTING, flags=re.DOTALL)


def cited(key):
    return re.search(rf"^{key}: (.+)$", CITATION, flags=re.MULTILINE)[1].strip('"')


def test_the_citation_has_what_its_format_asks_for():
    keys = re.findall(r"^([a-z-]+):", CITATION, flags=re.MULTILINE)
    assert {"cff-version", "message", "title", "authors"} <= set(keys) and len(set(keys)) == len(
        keys
    )
    assert cited("cff-version") == "1.2.0" and cited("type") == "software"
    assert '\nauthors:\n  - name: "The boltzmann developers"\n' in CITATION


def test_one_version_and_one_day_everywhere():
    released = date.fromisoformat(cited("date-released"))
    assert cited("version") == PROJECT["project"]["version"] == bz.__version__
    assert re.findall(r"^## \[(.+)\] - (.+)$", CHANGELOG, flags=re.MULTILINE)[0] == (
        bz.__version__,
        released.isoformat(),
    )
    assert f"\ndate: {released.day} {released:%B %Y}\n" in PAPER


def test_the_paper_has_the_parts_of_its_form():
    _, header, body = PAPER.split("---\n", 2)
    assert re.findall(r"^(\w+):", header, flags=re.MULTILINE) == [
        "title",
        "tags",
        "authors",
        "affiliations",
        "date",
        "bibliography",
    ]
    assert (ROOT / "docs" / re.search(r"bibliography: (.+)", header)[1]).exists()
    assert re.search(r'title: "(.+)"', header)[1] == cited("title")
    parts = re.findall(r"^# (.+)$", body, flags=re.MULTILINE)
    assert [parts[0], parts[1], parts[-1]] == ["Summary", "Statement of need", "References"]

    assert {
        "State of the field",
        "Learning objectives",
        "Content and instructional design",
        "Story of the project",
        "How the software was made",
    } <= set(parts)


def test_the_paper_has_the_length_that_its_journal_asks_for():
    """The Journal of Open Source Education and its sibling for software take about 1000 words."""
    body = PAPER.split("---\n", 2)[2]
    assert 750 <= len(re.sub(r"\[@[^\]]*\]", "", body).split()) <= 1000


def test_code_and_texts_have_their_licences():
    licences = {"MIT": "LICENSE", "CC-BY-4.0": "LICENSE-CC-BY-4.0.md"}
    assert PROJECT["project"]["license"] == " AND ".join(licences)
    assert PROJECT["project"]["license-files"] == list(licences.values())
    assert (
        "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
        and cited("license") == "MIT"
    )
    assert "SPDX-License-Identifier: CC-BY-4.0" in (ROOT / licences["CC-BY-4.0"]).read_text(
        encoding="utf-8"
    )


def test_the_source_distribution_holds_all_that_the_tests_read():
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    read = {
        ".ci",
        "boltzmann",
        "docs",
        "experiments",
        "figures",
        "tests",
        "CITATION.cff",
        "LICENSE",
    }
    assert read <= set(included) and "/*.md" in included


def test_the_checks_that_contributing_names_are_run():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    named = [
        "python -m pytest",
        "ruff check .",
        "ruff format --check .",
        "mypy",
        "python -m experiments --verify",
    ]
    for command in [*named, "python docs/site"]:
        assert command in ci and command in CONTRIBUTING

    for command in (
        "python -m build",
        "twine check --strict",
        "python -m boltzmann",
        "cffconvert --validate",
    ):
        assert command in ci


def test_the_system_of_contributing_works_as_written(monkeypatch):
    namespace = dict(vars(levels))
    exec(compile(BLOCKS[0], "CONTRIBUTING.md", "exec"), namespace)
    monkeypatch.setattr(bz, "paramagnet", namespace["paramagnet"], raising=False)
    tests = {"bz": bz, "assert_allclose": np.testing.assert_allclose}
    exec(compile(BLOCKS[1], "CONTRIBUTING.md", "exec"), tests)
    tests["test_a_paramagnet_has_curies_law"]()
    monkeypatch.setattr(bz, "paramagnet", lambda count: bz.ladder(count, spacing=2.0))
    with pytest.raises(AssertionError):
        tests["test_a_paramagnet_has_curies_law"]()


def test_the_experiment_of_contributing_works_as_written():
    die = types.ModuleType("experiments.die")
    exec(compile(BLOCKS[2], "die.py", "exec"), vars(die))
    table = die.compute(die.QUICK, lambda fraction: None)
    assert [verdict.holds for verdict in die.verdicts(table)] == [True, True]
    assert [len(one.numbers) for one in predictions(die)] == [1, 0, 1]
    assert die.draw(table).axes and die.__doc__.splitlines()[0].endswith("?")
    assert max(len(line) for block in BLOCKS for line in block.splitlines()) <= 115
