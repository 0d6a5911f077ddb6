"""The table behind a figure, and the verdicts it supports."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


class Table:
    """Named columns of equal length: integers, floats or text, as the CSV holds them.

    Floats are kept to ten significant digits, so that a table read back equals the table written.

    Examples
    --------
    >>> table = Table({"level": [0, 1], "law": [0.75, 0.25]})
    >>> table.where(level=1)["law"]
    array([0.25])
    """

    def __init__(self, columns: Mapping[str, Sequence[Any] | np.ndarray]):
        self.columns = {name: _rounded(np.asarray(values)) for name, values in columns.items()}
        lengths = {name: column.shape for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1 or any(len(shape) != 1 for shape in lengths.values()):
            raise ValueError(f"columns must be one-dimensional and of equal length, got {lengths}")

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> "Table":
        """Return the table of dictionaries that share their keys."""
        return cls({name: [row[name] for row in rows] for name in rows[0]})

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def where(self, **equal: Any) -> "Table":
        """Return the rows in which each named column equals its value."""
        keep = np.ones(len(self), dtype=bool)
        for name, value in equal.items():
            keep &= self[name] == value
        return Table({name: column[keep] for name, column in self.columns.items()})

    def groups(self, *names: str) -> Iterator[tuple[tuple[Any, ...], "Table"]]:
        """Yield (values, rows) for each combination of values of the named columns.

        They come in order of appearance.
        """
        keys = list(zip(*(self[name].tolist() for name in names), strict=True))
        for key in dict.fromkeys(keys):
            yield key, self.where(**dict(zip(names, key, strict=True)))

    def to_csv(self) -> str:
        """Return the table as CSV text."""
        rows = [
            tuple(self.columns),
            *zip(*(column.tolist() for column in self.columns.values()), strict=True),
        ]
        return "".join(",".join(map(_written, row)) + "\n" for row in rows)

    @classmethod
    def from_csv(cls, text: str) -> "Table":
        """Return the table that `to_csv` wrote.

        Text is quoted, so that a text of digits stays one.
        """
        header, *rows = csv.reader(io.StringIO(text), quoting=csv.QUOTE_MINIMAL)
        _, *quoted = csv.reader(io.StringIO(text), quoting=csv.QUOTE_NONNUMERIC)
        if any(len(row) != len(header) for row in rows):
            raise ValueError("a row has more or fewer entries than the header")
        is_text = (
            [isinstance(entry, str) for entry in quoted[0]] if quoted else [False] * len(header)
        )
        return cls(
            {name: _parsed([row[k] for row in rows], is_text[k]) for k, name in enumerate(header)}
        )


def _rounded(column: np.ndarray) -> np.ndarray:
    if column.dtype.kind == "f":
        return np.array([float(f"{value:.10g}") for value in column.ravel()]).reshape(column.shape)
    return column


def _written(value: int | float | str) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _parsed(column: list[str], is_text: bool) -> np.ndarray:
    """Return integers, if need be floats; or text."""
    if is_text:
        return np.array(column)
    try:
        return np.array([np.int64(entry) for entry in column])
    except (ValueError, OverflowError):
        return np.array([float(entry) for entry in column])


@dataclass(frozen=True)
class Verdict:
    """A claim, what was measured and expected, by which criterion it is judged, whether it holds.

    `key` is a short name, one of its kind in its experiment, by which code refers to the verdict.
    `control` is whether something with a known fault was tested, which a good test must refute.
    """

    key: str
    claim: str
    measured: str
    expected: str
    criterion: str
    holds: bool
    control: bool = False

    def __str__(self) -> str:
        mark = "holds" if self.holds else "FAILS"
        return f"{mark}  {self.claim}: {self.measured}; expected {self.expected}; {self.criterion}"


def worst_of(p_values: Sequence[float]) -> float:
    """Return the smallest p-value times their number (Bonferroni).

    It is valid for correlated tests, too.
    """
    return min(1.0, len(p_values) * min(p_values))


def fits(
    key: str, claim: str, p_values: float | Sequence[float], of: str, false_alarm: float = 1e-6
) -> Verdict:
    """Return the verdict that goodness of fit supports: it holds unless p is below `false_alarm`.

    `of` says what p is the p-value of; of several, `worst_of` decides.
    """
    p, judged = _together(p_values, of, worst_of, "smallest p of {} {}, times {}")
    holds = bool(p >= false_alarm)
    return Verdict(key, claim, _told(p), judged, f"p ≥ {false_alarm:g}", holds)


def differs(
    key: str, claim: str, p_values: float | Sequence[float], of: str, false_alarm: float = 1e-6
) -> Verdict:
    """Return the verdict of a control: it holds if every goodness of fit fails, as it must."""
    p, judged = _together(p_values, of, max, "largest p of {} {}")
    holds = bool(p < false_alarm)
    return Verdict(key, claim, _told(p), judged, f"p < {false_alarm:g}", holds, control=True)


def _told(p: float) -> str:
    """Return a p-value in words; one that is 0 is only too small for a float."""
    return f"p = {p:.3g}" if p else "p < 1e-300"


def _together(
    p_values: float | Sequence[float],
    of: str,
    judge: Callable[[Sequence[float]], float],
    several: str,
) -> tuple[float, str]:
    if isinstance(p_values, Sequence):
        return judge(p_values), several.format(len(p_values), of, len(p_values))
    return p_values, of


def agrees(
    key: str, claim: str, measured: float, expected: float, tolerance: float, reason: str = ""
) -> Verdict:
    """Return the verdict that a number is within `tolerance` of what is expected.

    `reason` says why the tolerance is what it is.
    """
    holds = bool(abs(measured - expected) <= tolerance)
    criterion = f"within {tolerance:.2g}" + (f" ({reason})" if reason else "")
    return Verdict(key, claim, f"{measured:.6g}", f"{expected:.6g}", criterion, holds)
