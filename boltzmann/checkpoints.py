"""A folder that keeps the finished tasks of one sweep, so that it can go on where it was interrupted."""

import hashlib
import json
import logging
import os
import reprlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from boltzmann._checks import FloatArray

_LOG = logging.getLogger(__name__)
_FORMAT = "boltzmann sweep 1"


class Folder:
    """Finished tasks, one file each, beside a manifest that says which sweep they belong to.

    Every file is written elsewhere and then moved into place, so that none is ever half there. A task's file
    holds the digest of the manifest, and one that is damaged or of another sweep counts as absent.
    """

    def __init__(self, path: str | os.PathLike[str], request: dict[str, Any], levels: int):
        """Open the folder, or make it.

        Raises
        ------
        ValueError
            If it belongs to another sweep, which the message tells from `request`; the folder is left as it is.
        """
        self.path, self.levels = Path(path), levels
        text = json.dumps({"format": _FORMAT, **request}, indent=1)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        manifest = self.path / "manifest.json"
        if manifest.exists():
            _refuse_another(manifest, json.loads(text))
        else:
            self.path.mkdir(parents=True, exist_ok=True)
            _write(manifest, lambda file: file.write(text.encode()))

    def _file(self, place: tuple[int, int]) -> Path:
        return self.path / f"temperature-{place[0]}-replica-{place[1]}.npz"

    def save(self, place: tuple[int, int], occupancy: FloatArray, acceptance: float) -> None:
        """Keep what the task of (temperature index, replica index) found."""

        def write(file: BinaryIO) -> None:
            np.savez(file, digest=np.array(self.digest), occupancy=occupancy, acceptance=np.array(acceptance))

        _write(self._file(place), write)

    def load(self, place: tuple[int, int]) -> tuple[FloatArray, float] | None:
        """Return what was kept of a task, or None."""
        try:
            with self._file(place).open("rb") as file, np.load(file, allow_pickle=False) as saved:
                occupancy, acceptance = saved["occupancy"], saved["acceptance"]
                if str(saved["digest"]) != self.digest:
                    raise ValueError("it is of another sweep")
                if occupancy.shape != (self.levels,) or occupancy.dtype != np.float64:
                    raise ValueError(f"its occupancy has shape {occupancy.shape}")
                return occupancy, float(acceptance)
        except FileNotFoundError:
            return None
        except Exception as error:  # a damaged archive makes zipfile and NumPy raise nearly anything
            _LOG.warning("%s is computed again: %s", self._file(place), error)
            return None


def _refuse_another(manifest: Path, wanted: dict[str, Any]) -> None:
    try:
        found = dict(json.loads(manifest.read_bytes()))
    except (TypeError, ValueError) as error:
        raise ValueError(f"checkpoint {manifest.parent}: its manifest.json is damaged: {error}") from error
    differing = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    if differing:
        there = "; ".join(
            f"{name} is {reprlib.repr(found.get(name))} there and {reprlib.repr(wanted.get(name))} here"
            for name in differing
        )
        raise ValueError(f"checkpoint {manifest.parent} belongs to another sweep: {there}")


def _write(target: Path, write: Callable[[BinaryIO], Any]) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=target.name) as folder:
        draft = Path(folder) / target.name
        with draft.open("wb") as file:
            write(file)
        draft.replace(target)
