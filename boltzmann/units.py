"""Thermal energies: k_B T in the units in which energies of levels are given.

The constants are CODATA's of 2022, as SciPy has them. Since 2019 k_B, h, c, e and N_A are exact by
definition; only the hartree is measured, to 1.1e-12 of its value.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import constants

from boltzmann._core.checks import as_floats, refuse_first

_HARTREE = constants.physical_constants["Hartree energy"][0]  # J

# The energy of one unit, in joules.
_JOULES = {
    "K": constants.k,
    "cm-1": constants.h * constants.c * 100,
    "GHz": constants.h * 1e9,
    "eV": constants.e,
    "meV": constants.e / 1000,
    "hartree": _HARTREE,
    "kJ/mol": 1000 / constants.N_A,
    "kcal/mol": 1000 * constants.calorie / constants.N_A,
    "J": 1.0,
}


def thermal_energy(kelvin: ArrayLike, unit: str) -> Any:
    """Return k_B T, the temperature t of levels whose energies are in `unit`.

    Parameters
    ----------
    kelvin : (...) array_like
        Absolute temperatures T, not negative, in kelvin.
    unit : {"K", "cm-1", "GHz", "eV", "meV", "hartree", "kJ/mol", "kcal/mol", "J"}
        Of the energies. A wavenumber in cm⁻¹ stands for the energy hc/λ, a frequency in GHz
        for h times it, and a calorie is 4.184 J.

    Returns
    -------
    (...) ndarray or float
        k_B T, in `unit`.

    Raises
    ------
    ValueError
        If there is no such unit, or a temperature is negative or no number.

    See Also
    --------
    molecule : A diatomic molecule by its name.
    diatomic : A molecule by its constants.

    References
    ----------
    .. [1] P. J. Mohr, D. B. Newell, B. N. Taylor and E. Tiesinga, Rev. Mod. Phys. 97, 025002
       (2025): CODATA's recommended values of 2022.

    Examples
    --------
    >>> thermal_energy([77, 300], "cm-1").round(3)
    array([ 53.518, 208.51 ])
    """
    if not isinstance(unit, str) or unit not in _JOULES:
        raise ValueError(f"unit is {unit!r}: it must be one of {', '.join(_JOULES)}")
    temperatures = as_floats("kelvin", kelvin)
    rule = "an absolute temperature is at least 0"
    refuse_first("kelvin", temperatures, temperatures < 0, rule)
    with np.errstate(over="ignore"):
        return (temperatures * (constants.k / _JOULES[unit]))[()]
