"""Is the entropy of a distribution the entropy that a thermometer and a calorimeter measure?

Objective. You can compute an entropy in two ways that share nothing, and say what a peak in a heat
capacity means.

What you need to know. The lesson `occupancy`: levels, degeneracies, the law. The entropy of a
distribution is S = -Σ p ln p over its states, in nats; n equally likely states have ln n. Heat Q is
energy from the bath. The heat capacity C is the heat for one more degree, dU/dt, U being the mean
energy. Temperatures are in units of the lowest gap, Δ.

Minutes. 40

Predict first. Three systems: 1+1 states (a ground state, and one at Δ), 1+3 states (three at Δ),
and 2+3+1 states (two ground states, three at Δ, one at 3 Δ). What is S of each at t = ∞? What is it
at t = 0, and is it 0 for all? Half of all particles of the first system are excited at t = ∞: how
much heat did each take on the way from t = 0? At which t, about, does its heat capacity peak: 0.1,
0.4 or 2?

Run. Some seconds:

    python -m experiments entropy

What the law predicts. Clausius's entropy knows heat and temperature: warm a system slowly and add
up dQ/t. The other one, -Σ p ln p, knows only how spread out a distribution is. Boltzmann's law
makes them one, if the sum starts from ln g of the g ground states. And the heat capacity is what
the energy fluctuates by anyway, Var(E)/t²; of two levels it peaks at 0.416778 Δ [1]_ [2]_.

What would refute it. In 400 steps the bath of a cold gas gets warmer. The heat Q of each, in whole
quanta, times the mean of 1/t before and after, has to add up to -Σ p ln p of the law and of the gas
itself, and in the end to the logarithm of the number of states. Two controls must fail: a
thermometer 2 % off, and a -Σ p ln p that takes a level of several states for one.

What you see. Points on lines: entropy on the left, from heat alone; heat capacity on the right,
once from the spread of energies at one temperature and once from the heat between two. The
entropies end at ln 2 = 0.693, ln 4 = 1.386 and ln 6 = 1.792; the third starts at ln 2. The heat
capacities peak at 0.4168, 0.3515 and 0.4083 Δ; the second peak is 1.02 high and the first 0.44. A
half Δ of heat is all that the first system takes.

The misconception. "Entropy is disorder." It counts states. At t = 0 the third system has the
entropy ln 2, as nothing says which of its two ground states a particle is in; nothing is in
disorder. "The more heat a system takes, the more entropy it gains." It is heat over temperature:
the second system takes 0.75 Δ, one and a half times what the first takes, and gains twice the
entropy, for it takes it in the cold.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The entropies at both ends by hand, then by the law. At t = 0 and ∞ the third system has ln 2 and
   ln 6.

       print(bz.entropy(bz.EnergyLevels([0, 1, 3], degeneracies=[2, 3, 1]), [0, 1, np.inf]))

2. Where does C of two levels peak if the upper one has 10 states, and how high? Try values of t
   until you have two digits. (At t = 0.28, 2.18: more states above pull the peak down in t, and
   up.)

       print(bz.heat_capacity(bz.two_level(degeneracy=10), np.linspace(0.2, 0.5, 7)))
       print(exercises.question("schottky"))  # exercises.check("schottky", answer)

3. Divide each Q by the temperature of the bath that gave it. The sum falls short of ln 2, as
   Clausius's inequality says. By how much with 400 steps, and with 100? (0.0124 and 0.0492.)

       rows = run("entropy", steps=100).where(system="1+1 states")
       print(np.log(2) - (rows["heat"] * rows["coldness"]).sum() / 10**10)

4. The mean of 1/t before and after does better: compare `rows["calorimeter"][-1] - np.log(2)` for
   400 and for 100 steps. (5e-5 and 8e-4: by theory the squared step of 1/t times Var(E)/12 = 1/48.)

5. Show from p = exp(-E/t)/Z that dS/dt = C/t, and so dS = dQ/t. Start from S = U/t + ln Z.

References
----------
.. [1] W. Schottky, Phys. Z. 23, 448 (1922).
.. [2] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.9 (2011).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from experiments.drawings.entropy import draw_capacities, draw_entropies
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values
from experiments.shared.calorimeter import COLDEST_JUDGED, Warming, temperatures, warmed
from experiments.shared.peaks import fitted_peak, law_peak

CHAPTER = 80
FINDING = "The entropy −Σ p ln p is ∫ dQ/t, measured with a calorimeter"

SYSTEMS = {  # by how many states the levels have
    "1+1 states": bz.two_level(),
    "1+3 states": bz.two_level(degeneracy=3),
    "2+3+1 states": bz.EnergyLevels([0, 1, 3], degeneracies=[2, 3, 1]),
}
SCHOTTKY = {  # the temperature and the height of the peak of two levels [1]_ [2]_
    "1+1 states": (0.416778279800482, 0.439228839890645),
    "1+3 states": (0.351495212071545, 1.02349055438651),
}


@dataclass(frozen=True)
class Config:
    """The full experiment; energies and temperatures are in units of the lowest gap Δ."""

    # The bath's 1/t falls to 0 in equal steps; at first a share of e^-20 = 2e-9 is excited.
    coldest: float = 20.0  # 1/t in units of 1/Δ
    steps: int = 400
    particles: int = 10**10
    sweeps: int = 40  # a step; the start fades by 2/3 a sweep at least: 1e-7 of it is left
    misreading: float = 1.02  # the control's thermometer, over the true one
    seed: int = 2026


QUICK = Config(steps=200, particles=10**8, sweeps=30)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Warm each system from its ground state to t = ∞; keep heat, counts and what follows."""
    coldness = np.linspace(config.coldest, 0.0, config.steps + 1)
    parts = []
    for done, (name, levels) in enumerate(SYSTEMS.items()):
        options = {"engine": "counts", "start": "ground", "seed": config.seed + done}
        gas = bz.Ensemble(levels, 1 / config.coldest, config.particles, **options)
        parts.append(_columns(name, warmed(gas, coldness, config.sweeps), config.misreading))
        progress((done + 1) / len(SYSTEMS))
    return Table({column: np.concatenate([part[column] for part in parts]) for column in parts[0]})


def _columns(name: str, warming: Warming, misreading: float) -> dict[str, np.ndarray]:
    """Return the columns of one system, a row for each step."""
    levels, t = warming.levels, temperatures(warming.coldness)
    counts = np.zeros((t.size, 3), np.int64)
    counts[:, : len(levels)] = warming.counts
    entropy = warming.entropy()
    peak = law_peak(levels)

    return {
        "system": np.full(t.size, name),
        "coldness": warming.coldness,
        "temperature": t,
        "heat": warming.heat,
        "count0": counts[:, 0],
        "count1": counts[:, 1],
        "count2": counts[:, 2],
        "calorimeter": entropy,
        "calorimeter_error": np.sqrt(warming.entropy_noise()),
        "misread": entropy[0] + (entropy - entropy[0]) / misreading,
        "distribution": warming.mean(warming.surprise),
        "law_entropy": bz.entropy(levels, t),
        "fluctuations": warming.variance * warming.coldness**2,
        "fluctuations_error": np.sqrt(warming.noise(warming.excess_energy**2))
        * warming.coldness**2,
        "law_capacity": bz.heat_capacity(levels, t),
        "law_peak_temperature": np.full(t.size, peak),
        "law_peak_capacity": np.full(t.size, bz.heat_capacity(levels, peak)),
    }


def _read(rows: Table) -> Warming:
    """Return what was written down while the system of these rows was warmed."""
    levels = SYSTEMS[rows["system"][0]]
    counts = np.column_stack([rows[f"count{k}"] for k in range(len(levels))])
    return Warming(levels, rows["coldness"], rows["heat"], counts)


def verdicts(table: Table) -> list[Verdict]:
    """Hold heat against both entropies, fluctuations against both capacities, and the peaks."""
    systems = [(rows, _read(rows)) for _, rows in table.groups("system")]
    law, itself, misread, forgotten = [], [], [], []
    for rows, warming in systems:
        entropy, noise = rows["calorimeter"], warming.entropy_noise()
        beside = warming.entropy_noise(warming.surprise)
        law.append(warming.worst_pull(entropy - rows["law_entropy"], noise))
        itself.append(warming.worst_pull(entropy - rows["distribution"], beside))
        misread.append(warming.worst_pull(rows["misread"] - rows["law_entropy"], noise))
        if warming.levels.degeneracies.max() > 1:
            levels = replace(warming, levels=bz.EnergyLevels(warming.levels.energies))
            over_levels = levels.mean(levels.surprise)
            forgotten.append(warming.worst_pull(entropy - over_levels, noise))

    spread = [_spread_fit(rows) for rows, _ in systems]
    slope = [warming.slope_fit() for _, warming in systems]
    blind = "control: a level of several states taken for one is caught"

    return [
        fits("law", "∫ dQ/t is −Σ p ln p of the law", law, "systems"),
        fits("itself", "∫ dQ/t is −Σ p ln p of the gas itself", itself, "systems"),
        *(_third_law(rows, warming) for rows, warming in systems),
        fits("fluctuations", "Var(E)/t² is the law's heat capacity", spread, "systems"),
        fits("slope", "Var(E)/t² is dU/dt", slope, "systems"),
        *_peaks([rows for rows, _ in systems if rows["system"][0] in SCHOTTKY]),
        differs(
            "misread", "control: a thermometer that reads too much is caught", misread, "systems"
        ),
        differs("forgotten_states", blind, forgotten, "systems"),
    ]


def _third_law(rows: Table, warming: Warming) -> Verdict:
    """Hold the entropy taken up to t = ∞ against the logarithm of a ratio of numbers of states."""
    ratio = warming.levels.states / warming.levels.degeneracies[0]
    excess, error = warming.excess_entropy()[-1], rows["calorimeter_error"][-1]
    read = rows["calorimeter"][-1] - rows["calorimeter"][0] - excess
    reason = f"5 standard errors; h² Var(E)/12 = {excess:.1g} taken off for the steps"
    claim = f"{rows['system'][0]}: S(∞) − S(0) = ln {ratio:g}"
    return agrees(f"ln_{ratio:g}", claim, read, np.log(ratio), 5 * error, reason)


def _spread_fit(rows: Table) -> float:
    """Return how well the fluctuations fit the law: the steps are independent, errors normal."""
    judged = (rows["coldness"] <= COLDEST_JUDGED) & (rows["coldness"] > 0)
    off = (rows["fluctuations"] - rows["law_capacity"])[judged] / rows["fluctuations_error"][judged]
    return p_values.of_squares(off)


def _peaks(systems: list[Table]) -> list[Verdict]:
    """Hold the peaks of law and gas against Schottky's; the fit is tried on the law's curve too."""
    off, found = [], []
    for rows in systems:
        name = rows["system"][0]
        at, high = SCHOTTKY[name]
        off += [rows["law_peak_temperature"][0] - at, rows["law_peak_capacity"][0] - high]
        measured, error = rows["fluctuations"], rows["fluctuations_error"]
        error = np.divide(error, measured, out=np.ones_like(error), where=measured > 0)
        t, t_error = fitted_peak(rows["temperature"], measured, error)
        shape = abs(fitted_peak(rows["temperature"], rows["law_capacity"], error)[0] - at)
        reason = f"5 standard errors of {t_error:.1g} and the shape of the fit"
        claim, tolerance = f"{name}: peak of Var(E)/t² at t/Δ", 5 * t_error + shape
        found.append(agrees(f"peak_{name[:3]}", claim, t, at, tolerance, reason))
    claim, digits = "the law's own peaks, off Schottky's by", "the table's ten digits"
    return [agrees("law_peaks", claim, np.abs(off).max(), 0.0, 1e-9, digits), *found]


def draw(table: Table) -> Figure:
    """Draw entropy and heat capacity against temperature."""
    figure = plots.figure(FINDING)
    left, right = figure.subplots(1, 2)
    draw_entropies(left, table, SYSTEMS)
    warmings = {name: _read(rows) for (name,), rows in table.groups("system")}
    draw_capacities(right, table, warmings)
    return figure
