"""Atomic file writes."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


def replace_file(target: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Let `write` fill a file beside `target` and then move it there.

    An interruption leaves `target` as it was.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=target.name) as folder:
        draft = Path(folder) / target.name
        with draft.open("wb") as file:
            write(file)
        draft.replace(target)


def write_file(target: Path, content: bytes | str) -> None:
    """Write the whole of `target`, text as UTF-8 with its line ends kept, or leave it as it was."""
    encoded = content.encode() if isinstance(content, str) else content
    replace_file(target, lambda file: file.write(encoded))
