"""The kernel of the closed box knows no temperature: no exponential, no logarithm, no fraction."""

import ast
import inspect
import re

import numpy as np
import pytest
from numba import njit, typeof
from scipy.stats import chisquare

from boltzmann.simulation.kernels import exchange, move_tables, moves, random_streams

FORBIDDEN = re.compile(r"exp|log|pow|sqrt|temperature|accept|probab|beta|float|random\b|math")
ENERGIES = np.array([0, 1, 1, 4], np.int32)
TABLE = exchange.StateTable(ENERGIES, np.array([0, 1, 1, 2], np.uint16))


def names(module):
    """Return every name and attribute that the code of a module uses, docstrings aside."""
    tree = ast.parse(inspect.getsource(module))
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return found | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def arithmetic(module):
    """Return the operations and the numbers of a module that are not of whole numbers."""
    tree = ast.parse(inspect.getsource(module))
    divided = [node for node in ast.walk(tree) if isinstance(node, ast.Div | ast.Pow)]
    floats = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    return divided, floats


def test_the_source_of_the_kernel_has_no_law_in_it():
    assert not [name for name in names(exchange) if FORBIDDEN.search(name)]
    assert arithmetic(exchange) == ([], [])
    # The control: both tests see what a Metropolis kernel is made of.

    assert [name for name in names(moves) if FORBIDDEN.search(name)]
    assert any(arithmetic(move_tables))


def code_of(kernel, *arguments):
    """Return the LLVM code of a kernel and of all that it calls, compiled anew."""
    compiled = njit(nogil=True)(kernel.py_func)
    compiled.compile(tuple(typeof(argument) for argument in arguments))
    [code] = compiled.inspect_llvm().values()
    return code


@pytest.fixture(scope="module")
def sweep_code():
    """The code of a sweep of one body with 32 demons."""
    streams = np.zeros((1, 4, random_streams.LANES), np.uint64)
    purses = np.zeros(random_streams.LANES, np.int32)
    meeting = exchange.Meeting(streams[0], purses.copy(), np.zeros(32, np.uint64))
    return code_of(
        exchange.sweep_alone,
        np.zeros(2048, np.uint32),
        streams,
        purses,
        purses.reshape(1, -1),
        meeting,
        TABLE,
        exchange.workspace(3, ENERGIES),
        0,
        1,
        1,
        np.zeros((1, 3), np.int64),
    )


FLOATING = re.compile(r"\bf(?:add|sub|mul|div|rem|cmp|neg)\b|\b[su]itofp\b|\bfpto[su]i\b")
CALLED = re.compile(r"call [^@\n]*@\"?([\w.$]*(?:exp|log|pow|sqrt)[\w.$]*)", re.IGNORECASE)


def test_the_compiled_sweep_computes_with_whole_numbers_alone(sweep_code):
    assert set(FLOATING.findall(sweep_code)) == set()
    assert set(CALLED.findall(sweep_code)) == set()


def test_the_patterns_find_what_they_look_for():
    """The control: a rule that weighs an energy by an exponential is seen."""

    @njit
    def weighed(energy, t):
        return np.exp(-energy / t)

    weighed.compile((typeof(1.0), typeof(1.0)))
    [code] = weighed.inspect_llvm().values()
    assert FLOATING.search(code)
    assert CALLED.search(code)


def test_rows_of_lanes_are_traded_in_vector_registers():
    size = 2048
    code = code_of(
        exchange.trade,
        np.zeros(size, np.uint32),
        np.zeros(size, np.uint32),
        np.zeros(size, np.int32),
        np.zeros(random_streams.LANES, np.int32),
        np.uint64(5),
    )
    assert re.search(r"icmp \w+ <\d+ x i32>", code)


def test_every_state_is_offered_as_often():
    """16 million offers among 60 states: χ² at 1e-6; one state 1 % too often would be seen."""

    streams = random_streams.seeded_streams(5, 1)[0]
    space = exchange.workspace(3, ENERGIES)
    seen = np.zeros(60, int)
    for _ in range(8000):
        random_streams.fill_words(streams, space.drawn)
        exchange.offer(streams, space.words, 60, space.offered, space.redrawn)
        seen += np.bincount(space.offered, minlength=60)
    assert seen.size == 60
    assert chisquare(seen).pvalue >= 1e-6


def test_words_that_would_favour_a_state_are_drawn_again():
    stream = random_streams.seeded_streams(5, 1)[0]
    words = np.zeros(4, np.uint32)  # a low half of 0 is below 2**32 mod 60
    offered = np.full(4, 99, np.uint32)
    before = stream.copy()
    exchange.offer(stream, words, 60, offered, np.zeros(random_streams.LANES, np.uint64))
    assert not np.array_equal(stream, before)
    assert (offered < 60).all() and len(set(offered.tolist())) > 1


@pytest.mark.parametrize("lanes", [1, 4, 32])
@pytest.mark.parametrize("size", [1, 31, 100, 2048])
def test_trade_is_what_its_rule_says(lanes, size):
    """Particle by particle in plain Python, every row once in the order that the word says."""
    generator = np.random.default_rng(size * lanes)
    state = generator.integers(0, 9, size, np.uint32)
    offered = generator.integers(0, 9, size, np.uint32)
    costs = generator.integers(-20, 20, size).astype(np.int32)
    purses = generator.integers(0, 10, lanes).astype(np.int32)
    expected_state, expected_purses = state.copy(), purses.copy()
    rows = size // lanes
    order = [(5 + 2131 * k) % rows for k in range(rows)] if rows else []
    assert sorted(order) == list(range(rows))
    for n in [row * lanes + lane for row in order for lane in range(lanes)] + list(
        range(rows * lanes, size)
    ):
        lane = n % lanes
        if costs[n] <= expected_purses[lane]:
            expected_purses[lane] -= costs[n]
            expected_state[n] = offered[n]

    # Word: the stride is entry 3, and the first row is 5 modulo the rows.
    exchange.trade(state, offered, costs, purses, np.uint64((5 << 32) + 3))
    assert np.array_equal(state, expected_state)
    assert np.array_equal(purses, expected_purses)
