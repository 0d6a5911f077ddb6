"""Write the lessons as notebooks: `python -m experiments.runner.notebooks`.

With `--execute` run those that are written. A notebook holds the docstring of its experiment, cut
where there is something to run. Nothing is written into one by hand: a test holds each to its
module. An experiment that makes a page has none: its page is there to play with.
"""

import argparse
import inspect
import json
import sys
import textwrap
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from experiments.runner import lesson
from experiments.runner.experiment import Experiment, discovered, name_of, varies

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "experiments" / "notebooks"
BEFORE = ("Objective.", "What you need to know.", "Minutes.", "Predict first.")
AFTER = ("What the law predicts.", "What would refute it.", "What you see.", "The misconception.")
TIME_LIMIT = 600  # seconds a cell

INSTALL = """\
# Where the experiments are not installed, as on Colab, fetch them.
import importlib.util

if importlib.util.find_spec("experiments") is None:
    !git clone --quiet --depth 1 {repository} boltzmann-lessons
    %cd -q boltzmann-lessons
    %pip install --quiet ."""

IMPORTS = """\
import numpy as np
from IPython.display import Image

import boltzmann as bz
from boltzmann import exercises, plots
from experiments import {name}, run"""

FIGURE = """\
with plots.style():
    images = plots.rendered({name}.draw(table), "{name}")
Image(images["png"], width=960)"""

VERDICTS = """\
for verdict in {name}.verdicts(table):
    print(verdict)"""


def repository() -> str | None:
    """Return the address that badges lead to and notebooks install from, if there is one.

    It is `Repository` in `[project.urls]`.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository")
    return str(address).removesuffix(".git").rstrip("/") if address else None


def notebook(experiment: Experiment, address: str | None) -> str:
    """Return the notebook of an experiment as JSON.

    Without an address it has no badge and does not install.
    """
    cells = [
        {
            "id": f"cell-{number}",
            "cell_type": kind,
            "metadata": {},
            "source": source.splitlines(keepends=True),
        }
        | ({"execution_count": None, "outputs": []} if kind == "code" else {})
        for number, (kind, source) in enumerate(_cells(experiment, address), start=1)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cells(experiment: Experiment, address: str | None) -> Iterator[tuple[str, str]]:
    """Yield kind and source of each cell: before the run, the run, after it, the exercises."""
    name = name_of(experiment)
    parts = lesson.parts(experiment)
    # What differs from run to run takes long to measure: there the small preset shows how it is
    # done.
    preset, other = ("QUICK", "Config()") if varies(experiment) else ("Config()", "QUICK")
    badge = f"\n\n{_badge(name, address)}" if address else ""
    file = Path(inspect.getfile(experiment)).relative_to(NOTEBOOKS.parent).as_posix()
    made = f"Made from [experiments/{file}](../{file}), whose docstring this is."

    yield "markdown", f"# {lesson.question(experiment)}{badge}\n\n{made}"
    if address:
        yield "code", INSTALL.format(repository=address)
    yield "code", IMPORTS.format(name=name)
    yield "markdown", "\n\n".join(_section(heading, parts[heading]) for heading in BEFORE)
    settings = inspect.getsource(experiment.Config).strip()
    yield (
        "markdown",
        f"{_section('Run.', parts['Run.'])}\n\nIts settings:\n\n```python\n{settings}\n```",
    )

    yield "code", f"config = {name}.{preset}  # or {name}.{other}, or settings of your own\nconfig"
    yield "code", f"table = {name}.compute(config, lambda fraction: None)"
    yield "code", VERDICTS.format(name=name)
    yield "code", FIGURE.format(name=name)
    yield "markdown", "\n\n".join(_section(heading, parts[heading]) for heading in AFTER)

    for number, exercise in enumerate(lesson.exercises(experiment), start=1):
        yield from _exercise(number, exercise)
    if "References" in parts:
        yield "markdown", _section("References", parts["References"].replace(".. [", "\n["))


def _badge(name: str, address: str) -> str:
    place = address.removeprefix("https://github.com/")
    notebook = f"https://colab.research.google.com/github/{place}/blob/main/experiments/notebooks/{name}.ipynb"
    return (
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({notebook})"
    )


def _section(heading: str, body: str) -> str:
    return f"## {heading.removesuffix('.')}\n\n{body.replace(']_', ']')}"


def _exercise(number: int, exercise: str) -> Iterator[tuple[str, str]]:
    """Yield the text of an exercise and its code, which stands indented.

    Without any code it ends in a cell to write in.
    """
    heading = f"## Exercise {number}\n\n"
    coded = False
    for paragraph in exercise.split("\n\n"):
        if paragraph.startswith("    "):
            yield "code", textwrap.dedent(paragraph)
            coded = True
        else:
            yield "markdown", heading + paragraph
            heading = ""
    if not coded:
        yield "code", f"# Exercise {number}"


def written() -> dict[Path, str]:
    """Return what belongs into the folder of notebooks, by file."""
    drawn = {name: module for name, module in discovered().items() if hasattr(module, "draw")}
    address = repository()
    return {
        NOTEBOOKS / f"{name}.ipynb": notebook(module, address) for name, module in drawn.items()
    }


def execute(path: Path) -> None:
    """Run all cells of a notebook, on the small preset, in a kernel of its own.

    What a cell raises is raised.
    """
    import nbformat
    from nbclient import NotebookClient

    began = time.perf_counter()
    content = nbformat.read(path, as_version=4)
    nbformat.validate(content)
    for cell in content.cells:
        cell.source = cell.source.replace(
            f"config = {path.stem}.Config()", f"config = {path.stem}.QUICK"
        )
    NotebookClient(
        content, timeout=TIME_LIMIT, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    print(
        f"{path.name}: {len(content.cells)} cells in {time.perf_counter() - began:.0f} s",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all notebooks, or execute them as they stand."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.runner.notebooks", description=main.__doc__
    )
    parser.add_argument(
        "--execute", action="store_true", help="run what is written; needs [notebooks]"
    )
    if parser.parse_args(arguments).execute:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(execute, sorted(NOTEBOOKS.glob("*.ipynb"))))
        return 0
    NOTEBOOKS.mkdir(exist_ok=True)
    for path, content in written().items():
        path.write_text(content, encoding="utf-8", newline="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
