"""`python -m boltzmann audit`: whether a server samples at the temperature that it is asked for."""

import argparse
from typing import Any

import boltzmann as bz
from boltzmann.commands._figures import write_figure
from boltzmann.commands.audit.options import add_options

EXIT_STATUS = {"holds": 0, "fails": 1, "cannot tell": 2}


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to the parser of the command line."""
    add_options(subparsers).set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit, print the report, draw the figure, and return the exit status."""
    from boltzmann.commands.audit.config import as_config
    from boltzmann.commands.audit.report import report
    from boltzmann.commands.audit.said import said_beside_measured
    from boltzmann.thermometer import Diagnosis, SamplingLaw

    config = as_config(options)
    draws, source, stop = config.source.obtain(config.scale, config.stopping_rule)
    reading = draws.read()

    def diagnose_as(law: SamplingLaw) -> Diagnosis:
        return config.diagnose(reading, draws, law)

    diagnosis = stop.diagnosis if stop else diagnose_as(config.claim)
    said = said_beside_measured(draws.settings, diagnosis, diagnose_as)
    print(report(reading, diagnosis, source, config.resolution, said))
    if config.figure is not None:
        from boltzmann.commands.audit.figure import draw

        with bz.plots.style():
            write_figure(draw(reading, diagnosis), config.figure)
    return EXIT_STATUS[diagnosis.verdict]
