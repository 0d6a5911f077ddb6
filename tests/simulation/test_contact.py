"""Bodies in contact: energy flows until they share a temperature, and is conserved."""

import numpy as np
import pytest
from scipy.optimize import brentq

import boltzmann as bz
from boltzmann.statistics import goodness_of_fit

ROTOR, LADDER = bz.rigid_rotor(9), bz.ladder(20)


def pair(seed=0):
    hot = bz.ClosedBox(ROTOR, 3000, 12_000, seed=1)
    cold = bz.ClosedBox(LADDER, 1000, 900, seed=2)
    return bz.Contact([hot, cold], seed=seed)


def test_two_bodies_come_to_one_temperature():
    """Both are held to the law at the t that their common energy has, to 2 %.

    A wall between them, two contacts of one body each, leaves them further apart than that.
    """
    total = 12_900
    contact = pair()
    run = contact.run(4000, burn_in=4000, progress=False)

    def excess(t):
        demons = contact.demons / np.expm1(1 / t)
        return 3000 * bz.mean_energy(ROTOR, t) + 1000 * bz.mean_energy(LADDER, t) + demons - total

    t = brentq(excess, 0.1, 100)
    assert run.demon_temperature == pytest.approx(t, rel=0.02)
    for body, levels, particles in zip(run.bodies, (ROTOR, LADDER), (3000, 1000), strict=True):
        u = bz.mean_energy(levels, t)
        assert body.energy.mean() / particles == pytest.approx(u, rel=0.02)
        assert np.abs(body.occupancy - bz.probabilities(levels, t)).max() < 0.005

    walled = bz.Contact([bz.ClosedBox(LADDER, 1000, 900, seed=2)])
    apart = walled.run(2000, burn_in=200, progress=False)
    assert apart.demon_temperature < 0.5 * t


def test_two_bodies_of_four_particles_share_all_arrangements():
    """Exactly: the energy of each of two small bodies, against all arrangements of both.

    Of 10,000 looks, at a false-alarm rate of 1e-6.
    """

    first, second, total = bz.ladder(4), bz.EnergyLevels([0, 1, 3], [1, 2, 1]), 8
    boxes = [bz.ClosedBox(first, 2, 5, seed=1), bz.ClosedBox(second, 2, 3, seed=2)]
    run = bz.Contact(boxes, seed=3).run(150_000, burn_in=200, every=15, progress=False)

    # Of each body alone: in how many ways two particles have so much energy.
    ways = []
    for levels in (first, second):
        each = np.zeros(total + 1)
        np.add.at(each, levels.energies.astype(int), levels.degeneracies)
        ways.append(np.convolve(each, each)[: total + 1])
    weights = np.array(
        [
            [max(total - a - b + 1, 0) * ways[0][a] * ways[1][b] for b in range(total + 1)]
            for a in range(total + 1)
        ]
    )
    seen = np.zeros_like(weights)
    np.add.at(seen, (run.bodies[0].energy, run.bodies[1].energy), 1)
    assert not seen[weights == 0].any()

    def p_value(weights):
        possible = weights > 0
        law = weights[possible] / weights.sum()
        return goodness_of_fit(seen[possible].astype(int), law).p_value

    assert p_value(weights) >= 1e-6
    # The control: as if one demon carried all there is.
    assert p_value((weights > 0) * ways[0][:, None] * ways[1]) < 1e-6


def test_the_total_entropy_rises_and_energy_is_conserved():
    contact = pair()
    run = contact.run(2000, progress=False)
    total = run.bodies[0].energy + run.bodies[1].energy + run.demon
    assert set(total.tolist()) == {12_900}
    assert contact.energy == 12_900
    assert sum(contact.energies) + contact.demon.sum() == 12_900
    smooth = run.entropy.reshape(4, 500).mean(axis=1)
    assert (np.diff(smooth[:3]) > 0).all()
    assert run.entropy[-1] > run.entropy[0] + 100


def test_one_seed_gives_one_result_and_boxes_stay_as_they_are():
    hot = bz.ClosedBox(ROTOR, 3000, 12_000, seed=1)
    cold = bz.ClosedBox(LADDER, 1000, 900, seed=2)
    before = hot.counts, cold.counts
    runs = []
    for threads, cuts in ((1, [50]), (3, [50]), (2, [20, 30])):
        contact = bz.Contact([hot, cold], seed=4)
        parts = [contact.run(n, threads=threads, progress=False) for n in cuts]
        runs.append(
            [np.concatenate([part.bodies[body].counts for part in parts]) for body in (0, 1)]
        )
    for run in runs[1:]:
        assert np.array_equal(run[0], runs[0][0]) and np.array_equal(run[1], runs[0][1])
    assert np.array_equal(hot.counts, before[0]) and np.array_equal(cold.counts, before[1])


def test_twins_in_contact_do_not_move_alike():
    box = bz.ClosedBox(LADDER, 500, 2000, seed=1)
    contact = bz.Contact([box, box])
    contact.run(5, progress=False)
    assert not np.array_equal(*contact.counts)


def test_a_contact_of_one_box_has_its_law():
    box = bz.ClosedBox(ROTOR, 100, 300, seed=1)
    run = bz.Contact([box]).run(100_000, burn_in=100, progress=False)
    law = bz.microcanonical_occupancy(ROTOR, 100, 300, demons=1)
    assert np.abs(run.bodies[0].occupancy - law).max() < 0.002


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        (lambda: [], "boxes is empty"),
        (lambda: None, "boxes must be a sequence of ClosedBox, got None"),
        (
            lambda: bz.ClosedBox([0, 1], 2, 1),
            r"boxes must be a sequence of ClosedBox, got ClosedBox\(2 levels",
        ),
        (lambda: [[0, 1]], r"boxes\[0\] must be a ClosedBox"),
        (
            lambda: [
                bz.ClosedBox([0, 1], 2, 1),
                bz.ClosedBox([0, 1], 2, 1, quantum=0.5),
            ],
            r"boxes\[1\] has a quantum of 0\.5, but boxes\[0\] one of 1",
        ),
        (
            lambda: [bz.ClosedBox([0, 1], 2, 2**61)] * 2,
            r"boxes have 4611686018427387904 quanta: a purse holds less than 2\*\*62",
        ),
    ],
)
def test_bad_boxes_get_one_clear_line(boxes, message):
    with pytest.raises(ValueError, match=message):
        bz.Contact(boxes())
