"""The sign that answers are copies of earlier ones."""

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.signs.score import Sign
from boltzmann.thermometer.token_levels import IntArray

_LEAST_TOKENS = 4  # of an answer: short ones are often equal


def equal_answers(hypothesis: Hypothesis) -> Sign:
    r"""Hold the number of answers that are equal to an earlier one against their probability.

    Given the answers before it, answer r is equal to one of them, s, of the same prompt and length,
    with the probability Σ P(s). If these add up to μ over all answers, at least k equal ones have a
    probability of at most

    .. math:: e^{-\mu} (e \mu / k)^k
    """
    evidence = hypothesis.evidence
    log_p = _log_probabilities(hypothesis)  # of all N draws
    known: dict[tuple[int, int], dict[bytes, float]] = {}
    expected = 0.0
    equal = 0
    total = 0
    for draws, text in _answers(evidence, _LEAST_TOKENS):
        if draws.size < _LEAST_TOKENS:
            continue
        total += 1
        prompt = int(evidence.record.prompts[draws[0]])
        before = known.setdefault((prompt, draws.size), {})
        expected += min(sum(before.values()), 1.0)
        if text in before:
            equal += 1
        else:
            before[text] = float(np.exp(log_p[draws].sum()))

    words = f"{equal} of {total} answers are equal to one before, {expected:.2g} expected"
    if equal <= expected:
        return Sign("equal answers", 1.0, np.nan, words)
    expected = max(expected, 1e-12)
    exponent = equal - expected + equal * np.log(expected / equal)
    return Sign("equal answers", float(np.exp(min(exponent, 0.0))), np.nan, words)


def first_of_equal_answers(evidence: Evidence) -> Evidence:
    """Return the draws without answers that are equal to an earlier one of the same prompt."""
    kept = np.ones(evidence.record.rows.size, dtype=bool)  # (N,)
    known: set[tuple[int, bytes]] = set()
    for draws, text in _answers(evidence):
        key = (int(evidence.record.prompts[draws[0]]), text)
        kept[draws] = key not in known
        known.add(key)
    return evidence.of_recorded(kept)


def _answers(evidence: Evidence, least: int = 1) -> list[tuple[IntArray, bytes]]:
    """Return the draws of each answer, in their order, and its tokens.

    None at all where no answer has `least` of them.
    """
    record = evidence.record
    if np.bincount(record.answers).max(initial=0) < least:
        return []
    order = np.argsort(record.answers, kind="stable")  # (N,)
    edges = np.flatnonzero(np.diff(record.answers[order])) + 1
    return [(draws, record.chosen[draws].tobytes()) for draws in np.split(order, edges)]


def _log_probabilities(hypothesis: Hypothesis) -> FloatArray:
    """Return log p of each recorded draw, 0 where it is not told, shape (N,)."""
    _, own = hypothesis.cdf_steps
    evidence = hypothesis.evidence
    log_p = np.zeros(evidence.record.rows.size)
    log_p[evidence.which] = np.log(np.clip(own, 1e-300, 1.0))
    return log_p
