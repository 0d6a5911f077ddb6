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
CHUNK = 512  # levels of several rows that are weighed in one loop
LANES = 32  # numbers that are compared side by side
FEW = 16  # levels of one row, where a sum may end soon


@kernel
def _level(gap):
    """Return the gathered level of a token `gap` nats above its row's lowest."""
    if gap < LINEAR:
        return int(gap * FINE)
    return min(FINE * LINEAR + int(COARSE * np.log2(gap / LINEAR)), LEVELS - 1)


@kernel
def _largest(row, lanes):
    """Return the largest of a row's values, and whether one is a nan."""
    # Side by side in as many lanes, as one comparison waits for the one before it.
    width = lanes.size
    lanes[:] = row[0]
    whole = row.size - row.size % width
    flawed = False
    for begin in range(0, whole, width):
        part = row[begin : begin + width]
        for k in range(width):
            lanes[k] = part[k] if part[k] > lanes[k] else lanes[k]
            flawed |= part[k] != part[k]
    top = lanes[0]
    for value in lanes:
        top = value if value > top else top
    for value in row[whole:]:
        top = value if value > top else top
        flawed |= value != value
    return top, flawed | (row[0] != row[0])


@kernel
def _sort_short(row, top, energies, places):
    """Write the energies of a short row, ascending, and the place of each; return how many."""
    size = 0
    for j in range(row.size):
        gap = np.float64(top) - np.float64(row[j])
        if gap < np.inf:
            k = size
            while k > 0 and energies[k - 1] > gap:
                energies[k], places[k] = energies[k - 1], places[k - 1]
                k -= 1
            energies[k], places[k] = gap, j
            size += 1
    return size


@kernel
def _likeliest(row, top, only, places, gaps):
    """Write the places of the likeliest tokens, of those at the places `only` unless it is empty.

    Of equal ones the first comes first.
    """
    most, size = places.size, 0
    for i in range(row.size if only.size == 0 else only.size):
        j = i if only.size == 0 else only[i]
        gap = np.float64(top) - np.float64(row[j])
        if gap < gaps[most - 1]:
            k = min(size, most - 1)
            while k > 0 and gaps[k - 1] > gap:
                gaps[k], places[k] = gaps[k - 1], places[k - 1]
                k -= 1
            gaps[k], places[k] = gap, j
            size = min(size + 1, most)


@kernel
def _tally(row, top, levels, tallies):
    """Write the level of each token, and add up tokens and energies by level; return the highest.

    A forbidden token has the level LEVELS.
    """
    largest = np.float64(top)
    for j in range(row.size):
        gap = largest - np.float64(row[j])
        levels[j] = np.int32((gap if gap < LINEAR else np.float64(LINEAR)) * FINE)
    highest = 0
    for j in range(row.size):
        gap = largest - np.float64(row[j])
        level = levels[j]
        if level >= FINE * LINEAR:
            level = levels[j] = _level(gap) if gap < np.inf else LEVELS
        highest = max(highest, level if level < LEVELS else 0)
        tallies[level, 0] += 1.0
        tallies[level, 1] += gap
    return highest


@kernel
def _places_below(levels, first, places):
    """Write the places of the tokens on levels before `first`; return how many there are."""
    size = 0
    for begin in range(0, levels.size, FEW):
        part = levels[begin : begin + FEW]
        found = False
        for level in part:
            found |= level < first
        if found:
            for k in range(part.size):
                if part[k] < first:
                    places[size] = begin + k
                    size += 1
    return size


@kernel
def _gather(row, top, levels, tallies, head, energies, counts):
    """Write the levels of a long row, and the places of the tokens that keep one each to `head`.

    Return how many levels and how many such tokens there are.
    """
    highest = _tally(row, top, levels, tallies)

    # Tokens on levels before `first` are few enough to keep a level each.
    first, kept = 0, 0
    while first <= highest and kept + tallies[first, 0] <= HEAD:
        kept += int(tallies[first, 0])
        first += 1
    if kept > 0:
        _places_below(levels, first, head)
        for k in range(kept):
            energies[k] = np.float64(top) - np.float64(row[head[k]])
        energies[:kept].sort()
        counts[:kept] = 1

    # The others are gathered at their mean energy.
    size = kept
    for level in range(first, highest + 1):
        if tallies[level, 0] > 0:
            energies[size] = tallies[level, 1] / tallies[level, 0]
            counts[size] = tallies[level, 0]
            size += 1
    tallies[: highest + 1] = 0
    tallies[LEVELS] = 0
    return size, kept


@kernel
def gather_levels(values, starts, tops, energies, counts, ends, places, gaps):
    """Write the levels of every row, the row's largest value, and its likeliest tokens.

    `energies` and `counts` hold at least min(length, HEAD + LEVELS) levels a row. `places` and
    `gaps`, (R, M), are the positions of the M likeliest and their energies, ascending; -1 and inf
    where a row allows fewer. Of equal ones the first comes first.

    Return the first row that has a nan, a +inf, or nothing above -inf; -1 if there is none.
    """
    longest, most = _longest(starts), places.shape[1]
    levels = np.empty(longest, dtype=np.int32)
    tallies = np.zeros((LEVELS + 1, 2))
    head, every = np.empty(HEAD, dtype=np.int64), np.empty(0, dtype=np.int64)
    lanes = np.empty(LANES, dtype=values.dtype)
    end = 0
    for r in range(starts.size - 1):
        row = values[starts[r] : starts[r + 1]]
        top, flawed = _largest(row, lanes)
        if flawed or top == np.inf or top == -np.inf:
            return r
        tops[r] = top
        places[r], gaps[r] = -1, np.inf
        into = energies[end:]
        if row.size <= most:
            size = _sort_short(row, top, into, places[r])
            gaps[r, :size] = into[:size]
            counts[end : end + size] = 1
        elif row.size <= HEAD:
            size = 0
            for value in row:
                if value > -np.inf:
                    into[size] = np.float64(top) - np.float64(value)
                    size += 1
            into[:size].sort()
            counts[end : end + size] = 1
            _likeliest(row, top, every, places[r], gaps[r])
        else:
            size, kept = _gather(row, top, levels[: row.size], tallies, head, into, counts[end:])
            only = head[:kept] if kept >= most else every
            _likeliest(row, top, only, places[r], gaps[r])
        end += size
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
        for value in row[: positions[i]]:
            rank += value >= chosen
        for value in row[positions[i] :]:
            rank += value > chosen
        energies[i] = tops[rows[i]] - np.float64(chosen)
        ranks[i] = rank


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
def _weigh(starts, energies, counts, kept, beta, row, stop, gaps, weights, ends):
    """Write the weights at β of the `kept` likeliest tokens of rows from `row` on, before `stop`.

    Of so many rows as fill the buffers. A row's gaps are those to its likeliest token, or, at a
    negative β, to its last; `ends` says where each row ends. Return the row after the last.
    """
    # Rows are short: their levels stand side by side, so that one loop weighs those of several.
    size, place = 0, 0
    while row < stop and size < CHUNK:
        # Slices, as an index into one is known not to be negative, and the loop becomes a vector's.
        of_row = energies[starts[row] : starts[row + 1]]
        tokens = counts[starts[row] : starts[row + 1]]
        length, last = of_row.size, -1.0
        if kept[row] < np.inf:
            length, last = _last(tokens, kept[row])
        lowest = 0.0 if beta >= 0 else of_row[length - 1]
        into = gaps[size : size + length]
        weigh = weights[size : size + length]
        for j in range(length):
            into[j] = of_row[j] - lowest
            weigh[j] = tokens[j]
        if last >= 0:
            weigh[length - 1] = last
        size += length
        ends[place] = size
        place += 1
        row += 1
    for j in range(size):
        weights[j] *= lifted_exp(-beta * gaps[j])
    return row


@kernel(error_model="numpy")
def _add_up(gaps, weights):
    """Return the sums of weights, of weights times gaps, and times their squares and cubes."""
    z, first, second, third = 0.0, 0.0, 0.0, 0.0
    for j in range(gaps.size):
        gap = gaps[j]
        weight = weights[j]
        z += weight
        first += weight * gap
        second += weight * gap * gap
        third += weight * gap * gap * gap
    return z, first, second, third


@kernel
def _longest(starts):
    """Return how many levels the longest row has."""
    longest = 0
    for r in range(starts.size - 1):
        longest = max(longest, starts[r + 1] - starts[r])
    return longest


@kernel(error_model="numpy")
def sum_weights(starts, energies, counts, kept, beta, log_z, mean, variance):
    """Write log Z, the mean energy and its variance of every row's `kept` likeliest tokens at β."""
    most = CHUNK + _longest(starts)
    gaps, weights, ends = np.empty(most), np.empty(most), np.empty(CHUNK, dtype=np.int64)
    row, rows = 0, starts.size - 1
    while row < rows:
        after = _weigh(starts, energies, counts, kept, beta, row, rows, gaps, weights, ends)
        begin = 0
        for r in range(row, after):
            end = ends[r - row]
            z, first, second, _ = _add_up(gaps[begin:end], weights[begin:end])
            # Below 0, gaps were measured from the row's last level.
            lowest = 0.0 if beta >= 0 else energies[starts[r] + end - begin - 1]
            log_z[r] = np.log(z) - LIFT * LOG2 - beta * lowest
            mean[r] = lowest + first / z
            variance[r] = max(second / z - (first / z) ** 2, 0.0)
            begin = end
        row = after


@kernel(error_model="numpy")
def sum_cumulants(starts, energies, counts, kept, draws, beta, log_z, mean, variance, third):
    """Write, of all draws together, log Z and the first three cumulants of the energy, (1,) each.

    `draws` says how many each row has; rows without one are passed over.
    """
    most = CHUNK + _longest(starts)
    gaps, weights, ends = np.empty(most), np.empty(most), np.empty(CHUNK, dtype=np.int64)
    total, mean_total, variance_total, third_total = 0.0, 0.0, 0.0, 0.0
    row, rows = 0, starts.size - 1
    while row < rows:
        if draws[row] == 0:
            row += 1
            continue
        stop = row + 1
        while stop < rows and stop < row + CHUNK and draws[stop] > 0:
            stop += 1
        after = _weigh(starts, energies, counts, kept, beta, row, stop, gaps, weights, ends)
        begin = 0
        for r in range(row, after):
            end = ends[r - row]
            z, first, second, cube = _add_up(gaps[begin:end], weights[begin:end])
            lowest = 0.0 if beta >= 0 else energies[starts[r] + end - begin - 1]
            share = 1 / z
            first, second, cube = first * share, second * share, cube * share
            total += draws[r] * (np.log(z) - LIFT * LOG2 - beta * lowest)
            mean_total += draws[r] * (lowest + first)
            variance_total += draws[r] * max(second - first * first, 0.0)
            third_total += draws[r] * (cube - 3 * first * second + 2 * first * first * first)
            begin = end
        row = after
    log_z[0], mean[0], variance[0], third[0] = total, mean_total, variance_total, third_total


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
    weights = np.empty(FEW)
    for r in range(starts.size - 1):
        left, missing, end, done = listed[r], mass, starts[r + 1], False
        kept[r] = 0
        for begin in range(starts[r], end, FEW):
            size = min(FEW, end - begin)
            for j in range(size):
                exponent = min(-beta * energies[begin + j] - log_z[r], 0.0)
                weights[j] = lifted_exp(exponent) * 2.0**-LIFT
            for j in range(size):
                allowed = min(left, counts[begin + j])
                if weights[j] * allowed >= missing:
                    kept[r] += max(np.ceil(missing / weights[j]), 1.0)
                    done = True
                    break
                kept[r] += allowed
                missing -= weights[j] * allowed
                left -= allowed
                if left <= 0:
                    done = True
                    break
            if done:
                break


@kernel
def mass_of_more_typical(starts, energies, counts, log_z, entropy, beta, before):
    """Write, (L,), what probability the levels of a row have that are more typical than each.

    Of β above 0. A level is the more typical, the nearer its surprise is to the row's entropy.
    """
    weights = np.empty(_longest(starts))
    for r in range(starts.size - 1):
        of_row = energies[starts[r] : starts[r + 1]]
        tokens = counts[starts[r] : starts[r + 1]]
        into = before[starts[r] : starts[r + 1]]
        shift = log_z[r] - entropy[r]
        right = 0  # the first level whose surprise is at least the entropy
        for j in range(of_row.size):
            weights[j] = lifted_exp(min(-beta * of_row[j] - log_z[r], 0.0)) * 2.0**-LIFT
            weights[j] *= tokens[j]
            right += beta * of_row[j] + shift < 0

        # Levels ascend, so the nearest that is left is the next one on one of two sides.
        left = right - 1
        mass = 0.0
        while left >= 0 or right < of_row.size:
            on_left = right == of_row.size or (
                left >= 0 and -(beta * of_row[left] + shift) <= beta * of_row[right] + shift
            )
            if on_left:
                first = left  # of equal ones, in their order
                while first > 0 and of_row[first - 1] == of_row[left]:
                    first -= 1
                for j in range(first, left + 1):
                    into[j] = mass
                    mass += weights[j]
                left = first - 1
            else:
                into[right] = mass
                mass += weights[right]
                right += 1


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
