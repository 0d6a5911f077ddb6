r"""The law: which share of a system sits in each level, and what follows from it.

In contact with a bath, a state of energy E is found with probability

.. math:: p = e^{-E/t} / Z, \qquad Z = \sum_i g_i\, e^{-E_i/t}

(Boltzmann [1]_, Gibbs [2]_), where g_i states share level i and Boltzmann's constant is 1. A language model
divides its logits by a number called temperature and takes the softmax: the same law with E = -logit. That
number is a temperature in the physicist's sense, because 1/t = dS/dU: it is the price of energy in entropy,
and systems that trade energy freely end up with the same one. Nothing here is random or approximated: every
function takes energies, subtracts that of a reference level, and only then divides by t [3]_.

Temperatures may have any shape and any sign. t = 0 is the limit from above, the ground states; at t = ±inf
all allowed states are equally likely; t < 0 inverts the populations. A level at +inf is forbidden at every t.
An array in the place of `levels` holds the energies of one system or of a batch, with one state per level.

References
----------
.. [1] L. Boltzmann, Wiener Berichte 58, 517 (1868).
.. [2] J. W. Gibbs, Elementary Principles in Statistical Mechanics, ch. IV (1902).
.. [3] P. Blanchard, D. J. Higham and N. J. Higham, IMA J. Numer. Anal. 41, 2311 (2021).
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import ArrayLike

from boltzmann._checks import FloatArray, as_floats, as_probabilities, as_temperatures
from boltzmann._threads import Pool, available_processors
from boltzmann.levels import EnergyLevels

# Overflow to inf, underflow to 0 and division by zero are limits and meant; an invalid operation never is.
_limits_are_meant = np.errstate(over="ignore", under="ignore", divide="ignore")
_MANY = 50_000  # from how many logits on a compiled softmax is worth loading
_MANY_A_THREAD = 1_000_000  # for how many another thread is worth starting


@dataclass(frozen=True, eq=False)
class _Law:
    """The law seen from its reference level: the lowest allowed one for t >= 0, the highest for t < 0.

    All fields broadcast against t.shape + (..., K), the levels on the last axis.
    """

    t: FloatArray
    unit: FloatArray
    reference: FloatArray  # the energy of the reference level
    gap: FloatArray  # (E - reference)/unit
    x: FloatArray  # (E - reference)/t, which is never negative
    p: FloatArray  # the probability of each level, g exp(-x) / sum of g exp(-x)
    log_z: FloatArray  # log Z', where Z' = sum of g exp(-x) = Z exp(reference/t)

    def mean(self, values: FloatArray) -> FloatArray:
        """Return the average of `values`, last axis kept; a level without weight has no say, even at inf."""
        average: FloatArray = np.sum(self.p * np.where(self.p > 0, values, 0.0), axis=-1, keepdims=True)
        return average


def _per_temperature(energy: FloatArray, t: FloatArray) -> FloatArray:
    """Return energy/t, where no energy stays none at t = 0 and an infinite one infinite at t = ±inf."""
    settled = (energy == 0) | np.isinf(energy)
    return energy / np.where(settled, np.copysign(1.0, t), t)


@_limits_are_meant
def _law(energies: FloatArray, log_degeneracies: FloatArray, t: FloatArray) -> _Law:
    """Return the law for energies (..., K) at temperatures that broadcast against them."""
    allowed = energies < np.inf
    lowest = energies.min(axis=-1, keepdims=True)
    highest = energies.max(axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    reference = np.where(t < 0, highest, lowest)
    # Energies of ±1e308 differ by more than a float can hold. Above t = 1 they are measured in units of 2,
    # which loses nothing there; up to t = 1 such a gap may well be inf, for its level has no weight.
    unit = np.where(np.abs(t) > 1, 2.0, 1.0)
    gap = np.zeros(np.broadcast_shapes(energies.shape, reference.shape))  # C order, whatever the caller's
    np.subtract(energies / unit, reference / unit, out=gap, where=energies != reference)
    x = np.where(allowed, _per_temperature(gap, t / unit), np.inf)

    log_weights = log_degeneracies - x
    likeliest = log_weights.argmax(axis=-1, keepdims=True)
    largest = np.take_along_axis(log_weights, likeliest, axis=-1)
    weights = np.exp(log_weights - largest)
    # The largest weight is 1; it is kept apart lest it swallow the others in log Z'.
    others = weights.copy()
    np.put_along_axis(others, likeliest, 0.0, axis=-1)
    rest = others.sum(axis=-1, keepdims=True)
    return _Law(t, unit, reference, gap, x, weights / (1 + rest), largest + np.log1p(rest))


def _as_axis(axis: int, dimensions: int) -> int:
    """Return `axis` counted from the front; a ValueError names it if there is no such axis."""
    try:
        return normalize_axis_index(axis, dimensions, msg_prefix="axis")
    except TypeError:
        raise ValueError(f"axis must be a whole number, got {axis!r}") from None


def _levels_last(name: str, values: ArrayLike, axis: int, forbidden: float) -> FloatArray:
    """Return checked levels, any shape, their axis moved last; the result is read, never written to."""
    array = as_floats(name, values)
    if array.ndim == 0:
        raise ValueError(f"{name} must have shape (..., K), got ()")
    axis = _as_axis(axis, array.ndim)
    if array.shape[axis] == 0:
        raise ValueError(f"{name} has shape {array.shape}: at least one level is needed")
    closed = np.all(array == forbidden, axis=axis)
    if closed.any():
        index = [str(i) for i in np.argwhere(closed)[0]]
        index.insert(axis, ":")
        raise ValueError(f"{name}[{', '.join(index)}] is all {forbidden}: at least one level must be allowed")
    return np.moveaxis(array, axis, -1)


def _law_of(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> _Law:
    if isinstance(levels, EnergyLevels):
        energies, log_degeneracies = levels.energies, np.log(levels.degeneracies)
    else:
        energies, log_degeneracies = _levels_last("levels", levels, -1, np.inf), np.zeros(1)
    temperatures = as_temperatures(t, "t")
    return _law(energies, log_degeneracies, temperatures.reshape(temperatures.shape + (1,) * energies.ndim))


def _law_of_logits(x: ArrayLike, axis: int) -> _Law:
    return _law(-_levels_last("x", x, axis, -np.inf), np.zeros(1), np.ones(1))


def softmax(x: ArrayLike, axis: int = -1) -> FloatArray:
    """Return the law of the logits `x` at t = 1: p_i = exp(x_i) / sum_j exp(x_j).

    Parameters
    ----------
    x : (..., K, ...) array_like
        Logits, dimensionless. -inf is forbidden; +inf takes all weight, shared among equals.
    axis : int
        The axis of the K levels.

    Returns
    -------
    (..., K, ...) ndarray
        Probabilities, shaped like `x`.

    Raises
    ------
    ValueError
        If an entry is nan, there is no level, all levels along `axis` are -inf, or `axis` does not exist.

    Examples
    --------
    >>> softmax([1000, 1000, -np.inf])
    array([0.5, 0.5, 0. ])
    """
    many = _softmax_of_many(x, axis)
    return np.moveaxis(_law_of_logits(x, axis).p, -1, axis) if many is None else many


def _softmax_of_many(x: ArrayLike, axis: int) -> FloatArray | None:
    """Return the softmax of a large array by a compiled kernel; None if it is small or a row has no finite sum."""
    if not isinstance(x, np.ndarray) or x.size < _MANY or x.dtype.kind != "f":
        return None
    from boltzmann.kernels.softmax import softmax_rows  # loaded here: Numba takes half a second

    axis = _as_axis(axis, x.ndim)
    rows = np.ascontiguousarray(np.moveaxis(x, axis, -1), dtype=np.float64)
    p = np.empty(rows.shape)
    shape = (-1, rows.shape[-1])
    threads = min(available_processors(), x.size // x.shape[axis], x.size // _MANY_A_THREAD + 1)
    parts = [np.array_split(array.reshape(shape), threads) for array in (rows, p)]
    with Pool(threads) as pool:
        regular = pool.map(lambda share: softmax_rows(parts[0][share], parts[1][share]), threads)
    return np.moveaxis(p, -1, axis) if all(regular) else None


def log_softmax(x: ArrayLike, axis: int = -1) -> FloatArray:
    """Return log softmax(x), sharp where a probability is near 1 and where it is too small for a float.

    Parameters
    ----------
    x : (..., K, ...) array_like
        Logits, dimensionless.
    axis : int
        The axis of the K levels.

    Returns
    -------
    (..., K, ...) ndarray
        Natural logarithms of probabilities, shaped like `x`.

    Raises
    ------
    ValueError
        As in `softmax`.

    Examples
    --------
    >>> log_softmax([0, -40, -1000])
    array([-4.24835426e-18, -4.00000000e+01, -1.00000000e+03])
    """
    law = _law_of_logits(x, axis)
    return np.moveaxis(0.0 - law.x - law.log_z, -1, axis)


def logsumexp(x: ArrayLike, axis: int = -1) -> FloatArray:
    """Return log sum_j exp(x_j), the log partition function of the logits `x`.

    Parameters
    ----------
    x : (..., K, ...) array_like
        Logits, dimensionless.
    axis : int
        The axis of the K levels.

    Returns
    -------
    ndarray or float
        `x` without `axis`; a scalar if `x` is one-dimensional.

    Raises
    ------
    ValueError
        As in `softmax`.

    Examples
    --------
    >>> float(logsumexp([1e308, 0]))
    1e+308
    """
    return _log_partition(_law_of_logits(x, axis))


def probabilities(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the law: p_i = g_i exp(-E_i/t) / Z.

    Parameters
    ----------
    levels : EnergyLevels or (..., K) array_like
        The system; an array holds the energies of one system or of many, with one state per level.
    t : (...) array_like
        Temperatures, any shape and sign, in the unit of the energies.

    Returns
    -------
    t.shape + (..., K) ndarray
        The probability of each level, summing to 1 over the last axis.

    Raises
    ------
    ValueError
        If an energy or temperature is nan, there is no level, or no level is allowed.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.3 (2011).

    Examples
    --------
    >>> probabilities(EnergyLevels([0, 1], degeneracies=[1, 3]), [0, np.inf])
    array([[1.  , 0.  ],
           [0.25, 0.75]])
    """
    return _law_of(levels, t).p


def _log_ratio(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return log(p/q), good to a few units in the last place.

    Between neighbours p/q would lose its distance from 1, so it is log1p of their relative difference;
    elsewhere p/q may overflow, so mantissas and exponents are taken apart.
    """
    p_mantissa, p_exponent = np.frexp(p)
    q_mantissa, q_exponent = np.frexp(q)
    far = np.log(p_mantissa / q_mantissa) + np.log(2.0) * (p_exponent - q_exponent)
    near = np.log1p((p - q) / q)
    return np.where((p > q / 2) & (p < 2 * q), near, far)


@_limits_are_meant
def temper(p: ArrayLike, t: ArrayLike, axis: int = -1) -> FloatArray:
    """Return `p` at temperature t, softmax(log p / t): p_i^(1/t) / sum_j p_j^(1/t).

    Also called the escort distribution of order 1/t [1]_. Where t is 1 it is `p` itself.

    Parameters
    ----------
    p : (..., K, ...) array_like
        Probabilities, summing to 1 along `axis`.
    t : (...) array_like
        Temperatures, any shape and sign, dimensionless: the unit of energy is that of -log p.
    axis : int
        The axis of the K levels.

    Returns
    -------
    t.shape + p.shape ndarray
        Probabilities. What is 0 in `p` stays 0.

    Raises
    ------
    ValueError
        If an entry is nan or negative, a sum is not 1, a temperature is nan, or `axis` does not exist.

    References
    ----------
    .. [1] C. Beck and F. Schlögl, Thermodynamics of Chaotic Systems, ch. 9 (1993).

    Examples
    --------
    >>> temper([0.2, 0.8, 0.0], [1, 0.5, 0])
    array([[0.2       , 0.8       , 0.        ],
           [0.05882353, 0.94117647, 0.        ],
           [0.        , 1.        , 0.        ]])
    """
    axis = _as_axis(axis, max(as_floats("p", p).ndim, 1))
    given = as_probabilities("p", p, axis)
    levels = np.moveaxis(given, axis, -1)
    temperatures = as_temperatures(t, "t")
    temperatures = temperatures.reshape(temperatures.shape + (1,) * levels.ndim)
    likeliest = levels.max(axis=-1, keepdims=True)
    rarest = levels.min(axis=-1, keepdims=True, where=levels > 0, initial=np.inf)
    energies = -_log_ratio(levels, np.where(temperatures < 0, rarest, likeliest))
    tempered = np.where(temperatures == 1, levels, _law(energies, np.zeros(1), temperatures).p)
    return np.moveaxis(tempered, -1, axis - given.ndim)


def log_partition(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return log Z, Z = sum_i g_i exp(-E_i/t).

    Parameters
    ----------
    levels : EnergyLevels, or (..., K) array_like of energies
    t : (...) array_like of temperatures, in the unit of the energies

    Returns
    -------
    t.shape + (...) ndarray or float
        Dimensionless. At t = ±inf the log of the number of allowed states; at t = 0 -inf, +inf or the log of
        the ground state's degeneracy, as the ground energy is positive, negative or 0.

    Raises
    ------
    ValueError
        As in `probabilities`.

    Examples
    --------
    >>> float(np.exp(log_partition([0, 0, 0, 5], np.inf)))
    4.0
    """
    return _log_partition(_law_of(levels, t))


@_limits_are_meant
def _log_partition(law: _Law) -> FloatArray:
    return _scalars(law.log_z - _per_temperature(law.reference, law.t))


def _scalars(values: FloatArray) -> FloatArray:
    """Return `values` without its last axis, of length 1; a scalar if nothing else is left."""
    scalars: FloatArray = values[..., 0][()]
    return scalars


@_limits_are_meant
def _mean_energy(law: _Law) -> FloatArray:
    """Return the mean energy, last axis kept."""
    rise = law.mean(law.gap)
    return law.reference + rise + (law.unit - 1) * rise  # one unit after the other: neither step overflows


@_limits_are_meant
def free_energy(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the free energy F = -t log Z, whose fall is the most work that an isothermal process can yield.

    Parameters
    ----------
    levels : EnergyLevels, or (..., K) array_like of energies
    t : (...) array_like of temperatures, in the unit of the energies

    Returns
    -------
    t.shape + (...) ndarray or float
        In the unit of the energies. At t = 0 the ground energy; at t = ±inf, ∓inf, save for a single state.

    Raises
    ------
    ValueError
        As in `probabilities`.

    Examples
    --------
    >>> free_energy([3, 3], [0, 1])
    array([3. , 2.30685282])
    """
    law = _law_of(levels, t)
    half = np.zeros(law.log_z.shape)  # half of t log Z', so that the sum below cannot overflow on its way
    np.multiply(law.t, law.log_z / 2, out=half, where=(law.log_z != 0) & np.isfinite(law.reference))
    limit = np.where(np.isinf(law.t), _mean_energy(law), law.reference)
    return _scalars(limit - half - half)


def mean_energy(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the mean energy U = sum_i p_i E_i.

    Parameters
    ----------
    levels : EnergyLevels, or (..., K) array_like of energies
    t : (...) array_like of temperatures, in the unit of the energies

    Returns
    -------
    t.shape + (...) ndarray or float
        In the unit of the energies.

    Raises
    ------
    ValueError
        As in `probabilities`.

    Examples
    --------
    >>> mean_energy([0, 1], [0, 1, np.inf])
    array([0. , 0.26894142, 0.5 ])
    """
    return _scalars(_mean_energy(_law_of(levels, t)))


@_limits_are_meant
def _entropy(law: _Law) -> FloatArray:
    return _scalars(law.log_z + law.mean(law.x))


def entropy(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the entropy S = (U - F)/t = -sum_i p_i log(p_i/g_i), counted over states.

    Parameters
    ----------
    levels : EnergyLevels, or (..., K) array_like of energies
    t : (...) array_like of temperatures, in the unit of the energies

    Returns
    -------
    t.shape + (...) ndarray or float
        In nats. At t = 0 the log of the ground state's degeneracy (the third law), at t = ±inf the log of the
        number of allowed states.

    Raises
    ------
    ValueError
        As in `probabilities`.

    Examples
    --------
    >>> entropy(EnergyLevels([0, 1], degeneracies=[2, 6]), [0, np.inf]) / np.log(2)
    array([1., 3.])
    """
    return _entropy(_law_of(levels, t))


@_limits_are_meant
def heat_capacity(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the heat capacity C = dU/dt = (<E²> - <E>²)/t², the fluctuations of the energy.

    Parameters
    ----------
    levels : EnergyLevels, or (..., K) array_like of energies
    t : (...) array_like of temperatures, in the unit of the energies

    Returns
    -------
    t.shape + (...) ndarray or float
        Dimensionless, in units of Boltzmann's constant; 0 at t = 0 and t = ±inf.

    Raises
    ------
    ValueError
        As in `probabilities`.

    References
    ----------
    .. [1] R. K. Pathria and P. D. Beale, Statistical Mechanics, 3rd ed., sec. 3.6 (2011).

    Examples
    --------
    >>> heat_capacity([0, 1], [0, 0.416778, np.inf])
    array([0. , 0.43922884, 0. ])
    """
    law = _law_of(levels, t)
    return _scalars(law.mean((law.x - law.mean(law.x)) ** 2))


@_limits_are_meant
def perplexity(levels: EnergyLevels | ArrayLike, t: ArrayLike) -> FloatArray:
    """Return the perplexity exp(S): how many equally likely states would be as uncertain.

    Parameters
    ----------
    levels : EnergyLevels, or (..., K) array_like of energies
    t : (...) array_like of temperatures, in the unit of the energies

    Returns
    -------
    t.shape + (...) ndarray or float
        A number of states: at t = 0 the degeneracy of the ground state, at t = ±inf all allowed states.

    Raises
    ------
    ValueError
        As in `probabilities`.

    Examples
    --------
    >>> perplexity([0, 1, 1, 1], [0, np.inf])
    array([1., 4.])
    """
    return np.exp(_entropy(_law_of(levels, t)))
