"""What makes kernels fast, without a clock: nothing known is computed, and loops are vectorised.

How fast they are is measured by the experiment `speed`.
"""

import re

import numpy as np
import pytest
from numba import njit, typeof

import boltzmann as bz
from boltzmann.simulation.dynamics import Dynamics
from boltzmann.simulation.kernels import moves, random_streams, vector_moves
from boltzmann.simulation.kernels.sweeps import sweep_blocks, workspace

VECTOR = re.compile(r"<\d+ x (?:i32|i64|float)>")  # a type of LLVM's vector instructions


def table_of(levels, rule="metropolis", proposal="uniform"):
    return Dynamics.checked(bz.ladder(levels), proposal, rule).move_table(1.0)


def intermediate_code(kernel, *arguments, **options):
    """Return the optimised LLVM code of a kernel, compiled anew for arguments of these types."""
    compiled = njit(nogil=True, **options)(kernel.py_func)
    compiled.compile(tuple(typeof(argument) for argument in arguments))
    [code] = compiled.inspect_llvm().values()
    return code


def loops():
    """Yield each loop of a sweep: its name, the kernel with its arguments, and its options."""
    space = workspace(8)
    state, proposed, fractions = space.state, space.proposed, space.words[: moves.BLOCK]
    stream = random_streams.seeded_streams(0, 1)[0]
    yield "random words", (random_streams.fill_words, stream, space.drawn), {}
    yield "proposals", (moves.split, fractions, 7, proposed), {}
    bits = (state, space.words, table_of(8).thresholds, 3, None, space.limit)
    yield "bits", (moves.move_by_bits, *bits), {}
    table = table_of(7)
    thresholds = (state, proposed, fractions, table, table.thresholds, space.limit)
    yield "thresholds", (moves.move_by_thresholds, *thresholds), {}
    table = table_of(300)
    weights = (state, space.own, proposed, fractions, table, table.weights, space.other, space.gap)
    yield "weights", (moves.move_by_weights, *weights), {"error_model": "numpy"}
    table = table_of(8, "heat-bath")
    alias = (state, proposed, fractions, table, table.alias, space.entries)
    yield "alias", (moves.move_by_alias, *alias), {}


@pytest.mark.parametrize(
    "name", ["random words", "proposals", "bits", "thresholds", "weights", "alias"]
)
def test_the_compiler_vectorises_the_loops_of_a_sweep(name):
    [(call, options)] = [(call, options) for loop, call, options in loops() if loop == name]
    assert VECTOR.search(intermediate_code(*call, **options))


def test_the_readable_loop_is_not_vectorised():
    """The control: the check sees the difference."""
    space = workspace(8)
    arguments = (space.state, space.proposed, space.words[: moves.BLOCK], table_of(8))
    assert not VECTOR.search(intermediate_code(moves.move_by_formula, *arguments))


def states_after(table):
    states = np.arange(3000, dtype=np.uint16) % table.energies.size
    streams = random_streams.seeded_streams(1, 2)
    counts, moved = np.zeros((4, table.energies.size), np.int64), np.zeros(4, np.int64)
    space = workspace(table.energies.size)
    sweep_blocks(states, streams, table, space, 0, 4, 1, counts, moved)
    return states


def without_energies(table):
    """Return the table with nothing left to compute an exponential from."""
    unknown = np.full_like(table.energies, np.nan)
    return table._replace(energies=unknown, degeneracies=unknown, temperature=np.nan)


@pytest.mark.parametrize(
    ("levels", "rule", "proposal"),
    [
        (8, "metropolis", "uniform"),
        (7, "glauber", "uniform"),
        (9, "metropolis", "neighbour"),
        (8, "heat-bath", "uniform"),
        (3, "metropolis", np.full((3, 3), 1 / 3)),
    ],
)
def test_a_sweep_by_table_reads_no_energy_and_no_temperature(levels, rule, proposal):
    table = table_of(levels, rule, proposal)
    assert np.array_equal(states_after(without_energies(table)), states_after(table))


def test_a_sweep_by_formula_reads_them():
    """The control: without energies the formula moves no particle as it did."""
    table = Dynamics.checked(bz.ladder(8), "uniform", "metropolis").move_table(1.0, by_formula=True)
    assert not np.array_equal(states_after(without_energies(table)), states_after(table))


@pytest.mark.skipif(not vector_moves.worth_using(), reason="this processor does not gather")
@pytest.mark.parametrize("kind", ["thresholds", "bits", "neighbour", "weights", "alias"])
def test_a_move_in_vectors_gathers_and_stores_whole_registers(kind):
    """No step is taken apart into numbers, and no store is masked."""
    arrays = {"weights": "float32[::1]", "alias": "uint64[::1]"}
    decided = [
        arrays.get(name, "uint32[::1]") if name in (kind, "thresholds") else "none"
        for name in ("thresholds", "weights", "alias")
    ]
    if kind in arrays:
        decided[0] = "none"
    own = "float32[::1]" if kind == "weights" else "none"
    neighbour = "boolean" if kind == "neighbour" else "none"
    bits = "int64" if kind in ("bits", "neighbour") else "none"
    words = ["uint64[:,::1]"] * 2
    types = ["int64", "uint32[::1]", own, *words, *decided, neighbour, bits, "UniTuple(int64, 4)"]

    @njit("(" + ", ".join(types) + ")")
    def attempt(rows, state, own, stream, lanes, limits, weights, alias, neighbour, bits, numbers):
        return vector_moves.attempt_moves(
            rows, state, own, stream, lanes, limits, weights, alias, neighbour, bits, numbers
        )

    [code] = attempt.inspect_asm().values()
    assert re.search(r"v\w*gather", code)
    assert not re.search(r"maskmov|\bexp\b", code)
