"""Python in other surroundings: without docstrings, without a compiler, from a zip archive."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import boltzmann as bz

ROOT = Path(bz.__file__).resolve().parents[1]


def run(*arguments, **environment):
    """Return what Python prints; nothing may go to standard error."""
    made = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, made.stderr) == (0, "")
    return made.stdout


def test_lessons_are_listed_without_docstrings():
    """`python -OO` leaves docstrings out: lessons are read from their source."""
    plain = run("-m", "experiments", "--list")
    assert run("-OO", "-m", "experiments", "--list") == plain
    assert " min  " in plain


def test_the_small_gpt2_is_read_from_a_zipped_package(tmp_path):
    archive = tmp_path / "boltzmann.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted((ROOT / "boltzmann").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                made.write(path, path.relative_to(ROOT))
    program = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import boltzmann.language as bl; "
        "print(bl.__file__, bl.GPT2.load('tiny'), len(bl.load_corpus()))"
    )
    out = run("-c", program, NUMBA_CACHE_DIR=str(tmp_path))
    assert str(archive) in out
    assert "GPT2('tiny', tokens=1024, window=256" in out


GAS = """
import numpy as np
import boltzmann as bz
for proposal in ("uniform", "neighbour", np.full((3, 3), 1 / 3)):
    for rule in ("metropolis", "heat-bath"):
        gas = bz.Ensemble([0, 1, 2], 0.7, 100, proposal=proposal, rule=rule, seed=1)
        gas.run(5)
        print(gas.counts)
gas = bz.Ensemble(np.linspace(0, 3, 300), 0.7, 60, seed=1)
gas.run(3)
print(gas.states)
gas = bz.Ensemble([0, 1, 2], 0.7, 10**9, engine="counts", seed=1)
gas.run(3)
print(gas.counts)
from boltzmann.thermometer import read
rows = np.random.default_rng(1).normal(size=(20, 300)).astype(np.float32)
print(read(rows, rows.argmax(axis=1) - (np.arange(20) % 2)).draws)
from boltzmann.language import draw
print(draw(np.linspace(0, 3, 5000), 0.7, seed=1), draw([0, 1, 2], 0.7, 8, seed=1))
print(bz.softmax(np.linspace(0, 3, 60_000))[-1].round(12))
"""


def test_kernels_without_a_compiler_give_the_same_numbers_and_no_warning():
    """Numbers that wrap are meant to: coverage tools and `-W error` run kernels in Python."""
    plain = run("-c", GAS)
    assert run("-W", "error", "-c", GAS, NUMBA_DISABLE_JIT="1") == plain
