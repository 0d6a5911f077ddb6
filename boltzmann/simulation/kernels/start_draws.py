"""The start of many particles: NumPy's generator and a search, in one loop that needs no memory."""

import numpy as np

from boltzmann._core.jit import kernel

CELLS = 2**14  # of the guide, in which a search begins


@kernel
def draw_levels(words, edges, guide, last, states):
    """Draw the level of each particle by inversion: the first whose edge is above a uniform number.

    Bit for bit ``np.minimum(np.searchsorted(edges, generator.random(N) * edges[-1], "right"),
    last)``, of a generator whose SFC64 is in the state `words` (4,) uint64, which is advanced.

    Parameters
    ----------
    edges : (K,) float64
        The cumulative weights.
    guide : (CELLS,) int64
        A level at which a search for a number of each cell may begin.
    last : int
        The last level of positive weight.
    states : (N,) uint16
        Is filled.
    """
    a, b, c, counter = words[0], words[1], words[2], words[3]
    total = edges[edges.size - 1]
    for n in range(states.size):
        word = a + b + counter
        counter += np.uint64(1)
        a = b ^ (b >> np.uint64(11))
        b = c + (c << np.uint64(3))
        c = ((c << np.uint64(24)) | (c >> np.uint64(40))) + word

        uniform = np.float64(word >> np.uint64(11)) * 2.0**-53
        level = guide[np.int64(uniform * CELLS)]
        place = uniform * total
        while level < last and edges[level] <= place:
            level += 1
        states[n] = level
    words[0], words[1], words[2], words[3] = a, b, c, counter


def guide_of(edges):
    """Return the guide to these edges (K,): where the search for the least of a cell ends."""
    least = np.arange(CELLS) / CELLS * edges[-1]
    return np.searchsorted(edges, least, side="right")
