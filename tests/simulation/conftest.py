"""Fixtures of the simulation's tests: scans to compare with, Ctrl-C, and a limit of time."""

import signal

import pytest

import boltzmann as bz
from boltzmann.simulation.scan import scan
from tests.support import scans, workers


@pytest.fixture(scope="module")
def expected():
    """The result of the scan that the tests share, run in one go."""
    return bz.scan(**scans.REQUEST)


@pytest.fixture(scope="module")
def alone():
    """The result of the scan for workers, run in this process."""
    return bz.scan(**workers.REQUEST)


@pytest.fixture
def calls(monkeypatch):
    """The places of all tasks that run in this process."""
    indices = range(len(scans.GRID))
    places = {scans.keyed_seed(7, i, r): (i, r) for i in indices for r in range(9)}
    run = scan.run_task
    seen = []

    def noted(task):
        seen.append(places[task.seed])
        return run(task)

    monkeypatch.setattr(scan, "run_task", noted)
    return seen


@pytest.fixture
def default_interrupt():
    """Python's own Ctrl-C, which a job in the background is started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def time_limit():
    """Interrupt a test that hangs, and again what it does to clean up."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def expire(*_):
        raise TimeoutError(f"still waiting after {workers.LIMIT} s")

    former = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, workers.LIMIT, 5)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, former)
