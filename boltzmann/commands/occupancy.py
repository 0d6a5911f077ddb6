"""The command `occupancy`: occupancies of energy levels, by Boltzmann's law and by Metropolis."""

import argparse
import sys
from collections.abc import Callable, Sequence
from inspect import isfunction, signature
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import boltzmann as bz
from boltzmann import EnergyLevels
from boltzmann import levels as catalogue
from boltzmann._core.checks import FloatArray
from boltzmann.commands._figures import figure_path, write_figure
from boltzmann.molecules import CONSTANTS, molecule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# All systems by name: the public functions of `boltzmann.levels`.
CATALOGUE: dict[str, Callable[..., EnergyLevels]] = {
    name: system
    for name, system in vars(catalogue).items()
    if isfunction(system) and system.__module__ == catalogue.__name__ and not name.startswith("_")
}
FALSE_ALARM = 1e-6  # p-value below which the gas is reported not to have relaxed
# Systems without a last level: what is left out of their sum shows in the last level's share.
_ENDLESS = ("harmonic_oscillator", "rigid_rotor", "particle_in_box")
_LARGEST_LAST = 1e-3
_SMALL = 1e-3  # a fraction below which six decimals are less than four digits
_MOST_PARTS = 4  # that are named
_MOST_LABELS = 12  # so many labels of levels fit under an axis
_MOST_ROWS = 50  # of the table
# Levels of a molecule that are left out are this many t above the lowest; they hold next to nothing
# of the particles, and a uniform proposal would seldom be accepted.
_HIGHEST = 30
_LEAST_HIGHEST = 1000.0  # cm-1, so that some rotational levels are there at t = 0


def _parameters(system: Callable[..., EnergyLevels]) -> str:
    """Return the parameters of a system as usage text, with their defaults."""
    return " ".join(
        name.upper()
        if parameter.default is parameter.empty
        else f"[{name.upper()}={parameter.default:g}]"
        for name, parameter in signature(system).parameters.items()
    )


_SYSTEMS = "\n".join(f"  {name} {_parameters(system)}" for name, system in CATALOGUE.items())
_EXAMPLES = f"""\
examples:
  python -m boltzmann occupancy 0 1 1 3 --temperature 1
  python -m boltzmann occupancy 0 0.3 1 --degeneracies 1 3 5 --labels trans gauche strained -t 0.5
  python -m boltzmann occupancy rigid_rotor 9 0.1 --temperature 0.7 --figure rotor.png
  python -m boltzmann occupancy --temperature -1 -- -0.5 0 2.5
  python -m boltzmann occupancy molecule CO --kelvin 300
  python -m boltzmann occupancy 0 0.31 --kelvin 300 --unit eV

systems, with the numbers they take:
{_SYSTEMS}
  molecule NAME, in cm-1, NAME one of {", ".join(CONSTANTS)}
"""


def add_parser(subparsers: Any) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "occupancy",
        help="share particles among energy levels at a temperature",
        description=(
            "Share particles among energy levels: by Boltzmann's law, and by Metropolis moves."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    parser.add_argument(
        "levels",
        nargs="+",
        metavar="LEVEL",
        help="energies (inf: a forbidden level), or a system and its numbers",
    )
    temperature = parser.add_mutually_exclusive_group(required=True)
    temperature.add_argument(
        "-t",
        "--temperature",
        type=float,
        metavar="T",
        help="in the unit of the energies; a negative one as --temperature=-1e-3",
    )
    temperature.add_argument(
        "--kelvin", type=float, metavar="T", help="in kelvin; needs the unit of the energies"
    )
    parser.add_argument(
        "--unit",
        metavar="UNIT",
        help="of the energies, with --kelvin: K, cm-1, GHz, eV, meV, hartree, kJ/mol, kcal/mol, J",
    )
    parser.add_argument(
        "--degeneracies", type=float, nargs="+", metavar="G", help="states on each level (1)"
    )
    parser.add_argument("--labels", nargs="+", metavar="NAME", help="names of the levels")
    parser.add_argument(
        "--figure", type=figure_path, metavar="FILE", help="draw it, as .png or .svg"
    )

    _add_simulation(parser)
    parser.set_defaults(run=run)


def _add_simulation(parser: argparse.ArgumentParser) -> None:
    gas = parser.add_argument_group("simulation")
    gas.add_argument("--particles", type=int, default=100_000, help="(100000)")
    gas.add_argument(
        "--sweeps", type=int, default=1000, help="moves per particle before the count (1000)"
    )
    gas.add_argument(
        "--proposal",
        choices=("uniform", "neighbour"),
        default="uniform",
        help="where a particle may move (uniform)",
    )

    gas.add_argument(
        "--engine",
        choices=("particles", "counts"),
        default="particles",
        help="counts handles up to 1e15 particles (particles)",
    )
    gas.add_argument("--seed", type=int, default=0, help="one seed gives one result (0)")


def run(options: argparse.Namespace) -> int:
    """Print the table of occupancies; return 0, or 1 if moves do not reach all levels.

    Raises
    ------
    ValueError, OSError
        If the levels are not valid, an option is out of range or the figure cannot be written, in
        one line.
    """
    t = _temperature(options)
    levels = as_levels(options.levels, options.degeneracies, options.labels, t)
    gas = bz.Ensemble(
        levels,
        t,
        options.particles,
        proposal=options.proposal,
        engine=options.engine,
        seed=options.seed,
    )
    gas.run(options.sweeps, keep_counts=False)

    law = bz.probabilities(levels, t)  # (K,)
    error = np.sqrt(law * (1 - law) / gas.particles)  # particles are independent of one another
    measured = gas.counts / gas.particles

    p_value = bz.statistics.goodness_of_fit(gas.counts, law).p_value
    parts = _parts(levels, t, options.proposal)
    advice = "" if p_value >= FALSE_ALARM else f", not relaxed: {_advice(levels, parts)}"
    summary = (
        f"{gas.particles:,} particles after {gas.sweeps:,} sweeps of Metropolis moves: "
        f"goodness of fit p = {p_value:.3g}{advice}"
    )
    quantities = _quantities(levels, t, _unit(options))
    lines = [*quantities, "", *_rows(levels, law, measured, error), "", summary]
    if options.levels[0] in _ENDLESS and law[-1] > _LARGEST_LAST:
        lines.append(
            f"the sum is cut: the last of {len(levels)} levels holds {law[-1]:.2g} of the "
            f"particles, and {options.levels[0]} goes on; give it more levels"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    if options.figure is not None:
        with bz.plots.style():
            write_figure(_figure(levels, t, law, measured, error), options.figure)
    return 1 if len(parts) > 1 else 0


def _temperature(options: argparse.Namespace) -> float:
    """Return the temperature in the unit of the energies."""
    unit = _unit(options)
    if options.unit not in (None, unit):
        raise ValueError(f"--unit is {options.unit}: the energies of a molecule are in {unit}")
    if options.kelvin is None:
        if options.unit is not None:
            raise ValueError(
                "--unit goes with --kelvin: --temperature is in the unit of the energies"
            )
        return float(options.temperature)
    if not unit:
        raise ValueError("--kelvin needs the --unit of the energies, such as --unit cm-1")

    from boltzmann.units import thermal_energy  # loads SciPy

    return float(thermal_energy(options.kelvin, unit))


def _unit(options: argparse.Namespace) -> str:
    """Return the unit of the energies, "" if none is known."""
    return "cm-1" if options.levels[0] == "molecule" else options.unit or ""


def _parts(levels: EnergyLevels, t: float, proposal: str) -> list[NDArray[np.int64]]:
    """Return the sets of levels that a particle does not leave; none if proposals reach all."""
    if proposal == "uniform":
        return []
    from boltzmann.simulation.dynamics import Dynamics  # loads Numba
    from boltzmann.simulation.matrices import closed_classes

    return closed_classes(Dynamics.checked(levels, proposal, "metropolis"), t)


def _advice(levels: EnergyLevels, parts: list[NDArray[np.int64]]) -> str:
    """Return what would make the gas relax."""
    if len(parts) < 2:
        return "give it more --sweeps"
    shown = " | ".join(_names(levels, part) for part in parts[:_MOST_PARTS])
    more = " | …" if len(parts) > _MOST_PARTS else ""
    return (
        f"levels fall into {len(parts)} parts that never exchange a particle ({shown}{more}), "
        "however many sweeps: --proposal uniform joins them"
    )


def _names(levels: EnergyLevels, part: NDArray[np.int64]) -> str:
    """Return the labels of some levels, the first and the last of many."""
    labels = [levels.labels[k] for k in part]
    return ", ".join(labels if len(labels) <= 3 else [labels[0], "…", labels[-1]])


def as_levels(
    words: Sequence[str],
    degeneracies: Sequence[float] | None = None,
    labels: Sequence[str] | None = None,
    t: float = np.inf,
) -> EnergyLevels:
    """Return the levels that the words on the command line stand for; a molecule's up to 30 t.

    Raises
    ------
    ValueError
        If they are neither energies nor a system and its numbers.
    """
    name, *numbers = words
    if name == "molecule":
        return _molecule(numbers, degeneracies, labels, t)
    if name not in CATALOGUE:
        known = ", ".join([*CATALOGUE, "molecule"])
        energies = [
            _number(word, f"an energy is a number; the systems are {known}") for word in words
        ]
        return EnergyLevels(energies, degeneracies, labels)

    if degeneracies is not None or labels is not None:
        raise ValueError(f"{name} has degeneracies and labels of its own")
    system = CATALOGUE[name]
    values = [_number(word, f"{name} takes numbers") for word in numbers]
    try:
        signature(system).bind(*values)
    except TypeError:
        raise ValueError(
            f"{name} takes {_parameters(system)}, got {' '.join(numbers) or 'nothing'}"
        ) from None
    return system(*values)


def _molecule(words: Sequence[str], degeneracies: Any, labels: Any, t: float) -> EnergyLevels:
    if degeneracies is not None or labels is not None:
        raise ValueError("molecule has degeneracies and labels of its own")
    if len(words) != 1:
        given = " ".join(words) or "nothing"
        raise ValueError(f"molecule takes one of {', '.join(CONSTANTS)}, got {given}")
    return molecule(words[0], highest=max(_HIGHEST * t, _LEAST_HIGHEST) if t >= 0 else np.inf)


def _number(word: str, rule: str) -> int | float:
    """Return a word as an int if it is one, else as a float; ValueError with `rule` otherwise."""
    try:
        return int(word)
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{word!r} is no number: {rule}") from None


def _quantities(levels: EnergyLevels, t: float, unit: str) -> list[str]:
    """Return the lines with the thermodynamic quantities of the law, the first with its unit."""
    quantities = {
        "mean energy": bz.mean_energy(levels, t),
        "free energy": bz.free_energy(levels, t),
        "entropy (nats)": bz.entropy(levels, t),
        "heat capacity": bz.heat_capacity(levels, t),
    }
    return [
        f"{'temperature':16s}{t:.6g} {_in_kelvin(t, unit)}".rstrip(),
        *(f"{name:16s}{value:.6g}" for name, value in quantities.items()),
    ]


def _in_kelvin(t: float, unit: str) -> str:
    """Return the unit of a temperature, and how many kelvin it is; "" if it is unknown."""
    if unit in ("", "K"):
        return unit
    from boltzmann.units import thermal_energy  # loads SciPy

    return f"{unit} ({t / thermal_energy(1.0, unit):.6g} K)"


def _rows(
    levels: EnergyLevels, law: FloatArray, measured: FloatArray, error: FloatArray
) -> list[str]:
    """Return the table of occupancies, one line a level."""
    width = max(5, *map(len, levels.labels))
    head = (
        f"{'level':{width}s} {'energy':>10s} {'states':>8s} {'law':>10s} {'gas':>10s} "
        f"{'± error':>9s} {'pull':>6s}"
    )

    columns = (
        levels.energies,
        levels.degeneracies,
        law,
        measured,
        error,
        bz.statistics.pulls(measured, law, error),
    )
    rows = [
        f"{label:{width}s} {e:10.6g} {g:8.6g} {_share(p):>10s} {_share(m):>10s} "
        f"{_share(s):>9s} {z:6.2f}"
        for label, e, g, p, m, s, z in zip(levels.labels, *columns, strict=True)
    ]
    if len(rows) <= _MOST_ROWS:
        return [head, *rows]

    # Of many levels the fullest are told, in their order.
    fullest = np.sort(np.argsort(-law, kind="stable")[:_MOST_ROWS])
    rest = np.delete(law, fullest).sum()  # from 1 on, rounding would leave less than nothing
    others = f"{len(rows) - _MOST_ROWS:,} other levels, which hold {rest:.2g} of the law"
    return [head, *(rows[k] for k in fullest), others]


def _share(value: float) -> str:
    """Return a fraction with six decimals, or with four digits if it is small."""
    return f"{value:.6f}" if value == 0 or value >= _SMALL else f"{value:#.4g}"


def _figure(
    levels: EnergyLevels, t: float, law: FloatArray, measured: FloatArray, error: FloatArray
) -> "Figure":
    """Draw the occupancies level by level, the lowest first."""
    order = np.argsort(levels.energies, kind="stable")
    place = np.arange(len(levels), dtype=np.float64)
    figure = bz.plots.figure(f"Particles on {len(levels)} levels at t = {t:g}")
    axes = figure.subplots()

    # The law, a bar a level: nan separates the bars
    ends = np.column_stack([place - 0.4, place + 0.4, np.full(place.size, np.nan)]).ravel()
    bz.plots.law(axes, ends, law[order].repeat(3), label="law: g exp(−E/t) / Z")

    # The gas: on a logarithmic axis an error bar must not reach 0
    occupied = measured[order] > 0
    seen = order[occupied]
    bars = [np.minimum(error, 0.9 * measured)[seen], error[seen]]
    bz.plots.simulation(
        axes, place[occupied], measured[seen], bars, label="simulation: Metropolis gas"
    )

    axes.set_yscale("log")
    axes.set_ylim(0.3 * measured[seen].min(), 2)
    axes.set_ylabel("fraction of particles")
    if len(levels) <= _MOST_LABELS:
        axes.set_xticks(place, [f"{levels.labels[k]}\nE = {levels.energies[k]:.3g}" for k in order])
    axes.set_xlabel("level")
    axes.legend()
    return figure
