"""Writing the figures folder, and holding a folder against a recomputation."""

import hashlib
import json
import math
import re
import shutil
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from boltzmann import plots
from experiments.runner.table import Table, Verdict

# Relative. Ten digits are written: one step of the last of them, and a hair for the subtraction, is
# allowed.
FLOAT_TOLERANCE = 1.001e-9
# What the bytes of a file depend on beside the table.
MAKERS = {
    "svg": {"matplotlib"},
    "png": {"matplotlib", "pillow"},
    "gif": {"matplotlib", "pillow"},
    "md": {"matplotlib"},
}
PAGE_TOLERANCE = (
    1e-12  # relative, of the numbers in a page: libraries differ in the last of their digits
)
NUMBER = re.compile(r"(-?\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)")
MANIFEST, GALLERY = "MANIFEST.json", "README.md"


class NotItsTableError(Exception):
    """A CSV in the figures folder holds something else."""


def name_of(experiment: ModuleType) -> str:
    """Return the experiment's name, that of its file."""
    return experiment.__name__.rpartition(".")[2]


def varies(experiment: ModuleType) -> bool:
    """Tell whether figures vary from run to run: then `shape(table)` is what does not, and it runs on request."""
    return hasattr(experiment, "shape")


def suffixes(experiment: ModuleType) -> tuple[str, ...]:
    """Return the kinds of files that an experiment makes: a table, and a figure, still or moving, or a page."""
    if hasattr(experiment, "page"):
        return ("csv", "html")
    return ("csv", "svg", "png", "gif") if hasattr(experiment, "animate") else ("csv", "svg", "png")


def write(experiment: ModuleType, config: Any, table: Table, folder: Path) -> list[Verdict]:
    """Write the table and its figure or the page; return the verdicts that the written table supports.

    A figure is drawn from the written table. A page needs more digits than that has, and is made as
    the table was.
    """
    name, text = name_of(experiment), table.to_csv()
    written = Table.from_csv(text)
    (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    if hasattr(experiment, "page"):
        (folder / f"{name}.html").write_text(experiment.page(config), encoding="utf-8", newline="")
    else:
        with plots.style():
            plots.save(experiment.draw(written), folder, name)
            if hasattr(experiment, "animate"):
                plots.save_animation(experiment.animate(written), folder, name)
    return list(experiment.verdicts(written))


def adopt(experiment: ModuleType, kept: Path, folder: Path) -> dict[str, list[Verdict]]:
    """Copy what a kept folder has of an experiment; return the verdicts that its table supports."""
    name = name_of(experiment)
    try:
        verdicts = list(experiment.verdicts(read_table(kept / f"{name}.csv")))
    except (OSError, ValueError, KeyError, IndexError):
        return {}  # reported with the differences
    for path in kept.glob(f"{name}.*"):
        shutil.copy(path, folder)
    return {name: verdicts}


def finish(experiments: Iterable[ModuleType], folder: Path) -> None:
    """Write the gallery and the manifest of all experiments whose table is in the folder."""
    parts = [
        "# Figures",
        "",
        "Made by `python -m experiments`. Each shows only what the CSV beside it holds.",
        "",
    ]
    present = [e for e in experiments if (folder / f"{name_of(e)}.csv").exists()]
    for experiment in present:
        parts += _chapter(experiment, folder)
    (folder / GALLERY).write_text("\n".join(parts), encoding="utf-8", newline="")
    files = sorted(p for e in present for p in folder.glob(f"{name_of(e)}.*"))
    manifest = {
        "versions": _versions(),
        "sha256": {path.name: _digest(path) for path in [*files, folder / GALLERY]},
    }
    (folder / MANIFEST).write_text(
        json.dumps(manifest, indent=1) + "\n", encoding="utf-8", newline=""
    )


def _versions() -> dict[str, str]:
    """Return the versions that a number (of NumPy's Generator) or a byte (of a figure) can depend on."""
    exact = {name: version(name) for name in ("matplotlib", "pillow")}
    return {**exact, "numpy": ".".join(version("numpy").split(".")[:2])}


def _chapter(experiment: ModuleType, folder: Path) -> list[str]:
    name = name_of(experiment)
    try:
        verdicts = experiment.verdicts(read_table(folder / f"{name}.csv"))
    except (ValueError, KeyError, IndexError) as error:
        raise NotItsTableError(
            f"{folder / name}.csv is not the table of {name}: run that experiment"
        ) from error
    rows = [
        f"| {v.claim} | {v.measured} | {v.expected} | {v.criterion} | {'yes' if v.holds else '**no**'} |"
        for v in verdicts
    ]
    shown = f"Open [{name}.html]({name}.html) in a browser."
    if not hasattr(experiment, "page"):
        shown = f"![{experiment.FINDING}]({name}.svg)"
    return [
        f"## {name}",
        "",
        f"**{experiment.FINDING}.**",
        "",
        shown,
        "",
        *([f"In motion: [{name}.gif]({name}.gif).", ""] if hasattr(experiment, "animate") else []),
        f"Data: [{name}.csv]({name}.csv). Again: `python -m experiments {name}`.",
        "",
        "| claim | measured | expected | criterion | holds |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]


def read_table(path: Path) -> Table:
    """Return the table in a CSV file."""
    return Table.from_csv(path.read_text(encoding="utf-8"))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differences(
    kept: Path, made: Path, experiments: Sequence[ModuleType], whole: bool
) -> tuple[list[str], list[str]]:
    """Return what differs between a kept folder and a recomputed one, and remarks on what was not compared."""
    try:
        manifest = json.loads((kept / MANIFEST).read_text(encoding="utf-8"))
        versions, digests = dict(manifest["versions"]), dict(manifest["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{MANIFEST}: cannot be read: {error!r}"], []
    other = [name for name, found in _versions().items() if versions.get(name) != found]
    remarks = [f"{name} {_versions()[name]} found, {versions.get(name)} recorded" for name in other]
    wrong, loose = [], set()
    for experiment in experiments:
        name, lines = name_of(experiment), _table_differences(kept, made, experiment)
        if varies(experiment) and not _same_bytes(kept, made, f"{name}.csv"):
            remarks.append(f"{name}: only the shape compared")
            loose.add(name)
        elif (
            lines and "numpy" in other
        ):  # its Generator may draw other counts from one version to the next
            remarks.append(f"not compared: {lines.pop()}")
            loose.add(name)
        wrong += lines
    files = {f"{name_of(e)}.{suffix}": name_of(e) for e in experiments for suffix in suffixes(e)}
    if whole:
        extra = {path.name for path in kept.iterdir()} - {*files, GALLERY, MANIFEST}
        wrong += [f"{name}: belongs to no experiment" for name in sorted(extra)]
        files[GALLERY] = next(iter(loose), "")  # it quotes all tables
    for file, name in files.items():
        page = file.endswith(".html") and name not in loose
        makers = MAKERS.get(file.rpartition(".")[2])  # a table and a page have none
        figure = makers is not None and not makers & {*other} and name not in loose
        if not (kept / file).exists():
            wrong.append(f"{file}: is missing")
        elif digests.get(file) != _digest(kept / file):
            wrong.append(f"{file}: is not the file that {MANIFEST} records")
        elif figure and not _same_bytes(kept, made, file):
            wrong.append(f"{file}: recomputed bytes differ")
        elif page and not _same_page(kept / file, made / file):
            wrong.append(f"{file}: recomputed page differs")
    return wrong, remarks or ["bytes of figures compared"]


def _same_bytes(kept: Path, made: Path, file: str) -> bool:
    first, second = kept / file, made / file
    return first.exists() and second.exists() and first.read_bytes() == second.read_bytes()


def _same_page(first: Path, second: Path) -> bool:
    """Tell whether two pages are the same byte for byte, but for numbers that differ within PAGE_TOLERANCE."""
    if not second.exists():
        return False
    before, after = (NUMBER.split(path.read_text(encoding="utf-8")) for path in (first, second))
    return before[::2] == after[::2] and all(
        math.isclose(float(old), float(new), rel_tol=PAGE_TOLERANCE, abs_tol=0.0)
        for old, new in zip(before[1::2], after[1::2], strict=True)
    )


def _table_differences(kept: Path, made: Path, experiment: ModuleType) -> list[str]:
    """Return the first difference between two tables: integers and text exactly, floats to FLOAT_TOLERANCE."""
    name = name_of(experiment)
    path = kept / f"{name}.csv"
    if not path.exists():
        return []  # reported with the missing files
    try:
        old, new = read_table(path), read_table(made / f"{name}.csv")
        if varies(experiment):
            old, new = experiment.shape(old), experiment.shape(new)
    except (OSError, ValueError, KeyError) as error:
        return [f"{name}.csv: cannot be read: {error}"]
    if list(old.columns) != list(new.columns):
        return [f"{name}.csv: columns {list(old.columns)}, recomputed {list(new.columns)}"]
    if len(old) != len(new):
        return [f"{name}.csv: {len(old)} rows, recomputed {len(new)}"]
    for column in old.columns:
        pairs = zip(old[column].tolist(), new[column].tolist(), strict=True)
        for row, (before, after) in enumerate(pairs):
            if not _equal(before, after):
                return [f"{name}.csv: {column}, row {row + 1}: {before!r}, recomputed {after!r}"]
    return []


def _equal(before: object, after: object) -> bool:
    if isinstance(before, float) or isinstance(after, float):
        if not (isinstance(before, float | int) and isinstance(after, float | int)):
            return False
        both_nan = math.isnan(before) and math.isnan(after)
        return both_nan or math.isclose(before, after, rel_tol=FLOAT_TOLERANCE, abs_tol=0.0)
    return before == after
