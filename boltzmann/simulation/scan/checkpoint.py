"""The checkpoint of a scan: a folder that keeps each finished task, so that it can be resumed."""

import hashlib
import json
import logging
import os
import reprlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann._core.files import replace_file

_LOG = logging.getLogger(__name__)
_FORMAT = "boltzmann sweep 1"  # as every manifest says


class Checkpoint:
    """Finished tasks, one file each, beside a manifest that says which scan they belong to.

    A task's file holds the digest of the manifest, and one that is damaged or of another scan
    counts as absent.
    """

    def __init__(self, path: str | os.PathLike[str], request: dict[str, Any], levels: int):
        """Open the folder, or make it.

        Raises
        ------
        ValueError
            If it can be neither read nor made, or belongs to another scan, in which case the
            message names what differs from `request`; the folder is left as it is.
        """
        text = json.dumps({"format": _FORMAT, **request}, indent=1)
        self.levels = levels
        self.digest = hashlib.sha256(text.encode()).hexdigest()

        kept = None
        with _named(path):
            self.path = Path(path)
            manifest = self.path / "manifest.json"
            if manifest.exists():
                kept = manifest.read_bytes()
            else:
                self.path.mkdir(parents=True, exist_ok=True)
                replace_file(manifest, lambda file: file.write(text.encode()))

        if kept is not None:
            _refuse_another(self.path, kept, json.loads(text))

    def refuse_unwritable(self) -> None:
        """Raise a ValueError if nothing can be written; a finished scan is only read."""
        with _named(self.path), tempfile.TemporaryDirectory(dir=self.path):
            pass

    def _file(self, place: tuple[int, int]) -> Path:
        return self.path / f"temperature-{place[0]}-replica-{place[1]}.npz"

    def save(self, place: tuple[int, int], occupancy: FloatArray, acceptance: float) -> None:
        """Keep the results of the task at (temperature index, replica index)."""

        def write(file: BinaryIO) -> None:
            np.savez(
                file,
                digest=np.array(self.digest),
                occupancy=occupancy,
                acceptance=np.array(acceptance),
            )

        replace_file(self._file(place), write)

    def load(self, place: tuple[int, int]) -> tuple[FloatArray, float] | None:
        """Return the results kept of a task, or None."""
        try:
            with self._file(place).open("rb") as file, np.load(file, allow_pickle=False) as saved:
                occupancy = saved["occupancy"]
                acceptance = saved["acceptance"]
                if str(saved["digest"]) != self.digest:
                    raise ValueError("it is of another scan")
                if occupancy.shape != (self.levels,) or occupancy.dtype != np.float64:
                    raise ValueError(f"its occupancy has shape {occupancy.shape}")
                return occupancy, float(acceptance)
        except FileNotFoundError:
            return None
        # A damaged archive makes zipfile and NumPy raise nearly anything.
        except Exception as error:
            _LOG.warning("%s is computed again: %s", self._file(place), error)
            return None


@contextmanager
def _named(path: Any) -> Iterator[None]:
    """Name the checkpoint in the errors of the file system and of `Path` itself."""
    try:
        yield
    except (OSError, TypeError, ValueError) as error:
        raise ValueError(
            f"checkpoint is {path!r}: it must be a folder to keep files in: {error}"
        ) from error


def _refuse_another(path: Path, kept: bytes, wanted: dict[str, Any]) -> None:
    try:
        found = dict(json.loads(kept))
    except (TypeError, ValueError) as error:
        raise ValueError(f"checkpoint {path}: its manifest.json is damaged: {error}") from error

    differing = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    if differing:
        differences = "; ".join(
            f"{name} is {reprlib.repr(found.get(name))} there and "
            f"{reprlib.repr(wanted.get(name))} here"
            for name in differing
        )
        raise ValueError(f"checkpoint {path} belongs to another scan: {differences}")
