"""Writing the figures folder: tables, figures, pages, the gallery and the manifest."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from boltzmann import plots
from boltzmann._core.files import write_file
from experiments.runner.experiment import Experiment, name_of
from experiments.runner.table import Table, Verdict

MANIFEST = "MANIFEST.json"
GALLERY = "README.md"

HOW_TO_READ = """\
## How to read a table

A claim that random draws decide has a p-value: the probability, if the claim is true, of draws that
fit it as badly as these or worse. It holds if p ≥ 1e-06, so that of a million true claims at most
one fails by chance. That alone is lenient: p = 0.001 passes, and from few draws a false claim does
as well. What makes it a test is the control: something with a known fault, such as a sampler that
runs too hot, is judged in the same way and must fail, with p < 1e-06. Under each table stands which
control it was, and its p; how large the fault is, the lesson says. A fault of that size is seen, a
much smaller one could still hide.

"Smallest p of 24, times 24" is the p-value of 24 tests together (Bonferroni's), at most 1: p = 1 is
nothing unusual. Other claims are held to a tolerance, which stands beside them with its reason.
"""


class NotItsTableError(Exception):
    """A CSV in the figures folder holds something else."""


def write(experiment: Experiment, config: Any, table: Table, folder: Path) -> list[Verdict]:
    """Write the table and its figure or page; return the verdicts that the written table supports.

    A figure is drawn from the written table. A page needs more digits than that has, and is made as
    the table was.
    """
    name = name_of(experiment)
    text = table.to_csv()
    written = Table.from_csv(text)
    write_file(folder / f"{name}.csv", text)

    if hasattr(experiment, "page"):
        write_file(folder / f"{name}.html", experiment.page(config))
    else:
        with plots.style():
            plots.save(experiment.draw(written), folder, name)
            if hasattr(experiment, "animate"):
                plots.save_animation(experiment.animate(written), folder, name)
    return list(experiment.verdicts(written))


def adopt(experiment: Experiment, kept: Path, folder: Path) -> dict[str, list[Verdict]]:
    """Copy what a kept folder has of an experiment; return the verdicts that its table supports."""
    name = name_of(experiment)
    try:
        verdicts = list(experiment.verdicts(read_table(kept / f"{name}.csv")))
    except (OSError, ValueError, KeyError, IndexError):
        return {}  # reported with the differences
    for path in kept.glob(f"{name}.*"):
        shutil.copy(path, folder)
    return {name: verdicts}


def finish(experiments: Iterable[Experiment], folder: Path) -> None:
    """Write the gallery and the manifest of all experiments whose table is in the folder."""
    present = [e for e in experiments if (folder / f"{name_of(e)}.csv").exists()]
    lines = [
        "# Figures",
        "",
        "Made by `python -m experiments`. Each is drawn from the CSV beside it alone.",
        "",
        HOW_TO_READ,
    ]
    for experiment in present:
        lines += _chapter(experiment, folder)
    write_file(folder / GALLERY, "\n".join(lines))

    files = sorted(path for e in present for path in folder.glob(f"{name_of(e)}.*"))
    manifest = {
        "versions": versions(),
        "sha256": {path.name: digest(path) for path in [*files, folder / GALLERY]},
    }
    write_file(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def _chapter(experiment: Experiment, folder: Path) -> list[str]:
    """Return the lines of the gallery about one experiment."""
    name = name_of(experiment)
    try:
        verdicts = experiment.verdicts(read_table(folder / f"{name}.csv"))
    except (ValueError, KeyError, IndexError) as error:
        raise NotItsTableError(
            f"{folder / name}.csv is not the table of {name}: run that experiment"
        ) from error

    shown = f"![{experiment.FINDING}]({name}.svg)"
    if hasattr(experiment, "page"):
        shown = f"Open [{name}.html]({name}.html) in a browser."
    moving = [f"In motion: [{name}.gif]({name}.gif).", ""]
    return [
        f"## {name}",
        "",
        f"**{experiment.FINDING}.**",
        "",
        shown,
        "",
        *(moving if hasattr(experiment, "animate") else []),
        f"Data: [{name}.csv]({name}.csv). Again: `python -m experiments {name}`.",
        "",
        "| claim | measured | expected | criterion | holds |",
        "|---|---|---|---|---|",
        *map(_row, verdicts),
        "",
        _controls(verdicts),
        "",
    ]


def _controls(verdicts: Sequence[Verdict]) -> str:
    """Return the line below a table: which controls make its p-values a test."""
    controls = [
        f"{v.claim.removeprefix('control: ')} ({v.measured})" for v in verdicts if v.control
    ]
    if not controls and not any(v.criterion.startswith("p ≥") for v in verdicts):
        return "No claim here rests on a p-value."
    named = "Controls" if len(controls) > 1 else "Control"
    told = "; ".join(controls) or "none"
    return f"p ≥ 1e-06 alone is lenient ([why](#how-to-read-a-table)). {named}: {told}."


def _row(v: Verdict) -> str:
    holds = "yes" if v.holds else "**no**"
    return f"| {v.claim} | {v.measured} | {v.expected} | {v.criterion} | {holds} |"


def read_table(path: Path) -> Table:
    """Return the table in a CSV file."""
    return Table.from_csv(path.read_text(encoding="utf-8"))


def versions() -> dict[str, str]:
    """Return the versions on which a number (NumPy's Generator) or a figure's byte can depend."""
    exact = {name: version(name) for name in ("matplotlib", "pillow")}
    return {**exact, "numpy": ".".join(version("numpy").split(".")[:2])}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
