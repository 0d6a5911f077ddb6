"""The file of a saved gas of bosons or fermions, a NumPy .npz archive without pickles."""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import as_count, as_temperature
from boltzmann._core.files import replace_file
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.kernels.random_streams import LANES
from boltzmann.simulation.quantum_starts import as_gas_levels, started_counts

FORMAT = "boltzmann quantum gas 1"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that a gas is between two runs."""

    levels: EnergyLevels
    fermions: bool
    temperature: float
    state: NDArray[np.uint16]  # (N,), the level of each particle in the order of their turns
    stream: NDArray[np.uint64]  # (4, LANES)
    sweeps: int  # done so far


def save(path: str | os.PathLike[str], snapshot: Snapshot) -> None:
    """Write the snapshot to a file; one that exists is replaced at once or stays as it is."""
    levels = snapshot.levels
    content: dict[str, Any] = {
        "format": np.array(FORMAT),
        "energies": levels.energies,
        "degeneracies": levels.degeneracies,
        # As JSON, because NumPy drops a NUL character at the end of a text.
        "labels": np.array(json.dumps(levels.labels)),
        "fermions": np.array(snapshot.fermions),
        "temperature": np.array(snapshot.temperature),
        "state": snapshot.state,
        "stream": snapshot.stream,
        "sweeps": np.array(snapshot.sweeps),
    }
    replace_file(Path(path), lambda file: np.savez(file, **content))


def load(path: str | os.PathLike[str]) -> Snapshot:
    """Return the snapshot in a file, checked.

    Raises
    ------
    ValueError
        If the file is damaged or is no saved gas.
    OSError
        If there is none, or it cannot be read.
    """
    refusal = f"{path} is not a saved quantum gas, or is damaged"
    with Path(path).open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{refusal}: it is no archive")
        file.seek(0)
        try:
            return _restored(np.load(file, allow_pickle=False))
        # A damaged archive makes zipfile and NumPy raise nearly anything.
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise ValueError(f"{refusal}: {reason}") from error


def _restored(saved: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot, each part checked as the arguments of a gas are."""
    if str(saved["format"]) != FORMAT:
        raise ValueError(f"its format is {str(saved['format'])!r}, not {FORMAT!r}")
    labels = json.loads(str(saved["labels"]))
    levels = as_gas_levels(EnergyLevels(saved["energies"], saved["degeneracies"], labels))

    state, stream = saved["state"], saved["stream"]
    fits = state.ndim == 1 and state.dtype == np.uint16 and state.max() < len(levels)
    if not (fits and stream.shape == (4, LANES) and stream.dtype == np.uint64):
        raise ValueError("state and stream do not fit the levels")
    fermions = bool(saved["fermions"])
    counts = np.bincount(state, minlength=len(levels))
    started_counts(levels, fermions, state.size, counts, seed=0)  # raises if they do not fit

    temperature = as_temperature(saved["temperature"])
    sweeps = as_count("sweeps", saved["sweeps"].item(), least=0)
    return Snapshot(levels, fermions, temperature, state, stream, sweeps)
