"""How fast does a hot gas forget its heat in a cold bath?

Objective. You can predict from a transition matrix how many sweeps a simulation needs, and put an
error bar on the mean of a series whose entries remember each other.

What you need to know. The lesson `occupancy`: levels, Metropolis's rule, Boltzmann's law, a sweep.
From algebra, eigenvalues. A particle on level i is on level j after one sweep with the probability
P_ij; P is the transition matrix. If p is the row of occupancies, p P is that after a sweep, and p₀
P^k that after k sweeps from the start p₀.

Minutes. 40

Predict first. A gas that was infinitely hot, on a ladder of K = 8 levels one Δ apart, falls into a
bath at t = 1 Δ. Metropolis's rule offers either any level, or a neighbour. Which of the two has
more of its offers accepted? Which of them cools faster? The second largest eigenvalue of P is 0.802
with any level offered: after how many sweeps is a thousandth of the excess left, and after how many
a millionth?

Run. Some seconds:

    python -m experiments relaxation

What the law predicts. p₀ P^k is a sum of modes, each of which shrinks by an eigenvalue of P in
every sweep. The largest eigenvalue is 1 and belongs to equilibrium, which stays; the second, λ₂, to
the slowest mode. In the end every distance from equilibrium falls as λ₂^k: a sweep takes away the
fraction 1 - λ₂ of what is left, which is the gap, and the relaxation time is τ = -1/ln λ₂ sweeps.
The chains here differ in what they offer and in the rule by which they decide; all have the same
equilibrium. (Glauber's rule accepts with w/(1 + w), w = exp(-(E_j - E_i)/t), and Metropolis's with
min(1, w).) A heat bath, which draws the next level from the law itself, has λ₂ = 0: it forgets
everything in one sweep. On the ladder, Metropolis's rule has λ₂ = 1 - 1/(K π₀) where any level is
offered [1]_, π₀ being the ground state's occupancy, and λ₂ = (1 - r)/2 + √r cos(π/K) for
neighbours, a walk between two walls [2]_ with r = exp(-Δ/t).

What would refute it. Counts, after any number of sweeps, that fit N p₀ P^k worse than one time in a
million; a slowest mode that decays at another rate than -ln λ₂. The control shows that this would
be seen: the matrix of the other rule, which leads to the very same equilibrium, must fail.

What you see. On the left the energy in excess, on the right the total variation, half the sum of |p
- π|. The points leave the start on a curve, while the faster modes die, and settle on the dashed
line of the slowest. The slopes are the same in both panels: the rate belongs to the chain and not
to what is observed. Metropolis with any level has the gap 0.198 and τ = 4.5 sweeps, with neighbours
0.124 and 7.6; Glauber 5.9 and 10.6. A thousandth is left after ln(1000) τ = 31 sweeps, a millionth
after 63. (Neighbouring points are looks at the same particles; where they stray, they stray
together.)

The misconception. "The more moves are accepted, the faster a simulation is." At equilibrium at t =
1 neighbours are accepted 37 times in a hundred, and any levels 17 times; yet the latter relax in
4.5 sweeps and the former in 7.6, for a short step is easily taken and leads nowhere far. "Error
bars fall as 1/√(number of measurements)." Those of independent measurements do. A particle
remembers its level for about τ sweeps, and the error of its mean energy is up to √(2τ) times as
large as that formula says.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. Compute τ from λ₂ = 0.8023, and the sweeps after which 1e-9 is left. (τ = 4.54, and 94.1 sweeps.)

2. In a bath at t = 0.2, which is faster, any level or a neighbour, and why? Use the two formulas;
   then run it. (Neighbours: τ = 1.79 against 7.43. Nearly all that is left to do is to reach the
   ground level. Of any levels it is one offer in eight; of two neighbours the one below is one in
   two.)

       table = run("relaxation", temperature=0.2)

3. On ladders of more levels at t = 1, which proposal stops slowing down? At which K do neighbours
   become faster? (The gap of any level falls as 1/K, that of neighbours stays above 0.077; they
   cross between 18 and 19.)

       for levels in (8, 16, 32):
           for proposal in ("uniform", "neighbour"):
               chain = bz.transition_matrix(bz.ladder(levels), 1.0, proposal)
               print(levels, proposal, 1 - np.sort(np.abs(np.linalg.eigvals(chain)))[-2])

4. Follow one particle for 100,000 sweeps. By how much is the plain error, std/√n, too small? (Any
   level 2.7 times, neighbours 3.4 times.)

       gas = bz.Ensemble(bz.ladder(8), 1.0, particles=1, proposal="uniform", start="exact", seed=1)
       energy = gas.run(100_000).energy
       print(energy.std() / np.sqrt(energy.size), bz.statistics.error_of_mean(energy))
       print(exercises.question("error_bar"))  # exercises.check("error_bar", answer)

5. Show that λ₂ = 1 - 1/(K π₀) is 0 at t = ∞, and say why one sweep is then enough.

References
----------
.. [1] J. S. Liu, Stat. Comput. 6, 113 (1996).
.. [2] W. Feller, An Introduction to Probability Theory and Its Applications, vol. I, 3rd ed., ch. XVI (1968).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit
from experiments.runner.table import Table, Verdict, agrees, differs, fits, worst_of
from experiments.shared.gas import slowest_mode

CHAPTER = 4
FINDING = "The gap 1 − λ₂ of the chain sets how fast a hot gas cools"
OTHER_RULE = {"metropolis": "glauber", "glauber": "metropolis", "heat-bath": "metropolis"}
# The slowest mode is followed until its amplitude is this many of its standard errors: the
# logarithm of so sharp a number is biased by 1/200 of its error.
SHARP = 100
WRITTEN = {"metropolis": "Metropolis", "glauber": "Glauber", "heat-bath": "heat bath"}


@dataclass(frozen=True)
class Config:
    """The full experiment: a gas that was infinitely hot, on a ladder of spacing Δ."""

    levels: int = 8
    temperature: float = 1.0  # of the bath, in units of Δ
    # (proposal, rule); the verdicts compare Metropolis's rule under both proposals
    dynamics: tuple[tuple[str, str], ...] = (
        ("neighbour", "glauber"),
        ("neighbour", "metropolis"),
        ("uniform", "glauber"),
        ("uniform", "metropolis"),
        ("uniform", "heat-bath"),
    )
    moved: int = 1_000_000  # particles moved one by one
    counted: int = 10**12  # particles of which only the number on each level is kept
    looks: int = 25  # at each gas, evenly spaced
    duration: float = 12.0  # how long each gas is watched, in relaxation times
    seed: int = 2026


QUICK = Config(moved=100_000, counted=10**10, looks=13)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Drop a hot gas into the bath under each dynamics, moved and counted, beside the exact transient."""
    rows = []
    for number, (proposal, rule) in enumerate(config.dynamics):
        rows += _cooled(config, proposal, rule, config.seed + 2 * number)
        progress((number + 1) / len(config.dynamics))
    return Table.of_rows(rows)


def _cooled(config: Config, proposal: str, rule: str, seed: int) -> list[dict[str, Any]]:
    """Return the rows of one dynamics: every level at every look."""
    levels, t = bz.ladder(config.levels), config.temperature
    chain, other = (
        bz.transition_matrix(levels, t, proposal, name) for name in (rule, OTHER_RULE[rule])
    )
    start, equilibrium = bz.probabilities(levels, [np.inf, t])
    second, mode, excess = _slowest_mode(chain, start, equilibrium)
    sweeps = _looks(second, config)
    laws, others = (
        [start @ np.linalg.matrix_power(matrix, k) for k in sweeps] for matrix in (chain, other)
    )
    seen = []
    for stream, (engine, particles) in enumerate(
        (("particles", config.moved), ("counts", config.counted))
    ):
        gas = bz.Ensemble(
            levels, t, particles, proposal=proposal, rule=rule, engine=engine, seed=seed + stream
        )
        hot = gas.counts
        run = gas.run(sweeps[-1], every=1, progress=False)
        seen.append(np.vstack((hot, run.counts))[sweeps])
    return [
        {
            "proposal": proposal,
            "rule": rule,
            "temperature": t,
            "sweep": k,
            "energy": levels.energies[level],
            "equilibrium": equilibrium[level],
            "law": laws[look][level],
            "law_other_rule": others[look][level],
            "moved": seen[0][look, level],
            "counted": seen[1][look, level],
            "second_eigenvalue": second,
            "slowest_mode": mode[level],
            "slowest_excess": excess[level],
        }
        for look, k in enumerate(sweeps)
        for level in range(len(levels))
    ]


def _slowest_mode(
    chain: np.ndarray, start: np.ndarray, equilibrium: np.ndarray
) -> tuple[float, Any, Any]:
    """Return |λ₂|, f and c such that p₀ P^k f = λ₂^k for all k, and p₀ P^k → π + λ₂^k c."""
    second, vector = slowest_mode(chain)
    second = round(second, 12)  # a heat bath's zero, without the noise of rounding
    if second == 0:
        return 0.0, np.zeros_like(start), np.zeros_like(start)
    mode = vector / np.sqrt(equilibrium)
    amplitude = start @ mode
    return second, mode / amplitude, amplitude * mode * equilibrium


def _looks(second: float, config: Config) -> list[int]:
    """Return the sweeps after which to look, evenly spaced over so many relaxation times."""
    if second == 0:
        return [0, 1, 2]
    last = -config.duration / np.log(second)
    return np.unique(np.rint(np.linspace(0, last, config.looks)).astype(int)).tolist()


def verdicts(table: Table) -> list[Verdict]:
    """Hold both gases against the exact transient at every look, and the rates against the eigenvalues."""
    wrong = [
        worst_of(_fits(rows, "counted", "law_other_rule"))
        for _, rows in table.groups("proposal", "rule")
    ]
    bathed = table.where(proposal="uniform", rule="heat-bath", sweep=1)
    forgotten = [p for counts in ("moved", "counted") for p in _fits(bathed, counts, "equilibrium")]
    return [
        fits(
            "moved",
            "particles moved one by one follow p₀ P^k",
            _fits(table, "moved", "law"),
            "looks",
        ),
        fits(
            "counted",
            "particles that are only counted follow p₀ P^k",
            _fits(table, "counted", "law"),
            "looks",
        ),
        fits("heat_bath", "the heat bath is at equilibrium after one sweep", forgotten, "gases"),
        *_rate_verdicts(table),
        differs("control", "control: the matrix of the other rule is caught", wrong, "dynamics"),
    ]


def _fits(rows: Table, counts: str, law: str) -> list[float]:
    """Return the p-value of each look; looks at one gas are not independent."""
    looks = [look for _, look in rows.groups("proposal", "rule", "sweep")]
    return [goodness_of_fit(look[counts], look[law]).p_value for look in looks]


def _rate_verdicts(table: Table) -> list[Verdict]:
    """Hold the measured decay of the slowest modes against λ₂, and λ₂ against closed formulas."""
    chains = {
        name: rows
        for name, rows in table.groups("proposal", "rule")
        if rows["second_eigenvalue"][0] > 0
    }
    second = {name: rows["second_eigenvalue"][0] for name, rows in chains.items()}
    rates = {name: _measured_rate(rows) for name, rows in chains.items()}
    made = []
    for name, (rate, error) in rates.items():
        claim = f"decay of the slowest mode per sweep: {name[0]}, {WRITTEN[name[1]]}"
        key = f"decay_{name[0]}_{name[1]}"
        made.append(
            agrees(key, claim, rate, -np.log(second[name]), 5 * error, "−ln λ₂, 5 standard errors")
        )
    walk, leap = ("neighbour", "metropolis"), ("uniform", "metropolis")
    (fast, fast_error), (slow, slow_error) = rates[leap], rates[walk]
    ratio = fast / slow
    error = ratio * np.hypot(fast_error / fast, slow_error / slow)
    claim, expected = (
        "Metropolis: τ of neighbours / τ of uniform",
        np.log(second[leap]) / np.log(second[walk]),
    )
    made.append(agrees("ratio", claim, ratio, expected, 5 * error, "5 standard errors"))
    first = table.where(proposal="uniform", rule="metropolis", sweep=0)
    count, r = (
        len(first),
        np.exp(-(first["energy"][1] - first["energy"][0]) / first["temperature"][0]),
    )
    leaps = 1 - 1 / (count * first["equilibrium"][0])
    walks = (1 - r) / 2 + np.sqrt(r) * np.cos(np.pi / count)
    digits = (1e-9, "ten digits are kept")
    made.append(
        agrees(
            "uniform_formula",
            "Metropolis, uniform: λ₂ = 1 − 1/(K π₀)",
            second[leap],
            leaps,
            *digits,
        )
    )
    made.append(
        agrees(
            "neighbour_formula",
            "Metropolis, neighbours: λ₂ = (1 − r)/2 + √r cos(π/K)",
            second[walk],
            walks,
            *digits,
        )
    )
    return made


def _measured_rate(rows: Table) -> tuple[float, float]:
    """Return ln(a₀/a_k)/k and its standard error at the last look k at which a is sharp.

    The amplitude a is the mean of the slowest mode over the counted particles, λ₂^k by the law. The
    error is the relative one of a_k over k; that of a₀, smaller by about λ₂^k, does not count
    beside it.
    """
    rate, error = np.nan, np.nan
    hot, *looks = (look for _, look in rows.groups("sweep"))
    for look in looks:
        k, mode, total = look["sweep"][0], look["slowest_mode"], look["counted"].sum()
        amplitude = look["second_eigenvalue"][0] ** k
        noise = np.sqrt((look["law"] @ mode**2 - amplitude**2) / total)
        if amplitude < SHARP * noise:
            break
        rate = float(np.log((hot["counted"] @ hot["slowest_mode"]) / (look["counted"] @ mode)) / k)
        error = float(noise / (amplitude * k))
    return rate, error


def draw(table: Table) -> Figure:
    """Draw the excess energy of the particles that move, and the distance from equilibrium of those counted."""
    figure = plots.figure(FINDING)
    left, right = figure.subplots(1, 2, sharex=True)
    looks = zip(plots.SERIES, plots.MARKERS, strict=True)
    for ((proposal, rule), rows), (colour, marker) in zip(
        table.groups("proposal", "rule"), looks, strict=False
    ):
        second = rows["second_eigenvalue"][0]
        times = f"τ = {-1 / np.log(second):.1f} sweeps" if second > 0 else "one sweep"
        look = {"color": colour, "marker": marker}
        _draw_fall(left, rows, "moved", label=f"{proposal}, {WRITTEN[rule]}", **look)
        _draw_fall(right, rows, "counted", label=f"1 − λ₂ = {1 - second:.2f},  {times}", **look)
    for axes, counts, method, quantity in (
        (left, "moved", "moved one by one", "energy above equilibrium (units of Δ)"),
        (right, "counted", "only counted", "total variation from equilibrium"),
    ):
        number = next(rows[counts].sum() for _, rows in table.groups("proposal", "rule", "sweep"))
        axes.set_title(f"$10^{{{np.log10(number):g}}}$ particles, {method}")
        axes.set_xlabel("sweeps")
        axes.set_ylabel(quantity)
        axes.set_yscale("log")
        axes.legend(loc="upper right", handletextpad=0.2, labelcolor="linecolor")
    left.set_ylim(5e-4, 9)
    right.set_ylim(1e-5, 4)
    _name_lines(figure)
    return figure


def _draw_fall(axes: Axes, rows: Table, counts: str, label: str, **look: Any) -> None:
    """Draw how a distance from equilibrium falls: by the law, by the slowest mode alone, and in the simulation."""
    fall = []
    for (k,), levels in rows.groups("sweep"):
        law, equilibrium, total = levels["law"], levels["equilibrium"], levels[counts].sum()
        # Half the sign of each excess adds up to the total variation, which stays linear in the
        # counts.
        weight, slow = (
            levels["energy"] if counts == "moved" else np.sign(excess) / 2
            for excess in (law - equilibrium, levels["slowest_excess"])
        )
        error = np.sqrt((law @ weight**2 - (law @ weight) ** 2) / total)
        mode = levels["slowest_excess"] @ slow * levels["second_eigenvalue"][0] ** k
        fall.append(
            (
                k,
                (law - equilibrium) @ weight,
                mode,
                (levels[counts] / total - equilibrium) @ weight,
                error,
            )
        )
    sweep, law, mode, measured, error = np.array(fall).T
    visible = 1e-6  # below both axes; a logarithm has no place for a distance that is gone
    plots.law(axes, sweep, np.maximum(law, visible), color=look["color"])
    if mode[0] > 0:
        plots.law(axes, sweep, mode, color=look["color"], linestyle="--", linewidth=1.8)
    seen = law > 2 * error
    plots.simulation(axes, sweep[seen], measured[seen], error[seen], label=label, **look)


def _name_lines(figure: Figure) -> None:
    """Say once what lines, dashes and points are."""
    look = {"color": plots.BLACK, "linewidth": 2}
    handles = [
        Line2D([], [], label="law: $p_0 P^k$", **look),
        Line2D(
            [],
            [],
            label="its slowest mode: $λ_2^k$",
            **{**look, "linestyle": "--", "linewidth": 1.8},
        ),
        Line2D(
            [],
            [],
            label="simulation",
            **{**look, "linestyle": "none", "marker": "o", "markersize": 8},
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
