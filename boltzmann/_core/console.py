"""What a command-line program prints: its letters, its one-line error messages, its exit status."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from boltzmann._core.spelling import error_handler

BAD_INPUT = 2
INTERRUPTED = 130  # as a shell reports SIGINT
BROKEN_PIPE = 141  # as a shell reports SIGPIPE


class Parser(argparse.ArgumentParser):
    """A parser of arguments that refuses them in one line; --help has the usage of many lines."""

    def error(self, message: str) -> NoReturn:
        """End with the status of bad input."""
        self.exit(BAD_INPUT, f"{self.prog}: error: {message}; see --help\n")


def print_any_letter() -> None:
    """Let the output spell letters that its encoding lacks: τ as tau.

    On Windows, whose code pages lack Greek letters, files and pipes get UTF-8 unless
    PYTHONIOENCODING names another encoding.
    """
    windows = sys.platform == "win32" and "PYTHONIOENCODING" not in os.environ
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8" if windows else None, errors=error_handler())


def ended(name: str, work: Callable[[], int], mistakes: tuple[type[Exception], ...]) -> int:
    """Return the exit status of `work`, also if it ends by an error, Ctrl-C or a closed pipe.

    Errors of the types `mistakes` are the user's, and are reported in one line without a traceback.
    """
    try:
        status = work()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Nobody reads the output any more, and at exit Python would flush into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except mistakes as error:
        print(f"{name}: {_one_line(error)}", file=sys.stderr)
        return BAD_INPUT


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__
