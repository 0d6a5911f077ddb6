"""Independent tasks on any executor: in any order, again where a worker died, every failure kept by name."""

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
_TOGETHER = 3  # breaks in a row without a task finished, after which tasks run alone, to find the one at fault


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
    """Call done(key, work(task)) for each task as it finishes, and return what the others failed with.

    Without workers the tasks run here, in order. Where a worker dies its pool is lost, and another
    one runs the tasks that it had not finished; a task that kills its worker even when it runs
    alone has failed. The rest fail with it only if the next pool dies of no task at all. When
    `done` raises, or Ctrl-C is pressed, what is queued is cancelled.
    """
    if workers is None:
        return _run_here(work, tasks, done)
    waiting, failed = dict(tasks), dict[Key, Exception]()
    breaks = 0
    with closing(_pools(workers)) as pools:
        pool = next(pools) if waiting else None
        while pool is not None and waiting:
            alone = breaks >= _TOGETHER
            batch = dict(islice(waiting.items(), 1 if alone else None))
            settled, broken = _attempt(pool, work, batch, done)
            breaks = 0 if settled else breaks + 1
            if broken is not None and alone:
                settled = dict.fromkeys(batch, broken)
            failed |= {key: error for key, error in settled.items() if error is not None}
            waiting = {key: task for key, task in waiting.items() if key not in settled}
            if broken is not None and waiting:
                _LOG.warning("a worker died, %d tasks are not finished: %s", len(waiting), broken)
                pool = next(pools, None)
                if pool is None or (alone and not _answers(pool, work)):
                    return failed | dict.fromkeys(waiting, broken)
    return failed


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


def _pools(workers: Workers) -> Generator[Executor, None, None]:
    """Yield the executor to run on and, each time one has broken, another like it, if one can be made."""
    if isinstance(workers, type) or not hasattr(workers, "submit"):
        while True:
            with cast(Callable[[], Executor], workers)() as pool:
                yield pool
    yield cast(Executor, workers)
    if isinstance(workers, ProcessPoolExecutor):
        # A process pool has no public way to say how it was made.
        made = [
            getattr(workers, f"_{name}")
            for name in ("max_workers", "mp_context", "initializer", "initargs")
        ]
        while True:
            with ProcessPoolExecutor(*made) as pool:
                yield pool


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
    """Run what the pool lives to run; return the error, if any, of each such task, and what broke the pool."""
    futures: dict[Future[Result], Key] = {}
    settled, broken = dict[Key, Exception | None](), None
    try:
        try:
            for key, task in batch.items():
                futures[pool.submit(work, task)] = key
        except BrokenExecutor as error:
            broken = error
        for future in as_completed(list(futures)):
            key = futures.pop(future)
            try:
                result = future.result()
            except BrokenExecutor as error:
                broken = error
            except Exception as error:
                settled[key] = error
            else:
                done(key, result)
                settled[key] = None
    finally:
        for future in futures:
            future.cancel()
    return settled, broken
