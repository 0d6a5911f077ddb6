"""Sweeps: each particle of each block attempts one move, in vector registers or by plain loops.

Both kernels make the same moves of the same random words. Which of them runs is written in the
table of moves, which knows the processor.
"""

from collections import namedtuple

import numpy as np

from boltzmann._core.jit import kernel
from boltzmann.simulation.kernels.move_tables import WORDS
from boltzmann.simulation.kernels.moves import (
    BLOCK,
    accepts,
    move_by_alias,
    move_by_bits,
    move_by_formula,
    move_by_thresholds,
    move_by_weights,
    propose,
)
from boltzmann.simulation.kernels.random_streams import LANES, fill_row, fill_words
from boltzmann.simulation.kernels.vector_moves import LEFT_OPEN, PARTICLES_A_ROW, attempt_moves

# What `accepts` weighs.
Pair = namedtuple("Pair", ["energies", "degeneracies", "temperature", "glauber", "wide", "buckets"])

# Where a block is worked on. Arrays that share memory are made here because Numba is slow to
# compile views.
Workspace = namedtuple(
    "Workspace",
    [
        "state",  # (BLOCK,) uint32, the level of each particle
        "own",  # (BLOCK,) float32, the weight of that level, for moves by weights
        "proposed",  # (BLOCK,) uint32, the bucket of each particle's word
        "limit",  # (BLOCK,) uint32, the threshold of each move, for moves by thresholds
        "other",  # (BLOCK,) float32, the weight of the proposed level, for moves by weights
        "gap",  # (BLOCK,) float32, negative where a move is accepted, for moves by weights
        "entries",  # (BLOCK,) uint64, of the alias table, for moves by alias
        "drawn",  # (BLOCK,) uint64, random words
        "words",  # (2·BLOCK,) uint32, the halves of `drawn`
        "redrawn",  # (LANES,) uint64, random words in the place of refused ones
        "lanes",  # (6, LANES) uint64, for `vector_moves`: the stream before a sweep, and two rows
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
        lanes=np.empty((6, LANES), np.uint64),
        partial=np.zeros((4, levels), np.int64),
    )


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
        counts[level] += (
            partial[0, level] + partial[1, level] + partial[2, level] + partial[3, level]
        )
        partial[0, level] = partial[1, level] = partial[2, level] = partial[3, level] = 0


@kernel(error_model="numpy")
def settle(size, state, own, stream, lanes, thresholds, weights, alias, pair, numbers):
    """Make the moves that the vectors left open; return how many particles moved.

    These are the moves whose word is to be drawn again, in the order of the particles, and those
    in which single precision is in doubt.
    """
    buckets, refused_below, rows_per_level, _ = numbers
    moved = 0
    for n in range(size):
        if n % PARTICLES_A_ROW == 0:  # the words of this sweep once more, row by row
            fill_row(lanes, lanes, 4)
        word = lanes[4, n // 2 % LANES] >> np.uint64(32 * (n % 2))
        product = np.int64(np.uint32(word)) * buckets
        if state[n] < LEFT_OPEN and product % WORDS >= refused_below:
            continue
        while product % WORDS < refused_below:
            fill_row(stream, lanes, 5)
            product = np.int64(lanes[5, 0] >> np.uint64(32)) * buckets
        bucket, fraction = product // WORDS, product % WORDS

        i = np.int64(state[n] & np.uint32(LEFT_OPEN - 1))
        j = i
        if thresholds is not None:  # noqa: SIM102, Numba leaves out what hangs on one None
            if fraction - refused_below < thresholds[i * buckets + bucket]:
                j = bucket
        if weights is not None:
            if accepts(i, bucket, bucket, fraction, pair):
                j = bucket
            own[n] = weights[j]
        if alias is not None:
            entry = alias[i * rows_per_level * buckets + bucket]
            levels, limit = np.int64(np.uint32(entry)), np.int64(entry >> np.uint64(32))
            j = levels >> 16 if fraction <= limit else levels & 0xFFFF
        moved += i != j
        state[n] = j
    return moved


@kernel
def sweep_by_vectors(
    states,
    streams,
    thresholds,
    weights,
    alias,
    neighbour,
    bits,
    pair,
    numbers,
    state,
    own,
    lanes,
    partial,
    span,
    counts,
    moved,
):
    """Do as `sweep_by_loops`, in vector registers."""
    done, sweeps, every = span
    for block in range(streams.shape[0]):
        first, stream = block * BLOCK, streams[block]
        size = min(BLOCK, states.size - first)
        rows = (size + PARTICLES_A_ROW - 1) // PARTICLES_A_ROW
        for n in range(size):
            state[n] = states[first + n]
            if weights is not None:
                own[n] = weights[state[n]]

        for sweep in range(done, done + sweeps):
            # The particles that fill the last row begin on level 0; their moves do not count.
            for n in range(size, rows * PARTICLES_A_ROW):
                state[n] = 0
                if weights is not None:
                    own[n] = weights[0]
            changed, left_open = attempt_moves(
                rows,
                state,
                own,
                stream,
                lanes,
                thresholds,
                weights,
                alias,
                neighbour,
                bits,
                numbers,
            )
            for n in range(size, rows * PARTICLES_A_ROW):
                changed -= state[n] % LEFT_OPEN != 0

            if left_open != 0:
                changed += settle(
                    size, state, own, stream, lanes, thresholds, weights, alias, pair, numbers
                )
            moved[sweep // every - done // every] += changed
            if (sweep + 1) % every == 0:
                tally(state, size, counts[(sweep + 1) // every - 1 - done // every], partial)

        for n in range(size):
            states[first + n] = state[n]


@kernel
def move_by_loops(size, stream, table, thresholds, weights, alias, bits, space):
    """Let each particle of a block attempt one move by the loops above; return how many moved."""
    # A wide move takes two 32-bit words, any other one; whole rows of lanes are drawn.
    needed = 2 * size if table.wide else size
    fill_words(stream, space.drawn[: (needed + 2 * LANES - 1) // (2 * LANES) * LANES])
    state, proposed, limit = space.state[:size], space.proposed[:size], space.limit[:size]
    words, fractions = space.words[:size], space.words[needed - size : needed]

    if thresholds is not None:  # noqa: SIM102, Numba leaves out what hangs on one None
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
def sweep_by_loops(
    states, streams, table, thresholds, weights, alias, bits, space, span, counts, moved
):
    """Do the work of `sweep_blocks` by plain loops."""
    done, sweeps, every = span
    state, own = space.state, space.own
    for block in range(streams.shape[0]):
        first, stream = block * BLOCK, streams[block]
        size = min(BLOCK, states.size - first)
        for n in range(size):
            state[n] = states[first + n]
            if weights is not None:
                own[n] = weights[state[n]]

        for sweep in range(done, done + sweeps):
            changed = move_by_loops(size, stream, table, thresholds, weights, alias, bits, space)
            moved[sweep // every - done // every] += changed
            if (sweep + 1) % every == 0:
                row = counts[(sweep + 1) // every - 1 - done // every]
                tally(state, size, row, space.partial)

        for n in range(size):
            states[first + n] = state[n]


def sweep_blocks(states, streams, table, space, done, sweeps, every, counts, moved):
    """Sweep every block `sweeps` times, after `done` earlier sweeps.

    `states` (N,) uint16 and `streams` (B, 4, LANES) are advanced in place. `counts` (R, K), a row
    for each sweep whose number is a multiple of `every`, and `moved` (I,), an entry for each
    interval of `every` sweeps, are added to.
    """
    span = (done, sweeps, every)
    decided = (table.thresholds, table.weights, table.alias)
    if table.vectors is None:
        sweep_by_loops(states, streams, table, *decided, table.bits, space, span, counts, moved)
        return

    weighs = table.weights is not None
    pair = Pair(*(getattr(table, name) for name in Pair._fields)) if weighs else None
    numbers = (table.buckets, table.refused_below, table.rows_per_level, int(table.glauber))
    sweep_by_vectors(
        states,
        streams,
        *decided,
        table.neighbour,
        table.bits,
        pair,
        numbers,
        space.state,
        space.own if weighs else None,
        space.lanes,
        space.partial,
        span,
        counts,
        moved,
    )
