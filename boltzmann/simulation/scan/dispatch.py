"""Independent tasks on any executor: in any order, and again where a worker died.

Every task ends as a result that is passed on, or as an exception under its key.
"""

import logging
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar, cast

Key = TypeVar("Key")
Task = TypeVar("Task")
Result = TypeVar("Result")

Workers = Executor | Callable[[], Executor]

_LOG = logging.getLogger(__name__)
# Pools that break in a row without a task finished, after which tasks run alone, to find the one at
# fault.
_MOST_BREAKS = 3


def as_workers(executor: Any) -> Workers | None:
    """Return `executor` if it is None, an executor, or a function or class that makes one.

    Raises
    ------
    ValueError
        If it is none of these. A Dask client, whose futures are not those of the standard library,
        is one.
    """
    if hasattr(executor, "get_executor"):
        raise ValueError(f"executor is {executor!r}: pass what its get_executor() returns")
    if executor is None or callable(executor) or hasattr(executor, "submit"):
        return cast(Workers | None, executor)
    raise ValueError(
        f"executor is {executor!r}: it must be None, an Executor, or a function that makes one"
    )


def dispatch(
    work: Callable[[Task], Result],
    tasks: Mapping[Key, Task],
    workers: Workers | None,
    done: Callable[[Key, Result], None],
) -> dict[Key, Exception]:
    """Call done(key, work(task)) for each task as it finishes; return the exceptions of the others.

    Without workers the tasks run here, in order. Where a worker dies its pool is lost, and another
    one runs the tasks that it had not finished; a task that kills its worker even when it runs
    alone has failed. The rest fail with it only if the next pool dies of no task at all. When
    `done` raises, or Ctrl-C is pressed, what is queued is cancelled.
    """
    if workers is None:
        return _run_here(work, tasks, done)
    if not tasks:
        return {}
    with closing(_pools(workers)) as pools:
        return _run_in_pools(work, tasks, pools, done)


def _run_here(
    work: Callable[[Task], Result], tasks: Mapping[Key, Task], done: Callable[[Key, Result], None]
) -> dict[Key, Exception]:
    failed = dict[Key, Exception]()
    for key, task in tasks.items():
        try:
            result = work(task)
        except Exception as error:
            failed[key] = error
        else:
            done(key, result)
    return failed


def _run_in_pools(
    work: Callable[[Task], Result],
    tasks: Mapping[Key, Task],
    pools: Generator[Executor, None, None],
    done: Callable[[Key, Result], None],
) -> dict[Key, Exception]:
    """Run the tasks in one pool after another, each until it breaks or nothing is left to run."""
    waiting = dict(tasks)
    failed = dict[Key, Exception]()
    breaks = 0  # in a row, without a task finished
    pool = next(pools)
    while waiting:
        alone = breaks >= _MOST_BREAKS
        batch = dict(islice(waiting.items(), 1 if alone else None))
        finished, broken = _attempt(pool, work, batch, done)
        breaks = 0 if finished else breaks + 1
        if broken is not None and alone:
            finished = dict.fromkeys(batch, broken)

        failed |= {key: error for key, error in finished.items() if error is not None}
        waiting = {key: task for key, task in waiting.items() if key not in finished}
        if broken is None or not waiting:
            continue

        _LOG.warning("a worker died, %d tasks are not finished: %s", len(waiting), broken)
        another = _next_pool(pools, work, tested=alone)
        if another is None:
            return failed | dict.fromkeys(waiting, broken)
        pool = another
    return failed


def _pools(workers: Workers) -> Generator[Executor, None, None]:
    """Yield the executor to run on and, each time one has broken, another like it if possible."""
    if isinstance(workers, type) or not hasattr(workers, "submit"):
        while True:
            with cast(Callable[[], Executor], workers)() as pool:
                yield pool

    yield cast(Executor, workers)
    if isinstance(workers, ProcessPoolExecutor):
        # A process pool has no public way to say how it was made.
        names = ("max_workers", "mp_context", "initializer", "initargs")
        arguments = [getattr(workers, f"_{name}") for name in names]
        while True:
            with ProcessPoolExecutor(*arguments) as pool:
                yield pool


def _next_pool(
    pools: Generator[Executor, None, None], work: Any, *, tested: bool
) -> Executor | None:
    """Return the next pool; None if there is no other, or it breaks under the test."""
    pool = next(pools, None)
    if pool is None or not tested:
        return pool
    return pool if _answers(pool, work) else None


def _answers(pool: Executor, work: Any) -> bool:
    """Tell whether a worker of the pool lives to say that it could do the work."""
    _, broken = _attempt(pool, callable, {None: work}, lambda *_: None)
    return broken is None


def _attempt(
    pool: Executor,
    work: Callable[[Task], Result],
    batch: Mapping[Key, Task],
    done: Callable[[Key, Result], None],
) -> tuple[dict[Key, Exception | None], BrokenExecutor | None]:
    """Run the batch until the pool breaks; return each finished task's error, and what broke it.

    What is still queued at the end, whatever the reason, is cancelled.
    """
    futures: dict[Future[Result], Key] = {}
    try:
        broken = _submit(pool, work, batch, futures)
        finished, died = _collect(futures, done)
        return finished, died or broken
    finally:
        for future in futures:
            future.cancel()


def _submit(
    pool: Executor,
    work: Callable[[Task], Result],
    batch: Mapping[Key, Task],
    futures: dict[Future[Result], Key],
) -> BrokenExecutor | None:
    """Submit the batch, and add its futures to `futures`; return what broke the pool meanwhile."""
    try:
        for key, task in batch.items():
            futures[pool.submit(work, task)] = key
    except BrokenExecutor as error:
        return error
    return None


def _collect(
    futures: dict[Future[Result], Key], done: Callable[[Key, Result], None]
) -> tuple[dict[Key, Exception | None], BrokenExecutor | None]:
    """Wait for the futures and remove each that is over; return as `_attempt` does."""
    finished = dict[Key, Exception | None]()
    broken = None
    for future in as_completed(list(futures)):
        key = futures.pop(future)
        try:
            result = future.result()
        except BrokenExecutor as error:
            broken = error
        except Exception as error:
            finished[key] = error
        else:
            done(key, result)
            finished[key] = None
    return finished, broken
