"""Write the reference of the public names from their docstrings.

Usage: `python -W error docs/reference.py FOLDER`.

It needs `pip install -e ".[docs]"`. The pages load nothing from elsewhere: formulas become MathML.
"""

import re
import sys
from pathlib import Path
from typing import Generic, TypeVar
from warnings import warn

import numpy.typing
import pdoc
import pdoc.render_helpers
from jinja2 import pass_context


class ArrayLike:
    """Stands in signatures for NumPy's union of the same name, which takes six lines."""

    __module__ = "numpy.typing"


class NDArray(Generic[TypeVar("T")]):
    """Stands for NumPy's in the same way."""

    __module__ = "numpy.typing"


numpy.typing.ArrayLike, numpy.typing.NDArray = ArrayLike, NDArray

import boltzmann  # noqa: E402
import boltzmann.language  # noqa: E402


@pass_context
def to_markdown(context: object, docstring: str) -> str:
    """Convert a docstring with what pdoc passes over.

    That is literature not referred to, tables, and formulas in a line.
    """
    docstring = re.sub(r"^\.\. \[(\d+)\] ", r"\1. ", docstring, flags=re.MULTILINE)
    docstring = re.sub(r"\[(\d+)\]_", r"[\1]", docstring)
    docstring = re.sub(
        r"^(=+ =+\n.*\n=+ =+)$", r"```text\n\1\n```", docstring, flags=re.MULTILINE | re.DOTALL
    )
    docstring = re.sub(r":math:`(.+?)`", r"$\1$", docstring)
    return pdoc.render_helpers.to_markdown_with_context(context, docstring)


def write(folder: Path) -> None:
    """Write the pages, and warn of each formula that is not understood."""
    for module in (boltzmann, boltzmann.language):
        for name in module.__all__:
            setattr(module, name, getattr(module, name))  # pdoc does not find what loads on use
    pdoc.render.env.filters["to_markdown"] = to_markdown
    pdoc.render_helpers.markdown_extensions["latex"] = None
    pdoc.render.configure(docformat="numpy", template_directory=Path(__file__).parent)
    pdoc.pdoc("boltzmann", output_directory=folder)
    for page in folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for formula in re.findall(r"\$\$.*|<math.*?</math>", text, flags=re.DOTALL):
            if formula.startswith("$$") or "\\" in formula:
                warn(f"{page.name}: not understood: {formula[:200]}", stacklevel=1)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
