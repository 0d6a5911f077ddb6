"""The option `--figure FILE`: checking the path, and writing the figure."""

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import boltzmann as bz
from boltzmann._core.files import write_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_path(text: str) -> Path:
    """Return the path of a figure, checked before any work; an argparse type."""
    path = Path(text)
    if path.suffix not in (".png", ".svg"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .png or .svg")
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from error
    return path


def write_figure(made: "Figure", path: Path) -> None:
    """Write a figure in the format of the path's suffix."""
    write_file(path, bz.plots.rendered(made, path.stem)[path.suffix.removeprefix(".")])
