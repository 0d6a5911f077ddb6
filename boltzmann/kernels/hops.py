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
def redraw(stream, words, buckets):
    """Draw again, in order, the words whose fraction Lemire's method refuses, fewer than buckets in 2³²."""
    refused_below = np.uint32(WORDS % buckets)
    if refused_below == 0:
        return
    factor, refused = np.uint32(buckets), np.uint32(0)
    for n in range(words.size):
        refused |= np.uint32(np.uint32(words[n] * factor) < refused_below)
    if refused == 0:
        return
    spare = np.empty(LANES, np.uint64)
    for n in range(words.size):
        while np.uint32(words[n] * factor) < refused_below:
            fill_words(stream, spare)
            words[n] = np.uint32(spare[0] >> np.uint64(32))


@njit(nogil=True, cache=True)
def propose(words, buckets, proposed):
    """Write the bucket of each word, the high half of word·buckets, in 32-bit arithmetic."""
    if buckets & (buckets - 1) == 0:
        bits = 0
        while (1 << bits) < buckets:
            bits += 1
        unused = np.uint32((32 - bits) & 31)
        for n in range(proposed.size):
            proposed[n] = np.uint32(words[n] >> unused)
        return
    factor = np.uint32(buckets)
    for n in range(proposed.size):
        low = np.uint32(np.uint32(words[n] & np.uint32(0xFFFF)) * factor)
        high = np.uint32(np.uint32(words[n] >> np.uint32(16)) * factor)
        proposed[n] = np.uint32(np.uint32(high + np.uint32(low >> np.uint32(16))) >> np.uint32(16))


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
def hop_by_formula(state, proposed, fractions, factor, chain):
    """Propose, weigh the energy difference, accept or stay; return how many particles moved."""
    moved = 0
    for n in range(state.size):
        i = np.int64(state[n])
        bucket = np.int64(proposed[n])
        j = i + 2 * bucket - 1 if chain.neighbour else bucket
        if j < 0 or j >= chain.energies.size:
            continue  # a step off the end of the ladder is rejected
        if accepts(i, j, bucket, np.uint32(fractions[n] * factor), chain):
            state[n] = j
            moved += i != j
    return moved


@njit(nogil=True, cache=True)
def hop_by_thresholds(state, words, chain, proposed, memory):
    """Compare each fraction with the threshold of its move; return how many particles moved."""
    thresholds = chain.thresholds.reshape(-1)
    buckets, refused_below = np.uint32(chain.buckets), np.uint32(WORDS % chain.buckets)
    propose(words, chain.buckets, proposed)
    limit = memory.view(np.uint32)[: state.size]
    for n in range(state.size):
        limit[n] = np.uint32(np.uint32(state[n] * buckets) + proposed[n])
    for n in range(state.size):
        limit[n] = thresholds[limit[n]]
    moved = np.uint32(0)
    for n in range(state.size):
        fraction = np.uint32(np.uint32(words[n] * buckets) - refused_below)
        accept = np.uint32(0) - np.uint32(fraction < limit[n])
        level = (proposed[n] & accept) | (state[n] & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True)
def hop_by_bits(state, words, chain, memory):
    """Do as `hop_by_thresholds` where buckets are a power of two: the word's own bits are bucket and fraction."""
    thresholds = chain.thresholds.reshape(-1)
    bits = 0
    while (1 << bits) < chain.buckets:
        bits += 1
    left, right = np.uint32(bits & 31), np.uint32((32 - bits) & 31)
    limit = memory.view(np.uint32)[: state.size]
    for n in range(state.size):
        limit[n] = np.uint32(state[n] << left) | np.uint32(words[n] >> right)
    for n in range(state.size):
        limit[n] = thresholds[limit[n]]
    # A bucket is a level of its own, or one of the steps -1 and +1 from the present level.
    step, origin = np.uint32(1 + chain.neighbour), np.uint32(chain.neighbour)
    moved = np.uint32(0)
    for n in range(state.size):
        accept = np.uint32(0) - np.uint32(np.uint32(words[n] << left) < limit[n])
        target = np.uint32(np.uint32(words[n] >> right) * step) + np.uint32((state[n] - np.uint32(1)) * origin)
        level = np.uint32((target & accept) | (state[n] & ~accept))
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True, error_model="numpy")
def hop_by_weights(state, proposed, fractions, factor, chain, memory):
    """Accept where u (w_i + w_j) < w_j, u < 1 the fraction (without w_j beside w_i by Metropolis's rule).

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
        fraction = np.uint32(fractions[n] * factor)
        u = np.float32(np.int32(fraction >> np.uint32(8))) * np.float32(2.0**-24)
        own, other = doubt[n], gap[n]
        distance = u * (own + both * other) - other
        near = (abs(distance) <= (own + other) * np.float32(2.0**-20)) | (own == np.float32(0.0))
        gap[n], doubt[n] = distance, np.float32(near)
        doubtful |= np.uint32(near)
    if doubtful != 0:
        for n in range(size):
            if doubt[n] != 0:
                i, j = np.int64(state[n]), np.int64(proposed[n])
                taken = accepts(i, j, j, np.uint32(fractions[n] * factor), chain)
                gap[n] = -1.0 if taken else 1.0
    moved = np.uint32(0)
    for n in range(size):
        accept = np.uint32(0) - np.uint32(gap[n] < np.float32(0.0))
        level = (proposed[n] & accept) | (state[n] & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True)
def hop_by_alias(state, proposed, fractions, factor, chain, memory):
    """Go to the first level of the bucket's entry or to the second; return how many particles moved."""
    table = chain.alias.reshape(-1)
    row_length = np.uint32(chain.row_of * chain.buckets)
    entries = memory[: state.size]
    for n in range(state.size):
        entries[n] = table[np.uint32(np.uint32(state[n] * row_length) + proposed[n])]
    moved = np.uint32(0)
    for n in range(state.size):
        entry = entries[n]
        levels = np.uint32(entry)
        accept = np.uint32(0) - np.uint32(np.uint32(fractions[n] * factor) <= np.uint32(entry >> np.uint64(32)))
        level = ((levels >> np.uint32(16)) & accept) | (levels & np.uint32(0xFFFF) & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True)
def hop(state, words, fractions, chain, proposed, memory):
    """Let each particle attempt the move that its word says; return how many moved.

    The fraction is word·buckets, low half; of a wide chain, a word of its own in `fractions`.
    """
    if chain.decides_by == THRESHOLDS:
        if chain.buckets & (chain.buckets - 1) == 0:
            return np.int64(hop_by_bits(state, words, chain, memory))
        return np.int64(hop_by_thresholds(state, words, chain, proposed, memory))
    propose(words, chain.buckets, proposed)
    factor = np.uint32(1 if chain.wide else chain.buckets)
    if chain.decides_by == WEIGHTS:
        return np.int64(hop_by_weights(state, proposed, fractions, factor, chain, memory))
    if chain.decides_by == ALIAS:
        return np.int64(hop_by_alias(state, proposed, fractions, factor, chain, memory))
    return np.int64(hop_by_formula(state, proposed, fractions, factor, chain))


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
    memory = np.empty(BLOCK, np.uint64)
    word_memory = np.empty(BLOCK, np.uint64)
    partial = np.zeros((4, counts.shape[1]), np.int64)
    for block in range(streams.shape[0]):
        stream = streams[block]
        home = states[block * BLOCK : (block + 1) * BLOCK]
        size = home.size
        state, proposed = state_memory[:size], proposed_memory[:size]
        state[:] = home
        # A wide move takes two 32-bit words, any other one; whole rows of lanes are drawn.
        needed = 2 * size if chain.wide else size
        drawn = word_memory[: (needed + 2 * LANES - 1) // (2 * LANES) * LANES]
        words = drawn.view(np.uint32)[:size]
        fractions = drawn.view(np.uint32)[size : 2 * size] if chain.wide else words
        for sweep in range(done, done + sweeps):
            fill_words(stream, drawn)
            redraw(stream, words, chain.buckets)
            moved[sweep // stride - done // stride] += hop(state, words, fractions, chain, proposed, memory)
            if (sweep + 1) % stride == 0:
                tally(state, counts[(sweep + 1) // stride - 1 - done // stride], partial)
        home[:] = state
