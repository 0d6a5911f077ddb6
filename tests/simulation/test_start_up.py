"""The first result in a new process, where nothing compiled can be kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import boltzmann
from tests.support.workers import LIMIT

# All modules of kernels are imported, and the two least kernels of a simulation are compiled.
FIRST_RESULT = """
import boltzmann as bz
import boltzmann.analytic.kernel
import boltzmann.language.decoding.kernels.alias
import boltzmann.language.decoding.kernels.single_draw
import boltzmann.thermometer.kernels
bz.Ensemble([0, 1], particles=9)
print(bz.transition_matrix([0, 0], 1.0).sum())
"""


@pytest.fixture
def unwritable(tmp_path):
    """Return the environment of a process that can write to no cache, of the package or the user.

    A file stands where each folder would be made, which stops an administrator too.
    """
    package = tmp_path / "boltzmann"
    shutil.copytree(
        Path(boltzmann.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    for folder in (package, *(path for path in package.rglob("*") if path.is_dir())):
        (folder / "__pycache__").touch()
    (tmp_path / "file").touch()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("NUMBA")
    }
    nowhere = dict.fromkeys(
        ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "MPLCONFIGDIR"), str(tmp_path / "file" / "x")
    )
    return environment | nowhere | {"PYTHONPATH": str(tmp_path)}


def first_result(environment, code=FIRST_RESULT):
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def test_kernels_run_where_no_machine_code_can_be_kept(unwritable):
    done = first_result(unwritable | {"NUMBA_CACHE_DIR": unwritable["HOME"]})
    assert (done.stdout, done.stderr, done.returncode) == ("2.0\n", "", 0)
    assert not list(Path(unwritable["PYTHONPATH"]).rglob("*.nbi"))


def test_numba_alone_would_not_run_there(unwritable):
    """The control: the places are unwritable for Numba indeed."""
    (Path(unwritable["PYTHONPATH"]) / "boltzmann" / "plain.py").write_text(
        "from numba import njit\n@njit(cache=True)\ndef one():\n    return 1\n"
    )
    done = first_result(unwritable, "import boltzmann.plain")
    assert "no locator available" in done.stderr
