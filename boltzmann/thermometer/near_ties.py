"""Draws at a claimed t = 0 that are not the likeliest token, and lie next to it."""

import numpy as np

from boltzmann.thermometer.hypothesis import Hypothesis

# Nats: engines that add in another order, or in few bits, take the second token for the first where
# it is 0.02 to 0.03 below.
_WIDEST = 0.1


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
