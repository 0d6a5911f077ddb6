"""Streams of draws after contexts of the small GPT-2, and audits that take from them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from boltzmann.language import GPT2, load_corpus
from boltzmann.thermometer import Diagnosis, Reading, SamplingLaw, diagnose, read
from boltzmann.thermometer.choosing import heat_capacities, hottest
from boltzmann.thermometer.stopping import StoppingRule

FloatArray = NDArray[np.float64]
_CONTEXT = 24  # tokens
_SHARE = 0.25  # of the contexts, the hottest, is asked after the first look


def contexts(number: int, seed: int) -> FloatArray:
    """Return the logits after so many contexts from the corpus, shape (number, V)."""
    model = GPT2.load("tiny")
    ids = model.encode(load_corpus())
    starts = np.random.default_rng(seed).integers(0, ids.size - _CONTEXT, number)
    return model.logits([list(ids[s : s + _CONTEXT]) for s in starts]).astype(np.float64)


def probabilities(logits: FloatArray, law: SamplingLaw) -> FloatArray:
    """Return the probabilities of a law whose only truncation is a top_p at its temperature."""
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / law.temperature)
    p = weights / weights.sum(axis=1, keepdims=True)
    if law.top_p is None:
        return p
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1)
    kept = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(kept, order, np.cumsum(ranked, axis=1) - ranked < law.top_p, axis=1)
    return p * kept / (p * kept).sum(axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Stream:
    """What is drawn after each context, in order, whoever asks.

    Attributes
    ----------
    logits : (C, V) array
        After C contexts.
    tokens : (C, N) array of int
        The first N draws after each.
    """

    logits: FloatArray
    tokens: NDArray[np.int64]

    @classmethod
    def drawn(cls, logits: FloatArray, law: SamplingLaw, draws: int, seed: list[int]) -> "Stream":
        """Return a stream of draws from a law, by inverting its cumulative probabilities."""
        edges = np.cumsum(probabilities(logits, law), axis=1)
        uniform = np.random.default_rng(seed).random((len(logits), draws))
        found = [
            np.searchsorted(edge / edge[-1], numbers, side="right")
            for edge, numbers in zip(edges, uniform, strict=True)
        ]
        return cls(logits, np.minimum(found, logits.shape[1] - 1))

    @cached_property
    def in_turn(self) -> NDArray[np.int64]:
        """The context of each draw if all are asked in turn, shape (C N,)."""
        return np.tile(np.arange(len(self.logits)), self.tokens.shape[1])

    def reading(self, rows: NDArray[np.int64]) -> Reading:
        """Return the reading of the draws after these contexts, shape (n,), asked in this order."""
        place = np.zeros(rows.size, dtype=np.int64)  # of each draw in the stream of its context
        for row in np.unique(rows):
            mine = rows == row
            place[mine] = np.arange(mine.sum())
        return read(self.logits, self.tokens[rows, place], rows=rows)


@dataclass(frozen=True)
class Audited:
    """The verdict of an audit, how many draws it took, and how many it took to decide the claim.

    The others name the fault of a claim that is refuted.
    """

    diagnosis: Diagnosis
    draws: int
    decided: int


def of_fixed_number(stream: Stream, rule: StoppingRule, draws: int) -> Audited:
    """Audit so many draws, of all contexts in turn."""
    reading = stream.reading(stream.in_turn[:draws])
    found = diagnose(
        reading, rule.claim, false_alarms=rule.false_alarms, resolution=rule.resolution
    )
    return Audited(found, draws, draws)


def in_rounds(stream: Stream, rule: StoppingRule, most: int, *, by_heat: bool) -> Audited:
    """Audit in rounds of one draw a context, or of a twentieth of all draws if that is more.

    With `by_heat` the first round asks all contexts, the others the hottest quarter. Once the claim
    is refuted, as many are asked in turn, to name the fault.
    """
    asked = len(stream.logits)
    rows = stream.in_turn[:asked]
    number = 1
    decided = 0
    while True:
        reading = stream.reading(rows)
        look = rule.look(reading, number, last=rows.size >= most)
        if decided == 0 and (look.refuted or look.stop is not None):
            decided = rows.size
        if look.stop is not None:
            return Audited(look.stop.diagnosis, rows.size, decided)
        chosen = np.arange(asked)
        if by_heat:
            heats = heat_capacities(reading, rule.claim)
            chosen = np.array(hottest(heats, reading.evidence.rows.tolist(), _SHARE))
            if look.refuted:
                chosen = (rows[-1] + 1 + np.arange(chosen.size)) % asked
        size = max(chosen.size, rows.size // 20)
        rows = np.concatenate([rows, np.resize(chosen, min(size, most - rows.size))])
        number += 1
