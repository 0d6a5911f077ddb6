"""How fast does a hot gas forget its heat in a cold bath?

Objective. You can predict from a transition matrix how many sweeps a simulation needs, and put an
error bar on the mean of a series whose entries remember each other.

What you need to know. The lesson `occupancy`: levels, Metropolis's rule, Boltzmann's law, a sweep.
From algebra, eigenvalues. P_ij is the probability that a particle on level i is on level j a sweep
later; P is the transition matrix. A row p of occupancies becomes p P in a sweep, and p₀, the start,
p₀ P^k in k sweeps.

Minutes. 40

Predict first. A gas that was infinitely hot, on a ladder of K = 8 levels one Δ apart, falls into a
bath at t = 1 Δ. Metropolis's rule offers either any level, or a neighbour. Which of the two has
more of its offers accepted? Which of them cools faster? The second largest eigenvalue of P is 0.802
with any level offered: after how many sweeps is a thousandth of the excess left, and after how many
a millionth?

Run. Some seconds:

    python -m experiments relaxation

What the law predicts. p₀ P^k is a sum of modes, each of which shrinks by an eigenvalue of P in
every sweep. The largest eigenvalue is 1 and belongs to equilibrium; the second, λ₂, to the slowest
mode. In the end every distance from equilibrium falls as λ₂^k: a sweep takes away the gap, 1 - λ₂,
of what is left, and the relaxation time is τ = -1/ln λ₂ sweeps. The chains here differ in what they
offer and in the rule (Glauber's accepts with w/(1 + w), where Metropolis's has min(1, w)); all have
the same equilibrium. A heat bath, which draws the next level from the law itself, has λ₂ = 0. On
the ladder, Metropolis's rule has λ₂ = 1 - 1/(K π₀) where any level is offered [1]_, π₀ being the
ground state's occupancy, and λ₂ = (1 - r)/2 + √r cos(π/K) for neighbours, a walk between two walls
[2]_ with r = exp(-Δ/t).

What would refute it. Counts, after any number of sweeps, that fit N p₀ P^k worse than one time in a
million; a slowest mode that decays at another rate than -ln λ₂. The control shows that this would
be seen: the matrix of the other rule, which leads to the very same equilibrium, must fail.

What you see. On the left the energy in excess, on the right the total variation, half the sum of |p
- π|. The points leave the start on a curve, while the faster modes die, and settle on the dashed
line of the slowest; the slopes are the same in both panels. Metropolis with any level has the gap
0.198 and τ = 4.5 sweeps, with neighbours 0.124 and 7.6; Glauber 5.9 and 10.6. A thousandth is left
after ln(1000) τ = 31 sweeps, a millionth after 63.

The misconception. "The more moves are accepted, the faster a simulation is." At equilibrium at t =
1 neighbours are accepted 37 times in a hundred, and any levels 17 times; yet the latter relax in
4.5 sweeps and the former in 7.6: a short step leads nowhere far. "Error bars fall as 1/√(number of
measurements)." A particle remembers its level for about τ sweeps, and the error of its mean energy
is up to √(2τ) times as large as that formula says. "A sweep is a time." It is one attempt by each
particle, and Metropolis's rule an algorithm. Rules that balance i → j with j → i share an
equilibrium, not the way to it; how fast nature goes, rates per second say (exercise 2).

Answers. To what was to be predicted:

1. Neighbours, 37 times in a hundred, and any levels 17 times: a neighbour is a small step.
2. Any level: τ is 4.5 sweeps, and 7.6 with neighbours. To be accepted is not to get far.
3. [a thousandth: about 31; a millionth: about 63] ln(1000) τ with τ = -1/ln 0.802, and twice that.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. In a bath at t = 0.2, which is faster, any level or a neighbour, and why? Use the two formulas;
   then run it. (Neighbours: τ = 1.79 against 7.43. What is left to do is to reach the ground level:
   of any levels it is one offer in eight, of two neighbours the one below is one in two.)

       table = run("relaxation", temperature=0.2)

2. Two valleys with a barrier of 4 Δ between them: nature crosses it at a rate A exp(-4/t) [3]_, and
   Kramers [4]_ derived A from friction. For which chains does ln τ rise by 4 from t = 1/4 to 1/5?
   (Neighbours: by 3.98; by Glauber's rule 3.97, with 1.37 times the sweeps of Metropolis's at t =
   1. Not any level, 0.01: it leaps over the barrier. Yet all have one equilibrium.)

       valleys = [0, 1, 2, 3, 4, 3, 2, 1, 0]
       for way in ("neighbour metropolis", "neighbour glauber", "uniform metropolis"):
           for t in (1, 1 / 4, 1 / 5):
               chain = bz.transition_matrix(valleys, t, *way.split())
               print(way, t, -1 / np.log(np.sort(np.abs(np.linalg.eigvals(chain)))[-2]))

3. Follow one particle for 100,000 sweeps. By how much is the plain error, std/√n, too small? (Any
   level 2.7 times, neighbours 3.4 times.)

       gas = bz.Ensemble(bz.ladder(8), 1.0, particles=1, proposal="uniform", start="exact", seed=1)
       energy = gas.run(100_000).energy
       print(energy.std() / np.sqrt(energy.size), bz.statistics.error_of_mean(energy))
       print(exercises.question("error_bar"))  # exercises.check("error_bar", answer)

References
----------
.. [1] J. S. Liu, Stat. Comput. 6, 113 (1996).
.. [2] W. Feller, An Introduction to Probability Theory and Its Applications, vol. I, 3rd ed., ch.
   XVI (1968).
.. [3] S. Arrhenius, Z. Phys. Chem. 4, 226 (1889).
.. [4] H. A. Kramers, Physica 7, 284 (1940).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit
from experiments.drawings.relaxation import draw_falls, name_axes, name_lines
from experiments.runner.table import Table, Verdict, agrees, differs, fits, worst_of
from experiments.shared.decay import SlowestMode, measured_rate

CHAPTER = 40
FINDING = "The gap 1 − λ₂ of the chain sets how fast a hot gas cools"
OTHER_RULE = {"metropolis": "glauber", "glauber": "metropolis", "heat-bath": "metropolis"}
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
    looks: int = 25  # at each gas, evenly spaced in time
    duration: float = 12.0  # how long each gas is watched, in relaxation times
    seed: int = 2026


QUICK = Config(moved=100_000, counted=10**10, looks=13)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Drop a hot gas into the bath under each dynamics, beside the exact transient."""
    rows = []
    for number, (proposal, rule) in enumerate(config.dynamics):
        rows += _cooled(config, proposal, rule, config.seed + 2 * number)
        progress((number + 1) / len(config.dynamics))
    return Table.of_rows(rows)


def _cooled(config: Config, proposal: str, rule: str, seed: int) -> list[dict[str, Any]]:
    """Return the rows of one dynamics: every level at every recorded sweep."""
    levels, t = bz.ladder(config.levels), config.temperature
    start, equilibrium = bz.probabilities(levels, [np.inf, t])
    chain = bz.transition_matrix(levels, t, proposal, rule)
    other = bz.transition_matrix(levels, t, proposal, OTHER_RULE[rule])
    slowest = SlowestMode.of(chain, start, equilibrium)
    sweeps = slowest.recorded_sweeps(config.duration, config.looks)

    laws, others = (
        [start @ np.linalg.matrix_power(matrix, k) for k in sweeps] for matrix in (chain, other)
    )
    seen = []
    engines = (("particles", config.moved), ("counts", config.counted))

    for stream, (engine, particles) in enumerate(engines):
        options = {"proposal": proposal, "rule": rule, "engine": engine, "seed": seed + stream}
        gas = bz.Ensemble(levels, t, particles, **options)
        hot = gas.counts
        run = gas.run(sweeps[-1], every=1, progress=False)
        seen.append(np.vstack((hot, run.counts))[sweeps])  # (sweeps, levels)

    return [
        {
            "proposal": proposal,
            "rule": rule,
            "temperature": t,
            "sweep": sweep,
            "energy": levels.energies[level],
            "equilibrium": equilibrium[level],
            "law": laws[k][level],
            "law_other_rule": others[k][level],
            "moved": seen[0][k, level],
            "counted": seen[1][k, level],
            "second_eigenvalue": slowest.second,
            "slowest_mode": slowest.mode[level],
            "slowest_excess": slowest.excess[level],
        }
        for k, sweep in enumerate(sweeps)
        for level in range(len(levels))
    ]


def verdicts(table: Table) -> list[Verdict]:
    """Hold both gases against the exact transient, and the rates against the eigenvalues."""
    dynamics = [rows for _, rows in table.groups("proposal", "rule")]
    moved, counted = (_fits(table, counts, "law") for counts in ("moved", "counted"))
    bathed = table.where(proposal="uniform", rule="heat-bath", sweep=1)
    forgotten = [p for counts in ("moved", "counted") for p in _fits(bathed, counts, "equilibrium")]
    wrong = [worst_of(_fits(rows, "counted", "law_other_rule")) for rows in dynamics]
    bath = "the heat bath is at equilibrium after one sweep"
    return [
        fits("moved", "particles moved one by one follow p₀ P^k", moved, "looks"),
        fits("counted", "particles that are only counted follow p₀ P^k", counted, "looks"),
        fits("heat_bath", bath, forgotten, "gases"),
        *_rates(table),
        *_formulas(table),
        differs("control", "control: the matrix of the other rule is caught", wrong, "dynamics"),
    ]


def _fits(rows: Table, counts: str, law: str) -> list[float]:
    """Return the p-value of each recorded sweep; those of one gas are not independent."""
    recorded = [part for _, part in rows.groups("proposal", "rule", "sweep")]
    return [goodness_of_fit(part[counts], part[law]).p_value for part in recorded]


def _rates(table: Table) -> list[Verdict]:
    """Hold the measured decay of the slowest modes against λ₂."""
    exact, rates, made = {}, {}, []
    for (proposal, rule), rows in table.groups("proposal", "rule"):
        second = rows["second_eigenvalue"][0]
        if second > 0:
            expected = exact[proposal, rule] = -np.log(second)
            rate, error = rates[proposal, rule] = measured_rate(rows)
            claim = f"decay of the slowest mode per sweep: {proposal}, {WRITTEN[rule]}"
            key, reason = f"decay_{proposal}_{rule}", "−ln λ₂, 5 standard errors"
            made.append(agrees(key, claim, rate, expected, 5 * error, reason))

    walk, leap = ("neighbour", "metropolis"), ("uniform", "metropolis")
    (fast, fast_error), (slow, slow_error) = rates[leap], rates[walk]
    ratio, expected = fast / slow, exact[leap] / exact[walk]
    error = ratio * np.hypot(fast_error / fast, slow_error / slow)
    claim = "Metropolis: τ of neighbours / τ of uniform"
    return [*made, agrees("ratio", claim, ratio, expected, 5 * error, "5 standard errors")]


def _formulas(table: Table) -> list[Verdict]:
    """Hold λ₂ of Metropolis's rule against closed formulas."""
    first = table.where(rule="metropolis", sweep=0)
    leap, walk = (first.where(proposal=name) for name in ("uniform", "neighbour"))
    count, r = len(leap), np.exp(-(leap["energy"][1] - leap["energy"][0]) / leap["temperature"][0])
    leaps = 1 - 1 / (count * leap["equilibrium"][0])
    walks = (1 - r) / 2 + np.sqrt(r) * np.cos(np.pi / count)
    digits = (1e-9, "ten digits are kept")
    uniform = "Metropolis, uniform: λ₂ = 1 − 1/(K π₀)"
    neighbours = "Metropolis, neighbours: λ₂ = (1 − r)/2 + √r cos(π/K)"
    return [
        agrees("uniform_formula", uniform, leap["second_eigenvalue"][0], leaps, *digits),
        agrees("neighbour_formula", neighbours, walk["second_eigenvalue"][0], walks, *digits),
    ]


def draw(table: Table) -> Figure:
    """Draw the excess energy of particles that move, and the total variation of those counted."""
    figure = plots.figure(FINDING)
    left, right = figure.subplots(1, 2, sharex=True)
    draw_falls(left, right, table, WRITTEN)
    first = next(rows for _, rows in table.groups("proposal", "rule", "sweep"))
    energy, variation = "energy above equilibrium (units of Δ)", "total variation from equilibrium"
    name_axes(left, first["moved"].sum(), "moved one by one", energy, (5e-4, 9))
    name_axes(right, first["counted"].sum(), "only counted", variation, (1e-5, 4))
    name_lines(figure)
    return figure
