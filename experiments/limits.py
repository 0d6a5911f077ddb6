"""What becomes of a distribution that is frozen, left alone, or heated without end?

Objective. You can temper any distribution by hand, and say what is left of it at t = 0, at t = 1
and at t = ∞.

What you need to know. No other lesson; logarithms, and what a probability is. To temper
probabilities p at temperature t is to take softmax(log p / t): divide the logarithm of each by t,
and the exponentials of the results by their sum. It is the same to raise each p to the power 1/t
and to divide by the sum.

Minutes. 30

Predict first. Tomorrow's weather: sun 0.5, cloud 0.3, rain 0.15, snow 0.05, and frogs from the sky
0. With a pencil: what are the five probabilities at t = 0.5, where each p is squared? What are they
at t = 0, and at t = ∞, and what becomes of the frogs there? Going from t = 1 towards 0, does cloud
rise or fall at first? A die shows four faces with 0.1 each and two with 0.3 each: what is left at t
= 0?

Run. Some seconds, on any machine:

    python -m experiments limits

What the law predicts. Three limits follow, whatever p is about: the weather, a loaded die, or text.
At t = 1 nothing changes: p comes back, bit for bit. As t → 0 the likeliest outcome takes all,
equals share, and the rest dies out as exp(-gap/t), gap being how far its log p lies below the
highest. As t → ∞ all n allowed outcomes become equally likely, 1/n each; what was impossible stays
so. On the way there is no turning back: the colder of two distributions majorizes the hotter [1]_,
so that the distance to either limit only shrinks.

What would refute it. A single bit that differs at t = 1. A step away from a limit on the way to it;
a frog from the sky at t = ∞; counts that fit the law worse than one time in a million, those of the
gas (particles that hop between the outcomes, of which the lesson occupancy tells) or of the sampler
(a draw of the kind that text generators make). The control shows that this would be seen: runs 5 %
too hot must fail at t = 1.

What you see. Lines are the law, dots the gas, squares the sampler. At t = 0.5 sun has 0.685, cloud
0.247, rain 0.062 and snow 0.007; at t = 10 sun has 0.275 and snow 0.219, both nearly 1/4. After
"wind" a blank has 0.43 at t = 1, 0.91 at t = 0.1 and 1/53 at t = ∞, as each of the 53 letters has.
Cloud is highest near t = 1.2 and falls on both sides. A runner-up gains from the rarer ones before
it loses to the winner: "windo" has 0.34 at t = 1, 0.37 at t = 0.5 and 0.09 at t = 0.1.

The misconception. "Temperature adds randomness to the model." It adds nothing: softmax(log p / t)
is a fixed function of p and t. What is random is the draw, at any t; below 1 it is from a
distribution surer than the model itself: the entropy of the weather, -Σ p log p, is 1.14 at t = 1
and 0.81 at t = 0.5. "t = 0 is undefined, for one cannot divide by 0." The division is a recipe, and
the limit exists: equal shares of the likeliest. A greedy sampler takes one of the equals, the
first: of the die's two faces it shows one, and the gas both.

Answers. To what was to be predicted:

1. [sun: 0.685; cloud: 0.247; rain: 0.062; snow: 0.007; frogs: 0] The squares, divided by their sum.
2. At t = 0 sun has 1. At t = ∞ the four have 1/4 each, and frogs still 0: heat makes nothing
   possible that was not.
3. It falls: it is highest near t = 1.2.
4. The two faces of 0.3, with 1/2 each: equals share.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. Temper (0.5, 0.3, 0.2) at t = 0.5 by hand: square, then divide by the sum. You should find 0.658,
   0.237, 0.105.

       print(bz.temper([0.5, 0.3, 0.2], 0.5))
       print(exercises.question("temper_by_hand"))  # exercises.check("temper_by_hand", answer)

2. Three outcomes have 0.34, 0.33 and 0.33. How cold must it be for the first to be ten times as
   likely as the second? Solve (0.34/0.33)^(1/t) = 10. (0.0130: near ties freeze late.) Then the
   limits themselves, on paper and in a program that has to survive them:

       print(exercises.question("cold_and_hot"))  # exercises.check("cold_and_hot", answer)
       print(exercises.question("own_softmax"))  # exercises.check("own_softmax", softmax)

3. The slope of log p_i against t is (E_i - ⟨E⟩)/t², with E = -log p at t = 1 and ⟨E⟩ its mean at t:
   a runner-up is likeliest where its energy is the mean. Find that t for cloud, to two digits; it
   lies between 1 and 1.5, and the two numbers agree there.

       p, t = np.array([0.5, 0.3, 0.15, 0.05]), 1.0
       print(-np.log(p[1]), bz.temper(p, t) @ -np.log(p))

4. Your own text: `python -m experiments limits --corpus FILE`. Which of the eight verdicts must
   hold for any text at all, and which only because the draws are honest? (The first five are about
   the law.)

References
----------
.. [1] A. W. Marshall, I. Olkin and B. C. Arnold, Inequalities: Theory of Majorization, 2nd ed., ch.
   5 (2011).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.statistics import goodness_of_fit, total_variation
from experiments.drawings.limits import draw_limits
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.letters import shown, usable_contexts
from experiments.shared.roads import gas_and_sampler, name_roads

CHAPTER = 10
FINDING = "Cold picks the likeliest, heat makes all equal, t = 1 changes nothing"


@dataclass(frozen=True)
class Config:
    """The full experiment; temperatures are in the unit of -log p, nats."""

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
    temperatures: tuple[float, ...] = (0.0, 0.1, 0.5, 1.0, 2.0, 10.0, np.inf)
    curve: int = 48  # steps of t/(1 + t), from 0 to 1, at which the law is drawn
    particles: int = 200_000  # of the gas, and draws of the sampler
    control: float = 1.05  # how much too hot the control runs
    seed: int = 2026


QUICK = Config(temperatures=(0.0, 0.5, 1.0, 2.0, np.inf), curve=12, particles=20_000, control=1.2)


@dataclass(frozen=True, eq=False)
class _System:
    """K outcomes, their probabilities at t = 1, and the logits that a sampler is given."""

    name: str
    outcomes: list[str]
    p: np.ndarray
    logits: np.ndarray


def _systems(config: Config) -> list[_System]:
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    context = [*usable_contexts([config.context], text), ""][0]
    logits = model.logits(context)
    letters = [shown(context + letter) for letter in model.alphabet]
    kinds, weather = zip(*config.weather, strict=True)
    faces = [f"face {face}" for face in range(1, len(config.die) + 1)]
    with np.errstate(divide="ignore"):
        return [
            _System("letter", letters, bz.softmax(logits), logits),
            _System("weather", [*kinds], np.array(weather), np.log(weather)),
            _System("die", faces, np.array(config.die), np.log(config.die)),
        ]


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Send every system at every temperature down the three roads, and follow the law between."""
    places = np.arange(config.curve) / config.curve
    curve = [*(places / (1 - places)).tolist(), np.inf]
    jobs: list[tuple[_System, str, float]] = []
    for system in _systems(config):
        jobs += [(system, "counted", t) for t in config.temperatures]
        if system.name != "letter":  # what a user's text makes of 5 % is not known beforehand
            jobs.append((system, "control", 1.0))
        jobs += [(system, "law", t) for t in curve]

    rows = []
    for done, (system, kind, t) in enumerate(jobs):
        gas = sampled = np.zeros(system.p.size, np.int64)
        if kind != "law":
            heat = config.control if kind == "control" else 1.0
            seed = config.seed + done
            gas, sampled = gas_and_sampler(
                system.p, system.logits, heat * t, config.particles, seed
            )
        law = bz.temper(system.p, t)
        rows += [
            {
                "system": system.name,
                "kind": kind,
                "temperature": t,
                "outcome": outcome,
                "probability": system.p[k],
                "law": law[k],
                "changed": int(law[k] != system.p[k]),
                "simulated": gas[k],
                "sampled": sampled[k],
            }
            for k, outcome in enumerate(system.outcomes)
        ]
        progress((done + 1) / len(jobs))
    return Table.of_rows(rows)


def verdicts(table: Table) -> list[Verdict]:
    """Judge the limits, the ways to them, and the counts; the worst panel decides."""
    untouched = table.where(temperature=1.0)
    counted = [p for _, p in table.where(kind="counted").groups("system", "temperature")]
    gas, sampler = ([_fit(p, road) for p in counted] for road in ("simulated", "sampled"))
    controls = [panel for _, panel in table.where(kind="control").groups("system")]
    control = [_fit(panel, road) for panel in controls for road in ("simulated", "sampled")]
    changed, of = untouched["changed"].sum(), f"of {len(untouched)}, bitwise"

    off = {t: _off_limit(table, t) for t in (0.0, np.inf)}
    back = {t: _steps_back(table, t) for t in (0.0, np.inf)}
    cold, hot = "equal shares of the likeliest", "1/n for all allowed"
    away, way, digits = "steps away from the", "majorization", "the table holds ten digits"

    return [
        agrees("untouched", "t = 1: probabilities that change", changed, 0, 0, of),
        agrees("cold", f"t = 0: distance from {cold}", off[0.0], 0, 1e-9, digits),
        agrees("hot", f"t = ∞: distance from {hot}", off[np.inf], 0, 1e-9, digits),
        agrees("towards_cold", f"{away} cold limit as t falls", back[0.0], 0, 0, way),
        agrees("towards_hot", f"{away} hot limit as t rises", back[np.inf], 0, 0, way),
        fits("gas", "the Metropolis gas obeys the law at every t", gas, "panels"),
        fits("sampler", "the sampler obeys the law at every t", sampler, "panels"),
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
    """Return how many steps of the law towards t = 0 or inf lead away from it."""
    count = 0
    for _, curve in table.where(kind="law").groups("system"):
        panels = [panel for _, panel in curve.groups("temperature")]
        towards = panels if limit > 0 else panels[::-1]
        distances = [total_variation(panel["law"], _limit(panel, limit)) for panel in towards]
        count += int((np.diff(distances) > 1e-9).sum())  # the table holds ten digits
    return count


def _fit(panel: Table, road: str) -> float:
    """Return the p-value of the counts; at t = 0 a sampler takes the first of equals."""
    law = panel["law"]
    if road == "sampled" and panel["temperature"][0] == 0:
        law = np.eye(law.size)[law.argmax()]
    return goodness_of_fit(panel[road], law).p_value


def draw(table: Table) -> Figure:
    """Draw a panel for the letters and one for the weather."""
    figure = plots.figure(FINDING)
    letters, weather = figure.subplots(1, 2)
    draw_limits(letters, table.where(system="letter"), "the next letter", 3)
    draw_limits(weather, table.where(system="weather"), "tomorrow's weather", 4)
    letters.set_ylabel("probability")
    name_roads(figure, letters)
    return figure
