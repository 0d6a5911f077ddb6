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
from boltzmann.simulation.kernels import count_sweeps, move_tables

_ROUNDING = 1e-12  # of the ratio of two weights: their order is right but for so much


class Cascade:
    """One sweep as 3K binomials: who is taken, at which rank thresholds stop, where it lands."""

    def __init__(self, dynamics: Dynamics, temperature: float):
        self.order, ratios = ranked(dynamics, temperature)  # (A,) of the allowed levels
        ranks = self.order.size
        levels = len(dynamics.levels)

        share = 1.0  # of the last rank: its threshold cannot fall below any weight
        takes = [ranks / levels]
        stops = [share]
        for rank in range(ranks - 2, -1, -1):
            stopped = (1 - ratios[rank]) * (rank + 1) / levels
            accepted = stopped + ratios[rank] * takes[-1]
            stops.append(stopped / accepted)
            takes.append(accepted)
        self.takes = np.minimum(takes[::-1], 1.0)  # (A,)
        self.stops = np.array(stops[::-1])  # (A,)

    def draw(
        self, counts: NDArray[np.int64], stream: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int64], int]:
        """Draw one sweep; see `boltzmann.simulation.counts.CountsSweep`."""
        after, moved = count_sweeps.sweep_cascade(
            stream, counts, self.order, self.takes, self.stops
        )
        return after, moved


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
