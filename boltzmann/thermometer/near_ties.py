"""Draws at a claimed t = 0 that are not the likeliest token, and lie next to it."""

import numpy as np

from boltzmann.thermometer.evidence import Evidence
from boltzmann.thermometer.hypothesis import Hypothesis

# Nats: engines that add in another order, or in few bits, take the second token for the first where
# it is 0.02 to 0.03 below.
_WIDEST = 0.1
_FEW = 5


def difference_of_lists(evidence: Evidence) -> float:
    """Return by how many nats lists of one prompt differ: a slack that they themselves show.

    The lists after each prompt are compared with the first, token by token, of the likeliest few.
    0 where prompts are not known, or none was asked again.
    """
    record = evidence.record
    if not record.prompts_known:
        return 0.0
    first = record.places == 0  # (N,)
    rows_of: dict[int, list[int]] = {}
    for prompt, row in zip(
        record.prompts[first].tolist(), record.rows[first].tolist(), strict=True
    ):
        rows_of.setdefault(prompt, []).append(row)

    widest = 0.0
    for rows in rows_of.values():
        reference = _likeliest_few(evidence, rows[0])
        for row in rows[1:]:
            other = _likeliest_few(evidence, row)
            steps = [other[token] - reference[token] for token in reference.keys() & other.keys()]
            widest = max(widest, float(np.ptp(steps)) if steps else 0.0)
    return widest


def _likeliest_few(evidence: Evidence, row: int) -> dict[int, float]:
    """Return the energies of the likeliest tokens of a row."""
    record = evidence.record
    tokens = record.tokens[row, :_FEW]
    pairs = zip(tokens.tolist(), record.gaps[row, :_FEW].tolist(), strict=True)
    return {token: gap for token, gap in pairs if token >= 0}


def near_ties(claimed: Hypothesis) -> str:
    """Return in words which near ties explain that a claimed t = 0 fails; "" if they do not.

    Whether log-probabilities are off by so much, or the temperature is as low, draws do not tell.
    """
    evidence = claimed.evidence
    if claimed.law.temperature > 0 or evidence.forbidden or evidence.record.outside.any():
        return ""
    gap = float(evidence.energies.max())
    if not claimed.slack < gap <= _WIDEST:
        return ""
    number = int((evidence.energies > 0).sum())
    slack = np.ceil(1e3 * gap) / 1e3
    return (
        f"near ties: {number} draws are not of the likeliest token, and at most {gap:.2g} nat "
        f"below it; log-probabilities off by as much explain them (a slack of {slack:g}), and so "
        "does a temperature close to 0"
    )
