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
the other. A textbook move draws two random numbers and takes an exponential. The kernel of the
particle engine draws half a 64-bit word for each move, looks the acceptance up in a table and moves
eight particles in one instruction. What is left is a look into memory and the random bits [1]_. The
same loop in C, from a compiler that is free to use all of this processor, does little better. Where
the table outgrows the fast caches, at many levels, weights take its place.

What would refute it. Ratios below the floors in the verdicts. Times differ between machines and
from run to run, so that only ratios are judged, of contestants that took turns in one process, each
by its best turn.

What you see. On the machine that the figure names, a move on 8 levels takes 0.63 ns, a textbook
loop that Numba compiled 28.0, NumPy 14.3 and with the same table 6.9, C 0.58. The dotted line is
the random bits alone, 0.15. The lines on the right are straight: twice the particles or sweeps take
twice the time, and two threads half of it, once there is enough to share; of 1000 particles the
second thread makes nothing faster. On your machine the numbers are others, and the ratios, about,
the same.

The misconception. "Faster means less exact." Here it means the same moves: the fast kernel and the
loop of a textbook, fed the same random words, agree in every particle, and a test says so. What was
left out is work whose result was known before: K² acceptances are computed once and not each time.
An approximation would show: the gases of this course run on these kernels, and are held to the law
with error bars.

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
   engine="counts" take, which draws how many of each level go where? (20 years; a quarter of a
   second.)

       gas = bz.Ensemble(np.arange(64) / 16, 1.0, particles=10**15, engine="counts")
       counted = gas.run(1000)

4. Two threads were 1.75 times as fast as one. If a share s of the work cannot be shared, then s +
   (1 - s)/2 = 1/1.75: what is s, and how fast would eight threads be? (s = 0.14; four times.)

5. A chain that is twice as fast a move but needs three times the sweeps: which is the better one,
   and which number of the lesson relaxation decides? (The slower one; the time of a move times τ.)

References
----------
.. [1] D. Lemire, ACM Trans. Model. Comput. Simul. 29, 3 (2019): a level and a place from one random word.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import softmax

import boltzmann as bz
from boltzmann import plots
from boltzmann.language import draw as draw_token
from experiments.runner.table import Table, Verdict
from experiments.speed.contestants import KERNELS, Call, best_times, ours
from experiments.speed.peers import PEERS

CHAPTER = 20
FINDING = "A Metropolis move needs half a random word and a look into a table"
IMPORT = "import boltzmann as bz"
FIRST_RESULT = f"{IMPORT}; bz.Ensemble(bz.ladder(8), 1.0, 10_000).run(10)"


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
    parts = (_kernels, _scaling, _counts, _draws, _softmaxes, _starts)
    for done, part in enumerate(parts):
        rows += part(config)
        progress((done + 1) / len(parts))
    return Table.of_rows([{**row, "machine": _machine()} for row in rows])


def _row(
    part: str, contestant: str, value: float, unit: str, levels: int = 0, **sizes: int
) -> dict[str, Any]:
    sizes = {"particles": 0, "sweeps": 0, "threads": 1, **sizes}
    return {
        "part": part,
        "contestant": contestant,
        "levels": levels,
        **sizes,
        "value": value,
        "unit": unit,
    }


def _machine() -> str:
    """Return what these times belong to."""
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        pass
    parts = [
        f"{processor}, {os.cpu_count()} threads",
        platform.system(),
        f"Python {platform.python_version()}",
    ]
    return ", ".join([*parts, *(f"{name} {version(name)}" for name in ("numpy", "numba"))])


def _kernels(config: Config) -> list[dict[str, Any]]:
    rows = []
    for levels in config.levels:
        energies = np.arange(levels) * 4 / levels
        entrants = {**KERNELS, **PEERS} if levels == config.peers_at else KERNELS
        made = {
            name: (make(energies, config.particles, sweeps), sweeps)
            for name, (make, sweeps) in entrants.items()
        }
        calls = {name: call for name, (call, _) in made.items() if call is not None}
        for name, seconds in best_times(calls, config.turns).items():
            nanoseconds = seconds / (config.particles * made[name][1]) * 1e9
            rows.append(_row("move", name, nanoseconds, "ns", levels, particles=config.particles))
    return rows


def _scaling(config: Config) -> list[dict[str, Any]]:
    energies = np.arange(64) / 16
    sizes = [(particles, 100) for particles in config.sizes] + [
        (10**5, sweeps) for sweeps in config.runs
    ]
    rows = []
    for particles, sweeps in dict.fromkeys(sizes):
        calls = {str(n): ours(energies, particles, sweeps, threads=n) for n in (1, 2)}
        turns = max(2, min(config.turns, 10**9 // (particles * sweeps)))
        for threads, seconds in best_times(calls, turns).items():
            rows.append(
                _row(
                    "run",
                    "ours",
                    seconds,
                    "s",
                    64,
                    particles=particles,
                    sweeps=sweeps,
                    threads=int(threads),
                )
            )
    return rows


def _counts(config: Config) -> list[dict[str, Any]]:
    gas = bz.Ensemble(np.arange(64) / 16, 1.0, 10**15, engine="counts")
    best = best_times({"ours": lambda: gas.run(1000, progress=False)}, 2)
    return [_row("counts", "ours", best["ours"], "s", 64, particles=10**15, sweeps=1000)]


def _draws(config: Config) -> list[dict[str, Any]]:
    rows = []
    for size in config.vocabularies:
        generator = np.random.default_rng(0)
        logits = 3 * generator.standard_normal(size)
        for dtype in (np.float32, np.float64):
            best = best_times(_one_draw(logits.astype(dtype), generator), config.turns, 4)
            rows += [
                _row(f"draw, {dtype.__name__}", name, 1e6 * s, "µs", size)
                for name, s in best.items()
            ]
        best = best_times(_many_draws(logits, generator), max(2, config.turns // 10), 3)
        rows += [_row("draws", name, 1e3 * s, "ns", size) for name, s in best.items()]
    return rows


def _probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    weights = np.exp((logits.astype(np.float64) - logits.max()) / temperature)
    return weights / weights.sum()


def _one_draw(logits: np.ndarray, generator: np.random.Generator) -> dict[str, Call]:
    def inverse_cdf() -> np.intp:
        scaled = logits / logits.dtype.type(0.7)
        scaled -= scaled.max()
        cumulative = np.cumsum(np.exp(scaled))
        return np.searchsorted(cumulative, generator.random() * cumulative[-1])

    return {
        "ours": lambda: draw_token(logits, 0.7, seed=generator),
        "NumPy, inverse CDF": inverse_cdf,
        "NumPy, choice": lambda: generator.choice(logits.size, p=_probabilities(logits, 0.7)),
    }


def _many_draws(logits: np.ndarray, generator: np.random.Generator) -> dict[str, Call]:
    return {
        "ours": lambda: draw_token(logits, 1.0, 1_000_000, seed=generator),
        "NumPy, choice": lambda: generator.choice(
            logits.size, 1_000_000, p=_probabilities(logits, 1.0)
        ),
    }


def _softmaxes(config: Config) -> list[dict[str, Any]]:
    rows = []
    for shape in config.shapes:
        x = 3 * np.random.default_rng(0).standard_normal(shape)
        calls: dict[str, Call] = {
            "ours": lambda x=x: bz.softmax(x),
            "SciPy": lambda x=x: softmax(x, axis=-1),
        }
        for name, seconds in best_times(calls, max(2, config.turns // 2), 3).items():
            rows.append(
                _row("softmax", name, 1e9 * seconds / x.size, "ns", shape[1], particles=shape[0])
            )
    return rows


def _starts(config: Config) -> list[dict[str, Any]]:
    def python(code: str, **environment: str) -> Call:
        return lambda: subprocess.run(
            [sys.executable, "-c", code], check=True, env={**os.environ, **environment}
        )

    calls = {"Python": python("pass"), "import": python(IMPORT), "warm": python(FIRST_RESULT)}
    best = best_times(calls, config.starts)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        python(FIRST_RESULT, NUMBA_CACHE_DIR=folder)()
        cold = time.perf_counter() - began
    return [
        _row("start", "import", best["import"] - best["Python"], "s"),
        _row("start", "first result, warm", best["warm"], "s"),
        _row("start", "first result, cold", cold, "s"),
    ]


def shape(table: Table) -> Table:
    """Return what every run has in common: the rows, without times, of contestants that need nothing extra."""
    optional = [*PEERS, "C, gcc -O3"]
    keep = ~np.isin(table["contestant"], optional)
    return Table(
        {
            name: column[keep]
            for name, column in table.columns.items()
            if name not in ("value", "machine")
        }
    )


def verdicts(table: Table) -> list[Verdict]:
    """Hold the ratios against the floors."""
    return [
        *_verdicts_of_moves(table.where(part="move")),
        *_verdicts_of_threads(table.where(part="run")),
        _at_most(
            "10¹⁵ particles on 64 levels, 1000 sweeps",
            table.where(part="counts")["value"][0],
            2.0,
            " s",
        ),
        *_verdicts_of_draws(table),
        _at_most("import boltzmann, beside Python", _start(table, "import"), 0.3, " s"),
        _at_most(
            "first result of a process, kernels compiled before",
            _start(table, "first result, warm"),
            1.0,
            " s",
        ),
        _at_most(
            "first result of a process, nothing compiled",
            _start(table, "first result, cold"),
            6.0,
            " s",
        ),
    ]


def _at_least(claim: str, ratio: float, floor: float) -> Verdict:
    return Verdict(
        claim, f"{ratio:.3g} times as fast", "faster", f"at least {floor:g}", bool(ratio >= floor)
    )


def _at_most(claim: str, value: float, ceiling: float, unit: str) -> Verdict:
    return Verdict(
        claim,
        f"{value:.3g}{unit}",
        "as little",
        f"at most {ceiling:g}{unit}",
        bool(value <= ceiling),
    )


def _start(table: Table, name: str) -> float:
    return float(table.where(part="start", contestant=name)["value"][0])


def _least_ratio(table: Table, slow: str, fast: str, levels: tuple[int, ...]) -> float:
    """Return how many times as fast as `slow` `fast` is, the least of some K; nan if one is absent."""
    ratios = []
    for count in levels:
        times = [table.where(levels=count, contestant=name)["value"] for name in (slow, fast)]
        ratios.append(times[0][0] / times[1][0] if len(times[0]) and len(times[1]) else np.nan)
    return float(np.min(ratios))


def _verdicts_of_moves(moves: Table) -> list[Verdict]:
    few, many = (2, 8, 64), (1024,)
    floors = [
        ("Numba, textbook", few, 35.0),
        ("Numba, textbook", many, 20.0),
        ("NumPy, plain", few, 15.0),
        ("NumPy, plain", many, 10.0),
        ("NumPy, tables", few, 8.0),
        ("NumPy, tables", many, 8.0),
        ("C, gcc -O3", few, 1 / 1.4),
        ("C, gcc -O3", many, 1 / 2),
    ]
    judged = [
        _at_least(f"{', '.join(map(str, levels))} levels: ours against {slow}", ratio, floor)
        for slow, levels, floor in floors
        if not np.isnan(ratio := _least_ratio(moves, slow, "ours", levels))
    ]
    time = {
        count: moves.where(levels=count, contestant="ours")["value"][0]
        for count in (100, 128, 1000, 1024)
    }
    return [
        *judged,
        _at_least(
            "2, 8, 64 levels: neighbours against any level",
            _least_ratio(moves, "ours", "ours, neighbours", few),
            1 / 1.5,
        ),
        _at_most("100 levels against 128", time[100] / time[128], 1.5, " times the time"),
        _at_most("1000 levels against 1024", time[1000] / time[1024], 1.5, " times the time"),
    ]


def _verdicts_of_threads(runs: Table) -> list[Verdict]:
    largest = max(
        zip(runs["particles"] * runs["sweeps"], runs["particles"], runs["sweeps"], strict=True)
    )
    times = [
        runs.where(particles=largest[1], sweeps=largest[2], threads=n)["value"][0] for n in (1, 2)
    ]
    return [_at_least("two threads against one", times[0] / times[1], 1.6)]


def _verdicts_of_draws(table: Table) -> list[Verdict]:
    contests = [
        ("draw, float32", "NumPy, inverse CDF", 8.0),
        ("draw, float64", "NumPy, inverse CDF", 8.0),
        ("draw, float32", "NumPy, choice", 15.0),
        ("draw, float64", "NumPy, choice", 15.0),
        ("draws", "NumPy, choice", 10.0),
        ("softmax", "SciPy", 2.5),
    ]
    return [
        _at_least(
            f"{part}: ours against {slow}",
            _least_ratio(rows, slow, "ours", tuple(dict.fromkeys(rows["levels"]))),
            floor,
        )
        for part, slow, floor in contests
        if len(rows := table.where(part=part))
    ]


def draw(table: Table) -> Figure:
    """Draw the time of a move against the number of levels, and that of a run against its size."""
    figure = plots.figure(FINDING)
    grid = figure.subplot_mosaic([["moves", "particles"], ["moves", "sweeps"]], width_ratios=[3, 2])
    _draw_moves(grid["moves"], table.where(part="move"))
    runs = table.where(part="run")
    _draw_runs(grid["particles"], runs.where(sweeps=100), "particles", "particles (100 sweeps)")
    _draw_runs(grid["sweeps"], runs.where(particles=10**5), "sweeps", "sweeps (10⁵ particles)")
    grid["particles"].legend()
    figure.supxlabel(table["machine"][0], fontsize=10, color=plots.GREY)
    return figure


# Colour and marker of a line; at how many levels its name stands, and how many points above or
# below the line.
LINES = {
    "Numba, textbook": (plots.VERMILION, "o", 32, 10),
    "NumPy, plain": (plots.ORANGE, "s", 128, 10),
    "NumPy, tables": (plots.PURPLE, "^", 128, 10),
    "ours, each sweep counted": (plots.SKY, "D", 10, 12),
    "ours": (plots.BLUE, "v", 512, 7),
    "C, gcc -O3": (plots.BLACK, "P", 16, -10),
}


def _draw_moves(axes: Axes, moves: Table) -> None:
    """Draw a line for each contestant, its name beside it, and a cross for each peer."""
    for name, (colour, marker, at, above) in LINES.items():
        rows = moves.where(contestant=name)
        if not len(rows):
            continue
        axes.plot(
            rows["levels"],
            rows["value"],
            ":" if not marker else "-",
            color=colour,
            marker=marker,
            markersize=7,
        )
        side = "bottom" if above > 0 else "top"
        place = (at, np.interp(at, rows["levels"], rows["value"]))
        look = {"color": colour, "fontweight": "bold", "ha": "center", "va": side}
        axes.annotate(name, place, xytext=(0, above), textcoords="offset points", **look)
    floor = moves.where(contestant="random words alone")["value"].min()
    axes.axhline(floor, color=plots.GREY, linestyle=":")
    axes.annotate(
        "random words alone", (32, floor), xytext=(0, 6), textcoords="offset points", ha="center"
    )
    for name in PEERS:
        for row in zip(
            *(moves.where(contestant=name)[column] for column in ("levels", "value")), strict=True
        ):
            axes.plot(*row, "x", color=plots.GREY, markersize=9, markeredgewidth=2)
            axes.annotate(
                name, row, xytext=(10, 0), textcoords="offset points", va="center", fontsize=12
            )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("levels K")
    axes.set_ylabel("time of a move (ns), one thread")
    ticks = [k for k in moves.where(contestant="ours")["levels"].tolist() if k.bit_count() == 1]
    axes.set_xticks(ticks, [str(k) for k in ticks])
    axes.minorticks_off()


def _draw_runs(axes: Axes, runs: Table, column: str, name: str) -> None:
    for threads, colour, marker in ((1, plots.BLUE, "o"), (2, plots.VERMILION, "s")):
        rows = runs.where(threads=threads)
        order = np.argsort(rows[column])
        label = f"{threads} thread{'s' if threads > 1 else ''}"
        axes.plot(
            rows[column][order], rows["value"][order], color=colour, marker=marker, label=label
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(name)
    axes.set_ylabel("time (s)")
    axes.minorticks_off()
