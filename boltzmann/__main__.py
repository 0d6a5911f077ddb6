"""The command line: `python -m boltzmann generate|occupancy|audit`; `--help` tells the rest."""

import argparse
import os
import sys
from collections.abc import Sequence

from boltzmann import __version__
from boltzmann.commands import audit, generate, occupancy

_INTERRUPTED, _BROKEN_PIPE = 130, 141  # what a shell reports of a process that SIGINT or SIGPIPE ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its status, or 2 on bad input, 130 on Ctrl-C, 141 if nobody reads the output."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help()
        return 0
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has gone, and at its end Python would flush into the same closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        print(f"boltzmann {options.command}: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except (ValueError, OSError, ImportError, MemoryError) as error:
        print(f"boltzmann {options.command}: {_one_line(error)}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m boltzmann",
        description="A language model's temperature is a physicist's temperature: sample both, and measure.",
        epilog="Each command has a --help of its own, with examples.",
    )
    parser.add_argument("--version", action="version", version=f"boltzmann {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in (generate, occupancy, audit):
        command.add_parser(subparsers)
    return parser


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
