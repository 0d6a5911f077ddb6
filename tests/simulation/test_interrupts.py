"""Ctrl-C during a run, and the progress bar."""

import io
import os
import signal
import sys

import numpy as np
import pytest
from tqdm import tqdm

from boltzmann._core import progress
from boltzmann.simulation import ensemble
from tests.support.gases import gas_of, same_run

MANY = 20_000  # sweeps, of which an interrupted run makes a few hundred


@pytest.fixture(autouse=True)
def short_chunks(monkeypatch):
    """Cut runs into chunks of a hundredth of the usual length."""
    monkeypatch.setattr(ensemble, "_CHUNK_SECONDS", 0.001)


def pressed_in_chunk(gas, number):
    """Return the gas, which presses Ctrl-C in the chunk of that number, counted from 1."""
    sweep = gas._engine.sweep
    chunks = []

    def pressing(*arguments):
        chunks.append(arguments)
        if len(chunks) == number:
            os.kill(os.getpid(), signal.SIGINT)
        return sweep(*arguments)

    gas._engine.sweep = pressing
    return gas


@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_ctrl_c_stops_at_the_end_of_a_sweep_and_keeps_what_was_recorded(engine, default_interrupt):
    gas = pressed_in_chunk(gas_of(engine, particles=9000), 12)
    with pytest.raises(KeyboardInterrupt):
        gas.run(MANY, burn_in=5, every=3)
    assert signal.getsignal(signal.SIGINT) is default_interrupt
    assert 5 + 3 < gas.sweeps < MANY
    assert gas.counts.sum() == 9000

    untouched = gas_of(engine, particles=9000)
    run = untouched.run(gas.sweeps - 5, burn_in=5, every=3)
    assert np.array_equal(untouched.counts, gas.counts)
    assert gas.partial.sweeps == gas.sweeps - 5
    assert gas.partial.energy.size == (gas.sweeps - 5) // 3
    assert same_run(gas.partial, run)
    assert np.array_equal(gas.run(4).counts, untouched.run(4).counts)
    assert gas.partial is None


def test_ctrl_c_in_the_burn_in_leaves_nothing_recorded(default_interrupt):
    gas = pressed_in_chunk(gas_of(), 6)
    with pytest.raises(KeyboardInterrupt):
        gas.run(1, burn_in=MANY)
    assert gas.partial is None
    assert 0 < gas.sweeps < MANY
    untouched = gas_of()
    untouched.run(gas.sweeps)
    assert np.array_equal(untouched.counts, gas.counts)


def test_a_handler_of_somebody_elses_is_left_in_force(default_interrupt):
    caught = []
    signal.signal(signal.SIGINT, lambda *_: caught.append(1))
    ours = signal.getsignal(signal.SIGINT)
    gas = pressed_in_chunk(gas_of(), 3)
    gas.run(MANY)
    assert (caught, gas.sweeps) == ([1], MANY)
    assert signal.getsignal(signal.SIGINT) is ours


@pytest.mark.parametrize(
    ("terminal", "asked", "shown"), [(True, None, True), (False, None, False), (False, True, True)]
)
def test_a_bar_is_drawn_on_a_terminal_or_if_asked_for(monkeypatch, terminal, asked, shown):
    stderr = io.StringIO()
    stderr.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(progress, "tqdm", lambda **keywords: tqdm(**(keywords | {"delay": 0})))
    gas_of().run(5, progress=asked)
    assert ("sweep" in stderr.getvalue()) is shown
    gas_of().run(5, progress=False)
    assert ("sweep" in stderr.getvalue()) is shown


def test_a_chunk_of_a_large_gas_makes_several_sweeps_while_a_block_is_at_hand(monkeypatch):
    monkeypatch.setattr(ensemble, "_CHUNK_SECONDS", 0.1)
    assert ensemble.chunk_sweeps(1, 1e-6) == 100_000
    assert ensemble.chunk_sweeps(3, 0.1) == 8
    assert ensemble.chunk_sweeps(8, 1.5) == 8
    assert ensemble.chunk_sweeps(8, 4.0) == 4
    assert ensemble.chunk_sweeps(1, 60.0) == 1
