"""Many draws from one distribution: Walker's alias table, in whole numbers.

A random number of [0, 1) with 53 bits is one of 2^53 words. A token owns as many words as the
inverse CDF would give it: its cumulative share, rounded, less that of the token before it. So the
words add up without remainder, no share is off by more than 2 words beside the rounding of the
running sum, and what weighs nothing owns nothing.

The leading bits of a word pick one of 2^m buckets, all of the same number of words, in which at
most two tokens own any. The entry of a bucket tells how many belong to the token of the same number
and to whom the others do, packed into one uint64: a draw is one look into memory, however many
tokens there are.

References
----------
.. [1] A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977).
.. [2] L. Hübschle-Schneider and P. Sanders, Proc. ESA 2019, LIPIcs 144, 59: filling by two pointers.
"""

import numpy as np

from boltzmann._core.jit import kernel

WORD_BITS = 53


@kernel
def words_of(weights, buckets):
    """Return how many of 2^53 words each token owns, (buckets,) int64, given weights (V,) with V <= buckets."""
    words = np.zeros(buckets, np.int64)
    cumulative = np.cumsum(weights)
    owned = np.int64(0)
    for j in range(weights.size):
        following = np.int64(np.rint(cumulative[j] / cumulative[-1] * 2.0**WORD_BITS))
        words[j] = following - owned
        owned = following
    return words


@kernel
def alias_table(weights, bits):
    """Return the alias table, (2^bits,) uint64, of weights (V,) of at least 0, not all 0, with V <= 2^bits.

    One pointer goes through the buckets that their own token does not fill, another through the
    tokens that own at least a bucketful, and hands out what is too much.
    """
    buckets = 1 << bits
    capacity = np.int64(1) << (WORD_BITS - bits)
    words = words_of(weights, buckets)
    table = np.empty(buckets, np.uint64)
    needy = rich = 0
    while needy < buckets and words[needy] >= capacity:
        needy += 1
    while words[rich] < capacity:
        rich += 1
    left = words[rich]
    while True:
        if needy < buckets and left > capacity:
            table[needy] = np.uint64(words[needy] << bits) | np.uint64(rich)
            left -= capacity - words[needy]
            needy += 1
            while needy < buckets and words[needy] >= capacity:
                needy += 1
        else:  # the rich one has become needy; the next rich one fills its bucket
            bucket, own = rich, left
            rich += 1
            while rich < buckets and words[rich] < capacity:
                rich += 1
            if rich == buckets:
                table[bucket] = np.uint64(own << bits) | np.uint64(bucket)
                return table
            table[bucket] = np.uint64(own << bits) | np.uint64(rich)
            left = own + words[rich] - capacity


@kernel
def draw_many(table, bits, uniforms, ids):
    """Write to `ids`, int64, on which token each number of [0, 1) falls."""
    shift = np.uint64(WORD_BITS - bits)
    low = np.uint64((1 << (WORD_BITS - bits)) - 1)
    for n in range(uniforms.size):
        word = np.uint64(uniforms[n] * 2.0**WORD_BITS)
        bucket = word >> shift
        entry = table[bucket]
        own = (word & low) < (entry >> np.uint64(bits))
        ids[n] = bucket if own else entry & np.uint64((1 << bits) - 1)
