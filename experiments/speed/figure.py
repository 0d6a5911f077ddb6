"""The figure of the speed experiment: the time of a move, and that of a run."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from experiments.runner.table import Table
from experiments.speed.peers import PEERS

# Colour and marker of a line; at how many levels its name stands, and how many points above or
# below the line.
LINES = {
    "Numba, textbook": (plots.VERMILION, "o", 32, 10),
    "NumPy, plain": (plots.ORANGE, "s", 128, 10),
    "NumPy, tables": (plots.PURPLE, "^", 128, 10),
    "ours, each sweep counted": (plots.SKY, "D", 10, 12),
    "ours": (plots.BLUE, "v", 512, 7),
    "C, gcc -O3": (plots.BLACK, "P", 16, -10),
}


def draw(table: Table, finding: str) -> Figure:
    """Draw the time of a move against the number of levels, and that of a run against its size."""
    figure = plots.figure(finding)
    grid = figure.subplot_mosaic([["moves", "particles"], ["moves", "sweeps"]], width_ratios=[3, 2])
    _draw_moves(grid["moves"], table.where(part="move"))
    runs = table.where(part="run")
    _draw_runs(grid["particles"], runs.where(sweeps=100), "particles", "particles (100 sweeps)")
    _draw_runs(grid["sweeps"], runs.where(particles=10**5), "sweeps", "sweeps (10⁵ particles)")
    grid["particles"].legend()
    # A legend without entries: the layout leaves room for it, and a margin below.
    machine = figure.legend([], [], loc="outside lower center", title=table["machine"][0])
    machine.get_title().set(fontsize=10, color=plots.GREY)
    return figure


def _draw_moves(axes: Axes, moves: Table) -> None:
    """Draw a line for each contestant, a floor for the random bits, and a cross for each peer."""
    for name in LINES:
        rows = moves.where(contestant=name)
        if len(rows):
            _draw_line(axes, rows, name)

    floor = moves.where(contestant="random words alone")["value"].min()
    axes.axhline(floor, color=plots.GREY, linestyle=":")
    beside = {"textcoords": "offset points"}
    axes.annotate("random words alone", (32, floor), xytext=(0, 6), ha="center", **beside)

    for name in PEERS:
        rows = moves.where(contestant=name)
        for place in zip(rows["levels"], rows["value"], strict=True):
            axes.plot(*place, "x", color=plots.GREY, markersize=9, markeredgewidth=2)
            axes.annotate(name, place, xytext=(10, 0), va="center", fontsize=12, **beside)

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("levels K")
    axes.set_ylabel("time of a move (ns), one thread")
    ticks = [k for k in moves.where(contestant="ours")["levels"].tolist() if k.bit_count() == 1]
    axes.set_xticks(ticks, [str(k) for k in ticks])
    axes.minorticks_off()


def _draw_line(axes: Axes, rows: Table, name: str) -> None:
    """Draw the times of one contestant, and its name beside them."""
    colour, marker, at, above = LINES[name]
    axes.plot(rows["levels"], rows["value"], "-", color=colour, marker=marker, markersize=7)
    place = (at, np.interp(at, rows["levels"], rows["value"]))
    side = "bottom" if above > 0 else "top"
    look = {"color": colour, "fontweight": "bold", "ha": "center", "va": side}
    axes.annotate(name, place, xytext=(0, above), textcoords="offset points", **look)


def _draw_runs(axes: Axes, runs: Table, column: str, name: str) -> None:
    """Draw the time of a run on one thread and on two."""
    for threads, colour, marker in ((1, plots.BLUE, "o"), (2, plots.VERMILION, "s")):
        rows = runs.where(threads=threads)
        order = np.argsort(rows[column])
        size, time = rows[column][order], rows["value"][order]
        label = f"{threads} thread{'s' if threads > 1 else ''}"
        axes.plot(size, time, color=colour, marker=marker, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(name)
    axes.set_ylabel("time (s)")
    axes.minorticks_off()
