"""When a gas has come to rest, have its molecules?

Objective. You can say what comes to rest in a gas that cools and what does not, follow the crowd
with a matrix, and compute how many molecules move at equilibrium.

What you need to know. The lessons `occupancy` (the law, Metropolis's rule) and `relaxation` (the
matrix P of transitions, and τ). Molecules stand in the 12 layers of a bottle; a step up costs one
quantum, the unit of temperature here. In a sweep a molecule tries one layer up or one down, equally
often; floor and lid leave it where it is. A sweep is an attempt, not a time of nature.

Minutes. 30

Predict first. A hot gas, t = 30, meets a bath at t = 2, which grants a step up with the probability
exp(-1/2) = 0.607. With which probability does a molecule on the floor move in a sweep, one in
mid-bottle, one below the lid? By the cold law 0.394 of all are on the floor and 0.002 below the
lid: what share of all moves in a sweep at the end? τ is 19.1 sweeps: after how many is the gas
within 1 % of its final energy? You are given the path of one molecule: can you tell from it when
the gas came to rest?

Run. Some seconds; it writes a film too, quench.gif:

    python -m experiments quench

What the law predicts. The crowd follows one formula: after k sweeps its layers hold N p₀ P^k, where
p₀ is the hot law and P the transition matrix of one molecule in the bath [1]_. It ends in
Boltzmann's law of the cold bath and stays there. The molecules do not: in a sweep each moves with a
probability that the same matrix gives,

    Σ_i p_i (1 - P_ii),

and in equilibrium that is not zero: as many climb from a layer as fall back to it.

What would refute it. A frame in which the crowd, or the number of molecules that have just moved,
fits the formula worse than one time in a million; a quantum of heat missing. The control shows that
this would be seen: as long as the gas has half of its heat to lose, it must not fit the cold law.

What you see. Below on the left the crowd comes to rest: a molecule has 5.12 quanta above the floor
at first, 3.07 after 18 sweeps and 1.53 after 120, where the cold law has 1.51. On the right its
molecules do not: in the third sweep 0.726 of them move and in the last 0.609; the law ends at
0.606. The bath has then got 358,742 quanta from 100,000 molecules, as many as they lost. In the
middle is the path of the marked molecule, of a hundred the one that climbs highest after it has
been on the floor: there it is first seen after 15 sweeps. After 111, the crowd at rest, it stands
in layer 11, below the lid, and 9 sweeps later in layer 2.

The misconception. "When the gas has come to rest, one can see it on a molecule." Nobody can. From
the first sweep in the bath to the last, a molecule is offered the same steps with the same
probabilities: P bears no date. What changes is the crowd, and equilibrium is a property of the
crowd. "A molecule of a cold gas moves less because it is slow": these have no speed, for the law of
heights needs none. More of them are on the floor, where they can only go up.

Answers. To what was to be predicted:

1. [floor: 0.30; middle: 0.80; below the lid: 0.50] Half of the offers go up, half down; all steps
   down are granted, and 0.607 of those up.
2. [0.61] 0.394 · 0.303 + 0.604 · 0.803 + 0.002 · 0.5.
3. [about 88] τ ln 100. The gas takes 91.
4. No: it climbs and falls after as before. It is the crowd that comes to rest.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz` and `from boltzmann import
exercises` was done.

1. By hand: a molecule moves with probability 0.607/2 = 0.303 on the floor, (1 + 0.607)/2 = 0.803 in
   mid-bottle and 0.5 below the lid. The mean is 0.394 · 0.303 + 0.604 · 0.803 + 0.002 · 0.5 =
   0.606.

       levels = bz.column(12, height=12)
       chain, cold = bz.transition_matrix(levels, 2.0, "neighbour"), bz.probabilities(levels, 2.0)
       print(cold @ (1 - chain.diagonal()))

2. After how many sweeps has the crowd half of its surplus energy left, and 1 %? Compare with τ ln 2
   and τ ln 100. (15 and 91, against 13.2 and 88: a shorter-lived part, of the opposite sign, dies
   too.)

       p, surplus = bz.probabilities(levels, 30.0), []
       for sweep in range(120):
           surplus.append((p - cold) @ np.arange(12))
           p = p @ chain
       for left in (0.5, 0.01):
           print(np.argmax(np.array(surplus) < left * surplus[0]))

3. A path tells the law, given time. Follow one molecule for a million sweeps. (Its mean is 2.001 ±
   0.011, the law's 2.012, energies being those of mid-layers; std/√n would be 0.002 and wrong.)

       gas = bz.Ensemble(levels, 2.0, particles=1, proposal="neighbour", seed=1)
       energy = gas.run(1_000_000).energy
       print(energy.mean(), bz.statistics.error_of_mean(energy), bz.mean_energy(levels, 2.0))
       print(exercises.question("error_bar"))  # exercises.check("error_bar", answer)

References
----------
.. [1] W. Feller, An Introduction to Probability Theory and Its Applications, vol. I, 3rd ed., ch.
   XV (1968).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit
from experiments.drawings.quench import (
    draw_history,
    draw_molecules,
    draw_moment,
    draw_seen,
    draw_shares,
    energy,
    frame_history,
    frame_moment,
    marked_one,
    recorded,
    written,
)
from experiments.runner.table import Table, Verdict, agrees, differs, fits

CHAPTER = 50
FINDING = "After a quench the crowd comes to rest; its molecules do not"


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
    """Quench the gas: count the crowd and who has just moved, and keep the paths of some."""
    levels = bz.column(config.layers, height=config.layers)
    chain = bz.transition_matrix(levels, config.cold, "neighbour")
    law, cold = bz.probabilities(levels, [config.hot, config.cold])
    options = {"proposal": "neighbour", "start": "exact", "seed": config.seed}
    gas = bz.Ensemble(levels, config.hot, config.molecules, **options)
    gas.temperature = config.cold

    heat = 0
    states = [gas.states[: config.shown]]
    rows = [*_crowd(gas, law, cold)]
    for look in range(config.looks):
        if config.stride > 1:
            heat += _heat(gas.run(config.stride - 1, keep_counts=False, progress=False))
            law = law @ np.linalg.matrix_power(chain, config.stride - 1)
        before = gas.states
        heat += _heat(gas.run(1, keep_counts=False, progress=False))
        moved = int((gas.states != before).sum())
        moving = float(law @ (1 - chain.diagonal()))
        law = law @ chain
        rows += _crowd(gas, law, cold)
        rows.append(_row("moves", sweep=gas.sweeps, molecules=moved, law=moving, heat=heat))
        states.append(gas.states[: config.shown])
        progress((look + 1) / config.looks)
    rows += [_row("molecule", path=written(path)) for path in np.transpose(states)]
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
    """Hold counts against p₀ P^k, moves against the matrix, heat against the energy."""
    crowd, moves = recorded(table), table.where(series="moves")
    first, last = crowd[0], crowd[-1]
    everyone, lost = first["molecules"].sum(), energy(first) - energy(last)
    rest = [
        goodness_of_fit([moved, everyone - moved], [rate, 1 - rate]).p_value
        for moved, rate in zip(moves["molecules"], moves["law"], strict=True)
    ]
    transient = [_fit(rows, "law") for rows in crowd]
    early = [_fit(rows, "cold") for rows in crowd if energy(rows) - energy(last) > lost / 2]

    moving = "as many molecules move in a sweep as the matrix says"
    half = "control: a crowd with half of its heat left is caught"
    end = "at the end the crowd obeys the cold law"
    given = moves["heat"][-1]

    return [
        fits("transient", "the crowd follows p₀ P^k", transient, "looks"),
        fits("end", end, _fit(last, "cold"), "of the last look"),
        differs("control", half, early, "looks"),
        fits("moves", moving, rest, "looks"),
        agrees("heat", "the bath has what the gas lost (quanta)", given, lost, 0),
    ]


def _fit(rows: Table, law: str) -> float:
    return goodness_of_fit(rows["molecules"], rows[law]).p_value


def draw(table: Table) -> Figure:
    """Draw a few moments of the quench, and below them how crowd and molecules go on."""
    figure = plots.figure(FINDING)
    above, below = figure.subfigures(2, 1, height_ratios=[1.5, 1])
    last = len(recorded(table)) - 1
    _, path = marked_one(table)
    again = path.size - 1 - int(np.argmax(path[::-1] == path[last // 2 :].max()))
    moments = [0, last // 9, 4 * last // 9, again]
    axes = above.subplots(1, 8, sharey=True, width_ratios=[1, 1.5] * 4)
    for k, moment in enumerate(moments):
        draw_moment(axes[2 * k], axes[2 * k + 1], table, moment)
    axes[0].set_ylabel("layer")
    axes[-1].legend(loc="upper right", handlelength=1)
    history = below.subplots(1, 3)
    draw_history(*history, table, last)
    for panel in history:
        panel.set_xlabel("sweeps")
    return figure


def animate(table: Table) -> Iterator[Figure]:
    """Draw the quench moment by moment; what stands still is drawn once."""
    figure = plots.figure(FINDING)
    mosaic = [["bottle", "profile", right] for right in ("energy", "path", "moving")]
    panels = figure.subplot_mosaic(mosaic, width_ratios=[1, 1.4, 2])
    bottle, profile, *history = panels.values()
    frame_moment(bottle, profile, table)
    frame_history(*history, table)
    history[-1].set_xlabel("sweeps")
    bottle.set_ylabel("layer")

    for moment in range(len(recorded(table))):
        shown = [
            *draw_molecules(bottle, table, moment, animated=True),
            *draw_shares(profile, table, moment, animated=True),
            *draw_seen(*history, table, moment, animated=True),
        ]
        if moment == 0:
            profile.legend(loc="upper right", handlelength=1)
        yield figure
        for artist in shown:
            artist.remove()
