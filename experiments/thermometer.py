"""Can the temperature of a sampler be read off its tokens, how well, and does the reading name what is wrong?

Objective. You can estimate a temperature from tokens with its error, say how many tokens an audit
takes, and name what a dishonest sampler does.

What you need to know. The lessons `letters` (E = -log p) and `entropy` (heat capacity C =
Var(E)/t²). A log-probability is what a model offered for a token; a draw is the token that came
out. A standard error is the scatter that an estimate would have if it were made again and again.

Minutes. 40

Predict first. Of two tokens offered with 0.8 and 0.2, the likelier came out 900 times in 1000: what
is t? (Their ratio is 4^{1/t}.) n draws tell t to one part in √(n C): how well do 10,000 tell t = 1,
where C = 1.25? At which temperatures is it hardest to tell t, and why there? A sampler was asked
for t = 0.7 and applies it twice: what should be read?

Run. Some seconds:

    python -m experiments thermometer

What the law predicts. If tokens follow softmax(log p / t), then t can be found from what was
offered and what came out: it is the temperature at which the mean energy of the law is that of the
tokens. Its error is known before the measurement. The derivative of the mean energy is the heat
capacity C, and n draws tell t to 1/√(n C) of itself [1]_: how well a temperature can be measured is
how much heat the distribution holds. Near t = 0 all tokens are the likeliest and near t = ∞ all are
equally likely; in both, C vanishes, and with it what a token can tell.

What would refute it. Readings that scatter about the true temperatures by more, or less, than their
error bars; bars that are not those predicted; an honest sampler that is called a liar, or a broken
one that passes or gets the wrong name. The control: readings held to a temperature 5 % off must
fail.

What you see. On the left, two decades of temperature, each reading within two errors of the truth;
the band is the prediction, and it is narrow where the curve in the middle is high. That curve peaks
near t = 2, at C = 1.95, where t is told to 0.7 %; at t = 1, where C = 1.25, to 0.9 %, and at t =
0.1, where C = 0.15, to 2.5 %. On the right, what is found when a sampler that was asked for 0.7
does something else: one that ignores t reads 1.021 ± 0.009, one that applies it twice 0.485 ±
0.006, and one that hides a top-k of 5 reads 0.581, too cold, and is named by its wall.

The misconception. "You cannot tell the temperature from a text." From a text alone, hardly. From a
text and what the model offered at each place, to a per cent in ten thousand tokens. And "a sampler
that runs too cold has too low a temperature": a hidden top-k makes the reading cold as well. The
reading is a number under the assumption that the law holds, and whether it holds is a question of
its own, which the draws answer too.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. Two tokens: solve 4^{1/t} = 9 for t. It is ln 4 / ln 9 = 0.631. Check, and read off the error:
   1/√(1000 C) of it.

       reading = bz.thermometer.read(np.log([0.8, 0.2]), np.repeat([0, 1], [900, 100]))
       print(reading.temperature, reading.standard_error)

2. How many draws does it take to tell t = 0.7 to 1 %, where C = 0.88? (1/(0.01² · 0.88) = 11,400.)

       print(exercises.question("how_many_draws"))  # exercises.check("how_many_draws", answer)

3. With 1000 draws instead of 10,000, and with 100, which faults can still be named? (With 1000 all
   but the 20 % too hot, and an honest sampler cannot yet be told to be one; with 100 only an
   ignored t and greedy draws. The verdicts that fail are those that ask for all eight names.)

       audits = run("thermometer", draws=1000).where(kind="audit") for sampler, verdict, fault in
       zip(audits["sampler"], audits["verdict"], audits["fault"], strict=True):
           print(sampler, verdict, fault, sep=": ")

4. Write a sampler with a mistake of your own and audit it. This one divides probabilities by t, not
   their logarithms: at which temperature does it seem to draw, and why so hot? (103 ± 44, and the
   audit fails it: a softmax of numbers between 0 and 1 is nearly uniform, whatever the model says.)

       from boltzmann.language import NGram, load_corpus
       model, generator = NGram.fit(load_corpus(), order=5), np.random.default_rng(1)
       def sampler(row, t):
           p = bz.softmax(bz.softmax(row) / t)
           return generator.choice(p.size, size=50, p=p)
       logits = np.array([model.logits(context) for context in ("the s", "wind", "warm", " the ")])
       print(bz.thermometer.audit(sampler, logits, temperature=0.7, draws=4000))
       print(exercises.question("which_server_lies"))  # exercises.check("which_server_lies",
       answer)

5. Derive the error. The slope of the mean energy against t is C, and the mean of n energies has the
   error √(C t²/n). And build it:

       print(exercises.question("own_thermometer"))  # exercises.check("own_thermometer",
       thermometer)

References
----------
.. [1] R. A. Fisher, Phil. Trans. R. Soc. A 222, 309 (1922): the error of a likeliest value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import chi2

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import pulls
from experiments.runner.table import Table, Verdict, agrees, differs, fits

CHAPTER = 15
FINDING = "A temperature can be read off the tokens, to one part in √(n C)"

_CURVE = 60  # points of the law

# What a sampler that was asked for t does instead, and the name that this should get.
FAULTS: dict[str, tuple[Callable[[float], dict[str, Any]], str]] = {
    "honest": (lambda t: {"temperature": t}, ""),
    "ignores t": (lambda t: {"temperature": 1.0}, "ignored"),
    "takes the likeliest": (lambda t: {"temperature": 0.0}, "greedy"),
    "doubles t": (lambda t: {"temperature": 2 * t}, "doubled"),
    "applies t twice": (lambda t: {"temperature": t * t}, "squared"),
    "is 20 % too hot": (lambda t: {"temperature": 1.2 * t}, "another constant"),
    "hides top_k = 5": (lambda t: {"temperature": t, "top_k": 5}, "top_k"),
    "hides min_p = 0.1": (lambda t: {"temperature": t, "min_p": 0.1}, "min_p"),
}

# The figure's words for faults whose names in a diagnosis are longer.
WORDS = {
    "wrong_temperature": "another constant",
    "hidden_top_k": "top_k",
    "hidden_top_p": "top_p",
    "hidden_min_p": "min_p",
}


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    order: int = 4
    contexts: int = 100  # the first so many places of the text, spread evenly
    temperatures: tuple[float, ...] = tuple(np.geomspace(0.1, 10, 13).round(3).tolist())
    draws: int = 10_000
    claimed: float = 0.7
    control: float = 1.05
    seed: int = 2026


QUICK = Config(temperatures=(0.3, 1.0, 3.0), contexts=40)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Read the temperature of honest draws over two decades, and audit samplers that are not honest."""
    text = load_corpus()
    model = NGram.fit(text, order=config.order)
    places = np.linspace(0, len(text) - config.order, config.contexts).astype(int)
    logits = np.array(
        [model.logits(model.encode(text[place : place + config.order - 1])) for place in places]
    )
    rows, steps = [], len(config.temperatures) + len(FAULTS)
    each = -(-config.draws // len(logits))
    for done, t in enumerate(config.temperatures):
        audit = _audited(logits, t, t, each, config.seed + done, lambda t: {"temperature": t})
        heat = float(bz.heat_capacity(-logits, t).mean())
        rows.append(_row("reading", "", "", t, audit, heat))
        progress((done + 1) / steps)
    fine = np.geomspace(config.temperatures[0], config.temperatures[-1], _CURVE)
    blank = {
        "reading": 0.0,
        "error": 0.0,
        "heat_capacity": 0.0,
        "verdict": "",
        "fault": "",
        "expected": "",
    }
    rows += [
        {
            "kind": "law",
            "sampler": "",
            "temperature": t,
            "draws": 0,
            **blank,
            "law_heat_capacity": C,
        }
        for t, C in zip(fine, bz.heat_capacity(-logits, fine).mean(axis=1), strict=True)
    ]
    for done, (name, (fault, expected)) in enumerate(FAULTS.items()):
        audit = _audited(
            logits, config.claimed, config.claimed, each, config.seed + 100 + done, fault
        )
        rows.append(_row("audit", name, expected, config.claimed, audit, 0.0))
        progress((len(config.temperatures) + done + 1) / steps)
    return Table.of_rows([{**row, "control": config.control} for row in rows])


def _audited(
    logits: np.ndarray,
    t: float,
    claimed: float,
    each: int,
    seed: int,
    fault: Callable[[float], dict[str, Any]],
) -> bz.thermometer.Audit:
    generator = np.random.default_rng(seed)
    settings = fault(t)
    return bz.thermometer.audit(
        lambda row, _: draw_ids(row, size=each, seed=generator, **settings),
        logits,
        claimed,
        each * len(logits),
    )


def _row(
    kind: str, sampler: str, expected: str, t: float, audit: bz.thermometer.Audit, heat: float
) -> dict[str, Any]:
    reading = audit.reading
    numbers = {
        "reading": reading.temperature,
        "error": reading.naive_error,
        "heat_capacity": reading.heat_capacity,
        "law_heat_capacity": heat,
    }
    return {
        "kind": kind,
        "sampler": sampler,
        "temperature": t,
        "draws": reading.draws,
        **{
            name: float(f"{value:.7g}") for name, value in numbers.items()
        },  # what a fit is good for
        "verdict": audit.diagnosis.verdict,
        "fault": WORDS.get(audit.diagnosis.fault, audit.diagnosis.fault),
        "expected": expected,
    }


def verdicts(table: Table) -> list[Verdict]:
    """Hold readings to the truth by their errors, errors to the heat capacity, and names to what was done."""
    readings, audits = table.where(kind="reading"), table.where(kind="audit")
    t, found, error = (readings[name] for name in ("temperature", "reading", "error"))
    predicted = 1 / np.sqrt(readings["draws"] * readings["law_heat_capacity"])
    off = float(np.abs(error / found / predicted - 1).max())
    right = (audits["fault"] == audits["expected"]) & (
        (audits["verdict"] == "holds") == (audits["expected"] == "")
    )
    honest = np.count_nonzero(readings["verdict"] == "fails")
    return [
        fits(
            "readings",
            "readings scatter about the true temperatures by their errors",
            _p(found, t, error),
            _of(t),
        ),
        agrees(
            "errors",
            "errors are 1/√(nC), the largest deviation",
            off,
            0,
            0.2,
            "a reading two errors off changes C",
        ),
        agrees(
            "honest",
            "honest samplers that fail their audit",
            honest,
            0,
            0,
            f"of {t.size}, each in less than 1e-3",
        ),
        agrees(
            "names",
            "samplers that are not called what they are",
            np.count_nonzero(~right),
            0,
            0,
            f"of {right.size}",
        ),
        differs(
            "control",
            "control: 5 % off is not the truth",
            _p(found, table["control"][0] * t, error),
            _of(t),
        ),
    ]


def _of(t: np.ndarray) -> str:
    return f"χ² of {t.size} temperatures"


def _p(found: np.ndarray, true: np.ndarray, error: np.ndarray) -> float:
    """Weigh 1/t, in which the readings are nearly normal: its error is that of t over t²."""
    z = pulls(1 / found, 1 / true, error / found**2)
    return float(chi2.sf(np.square(z).sum(), z.size))


def draw(table: Table) -> Figure:
    """Draw readings over true temperatures, the heat capacity, and what the audits found."""
    figure = plots.figure(FINDING)
    ratio, heat, named = figure.subplots(1, 3, width_ratios=[4, 3, 4])
    readings, audits = table.where(kind="reading"), table.where(kind="audit")
    t = readings["temperature"]
    band = 1 / np.sqrt(readings["draws"] * readings["law_heat_capacity"])
    ratio.fill_between(
        t, 1 - band, 1 + band, color=plots.GREY, alpha=0.3, linewidth=0, label="law: 1 ± 1/√(nC)"
    )
    plots.sampler(
        ratio, t, readings["reading"] / t, readings["error"] / t, label="reading of tokens"
    )
    ratio.axhline(1, color=plots.BLACK, linewidth=1)
    ratio.set_ylabel("temperature read / true")
    ratio.set_ylim(0.85, 1.15)
    law = table.where(kind="law")
    plots.law(heat, law["temperature"], law["law_heat_capacity"], label="law")
    plots.sampler(heat, t, readings["heat_capacity"], label="from the tokens")
    heat.set_ylabel("heat capacity C of a token (k = 1)")
    for axes in (ratio, heat):
        axes.set_xscale("log")
        axes.set_xlabel("true temperature t")
        axes.legend(loc="lower right" if axes is ratio else "upper right")
    heat.set_ylim(0, 1.35 * readings["law_heat_capacity"].max())
    _draw_audits(named, audits)
    return figure


def _draw_audits(axes: Axes, audits: Table) -> None:
    """Write what each sampler does and what it is called."""
    axes.set_axis_off()
    axes.set_title(f"asked for t = {audits['temperature'][0]:g}")
    names = ("sampler", "reading", "error", "verdict", "fault")
    for line, (sampler, reading, error, verdict, fault) in enumerate(
        zip(*(audits[name].tolist() for name in names), strict=True)
    ):
        place = 0.93 - 0.12 * line
        axes.text(
            0.0, place, f"a sampler that {sampler}" if line else "an honest sampler", fontsize=13
        )
        value = (
            f"{reading:.3f} ± {error:.3f}" if np.isfinite(error) and reading > 0 else f"{reading:g}"
        )
        colour = plots.VERMILION if fault else plots.BLUE
        axes.text(0.03, place - 0.05, f"reads {value}: ", fontsize=13)
        axes.text(
            0.98,
            place - 0.05,
            fault or verdict,
            fontsize=13,
            color=colour,
            fontweight="bold",
            ha="right",
        )
