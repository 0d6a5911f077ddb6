"""Audit of a sampler that can be called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.checks import as_count
from boltzmann.thermometer.diagnosing import diagnose
from boltzmann.thermometer.diagnosis import Diagnosis
from boltzmann.thermometer.laws import SamplingLaw, as_claim
from boltzmann.thermometer.reading import Reading, read


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    reading : Reading
        The temperature measured.
    diagnosis : Diagnosis
        Whether the claim holds.
    rows, chosen : (n,) array of int
        The row of logits of each draw, and the token drawn.

    See Also
    --------
    audit : Draw from a sampler, read and diagnose.
    """

    reading: Reading
    diagnosis: Diagnosis
    rows: NDArray[np.int64]
    chosen: NDArray[np.int64]

    def __str__(self) -> str:
        value = f"{self.reading.temperature:.4g} ± {self.reading.standard_error:.2g}"
        return f"t = {value}; {self.diagnosis}"


def audit(
    sampler: Callable[[Any, float], Any],
    logits: ArrayLike,
    temperature: float | SamplingLaw,
    draws: int,
    **options: Any,
) -> Audit:
    """Draw from a sampler, read its temperature, and tell whether it is the one claimed.

    The sampler is called with one row of logits, in turn, and the temperature, until there are
    enough draws. Draws of one call may share their noise: if calls return several, errors are
    clustered by call.

    Parameters
    ----------
    sampler : callable
        Given a row of logits (V,) and a temperature it returns one token, an index into the row, or
        an array of several, independent ones.
    logits : (V,) or (R, V) array_like
        In nats; float32 and float64 are passed on as they are.
    temperature : float or SamplingLaw
        What is asked for. Of a `SamplingLaw`, the sampler is given the temperature; the truncation
        is its own business.
    draws : int
        At least so many.
    **options
        `false_alarms`, `resolution` and `slack` of `diagnose`.

    Returns
    -------
    Audit
        The reading, the diagnosis, and the draws that were made.

    Raises
    ------
    ValueError
        If an argument is out of range, or the sampler returns what is no token.

    See Also
    --------
    read : A temperature from draws.
    diagnose : Hold a reading against a claim.

    Examples
    --------
    >>> from boltzmann.language import draw
    >>> generator, logits = np.random.default_rng(3), -np.log(np.arange(1.0, 201.0))
    >>> def broken(row, t):
    ...     return draw(row, 2 * t, 100, generator)
    >>> audit(broken, logits, temperature=0.7, draws=5000).diagnosis.fault
    'doubled'
    """
    claim = as_claim(temperature)
    table = np.atleast_2d(np.asarray(logits))  # (R, V)
    wanted = as_count("draws", draws)

    # Call for one row after another, until there are enough draws.
    rows: list[int] = []
    calls: list[int] = []
    chosen: list[int] = []
    call = 0
    while len(chosen) < wanted:
        row = call % len(table)
        tokens = _as_tokens(sampler(table[row], claim.temperature), table.shape[1], call)
        chosen += tokens
        rows += [row] * len(tokens)
        calls += [call] * len(tokens)
        call += 1

    groups = calls if 1 < call < len(chosen) else None
    index = np.array(rows)
    picked = np.array(chosen)
    reading = read(table, picked, groups=groups, rows=index)
    return Audit(reading, diagnose(reading, claim, **options), index, picked)


def _as_tokens(answer: Any, vocabulary: int, call: int) -> list[int]:
    """Return the tokens that a sampler returned, checked."""
    tokens = np.atleast_1d(np.asarray(answer))
    if tokens.ndim != 1 or tokens.size == 0 or tokens.dtype.kind not in "iu":
        raise ValueError(f"sampler returned {answer!r} at call {call}: whole numbers are asked for")
    wrong = (tokens < 0) | (tokens >= vocabulary)
    if wrong.any():
        raise ValueError(
            f"sampler returned {tokens[wrong][0]} at call {call}: "
            f"a token is from 0 to {vocabulary - 1}"
        )
    return [int(token) for token in tokens]
