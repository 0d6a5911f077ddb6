"""Do particles that only compare two energies at a time end up where Boltzmann's law says, in every system?

Objective. You can write Metropolis's rule down, hold its counts against Boltzmann's law with error
bars that are honest, and read a temperature off two counts.

What you need to know. The lesson `limits`: what tempering does. A system has levels; level i has an
energy E_i, and g_i states share it (its degeneracy; 1 if nothing is said). Particles sit in states
and exchange energy with a bath at temperature t. Energies and temperatures share one unit, Δ, so
that Boltzmann's constant is 1. Boltzmann's law says that a level holds the fraction g exp(-E/t) / Z
of all particles, where Z, the sum of g exp(-E/t) over all levels, makes the fractions add up to 1.

Minutes. 30

Predict first. Two levels lie 1.8 Δ apart: what fraction is on the upper one at t = 0.7 Δ? A rotor
has g = 2J + 1 states at the energy 0.1 J (J + 1) Δ, J = 0, 1, 2, …: at t = 0.4 Δ, which level holds
most? On a logarithmic axis, how does the line of an oscillator (g = 1) change when t is doubled? A
pull is (measured - expected) / error: of 184 honest pulls, how many lie outside ±2?

Run. Some seconds:

    python -m experiments occupancy

What the law predicts. The fractions of an oscillator's levels lie on a straight line of slope -1/t
on a logarithmic axis, the same slope in every system, except where g bends the line: in the rotor,
2J + 1 states share a level. The particles know none of this. Each is offered a level j, any with
equal chance, and takes it with the probability min(1, (g_j/g_i) exp(-(E_j - E_i)/t)), by
Metropolis's rule [1]_. It sees one energy difference; Z never occurs.

What would refute it. Counts that fit the law worse than one time in a million, or pulls that
scatter more (or less) than standard normal numbers do. The error bars are honest because every
particle is counted once, after so many sweeps (in a sweep each particle is offered one level) that
the slowest memory of the start has shrunk below 1e-9. Two controls show that a deviation would be
seen: a law 2 % too hot, and a rotor whose degeneracies are forgotten.

What you see. One colour has one slope in all six panels. Of the two levels the upper one holds
0.071 at t = 0.7. The rotor's line has a bend: at t = 0.4, 0.230 of it are on J = 0 and 0.418 on J =
1. At t = 0.4 points follow the lines down to one particle in a million. The pulls below fill the
band from -3 to 3 and show no trend: a wrong temperature would tilt them, a wrong degeneracy would
bend them. The dotted line is the rotor at t = 2 if each level were one state; the points do not
follow it.

The misconception. "The particles must know the law, or Z at least, to obey it." None does. A
particle knows the two energies between which it chooses, and forgets them. That as many particles
go from i to j as come back, for every pair of levels, fixes the ratio of their counts per state at
exp(-(E_j - E_i)/t), and ratios of all pairs fix the whole law. (One normal number in twenty-two
lies outside ±2. Here it is 6 of the 184 pulls, where 8 were to be expected; if none did, that would
be suspect.)

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The fraction on the upper of two levels is 1/(1 + exp(Δ/t)). Compute it for a gap of 1.8 at t =
   0.7. It is 0.071.

       print(bz.probabilities(bz.two_level(1.8), 0.7))
       print(exercises.question("three_levels"))  # exercises.check("three_levels", answer)

2. At which t does the rotor hold as many particles on J = 0 as on J = 1? Solve 3 exp(-0.2/t) = 1; t
   = 0.182. Check with `bz.probabilities(bz.rigid_rotor(9, constant=0.1), t)`.

       print(exercises.question("degeneracies"))  # exercises.check("degeneracies", answer)

3. Read the temperature off two counts n₀ and n₁ of the oscillator, whose levels are 0.5 apart: t =
   0.5 / ln(n₀/n₁), with an error of t²/0.5 √(1/n₀ + 1/n₁). How many errors from the truth is it?

       gas = bz.Ensemble(bz.harmonic_oscillator(10, quantum=0.5), temperature=0.7,
       particles=500_000, seed=1) gas.run(sweeps=100) print(gas.counts)
       print(exercises.question("inversion"))  # exercises.check("inversion", answer)

4. A control 1 % too hot instead of 2 % takes more particles, and the experiment sees to it by
   itself. How many times as many? Predict it from the error of a mean, then compare
   `table["simulated"].sum()` with that of the committed figure, 25 million. (Four times: what is to
   be seen is half as large, and errors fall as 1/√N.)

       table = run("occupancy", control=1.01)
       print(table["simulated"].sum())

5. Write the rule yourself, in ten lines of NumPy, for 100,000 particles on the rotor's levels at t
   = 1: offered levels, ratio, comparison, 200 sweeps. Hold `np.bincount` of the levels against
   `bz.probabilities` with `bz.statistics.goodness_of_fit`. Then leave g_j/g_i out: the p-value
   falls from something ordinary to 0.

       print(exercises.question("own_acceptance"))  # exercises.check("own_acceptance", accept)
       print(exercises.question("forgotten_degeneracy"))  # exercises.check("forgotten_degeneracy",
       answer)

References
----------
.. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import chi2

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit, kullback_leibler, pulls
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.decay import second_eigenvalue
from experiments.shared.gas import chance_of_missing

CHAPTER = 3
FINDING = "Six systems, four temperatures, one law: every state is filled as exp(−E/t)"
FALSE_ALARM = 1e-6
LEAST = 25  # a count that expects fewer is too skewed (by more than 1/5) for its pull to be a normal number
ROTOR = "rigid rotor: 2J + 1 states a level"


@dataclass(frozen=True)
class Config:
    """The full experiment. Energies and temperatures share the unit Δ."""

    systems: tuple[tuple[str, bz.EnergyLevels], ...] = (
        ("two levels", bz.two_level(1.8)),
        ("harmonic oscillator", bz.harmonic_oscillator(10, quantum=0.5)),
        ("gas column under gravity", bz.column(10, height=6.0)),
        (ROTOR, bz.rigid_rotor(9, constant=0.1)),
        ("particle in a box", bz.particle_in_box(8, ground=0.1)),
        ("random levels", bz.random_levels(10, spread=2.0, seed=22)),
    )
    temperatures: tuple[float, ...] = (0.4, 0.7, 1.2, 2.0)
    remainder: float = (
        1e-9  # how far the slowest mode of the chain shrinks before the particles are counted
    )
    control: float = 1.02  # how much too hot the control's law is
    # By how much the control displaces the statistic G. With up to nine degrees of freedom, 200 is
    # missed less than once in 10¹² even at the threshold that 24 panels share.
    displacement: float = 200.0
    seed: int = 2026


QUICK = Config(control=1.1)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Let every system forget its start at every temperature, and count the particles once."""
    panels = [(name, levels, t) for name, levels in config.systems for t in config.temperatures]
    rows = []
    for done, (name, levels, t) in enumerate(panels):
        law, too_hot = bz.probabilities(levels, [t, config.control * t])
        particles = _enough(law, too_hot, config.displacement)
        second, _ = second_eigenvalue(bz.transition_matrix(levels, t))
        sweeps = int(np.ceil(np.log(config.remainder) / np.log(second)))
        gas = bz.Ensemble(levels, t, particles, seed=config.seed + done)
        gas.run(sweeps, every=sweeps, progress=False)
        rows += [
            {
                "system": name,
                "temperature": t,
                "level": k,
                "energy": levels.energies[k] - levels.energies.min(),
                "degeneracy": levels.degeneracies[k],
                "sweeps": sweeps,
                "second_eigenvalue": second,
                "law": law[k],
                "law_too_hot": too_hot[k],
                "simulated": gas.counts[k],
            }
            for k in range(len(levels))
        ]
        progress((done + 1) / len(panels))
    return Table.of_rows(rows)


def _enough(law: np.ndarray, wrong: np.ndarray, displacement: float) -> int:
    """Return so many particles, in thousands, that 2 N KL(law‖wrong) reaches `displacement`."""
    return 1000 * int(np.ceil(displacement / (2000 * kullback_leibler(law, wrong))))


def verdicts(table: Table) -> list[Verdict]:
    """Judge by the worst of all panels, its p-value multiplied by their number."""
    panels = [panel for _, panel in table.groups("system", "temperature")]
    rotors = [panel for panel in panels if np.any(panel["degeneracy"] > 1)]
    count = len(panels)

    def judged(panel: Table, law: np.ndarray) -> float:
        return goodness_of_fit(panel["simulated"], law / law.sum(), minimum=LEAST).p_value

    seen = [panel for panel in panels if _missed(panel, count) < FALSE_ALARM]
    too_hot = [judged(panel, panel["law_too_hot"]) for panel in seen]
    undivided = [judged(panel, panel["law"] / panel["degeneracy"]) for panel in rotors]
    start = max(
        panel["simulated"].sum() * panel["second_eigenvalue"][0] ** panel["sweeps"][0]
        for panel in panels
    )
    return [
        agrees(
            "start",
            "particles that still know where they began",
            start,
            0.0,
            0.01,
            "N λ₂^sweeps, the largest",
        ),
        fits(
            "law",
            "every gas fills its levels as Boltzmann's law says",
            [judged(panel, panel["law"]) for panel in panels],
            "panels",
        ),
        _pulls_are_normal(panels),
        differs(
            "too_hot",
            "control: a law that is too hot is caught",
            too_hot or 1.0,
            f"panels, those of {count} in which its power is above 1 − 1e-6",
        ),
        differs(
            "forgotten_degeneracies",
            "control: a rotor without its degeneracies is caught",
            undivided or 1.0,
            "panels",
        ),
    ]


def _missed(panel: Table, count: int) -> float:
    """Return the probability that a gas at the panel's temperature passes for one that obeys `law_too_hot`."""
    return chance_of_missing(
        panel["simulated"], panel["law"], panel["law_too_hot"], FALSE_ALARM / count, LEAST
    )


def _pulls_are_normal(panels: list[Table]) -> Verdict:
    """Hold Σ (1 - p) pull², which is Pearson's statistic, of all panels together against chi-square."""
    judged = [
        goodness_of_fit(panel["simulated"], panel["law"], statistic="pearson", minimum=LEAST)
        for panel in panels
    ]
    total, freedom = sum(f.statistic for f in judged), sum(f.degrees_of_freedom for f in judged)
    both_sides = 2 * min(chi2.sf(total, freedom), chi2.cdf(total, freedom))
    claim = "all pulls together scatter as standard normal numbers"
    return fits(
        "pulls",
        claim,
        both_sides,
        f"χ² = {total:.1f} for {freedom} degrees of freedom, either side",
    )


def draw(table: Table) -> Figure:
    """Draw a panel for each system, its pulls below it, and a colour for each temperature."""
    figure = plots.figure(FINDING)
    systems = list(dict.fromkeys(table["system"].tolist()))
    rows, columns = -(-len(systems) // 3), min(len(systems), 3)
    grid = figure.subplots(
        2 * rows, columns, sharex=True, sharey="row", height_ratios=[3, 1] * rows, squeeze=False
    )
    for unused in (*grid[::2].flat[len(systems) :], *grid[1::2].flat[len(systems) :]):
        unused.set_axis_off()
    for occupancy, below, name in zip(grid[::2].flat, grid[1::2].flat, systems, strict=False):
        _draw_system(occupancy, below, table.where(system=name))
        occupancy.set_title(name)
        occupancy.set_yscale("log")
        occupancy.set_ylim(4e-7, 2)
        occupancy.set_yticks([1e-6, 1e-4, 1e-2, 1])
        below.set_ylim(-4.5, 4.5)
        below.set_yticks([-3, 0, 3])
    for axes, name in zip(grid[:, 0], ("fraction of\nparticles", "pull") * rows, strict=True):
        axes.set_ylabel(name)
    grid[-1, (len(systems) - 1) % 3 // 2].set_xlabel("energy above the lowest level (units of Δ)")
    _name_temperatures(grid[0, 0], table)
    plots.law(grid[0, 0], [], [], label="law: g exp(−E/t) / Z")
    plots.law(grid[0, 0], [], [], linestyle=":", label="if each level were one state")
    plots.simulation(grid[0, 0], [], [], [], color=plots.BLACK, label="simulation: Metropolis gas")
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _name_temperatures(axes: Axes, table: Table) -> None:
    """Write the temperatures in their colours where the two-level system leaves room."""
    temperatures = list(dict.fromkeys(table["temperature"].tolist()))
    look = {"ha": "right", "fontweight": "bold", "transform": axes.transAxes}
    for row, (t, colour) in enumerate(
        zip(temperatures, plots.cold_to_hot(len(temperatures)), strict=True)
    ):
        axes.text(0.97, 0.1 + 0.2 * row, f"t = {t:g} Δ", color=colour, **look)


def _draw_system(occupancy: Axes, below: Axes, rows: Table) -> None:
    """Draw law, gas and pulls at every temperature of one system."""
    panels = [panel for _, panel in rows.groups("temperature")]
    below.axhspan(-3, 3, color=plots.GREY, alpha=0.2, linewidth=0)
    below.axhline(0, color=plots.GREY, linewidth=1)
    for rank, (panel, colour) in enumerate(
        zip(panels, plots.cold_to_hot(len(panels)), strict=True)
    ):
        energy, law, total = panel["energy"], panel["law"], panel["simulated"].sum()
        look = {"color": colour, "marker": plots.MARKERS[rank % len(plots.MARKERS)], "capsize": 3}
        plots.law(occupancy, energy, law, color=colour)
        seen = panel["simulated"] > 0
        fraction = panel["simulated"][seen] / total
        error = np.sqrt(fraction * (1 - fraction) / total)
        # On a logarithmic axis a bar that reaches below zero has no end.
        bars = [np.minimum(error, 0.9 * fraction), error]
        plots.simulation(occupancy, energy[seen], fraction, bars, markersize=7, **look)
        tested = total * law >= LEAST
        pull = pulls(panel["simulated"] / total, law, np.sqrt(law * (1 - law) / total))
        aside = 0.07 * (
            rank - (len(panels) - 1) / 2
        )  # so that the pulls of one level do not hide each other
        plots.simulation(below, energy[tested] + aside, pull[tested], markersize=5, **look)
    if np.any(panel["degeneracy"] > 1):
        wrong = panel["law"] / panel["degeneracy"]
        plots.law(occupancy, energy, wrong / wrong.sum(), color=colour, linestyle=":")
