"""The lessons: each module asks one question and answers it with one figure and its table.

What such a module has is `runner.experiment.Experiment`; its docstring is the lesson, in the form
that `runner.lesson` describes. Nothing is registered: a module here with a `compute` is an
experiment. `shared` has the machinery of the lessons, `drawings` the figures that take more than a
few lines, `runner` the command line.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the command sets what NumPy reads when it is imported
    from experiments.runner.table import Table


def run(name: str, **settings: Any) -> "Table":
    """Run an experiment with some settings changed, print its verdicts and return its table."""
    experiment = import_module(f"experiments.{name}")
    table: Table = experiment.compute(experiment.Config(**settings), lambda fraction: None)
    for verdict in experiment.verdicts(table):
        print(verdict)
    return table
