"""One seed gives one result on every processor, by vectors and by plain loops.

The numbers below were made on x86-64, where AVX2 gathers; a processor that does not gather, such as
one of aarch64, runs the plain loops. With NUMBA_CPU_NAME=generic and NUMBA_CPU_FEATURES empty,
these run on any machine.
"""

from zlib import crc32

import numpy as np
import pytest

import boltzmann as bz

ROUGH = bz.EnergyLevels([0.3, 0.0, 1.1, np.inf, 0.7, 0.2, 2.5], degeneracies=[1, 3, 2, 1, 4, 1, 2])
MANY = bz.EnergyLevels(np.arange(300) * 7 % 11 / 4)
GASES = {  # levels, temperature, how they move; checksums of the states and of the counts
    "two levels": (bz.two_level(), 0.7, {}, 713042751, 3152549882),
    "a power of two": (bz.ladder(8), 1.3, {}, 128974043, 3819618524),
    "a forbidden level": (ROUGH, 0.9, {}, 2509133216, 726762239),
    "below zero": (bz.ladder(6), -0.8, {}, 2457500036, 257527676),
    "many levels": (MANY, 0.8, {}, 422382270, 3525523187),
    "neighbours": (bz.ladder(9), 1.1, {"proposal": "neighbour"}, 2449959741, 1809669547),
    "a heat bath": (ROUGH, 0.6, {"rule": "heat-bath"}, 2415107888, 678823197),
}


@pytest.mark.parametrize("name", GASES)
def test_a_seed_gives_the_same_states_and_counts_on_every_processor(name):
    levels, temperature, how, states, counts = GASES[name]
    particles, counted = (
        bz.Ensemble(levels, temperature, 5000, engine=engine, seed=11, **how)
        for engine in ("particles", "counts")
    )
    particles.run(sweeps=20, progress=False)
    counted.run(sweeps=20, progress=False)
    assert crc32(particles.states.astype("<u2").tobytes()) == states
    assert crc32(counted.counts.astype("<i8").tobytes()) == counts
