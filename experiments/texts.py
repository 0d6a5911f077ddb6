"""What does temperature do to a text, and how hard does it make the next letter to guess?

Objective. You can read entropy and perplexity as the cost of a guess, and say why the coldest text
is not the best one.

What you need to know. The lessons `letters` (a letter model at temperature t) and `entropy` (S = -Σ
p log p). Perplexity is exp(S): how many equally likely letters would be as hard to guess. The
surprise of a letter is -log p, p being what it had when it was drawn; S is its mean. The model
looks six letters back.

Minutes. 25

Predict first. The alphabet has 53 letters: what are entropy and perplexity at t = ∞, and at t = 0?
A writer who always takes the likeliest letter comes to a context where it was before: what happens
next? Which text is the more likely one under the model, letter by letter: that of t = 0, or one of
t = 0.3? Sketch entropy against t.

Run. Some seconds; `--corpus FILE` takes a text of yours:

    python -m experiments texts

What the law predicts. The same model continues the same prompt; only t differs. At t = 0 nothing is
left to guess, S = 0, and as there are finitely many contexts the text ends in a loop. At t = ∞ all
V letters are equally likely, S = log V. In a given context S only rises with t, by dS/dt = C/t with
C the heat capacity [1]_. But t also decides which contexts a text gets into.

What would refute it. The line is the exact entropy of the contexts that the texts went through, the
points are the mean surprise of the letters drawn there. Their difference is a martingale [2]_:
whatever came before, a letter's surprise is expected to be the entropy of its context, with the
heat capacity for its variance. A χ² worse than one time in a million refutes the sampler; so does
an entropy that falls. The control, letters drawn 10 % too hot for the law, must fail.

What you see. From the top down: a loop, clichés, sentences, words, soup. At t = 0 the text is
caught in "the stove the stove". The entropy is 0.59 nats a letter at t = 0.5, 1.19 at t = 1, 2.29
at t = 1.5 and 3.18 at t = 2; perplexity goes from 1.8 through 3.3 and 9.9 to 24, and ends at 53. It
leaps between t = 1 and 2: one rare letter leads into a context that the model has never seen, and
there it has little to go by.

The misconception. "The coldest text is the best, or at least the likeliest." It is neither. It is a
loop. And under the model its letters cost 0.71 nats each, those of the texts at t = 0.3 only 0.67:
the likeliest letter now may lead to where no letter is likely.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. Compute ln 53 and exp(1.19), and find both in the figure. (3.97 nats; 3.3 letters.) In bits:

       print(exercises.question("bits"))  # exercises.check("bits", answer)

2. How long is the loop at t = 0, and where does it begin? (Ten letters, " the stove"; from the 38th
   on.)

       from boltzmann.language import NGram, generate, load_corpus
       model = NGram.fit(load_corpus(), order=7)
       print(generate(model, "The fire ", 240, temperature=0))

3. The table's column `energy` is what a letter of each text costs under the model at t = 1. At
   which t is a text as likely as the corpus? (At t = 0.55: the corpus costs 0.76 nats a letter,
   since the model has learnt it by heart.)

       corpus = load_corpus()
       print(-model.log_probability(corpus) / len(corpus))

4. Order 5 in place of 7: is S at t = 0.5 higher or lower, and is the text better? (Higher, 0.71
   against 0.59: with less to go by, each letter is harder to guess.)

       table = run("texts", order=5)
       print(table["law"][table["temperature"] == 0.5], table["text"][2])

References
----------
.. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.6 (2011).
.. [2] P. Hall and C. C. Heyde, Martingale Limit Theory and Its Application, ch. 3 (1980).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from experiments.drawings.pages import draw_entropy, draw_texts
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.letters import usable_contexts
from experiments.shared.pages import (
    TEMPERATURES,
    p_value,
    rises,
    weighed,
    written,
)

CHAPTER = 100
FINDING = "Temperature alone takes one model's text from a loop to noise"


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 7
    prompt: str = "The fire "
    temperatures: tuple[float, ...] = TEMPERATURES
    # Independent texts at each temperature; a power of two keeps the mean of equal numbers exact.
    pages: int = 16
    length: int = 240  # letters on each page
    control: float = 1.1  # how much too hot the control's letters are
    seed: int = 2026


QUICK = Config(temperatures=(0.0, 0.5, 1.0, 1.5, np.inf), pages=8, length=60, control=1.5)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Write pages at each temperature; hold each letter against the law of its context."""
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    prompt = [*usable_contexts([config.prompt], text), ""][0]
    rows = []
    for done, t in enumerate(config.temperatures):
        first = config.seed + done * config.pages
        ids, energies = written(model, prompt, config.length, t, range(first, first + config.pages))
        letters = np.concatenate(ids)
        pages = [model.decode(page) for page in ids]

        # What the pages cost at t = 1, without the prompt, and how often the likeliest is tied.
        log_p = sum(model.log_probability(prompt + page) for page in pages)
        unprompted = log_p - model.log_probability(prompt) * config.pages
        lowest = energies.min(axis=1, keepdims=True)
        ties = int(((energies == lowest).sum(axis=1) > 1).sum())

        rows.append(
            {
                "temperature": t,
                "prompt": f"“{prompt}”",
                "text": f"{pages[0]}…",
                "letters": letters.size,
                "alphabet": len(model.alphabet),
                "pages": config.pages,
                "ties": ties,
                "energy": -unprompted / letters.size,
                **weighed(energies, letters, t, config.pages, ""),
                **weighed(energies, letters, t / config.control, config.pages, "control_"),
            }
        )
        progress((done + 1) / len(config.temperatures))
    return Table.of_rows(rows)


def verdicts(table: Table) -> list[Verdict]:
    """Hold surprise against entropy, follow the entropy upwards, and check both ends and t = 1."""
    frozen, hottest = table.where(temperature=0.0), table.where(temperature=np.inf)
    untouched = table.where(temperature=1.0)
    alphabet, ties = int(table["alphabet"][0]), int(frozen["ties"][0])
    p, control = p_value(table, ""), p_value(table, "control_")
    left = ties / frozen["letters"][0] * np.log(alphabet)

    return [
        fits("surprise", "letters surprise as much as the entropy says", p, "χ² of all finite t"),
        differs(
            "control", "control: letters drawn too hot are caught", control, "χ² of all finite t"
        ),
        rises(table),
        agrees(
            "coldest",
            "t = 0 leaves nothing to guess: entropy",
            frozen["law"][0],
            0,
            left,
            f"log V for each of {ties} ties",
        ),
        agrees(
            "hottest",
            "t = ∞ leaves everything: entropy",
            hottest["law"][0],
            np.log(alphabet),
            1e-9,
            "log V, ten digits",
        ),
        agrees(
            "untouched",
            "t = 1: surprise is that of the model itself",
            untouched["sampled"][0],
            untouched["energy"][0],
            1e-8,
            "rounding",
        ),
    ]


def draw(table: Table) -> Figure:
    """Draw the texts from cold to hot, and beside them entropy and perplexity against t."""
    figure = plots.figure(FINDING)
    left, right = figure.subfigures(1, 2, width_ratios=[1.55, 1])
    texts, entropy = left.subplots(), right.subplots()
    draw_texts(texts, table)
    draw_entropy(entropy, table, table["alphabet"][0], "letter", (1, 2, 5, 10, 20))
    sampler = "sampler: −log p of the letters"
    plots.name_marks(entropy, law="law: entropy of the contexts", sampler=sampler)
    entropy.legend(loc="upper left", handlelength=1.2, borderaxespad=0.2)
    return figure
