"""Files that one process has for itself while it has them open."""

import contextlib
from typing import IO, Any

_FAR = 2**40  # a byte beyond any content, as Windows lets nobody read a byte that is locked


def take(file: IO[Any]) -> bool:
    """Take an open file until it is closed; False if it is taken elsewhere.

    Where a file system knows no locks the file is taken for free.
    """
    try:
        import fcntl
    except ImportError:
        return _take_on_windows(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _take_on_windows(file: IO[Any]) -> bool:
    import msvcrt

    place = file.tell()
    try:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            file.seek(place)
    return True
