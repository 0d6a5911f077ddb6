"""Sweeps: each particle of each block attempts one move, by the readable loop or by a fast one.

`move_by_formula` is Metropolis's algorithm as a lecture writes it. The others are plain loops that
the compiler vectorises. Those that decide by a table of thresholds or by weights agree with the
formula bit for bit if they are fed the same words. Heat baths over all levels and proposal matrices
have no formula here: they decide by an alias table of the whole transition matrix, from which
`alias_words` reads back what it does.

In what follows K is the number of levels, M that of buckets, one for each level that a particle may
be offered, and n runs over the particles of a block.
"""

from collections import namedtuple

import numpy as np

from boltzmann._core.jit import kernel
from boltzmann.simulation.kernels.move_tables import (
    WORDS,
    acceptance,
    last_accepted,
    weight_ratio,
    words_for,
)
from boltzmann.simulation.kernels.random_streams import fill_words

BLOCK = 2048  # particles that share a stream; their working arrays fit in a first-level cache

# What decides the moves: one of `thresholds`, `weights` and `alias`, or the formula if all are
# None. Numba compiles a kernel for each combination of what is None, and leaves out the others.
MoveTable = namedtuple(
    "MoveTable",
    [
        "energies",  # (K,) float64
        "degeneracies",  # (K,) float64
        "temperature",  # float
        "glauber",  # bool
        "neighbour",  # True if buckets are "down" and "up" instead of levels, else None
        "buckets",  # int: M
        "bits",  # int: log2 M, where M is a power of two, else None
        "refused_below",  # int: 2³² mod M; a word of a smaller fraction is drawn again
        "wide",  # bool: a 64-bit word for each move, one half to propose and one to decide
        "thresholds",  # (K·M,) uint32 or None
        "weights",  # (K,) float32 or None
        "alias",  # (R·M,) uint64 or None
        "rows_per_level",  # int: 1 if level i uses row i of the alias table, 0 if all use row 0
        "vectors",  # True if `vector_moves` makes the moves, None if the loops here do
    ],
)


@kernel
def split(words, buckets, proposed):
    """Split word·buckets: its high half, the bucket, to `proposed`; its low half takes its place.

    Return the least low half, the fraction. In 32-bit arithmetic, which vectorises better than a
    64-bit product.
    """
    factor = np.uint32(buckets)
    least = np.uint32(WORDS - 1)
    for n in range(proposed.size):
        low = np.uint32(np.uint32(words[n] & np.uint32(0xFFFF)) * factor)
        high = np.uint32(np.uint32(words[n] >> np.uint32(16)) * factor)
        high = np.uint32(high + np.uint32(low >> np.uint32(16)))
        proposed[n] = np.uint32(high >> np.uint32(16))
        words[n] = np.uint32(words[n] * factor)
        least = min(least, words[n])
    return least


@kernel
def propose(stream, words, buckets, proposed, redrawn):
    """Split words into buckets and fractions; where Lemire's method refuses one, draw it again."""
    refused_below = np.uint32(WORDS % buckets)
    if split(words, buckets, proposed) >= refused_below:
        return
    for n in range(words.size):
        while words[n] < refused_below:
            fill_words(stream, redrawn)
            words[n] = np.uint32(redrawn[0] >> np.uint64(32))
            split(words[n : n + 1], buckets, proposed[n : n + 1])


@kernel(error_model="numpy")
def accepts(i, j, bucket, fraction, table):
    """Tell whether a particle on level i accepts level j: weigh the energy difference."""
    ratio = weight_ratio(
        table.energies[i],
        table.energies[j],
        table.degeneracies[i],
        table.degeneracies[j],
        table.temperature,
    )
    buckets, place = (1, 0) if table.wide else (table.buckets, bucket)
    words = words_for(acceptance(ratio, table.glauber), buckets)
    return np.int64(fraction) <= last_accepted(words, place, buckets)


@kernel
def move_by_formula(state, proposed, fractions, table):
    """Propose, weigh the energy difference, accept or stay; return how many particles moved."""
    moved = 0
    for n in range(state.size):
        i = np.int64(state[n])
        bucket = np.int64(proposed[n])
        j = i + 2 * bucket - 1 if table.neighbour is not None else bucket
        if j < 0 or j >= table.energies.size:
            continue  # a step off the end of the ladder is rejected
        if accepts(i, j, bucket, fractions[n], table):
            state[n] = j
            moved += i != j
    return moved


@kernel
def move_by_thresholds(state, proposed, fractions, table, thresholds, limit):
    """Compare each fraction with the threshold of its move; return how many particles moved."""
    buckets, refused_below = np.uint32(table.buckets), np.uint32(table.refused_below)

    for n in range(state.size):
        limit[n] = np.uint32(np.uint32(state[n] * buckets) + proposed[n])
    for n in range(state.size):
        limit[n] = thresholds[limit[n]]

    moved = np.uint32(0)
    for n in range(state.size):
        accept = np.uint32(0) - np.uint32(np.uint32(fractions[n] - refused_below) < limit[n])
        level = (proposed[n] & accept) | (state[n] & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@kernel
def move_by_bits(state, words, thresholds, bits, neighbour, limit):
    """Do as `move_by_thresholds` where M is a power of two.

    The first bits of a word are then its bucket, and the others its fraction.
    """
    left, right = np.uint32(bits & 31), np.uint32((32 - bits) & 31)

    for n in range(state.size):
        limit[n] = np.uint32(state[n] << left) | np.uint32(words[n] >> right)
    for n in range(state.size):
        limit[n] = thresholds[limit[n]]

    # A bucket is a level of its own, or one of the steps -1 and +1 from the present level.
    origin = np.uint32(neighbour is not None)
    step = np.uint32(1) + origin
    moved = np.uint32(0)
    for n in range(state.size):
        accept = np.uint32(0) - np.uint32(np.uint32(words[n] << left) < limit[n])
        target = np.uint32(np.uint32(words[n] >> right) * step) + np.uint32(
            (state[n] - np.uint32(1)) * origin
        )
        level = np.uint32((target & accept) | (state[n] & ~accept))
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@kernel(error_model="numpy")
def move_by_weights(state, own, proposed, fractions, table, weights, other, gap):
    """Accept where u w_i < w_j, with u < 1 the fraction; by Glauber's rule u (w_i + w_j) < w_j.

    Where single precision is in doubt the formula decides, so that nothing is lost but time: near
    equilibrium in one to three moves of a million, whose two sides nearly agree. Far from it,
    between levels whose weights are both too small for single precision, in every move: a gas
    spread evenly at a low temperature moves at the formula's speed until it has come down. `own`,
    the weights of the present levels, is carried from sweep to sweep.
    """
    size, both = state.size, np.float32(table.glauber)

    for n in range(size):
        other[n] = weights[proposed[n]]
    doubtful = np.uint32(0)
    for n in range(size):
        u = np.float32(np.int32(fractions[n] >> np.uint32(8))) * np.float32(2.0**-24)
        gap[n] = u * (own[n] + both * other[n]) - other[n]
        doubtful += np.uint32(in_doubt(gap[n], own[n], other[n]))

    if doubtful != 0:
        for n in range(size):
            if in_doubt(gap[n], own[n], other[n]):
                i, j = np.int64(state[n]), np.int64(proposed[n])
                taken = accepts(i, j, j, fractions[n], table)
                gap[n] = -1.0 if taken else 1.0

    # The sign bit, spread over a word, selects without a branch; weights are selected by their
    # bits.
    moved = np.uint32(0)
    for n in range(size):
        accept = np.uint32(np.float32(gap[n]).view(np.int32) >> np.int32(31))
        level = (proposed[n] & accept) | (state[n] & ~accept)
        here, there = np.float32(own[n]).view(np.uint32), np.float32(other[n]).view(np.uint32)
        own[n] = np.uint32((there & accept) | (here & ~accept)).view(np.float32)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@kernel
def in_doubt(gap, own, other):
    """Tell whether single precision may have the sign of the gap wrong.

    The margin is 16 units of 2⁻²⁴ (w_i + w_j). Of these it needs, for a move with acceptance a,

    - up to 6 - 4a above a and 2 below it, because words are whole. The fractions of a bucket begin
      between r = 2³² mod M and r + M and are M apart; of all ⌊2³²/M⌋ the share a accepts, rounded
      to a whole number. So one that accepts can be 2³² a + (1 - a) r + M/2, one that does not 2³² a
      - M/2. And r < M ≤ 1024, and M = 1 in a wide move;
    - 1 more below a, because u is cut to 24 bits;
    - 4a to either side, because two weights, their sum and its product with u are rounded.

    Together these are at most 7. Each of the two weights may, besides, be one below 2⁻¹²⁶ that
    counts as 0.
    """
    return abs(gap) <= (own + other) * np.float32(2.0**-20) + np.float32(2.0**-125)


@kernel
def move_by_alias(state, proposed, fractions, table, alias, entries):
    """Go to the first level of the bucket's entry or to the second; return how many moved."""
    row_length = np.uint32(table.rows_per_level * table.buckets)
    for n in range(state.size):
        entries[n] = alias[np.uint32(np.uint32(state[n] * row_length) + proposed[n])]

    moved = np.uint32(0)
    for n in range(state.size):
        entry = entries[n]
        levels = np.uint32(entry)
        accept = np.uint32(0) - np.uint32(fractions[n] <= np.uint32(entry >> np.uint64(32)))
        level = ((levels >> np.uint32(16)) & accept) | (levels & np.uint32(0xFFFF) & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved
