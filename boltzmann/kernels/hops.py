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
def split(words, buckets, proposed):
    """Split word·buckets: write its high half, the bucket, to `proposed` and leave its low half, the fraction.

    Return the least fraction. In 32-bit arithmetic, which vectorises better than a 64-bit product.
    """
    factor, least = np.uint32(buckets), np.uint32(WORDS - 1)
    for n in range(proposed.size):
        low = np.uint32(np.uint32(words[n] & np.uint32(0xFFFF)) * factor)
        high = np.uint32(np.uint32(words[n] >> np.uint32(16)) * factor)
        high = np.uint32(high + np.uint32(low >> np.uint32(16)))
        proposed[n] = np.uint32(high >> np.uint32(16))
        words[n] = np.uint32(words[n] * factor)
        least = min(least, words[n])
    return least


@njit(nogil=True, cache=True)
def propose(stream, words, buckets, proposed):
    """Split each word into bucket and fraction, and draw again where Lemire's method refuses the fraction."""
    refused_below = np.uint32(WORDS % buckets)
    if split(words, buckets, proposed) >= refused_below:
        return
    spare = np.empty(LANES, np.uint64)
    for n in range(words.size):
        while words[n] < refused_below:
            fill_words(stream, spare)
            words[n] = np.uint32(spare[0] >> np.uint64(32))
            split(words[n : n + 1], buckets, proposed[n : n + 1])


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
def hop_by_formula(state, proposed, fractions, chain):
    """Propose, weigh the energy difference, accept or stay; return how many particles moved."""
    moved = 0
    for n in range(state.size):
        i = np.int64(state[n])
        bucket = np.int64(proposed[n])
        j = i + 2 * bucket - 1 if chain.neighbour else bucket
        if j < 0 or j >= chain.energies.size:
            continue  # a step off the end of the ladder is rejected
        if accepts(i, j, bucket, fractions[n], chain):
            state[n] = j
            moved += i != j
    return moved


@njit(nogil=True, cache=True)
def hop_by_thresholds(state, proposed, fractions, chain, memory):
    """Compare each fraction with the threshold of its move; return how many particles moved."""
    thresholds = chain.thresholds.reshape(-1)
    buckets, refused_below = np.uint32(chain.buckets), np.uint32(WORDS % chain.buckets)
    limit = memory.view(np.uint32)[: state.size]
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
def hop_by_weights(state, own, proposed, fractions, chain, memory):
    """Accept where u (w_i + w_j) < w_j, u < 1 the fraction (without w_j beside w_i by Metropolis's rule).

    Single precision settles all but about one move in a million, whose two sides nearly agree or whose weights
    are both too small for it; for these the formula decides. So nothing is lost but time. `own`, the weights of
    the present levels, is carried from sweep to sweep.
    """
    size, weights, both = state.size, chain.weights, np.float32(chain.glauber)
    other = memory.view(np.float32)[:size]
    gap = memory.view(np.float32)[size : 2 * size]
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
                taken = accepts(i, j, j, fractions[n], chain)
                gap[n] = -1.0 if taken else 1.0
    # The sign bit, spread over a word, selects without a branch; weights are selected by their bits.
    sign, own_bits, other_bits = gap.view(np.int32), own.view(np.uint32), other.view(np.uint32)
    moved = np.uint32(0)
    for n in range(size):
        accept = np.uint32(sign[n] >> np.int32(31))
        level = (proposed[n] & accept) | (state[n] & ~accept)
        own_bits[n] = (other_bits[n] & accept) | (own_bits[n] & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True)
def in_doubt(gap, own, other):
    """Tell whether single precision may have the sign of the gap wrong.

    The margin is eight roundings, and twice the smallest normal number, below which a weight counts as 0.
    """
    return abs(gap) <= (own + other) * np.float32(2.0**-20) + np.float32(2.0**-125)


@njit(nogil=True, cache=True)
def hop_by_alias(state, proposed, fractions, chain, memory):
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
        accept = np.uint32(0) - np.uint32(fractions[n] <= np.uint32(entry >> np.uint64(32)))
        level = ((levels >> np.uint32(16)) & accept) | (levels & np.uint32(0xFFFF) & ~accept)
        moved += np.uint32(level != state[n])
        state[n] = level
    return moved


@njit(nogil=True, cache=True)
def hop(state, own, stream, words, fractions, chain, proposed, memory):
    """Let each particle attempt the move that its word says; return how many moved.

    Words and fractions share memory, which `propose` turns from the one into the other; for a wide chain
    `fractions` are words of their own.
    """
    if chain.decides_by == THRESHOLDS and chain.buckets & (chain.buckets - 1) == 0:
        return np.int64(hop_by_bits(state, words, chain, memory))
    propose(stream, words, chain.buckets, proposed)
    if chain.decides_by == THRESHOLDS:
        return np.int64(hop_by_thresholds(state, proposed, fractions, chain, memory))
    if chain.decides_by == WEIGHTS:
        return np.int64(hop_by_weights(state, own, proposed, fractions, chain, memory))
    if chain.decides_by == ALIAS:
        return np.int64(hop_by_alias(state, proposed, fractions, chain, memory))
    return np.int64(hop_by_formula(state, proposed, fractions, chain))


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
    own_memory = np.empty(BLOCK, np.float32)
    proposed_memory = np.empty(BLOCK, np.uint32)
    memory = np.empty(BLOCK, np.uint64)
    word_memory = np.empty(BLOCK, np.uint64)
    partial = np.zeros((4, counts.shape[1]), np.int64)
    for block in range(streams.shape[0]):
        stream = streams[block]
        home = states[block * BLOCK : (block + 1) * BLOCK]
        size = home.size
        state, proposed, own = state_memory[:size], proposed_memory[:size], own_memory[:size]
        state[:] = home
        if chain.decides_by == WEIGHTS:
            for n in range(size):
                own[n] = chain.weights[state[n]]
        # A wide move takes two 32-bit words, any other one; whole rows of lanes are drawn.
        needed = 2 * size if chain.wide else size
        drawn = word_memory[: (needed + 2 * LANES - 1) // (2 * LANES) * LANES]
        words = drawn.view(np.uint32)[:size]
        fractions = drawn.view(np.uint32)[size : 2 * size] if chain.wide else words
        for sweep in range(done, done + sweeps):
            fill_words(stream, drawn)
            hops = hop(state, own, stream, words, fractions, chain, proposed, memory)
            moved[sweep // stride - done // stride] += hops
            if (sweep + 1) % stride == 0:
                tally(state, counts[(sweep + 1) // stride - 1 - done // stride], partial)
        home[:] = state
