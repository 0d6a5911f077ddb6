"""Is a language model sampled at temperature t the same thing as a gas at temperature t?

What the law predicts. A letter model offers the next letter with probabilities p. Call E = -log p an energy;
then Boltzmann's law at temperature t is softmax(-E/t) = softmax(log p / t), for letters as for molecules. Three
roads lead there that know nothing of each other. The law computes the formula. The gas is a crowd of particles
that hop between the letters by Metropolis's rule, which knows only energy differences: no probability, no sum.
The sampler is what a text generator runs: logits divided by t, and a draw.

What would refute it. The counts of the gas, or those of the sampler, that fit the law (or each other) worse than
one time in a million. The control shows that this would be seen: a sampler that runs 5 % too hot must fail.

What to look at. The line, the points and the squares fall on one another down to the rarest letters; a smaller t
steepens the same order of letters, a larger one flattens it.

Try this next. Your own text: `python -m experiments letters --corpus FILE`. A control of 1 % instead of 5 %: how
many draws does it take?
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from experiments._letters import shown, usable_contexts
from experiments._roads import LAW, counted, draw_counts, three_roads
from experiments._table import Table, Verdict

CHAPTER = 7
FINDING = "A language model sampled at temperature t is a gas at temperature t"


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    contexts: tuple[str, ...] = ("the s", "wind", "warm")
    temperatures: tuple[float, ...] = (0.5, 1.0, 2.0)
    particles: int = 200_000  # at most; a large alphabet makes the gas slow, and then it is smaller
    draws: int = 200_000
    control: float = 1.05  # how much too hot the control runs
    seed: int = 2026


QUICK = Config(temperatures=(0.5, 2.0), particles=20_000, draws=20_000, control=1.2)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Send every context at every temperature down the three roads, and count."""
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    panels = [(context, t) for t in config.temperatures for context in usable_contexts(config.contexts, text)]
    parts = []
    for done, (context, t) in enumerate(panels):
        logits, seed = model.logits(context), config.seed + done
        roads = counted(
            logits, t, config.control, config.particles, config.draws, seed, control_seed=seed + len(panels)
        )
        names = {
            "context": [shown(context)] * logits.size,
            "temperature": [t] * logits.size,
            "letter": [shown(letter) for letter in model.alphabet],
        }
        parts.append(names | roads)
        progress((done + 1) / len(panels))
    return Table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def verdicts(table: Table) -> list[Verdict]:
    """Hold each pair of roads against each other in every panel; the control, where draws enough can tell."""
    return three_roads([panel for _, panel in table.groups("context", "temperature")])


def draw(table: Table) -> Figure:
    """Draw a panel for each context and a colour for each temperature, the likeliest letters first."""
    figure = plots.figure(FINDING)
    contexts = list(dict.fromkeys(table["context"].tolist()))
    temperatures = list(dict.fromkeys(table["temperature"].tolist()))
    panels = figure.subplots(1, len(contexts), sharey=True, squeeze=False)[0]
    for axes, context in zip(panels, contexts, strict=True):
        rows = table.where(context=context)
        order = np.argsort(-rows.where(temperature=temperatures[0])["probability"], kind="stable")[:10]
        for t, colour in zip(temperatures, plots.cold_to_hot(len(temperatures)), strict=True):
            draw_roads(axes, rows.where(temperature=t), order, colour)
            end = rows.where(temperature=t)["law"][order[-1]]
            axes.text(order.size - 0.3, end, f"t = {t:g}", color=colour, va="center", fontweight="bold")
        axes.set_xlim(-0.7, order.size + 2.1)
        axes.set_yscale("log")
        axes.set_xticks(np.arange(order.size), rows.where(temperature=temperatures[0])["letter"][order])
        axes.tick_params(axis="x", length=0, labelsize=17)
        axes.set_title(f"next letter after “{context}”")
    panels[0].set_ylabel("probability of the letter")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def draw_roads(axes: Axes, rows: Table, order: np.ndarray, colour: str) -> None:
    """Draw law, gas and sampler at one temperature; only the first call on the axes names them."""
    named = not axes.lines
    label = LAW if named else None
    plots.law(axes, range(order.size), rows["law"][order], color=colour, drawstyle="steps-mid", label=label)
    draw_counts(axes, rows, lambda column: column[order], colour, named)
