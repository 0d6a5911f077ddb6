"""Entropy and heat capacity of several systems against temperature."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

import boltzmann as bz
from boltzmann import plots
from experiments.runner.table import Table
from experiments.shared.calorimeter import Warming

_CROSS = {"marker": "x", "markersize": 10, "markeredgewidth": 2.5}


def draw_entropies(axes: Axes, table: Table, systems: Mapping[str, bz.EnergyLevels]) -> None:
    """Draw the law's entropy and the calorimeter's, with both limits."""
    for k, ((name,), rows) in enumerate(table.groups("system")):
        colour, levels = plots.SERIES[k], systems[name]
        t, law = rows["temperature"], rows["law_entropy"]
        plots.law(axes, t, law, color=colour)
        at = _spread_out(t, np.arange(0, 40, 2))
        measured, error = rows["calorimeter"][at], rows["calorimeter_error"][at]
        look = {"color": colour, "marker": plots.MARKERS[k]}
        plots.simulation(axes, t[at], measured, error, **look)

        axes.axhline(law[-1], color=colour, linewidth=1, linestyle=":")
        limit = f"{name}: ln {levels.states:g}"
        axes.text(9.6, law[-1] - 0.18, limit, color=colour, va="top", ha="right")
        if law[0] > 0.1:
            axes.text(0.085, law[0] + 0.04, f"ln {levels.degeneracies[0]:g}", color=colour)

    _temperature_axis(axes)
    axes.set_ylim(0, 2.25)
    axes.set_ylabel("entropy of a particle (nats)")
    plots.name_marks(axes, law="law: −Σ p ln p", simulation="calorimeter: ∫ dQ/t")
    axes.legend(loc="upper left")


def draw_capacities(axes: Axes, table: Table, warmings: Mapping[str, Warming]) -> None:
    """Draw the law's heat capacity, that of the fluctuations and that of the heat."""
    for k, ((name,), rows) in enumerate(table.groups("system")):
        colour, t = plots.SERIES[k], rows["temperature"]
        plots.law(axes, t, rows["law_capacity"], color=colour)
        at = _spread_out(t, np.arange(0, 40, 2))
        measured, error = rows["fluctuations"][at], rows["fluctuations_error"][at]
        look = {"color": colour, "marker": plots.MARKERS[k]}
        plots.simulation(axes, t[at], measured, error, **look)
        _draw_slopes(axes, t, warmings[name], colour)

        peak, height = rows["law_peak_temperature"][0], rows["law_peak_capacity"][0]
        axes.plot([peak, 1.15], [height, height], color=colour, linewidth=1, linestyle=":")
        axes.text(1.2, height, f"peak at {peak:.4f} Δ", color=colour, va="center")

    _temperature_axis(axes)
    axes.set_ylim(0, 1.35)
    axes.set_ylabel("heat capacity of a particle (k = 1)")
    plots.name_marks(axes, law="law", simulation="fluctuations: Var(E)/t²")
    plots.simulation(axes, [], [], color=plots.GREY, label="calorimeter: dU/dt", **_CROSS)
    axes.legend(loc="upper right")


def _draw_slopes(axes: Axes, t: np.ndarray, warming: Warming, colour: str) -> None:
    """Draw dU/dt from the heat of the two steps around a temperature."""
    at = _spread_out(t, np.arange(1, 40, 2))
    scale = warming.coldness[at] ** 2 / (2 * warming.step)
    energy_noise = warming.noise(warming.excess_energy)
    error = scale * np.sqrt(energy_noise[at - 1] + energy_noise[at + 1])
    slope = scale * warming.heat_of_two_steps(at)
    plots.simulation(axes, t[at], slope, error, color=colour, **_CROSS)


def _spread_out(t: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the rows nearest to some of forty temperatures, evenly spread on a log axis."""
    wanted = np.geomspace(0.1, 8.0, 40)[places]
    return np.unique(np.abs(np.log(t[:-1] / wanted[:, None])).argmin(axis=1))


def _temperature_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_xlim(0.08, 10)
    axes.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.set_xlabel("temperature t (units of the gap Δ)")
