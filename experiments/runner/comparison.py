"""Comparing the committed figures folder with a recomputed one.

Tables are compared number by number. Figures are compared byte by byte, where the libraries that
make them have the versions of the manifest; pages, whose bytes no library makes, but for the last
digits of numbers.
"""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path

from experiments.runner.experiment import Experiment, name_of, suffixes, varies
from experiments.runner.gallery import GALLERY, MANIFEST, digest, read_table, versions
from experiments.runner.table import Table

# Relative. Ten digits are written: one step of the last of them, and a little for the rounding of
# the comparison, is allowed.
FLOAT_TOLERANCE = 1.001e-9
# Relative, of the numbers in a page: libraries differ in the last of their digits.
PAGE_TOLERANCE = 1e-12
# What the bytes of a file depend on beside the table; a table and a page depend on nothing else.
MAKERS = {
    "svg": {"matplotlib"},
    "png": {"matplotlib", "pillow"},
    "gif": {"matplotlib", "pillow"},
    "md": {"matplotlib"},
}
_NUMBER = re.compile(r"(-?\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)")


def differences(
    kept: Path, made: Path, experiments: Sequence[Experiment], whole: bool
) -> tuple[list[str], list[str]]:
    """Return what differs between a kept and a recomputed folder, and what was not compared.

    Of a `whole` folder the gallery is compared too, and no file may belong to no experiment.
    """
    try:
        comparison = _Comparison(kept, made)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{MANIFEST}: cannot be read: {error!r}"], []

    for experiment in experiments:
        comparison.compare_table(experiment)
    files = {f"{name_of(e)}.{suffix}": name_of(e) for e in experiments for suffix in suffixes(e)}
    if whole:
        comparison.find_strangers({*files, GALLERY, MANIFEST})
        files[GALLERY] = next(iter(comparison.loose), "")  # it quotes all tables
    for file, name in files.items():
        comparison.compare_file(file, name)
    return comparison.wrong, comparison.remarks or ["bytes of figures compared"]


class _Comparison:
    """Two folders, the manifest of the kept one, and what has been found so far."""

    def __init__(self, kept: Path, made: Path):
        manifest = json.loads((kept / MANIFEST).read_text(encoding="utf-8"))
        recorded = dict(manifest["versions"])
        found = versions()
        self.kept = kept
        self.made = made
        self.digests = dict(manifest["sha256"])
        self.changed = {name for name in found if recorded.get(name) != found[name]}
        self.remarks = [
            f"{name} {found[name]} found, {recorded.get(name)} recorded"
            for name in found
            if name in self.changed
        ]
        self.wrong: list[str] = []
        self.loose: set[str] = set()  # experiments of whose files the content is not compared

    def compare_table(self, experiment: Experiment) -> None:
        name = name_of(experiment)
        difference = table_difference(self.kept, self.made, experiment)
        if varies(experiment) and not self._same_bytes(f"{name}.csv"):
            self.remarks.append(f"{name}: only the shape compared")
            self.loose.add(name)
        elif difference and "numpy" in self.changed:
            # Its Generator may draw other counts from one version to the next.
            self.remarks.append(f"not compared: {difference}")
            self.loose.add(name)
            return
        if difference:
            self.wrong.append(difference)

    def find_strangers(self, known: set[str]) -> None:
        strangers = {path.name for path in self.kept.iterdir()} - known
        self.wrong += [f"{name}: belongs to no experiment" for name in sorted(strangers)]

    def compare_file(self, file: str, name: str) -> None:
        if not (self.kept / file).exists():
            self.wrong.append(f"{file}: is missing")
        elif self.digests.get(file) != digest(self.kept / file):
            self.wrong.append(f"{file}: is not the file that {MANIFEST} records")
        elif name not in self.loose:
            self._compare_content(file)

    def _compare_content(self, file: str) -> None:
        suffix = file.rpartition(".")[2]
        if suffix == "html" and not _same_page(self.kept / file, self.made / file):
            self.wrong.append(f"{file}: recomputed page differs")
        comparable = suffix in MAKERS and not MAKERS[suffix] & self.changed
        if comparable and not self._same_bytes(file):
            self.wrong.append(f"{file}: recomputed bytes differ")

    def _same_bytes(self, file: str) -> bool:
        first, second = self.kept / file, self.made / file
        return first.exists() and second.exists() and first.read_bytes() == second.read_bytes()


def _same_page(first: Path, second: Path) -> bool:
    """Tell whether two pages are the same but for numbers that differ within PAGE_TOLERANCE."""
    if not second.exists():
        return False
    before, after = (_NUMBER.split(path.read_text(encoding="utf-8")) for path in (first, second))
    return before[::2] == after[::2] and all(
        math.isclose(float(old), float(new), rel_tol=PAGE_TOLERANCE, abs_tol=0.0)
        for old, new in zip(before[1::2], after[1::2], strict=True)
    )


def table_difference(kept: Path, made: Path, experiment: Experiment) -> str:
    """Return the first difference between two tables of an experiment, or nothing."""
    file = f"{name_of(experiment)}.csv"
    if not (kept / file).exists():
        return ""  # reported with the missing files
    try:
        old, new = read_table(kept / file), read_table(made / file)
        if hasattr(experiment, "shape"):
            old, new = experiment.shape(old), experiment.shape(new)
    except (OSError, ValueError, KeyError) as error:
        return f"{file}: cannot be read: {error}"
    difference = _difference(old, new)
    return f"{file}: {difference}" if difference else ""


def _difference(old: Table, new: Table) -> str:
    if list(old.columns) != list(new.columns):
        return f"columns {list(old.columns)}, recomputed {list(new.columns)}"
    if len(old) != len(new):
        return f"{len(old)} rows, recomputed {len(new)}"
    for name in differing_columns(old, new):
        pairs = zip(old[name].tolist(), new[name].tolist(), strict=True)
        row, before, after = next(
            (row, *pair) for row, pair in enumerate(pairs, start=1) if not _equal(*pair)
        )
        return f"{name}, row {row}: {before!r}, recomputed {after!r}"
    return ""


def differing_columns(old: Table, new: Table) -> list[str]:
    """Return the columns that differ: integers and text at all, floats by more than rounding."""
    return [
        name for name in old.columns if not all(map(_equal, old[name].tolist(), new[name].tolist()))
    ]


def _equal(before: object, after: object) -> bool:
    numbers = isinstance(before, float | int) and isinstance(after, float | int)
    if not numbers or (isinstance(before, int) and isinstance(after, int)):
        return before == after
    both_nan = math.isnan(before) and math.isnan(after)
    return both_nan or math.isclose(before, after, rel_tol=FLOAT_TOLERANCE, abs_tol=0.0)
