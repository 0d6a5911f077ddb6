"""What has a text generator to do with molecules in a bottle?

Objective. You can tell the whole course from one sheet: what is drawn, what is computed, what
agrees with what and how well, and where the likeness ends.

What you need to know. The lessons `limits`, `occupancy`, `entropy` and `letters`; best of all every
one before this. The sheet shows one context, "the s", after which a letter model offers each of 53
letters with a probability p.

Minutes. 30

Predict first. The likeliest letters are "t" with 0.2719 and "a" with 0.1953: which energies -log p
do they have? Of 1,000 particles at t = 1, how many sit on "t", give or take how many? Suppose 194
particles sit on "a" and 169 letters are one: does that refute anything? At which t is about half of
the draws a "t": 0.25, 0.5 or 2? By how many per cent could a generator be too hot and nobody see
it, in 1,000 draws, and in 200,000?

Run. Some seconds; `--corpus FILE` takes a text of yours:

    python -m experiments summary

What the law predicts. Read E = -log p as an energy: likely letters lie low, rare ones high. At
temperature t the law gives each level the share

    softmax(-E/t) = softmax(log p / t),

particles that hop between the levels by Metropolis's rule [1]_ come to the same shares, and so does
a text generator that divides its logits by t and draws. The entropy of the shares,

    S = -Σ p' log p',    p' = softmax(-E/t),

is then what a particle tells by its level and what a letter tells by its name: the mean of -log p'
over either.

What would refute it. Counts of particles or of letters that fit the law, or each other, worse than
one time in a million; entropies that miss the curve by more than that. The control, a generator
that runs 5 % too hot, must fail.

What you see. Above, t = 1 on three roads: how long a bar is, how many particles sit on a level, how
often a letter was drawn. Of 1,000 the law expects 272 on "t" and 195 on "a"; 282 and 194 particles
are there, and 281 and 169 letters. What differs is chance. Below, with 200,000 of each, all
temperatures at once: at t = 0.5 "t" has 100,492 particles and 100,632 letters, the law expects
100,503, give or take 224. The entropy is 0.69 nats at t = 0.25, 1.48 at t = 0.5, 2.21 at t = 1,
2.69 at t = 2 and 3.34 at t = 4, on all three roads, to 0.01 at worst.

The misconception. "The temperature of a language model is a figure of speech." A figure of speech
has no decimals. Here one formula gives the shares, the entropy and its slope C/t, and counts could
refute it. Where the likeness ends: letters do not move, a draw remembers nothing, while a
particle's next level depends on its last. And a text drawn letter by letter at t is not a text at
t, as the lesson whole_texts shows.

Answers. To what was to be predicted:

1. ["t": 1.30; "a": 1.63] -ln p.
2. [on "t": about 272; give or take: about 14] 1,000 p, and √(1,000 p (1 - p)).
3. No: 194 is 0.1 errors below 195.3, and 169 is 2.1 below.
4. [0.5] Squaring favours the likeliest.
5. [1,000 draws: about 3.6 %; 200,000 draws: about 0.25 %] 1/√(n C), with C = 0.78.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. By hand: -ln 0.2719 = 1.30 and -ln 0.1953 = 1.63. Of 1,000, "t" has 271.9 ± √(1,000 · 0.2719 ·
   0.7281) = 14.1, "a" has 195.3 ± 12.5. So 194 and 169 lie 0.1 and 2.1 errors below: no cause for
   alarm.

2. The error of a temperature that is read from n draws is t/√(nC), and C is 0.78 here at t = 1.
   What is it for 1,000 and for 200,000? (3.6 % and 0.25 %: the control, 5 % too hot, is 1.4 of them
   in the sheet's upper half, twenty in its lower half.)

       from boltzmann.language import NGram, load_corpus
       energies = -NGram.fit(load_corpus(), order=5).logits("the s")
       print(1 / np.sqrt(np.array([1000, 200_000]) * bz.heat_capacity(energies, 1.0)))

3. What on the sheet would change if a constant were added to all logits; if engine and caller both
   divided by t? (Nothing. The squares would lie where t² has its law: right at t = 1, and only
   there.)

4. After "q" the entropy's curve has another form. Why? (One level, "u" with 0.827, lies far below
   all others: S hardly leaves 0 up to t = 0.5, and is 3.27 at t = 2.)

       table = run("summary", context="q")

5. Build the sheet from nothing, a piece of each road: the law, the rule of the gas, the softmax of
   the generator; `exercises.overview()` lists sixteen more.

       print(exercises.question("three_levels"))  # exercises.check("three_levels", answer)
       print(exercises.question("own_acceptance"))  # exercises.check("own_acceptance", accept)
       print(exercises.question("own_softmax"))  # exercises.check("own_softmax", softmax)

References
----------
.. [1] N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import pulls
from experiments import letters
from experiments.drawings.summary import draw_entropies, draw_pictures, draw_shares
from experiments.runner.table import Table, Verdict, fits
from experiments.shared import p_values
from experiments.shared.gas import relaxed_gas
from experiments.shared.letters import usable_contexts
from experiments.shared.roads import surprise

CHAPTER = 170
FINDING = "One distribution, three roads: softmax(−E/t)"


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    context: str = "the s"
    temperatures: tuple[float, ...] = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
    particles: int = 200_000
    draws: int = 200_000
    few: int = 1000  # particles, and letters, that the pictures show, at t = 1
    control: float = 1.05  # how much too hot the control runs
    seed: int = 2026


QUICK = Config(temperatures=(0.5, 1.0, 2.0), particles=20_000, draws=20_000, control=1.2)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Send one context down the three roads, and a few particles and letters at t = 1."""
    if 1.0 not in config.temperatures:
        raise ValueError(
            f"temperatures: the pictures show t = 1, which is not among {config.temperatures}"
        )
    text = load_corpus(config.corpus)
    contexts = tuple(usable_contexts([config.context], text))

    # All temperatures, as in `letters`.
    shared = {
        name: getattr(config, name)
        for name in ("corpus", "order", "temperatures", "particles", "draws")
    }
    table = letters.compute(
        letters.Config(contexts=contexts, control=config.control, seed=config.seed, **shared),
        progress,
    )

    # A few particles and letters at t = 1, which can be drawn one by one.
    logits = NGram.fit(text, order=config.order).logits(contexts[0])
    particles = relaxed_gas(bz.softmax(logits), 1.0, config.few, config.seed)
    drawn = np.bincount(draw_ids(logits, 1.0, config.few, config.seed), minlength=logits.size)
    at_one = table["temperature"] == 1.0
    few = {name: np.zeros(len(table), dtype=np.int64) for name in ("few_simulated", "few_sampled")}
    few["few_simulated"][at_one] = particles
    few["few_sampled"][at_one] = drawn
    return Table({**table.columns, **few})


def verdicts(table: Table) -> list[Verdict]:
    """Hold the roads against each other as `letters` does, and their entropies as well."""
    panels = [panel for _, panel in table.groups("temperature")]
    worst = []
    for road in ("simulated", "sampled"):
        law, measured, error = np.transpose([surprise(panel, road) for panel in panels])
        worst.append(p_values.of_squares(pulls(measured, law, error)))
    entropies = fits(
        "entropy",
        "particles and letters have the entropy of the law",
        worst,
        "roads, χ² of all temperatures",
    )
    return [*letters.verdicts(table), entropies]


def draw(table: Table) -> Figure:
    """Draw one temperature on three roads, and below them all temperatures."""
    figure = plots.figure(FINDING)
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.15])
    pictures = above.subplots(1, 3, sharey=True)
    draw_pictures(pictures, table.where(temperature=1.0))
    shares, entropies = below.subplots(1, 2, width_ratios=[1.5, 1])
    draw_shares(shares, table)
    draw_entropies(entropies, table)
    below.legend(*entropies.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
