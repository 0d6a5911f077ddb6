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
from boltzmann.simulation.kernels.random_streams import LANES, fill_words
from boltzmann.simulation.kernels.vector_moves import LEFT_OPEN, attempt_moves

PARTICLES_A_ROW = 2 * LANES  # that one row of random words serves
BLOCK = 2048  # particles that share a stream; their working arrays fit in a first-level cache

# What decides the moves: one of `thresholds`, `weights` and `alias`, or the formula if all are None.
# Numba compiles a kernel for each combination of what is None, with no code in it for the others.
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

# Where a block is worked on. Arrays that share memory are made here because Numba is slow to
# compile views.
Workspace = namedtuple(
    "Workspace",
    [
        "state",  # (BLOCK,) uint32, the level of each particle
        "own",  # (BLOCK,) float32, the weight of that level, for WEIGHTS
        "proposed",  # (BLOCK,) uint32, the bucket of each particle's word
        "limit",  # (BLOCK,) uint32, the threshold of each move, for THRESHOLDS
        "other",  # (BLOCK,) float32, the weight of the proposed level, for WEIGHTS
        "gap",  # (BLOCK,) float32, negative where a move is accepted, for WEIGHTS
        "entries",  # (BLOCK,) uint64, of the alias table, for ALIAS
        "drawn",  # (BLOCK,) uint64, random words
        "words",  # (2·BLOCK,) uint32, the halves of `drawn`
        "redrawn",  # (LANES,) uint64, random words in the place of refused ones
        "before",  # (4, LANES) uint64, the stream before the sweep
        "partial",  # (4, K) int64, partial tallies, all 0
    ],
)


def workspace(levels):
    """Return the workspace for that many levels.

    Its arrays begin at multiples of a cache line and, so that a store to one is not taken for a
    store to another, not at the same place of a page.
    """
    line, arrays = 8, 8
    memory = np.empty(arrays * (BLOCK + line) + line, np.uint64)
    start = -(memory.ctypes.data // memory.itemsize) % line
    rows = memory[start : start + arrays * (BLOCK + line)].reshape(arrays, BLOCK + line)[:, :BLOCK]

    return Workspace(
        state=rows[0].view(np.uint32)[:BLOCK],
        own=rows[1].view(np.float32)[:BLOCK],
        proposed=rows[2].view(np.uint32)[:BLOCK],
        limit=rows[3].view(np.uint32)[:BLOCK],
        other=rows[4].view(np.float32)[:BLOCK],
        gap=rows[5].view(np.float32)[:BLOCK],
        entries=rows[6],
        drawn=rows[7],
        words=rows[7].view(np.uint32),
        redrawn=np.empty(LANES, np.uint64),
        before=np.empty((4, LANES), np.uint64),
        partial=np.zeros((4, levels), np.int64),
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


@kernel
def tally(state, size, counts, partial):
    """Add to `counts` (K,) how many of the first `size` particles are on each level.

    Four partial tallies, (4, K) and all 0 on entry and exit, keep one increment from waiting for
    the last; where levels outnumber particles, adding them up would cost more than it saves.
    """
    if counts.size > size:
        for n in range(size):
            counts[state[n]] += 1
        return

    whole = size - size % 4
    for n in range(0, whole, 4):
        partial[0, state[n]] += 1
        partial[1, state[n + 1]] += 1
        partial[2, state[n + 2]] += 1
        partial[3, state[n + 3]] += 1
    for n in range(whole, size):
        partial[0, state[n]] += 1

    for level in range(counts.size):
        for part in range(4):
            counts[level] += partial[part, level]
            partial[part, level] = 0


@kernel(error_model="numpy")
def settle(size, stream, table, thresholds, weights, alias, space):
    """Make the moves that the vectors left open; return how many particles moved.

    These are the moves whose word is to be drawn again, in the order of the particles, and those
    in which single precision is in doubt.
    """
    state, words, moved = space.state, space.words, 0
    fill_words(space.before, space.drawn)  # the words of this sweep once more
    for n in range(size):
        product = np.int64(words[n]) * table.buckets
        doubtful = state[n] >= LEFT_OPEN
        if not doubtful and np.int64(np.uint32(product)) >= table.refused_below:
            continue
        while np.int64(np.uint32(product)) < table.refused_below:
            fill_words(stream, space.redrawn)
            product = np.int64(space.redrawn[0] >> np.uint64(32)) * table.buckets
        bucket, fraction = product >> 32, np.int64(np.uint32(product))

        i = np.int64(state[n] & np.uint32(LEFT_OPEN - 1))
        j = i
        if thresholds is not None:
            if fraction - table.refused_below < thresholds[i * table.buckets + bucket]:
                j = bucket
        if weights is not None:
            if accepts(i, bucket, bucket, fraction, table):
                j = bucket
            space.own[n] = weights[j]
        if alias is not None:
            entry = alias[i * table.rows_per_level * table.buckets + bucket]
            first = fraction <= np.int64(entry >> np.uint64(32))
            j = np.int64((entry >> np.uint64(16 if first else 0)) & np.uint64(0xFFFF))
        moved += i != j
        state[n] = j
    return moved


@kernel
def move_by_loops(size, stream, table, thresholds, weights, alias, bits, space):
    """Let each particle of a block attempt one move by the loops above; return how many moved."""
    # A wide move takes two 32-bit words, any other one; whole rows of lanes are drawn.
    needed = 2 * size if table.wide else size
    fill_words(stream, space.drawn[: (needed + 2 * LANES - 1) // (2 * LANES) * LANES])
    state, proposed, limit = space.state[:size], space.proposed[:size], space.limit[:size]
    words, fractions = space.words[:size], space.words[needed - size : needed]

    if thresholds is not None:
        if bits is not None:
            return move_by_bits(state, words, thresholds, bits, table.neighbour, limit)
    propose(stream, words, table.buckets, proposed, space.redrawn)
    if thresholds is not None:
        return move_by_thresholds(state, proposed, fractions, table, thresholds, limit)
    if weights is not None:
        own, other, gap = space.own[:size], space.other[:size], space.gap[:size]
        return move_by_weights(state, own, proposed, fractions, table, weights, other, gap)
    if alias is not None:
        return move_by_alias(state, proposed, fractions, table, alias, space.entries[:size])
    return move_by_formula(state, proposed, fractions, table)


@kernel
def sweep_compiled(
    states, streams, table, thresholds, weights, alias, bits, vectors, space, span, counts, moved
):
    """Do the work of `sweep_blocks`."""
    done, sweeps, every = span
    state, own = space.state, space.own
    for block in range(streams.shape[0]):
        first, stream = block * BLOCK, streams[block]
        size = min(BLOCK, states.size - first)
        rows = (size + PARTICLES_A_ROW - 1) // PARTICLES_A_ROW
        for n in range(size):
            state[n] = states[first + n]
            if weights is not None:
                own[n] = weights[state[n]]

        for sweep in range(done, done + sweeps):
            if vectors is not None:
                # The particles that fill the last row begin on level 0; their moves do not count.
                for n in range(size, rows * PARTICLES_A_ROW):
                    state[n] = 0
                    if weights is not None:
                        own[n] = weights[0]
                changed, left_open = attempt_moves(
                    rows, state, own, stream, space.before,
                    thresholds, weights, alias, table.neighbour, bits, table,
                )
                for n in range(size, rows * PARTICLES_A_ROW):
                    changed -= np.int64(state[n] & np.uint32(LEFT_OPEN - 1)) != 0
                if left_open != 0:
                    changed += settle(size, stream, table, thresholds, weights, alias, space)
            else:
                changed = move_by_loops(
                    size, stream, table, thresholds, weights, alias, bits, space
                )
            moved[sweep // every - done // every] += changed
            if (sweep + 1) % every == 0:
                tally(state, size, counts[(sweep + 1) // every - 1 - done // every], space.partial)

        for n in range(size):
            states[first + n] = state[n]


def sweep_blocks(states, streams, table, space, done, sweeps, every, counts, moved):
    """Sweep every block `sweeps` times, after `done` earlier sweeps.

    `states` (N,) uint16 and `streams` (B, 4, LANES) are advanced in place. `counts` (R, K), a row
    for each sweep whose number is a multiple of `every`, and `moved` (I,), an entry for each
    interval of `every` sweeps, are added to.
    """
    sweep_compiled(
        states,
        streams,
        table,
        table.thresholds,
        table.weights,
        table.alias,
        table.bits,
        table.vectors,
        space,
        (done, sweeps, every),
        counts,
        moved,
    )
