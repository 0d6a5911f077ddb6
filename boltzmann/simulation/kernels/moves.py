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

BLOCK = 2048  # particles that share a stream; their working arrays fit in a first-level cache
FORMULA, THRESHOLDS, WEIGHTS, ALIAS = 0, 1, 2, 3  # the methods to decide a move

MoveTable = namedtuple(
    "MoveTable",
    [
        "energies",  # (K,) float64
        "degeneracies",  # (K,) float64
        "temperature",  # float
        "neighbour",  # bool: buckets are "down" and "up" instead of levels
        "glauber",  # bool
        "buckets",  # int: M
        "wide",  # bool: a 64-bit word for each move, one half to propose and one to decide
        "method",  # int: one of the four methods
        "thresholds",  # (K·M,) uint32, for THRESHOLDS
        "weights",  # (K,) float32, for WEIGHTS
        "alias",  # (R·M,) uint64, for ALIAS
        "rows_per_level",  # int: 1 if level i uses row i of the alias table, 0 if all use row 0
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
        j = i + 2 * bucket - 1 if table.neighbour else bucket
        if j < 0 or j >= table.energies.size:
            continue  # a step off the end of the ladder is rejected
        if accepts(i, j, bucket, fractions[n], table):
            state[n] = j
            moved += i != j
    return moved


@kernel
def move_by_thresholds(state, proposed, fractions, table, limit):
    """Compare each fraction with the threshold of its move; return how many particles moved."""
    buckets, refused_below = np.uint32(table.buckets), np.uint32(WORDS % table.buckets)

    for n in range(state.size):
        limit[n] = np.uint32(np.uint32(state[n] * buckets) + proposed[n])
    for n in range(state.size):
        limit[n] = table.thresholds[limit[n]]

    moved = np.uint32(0)
    for n in range(state.size):
        accept = np.uint32(0) - np.uint32(np.uint32(fractions[n] - refused_below) < limit[n])
        level = (proposed[n] & accept) | (state[n] & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@kernel
def move_by_bits(state, words, table, limit):
    """Do as `move_by_thresholds` where M is a power of two.

    The first bits of a word are then its bucket, and the others its fraction.
    """
    bits = 0
    while (1 << bits) < table.buckets:
        bits += 1
    left, right = np.uint32(bits & 31), np.uint32((32 - bits) & 31)

    for n in range(state.size):
        limit[n] = np.uint32(state[n] << left) | np.uint32(words[n] >> right)
    for n in range(state.size):
        limit[n] = table.thresholds[limit[n]]

    # A bucket is a level of its own, or one of the steps -1 and +1 from the present level.
    step, origin = np.uint32(1 + table.neighbour), np.uint32(table.neighbour)
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
def move_by_weights(state, own, proposed, fractions, table, other, gap):
    """Accept where u w_i < w_j, with u < 1 the fraction; by Glauber's rule u (w_i + w_j) < w_j.

    Where single precision is in doubt the formula decides, so that nothing is lost but time: near
    equilibrium in one to three moves of a million, whose two sides nearly agree. Far from it,
    between levels whose weights are both too small for single precision, in every move: a gas
    spread evenly at a low temperature moves at the formula's speed until it has come down. `own`,
    the weights of the present levels, is carried from sweep to sweep.
    """
    size, both = state.size, np.float32(table.glauber)

    for n in range(size):
        other[n] = table.weights[proposed[n]]
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
def move_by_alias(state, proposed, fractions, table, entries):
    """Go to the first level of the bucket's entry or to the second; return how many moved."""
    row_length = np.uint32(table.rows_per_level * table.buckets)
    for n in range(state.size):
        entries[n] = table.alias[np.uint32(np.uint32(state[n] * row_length) + proposed[n])]

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
def tally(state, counts, partial):
    """Add to `counts` (K,) how many particles are on each level.

    Four partial tallies, (4, K) and all 0 on entry and exit, keep one increment from waiting for
    the last; where levels outnumber particles, adding them up would cost more than it saves.
    """
    if counts.size > state.size:
        for n in range(state.size):
            counts[state[n]] += 1
        return

    whole = state.size - state.size % 4
    for n in range(0, whole, 4):
        partial[0, state[n]] += 1
        partial[1, state[n + 1]] += 1
        partial[2, state[n + 2]] += 1
        partial[3, state[n + 3]] += 1
    for n in range(whole, state.size):
        partial[0, state[n]] += 1

    for level in range(counts.size):
        counts[level] += (
            partial[0, level] + partial[1, level] + partial[2, level] + partial[3, level]
        )
    partial[:] = 0


@kernel
def sweep_block(block_states, stream, table, space, done, sweeps, every, counts, moved):
    """Sweep one block: let each particle, once a sweep, attempt the move that its word says."""
    size, by_bits = block_states.size, table.buckets & (table.buckets - 1) == 0
    state, proposed, limit, entries = (
        space.state[:size],
        space.proposed[:size],
        space.limit[:size],
        space.entries[:size],
    )
    own, other, gap = space.own[:size], space.other[:size], space.gap[:size]
    for n in range(size):
        state[n] = block_states[n]
        own[n] = table.weights[state[n]] if table.method == WEIGHTS else 1.0

    # A wide move takes two 32-bit words, any other one; whole rows of lanes are drawn.
    needed = 2 * size if table.wide else size
    drawn = space.drawn[: (needed + 2 * LANES - 1) // (2 * LANES) * LANES]
    words, fractions = space.words[:size], space.words[needed - size : needed]

    for sweep in range(done, done + sweeps):
        fill_words(stream, drawn)
        if not (table.method == THRESHOLDS and by_bits):
            propose(stream, words, table.buckets, proposed, space.redrawn)

        if table.method == THRESHOLDS and by_bits:
            changed = move_by_bits(state, words, table, limit)
        elif table.method == THRESHOLDS:
            changed = move_by_thresholds(state, proposed, fractions, table, limit)
        elif table.method == WEIGHTS:
            changed = move_by_weights(state, own, proposed, fractions, table, other, gap)
        elif table.method == ALIAS:
            changed = move_by_alias(state, proposed, fractions, table, entries)
        else:
            changed = move_by_formula(state, proposed, fractions, table)

        moved[sweep // every - done // every] += changed
        if (sweep + 1) % every == 0:
            tally(state, counts[(sweep + 1) // every - 1 - done // every], space.partial)

    for n in range(size):
        block_states[n] = state[n]


@kernel
def sweep_blocks(states, streams, table, space, done, sweeps, every, counts, moved):
    """Sweep every block `sweeps` times, after `done` earlier sweeps.

    `states` (N,) uint16 and `streams` (B, 4, LANES) are advanced in place. `counts` (R, K), a row
    for each sweep whose number is a multiple of `every`, and `moved` (I,), an entry for each
    interval of `every` sweeps, are added to.
    """
    for block in range(streams.shape[0]):
        block_states = states[block * BLOCK : (block + 1) * BLOCK]
        sweep_block(block_states, streams[block], table, space, done, sweeps, every, counts, moved)
