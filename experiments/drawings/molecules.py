"""The figure of `molecules`: populations of CO, heat capacities, and hydrogen's two kinds."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.interpolate import CubicSpline

from boltzmann import plots
from experiments.runner.table import Table

_MOST_J = 36


def draw(table: Table, finding: str, warm: tuple[str, ...], cold: tuple[str, ...]) -> Figure:
    """Draw the three panels: shares of J, warm molecules, and cold hydrogen."""
    figure = plots.figure(finding)
    populations, heats, hydrogen = figure.subplots(1, 3)
    _draw_populations(populations, table.where(series="population"))

    capacities = table.where(series="heat")
    curves = table.where(series="curve")
    for gas, colour in zip(warm, plots.SERIES, strict=False):
        _draw_heat(heats, curves.where(gas=gas), capacities.where(gas=gas), colour)
    heats.set_xscale("log")
    heats.set_title("rotation, then vibration")
    heats.set_ylim(0, 2.25)
    heats.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    for axes in (heats, hydrogen):
        axes.set_yticks(np.arange(0, 2.1, 0.5))
    for gas, colour, place in zip(
        warm, plots.SERIES, ((1.3, 1.12), (4.5, 1.21), (13, 1.09)), strict=False
    ):
        label = {"N2": "N₂"}.get(gas, gas)
        heats.text(*place, label, color=colour, fontweight="bold")
    heats.set_ylabel("heat capacity ($k_B$ a molecule)")

    for gas, colour in zip(cold, (plots.GREEN, plots.PURPLE), strict=True):
        _draw_heat(hydrogen, curves.where(gas=gas), capacities.where(gas=gas), colour)
    hydrogen.set_title("cold hydrogen")
    hydrogen.set_ylim(0, 2.25)
    hydrogen.text(110, 1.5, "converting", color=plots.PURPLE, fontweight="bold")
    hydrogen.text(140, 0.33, "3 ortho : 1 para", color=plots.GREEN, fontweight="bold")
    for axes in (heats, hydrogen):
        axes.set_xlabel("temperature (K)")
    return figure


def _draw_populations(axes: Axes, populations: Table) -> None:
    """Draw the shares of J; the law is drawn smoothly between the whole J."""
    panels = list(populations.groups("kelvin"))
    for (kelvin,), colour in zip(
        (key for key, _ in panels), plots.cold_to_hot(len(panels)), strict=True
    ):
        rows = populations.where(kelvin=kelvin)
        J = rows["J"]
        smooth = np.linspace(0, min(_MOST_J, J[-1]), 400)
        plots.law(axes, smooth, CubicSpline(J, rows["law"])(smooth), color=colour)
        seen = _MOST_J + 1
        share = rows["simulated"] / rows["simulated"].sum()
        plots.simulation(
            axes,
            J[:seen],
            share[:seen],
            rows["error"][:seen],
            color=colour,
            markersize=5,
        )
        top = int(rows["law"].argmax())
        axes.annotate(
            f"{kelvin:g} K",
            (top, rows["law"][top]),
            (6, 8),
            textcoords="offset points",
            color=colour,
            fontweight="bold",
        )
    axes.set_ylim(0, 1.28 * populations["law"].max())
    axes.set_title("carbon monoxide")
    axes.set_xlabel("rotational quantum number J")
    axes.set_ylabel("share of the molecules")
    plots.name_marks(axes, law="law", simulation="Metropolis gas")
    axes.legend(loc="upper right")


def _draw_heat(axes: Axes, curve: Table, measured: Table, colour: str) -> None:
    plots.law(axes, curve["kelvin"], curve["law"], color=colour)
    plots.simulation(
        axes, measured["kelvin"], measured["simulated"], measured["error"], color=colour
    )
