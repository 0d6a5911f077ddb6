"""How often an outcome is among k different ones, against its energy, by two laws."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from experiments.drawings.curves import smooth
from experiments.runner.table import Table

FERMI, ONE_BY_ONE = plots.BLUE, plots.VERMILION


def draw_laws(table: Table, finding: str) -> Figure:
    """Draw a panel for the letters and one for the tokens, both at t = 1, and the differences."""
    figure = plots.figure(finding)
    counted = table.where(kind="counted")
    systems = list(dict.fromkeys(counted["system"].tolist()))
    *panels, last = figure.subplots(1, len(systems) + 1)
    for axes, system in zip(panels, systems, strict=True):
        _draw_inclusion(axes, counted.where(system=system, temperature=1.0))
    panels[0].set_ylabel("probability to be among the k")
    _draw_differences(last, table.where(kind="difference"))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_inclusion(axes: Axes, rows: Table) -> None:
    """Draw both laws as lines, gas and samplers as marks, from the lowest level upwards."""
    energy = rows["energy"]
    near = energy < energy[0] + 5.5
    spread = _spread(energy[near], 0.3)
    for law, colour, label in (
        ("fermi", FERMI, "law: a gas of k fermions"),
        ("one_by_one", ONE_BY_ONE, "law: one after another"),
    ):
        plots.law(axes, *_curve(energy[near], rows[law][near]), color=colour, label=label)

    for counts, sets, mark, colour, label in (
        ("gas", "looks", plots.simulation, FERMI, "simulation: gas of fermions"),
        ("fermions_drawn", "sets", plots.sampler, FERMI, "sampler: conditional Poisson"),
        ("drawn_one_by_one", "sets", plots.sampler, ONE_BY_ONE, "sampler: Gumbel-top-k"),
    ):
        share = rows[counts] / rows[sets]
        error = np.sqrt(share * (1 - share) / rows[sets])
        mark(axes, energy[spread], share[spread], error[spread], color=colour)
        mark(axes, [], [], color=colour, label=label)

    axes.set_xlabel("energy −log p (nats)")
    axes.set_ylim(-0.03, 1.03)
    axes.set_title(f"{rows['count'][0]} {rows['system'][0]}, t = 1", fontsize=16)


def _curve(energy: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a smooth curve through the probabilities (K,) of levels, straight in log-odds."""
    levels, first = np.unique(energy, return_index=True)
    share = np.clip(p[first], 1e-12, 1 - 1e-12)
    fine, odds = smooth(levels, np.log(share / (1 - share)))
    return fine, 1 / (1 + np.exp(-odds))


def _spread(energy: np.ndarray, least: float) -> list[int]:
    """Return levels, from the lowest upwards, that are at least so far apart."""
    chosen = [0]
    for level in range(1, energy.size):
        if energy[level] - energy[chosen[-1]] >= least:
            chosen.append(level)
    return chosen


def _draw_differences(axes: Axes, rows: Table) -> None:
    """Draw how many of k letters are others, against k, a colour for each temperature."""
    groups = list(rows.groups("temperature"))
    for ((t,), part), colour in zip(groups, plots.cold_to_hot(len(groups)), strict=True):
        plots.law(axes, part["count"], part["differing"], color=colour, marker="o", markersize=5)
        end = (part["count"][-1], part["differing"][-1])
        axes.annotate(
            f"t = {t:g}", end, (8, 0), textcoords="offset points", color=colour, va="center"
        )
    axes.set_xlabel("letters drawn, k")
    axes.set_ylabel("letters that differ, at least")
    axes.set_title("how many of k letters differ", fontsize=16)
    axes.set_ylim(0)
    axes.set_xlim(0.5, rows["count"].max() * 1.4)
    axes.set_xticks([1, *range(4, rows["count"].max() + 1, 4)])
