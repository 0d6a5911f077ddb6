"""Does one temperature do to a transformer what it does to an n-gram?

Objective. You can keep apart what a temperature does in one context, where all models are alike,
and what it does by the contexts into which it leads, where they are not.

What you need to know. The lessons `texts` (an n-gram from cold to hot, entropy and surprise) and
`tokens` (a transformer obeys the law). An n-gram of order n looks at the last n - 1 letters, here
six; where it has never seen them together, it falls back on fewer. A transformer has nothing to
fall back on: it computes an answer to anything.

Minutes. 35

Predict first. An n-gram of order 2, on 53 letters, writes at t = 0: after how many letters at most
must it repeat itself? Must a transformer, too, while its window of 256 tokens holds the whole text?
A page is written at t = ∞. Its writer reads it and says at each place how unsure it is of the next
token, by the entropy of its own p, at t = 1. What would be the honest answer there, of 53 letters
and of 1,024 tokens, in nats? Is the n-gram less or more sure there than in its text of t = 1? And
the transformer, which has 3.33 nats a token in its text of t = 1?

Run. Some seconds:

    python -m experiments continuations

What the law predicts. In a given context no difference: softmax(log p / t) does not ask who made p.
But t also decides which contexts a text gets into, and the law does not say what a model makes of
them. So each model is asked how unsure it is in its own text, written at t: by the entropy of p
itself. At t = 0 an n-gram has finitely many contexts and must loop; to a transformer no context
comes twice while its window holds the whole text.

What would refute it. A surprise that differs from the entropy with a χ² worse than one time in a
million; the control, tokens drawn 10 % too hot, must fail. Hot pages (t ≥ 2) on which a model is as
unsure as on cold ones (t ≤ 1), by Welch's test. At t = 0, an n-gram's text whose second half does
not repeat itself; that the transformer's does not is measured and no law.

What you see. Left: at t = 0 the transformer circles, each time a little differently, while the
n-gram repeats ten letters for ever; at t = 3 it writes a soup of words and pieces of words, as
those are its tokens. Right, above: the entropy at t rises from 0 to ln 1024, as in `texts`. Below:
past t = 1 one line climbs and the other falls (each model is compared with itself at t = 1, as a
token is more than a letter). The n-gram has 1.19 nats in its text of t = 1, 2.01 at t = 2 and 2.65
at t = ∞; the transformer 3.33, 2.81 and 2.51. From cold pages to hot ones that is 1.24 ± 0.02 nats
more and 0.94 ± 0.04 less. Deep in noise that no one ever wrote, the transformer is surer of the
next token than in a sentence of its own.

The misconception. "Hot text confuses every model alike." This n-gram is lost and shows it, for it
has counted how often it was there: never. A network has no such count; this one, small and fitted
too closely to its text (a perplexity of 18.7 there, of 59.7 on text held out), becomes surer, and
is wrong (exercise 3); of other transformers that says nothing. So a low entropy is no sign that a
model knows. "A greedy text must loop": an n-gram's must. That a transformer's often does is a habit
and no law.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` was done.

1. The first question: after 53 letters at most, one for each context. How long can a text of order
   7 be before it loops? (53⁶ = 2.2e10.) The honest answers are ln 53 = 3.97 and ln 1024 = 6.93.

2. A loop, and the way out of it. How often does "to the boy" come in a row, and what ends it? (13
   times; then comes " next" instead of " boy": each context is three tokens longer than the last.)

       from boltzmann.language import GPT2, generate, stream
       model = GPT2.load("tiny", np.float64)
       print(generate(model, "The old woman", 100, temperature=0))

3. Surer, and right? Compare how unsure the model says it is with what the tokens cost it, -log p.
   (At t = 1, 3.33 and 3.30 nats: they were drawn from that p. At t = ∞, 2.68 and 12.0, where a
   guess among all 1,024 would cost 6.93.)

       for t in (1.0, np.inf):
           unsure, cost = [], []
           for seed in range(1, 9):
               ids = list(model.encode("The fire"))
               for token in stream(model, "The fire", 56, t, seed=seed):
                   log_p = bz.log_softmax(model.logits(ids))
                   unsure.append(bz.entropy(-log_p, 1.0))
                   cost.append(-log_p[token])
                   ids.append(token)
           print(t, np.mean(unsure), np.mean(cost))

4. Is "lost, an n-gram is unsure" a law? Try orders 1, 2 and 3 instead of 7. (No. Order 1 has one
   context, and nothing changes. At order 2 hot text leads to rare letters, after which little can
   follow: it is surer by 0.34 nats. At order 3 it is less sure by 0.56.)

       table = run("continuations", order=2, temperatures=(0.0, 0.5, 1.0, 3.0, np.inf))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import GPT2, NGram, load_corpus
from experiments.drawings.pages import draw_entropy, draw_texts, place, temperature_axis
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.letters import printable
from experiments.shared.pages import (
    TEMPERATURES,
    mean_of_pages,
    p_value,
    rises,
    weighed,
    welch,
    written,
)

CHAPTER = 120
FINDING = "Lost in hot text, the n-gram is unsure; this small transformer grows surer"
_HOT = 2.0  # text at this temperature and above is called hot, up to 1 cold


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    prompt: str = "The fire"
    order: int = 7  # of the n-gram
    temperatures: tuple[float, ...] = TEMPERATURES
    # Independent texts at each temperature; a power of two keeps the mean of equal numbers exact.
    pages: int = 8
    tokens: int = 56  # on each page of the transformer
    letters: int = 160  # on each page of the n-gram, about as long
    control: float = 1.1  # how much too hot the control's tokens are
    seed: int = 2026


QUICK = Config(temperatures=(0.0, 0.5, 1.0, 3.0, np.inf), tokens=32, letters=120, control=1.5)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Write pages at each temperature by both models, and ask how unsure of them each is."""
    models = {
        "transformer": (GPT2.load("tiny", np.float64), config.tokens),
        "n-gram": (NGram.fit(load_corpus(), config.order), config.letters),
    }
    rows = []
    for name, (model, length) in models.items():
        for t in config.temperatures:
            first = config.seed + len(rows) * config.pages
            pages, energies = written(
                model, config.prompt, length, t, range(first, first + config.pages)
            )
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
    """Return the period with which the second half of a page repeats itself, 0 if it does not."""
    tail = ids[len(ids) // 2 :]
    return next((k for k in range(1, len(tail) // 2 + 1) if tail[k:] == tail[:-k]), 0)


def verdicts(table: Table) -> list[Verdict]:
    """Hold surprise against entropy, weigh how sure models are, look for loops."""
    transformer, n_gram = (table.where(model=model) for model in ("transformer", "n-gram"))
    hottest, limit = transformer.where(temperature=np.inf), np.log(transformer["vocabulary"][0])
    circling, looping = (
        int(rows.where(temperature=0.0)["period"][0]) for rows in (transformer, n_gram)
    )
    of, half = "χ² of all finite t", "the second half of the page"

    return [
        fits(
            "surprise",
            "tokens of the transformer surprise as much as the entropy says",
            p_value(transformer, ""),
            of,
        ),
        differs(
            "control",
            "control: tokens drawn too hot are caught",
            p_value(transformer, "control_"),
            of,
        ),
        rises(transformer),
        agrees(
            "hottest",
            "t = ∞ leaves everything: entropy",
            hottest["law"][0],
            limit,
            1e-9,
            "log V, ten digits",
        ),
        _changed("n_gram_unsure", "hot text leaves the n-gram less sure", n_gram, 1),
        _changed("transformer_surer", "hot text leaves the transformer surer", transformer, -1),
        Verdict(
            "n_gram_loops",
            "t = 0: the n-gram loops",
            f"period {looping or 'none'}",
            "some",
            half,
            looping > 0,
        ),
        Verdict(
            "transformer_repeats_nothing",
            "t = 0: the transformer repeats nothing",
            f"period {circling or 'none'}",
            "none",
            half,
            circling == 0,
        ),
    ]


def _changed(key: str, claim: str, rows: Table, sign: int) -> Verdict:
    """Judge whether hot text leaves a model less sure than cold (sign 1), or surer (-1)."""
    hot = (rows["temperature"] >= _HOT) / 1.0
    cold = (rows["temperature"] <= 1) / 1.0
    weights = hot / hot.sum() - cold / cold.sum()
    change, error, p = welch(weights, rows["unsure"], rows["unsure_error"], rows["pages"], sign)
    measured = f"{change:+.2f} ± {error:.2f} nats, p = {p:.2g}"
    criterion = f"t ≥ {_HOT:g} against t ≤ 1; no change has p < 1e-06"
    return Verdict(key, claim, measured, "more" if sign > 0 else "less", criterion, p < 1e-6)


def draw(table: Table) -> Figure:
    """Draw the transformer's texts, its entropy, and how unsure both are of their own text."""
    figure = plots.figure(FINDING)
    left, right = figure.subfigures(1, 2, width_ratios=[1.55, 1])
    entropy, unsure = right.subplots(2, 1)
    transformer = table.where(model="transformer")
    draw_texts(left.subplots(), transformer)
    draw_entropy(entropy, transformer, transformer["vocabulary"][0], "token", (1, 10, 100))
    plots.name_marks(entropy, law="law", sampler="sampler")
    entropy.legend(loc="lower right")
    _draw_unsure(unsure, table)
    return figure


def _draw_unsure(axes: Axes, table: Table) -> None:
    """Draw how unsure each model is of its text, beside how unsure at t = 1, against t/(1 + t).

    Entropies of a token and of a letter have no common scale; what becomes of them has.
    """
    for model, colour, away in (("transformer", plots.GREEN, -24), ("n-gram", plots.PURPLE, 24)):
        rows = table.where(model=model)
        own = rows.where(temperature=1.0)["unsure"][0]
        unsure, error = rows["unsure"] / own, rows["unsure_error"] / own
        look = {"color": colour, "marker": "o", "clip_on": False}
        plots.sampler(axes, place(rows["temperature"]), unsure, error, linestyle="-", **look)
        end = {"xytext": (-12, away), "textcoords": "offset points", "ha": "right", "va": "center"}
        axes.annotate(model, (1, unsure[-1]), color=colour, fontweight="bold", **end)

    axes.axhline(1, color=plots.GREY, linestyle=":", zorder=1)
    temperature_axis(axes)
    axes.set_ylim(0, 2.8)
    axes.set_yticks([0, 1, 2])
    axes.set_title("how unsure of its own text: entropy of p")
    axes.set_xlabel("temperature t of the text")
    axes.set_ylabel("relative to text at t = 1")
