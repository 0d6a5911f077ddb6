"""Texts at the temperature of their letters and at their own."""

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.runner.table import Table

COLOURS = {"token": plots.VERMILION, "text": plots.BLUE}
_MARKS = {"token": plots.sampler, "text": plots.simulation}
_LINES = {"token": "--", "text": "-"}


def draw_first_letter(axes: Axes, toy: Table) -> None:
    """Draw how often the first letter of the likeliest text comes first."""
    letter = toy["symbol"][0][0]
    panels = [rows for _, rows in toy.groups("temperature")]
    t = np.array([rows["temperature"][0] for rows in panels])
    total = np.array([rows["token"].sum() for rows in panels])
    names = {
        "token": ("each letter at t", "sampler"),
        "text": ("the whole text at t", "simulation"),
    }

    for road, (of, made) in names.items():
        law, counts = (
            np.array([_beginning(rows, column, letter) for rows in panels])
            for column in (f"{road}_law", road)
        )
        share = counts / total
        error = np.sqrt(share * (1 - share) / total)
        look = {"color": COLOURS[road]}
        plots.law(axes, t, law, linestyle=_LINES[road], label=f"law: {of}", **look)
        _MARKS[road](axes, t, share, error, label=made, **look)

    axes.set_title("first letter of three texts")
    axes.set_ylabel(f"probability of “{letter}”")


def _beginning(rows: Table, column: str, letter: str) -> float:
    """Return the sum of a column over the texts that begin with a letter."""
    begins = np.array([text[0] == letter for text in rows["symbol"].tolist()])
    return float(rows[column][begins].sum())


def draw_energies(axes: Axes, energy: Table) -> None:
    """Draw the mean energy of a letter at both temperatures."""
    t = energy["temperature"]
    for road, mark in _MARKS.items():
        look = {"color": COLOURS[road]}
        plots.law(axes, t, energy[f"{road}_law"], linestyle=_LINES[road], **look)
        mark(axes, t, energy[road], energy[f"{road}_error"], **look)
    axes.set_title("texts of a letter model")
    axes.set_ylabel("−log p of a letter at t = 1 (nats)")


def draw_samples(axes: Axes, table: Table) -> None:
    """Write some texts of the lowest temperature."""
    t = table["temperature"].min()
    axes.set_axis_off()
    axes.set_title(f"texts at t = {t:g}")
    height = 0.95
    for road, name in (("token", "letters at t"), ("text", "texts at t")):
        axes.text(0.5, height, name, ha="center", color=COLOURS[road], fontweight="bold")
        for text in table.where(kind=f"{road} sample", temperature=t)["symbol"].tolist():
            height -= 0.07
            axes.text(0.5, height, text, ha="center", family="DejaVu Sans Mono", fontsize=14)
        height -= 0.11


def temperature_axis(axes: Axes, temperatures: np.ndarray) -> None:
    """Mark the temperatures below, and t = 1 by a line."""
    axes.set_xscale("log")
    ticks = sorted(set(temperatures.tolist()))
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.axvline(1, color=plots.GREY, linestyle=":")
    axes.set_xlabel("temperature t")
