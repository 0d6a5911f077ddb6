"""Are k different tokens, drawn one after another, a gas of k particles that exclude each other?

Objective. You can say by which of two laws k different tokens are drawn, compute both for three
tokens with a pencil, and name the way to draw that belongs to each.

What you need to know. The lessons `letters` and `tokens`: a model's outcomes as levels E = -log p,
and Boltzmann's law. Some programs need k *different* continuations of one text: to search beside
the best one, to show a choice, to propose several. A fermion is a particle that suffers no other in
its state; a set of k different tokens is a state of k fermions, for it has no order.

Minutes. 35

Predict first. Three tokens have 0.8, 0.1 and 0.1, and two different ones are wanted. Let a pair be
as likely as the product of its two probabilities: how often is the first among the two? Now draw
one, cross it out, and draw another from the two that are left: is it the same number? If not, which
way looks colder? For how many tokens k must both ways agree, whatever the probabilities?

Run. Some seconds; `--corpus FILE` takes a text of yours:

    python -m experiments without_replacement

What the law predicts. With weights w = p^(1/t), k fermions in a bath have the probability P(S) ∝
Π w over the set S. Statisticians know it as conditional Poisson sampling [1]_: independent draws of
all tokens, given that k are in. Draws one after another follow Plackett and Luce's law instead
[2]_, P(i, j, …) = w_i/Z · w_j/(Z - w_i) …, and so does Gumbel-top-k [3]_, the k largest of logits/t
with Gumbel noise. That is a race in which each token arrives at the rate w, and the first k are in.
At a time s a token has arrived with probability 1 - exp(-ws); a state of a Fermi gas with chemical
potential t log s is full with ws/(1 + ws). For a rare token both are ws. A likely one the race
leaves out with exp(-ws), the gas with 1/(1 + ws), which is far more.

What would refute it. Counts of the gas, which moves fermions by Metropolis's rule and refuses full
states, that fit the law of fermions worse than one time in a million; or those of either sampler
and its own law. Two controls must fail: Gumbel-top-k held against the law of fermions at its own
temperature, and at the one at which a Fermi gas has the mean energy of its tokens.

What you see. Five letters after "the s", at t = 1: "t" is among them with 0.776 by the law of
fermions and 0.880 one after another; of ten tokens after "The", the likeliest with 0.775 and
0.927. At the right, at least 0.23 of five letters are others at t = 1, and 0.40 of ten. The
temperature that suits Gumbel-top-k best is 0.82 for five letters at t = 1, and 0.91 for ten tokens;
even so a letter is off by 0.046, and a token by 0.097.

The misconception. "Sampling without replacement is sampling without replacement." A list of k
different tokens does not say how often each should be in it: there are as many answers as ways to
forbid a repetition. Throw away the whole set at a repetition, and you have fermions; draw again
only what was a repetition, and you have the race. "Gumbel noise samples sets by their probability."
It samples orders, each by its probability as it was drawn.

Answers. To what was to be predicted:

1. [0.94] 0.16/0.17, as the pairs have 0.08, 0.08 and 0.01.
2. [0.98] It is another number, 0.8 + 0.2 · 0.8/0.9.
3. One after another: the likely one is there more often.
4. For one, where nothing is crossed out yet; and for all of them.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` was done.

1. The three tokens of the first question, for a pair. (0.16/0.17 = 0.941 by the product, 0.8 +
   0.2 · 0.8/0.9 = 0.978 one after another: the second looks colder.)

       from boltzmann.language import draw, draw_distinct
       p = np.array([0.8, 0.1, 0.1])
       print(2 * bz.fermi_occupancy(-np.log(p), 1.0, 2))
       print(np.mean(draw_distinct(np.log(p), 2, size=100_000) == 0) * 2)

2. Draw two of them independently, keep the pair if it has no repetition, else draw both again.
   Which law is it? (That of fermions: 0.941.)

       pairs = draw(np.log(p), 1.0, 400_000).reshape(-1, 2)
       print(np.mean(pairs[pairs[:, 0] != pairs[:, 1]] == 0) * 2)

3. Keep all pairs, and forget their order. Are they bosons? (No: two different ones come twice as
   often as the product, in either order; bosons have the product. "first" is in a pair 1.6 times on
   average, and 1.735 times for bosons.)

       print(2 * bz.bose_occupancy(-np.log(p), 1.0, 2), np.mean(pairs == 0) * 2)

4. All but one of K tokens are drawn as fermions at t. By which law is one left out? (P ∝ 1/w: by
   Boltzmann's at -t. A hole in a full gas is a particle of negative temperature.)

       levels = bz.ladder(6)
       print(1 - 5 * bz.fermi_occupancy(levels, 0.7, 5), bz.probabilities(levels, -0.7))

5. `run("without_replacement", letters=1, tokens=1)`: which verdicts fail now, and why is that as it
   should be? (Both controls: for k = 1 the two laws are one, and nothing is there to be caught.)

References
----------
.. [1] X.-H. Chen, A. P. Dempster and J. S. Liu, Biometrika 81, 457 (1994).
.. [2] R. L. Plackett, Appl. Stat. 24, 193 (1975).
.. [3] W. Kool, H. van Hoof and M. Welling, Proc. ICML 2019.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import brentq
from scipy.stats import binom

import boltzmann as bz
from boltzmann.language import GPT2, NGram, draw_distinct, load_corpus
from experiments.drawings.without_replacement import draw_laws
from experiments.runner.table import Table, Verdict, agrees, differs, fits, worst_of
from experiments.shared.letters import printable, shown, usable_contexts
from experiments.shared.plackett_luce import inclusion

CHAPTER = 135
FINDING = "Tokens drawn one after another are no Fermi gas"
FORGOTTEN = 6.0  # relaxation times of a single particle between two looks at the gas


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    context: str = "the s"
    letters: int = 5  # k
    temperatures: tuple[float, ...] = (0.5, 1.0, 2.0)
    prompt: str = "The"
    tokens: int = 10  # k, at t = 1
    letter_sets: int = 100_000
    token_sets: int = 20_000
    letter_looks: int = 10_000  # at the gas
    token_looks: int = 1000
    most: int = 12  # largest k of the last panel
    seed: int = 2026


QUICK = Config(
    temperatures=(1.0,),
    letter_sets=20_000,
    token_sets=4000,
    letter_looks=2000,
    token_looks=100,
    most=4,
)


@dataclass(frozen=True, eq=False)
class _System:
    """What is drawn from at one temperature."""

    name: str
    outcomes: list[str]
    logits: np.ndarray
    count: int
    temperature: float
    sets: int
    looks: int


def _systems(config: Config) -> list[_System]:
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    context = usable_contexts([config.context], text)[0]
    letters = [shown(letter) for letter in model.alphabet]
    network = GPT2.load("tiny", np.float64)
    tokens = [shown(printable(token.decode("utf-8", "replace"))) for token in network.tokens]

    systems = [
        _System(
            f"letters after “{shown(context)}”",
            letters,
            model.logits(context),
            config.letters,
            t,
            config.letter_sets,
            config.letter_looks,
        )
        for t in config.temperatures
    ]
    systems.append(
        _System(
            f"tokens after “{config.prompt}”",
            tokens,
            network.logits(config.prompt),
            config.tokens,
            1.0,
            config.token_sets,
            config.token_looks,
        )
    )
    return systems


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Count gas and both samplers in every system, and compare the laws for every k."""
    systems = _systems(config)
    parts = []
    for done, system in enumerate(systems):
        parts.append(_counted(system, config.seed + done))
        progress((done + 1) / (len(systems) + 1))

    for system in systems[:-1]:
        counts = np.arange(1, config.most + 1)
        differing = [_differing(system, k) for k in counts]
        names = {"kind": "difference", "system": system.name, "temperature": system.temperature}
        parts.append(_columns(counts.size, names | {"count": counts, "differing": differing}))
    progress(1.0)
    return Table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _columns(rows: int, given: dict) -> dict[str, np.ndarray]:
    """Return all columns of the table; those that are not given are 0 or empty."""
    empty = {
        "kind": "",
        "system": "",
        "temperature": 0.0,
        "count": 0,
        "outcome": "",
        "energy": 0.0,
        "fermi": 0.0,
        "one_by_one": 0.0,
        "nearest": 0.0,
        "nearest_temperature": 0.0,
        "gas": 0,
        "looks": 0,
        "fermions_drawn": 0,
        "drawn_one_by_one": 0,
        "sets": 0,
        "differing": 0.0,
    }
    return {
        name: np.array(np.broadcast_to(np.asarray(given.get(name, value)), rows))
        for name, value in empty.items()
    }


def _counted(system: _System, seed: int) -> dict[str, np.ndarray]:
    """Return laws and counts of one system as columns, likeliest outcomes first."""
    logits, k, t = system.logits, system.count, system.temperature
    energy = -bz.log_softmax(logits)
    one_by_one = inclusion(bz.softmax(logits / t), k)
    nearest_t = _nearest_temperature(energy, one_by_one, k, t)
    fermions, drawn = (
        np.bincount(
            draw_distinct(logits, k, t, system.sets, seed, law=law).ravel(), minlength=logits.size
        )
        for law in ("conditional-poisson", "plackett-luce")
    )

    order = np.argsort(energy, kind="stable")
    columns = {
        "outcome": np.array(system.outcomes),
        "energy": energy,
        "fermi": k * bz.fermi_occupancy(energy, t, k),
        "one_by_one": one_by_one,
        "nearest": k * bz.fermi_occupancy(energy, nearest_t, k),
        "gas": _gas(energy, t, k, system.looks, seed),
        "fermions_drawn": fermions,
        "drawn_one_by_one": drawn,
    }
    names = {
        "kind": "counted",
        "system": system.name,
        "temperature": t,
        "count": k,
        "nearest_temperature": nearest_t,
        "looks": system.looks,
        "sets": system.sets,
    }
    return _columns(energy.size, names | {name: column[order] for name, column in columns.items()})


def _gas(energy: np.ndarray, t: float, k: int, looks: int, seed: int) -> np.ndarray:
    """Return how often each state (K,) held a fermion, in looks so far apart that it forgot."""
    # A single particle relaxes in K p_max sweeps; what others occupy only shortens that.
    every = int(np.ceil(FORGOTTEN * energy.size * bz.probabilities(energy, t).max()))
    gas = bz.QuantumGas(energy, t, k, statistics="fermi", seed=seed)
    run = gas.run(looks * every, 2 * every, every=every, keep_counts=True, progress=False)
    return run.counts.sum(axis=0)


def _nearest_temperature(energy: np.ndarray, included: np.ndarray, k: int, t: float) -> float:
    """Return the temperature of the Fermi gas whose mean energy is that of what is included."""

    def excess(trial: float) -> float:
        return float((k * bz.fermi_occupancy(energy, trial, k) - included) @ energy)

    return float(brentq(excess, t / 4, 4 * t, xtol=1e-10))


def _differing(system: _System, k: int) -> float:
    """Return how many of k tokens are others, on average, under the other law at least."""
    fermi = k * bz.fermi_occupancy(-system.logits, system.temperature, k)
    one_by_one = inclusion(bz.softmax(system.logits / system.temperature), k)
    return round(float(np.abs(fermi - one_by_one).sum() / 2), 12)  # less is rounding


def verdicts(table: Table) -> list[Verdict]:
    """Hold gas and samplers against their laws, and each against the other's."""
    panels = [panel for _, panel in table.where(kind="counted").groups("system", "temperature")]

    def judged(counts: str, sets: str, law: str) -> list[float]:
        return [_fit(panel, counts, sets, law) for panel in panels]

    first = [row["differing"][0] for _, row in table.where(kind="difference").groups("temperature")]
    return [
        fits("gas", "the gas of fermions obeys its law", judged("gas", "looks", "fermi"), "panels"),
        fits(
            "fermions",
            "conditional Poisson sampling obeys the law of fermions",
            judged("fermions_drawn", "sets", "fermi"),
            "panels",
        ),
        fits(
            "one_by_one",
            "Gumbel-top-k obeys the law of draws one after another",
            judged("drawn_one_by_one", "sets", "one_by_one"),
            "panels",
        ),
        agrees(
            "single", "for k = 1 the two laws are one, apart by", max(first), 0, 1e-9, "ten digits"
        ),
        differs(
            "control",
            "control: Gumbel-top-k is caught at the law of fermions",
            judged("drawn_one_by_one", "sets", "fermi"),
            "panels",
        ),
        differs(
            "no_temperature",
            "control: … and at the nearest law of fermions, of any t",
            judged("drawn_one_by_one", "sets", "nearest"),
            "panels",
        ),
    ]


def _fit(panel: Table, counts: str, sets: str, law: str) -> float:
    """Return the p-value of how often each outcome was included, the worst times their number."""
    # An outcome is in a set once or not at all: its count is binomial, whatever the others do.
    p = np.clip(panel[law], 0, 1)
    below = binom.cdf(panel[counts], panel[sets], p)
    above = binom.sf(panel[counts] - 1, panel[sets], p)
    return worst_of(np.minimum(1, 2 * np.minimum(below, above)).tolist())


def draw(table: Table) -> Figure:
    """Draw how often each outcome is included against its energy, and how far the laws differ."""
    return draw_laws(table, FINDING)
