"""Scans on Dask and MPI: the same bits, whoever dies. Each runs in a process that can be ended."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.workers import LIMIT, check_that_one_died

ROOT = Path(__file__).parents[2]


def run_script(folder, script, *launcher, **environment):
    """Run a script, which is given the folder to leave its findings in."""
    path = folder / "script.py"
    path.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{script}")
    command = [*launcher, str(path), str(folder)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | environment,
        cwd=folder,
        text=True,
        start_new_session=True,
    )

    try:
        output, _ = process.communicate(timeout=LIMIT - 10)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, output)


DASK = """
import json
from pathlib import Path
import numpy as np
from distributed import Client, LocalCluster
import boltzmann as bz
from tests.support.scans import same
from tests.support.workers import REQUEST, Through, dies_always, dies_once, raises

def failure(executor):
    try:
        bz.scan(**REQUEST, executor=executor)
    except bz.ScanError as error:
        finished = error.partial.finished
        return str(error), np.argwhere(~finished).tolist(), error.partial.occupancy[finished]

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "notes").mkdir()
    alone = {"threads_per_worker": 1, "processes": True, "host": "127.0.0.1"}
    with (
        LocalCluster(2, **alone, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        pids = client.run(lambda: __import__("os").getpid())
        try:
            bz.scan(**REQUEST, executor=client)
        except ValueError as error:
            refusal = str(error)
        executor = client.get_executor()
        first = bz.scan(**REQUEST, executor=executor)
        assert same(first, bz.scan(**REQUEST, executor=executor))
        assert same(first, bz.scan(**REQUEST, executor=client.get_executor))
        second = bz.scan(**REQUEST, executor=Through(executor, dies_once, str(folder / "notes")))
        raised, lost, _ = failure(Through(executor, raises, 0.5))
        killed, lost_too, finished = failure(Through(client.get_executor(), dies_always, 0.5))
    notes = [len(set(pids.values())), refusal, raised, lost, killed, lost_too]
    (folder / "found.json").write_text(json.dumps(notes))
    occupancies = {"first": first.occupancy, "second": second.occupancy, "finished": finished}
    np.savez(folder / "found.npz", **occupancies)
"""


def test_a_dask_cluster_gives_the_same_bits_though_a_worker_is_killed(tmp_path, alone):
    pytest.importorskip(
        "distributed", reason="Dask's distributed is not installed: the extra [dask] has it"
    )
    ended = run_script(
        tmp_path, DASK, sys.executable, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1"
    )
    assert ended.returncode == 0, ended.stdout

    found = np.load(tmp_path / "found.npz")
    assert found["first"].tobytes() == found["second"].tobytes() == alone.occupancy.tobytes()
    check_that_one_died(tmp_path / "notes")

    workers, refusal, raised, lost, killed, lost_too = json.loads(
        (tmp_path / "found.json").read_text()
    )
    assert workers == 2
    assert "get_executor" in refusal
    assert "temperatures[1] = 0.5, replica 1, with OSError: no room" in raised and lost == [[1, 1]]

    # Dask may blame tasks that waited on the same worker as well.
    assert (
        f"{len(lost_too)} of 12 tasks failed" in killed
        and "with KilledWorker: " in killed
        and [1, 1] in lost_too
    )
    rest = np.delete(
        alone.occupancy.reshape(12, 4), [3 * t + replica for t, replica in lost_too], axis=0
    )
    assert np.array_equal(found["finished"], rest)


LOCK = """
from pathlib import Path
import boltzmann as bz
from tests.support.workers import REQUEST, ThroughProcesses, dies_in_tqdm

if __name__ == "__main__":
    with ThroughProcesses(2, dies_in_tqdm, Path(sys.argv[1]) / "killed") as pool:
        assert bz.scan(**REQUEST, executor=pool).finished.all()
"""


def test_workers_never_hold_a_lock_that_forked_processes_share(tmp_path):
    """Every bar of tqdm, even a hidden one, takes one, and a dead worker never gives it back."""
    ended = run_script(tmp_path, LOCK, sys.executable)
    assert ended.returncode == 0, ended.stdout
    assert not (tmp_path / "killed").exists()


MPI = """
from pathlib import Path
import numpy as np
from mpi4py.futures import MPIPoolExecutor
import boltzmann as bz
from tests.support.workers import REQUEST, Through, dies_once

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with MPIPoolExecutor() as executor:
        workers = executor.num_workers
        first = bz.scan(**REQUEST, executor=executor)
        np.savez(folder / "found.npz", workers=workers, first=first.occupancy)
        deadly = Through(executor, dies_once, str(folder / "notes"))
        second = bz.scan(**REQUEST, executor=deadly, checkpoint=folder / "kept")
    np.savez(folder / "found.npz", workers=workers, first=first.occupancy, second=second.occupancy)
"""


def test_mpi_gives_the_same_bits_and_goes_on_where_it_was_ended(tmp_path, alone):
    """MPI ends the whole job where a process dies; started again, it does the rest."""
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    if shutil.which("mpiexec") is None:
        pytest.skip("mpiexec is not installed")

    (tmp_path / "notes").mkdir()
    allowed = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    crowded = {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    launcher = ("mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures")

    ended = run_script(tmp_path, MPI, *launcher, **allowed, **crowded)
    assert ended.returncode != 0
    assert (tmp_path / "notes" / "killed").exists()
    assert (tmp_path / "kept" / "manifest.json").exists()

    again = run_script(tmp_path, MPI, *launcher, **allowed, **crowded)
    assert again.returncode == 0, again.stdout
    found = np.load(tmp_path / "found.npz")
    assert found["workers"] == 2
    assert found["first"].tobytes() == found["second"].tobytes() == alone.occupancy.tobytes()
    check_that_one_died(tmp_path / "notes")
