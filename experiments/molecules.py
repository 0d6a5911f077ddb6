"""Do real molecules share themselves out by exp(−E/t), with a t that is in kelvin?

Objective. You can turn kelvin into the unit of any energies, say which rotational level of a gas is
the fullest, and explain why cold hydrogen does not do what the law of one gas asks.

What you need to know. The lesson `occupancy`. Spectroscopists give energies as wavenumbers, in
cm⁻¹; there k_B T is 0.695 cm⁻¹ for each kelvin, and that is t. A molecule that rotates with J
quanta has the energy B J(J + 1) and 2J + 1 states; if it vibrates, it has (v + 1/2) quanta ω more.
Divided by k_B [2]_, B of HCl is 15.2 K and ω 4303 K [1]_, and the two levels of a proton in a field
of 1 T are 0.00204 K apart: at 293 K HCl turns and hardly vibrates, and of a million protons 3.5
more point along the field than against it.

Minutes. 30

Predict first. What is t at 296 K, in cm⁻¹? Carbon monoxide has B = 1.92 cm⁻¹: is J = 0 its fullest
level at 296 K, and if not, which is? A rotation holds two squares of a momentum: what is its heat
capacity when warm, in units of k_B? Warm hydrogen has three molecules with odd J to one with even
J, and they hardly ever turn into one another: what share has J = 1 once it is cooled to 20 K?

Run. Some seconds, on any machine:

    python -m experiments molecules

What the law predicts. Shares g exp(−E/t)/Z with measured constants [1]_: (2J + 1) rises, exp(−E/t)
falls, and between them lies the fullest level, near J = √(t/2B) − 1/2. The heat capacity is the
fluctuation of E, in units of t²: 1 for a warm rotation, 2 with a warm vibration; flight, which adds
3/2 at any t, is left out. For hydrogen the law holds within each kind; Dennison [3]_ added a
quarter of one heat capacity to three quarters of the other, and met what had been measured on
ordinary hydrogen.

What would refute it. Partition sums that are not those of the data base HITRAN [4]_ to within what
the few constants allow; populations or heat capacities of the Metropolis gas that the law gives
less than one time in a million; a fullest level elsewhere. The control is hydrogen whose kinds
convert: held against Dennison's curve, it must fail.

What you see. On the left carbon monoxide is fullest at J = 4 at 100 K, at J = 7 at 296 K and at J =
13 at 1000 K, where that level has 4.5 % of all. Its sum of states at 296 K is 107.4205, and
HITRAN's 107.4205. In the middle a heat capacity rests at 1 until vibration lifts it on, to 1.49 at
1000 K in CO and to 1.31 in HCl, whose quanta are larger. On the right ordinary hydrogen rises
evenly; at 50 K it has 0.005, and 2.067 if its kinds converted.

The misconception. "A gas of one temperature is in equilibrium." Only as far as its parts exchange
particles or energy. Ordinary hydrogen at 20 K has one t and the wrong shares: 75 % at J = 1, where
a catalyst would leave 0.18 %. A text, too, has t at each step and yet not over whole texts: no step
is undone, as the lesson `whole_texts` shows.

Answers. To what was to be predicted:

1. [about 206] k_B is 0.695 cm⁻¹ a kelvin.
2. [J: 7] Not J = 0: there are 2J + 1 states to a level, and √(t/2B) - 1/2 is 6.8.
3. [1] A half for each square.
4. [0.75] Three quarters still: odd J are left with J = 1 as their lowest.

Exercises. In code, `np` is NumPy and `bz` is `import boltzmann as bz`.

1. Turn 296 K into cm⁻¹, meV and kJ/mol, and find which energies are within reach. (205.7, 25.5,
   2.46: rotations, a bend of a floppy molecule, not a chemical bond of some 400 kJ/mol.)

       for unit in ("cm-1", "meV", "kJ/mol"):
           print(unit, bz.thermal_energy(296, unit))

2. Set the derivative of ln(2J + 1) − B J(J + 1)/t to 0. (2/(2J + 1) = B(2J + 1)/t, so that J + 1/2
   = √(t/2B).)

3. Nitrogen has B = 1.99 cm⁻¹, too, but its even J have six nuclear spin states and its odd J three.
   What does that change in the spectrum, what in the heat capacity at 296 K? (Lines alternate
   2 : 1; the heat capacity stays at 1, for many J of either kind are at work.)

       t = bz.thermal_energy(296, "cm-1")
       for name in ("CO", "N2"):
           gas = bz.molecule(name, highest=5000)
           print(name, bz.probabilities(gas, t)[:8].round(3), bz.heat_capacity(gas, t))

4. How cold must equilibrium hydrogen be for half of it to be on even J? (78 K.)

       hydrogen = bz.molecule("H2", highest=20_000)
       even = np.array([int(label[:-1].split()[1]) % 2 == 0 for label in hydrogen.labels])
       for kelvin in (20, 50, 78, 150, 300):
           p = bz.probabilities(hydrogen, bz.thermal_energy(kelvin, "cm-1"))
           print(kelvin, p[even].sum())

5. The sums agree with HITRAN to 4e-6 for CO, 1e-5 for nitrogen, 2e-4 for HCl and 3e-3 for hydrogen.
   Why in this order? (The formula is a series in the amplitude of vibration and in the stretch by
   rotation, cut after D_e. Light atoms reach farther, and rotate faster.)

References
----------
.. [1] K. P. Huber and G. Herzberg, Molecular Spectra and Molecular Structure, vol. IV, Constants of
   Diatomic Molecules (1979).
.. [2] P. J. Mohr, D. B. Newell, B. N. Taylor and E. Tiesinga, Rev. Mod. Phys. 97, 025002 (2025).
.. [3] D. M. Dennison, Proc. R. Soc. A 115, 483 (1927).
.. [4] R. R. Gamache et al., J. Quant. Spectrosc. Radiat. Transfer 271, 107713 (2021).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import boltzmann as bz
from boltzmann.molecules import CONSTANTS
from boltzmann.statistics import goodness_of_fit
from experiments.drawings import molecules as drawing
from experiments.runner.table import Table, Verdict, agrees, differs, fits
from experiments.shared import p_values
from experiments.shared.gas import RELAXATION_TIMES

CHAPTER = 75
FINDING = "Real molecules fill their levels as exp(−E/t) says"

# The sums of TIPS-2021 at 100, 296 and 1000 K, nuclear spins counted, as hitran-api 1.3.0.0 gives
# them, and how near Huber and Herzberg's constants come.
HITRAN_KELVIN = (100.0, 296.0, 1000.0)
HITRAN = {
    "CO": ((36.49563, 107.4205072, 380.2998), 6e-6),
    "N2": ((158.7413, 467.1014248, 1634.51), 2e-5),
    "HCl": ((56.04344, 160.6544232, 547.7962), 2e-4),
    "H2": ((2.667731, 7.671173544, 24.57845), 3e-3),
}
KINDS = {"para": (1, 0), "ortho": (0, 3)}  # spin weights of hydrogen's even and odd J
WARM = ("CO", "N2", "HCl")
COLD = ("3 ortho : 1 para", "converting")
_NAMES = {"converting": "H2"}


@dataclass(frozen=True)
class Config:
    """The full experiment; temperatures are in kelvin."""

    populations: tuple[float, ...] = (100.0, 296.0, 1000.0)  # of CO
    warm: tuple[float, ...] = (30.0, 100.0, 300.0, 1000.0, 3000.0)  # where heat is measured
    cold: tuple[float, ...] = (30.0, 50.0, 80.0, 120.0, 180.0, 270.0)  # of hydrogen
    curve: int = 120  # temperatures of the law's curves
    particles: int = 60_000
    seed: int = 2026


QUICK = Config(populations=(296.0,), warm=(100.0, 300.0), cold=(50.0, 120.0), particles=20_000)


def levels_of(gas: str, t: float, kind: str = "") -> bz.EnergyLevels:
    """Return the levels of a gas up to 20 t, or 2000 cm⁻¹; above is less than 1e-6 of it.

    `kind` of hydrogen is "para" or "ortho"; by default both, and what the others have.
    """
    constants = CONSTANTS[gas]
    if kind:
        constants = constants._replace(spin_weights=KINDS[kind])
    return bz.diatomic(*constants, highest=max(20 * t, 2000.0))


def compute(config: Config, progress: Callable[[float], None]) -> Table:
    """Return the sums, the populations, and the heat capacities of law and gas."""
    rows = [*_sums(), *_curves(config)]
    jobs = [("population", "CO", kelvin) for kelvin in config.populations]
    jobs += [("heat", gas, kelvin) for gas in WARM for kelvin in config.warm]
    jobs += [("heat", gas, kelvin) for gas in COLD for kelvin in config.cold]

    for done, (series, gas, kelvin) in enumerate(jobs):
        seed = config.seed + 2 * done
        if series == "population":
            rows += _populations(gas, kelvin, config.particles, seed)
        else:
            measured, error = _heat(gas, kelvin, config.particles, seed)
            law = _law_of_heat(gas, np.array([kelvin]))[0]
            rows.append(_row("heat", gas, kelvin, 0, law, measured, error))
        progress((done + 1) / len(jobs))
    return Table.of_rows(rows)


def _row(
    series: str, gas: str, kelvin: float, J: int, law: float, simulated: float, error: float
) -> dict[str, Any]:
    named = {"series": series, "gas": gas, "kelvin": kelvin, "J": J}
    return {**named, "law": law, "simulated": simulated, "error": error}


def _sums() -> Iterator[dict[str, Any]]:
    """Yield the partition sums, beside HITRAN's in the column `simulated`."""
    for gas, (stored, tolerance) in HITRAN.items():
        for kelvin, theirs in zip(HITRAN_KELVIN, stored, strict=True):
            log_z = bz.log_partition(bz.molecule(gas), bz.thermal_energy(kelvin, "cm-1"))
            yield _row("sum", gas, kelvin, 0, float(np.exp(log_z)), theirs, tolerance * theirs)


def _curves(config: Config) -> Iterator[dict[str, Any]]:
    """Yield the law's heat capacities on a fine grid."""
    for gases, kelvin in (
        (WARM, np.geomspace(1, 4000, config.curve)),
        (COLD, np.linspace(10, 320, config.curve)),
    ):
        for gas in gases:
            for each, law in zip(kelvin, _law_of_heat(gas, kelvin), strict=True):
                yield _row("curve", gas, each, 0, law, 0, 0)


def _law_of_heat(gas: str, kelvin: np.ndarray) -> np.ndarray:
    """Return the law's heat capacity of a molecule at each temperature, in units of k_B.

    Its flight is left out, which would add 3/2.
    """
    t = bz.thermal_energy(kelvin, "cm-1")
    if gas != COLD[0]:
        return bz.heat_capacity(levels_of(_NAMES.get(gas, gas), t.max()), t)
    para, ortho = (bz.heat_capacity(levels_of("H2", t.max(), kind), t) for kind in KINDS)
    return (para + 3 * ortho) / 4


def _relaxed(levels: bz.EnergyLevels, t: float, particles: int, seed: int) -> np.ndarray:
    """Return the counts (K,) of a Metropolis gas that has forgotten its start."""
    sweeps = int(np.ceil(RELAXATION_TIMES * len(levels) * bz.probabilities(levels, t).max()))
    gas = bz.Ensemble(levels, t, particles, seed=seed)
    gas.run(sweeps, every=sweeps, progress=False)
    return gas.counts


def _populations(gas: str, kelvin: float, particles: int, seed: int) -> list[dict[str, Any]]:
    """Return a row for each J, the vibrations taken together."""
    t = bz.thermal_energy(kelvin, "cm-1")
    levels = levels_of(gas, t)
    J = np.array([int(label.strip("()").split(", ")[1]) for label in levels.labels])  # (K,)
    law = np.bincount(J, weights=bz.probabilities(levels, t))
    counts = np.bincount(J, weights=_relaxed(levels, t, particles, seed))
    error = np.sqrt(law * (1 - law) / particles)
    return [
        _row("population", gas, kelvin, j, law[j], counts[j], error[j]) for j in range(law.size)
    ]


def _heat(gas: str, kelvin: float, particles: int, seed: int) -> tuple[float, float]:
    """Return the heat capacity of the gas from its fluctuations, and its standard error."""
    t = bz.thermal_energy(kelvin, "cm-1")
    if gas != COLD[0]:
        return _fluctuation(levels_of(_NAMES.get(gas, gas), t), t, particles, seed)
    para = _fluctuation(levels_of("H2", t, "para"), t, particles // 4, seed)
    ortho = _fluctuation(levels_of("H2", t, "ortho"), t, 3 * particles // 4, seed + 1)
    return (para[0] + 3 * ortho[0]) / 4, float(np.hypot(para[1], 3 * ortho[1])) / 4


def _fluctuation(
    levels: bz.EnergyLevels, t: float, particles: int, seed: int
) -> tuple[float, float]:
    """Return Var(E)/t² over the particles and its standard error, which the law gives."""
    counts = _relaxed(levels, t, particles, seed)
    x = levels.energies / t
    mean = counts @ x / particles
    variance = counts @ (x - mean) ** 2 / (particles - 1)
    law = bz.probabilities(levels, t)
    squares = (x - law @ x) ** 2
    return float(variance), float(np.sqrt((law @ squares**2 - (law @ squares) ** 2) / particles))


def verdicts(table: Table) -> list[Verdict]:
    """Judge the sums, the populations with their maximum, and the heat capacities."""
    sums, populations = table.where(series="sum"), table.where(series="population")
    off = np.abs(sums["law"] - sums["simulated"]) / sums["error"]
    heats = table.where(series="heat")
    converting, dennison = (heats.where(gas=gas) for gas in reversed(COLD))
    share = [
        goodness_of_fit(rows["simulated"], rows["law"]).p_value
        for _, rows in populations.groups("kelvin")
    ]
    claim = "sums of states are HITRAN's, in units of what the constants allow"
    return [
        agrees("sums", claim, off.max(), 0, 1),
        fits("populations", "CO fills its rotational levels by the law", share, "temperatures"),
        _fullest(populations),
        fits("warm", "heat capacities of CO, N₂ and HCl", *_pulls(heats, WARM)),
        fits("hydrogen", "heat capacities of hydrogen, converting or not", *_pulls(heats, COLD)),
        differs(
            "control",
            "control: hydrogen that converts does not follow Dennison",
            _chance(converting["simulated"] - dennison["law"], converting["error"]),
            "χ²",
        ),
    ]


def _pulls(heats: Table, gases: tuple[str, ...]) -> tuple[list[float], str]:
    chosen = [heats.where(gas=gas) for gas in gases]
    return [_chance(rows["simulated"] - rows["law"], rows["error"]) for rows in chosen], "gases"


def _chance(difference: np.ndarray, error: np.ndarray) -> float:
    """Return the p-value of differences of which each has its own standard error, by χ²."""
    return p_values.of_squares(difference / error)


def _fullest(populations: Table) -> Verdict:
    """Judge the fullest J of the law against √(t/2B) − 1/2."""
    c = CONSTANTS["CO"]
    B = c.B_e - c.alpha_e / 2
    off = [
        rows["law"].argmax() - (np.sqrt(bz.thermal_energy(kelvin, "cm-1") / (2 * B)) - 0.5)
        for (kelvin,), rows in populations.groups("kelvin")
    ]
    claim = "the fullest J less √(t/2B) − 1/2, at most"
    return agrees("fullest", claim, float(np.abs(off).max()), 0, 0.5, "J is whole")


def draw(table: Table) -> Figure:
    """Draw the populations and the heat capacities."""
    return drawing.draw(table, FINDING, WARM, COLD)
