"""Is a temperature the same temperature in every inference engine?

Objective. You can tell what an engine does with a temperature from its draws alone, and name what
acts beside it that nobody asked for.

What you need to know. The lessons `truncation` (top-k, top-p, min-p, and their order) and
`thermometer` (a temperature read off tokens, with its error). An engine is a program that runs a
language model: a server, a library, a page. Its defaults are what it does with settings that a
request leaves out.

Minutes. 30

Predict first. Fifteen engines are given a network whose logits are known, and told to sample from
it at t = 0.7 with every truncation off. In how many is 0.7 read? Then the request says
`temperature = 0.7` and nothing else: in how many is it read now? In how many does the likeliest
token come every time? Two requests are sent without a seed: can the same text come twice? An
engine is asked for t = 10⁻⁴⁰: what should come, and what could go wrong on the way?

Run. Some seconds; nothing is installed, since the engines' answers are in
`experiments/engines/results`:

    python -m experiments engines

What the law predicts. A sampler at temperature t draws token i with softmax(log p / t), whatever
it runs on. The row that was asked here is p proportional to 1/rank over 200 tokens, so that token
r comes r^(-1/t) times as often as the first; n draws tell t to 1/√(n C) of itself.

What would refute it. A reading that is off by more than its error, in any engine, where sampling
is on and truncation off. The control: readings held to a temperature 10 % off must fail.

What you see. On the left, all engines at four temperatures: every bar meets the line at 1. Whoever
wrote these samplers divided by t and drew rightly, in C++, Rust, Python and JavaScript. On the
right the same engines with `temperature = 0.7` alone in the request. GREEDY of FIFTEEN are greedy:
the temperature waits for a switch (`do_sample`, a top-k other than 1) that was not set, and no
error says so. In CUT the least likely tokens are cut off, since a top-k of 5, 40 or 50 or a min-p
of 0.05 is on by default. Only in PLAIN is 0.7 all that acts, the control among them.
docs/engines.md has the rest: order, ties, seeds, log-probabilities, and the edges. At t = 10⁻⁴⁰,
where 1/t is too large for single precision, several draw a token whose probability is 0.

The misconception. "Set the temperature, and you know how the model is sampled." The temperature is
one setting of a chain, and the one that engines agree on. What differs is all around it: whether
there is sampling at all, which tokens are left to it, whether it comes before or after they are
cut, and whether two requests share their random numbers. Another is that "an engine without an
error did what it was asked". Most of these did something else, in silence.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` and `from experiments.engines import answers, results` were done.

1. At t = 0.7, how much likelier is the first of the 200 tokens than the tenth? (10^(1/0.7) = 27
times. At
   t = 1 it is 10 times.)

2. An engine cuts off at the 20 likeliest of these tokens, by a min-p. Which? The 20th has 1/20 of
the
   probability of the first at t = 1. (0.05, and taken before the temperature: at t = 0.7 the ratio
   would be 0.014.) And what would you read if you did not know of it? Compare:

       table = run("engines")
       print(table.where(engine="llama.cpp's server")["left"])
       observed = results()["llama_cpp"]["answers"]["temperature_alone"]["observed"]
       print(answers.reading_of(observed), answers.reading_of(observed, 20))

3. Logits 3, 2, 1 are drawn at t = 0.5 with a top-p of 0.8. How many tokens come where the
temperature is
   taken first, and how many where it is last? (One, and two.) Which engines are which?

       for result in results().values():
           print(result["engine"], result["answers"]["order"]["value"], sep=": ")

4. Where does one seed serve every request, or every process? Say what that does to an average over
ten
   answers. (It is one answer, ten times; the error bar of ten is √10 times too small.)

       for result in results().values():
           print(result["engine"], result["answers"]["seed_absent"]["value"], sep=": ")

5. Find the engines that draw a forbidden token at t = 10⁻⁴⁰, and say how logits / t gets there in
single
   precision. (10⁻⁴⁰ is below the least normal number, so that 1/t or logits / t overflows: all
   logits become infinite, or not a number, and what is then the largest is an accident.)

       for result in results().values():
           print(result["engine"], result["answers"]["subnormal"]["value"], sep=": ")
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from boltzmann import plots
from experiments._table import Table, Verdict, agrees, differs, fits
from experiments.engines import answers

CHAPTER = 17
FINDING = "One temperature, fifteen engines: the draws obey it, the defaults do not"

RESULTS = Path(__file__).resolve().parent / "results"
ALONE = "alone"  # the request says temperature, and nothing else
OFF = "truncation off"
TOKENS = 200


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    temperatures: tuple[float, ...] = (0.3, 0.7, 1.0, 1.5)
    control: float = 1.1  # how far off the control's temperatures are


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
            if "counts" in answer.get("observed", {}):
                row = {"engine": result["engine"], "settings": settings, "temperature": t}
                rows.append(row | _read(answer["observed"]) | {"control": config.control * t})
        progress((done + 1) / len(found))
    return Table.of_rows(rows)


def _read(observed: dict[str, Any]) -> dict[str, float]:
    """Return how many tokens are left, and the temperature of their draws; 0 if it is one."""
    left = answers.left_of(observed)
    temperature, error = answers.reading_of(observed, left) if left > 1 else (0.0, 0.0)
    draws = answers.draws_of(observed)
    return {"draws": draws, "left": left, "reading": temperature, "standard_error": error}


def verdicts(table: Table) -> list[Verdict]:
    """Hold each reading to its temperature; count what the defaults leave of it."""
    sampled = table.where(settings=OFF)
    alone = table.where(settings=ALONE)
    true = int(
        np.sum((alone["left"] == TOKENS) & (np.array(_p_values(alone, "temperature")) > 1e-6))
    )
    control = table.where(settings=ALONE, engine=alone["engine"][0])
    return [
        fits(
            "told to sample, each engine samples at the temperature asked for",
            _p_values(sampled, "temperature"),
            "readings",
        ),
        differs(
            "control: a temperature that is off is caught",
            _p_values(sampled, "control"),
            "readings",
        ),
        agrees(
            "tokens that the control leaves, asked for 0.7 alone", control["left"][0], TOKENS, 0
        ),
        Verdict(
            "asked for 0.7 alone, most engines do something else",
            f"{len(alone) - true} of {len(alone)}",
            "more than half",
            "counted",
            bool(2 * true < len(alone)),
        ),
    ]


def _p_values(table: Table, column: str) -> list[float]:
    """Return how probable readings are that are as far from a column's temperatures, or farther."""
    with np.errstate(divide="ignore"):
        pulls = np.abs(table["reading"] - table[column]) / table["standard_error"]
    return [float(p) for p in 2 * norm.sf(pulls)]


def draw(table: Table) -> Figure:
    """Draw reading / t of each engine, and beside it what 0.7 alone leaves of the tokens."""
    figure = plots.figure(FINDING)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    engines = list(dict.fromkeys(table["engine"].tolist()))
    _draw_readings(left, table.where(settings=OFF), engines)
    _draw_alone(right, table.where(settings=ALONE), engines)
    left.set_yticks(range(len(engines)), engines)
    left.invert_yaxis()
    left.tick_params(axis="y", length=0, labelsize=14)
    return figure


def _draw_readings(axes: Axes, table: Table, engines: list[str]) -> None:
    groups = list(table.groups("temperature"))
    plots.law(axes, [1, 1], [-0.5, len(engines) - 0.5])
    for number, ((t,), rows) in enumerate(groups):
        colour = plots.cold_to_hot(len(groups))[number]
        shift = 0.18 * (number - (len(groups) - 1) / 2)
        places = [engines.index(name) + shift for name in rows["engine"]]
        axes.errorbar(
            rows["reading"] / t,
            places,
            xerr=rows["standard_error"] / t,
            fmt="os^D"[number % 4],
            color=colour,
            markersize=5,
            label=f"t = {t:g}",
        )
    axes.set(xlabel="reading / t", xlim=(0.95, 1.05), title="told to sample, all else off")
    axes.legend(loc="lower right", fontsize=13)


def _draw_alone(axes: Axes, table: Table, engines: list[str]) -> None:
    places = [engines.index(name) for name in table["engine"]]
    axes.barh(places, table["left"], height=0.6, color=plots.cold_to_hot(3)[1])
    for place, left, reading in zip(places, table["left"], table["reading"], strict=True):
        words = "greedy" if left == 1 else f"{left:g} at t = {reading:.2f}"
        axes.text(left * 1.15, place, words, va="center", fontsize=13)
    axes.set(
        xscale="log",
        xlim=(0.8, 6000),
        xlabel="tokens left, of 200",
        title="temperature = 0.7, no more",
    )
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
