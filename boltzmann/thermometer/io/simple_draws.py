"""Lines in this package's own form: one draw each, from one list of numbers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from boltzmann._core.checks import FloatArray
from boltzmann.thermometer.io.consistency import ROUNDING, is_distribution
from boltzmann.thermometer.io.list_conventions import ABSENT, Row
from boltzmann.thermometer.io.tokens import shown


class SimpleDraw(NamedTuple):
    """A draw in this package's own form, the group that it belongs to, and what was asked."""

    row: Row
    group: Any
    prompt: str | None = None


def is_simple_draw(line: Any) -> bool:
    """Tell whether a line is one draw in this package's own form."""
    return isinstance(line, Mapping) and "chosen" in line


def simple_draw(line: Mapping[str, Any], number: int) -> SimpleDraw:
    """Parse a draw in this package's own form, in the line of that number.

    Raises
    ------
    ValueError
        If it has no list of numbers, or does not say what was drawn of it.
    """
    name = "logits" if "logits" in line and "logprobs" not in line else "logprobs"
    listed = line.get(name)
    if not isinstance(listed, list | Mapping) or not listed:
        raise ValueError(
            f"expected a list or an object '{name}' with an entry, got {shown(listed)}"
        )
    numbers = [*listed.values()] if isinstance(listed, Mapping) else listed
    values = _as_numbers(numbers, name)
    if name == "logprobs":
        _check_logprobs(values)

    tokens, place = _tokens_and_place(line, listed, name)
    group = json.dumps(line["group"]) if "group" in line else ("line", number)
    # Of numbers that are no distribution, it is not known what the tokens not listed have.
    unidentified = 0.0 if name == "logprobs" and is_distribution(values) else 1.0
    return SimpleDraw(Row(values, place, unidentified, tokens, line["chosen"]), group)


def _tokens_and_place(
    line: Mapping[str, Any], listed: Any, name: str
) -> tuple[Sequence[Any], int | None]:
    """Return what the tokens are called, and the position of the one drawn."""
    chosen = line["chosen"]
    if isinstance(listed, Mapping):
        names = list(listed)
        # JSON makes texts of the numbers that name the fields of an object.
        is_id = isinstance(chosen, int) and not isinstance(chosen, bool)
        return names, _place_of_name(str(chosen) if is_id else chosen, names)
    if "tokens" not in line:
        return range(len(listed)), _as_place(chosen, len(listed))

    ids = line["tokens"]
    if not isinstance(ids, list) or len(ids) != len(listed):
        raise ValueError(
            f"expected a list 'tokens' of {len(listed)}, one for each of '{name}', got {shown(ids)}"
        )
    if any(isinstance(token, list | dict) for token in ids) or len({*ids}) < len(ids):
        raise ValueError(f"expected distinct ids or texts in 'tokens', got {shown(ids)}")
    return ids, _place_of_name(chosen, ids)


def _as_numbers(values: list[Any], name: str) -> FloatArray:
    """Return numbers (m,), checked."""
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise ValueError(f"expected numbers in '{name}', got {shown(values)}")
    numbers = np.array(values, dtype=np.float64)  # (m,)
    if np.isnan(numbers).any() or numbers.max() == np.inf:
        raise ValueError(f"expected numbers below infinity in '{name}', got {shown(values)}")
    if numbers.max() == -np.inf:
        raise ValueError(f"'{name}' is -inf throughout: at least one token must be allowed")
    return numbers


def _check_logprobs(values: FloatArray) -> None:
    """Refuse numbers above 0, and say what they may be."""
    if values.max() <= ROUNDING:
        return
    guess = "raw logits have the name 'logits'"
    if values.min() >= 0 and abs(values.sum() - 1) < ROUNDING:
        guess = "these look like probabilities, whose logarithms are meant"
    raise ValueError(
        f"expected numbers of at most 0 in 'logprobs', got {shown(values.tolist())}: {guess}"
    )


def _place_of_name(chosen: Any, names: list[Any]) -> int | None:
    """Return the position of the token drawn, -2 if it is not listed, None if it was withheld."""
    if chosen is None:
        return None
    if isinstance(chosen, bool) or not isinstance(chosen, int | str):
        raise ValueError(f"'chosen' is {shown(chosen)}: expected a text or an id, or null")
    return names.index(chosen) if chosen in names else ABSENT


def _as_place(chosen: Any, size: int) -> int | None:
    """Return the position drawn, checked; None if it was withheld."""
    if chosen is None:
        return None
    if isinstance(chosen, bool) or chosen not in range(size):
        raise ValueError(
            f"'chosen' is {shown(chosen)}: expected a place from 0 to {size - 1}, or null; an id "
            "needs a list of them, 'tokens'"
        )
    return int(chosen)
