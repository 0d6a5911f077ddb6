"""What does temperature do to a text, and how hard does it make the next letter to guess?

Objective. You can read entropy and perplexity as the cost of a guess, and say why the coldest text is not the best
one.

What you need to know. The lessons `letters` (a letter model at temperature t) and `entropy` (S = -Σ p log p).
Perplexity is exp(S): how many equally likely letters would be as hard to guess. The surprise of a letter is
-log p, p being what it had when it was drawn; S is its mean. The model looks six letters back.

Minutes. 25

Predict first. The alphabet has 53 letters: what are entropy and perplexity at t = ∞? What are they at t = 0? A
writer who always takes the likeliest letter comes to a context where it was before: what happens next? Which text
is the more likely one under the model, letter by letter: that of t = 0, or one of t = 0.3? Sketch entropy against
t.

Run. Some seconds; `--corpus FILE` takes a text of yours:

    python -m experiments texts

What the law predicts. The same letter model continues the same prompt; only t differs. At t = 0 nothing is left to
guess, S = 0. A greedy writer who meets a context again must go on as before, and there are finitely many contexts:
it ends in a loop. At t = ∞ all V letters are equally likely, S = log V. In a given context S only rises with t, by
dS/dt = C/t with C the heat capacity [1]_. But t also decides which contexts a text gets into; what that does is
measured.

What would refute it. The line is the exact entropy, averaged over the contexts that the texts went through; the
points are the mean surprise of the letters drawn there. The two differ by a martingale [2]_: whatever came before,
a letter's surprise is expected to be the entropy of its context. So the errors of the letters add up like those of
independent draws, correlated though the text is, and the variance of each is known: it is the heat capacity.
Differences with a χ² worse than one time in a million refute the sampler. So does an entropy that falls as t
rises. The control shows that this would be seen: letters drawn 10 % too hot for the law must fail.

What you see. From the top down: a loop, clichés, sentences, words, soup. At t = 0 the text is caught in "the stove
the stove". The entropy is 0.59 nats a letter at t = 0.5, 1.19 at t = 1, 2.29 at t = 1.5 and 3.18 at t = 2;
perplexity goes from 1.8 through 3.3 and 9.9 to 24, and ends at 53. It leaps between t = 1 and 2: one rare letter
leads into a context that the model has never seen, and there it has little to go by.

The misconception. "The coldest text is the best, or at least the likeliest." It is neither. It is a loop. And
under the model its letters cost 0.71 nats each, those of the texts at t = 0.3 only 0.67: the likeliest letter now
may lead to where no letter is likely. (What a text at t = 0 of its own would be is the question of the lesson
whole_texts.)

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import run` was done.

1. Compute ln 53 and exp(1.19), and find both in the figure. (3.97 nats; 3.3 letters.)

2. How long is the loop at t = 0, and where does it begin? (Ten letters, " the stove"; from the 38th on.)

       from boltzmann.language import NGram, generate, load_corpus
       model = NGram.fit(load_corpus(), order=7)
       text = generate(model, "The fire ", 240, temperature=0)
       print(text)

3. The table's column `energy` is what a letter of each text costs under the model at t = 1. What does the corpus
   cost, -`model.log_probability(text) / len(text)`? At which t is a text as likely as the corpus? (0.76 nats; at
   t = 0.55, between 0.5 and 0.7. The model has learnt this text by heart: a text that it never saw costs more.)

       corpus = load_corpus()
       print(-model.log_probability(corpus) / len(corpus))

4. Order 5 in place of 7: the model looks four letters back. Is S at t = 0.5 higher or lower, and is the text
   better? (Higher, 0.71 against 0.59: with less to go by, each letter is harder to guess.)

       table = run("texts", order=5)
       print(table["law"][table["temperature"] == 0.5], table["text"][2])

5. Show that dS/dt = C/t in one context is never negative, and give a reason why the mean over the contexts of a
   text might all the same have fallen somewhere.

References
----------
.. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.6 (2011).
.. [2] P. Hall and C. C. Heyde, Martingale Limit Theory and Its Application, ch. 3 (1980).
"""

import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import chi2
from scipy.stats import t as student

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, generate, load_corpus
from boltzmann.statistics import pulls
from experiments._letters import SHOWN, usable_contexts
from experiments._table import Table, Verdict, agrees, differs, fits

CHAPTER = 7
FINDING = "Temperature alone takes one model's text from a loop to noise"
_READ = (0.0, 0.3, 0.5, 0.7, 1.0, 1.5, 3.0, np.inf)  # the temperatures whose texts the figure shows ...
_LINES, _COLUMNS = 3, 55  # ... and how much of each


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 7
    prompt: str = "The fire "
    temperatures: tuple[float, ...] = (0.0, 0.3, 0.5, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, np.inf)
    pages: int = 16  # independent texts at each temperature; a power of two keeps the mean of equal numbers exact
    length: int = 240  # letters on each page
    control: float = 1.1  # how much too hot the control's letters are
    seed: int = 2026


QUICK = Config(temperatures=(0.0, 0.5, 1.0, 1.5, np.inf), pages=8, length=60, control=1.5)


class _Overheard:
    """A model that remembers the logits it was asked for."""

    def __init__(self, model: NGram):
        self.encode, self.decode, self.model = model.encode, model.decode, model
        self.heard: list[np.ndarray] = []

    def logits(self, context: Sequence[int]) -> np.ndarray:
        """Return the model's logits, and remember them."""
        self.heard.append(self.model.logits(context))
        return self.heard[-1]


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Write the pages at each temperature, and weigh every letter against the law of its own context."""
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    prompt = [*usable_contexts([config.prompt], text), ""][0]
    rows = []
    for done, t in enumerate(config.temperatures):
        overheard, pages = _Overheard(model), []
        for page in range(config.pages):
            seed = config.seed + done * config.pages + page
            pages.append(generate(overheard, prompt, config.length, t, seed=seed))
            progress((done + (page + 1) / config.pages) / len(config.temperatures))
        energies = -np.array(overheard.heard)
        letters = model.encode("".join(pages))
        log_p = sum(model.log_probability(prompt + page) for page in pages)
        rows.append(
            {
                "temperature": t,
                "prompt": f"“{prompt}”",
                "text": f"{pages[0]}…",
                "letters": letters.size,
                "alphabet": len(model.alphabet),
                "pages": config.pages,
                "ties": int(((energies == energies.min(axis=1, keepdims=True)).sum(axis=1) > 1).sum()),
                "energy": model.log_probability(prompt) * config.pages / letters.size - log_p / letters.size,
                **_weighed(energies, letters, t, config.pages, ""),
                **_weighed(energies, letters, t / config.control, config.pages, "control_"),
            }
        )
    return Table.of_rows(rows)


def _weighed(energies: np.ndarray, letters: np.ndarray, t: float, pages: int, name: str) -> dict[str, float]:
    """Return entropy and surprise per letter under the law at t, their errors, and the error of their difference.

    Pages are independent, letters are not: the means' errors come from the scatter of the pages. The variance
    of each letter's surprise in its context, which the difference needs, is the heat capacity of that context.
    """
    entropy = bz.entropy(energies, t)
    law = bz.probabilities(energies, t)[np.arange(letters.size), letters]
    surprise = np.abs(np.log(law))
    by_page = {"law": entropy.reshape(pages, -1).mean(axis=1), "sampled": surprise.reshape(pages, -1).mean(axis=1)}
    columns = {f"{name}{road}": float(means.mean()) for road, means in by_page.items()}
    columns |= {
        f"{name}{road}_error": float(means.std(ddof=1) / np.sqrt(pages)) for road, means in by_page.items()
    }
    columns[f"{name}difference_error"] = float(np.sqrt(bz.heat_capacity(energies, t).sum())) / letters.size
    return columns


def verdicts(table: Table) -> list[Verdict]:
    """Hold surprise against entropy, follow the entropy upwards, and check both ends and t = 1."""
    frozen, hottest = table.where(temperature=0.0), table.where(temperature=np.inf)
    untouched = table.where(temperature=1.0)
    alphabet, ties = int(table["alphabet"][0]), int(frozen["ties"][0])
    p, control = _p_value(table, ""), _p_value(table, "control_")
    left = ties / frozen["letters"][0] * np.log(alphabet)
    return [
        fits("letters surprise as much as the entropy says", p, "χ² of all finite t"),
        differs("control: letters drawn too hot are caught", control, "χ² of all finite t"),
        _rises(table),
        agrees(
            "t = 0 leaves nothing to guess: entropy", frozen["law"][0], 0, left, f"log V for each of {ties} ties"
        ),
        agrees("t = ∞ leaves everything: entropy", hottest["law"][0], np.log(alphabet), 1e-9, "log V, ten digits"),
        agrees(
            "t = 1: surprise is that of the model itself",
            untouched["sampled"][0],
            untouched["energy"][0],
            1e-8,
            "rounding",
        ),
    ]


def _p_value(table: Table, name: str) -> float:
    """Return how likely differences between surprise and entropy as large as these are."""
    at = np.flatnonzero((table["temperature"] > 0) & (table["temperature"] < np.inf))
    z = pulls(*(table[f"{name}{column}"][at] for column in ("sampled", "law", "difference_error")))
    return float(chi2.sf(np.square(z).sum(), at.size))


def _rises(table: Table) -> Verdict:
    """Judge whether the entropy falls anywhere as t rises, by the scatter of the pages."""
    rises, error = np.diff(table["law"]), np.hypot(table["law_error"][1:], table["law_error"][:-1])
    z = pulls(rises, 0.0, error)
    p = min(1.0, z.size * float(student.cdf(z.min(), table["pages"][0] - 1)))
    measured = f"smallest rise {rises.min():.3f} nats, at least {z.min():.1f} standard errors"
    return Verdict("entropy rises with t at every step", measured, "no fall", "a fall has p < 1e-06", p >= 1e-6)


def draw(table: Table) -> Figure:
    """Draw the texts from cold to hot, and beside them entropy and perplexity against t."""
    figure = plots.figure(FINDING)
    left, right = figure.subfigures(1, 2, width_ratios=[1.55, 1])
    texts, entropy = left.subplots(), right.subplots()
    texts.set_title(f"{table['prompt'][0]} continued at temperature t", loc="left", parse_math=False)
    texts.set_axis_off()
    blocks = [row for (t,), row in table.groups("temperature") if t in _READ]
    for k, row in enumerate(blocks):
        _draw_text(texts, 1 - k / len(blocks), row["temperature"][0], str(row["text"][0]))
    _draw_entropy(entropy, table)
    return figure


def _named(t: float) -> str:
    return f"{t:g}".replace("inf", "∞")


def _colour(t: float) -> str:
    return plots.BLACK if t == 1 else plots.BLUE if t < 1 else plots.VERMILION


def _draw_text(axes: Axes, top: float, t: float, text: str) -> None:
    """Write a few lines of text; white space other than blanks is made visible, and what has no shape a box."""
    folded = " ↵ ".join(line for line in text.split("\n") if line)
    printable = "".join(letter if letter.isprintable() else SHOWN.get(letter, "□") for letter in folded)
    wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in printable)
    lines = textwrap.wrap(printable, _COLUMNS // 2 if wide else _COLUMNS)[:_LINES]
    axes.text(0.01, top, f"t = {_named(t)}", color=_colour(t), fontweight="bold", va="top")
    axes.text(0.15, top, "\n".join(lines), family="DejaVu Sans Mono", fontsize=14, va="top", parse_math=False)


def _draw_entropy(axes: Axes, table: Table) -> None:
    """Draw entropy per letter against t/(1 + t), with perplexity on the right."""
    t = table["temperature"]
    place, limit = 1 - 1 / (1 + t), np.log(table["alphabet"][0])
    plots.law(axes, place, table["law"], label="law: entropy of the contexts")
    for k in range(t.size):
        label = "sampler: −log p of the letters" if t[k] == 1 else None
        point, error, colour = table["sampled"][k], table["sampled_error"][k], _colour(t[k])
        plots.sampler(axes, place[k], point, error, color=colour, label=label, clip_on=False)
    axes.axhline(limit, color=plots.GREY, linestyle=":", zorder=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.15 * limit)
    ticks = np.array([0, 0.5, 1, 2, np.inf])
    axes.set_xticks(1 - 1 / (1 + ticks), [_named(tick) for tick in ticks])
    axes.set_xlabel("temperature t")
    axes.set_ylabel("entropy (nats per letter)")
    axes.legend(loc="upper left")
    perplexity = axes.twinx()
    perplexity.set_ylim(axes.get_ylim())
    marks = [1, 2, 5, 10, 20, table["alphabet"][0]]
    perplexity.set_yticks(np.log(marks), [f"{mark}" for mark in marks])
    perplexity.tick_params(pad=10)
    perplexity.set_ylabel("perplexity (letters)")
    perplexity.spines["right"].set_visible(True)
