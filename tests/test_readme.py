"""What the README says can be run, runs."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=[f"block {k + 1}" for k in range(len(BLOCKS))])
def test_python_in_the_readme_runs(block, capsys):
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_p_values_in_the_readme_are_ordinary(capsys):
    exec(compile(BLOCKS[0], "README.md", "exec"), {})
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert 1e-3 < float(first) <= 1 and 1e-3 < float(second) <= 1


def test_the_control_that_the_readme_names_refutes_both_counts():
    names = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    (control,) = re.findall(r"5 % too hot,\n`(bz.+)`, the same counts have p-values below", README)
    drawn = np.bincount(names["drawn"], minlength=len(names["levels"]))
    too_hot = eval(control, names)
    for counts in (names["gas"].counts, drawn):
        assert bz.statistics.goodness_of_fit(counts, too_hot).p_value < 1e-20


@pytest.mark.parametrize(
    "words", re.findall(r"^python -m boltzmann ((?:generate|occupancy) .+)$", README, re.MULTILINE)
)
def test_commands_in_the_readme_run(words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(words)) == 0
    assert capsys.readouterr().out.strip()


def test_files_that_the_readme_names_exist():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert [
        target for target in targets if "://" not in target and not (ROOT / target).exists()
    ] == []
    assert sum(target.endswith(".svg") for target in targets) >= 7


def test_ci_runs_the_test_command_of_the_readme():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    install, run = ['python -m pip install -e ".[test]"', "python -m pytest -n auto"]
    assert f"{install} && {run}" in README
    assert 'pip install --quiet -e ".[test,browser]"' in ci and run in ci
