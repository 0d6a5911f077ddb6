"""Ctrl-C, put off to a place where nothing is half done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def held_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back while the block runs, and give it the function that tells if it was pressed.

    Only Python's own handler is replaced, and only in the main thread; another one stays in force.
    """
    held = threading.Event()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield held.is_set
        return

    signal.signal(signal.SIGINT, lambda *_: held.set())
    try:
        yield held.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
