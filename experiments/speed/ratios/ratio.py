"""A row of the table, and the interleaved timing behind it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

Call = Callable[[], object]


class NotMeasuredError(Exception):
    """A row cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Row:
    """One ratio: what is timed, beside what, the goal, and how it is measured.

    Attributes
    ----------
    name : str
        The work, the kind first: ``"move uniform metropolis K=64"``.
    beside : str
        What it is divided by: ``"C, gathers, AVX2"``.
    goal : float
        The largest ratio that is good enough.
    measure : callable
        ``measure()`` makes the data and returns the ratio, or raises NotMeasuredError.

    """

    name: str
    beside: str
    goal: float
    measure: Callable[[], float]


def ratio(
    ours: Call,
    theirs: Call,
    *,
    turns: int = 9,
    shortest: float = 0.02,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return the least time of `ours` over the least time of `theirs`, both by turns.

    A turn repeats a call until it lasts `shortest` seconds. Processor time leaves out what other
    processes take; the least of the turns leaves out what they disturb.
    """
    calls = (ours, theirs)
    repeats = [_repeats(call, shortest, clock) for call in calls]

    least = [float("inf"), float("inf")]
    for _ in range(turns):
        for which, call in enumerate(calls):
            began = clock()
            for _ in range(repeats[which]):
                call()
            least[which] = min(least[which], (clock() - began) / repeats[which])
    return least[0] / least[1]


def _repeats(call: Call, shortest: float, clock: Callable[[], float]) -> int:
    call()  # compiles, and fills the caches
    began = clock()
    call()
    return max(1, int(shortest / max(clock() - began, 1e-9)))
