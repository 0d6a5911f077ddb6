"""Temperatures read from tokens, the heat capacity, and what audits find."""

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.drawings.curves import smooth
from experiments.runner.table import Table


def draw_readings(axes: Axes, readings: Table) -> None:
    """Draw each reading over the true temperature, in the band of its predicted error."""
    t, found, error = (readings[name] for name in ("temperature", "reading", "error"))
    logs, band = smooth(np.log(t), 1 / np.sqrt(readings["draws"] * readings["law_heat_capacity"]))
    look = {"color": plots.GREY, "alpha": 0.3, "linewidth": 0, "label": "law: 1 ± 1/√(nC)"}
    axes.fill_between(np.exp(logs), 1 - band, 1 + band, **look)
    plots.sampler(axes, t, found / t, error / t)
    plots.sampler(axes, [], [], label="reading of tokens")
    axes.axhline(1, color=plots.BLACK, linewidth=1)
    axes.set_ylabel("temperature read / true")
    axes.set_ylim(0.85, 1.15)
    _temperature_axis(axes)
    axes.legend(loc="lower right")


def draw_heat_capacity(axes: Axes, law: Table, readings: Table) -> None:
    """Draw the heat capacity by the law and by the tokens."""
    t, capacity = smooth(np.log(law["temperature"]), law["law_heat_capacity"])
    plots.law(axes, np.exp(t), capacity, label="law")
    plots.sampler(axes, readings["temperature"], readings["heat_capacity"], label="from the tokens")
    axes.set_ylabel("heat capacity C of a token (k = 1)")
    _temperature_axis(axes)
    axes.legend(loc="upper right")
    axes.set_ylim(0, 1.35 * readings["law_heat_capacity"].max())


def _temperature_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.set_xlabel("true temperature t")


def draw_audits(axes: Axes, audits: Table) -> None:
    """Write what each sampler does and what it is called."""
    axes.set_axis_off()
    axes.set_title(f"asked for t = {audits['temperature'][0]:g}")
    columns = ("sampler", "reading", "error", "verdict", "fault")
    lines = zip(*(audits[name].tolist() for name in columns), strict=True)
    for line, (sampler, reading, error, verdict, fault) in enumerate(lines):
        height = 0.93 - 0.12 * line
        does = f"a sampler that {sampler}" if line else "an honest sampler"
        axes.text(0.0, height, does, fontsize=13)
        exact = not np.isfinite(error) or reading <= 0
        value = f"{reading:g}" if exact else f"{reading:.3f} ± {error:.3f}"
        axes.text(0.03, height - 0.05, f"reads {value}: ", fontsize=13)
        colour = plots.VERMILION if fault else plots.BLUE
        look = {"fontsize": 13, "color": colour, "fontweight": "bold", "ha": "right"}
        axes.text(0.98, height - 0.05, fault or verdict, **look)
