"""What has a text generator to do with molecules in a bottle?

What the law predicts. After "the s" a letter model offers each next letter with a probability p. Read E = -log p
as an energy: likely letters lie low, rare ones high. At temperature t the law gives each level the share

    softmax(-E/t) = softmax(log p / t),

particles that hop between the levels by Metropolis's rule [1]_ come to the same shares, and so does a text
generator that divides its logits by t and draws. The entropy of the shares,

    S = -Σ p' log p',    p' = softmax(-E/t),

is then what a particle tells by its level and what a letter tells by its name: the mean of -log p' over either.

What would refute it. Counts of particles or of letters that fit the law, or each other, worse than one time in a
million; entropies that miss the curve by more than that. The control shows that this would be seen: a generator
that runs 5 % too hot must fail.

What to look at. Above, one temperature on three roads: how long a bar is, how many particles sit on a level, how
often a letter was drawn. Below, all temperatures at once: the roads fall on one another.

Try this next. Another context in `Config`: after "q" the curve of the entropy looks different; why? Your own text:
`python -m experiments summary --corpus FILE`.

References
----------
.. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
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
from boltzmann.statistics import pulls
from experiments import letters
from experiments._gas import relaxed_gas
from experiments._letters import usable_contexts
from experiments._table import Table, Verdict, fits

CHAPTER = 14
FINDING = "One distribution, three roads: softmax(−E/t)"
_LEVELS = 8  # letters that the pictures show, the likeliest first
_COMPARED = (0.5, 1.0, 2.0)  # temperatures whose shares are drawn


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    context: str = "the s"
    temperatures: tuple[float, ...] = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
    particles: int = 200_000
    draws: int = 200_000
    few: int = 60  # particles, and letters, that the pictures show, at t = 1
    control: float = 1.05  # how much too hot the control runs
    seed: int = 2026


QUICK = Config(temperatures=(0.5, 1.0, 2.0), particles=20_000, draws=20_000, control=1.2)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Send one context down the three roads at every temperature, and a few particles and letters at t = 1."""
    text = load_corpus(config.corpus)
    contexts = tuple(usable_contexts([config.context], text))
    shared = {name: getattr(config, name) for name in ("corpus", "order", "temperatures", "particles", "draws")}
    table = letters.compute(
        letters.Config(contexts=contexts, control=config.control, seed=config.seed, **shared), progress
    )
    logits = NGram.fit(text, order=config.order).logits(contexts[0])
    particles = relaxed_gas(bz.softmax(logits), 1.0, config.few, config.seed)
    drawn = np.bincount(draw_ids(logits, 1.0, config.few, config.seed), minlength=logits.size)
    at_one = table["temperature"] == 1.0
    few = {name: np.zeros(len(table), dtype=np.int64) for name in ("few_simulated", "few_sampled")}
    few["few_simulated"][at_one], few["few_sampled"][at_one] = particles, drawn
    return Table({**table.columns, **few})


def verdicts(table: Table) -> list[Verdict]:
    """Hold the roads against each other as `letters` does, and both entropies against that of the law."""
    worst = []
    for road in ("simulated", "sampled"):
        law, measured, error = np.transpose([_entropy(panel, road) for panel in _panels(table)])
        worst.append(float(chi2.sf(np.square(pulls(measured, law, error)).sum(), law.size)))
    entropies = fits("particles and letters have the entropy of the law", worst, "roads, χ² of all temperatures")
    return [*letters.verdicts(table), entropies]


def _panels(table: Table) -> list[Table]:
    return [panel for _, panel in table.groups("temperature")]


def _entropy(panel: Table, road: str) -> tuple[float, float, float]:
    """Return the entropy of the law, the mean of -log p' over what was counted, and the error of that mean."""
    law, counts = panel["law"], panel[road]
    surprise = -np.log(law)
    entropy = float(law @ surprise)
    variance = float(law @ (surprise - entropy) ** 2)  # it is the heat capacity
    return entropy, float(counts @ surprise) / counts.sum(), float(np.sqrt(variance / counts.sum()))


def draw(table: Table) -> Figure:
    """Draw one temperature on three roads, and below them all temperatures."""
    figure = plots.figure(FINDING)
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.15])
    pictures = above.subplots(1, 3, sharey=True)
    _draw_pictures(pictures, table.where(temperature=1.0))
    shares, entropies = below.subplots(1, 2, width_ratios=[1.5, 1])
    _draw_shares(shares, table)
    _draw_entropies(entropies, table)
    below.legend(*shares.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _likeliest(panel: Table) -> np.ndarray:
    return np.argsort(-panel["probability"], kind="stable")[:_LEVELS]


def _draw_pictures(pictures: np.ndarray, panel: Table) -> None:
    """Draw the levels at t = 1 three times: with bars, with particles, with letters."""
    order = _likeliest(panel)
    place, names = np.arange(order.size), panel["letter"][order]
    few = panel["few_simulated"].sum()
    bars, dots, drawn = few * panel["law"][order], panel["few_simulated"][order], panel["few_sampled"][order]
    widest = max(bars.max(), dots.max(), drawn.max()) + 1
    for axes in pictures:
        axes.set_xlim(0, widest)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    law, simulated, sampled = pictures
    for axes in (law, simulated):
        axes.hlines(place, 0, widest, color=plots.GREY, linewidth=0.7, zorder=1)
    law.barh(place, bars, height=0.5, color=plots.BLACK)
    for k in place:
        simulated.plot(np.arange(dots[k]) + 0.5, np.full(dots[k], k), "o", color=plots.BLUE, markersize=9)
        for at in range(drawn[k]):
            sampled.text(at + 0.5, k, names[k], color=plots.VERMILION, ha="center", va="center", fontsize=17)
    energies = -np.log(panel["probability"][order])
    law.set_yticks(place, [f"{name}   {energy:.2f}" for name, energy in zip(names, energies, strict=True)])
    law.set_ylabel("letter and E = −log p")
    law.set_title(f"the law at t = 1, times {few}")
    simulated.set_title(f"the simulation: {few} particles", color=plots.BLUE)
    sampled.set_title(f"the sampler: {few} draws", color=plots.VERMILION)


def _draw_shares(axes: Axes, table: Table) -> None:
    """Draw the shares of the likeliest letters at a few temperatures, on three roads."""
    panels = {t: panel for (t,), panel in table.groups("temperature") if t in _COMPARED}
    for (t, panel), colour in zip(panels.items(), plots.cold_to_hot(len(panels)), strict=True):
        order = _likeliest(panel)
        letters.draw_roads(axes, panel, order, colour)
        look = {"color": colour, "va": "bottom" if t == max(panels) else "center", "fontweight": "bold"}
        axes.text(order.size - 0.5, panel["law"][order[-1]], f"t = {t:g}", **look)
    axes.set_xlim(-0.7, order.size + 0.7)
    axes.set_yscale("log")
    axes.set_yticks([0.02, 0.1, 0.5], ["0.02", "0.1", "0.5"])
    axes.set_yticks([], minor=True)
    axes.set_xticks(np.arange(order.size), panel["letter"][order])
    axes.tick_params(axis="x", length=0, labelsize=17)
    axes.set_ylabel("share")
    axes.set_title(f"all temperatures: next letter after “{panel['context'][0]}”")


def _draw_entropies(axes: Axes, table: Table) -> None:
    """Draw the entropy against temperature, on three roads."""
    p = table.where(temperature=1.0)["probability"]
    t = np.unique(table["temperature"])
    fine = np.geomspace(t[0] / 1.3, 1.3 * t[-1], 100)
    plots.law(axes, fine, bz.entropy(bz.EnergyLevels.from_probabilities(p / p.sum()), fine))
    for road, mark in (("simulated", plots.simulation), ("sampled", plots.sampler)):
        _, measured, error = np.transpose([_entropy(panel, road) for panel in _panels(table)])
        mark(axes, t, measured, error)
    axes.set_xscale("log")
    ticks = [tick for tick in (0.25, 0.5, 1, 2, 4) if t[0] <= tick <= t[-1]]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("temperature t")
    axes.set_ylabel("nats")
    axes.set_title("entropy")
