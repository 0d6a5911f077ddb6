"""Why does the air thin out with height?

Objective. You can derive the barometric formula from Boltzmann's law, compute mean heights from it,
and say what a gas needs to know to obey it.

What you need to know. The lesson `occupancy`: levels, the law, sweeps. A molecule of weight mg at
the height h has the energy mgh. The bottle has the height H = 1, and temperatures are in units of
mgH. It is cut into 20 layers. For air at 293 K, whose molecules weigh 28.96 u on average [1]_, t =
1 mgH means a column of 8.6 km: k_B T lifts a molecule so high. In a bottle of 30 cm that air has t
= 28,600 mgH, and is 0.0035 % less dense at the lid than at the floor.

Minutes. 25

Predict first. At t = 0.1, how many times as dense is the lowest layer (its middle at h = 0.025) as
the highest (0.975)? On a logarithmic axis, which form has density against height, and what does
heat do to it? What is the mean height at t = ∞, and what is it about at t = 0.1?

Run. Some seconds:

    python -m experiments bottle

What the law predicts. Boltzmann's law at temperature t is the barometric formula: the density falls
as exp(-mgh/t). The mean height is t - 1/(exp(1/t) - 1) [2]_, which is t in the cold, as if the
bottle had no lid, and 1/2 in the heat. A molecule tries to fall or to climb by one layer, and
compares two energies; floor and lid leave it where it is.

Molecules of nature fly as well. With the kinetic energy mv²/2 the law is exp(-mgh/t) exp(-mv²/2t),
a product: Maxwell's velocities [3]_ are the same at every height and say nothing about it. So they
may be left out, here and in all lessons on molecules; only a heat capacity would miss its 3/2.

What would refute it. Counts in the layers that fit the law worse than one time in a million, or a
mean height off the formula. Two controls must fail: a law 2 % too hot, and a floor that turns a
falling molecule back up at once, for the bottom layer then holds half of what it should beside the
layer above it.

What you see. Straight lines on the logarithmic axis, flatter in the cold: at t = 0.1 the lowest
layer has a density of 7.87 and the highest one of 0.0007, at t = 1 it is 1.54 and 0.60. On the
right the mean height, from 0.102 at t = 0.1 to 0.418 at t = 1, on the curve of the formula.

The misconception. "The barometer needs collisions, or molecules that know how high they are." These
do not meet, and none knows its height: each compares two energies. "Warm air rises, so the hottest
molecules are at the top": in equilibrium all layers have one temperature, the slope of the line,
and heat fills the upper ones. (Air outdoors is stirred, not in equilibrium, and colder above.)

Answers. To what was to be predicted:

1. [about 13360] exp(0.95/0.1).
2. A straight line, the flatter the hotter.
3. [t = ∞: 0.5; t = 0.1: about 0.1] Half of the bottle when hot, and t when cold, as if there were
   no lid.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The layers' middles of the first question are 0.95 apart: compute exp(0.95/0.1). It is 13360; the
   ratio of the two densities in the figure is 11966, as the highest layer holds only 329 of 10
   million molecules. Within how many errors, √329/329 each, do they agree? (2.1: such a deviation
   or a larger one comes in 4 % of all gases.)

2. Mean heights: hold the formula at t = 0.1 and t = 1 against the law of 20 layers. The layers'
   mean is a little higher; by how much, and what do 200 layers make of that? (0.0021 and 0.0002;
   with ten times the layers a hundredth of it.)

       from experiments.shared.barometer import mean_height
       for t in (0.1, 1.0):
           p = bz.probabilities(bz.column(20), t)
           print(t, mean_height(t), p @ (np.arange(20) + 0.5) / 20)

3. Real air at 288 K: at which height is k_B T = mgh, and at which is the air half as dense? Mount
   Everest is 8.85 km high: how dense is the air there? And how hot were a bottle of 30 cm at t = 1
   mgH? (8.43 km, 5.84 km, 0.35 of that at sea level, were all of it at 288 K; 0.0102 K.)

       from scipy import constants
       weight = 28.9644 * constants.atomic_mass * constants.g
       height = bz.thermal_energy(288, "J") / weight
       print(height, height * np.log(2), np.exp(-8850 / height), 288 * 0.3 / height)

4. Show that a floor which turns every falling molecule back up halves the bottom layer: write that
   as many go up from it as come down to it, once with the honest floor (which lets a molecule that
   tries to fall stay where it is) and once with the other. Check with the rows of the series
   "bouncing floor" in figures/bottle.csv.

       print(exercises.question("at_the_wall"))  # exercises.check("at_the_wall", step)

References
----------
.. [1] COESA, U.S. Standard Atmosphere (1976).
.. [2] M. N. Berberan-Santos, E. N. Bodunov and L. Pogliani, Am. J. Phys. 65, 404 (1997).
.. [3] J. C. Maxwell, Phil. Mag. 19, 19 (1860).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit
from experiments.drawings.bottle import draw_bottle, draw_density, draw_mean_heights
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values
from experiments.shared.barometer import layer_lift, mean_height, measured_height

CHAPTER = 60
FINDING = "The air in a bottle thins as exp(−mgh/t)"


@dataclass(frozen=True)
class Config:
    """The full experiment; the bottle's height is 1, and temperatures are in units of mgH."""

    layers: int = 20
    temperatures: tuple[float, ...] = (0.1, 0.2, 1.0)
    molecules: int = 10_000_000
    sweeps: int = 2000  # at t = 1 the slowest mode fades by 0.9877 a sweep: 2e-11 is left
    too_hot: float = 1.02  # by how much the control's law is
    shown: int = 400  # molecules in the picture of the bottle
    seed: int = 2026


QUICK = Config(layers=10, temperatures=(0.2, 1.0), sweeps=500)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Count the molecules of each layer at each temperature, above a good and a bad floor."""
    rows: list[dict[str, Any]] = []
    for done, t in enumerate(config.temperatures):
        seed = config.seed + done
        bottles = {
            "gas": _settled(config, t, config.molecules, seed),
            "bouncing floor": _bounced(config, t, seed),
            "picture": _settled(config, t, config.shown, seed),
        }
        quanta = config.layers * t * np.array([1.0, config.too_hot])
        law, too_hot = bz.probabilities(_levels(config), quanta)
        rows += [
            {
                "series": series,
                "temperature": t,
                "layer": k,
                "molecules": counts[k],
                "law": law[k],
                "law_too_hot": too_hot[k],
            }
            for series, counts in bottles.items()
            for k in range(config.layers)
        ]
        progress((done + 1) / len(config.temperatures))

    return Table.of_rows(rows)


def _levels(config: Config) -> bz.EnergyLevels:
    """Return the bottle with energies in quanta: one layer up costs 1."""
    return bz.column(config.layers, height=config.layers)


def _settled(config: Config, t: float, molecules: int, seed: int) -> np.ndarray:
    """Return the molecules of each layer, (layers,), after all had started anywhere."""
    options = {"proposal": "neighbour", "engine": "counts", "seed": seed}
    gas = bz.Ensemble(_levels(config), config.layers * t, molecules, **options)
    gas.run(config.sweeps, every=config.sweeps, progress=False)
    return gas.counts


def _bounced(config: Config, t: float, seed: int) -> np.ndarray:
    """Return the same with a mistake: a step into floor or lid is redrawn, and turns back.

    Molecules are independent, so that they are drawn from the law of one after all sweeps.
    """
    steps = bz.transition_matrix(_levels(config), config.layers * t, proposal="neighbour")
    for end, inward in ((0, 1), (-1, -2)):
        steps[end, inward] *= 2
        steps[end, end] = 1 - steps[end, inward]
    start = np.full(config.layers, 1 / config.layers)
    reached = bz.EnergyLevels.from_probabilities(
        start @ np.linalg.matrix_power(steps, config.sweeps)
    )
    options = {"start": "exact", "engine": "counts", "seed": seed}
    return bz.Ensemble(reached, 1.0, config.molecules, **options).counts


def verdicts(table: Table) -> list[Verdict]:
    """Hold the density against the law and the mean height against the formula."""
    gas = [rows for _, rows in table.where(series="gas").groups("temperature")]
    bouncing = [rows for _, rows in table.where(series="bouncing floor").groups("temperature")]
    good, too_hot = ([_fit(rows, law) for rows in gas] for law in ("law", "law_too_hot"))
    bounced = [_fit(rows, "law") for rows in bouncing]
    floor = "control: a floor that redraws a step into it is caught"
    return [
        fits("density", "the density falls as exp(−mgh/t)", good, "temperatures"),
        *_mean_heights(gas),
        differs("too_hot", "control: a law that is too hot is caught", too_hot, "temperatures"),
        differs("bouncing_floor", floor, bounced, "temperatures"),
    ]


def _fit(rows: Table, law: str) -> float:
    return goodness_of_fit(rows["molecules"], rows[law]).p_value


def _mean_heights(gas: list[Table]) -> list[Verdict]:
    """Hold the mean heights, less what the layers lift them by, against the continuous bottle's."""
    pulls = []
    for rows in gas:
        t, layers = rows["temperature"][0], len(rows)
        height, error = measured_height(rows)
        lift = layer_lift(layers, t)
        pulls.append((height - lift - mean_height(t)) / error)
    mean_heights = p_values.of_either_sign(np.array(pulls))
    # The last temperature is that of the tabulated value: 0.418023293130674 at t = mgH.
    reason = f"5 standard errors; {lift:.1g} taken off for the layers"
    hottest, claim = f"mean height at t = {t:g} mgH", "mean heights are t − H/(exp(mgH/t) − 1)"
    return [
        agrees("mean_height", hottest, height - lift, mean_height(t), 5 * error, reason),
        fits("mean_heights", claim, mean_heights.tolist(), "temperatures"),
    ]


def draw(table: Table) -> Figure:
    """Draw density against height, the bottle hot and cold, and the mean height."""
    figure = plots.figure(FINDING)
    density, cold, hot, mean = figure.subplots(1, 4, width_ratios=[4.0, 1.1, 1.1, 3.4])
    draw_density(density, table.where(series="gas"))
    pictures = [rows for _, rows in table.where(series="picture").groups("temperature")]
    draw_bottle(cold, pictures[0], "cold", plots.BLUE)
    draw_bottle(hot, pictures[-1], "hot", plots.VERMILION)
    draw_mean_heights(mean, table.where(series="gas"))
    return figure
