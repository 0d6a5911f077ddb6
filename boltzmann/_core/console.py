"""How a program on the command line ends, whatever ends it."""

import os
import sys
from collections.abc import Callable

BAD_INPUT, INTERRUPTED, BROKEN_PIPE = (
    2,
    130,
    141,
)  # the last two as a shell reports SIGINT and SIGPIPE


def ended(name: str, work: Callable[[], int], mistakes: tuple[type[Exception], ...]) -> int:
    """Return the status of `work`, or what stands for its end by a mistake of the user's, Ctrl-C or a lost reader.

    A mistake is told in one line. Letters that the encoding of the output lacks are replaced.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = work()
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has gone, and at its end Python would flush into the same closed pipe.
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
