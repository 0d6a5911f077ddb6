r"""A sweep of counts by uniform proposals and Metropolis's rule, without the K×K matrix.

A particle on a level of weight w takes a proposal of weight w' if u w < w', with u uniform on [0,
1). So it has a threshold v = u w, and takes what is proposed if that weighs more. Rank the levels
by falling weight, from 0 on: a threshold between the weights of the ranks r + 1 and r takes a
proposal of the r + 1 likeliest levels, each alike. And v is uniform below w: given that it lies
below the next weight, it is what the threshold of a particle of the next rank is. Where a particle
came from is thus needed only to refuse it, and all that are taken are drawn together. With K levels
and :math:`\rho_r = w_{r+1}/w_r`, a particle of rank r is taken with probability

.. math:: A_r = (1 - \rho_r) \frac{r + 1}{K} + \rho_r A_{r+1},

and its threshold stops at its own rank with the first term's share of it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boltzmann._core.checks import FloatArray
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import move_tables

_ROUNDING = 1e-12  # of the ratio of two weights: their order is right but for so much


class Cascade:
    """One sweep as 3K binomials: who is taken, at which rank thresholds stop, where it lands."""

    def __init__(self, dynamics: Dynamics, temperature: float):
        self.order, ratios = ranked(dynamics, temperature)  # (A,) of the allowed levels
        ranks = self.order.size
        levels = len(dynamics.levels)

        share = 1.0  # of the last rank: its threshold cannot fall below any weight
        taken = [ranks / levels]
        stops = [share]
        for rank in range(ranks - 2, -1, -1):
            stopped = (1 - ratios[rank]) * (rank + 1) / levels
            accepted = stopped + ratios[rank] * taken[-1]
            stops.append(stopped / accepted)
            taken.append(accepted)
        self.taken = np.minimum(taken[::-1], 1.0)
        self.stops = stops[::-1]
        self.lands = (1 / np.arange(1, ranks + 1)).tolist()

    def draw(
        self, counts: NDArray[np.int64], generator: np.random.Generator
    ) -> tuple[NDArray[np.int64], int]:
        """Return the counts (K,) after a sweep, and how many particles changed their level.

        That number is the mean of what it can be given all that was drawn, rounded up or down at
        random.
        """
        before = counts[self.order]
        taken = generator.binomial(before, self.taken)
        stopped, stopping = _descend(taken.tolist(), self.stops, generator)
        landed, landing = _descend(stopped[::-1], self.lands[::-1], generator)
        after = np.zeros_like(counts)
        after[self.order] = before - taken + np.array(landed[::-1], np.int64)

        home = _returned(taken, np.array(stopping), np.array(landing[::-1]))
        gone = int(taken.sum())
        return after, min(max(int(gone - home + generator.random()), 0), gone)


def _descend(
    joining: list[int], chances: list[float], generator: np.random.Generator
) -> tuple[list[int], list[float]]:
    """Return how many of a growing pool leave it at each rank, and what fraction of it that is."""
    binomial = generator.binomial
    pool = 0
    left = []
    fractions = []
    for joined, chance in zip(joining, chances, strict=True):
        pool += joined
        out = int(binomial(pool, chance)) if pool else 0
        left.append(out)
        fractions.append(out / pool if pool else 0.0)
        pool -= out
    return left, fractions


def _returned(taken: NDArray[np.int64], stopping: FloatArray, landing: FloatArray) -> float:
    """Return how many of the taken particles landed where they came from, on average.

    The fractions that left the pools are known. In a pool all are alike: of those of a rank r, the
    fraction stopping_r stops there; of the others, landing_(r+1) land at once on the next rank, and
    the rest are as particles of that rank.
    """
    meets = 0.0
    home = 0.0
    passing = 0.0  # the fraction that does not land on the rank below
    for came, stops, lands in zip(
        taken[::-1].tolist(), stopping[::-1].tolist(), landing[::-1].tolist(), strict=True
    ):
        meets = stops + (1 - stops) * passing * meets
        home += came * lands * meets
        passing = 1 - lands
    return home


def ranked(dynamics: Dynamics, temperature: float) -> tuple[NDArray[np.int64], list[float]]:
    """Return the allowed levels by falling weight, and each next one's weight over its own."""
    energies, temperature = dynamics.scaled(temperature)
    degeneracies = np.array(dynamics.levels.degeneracies)
    allowed = np.flatnonzero(energies < np.inf)
    uphill = energies if temperature >= 0 else -energies
    order = allowed[np.lexsort((-degeneracies[allowed], uphill[allowed]))]

    def ratios() -> Any:
        return move_tables.weight_ratios(
            order[:-1], order[1:, None], energies, degeneracies, temperature
        )[:, 0]  # (A - 1,)

    if (degeneracies != degeneracies[0]).any():
        order = order[
            np.argsort(-_log_weights(order, energies, degeneracies, temperature), kind="stable")
        ]
        # Far from the likeliest level a logarithm is rounded by more than 1; neighbours in rank are
        # exchanged until each ratio says what the order says.
        for turn in range(2 * order.size):
            wrong = np.flatnonzero(ratios() > 1 + _ROUNDING)
            if not wrong.size:
                break
            first = wrong[wrong % 2 == turn % 2]
            order[first], order[first + 1] = order[first + 1], order[first]
    return order, np.minimum(ratios(), 1.0).tolist()


def _log_weights(
    order: NDArray[np.int64], energies: FloatArray, degeneracies: FloatArray, temperature: float
) -> FloatArray:
    """Return log g - (E - lowest)/t, from the likeliest energy on."""
    energy = energies[order]
    gap = np.zeros(order.size)
    np.subtract(energy, energy[0], out=gap, where=energy != energy[0])
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        x = np.where(gap == 0, 0.0, gap / temperature)
    x = np.where(np.isnan(x), np.inf, x)  # of infinite gaps
    return np.log(degeneracies[order]) - x
