"""Do particles that only compare two energies at a time obey Boltzmann's law in every system?

Objective. You can write Metropolis's rule down, hold its counts against Boltzmann's law with error
bars that are honest, and read a temperature off two counts.

What you need to know. The lesson `limits`: what tempering does. A system has levels; level i has an
energy E_i, and g_i states share it (its degeneracy; 1 if nothing is said). Particles sit in states
and exchange energy with a bath at temperature t; energies and temperatures share one unit, Δ.
Boltzmann's law: a level holds the fraction g exp(-E/t) / Z of all particles, where Z, the sum of g
exp(-E/t) over all levels, makes the fractions add up to 1.

Minutes. 30

Predict first. Two levels lie 1.8 Δ apart: what fraction is on the upper one at t = 0.7 Δ? A rotor
has g = 2J + 1 states at the energy 0.1 J (J + 1) Δ, J = 0, 1, 2, …: at t = 0.4 Δ, which level holds
most? On a logarithmic axis, how does the line of an oscillator (g = 1) change when t is doubled? A
pull is (measured - expected) / error: of 184 honest pulls, how many lie outside ±2?

Run. Some seconds:

    python -m experiments occupancy

What the law predicts. The fractions of an oscillator's levels lie on a straight line of slope -1/t
on a logarithmic axis, the same slope in every system, except where g bends the line, as in the
rotor. The particles know none of this. Each is offered a level j, any with equal chance, and takes
it with the probability min(1, (g_j/g_i) exp(-(E_j - E_i)/t)), by Metropolis's rule [1]_. It sees
one energy difference; Z never occurs.

What would refute it. Counts that fit the law worse than one time in a million, or pulls that
scatter more (or less) than standard normal numbers do. The error bars are honest because every
particle is counted once, after so many sweeps (a sweep offers each particle one level, and is no
time of nature) that the slowest memory of the start has shrunk below 1e-9. Two controls show that a
deviation would be seen: a law 2 % too hot, and a rotor whose degeneracies are forgotten.

What you see. One colour has one slope in all six panels. Of the two levels the upper one holds
0.071 at t = 0.7. The rotor's line has a bend: at t = 0.4, 0.230 of it are on J = 0 and 0.418 on J =
1. The pulls below fill the band from -3 to 3 and show no trend: a wrong temperature would tilt
them, a wrong degeneracy would bend them.

The misconception. "The particles must know the law, or Z at least, to obey it." None does. That as
many particles go from i to j as come back, for every pair of levels, fixes the ratio of their
counts per state, and ratios of all pairs fix the whole law. (One normal number in twenty-two lies
outside ±2. Here it is 6 of the 184 pulls, where 8 were to be expected; if none did, that would be
suspect.)

Answers. To what was to be predicted:

1. [0.071] It is 1/(1 + exp(1.8/0.7)).
2. [J: 1] Its three states outweigh what it costs: 3 exp(-1/2) = 1.8, against 1 for J = 0.
3. It stays straight, and is half as steep.
4. [about 8] A twentieth, 4.6 %; give or take three.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The fraction on the upper of two levels is 1/(1 + exp(Δ/t)): 0.071 for a gap of 1.8 at t = 0.7.

       print(bz.probabilities(bz.two_level(1.8), 0.7))
       print(exercises.question("three_levels"))  # exercises.check("three_levels", answer)

2. At which t does the rotor hold as many particles on J = 0 as on J = 1? Solve 3 exp(-0.2/t) = 1.
   (0.182. Check with `bz.probabilities(bz.rigid_rotor(9, constant=0.1), t)`.)

       print(exercises.question("degeneracies"))  # exercises.check("degeneracies", answer)

3. Read the temperature off two counts n₀ and n₁ of the oscillator, whose levels are 0.5 apart: t =
   0.5 / ln(n₀/n₁), with an error of t²/0.5 √(1/n₀ + 1/n₁). How many errors from the truth is it?

       levels = bz.harmonic_oscillator(10, quantum=0.5)
       gas = bz.Ensemble(levels, temperature=0.7, particles=500_000, seed=1)
       gas.run(sweeps=100)
       print(gas.counts)
       print(exercises.question("inversion"))  # exercises.check("inversion", answer)

4. A control 1 % too hot takes more particles than one of 2 %, and the experiment sees to it by
   itself. How many times as many? (Four times that of the committed figure, 25 million: what is to
   be seen is half as large, and errors fall as 1/√N.)

       table = run("occupancy", control=1.01)
       print(table["simulated"].sum())

5. Write the rule yourself, in ten lines of NumPy, for 100,000 particles on the rotor's levels at t
   = 1, and hold them to the law with `bz.statistics.goodness_of_fit`. Then leave g_j/g_i out: the
   p-value falls from something ordinary to 0.

       print(exercises.question("own_acceptance"))  # exercises.check("own_acceptance", accept)
       print(exercises.question("forgotten_degeneracy"))
       # exercises.check("forgotten_degeneracy", answer)

References
----------
.. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy.special import chdtr, chdtrc

import boltzmann as bz
from boltzmann import plots
from boltzmann.statistics import goodness_of_fit, kullback_leibler
from experiments.drawings.occupancy import draw_pulls, draw_system, name_lines, panels_of
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.decay import second_eigenvalue
from experiments.shared.gas import chance_of_missing

CHAPTER = 30
FINDING = "Six systems, four temperatures, one law: every state is filled as exp(−E/t)"
FALSE_ALARM = 1e-6
LEAST = 25  # with fewer expected, a count is too skewed (over 1/5) for its pull to be normal
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
    remainder: float = 1e-9  # of the slowest mode of the chain when the particles are counted
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
    """Return as many thousands of particles as 2 N KL(law‖wrong) = `displacement` takes."""
    return 1000 * int(np.ceil(displacement / (2000 * kullback_leibler(law, wrong))))


def verdicts(table: Table) -> list[Verdict]:
    """Judge by the worst of all panels, its p-value multiplied by their number."""
    panels = [panel for _, panel in table.groups("system", "temperature")]
    rotors = [panel for panel in panels if np.any(panel["degeneracy"] > 1)]
    count = len(panels)
    start = max(
        panel["simulated"].sum() * panel["second_eigenvalue"][0] ** panel["sweeps"][0]
        for panel in panels
    )
    law = [_fit(panel, panel["law"]) for panel in panels]
    seen = [panel for panel in panels if _missed(panel, count) < FALSE_ALARM]
    too_hot = [_fit(panel, panel["law_too_hot"]) for panel in seen]
    undivided = [_fit(panel, panel["law"] / panel["degeneracy"]) for panel in rotors]

    still, largest = "particles that still know where they began", "N λ₂^sweeps, the largest"
    every = "every gas fills its levels as Boltzmann's law says"
    hot = "control: a law that is too hot is caught"
    powerful = f"panels, those of {count} in which its power is above 1 − 1e-6"
    forgotten = "control: a rotor without its degeneracies is caught"
    return [
        agrees("start", still, start, 0.0, 0.01, largest),
        fits("law", every, law, "panels"),
        _pulls_are_normal(panels),
        differs("too_hot", hot, too_hot or 1.0, powerful),
        differs("forgotten_degeneracies", forgotten, undivided or 1.0, "panels"),
    ]


def _fit(panel: Table, law: np.ndarray) -> float:
    return goodness_of_fit(panel["simulated"], law / law.sum(), minimum=LEAST).p_value


def _missed(panel: Table, count: int) -> float:
    """Return the probability that a gas at t passes for one that obeys `law_too_hot`."""
    law, too_hot = panel["law"], panel["law_too_hot"]
    return chance_of_missing(panel["simulated"], law, too_hot, FALSE_ALARM / count, LEAST)


def _pulls_are_normal(panels: list[Table]) -> Verdict:
    """Hold Σ (1 - p) pull², which is Pearson's statistic, of all panels against chi-square."""
    judged = [
        goodness_of_fit(panel["simulated"], panel["law"], statistic="pearson", minimum=LEAST)
        for panel in panels
    ]
    total, freedom = sum(f.statistic for f in judged), sum(f.degrees_of_freedom for f in judged)
    both_sides = 2 * min(chdtrc(freedom, total), chdtr(freedom, total))
    claim = "all pulls together scatter as standard normal numbers"
    of = f"χ² = {total:.1f} for {freedom} degrees of freedom, either side"
    return fits("pulls", claim, both_sides, of)


def draw(table: Table) -> Figure:
    """Draw a panel for each system, its pulls below it, and a colour for each temperature."""
    figure = plots.figure(FINDING)
    systems = list(dict.fromkeys(table["system"].tolist()))
    occupancies, below = panels_of(figure, len(systems))
    for axes, pulls, name in zip(occupancies, below, systems, strict=True):
        rows = table.where(system=name)
        draw_system(axes, rows, name)
        draw_pulls(pulls, rows, LEAST)
    name_lines(figure, occupancies[0], table)
    return figure
