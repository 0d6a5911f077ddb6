"""What do letters and molecules have in common when neither gives heat to the other?

Objective. You can say what a temperature is before anybody defines it: what bodies have in common
that are in contact and exchange nothing on average, be they molecules or the letters of a text.

What you need to know. The lessons `counting` (the demon, and 1/t = ∂S/∂U), `bottle` (molecules in a
column of air) and `letters` (E = -log p).

Minutes. 30

Predict first. A bottle of hot molecules and a crowd of cold particles, each on one of the letters
that may follow "the s". Between them go demons, who carry energy in quanta of 0.01 nats and know of
neither. Which way does the energy go, and when does it stop? What becomes of the entropy of the
molecules, of the letters, and of all? How often is each letter found in the end? And if a wall
keeps the demons of one body from the other?

Run. Some seconds, on any machine:

    python -m experiments contact

What the law predicts. A quantum goes where it makes more arrangements: from the body with the
smaller ∂S/∂U to that with the larger. It stops where both are equal, and each is 1/t [1]_. So two
bodies that agree with the demon agree with each other: the zeroth law. The common t follows from
the energy alone, N u(t) of the molecules and N u(t) of the letters being what there was. Letters
then have the probabilities softmax(log p / t), with the molecules' t.

What would refute it. Three thermometers (the energy of the molecules, that of the letters, and the
purses) that differ from the t predicted by more than 0.5 %; counts of letters or of molecules that
fit the law at this t worse than one time in a million; an entropy that falls. With the wall, which
is the control, the letters must not fit.

What you see. On the left molecules at 2.00 and letters at 0.50 meet at t = 1.202; the demons,
few and restless, are there first. In the middle the molecules lose 8,734 nats of entropy, and the
letters win 17,742: the sum rises, and stays. On the right the letters, cold at first, end at
softmax(log p / t): the likeliest, "t", falls from 0.503 to 0.231. The wall leaves all where it was.

The misconception. "Temperature in a language model is a metaphor." Then the metaphor conducts heat.
What the letters' t is to the sampler, a number that logits are divided by, it is here to a demon
who never divided anything; it is the same t that air in a bottle has, to three digits.

Answers. To what was to be predicted:

1. From the molecules to the letters, until both have one t: 1.202.
2. That of the molecules falls, that of the letters rises by more: 8,734 nats for 17,742.
3. As softmax(log p / t) says, with the molecules' t: "t" falls from 0.503 to 0.231.
4. All stays where it was.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` was done.

1. Two equal bodies of ten quanta and thirty quanta meet. What do they have in the end, on average,
   if the demon carries nothing to speak of? (Twenty each: by symmetry.)

2. Which gains more from a quantum, a body at t = 2 or one at t = 0.5? Compute the rise of the sum
   when a nat of energy goes from the first to the second. (1/0.5 - 1/2 = 1.5 nats.)

3. Which heat capacity decides where they meet? Make the letters four times as many as the
   molecules, and predict whether t ends above or below. (Below: nearer to the letters.)

       table = run("contact", letters=40_960, molecules=10_240)
       print(table.where(kind="end")["temperature"])

4. Put three bodies in contact, two of them equal, and read each one's energy.

       hot, cold = (bz.ClosedBox(bz.ladder(30), 4096, 4096 * each) for each in (9, 1))
       contact = bz.Contact([hot, cold, cold], seed=1)
       contact.run(3000)
       print(np.array(contact.energies) / 4096)

References
----------
.. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 1.2 (2011).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import brentq

import boltzmann as bz
from boltzmann.language import NGram, load_corpus
from boltzmann.statistics import goodness_of_fit
from experiments.drawings import contact as drawing
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared.letters import shown

CHAPTER = 92
FINDING = "Letters and molecules in contact come to one temperature"
BODIES = ("molecules", "letters")


@dataclass(frozen=True)
class Config:
    """The full experiment; energies are nats, of the molecules too."""

    context: str = "the s"
    order: int = 5
    quantum: float = 0.01
    layers: int = 40  # of the molecules' column
    height: float = 8.0  # what a molecule at its top has more than one at its bottom
    molecules: int = 20_480
    letters: int = 20_480
    hot: float = 2.0  # the molecules at first
    cold: float = 0.5  # the letters at first
    flow: int = 600  # sweeps until they agree
    every: int = 10
    looks: int = 2000  # at the energies in the end
    apart: int = 5  # sweeps
    fresh: int = 40  # looks, so far apart that particles have forgotten where they were
    seed: int = 2026


QUICK = Config(molecules=4096, letters=4096)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Bring both bodies to their temperatures, then into contact, and beside it keep a wall."""
    model = NGram.fit(load_corpus(), order=config.order)
    p = bz.softmax(model.logits(config.context))
    exact = {
        "molecules": bz.column(config.layers, config.height),
        "letters": bz.EnergyLevels.from_probabilities(p, [shown(each) for each in model.alphabet]),
    }
    levels = {name: body.rounded(config.quantum) for name, body in exact.items()}
    boxes = [
        _at(levels["molecules"], config.hot, config.molecules, config),
        _at(levels["letters"], config.cold, config.letters, config),
    ]
    before = [box.run(200, every=200, progress=False) for box in boxes]
    progress(0.2)

    contact = bz.Contact(boxes, seed=config.seed)
    common = _common_temperature(levels, config, contact.energy, contact.demons)
    flow = contact.run(config.flow, every=config.every, progress=False)
    progress(0.5)
    end = contact.run(config.looks * config.apart, every=config.apart, progress=False)
    progress(0.8)
    walled = [box.run(config.flow, every=config.flow, progress=False) for box in boxes]

    rows = _flow_rows(levels, config, before, flow)
    for index, name in enumerate(BODIES):
        body = end.bodies[index]
        counts = body.counts[:: config.fresh]
        for kind, found, energy in (
            ("end", counts, body.energy),
            ("wall", walled[index].counts, walled[index].energy),
        ):
            mean = config.quantum * energy.mean() / getattr(config, name)
            t = float(temperature_of(levels[name], mean))
            rows += _level_rows(kind, name, levels[name], exact[name], found, t, common, config)
    rows.append(_row("end", "demons", temperature=end.demon_temperature, common=common))
    return Table.of_rows(rows)


def _at(levels: bz.EnergyLevels, t: float, particles: int, config: Config) -> bz.ClosedBox:
    """Return a box with the energy that it has at t, its particles drawn from the law."""
    start = bz.Ensemble(levels, t, particles, start="exact", seed=config.seed).states
    held = round(particles * bz.mean_energy(levels, t) / config.quantum)
    demons = bz.ClosedBox(levels, particles, 2**40, quantum=config.quantum).demons
    purses = demons / np.expm1(config.quantum / t)
    least = round(float(levels.energies[start].sum()) / config.quantum)
    energy = max(held + round(purses), least)
    return bz.ClosedBox(
        levels, particles, energy, quantum=config.quantum, start=start, seed=config.seed
    )


def _common_temperature(
    levels: dict[str, bz.EnergyLevels], config: Config, quanta: int, demons: int
) -> float:
    """Return the t at which bodies and demons have the energy that there is."""

    def excess(t: float) -> float:
        held = demons * config.quantum / np.expm1(config.quantum / t)
        held += config.molecules * bz.mean_energy(levels["molecules"], t)
        held += config.letters * bz.mean_energy(levels["letters"], t)
        return float(held - quanta * config.quantum)

    return float(brentq(excess, 0.05, 50))


def temperature_of(levels: bz.EnergyLevels, energy: np.ndarray) -> np.ndarray:
    """Return the t at which a particle has these mean energies, by a table of the law."""
    t = np.geomspace(0.05, 50, 20_000)
    return np.interp(energy, bz.mean_energy(levels, t), t)


def _row(kind: str, body: str, **columns: Any) -> dict[str, Any]:
    nothing = {
        "sweep": 0,
        "temperature": 0.0,
        "entropy": 0.0,
        "energy": 0.0,
        "label": "",
        "exact": 0.0,
        "common": 0.0,
        "counted": 0,
        "law": 0.0,
        "softmax": 0.0,
        "before": 0.0,
    }
    return {"kind": kind, "body": body} | nothing | columns


def _flow_rows(
    levels: dict[str, bz.EnergyLevels],
    config: Config,
    before: list[bz.ClosedRun],
    flow: bz.ContactRun,
) -> list[dict[str, Any]]:
    """Return temperature and entropy of each body and of the demons, before and sweep by sweep."""
    quantum = config.quantum
    series = {}
    for name, alone, body in zip(BODIES, before, flow.bodies, strict=True):
        energy = quantum * np.append(alone.energy[-1:], body.energy)
        t = temperature_of(levels[name], energy / getattr(config, name))
        series[name] = (t, np.append(alone.entropy[-1:], body.entropy), energy)

    held = np.append(sum(alone.demon[-1:] for alone in before), flow.demon)
    apart = sum(alone.demon_entropy[-1:] for alone in before)
    t = quantum / np.log1p(flow.demons / held)
    series["demons"] = (t, np.append(apart, flow.demon_entropy), quantum * held)
    return [
        _row(
            "flow",
            name,
            sweep=k * config.every,
            temperature=t[k],
            entropy=entropy[k],
            energy=energy[k],
        )
        for name, (t, entropy, energy) in series.items()
        for k in range(t.size)
    ]


def _level_rows(
    kind: str,
    name: str,
    levels: bz.EnergyLevels,
    exact: bz.EnergyLevels,
    counts: np.ndarray,
    t: float,
    common: float,
    config: Config,
) -> list[dict[str, Any]]:
    """Return the levels of a body: what was counted, and the law at the common temperature."""
    counted = counts.sum(axis=0)
    law, softmax = bz.probabilities(levels, common), bz.probabilities(exact, common)
    first = config.hot if name == "molecules" else config.cold
    before = bz.probabilities(exact, first)
    won = getattr(config, name) * (bz.entropy(levels, common) - bz.entropy(levels, first))
    return [
        _row(
            kind,
            name,
            label=levels.labels[k],
            energy=levels.energies[k],
            exact=exact.energies[k],
            temperature=t,
            common=common,
            entropy=float(won),
            counted=int(counted[k]),
            law=law[k],
            softmax=softmax[k],
            before=before[k],
        )
        for k in range(len(levels))
    ]


def total_entropy(table: Table) -> np.ndarray:
    """Return the entropy of all bodies and demons, sweep by sweep, in nats."""
    flow = table.where(kind="flow")
    return np.sum([flow.where(body=name)["entropy"] for name in (*BODIES, "demons")], axis=0)


def verdicts(table: Table) -> list[Verdict]:
    """Judge the three thermometers, the counts, the entropy and the wall."""
    ends = {name: table.where(kind="end", body=name) for name in (*BODIES, "demons")}
    common = float(ends["demons"]["common"][0])
    off = max(abs(end["temperature"][0] / common - 1) for end in ends.values())
    letters = ends["letters"]
    share = letters["counted"] / letters["counted"].sum()
    entropy = total_entropy(table)
    fall = float((np.maximum.accumulate(entropy) - entropy).max())
    wall = [_fit(table.where(kind="wall", body=name)) for name in BODIES]

    return [
        agrees(
            "zeroth",
            "molecules', letters' and demons' t over that predicted, less 1",
            off,
            0,
            0.005,
        ),
        fits("letters", "letters end at softmax(log p / t)", _fit(letters), "goodness of fit"),
        fits(
            "molecules", "molecules end at the same t", _fit(ends["molecules"]), "goodness of fit"
        ),
        agrees(
            "unrounded",
            "letters' distance from softmax(log p / t), energies not rounded",
            float(np.abs(share - letters["softmax"]).sum() / 2),
            0,
            0.005,
        ),
        agrees("entropy", "largest fall of the total entropy, nats", fall, 0, 60, "fluctuations"),
        agrees(
            "rise", "rise of the bodies' entropy over that predicted, less 1", _rise(table), 0, 0.02
        ),
        differs("wall", "control: bodies behind a wall do not agree", wall, "bodies"),
    ]


def _rise(table: Table) -> float:
    """Return the rise of both bodies' entropy over that of the law, less 1."""
    predicted = [table.where(kind="end", body=name)["entropy"][0] for name in BODIES]
    return sum(entropy_changes(table).values()) / float(sum(predicted)) - 1


def entropy_changes(table: Table) -> dict[str, float]:
    """Return how the entropy of each body changed, in nats."""
    bodies = {name: table.where(kind="flow", body=name)["entropy"] for name in BODIES}
    return {name: float(entropy[-1] - entropy[0]) for name, entropy in bodies.items()}


def _fit(panel: Table) -> float:
    return goodness_of_fit(panel["counted"], panel["law"] / panel["law"].sum()).p_value


def draw(table: Table) -> Figure:
    """Draw the temperatures, the entropies and the letters."""
    return drawing.figure(table, FINDING)
