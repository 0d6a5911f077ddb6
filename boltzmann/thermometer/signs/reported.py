"""The sign that a token came which, by its own log-probability, hardly ever does."""

import numpy as np

from boltzmann.thermometer.hypothesis import Hypothesis
from boltzmann.thermometer.signs.score import Sign
from boltzmann.thermometer.unlisted import VOCABULARY


def too_unlikely(hypothesis: Hypothesis) -> Sign:
    r"""Test the most unlikely of the draws outside their lists by what is reported beside it.

    Of N tokens those at an energy of at least E have together a probability of at most

    .. math:: N e^{-\beta E} / Z

    which, of the energy of a draw, is at most a with a probability of at most a. Z is at least that
    of the tokens listed that are kept, and N at most 2²⁰; the n draws share the false alarms.
    """
    record = hypothesis.evidence.record
    known = record.outside & ~np.isnan(record.own)  # (N,)
    plain = hypothesis.factors is None and hypothesis.stretch is None
    if not (known.any() and plain and 0 < hypothesis.law.beta < np.inf):
        return Sign("too unlikely", 1.0)

    log_z = hypothesis.moments.log_partition[record.rows[known]]
    log_bounds = np.log(VOCABULARY) - hypothesis.beta * record.own[known] - log_z
    worst = int(log_bounds.argmin())
    draw = np.flatnonzero(known)[worst]
    times = int((record.chosen[known] == record.chosen[draw]).sum())
    p_value = float(np.exp(min(log_bounds[worst] + np.log(record.rows.size), 0.0)))
    words = (
        f"{record.name(record.chosen[draw])} comes {times} times, {record.own[draw]:.3g} nat below "
        f"the likeliest token: at this temperature all tokens so far below together have p < "
        f"{np.exp(min(log_bounds[worst], 0.0)):.1g}"
    )
    return Sign("too unlikely", p_value, np.nan, words)
