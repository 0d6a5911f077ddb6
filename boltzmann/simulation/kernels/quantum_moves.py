"""Moves of particles that cannot be told apart, compiled.

Particles carry a name here, by which each gets its turn; the law of the counts does not depend on
it. A particle on level i is offered another level j, each equally often, and takes it with
probability

    min(1, (g_j ± n_j)/(g_i ± (n_i - 1)) exp(-(E_j - E_i)/t))

with + for bosons, - for fermions, and n the particles on a level before the move. For single states
that is n_j + 1 over n_i, or 1 - n_j.
"""

import numpy as np

from boltzmann._core.jit import kernel
from boltzmann.simulation.kernels.random_streams import LANES, fill_words

BOSE, FERMI = 1, -1

_FRACTION = 2.0**-53


@kernel(error_model="numpy")
def cost_of(start, end, t):
    """Return (end - start)/t, in which infinite energies and t = 0 are limits; it is never nan.

    A level at +inf costs +inf at any t.
    """
    if end == np.inf:
        return np.inf
    if start == end:
        return 0.0
    gap = end / 2 - start / 2  # halves, lest the difference of two finite energies overflow
    if np.isinf(gap):
        return -gap if t < 0 else gap
    return gap / (t / 2)


@kernel
def sweep_gas(state, counts, energies, states, t, sign, stream, done, sweeps, every, kept, moved):
    """Sweep a gas `sweeps` times, after `done` earlier sweeps.

    `state` (N,) uint16 is the level of each particle, `counts` (K,) the particles on each level;
    both and the stream (4, LANES) are changed in place. Level k has `states[k]` states. `sign` is
    BOSE or FERMI. `kept` (R, K), a row for each sweep whose number is a multiple of `every`, is
    written; `moved` (I,), an entry for each interval of `every` sweeps, is added to.
    """
    particles = state.size
    levels = counts.size
    words = np.empty((2 * particles + LANES - 1) // LANES * LANES, np.uint64)

    for sweep in range(done, done + sweeps):
        fill_words(stream, words)
        changed = 0
        for n in range(particles):
            i = np.int64(state[n])
            fraction = np.float64(words[2 * n] >> np.uint64(11)) * _FRACTION
            j = np.int64(fraction * (levels - 1))
            j += j >= i

            there = states[j] + sign * counts[j]
            here = states[i] + sign * (counts[i] - 1)
            weight = there * np.exp(-cost_of(energies[i], energies[j], t))
            uniform = np.float64(words[2 * n + 1] >> np.uint64(11)) * _FRACTION
            # Where a full level would be infinitely likely, the weight is nan, which is not above.
            if uniform * here < weight:
                state[n] = j
                counts[i] -= 1
                counts[j] += 1
                changed += 1

        moved[sweep // every - done // every] += changed
        if (sweep + 1) % every == 0:
            kept[(sweep + 1) // every - 1 - done // every] = counts
