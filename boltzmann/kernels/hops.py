"""Sweeps: each particle of each block attempts one move, by the readable loop or by a fast one.

`hop_by_formula` is Metropolis's algorithm as a lecture writes it. The others come to the same decision in plain
loops that the compiler vectorises: from a table of thresholds, from weights, or from an alias table of the whole
transition matrix. Fed the same words, they agree with the formula bit for bit.
"""

from collections import namedtuple

import numpy as np
from numba import njit

from boltzmann.kernels.streams import LANES, fill_words
from boltzmann.kernels.tables import WORDS, acceptance, last_accepted, weight_ratio, words_for

BLOCK = 2048  # particles that share a stream; their working arrays fit in a first-level cache
FORMULA, THRESHOLDS, WEIGHTS, ALIAS = 0, 1, 2, 3  # ways to decide

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
        "decides_by",  # int: one of the four ways
        "thresholds",  # (K, M) uint32, for THRESHOLDS
        "weights",  # (K,) float32, for WEIGHTS
        "alias",  # (R, M) uint64, for ALIAS
        "row_of",  # int: 1 if level i uses row i of the alias table, 0 if all use row 0
    ],
)


@njit(nogil=True, cache=True)
def propose(words, buckets, proposed, fraction):
    """Split each 32-bit word into bucket and fraction; return whether any must be drawn again."""
    if buckets & (buckets - 1) == 0:  # multiplying by a power of two is a shift
        up = 0
        while (1 << up) < buckets:
            up += 1
        left, right = np.uint32(up & 31), np.uint32((32 - up) & 31)
        for i in range(proposed.size):
            fraction[i] = np.uint32(words[i] << left)
            proposed[i] = np.uint32(words[i] >> right)
        return False
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
def accepts(i, j, bucket, fraction, chain):
    """Tell whether a particle on level i that is offered level j goes there: weigh the energy difference."""
    ratio = weight_ratio(
        chain.energies[i],
        chain.energies[j],
        chain.degeneracies[i],
        chain.degeneracies[j],
        chain.temperature,
    )
    buckets, place = (1, 0) if chain.wide else (chain.buckets, bucket)
    words = words_for(acceptance(ratio, chain.glauber), buckets)
    return np.int64(fraction) <= last_accepted(words, place, buckets)


@njit(nogil=True, cache=True)
def hop_by_formula(state, proposed, fraction, chain):
    """Propose, weigh the energy difference, accept or stay; return how many particles moved."""
    moved = 0
    for n in range(state.size):
        i = np.int64(state[n])
        bucket = np.int64(proposed[n])
        j = i + 2 * bucket - 1 if chain.neighbour else bucket
        if j < 0 or j >= chain.energies.size:
            continue  # a step off the end of the ladder is rejected
        if accepts(i, j, bucket, fraction[n], chain):
            state[n] = j
            moved += i != j
    return moved


@njit(nogil=True, cache=True)
def hop_by_thresholds(state, proposed, fraction, chain, memory):
    """Compare each fraction with the threshold of the move; return how many particles moved."""
    thresholds = chain.thresholds.reshape(-1)
    row_length, unused = np.uint32(chain.buckets), np.uint32(WORDS % chain.buckets)
    take = memory.view(np.uint32)[: state.size]
    for n in range(state.size):
        take[n] = np.uint32(state[n] * row_length) + proposed[n]
    for n in range(state.size):
        take[n] = thresholds[take[n]]
    if chain.neighbour:
        for n in range(state.size):
            proposed[n] = np.uint32(state[n] + proposed[n] + proposed[n] - np.uint32(1))
    moved = np.uint32(0)
    for n in range(state.size):
        accept = np.uint32(0) - np.uint32(np.uint32(fraction[n] - unused) < take[n])
        level = (proposed[n] & accept) | (state[n] & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True, error_model="numpy")
def hop_by_weights(state, proposed, fraction, chain, memory):
    """Accept where u (w_i + w_j) < w_j, u < 1 the fraction (without w_i beside it by Metropolis's rule).

    Single precision settles all but about one move in a million, whose two sides nearly agree or whose weight
    is too small for it; for these the formula decides. So nothing is lost but time.
    """
    size = state.size
    weights, both = chain.weights, np.float32(chain.glauber)
    gap = memory.view(np.float32)[:size]
    doubt = memory.view(np.float32)[size : 2 * size]
    for n in range(size):
        doubt[n] = weights[state[n]]
        gap[n] = weights[proposed[n]]
    doubtful = np.uint32(0)
    for n in range(size):
        u = np.float32(np.int32(fraction[n] >> np.uint32(8))) * np.float32(2.0**-24)
        own, other = doubt[n], gap[n]
        distance = u * (own + both * other) - other
        near = abs(distance) <= (own + other) * np.float32(2.0**-20)
        gap[n] = distance
        doubt[n] = np.float32(near | (own == np.float32(0.0)))
        doubtful |= np.uint32(near | (own == np.float32(0.0)))
    if doubtful != 0:
        for n in range(size):
            if doubt[n] != 0:
                i, j = np.int64(state[n]), np.int64(proposed[n])
                gap[n] = -1.0 if accepts(i, j, j, fraction[n], chain) else 1.0
    moved = np.uint32(0)
    for n in range(size):
        level = proposed[n] if gap[n] < np.float32(0.0) else state[n]
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True)
def hop_by_alias(state, proposed, fraction, chain, memory):
    """Go to the first level of the bucket's entry or to the second; return how many particles moved."""
    table = chain.alias.reshape(-1)
    row_length = np.uint32(chain.row_of * chain.buckets)
    entries = memory[: state.size]
    for n in range(state.size):
        entries[n] = table[np.uint32(state[n] * row_length) + proposed[n]]
    moved = np.uint32(0)
    for n in range(state.size):
        entry = entries[n]
        levels = np.uint32(entry)
        accept = np.uint32(0) - np.uint32(fraction[n] <= np.uint32(entry >> np.uint64(32)))
        level = ((levels >> np.uint32(16)) & accept) | (levels & np.uint32(0xFFFF) & ~accept)
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
def hop(state, proposed, fraction, chain, memory):
    """Decide the moves of a block by the chain's own way; return how many particles moved."""
    if chain.decides_by == THRESHOLDS:
        return np.int64(hop_by_thresholds(state, proposed, fraction, chain, memory))
    if chain.decides_by == WEIGHTS:
        return np.int64(hop_by_weights(state, proposed, fraction, chain, memory))
    if chain.decides_by == ALIAS:
        return np.int64(hop_by_alias(state, proposed, fraction, chain, memory))
    return np.int64(hop_by_formula(state, proposed, fraction, chain))


@njit(nogil=True, cache=True)
def sweep_blocks(states, streams, chain, done, sweeps, stride, counts, moved):
    """Sweep every block `sweeps` times, looking after each sweep whose number is a multiple of `stride`.

    `states` (N,) uint16 and `streams` (B, 4, LANES) are advanced in place. `done` sweeps came before.
    `counts` (looks, K) and `moved` (rows,), a row for each begun stride, are added to.
    """
    state_memory = np.empty(BLOCK, np.uint32)
    proposed_memory = np.empty(BLOCK, np.uint32)
    fraction_memory = np.empty(BLOCK, np.uint32)
    memory = np.empty(BLOCK, np.uint64)
    words = np.empty(BLOCK, np.uint64)
    partial = np.zeros((4, counts.shape[1]), np.int64)
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
            moved[sweep // stride - done // stride] += hop(state, proposed, fraction, chain, memory)
            if (sweep + 1) % stride == 0:
                tally(state, counts[(sweep + 1) // stride - 1 - done // stride], partial)
        home[:] = state
