"""A pool of threads for compiled kernels, which run without Python's lock."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Pool:
    """A number of threads to share work among; one thread needs no pool."""

    def __init__(self, threads: int):
        self.threads = threads
        self._executor = ThreadPoolExecutor(threads) if threads > 1 else None

    def map(self, work: Any, shares: int) -> list[Any]:
        """Return work(0), …, work(shares - 1)."""
        if self._executor is None or shares == 1:
            return [work(share) for share in range(shares)]
        return list(self._executor.map(work, range(shares)))

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown()


def available_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
