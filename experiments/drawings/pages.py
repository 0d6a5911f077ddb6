"""Pages of text from cold to hot, and entropy and perplexity against temperature."""

import textwrap
import unicodedata
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from boltzmann import plots
from experiments.drawings.curves import smooth
from experiments.runner.table import Table
from experiments.shared.letters import printable

_READ = (0.0, 0.3, 0.5, 0.7, 1.0, 1.5, 3.0, np.inf)  # those whose texts a figure shows ...
_LINES = 3  # ... and how much of each
_COLUMNS = 55


def draw_texts(axes: Axes, table: Table) -> None:
    """Write the prompt, and under it what became of it from cold to hot."""
    axes.set_title(f"{table['prompt'][0]} continued at temperature t", loc="left", parse_math=False)
    axes.set_axis_off()
    blocks = [row for (t,), row in table.groups("temperature") if t in _READ]
    for k, row in enumerate(blocks):
        _draw_text(axes, 1 - k / len(blocks), row["temperature"][0], str(row["text"][0]))
    if any("□" in str(row["text"][0]) for row in blocks):
        axes.text(
            0.15, -0.01, "□: bytes that make no letter", fontsize=12, color=plots.GREY, va="top"
        )


def named(t: float) -> str:
    """Return a temperature as a figure writes it."""
    return f"{t:g}".replace("inf", "∞")


def _colour(t: float) -> str:
    return plots.BLACK if t == 1 else plots.BLUE if t < 1 else plots.VERMILION


def _draw_text(axes: Axes, top: float, t: float, text: str) -> None:
    """Write a few lines of text."""
    folded = printable(" ↵ ".join(line for line in text.split("\n") if line))
    wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in folded)
    lines = textwrap.wrap(folded.lstrip(), _COLUMNS // 2 if wide else _COLUMNS)[:_LINES]
    axes.text(0.01, top, f"t = {named(t)}", color=_colour(t), fontweight="bold", va="top")
    axes.text(
        0.15,
        top,
        "\n".join(lines),
        family="DejaVu Sans Mono",
        fontsize=14,
        va="top",
        parse_math=False,
    )


def place(t: np.ndarray) -> np.ndarray:
    """Return where temperatures stand on an axis from 0 to ∞: t/(1 + t)."""
    return 1 - 1 / (1 + t)


def temperature_axis(axes: Axes) -> None:
    """Mark the temperatures from 0 to ∞ below."""
    ticks = np.array([0, 0.5, 1, 2, np.inf])
    axes.set_xlim(0, 1)
    axes.set_xticks(place(ticks), [named(tick) for tick in ticks])
    axes.set_xlabel("temperature t")


def draw_entropy(axes: Axes, table: Table, count: int, symbol: str, marks: Sequence[int]) -> None:
    """Draw entropy per symbol, of which there are `count`, against t/(1 + t)."""
    t = table["temperature"]
    limit = np.log(count)
    plots.law(axes, *smooth(place(t), table["law"]))
    for k in range(t.size):
        point, error, colour = table["sampled"][k], table["sampled_error"][k], _colour(t[k])
        plots.sampler(axes, place(t[k]), point, error, color=colour, clip_on=False)
    axes.axhline(limit, color=plots.GREY, linestyle=":", zorder=1)
    axes.set_ylim(0, 1.15 * limit)
    temperature_axis(axes)
    axes.set_ylabel(f"entropy (nats per {symbol})")
    perplexity_axis(axes, [*marks, count], f"{symbol}s")


def perplexity_axis(axes: Axes, marks: Sequence[int], symbols: str) -> None:
    """Mark on the right what perplexity the entropies on the left are."""
    perplexity = axes.twinx()
    perplexity.set_ylim(axes.get_ylim())
    perplexity.set_yticks(np.log(marks), [f"{mark}" for mark in marks])
    perplexity.tick_params(pad=10)
    perplexity.set_ylabel(f"perplexity ({symbols})")
    perplexity.spines["right"].set_visible(True)
