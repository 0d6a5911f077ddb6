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

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import compare_counts, goodness_of_fit
from experiments._gas import chance_of_missing, relaxed_gas
from experiments._letters import shown, usable_contexts
from experiments._table import Table, Verdict, differs, fits

CHAPTER = 7
FALSE_ALARM = 1e-6
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
    rows = []
    for done, (context, t) in enumerate(panels):
        logits = model.logits(context)
        p = bz.softmax(logits)
        sampled, control = (
            np.bincount(draw_ids(logits, heat * t, config.draws, seed), minlength=logits.size)
            for heat, seed in ((1.0, config.seed + done), (config.control, config.seed + done + len(panels)))
        )
        law, too_hot = bz.temper(p, [t, config.control * t])
        simulated = relaxed_gas(p, t, config.particles, config.seed + done)
        rows += [
            {
                "context": shown(context),
                "temperature": t,
                "letter": shown(letter),
                "probability": p[k],
                "law": law[k],
                "law_too_hot": too_hot[k],
                "simulated": simulated[k],
                "sampled": sampled[k],
                "sampled_too_hot": control[k],
            }
            for k, letter in enumerate(model.alphabet)
        ]
        progress((done + 1) / len(panels))
    return Table.of_rows(rows)


def verdicts(table: Table) -> list[Verdict]:
    """Hold each pair of roads against each other in every panel; the control, where draws enough can tell."""
    panels = [panel for _, panel in table.groups("context", "temperature")]
    gas, sampler = ([_fit(panel, counts) for panel in panels] for counts in ("simulated", "sampled"))
    both = [compare_counts(panel["simulated"], panel["sampled"]).p_value for panel in panels]
    telling = [panel for panel in panels if _missed(panel) < FALSE_ALARM]
    control = [_fit(panel, "sampled_too_hot") for panel in telling]
    judged = f"panels, those of {len(panels)} in which its power is above 1 − 1e-6"
    return [
        fits("the Metropolis gas obeys softmax(log p / t)", gas, "panels"),
        fits("the sampler obeys softmax(log p / t)", sampler, "panels"),
        fits("gas and sampler draw from one distribution", both, "panels"),
        *([differs("control: a sampler that runs too hot is caught", control, judged)] if control else []),
    ]


def _fit(panel: Table, counts: str) -> float:
    return goodness_of_fit(panel[counts], panel["law"]).p_value


def _missed(panel: Table) -> float:
    """Return the probability that the control passes for a sampler at t."""
    return chance_of_missing(panel["sampled_too_hot"], panel["law_too_hot"], panel["law"], FALSE_ALARM)


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
    place = np.arange(order.size)
    named = not axes.lines
    label = "law: softmax(log p / t)" if named else None
    plots.law(axes, place, rows["law"][order], color=colour, drawstyle="steps-mid", label=label)
    for column, mark, name in (
        ("simulated", plots.simulation, "simulation: Metropolis gas, E = −log p"),
        ("sampled", plots.sampler, "sampler: logits / t, then a draw"),
    ):
        counts, total = rows[column][order], rows[column].sum()
        seen = counts > 0
        fraction = counts[seen] / total
        error = np.sqrt(fraction * (1 - fraction) / total)
        # On a logarithmic axis a bar that reaches below zero has no end.
        bars = [np.minimum(error, 0.9 * fraction), error]
        mark(axes, place[seen], fraction, bars, color=colour, label=name if named else None)
