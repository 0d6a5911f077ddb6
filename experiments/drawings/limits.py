"""Probabilities of a few outcomes from t = 0 to t = ∞."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from boltzmann import plots
from experiments.drawings.curves import smooth
from experiments.runner.table import Table

# Where a curve is named, the likeliest first: at which t, how far from there in points, aligned
# how.
_LABELS = (
    (0.25, 10, 4, "left"),
    (0.5, -8, 8, "right"),
    (1.0, -8, 8, "right"),
    (2.0, 8, -18, "left"),
    (2.0, 4, 6, "left"),
)
_STRETCH = 0.7  # a power below 1 moves small and large t away from 0 and infinity


def _place(t: ArrayLike) -> np.ndarray:
    """Return u/(1 + u), u = t^0.7, which puts 0, 1 and infinity at 0, 1/2 and 1."""
    return 1 - 1 / (1 + np.asarray(t, np.float64) ** _STRETCH)


def draw_limits(axes: Axes, rows: Table, title: str, most: int) -> None:
    """Draw the likeliest outcomes, at most so many, and those that are impossible."""
    counted, curve = rows.where(kind="counted"), rows.where(kind="law")
    first = counted.where(temperature=0.0)
    p = first["probability"]
    n = np.count_nonzero(p)

    likeliest = np.argsort(-p, kind="stable")
    ranks = [*range(min(n, most)), *range(n, p.size)]
    draws = {
        road: np.array([panel[road].sum() for _, panel in counted.groups("temperature")])
        for road in ("simulated", "sampled")
    }
    for rank, colour, label in zip(ranks, plots.SERIES, _LABELS, strict=False):
        outcome = first["outcome"][likeliest[rank]]
        line, points = curve.where(outcome=outcome), counted.where(outcome=outcome)
        _draw_outcome(axes, line, points, draws, colour)
        _name_outcome(axes, line, outcome, colour, label)

    _name_limits(axes, n)
    ticks = np.unique(counted["temperature"])
    axes.set_xticks(_place(ticks), [f"{t:g}".replace("inf", "∞") for t in ticks])
    axes.set_xlabel("temperature t")
    axes.set_title(title)


def _draw_outcome(
    axes: Axes, line: Table, points: Table, draws: dict[str, np.ndarray], colour: str
) -> None:
    """Draw law, gas and sampler of one outcome."""
    plots.law(axes, *smooth(_place(line["temperature"]), line["law"]), color=colour)
    for mark, road in ((plots.simulation, "simulated"), (plots.sampler, "sampled")):
        share = points[road] / draws[road]
        error = np.sqrt(share * (1 - share) / draws[road])
        mark(axes, _place(points["temperature"]), share, error, color=colour, clip_on=False)


def _name_outcome(
    axes: Axes, line: Table, outcome: str, colour: str, label: tuple[float, float, float, str]
) -> None:
    t, right, up, aligned = label
    along = float(_place(t))
    height = np.interp(along, _place(line["temperature"]), line["law"])
    look = {"ha": aligned, "color": colour, "fontweight": "bold", "parse_math": False}
    at = (along, min(height, 0.88))
    axes.annotate(outcome, at, (right, up), textcoords="offset points", **look)


def _name_limits(axes: Axes, n: int) -> None:
    """Mark t = 1, and 1/n, which all allowed outcomes have at t = ∞."""
    faint = {"color": plots.GREY, "linestyle": ":", "linewidth": 2, "zorder": 1}
    axes.axvline(0.5, **faint)
    axes.text(0.52, 1, "t = 1: p itself", color=plots.GREY, va="top")
    axes.axhline(1 / n, **faint)
    axes.text(1.03, 1 / n, f"1/{n}", color=plots.GREY, va="center")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
