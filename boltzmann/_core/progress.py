"""Progress bars on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm.auto import tqdm

_PATIENCE = 1.0  # seconds that a bar nobody asked for waits before it appears


@contextmanager
def progress_bar(total: int, unit: str, progress: bool | None) -> Iterator[Callable[[int], Any]]:
    """Show a bar while the block runs, and give it the function that advances the bar.

    `progress` asks for the bar or refuses it; None shows it on a terminal, after a second. A bar
    that is refused is not made at all: even a hidden one takes a lock that forked processes share,
    and a worker process that is killed with that lock would stop all others for good.
    """
    if progress is not None and not progress:
        yield lambda _: None
        return
    hidden = None if progress is None else False  # None: unless the output is a terminal
    delay = _PATIENCE if progress is None else 0.0
    with tqdm(total=total, unit=unit, disable=hidden, delay=delay, leave=False) as bar:
        yield bar.update
