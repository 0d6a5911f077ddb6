"""The floors and ceilings to which the speed experiment holds its ratios and times."""

import numpy as np

from experiments.runner.table import Table, Verdict

FEW = (2, 8, 64)  # levels
MANY = (1024,)

# (key, slower contestant, levels, how many times as slow it is at least)
MOVES = (
    ("textbook_few", "Numba, textbook", FEW, 35.0),
    ("textbook_many", "Numba, textbook", MANY, 20.0),
    ("numpy_few", "NumPy, plain", FEW, 15.0),
    ("numpy_many", "NumPy, plain", MANY, 10.0),
    ("numpy_tables_few", "NumPy, tables", FEW, 8.0),
    ("numpy_tables_many", "NumPy, tables", MANY, 8.0),
    ("c_few", "C, gcc -O3", FEW, 1 / 1.4),
    ("c_many", "C, gcc -O3", MANY, 1 / 2),
)
# (key, part of the table, slower contestant, how many times as slow it is at least)
DRAWS = (
    ("draw32_cdf", "draw, float32", "NumPy, inverse CDF", 8.0),
    ("draw64_cdf", "draw, float64", "NumPy, inverse CDF", 8.0),
    ("draw32_choice", "draw, float32", "NumPy, choice", 15.0),
    ("draw64_choice", "draw, float64", "NumPy, choice", 15.0),
    ("draws_choice", "draws", "NumPy, choice", 10.0),
    ("softmax", "softmax", "SciPy", 2.5),
)
# (key, contestant, claim, seconds at most)
STARTS = (
    ("import", "import", "import boltzmann, beside Python", 0.3),
    ("warm", "first result, warm", "first result of a process, kernels compiled before", 1.0),
    ("cold", "first result, cold", "first result of a process, nothing compiled", 6.0),
)


def moves(rows: Table) -> list[Verdict]:
    """Hold a move against those of the other contestants, and at one K against another."""
    judged = [
        _at_least(key, f"{', '.join(map(str, levels))} levels: ours against {slow}", ratio, floor)
        for key, slow, levels, floor in MOVES
        if not np.isnan(ratio := _least_ratio(rows, slow, "ours", levels))
    ]
    # Not of two levels: between them a move to any level needs no look into a table.
    claim = "8, 64 levels: neighbours against any level"
    neighbours = _least_ratio(rows, "ours", "ours, neighbours", (8, 64))
    ours = rows.where(contestant="ours")
    time = dict(zip(ours["levels"].tolist(), ours["value"].tolist(), strict=True))
    unit = " times the time"

    return [
        *judged,
        _at_least("neighbours", claim, neighbours, 1 / 1.5),
        _at_most("levels_100", "100 levels against 128", time[100] / time[128], 1.5, unit),
        _at_most("levels_1000", "1000 levels against 1024", time[1000] / time[1024], 1.5, unit),
    ]


def threads(rows: Table) -> Verdict:
    """Hold two threads against one, in the largest run."""
    particles, sweeps = rows["particles"], rows["sweeps"]
    _, most, longest = max(zip(particles * sweeps, particles, sweeps, strict=True))
    largest = rows.where(particles=most, sweeps=longest)
    one, two = (largest.where(threads=n)["value"][0] for n in (1, 2))
    return _at_least("threads", "two threads against one", one / two, 1.6)


def counts(rows: Table) -> Verdict:
    """Judge the time of the gas that is only counted."""
    claim = "10¹⁵ particles on 64 levels, 1000 sweeps"
    return _at_most("counts", claim, rows["value"][0], 2.0, " s")


def draws(table: Table) -> list[Verdict]:
    """Hold draws of tokens, and softmax, against those of NumPy and SciPy."""
    judged = []
    for key, part, slow, floor in DRAWS:
        rows = table.where(part=part)
        if len(rows):
            levels = tuple(dict.fromkeys(rows["levels"]))
            ratio = _least_ratio(rows, slow, "ours", levels)
            judged.append(_at_least(key, f"{part}: ours against {slow}", ratio, floor))
    return judged


def starts(rows: Table) -> list[Verdict]:
    """Judge what a process takes to its first result."""
    return [
        _at_most(key, claim, rows.where(contestant=name)["value"][0], ceiling, " s")
        for key, name, claim, ceiling in STARTS
    ]


def _least_ratio(table: Table, slow: str, fast: str, levels: tuple[int, ...]) -> float:
    """Return the least ratio of two contestants' times at some K; nan if one is absent."""
    ratios = []
    for count in levels:
        times = [table.where(levels=count, contestant=name)["value"] for name in (slow, fast)]
        present = len(times[0]) and len(times[1])
        ratios.append(times[0][0] / times[1][0] if present else np.nan)
    return float(np.min(ratios))


def _at_least(key: str, claim: str, ratio: float, floor: float) -> Verdict:
    measured = f"{ratio:.3g} times as fast"
    return Verdict(key, claim, measured, "faster", f"at least {floor:g}", bool(ratio >= floor))


def _at_most(key: str, claim: str, value: float, ceiling: float, unit: str) -> Verdict:
    measured, criterion = f"{value:.3g}{unit}", f"at most {ceiling:g}{unit}"
    return Verdict(key, claim, measured, "as little", criterion, bool(value <= ceiling))
