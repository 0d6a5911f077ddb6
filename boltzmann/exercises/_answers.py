"""Kinds of answers, numbers and choices: each reads an answer and compares it with another."""

import reprlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from boltzmann._core.checks import as_floats


class UnreadableError(ValueError):
    """An answer is not of the kind that is asked for; the message tells the student why."""


class Kind(ABC):
    """A kind of answer."""

    @property
    @abstractmethod
    def expects(self) -> str:
        """What is asked for, in words that complete "Answer: "."""

    @abstractmethod
    def read(self, answer: Any) -> Any:
        """Return the answer as `agrees` compares it; UnreadableError if it is not of this kind."""

    @abstractmethod
    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether a reading is that of a given answer, the right one or a typical mistake."""

    def difference(self, reading: Any, standard: Any) -> str:
        """Return where a reading first differs from the right answer, without showing it; or ""."""
        return ""


@dataclass(frozen=True)
class Numbers(Kind):
    """Numbers in an array of one shape, () for a single one."""

    shape: tuple[int, ...] = ()
    tolerance: float = 1e-3  # relative for a single number, absolute for the entries of an array

    @property
    def expects(self) -> str:
        """What is asked for."""
        if self.shape == ():
            return f"one number, within {100 * self.tolerance:g} % of the right one"
        return f"an array of shape {self.shape}, each entry to within {self.tolerance:g}"

    def read(self, answer: Any) -> Any:
        """Return the numbers as an array."""
        try:
            floats = as_floats("your answer", answer)
        except Exception:  # whatever another library's array raises when NumPy asks for its numbers
            raise UnreadableError(f"your answer is {reprlib.repr(answer)}") from None
        if self.shape == () and floats.size == 1:
            return floats.reshape(())
        if floats.shape != self.shape:
            raise UnreadableError(f"your answer has shape {floats.shape}")
        return floats

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether all numbers are within the tolerance."""
        scale = np.abs(standard) if self.shape == () else 1.0
        return bool(np.allclose(reading, standard, rtol=0.0, atol=self.tolerance * scale))


@dataclass(frozen=True)
class Choice(Kind):
    """One option of each part; in a typical mistake, None stands for any option."""

    parts: tuple[tuple[str, ...], ...]

    @property
    def expects(self) -> str:
        """What is asked for."""
        lists = [f"one of {', '.join(map(repr, options))}" for options in self.parts]
        return lists[0] if len(lists) == 1 else f"a pair: {'; and '.join(lists)}"

    def read(self, answer: Any) -> tuple[str, ...]:
        """Return the options chosen, as they are spelt in `parts`."""
        chosen = (answer,) if isinstance(answer, str) else answer
        if not isinstance(chosen, tuple | list) or len(chosen) != len(self.parts):
            raise UnreadableError(f"your answer is {reprlib.repr(answer)}")
        return tuple(
            self._option(word, options) for word, options in zip(chosen, self.parts, strict=True)
        )

    def _option(self, word: Any, options: tuple[str, ...]) -> str:
        for option in options:
            if isinstance(word, str) and word.strip().lower() == option.lower():
                return option
        raise UnreadableError(f"your answer has {word!r}, which is not on offer")

    def agrees(self, reading: Any, standard: Any) -> bool:
        """Tell whether every part is the standard's."""
        return all(
            wanted in (None, option) for option, wanted in zip(reading, standard, strict=True)
        )
