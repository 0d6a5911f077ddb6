"""Temperatures read from the draws of inference engines, and what a bare temperature leaves."""

from matplotlib.axes import Axes

from boltzmann import plots
from experiments.runner.table import Table

_STEP = 0.19  # between the temperatures of one engine


def draw_readings(axes: Axes, table: Table, engines: list[str]) -> None:
    """Draw reading / t with its error, an engine a row and a temperature a colour."""
    groups = list(table.groups("temperature"))
    plots.law(axes, [1, 1], [-0.5, len(engines) - 0.5])
    for number, ((t,), rows) in enumerate(groups):
        shift = _STEP * (number - (len(groups) - 1) / 2)
        axes.errorbar(
            rows["reading"] / t,
            [engines.index(name) + shift for name in rows["engine"]],
            xerr=rows["standard_error"] / t,
            fmt=plots.MARKERS[number],
            color=plots.cold_to_hot(len(groups))[number],
            markersize=5,
            label=f"t = {t:g}",
        )

    axes.set_xlabel("temperature read / asked")
    axes.set_xlim(0.975, 1.03)
    axes.set_title("told to sample, truncation off")
    axes.legend(loc="upper right", handletextpad=0.1, borderaxespad=0)


def draw_alone(axes: Axes, table: Table, engines: list[str]) -> None:
    """Draw how many tokens are left, with the temperature of their draws in words."""
    places = [engines.index(name) for name in table["engine"]]
    for place, left, reading in zip(places, table["left"], table["reading"], strict=True):
        greedy = left == 1
        colour = plots.VERMILION if greedy or left < 200 else plots.BLUE
        axes.barh(place, left, height=0.6, color=colour)
        words = "greedy" if greedy else f"{left:g} at t = {reading:.2f}"
        axes.text(left * 1.15, place, words, va="center", fontsize=14)

    axes.set_xscale("log")
    axes.set_xlim(0.7, 9000)
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    axes.minorticks_off()
    axes.set_xlabel("tokens left, of 200")
    axes.set_title("temperature = 0.7, no more")
