"""A heat ledger: the heat of every sweep, in three records that do not know of each other.

Energies are whole quanta: one level up costs 1. An auditor watches every molecule, the kernel
counts its moves and its heat, and the gas adds up its energy.
"""

from typing import Any

import numpy as np

import boltzmann as bz
from experiments.runner.table import Table


def audited_sweep(gas: bz.Ensemble) -> dict[str, Any]:
    """Run one sweep and return its records; what should be whole is left as it comes.

    `falling` and `climbing` are the quanta that the auditor sees given and taken, `moves` and
    `heat` are the kernel's, `energy` is that of the whole gas afterwards.
    """
    before = gas.states.astype(np.int64)
    run = gas.run(1, progress=False, threads=1)
    climbed = gas.states - before  # levels, which are quanta
    return {
        "falling": -climbed[climbed < 0].sum(),
        "climbing": climbed[climbed > 0].sum(),
        "moves": run.acceptance[0] * gas.particles,
        "heat": run.heat[0],
        "energy": gas.energy * gas.particles,
    }


def unbalanced(rows: Table) -> int:
    """Return in how many sweeps given - taken = heat = energy lost does not hold exactly.

    The first row is the gas before the first sweep.
    """
    falling, climbing, heat = (rows[name][1:] for name in ("falling", "climbing", "heat"))
    balanced = (falling - climbing == heat) & (heat == -np.diff(rows["energy"]))
    return int(np.count_nonzero(~balanced))


def miscounted(rows: Table) -> int:
    """Return in how many sweeps given + taken, one quantum a move, is not the kernel's count."""
    falling, climbing, moves = (rows[name][1:] for name in ("falling", "climbing", "moves"))
    return int(np.count_nonzero(falling + climbing != moves))
