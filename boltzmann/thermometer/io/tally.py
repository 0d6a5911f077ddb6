"""Counts by reason, each with its first example."""

from typing import NamedTuple


class Counted(NamedTuple):
    """How often something was found, and where or how for the first time."""

    number: int
    example: str


class Tally(dict[str, Counted]):
    """Counts by reason, in the order in which reasons were found first.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add("without a list", "line 3")
    >>> tally.add("without a list", "line 5", number=2)
    >>> tally
    {'without a list': Counted(number=3, example='line 3')}
    """

    def add(self, reason: str, example: str, number: int = 1) -> None:
        """Count something, so many times; counting none leaves no trace."""
        if number:
            before = self.get(reason, Counted(0, example))
            self[reason] = Counted(before.number + number, before.example)

    def include(self, other: "Tally", place: str = "") -> None:
        """Add the counts of another tally; its examples get the place before them."""
        for reason, (number, example) in other.items():
            self.add(reason, f"{place}{example}", number)

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return sum(number for number, _ in self.values())
