"""Lessons in processes of their own: the work of `python -m experiments` on several processors."""

import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import import_module
from multiprocessing import active_children
from pathlib import Path
from typing import Any

from experiments.runner import gallery
from experiments.runner.table import Verdict

Done = Callable[[str, list[Verdict]], None]


def run_in_processes(configs: Mapping[str, Any], folder: Path, jobs: int, done: Done) -> None:
    """Run each named lesson with its configuration, in `jobs` processes, and write its files.

    Call done(name, verdicts) for each as it ends. If one raises, or on Ctrl-C, the others are ended
    at once.
    """
    others = set(active_children())
    pool = ProcessPoolExecutor(jobs, initializer=_leave_interrupts_to_the_parent)
    try:
        names = {pool.submit(_run, name, each, folder): name for name, each in configs.items()}
        for future in as_completed(names):
            done(names[future], future.result())
    except BaseException:
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts_to_the_parent() -> None:
    """Ignore Ctrl-C, which a terminal sends to every process, and which the parent acts on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(name: str, config: Any, folder: Path) -> list[Verdict]:
    module: Any = import_module(f"experiments.{name}")
    return gallery.write(module, config, module.compute(config, lambda fraction: None), folder)
