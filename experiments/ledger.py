"""Where does the heat of a cooling gas go, and what is left to happen when it is gone?

Objective. You can keep the books of a gas that cools, quantum by quantum, and say what equilibrium
is.

What you need to know. The lesson `bottle`: layers, one of which costs one quantum, and molecules
that try to fall or to climb by one. Temperatures are in quanta here: t = 20 is mgH, t = 2 a tenth
of it. A bath is what keeps a gas at t; heat is the energy that it gets.

Minutes. 25

Predict first. Molecules settled at t = 20, of mean height 0.418, are put into a bath at t = 2,
where it is 0.102: how many quanta does a molecule give off, of the 20 from floor to lid? Back in
the hot bath, does it take longer or shorter to take them? When all is settled, how many molecules
still move in a sweep: none, a few, or more than half?

Run. Some seconds:

    python -m experiments ledger

What the law predicts. Whoever falls gives a quantum to the bath, whoever climbs takes one from it.
A hot gas in a cold bath sinks, and the bath gets all that it loses: the fall of the mean energy.
The heat of the molecules' flight, 3/2 of a quantum for each quantum of t, is left out as in
`bottle`; it would add 27 quanta. It is a balance of two rates that ends the cooling: in equilibrium
as many climb from a layer as fall back to it.

What would refute it. A single quantum missing in a single sweep. The ledger is kept by three who do
not see each other's books: an auditor who watches every molecule, the kernel that counts moves, and
the gas that adds up its energy. And a total heat that is not the law's.

What you see. In the quench climbing slackens at once while falling goes on: in the first sweep 0.46
quanta a molecule are given and 0.29 taken. In the end it is 0.303 and 0.303. A molecule has then
given off 6.33 quanta, half of them in the first 27 sweeps. Back in the hot bath it takes 6.33, and
it takes longer, 46 sweeps for half of them. Sweeps are attempts, not seconds: another rule would
need another number of them, for the same heat. In none of the 1400 sweeps is a quantum missing.

The misconception. "Equilibrium is when nothing moves." At the end of the quench three molecules in
five still move in a sweep, as many up as down. What has come to rest are the numbers in the layers;
equilibrium is a balance of two rates and not a standstill.

Answers. To what was to be predicted:

1. [about 6.3] 0.418 - 0.102, of 20 quanta.
2. Longer: half of them take 46 sweeps, where giving half took 27. Falling is granted always,
   climbing is not.
3. More than half: as many climb as fall, 0.303 of all each.

Exercises. In code, `np` is NumPy and `bz` is `import boltzmann as bz`.

1. Multiply the fall of the mean height, 0.418 - 0.102, by 20 quanta. Compare with the ledger. (6.32
   and 6.33.)

2. Which share moves in a sweep at the end? A molecule leaves layer i with the probability 1 - P_ii
   of its matrix of transitions. Why is it nearly exp(-1/2)? (0.6065. Half of all try to climb, and
   all of these but those below the lid get up with exp(-1/2); as many fall.)

       levels = bz.column(20, height=20)
       chain, cold = bz.transition_matrix(levels, 2.0, "neighbour"), bz.probabilities(levels, 2.0)
       print(cold @ (1 - chain.diagonal()), np.exp(-1 / 2) * (1 - cold[-1]))

3. The same matrix tells how long the heat takes. After how many sweeps is half of it given, and, of
   the matrix at t = 20 and the start at t = 2, taken? (27 and 47; the ledger, of 65,536 molecules,
   has 27 and 46.)

       p, given = bz.probabilities(levels, 20.0), []
       for sweep in range(200):
           p = p @ chain
           given.append(bz.mean_energy(levels, 20.0) - p @ levels.energies)
       print(1 + np.argmax(np.array(given) >= given[-1] / 2))

4. The quench gives the bath (t = 2) 6.324 quanta a molecule: its entropy rises by 3.162 nats, while
   the gas loses 1.252. The world gains 1.910. Now let the bath cool from t = 20 to 2 in n steps,
   and add up heat/t of each step: what is left of the gain with 10 steps, and with 100? (0.151 and
   0.0145: a slow change makes no entropy.)

       t = np.geomspace(20, 2, 10 + 1)
       heat = -np.diff(bz.mean_energy(levels, t))
       print((heat / t[1:]).sum() + np.diff(bz.entropy(levels, t[[0, -1]])))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from experiments.runner.table import Table, Verdict, agrees
from experiments.shared.ledger import audited_sweep, miscounted, unbalanced

CHAPTER = 70
FINDING = "Falling gives heat, climbing takes it, and no quantum is lost"


@dataclass(frozen=True)
class Config:
    """The full experiment; temperatures are in quanta, the energy of one layer."""

    layers: int = 20
    hot: float = 20.0
    cold: float = 2.0
    molecules: int = 2**16  # a power of two: the mean energy times their number is exact
    settling: int = 2000  # sweeps in the hot bath at first; 2e-11 of the start is left
    # The slowest mode fades by 0.9877 a sweep when hot: 700 sweeps leave 2e-4 of a change of 6
    # quanta, a twentieth of the error bar on the heat.
    sweeps: int = 700  # of the quench, and of the warming after it
    seed: int = 2026


QUICK = Config(layers=10, hot=10.0, molecules=2**14, settling=500, sweeps=200)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Put a hot gas into a cold bath and back into the hot one; keep the ledger of every sweep."""
    levels, N = bz.column(config.layers, height=config.layers), config.molecules
    gas = bz.Ensemble(levels, config.hot, N, proposal="neighbour", seed=config.seed)
    gas.run(config.settling, every=config.settling, progress=False)
    rows: list[dict[str, Any]] = []

    for part, (series, t) in enumerate((("quench", config.cold), ("warming", config.hot))):
        gas.temperature = t
        mean = bz.mean_energy(levels, t)
        same = {
            "series": series,
            "temperature": t,
            "molecules": N,
            "law_energy": mean,
            "law_variance": bz.heat_capacity(levels, t) * t**2,
        }
        start = dict.fromkeys(("falling", "climbing", "moves", "heat"), 0)
        rows.append({**same, "sweep": 0, **start, "energy": gas.energy * N})
        for sweep in range(1, config.sweeps + 1):
            rows.append({**same, "sweep": sweep, **audited_sweep(gas)})
            progress((part + sweep / config.sweeps) / 2)

    return Table.of_rows(rows)


def verdicts(table: Table) -> list[Verdict]:
    """Count the sweeps that do not balance, in whole quanta; hold the total heat to the law's."""
    parts = _parts(table)
    sweeps = sum(len(part) - 1 for part in parts)
    exact = "no tolerance: whole quanta"
    balance = f"of {sweeps} sweeps unbalanced: given − taken = heat = energy lost"
    moves = f"of {sweeps} sweeps unaudited: given + taken = moves"
    cold, hot = ({k: part[f"law_{k}"][0] for k in ("energy", "variance")} for part in parts)

    fall = hot["energy"] - cold["energy"]
    error = np.sqrt((cold["variance"] + hot["variance"]) / table["molecules"][0])
    given, taken = (part["heat"].sum() / part["molecules"][0] for part in parts)
    quench, warming = "quanta a molecule gives off in the quench", "quanta a molecule takes back"
    # The first and the last state of a part are independent.
    reason = "5 standard errors"

    return [
        agrees("balance", balance, sum(map(unbalanced, parts)), 0, 0, exact),
        agrees("moves", moves, sum(map(miscounted, parts)), 0, 0, exact),
        agrees("quench", quench, given, fall, 5 * error, reason),
        agrees("warming", warming, -taken, fall, 5 * error, reason),
    ]


def _parts(table: Table) -> list[Table]:
    return [table.where(series=series) for series in ("quench", "warming")]


def draw(table: Table) -> Figure:
    """Draw the quanta given and taken in every sweep, and below them the total."""
    figure = plots.figure(FINDING)
    rates, total = figure.subplots(2, 1, sharex=True)
    parts = _parts(table)
    _draw_rates(rates, parts)
    _draw_total(total, parts)
    for axes in (rates, total):
        axes.axvline(len(parts[0]) - 0.5, color=plots.GREY, linewidth=1)
    return figure


def _per_molecule(parts: list[Table], column: str) -> np.ndarray:
    """Return a column of the quench and of the warming after it, sweep by sweep."""
    return np.concatenate([part[column][1:] / part["molecules"][1:] for part in parts])


def _draw_rates(axes: Axes, parts: list[Table]) -> None:
    sweeps = np.arange(1, sum(len(part) - 1 for part in parts) + 1)
    shown, change = slice(4, None, 10), len(parts[0]) - 1
    # Counts of one gas, not estimates: no error bars.
    for column, name, height, colour, marker in (
        ("falling", "falling gives", 0.37, plots.PURPLE, "v"),
        ("climbing", "climbing takes", 0.2, plots.GREEN, "^"),
        ("heat", "net: the heat", 0.06, plots.BLACK, "o"),
    ):
        quanta = _per_molecule(parts, column)[shown]
        plots.simulation(axes, sweeps[shown], quanta, color=colour, marker=marker, markersize=5)
        axes.text(0.2 * change, height, name, color=colour, fontweight="bold")

    for start, part in zip((0, change), parts, strict=True):
        bath = f"bath at t = {part['temperature'][0]:g} quanta"
        axes.text(start + 0.5 * change, 0.59, bath, ha="center")
    axes.set_ylim(-0.23, 0.66)
    axes.set_ylabel("quanta per molecule\nand sweep")


def _draw_total(axes: Axes, parts: list[Table]) -> None:
    sweeps = np.arange(1, sum(len(part) - 1 for part in parts) + 1)
    first, molecules = parts[0]["energy"][0], parts[0]["molecules"][0]
    lost = first / molecules - _per_molecule(parts, "energy")
    given = np.cumsum(_per_molecule(parts, "heat"))
    axes.plot(sweeps, lost, color=plots.ORANGE, linewidth=4, label="energy lost")
    shown = slice(4, None, 20)
    look = {"color": plots.BLACK, "markersize": 5, "label": "heat given"}
    plots.simulation(axes, sweeps[shown], given[shown], **look)
    fall = parts[1]["law_energy"][0] - parts[0]["law_energy"][0]
    axes.axhline(fall, color=plots.GREY, linestyle=":", label="law: the fall of the mean energy")
    axes.set_xlabel("sweeps")
    axes.set_ylabel("quanta per molecule")
    axes.legend(loc="lower center", bbox_to_anchor=(0.29, 0.1))
