"""Random words: 32 sfc64 generators side by side, one set of them for each block of particles.

A lane is the generator of NumPy's `SFC64` and gives the same words from the same state. The lanes
advance together so that the compiler can put them in vector registers, and they are many so that
one row of them need not wait for the last. The state of a block is a (4, LANES) uint64 array: rows
a, b, c and the counter, which all lanes share. What is drawn for all particles together takes its
words from one generator, whose state is (4,).

References
----------
.. [1] C. Doty-Humphrey, PractRand (2010), sfc64.
"""

import numpy as np

from boltzmann._core.jit import kernel

LANES = 32

# What a stream is for, the first part of its key.
MOVES, START, COUNTS = 0, 1, 2


@kernel
def fill_words(stream, words):
    """Fill `words`, uint64 and a multiple of LANES long, and advance the stream."""
    a, b, c, counter = stream[0], stream[1], stream[2], stream[3, 0]
    for row in range(words.size // LANES):
        out = words[row * LANES : (row + 1) * LANES]
        for lane in range(LANES):
            word = a[lane] + b[lane] + counter
            a[lane] = b[lane] ^ (b[lane] >> np.uint64(11))
            b[lane] = c[lane] + (c[lane] << np.uint64(3))
            c[lane] = ((c[lane] << np.uint64(24)) | (c[lane] >> np.uint64(40))) + word
            out[lane] = word
        counter += np.uint64(1)
    stream[3] = counter


@kernel
def next_word(state):
    """Return one word of a single generator, its state (4,) uint64, and advance it."""
    a, b, c, counter = state[0], state[1], state[2], state[3]
    word = a + b + counter
    state[0] = b ^ (b >> np.uint64(11))
    state[1] = c + (c << np.uint64(3))
    state[2] = ((c << np.uint64(24)) | (c >> np.uint64(40))) + word
    state[3] = counter + np.uint64(1)
    return word


def seeded_streams(seed, blocks):
    """Return the streams (blocks, 4, LANES) keyed by (seed, block)."""
    streams = np.empty((blocks, 4, LANES), np.uint64)
    discarded = np.empty(12 * LANES, np.uint64)  # as many rounds as NumPy's SFC64 mixes its seed
    for block in range(blocks):
        key = np.random.SeedSequence(seed, spawn_key=(MOVES, block))
        streams[block, :3] = key.generate_state(3 * LANES, np.uint64).reshape(3, LANES)
        streams[block, 3] = 1
        fill_words(streams[block], discarded)
    return streams


def keyed_generator(seed, purpose):
    """Return the NumPy generator keyed by (seed, purpose), for what is no move of a particle."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(purpose,))))


def keyed_state(seed, purpose):
    """Return the state (4,) of that generator, for `next_word`."""
    return state_of(keyed_generator(seed, purpose).bit_generator)


def state_of(generator):
    """Return the state (4,) of NumPy's `SFC64`, a copy, for `next_word`."""
    return np.array(generator.state["state"]["state"], np.uint64)
