"""Checkpoints: a scan is resumed from the tasks in its folder; that of another scan is refused."""

import hashlib
import json
import os
import pickle
import shutil
import signal
from concurrent.futures import Executor, Future
from threading import Timer

import numpy as np
import pytest

import boltzmann as bz
from boltzmann.simulation.scan import scan
from tests.support.scans import DEGENERACIES, ENERGIES, GRID, REQUEST, Untouched, same


@pytest.mark.parametrize(
    "place", ["a file", "below a file", "a number", "no path", "a folder for a manifest"]
)
def test_a_checkpoint_that_cannot_be_is_named_before_any_work(place, tmp_path):
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.touch()
    (folder / "manifest.json").mkdir(parents=True)
    value = {"a file": file, "below a file": file / "kept", "a number": 5, "no path": "\0"}.get(
        place, folder
    )
    with pytest.raises(
        ValueError, match=r"checkpoint is .*: it must be a folder to keep files in: "
    ) as caught:
        bz.scan(**REQUEST, checkpoint=value, executor=Untouched())
    assert repr(value) in str(caught.value)
    assert sorted(item.name for item in tmp_path.rglob("*")) == ["file", "folder", "manifest.json"]


def test_a_folder_that_is_only_read_serves_a_finished_scan_and_no_other(
    tmp_path, monkeypatch, expected
):
    """Files that the system refuses to make, as no permission keeps an administrator from it."""
    bz.scan(**REQUEST, checkpoint=tmp_path)

    def refuse(**_):
        raise PermissionError("read-only file system")

    monkeypatch.setattr("boltzmann.simulation.scan.checkpoint.tempfile.TemporaryDirectory", refuse)
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path, executor=Untouched()), expected)
    for more in (tmp_path, tmp_path / "another"):
        with pytest.raises(ValueError, match=r"checkpoint is .*read-only file system"):
            bz.scan(**REQUEST | {"replicas": 4}, checkpoint=more, executor=Untouched())


def contents(folder):
    """Return the bytes and the time of each file."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def data_of(files):
    return {name: data for name, (data, _) in files.items()}


def test_a_scan_goes_on_where_it_was_interrupted(tmp_path, calls, expected, monkeypatch):
    counted = scan.run_task

    def interrupted(task):
        if len(calls) == 4:
            raise KeyboardInterrupt
        return counted(task)

    monkeypatch.setattr(scan, "run_task", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bz.scan(**REQUEST, checkpoint=tmp_path / "a" / "b")
    before = contents(tmp_path / "a" / "b")
    assert len(before) == 4 + 1
    monkeypatch.setattr(scan, "run_task", counted)
    assert same(bz.scan(**REQUEST, checkpoint=str(tmp_path / "a" / "b")), expected)
    assert calls == list(np.ndindex(3, 3))
    after = contents(tmp_path / "a" / "b")
    assert {name: after[name] for name in before} == before
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path / "a" / "b"), expected)
    assert len(calls) == 9
    assert contents(tmp_path / "a" / "b") == after


def test_more_replicas_add_to_those_kept(tmp_path, calls):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    del calls[:]
    more = bz.scan(**REQUEST | {"replicas": 4}, checkpoint=tmp_path)
    assert calls == [(0, 3), (1, 3), (2, 3)]
    assert same(more, bz.scan(**REQUEST | {"replicas": 4}))
    del calls[:]
    bz.scan(**REQUEST | {"replicas": 2}, checkpoint=tmp_path)
    assert calls == []


@pytest.mark.parametrize(
    ("argument", "value", "named"),
    [
        ("levels", bz.EnergyLevels([0, 0.3, 1.1, 3.1], DEGENERACIES), "energies"),
        ("levels", bz.EnergyLevels(ENERGIES, [1, 2, 1, 5]), "degeneracies"),
        ("temperatures", [0.5, 1.0, -2.0000000000000004], "temperatures"),
        ("sweeps", 21, "sweeps is 20 there and 21 here"),
        ("burn_in", 3, "burn_in is 2 there and 3 here"),
        ("particles", 501, "particles is 500 there and 501 here"),
        ("seed", 8, "seed is 7 there and 8 here"),
        ("proposal", "neighbour", "proposal is 'uniform' there and 'neighbour' here"),
        ("proposal", np.full((4, 4), 0.25), "proposal"),
        ("rule", "glauber", "rule"),
        ("engine", "counts", "engine"),
        ("start", "ground", "start"),
    ],
)
def test_the_folder_of_another_scan_is_refused_and_left_alone(argument, value, named, tmp_path):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="belongs to another scan") as caught:
        bz.scan(**REQUEST | {argument: value}, checkpoint=tmp_path, executor=Untouched())
    assert named in str(caught.value)
    assert contents(tmp_path) == before


def test_the_folder_of_another_version_or_proposal_matrix_is_refused(tmp_path, monkeypatch):
    bz.scan(**REQUEST, proposal=np.full((4, 4), 0.25), checkpoint=tmp_path)
    bz.scan(**REQUEST, proposal=[[0.25] * 4] * 4, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="proposal is 'sha256"):
        bz.scan(**REQUEST, proposal=np.eye(4), checkpoint=tmp_path)
    monkeypatch.setattr(bz, "__version__", "0.0.0")
    with pytest.raises(ValueError, match=r"boltzmann is '.*' there and '0.0.0' here"):
        bz.scan(**REQUEST, proposal=np.full((4, 4), 0.25), checkpoint=tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"scan"', "\xff", "{}"])
def test_a_damaged_manifest_is_refused_and_left_alone(text, tmp_path):
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    before = contents(tmp_path)
    with pytest.raises(
        ValueError, match=r"(its manifest.json is damaged|belongs to another scan): "
    ):
        bz.scan(**REQUEST, checkpoint=tmp_path, executor=Untouched())
    assert contents(tmp_path) == before


def flip_a_bit(path):
    damaged = bytearray(path.read_bytes())
    header = damaged.index(b"NUMPY", damaged.index(b"occupancy"))
    damaged[header + 130] ^= 1  # in the numbers, which begin after 128 bytes
    path.write_bytes(damaged)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-30]),
    "a flipped bit": flip_a_bit,
    "text": lambda path: path.write_text("occupancy"),
    "another array": lambda path: np.savez(path, occupancy=np.zeros(4)),
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"occupancy": np.zeros(4)})),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_task_is_computed_again(damage, tmp_path, calls, expected, caplog):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    before = contents(tmp_path)
    del calls[:]
    path = tmp_path / "temperature-1-replica-2.npz"
    DAMAGES[damage](path)
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path), expected)
    assert calls == [(1, 2)]
    assert f"{path} is computed again" in caplog.text
    assert data_of(contents(tmp_path)) == data_of(before)


def test_a_task_of_another_scan_is_computed_again(tmp_path, calls, expected, caplog):
    bz.scan(**REQUEST | {"seed": 7, "sweeps": 19}, checkpoint=tmp_path / "other")
    bz.scan(**REQUEST, checkpoint=tmp_path / "own")
    del calls[:]
    name = "temperature-0-replica-1.npz"
    shutil.copy(tmp_path / "other" / name, tmp_path / "own" / name)
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path / "own"), expected)
    assert calls == [(0, 1)] and "another scan" in caplog.text


MANIFEST = """{
 "format": "boltzmann sweep 1",
 "boltzmann": "0.1.0",
 "energies": [
  0.0,
  1.0
 ],
 "degeneracies": [
  1.0,
  1.0
 ],
 "temperatures": [
  0.5,
  2.0
 ],
 "particles": 500,
 "sweeps": 20,
 "burn_in": 2,
 "proposal": "uniform",
 "rule": "metropolis",
 "engine": "particles",
 "start": "uniform",
 "seed": 7
}"""


def test_a_folder_in_the_format_of_the_first_version_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(bz, "__version__", "0.1.0")
    (tmp_path / "manifest.json").write_text(MANIFEST)
    digest = np.array(hashlib.sha256(MANIFEST.encode()).hexdigest())
    for i in range(2):
        occupancy, acceptance = np.array([0.75 - i / 8, 0.25 + i / 8]), np.array(i / 4)
        path = tmp_path / f"temperature-{i}-replica-0.npz"
        np.savez(path, digest=digest, occupancy=occupancy, acceptance=acceptance)
    request = {"replicas": 1, "sweeps": 20, "particles": 500, "seed": 7}
    found = bz.scan([0, 1], [0.5, 2], **request, checkpoint=tmp_path, executor=Untouched())
    assert found.occupancy.tolist() == [[[0.75, 0.25]], [[0.625, 0.375]]]
    assert found.acceptance.tolist() == [[0.0], [0.25]]


def test_the_manifest_can_be_read_by_a_person(tmp_path):
    bz.scan(**REQUEST, checkpoint=tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["temperatures"] == GRID and manifest["particles"] == 500
    assert "replicas" not in manifest


class Stuck(Executor):
    """Finishes four tasks and none of the others; once all are queued, Ctrl-C is pressed."""

    def __init__(self):
        self.futures = []

    def submit(self, work, task):
        future = Future()
        self.futures.append(future)
        if len(self.futures) <= 4:
            future.set_result(work(task))
        elif len(self.futures) == 9:
            Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        return future


def test_ctrl_c_cancels_what_is_queued_and_keeps_what_is_finished(
    tmp_path, calls, expected, default_interrupt
):
    executor = Stuck()
    with pytest.raises(KeyboardInterrupt):
        bz.scan(**REQUEST, executor=executor, checkpoint=tmp_path)
    assert [future.cancelled() for future in executor.futures] == [False] * 4 + [True] * 5
    assert len(contents(tmp_path)) == 4 + 1
    assert same(bz.scan(**REQUEST, checkpoint=tmp_path), expected)
    assert len(calls) == 9


def test_a_folder_that_cannot_be_written_stops_the_scan(tmp_path, monkeypatch):
    executor = Stuck()
    monkeypatch.setattr("boltzmann.simulation.scan.checkpoint.np.savez", lambda *_, **__: 1 / 0)
    monkeypatch.setattr("os.kill", lambda *_: None)
    with pytest.raises(ZeroDivisionError):
        bz.scan(**REQUEST, executor=executor, checkpoint=tmp_path)
    assert sum(future.cancelled() for future in executor.futures) == 5
