"""Is a text whose letters are drawn at temperature t a text drawn at temperature t?

Objective. You can say which of two distributions a sampler draws from, and construct an example in
which they differ.

What you need to know. The lessons `letters` and `texts`. A model gives a text x = x_1 … x_n the
probability p(x), the product of p(x_j | x_1 … x_{j-1}) over its letters.

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
context. The text as one system, with energy E(x) = -log p(x), has p(x)^{1/t} / Z, where Z is one
sum over all texts. A cold sampler does not look where a likely letter leads; the whole text weighs
what comes after. The three texts are the example of Karan and Du [1]_: ab is the likeliest text,
and yet b, which two of them begin with, the likelier letter. For a model that sees one letter back
both laws are exact: a text is then a chain of spins, and its Z a product of transfer matrices [2]_.

What would refute it. Texts of the sampler that do not follow the law of letters; texts simulated by
Metropolis's rule that do not follow the law of texts (a move rewrites a text from some letter on,
and is accepted by the ratio of the Z that the sampler has left out); two laws that differ at t = 1.
The control: the sampler's texts against the law of texts must fail.

What you see. On the left, the curves cross at t = 1, at 0.444, and part on both sides: at t = 0.5 a
sampler begins with a 0.390 of the time, a text 0.561; at t = 4 it is 0.486 and 0.360. In the
middle, texts of eight letters: at t = 0.5 a letter of a cold text costs 1.38 nats, a cold letter
1.66; at t = 1 both cost 2.27. On the right, the commonest words of the corpus in texts at t = 0.5.
In 100 whole texts "the" comes 74 times and "The" 15 times, in as many texts of cold letters 36 and
2 times; "a" comes 1 and 4 times. Whole texts have found likely words, not only likely letters.

The misconception. "Token temperature is text temperature." An engine set to t = 0.5 draws each
token from p^{1/t}, and the texts that come out are not distributed as p(text)^{1/t}: what comes
after is not yet written. And "so one should prefer it": at t → 0 the likeliest text of all is left,
and of this model, of 32 letters, that is mostly blank lines.

Answers. To what was to be predicted:

1. [0.44] 0.4/0.9.
2. [0.39] 0.4²/(0.4² + 0.5²).
3. [0.56] 0.4²/(0.4² + 2 · 0.25²).
4. The sampler's; that of texts falls. They meet at t = 1, at 0.444.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from boltzmann import
exercises` and `from experiments import run` were done.

1. By hand: 0.4²/(0.4² + 0.5²) and 0.4²/(0.4² + 2 · 0.25²). (0.390 and 0.561.)

       print(exercises.question("token_or_text"))  # exercises.check("token_or_text", answer)

2. Texts ab 0.6, ba 0.2, bb 0.2: at which t do as many texts begin with a as with b? (At ln 3 / ln 2
   = 1.585; letters at t begin with a more often at any t.)

       print(bz.temper([0.6, 0.2, 0.2], np.log(3) / np.log(2)))

3. Does the difference per letter grow with the length? Compute both mean energies for 4, 8, 16 and
   32 letters at t = 0.5. (Differences of 0.36, 0.28, 0.35 and 0.65 nats: not at every step.)

       from boltzmann.language import NGram, load_corpus
       from experiments.shared.letter_chains import transfer
       model = NGram.fit(load_corpus(), order=2)
       energies = -bz.log_softmax([model.logits([k]) for k in range(len(model.alphabet))])
       t, first = 0.5, int(model.encode(" ")[0])
       for length in (4, 8, 16, 32):
           letter = transfer(bz.softmax(-energies / t), energies, first, length)[1]
           text = transfer(np.exp(-energies / t), energies, first, length)[1]
           print(length, letter, text)

4. Find the likeliest text of 8 and of 32 letters by dynamic programming: the best cost of what
   follows a letter is the least, over the next letter, of its energy plus the best cost of what
   follows that. Compare with the greedy "the the ". (Of 8 letters both are the same, 1.0001 nats a
   letter. Of 32 it is "the.", line breaks, then "The", at 0.843, and the greedy one stays at
   1.0001.)

References
----------
.. [1] A. Karan and Y. Du, arXiv:2510.14901 (2025).
.. [2] H. A. Kramers and G. H. Wannier, Phys. Rev. 60, 252 (1941).
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import goodness_of_fit, pulls
from experiments.drawings.whole_texts import (
    draw_energies,
    draw_first_letter,
    draw_words,
    temperature_axis,
)
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values
from experiments.shared.gas import chance_of_missing
from experiments.shared.letter_chains import sampled_texts, simulated_texts, transfer
from experiments.shared.letters import shown

CHAPTER = 130
FINDING = "Cold letters do not make a cold text: a text weighs what comes after"
FALSE_ALARM = 1e-6
_WORDS = 8  # the commonest of the corpus, which are counted
ROADS = ("token", "text")  # at the temperature of each letter, of the whole text


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    toy: tuple[tuple[str, float], ...] = (("ab", 0.4), ("ba", 0.25), ("bb", 0.25))  # weights
    temperatures: tuple[float, ...] = (0.5, 0.7, 1.0, 1.5, 2.0, 4.0)
    curve: int = 41  # temperatures between them at which the laws are drawn
    length: int = 8  # letters of a text, after a space
    texts: int = 8_000
    moves: int = 600  # each rewrites a text from some letter on
    seed: int = 2026


QUICK = Config(temperatures=(0.7, 1.0, 2.0), texts=4000, moves=100)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Weigh and draw the toy's texts, and those of a model of letter pairs, at every t."""
    corpus = load_corpus(config.corpus)
    model = NGram.fit(corpus, order=2)
    common = [word for word, _ in Counter(_words(corpus)).most_common(_WORDS)]
    logits = np.array([model.logits([letter]) for letter in range(len(model.alphabet))])  # (V, V)
    first = int(model.encode(" ")[0]) if " " in model.alphabet else 0
    length, count = config.length, config.texts
    rows = []
    for done, t in enumerate(config.temperatures):
        generator = np.random.default_rng([config.seed, done])
        rows += _toy(config, t, generator)
        letterwise = sampled_texts(logits, first, t, length, count, generator)
        whole = simulated_texts(-logits, first, t, length, count, config.moves, generator)
        drawn = {"token": letterwise, "text": whole}
        rows += _pairs(model, logits, first, t, drawn)
        rows += _counted(common, model, t, drawn)
        progress((done + 1) / len(config.temperatures))
    for t in np.geomspace(min(config.temperatures), max(config.temperatures), config.curve):
        rows += _curves(config, logits, first, float(t))
    return Table.of_rows(rows)


def _row(kind: str, t: float, symbol: str, **values: float) -> dict[str, Any]:
    numbers = ("token_law", "text_law", "token", "text", "token_error", "text_error")
    row = {"kind": kind, "temperature": t, "symbol": symbol}
    return row | {name: float(values.get(name, 0)) for name in numbers}


def _toy_law(config: Config, t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return p of the toy's texts, which begin with which letter, and the law of letters at t."""
    texts, weights = zip(*config.toy, strict=True)
    p = np.array(weights) / sum(weights)
    initials = sorted({text[0] for text in texts})
    begins = np.array([[text[0] == initial for text in texts] for initial in initials])
    second = np.array([bz.temper(row / row.sum(), t) for row in begins * p])
    return p, begins, bz.temper(begins @ p, t) @ (begins * second)


def _curves(config: Config, logits: np.ndarray, first: int, t: float) -> list[dict[str, Any]]:
    """Return both laws at a temperature at which nothing is drawn."""
    p, _, law = _toy_law(config, t)
    laws = zip(config.toy, law, bz.temper(p, t), strict=True)
    rows = [_row("toy curve", t, text, token_law=a, text_law=b) for (text, _), a, b in laws]
    energies = -bz.log_softmax(logits)
    means = {
        f"{road}_law": transfer(weights, energies, first, config.length)[1]
        for road, weights in _weights(logits, t).items()
    }
    return [*rows, _row("energy curve", t, "", **means)]


def _weights(logits: np.ndarray, t: float) -> dict[str, np.ndarray]:
    """Return the weights (V, V) of pairs of letters on both roads."""
    energies = -bz.log_softmax(logits)
    return {"token": bz.softmax(logits / t), "text": np.exp(-(energies - energies.min()) / t)}


def _toy(config: Config, t: float, generator: np.random.Generator) -> list[dict[str, Any]]:
    """Draw both letters of each text one after the other, and whole texts as levels of a gas."""
    texts = [text for text, _ in config.toy]
    p, begins, law = _toy_law(config, t)
    firsts = begins @ p

    ids = draw_ids(np.log(firsts), t, config.texts, generator)
    sampled = np.zeros(len(texts), int)
    for row, count in zip(begins, np.bincount(ids, minlength=len(firsts)), strict=True):
        ids = draw_ids(np.where(row, np.log(p), -np.inf), t, int(count), generator)
        sampled += np.bincount(ids, minlength=len(texts))
    gas = bz.Ensemble(bz.EnergyLevels.from_probabilities(p), t, config.texts, seed=generator)
    gas.run(200, every=200, progress=False)
    columns = zip(texts, law, bz.temper(p, t), sampled, gas.counts, strict=True)
    return [
        _row("toy", t, text, token_law=a, text_law=b, token=c, text=d)
        for text, a, b, c, d in columns
    ]


def _pairs(
    model: NGram, logits: np.ndarray, first: int, t: float, drawn: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Return the rows of the letter in the middle, and of the mean energies."""
    length, count = drawn["token"].shape
    energies = -bz.log_softmax(logits)
    weights = _weights(logits, t)
    energy: dict[str, float] = {}
    middle: dict[str, np.ndarray] = {}

    for road in ROADS:
        law, mean = transfer(weights[road], energies, first, length)
        before = np.vstack((np.full(count, first), drawn[road][:-1]))
        means = energies[before, drawn[road]].mean(axis=0)  # (count,)
        energy |= {f"{road}_law": mean, road: means.mean()}
        energy[f"{road}_error"] = means.std() / np.sqrt(count)
        middle[f"{road}_law"] = law
        middle[road] = np.bincount(drawn[road][length // 2 - 1], minlength=len(energies))

    rows = [_row("energy", t, "", **energy)]
    for k, letter in enumerate(model.alphabet):
        rows.append(
            _row("middle", t, shown(letter), **{name: column[k] for name, column in middle.items()})
        )
    return rows


def _counted(
    common: list[str], model: NGram, t: float, drawn: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Return how often each common word of the corpus comes in a text."""
    words = {road: [_words(model.decode(ids)) for ids in drawn[road].T] for road in ROADS}
    rows = []
    for word in common:
        found = {road: np.array([of.count(word) for of in words[road]]) for road in ROADS}
        means = {road: times.mean() for road, times in found.items()}
        errors = {f"{road}_error": found[road].std() / np.sqrt(found[road].size) for road in ROADS}
        rows.append(_row("word", t, word, **means, **errors))
    return rows


def _words(text: str) -> list[str]:
    """Return the words of a text that its end does not cut off."""
    return [word for word in re.split(r"[^\w']", text)[:-1] if word]


def verdicts(table: Table) -> list[Verdict]:
    """Hold each road to its own law, the laws together, and the sampler to the other's law."""
    panels = [
        rows
        for kind in ("toy", "middle")
        for _, rows in table.where(kind=kind).groups("temperature")
    ]
    letters, texts = ([_fit(rows, road, road) for rows in panels] for road in ROADS)
    control = [_fit(rows, "token", "text") for rows in panels if _missed(rows) < FALSE_ALARM]
    energy, same = table.where(kind="energy"), table.where(temperature=1.0)
    cold = np.flatnonzero(energy["temperature"] < 1)
    less = np.count_nonzero(energy["text_law"][cold] >= energy["token_law"][cold])

    distance = float(np.abs(same["text_law"] - same["token_law"]).max()) if len(same) else 0.0
    judged, digits = [], "the table holds ten digits"
    if control:
        of = f"panels, those of {len(panels)} in which its power is above 1 − 1e-6"
        claim = "control: texts of cold or hot letters are no cold or hot texts"
        judged.append(differs("control", claim, control, of))

    means, of = "mean energies at the temperature of the", f"of {cold.size} temperatures"
    below = "t below 1 at which whole texts are less likely than letters"
    return [
        fits("letters", "letters drawn at t follow the law of letters", letters, "panels"),
        fits("texts", "texts simulated at t follow the law of texts", texts, "panels"),
        *(
            fits(f"energies_{road}", f"{means} {road}", _energy(energy, road), "χ² of all t")
            for road in ROADS
        ),
        agrees("same_at_1", "t = 1: distance between the two laws", distance, 0, 1e-9, digits),
        agrees("cold_texts", below, less, 0, 0, of),
        *judged,
    ]


def _fit(rows: Table, road: str, law: str) -> float:
    return goodness_of_fit(rows[road].astype(np.int64), rows[f"{law}_law"]).p_value


def _missed(rows: Table) -> float:
    """Return the probability that texts of tempered letters pass for tempered texts."""
    counts = rows["token"].astype(np.int64)
    return chance_of_missing(counts, rows["token_law"], rows["text_law"], FALSE_ALARM)


def _energy(energy: Table, road: str) -> float:
    z = pulls(energy[road], energy[f"{road}_law"], energy[f"{road}_error"])
    return p_values.of_squares(z)


def draw(table: Table) -> Figure:
    """Draw the toy, the mean energies, and the words of the lowest temperature."""
    figure = plots.figure(FINDING)
    toy, energy, words = figure.subplots(1, 3, width_ratios=[4, 4, 3])
    draw_first_letter(toy, table.where(kind="toy"), table.where(kind="toy curve"))
    draw_energies(energy, table.where(kind="energy"), table.where(kind="energy curve"))
    draw_words(words, table.where(kind="word"), coldest=table["temperature"].min())
    for axes in (toy, energy):
        temperature_axis(axes, table.where(kind="energy")["temperature"])
    figure.legend(*toy.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
