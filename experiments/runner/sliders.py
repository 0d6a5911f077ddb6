"""Sliders of notebooks: the law of a lesson, drawn anew as a parameter is dragged.

A slider needs ipywidgets and a running kernel. Without them its picture at the first value stays.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from experiments.shared.letters import shown

_INCHES, _DPI = (8.0, 4.0), 80


@dataclass(frozen=True)
class Knob:
    """A parameter that can be dragged, from `least` to `most`."""

    name: str
    least: float
    most: float
    first: float
    step: float = 0.05


@dataclass(frozen=True)
class Slider:
    """A picture of a law, and what can be dragged in it."""

    asks: str  # what to predict before dragging
    draw: Callable[..., Figure]
    knobs: tuple[Knob, ...]


def _bars(names: list[str], p: np.ndarray, title: str) -> Figure:
    """Return bars of probabilities (K,) on an axis that does not move."""
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.bar(names, p, color=plots.BLUE)
    axes.set(ylim=(0, 1), ylabel="probability", title=title)
    return figure


def _weather(t: float) -> Figure:
    p = bz.temper([0.5, 0.3, 0.15, 0.05, 0.0], t)
    return _bars(["sun", "cloud", "rain", "snow", "frogs"], p, f"The weather at t = {t:.2f}")


def _rotor(t: float) -> Figure:
    p = bz.probabilities(bz.rigid_rotor(9, constant=0.1), t)
    return _bars([f"J = {J}" for J in range(9)], p, f"A rotor at t = {t:.2f} Δ")


@cache
def _after_wind() -> tuple[list[str], np.ndarray]:
    """Return letters and their log-probabilities (V,) after "wind"."""
    model = NGram.fit(load_corpus(), order=5)
    return [shown(letter) for letter in model.alphabet], bz.log_softmax(model.logits("wind"))


def _letters(t: float) -> Figure:
    letters, log_p = _after_wind()
    likeliest = np.argsort(-log_p)[:12]
    p = bz.softmax(log_p / t)[likeliest]
    return _bars([letters[k] for k in likeliest], p, f'Letters after "wind" at t = {t:.2f}')


def _bottle(t: float, gravity: float) -> Figure:
    density = 100 * bz.probabilities(bz.column(100, weight=gravity), t)
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    plots.law(axes, (np.arange(100) + 0.5) / 100, density)
    title = f"Air at t = {t:.2f}, with {gravity:.2f} times the gravity"
    axes.set(ylim=(1e-3, 20), yscale="log", xlabel="height", ylabel="density", title=title)
    return figure


def _gaussian(t: float) -> Figure:
    x = np.linspace(-8, 8, 401)
    p = bz.probabilities(bz.EnergyLevels(x**2 / 2), t) / (x[1] - x[0])
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    plots.law(axes, x, p)
    axes.set(ylim=(0, 1), xlabel="x / σ", ylabel="density", title=f"A Gaussian at t = {t:.2f}")
    return figure


def _schottky(t: float, states: float) -> Figure:
    levels = bz.two_level(degeneracy=round(states))
    grid = np.linspace(0.05, 2, 200)
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    plots.law(axes, grid, bz.heat_capacity(levels, grid))
    axes.plot(t, bz.heat_capacity(levels, t), "o", color=plots.VERMILION, markersize=9)
    title = (
        f"C = {bz.heat_capacity(levels, t):.2f} at t = {t:.2f} Δ, with {states:.0f} states above"
    )
    axes.set(xlim=(0, 2), ylim=(0, 2.5), xlabel="t / Δ", ylabel="heat capacity", title=title)
    return figure


def _molecule(kelvin: float) -> Figure:
    gas = bz.molecule("CO", highest=5000)
    p = bz.probabilities(gas, bz.thermal_energy(kelvin, "cm-1"))[:24]
    figure = _bars([str(J) for J in range(24)], p, f"Carbon monoxide at {kelvin:.0f} K")
    figure.axes[0].set(ylim=(0, 0.3), xlabel="J")
    return figure


_T = Knob("t", 0.05, 4.0, 1.0)
SLIDERS = {
    "limits": Slider(
        "Which t makes sun as likely as the three others together, and do frogs ever rise?",
        _weather,
        (_T,),
    ),
    "gaussian": Slider("At which t is the peak half as high as at t = 1?", _gaussian, (_T,)),
    "occupancy": Slider("At which t does J = 2 become the fullest level?", _rotor, (_T,)),
    "bottle": Slider(
        "You double the gravity. Which t brings back the line that there was?",
        _bottle,
        (Knob("t", 0.05, 2.0, 0.2), Knob("gravity", 0.05, 3.0, 1.0)),
    ),
    "molecules": Slider(
        "At how many kelvin is J = 4 the fullest level?",
        _molecule,
        (Knob("kelvin", 10.0, 1000.0, 296.0, 10.0),),
    ),
    "entropy": Slider(
        "Where does the peak go, and how high, as more states lie above?",
        _schottky,
        (Knob("t", 0.05, 2.0, 0.4), Knob("states", 1.0, 12.0, 1.0, 1.0)),
    ),
    "letters": Slider("Below which t does the blank have nine draws of ten?", _letters, (_T,)),
}


def picture(name: str, **values: float) -> bytes:
    """Return the picture of a lesson's slider at these values, as PNG."""
    with plots.style():
        plots.mpl.rcParams.update({"font.size": 11, "axes.titlesize": 12, "axes.labelsize": 11})
        figure = SLIDERS[name].draw(**values)
        figure.set_dpi(_DPI)
        made = io.BytesIO()
        FigureCanvasAgg(figure).print_png(made, metadata={"Software": None})
    return made.getvalue()


def still(name: str) -> bytes:
    """Return the picture at the first values."""
    return picture(name, **{knob.name: knob.first for knob in SLIDERS[name].knobs})


def show(name: str) -> None:
    """Show the picture of a lesson in a notebook and, where there are widgets, its sliders."""
    from IPython.display import Image, display

    shown_at = display(Image(still(name)), display_id=True)
    try:
        import ipywidgets
    except ImportError:
        return
    sliders = [_widget(ipywidgets, knob) for knob in SLIDERS[name].knobs]

    def moved(change: Any) -> None:
        values = {slider.description: slider.value for slider in sliders}
        shown_at.update(Image(picture(name, **values)))

    for slider in sliders:
        slider.observe(moved, names="value")
    display(ipywidgets.VBox(sliders))


def _widget(ipywidgets: Any, knob: Knob) -> Any:
    return ipywidgets.FloatSlider(
        description=knob.name, min=knob.least, max=knob.most, value=knob.first, step=knob.step
    )
