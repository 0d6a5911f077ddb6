"""Occupancies of several systems at several temperatures, and their pulls."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from boltzmann.statistics import pulls
from experiments.drawings.curves import smooth
from experiments.runner.table import Table


def panels_of(figure: Figure, systems: int) -> tuple[list[Axes], list[Axes]]:
    """Return axes for the occupancies of so many systems, and for their pulls below them."""
    rows, columns = -(-systems // 3), min(systems, 3)
    heights = [3, 1] * rows
    shared = {"sharex": True, "sharey": "row", "squeeze": False}
    grid = figure.subplots(2 * rows, columns, height_ratios=heights, **shared)
    above, below = [*grid[::2].flat], [*grid[1::2].flat]
    for unused in (*above[systems:], *below[systems:]):
        unused.set_axis_off()
    for axes, name in zip(grid[:, 0], ("fraction of\nparticles", "pull") * rows, strict=True):
        axes.set_ylabel(name)
    middle = grid[-1, (systems - 1) % 3 // 2]
    middle.set_xlabel("energy above the lowest level (units of Δ)")
    return above[:systems], below[:systems]


def draw_system(axes: Axes, rows: Table, name: str) -> None:
    """Draw law and gas at every temperature of one system."""
    for panel, look in _panels(rows):
        energy, law, total = panel["energy"], panel["law"], panel["simulated"].sum()
        fine, logs = smooth(energy, np.log(law))
        plots.law(axes, fine, np.exp(logs), color=look["color"])
        seen = panel["simulated"] > 0
        fraction = panel["simulated"][seen] / total
        error = np.sqrt(fraction * (1 - fraction) / total)
        # On a logarithmic axis a bar that reaches below zero has no end.
        bars = [np.minimum(error, 0.9 * fraction), error]
        plots.simulation(axes, energy[seen], fraction, bars, markersize=7, **look)
        plots.unseen(axes, energy[~seen], 1 / total, color=look["color"])

    if np.any(panel["degeneracy"] > 1):
        wrong = panel["law"] / panel["degeneracy"]
        fine, logs = smooth(energy, np.log(wrong / wrong.sum()))
        plots.law(axes, fine, np.exp(logs), color=look["color"], linestyle=":")
    axes.set_title(name)
    axes.set_yscale("log")
    axes.set_ylim(2e-7, 2)
    axes.set_yticks([1e-6, 1e-4, 1e-2, 1])


def draw_pulls(axes: Axes, rows: Table, least: float) -> None:
    """Draw the pulls of levels that expect at least so many particles, beside one another."""
    axes.axhspan(-3, 3, color=plots.GREY, alpha=0.2, linewidth=0)
    axes.axhline(0, color=plots.GREY, linewidth=1)
    panels = _panels(rows)
    for rank, (panel, look) in enumerate(panels):
        law, total = panel["law"], panel["simulated"].sum()
        tested = total * law >= least
        pull = pulls(panel["simulated"] / total, law, np.sqrt(law * (1 - law) / total))
        aside = 0.07 * (rank - (len(panels) - 1) / 2)
        plots.simulation(axes, panel["energy"][tested] + aside, pull[tested], markersize=5, **look)
    axes.set_ylim(-4.5, 4.5)
    axes.set_yticks([-3, 0, 3])


def _panels(rows: Table) -> list[tuple[Table, dict[str, object]]]:
    """Return the rows of each temperature with colour and marker."""
    panels = [panel for _, panel in rows.groups("temperature")]
    colours = plots.cold_to_hot(len(panels))
    markers = [plots.MARKERS[rank % len(plots.MARKERS)] for rank in range(len(panels))]
    return [
        (panel, {"color": colour, "marker": marker})
        for panel, colour, marker in zip(panels, colours, markers, strict=True)
    ]


def name_lines(figure: Figure, first: Axes, table: Table) -> None:
    """Name the temperatures where the first system leaves room, and lines and points below."""
    temperatures = list(dict.fromkeys(table["temperature"].tolist()))
    look = {"ha": "right", "fontweight": "bold", "transform": first.transAxes}
    for row, colour in enumerate(plots.cold_to_hot(len(temperatures))):
        text = f"t = {temperatures[row]:g} Δ"
        first.text(0.97, 0.1 + 0.2 * row, text, color=colour, **look)
    plots.name_marks(first, law="law: g exp(−E/t) / Z")
    one_state = {"linestyle": ":", "label": "if each level were one state"}
    plots.law(first, [], [], color=plots.GREY, **one_state)
    plots.name_marks(first, simulation="simulation", unseen="none seen: below 1/N")
    handles, labels = first.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
