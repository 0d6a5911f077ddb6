"""The roads never import one another, and `import boltzmann` loads nothing heavy.

A road is a folder: analytic, simulation, language or thermometer. The files beside these folders,
and `_core`, are shared by the roads. All other folders, such as commands and exercises, may import
anything and are imported by none of these.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import boltzmann as bz

PACKAGE = Path(bz.__file__).parent
ROADS = ("analytic", "simulation", "language", "thermometer")


def modules():
    """Return every module of the package by name, with its path."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = ("boltzmann", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def names_in(source, module, known):
    """Return the dotted names that a source imports, or takes from the package, anywhere."""
    package = module if known[module].name == "__init__.py" else module.rpartition(".")[0]
    nodes, names, bound = list(ast.walk(ast.parse(source))), set(), set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
            bound |= {
                alias.asname or "boltzmann" for alias in node.names if binds_the_package(alias)
            }
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    filter(
                        None,
                        [*package.split(".")[: len(package.split(".")) + 1 - node.level], base],
                    )
                )
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)  # for importlib.import_module

    for node in nodes:
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in bound
        ):
            names.add(f"boltzmann.{node.attr}")

    return names


def binds_the_package(alias):
    """Tell whether an import binds the package itself, as `import boltzmann.levels` does, too."""
    return alias.name == "boltzmann" or (
        alias.name.startswith("boltzmann.") and alias.asname is None
    )


def imported(source, module, known):
    """Return the modules of `known` that a source imports anywhere, their packages included."""
    return (names_in(source, module, known) & known.keys()) - {module}


def reach(start, graph):
    """Return all modules that are loaded, sooner or later, by those in `start`."""
    seen, waiting = set(), list(start)
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += graph[module]
    return seen


def part(module):
    """Return the folder or file below the package that a module is in; "" for its __init__."""
    return module.split(".")[1] if "." in module else ""


def is_road(module):
    return part(module) in ROADS


def is_shared(module):
    """Tell whether a module is shared: `_core`, or a file directly below the package."""
    name = part(module)
    return name in ("", "_core") or (name != "__main__" and (PACKAGE / f"{name}.py").exists())


@pytest.fixture(scope="module")
def graph():
    """What each module imports; `boltzmann` itself, which leads to all roads, counts as empty."""
    known = modules()
    edges = {
        name: imported(path.read_text(encoding="utf-8"), name, known)
        for name, path in known.items()
    }
    return edges | {"boltzmann": set()}


def test_the_walk_sees_imports_of_every_form():
    known = {
        "boltzmann": Path("__init__.py"),
        **{f"boltzmann.{name}": Path(f"{name}.py") for name in "abcdef"},
    }
    source = """
import boltzmann.a
from boltzmann import b as other
def inside():
    from . import c
    from .d import thing
    import_module("boltzmann.e")
"""

    assert imported(source, "boltzmann.f", known) == {
        "boltzmann",
        *(f"boltzmann.{name}" for name in "abcde"),
    }


def test_roads_and_what_they_share_are_there(graph):
    assert {part(module) for module in graph if is_road(module)} == set(ROADS)
    assert {"_core", "levels", "statistics", "plots"} <= {part(m) for m in graph if is_shared(m)}


def test_nothing_below_imports_the_commands_or_the_exercises(graph):
    below = {module for module in graph if is_road(module) or is_shared(module)}
    assert {part(module) for module in graph.keys() - below} == {
        "__main__",
        "commands",
        "exercises",
    }
    assert reach(below, graph) == below


PUBLIC = {f"boltzmann.{name}" for name in bz.__all__} | {"boltzmann.*"}


@pytest.mark.parametrize(
    "source",
    [
        "from boltzmann import softmax",
        "from . import Ensemble as Gas",
        "from boltzmann import *",
        "import boltzmann\nboltzmann.softmax([0.0])",
        "import boltzmann as bz\ndef inside():\n    return bz.language.draw",
        "import boltzmann.levels\nboltzmann.temper",
    ],
)
def test_whoever_takes_a_public_name_from_the_package_is_seen(source):
    assert names_in(source, "boltzmann.f", {"boltzmann.f": Path("f.py")}) & PUBLIC


def test_no_road_takes_a_public_name_from_the_package():
    """It opens all three, so the walk stops there; no module takes from it what is another's."""
    known = modules()
    for module in known.keys() - {"boltzmann"}:
        if not (is_road(module) or is_shared(module)):
            continue
        taken = names_in(known[module].read_text(encoding="utf-8"), module, known) & PUBLIC
        assert taken <= known.keys(), module


@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_to_another(road, graph):
    """Directly or through what they share; if one did, that they agree would say nothing."""
    start = [module for module in graph if part(module) == road]
    assert {part(module) for module in reach(start, graph) if is_road(module)} == {road}


def test_what_is_shared_imports_no_road(graph):
    shared = {module for module in graph if is_shared(module)}
    assert reach(shared, graph) == shared


def test_the_thermometer_imports_the_core_alone(graph):
    """It measures the three roads, and so must not be made of them."""
    start = [module for module in graph if part(module) == "thermometer"]
    assert {part(module) for module in reach(start, graph)} == {"_core", "thermometer"}


@pytest.mark.parametrize("road", ROADS)
def test_all_but_the_simulation_share_an_exponential(road, graph):
    """An error in it would be in all three; the simulation, with its own, would not agree."""
    start = [module for module in graph if part(module) == road]
    shared = "boltzmann._core.exponential" in reach(start, graph)
    assert shared == (road != "simulation")


def loaded_after(statement):
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    """Nor does the law; the simulation loads Numba when it is asked for, and no Matplotlib."""
    heavy = {"numba", "matplotlib", "scipy", "tqdm"}
    assert heavy & loaded_after("import boltzmann") == set()
    assert (
        heavy & loaded_after("import boltzmann as bz; bz.probabilities([0, 1], 1.0); dir(bz)")
        == set()
    )
    assert "boltzmann.exercises" not in loaded_after("import boltzmann as bz; dir(bz)")
    assert "boltzmann.exercises" in loaded_after("import boltzmann as bz; bz.exercises")
    ensemble = loaded_after("import boltzmann as bz; bz.Ensemble")
    assert {"numba", "boltzmann.simulation.ensemble"} <= ensemble
    assert "matplotlib" not in ensemble


@pytest.mark.parametrize("name", [*bz.__all__, "__version__"])
def test_every_public_name_resolves(name):
    assert getattr(bz, name) is not None
    assert name in dir(bz) or name == "__version__"


def test_a_name_that_is_not_there_is_said_not_to_be_there():
    with pytest.raises(AttributeError, match="module 'boltzmann' has no attribute 'Esemble'"):
        _ = bz.Esemble
    assert sorted(bz.__all__) == bz.__all__
