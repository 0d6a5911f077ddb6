"""Can letters get a temperature from nothing but which batches of them are kept?

Objective. You can say why an exponential of the energy stands in Boltzmann's law, and whose
temperature it is that a letter has when nobody has set one.

What you need to know. The lessons `letters` (levels E = -log p, softmax(log p / t)) and `entropy`
(1/t = dS/dU). The surprise of a letter is -log p; that of a batch is the sum over its letters. Here
each -log p is rounded to quanta of 1/4 nat, so that sums can be equal, and p is what these stand
for.

Minutes. 35

Predict first. Of three letters "a" has 1/2, "b" and "c" have 1/4 each: 1, 2 and 2 bits of surprise.
Draw batches of four at t = 1, and keep those of 5 bits in all. Which batches are these, and how
often is their first letter "a"? Temper the three probabilities until "a" is as frequent: is t above
or below 1? Then keep for another reason: batches of ten letters with six vowels. Is there a t that
makes vowels frequent, and leaves "t" a frequent letter?

Run. Some seconds; `--corpus FILE` takes a text of yours:

    python -m experiments conditioning

What the law predicts. In a kept batch of n letters and U quanta, a letter x that took E(x) has left
U - E(x) to the n - 1 others, P(x) ∝ p(x) P_{n-1}(U - E(x)): its companions are its heat bath. How
likely the others can have that is, for many of them, exponential in what they have to do without:
log P_{n-1}(U - E) is a straight line over the few quanta of one letter. So P(x) tends to
softmax(log p / t), whose mean surprise is that of the batch, and 1/t = dS/dU, for exp(S) batches of
surprise U have the probability exp(S - U) together. This is Gibbs's conditioning principle [1]_;
what is missing is of order 1/n [2]_, and its factor is known. Nobody has divided anything by t.

What would refute it. Letters of kept batches that fit P(x), which a convolution of whole numbers
gives exactly, worse than one time in a million; a distance from the softmax that does not fall as
1/n with the factor computed. Two controls must fail: kept letters held against p, and letters kept
for their vowels against the softmax that has their mean surprise.

What you see. At the left, batches of ten with 7, 9 and 11 quanta a letter: straight lines, of
t = 0.55, 1.06 and 1.79. The first letter of those that are kept is "t" with 0.475 at 0.55; of all,
0.286 are; the limit is 0.503. Dotted, and met by the marks, is the law of ten letters, which still
bends. At the right, 512 letters are within 0.0006 of their softmax at 1.06, and dots fall on the
lines of order 1/n. In the middle, six vowels in ten make "a" rise from 0.173 to 0.250 and "t" fall
from 0.286 to 0.195: no softmax of log p changes the order of two letters.

The misconception. "A temperature is a knob, and somebody turns it." Here nobody does. A letter in a
batch has the temperature of its companions because they share a sum; a molecule in a bottle has
that of the others because they share an energy. "The exponential is an assumption." It is what is
left of counting, once the others are many.

Answers. To what was to be predicted:

1. [0.75] Three letters "a" and one other: 1 + 1 + 1 + 2 bits.
2. Below 1: "a" has become likelier than it was. It is 0.387.
3. No: "t" is likelier than any vowel, and remains so at every t. Vowels are not what a temperature
   asks for.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` was done.

1. The first question: one letter of the four is no "a", so "a" comes first with 3/4, and p = (3/4,
   1/8, 1/8). (6 = 2^(1/t), t = 0.387.) Why is that exact, and not a limit? (With two energies the
   sum says how many letters have which.)

       print(bz.temper([0.5, 0.25, 0.25], np.log(2) / np.log(6)))

2. With one letter in the batch, what is the law? (Certainty of one energy.) With two, of 1, 2 or 4
   quanta and 4 in all? (Certainty still: 4 is 2 + 2.) See it become a softmax as batches grow.

       from experiments.shared.batches import kept_law, totals
       p, E = np.array([4, 2, 0.5]) / 6.5, np.array([1, 2, 4])
       for n in (1, 2, 8, 64, 512):
           print(n, kept_law(p, E, totals(p, E, n - 1, 2 * n)[n - 1], 2 * n))

3. At which t do batches end up whose mean surprise is the entropy, 8.83 quanta? (At t = 1, and only
   there: that is what one expects to see, and to see it tells nothing.)

4. Keep batches for their quanta *and* their vowels. What do vowels alone look like in the figure,
   and other letters? (P ∝ p exp(-λE + θ) for vowels, without θ for others: two parallel lines. A
   temperature belongs to each sum that is shared, and this one has two.)

5. `run("conditioning", letters=5, vowels=3)`, and `letters=20, vowels=12`: what becomes of the
   dotted lines, and of the number of batches kept at 7 quanta? (They straighten; of 2 million some
   81,000, 20,000 and 2600 are kept. To condition is exponentially dear, to divide by t is not.)

References
----------
.. [1] J. M. Van Campenhout and T. M. Cover, IEEE Trans. Inf. Theory 27, 483 (1981).
.. [2] P. Diaconis and D. Freedman, J. Theor. Probab. 1, 381 (1988).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import brentq

import boltzmann as bz
from boltzmann.language import NGram, load_corpus
from boltzmann.language import draw as draw_ids
from boltzmann.statistics import goodness_of_fit
from experiments.drawings.conditioning import draw_kept
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.batches import first_correction, kept_law, quantised, totals
from experiments.shared.letters import shown, usable_contexts

CHAPTER = 94
FINDING = "Keep letters for their mean surprise, and they have a temperature"
VOWELS = "aeiouAEIOU"
_AT_ONCE = 50_000  # batches


@dataclass(frozen=True)
class Config:
    """The full experiment; surprises are in nats."""

    corpus: str | None = None  # a file; None is the text that ships
    order: int = 5
    context: str = "the s"
    quantum: float = 0.25
    means: tuple[int, ...] = (7, 9, 11)  # of the surprise of a letter, in quanta
    letters: int = 10  # of a batch that is drawn
    vowels: int = 6  # in a batch that the control keeps
    batches: int = 2_000_000
    largest: int = 512  # batch that is computed, a power of 2
    seed: int = 2026


QUICK = Config(means=(7, 11), batches=100_000, largest=128)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Draw batches at t = 1 and count the letters of those that are kept, by two statistics."""
    text = load_corpus(config.corpus)
    model = NGram.fit(text, order=config.order)
    context = usable_contexts([config.context], text)[0]
    quanta, p = quantised(bz.softmax(model.logits(context)), config.quantum)
    vowels = np.array([letter in VOWELS for letter in model.alphabet], np.int64)

    first, in_quanta, in_vowels = _drawn(p, quanta, vowels, config)
    progress(0.5)
    surprise = totals(p, quanta, config.largest, max(config.means) * config.largest + 1)
    by_vowels = totals(p, vowels, config.letters, config.letters)
    progress(0.9)

    jobs = [
        ("surprise", quanta, surprise, mean, in_quanta == mean * config.letters)
        for mean in config.means
    ]
    jobs.append(("vowels", vowels, by_vowels, config.vowels, in_vowels == config.vowels))
    rows: list[dict] = []
    for statistic, values, table, mean, kept in jobs:
        total = mean * config.letters if statistic == "surprise" else mean
        exact = kept_law(p, values, table[config.letters - 1], total)
        of_limit = mean if statistic == "surprise" else exact @ quanta
        t = _temperature(p, quanta, of_limit)
        counts = np.bincount(first[kept], minlength=p.size)
        limit = bz.temper(p, t)
        rows += [
            _row(
                kind="letter",
                statistic=statistic,
                mean=mean,
                temperature=t,
                letters=config.letters,
                letter=shown(model.alphabet[k]),
                vowel=vowels[k],
                energy=config.quantum * quanta[k],
                probability=p[k],
                limit=limit[k],
                exact=exact[k],
                kept=counts[k],
            )
            for k in range(p.size)
        ]

    for mean in config.means:
        rows += _distances(p, quanta, surprise, mean, config)
    progress(1.0)
    return Table.of_rows(rows)


def _row(**given: object) -> dict:
    """Return a row with all columns of the table; those that are not given are 0 or empty."""
    empty = {
        "kind": "",
        "statistic": "",
        "mean": 0,
        "temperature": 0.0,
        "letters": 0,
        "letter": "",
        "vowel": 0,
        "energy": 0.0,
        "probability": 0.0,
        "limit": 0.0,
        "exact": 0.0,
        "kept": 0,
        "distance": 0.0,
        "predicted": 0.0,
        "slope": 0.0,
    }
    return empty | given


def _drawn(
    p: np.ndarray, quanta: np.ndarray, vowels: np.ndarray, config: Config
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of each batch drawn at t = 1 its first letter, its quanta and its vowels, (B,) each.

    The first letter stands for all, and first letters of different batches are independent.
    """
    generator = np.random.default_rng(config.seed)
    parts = []
    for start in range(0, config.batches, _AT_ONCE):
        batches = min(_AT_ONCE, config.batches - start)
        ids = draw_ids(np.log(p), 1.0, batches * config.letters, generator)
        batch = ids.reshape(batches, config.letters)
        parts.append((batch[:, 0], quanta[batch].sum(axis=1), vowels[batch].sum(axis=1)))
    first, in_quanta, in_vowels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return first, in_quanta, in_vowels


def _temperature(p: np.ndarray, quanta: np.ndarray, mean: float) -> float:
    """Return the temperature at which the mean surprise is so many quanta."""
    return float(brentq(lambda t: float(bz.temper(p, t) @ quanta) - mean, 0.02, 50, xtol=1e-13))


def _distances(
    p: np.ndarray, quanta: np.ndarray, table: np.ndarray, mean: int, config: Config
) -> Iterator[dict]:
    """Yield, for batches of 2, 4, 8, … letters, how far they are from softmax(log p / t)."""
    t = _temperature(p, quanta, mean)
    limit = bz.temper(p, t)
    correction = float(limit @ np.abs(first_correction(limit, quanta)) / 2)

    n = 2
    while n <= config.largest:
        exact = kept_law(p, quanta, table[n - 1], n * mean)
        yield _row(
            kind="distance",
            statistic="surprise",
            mean=mean,
            temperature=t,
            letters=n,
            distance=np.abs(exact - limit).sum() / 2,
            predicted=correction / n,
            slope=_slope(table[n], n * mean, config.quantum) if n == config.largest else 0.0,
        )
        n *= 2


def _slope(totals_of_batch: np.ndarray, total: int, quantum: float) -> float:
    """Return dS/dU, where exp(S(U)) counts the batches of a total surprise U.

    A batch of a given surprise has the probability exp(-U), and so exp(S) = P(U) exp(U).
    """
    below, above = totals_of_batch[[total - 1, total + 1]]
    return 1 + float(np.log(above / below)) / (2 * quantum)


def verdicts(table: Table) -> list[Verdict]:
    """Judge kept letters by their exact laws, and the approach to the limit."""
    letters = table.where(kind="letter")
    kept = [panel for _, panel in letters.where(statistic="surprise").groups("mean")]
    vowels = letters.where(statistic="vowels")
    runs = [rows for _, rows in table.where(kind="distance").groups("mean")]
    exponent = _worst([np.log2(rows["distance"][-1] / rows["distance"][-2]) for rows in runs], -1)
    ratio = _worst([rows["distance"][-1] / rows["predicted"][-1] for rows in runs], 1)
    slope = _worst([rows["slope"][-1] * rows["temperature"][-1] for rows in runs], 1)
    n, order = runs[0]["letters"][-1], "what is left is of order 1/n"

    return [
        fits("kept", "letters of kept batches obey their law", _fits(kept, "exact"), "means"),
        agrees("exponent", "softmax is approached as n to the", exponent, -1, 8 / n, order),
        agrees("coefficient", "… with the factor of the next order, times", ratio, 1, 8 / n, order),
        agrees("slope", "t times dS/dU, by counting batches", slope, 1, 8 / n, order),
        differs(
            "untempered",
            "control: kept letters have another law than all letters",
            _fits([kept[0], kept[-1]], "probability"),
            "means",
        ),
        fits(
            "vowels",
            "kept for vowels, letters obey another law",
            _fits([vowels], "exact"),
            "batch",
        ),
        differs(
            "no_temperature",
            "control: letters kept for vowels fit no softmax(log p / t)",
            _fits([vowels], "limit"),
            "number",
        ),
    ]


def _fits(panels: list[Table], law: str) -> list[float]:
    return [goodness_of_fit(panel["kept"], panel[law]).p_value for panel in panels]


def _worst(values: list[float], expected: float) -> float:
    """Return the value that is farthest from what is expected."""
    return float(max(values, key=lambda value: abs(value - expected)))


def draw(table: Table) -> Figure:
    """Draw kept letters against their energy, by either statistic, and the approach."""
    return draw_kept(table, FINDING)
