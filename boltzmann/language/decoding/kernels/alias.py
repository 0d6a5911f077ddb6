"""Many draws from one law: Walker's alias table, in integer arithmetic.

A random number of [0, 1) with 53 bits is one of 2^53 words. Each token owns a whole number of
words: its cumulative probability times 2^53, rounded, less that of the token before it. So the
words of all tokens add up to 2^53, no probability is off by more than 2 words beside the rounding
of the running sum, and a token of weight 0 owns none.

The leading bits of a word select one of 2^m columns of equal capacity, in which at most two tokens
own words: the column's own token and its alias. The entry of a column, one uint64, packs how many
words the own token has in it and the number of the alias. So a draw reads memory once, however many
tokens there are.

References
----------
.. [1] A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977).
.. [2] L. Hübschle-Schneider and P. Sanders, Proc. ESA 2019, LIPIcs 144, 59: filling by two
   pointers.
"""

import numpy as np

from boltzmann._core.jit import kernel

WORD_BITS = 53


@kernel
def words_of(weights, columns):
    """Return how many of 2^53 words each token owns, (columns,) int64, given weights (V,)."""
    words = np.zeros(columns, np.int64)
    cumulative = np.cumsum(weights)
    before = np.int64(0)
    for j in range(weights.size):
        up_to_here = np.int64(np.rint(cumulative[j] / cumulative[-1] * 2.0**WORD_BITS))
        words[j] = up_to_here - before
        before = up_to_here
    return words


@kernel
def alias_table(weights, bits):
    """Return the alias table, (2^bits,) uint64, of weights (V <= 2^bits,), at least 0, not all 0.

    A token is small if its words do not fill its own column, and large otherwise. Two pointers pass
    over the small and the large ones: each small column is filled up with words of the present
    large token, which becomes the alias of that column. A large token that has given away too much
    becomes small itself, and is filled up by the next large one.
    """
    columns = 1 << bits
    capacity = np.int64(1) << (WORD_BITS - bits)
    words = words_of(weights, columns)
    table = np.empty(columns, np.uint64)

    small = large = 0
    while small < columns and words[small] >= capacity:
        small += 1
    while words[large] < capacity:
        large += 1

    left = words[large]  # of the words of the large token, those that no column holds yet
    while True:
        if small < columns and left > capacity:
            table[small] = np.uint64(words[small] << bits) | np.uint64(large)
            left -= capacity - words[small]
            small += 1
            while small < columns and words[small] >= capacity:
                small += 1
        else:  # the large token has become small; the next large one fills its column
            column = large
            own = left
            large += 1
            while large < columns and words[large] < capacity:
                large += 1
            if large == columns:
                table[column] = np.uint64(own << bits) | np.uint64(column)
                return table
            table[column] = np.uint64(own << bits) | np.uint64(large)
            left = own + words[large] - capacity


@kernel
def draw_many(table, bits, uniforms, ids):
    """Write the token on which each uniform number of [0, 1) falls, (size,), to `ids`, int64."""
    shift = np.uint64(WORD_BITS - bits)
    place_mask = np.uint64((1 << (WORD_BITS - bits)) - 1)
    alias_mask = np.uint64((1 << bits) - 1)
    for n in range(uniforms.size):
        word = np.uint64(uniforms[n] * 2.0**WORD_BITS)
        column = word >> shift
        entry = table[column]
        own = (word & place_mask) < (entry >> np.uint64(bits))
        ids[n] = column if own else entry & alias_mask
