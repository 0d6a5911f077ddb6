"""Letters of kept batches against their energy, and how their law approaches the softmax."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from experiments.runner.table import Table

_EXACT: Any = {"marker": "_", "markersize": 18, "markeredgewidth": 2, "linestyle": "none"}
_HIGHEST = 5.2  # nats: levels above it are too rare to be seen


def draw_kept(table: Table, finding: str) -> Figure:
    """Draw a panel for each statistic, and one for the distance against the size of a batch."""
    figure = plots.figure(finding)
    kept, control, approach = figure.subplots(1, 3)
    letters = table.where(kind="letter")
    groups = list(letters.where(statistic="surprise").groups("mean", "temperature"))
    colours = plots.cold_to_hot(len(groups))

    _draw_all(kept, groups[0][1])
    for ((_, t), rows), colour in zip(groups, colours, strict=True):
        _draw_law(kept, rows, colour)
        _draw_exact(kept, rows, colour)
        _draw_counts(kept, rows, colour)
        kept.text(
            rows["energy"].min() - 0.25,
            rows["limit"].max(),
            f"t = {t:.2f} ",
            color=colour,
            ha="right",
            va="center",
            fontweight="bold",
            fontsize=13,
        )
    kept.set_title("kept for their surprise", fontsize=16)
    kept.set_ylabel("probability of a letter")

    rows = letters.where(statistic="vowels")
    _draw_all(control, rows)
    _draw_law(control, rows, plots.GREEN)
    for vowel, colour, name in ((1, plots.GREEN, "vowels"), (0, plots.PURPLE, "other letters")):
        _draw_counts(control, rows.where(vowel=vowel), colour, rows["kept"].sum(), name)
    control.set_title(f"control: kept for {rows['mean'][0]} vowels", fontsize=16)
    control.legend(loc="lower left", fontsize=13)
    for axes in (kept, control):
        axes.set(xlabel="energy −log p (nats)", yscale="log", xlim=(-0.6, _HIGHEST), ylim=(2e-4, 1))

    _draw_approach(approach, table.where(kind="distance"), colours)
    plots.law(kept, [], [], color=plots.GREY, linestyle="--", label="all letters: t = 1")
    plots.name_marks(kept, law="law: softmax(log p / t)", sampler="sampler: batches kept")
    few = f"bars: law for {letters['letters'][0]} letters"
    kept.plot([], [], color=plots.GREY, label=few, **_EXACT)
    figure.legend(*kept.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _levels(rows: Table) -> np.ndarray:
    return np.unique(rows["energy"][rows["energy"] < _HIGHEST])


def _draw_all(axes: Axes, rows: Table) -> None:
    """Draw the law of all letters, at t = 1."""
    energy = _levels(rows)
    p = [rows.where(energy=level)["probability"][0] for level in energy]
    plots.law(axes, energy, p, color=plots.GREY, linestyle="--")


def _draw_law(axes: Axes, rows: Table, colour: str) -> None:
    """Draw softmax(log p / t), a straight line."""
    energy = _levels(rows)
    p = [rows.where(energy=level)["limit"][0] for level in energy]
    plots.law(axes, energy, p, color=colour)


def _draw_exact(axes: Axes, rows: Table, colour: str) -> None:
    """Draw the exact law of so few letters, which is no curve: a bar a level."""
    energy = _levels(rows)
    p = [rows.where(energy=level)["exact"][0] for level in energy]
    axes.plot(energy, p, color=colour, **_EXACT)


def _draw_counts(
    axes: Axes, rows: Table, colour: str, total: int | None = None, name: str | None = None
) -> None:
    """Draw the mean share of a letter on each level; letters of one level share a mark."""
    total = total or int(rows["kept"].sum())
    energy = _levels(rows)
    counts = np.array([rows.where(energy=level)["kept"].sum() for level in energy])
    letters = np.array([len(rows.where(energy=level)) for level in energy])
    seen = counts > 0
    share = counts[seen] / total / letters[seen]
    error = np.sqrt(counts[seen]) / total / letters[seen]
    bars = [np.minimum(error, 0.9 * share), error]
    plots.sampler(axes, energy[seen], share, bars, color=colour)
    plots.unseen(axes, energy[~seen], 1 / total, color=colour)
    if name:
        plots.sampler(axes, [], [], color=colour, label=name)


def _draw_approach(axes: Axes, rows: Table, colours: list[str]) -> None:
    """Draw the distance from the limit, exact as marks and its first correction as lines."""
    groups = list(rows.groups("mean", "temperature"))
    for ((_, t), part), colour in zip(groups, colours, strict=True):
        n = part["letters"]
        plots.law(axes, n, part["predicted"], color=colour)
        axes.plot(n, part["distance"], "o", color=colour, label=f"t = {t:.2f}")
    axes.set(xscale="log", yscale="log", xlabel="letters of a batch, n", ylabel="total variation")
    axes.set_ylim(top=1)
    axes.set_title("distance from the softmax", fontsize=16)
    axes.legend(loc="lower left", fontsize=13)
