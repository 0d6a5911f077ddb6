"""Starts: drawn by name or given as an array, and the memory that they take."""

import subprocess
import sys

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation import starts
from boltzmann.simulation.kernels.random_streams import START, keyed_generator
from tests.support.gases import ENGINES, LEVELS, gas_of

INF = np.inf


@pytest.mark.parametrize("engine", ENGINES)
def test_starts_by_name(engine):
    levels = bz.EnergyLevels([2, 0, INF, 0, 1], [1, 1, 5, 2, 3])
    ground = bz.Ensemble(levels, 3.0, 90_000, engine=engine, start="ground").counts
    assert ground[[0, 2, 4]].sum() == 0
    assert abs(ground[3] - 60_000) < 8 * np.sqrt(20_000)
    uniform = bz.Ensemble(levels, 0.0, 90_000, engine=engine, start="uniform").counts
    assert np.all(
        np.abs(uniform - 90_000 * np.array([1, 1, 0, 2, 3]) / 7) < 8 * np.sqrt(90_000 / 4)
    )
    assert uniform[2] == 0
    frozen = bz.Ensemble(levels, 0.0, 90_000, engine=engine, start="exact").counts
    assert np.array_equal(frozen, ground)
    inverted = bz.Ensemble(levels, -1e-9, 500, engine=engine, start="exact").counts
    assert inverted.tolist() == [500, 0, 0, 0, 0]


def test_a_given_start_is_taken_and_left_as_it_is():
    start = np.array([3, 0, 0, 1, 2], np.uint8)
    for given in (start, start.tolist(), start.astype(float), start.astype(">i8")):
        gas = bz.Ensemble(LEVELS, start=given)
        assert gas.states.tolist() == [3, 0, 0, 1, 2]
        assert gas.counts.tolist() == [2, 1, 1, 1]
    gas.run(5)
    assert start.tolist() == [3, 0, 0, 1, 2]
    counts = np.array([7, 0, 0, 2**53 - 7])
    gas = bz.Ensemble(LEVELS, engine="counts", start=counts)
    gas.run(5)
    assert gas.particles == gas.counts.sum() == 2**53
    assert counts.tolist() == [7, 0, 0, 2**53 - 7]


def test_no_count_ever_starts_on_a_forbidden_level():
    """At 2^53 particles the rounding of 1 - 1/3 - 1/3 leaves one over in most draws."""
    for seed in range(20):
        gas = bz.Ensemble([0, 0, 0, INF], 1.0, 2**53, engine="counts", seed=seed)
        assert gas.counts[3] == 0
        assert gas.counts.sum() == 2**53


@pytest.mark.parametrize("particles", [1, 2048, 2049, 100_000])
def test_the_memory_foreseen_is_that_of_the_states_and_streams(particles, tmp_path):
    """2 bytes a particle, and half a byte for its share of a stream where blocks are full."""
    gas_of(particles=particles).save(tmp_path / "gas")
    saved = np.load(tmp_path / "gas")
    assert starts.bytes_needed(particles) == saved["states"].nbytes + saved["streams"].nbytes
    assert starts.bytes_needed(2048) == 2048 * 5 // 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forgets a peak on request")
def test_ten_million_particles_take_less_than_100_megabytes():
    """Of 25 MB, 2 bytes each and a share of a stream; a float for each would be 80 MB more."""
    program = """
from pathlib import Path
import boltzmann as bz
def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])  # in kB
bz.Ensemble(bz.ladder(8), particles=10_000).run(1)
Path("/proc/self/clear_refs").write_text("5")  # forget the peak of importing and compiling
before = peak()
run = bz.Ensemble(bz.ladder(8), particles=10_000_000).run(1)
assert run.counts.sum() == 10_000_000
print(peak() - before)
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 20_000 < int(result.stdout) < 100_000


@pytest.mark.parametrize("levels", [2, 64, 1000])
def test_many_particles_start_as_they_would_one_piece_after_the_other(levels, monkeypatch):
    """The compiled draw is NumPy's generator and search, forbidden and unlikely levels included."""
    random = np.random.default_rng(levels)
    weights = random.exponential(size=levels) ** 8
    weights[[levels // 3, -1]] = 0
    weights[0] += 1e-3
    probabilities = weights / weights.sum()
    drawn = []
    for many in (2**30, 0):
        monkeypatch.setattr(starts, "_MANY", many)
        generator = keyed_generator(5, START)
        states = starts._drawn_states(probabilities, 200_000, generator)
        drawn.append((states, generator.random()))
    (by_numpy, next_number), (compiled, next_compiled) = drawn
    assert np.array_equal(by_numpy, compiled)
    assert next_number == next_compiled
