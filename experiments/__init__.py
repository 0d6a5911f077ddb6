"""Each file asks one question and answers it with one figure and the table behind it.

An experiment is a module with a docstring (the lesson, in the form that `_lesson` describes), its
`CHAPTER` in the story, the `FINDING` that its figure states, a frozen dataclass `Config` whose
defaults are the full experiment, a smaller preset `QUICK`, and three functions: `compute(config,
progress)` returns a Table, `verdicts(table)` returns what that table shows, and `draw(table)`
returns the figure. One that moves has `animate(table)` too, which yields the figure at every
moment; one that makes a page has `page(config)`, which returns its HTML, instead of `draw`. Nothing
is registered: a module with a `compute` is an experiment.
"""

from importlib import import_module
from typing import Any

from experiments.runner.table import Table


def run(name: str, **settings: Any) -> Table:
    """Run an experiment with some settings of its `Config` changed; print its verdicts and return its table."""
    experiment = import_module(f"experiments.{name}")
    table: Table = experiment.compute(experiment.Config(**settings), lambda fraction: None)
    for verdict in experiment.verdicts(table):
        print(verdict)
    return table
