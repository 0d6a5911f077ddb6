"""Can one slider show that letters and molecules share a temperature?

Objective. You can say, before the slider moves, what particles, curves and letters will do, and why
one number moves all three.

What you need to know. The lessons `occupancy` (levels, Metropolis's rule, degeneracies), `entropy`
(entropy, mean energy and heat capacity as functions of t) and `letters` (E = -log p, and three
roads to one distribution). A bath is what keeps a gas at t: a particle that falls gives it heat,
one that climbs takes heat from it.

Minutes. 25

Predict first. 2,000 particles share two levels, 0 and 1. How many are on the upper one at t = 1, at
t = 0 and at t = ∞? The slider goes from t = 1 to its cold end: does heat flow into the bath or out
of it, and how much in all? A rotor has the levels J(J + 1)/4 with 2J + 1 states each, J from 0 to
6: which level is the fullest at t = ∞, and what share does it have? At which t can two levels take
up the most heat?

Run. The page is there already; this makes it anew, of a text of yours with `--corpus FILE`:

    python -m experiments explorer

Then open figures/explorer.html in a browser. Nothing has to be installed for that, and no network
is needed.

The page opens with the letters after a context as levels at E = -log p, and has a tour of eight
steps, each a link: `explorer.html#tour=3`. The key F shows it for a lecture.

What the law predicts. At every t of the slider three things that know nothing of each other agree:
the outlines, softmax(-E/t); the particles that hop between the levels by Metropolis's rule; and the
draws of a sampler from logits divided by t. The ends of the slider are the limits, exactly: t = 0
is the ground state and the likeliest letter, t = ∞ gives every state and every letter the same
chance. In the closed box nobody sets t: molecules share their quanta at meetings, and their shares
become those of softmax(-E/t) with 1/t = ΔS/ΔE, where S is counted (the lesson `counting`).

What would refute it. Bars that stay outside their whiskers once the page says "at equilibrium"; a
p-value that is tiny more often than its value says; a line of the self-check, in which the page
computes again what this module computed with `boltzmann`, to twelve digits.

What you see. Pull the slider down: heat flows into the bath, the bars of dots move to their
outlines, the text freezes into a loop. Pull it up: heat flows out of the bath, and the letters
boil. A dot rides along entropy, mean energy and heat capacity, and a ring shows what the gas has;
where the last is high, a little more t takes the most heat. Of two levels the upper one has a share
of 0.2689 at t = 1, of 0.0344 at t = 0.3 and of one half at t = ∞; their heat capacity is 0.370 at
t = 0.3, and 0.197 at t = 1. The rotor's highest level, the emptiest in the cold, has a share of
0.2653 at t = ∞, more than any other. In the closed box one half of the molecules comes to hold none
of the quanta, a quarter one, an eighth two; its t is 1.443 by counting, and what is read off the
shares agrees within its error.

The misconception. "An animation plays what the formula says." Not this one. The outlines come from
one function, the particles from another, which compares two energies at a time and never adds up a
sum over levels. What happens on the screen could be wrong, and then the p-value would say so:
exercise 4 makes it wrong.

Answers. To what was to be predicted:

1. [t = 1: about 538; t = 0: 0; t = ∞: 1000] 2,000 times 0.2689, none, and half.
2. [about 538] Into the bath: as much as the upper level held.
3. [J: 6; share: 0.27] 13 of 49 states.
4. [about 0.42] Where the heat capacity peaks.

Exercises.

1. Choose two levels and t = 1, and wait for "at equilibrium". Then pull t to 0 and read the energy
   into the bath less that out of it, before and after. (About 2,000 × 0.2689 = 538, give or take
   20: the bath gets what the upper level held.)

2. Choose the rotor, and t = ∞. Which level is the fullest, and why is it the emptiest at t = 0.3?
   (J = 6, with 13 of 49 states. Hot, each state has the same chance; in the cold its energy of 10.5
   costs a factor of exp(-35).)

3. Choose "levels of your own" at t = 1, and lift a level that is occupied. Which line of the ledger
   grows at once, and which one after it? (Work first: the particles are lifted with the level. Then
   energy into the bath, as they fall.)

4. Break a road. Open a copy of figures/explorer.html in an editor, find the line that begins with
   "const ratio =", and take the degeneracies out of it. At which systems does the fit stay good?
   (At all but the rotor. There p sinks to 0: the outlines know the degeneracies, and the particles
   do not.)

5. The address of the page keeps what is chosen. Make a link that opens with the rotor, cold, after
   200 sweeps. (One is `explorer.html#t=0.3&system=rotor&sweeps=200`. With `sweeps=104&from=5:100`
   in it, it opens four sweeps after a quench from t = 5.)
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.explorer.golden import golden_boxes, golden_values
from experiments.explorer.sources import data_of, filled
from experiments.runner.table import Table, Verdict, agrees

CHAPTER = 180
FINDING = "One slider drives a gas and a text generator, and one law predicts both"
MOST_BYTES = 400_000
BOX = "closed box of "  # and its quanta: a system of the table
ADDRESS = re.compile(
    r"\b(?:https?|wss?|ftp):|\bsrc\s*=|\burl\(|@import|\bimport\s*\(|\bfetch\s*\(|XMLHttpRequest"
)


@dataclass(frozen=True)
class Config:
    """The full experiment."""

    corpus: str | None = None  # a file; None is the text that ships
    bytes_of_text: int = 250_000  # of its beginning, which the page carries and learns from
    order: int = 5
    particles: int = 2000
    seed: int = 2026
    contexts: tuple[str, ...] = ("the s", "wind", "warm")  # the page opens with the first
    # Of the golden values:
    temperatures: tuple[float, ...] = (0.0, 0.05, 0.3, 1.0, 3.0, 20.0, math.inf)


QUICK = Config(contexts=("the s",), temperatures=(0.0, 0.3, 1.0, math.inf))


def page(config: Config) -> str:
    """Return the page, with the text, the systems and the golden values put in."""
    return filled(data_of(config))


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Compute the golden values, and measure the page."""
    rows = []
    for golden in golden_values(config):
        shares = {f"p {level}": value for level, value in enumerate(golden.p.tolist())}
        where = {"system": golden.system, "temperature": golden.temperature}
        rows += [
            {**where, "quantity": name, "value": value}
            for name, value in {**golden.values, **shares}.items()
        ]
    for box in golden_boxes(config):
        where = {"system": f"{BOX}{box.energy} quanta", "temperature": box.temperature}
        counted = {"S": box.entropy, **{f"p {n}": p for n, p in enumerate(box.p.tolist())}}
        rows += [{**where, "quantity": name, "value": value} for name, value in counted.items()]

    # An address in the text is data: nothing on the page loads it.
    measures = {"bytes": len(page(config).encode()), "addresses": len(ADDRESS.findall(filled("")))}
    where = {"system": "the page", "temperature": math.nan}
    rows += [{**where, "quantity": name, "value": float(n)} for name, n in measures.items()]
    progress(1.0)
    return Table.of_rows(rows)


def verdicts(table: Table) -> list[Verdict]:
    """Hold the golden values against exact identities, and the page against its limits."""
    measures = _values(table.where(system="the page"))
    errors = np.zeros(4)
    names = [name for name in dict.fromkeys(table["system"].tolist()) if name != "the page"]
    boxes = [table.where(system=name) for name in names if name.startswith(BOX)]

    for name in names:
        if name.startswith(BOX):
            continue
        errors = np.maximum(errors, _identity_errors(table.where(system=name)))
    tolerance, reason = 1e-8, "the table holds ten digits"
    same = "every temperature reads the same energies off the shares: E = −t log(p/g) + F"
    claims = {
        "sum": "the shares of the levels add up to 1",
        "energies": same,
        "free_energy": "F = U − TS",
        "moments": "U = ⟨E⟩ and C = (⟨E²⟩ − ⟨E⟩²)/t²",
    }

    # One digit of an error made of rounding is what machines agree on.
    judged = [
        agrees(key, claim, float(f"{error:.1g}"), 0.0, tolerance, reason)
        for (key, claim), error in zip(claims.items(), errors, strict=True)
    ]
    size, addresses = measures["bytes"], measures["addresses"]
    limit, small = f"under {MOST_BYTES}", size < MOST_BYTES
    counted = "what is counted of the closed box is softmax(−E/t), with 1/t = ΔS/ΔE"
    off = max(map(_distance_from_softmax, boxes))
    alone = "the page names no address that it could load from"

    return [
        *judged,
        agrees("counted", counted, off, 0.0, 1e-3, "goes as 1/N"),
        Verdict("small", "the page is small", f"{size:.0f} bytes", limit, "counted", small),
        agrees("no_address", alone, addresses, 0.0, 0.0, "counted"),
    ]


def _distance_from_softmax(rows: Table) -> float:
    """Return the largest difference of a counted share from exp(-E/t)/Z at the counted t."""
    t = float(rows["temperature"][0])
    values = _values(rows)
    shares = np.array([value for name, value in values.items() if name.startswith("p ")])
    softmax = -math.expm1(-1 / t) * np.exp(-np.arange(shares.size) / t)
    return float(f"{np.abs(shares - softmax).max():.1g}")


def _values(rows: Table) -> dict[str, float]:
    return dict(zip(rows["quantity"].tolist(), rows["value"].tolist(), strict=True))


def _identity_errors(rows: Table) -> np.ndarray:
    """Return the largest error of each identity.

    Energies and degeneracies are read off p at t = 1 and t = ∞.
    """
    at = {t: _values(part) for (t,), part in rows.groups("temperature")}
    shares = {
        t: np.array([value for name, value in values.items() if name.startswith("p ")])
        for t, values in at.items()
    }
    degeneracies = math.exp(at[math.inf]["log Z"]) * shares[math.inf]
    energies = -np.log(shares[1.0] / degeneracies) - at[1.0]["log Z"]
    errors = []

    for t, values in at.items():
        p = shares[t]
        mean = float(p @ energies)
        of_sum, of_mean = abs(p.sum() - 1), abs(mean - values["U"])
        of_law = of_free_energy = 0.0
        if 0 < t < math.inf:
            seen = p > 0
            read = -t * (np.log(p[seen] / degeneracies[seen]) + values["log Z"])
            of_law = np.abs(read - energies[seen]).max() / max(1.0, t)
            of_free_energy = abs(values["S"] - values["U"] / t - values["log Z"])
            of_mean = max(of_mean, abs(p @ (energies - mean) ** 2 / t**2 - values["C"]))
        errors.append((of_sum, of_law, of_free_energy, of_mean))

    return np.max(errors, axis=0)
