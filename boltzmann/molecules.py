"""Diatomic molecules: rotating and vibrating levels from spectroscopic constants.

Energies are in cm⁻¹, as spectroscopists give them; `units.thermal_energy(kelvin, "cm-1")` is the
temperature that goes with them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from boltzmann._core.checks import (
    LARGEST,
    FloatArray,
    as_floats,
    as_number,
    as_positive,
    refuse_first,
)
from boltzmann.levels import EnergyLevels

_MOST_LEVELS = 10_000  # of one ladder; those of CO have 397 at most


class DiatomicConstants(NamedTuple):
    """A diatomic molecule in its electronic ground state, in the order of `diatomic`.

    Attributes
    ----------
    omega_e, omega_e_x_e : float
        Of the vibration: the harmonic wavenumber and its anharmonicity, in cm⁻¹.
    B_e, alpha_e, D_e : float
        Of the rotation: the constant at the equilibrium distance, its decrease with each quantum of
        vibration, and the centrifugal distortion, in cm⁻¹.
    spin_weights : (float, float)
        How many nuclear spin states go with even J, and with odd J.

    """

    omega_e: float
    omega_e_x_e: float
    B_e: float
    alpha_e: float
    D_e: float
    spin_weights: tuple[float, float]


# All from Huber and Herzberg. The nuclear spins: 0 and 0 in CO; 1 and 1 in N₂, bosons, of whose 9
# spin states the 6 symmetric ones go with even J; 1/2 and 3/2 in HCl, 2 · 4 states; and 1/2 and 1/2
# in H₂, fermions, of whose 4 spin states the antisymmetric one goes with even J.
CONSTANTS = {
    "CO": DiatomicConstants(2169.81358, 13.28831, 1.93128087, 0.01750441, 6.1214e-6, (1, 1)),
    "N2": DiatomicConstants(2358.57, 14.324, 1.998241, 0.017318, 5.76e-6, (6, 3)),
    "HCl": DiatomicConstants(2990.9463, 52.8186, 10.59341, 0.30718, 5.3194e-4, (8, 8)),
    "H2": DiatomicConstants(4401.213, 121.336, 60.8530, 3.0622, 4.71e-2, (1, 3)),
}


def diatomic(
    omega_e: float,
    omega_e_x_e: float,
    B_e: float,
    alpha_e: float,
    D_e: float,
    spin_weights: ArrayLike = (1, 1),
    *,
    highest: float = np.inf,
) -> EnergyLevels:
    r"""Return the levels of a vibrating and rotating diatomic molecule, in cm⁻¹.

    .. math::

        E(v, J) = \omega_e (v + ½) - \omega_e x_e (v + ½)^2
                  + [B_e - \alpha_e (v + ½)]\, J(J + 1) - D_e\, J^2 (J + 1)^2

    measured from the lowest level, g = (2J + 1)·w, with w the spin weight of even or odd J. Each
    ladder ends where the formula turns down, for the true levels go on upwards: v below ω_e/2ω_e
    x_e, and J where its next rotational energy would be no higher.

    Parameters
    ----------
    omega_e, omega_e_x_e, B_e, alpha_e, D_e : float
        The molecule's constants, in cm⁻¹; see `DiatomicConstants`.
    spin_weights : (2,) array_like
        How many nuclear spin states go with even J, and with odd J. A kind of weight 0 is left out:
        (1, 0) is parahydrogen alone.
    highest : float
        Levels more than this above the lowest are left out, in cm⁻¹; by default none.

    Returns
    -------
    EnergyLevels
        With labels "(v, J)", v by v.

    Raises
    ------
    ValueError
        If a constant is not positive and finite (alpha_e: finite), the weights are not two numbers
        of at least 0, one of them positive, no level is left, or a ladder has more than 10,000.

    See Also
    --------
    molecule : A diatomic molecule by its name.
    rigid_rotor : Levels with degeneracies 2J + 1.
    harmonic_oscillator : Equally spaced levels from half a quantum.
    thermal_energy : Temperatures in kelvin as energies.

    References
    ----------
    .. [1] J. L. Dunham, Phys. Rev. 41, 721 (1932).
    .. [2] K. P. Huber and G. Herzberg, Molecular Spectra and Molecular Structure, vol. IV,
       Constants of Diatomic Molecules (1979).

    Examples
    --------
    >>> HCl = diatomic(*CONSTANTS["HCl"], highest=100)
    >>> HCl.labels, HCl.energies.round(2), HCl.degeneracies
    (('(0, 0)', '(0, 1)', '(0, 2)'), array([ 0.  , 20.88, 62.62]), array([ 8., 24., 40.]))
    """
    omega_e, omega_e_x_e, B_e, D_e = (
        as_positive(name, value)
        for name, value in (
            ("omega_e", omega_e),
            ("omega_e_x_e", omega_e_x_e),
            ("B_e", B_e),
            ("D_e", D_e),
        )
    )
    alpha_e = as_number("alpha_e", alpha_e, "finite number", -LARGEST, LARGEST)
    if B_e <= alpha_e / 2:
        raise ValueError(f"alpha_e is {alpha_e}: it must be below 2·B_e, {2 * B_e:g}")
    weights = _as_spin_weights(spin_weights)
    highest = as_number("highest", highest, "number of at least 0", 0, np.inf)

    ladders = []
    for v in range(_ladder_length("omega_e/(2·omega_e_x_e)", omega_e / 2, omega_e_x_e) or 1):
        rotation = _rotational_ladder(B_e - alpha_e * (v + 0.5), D_e)  # (J,)
        J = np.flatnonzero(weights[np.arange(rotation.size) % 2])
        vibration = omega_e * (v + 0.5) - omega_e_x_e * (v + 0.5) ** 2
        ladders.append((np.full(J.size, v), J, vibration + rotation[J]))

    quanta, J, energies = map(np.concatenate, zip(*ladders, strict=True))  # (K,) each
    if not energies.size:
        raise ValueError(f"spin_weights are {spin_weights!r}: no level of such J is left")
    energies = energies - energies.min()
    low = energies <= highest
    quanta, J = quanta[low], J[low]
    labels = list(zip(quanta.tolist(), J.tolist(), strict=True))
    return EnergyLevels(energies[low], (2 * J + 1) * weights[J % 2], labels)


def molecule(name: str, *, highest: float = np.inf) -> EnergyLevels:
    """Return the levels of a molecule whose constants are known here, in cm⁻¹.

    Parameters
    ----------
    name : {"CO", "N2", "HCl", "H2"}
        The molecule, of its commonest isotopes: ¹²C¹⁶O, ¹⁴N₂, ¹H³⁵Cl, ¹H₂.
    highest : float
        As in `diatomic`.

    Returns
    -------
    EnergyLevels
        ``diatomic(*CONSTANTS[name], highest=highest)``.

    Raises
    ------
    ValueError
        If there is no such molecule, or `highest` is negative or nan.

    See Also
    --------
    diatomic : For other molecules.
    boltzmann.thermal_energy : The temperature in cm⁻¹.

    References
    ----------
    .. [1] K. P. Huber and G. Herzberg, Molecular Spectra and Molecular Structure, vol. IV,
       Constants of Diatomic Molecules (1979).

    Examples
    --------
    >>> from boltzmann import log_partition, thermal_energy
    >>> CO = molecule("CO")
    >>> round(float(np.exp(log_partition(CO, thermal_energy(296, "cm-1")))), 3)
    107.421
    """
    if not isinstance(name, str) or name not in CONSTANTS:
        raise ValueError(f"name is {name!r}: it must be one of {', '.join(CONSTANTS)}")
    return diatomic(*CONSTANTS[name], highest=highest)


def _as_spin_weights(spin_weights: ArrayLike) -> FloatArray:
    """Return the weights of even and odd J, (2,)."""
    weights = as_floats("spin_weights", spin_weights)
    rule = "it must be finite and at least 0"
    if weights.shape != (2,):
        raise ValueError(
            f"spin_weights must have shape (2,), for even and odd J, got {weights.shape}"
        )
    refuse_first("spin_weights", weights, ~((weights >= 0) & (weights < np.inf)), rule)
    if not weights.any():
        raise ValueError("spin_weights are both 0: no level is left")
    return weights


def _ladder_length(name: str, numerator: float, denominator: float) -> int:
    """Return the quotient rounded up: how many levels a ladder has before it turns down."""
    if numerator > _MOST_LEVELS * denominator:
        raise ValueError(f"{name} is above {_MOST_LEVELS}: a ladder would have as many levels")
    return int(np.ceil(numerator / denominator))


def _rotational_ladder(B: float, D: float) -> FloatArray:
    """Return B J(J + 1) - D J²(J + 1)² from J = 0 while it rises, (J,); empty if B <= 0."""
    # From J to J + 1 it rises by 2(J + 1)[B - 2D(J + 1)²].
    count = _ladder_length("√(B/(2·D_e))", np.sqrt(max(B, 0.0) / 2), np.sqrt(D))
    x = np.arange(count) * np.arange(1.0, count + 1)
    ladder: FloatArray = B * x - D * x**2
    return ladder
