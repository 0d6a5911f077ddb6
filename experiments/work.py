"""What does it cost to turn one context's letters into another's, and how much of that is lost?

Objective. You can keep work and heat in separate ledgers, get a free-energy difference out of a
process that is nowhere near equilibrium, and say why the average that does it must be distrusted.

What you need to know. The lessons `letters` and `ledger`. A particle on letter i has the energy −ln
p_i. Now the levels move while the particles watch: those after "the " go in steps to those after
"the s". A step does the work ΔE on whoever sits there; the sweeps after it give heat to the bath.

Minutes. 40

Predict first. The free energy is F = −t ln Σ exp(−E/t). With E = −ln p, what is it at t = 1, for
any context? And at other t? Is the mean work of a sudden change above ΔF, below, or equal? If a
thousand steps take its place? The mean of exp(−W/t) over many particles: does haste change it?

Run. Some seconds, on any machine:

    python -m experiments work

What the law predicts. At t = 1, F = −ln Σ p = 0 for every context, for probabilities sum to 1: ΔF =
0. At other t, F = −t ln Σ p^(1/t) differs from context to context. The second law says ⟨W⟩ ≥ ΔF,
equal only if nothing is hurried. Jarzynski [1]_ found an equality: ⟨exp(−W/t)⟩ = exp(−ΔF/t),
however hasty the process, and by whatever rule particles move, if it keeps the law; the work lost
depends on the rule, for a sweep is an attempt and no time of nature. Crooks [2]_ found the reason:
the odds of work W forwards against −W backwards are exp((W − ΔF)/t), so that the two distributions
cross at W = ΔF.

What would refute it. The equality missed by more than 1e-10, computed exactly from the transition
matrices; gases whose averages, odds or mean work these numbers give less than one time in a
million; a ledger that does not close. The control is a gas that starts out of equilibrium: there
nothing is promised, and it must fail.

What you see. On the left the two distributions of work cross at ΔF = 0.516, at t = 2. In the middle
a sudden change costs 4.15 at t = 1, all of it lost; in 100 steps it costs 0.11. The exponential
averages stay at ΔF: −0.351, 0 and 0.516. On the right the price: few draws give an estimate that is
too high on average, by 4.15 with one, 0.30 with 10, 0.0051 with 1000, where it dies away as 1/n.

The misconception. "The second law holds on the average, so rare violations do not matter." They are
what the equality lives on: exp(−W/t) is carried by the few particles that were lifted for less than
ΔF. Whoever has not drawn them yet is wrong on one side, and the scatter does not show it.

Answers. To what was to be predicted:

1. [0] Probabilities sum to 1.
2. −t ln Σ p^(1/t), another number for each context.
3. Above: at t = 1 it is 4.15, and ΔF is 0.
4. It comes down to ΔF, and never below: in a hundred steps it is 0.11.
5. No: it is exp(−ΔF/t) at any pace.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` was done.

1. Levels 0 and 1 are lifted to 1 and 1 + ln 2 at once, at t = 1. What are ΔF, ⟨W⟩ and ⟨exp(−W)⟩?
   Check the equality with a pencil. (Z goes from 1.368 to 0.552: ΔF = 0.908; the work is 1 or
   0.693, its mean 0.918; 0.731·e^(−1) + 0.269/2 = 0.403 = e^(−0.908).)

2. Let a gas do it. Does its ledger close? (Yes, to the last bit where energies are whole numbers.)

       gas = bz.Ensemble([0, 1], 1.0, 100_000, start="exact", seed=1)
       before = gas.energy
       gas.levels = [1, 3]
       rest = gas.run(10)
       print(gas.work - rest.heat.sum(), 100_000 * (gas.energy - before))

3. Show that the lost work of a sudden change at t = 1 is the Kullback-Leibler divergence of the two
   contexts. (⟨W⟩ = Σ p₀ ln(p₀/p₁), and ΔF = 0: the price of using the wrong model for one letter.)

4. Why is the exponential average too high, if a few are drawn? (−ln is convex, so that Jensen's
   inequality has one sign: the mean of −t ln is above −t ln of the mean.)

5. Drive the letters in 3 steps, with 1 and with 20 sweeps in each. Which loses less, and where does
   the loss go when the sweeps are without end? (3.04 and 1.12; at least 1.10 stays: each step is
   sudden, however long the gas rests after it.)

       for sweeps in (1, 20):
           print(run("work", temperatures=(1.0,), steps=(3,), sweeps=sweeps)["mean_work"][0])

References
----------
.. [1] C. Jarzynski, Phys. Rev. Lett. 78, 2690 (1997).
.. [2] G. E. Crooks, Phys. Rev. E 60, 2721 (1999).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann.language import NGram, load_corpus
from experiments.drawings import work as drawing
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import driving, p_values

CHAPTER = 96
FINDING = "Hasty work still tells the free energy, if the rare cases are seen"

_COLUMNS = (
    "temperature",
    "steps",
    "free_energy",
    "law_jarzynski",
    "law_spread",
    "law_mean_work",
    "mean_work",
    "mean_work_error",
    "jarzynski",
    "unclosed",
    "work",
    "forward",
    "backward",
    "expected",
    "expected_error",
)
_MOST_SPREAD = 0.01  # of an exponential average that is judged: beyond it the errors are not normal
_FEWEST = 25  # particles in a bin of work that is judged


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    contexts: tuple[str, str] = ("the ", "the s")
    temperatures: tuple[float, ...] = (0.5, 1.0, 2.0)
    steps: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100)
    sweeps: int = 2  # after each step
    crooks: tuple[float, int] = (2.0, 10)  # t and steps of the process that is run both ways
    draws: tuple[int, ...] = (1, 3, 10, 30, 100, 300, 1000)  # of an estimate
    estimates: int = 2000  # at most, of each number of draws
    particles: int = 100_000
    seed: int = 2026


QUICK = Config(
    temperatures=(1.0, 2.0), steps=(1, 5, 20), draws=(1, 30), estimates=500, particles=40_000
)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Drive the gas at every haste, both ways once, and estimate from few draws."""
    model = NGram.fit(load_corpus(config.corpus), order=config.order)
    first, last = (-np.log(bz.softmax(model.logits(context))) for context in config.contexts)
    jobs = [(t, steps) for t in config.temperatures for steps in config.steps]

    rows = list(_curves(first, last, config))
    for done, (t, steps) in enumerate(jobs):
        energies = driving.path(first, last, steps)
        rows.append(_process("process", energies, t, config, "exact", config.seed + done))
        progress((done + 1) / (len(jobs) + 3))
    t, steps = config.crooks
    energies = driving.path(first, last, steps)
    rows.append(_process("control", energies, t, config, "uniform", config.seed + len(jobs)))
    rows += _both_ways(energies, t, config, config.seed + len(jobs) + 1)
    rows += _estimates(first, last, config)
    rows += _expected_estimates(first, last, config)
    return Table.of_rows([dict.fromkeys(_COLUMNS, 0.0) | row for row in rows])


def _free_energy_difference(energies: np.ndarray, t: float) -> float:
    return float(bz.free_energy(energies[-1], t) - bz.free_energy(energies[0], t))


def _curves(first: np.ndarray, last: np.ndarray, config: Config) -> Iterator[dict[str, Any]]:
    """Yield the exact mean work at many numbers of steps."""
    most = max(config.steps)
    for t in config.temperatures:
        for steps in np.unique(np.geomspace(1, most, 15).round().astype(int)).tolist():
            mean = driving.exact_work(driving.path(first, last, steps), t, config.sweeps).mean
            yield {"series": "curve", "temperature": t, "steps": steps, "law_mean_work": mean}


def _process(
    series: str, energies: np.ndarray, t: float, config: Config, start: str, seed: int
) -> dict[str, Any]:
    """Return a process of the gas beside its exact averages."""
    gas = driving.driven(energies, t, config.sweeps, config.particles, start, seed)
    gained, work, heat = gas.ledger
    exact = driving.exact_work(energies, t, config.sweeps)
    spread = np.sqrt((exact.second / exact.moment**2 - 1) / config.particles)
    return {
        "series": series,
        "temperature": t,
        "steps": len(energies) - 1,
        "free_energy": _free_energy_difference(energies, t),
        "law_jarzynski": -t * np.log(exact.moment),
        "law_spread": spread,
        "law_mean_work": exact.mean,
        "mean_work": gas.work.mean(),
        "mean_work_error": gas.work.std() / np.sqrt(config.particles),
        "jarzynski": -t * np.log(np.exp(-gas.work / t).mean()),
        "unclosed": abs(work - heat - gained) / (abs(work) + abs(heat)),
    }


def _both_ways(
    energies: np.ndarray, t: float, config: Config, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield the counts of work forwards, and of −W backwards beside what the former predict."""
    forward, backward = (
        driving.driven(way, t, config.sweeps, config.particles, "exact", seed + k).work
        for k, way in enumerate((energies, energies[::-1]))
    )
    difference = _free_energy_difference(energies, t)
    weight = np.exp(-(forward - difference) / t)  # (N,), by Crooks the odds of −W backwards

    edges = np.linspace(*np.quantile(forward, (0.0005, 0.9995)), 31)
    counts = {
        "forward": np.histogram(forward, edges)[0],
        "backward": np.histogram(-backward, edges)[0],
        "expected": np.histogram(forward, edges, weights=weight)[0],
        "expected_error": np.sqrt(np.histogram(forward, edges, weights=weight**2)[0]),
    }
    for k, middle in enumerate((edges[1:] + edges[:-1]) / 2):
        named = {"series": "crooks", "temperature": t, "free_energy": difference, "work": middle}
        yield named | {name: float(column[k]) for name, column in counts.items()}


def _estimates(first: np.ndarray, last: np.ndarray, config: Config) -> Iterator[dict[str, Any]]:
    """Yield the mean of exponential averages over few draws of a sudden change at t = 1."""
    work = last - first  # (K,)
    p = bz.probabilities(first, 1.0)
    gas = bz.Ensemble(first, 1.0, config.particles, start="exact", seed=config.seed)
    drawn = np.random.default_rng(config.seed).permuted(np.exp(-work[gas.states]))
    for draws in config.draws:
        estimates = min(config.estimates, drawn.size // draws)
        averages = drawn[: estimates * draws].reshape(estimates, draws).mean(axis=1)
        values = -np.log(averages)  # (estimates,)
        yield {
            "series": "estimate",
            "temperature": 1.0,
            "steps": draws,
            "law_jarzynski": driving.mean_estimate(p, work, 1.0, draws),
            "jarzynski": values.mean(),
            "mean_work_error": values.std(ddof=1) / np.sqrt(estimates),
        }


def _expected_estimates(
    first: np.ndarray, last: np.ndarray, config: Config
) -> Iterator[dict[str, Any]]:
    """Yield the exact mean of such averages, over many numbers of draws."""
    p = bz.probabilities(first, 1.0)
    for draws in np.unique(np.geomspace(1, max(config.draws), 30).round().astype(int)).tolist():
        mean = driving.mean_estimate(p, last - first, 1.0, draws)
        yield {"series": "expected", "temperature": 1.0, "steps": draws, "law_jarzynski": mean}


def verdicts(table: Table) -> list[Verdict]:
    """Judge the equality exactly and in the gas, the odds both ways, the bias and the ledger."""
    processes, control = table.where(series="process"), table.where(series="control")
    off = np.abs(processes["law_jarzynski"] - processes["free_energy"]).max()
    estimates = table.where(series="estimate")
    few = (estimates["jarzynski"] - estimates["law_jarzynski"]) / estimates["mean_work_error"]
    mean = (processes["mean_work"] - processes["law_mean_work"]) / processes["mean_work_error"]
    return [
        agrees(
            "equality", "⟨exp(−W/t)⟩ is exp(−ΔF/t), exactly, off by", off, 0, 1e-8, "ten digits"
        ),
        _no_difference(processes),
        _second_law(processes),
        fits("jarzynski", "exponential averages of the gas", _pulls(_averages(processes)), "haste"),
        fits("mean", "mean work of the gas", _pulls(mean), "haste"),
        fits("crooks", "odds of W forwards and −W backwards", _odds(table), "χ² of the bins"),
        fits("bias", "averages over few draws are too high as the law says", _pulls(few), "draws"),
        agrees("ledger", "work − heat = ΔU, off by", processes["unclosed"].max(), 0, 1e-9),
        differs(
            "control",
            "control: a start out of equilibrium misses ΔF",
            _pulls(_averages(control)),
            "run",
        ),
    ]


def _pulls(z: np.ndarray) -> list[float]:
    return p_values.of_either_sign(z).tolist()


def _averages(processes: Table) -> np.ndarray:
    """Return the pulls of exp(−W/t), where a normal error is a fair judge of it."""
    judged = processes["law_spread"] < _MOST_SPREAD
    off = (processes["free_energy"] - processes["jarzynski"]) / processes["temperature"]
    pulls: np.ndarray = np.expm1(off[judged]) / processes["law_spread"][judged]
    return pulls


def _no_difference(processes: Table) -> Verdict:
    """Judge that ΔF is 0 at t = 1, and is not elsewhere."""
    at_1 = processes["temperature"] == 1
    none = np.abs(processes["free_energy"][at_1]).max()
    some = np.abs(processes["free_energy"][~at_1]).min() if (~at_1).any() else np.inf
    return Verdict(
        "no_difference",
        "ΔF is 0 at t = 1, for probabilities sum to 1, and not at other t",
        f"{none:.1g} and {some:.3g}",
        "0 and not 0",
        "within 1e-9, beyond 0.01",
        bool(none < 1e-9 and some > 0.01),
    )


def _second_law(processes: Table) -> Verdict:
    """Judge that work is lost, and less of it the slower the process."""
    lost = processes["law_mean_work"] - processes["free_energy"]
    slower = [np.diff(rows) for rows in _by_temperature(processes, lost)]
    falls = all((steps < 0).all() for steps in slower)
    return Verdict(
        "second_law",
        "⟨W⟩ exceeds ΔF, by less the more steps it takes",
        f"{lost.min():.3g} to {lost.max():.3g}" + ("" if falls else ", not falling"),
        "above 0 and falling",
        "exactly",
        bool(lost.min() > 0 and falls),
    )


def _by_temperature(processes: Table, values: np.ndarray) -> list[np.ndarray]:
    return [values[processes["temperature"] == t] for t in np.unique(processes["temperature"])]


def _odds(table: Table) -> float:
    """Return the p-value of the counts backwards against what those forwards predict, by χ²."""
    bins = table.where(series="crooks")
    judged = (bins["forward"] >= _FEWEST) & (bins["backward"] >= _FEWEST)
    variance = bins["expected_error"][judged] ** 2 + bins["expected"][judged]
    difference = bins["backward"][judged] - bins["expected"][judged]
    return p_values.of_squares(difference / np.sqrt(variance))


def draw(table: Table) -> Figure:
    """Draw work both ways, mean work against the number of steps, and the bias of few draws."""
    return drawing.draw(table, FINDING)
