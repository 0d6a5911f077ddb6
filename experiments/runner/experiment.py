"""What a lesson's module has, as a Protocol, and how the modules are found."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from matplotlib.figure import Figure

import experiments
from experiments.runner.table import Table, Verdict


class Experiment(Protocol):
    """A module of this folder that asks one question; its docstring is the lesson."""

    __name__: str
    __doc__: str | None

    CHAPTER: int  # its place in the course
    FINDING: str  # what its figure states, without a full stop
    Config: type  # a frozen dataclass whose defaults are the full experiment
    QUICK: Any  # a smaller Config

    @staticmethod
    def compute(config: Any, progress: Callable[[float], None]) -> Table:
        """Return the table; call `progress` with the fraction done."""

    @staticmethod
    def verdicts(table: Table) -> list[Verdict]:
        """Return what the table shows."""


class Drawn(Experiment, Protocol):
    """An experiment with a figure."""

    @staticmethod
    def draw(table: Table) -> Figure:
        """Return the figure, made from the table alone."""


class Animated(Drawn, Protocol):
    """An experiment whose figure moves, too."""

    @staticmethod
    def animate(table: Table) -> Iterator[Figure]:
        """Yield the figure of every moment."""


class Paged(Experiment, Protocol):
    """An experiment that makes a page in place of a figure."""

    @staticmethod
    def page(config: Any) -> str:
        """Return the page's HTML."""


class Varying(Experiment, Protocol):
    """An experiment whose numbers vary from run to run, such as times; it runs on request only."""

    @staticmethod
    def shape(table: Table) -> Table:
        """Return what all runs have in common."""


class Course(Mapping[str, Experiment]):
    """The experiments by name, in the order of their chapters: modules with a `compute`.

    Each is imported when it is asked for, so that one of them does not wait for all.
    """

    def __init__(self) -> None:
        modules = (module.name for module in iter_modules(experiments.__path__))
        self._names = {name for name in modules if not name.startswith("_")}

    def __getitem__(self, name: str) -> Experiment:
        if name in self._names:
            module = import_module(f"experiments.{name}")
            if hasattr(module, "compute"):
                return cast(Experiment, module)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        found = [self[name] for name in sorted(self._names) if name in self]
        return iter([name_of(module) for module in in_order(found)])

    def __len__(self) -> int:
        return sum(name in self for name in self._names)


def in_order(found: Iterable[Experiment]) -> list[Experiment]:
    """Return experiments in the order of their chapters."""
    return sorted(found, key=lambda module: module.CHAPTER)


def discovered() -> Mapping[str, Experiment]:
    """Return the experiments of this folder."""
    return Course()


def name_of(experiment: Experiment) -> str:
    """Return the experiment's name, that of its file."""
    return experiment.__name__.rpartition(".")[2]


def varies(experiment: Experiment) -> bool:
    """Tell whether the experiment is a `Varying` one."""
    return hasattr(experiment, "shape")


def suffixes(experiment: Experiment) -> tuple[str, ...]:
    """Return the kinds of files that an experiment makes."""
    if hasattr(experiment, "page"):
        return ("csv", "html")
    still = ("csv", "svg", "png")
    return (*still, "gif") if hasattr(experiment, "animate") else still
