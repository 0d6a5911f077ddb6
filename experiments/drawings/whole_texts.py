"""Texts at the temperature of their letters and at their own."""

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.runner.table import Table

COLOURS = {"token": plots.VERMILION, "text": plots.BLUE}
_MARKS = {"token": plots.sampler, "text": plots.simulation}
_LINES = {"token": "--", "text": "-"}


def draw_first_letter(axes: Axes, toy: Table, curve: Table) -> None:
    """Draw how often the first letter of the likeliest text comes first."""
    letter = toy["symbol"][0][0]
    panels = [rows for _, rows in toy.groups("temperature")]
    t = np.array([rows["temperature"][0] for rows in panels])
    between = [rows for _, rows in curve.groups("temperature")]
    fine = np.array([rows["temperature"][0] for rows in between])
    total = np.array([rows["token"].sum() for rows in panels])
    names = {
        "token": ("each letter at t", "sampler"),
        "text": ("the whole text at t", "simulation"),
    }

    for road, (of, made) in names.items():
        law = [_beginning(rows, f"{road}_law", letter) for rows in between]
        share = np.array([_beginning(rows, road, letter) for rows in panels]) / total
        error = np.sqrt(share * (1 - share) / total)
        look = {"color": COLOURS[road]}
        plots.law(axes, fine, law, linestyle=_LINES[road], label=f"law: {of}", **look)
        _MARKS[road](axes, t, share, error, **look)
        _MARKS[road](axes, [], [], label=made, **look)

    axes.set_title("first letter of three texts")
    axes.set_ylabel(f"probability of “{letter}”")


def _beginning(rows: Table, column: str, letter: str) -> float:
    """Return the sum of a column over the texts that begin with a letter."""
    begins = np.array([text[0] == letter for text in rows["symbol"].tolist()])
    return float(rows[column][begins].sum())


def draw_energies(axes: Axes, energy: Table, curve: Table) -> None:
    """Draw the mean energy of a letter at both temperatures."""
    t, fine = energy["temperature"], curve["temperature"]
    for road, mark in _MARKS.items():
        look = {"color": COLOURS[road]}
        plots.law(axes, fine, curve[f"{road}_law"], linestyle=_LINES[road], **look)
        mark(axes, t, energy[road], energy[f"{road}_error"], **look)
    axes.set_title("texts of a letter model")
    axes.set_ylabel("−log p of a letter at t = 1 (nats)")


def draw_words(axes: Axes, table: Table, coldest: float) -> None:
    """Draw how often words come at the lowest temperature, the longest above."""
    words = table.where(temperature=coldest)
    length = np.array([len(word) for word in words["symbol"].tolist()])
    order = np.lexsort((words["text"], length))
    place = np.arange(order.size)
    for road, mark in _MARKS.items():
        times, error = (100 * words[name][order] for name in (road, f"{road}_error"))
        mark(axes, times, place, xerr=error, color=COLOURS[road], clip_on=False)
    axes.set_yticks(place, words["symbol"][order])
    axes.grid(axis="y", color="0.85")
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left=-3)
    axes.set_xlabel("in 100 texts")
    axes.set_title(f"words, t = {coldest:g}")


def temperature_axis(axes: Axes, temperatures: np.ndarray) -> None:
    """Mark the temperatures below, and t = 1 by a line."""
    axes.set_xscale("log")
    ticks = sorted(set(temperatures.tolist()))
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.axvline(1, color=plots.GREY, linestyle=":")
    axes.set_xlabel("temperature t")
