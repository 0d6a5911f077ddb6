"""`python -m boltzmann audit`: whether a server samples at the temperature that it is asked for."""

import argparse
from dataclasses import replace
from typing import Any

import boltzmann as bz
from boltzmann.commands._figures import write_figure
from boltzmann.commands.audit.options import add_options

EXIT_STATUS = {"holds": 0, "fails": 1, "cannot tell": 2}
_LEVELS: dict[str, Any] = {"holds": "notice", "fails": "error", "cannot tell": "warning"}


def add_parser(subparsers: Any) -> None:
    """Add the sub-command to the parser of the command line."""
    add_options(subparsers).set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Audit, print the report, draw the figure, and return the exit status."""
    from boltzmann.commands.audit.annotation import annotate

    try:
        return _run(options)
    except (ValueError, OSError, ImportError) as error:
        annotate("error", str(error))
        raise


def _run(options: argparse.Namespace) -> int:
    from boltzmann.commands.audit.annotation import annotate
    from boltzmann.commands.audit.as_json import as_json
    from boltzmann.commands.audit.config import as_config
    from boltzmann.commands.audit.report import report
    from boltzmann.commands.audit.said import (
        lists_beside_claim,
        said_beside_measured,
        without_a_name_for_what_acts,
    )
    from boltzmann.thermometer import Diagnosis, SamplingLaw
    from boltzmann.thermometer.any_order import OrdersTried, diagnose_in_any_order
    from boltzmann.thermometer.io.server_settings import order_said

    config = as_config(options)
    obtained = config.source.obtain(config.scale, config.stopping_rule)
    draws, source, stop = obtained.draws, obtained.lines, obtained.stop
    reading = draws.read()

    def diagnose_as(law: SamplingLaw) -> Diagnosis:
        return config.diagnose(reading, draws, law)

    order = order_said(draws.settings)
    # Lists that may end at a truncation tell nothing of it, nor of its order.
    told = not (draws.end_at_truncation or draws.scale != 1)
    if stop is not None:
        tried = OrdersTried(stop.diagnosis, {})
    elif not (config.any_order and told):
        tried = OrdersTried(diagnose_as(config.claim), {})
    elif order is not None:
        tried = OrdersTried(diagnose_as(replace(config.claim, order=order)), {})
    else:
        tried = diagnose_in_any_order(reading, config.claim, **config.limits(draws))
    diagnosis = without_a_name_for_what_acts(tried.diagnosis, draws.settings)
    said = said_beside_measured(draws.settings, diagnosis, diagnose_as)
    said |= lists_beside_claim(draws, config.claim)
    if options.json:
        print(as_json(draws, reading, diagnosis, source, said))
    else:
        lines = (config.resolution, said, tried.verdicts, obtained.audited)
        print(report(reading, diagnosis, source, *lines))

    words = f"t = {reading.temperature:.4g} ± {reading.standard_error:.2g}; {diagnosis}"
    annotate(_LEVELS[diagnosis.verdict], words)
    if config.figure is not None:
        from boltzmann.commands.audit.figure import draw

        with bz.plots.style():
            write_figure(draw(reading, diagnosis), config.figure)
    return EXIT_STATUS[diagnosis.verdict]
