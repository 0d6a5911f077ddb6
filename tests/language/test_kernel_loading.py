"""Compiled kernels are loaded when there is much to compute, and not before."""

import subprocess
import sys


def test_little_work_loads_no_kernel():
    """And much does: the control."""
    program = """
import sys
import numpy as np
import boltzmann as bz
bz.softmax(np.zeros(49_999))
bz.language.draw(np.zeros(4095), 1.0)
bz.language.draw(np.zeros(4095), 1.0, 9_999)
bz.language.draw(np.zeros(15), 1.0, 20_000)
bz.language.generate(bz.language.NGram.fit("abcab"), "a", 20)
print("numba" in sys.modules)
bz.softmax(np.zeros(50_000))
print("numba" in sys.modules)
"""

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["False", "True"]
