"""What the table buys: the kernel of the particle engine against the loop that everybody writes first."""

import numpy as np
import pytest

from experiments.speed.contestants import KERNELS, best_times

LEAST = 15  # usually 35 to 45
PARTICLES = 2**15


@pytest.mark.parametrize("size", [2, 8, 64])
def test_the_kernel_is_fifteen_times_as_fast_as_the_textbook_loop(size):
    """Both on one thread, in turns of some milliseconds, best of many: what slows one turn slows neither best."""
    nanoseconds = {}
    sweeps = {"ours": 200, "Numba, textbook": 4}
    calls = {
        name: KERNELS[name][0](np.arange(size) * 4 / size, PARTICLES, sweeps[name])
        for name in sweeps
    }
    for name, seconds in best_times(calls, 60).items():
        nanoseconds[name] = seconds / (PARTICLES * sweeps[name]) * 1e9
    assert nanoseconds["Numba, textbook"] > LEAST * nanoseconds["ours"], nanoseconds
