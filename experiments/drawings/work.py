"""The figure of `work`: both ways, mean work and free energy, and what few draws tell."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from experiments.drawings.curves import smooth
from experiments.runner.table import Table


def draw(table: Table, finding: str) -> Figure:
    """Draw the three panels."""
    figure = plots.figure(finding)
    both, haste, few = figure.subplots(1, 3)
    _draw_both_ways(both, table.where(series="crooks"))
    _draw_haste(haste, table.where(series="process"), table.where(series="curve"))
    _draw_estimates(few, table.where(series="estimate"), table.where(series="expected"))
    return figure


def _draw_both_ways(axes: Axes, bins: Table) -> None:
    width = bins["work"][1] - bins["work"][0]
    forward, backward = (
        bins[name] / bins["forward"].sum() / width for name in ("forward", "backward")
    )
    axes.step(bins["work"], forward, where="mid", color=plots.BLUE, label="forwards, W")
    axes.step(bins["work"], backward, where="mid", color=plots.ORANGE, label="backwards, −W")
    crossing = bins["free_energy"][0]
    axes.axvline(crossing, color=plots.BLACK, linestyle="--", linewidth=1.5)
    axes.set_ylim(0, 1.35 * max(forward.max(), backward.max()))
    axes.annotate(
        "ΔF", (crossing, 1.2 * forward.max()), (6, 0), textcoords="offset points", va="center"
    )
    axes.set_title(f"both ways, t = {bins['temperature'][0]:g}")
    axes.set_xlabel("work on a particle")
    axes.set_ylabel("density")
    axes.legend(loc="upper right", handlelength=1.2)


def _draw_haste(axes: Axes, processes: Table, curves: Table) -> None:
    groups = list(processes.groups("temperature"))
    for ((t,), rows), colour in zip(groups, plots.cold_to_hot(len(groups)), strict=True):
        law = curves.where(temperature=t)
        steps, work = smooth(np.log(law["steps"]), law["law_mean_work"])
        plots.law(axes, np.exp(steps), work, color=colour)
        plots.simulation(
            axes, rows["steps"], rows["mean_work"], rows["mean_work_error"], color=colour
        )
        level = rows["free_energy"][0]
        plots.law(axes, [1, rows["steps"].max()], [level] * 2, color=colour, linestyle="--")
        error = t * rows["law_spread"]
        plots.simulation(
            axes, rows["steps"], rows["jarzynski"], error, color=colour, marker="D", markersize=6
        )
        place = (1.3 * rows["steps"].max(), level)
        axes.annotate(f"t = {t:g}", place, color=colour, fontweight="bold", va="center")
    axes.set_xscale("log")
    axes.set_xlim(0.8, 6 * processes["steps"].max())
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    axes.set_title("in haste and slowly")
    axes.set_xlabel("steps")
    axes.set_ylabel("mean work, and free energy (dashed)")
    plots.name_marks(axes, simulation="⟨W⟩")
    diamond = {"marker": "D", "markersize": 6, "label": "−t ln⟨exp(−W/t)⟩"}
    plots.simulation(axes, [], [], color=plots.GREY, **diamond)
    axes.legend(loc="upper right")


def _draw_estimates(axes: Axes, estimates: Table, expected: Table) -> None:
    n = estimates["steps"]
    particles, estimate = smooth(np.log(expected["steps"]), expected["law_jarzynski"])
    plots.law(axes, np.exp(particles), estimate, label="expected")
    plots.simulation(axes, n, estimates["jarzynski"], estimates["mean_work_error"])
    plots.simulation(axes, [], [], label="gas, on average")
    axes.axhline(0, color=plots.BLACK, linestyle="--", linewidth=1.5)
    axes.annotate("ΔF", (n.max(), 0), (0, 8), textcoords="offset points", ha="right")
    axes.set_xscale("log")
    ticks = np.array([1, 10, 100, 1000])
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_title("few draws, t = 1, one step")
    axes.set_xlabel("particles in the average")
    axes.set_ylabel("−t ln⟨exp(−W/t)⟩")
    axes.legend(loc="upper right")
