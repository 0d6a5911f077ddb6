"""The command: measure the rows that are asked for, print them, and write them down."""

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status: 1 if a goal is missed."""
    for name in ONE_THREAD:  # before NumPy, Numba and torch are imported
        os.environ.setdefault(name, "1")
    from experiments.runner.table import Table
    from experiments.speed.ratios.ratio import NotMeasuredError

    options = _parser().parse_args(arguments)
    chosen = [row for row in _rows() if any(fnmatch(row.name, each) for each in options.only)]
    if not chosen:
        print(f"no row is named like {' or '.join(options.only)}", file=sys.stderr)
        return 2

    measured = []
    print(f"{'work':52} {'beside':36} {'ratio':>8} {'goal':>6}")
    for row in chosen:
        try:
            value = row.measure()
        except NotMeasuredError as reason:
            print(f"{row.name:52} {row.beside:36} {'-':>8} {row.goal:>6g}  {reason}", flush=True)
            continue
        told = "" if value <= row.goal else "  missed"
        print(f"{row.name:52} {row.beside:36} {value:8.3g} {row.goal:6g}{told}", flush=True)
        measured.append({"work": row.name, "beside": row.beside, "ratio": value, "goal": row.goal})

    if options.output and measured:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "ratios.csv").write_text(
            Table.of_rows(measured).to_csv(), encoding="utf-8"
        )
    return int(any(row["ratio"] > row["goal"] for row in measured))


def _rows() -> Iterator[Any]:
    """Yield the rows of every module of this package that has `rows`."""
    for found in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if found.name not in ("__main__", "ratio"):
            yield from importlib.import_module(f"experiments.speed.ratios.{found.name}").rows()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.speed.ratios",
        description="Measure times and memory of this package, each as a ratio to something else.",
    )
    parser.add_argument(
        "--only", nargs="+", default=["*"], metavar="NAME", help="rows whose names match (*, ?)"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where ratios.csv is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
