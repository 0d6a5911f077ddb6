"""Sweeps: each particle of each block attempts one move, by the readable loop or by table.

`hop_by_formula` is Metropolis's algorithm as a lecture writes it. `hop_by_table` looks the same decision up in
a table, in three plain loops that the compiler vectorises. Fed the same words, they agree bit for bit.
"""

from collections import namedtuple

import numpy as np
from numba import njit

from boltzmann.kernels.streams import LANES, fill_words
from boltzmann.kernels.tables import WORDS, acceptance, last_accepted, weight_ratio, words_for

BLOCK = 2048  # particles that share a stream; their working arrays fit in a first-level cache

Chain = namedtuple(
    "Chain",
    [
        "energies",  # (K,) float64
        "degeneracies",  # (K,) float64
        "temperature",  # float
        "neighbour",  # bool: buckets are "down" and "up" instead of levels
        "glauber",  # bool
        "buckets",  # int: M
        "wide",  # bool: a 64-bit word for each move, one half to propose and one to decide
        "by_table",  # bool
        "table",  # (R, M) uint64
        "row_of",  # int: 1 if level i uses row i of the table, 0 if all use row 0
    ],
)


@njit(nogil=True, cache=True)
def propose(words, buckets, proposed, fraction):
    """Split each 32-bit word into bucket and fraction; return whether any must be drawn again."""
    redraw_below = np.uint32(WORDS % buckets)
    again = np.uint32(0)
    for i in range(proposed.size):
        product = np.uint64(words[i]) * np.uint64(buckets)
        fraction[i] = np.uint32(product)
        proposed[i] = np.uint32(product >> np.uint64(32))
        again |= np.uint32(np.uint32(product) < redraw_below)
    return again != 0


@njit(nogil=True, cache=True)
def propose_again(stream, buckets, proposed, fraction):
    """Draw again, in order, the words whose fraction Lemire's method refuses."""
    redraw_below = np.uint32(WORDS % buckets)
    spare = np.empty(LANES, np.uint64)
    for i in range(proposed.size):
        while fraction[i] < redraw_below:
            fill_words(stream, spare)
            product = (spare[0] >> np.uint64(32)) * np.uint64(buckets)
            fraction[i] = np.uint32(product)
            proposed[i] = np.uint32(product >> np.uint64(32))


@njit(nogil=True, cache=True, error_model="numpy")
def hop_by_formula(state, proposed, fraction, chain):
    """Propose, weigh the energy difference, accept or stay; return how many particles moved."""
    moved = 0
    for n in range(state.size):
        i = np.int64(state[n])
        bucket = np.int64(proposed[n])
        j = i + 2 * bucket - 1 if chain.neighbour else bucket
        if j < 0 or j >= chain.energies.size:
            continue  # a step off the end of the ladder is rejected
        ratio = weight_ratio(
            chain.energies[i],
            chain.energies[j],
            chain.degeneracies[i],
            chain.degeneracies[j],
            chain.temperature,
        )
        buckets, place = (1, 0) if chain.wide else (chain.buckets, bucket)
        words = words_for(acceptance(ratio, chain.glauber), buckets)
        if np.int64(fraction[n]) <= last_accepted(words, place, buckets):
            state[n] = j
            moved += i != j
    return moved


@njit(nogil=True, cache=True)
def hop_by_table(state, proposed, fraction, table, row_length, entries):
    """Look each move up, then go to the first level of its entry or to the second; return how many moved."""
    for n in range(state.size):
        proposed[n] += state[n] * np.uint32(row_length)
    for n in range(state.size):
        entries[n] = table[proposed[n]]
    moved = np.uint32(0)
    for n in range(state.size):
        entry = entries[n]
        levels = np.uint32(entry)
        accepts = np.uint32(0) - np.uint32(fraction[n] <= np.uint32(entry >> np.uint64(32)))
        level = ((levels >> np.uint32(16)) & accepts) | (levels & np.uint32(0xFFFF) & ~accepts)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True)
def tally(state, counts, partial):
    """Add to `counts` (K,) how many particles are on each level.

    Four partial tallies, (4, K) and all 0 on entry and exit, keep one increment from waiting for the last; where
    levels outnumber particles, adding them up would cost more than it saves.
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
        counts[level] += partial[0, level] + partial[1, level] + partial[2, level] + partial[3, level]
    partial[:] = 0


@njit(nogil=True, cache=True)
def sweep_blocks(states, streams, chain, done, sweeps, stride, counts, moved):
    """Sweep every block `sweeps` times, looking after each sweep whose number is a multiple of `stride`.

    `states` (N,) uint16 and `streams` (B, 4, LANES) are advanced in place. `done` sweeps came before.
    `counts` (looks, K) and `moved` (rows,), a row for each begun stride, are added to.
    """
    state_memory = np.empty(BLOCK, np.uint32)
    proposed_memory = np.empty(BLOCK, np.uint32)
    fraction_memory = np.empty(BLOCK, np.uint32)
    entries = np.empty(BLOCK, np.uint64)
    words = np.empty(BLOCK, np.uint64)
    partial = np.zeros((4, counts.shape[1]), np.int64)
    table = chain.table.reshape(-1)
    row_length = chain.row_of * chain.buckets
    for block in range(streams.shape[0]):
        stream = streams[block]
        home = states[block * BLOCK : (block + 1) * BLOCK]
        size = home.size
        state, proposed, fraction = state_memory[:size], proposed_memory[:size], fraction_memory[:size]
        state[:] = home
        # Wide moves take a 64-bit word each, the others half of one; whole rows of lanes are drawn.
        needed = size if chain.wide else (size + 1) // 2
        drawn = words[: (needed + LANES - 1) // LANES * LANES]
        halves = drawn.view(np.uint32)
        for sweep in range(done, done + sweeps):
            fill_words(stream, drawn)
            if chain.wide:
                again = propose(halves[: 2 * size : 2], chain.buckets, proposed, fraction)
            else:
                again = propose(halves[:size], chain.buckets, proposed, fraction)
            if again:
                propose_again(stream, chain.buckets, proposed, fraction)
            if chain.wide:
                fraction[:] = halves[1 : 2 * size : 2]
            if chain.by_table:
                hops = hop_by_table(state, proposed, fraction, table, row_length, entries)
            else:
                hops = hop_by_formula(state, proposed, fraction, chain)
            moved[sweep // stride - done // stride] += hops
            if (sweep + 1) % stride == 0:
                tally(state, counts[(sweep + 1) // stride - 1 - done // stride], partial)
        home[:] = state
