"""How fast a distance from equilibrium falls, under several dynamics."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from boltzmann import plots
from experiments.runner.table import Table

_BELOW = 1e-6  # below both axes; a logarithm has no place for a distance that is gone


def draw_falls(left: Axes, right: Axes, table: Table, rules: Mapping[str, str]) -> None:
    """Draw the excess energy of the particles moved, and the total variation of those counted."""
    looks = zip(plots.SERIES, plots.MARKERS, strict=True)
    dynamics = table.groups("proposal", "rule")
    for ((proposal, rule), rows), (colour, marker) in zip(dynamics, looks, strict=False):
        second = rows["second_eigenvalue"][0]
        times = f"τ = {-1 / np.log(second):.1f} sweeps" if second > 0 else "one sweep"
        look = {"color": colour, "marker": marker}
        _draw_fall(left, rows, "moved", label=f"{proposal}, {rules[rule]}", **look)
        _draw_fall(right, rows, "counted", label=f"1 − λ₂ = {1 - second:.2f},  {times}", **look)


def name_axes(
    axes: Axes, particles: int, method: str, quantity: str, limits: tuple[float, float]
) -> None:
    """Name both axes, and say above how many particles there are."""
    axes.set_title(f"$10^{{{np.log10(particles):g}}}$ particles, {method}")
    axes.set_xlabel("sweeps")
    axes.set_ylabel(quantity)
    axes.set_yscale("log")
    axes.legend(loc="upper right", handletextpad=0.2, labelcolor="linecolor")
    axes.set_ylim(*limits)


def _draw_fall(axes: Axes, rows: Table, counts: str, label: str, **look: Any) -> None:
    """Draw a distance from equilibrium: by the law, its slowest mode alone, and the simulation."""
    fall = [_distances(recorded, counts) for _, recorded in rows.groups("sweep")]
    sweep, law, mode, measured, error = np.array(fall).T
    plots.law(axes, sweep, np.maximum(law, _BELOW), color=look["color"])
    if mode[0] > 0:
        plots.law(axes, sweep, mode, color=look["color"], linestyle="--", linewidth=1.8)
    seen = law > 2 * error
    plots.simulation(axes, sweep[seen], measured[seen], error[seen], **look)
    plots.simulation(axes, [], [], label=label, **look)
    gone = np.flatnonzero(~seen)[:1]
    plots.unseen(axes, sweep[gone], 2 * error[gone], color=look["color"])


def _distances(rows: Table, counts: str) -> tuple[float, ...]:
    """Return sweep, law, slowest mode, measurement and its error at one recorded sweep."""
    law, equilibrium, total = rows["law"], rows["equilibrium"], rows[counts].sum()
    weight = slow = rows["energy"]
    if counts == "counted":
        # Half the sign of each excess adds up to the total variation, which stays linear in the
        # counts.
        weight = np.sign(law - equilibrium) / 2
        slow = np.sign(rows["slowest_excess"]) / 2
    sweep = rows["sweep"][0]
    mode = rows["slowest_excess"] @ slow * rows["second_eigenvalue"][0] ** sweep
    error = np.sqrt((law @ weight**2 - (law @ weight) ** 2) / total)
    measured = (rows[counts] / total - equilibrium) @ weight

    # The last digits of sums differ between processors; twelve digits are the same on all.
    distances = (sweep, (law - equilibrium) @ weight, mode, measured, error)
    return tuple(float(f"{distance:.12g}") for distance in distances)


def name_lines(figure: Figure) -> None:
    """Say once what lines, dashes and points are."""
    line = {"color": plots.GREY, "linewidth": 2}
    dashes = {**line, "linestyle": "--", "linewidth": 1.8}
    points = {**line, "linestyle": "none", "marker": "o", "markersize": 8}
    arrow = {"marker": r"$\downarrow$", "markersize": 14}
    handles = [
        Line2D([], [], label="law: $p_0 P^k$", **line),
        Line2D([], [], label="its slowest mode: $λ_2^k$", **dashes),
        Line2D([], [], label="simulation", **points),
        Line2D([], [], label="below two standard errors", **{**points, **arrow}),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
