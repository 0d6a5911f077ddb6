"""Can a sampler's temperature be read off its tokens, and does the reading name what is wrong?

Objective. You can estimate a temperature from tokens with its error, say how many tokens an audit
takes, and name what a dishonest sampler does.

What you need to know. The lessons `letters` (E = -log p) and `entropy` (heat capacity C =
Var(E)/t²). A log-probability is what a model offered for a token; a draw is the token that came
out.

Minutes. 40

Predict first. Of two tokens offered with 0.8 and 0.2, the likelier came out 900 times in 1000: what
is t? (Their ratio is 4^{1/t}.) n draws tell t to one part in √(n C): how well do 10,000 tell t = 1,
where C = 1.25? At which temperatures is it hardest to tell t, and why there? A sampler was asked
for t = 0.7 and applies it twice: what should be read?

Run. Some seconds:

    python -m experiments thermometer

What the law predicts. If tokens follow softmax(log p / t), then t is the temperature at which the
mean energy of the law is that of the tokens. Its error is known before the measurement. The
derivative of the mean energy is the heat capacity C, and n draws tell t to 1/√(n C) of itself [1]_:
how well a temperature can be measured is how much heat the distribution holds. Near t = 0 and t = ∞
C vanishes, and with it what a token can tell.

What would refute it. Readings that scatter about the true temperatures by more, or less, than their
error bars; bars that are not those predicted; an honest sampler that is called a liar, or a broken
one that passes or gets the wrong name. The control: readings held to a temperature 5 % off must
fail.

What you see. On the left, two decades of temperature, each reading within two errors of the truth;
the band, the prediction, is narrow where the curve in the middle is high. That curve peaks near t =
2, at C = 1.95, where t is told to 0.7 %; at t = 1, where C = 1.25, to 0.9 %, and at t = 0.1, where
C = 0.15, to 2.5 %. On the right, what is found when a sampler that was asked for 0.7 does something
else: one that ignores t reads 1.021 ± 0.009, one that applies it twice 0.485 ± 0.006, and one that
hides a top-k of 5 reads 0.581, too cold, and is named by its wall.

The misconception. "You cannot tell the temperature from a text." From a text alone, hardly. From a
text and what the model offered at each place, to a per cent in ten thousand tokens. "A sampler that
runs too cold has too low a temperature": a hidden top-k makes the reading cold as well. A reading
assumes that the law holds; whether it does, the draws answer too.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. Two tokens: solve 4^{1/t} = 9 for t. (ln 4 / ln 9 = 0.631.) Check, and read off the error.

       reading = bz.thermometer.read(np.log([0.8, 0.2]), np.repeat([0, 1], [900, 100]))
       print(reading.temperature, reading.standard_error)

2. How many draws tell t = 0.7 to 1 %, where C = 0.88? (1/(0.01² · 0.88) = 11,400.)

       print(exercises.question("how_many_draws"))  # exercises.check("how_many_draws", answer)

3. With 1000 draws instead of 10,000, and with 100, which faults can still be named? (With 1000 all
   but the 20 % too hot, and an honest sampler cannot yet be told to be one; with 100 only an
   ignored t and greedy draws.)

       audits = run("thermometer", draws=1000).where(kind="audit")
       for name in ("sampler", "verdict", "fault"):
           print(audits[name])

4. Audit a sampler with a mistake of your own. This one divides probabilities by t: how hot does it
   seem, and why? (103 ± 44, and the audit fails it: a softmax of numbers between 0 and 1 is nearly
   uniform.)

       from boltzmann.language import NGram, load_corpus
       model, generator = NGram.fit(load_corpus(), order=5), np.random.default_rng(1)
       def sampler(row, t):
           p = bz.softmax(bz.softmax(row) / t)
           return generator.choice(p.size, size=50, p=p)
       logits = np.array([model.logits(context) for context in ("the s", "wind", "warm", " the ")])
       print(bz.thermometer.audit(sampler, logits, temperature=0.7, draws=4000))
       print(exercises.question("which_server_lies"))
       # exercises.check("which_server_lies", answer)

5. Derive the error: the slope of the mean energy is C, and the mean of n errs by √(C t²/n).

       print(exercises.question("own_thermometer"))
       # exercises.check("own_thermometer", thermometer)

References
----------
.. [1] R. A. Fisher, Phil. Trans. R. Soc. A 222, 309 (1922): the error of a likeliest value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import pulls
from experiments.drawings.thermometer import draw_audits, draw_heat_capacity, draw_readings
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values

CHAPTER = 150
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
    contexts: int = 100  # places of the text, spread evenly
    temperatures: tuple[float, ...] = tuple(np.geomspace(0.1, 10, 13).round(3).tolist())
    draws: int = 10_000
    claimed: float = 0.7
    control: float = 1.05
    seed: int = 2026


QUICK = Config(temperatures=(0.3, 1.0, 3.0), contexts=40)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Read the temperature of honest draws over two decades, and audit samplers that are not."""
    logits = _logits(config)
    honest, _ = FAULTS["honest"]
    rows: list[dict[str, Any]] = []
    steps = len(config.temperatures) + len(FAULTS)
    for done, t in enumerate(config.temperatures):
        audit = _audited(logits, t, honest(t), config.draws, config.seed + done)
        heat = _rounded(bz.heat_capacity(-logits, t).mean())
        rows.append(_row("reading", t, law_heat_capacity=heat, **_found(audit)))
        progress((done + 1) / steps)

    fine = np.geomspace(config.temperatures[0], config.temperatures[-1], _CURVE)
    capacities = bz.heat_capacity(-logits, fine).mean(axis=1)
    rows += [_row("law", t, law_heat_capacity=C) for t, C in zip(fine, capacities, strict=True)]

    t = config.claimed
    for done, (name, (fault, expected)) in enumerate(FAULTS.items()):
        audit = _audited(logits, t, fault(t), config.draws, config.seed + 100 + done)
        rows.append(_row("audit", t, sampler=name, expected=expected, **_found(audit)))
        progress((len(config.temperatures) + done + 1) / steps)
    return Table.of_rows([{**row, "control": config.control} for row in rows])


def _logits(config: Config) -> np.ndarray:
    """Return the logits of a letter model at places of its text, (contexts, V)."""
    text, before = load_corpus(), config.order - 1
    model = NGram.fit(text, order=config.order)
    places = np.linspace(0, len(text) - config.order, config.contexts).astype(int)
    contexts = [model.encode(text[place : place + before]) for place in places]
    return np.array([model.logits(context) for context in contexts])


def _audited(
    logits: np.ndarray, claimed: float, settings: dict[str, Any], draws: int, seed: int
) -> bz.thermometer.Audit:
    """Audit a sampler that draws by `settings`, whatever it is asked for."""
    generator = np.random.default_rng(seed)
    each = -(-draws // len(logits))  # draws for each context

    def sampler(row: np.ndarray, t: float) -> np.ndarray:
        return draw_ids(row, size=each, seed=generator, **settings)

    return bz.thermometer.audit(sampler, logits, claimed, each * len(logits))


def _row(kind: str, t: float, **given: Any) -> dict[str, Any]:
    """Return one row of the table, blank in the columns that its kind does not use."""
    words = dict.fromkeys(("verdict", "fault", "expected"), "")
    numbers = dict.fromkeys(("reading", "error", "heat_capacity"), 0.0)
    row = {"kind": kind, "sampler": "", "temperature": t, "draws": 0}
    return row | numbers | {"law_heat_capacity": 0.0} | words | given


def _found(audit: bz.thermometer.Audit) -> dict[str, Any]:
    """Return the columns that an audit fills."""
    reading, diagnosis = audit.reading, audit.diagnosis
    return {
        "draws": reading.draws,
        "reading": _rounded(reading.temperature),
        "error": _rounded(reading.naive_error),
        "heat_capacity": _rounded(reading.heat_capacity),
        "verdict": diagnosis.verdict,
        "fault": WORDS.get(diagnosis.fault, diagnosis.fault),
    }


def _rounded(value: float) -> float:
    """Return a value to seven digits, which are what a fit is good for."""
    return float(f"{value:.7g}")


def verdicts(table: Table) -> list[Verdict]:
    """Hold readings to the truth, errors to the heat capacity, and names to what was done."""
    readings, audits = table.where(kind="reading"), table.where(kind="audit")
    t, found, error = (readings[name] for name in ("temperature", "reading", "error"))
    predicted = 1 / np.sqrt(readings["draws"] * readings["law_heat_capacity"])
    off = float(np.abs(error / found / predicted - 1).max())
    accused = np.count_nonzero(readings["verdict"] == "fails")
    named = audits["fault"] == audits["expected"]
    judged = (audits["verdict"] == "holds") == (audits["expected"] == "")
    wrong = np.count_nonzero(~(named & judged))

    scatter = "readings scatter about the true temperatures by their errors"
    sizes, reason = (
        "errors are 1/√(nC), the largest deviation",
        "a reading two errors off changes C",
    )
    honest, of = "honest samplers that fail their audit", f"of {t.size}, each in less than 1e-3"
    names, squares = "samplers that are not called what they are", f"χ² of {t.size} temperatures"
    true = table["control"][0] * t
    return [
        fits("readings", scatter, _p(found, t, error), squares),
        agrees("errors", sizes, off, 0, 0.2, reason),
        agrees("honest", honest, accused, 0, 0, of),
        agrees("names", names, wrong, 0, 0, f"of {len(audits)}"),
        differs("control", "control: 5 % off is not the truth", _p(found, true, error), squares),
    ]


def _p(found: np.ndarray, true: np.ndarray, error: np.ndarray) -> float:
    """Judge 1/t, in which the readings are nearly normal: its error is that of t over t²."""
    z = pulls(1 / found, 1 / true, error / found**2)
    return p_values.of_squares(z)


def draw(table: Table) -> Figure:
    """Draw readings over true temperatures, the heat capacity, and what the audits found."""
    figure = plots.figure(FINDING)
    ratio, heat, named = figure.subplots(1, 3, width_ratios=[4, 3, 4.6])
    readings = table.where(kind="reading")
    draw_readings(ratio, readings)
    draw_heat_capacity(heat, table.where(kind="law"), readings)
    draw_audits(named, table.where(kind="audit"))
    return figure
