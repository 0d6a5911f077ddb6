"""Is a temperature the same temperature in every inference engine?

Objective. You can tell what an engine does with a temperature from its draws alone, and name what
acts beside it that nobody asked for.

What you need to know. The lessons `truncation` (top-k, top-p, min-p, and their order) and
`thermometer` (a temperature read off tokens, with its error). An engine is a program that runs a
language model: a server, a library, a page. Its defaults are what it does with settings that a
request leaves out.

Minutes. 30

Predict first. Sixteen engines are given a network whose logits are known, and told to sample from
it at t = 0.7 with every truncation off. In how many is 0.7 read? Then the request says temperature
= 0.7 and nothing else: in how many is it read now, and in how many does the likeliest token come
every time? Two requests are sent without a seed: can the same text come twice? An engine is asked
for t = 10⁻⁴⁰: what should come, and what could go wrong on the way?

Run. Some seconds; nothing is installed, as the engines' answers are in
`experiments/engines/results`:

    python -m experiments engines

What the law predicts. A sampler at temperature t draws token i with softmax(log p / t), whatever it
runs on. The row that was asked here is p proportional to 1/rank over 200 tokens, so that token r
comes r^(-1/t) times as often as the first; n draws tell t to 1/√(nC) of itself.

What would refute it. A reading that is off by more than its error allows, in any engine, where
sampling is on and truncation off. The control: readings held to a temperature 10 % off must fail.

What you see. On the left, each engine and this package's own sampler at four temperatures: all 68
readings are within 1.6 % of what was asked for, and within three of their errors. Whoever wrote
these samplers divided by t and drew rightly, in C++, Rust, Python and JavaScript. On the right the
same, with a temperature of 0.7 alone in the request. Of the 16 engines 7 are greedy: the
temperature waits for a switch (`do_sample`, or a top-k other than 1), and no error says so. In 6
more the rare tokens are cut off: KerasHub leaves 5 tokens, three builds of llama.cpp leave 20 and a
fourth 33, and rwkv, which also punishes what came before, 136 at t = 1.12. In 3 engines 0.7 is all
that acts. docs/engines.md has the rest: order, ties, seeds, log-probabilities, and the edges. At t
= 10⁻⁴⁰, where 1/t is too large for single precision, 8 of the 15 asked draw a token whose
probability is 0, 3 stop with an error, and 4 do what the limit says.

The misconception. "Set the temperature, and you know how the model is sampled." The temperature is
one setting of a chain, and the one that engines agree on. What differs is all around it: whether
there is sampling at all, which tokens are left to it, whether it comes before or after they are
cut, and whether two requests share their random numbers. "An engine without an error did what it
was asked." Most of these did something else, in silence.

Exercises. In code, `from experiments import run` and `from experiments.engines import answers,
results` were done.

1. At t = 0.7, how much likelier is the first of the 200 tokens than the tenth? (10^(1/0.7) = 27
   times. At t = 1 it is 10 times.)

2. An engine leaves the 20 likeliest of these tokens, by a min-p. Which? (The 20th has 1/20 of the
   first at t = 1: 0.05, taken before the temperature. After it, the ratio at 0.7 would be 0.014.)
   What is read by somebody who does not know of it? (0.59: what is never drawn seems cold.)

       observed = engines.results()["llama_cpp"]["answers"]["temperature_alone"]["observed"]
       print(engines.answers.reading_of(observed), engines.answers.reading_of(observed, 20))

3. Logits 3, 2, 1 are drawn at t = 0.5 with a top-p of 0.8. How many tokens come where the
   temperature is taken first, and how many where it is last? (One, and two.) Who does which?

       for result in engines.results().values():
           print(result["engine"], result["answers"]["order"]["value"], sep=": ")

4. Where does one seed serve every request? Say what that does to an average over ten answers. (It
   is one answer, ten times: the error bar of ten is √10 times too small.)

       for result in engines.results().values():
           print(result["engine"], result["answers"]["seed_absent"]["value"], sep=": ")

5. Find the engines that draw a forbidden token at t = 10⁻⁴⁰, and say how. (It is less than the
   least normal number of single precision, so that logits / t or 1/t overflows: logits become
   infinite or not a number, and which is then the largest is an accident.)

       for result in engines.results().values():
           print(result["engine"], result["answers"]["subnormal"]["value"], sep=": ")
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from boltzmann import plots
from experiments.drawings.engines import draw_alone, draw_readings
from experiments.engines import answers
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values

CHAPTER = 160
FINDING = "One temperature, sixteen engines: the draws obey it, the defaults do not"

RESULTS = Path(__file__).resolve().parent / "results"
OFF = "truncation off"
ALONE = "alone"  # the request says temperature, and nothing else
TOKENS = 200


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    temperatures: tuple[float, ...] = (0.3, 0.7, 1.0, 1.5)
    control: float = 1.1


QUICK = Config(temperatures=(0.7,))


def results() -> dict[str, dict[str, Any]]:
    """Return the result files by name, the control first."""
    files = sorted(RESULTS.glob("*.json"), key=lambda path: (path.stem != "ours", path.stem))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Read each engine's temperatures off the draws in its result file."""
    rows = []
    found = results()
    for done, result in enumerate(found.values()):
        given = result["answers"]
        asked = [(OFF, t, given[f"reading_{t:g}"]) for t in config.temperatures]
        asked.append((ALONE, 0.7, given["temperature_alone"]))
        for settings, t, answer in asked:
            row = {"engine": result["engine"], "settings": settings, "temperature": t}
            row["control"] = config.control * t
            rows.append(row | _read(answer["observed"]))
        progress((done + 1) / len(found))
    return Table.of_rows(rows)


def _read(observed: dict[str, Any]) -> dict[str, float]:
    """Return how many tokens are left, and the temperature of their draws: 0 of one token."""
    left = answers.left_of(observed)
    temperature, error = answers.reading_of(observed, left) if left > 1 else (0.0, 0.0)
    draws = answers.draws_of(observed)
    return {
        "draws": draws,
        "left": left,
        "reading": float(f"{temperature:.7g}"),
        "standard_error": float(f"{error:.7g}"),
    }


def verdicts(table: Table) -> list[Verdict]:
    """Hold each reading to its temperature; count what the defaults leave of it."""
    off, alone = table.where(settings=OFF), table.where(settings=ALONE)
    ours = alone.where(engine=alone["engine"][0])
    plain = (alone["left"] == TOKENS) & (np.array(_p_values(alone, "temperature")) > 1e-6)
    changed = np.count_nonzero(~plain[1:])  # the control is the first
    engines = len(alone) - 1

    readings = "told to sample, each engine samples at the temperature asked for"
    caught = "control: a temperature that is off is caught"
    whole = "0.7 alone: tokens that the control leaves"
    most = "0.7 alone: engines that do otherwise"
    count, expected = f"{changed} of {engines}", "more than half"
    return [
        fits("readings", readings, _p_values(off, "temperature"), "readings"),
        differs("control", caught, _p_values(off, "control"), "readings"),
        agrees("whole", whole, ours["left"][0], TOKENS, 0),
        Verdict("alone", most, count, expected, "counted", bool(2 * changed > engines)),
    ]


def _p_values(table: Table, column: str) -> list[float]:
    """Return how probable readings are that are as far from a column's temperatures, or farther."""
    distance = np.abs(table["reading"] - table[column])
    with np.errstate(divide="ignore"):  # one token has no error, and is at no temperature above 0
        pulls = distance / table["standard_error"]
    return p_values.of_either_sign(pulls).tolist()


def draw(table: Table) -> Figure:
    """Draw reading / t of each engine, and beside it what 0.7 alone leaves of the tokens."""
    figure = plots.figure(FINDING)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    engines = list(dict.fromkeys(table["engine"].tolist()))
    draw_readings(left, table.where(settings=OFF), engines)
    draw_alone(right, table.where(settings=ALONE), engines)
    left.set_yticks(range(len(engines)), engines)
    left.invert_yaxis()
    for axes in (left, right):
        axes.tick_params(axis="y", length=0)
    return figure
