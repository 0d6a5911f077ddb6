"""Bad arguments of an ensemble and of a run: named by a ValueError, and nothing has moved."""

import numpy as np
import pytest

import boltzmann as bz
from tests.support.gases import gas_of

INF = np.inf
REFUSED = [
    ({"levels": [1.0]}, "levels has 1 entries: an ensemble has 2 to 65536"),
    ({"levels": np.zeros(65_537)}, "levels has 65537 entries: an ensemble has 2 to 65536"),
    ({"levels": []}, "energies is empty"),
    ({"levels": [0, np.nan]}, r"energies\[1\] is nan"),
    ({"levels": [INF, INF]}, r"energies are all \+inf"),
    ({"levels": "ladder"}, "energies must be an array of real numbers, got 'ladder'"),
    (
        {"levels": bz.EnergyLevels([0, 1], [1e-200, 1e200])},
        "degeneracies differ by a factor of more than 1e300",
    ),
    ({"temperature": np.nan}, "temperature is nan"),
    ({"temperature": [1.0, 2.0]}, r"temperature must be one number, got shape \(2,\)"),
    ({"temperature": None}, "temperature must be an array of real numbers, got None"),
    ({"particles": 0}, "particles is 0: it must be at least 1"),
    ({"particles": -1}, "particles is -1: it must be at least 1"),
    ({"particles": 1.5}, "particles must be a whole number, got 1.5"),
    ({"particles": 100.0}, "particles must be a whole number, got 100.0"),
    ({"particles": True}, "particles must be a whole number, got True"),
    ({"particles": "many"}, "particles must be a whole number, got 'many'"),
    (
        {"particles": 10**13},
        r"they would take 25000 GB of the machine's \d+ GB; engine='counts' takes up to 2\*\*53",
    ),
    ({"particles": 10**400}, r"engine='counts' takes up to 2\*\*53"),
    (
        {"particles": 2**53 + 1, "engine": "counts"},
        r"particles is 9007199254740993: counts are exact up to 2\*\*53",
    ),
    ({"engine": "gpu"}, "engine is 'gpu': it must be one of particles, textbook, counts"),
    ({"engine": None}, "engine is None: it must be one of particles, textbook, counts"),
    (
        {"engine": "textbook", "rule": "heat-bath"},
        "engine is 'textbook': it proposes 'uniform' or 'neighbour'",
    ),
    (
        {"engine": "textbook", "proposal": np.eye(4)},
        "engine is 'textbook': it proposes 'uniform' or 'neighbour'",
    ),
    ({"rule": "wolff"}, "rule is 'wolff': it must be one of metropolis, glauber, heat-bath"),
    ({"rule": 1}, "rule is 1: it must be one of"),
    (
        {"proposal": "random"},
        "proposal is 'random': it must be 'uniform', 'neighbour' or a K×K matrix",
    ),
    ({"proposal": None}, "proposal must be an array of real numbers, got None"),
    ({"proposal": np.full((4, 4), 0.3)}, r"the sum of proposal\[0\] is 1.2: it must be 1"),
    ({"proposal": np.eye(3)}, r"proposal must have shape \(4, 4\), got \(3, 3\)"),
    (
        {"proposal": np.roll(np.eye(4), 1, axis=1)},
        r"proposal\[0, 1\] is 1.0 but proposal\[1, 0\] is 0: a move that",
    ),
    ({"start": "hot"}, "start is 'hot': it must be one of uniform, ground, exact, or an array"),
    ({"start": []}, r"start must have shape \(N,\), or \(K,\) for engine='counts', got \(0,\)"),
    ({"start": 3}, r"start must have shape \(N,\), or \(K,\) for engine='counts', got \(\)"),
    (
        {"start": [[0, 1]]},
        r"start must have shape \(N,\), or \(K,\) for engine='counts', got \(1, 2\)",
    ),
    ({"start": None}, "start must be an array of real numbers, got None"),
    ({"start": [0, 4]}, r"start\[1\] is 4.0: there are 4 levels"),
    ({"start": [0, INF]}, r"start\[1\] is inf: there are 4 levels"),
    ({"start": [0, -1]}, r"start\[1\] is -1.0: it must be a whole number"),
    ({"start": [0, 0.5]}, r"start\[1\] is 0.5: it must be a whole number"),
    ({"start": [0, np.nan]}, r"start\[1\] is nan"),
    ({"start": [0, 3], "levels": [0, 1, 2, INF]}, r"start\[1\] is 3.0: this level is forbidden"),
    ({"start": [0, 1], "particles": 3}, "particles is 3 but start has 2"),
    ({"start": [0, 1], "particles": 2.0}, "particles must be a whole number, got 2.0"),
    ({"start": [1, 1], "engine": "counts"}, r"start must have shape \(4,\), got \(2,\)"),
    ({"start": [0, 0, 0, 0], "engine": "counts"}, "start has no particles"),
    (
        {"start": [1, 0, 0, 1], "engine": "counts", "levels": [0, 1, 2, INF]},
        r"start\[3\] is 1.0: this level is forbid",
    ),
    ({"start": [1, 0, 0, 1], "engine": "counts", "particles": 3}, "particles is 3 but start has 2"),
    (
        {"start": [2**63 - 1] * 4, "engine": "counts"},
        r"start\[0\] is 9.2\d*e\+18: counts are exact up to 2\*\*53",
    ),
    (
        {"start": [2**53, 1, 0, 0], "engine": "counts"},
        r"particles is 9007199254740993: counts are exact up to 2\*\*53",
    ),
    (
        {"start": [INF, 1, 0, 0], "engine": "counts"},
        r"start\[0\] is inf: counts are exact up to 2\*\*53",
    ),
    ({"seed": -1}, "seed is -1: it must be at least 0"),
    ({"seed": None}, "seed must be a whole number, got None"),
    ({"seed": "x"}, "seed must be a whole number, got 'x'"),
    ({"seed": 1.0}, "seed must be a whole number, got 1.0"),
    ({"seed": True}, "seed must be a whole number, got True"),
    (
        {"levels": np.zeros(8193), "engine": "counts", "rule": "glauber"},
        "levels has 8193 entries: the 8193×8193 matrix would take 0.5 GB",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_a_bad_argument_of_a_gas_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        bz.Ensemble(**({"levels": [0, 1, 1, 3]} | arguments))


REFUSED_RUNS = [
    ({"sweeps": 0}, "sweeps is 0: it must be at least 1"),
    ({"sweeps": -5}, "sweeps is -5"),
    ({"sweeps": 1.5}, "sweeps must be a whole number, got 1.5"),
    ({"sweeps": True}, "sweeps must be a whole number, got True"),
    ({"burn_in": -1}, "burn_in is -1: it must be at least 0"),
    ({"burn_in": 2.0}, "burn_in must be a whole number, got 2.0"),
    ({"every": 0}, "every is 0: it must be at least 1"),
    ({"every": 11}, "every is 11: it must be at most the 10 sweeps"),
    ({"every": 0.5}, "every must be a whole number, got 0.5"),
    ({"every": True}, "every must be a whole number, got True"),
    ({"threads": 0}, "threads is 0: it must be at least 1"),
    ({"threads": "all"}, "threads must be a whole number, got 'all'"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED_RUNS)
def test_a_bad_argument_of_a_run_is_named_and_moves_nothing(arguments, message):
    gas = gas_of()
    with pytest.raises(ValueError, match=message):
        gas.run(**({"sweeps": 10} | arguments))
    assert gas.sweeps == 0
    assert np.array_equal(gas.counts, gas_of().counts)
