"""Is a transformer sampled at temperature t a gas at temperature t, too?

What the law predicts. A GPT-2 offers the next token, a word or a piece of one, with probabilities p that a
network of a million weights computes from all tokens so far. The law does not ask where p comes from: with
E = -log p, Boltzmann's law at temperature t is softmax(-E/t), here on a thousand levels. Three roads lead there,
as in `letters`: the formula, a gas of particles that hop between the tokens by Metropolis's rule, and a sampler
that divides the network's logits by t and draws. Of p at temperature t, the mean of -log p over the tokens that
come out is the entropy S, and exp(S) the perplexity: as many tokens, equally likely, would be as hard to guess.

What would refute it. The counts of the gas, or those of the sampler, that fit the law (or each other) worse than
one time in a million, over all tokens and not only those shown. A mean of -log p that misses the entropy as badly.
The control shows that this would be seen: a sampler that runs 5 % too hot must fail both.

What to look at. The line, the points and the squares fall on one another. Twelve tokens by name, and the 1,012
others together: a small part at t = 0.5, and at t = 2 some four draws of five. None of them gains much, but
they are many. That is why engines cut the tail off (see `truncation`). On the right the perplexity rises from 1 at
t = 0 to all 1,024 tokens at t = ∞, and never falls on the way: dS/dt = C/t, with C the heat capacity.

Why in double precision. In float32 the order in which a processor adds changes logits by some 1e-6, and of a
million draws a few would be other tokens on another machine. In float64 it is 1e-14, and none is.

Try this next. A context of your own. A control of 1 % instead of 5 %. GPT-2 itself, with 50,257 levels:
`GPT2.load("gpt2", np.float64)` in `compute`, and fewer particles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import GPT2
from experiments._letters import printable, shown
from experiments._pages import perplexity_axis, place, temperature_axis
from experiments._roads import LAW, counted, draw_counts, three_roads
from experiments._table import Table, Verdict, differs, fits

CHAPTER = 9
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
    """Send every context at every temperature down the three roads, and count; the likeliest tokens come first."""
    model = GPT2.load("tiny", np.float64)
    panels = [(context, t) for context in config.contexts for t in config.temperatures]
    parts = []
    for done, (context, t) in enumerate(panels):
        logits, seed = model.logits(context), config.seed + done
        roads = counted(
            logits, t, config.control, config.particles, config.draws, seed, control_seed=seed + len(panels)
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
    """Hold each pair of roads against each other, and what the tokens that they draw cost against the entropy."""
    panels = [panel for _, panel in table.groups("context", "temperature")]
    surprise, wrong = (
        [_miss(panel, counts) for panel in panels for counts in columns]
        for columns in (("simulated", "sampled"), ("sampled_too_hot",))
    )
    return [
        *three_roads(panels),
        fits("−log p of what gas and sampler draw is the entropy", surprise, "means"),
        differs("control: −log p of what is drawn too hot is not", wrong, "means"),
    ]


def _surprise(panel: Table, counts: str) -> tuple[float, float]:
    """Return the mean of -log p, of p at t, over the tokens counted, and its error: p's heat capacity is known."""
    cost, total = -np.log(panel["law"]), panel[counts].sum()
    variance = panel["law"] @ np.square(cost - panel["law"] @ cost)
    return float(panel[counts] @ cost / total), float(np.sqrt(variance / total))


def _miss(panel: Table, counts: str) -> float:
    """Return how likely such a mean misses the entropy by as much."""
    mean, error = _surprise(panel, counts)
    entropy = -panel["law"] @ np.log(panel["law"])
    return float(2 * norm.sf(abs(mean - entropy) / error))


def draw(table: Table) -> Figure:
    """Draw a panel for each context and a colour for each temperature; beside them entropy and perplexity."""
    figure = plots.figure(FINDING)
    contexts = list(dict.fromkeys(table["context"].tolist()))
    temperatures = sorted(set(table["temperature"].tolist()))
    colours = dict(zip(temperatures, plots.cold_to_hot(len(temperatures)), strict=True))
    *panels, entropy = figure.subplots(1, len(contexts) + 1)
    for axes, context in zip(panels, contexts, strict=True):
        rows = table.where(context=context)
        for k, (t, colour) in enumerate(colours.items()):
            _draw_roads(axes, rows.where(temperature=t), colour)
            height = 0.05 + 0.06 * (len(colours) - k - 1)
            axes.text(0.04, height, f"t = {t:g}", color=colour, transform=axes.transAxes, fontweight="bold")
        axes.set_xticks(range(_NAMED + 1), [*rows["token"][:_NAMED], "all others"], rotation=90)
        axes.tick_params(axis="x", length=0)
        axes.set_yscale("log")
        axes.set_ylim(1e-3, 1.3)
        axes.set_title(f"next token after “{context}”")
    panels[0].set_ylabel("probability of the token")
    _draw_entropy(entropy, table, colours)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _pooled(column: np.ndarray) -> np.ndarray:
    """Return the entries of the tokens that have a name, and the sum of all others."""
    return np.append(column[:_NAMED], column[_NAMED:].sum())


def _draw_roads(axes: Axes, rows: Table, colour: str) -> None:
    """Draw law, gas and sampler at one temperature; only the first call on the axes names them."""
    named, (*law, others) = not axes.lines, _pooled(rows["law"])
    label = LAW if named else None
    plots.law(axes, range(_NAMED), law, color=colour, drawstyle="steps-mid", label=label)
    plots.law(axes, [_NAMED - 0.4, _NAMED + 0.4], [others, others], color=colour)
    draw_counts(axes, rows, _pooled, colour, named)


def _draw_entropy(axes: Axes, table: Table, colours: dict[float, str]) -> None:
    """Draw the entropy of each context against t/(1 + t), with perplexity on the right."""
    grid = np.linspace(0, 1, 101)
    with np.errstate(divide="ignore"):
        temperatures = grid / (1 - grid)
    for ((context,), rows), dashes in zip(table.groups("context"), cycle(("-", "--", ":")), strict=False):
        energies = -np.log(rows.where(temperature=rows["temperature"][0])["probability"])
        plots.law(axes, grid, bz.entropy(energies, temperatures), linestyle=dashes, label=f"“{context}”")
        for t, colour in colours.items():
            for column, mark in (("simulated", plots.simulation), ("sampled", plots.sampler)):
                mark(axes, place(t), *_surprise(rows.where(temperature=t), column), color=colour)
    temperature_axis(axes)
    axes.set_ylim(0, 1.05 * np.log(energies.size))
    axes.legend(loc="lower right", handlelength=1.4, handletextpad=0.4, borderaxespad=0.2)
    axes.set_title("entropy: mean of −log p")
    axes.set_ylabel("entropy (nats)")
    perplexity_axis(axes, [1, 10, 100, energies.size], "tokens")
