"""The file of a saved ensemble: its levels, dynamics, temperature and the state of its engine.

It is a NumPy .npz archive without pickles. `load` returns what `save` wrote, or refuses the file.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann._core.checks import LARGEST, as_count, as_number, as_temperature
from boltzmann._core.files import replace_file
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.engines import Engine, as_engine

FORMAT = "boltzmann ensemble 1"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that an ensemble is between two runs."""

    dynamics: Dynamics
    temperature: float
    engine: Engine
    sweeps: int  # done so far
    work: float  # done so far on the particles, by lifting their levels


def save(path: str | os.PathLike[str], snapshot: Snapshot) -> None:
    """Write the snapshot to a file; one that exists is replaced at once or stays as it is."""
    dynamics = snapshot.dynamics
    matrix = dynamics.matrix

    content = {
        "format": np.array(FORMAT),
        "energies": dynamics.levels.energies,
        "degeneracies": dynamics.levels.degeneracies,
        # As JSON, because NumPy drops a NUL character at the end of a text.
        "labels": np.array(json.dumps(dynamics.levels.labels)),
        "temperature": np.array(snapshot.temperature),
        "proposal": np.array(dynamics.proposal) if matrix is None else matrix,
        "rule": np.array(dynamics.rule),
        "engine": np.array(snapshot.engine.name),
        "particles": np.array(int(snapshot.engine.counts().sum())),
        "sweeps": np.array(snapshot.sweeps),
        "work": np.array(snapshot.work),
        **snapshot.engine.arrays(),
    }
    replace_file(Path(path), lambda file: np.savez(file, **content))


def load(path: str | os.PathLike[str]) -> Snapshot:
    """Return the snapshot in a file, checked.

    Raises
    ------
    ValueError
        If the file is damaged or is no saved ensemble.
    OSError
        If there is none, or it cannot be read.
    """
    refusal = f"{path} is not a saved ensemble, or is damaged"
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
    """Return the snapshot, each part checked as the arguments of an ensemble are."""
    if str(saved["format"]) != FORMAT:
        raise ValueError(f"its format is {str(saved['format'])!r}, not {FORMAT!r}")

    labels = json.loads(str(saved["labels"]))
    levels = EnergyLevels(saved["energies"], saved["degeneracies"], labels)
    proposal: Any = saved["proposal"] if saved["proposal"].ndim else str(saved["proposal"])
    dynamics = Dynamics.checked(levels, proposal, str(saved["rule"]))
    temperature = as_temperature(saved["temperature"])

    kind = as_engine(str(saved["engine"]), dynamics)
    engine = kind.restored(saved, int(saved["particles"]), len(levels))
    if engine.counts()[levels.energies == np.inf].any():
        raise ValueError("there are particles on a forbidden level")
    sweeps = as_count("sweeps", saved["sweeps"].item(), least=0)
    # Files without it were written where levels could not be lifted.
    work = as_number("work", saved.get("work", 0.0), "number", -LARGEST, LARGEST)
    return Snapshot(dynamics, temperature, engine, sweeps, work)
