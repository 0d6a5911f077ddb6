"""The exit status of a command-line program, and its one-line error messages."""

import os
import sys
from collections.abc import Callable

from boltzmann._core.spelling import error_handler

BAD_INPUT = 2
INTERRUPTED = 130  # as a shell reports SIGINT
BROKEN_PIPE = 141  # as a shell reports SIGPIPE


def ended(name: str, work: Callable[[], int], mistakes: tuple[type[Exception], ...]) -> int:
    """Return the exit status of `work`, also if it ends by an error, Ctrl-C or a closed pipe.

    Errors of the types `mistakes` are the user's, and are reported in one line without a traceback.
    Characters that the encoding of the output lacks are spelled: τ as tau.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=error_handler())

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
