"""Is a language model sampled at temperature t the same thing as a gas at temperature t?

Objective. You can turn any list of next-letter probabilities into energy levels, and say which ways
to apply a temperature to a model are the same and which are not.

What you need to know. The lessons `limits` (tempering) and `occupancy` (levels, Boltzmann's law,
Metropolis's rule). A letter model looks at the last letters, the context, and offers each letter of
its alphabet a probability. Its logits are log p, up to a constant. This one counted, in a text of
111,639 letters, what follows which four letters.

Minutes. 30

Predict first. After "wind" the blank has p = 0.4303 and "o" 0.3398. Call E = -log p an energy:
which of the two is the ground state, and how large is the gap? What is the ratio of the two
probabilities at t = 0.5, and at t = 2? A constant is added to all logits: what changes? A crowd of
particles hops between 53 letters and knows only energy differences: where does it end up?

Run. Some seconds; `--corpus FILE` trains the model on a text of yours:

    python -m experiments letters

What the law predicts. With E = -log p, Boltzmann's law is softmax(-E/t) = softmax(log p / t), for
letters as for molecules [1]_. Three roads lead there that know nothing of each other: the formula;
a gas that hops between the letters by Metropolis's rule, which knows no probability and no sum; and
what a text generator runs, logits divided by t and a draw.

What would refute it. Counts of gas or sampler that fit the law (or each other) worse than one time
in a million. The control, a sampler that runs 5 % too hot, must fail.

What you see. The line, the points and the squares fall on one another down to the rarest letters; a
smaller t steepens the same order of letters, a larger one flattens it. After "wind" the blank has
0.586 at t = 0.5, 0.430 at t = 1 and 0.235 at t = 2; "o" has 0.366, 0.340 and 0.209. Of 200,000
particles at t = 0.5, 117,133 sit on the blank, and of 200,000 draws 117,335 are one; the law
expects 117,249, give or take 220.

The misconception. "Dividing log-probabilities is not the same as dividing logits." It is the same:
logits and log p differ by one constant, a constant over t is a constant still, and the softmax
takes it out. What is not the same: to divide the probabilities, softmax(p/t), which makes all
letters nearly equal (0.042 for the blank at t = 0.5); or to divide twice, by an engine and by its
caller, which gives t².

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. The gap after "wind" is ln(0.4303/0.3398) = 0.236, so the ratio at t is exp(0.236/t): 1.60 at
   t = 0.5 and 1.13 at t = 2. Check with the numbers above.

2. Show the misconception wrong on a model whose logits are no log-probabilities. Why is the last
   difference not 0 exactly?

       from boltzmann.language import GPT2
       logits = np.asarray(GPT2.load("tiny").logits([1, 2, 3]), float)
       print(bz.logsumexp(logits))  # 0, were they log-probabilities
       print(np.abs(bz.softmax(logits / 0.7) - bz.softmax(bz.log_softmax(logits) / 0.7)).max())
       print(exercises.question("which_differs"))  # exercises.check("which_differs", answer)

3. Temper twice, at 0.5 and then at 0.5 again. Which t does it in one step? (0.25: exponents 1/t
   multiply.)

       from boltzmann.language import NGram, load_corpus
       p = bz.softmax(NGram.fit(load_corpus(), order=5).logits("wind"))
       print(bz.temper(bz.temper(p, 0.5), 0.5).max(), bz.temper(p, 0.25).max())

4. A control 1 % too hot: the experiment judges only panels in which it is sure to see that. How
   many of the nine are these with 1, 2 and 5 million draws? (2, 6 and 9: a fifth of a deviation
   takes 25 times the draws.)

       table = run("letters", control=1.01, draws=1_000_000)

References
----------
.. [1] D. H. Ackley, G. E. Hinton and T. J. Sejnowski, Cogn. Sci. 9, 147 (1985).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from experiments.runner.table import Table, Verdict
from experiments.shared.letters import shown, usable_contexts
from experiments.shared.roads import counted, draw_counts, name_roads, three_roads

CHAPTER = 90
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
    panels = [
        (context, t)
        for t in config.temperatures
        for context in usable_contexts(config.contexts, text)
    ]
    parts = []

    for done, (context, t) in enumerate(panels):
        logits, seed = model.logits(context), config.seed + done
        roads = counted(
            logits,
            t,
            config.control,
            config.particles,
            config.draws,
            seed,
            control_seed=seed + len(panels),
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
    """Hold each pair of roads against each other in every panel."""
    return three_roads([panel for _, panel in table.groups("context", "temperature")])


def draw(table: Table) -> Figure:
    """Draw a panel for each context and a colour for each temperature."""
    figure = plots.figure(FINDING)
    contexts = list(dict.fromkeys(table["context"].tolist()))
    temperatures = list(dict.fromkeys(table["temperature"].tolist()))
    panels = figure.subplots(1, len(contexts), sharey=True, squeeze=False)[0]
    for axes, context in zip(panels, contexts, strict=True):
        # The ten likeliest letters, in the order that they have at every t.
        rows = table.where(context=context)
        first = rows.where(temperature=temperatures[0])
        order = np.argsort(-first["probability"], kind="stable")[:10]

        for t, colour in zip(temperatures, plots.cold_to_hot(len(temperatures)), strict=True):
            draw_roads(axes, rows.where(temperature=t), order, colour)
            end = rows.where(temperature=t)["law"][order[-1]]
            axes.text(
                order.size - 0.3, end, f"t = {t:g}", color=colour, va="center", fontweight="bold"
            )

        axes.set_xlim(-0.7, order.size + 2.1)
        axes.set_yscale("log")
        axes.set_xticks(np.arange(order.size), first["letter"][order])
        axes.tick_params(axis="x", length=0, labelsize=17)
        axes.set_title(f"next letter after “{context}”")
    panels[0].set_ylabel("probability of the letter")
    name_roads(figure, panels[0])
    return figure


def draw_roads(axes: Axes, rows: Table, order: np.ndarray, colour: str) -> None:
    """Draw law, gas and sampler at one temperature."""
    plots.law(axes, range(order.size), rows["law"][order], color=colour, drawstyle="steps-mid")
    draw_counts(axes, rows, lambda column: column[order], colour)
