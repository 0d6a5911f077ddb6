"""Sweeps of counts: binomial numbers of particles leave their level together, and land together.

Each returns the counts after the sweep and how many particles changed their level; where that is
known only on average, given all that was drawn, the average is rounded up or down at random.
"""

import numpy as np

from boltzmann._core.jit import kernel
from boltzmann.simulation.kernels.binomials import binomial, multinomial, uniform


@kernel
def rounded(stream, average, most):
    """Return the average, rounded up or down at random, within 0 … most."""
    return min(max(np.int64(np.floor(average + uniform(stream))), 0), most)


@kernel(error_model="numpy")
def sweep_rows(stream, counts, targets, chances):
    """Send the n_i particles of level i to `targets` (K, L), by a multinomial of its own row."""
    after = np.zeros_like(counts)
    moved = 0
    for level in range(counts.size):
        left = counts[level]
        for place in range(chances.shape[1]):
            if left == 0:
                break
            going = binomial(stream, left, chances[level, place])
            left -= going
            after[targets[level, place]] += going
            moved += going if targets[level, place] != level else 0
    return after, moved


@kernel(error_model="numpy")
def sweep_redraw(stream, counts, chances):
    """Draw the levels of all particles anew, by one multinomial.

    Of those that came to a level, any may be any that left it, so that on average the sum of n_i
    m_i / N did not move, given the counts n before and m after.
    """
    particles = counts.sum()
    after = np.empty_like(counts)
    multinomial(stream, particles, chances, after)

    stayed = 0.0
    for level in range(counts.size):
        stayed += np.float64(counts[level]) * (np.float64(after[level]) / particles)
    return after, rounded(stream, particles - stayed, particles)


@kernel(error_model="numpy")
def sweep_cascade(stream, counts, order, takes, stops):
    """Draw who is taken, at which rank each threshold stops, and where all that stopped land.

    See `boltzmann.simulation.cascade`. All but the counts are (A,), in ranks of falling weight.
    """
    ranks = order.size
    after = np.zeros_like(counts)
    taken = np.empty(ranks, np.int64)
    stopped = np.empty(ranks, np.int64)
    stopping = np.empty(ranks)  # the fraction of the pool that stopped at each rank
    landing = np.empty(ranks)  # the fraction of the pool that landed on each rank

    pool = 0
    gone = 0
    for rank in range(ranks):
        before = counts[order[rank]]
        taken[rank] = binomial(stream, before, takes[rank])
        after[order[rank]] = before - taken[rank]
        gone += taken[rank]
        pool += taken[rank]
        stopped[rank] = binomial(stream, pool, stops[rank])
        stopping[rank] = stopped[rank] / pool if pool else 0.0
        pool -= stopped[rank]

    for rank in range(ranks - 1, -1, -1):
        pool += stopped[rank]
        landed = binomial(stream, pool, 1.0 / (rank + 1))
        landing[rank] = landed / pool if pool else 0.0
        after[order[rank]] += landed
        pool -= landed
    return after, rounded(stream, gone - returned(taken, stopping, landing), gone)


@kernel(error_model="numpy")
def returned(taken, stopping, landing):
    """Return how many of the taken particles landed where they came from, on average.

    The fractions that left the pools are known. In a pool all are alike: of those of a rank r, the
    fraction stopping_r stops there; of the others, landing_(r+1) land at once on the next rank, and
    the rest are as particles of that rank.
    """
    meets = 0.0
    home = 0.0
    passing = 0.0  # the fraction that does not land on the rank below
    for rank in range(taken.size - 1, -1, -1):
        meets = stopping[rank] + (1.0 - stopping[rank]) * passing * meets
        home += taken[rank] * landing[rank] * meets
        passing = 1.0 - landing[rank]
    return home
