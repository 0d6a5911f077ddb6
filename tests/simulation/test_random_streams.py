"""The random words: NumPy's own SFC64 in every lane, and one key for each block."""

import numpy as np
import pytest

from boltzmann.simulation.kernels.random_streams import (
    COUNTS,
    LANES,
    MOVES,
    START,
    fill_row,
    fill_words,
    keyed_generator,
    seed_words,
    seeded_streams,
)

PINNED_MOVES = [0x9645A2F81AD07D6B, 0xA49BC28DD4AB9970, 0x3CB5EC521514DDFC, 0xE3DF82CC5CB96583]
PINNED_LONG_SEED = 0xDB81B2284629908A
PINNED_GENERATORS = [0x752D131A3CF50D58, 0x5E54670B366DFA10]


def numpy_lane(stream, lane):
    """Return NumPy's generator in the state of one lane."""
    generator = np.random.SFC64()
    state = generator.state
    state["state"]["state"] = stream[:, lane].copy()
    generator.state = state
    return generator


def drawn(stream, rows):
    """Return the next `rows` rows of words, (rows, LANES)."""
    words = np.empty(rows * LANES, np.uint64)
    fill_words(stream, words)
    return words.reshape(rows, LANES)


def any_stream(seed):
    stream = np.random.default_rng(seed).integers(2**64, size=(4, LANES), dtype=np.uint64)
    stream[3] = stream[3, 0]  # lanes share their counter
    return stream


def test_every_lane_is_the_sfc64_of_numpy():
    for stream in (
        any_stream(1),
        seeded_streams(0, 1)[0],
        np.full((4, LANES), 2**64 - 1, np.uint64),
    ):
        generators = [numpy_lane(stream, lane) for lane in range(LANES)]
        words = drawn(stream, 50)
        for lane, generator in enumerate(generators):
            assert np.array_equal(words[:, lane], generator.random_raw(50))
            assert np.array_equal(stream[:, lane], generator.state["state"]["state"])


def test_words_do_not_depend_on_how_they_are_cut_into_calls():
    whole, parts = any_stream(2), any_stream(2)
    assert np.array_equal(drawn(whole, 7), np.vstack([drawn(parts, rows) for rows in (1, 4, 0, 2)]))
    assert np.array_equal(whole, parts)


def test_a_stream_is_a_seed_sequence_mixed_for_twelve_rounds():
    [stream] = seeded_streams(12345, 3)[2:]
    unmixed = np.ones((4, LANES), np.uint64)
    words = np.random.SeedSequence(12345, spawn_key=(MOVES, 2)).generate_state(3 * LANES, np.uint64)
    unmixed[:3] = words.reshape(3, LANES)
    for lane in range(LANES):
        mixed = numpy_lane(unmixed, lane)
        mixed.random_raw(12)
        assert np.array_equal(stream[:, lane], mixed.state["state"]["state"])


def test_the_keys_are_pinned():
    """A word of each kind of stream: with other keys, a seed would give another result."""
    streams = seeded_streams(0, 2)
    assert [
        int(drawn(stream, 1)[0, lane]) for stream in streams for lane in (0, LANES - 1)
    ] == PINNED_MOVES
    assert int(drawn(seeded_streams(2**64 + 1, 1)[0], 1)[0, 0]) == PINNED_LONG_SEED
    assert [
        int(keyed_generator(0, purpose).integers(2**63)) for purpose in (START, COUNTS)
    ] == PINNED_GENERATORS


def test_a_block_has_the_same_stream_in_any_number_of_blocks():
    assert np.array_equal(seeded_streams(5, 4)[:2], seeded_streams(5, 2))


def test_no_two_lanes_blocks_seeds_or_purposes_share_a_word():
    """128,000 words of 64 bits: two of them are equal by chance once in two billion times."""
    seeds = (0, 1, 2, 2**32, 2**64, 2**127)
    words = [drawn(stream, 4).ravel() for seed in seeds for stream in seeded_streams(seed, 165)]
    words += [
        keyed_generator(seed, purpose).bit_generator.random_raw(100)
        for seed in seeds
        for purpose in (START, COUNTS)
    ]
    words = np.concatenate(words)
    assert words.size > 120_000
    assert np.unique(words).size == words.size


def test_every_bit_of_every_lane_is_fair_and_blind_to_the_one_before():
    """4096 bits, both tails of |z| < 6.4: false alarms 6.4e-7.

    A bit off by 0.03 has z = 12, and is missed once in 9e7.
    """
    words = np.concatenate(
        [drawn(stream, 1000) for stream in seeded_streams(7, 40)]
    )  # (40,000, LANES)
    bits = np.unpackbits(words.view(np.uint8).reshape(-1, LANES * 8), axis=1).astype(np.int8)
    changes = bits[1:] ^ bits[:-1]
    for sample in (bits, changes):
        z = (sample.mean(axis=0) - 0.5) * 2 * np.sqrt(len(sample))
        assert np.abs(z).max() < 6.4


@pytest.mark.parametrize("seed", [0, 2**32 - 1, 2**32, 2**100, 2**128, 2**300 + 7])
def test_blocks_are_seeded_all_at_once_as_numpy_seeds_each(seed):
    blocks = np.array([0, 1, 600, 70_000], np.uint32)
    for words, block in zip(seed_words(seed, blocks), blocks.tolist(), strict=True):
        alone = np.random.SeedSequence(seed, spawn_key=(MOVES, block))
        assert np.array_equal(words, alone.generate_state(6 * LANES))


def test_a_row_is_filled_as_words_are():
    stream, twin, rows = any_stream(4), any_stream(4), np.zeros((3, LANES), np.uint64)
    fill_row(stream, rows, 2)
    assert np.array_equal(rows[2], drawn(twin, 1)[0])
    assert np.array_equal(stream, twin)
    assert not rows[:2].any()
