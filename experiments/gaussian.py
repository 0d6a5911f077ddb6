"""What does a temperature do to a Gaussian, and what waits at t = ∞ where room has no end?

Objective. You can temper a density with a pencil, say how much energy and entropy it holds at t,
and tell when there is no distribution at t = ∞.

What you need to know. The lesson `limits`. A density is tempered as probabilities are: p(x) becomes
p(x)^(1/t), divided by its integral. A Gaussian exp(-x²/2σ²) is Boltzmann's law at t = 1 for the
energy E = x²/2, with x in units of σ: a particle on a spring.

Minutes. 20

Predict first. What does the power 1/t make of exp(-x²/2σ²), and what is the variance at t = 4, and
at t = 1/4? What is the mean of the energy x²/2 at t = 1, and at t = 4? The heat capacity is the
slope of the mean energy: where does it peak? What is left at t = 0, and what at t = ∞?

Run. Some seconds, on any machine:

    python -m experiments gaussian

What the law predicts. To the power 1/t, exp(-x²/2σ²) is exp(-x²/2tσ²): a Gaussian again, of
variance tσ². Its mean energy is t/2, whatever σ, and its heat capacity 1/2 at any t. That is
equipartition: each square in an energy holds t/2 [1]_. The entropy rises by ln(t)/2, and nothing
stops it: where room is unlimited no distribution is uniform, and none waits at t = ∞.

What would refute it. The law on 201 cells, from -16σ to 16σ, whose variance is not t or whose
entropy does not rise by ln(t)/2; counts of gas or sampler that fit it worse than one time in a
million; a variance of theirs that is not tσ². The control shows that this would be seen: runs 5 %
too hot must fail at t = 1.

What you see. On the left one form at five temperatures: from t = 1 to t = 4 the peak falls from
0.399 to 0.199, half as high and twice as broad. On the right ⟨x²⟩ on the line t: the gas has 0.251
at t = 0.25, 1.006 at t = 1 and 3.998 at t = 4, the sampler 0.250, 0.998 and 3.990.

The misconception. "At t = ∞ everything is equally likely." Of finitely many outcomes, as in
`limits`, and of the 201 cells of this grid. On the whole line equal shares would be shares of
nothing. Heat then never comes to an end: there is always room that is not yet filled.

Exercises. In code, `np` is NumPy and `bz` is `import boltzmann as bz`.

1. At which x has the density at t fallen to half of its peak? (√(2 t ln 2): 1.18 at t = 1, 2.35 at
   t = 4. Find both in the figure.)

2. Equipartition on the grid. At t = 100 the mean energy is 30.3 and not 50, and C is 0.107 and not
   1/2. Why? (The grid is a box, and so hot a gas feels its walls: at t = ∞ it has 1/201 in each
   cell, a mean energy of 43.1, and nothing more to take.)

       spring = bz.EnergyLevels(np.linspace(-16, 16, 201) ** 2 / 2)
       for t in (0.25, 1, 4, 100):
           print(t, bz.mean_energy(spring, t), bz.heat_capacity(spring, t))

3. Other forms: what is the mean energy for E = |x|, and for E = x⁴? Substitute x = t^(1/n) y in the
   integrals for E = |x|^n. (t/n: t and t/4.)

4. A density has two peaks of the same height, one twice as broad. What does t → 0 leave of it? The
   area of a peak goes as √t times its width, for both: the broad one keeps 2/3. On a grid that
   lasts until a peak fits into one cell; at t = 0 itself each peak is one cell, and has 1/2.
   Explain why the value at t = 1 is a little below 2/3.

       x = np.linspace(-20, 20, 40_001)
       density = np.maximum(np.exp(-((x + 5) ** 2) / 2), np.exp(-((x - 5) ** 2) / 8))
       for t in (1, 0.1, 0.01, 0):
           print(t, bz.temper(density / density.sum(), t)[x > 0].sum())

References
----------
.. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.7 (2011).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit, pulls
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values
from experiments.shared.roads import gas_and_sampler, name_roads

CHAPTER = 20
FINDING = "A Gaussian at temperature t is a Gaussian of variance tσ²"
_SHOWN = 5.0  # from -5σ to 5σ
ROADS = {"simulated": plots.simulation, "sampled": plots.sampler}


@dataclass(frozen=True)
class Config:
    """The full experiment; lengths are in units of σ, and E = x²/2."""

    temperatures: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    # A sum over cells of width h misses the variance by about exp(-2π²t/h²), and the hottest
    # Gaussian loses its tails beyond 8 standard deviations.
    reach: float = 16.0  # the grid goes from -reach to reach
    cells: int = 201
    particles: int = 200_000  # of the gas, and draws of the sampler
    control: float = 1.05  # how much too hot the control runs
    seed: int = 2026


QUICK = Config(temperatures=(0.25, 1.0, 4.0), particles=20_000, control=1.2)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Count gas and sampler on the grid at every temperature, and too hot at t = 1."""
    x = np.linspace(-config.reach, config.reach, config.cells)
    logits = -(x**2) / 2
    p = bz.softmax(logits)
    jobs = [("counted", t, t) for t in config.temperatures] + [("control", 1.0, config.control)]
    rows = []

    for done, (kind, t, true) in enumerate(jobs):
        gas, sampled = gas_and_sampler(p, logits, true, config.particles, config.seed + done)
        law = bz.temper(p, t)
        rows += [
            {
                "kind": kind,
                "temperature": t,
                "x": x[k],
                "law": law[k],
                "simulated": gas[k],
                "sampled": sampled[k],
            }
            for k in range(x.size)
        ]
        progress((done + 1) / len(jobs))

    return Table.of_rows(rows)


def verdicts(table: Table) -> list[Verdict]:
    """Judge the law's variance and entropy, the counts, and their variances."""
    panels = _panels(table)
    t = np.array([panel["temperature"][0] for panel in panels])
    variance = np.array([_variance(panel, "law") for panel in panels])
    entropy = np.array([-panel["law"] @ np.log(panel["law"]) for panel in panels])
    rise = np.diff(entropy) - np.diff(np.log(t)) / 2
    gas, sampler = (
        [goodness_of_fit(panel[road], panel["law"]).p_value for panel in panels] for road in ROADS
    )

    control = table.where(kind="control")
    too_hot = [goodness_of_fit(control[road], control["law"]).p_value for road in ROADS]
    off, digits = np.abs(variance / t - 1).max(), "grid 1e-12, the table holds ten digits"

    return [
        agrees("variance", "the law: variance/(tσ²) − 1", off, 0, 1e-9, digits),
        agrees(
            "entropy", "the law: S rises by ln(t)/2, off by", np.abs(rise).max(), 0, 1e-7, digits
        ),
        fits("gas", "the Metropolis gas obeys the law", gas, "temperatures"),
        fits("sampler", "the sampler obeys the law", sampler, "temperatures"),
        _variances(panels, t),
        differs("control", "control: runs too hot at t = 1 are caught", too_hot, "runs"),
    ]


def _panels(table: Table) -> list[Table]:
    return [panel for _, panel in table.where(kind="counted").groups("temperature")]


def _variance(panel: Table, weight: str) -> float:
    """Return the mean of x², in units of σ²; the mean of x is 0."""
    return float(np.average(panel["x"] ** 2, weights=panel[weight]))


def _variances(panels: list[Table], t: np.ndarray) -> Verdict:
    """Judge by χ²: x² of a Gaussian has a standard deviation of √2 times its mean."""
    z = []
    for road in ROADS:
        relative = [_variance(panel, road) for panel in panels] / t
        z += pulls(relative, 1.0, [np.sqrt(2 / panel[road].sum()) for panel in panels]).tolist()
    claim = "gas and sampler have the variance tσ²"
    return fits("variances", claim, p_values.of_squares(np.array(z)), f"χ² of {len(z)}")


def draw(table: Table) -> Figure:
    """Draw the densities, and their variance against the temperature."""
    figure = plots.figure(FINDING)
    densities, variances = figure.subplots(1, 2, width_ratios=[3, 2])
    panels = _panels(table)
    for panel, colour in zip(panels, plots.cold_to_hot(len(panels)), strict=True):
        _draw_density(densities, panel, colour)
        for road, mark in ROADS.items():
            variance = _variance(panel, road)
            error = variance * np.sqrt(2 / panel[road].sum())
            mark(variances, panel["temperature"][0], variance, error, color=colour)
    _name_axes(densities, variances, np.array([panel["temperature"][0] for panel in panels]))
    name_roads(figure, densities)
    return figure


def _draw_density(axes: Axes, panel: Table, colour: str) -> None:
    """Draw a density: the law as a curve, gas and sampler in every third cell."""
    t, x = panel["temperature"][0], panel["x"]
    width = x[1] - x[0]
    fine = np.linspace(-_SHOWN, _SHOWN, 401)
    plots.law(axes, fine, np.exp(-(fine**2) / (2 * t)) / np.sqrt(2 * np.pi * t), color=colour)
    third = slice(x.size // 2 % 3, None, 3)
    for road, mark in ROADS.items():
        share = panel[road][third] / panel[road].sum()
        error = np.sqrt(share * (1 - share) / panel[road].sum())
        mark(axes, x[third], share / width, error / width, color=colour)
    top = panel["law"].max() / width
    look = {"color": colour, "fontweight": "bold", "textcoords": "offset points"}
    axes.annotate(f"t = {t:g}", (0.5 * np.sqrt(t), 0.88 * top), (16, 10), **look)


def _name_axes(densities: Axes, variances: Axes, t: np.ndarray) -> None:
    densities.set_xlim(-_SHOWN, _SHOWN)
    densities.set_ylim(0)
    densities.set_xlabel("x (units of σ)")
    densities.set_ylabel("density (1/σ)")
    fine = np.geomspace(t[0] / 1.4, 1.4 * t[-1], 50)
    plots.law(variances, fine, fine)
    variances.set_xscale("log")
    variances.set_yscale("log")
    for name in ("x", "y"):
        variances.set(**{f"{name}ticks": t, f"{name}ticklabels": [f"{tick:g}" for tick in t]})
    variances.minorticks_off()
    variances.set_xlabel("temperature t")
    variances.set_ylabel("⟨x²⟩ (units of σ²)")
