"""Saved ensembles: what is loaded goes on as if it had never stopped, or is refused."""

import json

import numpy as np
import pytest

import boltzmann as bz
from tests.support.gases import MATRIX, gas_of, same_run

INF = np.inf
KINDS = [
    ("particles", "uniform", "metropolis"),
    ("particles", "uniform", "heat-bath"),
    ("particles", MATRIX, "glauber"),
    ("textbook", "neighbour", "metropolis"),
    ("counts", "uniform", "metropolis"),
    ("counts", MATRIX, "metropolis"),
]


@pytest.mark.parametrize(("engine", "proposal", "rule"), KINDS)
def test_a_saved_gas_goes_on_as_if_it_had_never_stopped(tmp_path, engine, proposal, rule):
    path = tmp_path / "a gas.with.dots"
    gas = gas_of(engine, proposal=proposal, rule=rule)
    gas.run(7)
    gas.temperature = 1 / 3
    gas.run(4)
    gas.save(path)

    read = bz.Ensemble.load(str(path))
    assert repr(read) == repr(gas)
    assert read.levels == gas.levels
    assert read.levels.labels == ("ground", "é", "\0", "top")
    assert np.array_equal(read.counts, gas.counts)
    assert same_run(read.run(9), gas.run(9))
    read.temperature = gas.temperature = 2
    assert same_run(read.run(9), gas.run(9))
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


FIRST_VERSION = {
    "format": np.array("boltzmann ensemble 1"),
    "energies": np.array([0.0, 1.0, np.inf]),
    "degeneracies": np.array([1.0, 2.0, 1.0]),
    "labels": np.array('["a", "b", "c"]'),
    "temperature": np.array(0.5),
    "proposal": np.array("uniform"),
    "rule": np.array("metropolis"),
    "particles": np.array(4),
    "sweeps": np.array(12),
}
STREAMS = np.arange(1, 4 * 32 + 1, dtype=np.uint64).reshape(1, 4, 32)
GENERATOR = """{"bit_generator": "SFC64", "state": {"state": [1, 2, 3, 4]},
                "has_uint32": 0, "uinteger": 0}"""
OF_ENGINES = {
    "particles": {"states": np.array([1, 0, 0, 1], np.uint16), "streams": STREAMS},
    "textbook": {"states": np.array([1, 0, 0, 1], np.uint16), "streams": STREAMS},
    "counts": {"counts": np.array([2, 2, 0]), "generator": np.array(GENERATOR)},
}


@pytest.mark.parametrize("engine", OF_ENGINES)
def test_a_file_in_the_format_of_the_first_version_is_loaded(tmp_path, engine):
    with (tmp_path / "gas").open("wb") as file:
        np.savez(file, **FIRST_VERSION, engine=np.array(engine), **OF_ENGINES[engine])
    gas = bz.Ensemble.load(tmp_path / "gas")
    assert repr(gas) == (
        "Ensemble(3 levels, temperature=0.5, particles=4, proposal='uniform', rule='metropolis', "
        f"engine={engine!r}, 12 sweeps done)"
    )
    assert gas.levels == bz.EnergyLevels([0, 1, np.inf], [1, 2, 1], "abc")
    assert gas.counts.tolist() == [2, 2, 0]

    gas.save(tmp_path / "again")
    written, saved = np.load(tmp_path / "gas"), np.load(tmp_path / "again")
    assert set(saved.files) - set(written.files) == {"work"} | (
        {"stream"} if engine == "counts" else set()
    )
    assert saved["work"] == 0
    for name in set(written.files) - {"generator"}:
        assert written[name].dtype == saved[name].dtype
        assert np.array_equal(written[name], saved[name])
    if engine == "counts":
        assert saved["stream"].tolist() == json.loads(GENERATOR)["state"]["state"]
    gas.run(3)


def test_a_matrix_whose_rows_miss_1_is_saved_as_it_was_given(tmp_path):
    single = ((1 - np.eye(7)) / 6).astype(np.float32)
    for engine in ("particles", "counts"):
        gas = bz.Ensemble(np.arange(7.0), INF, 500, proposal=single, engine=engine)
        gas.save(tmp_path / "gas")
        assert same_run(bz.Ensemble.load(tmp_path / "gas").run(20), gas.run(20))


def test_saving_replaces_a_file_in_one_go_and_leaves_it_readable_to_others(tmp_path, monkeypatch):
    path, plain = tmp_path / "gas", tmp_path / "plain"
    plain.touch()
    gas = gas_of("counts")
    gas.save(path)
    assert path.stat().st_mode == plain.stat().st_mode
    before = path.read_bytes()
    gas.run(3)
    for error in (OSError("no space left"), KeyboardInterrupt()):

        def interrupted(file, error=error, **_):
            file.write(b"half")
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(np, "savez", interrupted)
            with pytest.raises(type(error)):
                gas.save(path)
        assert path.read_bytes() == before
        assert sorted(item.name for item in tmp_path.iterdir()) == ["gas", "plain"]
    (tmp_path / "link").hardlink_to(path)
    gas.save(path)
    assert bz.Ensemble.load(path).sweeps == 3
    assert (tmp_path / "link").read_bytes() == before  # another file took its name
    with pytest.raises(FileNotFoundError):
        gas.save(tmp_path / "nowhere" / "gas")


def refused_untouched(path):
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is not a saved ensemble, or is damaged: ") as refusal:
        bz.Ensemble.load(path)
    assert str(path) in str(refusal.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("engine", ["particles", "counts"])
def test_a_damaged_file_is_refused_or_harmless(tmp_path, engine):
    """Cut anywhere it is refused; with a byte flipped too, unless it was of an unread date."""
    path = tmp_path / "gas"
    gas = gas_of(engine, particles=50, proposal=MATRIX)
    gas.run(3)
    gas.save(path)
    whole = path.read_bytes()

    for length in {0, 1, 4, 30, 100, *range(200, len(whole), 397), len(whole) - 1}:
        path.write_bytes(whole[:length])
        refused_untouched(path)

    refused = 0
    for place in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read = bz.Ensemble.load(path)
        except ValueError as error:
            assert "is not a saved ensemble, or is damaged: " in str(error)
            refused += 1
        else:
            assert repr(read) == repr(gas)
            assert same_run(read.run(2), bz.Ensemble.load(path).run(2))
            assert np.array_equal(bz.Ensemble.load(path).counts, gas.counts)
        assert path.read_bytes() == damaged
    assert refused > 200


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "file"
    gas_of("counts").save(path)
    good = dict(np.load(path))

    for content in (b"", b"Dear diary,\n", b"PK\x03\x04 but no more", bytes(1000)):
        path.write_bytes(content)
        refused_untouched(path)
    with path.open("wb") as file:
        np.save(file, np.arange(4))
    refused_untouched(path)

    foreign = [
        {"energies": np.arange(4.0)},
        good | {"format": np.array("boltzmann ensemble 2")},
        good | {"counts": good["counts"] + 1},
        good | {"counts": good["counts"].astype(float)},
        good | {"engine": np.array("quantum")},
        good | {"engine": np.array("particles")},
        good | {"energies": np.array([0, 1, 1, np.nan])},
        good | {"energies": np.arange(5.0)},
        good | {"temperature": np.array(np.nan)},
        good | {"proposal": np.array("random")},
        good | {"labels": np.array("[")},
        good | {"stream": good["stream"][:3]},
        good | {"stream": good["stream"].astype(float)},
        {name: array for name, array in good.items() if name != "stream"},
        {name: array for name, array in good.items() if name != "stream"}
        | {"generator": np.array("{}")},
        good | {"sweeps": np.array(-5)},
        good | {"sweeps": np.array(2.5)},
        good | {"counts": good["counts"] + np.array([-2000, 2000, 0, 0])},
        good | {"energies": np.array([0, 1, 1, np.inf])},
    ]

    for arrays in foreign:
        with path.open("wb") as file:
            np.savez(file, **arrays)
        refused_untouched(path)


def test_states_and_streams_that_do_not_fit_are_refused(tmp_path):
    path = tmp_path / "file"
    gas_of(particles=2049).save(path)
    good = dict(np.load(path))

    for name, array in [
        ("states", good["states"][:-1]),
        ("states", good["states"].astype(np.int64)),
        ("states", np.full(2049, 4, np.uint16)),
        ("streams", good["streams"][:1]),
        ("streams", good["streams"].astype(float)),
        ("particles", np.array(2048)),
        ("particles", np.array(0)),
    ]:
        with path.open("wb") as file:
            np.savez(file, **(good | {name: array}))
        refused_untouched(path)


def test_a_file_that_is_not_there_is_said_not_to_be_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        bz.Ensemble.load(tmp_path / "nothing")
