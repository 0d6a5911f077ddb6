"""Arrays of other packages as plain ones: masks, units and types of few bits are not dropped.

None of these packages is imported: a mask is NumPy's own, a unit is known by what a quantity of
astropy or pint offers, and a type of ml_dtypes, such as bfloat16, by its conversion.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_UNIT_HINT = "give plain numbers, all energies and temperatures in one unit"
_SMALLEST_EPSILON = 2.0**-60


def is_plain(values: Any) -> bool:
    """Tell whether an array has no mask and no unit."""
    return not isinstance(values, np.ma.MaskedArray) and unit_of(values) is None


def as_plain(name: str, values: Any, masked: float | None = None) -> Any:
    """Return values without mask and unit, as something that NumPy makes an array of.

    Parameters
    ----------
    name : str
        What the values are called in messages.
    values : object
        Numbers, in an array or not; returned as they are if there is no mask, unit or type of few
        bits.
    masked : float, optional
        What a masked entry stands for; by default there may be none.

    Raises
    ------
    ValueError
        If an entry is masked that may not be, or values have a unit.
    """
    if isinstance(values, np.ndarray) and type(values) is np.ndarray:
        return _widened(values)
    if isinstance(values, list | tuple):
        return _plain_sequence(name, values, masked)
    if unit_of(values) is not None:
        return as_plain(name, _dimensionless(name, values), masked)
    if isinstance(values, np.ma.MaskedArray):
        return _filled(name, values, masked)
    dtype = getattr(values, "dtype", None)
    few_bits = isinstance(dtype, np.dtype) and is_number_of_few_bits(dtype)
    return _widened(np.asarray(values)) if few_bits else values


def _plain_sequence(name: str, values: Any, masked: float | None) -> Any:
    """Return a list or tuple, of which the first entry tells whether entries have units."""
    if not values:
        return values
    first = values[0]
    if isinstance(first, np.ndarray) or unit_of(first) is not None:
        return [as_plain(f"{name}[{k}]", entry, masked) for k, entry in enumerate(values)]
    mask = [entry is np.ma.masked for entry in values]
    if any(mask):
        numbers = [0.0 if out else entry for entry, out in zip(values, mask, strict=True)]
        return _filled(name, np.ma.array(numbers, mask=mask), masked)
    return values


def _filled(name: str, values: Any, masked: float | None) -> NDArray[Any]:
    """Return a masked array with its masked entries as what they stand for."""
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return np.asarray(values.data)
    if masked is None:
        index = ", ".join(map(str, np.argwhere(mask)[0]))
        place = f"{name}[{index}]" if index else name
        raise ValueError(f"{place} is masked: every entry must be a number")
    return np.where(mask, masked, _widened(np.asarray(values.data)))


def unit_of(values: Any) -> Any:
    """Return the unit of a quantity of astropy or pint; None of anything else."""
    if isinstance(values, int | float | np.generic) or type(values) is np.ndarray:
        return None
    if hasattr(values, "to_value") and hasattr(values, "unit"):
        return values.unit
    if hasattr(values, "magnitude") and hasattr(values, "units") and hasattr(values, "to"):
        return values.units
    return None


def _in_unit(values: Any, unit: Any) -> Any:
    """Return a quantity in another unit, without it."""
    return values.to_value(unit) if hasattr(values, "to_value") else values.to(unit).magnitude


def _dimensionless(name: str, values: Any) -> Any:
    """Return a quantity that has no dimension, without its unit."""
    unit = unit_of(values)
    try:
        return _in_unit(values, "" if hasattr(values, "to_value") else "dimensionless")
    except Exception:  # each package has errors of its own
        raise ValueError(f"{name} has the unit {unit}: {_UNIT_HINT}") from None


def in_one_unit(name: str, values: Any, other: str, reference: Any) -> tuple[Any, Any]:
    """Return two quantities in the unit of the second, without it.

    Plain numbers are returned as they are, if both are.

    Raises
    ------
    ValueError
        If one alone has a unit, or its unit is none of the other's dimension.
    """
    unit, wanted = unit_of(values), unit_of(reference)
    if unit is None and wanted is None:
        return values, reference
    if unit is None or wanted is None:
        only, plain = (name, other) if wanted is None else (other, name)
        raise ValueError(
            f"{only} has the unit {wanted if unit is None else unit}, and {plain} has none: "
            f"{_UNIT_HINT}"
        )
    try:
        return _in_unit(values, wanted), _in_unit(reference, wanted)
    except Exception:
        hint = "; a temperature is k_B T, an energy" if _is_kelvin(unit, wanted) else ""
        raise ValueError(f"{name} is in {unit} and {other} in {wanted}{hint}") from None


def _is_kelvin(*units: Any) -> bool:
    return any(str(unit) in ("K", "kelvin") for unit in units)


def is_number_of_few_bits(dtype: np.dtype[Any]) -> bool:
    """Tell whether a type is one of ml_dtypes, such as bfloat16, that NumPy does not know."""
    return dtype.kind == "V" and dtype.names is None and dtype.type is not np.void


def _widened(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of few bits as float64, which has all its numbers; others as they are."""
    if not is_number_of_few_bits(array.dtype):
        return array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return array


def epsilon_of(values: Any) -> float:
    """Return how far 1 is from the next number of a type; of anything but floats, of float64."""
    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and is_number_of_few_bits(dtype):
        epsilon = 0.5
        while epsilon > _SMALLEST_EPSILON and float(np.array(1 + epsilon / 2).astype(dtype)) > 1:
            epsilon /= 2
        return epsilon
    if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize < 8:
        return float(np.finfo(dtype).eps)
    return float(np.finfo(np.float64).eps)
