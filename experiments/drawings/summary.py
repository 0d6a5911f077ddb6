"""One context on three roads: its levels, its shares and its entropy."""

from functools import partial

import numpy as np
from matplotlib.axes import Axes

import boltzmann as bz
from boltzmann import plots
from experiments.runner.table import Table
from experiments.shared.roads import LAW, draw_counts, surprise

_LEVELS = 8  # letters that the pictures show, the likeliest first
_STACK = 5  # particles, or letters, above one another in a picture
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
    widest = max(bars.max(), dots.max(), drawn.max())
    for axes in pictures:
        axes.set_xlim(0, widest / _STACK + 1)
        axes.set_ylim(-0.6, order.size - 0.4)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)

    law, simulated, sampled = pictures
    law.barh(place, bars / _STACK, height=0.76, color=plots.BLACK)
    centred = {"ha": "center", "va": "center", "fontsize": 6.5}
    for k in place:
        simulated.plot(*_stacked(dots[k], k), "o", color=plots.BLUE, markersize=3.8)
        for x, y in np.transpose(_stacked(drawn[k], k)):
            sampled.text(x, y, names[k], color=plots.VERMILION, **centred)

    energies = -np.log(panel["probability"][order])
    law.set_yticks(
        place, [f"{name}   {energy:.2f}" for name, energy in zip(names, energies, strict=True)]
    )
    law.set_ylabel("letter and E = −log p")
    law.set_title(f"the law at t = 1, times {few:,}")
    simulated.set_title(f"the simulation: {few:,} particles", color=plots.BLUE)
    sampled.set_title(f"the sampler: {few:,} draws", color=plots.VERMILION)


def _stacked(count: int, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (count,) of so many marks on a level, in stacks from the left."""
    stack, above = np.divmod(np.arange(count), _STACK)
    return stack + 0.5, level + 0.16 * (above - (_STACK - 1) / 2)


def draw_shares(axes: Axes, table: Table) -> None:
    """Draw the shares of the likeliest letters at a few temperatures, on three roads."""
    panels = {t: panel for (t,), panel in table.groups("temperature") if t in _COMPARED}
    for t, panel in panels.items():
        order = _likeliest(panel)
        share = panel["law"][order]
        plots.law(axes, range(order.size), share, drawstyle="steps-mid")
        draw_counts(axes, panel, partial(np.take, indices=order))
        look = {"va": "bottom" if t == max(panels) else "center", "fontweight": "bold"}
        axes.text(order.size - 0.5, share[-1], f"t = {t:g}", **look)

    axes.set_xlim(-0.7, order.size + 0.7)
    axes.set_yscale("log")
    axes.set_yticks([0.02, 0.1, 0.5], ["0.02", "0.1", "0.5"])
    axes.set_yticks([], minor=True)
    axes.set_xticks(np.arange(order.size), panel["letter"][order])
    axes.tick_params(axis="x", length=0, labelsize=17)

    axes.set_ylabel("share")
    axes.set_title(f"three temperatures: next letter after “{panel['context'][0]}”")


def _name_roads(axes: Axes) -> None:
    """Name the roads for a legend, each in its colour."""
    plots.law(axes, [], [], label=LAW)
    plots.simulation(axes, [], [], label="simulation: Metropolis gas")
    plots.sampler(axes, [], [], label="sampler: logits / t, then a draw")


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
    _name_roads(axes)
    axes.set_xscale("log")
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 4) if t[0] <= tick <= t[-1]]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0)

    axes.set_xlabel("temperature t")
    axes.set_ylabel("nats")
    axes.set_title("entropy")
