"""The closed box: a move that a demon pays for, beside a move in a heat bath."""

from collections.abc import Iterator

import boltzmann as bz
from experiments.speed.ratios.ratio import Row, ratio

PARTICLES, SWEEPS = 2**17, 10


def rows() -> Iterator[Row]:
    """Yield the rows of the closed box."""
    for name, levels in (("K=64", bz.ladder(64)), ("rotor K=20, 400 states", bz.rigid_rotor(20))):
        yield Row(f"closed box move {name}", "Ensemble", 3.0, lambda levels=levels: _move(levels))


def _move(levels: bz.EnergyLevels) -> float:
    box = bz.ClosedBox(levels, PARTICLES, 10 * PARTICLES)
    gas = bz.Ensemble(levels, 10.0, PARTICLES)
    return ratio(
        lambda: box.run(SWEEPS, progress=False, threads=1),
        lambda: gas.run(SWEEPS, progress=False, threads=1),
    )
