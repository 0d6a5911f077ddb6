"""The figure of the lesson `counting`: equal shares spread, and slopes are those of the entropy."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from experiments.runner.table import Table

MOST = 20  # quanta, the end of the left axis


def figure(table: Table, finding: str) -> Figure:
    """Return the figure, made from the table alone."""
    figure = plots.figure(finding)
    spreading, slopes = figure.subplots(1, 2)
    _draw_spreading(spreading, table.where(kind="spreading"))
    _draw_slopes(slopes, table.where(kind="slopes"))
    plots.name_marks(
        slopes,
        law="law: arrangements, counted",
        simulation="simulation: molecules and a demon",
        unseen="none seen: below 1/N",
    )
    figure.legend(*slopes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw_spreading(axes: Axes, table: Table) -> None:
    """Draw the shares after several numbers of sweeps, and where they end."""
    panels = [panel for _, panel in table.groups("setting")][1:]
    law = panels[-1]["law"][: MOST + 1]
    plots.law(axes, np.arange(MOST + 1), law)
    for panel, colour in zip(panels, plots.cold_to_hot(len(panels)), strict=True):
        share = panel["counted"] / panel["counted"].sum()
        shown = panel["counted"][: MOST + 1]
        seen = np.flatnonzero(shown)
        error = np.sqrt(share[seen] / panel["counted"].sum())
        plots.simulation(
            axes, seen, share[seen], np.minimum(error, 0.9 * share[seen]), color=colour
        )
        plots.unseen(axes, np.flatnonzero(shown == 0), 1 / panel["counted"].sum(), color=colour)
        sweeps = int(panel["setting"][0])
        axes.plot([], [], "o", color=colour, label=f"{sweeps} sweep{'s' * (sweeps > 1)}")
    axes.set_yscale("log")
    axes.set_ylim(1e-5, 1.5)
    axes.set_xlim(-0.7, MOST + 0.7)
    axes.legend(loc="upper right")
    axes.set_xticks(range(0, MOST + 1, 5))
    axes.set_title("equal shares become an exponential")
    axes.set_xlabel("quanta that a molecule has")
    axes.set_ylabel("share of the molecules")


def _draw_slopes(axes: Axes, table: Table) -> None:
    """Draw the shares of a state against its energy, at each energy of the box."""
    panels = [panel for _, panel in table.groups("setting")]
    for panel, colour in zip(panels, plots.cold_to_hot(len(panels)), strict=True):
        energy, states = panel["energy"], panel["states"]
        total = panel["counted"].sum()
        seen = panel["counted"] >= 5
        share = panel["counted"] / states / total
        plots.law(axes, energy, panel["law"] / states, color=colour)
        plots.simulation(
            axes,
            energy[seen],
            share[seen],
            (share / np.sqrt(np.maximum(panel["counted"], 1)))[seen],
            color=colour,
        )
        height = 0.94 - 0.07 * panels.index(panel)
        text = f"U/N = {panel['setting'][0]:g}: ∂S/∂U = {panel['slope'][0]:.3f}"
        axes.text(
            0.97,
            height,
            text,
            color=colour,
            fontweight="bold",
            ha="right",
            va="center",
            transform=axes.transAxes,
        )
    axes.set_yscale("log")
    axes.set_ylim(3e-9, 2)
    axes.set_xlim(-3, 150)
    axes.set_title("its slope is that of the entropy, −∂S/∂U")
    axes.set_xlabel("energy of the state (quanta)")
    axes.set_ylabel("share of a state")
