"""Sweeps of a closed box: particles and demons exchange whole quanta of energy, and no bath helps.

A particle is offered a state, every state being as likely. If the state costs energy, the demon
beside the particle pays from its purse, or the move is refused; what a state frees goes into the
purse [1]_. There is nothing else here: integers are added and compared.

Why every arrangement of the same total energy ends up equally likely. An arrangement is the state
of every particle and the quanta in every purse. A move takes an arrangement x to y with the
probability 1/G that the state is offered, where G is the number of states, and y to x with the
same: what one direction pays, the other gets back. In a meeting two demons divide what they have
together, and any division is as likely as any other: a move is refused where the word that was
drawn divides nothing, which depends on what they have together alone. That is symmetric, too. Last,
the demons move on, which is a permutation of arrangements. By how far they move, and in which order
particles do, is drawn without a look at the arrangement. Symmetric steps and permutations leave
the uniform law as it is, hence so does any sequence of them, in whatever order; and no step changes
the total energy.

Why it gets there. A particle may always go to the lowest level, and one demon may come to hold all
purses, so that every arrangement leads to one of those in which all particles are on the lowest
level and one demon has all energy; and back, for what is symmetric can be undone.

In what follows n runs over the particles of a block and G is the number of states. A block has L
demons, at most LANES, and its particle n meets the demon of lane n mod L: neighbours in memory
never wait for one another, and the compiler can put them in vector registers.

References
----------
.. [1] M. Creutz, Phys. Rev. Lett. 50, 1411 (1983).
"""

from collections import namedtuple

import numpy as np

from boltzmann._core.jit import kernel
from boltzmann.simulation.kernels.random_streams import LANES, fill_words

BLOCK = 2048  # particles that share a stream; their working arrays fit in a first-level cache

# Primes above any number of rows, so that strides of them come to every row.
STRIDES = np.array([2053, 2081, 2111, 2131, 2161, 2203, 2221, 2251])

StateTable = namedtuple(
    "StateTable",
    [
        "energies",  # (G,) int32 or int64, of each state above the lowest level, in quanta
        "levels",  # (G,) uint16, the level of each state
    ],
)

Meeting = namedtuple(
    "Meeting",
    [
        "stream",  # (4, LANES) uint64, the random stream of all meetings
        "arrived",  # (D,) as the purses, after they moved on
        "words",  # (D/2 + 1 or more,) uint64, random words
    ],
)

Workspace = namedtuple(
    "Workspace",
    [
        "drawn",  # (BLOCK/2,) uint64, random words
        "words",  # (BLOCK,) uint32, the halves of `drawn`
        "offered",  # (BLOCK,) uint32, the state that each particle is offered
        "costs",  # (BLOCK,) as the energies, of going there
        "redrawn",  # (LANES,) uint64, random words in the place of refused ones
        "partial",  # (4, K) int64, partial tallies, all 0
    ],
)


def workspace(levels, energies):
    """Return the workspace for that many levels, and energies of that type."""
    drawn = np.empty(BLOCK // 2, np.uint64)
    return Workspace(
        drawn=drawn,
        words=drawn.view(np.uint32),
        offered=np.empty(BLOCK, np.uint32),
        costs=np.empty(BLOCK, energies.dtype),
        redrawn=np.empty(LANES, np.uint64),
        partial=np.zeros((4, levels), np.int64),
    )


@kernel
def offer(stream, words, states, offered, redrawn):
    """Offer each particle one of so many states, all with the same probability.

    The state is the high half of word·G; words whose low half is below 2³² mod G are drawn again,
    so that equally many remain for each state (Lemire's method).
    """
    refused_below = np.uint64((1 << 32) % states)
    least = np.uint64(1 << 32)
    for n in range(offered.size):
        product = np.uint64(words[n]) * np.uint64(states)
        offered[n] = product >> np.uint64(32)
        least = min(least, product & np.uint64(0xFFFFFFFF))
    if least >= refused_below:
        return

    for n in range(offered.size):
        product = np.uint64(words[n]) * np.uint64(states)
        while product & np.uint64(0xFFFFFFFF) < refused_below:
            fill_words(stream, redrawn)
            product = (redrawn[0] >> np.uint64(32)) * np.uint64(states)
        offered[n] = product >> np.uint64(32)


@kernel
def price(state, offered, energies, costs):
    """Write down what each offered state costs; less than 0 is what it frees."""
    for n in range(state.size):
        costs[n] = energies[offered[n]] - energies[state[n]]


@kernel
def pay_or_refuse(state, offered, costs, purses, lane):
    """Make the move of one particle, if its demon can pay.

    All is read before anything is written, and a word of ones or zeros selects without a branch, so
    that lanes fit into vector registers.
    """
    cost, purse, here, there = costs[lane], purses[lane], state[lane], offered[lane]
    pays = np.uint32(0) - np.uint32(cost <= purse)
    purses[lane] = purse - (cost & np.int32(pays))
    state[lane] = (there & pays) | (here & ~pays)


@kernel
def trade(state, offered, costs, purses, word):
    """Let the demons pay for each move or refuse it, row after row in an order that the word says.

    Row r of L particles meets the L demons side by side; rows are taken in strides of a prime, from
    anywhere on, so that a demon does not carry energy between neighbours alone.
    """
    lanes = purses.size
    rows = state.size // lanes
    stride = STRIDES[word % np.uint64(STRIDES.size)]
    row = np.int64((word >> np.uint64(32)) % np.uint64(max(rows, 1)))

    for _ in range(rows):
        here = state[row * lanes : (row + 1) * lanes]
        there = offered[row * lanes : (row + 1) * lanes]
        cost = costs[row * lanes : (row + 1) * lanes]
        # By a number of lanes that the compiler knows, a row is one step in vector registers.
        if lanes == LANES:
            for lane in range(LANES):
                pay_or_refuse(here, there, cost, purses, lane)
        else:
            for lane in range(lanes):
                pay_or_refuse(here, there, cost, purses, lane)
        row = (row + stride) % rows

    rest = rows * lanes
    for lane in range(state.size - rest):
        pay_or_refuse(state[rest:], offered[rest:], costs[rest:], purses, lane)


@kernel
def sweep_blocks(states, streams, purses, table, space):
    """Let each particle of each block try one move; `states` (N,) and `purses` (B, L) change."""
    for block in range(streams.shape[0]):
        state = states[block * BLOCK : (block + 1) * BLOCK]
        # Whole rows of lanes are drawn, two words of 32 bits from each of 64.
        drawn = space.drawn[: (state.size + 2 * LANES - 1) // (2 * LANES) * LANES]
        offered, costs = space.offered[: state.size], space.costs[: state.size]
        fill_words(streams[block], drawn)
        offer(streams[block], space.words, table.energies.size, offered, space.redrawn)
        price(state, offered, table.energies, costs)
        fill_words(streams[block], space.redrawn)
        trade(state, offered, costs, purses[block], space.redrawn[0])


@kernel
def meet(purses, meeting):
    """Let the demons move on, and those that are side by side then divide what they have.

    All move by the same number of places, which is drawn, so that heat has no way that it prefers.
    A division is drawn as a word of as many bits as the sum has; a word above the sum is refused,
    and both keep what they have. `purses` (D,) change.
    """
    demons = purses.size
    if demons == 1:
        return
    arrived, words = meeting.arrived, meeting.words
    fill_words(meeting.stream, words)

    place = np.int64(words[demons // 2] % np.uint64(demons))
    for d in range(demons):
        arrived[place] = purses[d]
        place = place + 1 if place + 1 < demons else 0

    for pair in range(demons // 2):
        together = np.uint64(arrived[2 * pair] + arrived[2 * pair + 1])
        bits = together
        bits |= bits >> np.uint64(1)
        bits |= bits >> np.uint64(2)
        bits |= bits >> np.uint64(4)
        bits |= bits >> np.uint64(8)
        bits |= bits >> np.uint64(16)
        bits |= bits >> np.uint64(32)
        first = words[pair] & bits
        if first <= together:
            arrived[2 * pair] = first
            arrived[2 * pair + 1] = together - first
    for d in range(demons):
        purses[d] = arrived[d]


@kernel
def tally(states, table, counts, partial):
    """Add to `counts` (K,) how many particles are on each level.

    Four partial tallies, (4, K) and all 0 on entry and exit, keep one increment from waiting for
    the last.
    """
    whole = states.size - states.size % 4
    for n in range(0, whole, 4):
        for part in range(4):
            partial[part, table.levels[states[n + part]]] += 1
    for n in range(whole, states.size):
        partial[0, table.levels[states[n]]] += 1

    for level in range(counts.size):
        for part in range(4):
            counts[level] += partial[part, level]
            partial[part, level] = 0


@kernel
def sweep_alone(states, streams, purses, lanes, meeting, table, space, done, sweeps, every, counts):
    """Sweep one body by one thread, `sweeps` times after `done` earlier sweeps.

    `lanes` (B, L) are the purses (D,). `counts` (R, K), a row for each sweep whose number is a
    multiple of `every`, is added to.
    """
    for sweep in range(done, done + sweeps):
        sweep_blocks(states, streams, lanes, table, space)
        meet(purses, meeting)
        if (sweep + 1) % every == 0:
            tally(states, table, counts[(sweep + 1) // every - 1 - done // every], space.partial)
