"""Is a text whose letters are drawn at temperature t a text drawn at temperature t?

Objective. You can say which of two distributions a sampler draws from, and construct an example in
which they differ.

What you need to know. The lessons `letters` and `texts`. A model gives a text x = x_1 … x_n the
probability p(x), the product of p(x_j | x_1 … x_{j-1}), which is what the next letter x_j has after
those before it.

Minutes. 40

Predict first. Three texts of two letters have the weights ab 0.4, ba 0.25, bb 0.25. Divide by their
sum, 0.9: with which probability is the first letter an a? Now t = 0.5. A sampler squares the
probabilities of the first letters and divides by their sum: how often does it begin with a? The
texts as three levels of one system are squared too: how often does such a text begin with a? Which
of the two curves rises with t, and where do they meet?

Run. A quarter of a minute:

    python -m experiments whole_texts

What the law predicts. The two are the same at t = 1, and in general at no other t. A sampler
tempers each letter given those before it, and so draws x with the probability ∏ p(x_j | x_1 …
x_{j-1})^{1/t} / Z(x_1 … x_{j-1}), where Z is a sum over letters and differs from context to
context. The text as one system, with energy E(x) = -log p(x), has at t the probability p(x)^{1/t} /
Z, where Z is one sum over all texts. The two differ by the product of the letters' Z. When it is
cold the sampler walks into a likely letter without a look at where it leads; the whole text weighs
what comes after. The three texts are the example of Karan and Du [1]_: ab is likelier than either
of the others, and yet b, which two of them begin with, is the likelier letter. Cold letters begin
with b, cold texts with a. For a model that sees one letter back, both laws are exact: a text is
then a one-dimensional chain of spins, and its Z a product of transfer matrices [2]_.

What would refute it. Texts of the sampler that do not follow the law of letters. Or texts simulated
by Metropolis's rule that do not follow the law of texts: such a move rewrites a text from some
letter on, as the sampler would, and keeps what it wrote by what the sampler has left out, the ratio
of the Z of the contexts. Two laws that differ at t = 1. The control: the sampler's texts against
the law of texts must fail.

What you see. On the left, the curves cross at t = 1, at 0.444, and part on both sides: at t = 0.5 a
sampler begins with a 0.390 of the time, a text 0.561; at t = 4 it is 0.486 and 0.360. In the
middle, texts of eight letters: at t = 0.5 a letter of a cold text costs 1.38 nats, a cold letter
1.66; at t = 1 both cost 2.27. On the right, what they look like at t = 0.5: texts at a text's
temperature have found longer likely words, not only likely letters.

The misconception. "Token temperature is text temperature." An engine set to t = 0.5 draws each
token from p^{1/t}, and the texts that come out are not distributed as p(text)^{1/t}. It has no way
to know: what comes after is not yet written. To draw texts at their own temperature one has to
weigh whole texts, as the gas of texts here does, with moves that are sometimes taken back. And "so
one should prefer it": at t → 0 the likeliest text of all is left, and of this model, of 32 letters,
that is mostly blank lines.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. By hand: 0.4²/(0.4² + 0.5²) and 0.4²/(0.4² + 2 · 0.25²). (0.390 and 0.561.)

       print(exercises.question("token_or_text"))  # exercises.check("token_or_text", answer)

2. Can the likelier first letter of the texts change above t = 1 too? Texts ab 0.6, ba 0.2, bb 0.2:
   at which t do as many texts begin with a as with b? (At ln 3 / ln 2 = 1.585; each letter at t
   begins with a more often at any t.)

       print(bz.temper([0.6, 0.2, 0.2], np.log(3) / np.log(2)))

3. Does the difference per letter grow with the length? Compute the mean energies of both laws for
   4, 8, 16 and 32 letters at t = 0.5. (Differences of 0.36, 0.28, 0.35 and 0.65 nats: not at every
   step, but long texts find more.)

       from boltzmann.language import NGram, load_corpus
       from experiments.whole_texts import transfer
       model = NGram.fit(load_corpus(), order=2)
       energies = -bz.log_softmax([model.logits([k]) for k in range(len(model.alphabet))])
       t, first = 0.5, int(model.encode(" ")[0])
       for length in (4, 8, 16, 32):
           letter = transfer(bz.softmax(-energies / t), energies, first, length)[1]
           text = transfer(np.exp(-energies / t), energies, first, length)[1]
           print(length, letter, text)

4. Find the likeliest text of 8 and of 32 letters, by dynamic programming: the best cost of what
   follows a letter is the least, over the next letter, of its energy plus the best cost of what
   follows it. Compare with the greedy one, "the the ". (Of 8 letters both are the same, 1.0001 nats
   a letter. Of 32 letters the likeliest is "the.", then line breaks, then "The", at 0.843 a letter,
   and the greedy one goes on with "the ", at 1.0001.)

References
----------
.. [1] A. Karan and Y. Du, arXiv:2510.14901 (2025).
.. [2] H. A. Kramers and G. H. Wannier, Phys. Rev. 60, 252 (1941).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import chi2

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import goodness_of_fit, pulls
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.gas import chance_of_missing
from experiments.shared.letters import shown

CHAPTER = 13
FINDING = "Cold letters do not make a cold text: it weighs what comes after"
FALSE_ALARM = 1e-6
ROADS = ("token", "text")  # at the temperature of each letter, of the whole text


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    toy: tuple[tuple[str, float], ...] = (
        ("ab", 0.4),
        ("ba", 0.25),
        ("bb", 0.25),
    )  # weights of all texts
    temperatures: tuple[float, ...] = (0.5, 0.7, 1.0, 1.5, 2.0, 4.0)
    length: int = 8  # letters of a text, after a space
    texts: int = 8_000
    moves: int = 600  # each rewrites a text from some letter on
    seed: int = 2026


QUICK = Config(temperatures=(0.7, 1.0, 2.0), texts=4000, moves=100)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Weigh and draw the toy's texts, and those of a model of letter pairs, at every temperature."""
    model = NGram.fit(load_corpus(config.corpus), order=2)
    logits = np.array([model.logits([letter]) for letter in range(len(model.alphabet))])
    first = int(model.encode(" ")[0]) if " " in model.alphabet else 0
    rows = []
    for done, t in enumerate(config.temperatures):
        generator = np.random.default_rng([config.seed, done])
        rows += _toy(config, t, generator)
        drawn = {
            "token": sampled_texts(logits, first, t, config.length, config.texts, generator),
            "text": simulated_texts(
                -logits, first, t, config.length, config.texts, config.moves, generator
            ),
        }
        rows += _pairs(model, logits, first, t, drawn)
        progress((done + 1) / len(config.temperatures))
    return Table.of_rows(rows)


def _row(kind: str, t: float, symbol: str, **values: float) -> dict[str, Any]:
    numbers = ("token_law", "text_law", "token", "text", "token_error", "text_error")
    return {
        "kind": kind,
        "temperature": t,
        "symbol": symbol,
        **{name: float(values.get(name, 0)) for name in numbers},
    }


def _toy(config: Config, t: float, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Draw both letters of each text one after the other, and whole texts as levels of a gas."""
    texts = [text for text, _ in config.toy]
    p = np.array([weight for _, weight in config.toy]) / sum(weight for _, weight in config.toy)
    firsts = sorted({text[0] for text in texts})
    begins = np.array([[text[0] == letter for text in texts] for letter in firsts])
    letters = begins @ p
    law = bz.temper(letters, t) @ (begins * _tempered_rows(begins * p, t))
    counts = np.bincount(
        draw_ids(np.log(letters), t, config.texts, generator), minlength=len(firsts)
    )
    sampled = np.zeros(len(texts), int)
    for row, count in zip(begins, counts, strict=True):
        ids = draw_ids(np.where(row, np.log(p), -np.inf), t, int(count), generator)
        sampled += np.bincount(ids, minlength=len(texts))
    gas = bz.Ensemble(bz.EnergyLevels.from_probabilities(p), t, config.texts, seed=generator)
    gas.run(200, every=200, progress=False)
    columns = zip(texts, law, bz.temper(p, t), sampled, gas.counts, strict=True)
    return [
        _row("toy", t, text, token_law=a, text_law=b, token=c, text=d)
        for text, a, b, c, d in columns
    ]


def _tempered_rows(weights: np.ndarray, t: float) -> np.ndarray:
    return np.array([bz.temper(row / row.sum(), t) for row in weights])


def sampled_texts(
    logits: np.ndarray,
    first: int,
    t: float,
    length: int,
    count: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return texts (length, count) of ids whose letters the sampler draws, each given the one before it."""
    texts = np.empty((length + 1, count), np.int64)
    texts[0] = first
    for place in range(length):
        for letter in np.unique(texts[place]):
            after = texts[place] == letter
            texts[place + 1, after] = draw_ids(logits[letter], t, int(after.sum()), generator)
    return texts[1:]


def simulated_texts(
    energies: np.ndarray,
    first: int,
    t: float,
    length: int,
    count: int,
    moves: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return texts (length, count) after Metropolis's rule, with Hastings's correction, has rewritten their ends.

    A move offers all letters from some place on, as the sampler writes them, and weighs what the
    sampler has left out, the Z of the contexts on the way. The first one writes a text and is
    always taken.
    """
    log_z = bz.logsumexp(-energies / t)
    steps = np.cumsum(np.exp(-energies / t - log_z[:, None]), axis=1)
    steps = (
        steps / steps[:, -1:] + np.arange(len(energies))[:, None]
    ).ravel()  # letter a's rise from a to a + 1
    texts = np.full((length + 1, count), first)
    for move in range(moves):
        place = int(generator.integers(1, length + 1)) if move else 1
        offered = texts.copy()
        for letter in range(place, length + 1):
            before = offered[letter - 1]
            found = np.searchsorted(
                steps, before + generator.random(count), side="right"
            ) - before * len(energies)
            offered[letter] = np.minimum(found, len(energies) - 1)
        gain = log_z[offered[place:length]].sum(axis=0) - log_z[texts[place:length]].sum(axis=0)
        taken = generator.random(count) < np.exp(np.minimum(gain, 0)) if move else slice(None)
        texts[:, taken] = offered[:, taken]
    return texts[1:]


def transfer(
    weights: np.ndarray, energies: np.ndarray, first: int, length: int
) -> tuple[np.ndarray, float]:
    """Return the law (V,) of the letter in the middle and the mean energy of a letter, by transfer matrices.

    The weight of a text is the product of the weights (V, V) of its pairs, the first of which
    begins with `first`.
    """
    start = np.zeros(len(weights))
    start[first] = 1
    forward, backward = [start], [np.ones(len(weights))]
    for _ in range(length):
        forward.append(forward[-1] @ weights / (forward[-1] @ weights).sum())
        backward.append(weights @ backward[-1] / (weights @ backward[-1]).max())
    backward.reverse()
    energy = 0.0
    for place in range(length):
        pairs = forward[place][:, None] * weights * backward[place + 1]
        energy += float((pairs * energies).sum() / pairs.sum())
    middle = forward[length // 2] * backward[length // 2]
    return middle / middle.sum(), energy / length


def _pairs(
    model: NGram, logits: np.ndarray, first: int, t: float, drawn: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Return the rows of the letter in the middle, of the mean energies, and of a text of each kind."""
    length, count = drawn["token"].shape
    energies = -bz.log_softmax(logits)
    letterwise = bz.softmax(logits / t)
    weights = {"token": letterwise, "text": np.exp(-(energies - energies.min()) / t)}
    laws = {road: transfer(weights[road], energies, first, length) for road in ROADS}
    values: dict[str, float] = {}
    for road in ROADS:
        before = np.vstack((np.full(count, first), drawn[road][:-1]))
        means = energies[before, drawn[road]].mean(axis=0)
        values |= {
            f"{road}_law": laws[road][1],
            road: means.mean(),
            f"{road}_error": means.std() / np.sqrt(count),
        }
    rows = [_row("energy", t, "", **values)]
    counts = {
        road: np.bincount(drawn[road][length // 2 - 1], minlength=len(energies)) for road in ROADS
    }
    for k, letter in enumerate(model.alphabet):
        numbers = {f"{road}_law": laws[road][0][k] for road in ROADS} | {
            road: counts[road][k] for road in ROADS
        }
        rows.append(_row("middle", t, shown(letter), **numbers))
    for road in ROADS:
        rows += [
            _row(f"{road} sample", t, shown(model.decode(drawn[road][:, n]))) for n in range(6)
        ]
    return rows


def verdicts(table: Table) -> list[Verdict]:
    """Hold each road to its own law, the laws to each other, and the sampler to the law that is not its own."""
    toys = [rows for _, rows in table.where(kind="toy").groups("temperature")]
    middles = [rows for _, rows in table.where(kind="middle").groups("temperature")]
    panels = [*toys, *middles]
    telling = [rows for rows in panels if _missed(rows) < FALSE_ALARM]
    control = [_fit(rows, "token", "text") for rows in telling]
    judged = f"panels, those of {len(panels)} in which its power is above 1 − 1e-6"
    energy, same = table.where(kind="energy"), table.where(temperature=1.0)
    cold = np.flatnonzero(energy["temperature"] < 1)
    less = np.count_nonzero(energy["text_law"][cold] >= energy["token_law"][cold])
    distance = float(np.abs(same["text_law"] - same["token_law"]).max()) if len(same) else 0.0
    return [
        fits(
            "letters",
            "letters drawn at t follow the law of letters",
            [_fit(rows, "token", "token") for rows in panels],
            "panels",
        ),
        fits(
            "texts",
            "texts simulated at t follow the law of texts",
            [_fit(rows, "text", "text") for rows in panels],
            "panels",
        ),
        *(
            fits(
                f"energies_{road}",
                f"mean energies at the temperature of the {road}",
                _energy(energy, road),
                "χ² of all t",
            )
            for road in ROADS
        ),
        agrees(
            "same_at_1",
            "t = 1: distance between the two laws",
            distance,
            0,
            1e-9,
            "the table holds ten digits",
        ),
        agrees(
            "cold_texts",
            "t below 1 at which whole texts are less likely than letters",
            less,
            0,
            0,
            f"of {cold.size} temperatures",
        ),
        *(
            [
                differs(
                    "control",
                    "control: texts of cold or hot letters are no cold or hot texts",
                    control,
                    judged,
                )
            ]
            if control
            else []
        ),
    ]


def _fit(rows: Table, road: str, law: str) -> float:
    return goodness_of_fit(rows[road].astype(np.int64), rows[f"{law}_law"]).p_value


def _missed(rows: Table) -> float:
    """Return the probability that texts of tempered letters pass for tempered texts."""
    return chance_of_missing(
        rows["token"].astype(np.int64), rows["token_law"], rows["text_law"], FALSE_ALARM
    )


def _energy(energy: Table, road: str) -> float:
    z = pulls(energy[road], energy[f"{road}_law"], energy[f"{road}_error"])
    return float(chi2.sf(np.square(z).sum(), z.size))


def draw(table: Table) -> Figure:
    """Draw the toy, the mean energies, and texts of the lowest temperature."""
    figure = plots.figure(FINDING)
    toy, energy, texts = figure.subplots(1, 3, width_ratios=[4, 4, 3])
    _draw_toy(toy, table.where(kind="toy"))
    _draw_energy(energy, table.where(kind="energy"))
    _draw_texts(texts, table)
    for axes in (toy, energy):
        axes.set_xscale("log")
        ticks = sorted(set(energy_ticks(table)))
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
        axes.minorticks_off()
        axes.axvline(1, color=plots.GREY, linestyle=":")
        axes.set_xlabel("temperature t")
    handles = [*toy.get_legend_handles_labels()[0]]
    figure.legend(
        handles, [handle.get_label() for handle in handles], loc="outside lower center", ncols=4
    )
    return figure


def energy_ticks(table: Table) -> list[float]:
    """Return the temperatures of the table."""
    return table.where(kind="energy")["temperature"].tolist()


COLOURS = {"token": plots.VERMILION, "text": plots.BLUE}


def _draw_toy(axes: Axes, toy: Table) -> None:
    """Draw how often the first letter of the likeliest text comes first."""
    letter = toy["symbol"][0][0]
    rows = [group for _, group in toy.groups("temperature")]
    t = np.array([group["temperature"][0] for group in rows])
    for road, marker in zip(ROADS, (plots.sampler, plots.simulation), strict=True):
        begins = [
            np.array([text[0] == letter for text in group["symbol"].tolist()]) for group in rows
        ]
        law = np.array(
            [group[f"{road}_law"][own].sum() for group, own in zip(rows, begins, strict=True)]
        )
        count = np.array([group[road].sum() for group in rows])
        found = (
            np.array([group[road][own].sum() for group, own in zip(rows, begins, strict=True)])
            / count
        )
        style = "--" if road == "token" else "-"
        name = {"token": "each letter at t", "text": "the whole text at t"}[road]
        plots.law(axes, t, law, color=COLOURS[road], linestyle=style, label=f"law: {name}")
        error = np.sqrt(found * (1 - found) / count)
        made = {"token": "sampler", "text": "simulation"}[road]
        marker(axes, t, found, error, color=COLOURS[road], label=made)
    axes.set_title("first letter of three texts")
    axes.set_ylabel(f"probability of “{letter}”")


def _draw_energy(axes: Axes, energy: Table) -> None:
    for road, marker in zip(ROADS, (plots.sampler, plots.simulation), strict=True):
        style = "--" if road == "token" else "-"
        plots.law(
            axes, energy["temperature"], energy[f"{road}_law"], color=COLOURS[road], linestyle=style
        )
        marker(
            axes, energy["temperature"], energy[road], energy[f"{road}_error"], color=COLOURS[road]
        )
    axes.set_title("texts of a letter model")
    axes.set_ylabel("−log p of a letter at t = 1 (nats)")


def _draw_texts(axes: Axes, table: Table) -> None:
    """Write some texts of the lowest temperature."""
    t = table["temperature"].min()
    axes.set_axis_off()
    axes.set_title(f"texts at t = {t:g}")
    place = 0.95
    for road in ROADS:
        name = {"token": "letters at t", "text": "texts at t"}[road]
        axes.text(0.5, place, name, ha="center", color=COLOURS[road], fontweight="bold")
        for text in table.where(kind=f"{road} sample", temperature=t)["symbol"].tolist():
            place -= 0.07
            axes.text(0.5, place, text, ha="center", family="DejaVu Sans Mono", fontsize=14)
        place -= 0.11
