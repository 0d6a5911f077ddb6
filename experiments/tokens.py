"""Is a transformer sampled at temperature t a gas at temperature t, too?

Objective. You can apply the law to any network that ends in a softmax, and say what a temperature
does to the few likely tokens and to the crowd of unlikely ones.

What you need to know. The lessons `letters` (E = -log p, the three roads) and `texts` (entropy and
perplexity). A token is a word or a piece of one. The GPT-2 here computes, with 957,184 weights, the
logits of 1,024 tokens from all tokens so far.

Minutes. 30

Predict first. After "The" the network gives " old" 0.187 and " boy" 0.132: what is the ratio of the
two at t = 0.5, and at t = 2? What are entropy and perplexity of 1,024 tokens at t = ∞? The 1,012
tokens that are not among the twelve likeliest have 0.319 together at t = 1: do they have more or
less at t = 0.5, and about how much at t = 2? A letter model is a table of counts: which step of the
derivation in `letters` used that?

Run. Some seconds:

    python -m experiments tokens

What the law predicts. The law does not ask where p comes from: with E = -log p it is softmax(-E/t),
here on a thousand levels, by the three roads of `letters`. Of p at temperature t, the mean of
-log p over the tokens that come out is the entropy S, and exp(S) the perplexity: as many tokens,
equally likely, would be as hard to guess. It never falls as t rises: dS/dt = C/t, with C the heat
capacity.

What would refute it. Counts of gas or sampler that fit the law (or each other) worse than one time
in a million, over all tokens and not only those shown; a mean of -log p that misses the entropy as
badly. The control, a sampler that runs 5 % too hot, must fail both.

What you see. The line, the points and the squares fall on one another. After "The" the token " old"
has 0.473 at t = 0.5, 0.187 at t = 1 and 0.034 at t = 2; of 200,000 draws at t = 0.5 it is 94,927,
where the law expects 94,567, give or take 223. The 1,012 tokens without a name have 0.016, 0.319
and 0.793 together: at t = 2 four draws of five are one of these. None of them gains much, 0.0016 at
most, but they are many. That is why engines cut the tail off (see the lesson truncation). On the
right the perplexity after "The" goes through 4.9, 39.8 and 369, after "The water in the" through
9.5, 117 and 411, from 1 at t = 0 to 1,024 at t = ∞ in both. The two curves cross: which of two
contexts is the harder one to guess depends on t.

The misconception. "The law holds for letters because a letter model is simple." It holds because
softmax is softmax: a million weights, like a table of counts, come to one list of numbers p, and
the law takes it from there. "The temperature is a setting inside the network": the network runs as
always. The division comes after its last layer; it is the sampler that is hot or cold.

Answers. To what was to be predicted:

1. [t = 0.5: 2.01; t = 2: 1.19] (0.187/0.132)^(1/t).
2. [entropy: 6.93; perplexity: 1024] ln 1024, and as many as there are.
3. [t = 2: about 0.8] Less in the cold: 0.016 at t = 0.5, and 0.793 at t = 2.
4. None: softmax takes a list of numbers, and does not ask who wrote it.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The ratio at t is (0.187/0.132)^(1/t): 2.01 at t = 0.5 and 1.19 at t = 2. And ln 1024 is 6.93.
   A perplexity to halve, on words instead of tokens:

       print(exercises.question("half_perplexity"))  # exercises.check("half_perplexity", answer)

2. After "The old" two tokens, " woman" and " man", have 0.40 and 0.38: what perplexity do you
   expect at t = 0.5? (2.0, two levels of nearly the same energy; it is 8.3 at t = 1 and 372 at
   t = 2, as far above stand a thousand others.)

       from boltzmann.language import GPT2
       model = GPT2.load("tiny", np.float64)
       print(bz.perplexity(-model.logits("The old"), [0.5, 1, 2]))

3. At which t does the tail after "The", all but the twelve likeliest, come out half of the time?
   Find two digits. (At t = 1.24.)

       p = bz.softmax(model.logits("The"))
       for t in (1.0, 1.2, 1.4):
           print(t, np.sort(bz.temper(p, t))[:-12].sum())

4. A control 1 % too hot, with 1 million draws: in how many of the six panels is the test of all
   counts sure to see it, and in how many the mean of -log p? (In one, and in all six: the mean
   looks only into the direction in which a temperature pulls.)

       table = run("tokens", control=1.01, draws=1_000_000)
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import GPT2
from experiments.drawings.pages import perplexity_axis, place, temperature_axis
from experiments.runner.table import Table, Verdict, differs, fits
from experiments.shared import p_values
from experiments.shared.letters import printable, shown
from experiments.shared.roads import counted, draw_counts, name_roads, surprise, three_roads

CHAPTER = 110
FINDING = "A transformer sampled at temperature t is a gas at temperature t, too"
_NAMED = 12  # tokens that a panel shows by name


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    contexts: tuple[str, ...] = ("The", "The water in the")
    temperatures: tuple[float, ...] = (0.5, 1.0, 2.0)
    particles: int = 50_000
    draws: int = 200_000
    control: float = 1.05  # how much too hot the control runs
    seed: int = 2026


QUICK = Config(temperatures=(1.0, 2.0), particles=10_000, draws=20_000, control=1.2)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Send every context at every temperature down the three roads, likeliest tokens first."""
    model = GPT2.load("tiny", np.float64)
    panels = [(context, t) for context in config.contexts for t in config.temperatures]
    parts = []

    for done, (context, t) in enumerate(panels):
        logits, seed = model.logits(context), config.seed + done
        roads = counted(
            logits,
            t,
            config.control,
            config.particles,
            config.draws,
            seed,
            control_seed=seed + len(panels),
        )
        order = np.argsort(-logits, kind="stable")
        names = {
            "context": [context] * logits.size,
            "temperature": [t] * logits.size,
            "token": [shown(printable(model.tokens[k].decode("utf-8", "replace"))) for k in order],
        }
        parts.append(names | {name: column[order] for name, column in roads.items()})
        progress((done + 1) / len(panels))

    return Table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def verdicts(table: Table) -> list[Verdict]:
    """Hold the roads against each other, and the cost of what they draw against the entropy."""
    panels = [panel for _, panel in table.groups("context", "temperature")]
    drawn, too_hot = (
        [_miss(panel, counts) for panel in panels for counts in columns]
        for columns in (("simulated", "sampled"), ("sampled_too_hot",))
    )
    return [
        *three_roads(panels),
        fits("entropy", "−log p of what gas and sampler draw is the entropy", drawn, "means"),
        differs("entropy_control", "control: −log p of draws too hot is caught", too_hot, "means"),
    ]


def _miss(panel: Table, counts: str) -> float:
    """Return the p-value of the mean of -log p over what was counted being the entropy."""
    entropy, mean, error = surprise(panel, counts)
    return float(p_values.of_either_sign((mean - entropy) / error))


def draw(table: Table) -> Figure:
    """Draw a panel for each context; beside them entropy and perplexity."""
    figure = plots.figure(FINDING)
    contexts = list(dict.fromkeys(table["context"].tolist()))
    temperatures = sorted(set(table["temperature"].tolist()))
    colours = dict(zip(temperatures, plots.cold_to_hot(len(temperatures)), strict=True))
    *panels, entropy = figure.subplots(1, len(contexts) + 1)

    for axes, context in zip(panels, contexts, strict=True):
        rows = table.where(context=context)
        for k, (t, colour) in enumerate(colours.items()):
            _draw_roads(axes, rows.where(temperature=t), colour)
            look = {"color": colour, "fontweight": "bold", "transform": axes.transAxes}
            axes.text(0.98, 0.4 - 0.06 * k, f"t = {t:g}", ha="right", **look)
        axes.set_yticks(range(_NAMED + 1), [*rows["token"][:_NAMED], "all others"])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(_NAMED + 0.7, -0.7)
        axes.set_xscale("log")
        axes.set_xlim(2e-3, 1.3)
        axes.set_xlabel("probability")
        axes.set_title(f"after “{context}”")

    _draw_entropy(entropy, table, colours)
    name_roads(figure, panels[0])
    return figure


def _pooled(column: np.ndarray) -> np.ndarray:
    """Return the entries of the tokens that have a name, and the sum of all others."""
    return np.append(column[:_NAMED], column[_NAMED:].sum())


def _draw_roads(axes: Axes, rows: Table, colour: str) -> None:
    """Draw law, gas and sampler at one temperature, a token a row."""
    *law, others = _pooled(rows["law"])
    edges = np.arange(_NAMED + 1) - 0.5
    plots.law(axes, np.repeat(law, 2), np.repeat(edges, 2)[1:-1], color=colour)
    plots.law(axes, [others, others], [_NAMED - 0.4, _NAMED + 0.4], color=colour)
    draw_counts(axes, rows, _pooled, colour, sideways=True)


def _draw_entropy(axes: Axes, table: Table, colours: dict[float, str]) -> None:
    """Draw the entropy of each context against t/(1 + t), with perplexity on the right."""
    grid = np.linspace(0, 1, 101)
    with np.errstate(divide="ignore"):
        temperatures = grid / (1 - grid)
    for ((context,), rows), dashes in zip(
        table.groups("context"), cycle(("-", "--", ":")), strict=False
    ):
        energies = -np.log(rows.where(temperature=rows["temperature"][0])["probability"])
        plots.law(
            axes, grid, bz.entropy(energies, temperatures), linestyle=dashes, label=f"“{context}”"
        )
        for t, colour in colours.items():
            for column, mark in (("simulated", plots.simulation), ("sampled", plots.sampler)):
                _, mean, error = surprise(rows.where(temperature=t), column)
                mark(axes, place(t), mean, error, color=colour)

    temperature_axis(axes)
    axes.set_ylim(0, 1.05 * np.log(energies.size))
    axes.legend(loc="lower right", handlelength=1.4, handletextpad=0.4, fontsize=12)
    axes.set_title("entropy: mean of −log p")
    axes.set_ylabel("entropy (nats)")
    perplexity_axis(axes, [1, 10, 100, energies.size], "tokens")
