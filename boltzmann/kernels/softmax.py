"""Softmax of many rows in one sweep through memory.

A softmax is bound by exp and by memory: NumPy reads or writes the array eight times over. Here rows are taken in
blocks that stay in the first-level cache from the maximum to the quotient. Within a block the exponentials form one
long loop, whatever the length of a row, so that rows of 8 fill the vector registers as well as rows of 50,257.
"""

import numpy as np
from numba import njit

from boltzmann.kernels.exponential import lifted_exp

BLOCK = 2048  # numbers, in whole rows: 16 kB
LANES = 64


@njit(nogil=True, cache=True)
def largest(row, lanes):
    """Return the largest number of a row; a nan is passed over.

    A single running maximum is a chain of dependent steps; one per lane is a loop that vectorises.
    """
    width = min(lanes.size, row.size)
    lanes[:width] = row[:width]
    for start in range(width, row.size, width):
        part = row[start : start + width]
        for j in range(part.size):
            lanes[j] = part[j] if part[j] > lanes[j] else lanes[j]
    top = -np.inf
    for j in range(width):
        top = lanes[j] if lanes[j] > top else top
    return top
