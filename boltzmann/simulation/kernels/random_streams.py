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

_PIECE = 512  # blocks that are seeded at once
# The constants of NumPy's SeedSequence, which its documentation promises never to change.
_INIT_A, _MULT_A, _INIT_B, _MULT_B = 0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED
_MIX_LEFT, _MIX_RIGHT = 0xCA01F9DD, np.uint32(0x4973F715)


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
def fill_row(stream, words, row):
    """Fill row `row` of `words` (R, LANES), and advance the stream: `fill_words` of one row."""
    for lane in range(LANES):
        a, b, c, counter = stream[0, lane], stream[1, lane], stream[2, lane], stream[3, lane]
        word = a + b + counter
        words[row, lane] = word
        stream[0, lane] = b ^ (b >> np.uint64(11))
        stream[1, lane] = c + (c << np.uint64(3))
        stream[2, lane] = ((c << np.uint64(24)) | (c >> np.uint64(40))) + word
        stream[3, lane] = counter + np.uint64(1)


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
    for first in range(0, blocks, _PIECE):
        piece = streams[first : first + _PIECE]
        words = seed_words(seed, np.arange(first, first + len(piece), dtype=np.uint32))
        piece[:, :3] = words.view(np.uint64).reshape(-1, 3, LANES)
        piece[:, 3] = 1
        _discard(piece)
    return streams


def seed_words(seed, blocks):
    """Return the words by which NumPy's SeedSequence(seed, spawn_key=(MOVES, block)) seeds a block.

    They are the `generate_state(6 * LANES)` of each block, (B, 6·LANES) uint32: the same arithmetic
    for all blocks at once. The sequence takes up its key word by word, and these sequences differ
    in the last word alone.
    """
    common = np.random.SeedSequence(seed, spawn_key=(MOVES,))
    seed_size = max(1, -(-int(seed).bit_length() // 32))
    # Multiplications of the constant so far: 4 words of the pool, 12 pairs, 4 for each more word.
    steps = 16 + 4 * (max(0, seed_size - 4) + 1)
    constants = _powers(_INIT_A, _MULT_A, steps + 5)[steps:]

    pool = np.empty((4, len(blocks)), np.uint32)
    for place, word in enumerate(common.pool):
        hashed = _hashed(blocks, constants[place], constants[place + 1])
        left = np.uint32(int(word) * _MIX_LEFT % 2**32)
        mixed = left - hashed * _MIX_RIGHT
        pool[place] = mixed ^ (mixed >> np.uint32(16))

    constants = _powers(_INIT_B, _MULT_B, 6 * LANES + 1)
    repeated = np.tile(pool.T, (1, 6 * LANES // 4))  # (B, 6·LANES)
    return _hashed(repeated, constants[:-1], constants[1:])


def _hashed(words, before, after):
    hashed = (words ^ before) * after
    return hashed ^ (hashed >> np.uint32(16))


def _powers(first, factor, count):
    """Return first·factorⁿ mod 2³² for n below `count`, uint32."""
    values = [first]
    while len(values) < count:
        values.append(values[-1] * factor % 2**32)
    return np.array(values, np.uint32)


def _discard(streams):
    """Advance the streams (B, 4, LANES) by as many rounds as NumPy's SFC64 mixes its seed, 12."""
    a, b, c, counter = (np.ascontiguousarray(streams[:, row]) for row in range(4))
    for _ in range(12):
        word = a + b
        word += counter
        a = b ^ (b >> np.uint64(11))
        b = c + (c << np.uint64(3))
        c = (c << np.uint64(24)) | (c >> np.uint64(40))
        c += word
        counter += np.uint64(1)
    for row, values in enumerate((a, b, c, counter)):
        streams[:, row] = values


def keyed_generator(seed, purpose):
    """Return the NumPy generator keyed by (seed, purpose), for what is no move of a particle."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(purpose,))))


def keyed_state(seed, purpose):
    """Return the state (4,) of that generator, for `next_word`."""
    return state_of(keyed_generator(seed, purpose).bit_generator)


def state_of(generator):
    """Return the state (4,) of NumPy's `SFC64`, a copy, for `next_word`."""
    return np.array(generator.state["state"]["state"], np.uint64)
