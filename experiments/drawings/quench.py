"""Moments of a quench, and how the crowd comes to rest while its molecules do not."""

from typing import Protocol

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.drawings.curves import smooth
from experiments.runner.table import Table

_GROUND = ord("a")  # in a molecule's path a letter is a layer, and this one the lowest
# Multiples of these fill a square evenly: where in its layer a molecule is drawn. M. Roberts, "The
# unreasonable effectiveness of quasirandom sequences" (2018).
_SCATTER = (0.7548776662466927, 0.5698402909980532)


class Removable(Protocol):
    """An artist, or several in one."""

    def remove(self) -> None:
        """Take it out of its axes."""


Moving = list[Removable]


def written(layers: np.ndarray) -> str:
    """Return the path of a molecule as letters, one for each layer (n,) in which it was."""
    return "".join(chr(_GROUND + layer) for layer in layers)


def layers_of(paths: np.ndarray, moment: int) -> np.ndarray:
    """Return the layers in which the molecules of the paths were at one moment."""
    return np.array([ord(path[moment]) - _GROUND for path in paths])


def marked_one(table: Table) -> tuple[int, np.ndarray]:
    """Return which molecule is marked, and the layers (looks,) of its path.

    It is the one that climbs highest after it has been on the floor; of several, the one that
    begins highest.
    """
    paths = table.where(series="molecule")["path"]
    layers = np.transpose([layers_of(paths, look) for look in range(len(paths[0]))])
    grounded = np.maximum.accumulate(layers == 0, axis=1)
    climbed = np.where(grounded, layers, -1).max(axis=1)
    marked = int(np.lexsort((layers[:, 0], climbed))[-1])
    return marked, layers[marked]


def recorded(table: Table) -> list[Table]:
    """Return the rows of the crowd, moment by moment."""
    return [rows for _, rows in table.where(series="crowd").groups("sweep")]


def energy(rows: Table) -> int:
    """Return the energy of all molecules above the bottom layer, in quanta."""
    return int(rows["layer"] @ rows["molecules"])


def draw_moment(bottle: Axes, profile: Axes, table: Table, moment: int) -> None:
    """Draw the molecules in the bottle, one of them marked, and how many are in each layer."""
    frame_moment(bottle, profile, table)
    draw_molecules(bottle, table, moment)
    draw_shares(profile, table, moment)


def frame_moment(bottle: Axes, profile: Axes, table: Table) -> None:
    """Draw what is the same at every moment: the bottle, and the cold law beside it."""
    rows = recorded(table)[0]
    bottle.set_xlim(-0.05, 1.05)
    bottle.set_xticks([])
    bottle.set_ylim(-0.6, rows["layer"].max() + 0.6)
    bottle.spines[["top", "right"]].set_visible(True)

    cold = {"color": plots.GREY, "linestyle": ":", "label": "cold law"}
    layer, share = smooth(rows["layer"], rows["cold"])
    plots.law(profile, share, layer, **cold)
    profile.set_xlim(0, 1.15 * rows["cold"].max())
    profile.set_xticks([0, 0.2, 0.4], ["0", "0.2", "0.4"])
    profile.set_xlabel("share of all")
    profile.tick_params(axis="y", labelleft=False)


def draw_molecules(bottle: Axes, table: Table, moment: int, animated: bool = False) -> Moving:
    """Draw where the molecules are, and how many sweeps have passed."""
    paths = table.where(series="molecule")["path"]
    layers = layers_of(paths, moment)
    place, height = (np.arange(1, layers.size + 1) * step % 1 for step in _SCATTER)
    up = layers + 0.8 * height - 0.4
    marked, _ = marked_one(table)

    sweeps = f"{recorded(table)[moment]['sweep'][0]} sweeps"
    bottle.set_title(sweeps, loc="left", fontweight="bold", animated=animated)
    options = {"animated": animated}
    return [
        bottle.scatter(place, up, s=25, color=plots.BLUE, linewidths=0, **options),
        bottle.scatter(place[marked], up[marked], s=150, color=plots.VERMILION, **options),
    ]


def draw_shares(profile: Axes, table: Table, moment: int, animated: bool = False) -> Moving:
    """Draw the share of the gas in each layer, and what the formula says."""
    rows = recorded(table)[moment]
    share = rows["molecules"] / rows["molecules"].sum()
    options = {"animated": animated}
    layer, law = smooth(rows["layer"], rows["law"])
    return [
        plots.law(profile, law, layer, label="law: $p_0 P^k$", **options),
        plots.simulation(profile, share, rows["layer"], markersize=6, label="gas", **options),
    ]


def draw_history(energies: Axes, path: Axes, moving: Axes, table: Table, moment: int) -> None:
    """Draw the energy, the marked molecule's path and the share that moves, up to a moment.

    The law is drawn all along.
    """
    frame_history(energies, path, moving, table)
    draw_seen(energies, path, moving, table, moment)


def frame_history(energies: Axes, path: Axes, moving: Axes, table: Table) -> None:
    """Draw the law of the energy and of the share of molecules that move, and empty axes."""
    crowd, moves = recorded(table), table.where(series="moves")
    sweeps = _sweeps(crowd)
    for axes, x, law in (
        (energies, sweeps, [rows["law"] @ rows["layer"] for rows in crowd]),
        (moving, moves["sweep"], moves["law"]),
    ):
        plots.law(axes, *smooth(x, law))
        axes.set_ylim(0, 1.1 * max(law))

    path.set_ylim(-0.6, crowd[0]["layer"].max() + 0.6)
    for axes, name, title, colour in (
        (energies, "quanta", "the crowd: mean energy", plots.BLUE),
        (path, "layer", "the marked one: its layer", plots.VERMILION),
        (moving, "share", "all molecules: share that moves", plots.BLUE),
    ):
        axes.set_xlim(-0.02 * sweeps[-1], 1.02 * sweeps[-1])
        axes.set_ylabel(name)
        axes.set_title(title, loc="left", color=colour)


def draw_seen(
    energies: Axes, path: Axes, moving: Axes, table: Table, moment: int, animated: bool = False
) -> Moving:
    """Draw the energy of the gas, the path of one, and the share that moved, up to a moment."""
    crowd, moves = recorded(table), table.where(series="moves")
    everyone = crowd[0]["molecules"].sum()
    energy_seen = [energy(rows) / everyone for rows in crowd[: moment + 1]]
    moved = moves["molecules"][:moment] / everyone
    _, layers = marked_one(table)
    walked = {"color": plots.VERMILION, "linestyle": "-", "linewidth": 1.5}
    return [
        plots.simulation(axes, x[: len(y)], y, markersize=5, animated=animated, **look)
        for axes, x, y, look in (
            (energies, _sweeps(crowd), energy_seen, {}),
            (path, _sweeps(crowd), layers[: moment + 1], walked),
            (moving, moves["sweep"], moved, {}),
        )
    ]


def _sweeps(crowd: list[Table]) -> np.ndarray:
    return np.array([rows["sweep"][0] for rows in crowd])
