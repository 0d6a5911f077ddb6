"""ARCHITECTURE.md names what is there, and leaves out no module of the package."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
TREE = PAGE.partition("## The tree")[2].partition("\n## ")[0]
MODULES = sorted((ROOT / "boltzmann").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_has_its_place_in_the_tree(path):
    inside = path.relative_to(ROOT / "boltzmann")
    folders = [f"{name}/" for name in inside.parts[:-1]]
    assert all(folder in TREE for folder in folders)
    if path.name.startswith("_") or inside.parts[0] in ("exercises", "commands"):
        return  # fronts of packages, and folders that the page describes as a whole
    assert re.search(rf"\b{re.escape(path.name)}\b", TREE) or "kernels" in inside.parts


def test_every_file_that_the_tree_names_is_there():
    names = {path.name for path in ROOT.rglob("*.py")}
    assert set(re.findall(r"\b\w+\.py\b", TREE)) <= names


def test_every_test_that_an_invariant_names_is_there():
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE)
    assert len(named) > 8
    assert [path for path in named if not (ROOT / path).exists()] == []
