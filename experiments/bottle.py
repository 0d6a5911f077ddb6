"""Why does the air thin out with height, and where does the heat of a cooling gas go?

Objective. You can derive the barometric formula from Boltzmann's law, keep the books of a gas that
cools, and say what equilibrium is.

What you need to know. The lesson `occupancy`: levels, the law, sweeps. A molecule of weight mg at
the height h has the energy mgh. The bottle has the height H = 1, and temperatures are in units of
mgH. It is cut into 20 layers, and one layer is one quantum of energy, so that mgH is 20 quanta.

Minutes. 35

Predict first. At t = 0.1, how many times as dense is the lowest layer (its middle at h = 0.025) as
the highest (0.975)? What is the mean height at t = ∞, and what is it about at t = 0.1? Molecules
settled at t = 1, of mean height 0.418, are put into a bath at t = 0.1, where it is 0.102: how many
quanta does a molecule give off? When all is settled again, how many molecules still move in a
sweep: none, a few, or more than half?

Run. Some seconds:

    python -m experiments bottle

What the law predicts. Boltzmann's law at temperature t is the barometric formula: the density falls
as exp(-mgh/t). The mean height is t - 1/(exp(1/t) - 1) [1]_. A molecule tries to fall or to climb
by one layer; whoever falls gives a quantum to the bath, whoever climbs takes one from it. A hot gas
in a cold bath sinks, and the bath gets all that it loses.

What would refute it. Counts in the layers that fit the law worse than one time in a million, or a
mean height off the formula; and in the ledger a single quantum missing in a single sweep. The
ledger is kept by three who do not see each other's books: an auditor who watches every molecule,
the kernel that counts moves, and the gas that adds up its energy. Two controls must fail: a law 2 %
too hot, and a floor that turns a falling molecule back up at once, for the bottom layer then holds
half of what it should beside the layer above it.

What you see. Straight lines on the logarithmic axis, flatter in the cold: at t = 0.1 the lowest
layer has a density of 7.87 and the highest one of 0.0006, at t = 1 it is 1.55 and 0.60. In the
quench climbing slackens at once while falling goes on: in the first sweep 0.46 quanta a molecule
are given and 0.29 taken. In the end it is 0.303 and 0.303. A molecule has then given off 6.33
quanta, half of them in the first 27 sweeps. Back in the hot bath it takes 6.33, and it takes
longer, 46 sweeps for half of them. In none of the 1400 sweeps is a quantum missing.

The misconception. "Equilibrium is when nothing moves." At the end of the quench three molecules in
five still move in a sweep, as many up as down. What has come to rest are the numbers in the layers;
equilibrium is a balance of two rates and not a standstill. "The barometer needs collisions, or
molecules that know how high they are." These do not meet, and none knows its height: each compares
two energies.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The layers' middles of the first question are 0.95 apart: compute exp(0.95/0.1). It is 13360; the
   ratio of the two densities in the figure is 14006, as the highest layer holds only 281 of 10
   million molecules. Within how many errors, √281/281 each, do they agree? (Within one.)

2. Mean heights: hold the formula at t = 0.1 and t = 1 against the law of 20 layers. The layers'
   mean is a little higher; by how much, and what do 200 layers make of that? (0.0021 and 0.0002 at
   t = 0.1 and t = 1; with ten times the layers a hundredth of it.)

       from experiments.bottle import mean_height
       for t in (0.1, 1.0):
           p = bz.probabilities(bz.column(20), t)
           print(t, mean_height(t), p @ (np.arange(20) + 0.5) / 20)

3. Multiply the fall of the mean height, 0.418 - 0.102, by 20 quanta. Compare with the ledger: 6.32
and 6.33.

4. The quench gives the bath (t = 2 in quanta) 6.324 quanta a molecule: its entropy rises by 3.162
   nats, while the gas loses 1.252. The world gains 1.910. Now let the bath cool from t = 20 to 2 in
   n steps, and add up heat/t of each step: what is left of the gain with 10 steps, and with 100?
   (0.151 and 0.0145: a slow change makes no entropy.)

       t = np.geomspace(20, 2, 10 + 1)
       heat = -np.diff(bz.mean_energy(bz.column(20, height=20), t))
       print((heat / t[1:]).sum() + np.diff(bz.entropy(bz.column(20, height=20), t[[0, -1]])))

5. Show that a floor which turns every falling molecule back up halves the bottom layer: write that
   as many go up from it as come down to it, once with the honest floor (which lets a molecule that
   tries to fall stay where it is) and once with the other. Check with the rows of the series
   "bouncing floor" in figures/bottle.csv.

       print(exercises.question("at_the_wall"))  # exercises.check("at_the_wall", step)

References
----------
.. [1] M. N. Berberan-Santos, E. N. Bodunov and L. Pogliani, Am. J. Phys. 65, 404 (1997).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit
from experiments.runner.table import Table, Verdict, agrees, differs, fits

CHAPTER = 6
FINDING = "The air in a bottle thins as exp(−mgh/t), and no quantum of heat is lost"


@dataclass(frozen=True)
class Config:
    """The full experiment; the bottle's height is 1, and temperatures are in units of mgH."""

    layers: int = 20
    temperatures: tuple[float, ...] = (0.1, 0.2, 1.0)  # the quench goes from the last to the first
    molecules: int = 10_000_000
    # The slowest memory, at t = 1, fades by 0.9877 a sweep: 2000 sweeps leave 2e-11 of the start,
    # and 700, which end the warming, 2e-4 of a change of 6 quanta, a twentieth of the error bar on
    # the heat.
    sweeps: int = 2000
    ledger_molecules: int = (
        2**16
    )  # a power of two, so that the mean energy times their number is exact
    ledger_sweeps: int = 700  # of the quench, and of the warming after it
    too_hot: float = 1.02  # by how much the control's law is
    shown: int = 400  # molecules in the picture of the bottle
    seed: int = 2026


QUICK = Config(
    layers=10, temperatures=(0.2, 1.0), sweeps=500, ledger_molecules=2**14, ledger_sweeps=200
)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Count the molecules of each layer at each temperature, then keep the books of a quench and a warming."""
    rows: list[dict[str, Any]] = []
    for done, t in enumerate(config.temperatures):
        rows += _profile("gas", config, t, _settled(config, t, config.seed + done))
        rows += _profile("bouncing floor", config, t, _bounced(config, t, config.seed + done))
        progress(0.3 * (done + 1) / len(config.temperatures))
    rows += _quench_and_warming(config, progress)
    return Table.of_rows(rows)


def _levels(config: Config) -> bz.EnergyLevels:
    """Return the bottle with energies in quanta: one layer up costs 1."""
    return bz.column(config.layers, height=config.layers)


def _row(series: str, **given: Any) -> dict[str, Any]:
    """Return one row of the table, 0 in the columns that its series does not use."""
    blank = dict.fromkeys(("temperature", "law", "law_too_hot"), 0.0)
    blank |= dict.fromkeys(
        ("place", "molecules", "falling", "climbing", "moves", "heat", "energy"), 0
    )
    return {"series": series, **blank, **given}


def _profile(series: str, config: Config, t: float, counts: np.ndarray) -> list[dict[str, Any]]:
    temperatures = config.layers * t * np.array([1.0, config.too_hot])
    law, hotter = bz.probabilities(_levels(config), temperatures)
    return [
        _row(series, temperature=t, place=k, molecules=counts[k], law=law[k], law_too_hot=hotter[k])
        for k in range(config.layers)
    ]


def _settled(config: Config, t: float, seed: int) -> np.ndarray:
    """Return the molecules of each layer, after all had started anywhere."""
    gas = bz.Ensemble(
        _levels(config),
        config.layers * t,
        config.molecules,
        proposal="neighbour",
        engine="counts",
        seed=seed,
    )
    gas.run(config.sweeps, every=config.sweeps, progress=False)
    return gas.counts


def _bounced(config: Config, t: float, seed: int) -> np.ndarray:
    """Return the same with a mistake: a step into the floor or the lid is redrawn, so that it turns back."""
    steps = bz.transition_matrix(_levels(config), config.layers * t, proposal="neighbour")
    for end, inward in ((0, 1), (-1, -2)):
        steps[end, inward] *= 2
        steps[end, end] = 1 - steps[end, inward]
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(config.molecules, np.full(config.layers, 1 / config.layers))
    for _ in range(config.sweeps):
        counts = generator.multinomial(counts, steps).sum(axis=0)
    return counts


def _quench_and_warming(
    config: Config, progress: Callable[[float], None]
) -> Iterator[dict[str, Any]]:
    """Put a hot gas into a cold bath and back into the hot one; keep the books of every sweep."""
    cold, hot = config.temperatures[0], config.temperatures[-1]
    levels, N = _levels(config), config.ledger_molecules
    gas = bz.Ensemble(levels, config.layers * hot, N, proposal="neighbour", seed=config.seed)
    gas.run(config.sweeps, every=config.sweeps, progress=False)
    yield from _picture("hot bottle", hot, gas, config)
    for part, (series, t) in enumerate((("quench", cold), ("warming", hot))):
        gas.temperature = config.layers * t
        yield _row(series, temperature=t, molecules=N, energy=gas.energy * N)
        for sweep in range(1, config.ledger_sweeps + 1):
            yield _row(series, temperature=t, place=sweep, molecules=N, **_audited_sweep(gas))
            progress(0.3 + 0.35 * (part + sweep / config.ledger_sweeps))
        if series == "quench":
            yield from _picture("cold bottle", cold, gas, config)


def _audited_sweep(gas: bz.Ensemble) -> dict[str, Any]:
    """Run one sweep and return all three books; what should be whole is left as it comes, not rounded."""
    before = gas.states.astype(np.int64)
    run = gas.run(1, progress=False, threads=1)
    climbed = gas.states - before  # layers, which are quanta
    return {
        "falling": -climbed[climbed < 0].sum(),
        "climbing": climbed[climbed > 0].sum(),
        "moves": run.acceptance[0] * gas.particles,
        "heat": run.heat[0],
        "energy": gas.energy * gas.particles,
    }


def _picture(series: str, t: float, gas: bz.Ensemble, config: Config) -> list[dict[str, Any]]:
    """Return in which layers the first molecules are."""
    counts = np.bincount(gas.states[: config.shown], minlength=config.layers)
    return [_row(series, temperature=t, place=k, molecules=counts[k]) for k in range(config.layers)]


def verdicts(table: Table) -> list[Verdict]:
    """Hold the density against the law and the mean height against the formula; then check the books."""
    gas = [rows for _, rows in table.where(series="gas").groups("temperature")]
    bouncing = [rows for _, rows in table.where(series="bouncing floor").groups("temperature")]
    good, too_hot = ([_fit(rows, law) for rows in gas] for law in ("law", "law_too_hot"))
    bounced = [_fit(rows, "law") for rows in bouncing]
    books = [table.where(series=series) for series in ("quench", "warming")]
    return [
        fits("density", "the density falls as exp(−mgh/t)", good, "temperatures"),
        *_mean_heights(gas),
        *_ledger(books),
        *(_total_heat(book, gas) for book in books),
        differs("too_hot", "control: a law that is too hot is caught", too_hot, "temperatures"),
        differs(
            "bouncing_floor",
            "control: a floor that redraws a step into it is caught",
            bounced,
            "temperatures",
        ),
    ]


def _fit(rows: Table, law: str) -> float:
    return goodness_of_fit(rows["molecules"], rows[law]).p_value


def mean_height(t: float) -> float:
    """Return <h> = t - 1/(exp(1/t) - 1), the mean height in a bottle of height 1 at temperature t (mgH = 1)."""
    return t - 1 / np.expm1(1 / t)


def layer_lift(layers: int, t: float) -> float:
    """Return how much higher the mean is in a bottle of K layers.

    With a = 1/(K t), K times the mean height has coth(a/2)/2 = 1/a + a/12 - a³/720 + … in the place
    of 1/a.
    """
    return 1 / (12 * layers**2 * t) - 1 / (720 * layers**4 * t**3)


def _moments(rows: Table, weights: np.ndarray) -> tuple[float, float]:
    """Return the mean and the variance of a molecule's height, in quanta."""
    heights, p = rows["place"] + 0.5, weights / weights.sum()
    mean = float(p @ heights)
    return mean, float(p @ (heights - mean) ** 2)


def _mean_heights(gas: list[Table]) -> list[Verdict]:
    """Hold the mean heights, less what the layers lift them by, against the continuous bottle's."""
    pulls = []
    for rows in gas:
        t, layers, molecules = rows["temperature"][0], len(rows), rows["molecules"].sum()
        mean, variance = _moments(rows, rows["molecules"])
        error, lift = np.sqrt(variance / molecules) / layers, layer_lift(layers, t)
        height = mean / layers - lift
        pulls.append((height - mean_height(t)) / error)
    # The last temperature is that of the tabulated value: 0.418023293130674 at t = mgH.
    reason = f"5 standard errors; {lift:.1g} taken off for the layers"
    both_sides = [float(2 * norm.sf(abs(pull))) for pull in pulls]
    return [
        agrees(
            "mean_height",
            f"mean height at t = {t:g} mgH",
            height,
            mean_height(t),
            5 * error,
            reason,
        ),
        fits("mean_heights", "mean heights are t − H/(exp(mgH/t) − 1)", both_sides, "temperatures"),
    ]


def _ledger(books: list[Table]) -> list[Verdict]:
    """Count the sweeps whose books do not balance, in whole quanta."""
    sweeps = unbalanced = unaudited = 0
    for book in books:
        falling, climbing, moves, heat = (
            book[name][1:] for name in ("falling", "climbing", "moves", "heat")
        )
        balanced = (falling - climbing == heat) & (heat == -np.diff(book["energy"]))
        sweeps += heat.size
        unbalanced += np.count_nonzero(~balanced)
        unaudited += np.count_nonzero(falling + climbing != moves)
    exact = "no tolerance: whole quanta"
    return [
        agrees(
            "balance",
            f"of {sweeps} sweeps unbalanced: given − taken = heat = energy lost",
            unbalanced,
            0,
            0,
            exact,
        ),
        agrees(
            "moves", f"of {sweeps} sweeps unaudited: given + taken = moves", unaudited, 0, 0, exact
        ),
    ]


def _total_heat(book: Table, gas: list[Table]) -> Verdict:
    """Hold the heat of one molecule against the law's; the first and the last look are independent."""
    cold, hot = (_moments(rows, rows["law"]) for rows in (gas[0], gas[-1]))
    part = book["series"][0]
    sign, deed = (
        (1, "gives off in the quench") if part == "quench" else (-1, "takes in the warming")
    )
    molecules = book["molecules"][0]
    error = np.sqrt((cold[1] + hot[1]) / molecules)
    heat = sign * book["heat"].sum() / molecules
    claim = f"quanta a molecule {deed}"
    return agrees(part, claim, heat, hot[0] - cold[0], 5 * error, "5 standard errors")


def draw(table: Table) -> Figure:
    """Draw density against height, the bottle hot and cold, and the books of the quench and the warming."""
    figure = plots.figure(FINDING)
    grid = figure.add_gridspec(2, 4, width_ratios=[4.0, 1.1, 1.1, 4.6])
    density = figure.add_subplot(grid[:, 0])
    _draw_density(density, table.where(series="gas"))
    for column, (name, colour) in enumerate((("hot", plots.VERMILION), ("cold", plots.BLUE))):
        axes = figure.add_subplot(grid[:, 1 + column], sharey=density)
        _draw_bottle(axes, table.where(series=f"{name} bottle"), colour)
        axes.set_title(name, color=colour)
    books = [table.where(series=series) for series in ("quench", "warming")]
    rates = figure.add_subplot(grid[0, 3])
    _draw_rates(rates, books)
    _draw_total(figure.add_subplot(grid[1, 3], sharex=rates), books)
    return figure


def _draw_density(axes: Axes, gas: Table) -> None:
    panels = [rows for _, rows in gas.groups("temperature")]
    for number, (rows, colour) in enumerate(
        zip(panels, plots.cold_to_hot(len(panels)), strict=True)
    ):
        layers, counts, t = len(rows), rows["molecules"], rows["temperature"][0]
        height, law = (rows["place"] + 0.5) / layers, layers * rows["law"]
        density, error = (layers * values / counts.sum() for values in (counts, np.sqrt(counts)))
        plots.law(axes, law, height, color=colour, label=None if number else "law: exp(−mgh/t)")
        label = None if number else "simulation"
        plots.simulation(axes, density, height, xerr=error, color=colour, markersize=7, label=label)
        name = f"t = {t:g}" if number else f"t = {t:g} mgH"
        axes.text(law[-1], 1.01, name, color=colour, fontweight="bold", ha="center", va="bottom")
    axes.set_xscale("log")
    axes.set_ylim(0, 1)
    axes.set_xlabel("density (1 = evenly spread)")
    axes.set_ylabel("height (units of the bottle's height H)")
    axes.legend(loc="lower left")


def _draw_bottle(axes: Axes, rows: Table, colour: str) -> None:
    """Draw molecules in their layers; where in its layer one is, the layer does not say: it is drawn at random."""
    place = np.repeat(rows["place"], rows["molecules"])
    across, up = np.random.default_rng(0).random((2, place.size))
    axes.scatter(0.04 + 0.92 * across, (place + up) / len(rows), s=9, color=colour, linewidths=0)
    axes.set_xlim(0, 1)
    axes.set_xticks([])
    axes.set_xlabel(f"t = {rows['temperature'][0]:g}", color=colour, fontweight="bold")
    axes.tick_params(left=False, labelleft=False)
    axes.spines[["top", "right"]].set_visible(True)


def _per_molecule(books: list[Table], column: str) -> np.ndarray:
    """Return a column of the quench and of the warming after it, sweep by sweep."""
    return np.concatenate([book[column][1:] / book["molecules"][1:] for book in books])


def _draw_rates(axes: Axes, books: list[Table]) -> None:
    sweeps, shown = np.arange(1, sum(len(book) - 1 for book in books) + 1), slice(4, None, 10)
    # Counts of one gas, not estimates: no error bars.
    for column, colour, marker in (
        ("falling", plots.PURPLE, "v"),
        ("climbing", plots.GREEN, "^"),
        ("heat", plots.BLACK, "o"),
    ):
        quanta = _per_molecule(books, column)[shown]
        plots.simulation(axes, sweeps[shown], quanta, color=colour, marker=marker, markersize=5)
    change = len(books[0]) - 1
    for start, book in zip((0, change), books, strict=True):
        axes.text(
            start + 0.5 * change, 0.59, f"bath at t = {book['temperature'][0]:g}", ha="center"
        )
    for y, name, colour in (
        (0.35, "falling gives", plots.PURPLE),
        (0.21, "climbing takes", plots.GREEN),
        (0.05, "net: the heat", plots.BLACK),
    ):
        axes.text(0.15 * change, y, name, color=colour, fontweight="bold")
    axes.axvline(change + 0.5, color=plots.GREY, linewidth=1)
    axes.set_ylim(-0.23, 0.66)
    axes.set_ylabel("quanta per molecule\nand sweep")
    axes.tick_params(labelbottom=False)


def _draw_total(axes: Axes, books: list[Table]) -> None:
    sweeps, shown = np.arange(1, sum(len(book) - 1 for book in books) + 1), slice(4, None, 20)
    lost = books[0]["energy"][0] / books[0]["molecules"][0] - _per_molecule(books, "energy")
    heat = np.cumsum(_per_molecule(books, "heat"))
    axes.plot(sweeps, lost, color=plots.ORANGE, linewidth=4, label="energy lost")
    plots.simulation(
        axes, sweeps[shown], heat[shown], color=plots.BLACK, markersize=5, label="heat given"
    )
    axes.axvline(len(books[0]) - 0.5, color=plots.GREY, linewidth=1)
    axes.set_xlabel("sweeps")
    axes.set_ylabel("quanta per molecule")
    axes.legend(loc="center", bbox_to_anchor=(0.29, 0.42))
