r"""Compiled sums of Boltzmann weights over rows of energy levels, and the making of such rows.

A row of 50,257 logits is read once. Its likeliest tokens keep a level each; the many less likely
are gathered, 32 levels to the nat, into levels of some degeneracy at their mean energy. To second
order in β this changes a weight by β² (1/32)²/24, four parts in 10⁵ at β = 1, of the tail alone.
Above 64 nats levels are 1/16 octave wide.

Rows lie one after another: row r is `energies[starts[r]:starts[r + 1]]`, ascending from 0, with as
many `counts`. Where only the likeliest tokens of a row are allowed, `kept` says how many.
"""

import numpy as np

from boltzmann._core.exponential import LIFT, LOG2, lifted_exp
from boltzmann._core.jit import kernel

HEAD = 256  # tokens of a row that keep a level each
FINE = 32  # gathered levels per nat ...
LINEAR = 64  # ... up to so many nats
COARSE = 16  # gathered levels per octave beyond
LEVELS = FINE * LINEAR + COARSE * 64
CHUNK = 256


@kernel
def _level(gap):
    """Return the gathered level of a token `gap` nats above its row's lowest."""
    if gap < LINEAR:
        return int(gap * FINE)
    return min(FINE * LINEAR + int(COARSE * np.log2(gap / LINEAR)), LEVELS - 1)


@kernel
def _gather(row, top, tallies, sums, energies, counts):
    """Write the levels of a long row; return how many there are."""
    # Tally all tokens by level.
    highest = 0
    for value in row:
        gap = np.float64(top) - np.float64(value)
        if gap < np.inf:
            level = _level(gap)
            tallies[level] += 1
            sums[level] += gap
            highest = max(highest, level)

    # Tokens on levels before `first` are few enough to keep a level each.
    first, kept = 0, 0
    while first <= highest and kept + tallies[first] <= HEAD:
        kept += tallies[first]
        first += 1
    size = 0
    if kept > 0:
        for value in row:
            gap = np.float64(top) - np.float64(value)
            if gap < np.inf and _level(gap) < first:
                energies[size] = gap
                size += 1
        energies[:size].sort()
        counts[:size] = 1

    # The others are gathered at their mean energy.
    for level in range(first, highest + 1):
        if tallies[level] > 0:
            energies[size] = sums[level] / tallies[level]
            counts[size] = tallies[level]
            size += 1
    tallies[: highest + 1] = 0
    sums[: highest + 1] = 0
    return size


@kernel
def gather_levels(values, starts, tops, energies, counts, ends):
    """Write the levels of every row, and the row's largest value to `tops`.

    `energies` and `counts` hold at least min(length, HEAD + LEVELS) levels a row. Return the first
    row that has a nan, a +inf, or nothing above -inf; -1 if there is none.
    """
    tallies, sums = np.zeros(LEVELS, dtype=np.int64), np.zeros(LEVELS)
    end = 0
    for r in range(starts.size - 1):
        row = values[starts[r] : starts[r + 1]]
        top, regular = -np.inf, True
        for value in row:
            regular &= value < np.inf
            top = max(top, value)
        if not regular or top == -np.inf:
            return r
        tops[r] = top
        if row.size <= HEAD:
            begin = end
            for value in row:
                if value > -np.inf:
                    energies[end] = top - np.float64(value)
                    counts[end] = 1
                    end += 1
            energies[begin:end].sort()
        else:
            end += _gather(row, top, tallies, sums, energies[end:], counts[end:])
        ends[r] = end
    return -1


@kernel
def rank_draws(values, starts, tops, rows, positions, energies, ranks):
    """Write each draw's energy above its row's lowest level, and how many tokens come before it.

    Of equal ones those come before that stand before it in the row.
    """
    for i in range(rows.size):
        row = values[starts[rows[i]] : starts[rows[i] + 1]]
        chosen = row[positions[i]]
        rank = 0
        for value in row:
            rank += value > chosen
        for value in row[: positions[i]]:
            rank += value == chosen
        energies[i] = tops[rows[i]] - np.float64(chosen)
        ranks[i] = rank


@kernel
def find_likeliest(values, starts, tops, places, gaps):
    """Write the positions of each row's likeliest tokens, (R, M), and their energies, ascending.

    Of equal ones the first comes first. -1 and inf where a row allows fewer.
    """
    most = places.shape[1]
    for r in range(starts.size - 1):
        places[r], gaps[r] = -1, np.inf
        size = 0
        for j in range(starts[r], starts[r + 1]):
            gap = tops[r] - np.float64(values[j])
            if gap < gaps[r, most - 1]:
                k = min(size, most - 1)
                while k > 0 and gaps[r, k - 1] > gap:
                    gaps[r, k], places[r, k] = gaps[r, k - 1], places[r, k - 1]
                    k -= 1
                gaps[r, k], places[r, k] = gap, j - starts[r]
                size = min(size + 1, most)


@kernel
def mark_drawn_before(order, answers, chosen, rows, tokens, last, drawn):
    """Mark, of each draw, the likeliest tokens that were drawn before in its answer, (N, M).

    `order` sorts the draws by answer; `last` says of each token in which answer it came last.
    """
    for i in order:
        for k in range(tokens.shape[1]):
            token = tokens[rows[i], k]
            drawn[i, k] = token >= 0 and last[token] == answers[i]
        if chosen[i] >= 0:
            last[chosen[i]] = answers[i]


@kernel
def _last(counts, kept):
    """Return how many levels hold the `kept` likeliest tokens, and how many the last one holds."""
    left = kept
    for j in range(counts.size):
        if left <= counts[j]:
            return j + 1, left
        left -= counts[j]
    return counts.size, counts[-1]


@kernel(error_model="numpy")
def sum_weights(starts, energies, counts, kept, beta, log_z, mean, variance):
    """Write log Z, the mean energy and its variance of every row's `kept` likeliest tokens at β."""
    weights = np.empty(CHUNK)
    for r in range(starts.size - 1):
        begin, end, last = starts[r], starts[r + 1], counts[starts[r + 1] - 1]
        if kept[r] < np.inf:
            size, last = _last(counts[begin:end], kept[r])
            end = begin + size
        lowest = 0.0 if beta >= 0 else energies[end - 1]
        z, first, second = 0.0, 0.0, 0.0
        for start in range(begin, end, CHUNK):
            size = min(CHUNK, end - start)
            for j in range(size):
                weights[j] = lifted_exp(-beta * (energies[start + j] - lowest)) * counts[start + j]
            if start + size == end:
                weights[size - 1] *= last / counts[end - 1]
            for j in range(size):
                height = energies[start + j] - lowest
                z += weights[j]
                first += weights[j] * height
                second += weights[j] * height * height
        log_z[r] = np.log(z) - LIFT * LOG2 - beta * lowest
        mean[r] = lowest + first / z
        variance[r] = max(second / z - (first / z) ** 2, 0.0)


@kernel
def mass_before(starts, energies, counts, log_z, beta, rows, ranks, masses):
    """Write the probability of the `ranks` likeliest tokens of some rows.

    Where a row is asked for again, of no fewer tokens, the sum goes on.
    """
    row, passed, mass, j = -1, 0.0, 0.0, 0
    for i in range(rows.size):
        if rows[i] != row or ranks[i] < passed:
            row, passed, mass, j = rows[i], 0.0, 0.0, starts[rows[i]]
        end = starts[row + 1]
        while j < end and passed + counts[j] <= ranks[i]:
            weight = lifted_exp(min(-beta * energies[j] - log_z[row], 0.0))
            mass += weight * counts[j] * 2.0**-LIFT
            passed += counts[j]
            j += 1
        part = 0.0  # of a level that ends later
        if j < end and passed < ranks[i]:
            weight = lifted_exp(min(-beta * energies[j] - log_z[row], 0.0))
            part = weight * (ranks[i] - passed) * 2.0**-LIFT
        masses[i] = min(mass + part, 1.0)


@kernel
def nucleus(starts, energies, counts, log_z, beta, listed, mass, kept):
    """Write how many of each row's `listed` likeliest tokens first have the probability `mass`."""
    for r in range(starts.size - 1):
        left, missing = listed[r], mass
        kept[r] = 0
        for j in range(starts[r], starts[r + 1]):
            weight = lifted_exp(min(-beta * energies[j] - log_z[r], 0.0)) * 2.0**-LIFT
            allowed = min(left, counts[j])
            if weight * allowed >= missing:
                kept[r] += max(np.ceil(missing / weight), 1.0)
                break
            kept[r] += allowed
            missing -= weight * allowed
            left -= allowed
            if left <= 0:
                break


@kernel
def count_below(starts, energies, counts, gaps, kept):
    """Write how many tokens of each row lie at most its `gaps` above its lowest level."""
    for r in range(starts.size - 1):
        kept[r] = 0
        for j in range(starts[r], starts[r + 1]):
            if energies[j] > gaps[r]:
                break
            kept[r] += counts[j]


@kernel
def cutoff_energies(starts, energies, counts, kept, cutoffs):
    """Write the energy of the last of each row's `kept` likeliest tokens."""
    for r in range(starts.size - 1):
        size, _ = _last(counts[starts[r] : starts[r + 1]], kept[r])
        cutoffs[r] = energies[starts[r] + size - 1]


@kernel
def with_ties(starts, energies, counts, kept, together):
    """Write `kept`, and the tokens that are as likely as the last of them."""
    for r in range(starts.size - 1):
        together[r] = kept[r]
        begin, end = starts[r], starts[r + 1]
        size, last = _last(counts[begin:end], kept[r])
        j = begin + size
        if last == 1:
            while j < end and counts[j] == 1 and energies[j] == energies[j - 1]:
                together[r] += 1
                j += 1


@kernel
def first_of_ties(starts, energies, counts, rows, ranks, firsts):
    """Write how many tokens of their rows come before some ranks and are likelier."""
    for i in range(rows.size):
        firsts[i] = ranks[i]
        j = starts[rows[i]] + ranks[i]  # the level of that rank, if all before it hold one token
        if ranks[i] < HEAD and j < starts[rows[i] + 1]:
            while j > starts[rows[i]] and energies[j] == energies[j - 1]:
                firsts[i] -= 1
                j -= 1
