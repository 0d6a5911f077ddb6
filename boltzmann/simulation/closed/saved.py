"""The file of a closed box or of bodies in contact: levels, states, purses and random streams.

It is a NumPy .npz archive without pickles. `load` returns what `save` wrote, or refuses the file.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from boltzmann._core.checks import as_count, as_positive
from boltzmann._core.files import replace_file
from boltzmann.levels import EnergyLevels
from boltzmann.simulation.closed.bodies import Body
from boltzmann.simulation.closed.engine import Exchange
from boltzmann.simulation.kernels.random_streams import LANES

BOX, CONTACT = "boltzmann closed box 1", "boltzmann contact 1"


def save(path: str | os.PathLike[str], kind: str, exchange: Exchange) -> None:
    """Write the exchange to a file; one that exists is replaced at once or stays as it is."""
    content: dict[str, Any] = {
        "format": np.array(kind),
        "bodies": np.array(len(exchange.bodies)),
        "streams": exchange.streams,
        "meetings": exchange.meetings,
        "purses": exchange.purses.astype(np.int64),
        "energy": np.array(exchange.energy),
        "sweeps": np.array(exchange.sweeps),
    }
    for index, body in enumerate(exchange.bodies):
        content |= {
            f"energies {index}": body.levels.energies,
            f"degeneracies {index}": body.levels.degeneracies,
            # As JSON, because NumPy drops a NUL character at the end of a text.
            f"labels {index}": np.array(json.dumps(body.levels.labels)),
            f"quantum {index}": np.array(body.quantum),
            f"states {index}": body.states,
        }
    replace_file(Path(path), lambda file: np.savez(file, **content))


def load(path: str | os.PathLike[str], kind: str) -> Exchange:
    """Return the exchange in a file of that kind, checked.

    Raises
    ------
    ValueError
        If the file is damaged or is of no such kind.
    OSError
        If there is none, or it cannot be read.
    """
    what = {BOX: "a saved closed box", CONTACT: "a saved contact"}[kind]
    refusal = f"{path} is not {what}, or is damaged"
    with Path(path).open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{refusal}: it is no archive")
        file.seek(0)
        try:
            return _restored(np.load(file, allow_pickle=False), kind)
        # A damaged archive makes zipfile and NumPy raise nearly anything.
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise ValueError(f"{refusal}: {reason}") from error


def _restored(saved: Mapping[str, Any], kind: str) -> Exchange:
    """Return the exchange, each part checked as the arguments of a box are."""
    if str(saved["format"]) != kind:
        raise ValueError(f"its format is {str(saved['format'])!r}, not {kind!r}")
    count = as_count("bodies", saved["bodies"].item())
    bodies = [_restored_body(saved, index) for index in range(count)]

    streams, meetings, purses = saved["streams"], saved["meetings"], saved["purses"]
    blocks = sum(body.blocks for body in bodies)
    demons = sum(body.demons for body in bodies)
    if streams.shape != (blocks, 4, LANES) or streams.dtype != np.uint64:
        raise ValueError("streams do not fit the particles")
    if meetings.shape != (4, LANES) or meetings.dtype != np.uint64:
        raise ValueError("meetings is no random stream")
    if purses.shape != (demons,) or purses.dtype != np.int64 or purses.min() < 0:
        raise ValueError("purses do not fit the particles")

    sweeps = as_count("sweeps", saved["sweeps"].item(), least=0)
    exchange = Exchange(bodies, streams, meetings, purses, sweeps)
    if exchange.energy != saved["energy"].item():
        raise ValueError(
            f"particles and demons have an energy of {exchange.energy}, not of {saved['energy']}"
        )
    return exchange


def _restored_body(saved: Mapping[str, Any], index: int) -> Body:
    labels = json.loads(str(saved[f"labels {index}"]))
    levels = EnergyLevels(saved[f"energies {index}"], saved[f"degeneracies {index}"], labels)
    states = saved[f"states {index}"]
    if states.ndim != 1 or states.size == 0 or states.dtype != np.uint32:
        raise ValueError(f"states {index} are no particles")

    body = Body(levels, as_positive("quantum", saved[f"quantum {index}"]), states)
    if states.max() >= body.state_levels.size:
        raise ValueError(f"states {index} go beyond the {body.state_levels.size} of the levels")
    return body
