"""What does a Metropolis move cost, beside the random bits that it cannot do without?

Objective. You can say what a fast simulation leaves out, show that it leaves out nothing of the
result, and judge a speed-up by a fair contest.

What you need to know. The lessons `occupancy` (Metropolis's rule) and `relaxation` (what a sweep is
worth). A nanosecond, ns, is 1e-9 s; a processor takes three or four steps in it. A random word is
64 random bits.

Minutes. 30

Predict first. A textbook loop draws two random numbers and an exponential for a move: how many
nanoseconds, about? If a move takes 0.63 ns, how long do a million particles take for 1000 sweeps?
Twice the particles, or two threads: how many times the time? If a gas of 10¹⁵ particles is only
counted, level by level, how does its time grow with their number?

Run. A minute or two. As times differ from run to run, it runs only when it is named:

    python -m experiments speed --output speed_here

What the law predicts. A move has to pick a level and to compare a random number with an acceptance
probability that is known beforehand; nothing asks for an exponential, nor for one particle after
the other. The particle engine draws half a random word for each move, looks the acceptance up in a
table and moves eight particles in one instruction. What is left is a look into memory and the
random bits [1]_, and the same loop in C, free to use all of the processor, does little better.

What would refute it. Ratios below the floors in the verdicts. Only ratios are judged, as times
differ from machine to machine, and only of contestants that took turns in one process, each by its
best turn.

What you see. On the machine that the figure names, a move on 8 levels takes 0.63 ns, a textbook
loop that Numba compiled 28.0, NumPy 14.3 and with the same table 6.9, C 0.58. The dotted line is
the random bits alone, 0.15. The lines on the right are straight: twice the particles or sweeps take
twice the time, and two threads half of it, once there is enough to share.

The misconception. "Faster means less exact." Here it means the same moves: the fast kernel and the
loop of a textbook, fed the same random words, agree in every particle, and a test says so. What was
left out is work whose result was known before: K² acceptances are computed once and not each time.

Answers. To what was to be predicted:

1. On the machine of the figure 28.0, and 14.3 by NumPy.
2. [0.63] That many seconds, for 10⁹ moves.
3. [particles: 2; threads: about 0.57] Twice; and a little more than half, as not all can be shared.
4. It does not, once they are many: levels are gone through, and not particles.

Exercises. In code, `np` is NumPy, `bz` is `import boltzmann as bz`, and `from experiments import
run` was done.

1. A million particles, 1000 sweeps, 0.63 ns: 0.63 s. Time it on your machine, on one thread.

       import time
       gas = bz.Ensemble(bz.ladder(8), 1.0, particles=1_000_000, seed=1)
       began = time.perf_counter()
       gas.run(1000, every=1000, threads=1, progress=False)
       print(time.perf_counter() - began)

2. Show that fast is exact: run both engines on one seed, and count the levels on which they differ.
   (None.)

       for engine in ("particles", "textbook"):
           gas = bz.Ensemble(bz.ladder(8), 1.0, particles=10_000, engine=engine, seed=1)
           gas.run(100, progress=False)
           print(engine, gas.counts)

3. How long would 10¹⁵ particles take for 1000 sweeps at 0.63 ns a move? And how long does
   engine="counts" take, which draws how many of each level go where? (20 years; some hundredths
   of a second.)

       gas = bz.Ensemble(np.arange(64) / 16, 1.0, particles=10**15, engine="counts")
       counted = gas.run(1000)

4. Two threads were 1.75 times as fast as one. If a share s of the work cannot be shared, then s +
   (1 - s)/2 = 1/1.75: what is s, and how fast would eight threads be? (s = 0.14; four times.)

5. A chain that is twice as fast a move but needs three times the sweeps: which is the better one,
   and which number of the lesson relaxation decides? (The slower one; the time of a move times τ.)

References
----------
.. [1] D. Lemire, ACM Trans. Model. Comput. Simul. 29, 3 (2019): a level and a place from one random
   word.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments.runner.table import Table, Verdict
from experiments.speed import figure, floors, measurements
from experiments.speed.peers import PEERS

CHAPTER = 200
FINDING = "A Metropolis move needs half a random word and a look into a table"


@dataclass(frozen=True)
class Config:
    """The full experiment. Energies reach 4 t, whatever the number of levels."""

    levels: tuple[int, ...] = (2, 4, 8, 16, 32, 64, 100, 128, 256, 512, 1000, 1024)
    peers_at: int = 8
    particles: int = 2**15
    turns: int = 40
    sizes: tuple[int, ...] = (10**3, 10**4, 10**5, 10**6, 10**7)
    runs: tuple[int, ...] = (10, 10**2, 10**3, 10**4)
    vocabularies: tuple[int, ...] = (50_257, 128_256)
    shapes: tuple[tuple[int, int], ...] = ((64, 50_257), (1_000_000, 8))
    starts: int = 5


QUICK = Config(
    levels=(2, 8, 64, 100, 128, 1000, 1024),
    turns=3,
    sizes=(10**3, 10**5),
    runs=(10, 1000),
    starts=2,
)


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Let all contestants take turns, one part of the table after the other."""
    rows: list[dict[str, Any]] = []
    for done, part in enumerate(measurements.PARTS):
        rows += part(config)
        progress((done + 1) / len(measurements.PARTS))
    machine = measurements.machine()
    return Table.of_rows([{**row, "machine": machine} for row in rows])


def shape(table: Table) -> Table:
    """Return what every run has in common: rows without times, of contestants that run anywhere."""
    everywhere = ~np.isin(table["contestant"], [*PEERS, "C, gcc -O3"])
    steady = [name for name in table.columns if name not in ("value", "machine")]
    return Table({name: table[name][everywhere] for name in steady})


def verdicts(table: Table) -> list[Verdict]:
    """Hold ratios against floors, and a few times against ceilings."""
    return [
        *floors.moves(table.where(part="move")),
        floors.threads(table.where(part="run")),
        floors.counts(table.where(part="counts")),
        *floors.draws(table),
        *floors.starts(table.where(part="start")),
    ]


def draw(table: Table) -> Figure:
    """Draw the time of a move against the number of levels, and that of a run against its size."""
    return figure.draw(table, FINDING)
