"""The kernels, move by move: table, formula and a plain Python loop agree on the same words."""

import math

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import move_tables, moves
from boltzmann.simulation.kernels.random_streams import LANES, seeded_streams
from boltzmann.simulation.kernels.sweeps import sweep_blocks, tally, workspace

INF = np.inf
MASK = 2**64 - 1
WORDS = 2**32


def system(size, seed=0):
    """Return levels with degeneracies, ties and, from five levels on, a forbidden one."""
    random = np.random.default_rng([size, seed])
    energies = random.choice([0.0, 0.3, 0.5, 1.0, 1.7], size) + random.choice(
        [0.0, 1e-3, 0.2], size
    )
    if size >= 5:
        energies[size // 2] = INF
    return bz.EnergyLevels(energies, random.integers(1, 5, size))


class PlainBlock:
    """A block of particles moved by the book: Python's integers, one particle after the other."""

    def __init__(self, levels, t, neighbour, glauber, wide, states, stream):
        self.energies, self.degeneracies = levels.energies.tolist(), levels.degeneracies.tolist()
        self.t, self.neighbour, self.glauber, self.wide = t, neighbour, glauber, wide
        self.buckets = 2 if neighbour else len(levels)
        self.states = [int(state) for state in states]
        self.stream = [[int(word) for word in row] for row in stream]
        self.redrawn = 0

    def row(self):
        """Return the next word of every lane."""
        a, b, c, counter = self.stream
        words = [(a[lane] + b[lane] + counter[lane]) & MASK for lane in range(LANES)]
        for lane, word in enumerate(words):
            a[lane] = b[lane] ^ b[lane] >> 11
            b[lane] = c[lane] + (c[lane] << 3) & MASK
            c[lane] = ((c[lane] << 24 | c[lane] >> 40) + word) & MASK
            counter[lane] = counter[lane] + 1 & MASK
        return words

    def sweep(self):
        """Attempt one move of every particle; return how many moved."""
        size = len(self.states)
        needed = 2 * size if self.wide else size
        words = [word for _ in range(-(-needed // (2 * LANES))) for word in self.row()]
        halves = [half for word in words for half in (word % WORDS, word // WORDS)]

        before = list(self.states)
        for n in range(size):
            bucket, fraction = divmod(halves[n] * self.buckets, WORDS)
            while fraction < WORDS % self.buckets:
                self.redrawn += 1
                bucket, fraction = divmod(self.row()[0] // WORDS * self.buckets, WORDS)

            if self.wide:
                served, words_there = halves[size + n], WORDS
            else:  # how many of the words kept for this bucket come before this one
                served = (bucket * WORDS + fraction) // self.buckets
                served -= -(-(bucket * WORDS + WORDS % self.buckets) // self.buckets)
                words_there = WORDS // self.buckets

            j = self.states[n] + (2 * bucket - 1) if self.neighbour else bucket
            if 0 <= j < len(self.energies) and served < round(
                self.acceptance(self.states[n], j) * words_there
            ):
                self.states[n] = j
        return sum(i != j for i, j in zip(before, self.states, strict=True))

    def acceptance(self, i, j):
        g = self.degeneracies[j] / self.degeneracies[i]
        climb = self.energies[j] - self.energies[i] if j != i else 0.0
        if self.energies[j] == INF:
            return 0.0
        if climb == 0 or np.isinf(self.t):
            ratio = g
        elif self.t == 0:
            ratio = 0.0 if climb > 0 else INF
        else:
            ratio = g * math.exp(-climb / self.t)
        if not self.glauber:
            return min(1.0, ratio)
        return 1.0 if ratio == INF else ratio / (1 + ratio)


def sweep(states, streams, table, sweeps):
    """Run the kernel, every sweep recorded; return the counts and how many particles moved."""
    levels = table.energies.size
    counts = np.zeros((sweeps, levels), np.int64)
    moved = np.zeros(sweeps, np.int64)
    space = workspace(levels)
    sweep_blocks(states, streams, table, space, 0, sweeps, 1, counts, moved)
    return counts, moved


def table_of(levels, t, proposal, rule, *, form="own"):
    """Return the table by its own method, by formula or by weights; wide, with 64 bits a move.

    Its moves are made in vectors where this processor has them, or by plain loops."""
    dynamics = Dynamics.checked(levels, proposal, rule)
    table = dynamics.move_table(t, by_formula="formula" in form)
    if "weights" in form:
        weights = dynamics.single_precision_weights(t)
        table = table._replace(thresholds=None, weights=weights)
    if "wide" in form:
        table = table._replace(wide=True)
    return table._replace(vectors=None) if "wide" in form or "loops" in form else table


def random_states(levels, size, seed=0):
    allowed = np.flatnonzero(levels.energies < INF)
    return np.random.default_rng([size, seed, 1]).choice(allowed, size).astype(np.uint16)


@pytest.mark.parametrize("size", [2, 3, 8, 64, 100, 1000])
@pytest.mark.parametrize("proposal", ["uniform", "neighbour"])
@pytest.mark.parametrize("rule", ["metropolis", "glauber"])
def test_table_and_formula_agree_in_every_particle_of_every_sweep(size, proposal, rule):
    """States, counts, energy, heat and acceptance, through two blocks and a part of a third."""
    levels = system(size)
    for t in (0.0, 0.3, 1.0, INF, -1.0):
        gases = [
            bz.Ensemble(
                levels,
                t,
                start=random_states(levels, 4501),
                proposal=proposal,
                rule=rule,
                engine=engine,
            )
            for engine in ("particles", "textbook")
        ]

        table, formula = (gas.run(8, 3, threads=1) for gas in gases)
        assert np.array_equal(gases[0].states, gases[1].states)
        assert np.array_equal(table.counts, formula.counts)
        for name in ("energy", "heat", "acceptance", "occupancy"):
            assert np.array_equal(getattr(table, name), getattr(formula, name)), name


FORMS = [
    ("own", "uniform"),
    ("formula", "uniform"),
    ("weights", "uniform"),
    ("wide formula", "uniform"),
    ("wide weights", "uniform"),
    ("own", "neighbour"),
    ("formula", "neighbour"),
    ("loops", "uniform"),
    ("loops", "neighbour"),
    ("weights in loops", "uniform"),
]


@pytest.mark.parametrize("size", [2, 3, 8, 100, 1000])
@pytest.mark.parametrize("rule", ["metropolis", "glauber"])
@pytest.mark.parametrize(("form", "proposal"), FORMS)
def test_the_kernel_is_the_plain_loop(size, rule, form, proposal):
    """32 words a row: 141 particles leave the last row half used, and 63 begin no second one."""
    wide, levels = "wide" in form, system(size, 1)
    for t, count in ((0.0, 63), (0.4, 141), (1.0, 65), (INF, 32), (-1.0, 5)):
        states, streams = random_states(levels, count), seeded_streams(size, 1)
        plain = PlainBlock(
            levels, t, proposal == "neighbour", rule == "glauber", wide, states, streams[0]
        )
        table = table_of(levels, t, proposal, rule, form=form)
        for _ in range(4):
            counts, moved = sweep(states, streams, table, 1)
            assert moved.sum() == plain.sweep()
            assert states.tolist() == plain.states
            assert np.array_equal(counts[0], np.bincount(plain.states, minlength=size))
        assert streams[0].tolist() == plain.stream


def crafted_stream(rows):
    """Return a stream whose first two rows of words are these, two rows of LANES ints.

    The first word is a + b + counter. The second is the same after a, b, counter have become b ^ b
    >> 11, 9c and counter + 1; and 9 has an inverse."""
    stream = seeded_streams(99, 1)
    for lane, (first, second) in enumerate(zip(*rows, strict=True)):
        _, b, _, counter = (int(word) for word in stream[0, :, lane])
        stream[0, 0, lane] = (first - b - counter) & MASK
        stream[0, 2, lane] = (second - (b ^ b >> 11) - counter - 1) * pow(9, -1, 2**64) & MASK
    return stream


@pytest.mark.parametrize("buckets", [3, 100, 1000])
@pytest.mark.parametrize(
    "form", ["own", "formula", "weights", "loops", "wide formula", "wide weights"]
)
def test_words_that_would_bias_the_proposal_are_drawn_again(buckets, form):
    """Word 0 and others at the edge of a bucket have too small a fraction.

    So has the first word that is drawn instead. Every third word is such a word, every fifth other
    one has the least fraction that is kept.
    """
    wide = "wide" in form
    levels = bz.EnergyLevels(np.arange(buckets) / buckets)

    biased = [-(-bucket * WORDS // buckets) for bucket in range(buckets)]
    biased = [word for word in biased if word * buckets % WORDS < WORDS % buckets]
    assert biased[0] == 0
    assert len(biased) == WORDS % buckets  # each fraction below the limit belongs to one word

    limit = WORDS % buckets
    kept = [
        word
        for b in range(buckets)
        if (word := (b * WORDS + limit) // buckets) * buckets % WORDS == limit
    ]

    usual = np.random.default_rng(3).integers(WORDS, size=2 * LANES)
    usual[::5] = kept[-1]
    usual = iter(usual.tolist())
    low, high = (
        [biased[k % len(biased)] if k % 3 == 0 else next(usual) for k in range(LANES)]
        for _ in range(2)
    )

    first = [h * WORDS + low_half for h, low_half in zip(high, low, strict=True)]
    second = [biased[-1] * WORDS + 12345] * LANES
    streams = crafted_stream((first, second))

    states = np.full(LANES if wide else 2 * LANES, buckets - 1, np.uint16)
    plain = PlainBlock(levels, 0.5, False, False, wide, states, streams[0])
    table = table_of(levels, 0.5, "uniform", "metropolis", form=form)
    for _ in range(3):
        assert sweep(states, streams, table, 1)[1][0] == plain.sweep()
        assert states.tolist() == plain.states
    assert plain.redrawn == (13 if wide else 23)
    assert streams[0].tolist() == plain.stream


def taken_by(word, start, table):
    """Return the bucket of a word and where it takes a particle on level `start`.

    None if the word is drawn again.
    """
    words, proposed = np.array([word], np.uint32), np.empty(1, np.uint32)
    if moves.split(words, table.buckets, proposed) < WORDS % table.buckets:
        return None
    states, rest = np.array([start], np.uint16), [0] * (LANES - 1)
    sweep(states, crafted_stream(([word, *rest], [0, *rest])), table, 1)
    return int(proposed[0]), int(states[0])


@pytest.mark.parametrize("t", [0.0, 0.7])
@pytest.mark.parametrize("buckets", [2, 3, 100, 1000])
def test_a_bucket_accepts_exactly_the_words_it_says(buckets, t):
    """In order: at most one word is drawn again, then as many accept as is said, then none."""
    levels = bz.EnergyLevels(np.arange(buckets) * 3 / buckets)
    numbers, _ = bz.quantised_transition_matrix(levels, t)
    tables = [
        table_of(levels, t, "uniform", "metropolis", form=form)
        for form in ("own", "formula", "weights")
    ]
    moves = np.argwhere(~np.eye(buckets, dtype=bool))
    for here, there in np.random.default_rng(buckets).permutation(moves)[:40].tolist():
        accepted = int(numbers[here, there])
        kept = WORDS // buckets
        first = -(-there * WORDS // buckets)

        verdicts = {}
        if first * buckets % WORDS < WORDS % buckets:
            verdicts[first] = None
            first += 1
        for k in {0, accepted - 1, accepted, kept - 1} - {-1, kept}:
            verdicts[first + k] = (there, there if k < accepted else here)

        for word, verdict in verdicts.items():
            for table in tables:
                assert taken_by(word, here, table) == verdict


def words_around_the_thresholds(accepted):
    """Return the moves between all levels by the last two words that accept and the next two.

    Of each move the levels from and to, the word, and whether it accepts; `accepted` (K, K) is how
    many words of each bucket do.
    """
    buckets = len(accepted)
    kept, refused_below = WORDS // buckets, WORDS % buckets
    first = np.array([-(-bucket * WORDS // buckets) for bucket in range(buckets)])
    first += first * buckets % WORDS < refused_below
    k = np.clip(accepted[:, :, None] + np.arange(-2, 2), 0, kept - 1)
    here, there, _ = np.indices(k.shape, np.uint32)
    moves = here != there
    accepts = k < accepted[:, :, None]
    return here[moves], there[moves], (first[:, None] + k)[moves].astype(np.uint32), accepts[moves]


@pytest.mark.parametrize("rule", ["metropolis", "glauber"])
def test_single_precision_leaves_to_the_formula_all_that_it_could_get_wrong(rule):
    """The words around the thresholds of a million moves, up to 15 t uphill, by both methods.

    997 levels leave Lemire's method a remainder of 966, so that its fractions stray nearly as far
    as they can. Where single precision alone would err, its two sides differ by what the margin has
    to cover: less than the 7 · 2⁻²⁴ that `in_doubt` works out, and more than 2⁻²², which would be
    too small a margin."""
    random = np.random.default_rng(997)
    levels = bz.EnergyLevels(random.uniform(0, 15, 997), random.integers(1, 5, 997))
    dynamics = Dynamics.checked(levels, "uniform", rule)
    accepted = np.rint(dynamics.acceptances(1.0) * (WORDS // 997)).astype(np.int64)  # (997, 997)
    here, there, words, accepts = words_around_the_thresholds(accepted)
    proposed = np.empty_like(words)
    # From here on, words are fractions.
    assert moves.split(words, 997, proposed) >= WORDS % 997 == 966
    assert np.array_equal(proposed, there)

    expected = np.where(accepts, there, here)
    by_formula, by_weights = here.copy(), here.copy()
    moved = moves.move_by_formula(
        by_formula, proposed, words, table_of(levels, 1.0, "uniform", rule, form="formula")
    )
    assert moved == np.count_nonzero(accepts)
    assert np.array_equal(by_formula, expected)

    table = table_of(levels, 1.0, "uniform", rule)
    own, (other, gap) = table.weights[here], np.empty((2, here.size), np.float32)
    assert (
        moves.move_by_weights(by_weights, own, proposed, words, table, table.weights, other, gap)
        == moved
    )
    assert np.array_equal(by_weights, expected)
    assert np.array_equal(own, table.weights[expected])

    own, other = table.weights[here], table.weights[there]
    u = (words >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    gap = u * (own + np.float32(rule == "glauber") * other) - other
    wrong = (gap < 0) != accepts
    assert 2.0**-22 < np.max(np.abs(gap[wrong]) / (own + other)[wrong]) < 7 * 2.0**-24


@pytest.mark.parametrize("proposal", ["uniform", "matrix"])
def test_a_row_of_any_chain_is_followed_word_by_word(proposal):
    """The heat bath has one row for all levels, a matrix one for each of them."""
    random, levels = np.random.default_rng(5), system(7)
    weights = random.uniform(0.1, 1, (7, 7))
    q = "uniform" if proposal == "uniform" else weights / weights.sum(axis=1, keepdims=True)
    table = table_of(levels, 0.5, q, "heat-bath")
    numbers, _ = bz.quantised_transition_matrix(levels, 0.5, q, "heat-bath")

    for here in range(7):
        taken = dict.fromkeys(range(7), 0)
        for bucket in range(7):
            first = -(-(bucket * WORDS + WORDS % 7) // 7)
            limit = int(table.alias[here * table.rows_per_level * 7 + bucket]) >> 32
            last = (bucket * WORDS + limit) // 7  # that goes to the first level of the entry
            end = first + WORDS // 7

            for begin, words in ((first, last + 1 - first), (last + 1, end - last - 1)):
                if words:
                    some = (begin, begin + words // 2, begin + words - 1)
                    [(found, level)] = {taken_by(word, here, table) for word in some}
                    assert found == bucket
                    taken[level] += words
        assert list(taken.values()) == numbers[here].tolist()


def test_many_levels_weigh_each_move_by_a_word_of_its_own():
    """Beyond 1024 levels the engine's own table is the plain loop with 64 bits a move."""
    levels = system(1500)
    states, streams = random_states(levels, 200), seeded_streams(0, 1)
    plain = PlainBlock(levels, 0.5, False, False, True, states, streams[0])
    gases = [
        bz.Ensemble(levels, 0.5, start=states, engine=engine)
        for engine in ("particles", "textbook")
    ]
    for _ in range(3):
        moves = plain.sweep()
        for gas in gases:
            assert gas.run(1).acceptance[0] == moves / (200 * (1 - 1 / 1500))
            assert gas.states.tolist() == plain.states


@pytest.mark.parametrize("rule", ["metropolis", "glauber"])
def test_weights_below_the_smallest_normal_number_are_left_to_the_formula(rule):
    """Levels 85.5 to 89.5 t above the lowest lie on both sides of 2⁻¹²⁶ = exp(-87.3).

    Below it a weight in single precision counts as 0.
    Of the 20,480 particles there, half are offered a level whose weight is within a factor of e of
    their own."""
    energies = np.append(0.0, np.linspace(85.5, 89.5, 1000))
    levels = bz.EnergyLevels(energies)
    assert (
        0 < np.count_nonzero(table_of(levels, 1.0, "uniform", rule, form="weights").weights) < 1001
    )
    ends = []
    for form in ("formula", "weights"):
        states, streams = random_states(levels, 20_480), seeded_streams(8, 10)
        sweep(states, streams, table_of(levels, 1.0, "uniform", rule, form=form), 2)
        ends.append(states)
    assert np.array_equal(*ends)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 2047, 2048])
def test_a_tally_counts(size):
    random = np.random.default_rng(size)
    for levels in (2, 70):
        state = random.integers(levels, size=size).astype(np.uint32)
        counts, partial = np.full(levels, 10, np.int64), np.zeros((4, levels), np.int64)
        tally(state, size, counts, partial)
        assert np.array_equal(counts, 10 + np.bincount(state, minlength=levels))
        assert not partial.any()


def test_counts_and_moves_belong_to_their_interval_wherever_a_call_begins():
    """Ten sweeps in calls of 1, 4, 3 and 2, every third recorded: three and a begun interval."""
    levels = system(8)
    table = table_of(levels, 1.0, "uniform", "metropolis")
    states, streams = random_states(levels, 5000), seeded_streams(4, 3)
    each, moved = sweep(states, streams, table, 10)
    states, streams = random_states(levels, 5000), seeded_streams(4, 3)

    counts, changed, done = np.zeros((3, 8), np.int64), np.zeros(4, np.int64), 0
    for cut in (1, 4, 3, 2):
        first, last = done // 3, (done + cut) // 3
        some = np.zeros((last - first, 8), np.int64)
        few = np.zeros((done + cut - 1) // 3 - first + 1, np.int64)
        sweep_blocks(states, streams, table, workspace(8), done, cut, 3, some, few)
        counts[first:last] += some

        changed[first : first + few.size] += few
        done += cut
    assert np.array_equal(counts, each[2::3])
    assert np.array_equal(changed, [moved[:3].sum(), moved[3:6].sum(), moved[6:9].sum(), moved[9]])


def test_blocks_do_not_touch_one_another():
    """A gas of 4096 particles is the first two blocks of one of 8192, and of one of 5000."""
    levels, start = system(8), random_states(system(8), 8192)
    for engine in ("particles", "textbook"):
        sizes = (4096, 5000, 8192)
        gases = [bz.Ensemble(levels, start=start[:size], engine=engine, seed=6) for size in sizes]
        for gas in gases:
            gas.run(7)
        small, part, large = (gas.states for gas in gases)
        assert np.array_equal(small, large[:4096])
        assert np.array_equal(small, part[:4096])
        assert not np.array_equal(small[:2048], small[2048:])


@pytest.mark.parametrize("proposal", ["uniform", "neighbour"])
def test_numbered_acceptances_are_those_of_the_formula(proposal):
    """The table of the kernel, and the words that the formula would give, agree in every entry."""
    levels = system(100, 2)
    dynamics = Dynamics.checked(levels, proposal, "metropolis")
    table = dynamics.move_table(0.4)
    targets = dynamics.targets()
    kept = WORDS // table.buckets
    for i in range(100):
        for bucket in range(table.buckets):
            j = int(targets[i, bucket])
            ratio = move_tables.weight_ratio(
                levels.energies[i],
                levels.energies[j],
                levels.degeneracies[i],
                levels.degeneracies[j],
                0.4,
            )

            words = (
                0 if abs(j - i) != 1 and proposal == "neighbour" else round(min(1, ratio) * kept)
            )
            beyond = (
                move_tables.last_accepted(words, bucket, table.buckets) + 1 - WORDS % table.buckets
            )
            always = WORDS - max(1, WORDS % table.buckets)
            assert table.thresholds[i * table.buckets + bucket] == {0: 0, kept: always}.get(
                words, beyond
            )
