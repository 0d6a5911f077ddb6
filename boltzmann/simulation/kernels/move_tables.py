"""The acceptance of a move, and the integer tables by which the kernel decides moves.

A move spends one 32-bit word r. The product r·M has two halves: the high one, uniform on 0 … M - 1,
is the *bucket* and picks the level that is proposed; the low one is the *fraction* and decides. Of
the 2³² words, those whose fraction is below 2³² mod M are drawn again (Lemire's method), which
leaves each bucket exactly W = floor(2³²/M) words, for any M. A probability is therefore a whole
number of words in W.

A move that goes to its bucket's level or stays needs one number, its threshold. Any other move is
decided by Walker's alias table, one row for each row of the transition matrix. An entry packs into
one uint64: the largest fraction that accepts (32 bits), the level to go to then (16 bits), and the
level to go to otherwise (16 bits).

References
----------
.. [1] D. Lemire, ACM Trans. Model. Comput. Simul. 29, 3 (2019): unbiased bounded integers.
.. [2] A. J. Walker, ACM Trans. Math. Softw. 3, 253 (1977): the alias method.
"""

import numpy as np

from boltzmann._core.jit import kernel

WORDS = 2**32


@kernel(error_model="numpy")
def weight_ratio(energy_from, energy_to, degeneracy_from, degeneracy_to, temperature):
    """Return (g_j / g_i) exp(-(E_j - E_i) / t), with its limits at t = 0, t = ±inf and E = ±inf."""
    if energy_to == np.inf:
        return 0.0  # forbidden at every temperature, negative ones too
    if energy_from == np.inf:
        return np.inf
    if energy_to == energy_from:
        return degeneracy_to / degeneracy_from
    climb = energy_to - energy_from
    if np.isinf(climb):
        return 0.0 if (climb > 0) == (temperature >= 0) else np.inf
    return degeneracy_to / degeneracy_from * np.exp(-climb / temperature)


@kernel(error_model="numpy")
def acceptance(ratio, glauber):
    """Return min(1, ratio), Metropolis's rule, or ratio / (1 + ratio), Glauber's (Barker's)."""
    return 1.0 / (1.0 + 1.0 / ratio) if glauber else min(1.0, ratio)


@kernel
def first_fraction(bucket, buckets):
    """Return the smallest fraction of the words of this bucket that are not drawn again."""
    fraction = (buckets - (bucket * WORDS) % buckets) % buckets
    return fraction + buckets if fraction < WORDS % buckets else fraction


@kernel
def words_for(probability, buckets):
    """Return the whole number of words, out of floor(2³²/buckets), nearest to `probability`."""
    return np.int64(np.rint(probability * (WORDS // buckets)))


@kernel
def last_accepted(words, bucket, buckets):
    """Return the largest fraction that accepts if `words` words of the bucket do; -1 for none."""
    return first_fraction(bucket, buckets) + (words - 1) * buckets if words > 0 else np.int64(-1)


@kernel
def pack(words, bucket, buckets, level, otherwise):
    """Return the entry by which `words` words of a bucket go to `level`, others to `otherwise`."""
    if words == 0:
        level = otherwise
        words = 1
    fraction = last_accepted(words, bucket, buckets)
    return (
        (np.uint64(fraction) << np.uint64(32))
        | (np.uint64(level) << np.uint64(16))
        | np.uint64(otherwise)
    )


def threshold_table(accepted):
    """Return the thresholds (K, M) uint32 of acceptances (K, M).

    A fraction less r = 2³² mod M, the smallest that is kept, accepts if it is below the threshold.
    None reaches 2³² - max(1, r), so that this threshold always accepts and 0 never does. A fraction
    to be drawn again, below r, wraps round to at least 2³² - r, which no threshold accepts.
    """
    buckets = accepted.shape[1]
    kept, refused_below = WORDS // buckets, WORDS % buckets
    words = np.rint(accepted * kept).astype(np.int64)  # (K, M), as `words_for`
    first = -np.arange(buckets) * WORDS % buckets  # (M,), as `first_fraction`
    first += np.where(first < refused_below, buckets, 0)
    beyond = first + (words - 1) * buckets + 1 - refused_below
    thresholds = np.where(words > 0, beyond, 0)
    return np.where(words == kept, WORDS - max(1, refused_below), thresholds).astype(np.uint32)


@kernel
def threshold_words(thresholds):
    """Return how many words of each bucket accept, (K, M) int64, read back from the table."""
    levels, buckets = thresholds.shape
    words = np.zeros((levels, buckets), np.int64)
    for i in range(levels):
        for bucket in range(buckets):
            first = first_fraction(bucket, buckets) - WORDS % buckets
            span = np.int64(thresholds[i, bucket]) - first
            words[i, bucket] = min(max(0, (span + buckets - 1) // buckets), WORDS // buckets)
    return words


@kernel
def whole_words(row, total):
    """Return integers (K,) that sum to `total`, nearest to row·total, by largest remainders.

    What is 0 stays 0.
    """
    exact = row * total
    words = np.floor(exact).astype(np.int64)
    # The largest remainder first, ties in order.
    order = np.argsort(np.floor(exact) - exact, kind="mergesort")

    # Rounding of `row` itself can leave more than one round, of either sign.
    missing = total - words.sum()
    while missing != 0:
        step = 1 if missing > 0 else -1
        for j in order:
            if missing != 0 and row[j] > 0 and words[j] + step >= 0:
                words[j] += step
                missing -= step
    return words


@kernel
def transition_alias_table(rows):
    """Return the alias table (R, K) uint64 of a matrix of probabilities (R, K), row by row."""
    count, buckets = rows.shape
    capacity = WORDS // buckets
    table = np.empty((count, buckets), np.uint64)
    small = np.empty(buckets, np.int64)  # a stack of levels with fewer words than a bucket holds
    large = np.empty(buckets, np.int64)  # and one of all others
    for i in range(count):
        words = whole_words(rows[i], capacity * buckets)  # (K,)
        small_count = large_count = 0
        for j in range(buckets):
            if words[j] < capacity:
                small[small_count] = j
                small_count += 1
            else:
                large[large_count] = j
                large_count += 1

        # Fill the bucket of a small level with words of a large one, which may become small.
        while small_count > 0:
            small_count -= 1
            j = small[small_count]
            donor = large[large_count - 1]
            table[i, j] = pack(words[j], j, buckets, j, donor)
            words[donor] -= capacity - words[j]
            if words[donor] < capacity:
                large_count -= 1
                small[small_count] = donor
                small_count += 1

        for k in range(large_count):
            table[i, large[k]] = pack(capacity, large[k], buckets, large[k], large[k])
    return table


@kernel
def alias_words(table, rows_per_level, levels):
    """Return how many words take level i to level j, (K, K) int64, read back from the table itself.

    Level i uses row i of the table, or row 0 where `rows_per_level` is 0.
    """
    buckets = table.shape[1]
    capacity = WORDS // buckets
    words = np.zeros((levels, levels), np.int64)
    for i in range(levels):
        for bucket in range(buckets):
            entry = table[i * rows_per_level, bucket]
            fraction = np.int64(entry >> np.uint64(32))
            level = np.int64((entry >> np.uint64(16)) & np.uint64(0xFFFF))
            otherwise = np.int64(entry & np.uint64(0xFFFF))
            accepted = (fraction - first_fraction(bucket, buckets)) // buckets + 1
            words[i, level] += accepted
            words[i, otherwise] += capacity - accepted
    return words


@kernel(error_model="numpy")
def weight_ratios(sources, targets, energies, degeneracies, temperature):
    """Return the weight ratio of each move sources[n] → targets[n, bucket], (S, M) as `targets`."""
    ratios = np.empty(targets.shape)
    for n in range(sources.size):
        i = sources[n]
        for bucket in range(targets.shape[1]):
            j = targets[n, bucket]
            ratios[n, bucket] = weight_ratio(
                energies[i], energies[j], degeneracies[i], degeneracies[j], temperature
            )
    return ratios


def acceptances(ratios, glauber):
    """Return the acceptance of each weight ratio, (K, M) both; see `acceptance`."""
    if not glauber:
        return np.minimum(ratios, 1.0)
    with np.errstate(divide="ignore"):
        return 1.0 / (1.0 + 1.0 / ratios)
