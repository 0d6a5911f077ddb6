"""The closed box against its exact law: every arrangement of one total energy is equally likely.

Statistical tests have a false-alarm rate of at most 1e-6 each, with fixed seeds.
"""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chisquare, norm
from scipy.stats import t as student

import boltzmann as bz
from boltzmann.simulation.closed import bodies
from boltzmann.simulation.closed.engine import _keyed_streams
from boltzmann.simulation.kernels import exchange

FALSE_ALARM = 1e-6
SYSTEMS = {
    # levels, particles, energy; the gaps of the rotor and of the even ladder are all even
    "ladder": (bz.ladder(5), 4, 9),
    "rotor": (bz.rigid_rotor(4), 3, 15),
    "even": (bz.ladder(4, spacing=2.0), 3, 9),
    "degenerate": (bz.EnergyLevels([3, -1, 5, 5, np.inf], [2, 1, 3, 4, 7]), 3, 7),
}


def macrostates(levels, particles, energy, demons):
    """Return {counts: number of arrangements}, by listing all counts."""
    found = {}
    for counts in itertools.product(range(particles + 1), repeat=len(levels)):
        allowed = all(e < np.inf or not n for e, n in zip(levels.energies, counts, strict=True))
        if sum(counts) != particles or not allowed:
            continue
        left = energy - sum(int(e) * n for e, n in zip(levels.energies, counts, strict=True) if n)
        if left < 0:
            continue
        ways = math.comb(left + demons - 1, demons - 1) * math.factorial(particles)
        for n, g in zip(counts, levels.degeneracies, strict=True):
            ways = ways * int(g) ** n // math.factorial(n)
        found[counts] = ways
    return found


def p_value(box, sweeps, every, law):
    """Return the p-value of the counts found against {counts: weight}; rare ones are pooled."""
    run = box.run(sweeps, burn_in=200, every=every, progress=False)
    seen = {}
    for counts in map(tuple, run.counts.tolist()):
        seen[counts] = seen.get(counts, 0) + 1
    assert seen.keys() <= law.keys()

    ordered = sorted(law, key=law.get)
    expected = np.array([law[counts] for counts in ordered], float)
    expected *= len(run.counts) / expected.sum()
    observed = np.array([seen.get(counts, 0) for counts in ordered])
    rare = int(np.searchsorted(expected, 10))
    groups = np.maximum(np.arange(expected.size) - max(rare - 1, 0), 0)
    return chisquare(np.bincount(groups, observed), np.bincount(groups, expected)).pvalue


@pytest.mark.parametrize("name", SYSTEMS)
def test_all_arrangements_are_equally_likely(name):
    """Of 20,000 looks, 40 sweeps apart, 3 % more of a macrostate with weight 1/4 is six errors."""
    levels, particles, energy = SYSTEMS[name]
    box = bz.ClosedBox(levels, particles, energy, seed=3)
    law = macrostates(levels, particles, energy, demons=1)
    assert p_value(box, 800_000, 40, law) >= FALSE_ALARM


@pytest.mark.parametrize("name", SYSTEMS)
def test_many_demons_share_with_few_particles(monkeypatch, name):
    """Each of 3 or 4 particles has a lane of its own, and 32 demons take most of the energy."""
    monkeypatch.setattr(bodies, "_PARTICLES_A_DEMON", 0)
    levels, particles, energy = SYSTEMS[name]
    box = bz.ClosedBox(levels, particles, energy + 12, seed=4)
    assert box.demons == 32
    law = macrostates(levels, particles, energy + 12, demons=32)
    assert p_value(box, 800_000, 40, law) >= FALSE_ALARM


def test_the_law_of_other_demons_is_told_apart():
    """The control of the two tests above: one demon more or less is seen."""
    levels, particles, energy = SYSTEMS["ladder"]
    box = bz.ClosedBox(levels, particles, energy, seed=3)
    law = macrostates(levels, particles, energy, demons=2)
    assert p_value(box, 800_000, 40, law) < FALSE_ALARM


def worst_pull(run, law):
    """Return the p-value of the worst of K occupancies, errors from 50 stretches of the run."""
    stretches = run.counts.reshape(50, -1, law.size).mean(axis=1) / run.counts[0].sum()
    error = stretches.std(axis=0, ddof=1) / np.sqrt(50)
    seen = law * run.counts.sum() > 2000  # levels that enough particles were found on
    pulls = np.abs(stretches.mean(axis=0) - law)[seen] / error[seen]
    # By Student's t of 49 degrees: a normal law would call too rare what is not.
    return float(2 * seen.sum() * student.sf(pulls.max(), 49))


@pytest.mark.parametrize(
    ("levels", "particles", "energy", "sweeps"),
    [
        (bz.rigid_rotor(9), 100, 300, 400_000),
        (bz.rigid_rotor(9), 300, 900, 400_000),
        (bz.ladder(12), 2048, 9000, 20_000),
        (bz.EnergyLevels([0, 1, 1, 7], [1, 5, 2, 60]), 5000, 12_000, 20_000),
    ],
    ids=["one demon", "four lanes", "one full block", "three blocks"],
)
def test_occupancies_are_those_of_the_exact_law(levels, particles, energy, sweeps):
    box = bz.ClosedBox(levels, particles, energy, seed=7)
    run = box.run(sweeps, burn_in=1000, progress=False)
    law = bz.microcanonical_occupancy(levels, particles, energy, demons=box.demons)
    assert worst_pull(run, law) >= FALSE_ALARM
    # The control: twice as many demons would be seen, or half as many.
    for others in (2 * box.demons, box.demons // 2):
        other = bz.microcanonical_occupancy(levels, particles, energy, demons=others)
        assert worst_pull(run, other) < FALSE_ALARM


def test_the_mean_purse_tells_the_slope_of_the_entropy():
    """Of 64 demons for 20,000 sweeps the mean is known to 0.2 % or better."""
    levels = bz.rigid_rotor(9)
    box = bz.ClosedBox(levels, 4096, 12_288, seed=8)
    run = box.run(20_000, burn_in=1000, progress=False)
    t = bz.microcanonical_temperature(levels, 4096, 12_288, demons=box.demons)
    assert run.demon_temperature == pytest.approx(t, rel=0.01)


@pytest.mark.parametrize("particles", [60, 500, 5000])
def test_energy_is_conserved_and_one_seed_gives_one_result(particles):
    levels = bz.EnergyLevels([0.5, 1.0, 3.0], [1, 2, 1])
    runs, boxes = [], []
    for threads, cuts in ((1, [60]), (1, [7, 1, 52]), (3, [60]), (2, [30, 30])):
        box = bz.ClosedBox(levels, particles, 5 * particles, quantum=0.5, seed=5)
        counts = [box.run(n, threads=threads, progress=False).counts for n in cuts]
        runs.append(np.concatenate(counts))
        boxes.append(box)
        assert box.energy == 5 * particles
        assert int(box.demon.sum()) + int(2 * box.counts @ levels.energies) == box.energy
        assert box.demon.min() >= 0
        assert box.sweeps == 60
    for counts, box in zip(runs, boxes, strict=True):
        assert np.array_equal(counts, runs[0])
        assert np.array_equal(box.demon, boxes[0].demon)
    other = bz.ClosedBox(levels, particles, 5 * particles, quantum=0.5, seed=6)
    assert not np.array_equal(other.run(60, progress=False).counts, runs[0])


def test_wide_energies_make_the_same_moves(monkeypatch):
    """64-bit energies, for boxes of 2**31 quanta and more, change no result."""
    levels = bz.rigid_rotor(6)
    narrow = bz.ClosedBox(levels, 3000, 9000, seed=1).run(30, progress=False)

    def wide(body, most):
        levels = body.state_levels.astype(np.uint16)
        return exchange.StateTable(body.state_energies.astype(np.int64), levels)

    monkeypatch.setattr(bodies.Body, "table", wide)
    box = bz.ClosedBox(levels, 3000, 9000, seed=1)
    assert box._exchange.purses.dtype == np.int64
    assert np.array_equal(box.run(30, progress=False).counts, narrow.counts)


def test_huge_energies_are_conserved():
    box = bz.ClosedBox([0, 1, 2**31 - 1], 200, 2**40, seed=2)
    assert box._exchange.purses.dtype == np.int64
    box.run(50, progress=False)
    assert box.energy == 2**40
    assert box.demon.min() >= 0


def test_a_box_begins_as_it_is_told():
    levels = bz.EnergyLevels([2, 0, 1], [3, 1, 2])
    start = [0, 0, 1, 2]
    box = bz.ClosedBox(levels, 4, 11, start=start)
    assert box.counts.tolist() == [2, 1, 1]
    assert box.demon.tolist() == [6]
    ground = bz.ClosedBox(levels, 4, 11)
    assert ground.counts.tolist() == [0, 4, 0]
    assert ground.demon.tolist() == [11]


def test_records_are_taken_after_every_nth_sweep():
    every = bz.ClosedBox(bz.ladder(4), 300, 400).run(12, burn_in=2, progress=False)
    third = bz.ClosedBox(bz.ladder(4), 300, 400).run(12, burn_in=2, every=3, progress=False)
    assert np.array_equal(third.counts, every.counts[2::3])
    assert np.array_equal(third.energy, third.counts @ np.arange(4))
    assert np.array_equal(third.demon, 400 - third.energy)
    assert third.occupancy.sum() == pytest.approx(1)


def test_the_entropy_of_a_record_counts_arrangements():
    levels = bz.EnergyLevels([0, 1, np.inf], [2, 3, 1])
    run = bz.ClosedBox(levels, 10, 4).run(5, progress=False)
    for counts, entropy in zip(run.counts.tolist(), run.entropy, strict=True):
        ways = math.comb(10, counts[0]) * 2 ** counts[0] * 3 ** counts[1]
        assert entropy == pytest.approx(math.log(ways), abs=1e-9)
    assert run.demon_entropy == pytest.approx(0, abs=1e-9)  # one demon has one way


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        (([0, 0.7], 5, 3), {}, r"energies\[1\] is 0\.7: 0\.3 quanta from a multiple of the quan"),
        (([0, 0.7], 5, 3), {"quantum": 0.3}, r"energies\[1\] is 0\.7: 0\.333 quanta"),
        (([1, 3], 5, 4), {}, "energy is 4: the nearest that 5 particles can have is 5"),
        (([0, 1], 5, 2.0), {}, r"energy must be a whole number, got 2\.0: it counts quanta"),
        ((bz.EnergyLevels([0, 1], [1, 0.5]), 5, 2), {}, r"degeneracies\[1\] is 0\.5: states are"),
        (([0], 5, 2), {}, "levels has 1 entries: a closed box has 2 to 65536"),
        (([0, 1], 0, 2), {}, "particles is 0: it must be at least 1"),
        (([0, 1], 2**31, 2), {}, "particles is 2147483648: a closed box has at most"),
        (([0, 1], 5, 2**63), {}, r"energy is 9223372036854775808: a purse holds less than 2\*\*62"),
        (([0, 1], 2, 1), {"start": [1, 1]}, "start has an energy of 2, more than energy, 1"),
        (([0, 1], 2, 1), {"start": "hot"}, "start is 'hot': it must be 'ground', or the level"),
        (([0, 1], 2, 1), {"start": [0, 2]}, r"start\[1\] is 2\.0: there are 2 levels"),
        (([0, np.inf, 1], 2, 1), {"start": [0, 1]}, r"start\[1\] is 1\.0: this level is forbi"),
        ((bz.EnergyLevels([0, 1], [1, 1e9]), 2, 1), {}, "levels has 1000000001 states: a closed"),
        (([0, 1], 2, 1), {"quantum": 0}, "quantum must be one positive finite number, got 0"),
    ],
)
def test_bad_input_gets_one_clear_line(arguments, named, message):
    with pytest.raises(ValueError, match=message) as refusal:
        bz.ClosedBox(*arguments, **named)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sweeps": 0}, "sweeps is 0"),
        ({"sweeps": 5, "burn_in": -1}, "burn_in is -1"),
        ({"sweeps": 5, "every": 6}, "every is 6: it must be at most the 5 sweeps"),
        ({"sweeps": 5, "threads": 0}, "threads is 0"),
    ],
)
def test_a_run_refuses_bad_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        bz.ClosedBox([0, 1], 5, 2).run(**arguments)


def test_half_of_what_two_demons_have_goes_anywhere():
    """The meeting itself: each division of 5 quanta among two is as likely; 60,000 meetings."""
    meeting = exchange.Meeting(
        _keyed_streams(1, 0, 1)[0], np.zeros(2, np.int32), np.zeros(32, np.uint64)
    )
    purses = np.array([5, 0], np.int32)
    seen = np.zeros(6, int)
    for _ in range(60_000):
        for _ in range(4):  # three in four words divide 5; four meetings forget the last look
            exchange.meet(purses, meeting)
        assert purses.sum() == 5
        seen[purses[0]] += 1
    assert chisquare(seen).pvalue >= FALSE_ALARM
    assert norm.isf(FALSE_ALARM) * np.sqrt(60_000 / 6) < 0.05 * 10_000  # 5 % would be seen
