"""Tables of the small presets, each computed once in a session of tests."""

from functools import cache

from experiments.runner.experiment import discovered
from experiments.runner.table import Table


@cache
def quick_csv(name):
    """Return the table of an experiment's small preset as CSV text."""
    experiment = discovered()[name]
    return experiment.compute(experiment.QUICK, lambda fraction: None).to_csv()


def quick_table(name):
    """Return a copy of that table, as it is read back."""
    return Table.from_csv(quick_csv(name))
