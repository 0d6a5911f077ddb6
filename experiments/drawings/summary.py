"""One context on three roads: its levels, its shares and its entropy."""

import numpy as np
from matplotlib.axes import Axes

import boltzmann as bz
from boltzmann import plots
from experiments import letters
from experiments.runner.table import Table
from experiments.shared.roads import surprise

_LEVELS = 8  # letters that the pictures show, the likeliest first
_COMPARED = (0.5, 1.0, 2.0)  # temperatures whose shares are drawn


def _likeliest(panel: Table) -> np.ndarray:
    return np.argsort(-panel["probability"], kind="stable")[:_LEVELS]


def draw_pictures(pictures: np.ndarray, panel: Table) -> None:
    """Draw the levels at t = 1 three times: with bars, with particles, with letters."""
    order = _likeliest(panel)
    place = np.arange(order.size)
    names = panel["letter"][order]
    few = panel["few_simulated"].sum()
    bars = few * panel["law"][order]
    dots = panel["few_simulated"][order]
    drawn = panel["few_sampled"][order]

    # All three have the same axis of counts, which is not drawn.
    widest = max(bars.max(), dots.max(), drawn.max()) + 1
    for axes in pictures:
        axes.set_xlim(0, widest)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)

    law, simulated, sampled = pictures
    for axes in (law, simulated):
        axes.hlines(place, 0, widest, color=plots.GREY, linewidth=0.7, zorder=1)
    law.barh(place, bars, height=0.5, color=plots.BLACK)
    for k in place:
        simulated.plot(
            np.arange(dots[k]) + 0.5, np.full(dots[k], k), "o", color=plots.BLUE, markersize=9
        )
        for at in range(drawn[k]):
            sampled.text(
                at + 0.5, k, names[k], color=plots.VERMILION, ha="center", va="center", fontsize=14
            )

    energies = -np.log(panel["probability"][order])
    law.set_yticks(
        place, [f"{name}   {energy:.2f}" for name, energy in zip(names, energies, strict=True)]
    )
    law.set_ylabel("letter and E = −log p")
    law.set_title(f"the law at t = 1, times {few}")
    simulated.set_title(f"the simulation: {few} particles", color=plots.BLUE)
    sampled.set_title(f"the sampler: {few} draws", color=plots.VERMILION)


def draw_shares(axes: Axes, table: Table) -> None:
    """Draw the shares of the likeliest letters at a few temperatures, on three roads."""
    panels = {t: panel for (t,), panel in table.groups("temperature") if t in _COMPARED}
    for (t, panel), colour in zip(panels.items(), plots.cold_to_hot(len(panels)), strict=True):
        order = _likeliest(panel)
        letters.draw_roads(axes, panel, order, colour)
        look = {
            "color": colour,
            "va": "bottom" if t == max(panels) else "center",
            "fontweight": "bold",
        }
        axes.text(order.size - 0.5, panel["law"][order[-1]], f"t = {t:g}", **look)

    axes.set_xlim(-0.7, order.size + 0.7)
    axes.set_yscale("log")
    axes.set_yticks([0.02, 0.1, 0.5], ["0.02", "0.1", "0.5"])
    axes.set_yticks([], minor=True)
    axes.set_xticks(np.arange(order.size), panel["letter"][order])
    axes.tick_params(axis="x", length=0, labelsize=17)

    axes.set_ylabel("share")
    axes.set_title(f"three temperatures: next letter after “{panel['context'][0]}”")


def draw_entropies(axes: Axes, table: Table) -> None:
    """Draw the entropy against temperature, on three roads."""
    panels = [panel for _, panel in table.groups("temperature")]
    p = table.where(temperature=1.0)["probability"]
    t = np.unique(table["temperature"])
    fine = np.geomspace(t[0] / 1.3, 1.3 * t[-1], 100)
    plots.law(axes, fine, bz.entropy(bz.EnergyLevels.from_probabilities(p / p.sum()), fine))

    for road, mark in (("simulated", plots.simulation), ("sampled", plots.sampler)):
        _, measured, error = np.transpose([surprise(panel, road) for panel in panels])
        mark(axes, t, measured, error)
    axes.set_xscale("log")
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 4) if t[0] <= tick <= t[-1]]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0)

    axes.set_xlabel("temperature t")
    axes.set_ylabel("nats")
    axes.set_title("entropy")
