"""Where does the exponential come from, if nobody puts it in?

Objective. You can say why a share of energy is distributed as softmax(-E/t), without an assumption
about temperature, and what the t of a closed box is: 1/t is the slope of its entropy.

What you need to know. Nothing but counting. N people hold tokens, U in all. An arrangement says how
many each of them holds; Ω is the number of arrangements, and its logarithm S is the entropy.

Minutes. 30

Predict first. Two people hold two tokens: how many arrangements are there, and in what share of
them does the first hold none? A thousand people begin with three tokens each. Over and over two of
them meet, and one, either as likely, gives a token to the other, if there is one to give. After a
long while, do most hold about three? How many hold none? And how many times more people hold n
than n + 1?

Run. Some seconds, on any machine:

    python -m experiments counting

What the law predicts. If every arrangement is as likely as any other, a person holds n tokens with
the probability Ω(N-1, U-n)/Ω(N, U): the more the others keep, the more ways they have [1]_. Now ln
Ω(N-1, U-n) = S - n ∂S/∂U - …, to first order in the share of one among many. So the probability
falls as exp(-n/t), with 1/t = ∂S/∂U; of g states that cost the same, the level has g exp(-E/t).

What would refute it. Molecules and a demon, who pays for moves from his purse and takes what they
free [2]_: a program with additions and comparisons, no exponential and no t. Counts that fit the
exact law worse than one time in a million; a deviation from softmax that does not go as 1/N; a
slope of ln(n/g) other than -∂S/∂U. Two controls must fail: an exchange that forgets that a level
has several states, and one in which the richer of two is given the token a little more often.

What you see. On the left 20,480 oscillators, all with three quanta at first. A sweep is one attempt
by each, not a time of nature. After 256 sweeps 0.252 of them have none and 0.013 still have ten:
nobody was favoured, there are just more ways to be unequal. On the right rotors at three energies:
ln(n/g) is a straight line, and its slope is the -∂S/∂U that was counted, to 0.3 % or better. A box
of 100 rotors is not at softmax yet, and is told apart from it; from 100 molecules to 3200 the
distance falls with the power -1.003 of N.

The misconception. "The exponential is an assumption, or a property of collisions." It is what equal
shares of *arrangements* look like from inside a small part. Any exchange that takes x to y as often
as y to x brings it about; one that does not, does not: the control that favours the rich by 60 to
40 ends far from it, though it conserves energy as well.

Answers. To what was to be predicted:

1. [arrangements: 3; share: 0.33] They hold (2, 0), (1, 1) or (0, 2).
2. No: none is the commonest number of all, and 58 % hold fewer than three.
3. [about 250] A quarter: with m tokens each on average, 1/(1 + m) hold none.
4. [1.33] 4/3, for every n: on a logarithmic axis that is a straight line.

Exercises. In code, `np` is NumPy and `bz` is `import boltzmann as bz`.

1. List all arrangements of four tokens among three people. In which share does the first hold none?
   Compare with Ω(2, 4)/Ω(3, 4). (15 arrangements, 5 of them: 1/3.)

       print(bz.microcanonical_occupancy(bz.ladder(5), particles=3, energy=4))

2. For many people Ω(N, U) is the binomial coefficient of U + N - 1 over U. Show with Stirling's
   formula that ∂S/∂U = ln(1 + N/U). What is t for three tokens each, and what share holds none?
   (t = 1/ln(4/3) = 3.48; 1/4.)

       print(bz.microcanonical_temperature(bz.ladder(100), particles=4000, energy=12_000))

3. The demon is a thermometer: his purse holds m on average, and 1/t = ln(1 + 1/m). Read it.

       box = bz.ClosedBox(bz.ladder(100), particles=4096, energy=12_288, seed=1)
       print(box.run(2000, burn_in=500).demon_temperature)

4. Give tokens away at a temperature below 0: levels end at 1, and more than half of the people are
   rich. Why is ∂S/∂U negative there? (One more token leaves fewer arrangements.)

       print(bz.microcanonical_temperature([0, 1], particles=1000, energy=900))

References
----------
.. [1] L. Boltzmann, Wiener Berichte 76, 373 (1877).
.. [2] M. Creutz, Phys. Rev. Lett. 50, 1411 (1983).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import brentq

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit
from experiments.drawings import counting as drawing
from experiments.runner.table import Table, Verdict, agrees, differs, fits

CHAPTER = 5
FINDING = "Let every arrangement be equally likely, and softmax appears"
SYSTEMS = {"oscillator": bz.ladder(60), "rotor": bz.rigid_rotor(12)}


@dataclass(frozen=True)
class Config:
    """The full experiment; energies are quanta."""

    few: int = 100  # molecules of a small box, which is told apart from softmax
    looks: int = 10_000  # at it, so far apart that each is a new one
    apart: int = 20  # sweeps
    many: int = 20_480  # molecules of a large box
    each: int = 3  # quanta of a molecule, on average
    shown: tuple[int, ...] = (0, 1, 4, 16, 256)  # sweeps after which the large box is shown
    energies: tuple[int, ...] = (1, 3, 9)  # of a rotor, on average, whose slopes are measured
    long: int = 200  # looks at these
    approach: tuple[int, ...] = (100, 200, 400, 800, 1600, 3200)  # molecules
    people: int = 2000  # who meet in pairs
    meetings: int = 2000  # of each
    favour: float = 0.6  # how often the richer of two is given the token, in the control
    seed: int = 2026


QUICK = Config(few=20, looks=5000, apart=10, many=4096, long=60, people=1000, meetings=800)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Run small boxes, large boxes and pairs, and count arrangements."""
    rows: list[dict[str, Any]] = []
    for part, found in enumerate((_small, _spreading, _slopes, _approach, _pairs)):
        rows += found(config)
        progress((part + 1) / 5)
    return Table.of_rows(rows)


def _rows(
    kind: str, system: str, setting: float, levels: bz.EnergyLevels, **columns: Any
) -> Iterator[dict[str, Any]]:
    """Yield a row for each level."""
    nothing = np.zeros(len(levels))
    full: dict[str, Any] = {
        "law": nothing,
        "softmax": nothing,
        "counted": nothing,
        "slope": 0.0,
    } | columns
    for k in range(len(levels)):
        yield {
            "kind": kind,
            "system": system,
            "setting": setting,
            "level": k,
            "energy": levels.energies[k],
            "states": levels.degeneracies[k],
        } | {name: np.broadcast_to(column, len(levels))[k] for name, column in full.items()}


def _small(config: Config) -> Iterator[dict[str, Any]]:
    """Yield many looks at a small box, beside its exact law, and beside softmax."""
    particles, energy = config.few, config.few * config.each
    for name, levels in SYSTEMS.items():
        forgetful = bz.EnergyLevels(levels.energies)
        for kind, used in (("small", levels), ("forgets", forgetful)):
            box = bz.ClosedBox(used, particles, energy, seed=config.seed)
            run = box.run(
                config.looks * config.apart, burn_in=500, every=config.apart, progress=False
            )
            known = {"particles": particles, "energy": energy, "demons": box.demons}
            law = bz.microcanonical_occupancy(levels, **known)
            softmax = bz.probabilities(levels, bz.microcanonical_temperature(levels, **known))
            counted = run.counts.sum(axis=0)
            if kind == "small" or name == "rotor":  # an oscillator has nothing to forget
                yield from _rows(
                    kind, name, particles, levels, law=law, softmax=softmax, counted=counted
                )


def _spreading(config: Config) -> Iterator[dict[str, Any]]:
    """Yield how a large box spreads that began with equal shares."""
    levels, energy = SYSTEMS["oscillator"], config.many * config.each
    start = np.full(config.many, config.each)
    box = bz.ClosedBox(levels, config.many, energy, start=start, seed=config.seed)
    law = bz.microcanonical_occupancy(levels, config.many, energy, demons=box.demons)
    for sweeps in config.shown:
        if sweeps > box.sweeps:
            box.run(sweeps - box.sweeps, progress=False)
        yield from _rows("spreading", "oscillator", sweeps, levels, law=law, counted=box.counts)


def _slopes(config: Config) -> Iterator[dict[str, Any]]:
    """Yield a large box of rotors at several energies, and the slope of its entropy."""
    levels = SYSTEMS["rotor"]
    for each in config.energies:
        box = bz.ClosedBox(levels, config.many, config.many * each, seed=config.seed + each)
        run = box.run(config.long * config.apart, burn_in=500, every=config.apart, progress=False)
        known = {
            "particles": config.many,
            "energy": config.many * each,
            "demons": box.demons,
        }
        yield from _rows(
            "slopes",
            "rotor",
            each,
            levels,
            law=bz.microcanonical_occupancy(levels, **known),
            counted=run.counts.sum(axis=0),
            slope=1 / bz.microcanonical_temperature(levels, **known),
        )


def _approach(config: Config) -> Iterator[dict[str, Any]]:
    """Yield the exact law of more and more molecules without a demon, beside softmax."""
    levels = SYSTEMS["rotor"]
    t = brentq(lambda t: bz.mean_energy(levels, t) - config.each, 0.1, 1000, xtol=1e-13)
    for particles in config.approach:
        law = bz.microcanonical_occupancy(levels, particles, particles * config.each)
        softmax = bz.probabilities(levels, t)
        yield from _rows("approach", "rotor", particles, levels, law=law, softmax=softmax)


def _pairs(config: Config) -> Iterator[dict[str, Any]]:
    """Yield the tokens of people who meet in pairs, fairly and not."""
    people, held = SYSTEMS["oscillator"], config.people * config.each
    law = bz.microcanonical_occupancy(people, config.people, held)
    for kind, favour in (("pairs", 0.5), ("rich", config.favour)):
        tokens = shared_in_pairs(config.people, config.each, config.meetings, favour, config.seed)
        counted = np.bincount(np.minimum(tokens, len(people) - 1), minlength=len(people))
        yield from _rows(kind, "people", favour, people, law=law, counted=counted)


def shared_in_pairs(people: int, each: int, meetings: int, favour: float, seed: int) -> np.ndarray:
    """Return what people hold, (N,), after meetings in pairs at which one token may pass.

    The richer of a pair gets it with probability `favour`.
    """
    generator = np.random.default_rng(seed)
    held = np.full(people, each)
    for _ in range(meetings):
        first, second = generator.permutation(people).reshape(2, -1)
        swapped = held[first] > held[second]
        poorer, richer = np.where(swapped, second, first), np.where(swapped, first, second)
        up = generator.random(people // 2) < favour
        giver, taker = np.where(up, poorer, richer), np.where(up, richer, poorer)
        pays = held[giver] > 0
        held[giver[pays]] -= 1
        held[taker[pays]] += 1
    return held


def measured_slope(panel: Table) -> float:
    """Return the slope of ln(n/g) against the energy, each level by the weight of its count."""
    found = panel["counted"] >= 25
    counted, energy = panel["counted"][found], panel["energy"][found]
    return float(np.polyfit(energy, np.log(counted / panel["states"][found]), 1, w=counted**0.5)[0])


def approach(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of molecules, and how far the law of each is from softmax at most."""
    panels = [panel for _, panel in table.where(kind="approach").groups("setting")]
    far = [np.abs(panel["law"] - panel["softmax"]).max() for panel in panels]
    return np.array([panel["setting"][0] for panel in panels]), np.array(far)


def _fit(panel: Table, law: str) -> float:
    return goodness_of_fit(panel["counted"].astype(int), panel[law] / panel[law].sum()).p_value


def verdicts(table: Table) -> list[Verdict]:
    """Hold boxes to the exact law, the law to softmax, slopes to slopes; and the controls."""
    small = [panel for _, panel in table.where(kind="small").groups("system")]
    slopes = [panel for _, panel in table.where(kind="slopes").groups("setting")]
    off = [abs(-measured_slope(panel) / panel["slope"][0] - 1) for panel in slopes]
    particles, far = approach(table)
    power = float(np.polyfit(np.log(particles), np.log(far), 1)[0])
    rest = table.where(kind="spreading", setting=table.where(kind="spreading")["setting"].max())

    return [
        fits("box", "closed boxes obey g Ω(N−1, U−E)/Ω", [_fit(p, "law") for p in small], "boxes"),
        fits("spreading", "equal shares spread to that law", _fit(rest, "law"), "goodness of fit"),
        fits("pairs", "so do fair meetings", _fit(table.where(kind="pairs"), "law"), "that law"),
        differs(
            "finite",
            "control: small boxes are told from softmax",
            [_fit(p, "softmax") for p in small],
            "boxes",
        ),
        agrees("power", "the law's distance from softmax goes as N to the", power, -1, 0.02),
        agrees("slope", "slope of ln(n/g) over −∂S/∂U, less 1", max(off), 0, 0.003),
        differs(
            "forgets",
            "control: forgetting degeneracies is caught",
            _fit(table.where(kind="forgets"), "law"),
            "the law with them",
        ),
        differs(
            "rich",
            "control: favouring the rich is caught",
            _fit(table.where(kind="rich"), "law"),
            "the law of fair meetings",
        ),
    ]


def draw(table: Table) -> Figure:
    """Draw how equal shares spread, and the slopes of three energies."""
    return drawing.figure(table, FINDING)
