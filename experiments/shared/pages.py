"""Pages of text written at temperature t: their entropy and surprise, and their figure."""

import textwrap
import unicodedata
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from scipy.stats import chi2
from scipy.stats import t as student

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import LanguageModel, stream
from boltzmann.statistics import pulls
from experiments.runner.table import Table, Verdict
from experiments.shared.letters import printable

TEMPERATURES = (0.0, 0.3, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, np.inf)
_READ = (0.0, 0.3, 0.5, 0.7, 1.0, 1.5, 3.0, np.inf)  # those whose texts a figure shows ...
_LINES, _COLUMNS = 3, 55  # ... and how much of each


class _Overheard:
    """A model that remembers the logits it was asked for."""

    def __init__(self, model: LanguageModel):
        self.encode, self.decode, self.model = model.encode, model.decode, model
        self.heard: list[np.ndarray] = []

    def logits(self, context: Sequence[int]) -> np.ndarray:
        """Return the model's logits, and remember them."""
        self.heard.append(np.asarray(self.model.logits(context)))
        return self.heard[-1]


def written(
    model: LanguageModel, prompt: str, length: int, t: float, seeds: Sequence[int]
) -> tuple[list[list[int]], np.ndarray]:
    """Return one page of ids for each seed, and the energies at each draw, (n, V)."""
    overheard = _Overheard(model)
    pages = [list(stream(overheard, prompt, length, t, seed=seed)) for seed in seeds]
    return pages, -np.array(overheard.heard)


def weighed(
    energies: np.ndarray, ids: np.ndarray, t: float, pages: int, name: str
) -> dict[str, float]:
    """Return entropy and surprise per symbol under the law at t, with their errors.

    Pages are independent, symbols are not: the means' errors come from the scatter of the pages.
    The variance of each symbol's surprise in its context, which the difference needs, is the heat
    capacity of that context.
    """
    p = bz.probabilities(energies, t)[np.arange(ids.size), ids]
    law, law_error = mean_of_pages(bz.entropy(energies, t), pages)
    sampled, sampled_error = mean_of_pages(np.abs(np.log(p)), pages)
    return {
        f"{name}law": law,
        f"{name}sampled": sampled,
        f"{name}law_error": law_error,
        f"{name}sampled_error": sampled_error,
        f"{name}difference_error": float(np.sqrt(bz.heat_capacity(energies, t).sum())) / ids.size,
    }


def mean_of_pages(values: np.ndarray, pages: int) -> tuple[float, float]:
    """Return the mean of a value per symbol, and its error by the scatter of the pages."""
    means = values.reshape(pages, -1).mean(axis=1)
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(pages))


def welch(
    weights: np.ndarray, means: np.ndarray, errors: np.ndarray, sizes: np.ndarray, sign: int
) -> tuple[float, float, float]:
    """Return Σ w m of some means m, its error, and the p-value of it not having the `sign`.

    Welch's test: variances differ, and the degrees of freedom are Satterthwaite's. All arrays have
    shape (n,); `sizes` says of how many values each mean is.
    """
    change = float(weights @ means)
    variances = np.square(weights * errors)
    error = float(np.sqrt(variances.sum()))
    freedom = variances.sum() ** 2 / (np.square(variances) / (sizes - 1)).sum()
    return change, error, float(student.sf(sign * change / error, freedom))


def p_value(table: Table, name: str) -> float:
    """Return how likely differences between surprise and entropy as large as these are."""
    at = np.flatnonzero((table["temperature"] > 0) & (table["temperature"] < np.inf))
    z = pulls(*(table[f"{name}{column}"][at] for column in ("sampled", "law", "difference_error")))
    return float(chi2.sf(np.square(z).sum(), at.size))


def rises(table: Table) -> Verdict:
    """Judge whether the entropy falls anywhere as t rises, by the scatter of the pages."""
    steps, error = np.diff(table["law"]), np.hypot(table["law_error"][1:], table["law_error"][:-1])
    z = pulls(steps, 0.0, error)
    p = min(1.0, z.size * float(student.cdf(z.min(), table["pages"][0] - 1)))
    measured = f"smallest rise {steps.min():.3f} nats, at least {z.min():.1f} standard errors"
    return Verdict(
        "rises",
        "entropy rises with t at every step",
        measured,
        "no fall",
        "a fall has p < 1e-06",
        p >= 1e-6,
    )


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
    plots.law(axes, place(t), table["law"], label="law: entropy of the contexts")
    for k in range(t.size):
        label = f"sampler: −log p of the {symbol}s" if t[k] == 1 else None
        point, error, colour = table["sampled"][k], table["sampled_error"][k], _colour(t[k])
        plots.sampler(axes, place(t[k]), point, error, color=colour, label=label, clip_on=False)
    axes.axhline(limit, color=plots.GREY, linestyle=":", zorder=1)
    axes.set_ylim(0, 1.15 * limit)
    temperature_axis(axes)
    axes.set_ylabel(f"entropy (nats per {symbol})")
    axes.legend(loc="upper left", handlelength=1.2, borderaxespad=0.2)
    perplexity_axis(axes, [*marks, count], f"{symbol}s")


def perplexity_axis(axes: Axes, marks: Sequence[int], symbols: str) -> None:
    """Mark on the right what perplexity the entropies on the left are."""
    perplexity = axes.twinx()
    perplexity.set_ylim(axes.get_ylim())
    perplexity.set_yticks(np.log(marks), [f"{mark}" for mark in marks])
    perplexity.tick_params(pad=10)
    perplexity.set_ylabel(f"perplexity ({symbols})")
    perplexity.spines["right"].set_visible(True)
