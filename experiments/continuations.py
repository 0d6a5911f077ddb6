"""Does one temperature do to a transformer what it does to an n-gram?

What the law predicts. In a given context, yes: softmax(log p / t) does not ask who made p, the entropy of a token
rises with t from 0 to log V, and tokens drawn cost on average what it says (see `texts`). But t also decides
which contexts a text gets into, and the law does not say what a model makes of them. An n-gram that meets letters
it has never seen together falls back on fewer of them, in the end on none: lost, it is unsure. A transformer has
nothing to fall back on. It computes an answer to anything. So of its own text, written at t, each model is asked
how unsure it is there at t = 1: by the entropy of p itself.

At t = 0 an n-gram of order n has finitely many contexts and a text longer than they are many must repeat itself.
A transformer sees the whole text, as long as its window holds it, and no context comes twice: it may repeat itself
or not, and can leave a loop again.

What would refute it. A surprise that differs from the entropy with a χ² worse than one time in a million; the
control, tokens drawn 10 % too hot for the law, must fail. For the contexts, hot pages (t ≥ 2) on which a
model is as unsure as on cold ones (t ≤ 1), by Welch's test. For t = 0, an n-gram's text whose second half does not
repeat itself; that the transformer's does not, after this prompt, is measured and no law.

What to look at. Left: at t = 0 the circles, each a little different from the last; at t = 3, where the n-gram of
`texts` writes a soup of letters, words and pieces of words, as those are the tokens. Right, below: past t = 1 one
line climbs and the other falls (compare each with itself, as a token is more than a letter). Deep in noise that no
one ever wrote, the transformer is surer of the next token than in a sentence of its own.

Why in double precision. In float32 the order in which a processor adds changes logits by some 1e-6, enough for one
token in a million to be another, and with it the whole text after it. In float64 it is 1e-14.

Try this next. The prompt “The old woman” on pages of 100 tokens: at t = 0 a loop, and then the way out of it.
Longer pages: when does the window, 256 tokens, begin to slide, and what happens then? Measure how sure a model is
by the probability of its likeliest token. GPT-2 itself: `GPT2.load("gpt2", np.float64)` in `compute`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import t as student

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import GPT2, NGram, load_corpus
from experiments._letters import printable
from experiments._pages import (
    TEMPERATURES,
    draw_entropy,
    draw_texts,
    mean_of_pages,
    p_value,
    place,
    rises,
    temperature_axis,
    weighed,
    written,
)
from experiments._table import Table, Verdict, agrees, differs, fits

CHAPTER = 10
FINDING = "Lost in hot text, an n-gram is unsure; a transformer grows surer"
_HOT = 2.0  # text at this temperature and above is called hot, up to 1 cold


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    prompt: str = "The fire"
    order: int = 7  # of the n-gram
    temperatures: tuple[float, ...] = TEMPERATURES
    pages: int = 8  # independent texts at each temperature; a power of two keeps the mean of equal numbers exact
    tokens: int = 56  # on each page of the transformer
    letters: int = 160  # on each page of the n-gram, about as long
    control: float = 1.1  # how much too hot the control's tokens are
    seed: int = 2026


QUICK = Config(temperatures=(0.0, 0.5, 1.0, 3.0, np.inf), tokens=32, letters=120, control=1.5)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Write pages at each temperature by both models, and ask how sure of them a model is, at t and at t = 1."""
    models = {
        "transformer": (GPT2.load("tiny", np.float64), config.tokens),
        "n-gram": (NGram.fit(load_corpus(), config.order), config.letters),
    }
    rows = []
    for name, (model, length) in models.items():
        for t in config.temperatures:
            first = config.seed + len(rows) * config.pages
            pages, energies = written(model, config.prompt, length, t, range(first, first + config.pages))
            ids = np.concatenate(pages)
            unsure, unsure_error = mean_of_pages(bz.entropy(energies, 1.0), config.pages)
            rows.append(
                {
                    "model": name,
                    "temperature": t,
                    "prompt": f"“{config.prompt}”",
                    "text": "\n".join(map(printable, model.decode(pages[0]).split("\n"))) + "…",
                    "symbols": ids.size,
                    "vocabulary": energies.shape[1],
                    "pages": config.pages,
                    "period": _period(pages[0]),
                    "unsure": unsure,
                    "unsure_error": unsure_error,
                    **weighed(energies, ids, t, config.pages, ""),
                    **weighed(energies, ids, t / config.control, config.pages, "control_"),
                }
            )
            progress(len(rows) / len(models) / len(config.temperatures))
    return Table.of_rows(rows)


def _period(ids: Sequence[int]) -> int:
    """Return the period with which the second half of a page repeats itself, at least twice; 0 if it does not."""
    tail = ids[len(ids) // 2 :]
    return next((k for k in range(1, len(tail) // 2 + 1) if tail[k:] == tail[:-k]), 0)


def verdicts(table: Table) -> list[Verdict]:
    """Hold surprise against entropy, ask each model how sure it is of hot text, and look for loops in cold."""
    transformer, n_gram = (table.where(model=model) for model in ("transformer", "n-gram"))
    hottest, limit = transformer.where(temperature=np.inf), np.log(transformer["vocabulary"][0])
    circling, looping = (int(rows.where(temperature=0.0)["period"][0]) for rows in (transformer, n_gram))
    of, half = "χ² of all finite t", "the second half of the page"
    return [
        fits("tokens of the transformer surprise as much as the entropy says", p_value(transformer, ""), of),
        differs("control: tokens drawn too hot are caught", p_value(transformer, "control_"), of),
        rises(transformer),
        agrees("t = ∞ leaves everything: entropy", hottest["law"][0], limit, 1e-9, "log V, ten digits"),
        _changed("hot text leaves the n-gram less sure", n_gram, 1),
        _changed("hot text leaves the transformer surer", transformer, -1),
        Verdict("t = 0: the n-gram loops", f"period {looping or 'none'}", "some", half, looping > 0),
        Verdict(
            "t = 0: the transformer repeats nothing", f"period {circling or 'none'}", "none", half, circling == 0
        ),
    ]


def _changed(claim: str, rows: Table, sign: int) -> Verdict:
    """Judge by Welch's test whether the entropy of p itself in contexts of hot text is another than in cold."""
    hot, cold = ((rows["temperature"] >= _HOT) / 1.0, (rows["temperature"] <= 1) / 1.0)
    weights = hot / hot.sum() - cold / cold.sum()
    change, variances = weights @ rows["unsure"], np.square(weights * rows["unsure_error"])
    error = np.sqrt(variances.sum())
    freedom = variances.sum() ** 2 / (np.square(variances) / (rows["pages"] - 1)).sum()
    p = float(student.sf(sign * change / error, freedom))
    return Verdict(
        claim,
        f"{change:+.2f} ± {error:.2f} nats, p = {p:.2g}",
        "more" if sign > 0 else "less",
        f"t ≥ {_HOT:g} against t ≤ 1; no change has p < 1e-06",
        p < 1e-6,
    )


def draw(table: Table) -> Figure:
    """Draw the transformer's texts, the entropy of its tokens, and how sure both models are of their own text."""
    figure = plots.figure(FINDING)
    left, right = figure.subfigures(1, 2, width_ratios=[1.55, 1])
    entropy, unsure = right.subplots(2, 1)
    transformer = table.where(model="transformer")
    draw_texts(left.subplots(), transformer)
    draw_entropy(entropy, transformer, transformer["vocabulary"][0], "token", (1, 10, 100))
    entropy.legend(entropy.get_legend_handles_labels()[0], ["law", "sampler"], loc="lower right")
    _draw_unsure(unsure, table)
    return figure


def _draw_unsure(axes: Axes, table: Table) -> None:
    """Draw the entropy of p itself in contexts of text at t, against t/(1 + t)."""
    top = table["unsure"].max()
    for model, symbol, colour, height in (
        ("transformer", "token", plots.GREEN, 1.08 * top),
        ("n-gram", "letter", plots.PURPLE, 0.12 * top),
    ):
        rows = table.where(model=model)
        at, unsure, error = place(rows["temperature"]), rows["unsure"], rows["unsure_error"]
        plots.sampler(axes, at, unsure, error, color=colour, linestyle="-", marker="o", clip_on=False)
        axes.text(0.03, height, f"{model}, per {symbol}", color=colour, fontweight="bold")
    temperature_axis(axes)
    axes.set_ylim(0, 1.25 * top)
    axes.set_title("how unsure of its own text: entropy at t = 1")
    axes.set_xlabel("temperature t of the text")
    axes.set_ylabel("entropy of p (nats)")
