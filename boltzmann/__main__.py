"""The command line, `python -m boltzmann generate|occupancy|audit`; see `--help`."""

import argparse
import sys
from collections.abc import Sequence

from boltzmann import __version__
from boltzmann._core.console import Parser, ended, print_any_letter
from boltzmann.commands import audit, generate, occupancy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its status: 2 on bad input, 130 on Ctrl-C, 141 on a closed pipe."""
    print_any_letter()  # also in --help
    parser = _parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    mistakes = (ValueError, OSError, ImportError, MemoryError)
    return ended(f"boltzmann {options.command}", lambda: int(options.run(options)), mistakes)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m boltzmann",
        description=(
            "A language model's temperature is a physicist's temperature: sample both, and measure."
        ),
        epilog=(
            "Each command has a --help of its own, with examples. The exercises are in the package:"
            " `from boltzmann import exercises`, then `exercises.overview()`. The lessons, figures"
            " and notebooks are not: `python -m experiments` runs them in a clone of the repository"
            " or an unpacked source distribution."
        ),
    )
    parser.add_argument("--version", action="version", version=f"boltzmann {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in (generate, occupancy, audit):
        command.add_parser(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
