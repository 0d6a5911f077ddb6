"""When a gas has come to rest, have its molecules?

Objective. You can say what comes to rest in a gas that cools and what does not, follow the crowd
with a matrix, and compute how many molecules move at equilibrium.

What you need to know. The lessons `occupancy` (the law, Metropolis's rule) and `relaxation` (the
matrix P of transitions, and τ). Molecules stand in the 12 layers of a bottle; a step up costs one
quantum, the unit of temperature here. In a sweep a molecule tries one layer up or one down, equally
often; floor and lid leave it where it is.

Minutes. 30

Predict first. A hot gas, t = 30, meets a bath at t = 2, which grants a step up with the probability
exp(-1/2) = 0.607. With which probability does a molecule on the floor move in a sweep, one in
mid-bottle, one below the lid? By the cold law 0.394 of all are on the floor and 0.002 below the
lid: what share of all moves in a sweep when the gas has come to rest? On the way there, does that
share fall to nothing, to half, or by less? τ is 19.1 sweeps: after how many is the gas within 1 %
of its final energy? You are given the path of one molecule: can you tell from it when the gas came
to rest?

Run. Some seconds; it writes a film too, quench.gif:

    python -m experiments quench

What the law predicts. The crowd follows one formula: after k sweeps its layers hold N p₀ P^k, where
p₀ is the hot law and P the transition matrix of one molecule in the bath [1]_. It ends in
Boltzmann's law of the cold bath and stays there. The molecules do not. In a sweep each moves with a
probability that the same matrix gives,

    Σ_i p_i (1 - P_ii),

and in equilibrium that is not zero: as many climb from a layer as fall back to it.

What would refute it. A frame in which the crowd, or the number of molecules that have just moved,
fits the formula worse than one time in a million; a quantum of heat missing. The control shows that
this would be seen: as long as the gas has half of its heat to lose, it must not fit the cold law.

What you see. Below on the left the crowd comes to rest: a molecule has 5.12 quanta above the floor
at first, 3.07 after 18 sweeps and 1.53 after 120, where the cold law has 1.51. On the right its
molecules do not: in the third sweep 0.726 of them move and in the last 0.609; the law ends at
0.606. The bath has then got 358,742 quanta from 100,000 molecules, as many as they lost. Follow the
marked molecule: it begins at the top, is first seen on the floor after 33 sweeps, with a fifth of
the gas's heat still to be lost, and after 81 sweeps is back in layer 3. Another one of the hundred,
the sixth in the file, is on the floor after 6 sweeps and in the top layer after 63.

The misconception. "When the gas has come to rest, one can see it on a molecule." Nobody can. From
the first sweep in the bath to the last, a molecule is offered the same steps with the same
probabilities: P bears no date. What changes is the crowd, and equilibrium is a property of the
crowd: of how many are where. From the profile anybody can tell it. "A molecule of a cold gas moves
less because it is slow": no molecule has become slower. Those on the floor can only go up, and in
the cold more of them are there.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. By hand: a molecule moves with probability 0.607/2 = 0.303 on the floor, (1 + 0.607)/2 = 0.803 in
   mid-bottle and 0.5 below the lid. The mean is 0.394 · 0.303 + 0.604 · 0.803 + 0.002 · 0.5 =
   0.606. Why is it nearly exp(-1/2)? (Half of all try to climb, and all of these but those below
   the lid get up with exp(-1/2); as many fall.)

       levels = bz.column(12, height=12)
       chain, cold = bz.transition_matrix(levels, 2.0, "neighbour"), bz.probabilities(levels, 2.0)
       print(cold @ (1 - chain.diagonal()), np.exp(-1 / 2) * (1 - cold[-1]))

2. After how many sweeps has the crowd half of its surplus energy left, and 1 %? Compare with τ ln 2
   and τ ln 100. (15 and 91, against 13.2 and 88. Only in the end is τ all: a shorter-lived part, of
   the opposite sign, dies too.)

       p, surplus = bz.probabilities(levels, 30.0), []
       for sweep in range(120):
           surplus.append((p - cold) @ np.arange(12))
           p = p @ chain
       print(np.argmax(np.array(surplus) < surplus[0] / 2), np.argmax(np.array(surplus) < surplus[0]
       / 100))

3. A path does not tell when equilibrium begins, but it tells the law, given time. Follow one
   molecule for a million sweeps. (Its mean is 2.001 ± 0.011, the law's 2.012, energies being those
   of mid-layers; the plain error, std/√n, would be 0.002 and wrong.)

       energy = bz.Ensemble(levels, 2.0, particles=1, proposal="neighbour",
       seed=1).run(1_000_000).energy print(energy.mean(), bz.statistics.error_of_mean(energy),
       bz.mean_energy(levels, 2.0)) print(exercises.question("error_bar"))  #
       exercises.check("error_bar", answer)

4. A bath at t = 0: what do the molecules do at the end? A bath hotter than the gas: which of the
   two curves rises? (Nothing, the whole gas lies on the floor. Both: of the molecules 0.79 move at
   first and 0.90 at the end. The control then fails, as it asks for a gas that loses heat.)

       table = run("quench", hot=2.0, cold=30.0)

5. How many molecules, seen once, tell the cold gas from the hot one with odds of a million to one?
   Each adds Σ p log(p/q) to the logarithm of the odds, on average. How many tell the end from the
   crowd after 54 sweeps, and after 90? (21, 1,800 and 61,000: the crowd comes to rest for whoever
   counts no finer.)

       for sweeps in (0, 54, 90):
           q = bz.probabilities(levels, 30.0) @ np.linalg.matrix_power(chain, sweeps)
           print(sweeps, np.log(1e6) / bz.statistics.kullback_leibler(cold, q))

References
----------
.. [1] W. Feller, An Introduction to Probability Theory and Its Applications, vol. I, 3rd ed., ch. XV (1968).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit
from experiments.runner.table import Table, Verdict, agrees, differs, fits

CHAPTER = 5
FINDING = "After a quench the crowd comes to rest; its molecules do not"
MOMENTS = 4  # that the still figure shows
_GROUND = ord("a")  # in a molecule's path a letter is a layer, and this one the lowest
# Multiples of these fill a square evenly: where in its layer a molecule is drawn. M. Roberts, "The
# unreasonable effectiveness of quasirandom sequences" (2018).
_SCATTER = (0.7548776662466927, 0.5698402909980532)


@dataclass(frozen=True)
class Config:
    """The full experiment. Temperatures are in quanta, the energy of one layer."""

    layers: int = 12
    hot: float = 30.0
    cold: float = 2.0
    molecules: int = 100_000
    looks: int = 40  # after the first, evenly spaced
    stride: int = 3  # sweeps from one look to the next
    shown: int = 100  # molecules whose paths are kept
    seed: int = 2026


QUICK = Config(molecules=20_000, looks=20, stride=6, shown=40)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Quench the gas and look: how many are in each layer, how many have just moved, and where some have been."""
    levels = bz.column(config.layers, height=config.layers)
    chain = bz.transition_matrix(levels, config.cold, "neighbour")
    law, cold = bz.probabilities(levels, [config.hot, config.cold])
    gas = bz.Ensemble(
        levels, config.hot, config.molecules, proposal="neighbour", start="exact", seed=config.seed
    )
    gas.temperature = config.cold
    heat, rows, states = 0, [], [gas.states[: config.shown]]
    rows += [*_crowd(gas, law, cold)]
    for look in range(config.looks):
        if config.stride > 1:
            heat += _heat(gas.run(config.stride - 1, keep_counts=False, progress=False))
        law, before = law @ np.linalg.matrix_power(chain, config.stride - 1), gas.states
        heat += _heat(gas.run(1, keep_counts=False, progress=False))
        moved, moving = int((gas.states != before).sum()), float(law @ (1 - chain.diagonal()))
        law = law @ chain
        rows += [
            *_crowd(gas, law, cold),
            _row("moves", sweep=gas.sweeps, molecules=moved, law=moving, heat=heat),
        ]
        states.append(gas.states[: config.shown])
        progress((look + 1) / config.looks)
    rows += [
        _row("molecule", path="".join(chr(_GROUND + layer) for layer in path))
        for path in np.transpose(states)
    ]
    return Table.of_rows(rows)


def _row(series: str, **given: Any) -> dict[str, Any]:
    """Return one row of the table, blank in the columns that its series does not use."""
    blank = {"sweep": 0, "layer": 0, "molecules": 0, "law": 0.0, "cold": 0.0, "heat": 0, "path": ""}
    return {"series": series, **blank, **given}


def _crowd(gas: bz.Ensemble, law: np.ndarray, cold: np.ndarray) -> Iterator[dict[str, Any]]:
    for k, molecules in enumerate(gas.counts):
        yield _row(
            "crowd", sweep=gas.sweeps, layer=k, molecules=molecules, law=law[k], cold=cold[k]
        )


def _heat(run: bz.Run) -> int:
    """Return the quanta that the gas gave to the bath."""
    return round(float(run.heat.sum()))


def verdicts(table: Table) -> list[Verdict]:
    """Hold every look against p₀ P^k, the moves against the matrix, and the heat against the energy."""
    looks, moves = _looks(table), table.where(series="moves")
    everyone, last = looks[0]["molecules"].sum(), looks[-1]
    rest = [
        goodness_of_fit([moved, everyone - moved], [rate, 1 - rate]).p_value
        for moved, rate in zip(moves["molecules"], moves["law"], strict=True)
    ]
    early = [
        look
        for look in looks
        if _energy(look) - _energy(last) > (_energy(looks[0]) - _energy(last)) / 2
    ]
    return [
        fits(
            "transient", "the crowd follows p₀ P^k", [_fit(look, "law") for look in looks], "looks"
        ),
        fits(
            "end", "at the end the crowd obeys the cold law", _fit(last, "cold"), "of the last look"
        ),
        differs(
            "control",
            "control: with half of its heat left it does not",
            [_fit(look, "cold") for look in early],
            "looks",
        ),
        fits("moves", "as many molecules move in a sweep as the matrix says", rest, "looks"),
        agrees(
            "heat",
            "the bath has what the gas lost (quanta)",
            moves["heat"][-1],
            _energy(looks[0]) - _energy(last),
            0,
        ),
    ]


def _looks(table: Table) -> list[Table]:
    return [look for _, look in table.where(series="crowd").groups("sweep")]


def _fit(look: Table, law: str) -> float:
    return goodness_of_fit(look["molecules"], look[law]).p_value


def _energy(look: Table) -> int:
    """Return the energy of all molecules above the bottom layer, in quanta."""
    return int(look["layer"] @ look["molecules"])


def draw(table: Table) -> Figure:
    """Draw a few moments of the quench, and below them how the crowd comes to rest and its molecules do not."""
    figure = plots.figure(FINDING)
    above, below = figure.subfigures(2, 1, height_ratios=[1.5, 1])
    axes = above.subplots(1, 2 * MOMENTS, sharey=True, width_ratios=[1, 1.5] * MOMENTS)
    last = len(_looks(table)) - 1
    for k, part in enumerate(np.linspace(0, 1, MOMENTS) ** 2):
        _draw_moment(axes[2 * k], axes[2 * k + 1], table, round(part * last))
    axes[0].set_ylabel("layer")
    axes[-1].legend(loc="upper right", handlelength=1)
    _draw_history(*below.subplots(1, 2), table, last)
    return figure


def animate(table: Table) -> Iterator[Figure]:
    """Draw the quench look by look."""
    figure = plots.figure(FINDING)
    bottle, profile, energy, moving = figure.subplot_mosaic(
        [["bottle", "profile", "energy"], ["bottle", "profile", "moving"]], width_ratios=[1, 1.4, 2]
    ).values()
    for look in range(len(_looks(table))):
        for axes in (bottle, profile, energy, moving):
            axes.clear()
        _draw_moment(bottle, profile, table, look)
        _draw_history(energy, moving, table, look)
        bottle.set_ylabel("layer")
        profile.legend(loc="upper right", handlelength=1)
        yield figure


def _draw_moment(bottle: Axes, profile: Axes, table: Table, look: int) -> None:
    """Draw the molecules in the bottle, one of them marked, and how many of all there are in each layer."""
    rows = _looks(table)[look]
    paths = table.where(series="molecule")["path"]
    layers = np.array([ord(path[look]) - _GROUND for path in paths])
    place, height = (np.arange(1, layers.size + 1) * step % 1 for step in _SCATTER)
    marked = np.argmax([ord(path[0]) for path in paths])  # it begins at the top
    bottle.scatter(place, layers + 0.8 * height - 0.4, s=25, color=plots.BLUE, linewidths=0)
    bottle.scatter(
        place[marked], layers[marked] + 0.8 * height[marked] - 0.4, s=150, color=plots.VERMILION
    )
    bottle.set_xlim(-0.05, 1.05)
    bottle.set_xticks([])
    bottle.set_ylim(-0.6, rows["layer"].max() + 0.6)
    bottle.set_title(f"{rows['sweep'][0]} sweeps", loc="left", fontweight="bold")
    bottle.spines[["top", "right"]].set_visible(True)
    share = rows["molecules"] / rows["molecules"].sum()
    plots.law(
        profile, rows["cold"], rows["layer"], color=plots.GREY, linestyle=":", label="cold law"
    )
    plots.law(profile, rows["law"], rows["layer"], label="$p_0 P^k$")
    plots.simulation(profile, share, rows["layer"], markersize=6, label="gas")
    profile.set_xlim(0, 1.15 * rows["cold"].max())
    profile.set_xlabel("share of all")
    profile.tick_params(axis="y", labelleft=False)


def _draw_history(energy: Axes, moving: Axes, table: Table, look: int) -> None:
    """Draw the energy of a molecule, and the share of molecules that move, up to a look; the law all the way."""
    looks, moves = _looks(table), table.where(series="moves")
    everyone = looks[0]["molecules"].sum()
    sweeps = np.array([rows["sweep"][0] for rows in looks])
    for axes, at, law, seen, colour, name in (
        (
            energy,
            sweeps,
            [rows["law"] @ rows["layer"] for rows in looks],
            [_energy(rows) / everyone for rows in looks[: look + 1]],
            plots.BLUE,
            "quanta per molecule",
        ),
        (
            moving,
            moves["sweep"],
            moves["law"],
            moves["molecules"][:look] / everyone,
            plots.VERMILION,
            "share",
        ),
    ):
        plots.law(axes, at, law)
        plots.simulation(axes, at[: len(seen)], seen, color=colour, markersize=6)
        axes.set_xlim(-0.02 * sweeps[-1], 1.02 * sweeps[-1])
        axes.set_ylim(0, 1.1 * max(law))
        axes.set_xlabel("sweeps")
        axes.set_ylabel(name)
    energy.set_title("the crowd: energy above the floor", loc="left", color=plots.BLUE)
    moving.set_title("its molecules: how many move in a sweep", loc="left", color=plots.VERMILION)
