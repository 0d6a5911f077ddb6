"""Write the lessons as notebooks: `python -m experiments.runner.notebooks`.

With `--execute` run those that are written. A notebook holds the docstring of its experiment, cut
where there is something to run, with its formulas as LaTeX and its answers folded away. It ships
with what the committed table shows: verdicts, and the figure, made small. Nothing is written into
one by hand: a test holds each to its module. An experiment that makes a page has none: its page is
there to play with.
"""

import argparse
import base64
import inspect
import io
import json
import re
import sys
import textwrap
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from boltzmann._core.threads import available_processors
from experiments.runner import gallery, lesson, sliders
from experiments.runner.experiment import Experiment, discovered, name_of, varies
from experiments.runner.formulas import displayed, with_formulas
from experiments.runner.predictions import predictions

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "experiments" / "notebooks"
FIGURES = ROOT / "figures"
BEFORE = ("Objective.", "What you need to know.", "Minutes.")
AFTER = ("What the law predicts.", "What would refute it.", "What you see.", "The misconception.")
TIME_LIMIT = 600  # seconds a cell
WIDTH, COLOURS = 800, 32  # of the figures that are shipped

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

COMPUTE = "table = {name}.compute(config, lambda fraction: None)"
COMMITTED = """\
from experiments.runner import gallery, notebooks

table = gallery.read_table(notebooks.FIGURES / "{name}.csv")"""

SLIDER = """\
from experiments.runner import sliders

sliders.show("{name}")"""

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
        | ({"execution_count": None, "outputs": outputs} if kind == "code" else {})
        for number, (kind, source, outputs) in enumerate(_cells(experiment, address), start=1)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


Cell = tuple[str, str, list[dict[str, Any]]]  # its kind, its source, its outputs


def _cells(experiment: Experiment, address: str | None) -> Iterator[Cell]:
    """Yield each cell: before the run, the run, after it, the exercises."""
    name = name_of(experiment)
    parts = lesson.parts(experiment)
    badge = f"\n\n{_badge(name, address)}" if address else ""
    file = Path(inspect.getfile(experiment)).relative_to(NOTEBOOKS.parent).as_posix()
    made = f"Made from [experiments/{file}](../{file}), whose docstring this is."

    yield _text(f"# {lesson.question(experiment)}{badge}\n\n{made}")
    if address:
        yield _code(INSTALL.format(repository=address))
    yield _code(IMPORTS.format(name=name))
    yield _text("\n\n".join(_section(heading, parts[heading]) for heading in BEFORE))
    yield _text(_predictions(experiment))
    yield from _run(experiment, parts["Run."])
    yield _text("\n\n".join(_section(heading, parts[heading]) for heading in AFTER))
    if name in sliders.SLIDERS:
        yield _text(f"## Drag it\n\n{with_formulas(sliders.SLIDERS[name].asks)}")
        yield _code(SLIDER.format(name=name), _image(sliders.still(name)))

    for number, exercise in enumerate(lesson.exercises(experiment), start=1):
        yield from _exercise(number, exercise)
    if "References" in parts:
        references = parts["References"].replace(".. [", "\n[").replace("]_", "]")
        yield _text(f"## References\n\n{references}")


def _text(source: str) -> Cell:
    return "markdown", source, []


def _code(source: str, *outputs: dict[str, Any]) -> Cell:
    return "code", source, list(outputs)


def _run(experiment: Experiment, told: str) -> Iterator[Cell]:
    """Yield the cells that run the experiment, with what the committed table shows."""
    name = name_of(experiment)
    # What differs from run to run takes long to measure: there the small preset shows how it is
    # done.
    preset, other = ("QUICK", "Config()") if varies(experiment) else ("Config()", "QUICK")
    settings = inspect.getsource(experiment.Config).strip()
    yield _text(f"## Run\n\n{told}\n\nIts settings:\n\n```python\n{settings}\n```")

    yield _code(f"config = {name}.{preset}  # or {name}.{other}, or settings of your own\nconfig")
    yield _code(COMPUTE.format(name=name))
    yield _code(VERDICTS.format(name=name), _printed(verdicts_of(experiment)))
    yield _code(FIGURE.format(name=name), _image(small(FIGURES / f"{name}.png")))


def verdicts_of(experiment: Experiment) -> str:
    """Return what the committed table says, as a notebook prints it."""
    table = gallery.read_table(FIGURES / f"{name_of(experiment)}.csv")
    return "".join(f"{verdict}\n" for verdict in experiment.verdicts(table))


def small(figure: Path) -> bytes:
    """Return a figure in few pixels and colours, as PNG."""
    with Image.open(figure) as image:
        height = round(image.height * WIDTH / image.width)
        shrunk = image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    palette = shrunk.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette.save(made, "PNG", optimize=True)
    return made.getvalue()


def _printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}


def _image(png: bytes) -> dict[str, Any]:
    data = {
        "image/png": base64.b64encode(png).decode() + "\n",
        "text/plain": ["<IPython.core.display.Image object>"],
    }
    return {"output_type": "display_data", "metadata": {}, "data": data}


def _predictions(experiment: Experiment) -> str:
    """Return what is to be predicted, each question with its answer folded away."""
    told = ["## Predict first", "Write down what you predict. Then open the answer."]
    for number, one in enumerate(predictions(experiment), start=1):
        told += [f"**{number}.** {with_formulas(one.question)}", folded(with_formulas(one.told))]
    return "\n\n".join(told)


def folded(answer: str) -> str:
    """Return an answer that is seen when it is opened."""
    return f"<details>\n<summary>Answer</summary>\n\n{answer}\n\n</details>\n<br>"


def _badge(name: str, address: str) -> str:
    colab, place = "https://colab.research.google.com", address.removeprefix("https://github.com/")
    opened = f"{colab}/github/{place}/blob/main/experiments/notebooks/{name}.ipynb"
    return f"[![Open in Colab]({colab}/assets/colab-badge.svg)]({opened})"


def _section(heading: str, body: str) -> str:
    paragraphs = [paragraph(piece) for piece in body.replace("]_", "]").split("\n\n")]
    return f"## {heading.removesuffix('.')}\n\n" + "\n\n".join(paragraphs)


def paragraph(text: str) -> str:
    """Return a paragraph of a lesson as Markdown; an indented one is a formula, or code."""
    if not text.startswith("    "):
        return with_formulas(text)
    return displayed(text) or text


def _exercise(number: int, exercise: str) -> Iterator[Cell]:
    """Yield the text of an exercise and its code, which stands indented.

    Without any code it ends in a cell to write in.
    """
    heading = f"## Exercise {number}\n\n"
    coded = False
    for text in exercise.split("\n\n"):
        if text.startswith("    "):
            yield _code(textwrap.dedent(text))
            coded = True
        else:
            told = [
                folded(with_formulas(piece[1:-1])) if answer else with_formulas(piece)
                for piece, answer in answers_apart(text)
            ]
            yield _text(heading + "\n\n".join(told))
            heading = ""
    if not coded:
        yield _code(f"# Exercise {number}")


def answers_apart(text: str) -> list[tuple[str, bool]]:
    """Return the pieces of a paragraph, and which of them are answers.

    An answer stands in parentheses that begin where a sentence ended.
    """
    pieces, start = [], 0
    for opened in re.finditer(r"(?:(?<=[.?!:]\s)|(?<=[.?!][)\"]\s)|^)\(", text):
        if opened.start() < start:
            continue
        end = _closed(text, opened.start())
        pieces += [
            (text[start : opened.start()].strip(), False),
            (text[opened.start() : end], True),
        ]
        start = end
    return [(piece, answer) for piece, answer in [*pieces, (text[start:].strip(), False)] if piece]


def _closed(text: str, start: int) -> int:
    """Return where the parentheses end that begin at `start`."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place + 1
    return len(text)


def written() -> dict[Path, str]:
    """Return what belongs into the folder of notebooks, by file."""
    drawn = {name: module for name, module in discovered().items() if hasattr(module, "draw")}
    address = repository()
    return {
        NOTEBOOKS / f"{name}.ipynb": notebook(module, address) for name, module in drawn.items()
    }


def execute(path: Path) -> None:
    """Run all cells of a notebook in a kernel of its own, on the committed table.

    What a cell raises is raised; so is it if the verdicts are others than those shipped.
    """
    import nbformat
    from nbclient import NotebookClient

    began = time.perf_counter()
    content = nbformat.read(path, as_version=4)
    nbformat.validate(content)
    shipped = _verdicts_in(content, path.stem)
    for cell in content.cells:
        if cell.source == COMPUTE.format(name=path.stem):
            cell.source = COMMITTED.format(name=path.stem)
    NotebookClient(
        content, timeout=TIME_LIMIT, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    if _verdicts_in(content, path.stem) != shipped:
        raise ValueError(f"{path.name}: the verdicts shipped are not those of a run")
    print(
        f"{path.name}: {len(content.cells)} cells in {time.perf_counter() - began:.0f} s",
        flush=True,
    )


def _verdicts_in(content: Any, name: str) -> str:
    """Return what the cell of the verdicts has printed."""
    cell = next(cell for cell in content.cells if cell.source == VERDICTS.format(name=name))
    return "".join(output.text for output in cell.outputs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all notebooks, or execute them as they stand."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.runner.notebooks", description=main.__doc__
    )
    parser.add_argument(
        "--execute", action="store_true", help="run what is written; needs [notebooks]"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=available_processors(),
        help="execute so many at a time; by default one a processor",
    )
    options = parser.parse_args(arguments)
    if options.execute:
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(execute, sorted(NOTEBOOKS.glob("*.ipynb"))))
        return 0
    NOTEBOOKS.mkdir(exist_ok=True)
    for path, content in written().items():
        path.write_text(content, encoding="utf-8", newline="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
