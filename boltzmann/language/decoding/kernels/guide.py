"""Many draws from one law by its inverse CDF: a guide table tells where each search begins.

A binary search among many tokens misses the cache at nearly every step. A guide table [1]_ divides
[0, 1) into 2^m intervals of equal length, and keeps for each the token on which its lower end
falls. From there the search goes on token by token: by V/2^m of them on average, whatever the
law, and in order. So a draw reads memory at two places.

The token is the one that a binary search finds, to the last bit of the number.

References
----------
.. [1] H.-C. Chen and Y. Asau, AIIE Trans. 6, 163 (1974).
"""

import numpy as np

from boltzmann._core.jit import kernel


@kernel
def guide_table(cumulative, guide):
    """Write the token on which the lower end of each interval falls, (intervals,), to `guide`.

    `cumulative` (V,) are the cumulative weights, of which the last is positive.
    """
    total = cumulative[-1]
    token = 0
    for interval in range(guide.size):
        target = interval / guide.size * total
        while token < cumulative.size - 1 and cumulative[token] <= target:
            token += 1
        guide[interval] = token


@kernel
def find_tokens(cumulative, guide, uniforms, ids):
    """Write the token on which each number of [0, 1) falls, (size,), to `ids`, int64.

    That is the first one whose cumulative weight is above u times the total, or V if there is none.
    The number of intervals is a power of two, so that a number's interval is exact.
    """
    total = cumulative[-1]
    for n in range(uniforms.size):
        target = uniforms[n] * total
        token = np.int64(guide[np.int64(uniforms[n] * guide.size)])
        while token < cumulative.size and cumulative[token] <= target:
            token += 1
        ids[n] = token
