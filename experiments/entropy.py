"""Is the entropy of a distribution the entropy that a thermometer and a calorimeter measure?

Objective. You can compute an entropy in two ways that share nothing, and say what a peak in a heat
capacity means.

What you need to know. The lesson `occupancy`: levels, degeneracies, the law. The entropy of a
distribution is S = -Σ p ln p over its states, in nats; n equally likely states have ln n. Heat Q is
energy that comes from the bath. The heat capacity C is the heat for one more degree, dU/dt, with U
the mean energy. Temperatures are in units of the lowest gap, Δ.

Minutes. 40

Predict first. Three systems: 1+1 states (a ground state, and one at Δ), 1+3 states (three at Δ),
and 2+3+1 states (two ground states, three at Δ, one at 3 Δ). What is S of each at t = ∞? What is it
at t = 0, and is it 0 for all? Half of all particles of the first system are excited at t = ∞: how
much heat did each take on the way from t = 0? At which t, about, does its heat capacity peak: 0.1,
0.4 or 2?

Run. Some seconds:

    python -m experiments entropy

What the law predicts. Clausius's entropy knows heat and temperature: warm a system slowly and add
up dQ/t. The other entropy, -Σ p ln p over the states, knows only how spread out a distribution is.
Boltzmann's law makes them one, if the sum starts from ln g of the g ground states. And the heat
capacity is what the energy fluctuates by anyway: Var(E)/t². For two levels a gap Δ apart it peaks
at 0.416778 Δ [1]_ [2]_.

What would refute it. The gas starts cold, and each of 400 steps takes its bath a little up. The
heat Q that it draws, in whole quanta, is multiplied by the mean of 1/t before and after, and added
up. The sum has to agree with -Σ p ln p of the law and of the gas itself, and to end at the
logarithm of the number of states. Two controls must fail: a thermometer 2 % off, and a -Σ p ln p
that takes a level of several states for one.

What you see. Points on lines: entropy on the left, from heat alone; heat capacity on the right,
once from the spread of energies at one temperature and once from the heat between two. The
entropies end at ln 2 = 0.693, ln 4 = 1.386 and ln 6 = 1.792; the third starts at ln 2. The heat
capacities peak at 0.4168, 0.3515 and 0.4083 Δ, where one more degree takes most heat; the second
peak is 1.02 high and the first 0.44. A half Δ of heat is all that the first system takes.

The misconception. "Entropy is disorder." The number has no eye for that: it counts states. At t = 0
the third system has the entropy ln 2, as nothing says which of its two ground states a particle is
in; nothing is in disorder. And it is no figure of speech: a thermometer and a calorimeter, which
know of no state, arrive at the same number to five digits. "The more heat a system takes, the more
entropy it gains." It is heat over temperature: the second system takes 0.75 Δ, one and a half times
what the first takes, and gains twice the entropy, for it takes it in the cold.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The entropies at both ends by hand, then by the law. At t = 0 and ∞ the third system has ln 2 and
ln 6.

       print(bz.entropy(bz.EnergyLevels([0, 1, 3], degeneracies=[2, 3, 1]), [0, 1, np.inf]))

2. Where does C of two levels peak if the upper one has 10 states, and how high? Try values of t
   until you have two digits. (At t = 0.28, 2.18. More states above pull the peak down in
   temperature and up in height.)

       print(bz.heat_capacity(bz.two_level(degeneracy=10), np.linspace(0.2, 0.5, 7)))
       print(exercises.question("schottky"))  # exercises.check("schottky", answer)

3. Divide each Q by the temperature of the bath that gave it, instead of the mean of 1/t. The sum
   falls short of ln 2, as Clausius's inequality says. By how much with 400 steps, and with 100?
   (0.0124 and 0.0492: it goes as the step.)

       rows = run("entropy", steps=100).where(system="1+1 states")
       print(np.log(2) - (rows["heat"] * rows["coldness"]).sum() / 10**10)

4. The mean of 1/t before and after does better: its error goes as the square of the step. Compare
   `rows["calorimeter"][-1] - np.log(2)` for 400 and for 100 steps. (5e-5 and 8e-4, 16 times as
   much. Theory: the step of 1/t, squared, times Var(E)/12, which is 1/48 here.)

5. Show from p = exp(-E/t)/Z that dS/dt = C/t, and therefore dS = dQ/t. Start from S = U/t + ln Z.

References
----------
.. [1] W. Schottky, Phys. Z. 23, 448 (1922).
.. [2] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.9 (2011).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import brentq
from scipy.stats import chi2, norm

import boltzmann as bz
from boltzmann import plots
from experiments.runner.table import Table, Verdict, agrees, differs, fits, worst_of

CHAPTER = 6
FINDING = "The entropy −Σ p ln p is the ∫ dQ/t of thermometer and calorimeter"

SYSTEMS = {  # by how many states the levels have
    "1+1 states": bz.two_level(),
    "1+3 states": bz.two_level(degeneracy=3),
    "2+3+1 states": bz.EnergyLevels([0, 1, 3], degeneracies=[2, 3, 1]),
}
SCHOTTKY = {  # the temperature and the height of the peak of two levels [1]_ [2]_
    "1+1 states": (0.416778279800482, 0.439228839890645),
    "1+3 states": (0.351495212071545, 1.02349055438651),
}
JUDGED = 10.0  # the largest 1/t at which enough particles are excited for errors to be normal


@dataclass(frozen=True)
class Config:
    """The full experiment; energies and temperatures are in units of the lowest gap Δ."""

    # The bath's 1/t falls to 0 in equal steps; at first a share of e^-20 = 2e-9 is excited.
    coldest: float = 20.0  # 1/t in units of 1/Δ
    steps: int = 400
    particles: int = 10**10
    sweeps: int = (
        40  # for each step; the start fades by 2/3 a sweep at least, so that 1e-7 of it is left
    )
    misreading: float = 1.02  # the control's thermometer, over the true one
    seed: int = 2026


QUICK = Config(steps=200, particles=10**8, sweeps=30)


@dataclass(frozen=True, eq=False)
class _Warming:
    """What was written down while a gas of N particles was warmed in S steps, and its statistics."""

    levels: bz.EnergyLevels  # K of them
    coldness: np.ndarray  # (S,), 1/t of the bath, in equal steps h
    heat: np.ndarray  # (S,), what the gas took from it
    counts: np.ndarray  # (S, K), of the gas then

    @property
    def particles(self) -> int:
        return int(self.counts[0].sum())

    @property
    def step(self) -> float:
        return float(self.coldness[0] - self.coldness[1])

    @property
    def shares(self) -> np.ndarray:
        return self.counts / self.particles

    @property
    def rises(self) -> np.ndarray:
        """The energies of the levels over the mean of the gas, (S, K)."""
        return self.levels.energies - (self.shares @ self.levels.energies)[:, None]

    @property
    def variance(self) -> np.ndarray:
        """The variance of a particle's energy, (S,)."""
        return (self.shares * self.rises**2).sum(axis=1) * self.particles / (self.particles - 1)

    def noise(self, values: np.ndarray) -> np.ndarray:
        """Return the squared standard error of the mean of `values`, (S, K), over the particles."""
        mean = (self.shares * values).sum(axis=1, keepdims=True)
        return (self.shares * (values - mean) ** 2).sum(axis=1) / self.particles

    def calorimeter(self) -> np.ndarray:
        """Return ln g + Σ Q/t per particle, with the mean of 1/t before and after each step, (S,)."""
        before = np.concatenate([self.coldness[:1], self.coldness[:-1]])
        ground = self.levels.degeneracies[self.levels.energies.argmin()]
        return np.log(ground) + np.cumsum(self.heat * (before + self.coldness) / 2) / self.particles

    def calorimeter_noise(self, other: np.ndarray | float = 0.0) -> np.ndarray:
        """Return the squared standard error of the calorimeter less the present mean of `other`, (S, K).

        Q is the difference of two mean energies. Added up, the present one has the weight 1/t +
        h/2, and each former one, an independent look, the weight h.
        """
        looks = self.noise(self.rises)
        present = self.noise((self.coldness[:, None] + self.step / 2) * self.rises - other)
        return present + self.step**2 * (np.cumsum(looks) - looks)

    def surprise(self) -> np.ndarray:
        """Return -ln p of a state of each level, (S, K); its mean is the entropy of the distribution."""
        p = self.shares / self.levels.degeneracies
        return -np.log(p, out=np.zeros_like(p), where=p > 0)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Warm each system from its ground state to t = ∞; write down the heat, the counts and what follows."""
    parts = []
    for done, (name, levels) in enumerate(SYSTEMS.items()):
        t, seed = 1 / config.coldest, config.seed + done
        gas = bz.Ensemble(levels, t, config.particles, engine="counts", start="ground", seed=seed)
        parts.append(_columns(name, _warmed(gas, config), config))
        progress((done + 1) / len(SYSTEMS))
    return Table({column: np.concatenate([part[column] for part in parts]) for column in parts[0]})


def _warmed(gas: bz.Ensemble, config: Config) -> _Warming:
    """Warm the bath step by step, each time until the gas has settled."""
    coldness = np.linspace(config.coldest, 0.0, config.steps + 1)
    heat, counts = np.empty(coldness.size), np.empty((coldness.size, len(gas.levels)), np.int64)
    for step, t in enumerate(_temperature(coldness)):
        gas.temperature = t
        run = gas.run(config.sweeps, every=config.sweeps, progress=False, threads=1)
        heat[step], counts[step] = -run.heat[0], gas.counts
    return _Warming(gas.levels, coldness, heat, counts)


def _temperature(coldness: np.ndarray) -> np.ndarray:
    return np.divide(1.0, coldness, out=np.full(coldness.shape, np.inf), where=coldness > 0)


def _columns(name: str, warming: _Warming, config: Config) -> dict[str, np.ndarray]:
    levels, t = warming.levels, _temperature(warming.coldness)
    counts = np.zeros((t.size, 3), np.int64)
    counts[:, : len(levels)] = warming.counts
    calorimeter = warming.calorimeter()
    ground = calorimeter[0]
    peak = _law_peak(levels)
    return {
        "system": np.full(t.size, name),
        "coldness": warming.coldness,
        "temperature": t,
        "heat": warming.heat,
        "count0": counts[:, 0],
        "count1": counts[:, 1],
        "count2": counts[:, 2],
        "calorimeter": calorimeter,
        "calorimeter_error": np.sqrt(warming.calorimeter_noise()),
        "misread": ground + (calorimeter - ground) / config.misreading,
        "distribution": (warming.shares * warming.surprise()).sum(axis=1),
        "law_entropy": bz.entropy(levels, t),
        "fluctuations": warming.variance * warming.coldness**2,
        "fluctuations_error": np.sqrt(warming.noise(warming.rises**2)) * warming.coldness**2,
        "law_capacity": bz.heat_capacity(levels, t),
        "law_peak_temperature": np.full(t.size, peak),
        "law_peak_capacity": np.full(t.size, bz.heat_capacity(levels, peak)),
    }


def _law_peak(levels: bz.EnergyLevels) -> float:
    """Return where the law's heat capacity is highest.

    There the derivative of Var(E)/t² is 0, which is where 2 t Var(E) is the third central moment of
    E. (To look for the largest value would lose half the digits, for the top is flat.)
    """

    def slope(t: float) -> float:
        p = bz.probabilities(levels, t)
        rises = levels.energies - p @ levels.energies
        return float(p @ rises**3 - 2 * t * (p @ rises**2))

    return float(brentq(slope, 0.1, 1.0, xtol=1e-15))


def verdicts(table: Table) -> list[Verdict]:
    """Hold the calorimeter against both entropies, fluctuations against both heat capacities, and the peaks."""
    systems = [_read(rows) for _, rows in table.groups("system")]
    law, itself, misread = zip(
        *(_entropy_fits(rows, warming) for rows, warming in systems), strict=True
    )
    forgetful = [_forgetful_fit(rows, w) for rows, w in systems if w.levels.degeneracies.max() > 1]
    return [
        fits("law", "∫ dQ/t is −Σ p ln p of the law", law, "systems"),
        fits("itself", "∫ dQ/t is −Σ p ln p of the gas itself", itself, "systems"),
        *(_third_law(rows, warming) for rows, warming in systems),
        fits(
            "fluctuations",
            "Var(E)/t² is the law's heat capacity",
            [_spread_fit(rows) for rows, _ in systems],
            "systems",
        ),
        fits(
            "slope",
            "Var(E)/t² is dU/dt",
            [_slope_fit(warming) for _, warming in systems],
            "systems",
        ),
        *_peaks([rows for rows, _ in systems if rows["system"][0] in SCHOTTKY]),
        differs(
            "misread", "control: a thermometer that reads too much is caught", misread, "systems"
        ),
        differs(
            "forgotten_states",
            "control: a level of several states taken for one is caught",
            forgetful,
            "systems",
        ),
    ]


def _read(rows: Table) -> tuple[Table, _Warming]:
    """Return the rows of one system, and what was written down in them."""
    levels = SYSTEMS[rows["system"][0]]
    counts = np.column_stack([rows[f"count{k}"] for k in range(len(levels))])
    return rows, _Warming(levels, rows["coldness"], rows["heat"], counts)


def _entropy_fits(rows: Table, warming: _Warming) -> tuple[float, float, float]:
    """Return how well the calorimeter fits the law and the gas, and how well the misread one fits the law."""
    calorimeter, law, noise = rows["calorimeter"], rows["law_entropy"], warming.calorimeter_noise()
    beside = warming.calorimeter_noise(warming.surprise())
    return (
        _worst(warming, calorimeter - law, noise),
        _worst(warming, calorimeter - rows["distribution"], beside),
        _worst(warming, rows["misread"] - law, noise),
    )


def _forgetful_fit(rows: Table, warming: _Warming) -> float:
    """Return how well the calorimeter fits a -Σ p ln p over levels in the place of states."""
    single = bz.EnergyLevels(warming.levels.energies)
    forgetful = _Warming(single, warming.coldness, warming.heat, warming.counts)
    entropy = (forgetful.shares * forgetful.surprise()).sum(axis=1)
    return _worst(warming, rows["calorimeter"] - entropy, warming.calorimeter_noise())


def _excess(warming: _Warming) -> np.ndarray:
    """Return by how much the size of the steps makes the calorimeter read too much.

    By parts, Σ Q (mean of 1/t) is U/t and the trapezoidal sum of U over 1/t. That exceeds the
    integral by h²/12 times the change of -dU/d(1/t) = Var(E) along the way, say Euler and
    Maclaurin; their next term is 1000 times less.
    """
    return warming.step**2 / 12 * warming.variance


def _worst(warming: _Warming, difference: np.ndarray, noise: np.ndarray) -> float:
    """Return the p-value of the largest of many pulls, correlated as they may be (Bonferroni)."""
    judged = warming.coldness <= JUDGED
    z = np.abs(difference - _excess(warming))[judged] / np.sqrt(noise[judged])
    return worst_of((2 * norm.sf(z)).tolist())


def _third_law(rows: Table, warming: _Warming) -> Verdict:
    """Hold what the calorimeter read up to t = ∞ against the logarithm of a ratio of numbers of states."""
    ratio = warming.levels.states / warming.levels.degeneracies[0]
    excess, error = _excess(warming)[-1], rows["calorimeter_error"][-1]
    read = rows["calorimeter"][-1] - rows["calorimeter"][0] - excess
    reason = f"5 standard errors; h² Var(E)/12 = {excess:.1g} taken off for the steps"
    claim = f"{rows['system'][0]}: S(∞) − S(0) = ln {ratio:g}"
    return agrees(f"ln_{ratio:g}", claim, read, np.log(ratio), 5 * error, reason)


def _spread_fit(rows: Table) -> float:
    """Return how well the fluctuations fit the law: independent looks, normal errors."""
    judged = (rows["coldness"] <= JUDGED) & (rows["coldness"] > 0)
    off = (rows["fluctuations"] - rows["law_capacity"])[judged] / rows["fluctuations_error"][judged]
    return float(chi2.sf(off @ off, off.size))


def _slope_fit(warming: _Warming) -> float:
    """Return how well the heat of two steps fits the fluctuations before, between and after them.

    ΔU is the integral of Var(E) over 1/t, which Simpson's rule takes from three looks, to the
    fourth order in h. Triples share no look, so that they are independent.
    """
    h, rises, variance = warming.step, warming.rises, warming.variance
    first = int(np.argmax(warming.coldness <= JUDGED))
    middle = np.arange(first + 1, warming.coldness.size - 1, 3)
    before, after = middle - 1, middle + 1
    integral = h / 3 * (variance[before] + 4 * variance[middle] + variance[after])
    noise = (
        warming.noise(rises + h / 3 * rises**2)[before]
        + warming.noise(4 * h / 3 * rises**2)[middle]
        + warming.noise(rises - h / 3 * rises**2)[after]
    )
    return float(
        chi2.sf(((_two_steps(warming, middle) - integral) ** 2 / noise).sum(), middle.size)
    )


def _two_steps(warming: _Warming, middle: np.ndarray) -> np.ndarray:
    """Return the heat that a particle took in the steps before and after the given looks."""
    return (warming.heat[middle] + warming.heat[middle + 1]) / warming.particles


def _peaks(systems: list[Table]) -> list[Verdict]:
    """Hold the peaks of law and gas against Schottky's; the fit to the gas is tried on the law's curve too."""
    off, found = [], []
    for rows in systems:
        name = rows["system"][0]
        at, high = SCHOTTKY[name]
        off += [rows["law_peak_temperature"][0] - at, rows["law_peak_capacity"][0] - high]
        t, error = _fitted_peak(rows, "fluctuations")
        shape = abs(_fitted_peak(rows, "law_capacity")[0] - at)
        reason = f"5 standard errors of {error:.1g} and the shape of the fit"
        claim, key = f"{name}: peak of Var(E)/t² at t/Δ", f"peak_{name[:3]}"
        found.append(agrees(key, claim, t, at, 5 * error + shape, reason))
    law = agrees(
        "law_peaks",
        "the law's own peaks, off Schottky's by",
        np.abs(off).max(),
        0.0,
        1e-9,
        "the table's ten digits",
    )
    return [law, *found]


def _fitted_peak(rows: Table, column: str) -> tuple[float, float]:
    """Return where a quartic in ln t through ln C has its top, near the summit, and the standard error."""
    summit = rows["temperature"][np.argmax(rows[column])]
    near = np.abs(np.log(rows["temperature"] / summit)) < 0.3
    x, y = np.log(rows["temperature"][near] / summit), np.log(rows[column][near])
    weights = rows["fluctuations"][near] / rows["fluctuations_error"][near]
    powers = np.arange(5)
    design = x[:, None] ** powers * weights[:, None]
    covariance = np.linalg.inv(design.T @ design)
    fit = np.polynomial.Polynomial(covariance @ (design.T @ (y * weights)))
    tops = fit.deriv().roots()
    top = tops[np.argmin(np.abs(tops))].real
    slope = powers * top ** np.maximum(powers - 1, 0)
    error = np.sqrt(slope @ covariance @ slope) / abs(fit.deriv(2)(top))
    t = summit * np.exp(top)
    return float(t), float(t * error)


def draw(table: Table) -> Figure:
    """Draw entropy and heat capacity against temperature."""
    figure = plots.figure(FINDING)
    left, right = figure.subplots(1, 2)
    for ((_,), rows), colour, marker in zip(
        table.groups("system"), plots.SERIES, plots.MARKERS, strict=False
    ):
        _draw_entropy(left, rows, colour, marker)
        _draw_capacity(right, rows, colour, marker)
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlim(0.08, 10)
        axes.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
        axes.set_xlabel("temperature t (units of the gap Δ)")
    left.set_ylim(0, 2.25)
    left.set_ylabel("entropy of a particle (nats)")
    left.legend(loc="upper left")
    right.set_ylim(0, 1.35)
    right.set_ylabel("heat capacity of a particle (k = 1)")
    right.legend(loc="upper right")
    return figure


def _draw_entropy(axes: Axes, rows: Table, colour: str, marker: str) -> None:
    name, label = (
        rows["system"][0],
        (None, None) if axes.lines else ("law: −Σ p ln p", "calorimeter: ∫ dQ/t"),
    )
    plots.law(axes, rows["temperature"], rows["law_entropy"], color=colour, label=label[0])
    shown = _spread_out(rows["temperature"], np.arange(0, 40, 2))
    t, S, error = (
        rows[column][shown] for column in ("temperature", "calorimeter", "calorimeter_error")
    )
    plots.simulation(axes, t, S, error, color=colour, marker=marker, label=label[1])
    end = rows["law_entropy"][-1]
    axes.axhline(end, color=colour, linewidth=1, linestyle=":")
    axes.text(
        9.6, end - 0.18, f"{name}: ln {SYSTEMS[name].states:g}", color=colour, va="top", ha="right"
    )
    if rows["law_entropy"][0] > 0.1:
        axes.text(
            0.085,
            rows["law_entropy"][0] + 0.04,
            f"ln {SYSTEMS[name].degeneracies[0]:g}",
            color=colour,
        )


def _draw_capacity(axes: Axes, rows: Table, colour: str, marker: str) -> None:
    label = (
        ("law", "fluctuations: Var(E)/t²", "calorimeter: dU/dt") if not axes.lines else (None,) * 3
    )
    plots.law(axes, rows["temperature"], rows["law_capacity"], color=colour, label=label[0])
    shown = _spread_out(rows["temperature"], np.arange(0, 40, 2))
    t, C, error = (
        rows[column][shown] for column in ("temperature", "fluctuations", "fluctuations_error")
    )
    plots.simulation(axes, t, C, error, color=colour, marker=marker, label=label[1])
    _, warming = _read(rows)
    shown = _spread_out(rows["temperature"], np.arange(1, 40, 2))
    scale = warming.coldness[shown] ** 2 / (2 * warming.step)
    error = scale * np.sqrt(sum(warming.noise(warming.rises)[shown + k] for k in (-1, 1)))
    look = {"marker": "x", "markersize": 10, "markeredgewidth": 2.5, "label": label[2]}
    t, C = rows["temperature"][shown], scale * _two_steps(warming, shown)
    plots.simulation(axes, t, C, error, color=colour, **look)
    t, C = rows["law_peak_temperature"][0], rows["law_peak_capacity"][0]
    axes.plot([t, 1.15], [C, C], color=colour, linewidth=1, linestyle=":")
    axes.text(1.2, C, f"peak at {t:.4f} Δ", color=colour, va="center")


def _spread_out(t: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the rows nearest to certain of forty temperatures, evenly spread on a logarithmic axis."""
    wanted = np.geomspace(0.1, 8.0, 40)[places]
    return np.unique(np.abs(np.log(t[:-1] / wanted[:, None])).argmin(axis=1))
