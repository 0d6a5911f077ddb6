"""What becomes of a distribution that is frozen, left alone, or heated without end?

Objective. You can temper any distribution by hand, and say what is left of it at t = 0, at t = 1
and at t = ∞.

What you need to know. No other lesson; logarithms, and what a probability is. To temper
probabilities p at temperature t is to take softmax(log p / t): the logarithm of each is divided by
t, and the exponentials of what results are divided by their sum. It is the same to raise each p to
the power 1/t and to divide by the sum.

Minutes. 30

Predict first. Tomorrow's weather: sun 0.5, cloud 0.3, rain 0.15, snow 0.05, and frogs from the sky
0. With a pencil: what are the five probabilities at t = 0.5, where each p is squared? What are they
at t = 0, and at t = ∞, and what becomes of the frogs there? Going from t = 1 towards 0, does cloud
rise or fall at first? A die shows four faces with 0.1 each and two with 0.3 each: what is left at t
= 0? A Gaussian has the variance σ²: what is it at t = 4?

Run. Some seconds, on any machine:

    python -m experiments limits

What the law predicts. Three limits follow, whatever p is about. At t = 1 nothing changes: p comes
back, bit for bit. As t → 0 the likeliest outcome takes all, equals share, and the rest dies out as
exp(-gap/t), gap being how far its log p lies below the highest. As t → ∞ all n allowed outcomes
become equally likely, 1/n each; what was impossible stays so. On the way there is no turning back:
the colder of two distributions majorizes the hotter [1]_, so that the distance to either limit only
shrinks. None of this is about text. It holds for the weather, for a loaded die, and for a density:
exp(-x²/2σ²) to the power 1/t is again a Gaussian, of variance tσ². There heat has no end: no
distribution waits at t = ∞ where room is unlimited.

What would refute it. At t = 1 a single bit that differs, though that can hardly be: where t is 1
the law returns p and computes nothing. What works there are the gas (particles that hop between the
outcomes, of which the lesson occupancy tells) and the sampler (a draw of the kind that text
generators make), and their counts at t = 1 are held against p. A step away from a limit on the way
to it; a frog from the sky at t = ∞; counts that fit the law worse than one time in a million; a
variance that is not tσ². The control shows that this would be seen: runs 5 % too hot must fail at t
= 1.

What you see. Lines are the law, dots the gas, squares the sampler. At t = 0.5 sun has 0.685, cloud
0.247, rain 0.062 and snow 0.007; at t = 10 sun has 0.275 and snow 0.219, both nearly 1/4. After
"wind" a blank has 0.43 at t = 1, 0.91 at t = 0.1 and 1/53 at t = ∞, as each of the 53 letters has.
The winner only falls as t rises. Cloud is highest near t = 1.2 and falls on both sides. A runner-up
gains from the rarer ones before it loses to the winner: "windo" has 0.34 at t = 1, 0.37 at t = 0.5
and 0.09 at t = 0.1. The Gaussian's ⟨x²⟩ is 0.25, 1 and 4 in units of σ².

The misconception. "Temperature adds randomness to the model." It adds nothing. The model says p,
and softmax(log p / t) is a fixed function of it: the same p and t give the same numbers every time.
What is random is the draw, at t = 1 as at any other t; the temperature says from which
distribution. Below 1 that distribution is surer than the model itself: the entropy of the weather,
-Σ p log p, is 1.14 at t = 1 and 0.81 at t = 0.5. "t = 0 is undefined, for one cannot divide by 0."
The division is a recipe, and the limit exists: equal shares of the likeliest. A program that takes
the largest log p off before it divides arrives there; one that divides first gets no number. A
greedy sampler takes one of the equals, the first: of the die's two faces it shows one, and the gas
both.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. Temper (0.5, 0.3, 0.2) at t = 0.5 by hand: square, then divide by the sum. You should find 0.658,
0.237, 0.105.

       print(bz.temper([0.5, 0.3, 0.2], 0.5))
       print(exercises.question("temper_by_hand"))  # exercises.check("temper_by_hand", answer)

2. Three outcomes have 0.34, 0.33 and 0.33. How cold must it be for the first to be ten times as
   likely as the second? Solve (0.34/0.33)^(1/t) = 10 for t, and check with `bz.temper`. It is
   0.0130: near ties freeze late. The limits themselves, on paper and in a program that has to
   survive them:

       print(exercises.question("cold_and_hot"))  # exercises.check("cold_and_hot", answer)
       print(exercises.question("own_softmax"))  # exercises.check("own_softmax", softmax)

3. The slope of log p_i against t is (E_i - ⟨E⟩)/t², with E = -log p at t = 1 and ⟨E⟩ its mean at t.
   So a runner-up is likeliest where its energy is the mean. Find that t for cloud, to two digits,
   by changing this one; it lies between 1 and 1.5, and the two numbers agree there.

       p, t = np.array([0.5, 0.3, 0.15, 0.05]), 1.0
       print(-np.log(p[1]), bz.temper(p, t) @ -np.log(p))

4. A density has two peaks of the same height, one twice as broad. What does t → 0 leave of it? The
   area of a peak goes as √t times its width, for both: the broad one keeps 2/3. On a grid that
   lasts until a peak fits into one cell; at t = 0 itself each peak is one cell, and has 1/2.
   Explain why the value at t = 1 is a little below 2/3.

       x = np.linspace(-20, 20, 40_001)
       density = np.maximum(np.exp(-((x + 5) ** 2) / 2), np.exp(-((x - 5) ** 2) / 8))
       for t in (1, 0.1, 0.01, 0):
           print(t, bz.temper(density / density.sum(), t)[x > 0].sum())

5. Your own text: `python -m experiments limits --corpus FILE`. Which of the ten verdicts must hold
   for any text at all, and which hold only because the draws are honest? (The first five and the
   eighth are about the law alone.)

References
----------
.. [1] A. W. Marshall, I. Olkin and B. C. Arnold, Inequalities: Theory of Majorization, 2nd ed., ch. 5 (2011).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import chi2

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import goodness_of_fit, pulls, total_variation
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.gas import relaxed_gas
from experiments.shared.letters import shown, usable_contexts

CHAPTER = 1
FINDING = "Cold picks the likeliest, heat makes all equal, t = 1 changes nothing"
LETTER, WEATHER, DIE, GAUSSIAN = "letter", "weather", "die", "gaussian"
# Where a curve is named, the likeliest first: at which t/(1 + t), how far from there in points,
# aligned how.
_LABELS = (
    (1 / 5, 10, 4, "left"),
    (1 / 3, -8, 8, "right"),
    (1 / 2, -8, 8, "right"),
    (2 / 3, 8, -18, "left"),
    (2 / 3, 4, 6, "left"),
)


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    context: str = "wind"
    weather: tuple[tuple[str, float], ...] = (
        ("sun", 0.5),
        ("cloud", 0.3),
        ("rain", 0.15),
        ("snow", 0.05),
        ("frogs", 0.0),
    )
    die: tuple[float, ...] = (0.1, 0.1, 0.1, 0.1, 0.3, 0.3)
    temperatures: tuple[float, ...] = (
        0.0,
        0.1,
        0.5,
        1.0,
        2.0,
        10.0,
        np.inf,
    )  # in the unit of -log p, nats
    curve: int = 48  # steps of t/(1 + t), from 0 to 1, at which the law is drawn
    # The Gaussian lives on a grid of `cells` from -reach to reach, in units of σ. A sum over cells
    # of width h misses its variance by about exp(-2π²t/h²), and the hottest loses its tails beyond
    # 8 standard deviations.
    densities: tuple[float, ...] = (0.25, 1.0, 4.0)  # temperatures
    reach: float = 16.0
    cells: int = 201
    particles: int = 200_000  # of the gas, and draws of the sampler
    control: float = 1.05  # how much too hot the control runs
    seed: int = 2026


QUICK = Config(temperatures=(0.0, 0.5, 1.0, 2.0, np.inf), curve=12, particles=20_000, control=1.2)


@dataclass(frozen=True, eq=False)
class _System:
    """K outcomes with a number each, their probabilities at t = 1, and the logits that a sampler is given."""

    name: str
    outcomes: list[str]
    values: np.ndarray
    p: np.ndarray
    logits: np.ndarray


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Send every system at every temperature down the three roads, and follow the law between them."""
    places = np.arange(config.curve) / config.curve
    curve = [*(places / (1 - places)).tolist(), np.inf]
    jobs: list[tuple[_System, str, float]] = []
    for system in _systems(config):
        bell = system.name == GAUSSIAN
        jobs += [
            (system, "counted", t) for t in (config.densities if bell else config.temperatures)
        ]
        if system.name != LETTER:  # what a user's text makes of 5 % is not known beforehand
            jobs.append((system, "control", 1.0))
        if not bell:
            jobs += [(system, "law", t) for t in curve]
    rows = []
    for done, (system, kind, t) in enumerate(jobs):
        gas = sampled = np.zeros(system.p.size, np.int64)
        if kind != "law":
            heat = config.control if kind == "control" else 1.0
            gas, sampled = _counted(system, heat * t, config.particles, config.seed + done)
        rows += _rows(system, kind, t, gas, sampled)
        progress((done + 1) / len(jobs))
    return Table.of_rows(rows)


def _systems(config: Config) -> list[_System]:
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    context = [*usable_contexts([config.context], text), ""][0]
    logits = model.logits(context)
    letters = [shown(context + letter) for letter in model.alphabet]
    x = np.linspace(-config.reach, config.reach, config.cells)
    kinds, weather = zip(*config.weather, strict=True)
    faces = np.arange(1, len(config.die) + 1)
    with np.errstate(divide="ignore"):
        return [
            _System(LETTER, letters, np.arange(logits.size), bz.softmax(logits), logits),
            _System(WEATHER, [*kinds], np.arange(len(kinds)), np.array(weather), np.log(weather)),
            _System(
                DIE,
                [f"face {face}" for face in faces],
                faces,
                np.array(config.die),
                np.log(config.die),
            ),
            _System(GAUSSIAN, ["x"] * x.size, x, bz.softmax(-(x**2) / 2), -(x**2) / 2),
        ]


def _counted(system: _System, t: float, particles: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the gas and what the sampler counted at temperature t."""
    gas = relaxed_gas(system.p, t, particles, seed)
    return gas, np.bincount(draw_ids(system.logits, t, particles, seed), minlength=system.p.size)


def _rows(
    system: _System, kind: str, t: float, gas: np.ndarray, sampled: np.ndarray
) -> list[dict[str, object]]:
    law = bz.temper(system.p, t)
    return [
        {
            "system": system.name,
            "kind": kind,
            "temperature": t,
            "outcome": system.outcomes[k],
            "value": float(system.values[k]),
            "probability": system.p[k],
            "law": law[k],
            "changed": int(law[k] != system.p[k]),
            "simulated": gas[k],
            "sampled": sampled[k],
        }
        for k in range(system.p.size)
    ]


def verdicts(table: Table) -> list[Verdict]:
    """Judge the limits, the ways to them, the counts and the Gaussian's variance; the worst panel decides."""
    untouched = table.where(temperature=1.0)
    bell = [
        panel for _, panel in table.where(system=GAUSSIAN, kind="counted").groups("temperature")
    ]
    grid = max(abs(_variance(panel, "law") / panel["temperature"][0] - 1) for panel in bell)
    controls = [panel for _, panel in table.where(kind="control").groups("system")]
    control = [_fit(panel, road) for panel in controls for road in ("simulated", "sampled")]
    digits = "the table holds ten digits"
    return [
        agrees(
            "untouched",
            "t = 1: probabilities that change",
            untouched["changed"].sum(),
            0,
            0,
            f"of {len(untouched)}, bitwise",
        ),
        agrees(
            "cold",
            "t = 0: distance from equal shares of the likeliest",
            _off_limit(table, 0.0),
            0,
            1e-9,
            digits,
        ),
        agrees(
            "hot",
            "t = ∞: distance from 1/n for all allowed",
            _off_limit(table, np.inf),
            0,
            1e-9,
            digits,
        ),
        agrees(
            "towards_cold",
            "steps away from the cold limit as t falls",
            _steps_back(table, 0.0),
            0,
            0,
            "majorization",
        ),
        agrees(
            "towards_hot",
            "steps away from the hot limit as t rises",
            _steps_back(table, np.inf),
            0,
            0,
            "majorization",
        ),
        _fits_everywhere("gas", "the Metropolis gas obeys the law at every t", table, "simulated"),
        _fits_everywhere("sampler", "the sampler obeys the law at every t", table, "sampled"),
        agrees(
            "gaussian_law",
            "tempered Gaussian: variance/(tσ²) - 1 of the law",
            grid,
            0,
            1e-9,
            f"grid 1e-12, {digits}",
        ),
        _variances("gaussian_counts", "tempered Gaussian: gas and sampler have variance tσ²", bell),
        differs("control", "control: runs too hot at t = 1 are caught", control, "runs"),
    ]


def _limit(panel: Table, t: float) -> np.ndarray:
    """Return what the probabilities p of a panel become at t = 0 or at t = inf."""
    p = panel["probability"]
    kept = p == p.max() if t == 0 else p > 0
    return kept / kept.sum()


def _off_limit(table: Table, t: float) -> float:
    """Return how far a probability at t = 0 or inf lies from its limit, at most."""
    panels = [panel for _, panel in table.where(temperature=t).groups("system", "kind")]
    return max(float(np.abs(panel["law"] - _limit(panel, t)).max()) for panel in panels)


def _steps_back(table: Table, limit: float) -> int:
    """Return how many steps of the law towards t = 0 or inf lead away from it, beyond the table's digits."""
    count = 0
    for _, curve in table.where(kind="law").groups("system"):
        panels = [panel for _, panel in curve.groups("temperature")]
        towards = panels if limit > 0 else panels[::-1]
        distances = [total_variation(panel["law"], _limit(panel, limit)) for panel in towards]
        count += int((np.diff(distances) > 1e-9).sum())
    return count


def _fit(panel: Table, road: str) -> float:
    """Return the p-value of the counts; at t = 0 a sampler is greedy, and takes the first of equals."""
    law = panel["law"]
    if road == "sampled" and panel["temperature"][0] == 0:
        law = np.eye(law.size)[law.argmax()]
    return goodness_of_fit(panel[road], law).p_value


def _fits_everywhere(key: str, claim: str, table: Table, road: str) -> Verdict:
    panels = [panel for _, panel in table.where(kind="counted").groups("system", "temperature")]
    return fits(key, claim, [_fit(panel, road) for panel in panels], "panels")


def _variance(panel: Table, weight: str) -> float:
    """Return the mean of x², in units of σ²; the mean of x is 0."""
    return float(np.average(panel["value"] ** 2, weights=panel[weight]))


def _variances(key: str, claim: str, bell: list[Table]) -> Verdict:
    """Judge the sum of squared pulls: x² of a Gaussian has a standard deviation of √2 times its mean."""
    roads = [(panel, road) for panel in bell for road in ("simulated", "sampled")]
    relative = [_variance(panel, road) / panel["temperature"][0] for panel, road in roads]
    z = pulls(relative, 1.0, [np.sqrt(2 / panel[road].sum()) for panel, road in roads])
    p = float(chi2.sf(np.square(z).sum(), z.size))
    return fits(key, claim, p, f"χ² of {z.size} variances")


def draw(table: Table) -> Figure:
    """Draw a panel for the letters, one for the weather and one for the Gaussian."""
    figure = plots.figure(FINDING)
    letters, weather, gaussian = figure.subplots(1, 3)
    _draw_limits(letters, table.where(system=LETTER), "the next letter", 3)
    _draw_limits(weather, table.where(system=WEATHER), "tomorrow's weather", 4)
    _draw_densities(gaussian, table.where(system=GAUSSIAN, kind="counted"))
    letters.set_ylabel("probability")
    for mark, label in (
        (plots.law, "law: softmax(log p / t)"),
        (plots.simulation, "simulation: Metropolis gas"),
        (plots.sampler, "sampler: logits / t, then a draw"),
    ):
        mark(letters, [], [], color=plots.GREY, label=label)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _place(t: np.ndarray) -> np.ndarray:
    """Return t/(1 + t), which puts 0, 1 and infinity at 0, 1/2 and 1."""
    return 1 - 1 / (1 + t)


def _draw_limits(axes: Axes, rows: Table, title: str, most: int) -> None:
    """Draw the likeliest outcomes, at most so many, and one that is impossible, from t = 0 to infinity."""
    counted, curve = rows.where(kind="counted"), rows.where(kind="law")
    first = counted.where(temperature=0.0)
    p = first["probability"]
    n = np.count_nonzero(p)
    order = np.argsort(-p, kind="stable")
    ranks = [*range(min(n, most)), *range(n, p.size)]
    for rank, colour, (along, right, up, aligned) in zip(
        ranks, plots.SERIES, _LABELS, strict=False
    ):
        outcome = first["outcome"][order[rank]]
        line, points = curve.where(outcome=outcome), counted.where(outcome=outcome)
        plots.law(axes, _place(line["temperature"]), line["law"], color=colour)
        for mark, road in ((plots.simulation, "simulated"), (plots.sampler, "sampled")):
            draws = np.array([panel[road].sum() for _, panel in counted.groups("temperature")])
            seen, place = points[road] / draws, _place(points["temperature"])
            mark(axes, place, seen, np.sqrt(seen * (1 - seen) / draws), color=colour, clip_on=False)
        height = np.interp(along, _place(line["temperature"]), line["law"])
        axes.annotate(
            outcome,
            (along, min(height, 0.88)),
            (right, up),
            textcoords="offset points",
            ha=aligned,
            color=colour,
            fontweight="bold",
            parse_math=False,
        )
    axes.axvline(0.5, color=plots.GREY, linestyle=":", linewidth=2, zorder=1)
    axes.text(0.52, 1, "t = 1: p itself", color=plots.GREY, va="top")
    axes.axhline(1 / n, color=plots.GREY, linestyle=":", linewidth=2, zorder=1)
    axes.text(1.05, 1 / n, f"1/{n}", color=plots.GREY, va="center")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    ticks = np.unique(counted["temperature"])
    axes.set_xticks(_place(ticks), [f"{t:g}".replace("inf", "∞") for t in ticks])
    axes.set_xlabel("temperature t")
    axes.set_title(title)


def _draw_densities(axes: Axes, rows: Table) -> None:
    """Draw the tempered Gaussian's density at each temperature, with a point for every third cell."""
    panels = [panel for _, panel in rows.groups("temperature")]
    for panel, colour in zip(panels, plots.cold_to_hot(len(panels)), strict=True):
        t, x = panel["temperature"][0], panel["value"]
        width = x[1] - x[0]
        plots.law(axes, x, panel["law"] / width, color=colour)
        third = slice(x.size // 2 % 3, None, 3)
        for mark, road in ((plots.simulation, "simulated"), (plots.sampler, "sampled")):
            draws = panel[road].sum()
            seen = panel[road][third] / draws
            mark(
                axes,
                x[third],
                seen / width,
                np.sqrt(seen * (1 - seen) / draws) / width,
                color=colour,
            )
        axes.text(
            0.6 + 0.35 * np.sqrt(t),
            0.9 * panel["law"].max() / width + 0.03,
            f"t = {t:g}\n⟨x²⟩ = {_variance(panel, 'simulated'):.2f} σ²",
            color=colour,
            fontsize=14,
        )
    axes.set_xlim(-4.6, 5.6)
    axes.set_ylim(0)
    axes.set_xticks([-4, -2, 0, 2, 4])
    axes.set_xlabel("x (units of σ)")
    axes.set_ylabel("density (1/σ)")
    axes.set_title("a Gaussian of variance σ²")
