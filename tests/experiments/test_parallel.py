"""Experiments in several processes: equal results, one order, and a quick end."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children

import pytest

from experiments.runner import cli as runner
from experiments.runner import parallel

NAMES = ["gaussian", "quench", "bottle"]  # in the order of their chapters


def computed(jobs, folder):
    """Return the verdicts as text, and the files, of three small experiments."""
    folder.mkdir()
    options = runner._parser().parse_args([*NAMES, "--quick", "--jobs", jobs])
    verdicts = runner._compute(runner._chosen(options, runner.discovered()), options, folder)
    told = [(name, [str(verdict) for verdict in judged]) for name, judged in verdicts.items()]
    return told, {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_processes_write_the_files_and_verdicts_of_one_in_the_same_order(tmp_path):
    one, two = (computed(jobs, tmp_path / jobs) for jobs in ("1", "2"))
    assert [name for name, _ in one[0]] == NAMES
    assert one == two


def test_the_error_of_an_experiment_is_raised_and_no_process_is_left(tmp_path):
    experiments = runner.discovered()
    configs = {"gaussian": None, "quench": experiments["quench"].Config(looks=400)}
    before = set(active_children())
    with pytest.raises(AttributeError, match="'NoneType'"):
        parallel.run_in_processes(configs, tmp_path, 2, lambda *_: None)
    assert set(active_children()) <= before
    assert not (tmp_path / "quench.csv").exists()  # it was ended before its end


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5"])
def test_jobs_are_a_whole_number_of_at_least_one(jobs, capsys):
    with pytest.raises(SystemExit) as ended:
        runner.main(["--jobs", jobs])
    assert ended.value.code == 2
    assert "no whole number of at least 1" in capsys.readouterr().err


def test_what_varies_runs_alone_after_all_others(tmp_path, monkeypatch):
    known, order = runner.discovered(), []

    def together(configs, folder, jobs, done):
        for name in configs:
            order.append(f"{name} of {jobs}")
            done(name, [])

    def alone(config, progress):
        order.append("speed alone")

    monkeypatch.setattr(runner, "run_in_processes", together)
    monkeypatch.setattr(runner.gallery, "write", lambda *_: [])
    monkeypatch.setattr(known["speed"], "compute", alone)
    chosen = {name: known[name] for name in ("speed", "gaussian", "bottle")}
    options = runner._parser().parse_args(["--jobs", "8"])
    assert list(runner._compute(chosen, options, tmp_path)) == ["speed", "gaussian", "bottle"]
    assert order == ["gaussian of 2", "bottle of 2", "speed alone"]


@pytest.mark.skipif(sys.platform != "linux", reason="asks ps what a process ignores")
@pytest.mark.parametrize("to_all", [True, False], ids=["terminal", "kill"])
def test_ctrl_c_ends_all_processes_in_one_line(to_all, tmp_path):
    """As a terminal sends it, to the whole group, and to the parent alone."""
    command = [sys.executable, "-m", "experiments", "thermometer", "texts", "--jobs", "2"]
    with subprocess.Popen(
        [*command, "--output", str(tmp_path)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            _wait_for_children(process)
            (os.killpg if to_all else os.kill)(process.pid, signal.SIGINT)
            _, told = process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert told == "experiments: interrupted\n"
    with pytest.raises(ProcessLookupError):  # nobody of the group is left
        os.killpg(process.pid, 0)


def _wait_for_children(process, patience=60.0):
    """Wait until the group has two processes more, which then ignore Ctrl-C."""
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        listed = subprocess.run(
            ["ps", "-A", "-o", "pgid=,ignored="], capture_output=True, text=True, check=True
        )
        rows = [line.split() for line in listed.stdout.splitlines()]
        ignoring = [row for row in rows if row[0] == str(process.pid) and int(row[1], 16) & 2]
        if len(ignoring) == 2:
            return
        time.sleep(0.1)
    pytest.fail("the processes did not start")
