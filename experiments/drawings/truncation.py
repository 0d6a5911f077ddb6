"""Levels before each wall, and how many letters each wall keeps."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.runner.table import Table

_SHOWN = 4.0  # nats above the lowest level
_STYLES = {"first": "-", "last": "--"}  # tempered first or last
_COLOURS = (plots.PURPLE, plots.GREEN, plots.ORANGE)  # of the walls: no road's, no temperature's
Stairs = Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]
_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5)


def draw_levels(axes: Axes, rows: Table, name: str, named: bool) -> None:
    """Draw law, gas and sampler before one wall; with `named`, the probabilities at the left."""
    order = np.argsort(rows["energy"], kind="stable")
    energy, law = rows["energy"][order], rows["law"][order]
    kept = law > 0
    axes.set_yscale("log")
    plots.law(axes, energy[kept], law[kept], label="law before the wall")
    for road, mark, label in (
        ("simulated", plots.simulation, "simulation: gas on walled levels"),
        ("sampled", plots.sampler, "sampler: chain of steps, then a draw"),
    ):
        share = rows[road][order] / rows[road].sum()
        error = np.sqrt(share * (1 - share) / rows[road].sum())
        mark(axes, energy[kept], share[kept], error[kept])
        mark(axes, [], [], label=label)

    wall = (energy[kept][-1] + energy[~kept][0]) / 2 if not kept.all() else energy[-1]
    axes.axvspan(wall, _SHOWN, color=plots.GREY, alpha=0.35, linewidth=0, label="wall")
    axes.set_xlim(-0.3, _SHOWN)
    axes.set_title(name)
    axes.set_ylim(0.02, 0.5)
    axes.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS] if named else [])
    axes.minorticks_off()


def draw_walls(axes: Axes, found: Table, stairs: Stairs) -> None:
    """Draw how many letters each wall keeps at each temperature, built last and built first.

    `stairs` are temperatures, and how many letters the definition keeps there.
    """
    for ((name,), rows), colour in zip(found.groups("wall"), _COLOURS, strict=False):
        for tempered, style in _STYLES.items():
            part = rows.where(tempered=tempered)
            plots.law(axes, *stairs[name, tempered], color=colour, linestyle=style)
            look = {"color": colour, "markersize": 7}
            plots.sampler(axes, part["temperature"], part["sampled"], **look)
        plots.sampler(axes, [], [], color=colour, markersize=7, label=name)

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
    axes.minorticks_off()
    axes.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    axes.axvline(1, color=plots.GREY, linestyle=":")

    axes.set_xlabel("temperature t")
    axes.set_ylabel("letters before the wall")
    axes.set_title("how many letters a wall keeps")
    for tempered, label in (("first", "law: wall built last"), ("last", "law: wall built first")):
        plots.law(axes, [], [], color=plots.GREY, linestyle=_STYLES[tempered], label=label)
    axes.set_ylim(1, 60)
    axes.legend(loc="lower right", fontsize=12, frameon=True, framealpha=1, edgecolor="none")
