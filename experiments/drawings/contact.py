"""The figure of the lesson `contact`: temperatures meet, entropy rises, letters at the common t."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from experiments.runner.table import Table

SHOWN = 9  # letters
DEMONS = "0.6"  # their colour, a light grey


def figure(table: Table, finding: str) -> Figure:
    """Return the figure, made from the table alone."""
    figure = plots.figure(finding)
    temperatures, entropies, letters = figure.subplots(1, 3)
    flow = table.where(kind="flow")
    cold, hot = plots.cold_to_hot(2)
    common = float(table.where(kind="end", body="demons")["common"][0])
    _draw_temperatures(temperatures, flow, common, cold, hot)
    _draw_entropies(entropies, flow, cold, hot)
    _draw_letters(letters, table.where(kind="end", body="letters"), common, cold)
    return figure


def _draw_temperatures(axes: Axes, flow: Table, common: float, cold: str, hot: str) -> None:
    looks = (("demons", DEMONS), ("molecules", hot), ("letters", cold))
    for name, colour in looks:
        body = flow.where(body=name)
        axes.plot(body["sweep"], body["temperature"], color=colour, lw=2, label=name)
    last = flow["sweep"].max()
    label = f"predicted, t = {common:.3f}"
    plots.law(axes, [0, last], [common, common], linestyle="--", linewidth=1.5, label=label)
    axes.set_ylim(0)
    axes.set_xlim(0, last)
    axes.legend(loc="upper right")
    axes.set_title("three agree on a temperature")
    axes.set_xlabel("sweeps in contact")
    axes.set_ylabel("temperature (nats)")


def _draw_entropies(axes: Axes, flow: Table, cold: str, hot: str) -> None:
    total = np.zeros(len(flow.where(body="letters")))
    for name, colour in (("molecules", hot), ("letters", cold), ("demons", DEMONS)):
        body = flow.where(body=name)
        change = body["entropy"] - body["entropy"][0]
        total += change
        axes.plot(body["sweep"], change / 1000, color=colour, lw=2)
        _name_line(axes, body["sweep"], change / 1000, name, colour)
    sweeps = flow.where(body="letters")["sweep"]
    axes.plot(sweeps, total / 1000, color="black", lw=3)
    _name_line(axes, sweeps, total / 1000, "all together", "black")
    axes.axhline(0, color="0.8", lw=1, zorder=0)
    axes.set_xlim(0, sweeps[-1])
    axes.margins(y=0.1)
    axes.set_title("the sum of entropies rises")
    axes.set_xlabel("sweeps in contact")
    axes.set_ylabel("change of entropy (1000 nats)")


def _name_line(axes: Axes, x: np.ndarray, y: np.ndarray, name: str, colour: str) -> None:
    """Write above the end of a line what it is."""
    look = {"color": colour, "fontweight": "bold", "ha": "right", "va": "bottom"}
    axes.annotate(name, (x[-1], y[-1]), (-4, 5), textcoords="offset points", **look)


def _draw_letters(axes: Axes, letters: Table, common: float, cold: str) -> None:
    order = np.argsort(-letters["softmax"], kind="stable")[:SHOWN]
    places = np.arange(SHOWN)
    share = letters["counted"] / letters["counted"].sum()
    plots.law(
        axes,
        places,
        letters["before"][order],
        color=cold,
        drawstyle="steps-mid",
        label="cold, before",
    )
    plots.law(
        axes,
        places,
        letters["softmax"][order],
        color="black",
        drawstyle="steps-mid",
        label=f"softmax(log p / {common:.3f})",
    )
    error = np.sqrt(share / letters["counted"].sum())
    plots.simulation(
        axes, places, share[order], error[order], color="black", label="letters, in the end"
    )
    axes.set_xticks(places, letters["label"][order])
    axes.set_yscale("log")
    axes.set_ylim(top=3)
    axes.legend(loc="upper right")
    axes.set_xlim(-0.6, SHOWN - 0.4)
    axes.set_title("letters share it")
    axes.set_xlabel("letter, the likeliest first")
    axes.set_ylabel("probability of the letter")
