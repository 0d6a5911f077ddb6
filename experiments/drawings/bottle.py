"""A bottle of air: density, molecules and mean height."""

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.runner.table import Table
from experiments.shared.barometer import mean_height, measured_height


def draw_density(axes: Axes, gas: Table) -> None:
    """Draw density against height, a colour for each temperature."""
    panels = [rows for _, rows in gas.groups("temperature")]
    colours = plots.cold_to_hot(len(panels))
    for rows, colour in zip(panels, colours, strict=True):
        layers, counts, t = len(rows), rows["molecules"], rows["temperature"][0]
        height, law = (rows["layer"] + 0.5) / layers, layers * rows["law"]
        density, error = (layers * values / counts.sum() for values in (counts, np.sqrt(counts)))
        plots.law(axes, law, height, color=colour)
        plots.simulation(axes, density, height, xerr=error, color=colour, markersize=7)
        name = f"t = {t:g} mgH" if rows is panels[0] else f"t = {t:g}"
        look = {"color": colour, "fontweight": "bold", "textcoords": "offset points"}
        axes.annotate(name, (law[-1], height[-1]), (14, 0), va="center", **look)

    axes.set_xscale("log")
    axes.set_ylim(0, 1)
    axes.set_xlabel("density (1 = evenly spread)")
    axes.set_ylabel("height (units of the bottle's height H)")
    plots.name_marks(axes, law="law: exp(−mgh/t)", simulation="simulation")
    axes.legend(loc="lower left")


def draw_bottle(axes: Axes, rows: Table, name: str, colour: str) -> None:
    """Draw molecules in their layers, each at a random place of its layer."""
    layer = np.repeat(rows["layer"], rows["molecules"])
    across, up = np.random.default_rng(0).random((2, layer.size))
    axes.scatter(0.04 + 0.92 * across, (layer + up) / len(rows), s=9, color=colour, linewidths=0)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks([])
    axes.set_xlabel(f"t = {rows['temperature'][0]:g}", color=colour, fontweight="bold")
    axes.tick_params(left=False, labelleft=False)
    axes.spines[["top", "right"]].set_visible(True)
    axes.set_title(name, color=colour)


def draw_mean_heights(axes: Axes, gas: Table) -> None:
    """Draw the mean height against the temperature, with its limit."""
    panels = [rows for _, rows in gas.groups("temperature")]
    fine = np.geomspace(0.03, 8.0, 100)
    plots.law(axes, fine, mean_height(fine), label="law: t − 1/(exp(1/t) − 1)")

    for rows, colour in zip(panels, plots.cold_to_hot(len(panels)), strict=True):
        mean, error = measured_height(rows)
        plots.simulation(axes, rows["temperature"][0], mean, error, color=colour)
    axes.axhline(0.5, color=plots.GREY, linestyle=":")
    axes.text(0.03, 0.49, "evenly spread", color=plots.GREY, va="top")
    axes.set_xscale("log")
    ticks = [0.1, 0.2, 0.5, 1, 2, 5]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])

    axes.minorticks_off()
    axes.set_ylim(0, 0.55)
    axes.set_xlabel("temperature t (units of mgH)")
    axes.set_ylabel("mean height")
    axes.legend(loc="lower right", fontsize=12)
