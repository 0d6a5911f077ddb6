"""Golden values: what the law says about the page's systems, in full precision.

The page computes them again in its self-check, to twelve digits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

import boltzmann as bz
from boltzmann.language import NGram, load_corpus
from boltzmann.statistics import goodness_of_fit
from experiments.shared.letters import usable_contexts

SYSTEMS = {
    "two levels": bz.two_level(),
    "ladder": bz.ladder(8),
    "rotor": bz.rigid_rotor(7, constant=0.25),
    "gas column": bz.column(12, height=6.0),
    "levels of your own": bz.EnergyLevels([0.0, 0.5, 1.0, 2.0, 3.0]),
}

QUANTA = (1, 2, 3, 5)  # of a molecule in the closed box, on average
_BOX = bz.ladder(256)  # fewer than one molecule in 1e19 is higher
_SHARES = 24  # of its lowest levels


class Settings(Protocol):
    """What the page is made of; `explorer.Config` has it."""

    corpus: str | None
    bytes_of_text: int
    order: int
    particles: int
    seed: int
    contexts: Sequence[str]
    temperatures: Sequence[float]


@dataclass(frozen=True)
class GoldenBox:
    """What counting says about a closed box."""

    particles: int
    energy: int  # of all, in quanta
    temperature: float  # of 1/t = ΔS/ΔE
    entropy: float  # ln Ω, in nats
    p: np.ndarray  # (24,), of the lowest levels


@dataclass(frozen=True)
class Golden:
    """What the law says about one system at one temperature, and counts to be held against it."""

    system: str  # one of SYSTEMS, or the context of a letter
    letters: bool
    temperature: float
    values: dict[str, float]  # log Z, U, S, C, χ² and the p-value of `counts`
    p: np.ndarray  # (K,)
    counts: np.ndarray  # (K,)


def text_of(config: Settings) -> str:
    """Return the beginning of the corpus, which the page carries."""
    return load_corpus(config.corpus).encode()[: config.bytes_of_text].decode(errors="ignore")


def golden_values(config: Settings) -> Iterator[Golden]:
    """Yield the golden values of every system at every temperature."""
    text = text_of(config)
    model = NGram.fit(text, order=config.order)
    letters = {
        context: _letters_as_levels(model.logits(context))
        for context in usable_contexts(config.contexts, text)
    }

    for name, levels in {**SYSTEMS, **letters}.items():
        for t in config.temperatures:
            p = bz.probabilities(levels, t)
            counts = _counts_near(p, config.particles)
            fit = goodness_of_fit(counts, p, statistic="pearson")
            values = {
                "log Z": bz.log_partition(levels, t),
                "U": bz.mean_energy(levels, t),
                "S": bz.entropy(levels, t),
                "C": bz.heat_capacity(levels, t),
                "chi-square": fit.statistic,
                "p-value": fit.p_value,
            }
            values = {key: float(value) for key, value in values.items()}
            yield Golden(name, name in letters, t, values, p, counts)


def golden_boxes(config: Settings) -> Iterator[GoldenBox]:
    """Yield the golden values of a closed box at every number of quanta."""
    for each in QUANTA:
        particles, energy = config.particles, config.particles * each
        yield GoldenBox(
            particles,
            energy,
            float(bz.microcanonical_temperature(_BOX, particles, energy)),
            bz.microcanonical_entropy(_BOX, particles, energy),
            bz.microcanonical_occupancy(_BOX, particles, energy)[:_SHARES],
        )


def _letters_as_levels(logits: np.ndarray) -> bz.EnergyLevels:
    """Return E = -log p above the likeliest letter.

    Otherwise log Z at t = 1 would be a zero made of rounding.
    """
    return bz.EnergyLevels(logits.max() - logits)


def _counts_near(p: np.ndarray, particles: int) -> np.ndarray:
    """Return counts like those of a gas: off by one standard deviation, up and down in turn."""
    sign = np.where(np.arange(p.size) % 2, 1, -1)
    deviation = sign * np.sqrt(particles * p * (1 - p))
    return np.round(particles * p + deviation).astype(np.int64)
