"""Saved closed boxes and contacts go on as if they had never stopped, or are refused; Ctrl-C."""

import os
import signal

import numpy as np
import pytest

import boltzmann as bz

LEVELS = bz.EnergyLevels([0, 0.5, np.inf, 2], [2, 1, 4, 3], ("ground", "é", "\0", "top"))


def box(particles=5000):
    return bz.ClosedBox(LEVELS, particles, 3 * particles, quantum=0.5, seed=9)


def contact():
    return bz.Contact([box(3000), box(100)], seed=1)


def counts(run):
    return [body.counts for body in run.bodies] if hasattr(run, "bodies") else [run.counts]


@pytest.mark.parametrize("make", [box, contact])
def test_what_is_saved_goes_on_as_if_it_had_never_stopped(tmp_path, make):
    path = tmp_path / "a box.with.dots"
    kept = make()
    kept.run(7, progress=False)
    kept.save(path)
    read = type(kept).load(str(path))
    assert repr(read) == repr(kept)
    assert np.array_equal(read.demon, kept.demon)
    for ours, theirs in zip(counts(kept.run(9)), counts(read.run(9)), strict=True):
        assert np.array_equal(ours, theirs)
    assert read.energy == kept.energy
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_levels_come_back_as_they_were(tmp_path):
    box().save(tmp_path / "box")
    read = bz.ClosedBox.load(tmp_path / "box")
    assert read.levels == LEVELS
    assert read.levels.labels == ("ground", "é", "\0", "top")
    assert read.quantum == 0.5


def changed(path, **content):
    with np.load(path) as file:
        kept = {name: file[name] for name in file.files} | content
    with path.open("wb") as file:
        np.savez(file, **{name: value for name, value in kept.items() if value is not None})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"format": np.array("boltzmann ensemble 1")}, "its format is 'boltzmann ensemble 1'"),
        ({"energy": np.array(14_999)}, "have an energy of 15000, not of 14999"),
        ({"purses": np.full(96, -1)}, "purses do not fit the particles"),
        ({"purses": np.zeros(95, np.int64)}, "purses do not fit the particles"),
        ({"streams": np.zeros((2, 4, 32), np.uint64)}, "streams do not fit the particles"),
        ({"meetings": np.zeros((4, 3), np.uint64)}, "meetings is no random stream"),
        ({"states 0": np.full(5000, 6, np.uint32)}, "states 0 go beyond the 6 of the levels"),
        ({"states 0": np.zeros(5000)}, "states 0 are no particles"),
        ({"quantum 0": np.array(0.3)}, r"energies\[1\] is 0\.5: 0\.333 quanta from a multiple"),
        ({"sweeps": np.array(-1)}, "sweeps is -1"),
        ({"purses": None}, "purses"),
    ],
)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path, content, message):
    path = tmp_path / "box"
    box().save(path)
    changed(path, **content)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="is not a saved closed box, or is damaged") as refusal:
        bz.ClosedBox.load(path)
    assert refusal.match(message)
    assert path.read_bytes() == before


def test_a_cut_file_and_one_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "box"
    box().save(path)
    with pytest.raises(ValueError, match="is not a saved contact, or is damaged: its format"):
        bz.Contact.load(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="it is no archive"):
        bz.ClosedBox.load(path)
    with pytest.raises(FileNotFoundError):
        bz.ClosedBox.load(tmp_path / "none")


@pytest.mark.parametrize("make", [box, contact])
def test_ctrl_c_stops_at_the_end_of_a_sweep_and_keeps_what_was_recorded(make, default_interrupt):
    stopped = make()
    advance = stopped._exchange._advance
    chunks = []

    def pressing(*arguments):
        chunks.append(arguments)
        if len(chunks) == 12:
            os.kill(os.getpid(), signal.SIGINT)
        return advance(*arguments)

    stopped._exchange._advance = pressing
    with pytest.raises(KeyboardInterrupt):
        stopped.run(10**6, burn_in=5, every=3)
    assert signal.getsignal(signal.SIGINT) is default_interrupt
    made = stopped.sweeps - 5
    assert 3 < made < 10**6
    assert stopped.partial.sweeps == made

    untouched = make()
    run = untouched.run(made, burn_in=5, every=3)
    for ours, theirs in zip(counts(stopped.partial), counts(run), strict=True):
        assert len(ours) == made // 3
        assert np.array_equal(ours, theirs)
    for ours, theirs in zip(counts(stopped.run(4)), counts(untouched.run(4)), strict=True):
        assert np.array_equal(ours, theirs)
    assert stopped.partial is None
