"""Argument validation: each `as_*` returns the checked value or raises a ValueError naming it."""

import operator
import reprlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from boltzmann._core.arrays import as_plain, epsilon_of

FloatArray = NDArray[np.float64]

SMALLEST = float(np.nextafter(0.0, 1.0))  # positive float
LARGEST = float(np.finfo(np.float64).max)  # finite float


def as_floats(name: str, values: ArrayLike, masked: float | None = None) -> FloatArray:
    """Return `values` as float64, any shape, without nan.

    The result may share memory with the caller's array: it is read, never written to. A masked
    entry becomes `masked`; by default there may be none.

    Raises
    ------
    ValueError
        If `values` is no array of real numbers, has a unit, or holds a nan or an entry that is
        masked and may not be; the message names its index.
    """
    rule = f"{name} must be an array of real numbers"
    plain = as_plain(name, values, masked)
    try:
        array = np.asarray(plain)
    except ValueError as error:
        raise ValueError(f"{rule}, got ragged rows: {reprlib.repr(values)}") from error

    if array.dtype.kind == "O":
        array = _unboxed(name, rule, array)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{rule}, got {reprlib.repr(values)}")

    floats = array.astype(np.float64, copy=False)
    refuse_first(name, floats, np.isnan(floats), "every entry must be a number")
    return floats


def _unboxed(name: str, rule: str, array: NDArray[Any]) -> FloatArray:
    """Return an array of Python's own numbers as float64; integers may have more than 64 bits."""
    for index, entry in np.ndenumerate(array):
        place = f"{name}[{', '.join(map(str, index))}]" if index else name
        if not isinstance(entry, int | float | np.number):
            found = f"but {place} is" if index else "got"
            raise ValueError(f"{rule}, {found} {reprlib.repr(entry)}")
        try:
            float(entry)
        except OverflowError as error:
            raise ValueError(f"{place} is {reprlib.repr(entry)}: no float is so large") from error
    return array.astype(np.float64)


def refuse_first(name: str, array: FloatArray, wrong: NDArray[np.bool_], rule: str) -> None:
    """Raise a ValueError that names the first entry of `array` where `wrong` is true."""
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = f"{name}[{', '.join(map(str, index))}]" if index else name
        raise ValueError(f"{place} is {array[index]}: {rule}")


def as_ids(name: str, ids: Any, size: int, first: int = 0) -> NDArray[np.int64]:
    """Return token ids, (n,) of int64.

    `ids` may be a part of the argument that is named, which begins at the index `first`.

    Raises
    ------
    ValueError
        If they are no sequence of whole numbers from 0 to size - 1; the message names the index.
    """
    if isinstance(ids, list | tuple) and not ids:  # the usual context of a draw
        return np.empty(0, np.int64)
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be a sequence of whole numbers, got {ids!r}")
    outside = np.flatnonzero((array < 0) | (array >= size))
    if outside.size:
        index = int(outside[0])
        raise ValueError(f"{name}[{first + index}] is {array[index]}: ids run from 0 to {size - 1}")
    return array.astype(np.int64)


def as_number(name: str, value: Any, kind: str, least: float, most: float) -> float:
    """Return one number from `least` to `most` as a float; `kind` says in words what it must be.

    Raises
    ------
    ValueError
        If it is not one number, is nan, or lies outside.
    """
    number = as_floats(name, value)
    if number.ndim != 0 or not least <= number <= most:
        raise ValueError(f"{name} must be one {kind}, got {value!r}")
    return float(number)


def as_positive(name: str, value: Any) -> float:
    """Return one positive finite number as a float; see `as_number`."""
    return as_number(name, value, "positive finite number", SMALLEST, LARGEST)


def as_temperatures(
    t: ArrayLike, name: str = "temperature", *, sampling: bool = False
) -> FloatArray:
    """Return temperatures as float64, any shape; minus zero becomes zero.

    With `sampling`, negative temperatures are refused: in an inference engine they are a mistake.

    Raises
    ------
    ValueError
        If a temperature is nan, or negative where a model is sampled.
    """
    temperatures = as_floats(name, t)
    if sampling:
        refuse_first(
            name, temperatures, temperatures < 0, "a model is sampled at a temperature of 0 or more"
        )
    return temperatures + 0.0


def as_temperature(t: ArrayLike, name: str = "temperature", *, sampling: bool = False) -> float:
    """Return one temperature as a float; see `as_temperatures`."""
    temperatures = as_temperatures(t, name, sampling=sampling)
    if temperatures.ndim != 0:
        raise ValueError(f"{name} must be one number, got shape {temperatures.shape}")
    return float(temperatures)


def as_probabilities(name: str, values: ArrayLike, axis: int = -1) -> FloatArray:
    """Return probabilities as float64, each at least 0 and summing to 1 along `axis`.

    The sum may miss 1 by the square root of the machine epsilon of the type that they came in, as
    in `numpy.random.Generator.choice`. A masked entry is 0.

    Raises
    ------
    ValueError
        If an entry is nan or negative, or a sum is not 1; the message names the place and the
        value.
    """
    probabilities = as_floats(name, values, masked=0.0)
    if probabilities.ndim == 0 or probabilities.shape[axis] == 0:
        raise ValueError(f"{name} has shape {probabilities.shape}: at least one entry is needed")
    refuse_first(name, probabilities, probabilities < 0, "no probability is below 0")

    epsilon = epsilon_of(values)
    with np.errstate(over="ignore"):
        sums = np.asarray(probabilities.sum(axis=axis))
    off = ~(np.abs(sums - 1) <= np.sqrt(epsilon))  # also where the sum is nan
    refuse_first(f"the sum of {name}", sums, off, "it must be 1")
    return probabilities


def as_count(name: str, value: Any, *, least: int = 1) -> int:
    """Return `value` as an int of at least `least`; floats and bools are refused.

    Raises
    ------
    ValueError
        If it is no whole number or below `least`.
    """
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, got {value!r}") from None
    if count < least:
        raise ValueError(f"{name} is {count}: it must be at least {least}")
    return count


def as_seed(seed: Any) -> int:
    """Return `seed`, an int of at least 0, or an int drawn from it if it is a numpy Generator.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    return as_count("seed", seed, least=0)


def as_generator(seed: Any) -> np.random.Generator:
    """Return `seed` itself if it is a numpy Generator, else a Generator seeded with that int.

    Raises
    ------
    ValueError
        If it is neither.
    """
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(as_seed(seed))
